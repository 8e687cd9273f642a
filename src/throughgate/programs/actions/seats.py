"""Seats: give one, pause it, leave out single weekly times, end it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import DateField, Exists, Func, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Reason, Refused
from throughgate.people.models import Participant
from throughgate.policies import library
from throughgate.policies.reasons import LeaveReason
from throughgate.programs.actions.calls import Uncalled, insist, settle
from throughgate.programs.actions.saving import hold, stop
from throughgate.programs.models import (
    OPEN_WAIT,
    SEATED,
    Attendance,
    Cohort,
    Enrollment,
    EnrollmentStatus,
    RequestedBy,
    SlotExclusion,
    Suspension,
    WaitlistEntry,
    WaitStatus,
    WeeklySlot,
)
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts
from throughgate.programs.rules.booking import Assessment, said
from throughgate.programs.rules.booking import assess as assess_facts

SHORTEST_OVERRIDE = 10
DAY = dt.timedelta(days=1)


def assess(*, by: Actor, participant: Participant, cohort: Cohort) -> Assessment:
    """What stands against a seat for this person, every reason at once, and what is almost met. Writes nothing.

    Raises Refused when the actor cannot see the person.
    """
    by.require(Permission.ENROLL, cohort.facility_id)
    return _assess(participant, cohort)


def _assess(participant: Participant, cohort: Cohort) -> Assessment:
    facts = candidate_facts(cohort, [participant.pk]).get(participant.pk)
    if facts is None:
        raise Refused(Reason("person_not_here", _("This person is not in a facility of yours.")))
    return assess_facts(facts, cohort_facts(cohort), cohort.facility.today())


@transaction.atomic
def enroll(
    *,
    by: Actor,
    participant: Participant,
    cohort: Cohort,
    override: str = "",
    starts_on: dt.date | None = None,
    carried_hours: Decimal = Decimal(0),
) -> Enrollment:
    """Give a person a seat in a cohort and call them to its coming sessions.

    Takes their place in line for the program, when they have one. Refuses with every reason at once; with
    ``override`` (at least 10 characters) someone with Permission.OVERRIDE_BOOKING overrules those reasons
    that may be overruled, and the reason is kept. Keep-apart and other calls at the time never may.
    """
    by.require(Permission.ENROLL, cohort.facility_id)
    cohort = hold(participant, cohort)
    decision = _assess(participant, cohort).decision
    overruled = _overrule(by, cohort, decision, override)
    today = cohort.facility.today()
    first = starts_on or max(today, cohort.starts_on)
    stop(_days_in_order(first, cohort))
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",))
        .filter(participant=participant, program=cohort.program_id, status__in=OPEN_WAIT)
        .order_by("requested_on")
        .first()
    )
    with refusing():
        enrollment = Enrollment.objects.create(
            participant=participant,
            cohort=cohort,
            organization_id=cohort.organization_id,
            entry=entry,
            starts_on=first,
            ends_on=cohort.ends_on,
            enrolled_by=by.name,
            override_reason=overruled,
            over_capacity=bool(overruled) and any(r.code == "full" for r in decision.reasons),
            carried_hours=carried_hours,
        )
    if entry is not None:
        _decide(entry, WaitStatus.ENROLLED, by, "")
    insist(settle([enrollment]))
    return enrollment


def _overrule(by: Actor, cohort: Cohort, decision: Decision, override: str) -> str:
    """The reason to keep for overruling; empty when nothing had to be overruled."""
    if not decision.refused:
        return ""
    words = override.strip()
    if not words:
        raise Refused(decision.reasons)
    by.require(Permission.OVERRIDE_BOOKING, cohort.facility_id)
    if not decision.overridable:
        raise Refused(decision.reasons)
    if len(words) < SHORTEST_OVERRIDE:
        short = _("Say in at least %(count)d characters why this refusal is overruled.")
        raise Refused([*decision.reasons, Reason("override_too_short", short % {"count": SHORTEST_OVERRIDE})])
    codes = " [" + ", ".join(dict.fromkeys(reason.code for reason in decision.reasons)) + "]"
    return words[: 250 - len(codes)] + codes


def _days_in_order(first: dt.date, cohort: Cohort) -> Decision:
    if cohort.starts_on <= first <= cohort.ends_on:
        return Decision()
    words = {"first": said(cohort.starts_on), "last": said(cohort.ends_on)}
    return Decision(
        (Reason("start_outside", _("The place must start between %(first)s and %(last)s.") % words),)
    )


def _decide(entry: WaitlistEntry, status: WaitStatus, by: Actor, reason: str) -> None:
    entry.status, entry.reason = status, reason
    entry.decided_by, entry.decided_at = by.name, timezone.now()
    entry.save(update_fields=["status", "reason", "decided_by", "decided_at"])


def _own(by: Actor, enrollment: Enrollment) -> Enrollment:
    """The seat, locked and fresh, for someone who may change it. Refuses when it has ended."""
    by.require(Permission.ENROLL, enrollment.cohort.facility_id)
    fresh = (
        Enrollment.objects.select_for_update(of=("self",))
        .select_related("cohort__facility", "participant", "entry")
        .get(pk=enrollment.pk)
    )
    if fresh.status not in SEATED:
        raise Refused(Reason("place_ended", _("This place has ended."), _("Give a new seat instead.")))
    return fresh


@transaction.atomic
def suspend(
    *,
    by: Actor,
    enrollment: Enrollment,
    start: dt.date,
    end: dt.date | None = None,
    reason: str,
    with_pay: bool = False,
) -> Suspension:
    """Pause a place from ``start`` through ``end`` (None: until resumed). The seat stays; nobody is called."""
    enrollment = _own(by, enrollment)
    problems = []
    if not reason.strip():
        problems.append(Reason("reason_missing", _("Say why the place is paused.")))
    if end is not None and end < start:
        problems.append(Reason("days_reversed", _("The pause cannot end before it starts.")))
    stop(Decision(tuple(problems)))
    made, uncalled = pause(enrollment, start, end, reason=reason.strip(), by_name=by.name, with_pay=with_pay)
    insist(uncalled)
    return made


def pause(
    enrollment: Enrollment,
    start: dt.date,
    end: dt.date | None,
    *,
    reason: str,
    by_name: str,
    with_pay: bool = False,
    automatic: bool = False,
) -> tuple[Suspension, list[Uncalled]]:
    """Write a pause and withdraw its calls. For verbs that have checked the right to do so."""
    with refusing():
        made = Suspension.objects.create(
            enrollment=enrollment,
            participant_id=enrollment.participant_id,
            during=DateRange(start, None if end is None else end + DAY),
            reason=reason[:40],
            with_pay=with_pay,
            automatic=automatic,
            by_name=by_name,
        )
    follow_pauses(enrollment)
    return made, settle([enrollment])


def follow_pauses(enrollment: Enrollment) -> None:
    """Set whether the place is paused today from its pauses."""
    today = enrollment.cohort.facility.today()
    paused = Suspension.objects.filter(enrollment=enrollment, during__contains=today).exists()
    status = EnrollmentStatus.SUSPENDED if paused else EnrollmentStatus.ACTIVE
    if enrollment.status != status:
        enrollment.status = status
        enrollment.save(update_fields=["status"])


def turn_pauses() -> int:
    """Let planned pauses begin and end on their day, on each facility's own calendar; how many places turned.

    Runs as the system, at any moment and as often as one likes: a place is active or paused as its pauses
    say today, and who comes back is called again wherever they are free.
    """
    paused = Exists(
        Suspension.objects.filter(
            enrollment=OuterRef("pk"),
            during__contains=Func(
                OuterRef("cohort__facility"),
                Now(),
                function="tg.local_day",
                output_field=DateField(),
            ),
        )
    )
    turned = list(
        Enrollment.objects.select_for_update(of=("self",))
        .filter(Q(paused, status=EnrollmentStatus.ACTIVE) | Q(~paused, status=EnrollmentStatus.SUSPENDED))
        .select_related("cohort__facility")
        .order_by("pk")
    )
    for enrollment in turned:
        follow_pauses(enrollment)
    settle(turned)
    return len(turned)


@transaction.atomic
def resume(*, by: Actor, enrollment: Enrollment, on: dt.date | None = None) -> Enrollment:
    """End the pause of a place as of a day (today), also one that is still to come, and call the person again.

    Refuses when nothing is paused, or when the person is called elsewhere at a time of the cohort by now.
    """
    enrollment = _own(by, enrollment)
    if not unpause(enrollment, on or enrollment.cohort.facility.today()):
        raise Refused(Reason("not_paused", _("This place is not paused.")))
    insist(settle([enrollment]))
    return enrollment


def unpause(enrollment: Enrollment, on: dt.date, *, automatic_only: bool = False) -> bool:
    """Let every pause that lasts to this day or beyond end the day before. Says whether there was one."""
    open_pauses = Suspension.objects.filter(enrollment=enrollment, during__overlap=DateRange(on, None))
    if automatic_only:
        open_pauses = open_pauses.filter(automatic=True)
    found = list(open_pauses.order_by("id"))
    for each in found:
        first = each.during.lower
        each.during = DateRange(on if first is None or first > on else first, on)
        each.save(update_fields=["during"])
    follow_pauses(enrollment)
    return bool(found)


@transaction.atomic
def exclude_slot(*, by: Actor, enrollment: Enrollment, slot: WeeklySlot, reason: str) -> SlotExclusion:
    """Leave out one weekly time for a person who cannot come then; the seat and the other times stay ([P-149])."""
    enrollment = _own(by, enrollment)
    problems = []
    if slot.cohort_id != enrollment.cohort_id:
        problems.append(Reason("other_cohort", _("That weekly time belongs to another cohort.")))
    if not reason.strip():
        problems.append(Reason("reason_missing", _("Say why the person cannot come then.")))
    stop(Decision(tuple(problems)))
    made, _new = SlotExclusion.objects.get_or_create(
        enrollment=enrollment,
        weekday=slot.weekday,
        starts=slot.starts,
        defaults={
            "participant_id": enrollment.participant_id,
            "reason": reason.strip()[:120],
            "by_name": by.name,
        },
    )
    settle([enrollment])
    return made


@transaction.atomic
def include_slot(*, by: Actor, enrollment: Enrollment, slot: WeeklySlot) -> None:
    """Call the person to that weekly time again. Refuses when they are called elsewhere by now."""
    enrollment = _own(by, enrollment)
    SlotExclusion.objects.filter(enrollment=enrollment, weekday=slot.weekday, starts=slot.starts).delete()
    insist(settle([enrollment]))


@transaction.atomic
def end_enrollment(
    *, by: Actor, enrollment: Enrollment, on: dt.date, reason: str, note: str = ""
) -> Enrollment:
    """End a place as of a day, for a reason of the leaving pack ([P-319]); its coming calls are withdrawn.

    Where the reason keeps the place, the person is back in line with their own date of request. Refuses a day
    to come, a day before recorded attendance, an unknown reason, and a missing note where the pack wants one.
    """
    enrollment = _own(by, enrollment)
    leave = leave_reason(enrollment.cohort, reason, on)
    problems = []
    if leave is None:
        problems.append(Reason("reason_unknown", _("Choose a reason from the list.")))
    elif leave.needs_note and not note.strip():
        problems.append(Reason("note_missing", _("This reason needs a note.")))
    if on > enrollment.cohort.facility.today():
        problems.append(
            Reason("future_day", _("A place ends today or earlier."), _("Pause it, or come back then."))
        )
    later = _attended_after(enrollment, on)
    if later is not None:
        words = _("Attendance is recorded on %(day)s, after that day.") % {"day": said(later)}
        problems.append(Reason("attended_later", words, _("Choose a later day.")))
    stop(Decision(tuple(problems)))
    close(enrollment, on=on, reason=reason, note=note, by=by)
    if leave is not None and leave.keeps_place:
        back_in_line(enrollment, by=by, on=on)
    return enrollment


def leave_reason(cohort: Cohort, code: str, on: dt.date) -> LeaveReason | None:
    """The leave reason of the pack in force at the facility on a day; None when it has no such code."""
    found: LeaveReason | None = library.in_force(
        "leaving", cohort.facility.jurisdiction, on
    ).data.reasons.get(code)
    return found


def _attended_after(enrollment: Enrollment, on: dt.date) -> dt.date | None:
    facility = enrollment.cohort.facility
    last = (
        Attendance.objects.filter(
            call__enrollment=enrollment,
            minutes__gt=0,
            session__starts_at__gte=facility.at(on + DAY, dt.time()),
        )
        .order_by("-session__starts_at")
        .values_list("session__starts_at", flat=True)
        .first()
    )
    return last.astimezone(facility.zone).date() if last else None


def close(enrollment: Enrollment, *, on: dt.date, reason: str, note: str, by: Actor) -> None:
    """Write the end of a place and withdraw its coming calls. For verbs that have checked the right to do so."""
    enrollment.status = EnrollmentStatus.ENDED
    enrollment.ended_on, enrollment.end_reason, enrollment.end_note = on, reason, note.strip()[:250]
    with refusing():
        enrollment.save(update_fields=["status", "ended_on", "end_reason", "end_note"])
    settle([enrollment])


def back_in_line(enrollment: Enrollment, *, by: Actor, on: dt.date) -> WaitlistEntry | None:
    """A place in line with the date on which the person once asked ([P-148]); None when they have one already."""
    program, entry = enrollment.cohort.program_id, enrollment.entry
    if WaitlistEntry.objects.filter(
        participant=enrollment.participant_id, program=program, status__in=OPEN_WAIT
    ).exists():
        return None
    return WaitlistEntry.objects.create(
        participant_id=enrollment.participant_id,
        program_id=program,
        status=WaitStatus.APPROVED,
        requested_on=entry.requested_on if entry else min(enrollment.starts_on, on),
        requested_by=entry.requested_by if entry else RequestedBy.OTHER,
        confirmed_on=on,
        decided_by=by.name,
        decided_at=timezone.now(),
        reason=_("Your place ended before you could finish; you keep your date in line."),
    )
