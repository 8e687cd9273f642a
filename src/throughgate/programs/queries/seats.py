"""Seats as pages show them: a cohort with its people, one person's places, and a participant's own."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Forbidden
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.programs.models import (
    OPEN_WAIT,
    SEATED,
    Attendance,
    Cohort,
    Continuation,
    Enrollment,
    Program,
    Session,
    SlotExclusion,
    Suspension,
    UsualFacilitator,
    WaitlistEntry,
    WeeklySlot,
)
from throughgate.programs.queries.line import Standing, UsualWait, standings, usual_wait

COMING_SHOWN = 12


@dataclass(frozen=True)
class SeatRow:
    """One seat: hours are those counted so far with what was carried; ``came`` of ``recorded`` sessions."""

    enrollment: Enrollment
    person: Participant
    hours: Decimal
    came: int
    recorded: int
    pauses: tuple[Suspension, ...]
    exclusions: tuple[SlotExclusion, ...]
    release_on: dt.date | None


@dataclass(frozen=True)
class CohortPage:
    """A cohort with everything its page shows. ``waiting`` counts open requests at the facility."""

    cohort: Cohort
    slots: tuple[WeeklySlot, ...]
    usual: tuple[UsualFacilitator, ...]
    seats: tuple[SeatRow, ...]
    ended: tuple[SeatRow, ...]
    coming: tuple[Session, ...]
    sessions_made: int
    sessions_past: int
    waiting: int

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        return [row.person.pk for row in (*self.seats, *self.ended)]


def cohort_page(by: Actor, code: str) -> CohortPage:
    """A cohort by its code, with slots, leaders, seats, what comes next and how many wait.

    Raises Cohort.DoesNotExist when the actor sees no such cohort, Forbidden without the right to see people.
    """
    by.require(Permission.VIEW_RESTRICTED)
    cohort = Cohort.objects.select_related("program", "facility", "organization", "room", "agreement").get(
        code=code
    )
    sessions = Session.objects.filter(cohort=cohort)
    made = sessions.aggregate(all=Count("id"), past=Count("id", filter=Q(ends_at__lt=Now())))
    rows = _seat_rows(
        Enrollment.objects.filter(cohort=cohort)
        .select_related("participant__unit", "participant__profile")
        .order_by("participant__sort_name", "id")
    )
    return CohortPage(
        cohort=cohort,
        slots=tuple(
            WeeklySlot.objects.filter(cohort=cohort).select_related("room").order_by("weekday", "starts")
        ),
        usual=tuple(
            UsualFacilitator.objects.filter(cohort=cohort)
            .select_related("visitor")
            .order_by("cover", "visitor__sort_name")
        ),
        seats=tuple(row for row in rows if row.enrollment.status in SEATED),
        ended=tuple(row for row in rows if row.enrollment.status not in SEATED),
        coming=tuple(
            sessions.filter(starts_at__gt=Now())
            .select_related("room")
            .order_by("starts_at", "id")[:COMING_SHOWN]
        ),
        sessions_made=made["all"],
        sessions_past=made["past"],
        waiting=WaitlistEntry.objects.filter(
            program=cohort.program_id, status__in=OPEN_WAIT, participant__facility=cohort.facility_id
        ).count(),
    )


def _seat_rows(enrollments: Iterable[Enrollment]) -> list[SeatRow]:
    """The seats with their hours, pauses and excluded times, in three more queries."""
    found = list(enrollments)
    ids = [each.pk for each in found]
    counted = {
        which: (minutes or 0, came, recorded)
        for which, minutes, came, recorded in Attendance.objects.filter(call__enrollment__in=ids)
        .values("call__enrollment")
        .annotate(minutes_all=Sum("minutes"), came=Count("pk", filter=Q(minutes__gt=0)), recorded=Count("pk"))
        .order_by("call__enrollment")
        .values_list("call__enrollment", "minutes_all", "came", "recorded")
    }
    pauses: dict[int, list[Suspension]] = defaultdict(list)
    for pause in Suspension.objects.filter(enrollment__in=ids).order_by("during"):
        if not pause.during.isempty:
            pauses[pause.enrollment_id].append(pause)
    excluded: dict[int, list[SlotExclusion]] = defaultdict(list)
    for each in SlotExclusion.objects.filter(enrollment__in=ids).order_by("weekday", "starts"):
        excluded[each.enrollment_id].append(each)
    rows = []
    for enrollment in found:
        minutes, came, recorded = counted.get(enrollment.pk, (0, 0, 0))
        profile = getattr(enrollment.participant, "profile", None)
        rows.append(
            SeatRow(
                enrollment=enrollment,
                person=enrollment.participant,
                hours=(enrollment.carried_hours + Decimal(minutes) / 60).quantize(Decimal("0.01")),
                came=came,
                recorded=recorded,
                pauses=tuple(pauses[enrollment.pk]),
                exclusions=tuple(excluded[enrollment.pk]),
                release_on=profile.release_on if profile else None,
            )
        )
    return rows


@dataclass(frozen=True)
class PlaceRow:
    """A seat of a person, now or before, in whichever facility it was."""

    seat: SeatRow
    program: Program
    cohort_code: str
    cohort_name: str
    facility_name: str

    @property
    def current(self) -> bool:
        """Whether the person still has it."""
        return self.seat.enrollment.status in SEATED


@dataclass(frozen=True)
class LineRow:
    """A place in line of a person: where it stands and why, and how long people usually wait here."""

    entry: WaitlistEntry
    standing: Standing | None
    usual_wait: UsualWait | None


@dataclass(frozen=True)
class Places:
    """Everything a person has, had and waits for; ``to_continue`` is what came along from another facility."""

    person: Participant
    places: tuple[PlaceRow, ...]
    line: tuple[LineRow, ...]
    past_requests: tuple[WaitlistEntry, ...]
    to_continue: tuple[Continuation, ...]


def places_of(by: Actor, participant: Participant) -> Places:
    """A participant's seats, places in line and what to continue, for staff who hold them."""
    by.require(Permission.VIEW_RESTRICTED, participant.facility_id)
    return _places(participant)


def own(by: Actor) -> Places:
    """The same for the participant who is signed in: place in line, the usual wait, and why."""
    if by.participant_id is None:
        raise Forbidden("This page is for participants.")
    person = Participant.objects.select_related("facility").get(pk=by.participant_id)
    return _places(person)


def _places(person: Participant) -> Places:
    rows = _seat_rows(
        Enrollment.objects.filter(participant=person)
        .select_related("participant__profile")
        .order_by("-starts_on", "-id")
    )
    entries = list(
        WaitlistEntry.objects.filter(participant=person)
        .select_related("program")
        .order_by("requested_on", "id")
    )
    still = [entry for entry in entries if entry.status in OPEN_WAIT]
    # Cohorts of other facilities and other people's requests are out of sight: the system reads names and
    # counts places, and nothing about anybody else leaves this block.
    with scope.as_role(Audience.JOB, purpose="own places wherever they are"):
        where = {
            cohort.pk: cohort
            for cohort in Cohort.objects.filter(pk__in=[row.enrollment.cohort_id for row in rows])
            .select_related("program", "facility")
            .order_by("id")
        }
        line = [
            LineRow(
                entry,
                standings(entry.program, person.facility, [entry]).get(entry.pk),
                usual_wait(entry.program, person.facility),
            )
            for entry in still
        ]
    return Places(
        person=person,
        places=tuple(_place_row(row, where[row.enrollment.cohort_id]) for row in rows),
        line=tuple(line),
        past_requests=tuple(entry for entry in reversed(entries) if entry.status not in OPEN_WAIT),
        to_continue=tuple(
            Continuation.objects.filter(participant=person)
            .select_related("program", "from_facility", "to_facility")
            .order_by("status", "-id")
        ),
    )


def _place_row(row: SeatRow, cohort: Cohort) -> PlaceRow:
    return PlaceRow(row, cohort.program, cohort.code, cohort.name, cohort.facility.name)
