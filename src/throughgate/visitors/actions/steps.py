"""Verbs on the steps to a clearance. What is kept is that it was shown, to whom and until when ([A-5])."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.policies.clearances import Requirement
from throughgate.visitors import requirements, rules
from throughgate.visitors.actions.common import allow, is_open, locked, mine
from throughgate.visitors.models import Step
from throughgate.visitors.steps import alike, facts, requirement_of

WAIVERS = {"decider": Permission.MANAGE_VISITORS, "security": Permission.EDIT_KEEP_APART}


@transaction.atomic
def claim_step(*, by: Actor, step: Step, on: dt.date | None = None) -> Step:
    """The visitor says that something is done. What they only have to agree to is done with that; whatever
    somebody must have seen waits for it and counts for nothing until then."""
    mine(by, step.clearance.visitor_id)
    with scope.as_role(Audience.JOB, purpose="a visitor's own step"):
        row = locked(step)
        asked, today = requirement_of(row), row.clearance.facility.today()
        _open(row)
        allow(requirements.may(facts(row), "claim", today))
        if asked.proof not in ("agree", "seen"):
            raise Refused(Reason("not_yours", _("This step is recorded by the facility, not by you.")))
        day = on or today
        if asked.proof == "agree":
            until = asked.until(day)
            allow(requirements.sound_record(asked, facts(row), day, until, today=today))
            _record(row, asked, by.name, day, until)
            return row
        if day > today:
            raise Refused(Reason("on_ahead", _("This day has not come yet."), field="on"))
        row.claimed_on, row.sent_back = day, ""
        saving.save(row)
    return row


@transaction.atomic
def send_back(*, by: Actor, step: Step, words: str) -> Step:
    """Tell the visitor what is missing from what they claimed. They read these words."""
    row = _kept(by, step, "send_back")
    if not words.strip():
        raise Refused(Reason("no_words", _("Say what is missing; the visitor reads it."), field="words"))
    row.claimed_on, row.sent_back = None, words.strip()[:200]
    saving.save(row)
    who = row.clearance.visitor
    send(
        key=f"step sent back {row.code} {row.clearance.facility.today()}",
        address=who.email,
        template="visitor_sent_back",
        data={
            "place": row.clearance.facility.name,
            "step": str(requirement_of(row).label),
            "words": row.sent_back,
        },
        name=who.name,
        language=who.language,
        facility_id=row.clearance.facility_id,
    )
    return row


@transaction.atomic
def record_step(
    *, by: Actor, step: Step, on: dt.date | None = None, until: dt.date | None = None, authority: str = ""
) -> Step:
    """Write down that a requirement is met since a day. Without ``until`` the rules say how long it counts.

    A check keeps who made the decision (``authority``) and until when: never what it was made of. What counts
    everywhere in the jurisdiction is written at the visitor's other facilities too.
    """
    row = _kept(by, step, "record")
    asked, today = requirement_of(row), row.clearance.facility.today()
    day = on or row.claimed_on or today
    last = until or asked.until(day)
    allow(requirements.sound_record(asked, facts(row), day, last, today=today, authority=authority))
    if asked.proof == "reference" and _answered(row) < asked.count:
        text = _("%(n)s references have not answered yet.") % {"n": asked.count - _answered(row)}
        raise Refused(
            Reason("references_open", text, _("Wait for them, or waive the step where the rules allow."))
        )
    _record(row, asked, by.name, day, last, authority=authority)
    return row


@transaction.atomic
def undo_step(*, by: Actor, step: Step) -> Step:
    """Take back a record that was wrong; the requirement is missing again from the next statement on."""
    row = _kept(by, step, "undo")
    row.done_on, row.until, row.claimed_on, row.decided_by, row.authority = None, None, None, "", ""
    saving.save(row)
    return row


@transaction.atomic
def waive_step(*, by: Actor, step: Step, reason: str, until: dt.date | None = None) -> Step:
    """Waive a requirement with a reason, where the rules let somebody of this role do so."""
    row = _kept(by, step, "waive")
    asked, today = requirement_of(row), row.clearance.facility.today()
    if asked.waived_by not in WAIVERS:
        raise Refused(Reason("not_waivable", _("By the rules nobody may waive this.")))
    by.require(WAIVERS[asked.waived_by], row.clearance.facility_id)
    if not reason.strip():
        raise Refused(Reason("no_reason", _("Say why it is waived."), field="reason"))
    if until is not None and until < today:
        raise Refused(Reason("over_already", _("This last day is over already."), field="until"))
    row.waived_on, row.waived_until = today, until
    row.waived_by, row.waived_because = by.name, reason.strip()[:200]
    saving.save(row)
    return row


@transaction.atomic
def take_back_waiver(*, by: Actor, step: Step) -> Step:
    """Ask for it after all, from the next statement on."""
    row = _kept(by, step, "take_back")
    row.waived_on, row.waived_until, row.waived_by, row.waived_because = None, None, "", ""
    saving.save(row)
    return row


def record_attended(*, by: Actor, rows: list[Step], on: dt.date) -> None:
    """Steps met by a training that was attended, whatever window; called with the attendance."""
    for step in rows:
        row = locked(step)
        asked = requirement_of(row)
        if not facts(row).is_waived(on):
            _record(row, asked, by.name, on, asked.until(on))


def take_back_attended(*, rows: list[Step], on: dt.date) -> None:
    """Steps that rest on an attendance which was a mistake are missing again; one that rests on more stays."""
    for step in rows:
        row = locked(step)
        if row.done_on is not None and row.until == requirement_of(row).until(on):
            row.done_on, row.until, row.decided_by, row.authority = None, None, "", ""
            saving.save(row)


def _kept(by: Actor, step: Step, verb: str) -> Step:
    by.require(Permission.MANAGE_VISITORS, step.clearance.facility_id)
    row = locked(step)
    _open(row)
    allow(requirements.may(facts(row), verb, row.clearance.facility.today()))
    return row


def _open(row: Step) -> None:
    if not is_open(row.clearance):
        raise Refused(Reason("clearance_over", _("This clearance is over."), _("Open a new application.")))


def _answered(row: Step) -> int:
    return row.references.filter(answered_at__isnull=False, withdrawn_at__isnull=True).count()


def _record(
    row: Step, asked: Requirement, name: str, day: dt.date, until: dt.date | None, *, authority: str = ""
) -> None:
    """Write a record, and the same at the visitor's other facilities when it counts everywhere."""
    rows = [row]
    if asked.everywhere:
        with scope.as_role(Audience.JOB, purpose="a step that counts everywhere"):
            rows += [each for each in alike(row) if each.clearance.status in rules.OPEN]
            for other in rows[1:]:
                _write(other, name, day, until, authority)
    _write(row, name, day, until, authority)


def _write(row: Step, name: str, day: dt.date, until: dt.date | None, authority: str) -> None:
    after = requirements.recorded(facts(row), day, until)
    row.done_on, row.until, row.claimed_on, row.sent_back = after.done, after.until, None, ""
    row.decided_by, row.authority = name, authority.strip()[:120]
    saving.save(row)
