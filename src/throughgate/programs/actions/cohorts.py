"""Cohorts: set one up, give it weekly times and leaders, make its dated sessions, finish it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Reason, Refused
from throughgate.base.saving import set_facts
from throughgate.places.models import ClosedDay, Facility, Room
from throughgate.policies import library
from throughgate.policies.words import Label
from throughgate.policies.workdays import WorkCalendar
from throughgate.programs.actions.calls import Uncalled, coming, settle
from throughgate.programs.actions.saving import hold, problems, save_all, stop
from throughgate.programs.actions.seats import close
from throughgate.programs.models import (
    SEATED,
    Cohort,
    CohortStatus,
    Enrollment,
    Facilitator,
    Program,
    Session,
    SessionKind,
    UsualFacilitator,
    WeeklySlot,
)
from throughgate.programs.rules import cohorts as rules
from throughgate.visitors.models import Visitor

FIELDS = frozenset(
    {
        "organization",
        "agreement",
        "name",
        "room",
        "capacity",
        "minimum",
        "starts_on",
        "ends_on",
        "status",
        "needs_officer",
    }
)


@transaction.atomic
def save_cohort(
    *,
    by: Actor,
    cohort: Cohort | None = None,
    program: Program | None = None,
    facility: Facility | None = None,
    **values: Any,
) -> Cohort:
    """Set up a run of a program in a facility, or change one. Fields that are not given stay as they are.

    A new cohort needs ``program`` and ``facility`` and takes the program's partner; both stay for good.
    Refuses with every reason: more people seated than seats, a room too small or elsewhere, a group larger
    than the program allows, an agreement that does not cover it, a status that cannot follow.
    """
    if cohort is None:
        if program is None or facility is None:
            raise TypeError("a new cohort needs its program and facility")
        by.require(Permission.MANAGE_PROGRAMS, facility.pk)
        cohort = Cohort(program=program, facility=facility, organization_id=program.organization_id)
        before = CohortStatus.PLANNED.value
    else:
        by.require(Permission.MANAGE_PROGRAMS, cohort.facility_id)
        cohort = hold(None, cohort)
        before = cohort.status
    if values.get("status") in {CohortStatus.FINISHED, CohortStatus.CANCELLED}:
        raise TypeError("a cohort ends by finish_cohort")
    set_facts(cohort, values, FIELDS)
    # Rooms elsewhere, seats in use and days reversed have words of their own in the rules.
    checked = problems(cohort, exclude=frozenset({"room"}), constraints=False)
    stop(checked, Decision() if checked.refused else rules.can_save(_draft(cohort, before)))
    with refusing():
        cohort.save()
    return cohort


def _draft(cohort: Cohort, before: str) -> rules.CohortDraft:
    agreement = cohort.agreement
    covers = None
    if agreement is not None:
        covers = (
            agreement.organization_id == cohort.organization_id
            and agreement.facilities.filter(pk=cohort.facility_id).exists()
        )
    return rules.CohortDraft(
        status_before=before,
        status=cohort.status,
        capacity=cohort.capacity,
        minimum=cohort.minimum,
        seated=cohort.seats_taken,
        seats_overridden=cohort.seats_overridden,
        group_max=cohort.program.group_max,
        days=(cohort.ends_on - cohort.starts_on).days + 1,
        room_name=cohort.room.name if cohort.room else "",
        room_seats=cohort.room.capacity if cohort.room else None,
        room_here=cohort.room is None or cohort.room.facility_id == cohort.facility_id,
        agreement_covers=covers,
    )


@dataclass(frozen=True)
class SlotDraft:
    """A weekly time as somebody wants it: weekday 0 is Monday, times are the facility's."""

    weekday: int
    starts: dt.time
    ends: dt.time
    room: Room | None = None


@transaction.atomic
def save_slots(*, by: Actor, cohort: Cohort, slots: Iterable[SlotDraft]) -> list[Session]:
    """Replace a cohort's weekly times. Sessions already made stay; those to come that no weekly time fits any
    more are returned, so that someone can move or cancel them.

    Refuses times that end before they start or overlap, and rooms of another facility.
    """
    by.require(Permission.MANAGE_PROGRAMS, cohort.facility_id)
    cohort = hold(None, cohort)
    drafts = list(slots)
    elsewhere = [each for each in drafts if each.room and each.room.facility_id != cohort.facility_id]
    stop(
        rules.weekly_problems(rules.Weekly(each.weekday, each.starts, each.ends) for each in drafts),
        Decision(
            (Reason("room_elsewhere", _("The room belongs to another facility.")),) if elsewhere else ()
        ),
    )
    with refusing():
        wanted = {(each.weekday, each.starts) for each in drafts}
        for slot in WeeklySlot.objects.filter(cohort=cohort).order_by("id"):
            if (slot.weekday, slot.starts) not in wanted:
                slot.delete()
        for each in drafts:
            WeeklySlot.objects.update_or_create(
                cohort=cohort,
                weekday=each.weekday,
                starts=each.starts,
                defaults={"ends": each.ends, "room": each.room},
            )
    zone = cohort.facility.zone
    return [
        session
        for session in coming([cohort.pk])
        if session.planned_for is not None
        and (
            session.planned_for.astimezone(zone).weekday(),
            session.planned_for.astimezone(zone).time(),
        )
        not in wanted
    ]


@transaction.atomic
def set_usual(
    *, by: Actor, cohort: Cohort, leaders: Iterable[Visitor] = (), covers: Iterable[Visitor] = ()
) -> None:
    """Say who usually leads a cohort and who covers; sessions made from now on are staffed from here ([P-125])."""
    by.require(Permission.MANAGE_SESSIONS, cohort.facility_id)
    wanted = {each.pk: True for each in covers} | {each.pk: False for each in leaders}
    UsualFacilitator.objects.filter(cohort=cohort).exclude(visitor__in=wanted).delete()
    for visitor, cover in wanted.items():
        UsualFacilitator.objects.update_or_create(
            cohort=cohort, visitor_id=visitor, defaults={"cover": cover}
        )


@dataclass(frozen=True)
class Skipped:
    """A day on which a weekly time would have fallen, and why there is no session."""

    day: dt.date
    starts: dt.time
    why: Label


@dataclass(frozen=True)
class Unstaffed:
    """A session that its usual leader cannot lead, or that has no room then, and why."""

    session: Session
    what: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Made:
    """What making sessions did: the new ones, the days left out, and what could not be arranged."""

    sessions: tuple[Session, ...]
    skipped: tuple[Skipped, ...]
    without_room: tuple[Unstaffed, ...] = ()
    without_leader: tuple[Unstaffed, ...] = ()
    uncalled: tuple[Uncalled, ...] = ()


@transaction.atomic
def make_sessions(*, by: Actor, cohort: Cohort, through: dt.date | None = None) -> Made:
    """Make a cohort's dated sessions from its weekly times, from today through a day (its last by default).

    Leaves out holidays of the facility's policy pack and its closed days, staffs with the usual leaders and
    calls everybody with a seat. A session whose room is taken is made without one; who cannot be called or
    cannot lead is told, with the reason, and stops nothing. Safe to run again: what is there stays.
    """
    by.require(Permission.MANAGE_SESSIONS, cohort.facility_id)
    cohort = hold(None, cohort)
    if cohort.status in {CohortStatus.FINISHED, CohortStatus.CANCELLED}:
        raise Refused(Reason("cohort_over", _("The cohort is over.")))
    slots = {
        slot.pk: slot
        for slot in WeeklySlot.objects.filter(cohort=cohort)
        .select_related("room")
        .order_by("weekday", "starts")
    }
    if not slots:
        raise Refused(Reason("no_weekly_times", _("The cohort has no weekly times."), _("Add them first.")))
    now = cohort.facility.now()
    last = min(through or cohort.ends_on, cohort.ends_on)
    first = max(cohort.starts_on, now.date())
    planned = rules.plan(
        [rules.Weekly(s.weekday, s.starts, s.ends, s.pk) for s in slots.values()],
        first,
        last,
        calendar_of(cohort.facility, first),
    )
    known = set(
        Session.objects.filter(cohort=cohort, planned_for__isnull=False)
        .order_by("planned_for")
        .values_list("planned_for", flat=True)
    )
    fresh = [
        _session(cohort, slots[each.weekly.key], day)
        for each in planned
        for day in each.days
        if (at := cohort.facility.at(day, each.weekly.starts)) > now and at not in known
    ]
    made, roomless = _write(cohort, fresh)
    skipped = sorted(
        (Skipped(day, each.weekly.starts, why) for each in planned for day, why in each.skipped),
        key=lambda each: (each.day, each.starts),
    )
    unled = _staff(cohort, made)
    seated = list(
        Enrollment.objects.filter(cohort=cohort, status__in=SEATED)
        .select_related("cohort", "participant")
        .order_by("id")
    )
    uncalled = settle(seated, made) if seated and made else []
    return Made(tuple(made), tuple(skipped), tuple(roomless), tuple(unled), tuple(uncalled))


def calendar_of(facility: Facility, on: dt.date) -> WorkCalendar:
    """The facility's working days: the holidays of its policy pack and its own closed days."""
    closed = ClosedDay.objects.filter(facility=facility).order_by("day").values_list("day", "name")
    rules_in_force = library.in_force("holidays", facility.jurisdiction, on).data
    return WorkCalendar(rules_in_force, {day: Label({"en": name or "closed"}) for day, name in closed})


def _session(cohort: Cohort, slot: WeeklySlot, day: dt.date) -> Session:
    starts = cohort.facility.at(day, slot.starts)
    return Session(
        cohort=cohort,
        facility=cohort.facility,
        organization_id=cohort.organization_id,
        room=slot.room or cohort.room,
        kind=SessionKind.SCHEDULED,
        starts_at=starts,
        ends_at=cohort.facility.at(day, slot.ends),
        planned_for=starts,
    )


def _write(cohort: Cohort, fresh: list[Session]) -> tuple[list[Session], list[Unstaffed]]:
    """Insert the sessions in order of time, numbered on; those whose room is taken without one."""
    fresh.sort(key=lambda each: each.starts_at)
    number = Session.objects.filter(cohort=cohort).aggregate(last=Max("number"))["last"] or 0
    for each in fresh:
        number += 1
        each.number = number
    roomless = []
    refused = save_all(fresh)
    for session, no in refused:
        if any(reason.code != "session_room_is_taken" for reason in no.reasons):
            raise no
        taken, session.room = session.room, None
        with refusing():
            session.save(force_insert=True)
        roomless.append(Unstaffed(session, taken.name if taken else "", no.reasons))
    return fresh, roomless


def _staff(cohort: Cohort, sessions: list[Session]) -> list[Unstaffed]:
    usual = list(
        UsualFacilitator.objects.filter(cohort=cohort, cover=False).select_related("visitor").order_by("id")
    )
    rows = [
        Facilitator(session=session, visitor=each.visitor, during=(session.starts_at, session.ends_at))
        for session in sessions
        for each in usual
    ]
    return [Unstaffed(row.session, row.visitor.name, no.reasons) for row, no in save_all(rows)]


@transaction.atomic
def finish_cohort(
    *,
    by: Actor,
    cohort: Cohort,
    on: dt.date,
    completed: Iterable[Enrollment] = (),
    reason: str = "duration_ended",
) -> Cohort:
    """End a cohort and every place in it: those named completed it, the others leave for ``reason``.

    A reason of the leaving pack other than "duration_ended" (such as "course_unavailable") cancels the cohort.
    Refuses while planned sessions are still to come, and a day to come.
    """
    by.require(Permission.MANAGE_PROGRAMS, cohort.facility_id)
    by.require(Permission.ENROLL, cohort.facility_id)
    cohort = hold(None, cohort)
    status = CohortStatus.FINISHED if reason == "duration_ended" else CohortStatus.CANCELLED
    stop(_can_finish(cohort, on, reason, status))
    done = {each.pk for each in completed}
    for enrollment in (
        Enrollment.objects.select_for_update(of=("self",))
        .filter(cohort=cohort, status__in=SEATED)
        .select_related("cohort__facility")
        .order_by("id")
    ):
        close(enrollment, on=on, reason="completed" if enrollment.pk in done else reason, note="", by=by)
    cohort.refresh_from_db(fields=["seats_taken", "seats_overridden"])
    cohort.status = status
    cohort.save(update_fields=["status"])
    return cohort


def _can_finish(cohort: Cohort, on: dt.date, reason: str, status: CohortStatus) -> Decision:
    found = []
    if status not in rules.STATUS_STEPS[cohort.status]:
        found.append(Reason("status_step", _("A cohort cannot go from that status to this one.")))
    if on > cohort.facility.today():
        found.append(Reason("future_day", _("A cohort ends today or earlier.")))
    reasons = library.in_force("leaving", cohort.facility.jurisdiction, on).data.reasons
    if reason not in reasons:
        found.append(Reason("reason_unknown", _("Choose a reason from the list.")))
    ahead = len(coming([cohort.pk]))
    if ahead:
        text = ngettext("%(count)d session is still to come.", "%(count)d sessions are still to come.", ahead)
        found.append(Reason("sessions_to_come", text % {"count": ahead}, _("Cancel them first.")))
    return Decision(tuple(found))
