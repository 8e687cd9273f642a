"""The verbs of visitors. A clearance is a decision with its days, never the record behind it ([A-5])."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.people.moves import Apart, announce_apart
from throughgate.places.models import Facility
from throughgate.visitors import rules
from throughgate.visitors.models import (
    Clearance,
    ClearanceLevel,
    ClearanceNote,
    ClearanceStatus,
    Visitor,
    VisitorKeepApart,
)

VISITOR_FACTS = frozenset(
    {
        *("organization", "kind", "first_name", "last_name", "email", "phone", "language", "id_document"),
        "left_on",
    }
)
APART_REASONS = frozenset({"kin", "visiting_list", "victim", "conduct", "other"})
DAY = dt.timedelta(days=1)


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
    current = _open(visitor, facility)
    if current is not None:
        return current
    row = Clearance(visitor=visitor, facility=facility, status=ClearanceStatus.APPLIED)
    saving.save(row)
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
) -> Clearance:
    """Let a visitor into a facility from one day until another, both included.

    Decides an application, gives a suspended clearance back, or renews one that still holds (its first day
    then stays). Refuses who has left.
    """
    by.require(Permission.MANAGE_VISITORS, facility)
    allow(rules.sound_grant(first, until, facility.today(), ClearanceLevel.values, level))
    if visitor.left_on is not None and visitor.left_on <= facility.today():
        raise Refused(
            Reason("has_left", _("The visitor no longer comes."), _("Take back the day on which they left."))
        )
    row = _open(visitor, facility) or Clearance(visitor=visitor, facility=facility)
    wanted = ClearanceStatus.PROVISIONAL if provisional else ClearanceStatus.APPROVED
    if row.pk is not None:
        allow(rules.may_become(row.status, wanted))
        if row.status in rules.CLEARED and row.valid is not None and row.valid.lower is not None:
            first = min(first, row.valid.lower)
    row.level, row.valid = level, (first, until + DAY)
    _decide(row, by, wanted)
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


def allow(decision: Decision) -> None:
    """Raise Refused with every reason of a decision that says no."""
    if decision.refused:
        raise Refused(decision.reasons)


def _seen(by: Actor, participant: Participant) -> Participant:
    person = Participant.objects.select_related("facility").filter(pk=participant.pk).first()
    if person is None:
        raise Forbidden(_("You do not hold this person's record."), Permission.EDIT_KEEP_APART.value)
    by.require(Permission.EDIT_KEEP_APART, person.facility_id)
    return person


def _open(visitor: Visitor, facility: Facility) -> Clearance | None:
    """The visitor's clearance here that is not over, locked; the one furthest ahead when there are several."""
    rows = Clearance.objects.select_for_update(of=("self",)).filter(
        visitor=visitor, facility=facility, status__in=rules.OPEN
    )
    found = list(rows.order_by("valid", "pk"))
    with_today = [row for row in found if row.status != ClearanceStatus.APPLIED]
    return (with_today or found or [None])[-1]  # type: ignore[list-item]


def _decide(row: Clearance, by: Actor, status: str) -> None:
    row.status, row.decided_by, row.decided_at = status, by.name, timezone.now()
    saving.save(row)


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
