"""The verbs of visitors. A clearance is a decision with its days, never the record behind it ([A-5])."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.base.templatetags.when import day as said
from throughgate.people.models import Participant
from throughgate.people.moves import Apart, announce_apart
from throughgate.places.models import Facility
from throughgate.visitors import requirements, rules, steps
from throughgate.visitors.actions.common import DAY, allow, mine_or_kept
from throughgate.visitors.models import (
    Clearance,
    ClearanceLevel,
    ClearanceNote,
    ClearanceStatus,
    Conflict,
    Source,
    Visitor,
    VisitorKeepApart,
)

VISITOR_FACTS = frozenset(
    {
        *("organization", "kind", "first_name", "last_name", "email", "phone", "language", "id_document"),
        "left_on",
    }
)
APART_REASONS = frozenset({"kin", "friend", "correspondent", "visiting_list", "victim", "conduct", "other"})


@transaction.atomic
def save_visitor(*, by: Actor, visitor: Visitor | None = None, **facts: Any) -> Visitor:
    """Add or change somebody who comes in; ``facts`` are :data:`VISITOR_FACTS`. Gives no clearance."""
    by.require(Permission.MANAGE_VISITORS)
    row = Visitor() if visitor is None else Visitor.objects.get(pk=visitor.pk)
    saving.set_facts(row, facts, VISITOR_FACTS)
    saving.save(row)
    return row


@transaction.atomic
def apply_for_clearance(*, by: Actor, visitor: Visitor, facility: Facility) -> Clearance:
    """Note that a visitor wants to come into a facility. One that is still open there is given back unchanged."""
    by.require(Permission.MANAGE_VISITORS, facility)
    return open_application(visitor=visitor, facility=facility)


def open_application(
    *,
    visitor: Visitor,
    facility: Facility,
    role: str = "",
    grade: str = "",
    source: str = Source.STAFF,
    enquiry: str = "",
) -> Clearance:
    """An application with the steps that the pack in force asks; one that is still open is given back unchanged."""
    current = open_clearance(visitor, facility)
    if current is not None:
        return current
    today, pack = facility.today(), steps.rules_here(facility)
    row = Clearance(
        visitor=visitor,
        facility=facility,
        status=ClearanceStatus.APPLIED,
        role=role or visitor.kind,
        source=source,
        enquiry=enquiry,
        applied_on=today,
    )
    if pack is not None:
        row.pack, row.grade, row.grace_days = (
            pack.id,
            grade or next(iter(pack.data.levels), ""),
            pack.data.grace_days,
        )
        if row.grade and row.grade not in pack.data.levels:
            raise Refused(
                Reason("grade_unknown", _("Choose one of the levels of this facility."), field="grade")
            )
    saving.save(row, trusted={"ready"})
    for step in steps.fresh(row, pack.data.of(row.role, row.grade) if pack else ()):
        saving.save(step)
    return row


@transaction.atomic
def grant_clearance(
    *,
    by: Actor,
    visitor: Visitor,
    facility: Facility,
    first: dt.date,
    until: dt.date,
    level: str = ClearanceLevel.ESCORTED,
    provisional: bool = False,
    on_paper: bool = False,
) -> Clearance:
    """Let a visitor into a facility from one day until another, both included.

    Decides an application, gives a suspended clearance back, or renews one that still holds (its first day
    then stays). Refuses who has left, whose steps before the decision are not all done, who declared a conflict
    of interest that waits or bars them, and more days than the rules give. ``on_paper`` takes over what was
    decided before this product was there: every step then counts as shown, on this actor's word.
    """
    by.require(Permission.MANAGE_VISITORS, facility)
    allow(rules.sound_grant(first, until, facility.today(), ClearanceLevel.values, level))
    if visitor.left_on is not None and visitor.left_on <= facility.today():
        raise Refused(
            Reason("has_left", _("The visitor no longer comes."), _("Take back the day on which they left."))
        )
    row = open_clearance(visitor, facility) or open_application(
        visitor=visitor, facility=facility, source=Source.PAPER if on_paper else Source.STAFF
    )
    if on_paper:
        _taken_over(row, by, first, until)
    allow(_may_grant(row, first, until, level))
    wanted = ClearanceStatus.PROVISIONAL if provisional else ClearanceStatus.APPROVED
    allow(rules.may_become(row.status, wanted))
    if row.status in rules.CLEARED and row.valid is not None and row.valid.lower is not None:
        first = min(first, row.valid.lower)
    before = row.valid
    row.level, row.valid, row.renewal_asked_on = level, DateRange(first, until + DAY), None
    row.provisional_since = (row.provisional_since or first) if provisional else row.provisional_since
    _decide(row, by, wanted)
    if before is None:
        _due_from(row, first)
    return row


def _may_grant(row: Clearance, first: dt.date, until: dt.date, level: str) -> Decision:
    """Everything that stands against the decision itself."""
    known = steps.rules_of(row)
    against = list(requirements.may_approve(steps.named_facts(row), row.facility.today()).reasons)
    against += conflicts_against(row)
    if known is not None:
        start = max(first, row.facility.today(), (row.last_day + DAY) if row.last_day else first)
        if until > known.until(start):
            text = _("By the rules a clearance holds until %(day)s at most.") % {
                "day": said(known.until(start))
            }
            against.append(Reason("until_too_far", text, field="until"))
        grade = known.levels.get(row.grade)
        if grade is not None and grade.escorted and level != ClearanceLevel.ESCORTED:
            text = _("%(level)s: always escorted.") % {"level": grade.label}
            against.append(Reason("must_be_escorted", text, field="level"))
    return Decision(tuple(against))


def conflicts_against(row: Clearance) -> list[Reason]:
    """What declared conflicts of interest do to this clearance; whether, never with whom."""
    with scope.as_role(Audience.JOB, purpose="conflicts of interest"):
        states = set(
            Conflict.objects.filter(visitor=row.visitor_id, facility=row.facility_id).values_list(
                "state", flat=True
            )
        )
    found = []
    if Conflict.State.OPEN in states:
        text = _("A declared conflict of interest waits for security.")
        found.append(Reason("conflict_open", text, _("Ask the captain to look at it.")))
    if Conflict.State.BARS in states:
        found.append(
            Reason("conflict_bars", _("A conflict of interest bars this visitor from this facility."))
        )
    return found


def _due_from(row: Clearance, first: dt.date) -> None:
    """Steps that have a time after the clearance begins get their day."""
    known = steps.rules_of(row)
    for step in row.steps.all() if known else ():
        asked = known.requirements.get(step.requirement) if known else None
        if asked is not None and asked.due_days is not None:
            step.due_on = first + asked.due_days * DAY
            saving.save(step)


def _taken_over(row: Clearance, by: Actor, first: dt.date, until: dt.date) -> None:
    """Whatever would not hold until the end counts as shown until then."""
    shown = min(first, row.facility.today())
    for step in row.steps.all():
        known = steps.facts(step)
        if not known.holds(until) or not known.holds(row.facility.today()):
            after = requirements.recorded(known, shown, until)
            step.done_on, step.until, step.claimed_on = after.done, after.until, None
            step.decided_by, step.authority = by.name, _("Decided on paper before")
            saving.save(step)


@transaction.atomic
def renew_clearance(*, by: Actor, clearance: Clearance) -> Clearance:
    """Give a clearance its next period, from the window before its end until the end of its days of grace.

    Everything that is asked must hold on the first day of the new period. It goes on under the rules of today.
    """
    by.require(Permission.MANAGE_VISITORS, clearance.facility_id)
    row = (
        Clearance.objects.select_for_update(of=("self",))
        .select_related("facility", "visitor")
        .get(pk=clearance.pk)
    )
    known, today, last = steps.rules_of(row), row.facility.today(), row.last_day
    if known is None or last is None or row.status not in rules.CLEARED:
        raise Refused(
            Reason("not_renewable", _("Only a clearance in force, opened under rules, is renewed."))
        )
    allow(requirements.may_renew(last, known, today))
    start = max(last + DAY, today)
    allow(Decision(tuple(r for r in requirements.must_hold(steps.named_facts(row), start).reasons)))
    allow(Decision(tuple(conflicts_against(row))))
    assert row.valid is not None
    row.valid = DateRange(row.valid.lower, known.until(start) + DAY)
    row.renewal_asked_on = None
    _decide(row, by, row.status)
    return row


@transaction.atomic
def ask_for_renewal(*, by: Actor, clearance: Clearance) -> Clearance:
    """The visitor, or who keeps visitors, asks for the next period; from then on the days of grace count."""
    mine_or_kept(by, clearance.visitor_id, clearance.facility_id)
    with scope.as_role(Audience.JOB, purpose="renewal asked"):
        row = (
            Clearance.objects.select_for_update(of=("self",)).select_related("facility").get(pk=clearance.pk)
        )
        known = steps.rules_of(row)
        if known is None or row.status not in rules.CLEARED:
            raise Refused(
                Reason("not_renewable", _("Only a clearance in force, opened under rules, is renewed."))
            )
        allow(requirements.may_renew(row.last_day, known, row.facility.today()))
        if row.renewal_asked_on is None:
            row.renewal_asked_on, row.grace_days = row.facility.today(), known.grace_days
            saving.save(row, trusted={"ready"})
    return row


@transaction.atomic
def make_regular(*, by: Actor, clearance: Clearance, level: str = "") -> Clearance:
    """Turn a provisional clearance into a regular one, once its provisional months are over."""
    by.require(Permission.MANAGE_VISITORS, clearance.facility_id)
    row = Clearance.objects.select_for_update(of=("self",)).select_related("facility").get(pk=clearance.pk)
    allow(rules.may_become(row.status, ClearanceStatus.APPROVED))
    known = steps.rules_of(row)
    if row.status != ClearanceStatus.PROVISIONAL or row.valid is None:
        raise Refused(Reason("not_provisional", _("This clearance is not provisional.")))
    if known is not None:
        allow(requirements.may_be_regular(row.provisional_since, known, row.facility.today()))
    grade = known.levels.get(row.grade) if known else None
    if grade is not None and grade.escorted and level == ClearanceLevel.UNESCORTED:
        raise Refused(Reason("must_be_escorted", _("%(level)s: always escorted.") % {"level": grade.label}))
    row.level = level or row.level
    _decide(row, by, ClearanceStatus.APPROVED)
    return row


@transaction.atomic
def suspend_clearance(
    *, by: Actor, visitor: Visitor, facility: Facility, reason: str, everywhere: bool = False
) -> list[Clearance]:
    """Stop a visitor at a facility from the next statement on; ``everywhere`` stops them at every site at once.

    Whoever may keep visitors at one facility may stop somebody everywhere, because it is a matter of safety;
    only each facility itself lets them in again. The reason is restricted: neither the visitor nor the
    partner sees it ([P-41], [A-32]).
    """
    by.require(Permission.MANAGE_VISITORS, facility)
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say why, for those who review it."), field="reason"))
    with scope.as_role(Audience.JOB, purpose="clearance suspended"):
        rows = Clearance.objects.select_for_update(of=("self",)).filter(
            visitor=visitor, status__in=rules.CLEARED
        )
        stopped = list((rows if everywhere else rows.filter(facility=facility)).order_by("pk"))
        for row in stopped:
            _decide(row, by, ClearanceStatus.SUSPENDED)
            _note(row, by, reason)
    if not stopped:
        raise Refused(Reason("not_cleared", _("The visitor has no clearance here that could be suspended.")))
    return stopped


@transaction.atomic
def end_clearance(*, by: Actor, clearance: Clearance, reason: str = "") -> Clearance:
    """End a clearance for good; who comes again starts a new one."""
    return _settle(by, clearance, ClearanceStatus.ENDED, reason)


@transaction.atomic
def refuse_clearance(*, by: Actor, clearance: Clearance, reason: str) -> Clearance:
    """Refuse an application, or a provisional clearance. The reason is restricted."""
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say why, for those who review it."), field="reason"))
    return _settle(by, clearance, ClearanceStatus.REFUSED, reason)


@transaction.atomic
def add_visitor_keep_apart(
    *,
    by: Actor,
    visitor: Visitor,
    participant: Participant,
    reason: str,
    note: str = "",
    starts_on: dt.date | None = None,
) -> VisitorKeepApart:
    """Order that a visitor and a participant never meet in a session; booking refuses from now on ([P-181])."""
    person = _seen(by, participant)
    against = []
    if reason not in APART_REASONS:
        against.append(Reason("reason_unknown", _("Choose a reason from the list."), field="reason"))
    if reason == "other" and not note.strip():
        against.append(Reason("note_missing", _("Say in the note what the reason is."), field="note"))
    if VisitorKeepApart.objects.filter(visitor=visitor, participant=person, ends_on=None).exists():
        against.append(
            Reason("visitor_keep_apart_once", _("There already is an order about these two people."))
        )
    allow(Decision(tuple(against)))
    start = starts_on or person.facility.today()
    order = VisitorKeepApart(visitor=visitor, participant=person, reason=reason, note=note, starts_on=start)
    saving.save(order)
    with scope.as_role(Audience.JOB, purpose="keep-apart order"):
        announce_apart(Apart(by=by, participant_ids=(person.pk,), visitor_ids=(visitor.pk,), starts_on=start))
    return order


@transaction.atomic
def end_visitor_keep_apart(
    *, by: Actor, order: VisitorKeepApart, on: dt.date | None = None
) -> VisitorKeepApart:
    """End an order; it still holds on its last day. An ended one stays as it is."""
    person = _seen(by, order.participant)
    row = VisitorKeepApart.objects.select_for_update(of=("self",)).get(pk=order.pk)
    last = on or person.facility.today()
    if row.ends_on is not None:
        return row
    if last < row.starts_on:
        raise Refused(Reason("ends_before_start", _("The order must end after it starts."), field="on"))
    row.ends_on = last
    saving.save(row)
    return row


def _seen(by: Actor, participant: Participant) -> Participant:
    person = Participant.objects.select_related("facility").filter(pk=participant.pk).first()
    if person is None:
        raise Forbidden(_("You do not hold this person's record."), Permission.EDIT_KEEP_APART.value)
    by.require(Permission.EDIT_KEEP_APART, person.facility_id)
    return person


def open_clearance(visitor: Visitor, facility: Facility) -> Clearance | None:
    """The visitor's clearance here that is not over, locked; the one furthest ahead when there are several."""
    rows = Clearance.objects.select_for_update(of=("self",)).filter(
        visitor=visitor, facility=facility, status__in=rules.OPEN
    )
    found = list(rows.order_by("valid", "pk"))
    with_today = [row for row in found if row.status != ClearanceStatus.APPLIED]
    return (with_today or found or [None])[-1]  # type: ignore[list-item]


def _decide(row: Clearance, by: Actor, status: str) -> None:
    row.status, row.decided_by, row.decided_at = status, by.name, timezone.now()
    saving.save(row, trusted={"ready"})


def _settle(by: Actor, clearance: Clearance, status: str, reason: str) -> Clearance:
    by.require(Permission.MANAGE_VISITORS, clearance.facility_id)
    row = Clearance.objects.select_for_update(of=("self",)).get(pk=clearance.pk)
    allow(rules.may_become(row.status, status))
    _decide(row, by, status)
    if reason.strip():
        with scope.as_role(Audience.JOB, purpose="clearance decision"):
            _note(row, by, reason)
    return row


def _note(row: Clearance, by: Actor, reason: str) -> None:
    """Add a line to the restricted reasons, newest last. Run as the system: the writer may not read them."""
    note = ClearanceNote.objects.filter(clearance=row).first() or ClearanceNote(clearance=row, text="")
    day = row.facility.today().isoformat()
    line = f"{day} {row.get_status_display()} ({by.name}): {reason.strip()}"
    note.text = f"{note.text}\n{line}".strip()
    saving.save(note)
