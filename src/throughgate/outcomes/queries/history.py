"""The event model from live tables: releases, custody, events, departures, participation, what went well.

Custody spells are stays that touch, whichever facilities they are in; a release is the end of one. Places
of custody are prisons, jails and reentry centers; an office in the community is none. Read as the system,
inside a job: the rows are protected.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, Q, QuerySet, Sum
from django.utils import timezone

from throughgate.base.errors import Reason, Refused
from throughgate.outcomes.models import (
    Decision,
    Departure,
    JusticeEvent,
    Nature,
    PositiveOutcome,
    RecordKind,
    Roster,
    RosterRecord,
    SourceCoverage,
    SupervisionSpell,
)
from throughgate.places.models import FacilityKind
from throughgate.policies import queries as policies
from throughgate.programs.models import Attendance, Call, Enrollment, Program

SPELLS = """
    WITH held AS (
        SELECT s.participant_id, s.during, s.reason_in, s.reason_out, s.facility_id
        FROM people_stay s JOIN places_facility f ON f.id = s.facility_id WHERE f.kind <> %s
    ), spell AS (
        SELECT participant_id, unnest(range_agg(during)) AS during FROM held GROUP BY participant_id
    )
    SELECT p.participant_id, lower(p.during), upper(p.during), coalesce(a.reason_in, ''),
           coalesce(b.reason_out, ''), coalesce(b.facility_id, a.facility_id)
    FROM spell p
    LEFT JOIN held a ON a.participant_id = p.participant_id AND lower(a.during) = lower(p.during)
    LEFT JOIN held b ON b.participant_id = p.participant_id AND upper(b.during) = upper(p.during)
    WHERE lower(p.during) IS NOT NULL
    ORDER BY p.participant_id, lower(p.during)
"""
# What ends a stay without letting anybody go, in the words of custody systems.
ENDS = {"died": "death", "parole_hold": "parole_board_hold", "hold": "temporary_custody"}
NEW_COMMITMENTS = frozenset({"new_commitment", "new court commitment", "new_crime"})


MANY = 5000
M = TypeVar("M", bound=Model)
Times = dict[int, list[tuple[dt.date, dt.date | None]]]


@dataclass(frozen=True)
class Spell:
    """A time in custody without a break: from the day of arrival until the day of leaving (None: still in)."""

    person: int
    start: dt.date
    end: dt.date | None
    reason_in: str
    reason_out: str
    facility: int

    @property
    def release(self) -> str:
        """What the engine calls the release that ends this spell."""
        return f"{self.person}:{self.start.isoformat()}"

    @property
    def kind(self) -> str:
        """The kind of leaving, in the engine's words where it is not a release."""
        reason = self.reason_out.strip().lower().replace(" ", "_")
        return ENDS.get(reason, reason) or "unconditional"


@dataclass(frozen=True)
class Episode:
    """A participation: when it began and ended, its dose, whether it was completed, and where it was."""

    person: int
    program: str
    start: dt.date
    end: dt.date | None
    hours: float | None
    completed: bool | None
    reason_left: str
    inside: bool


def spells() -> list[Spell]:
    """Every custody spell on record, by person and day."""
    with connection.cursor() as cursor:
        cursor.execute(SPELLS, [FacilityKind.COMMUNITY_OFFICE.value])
        return [Spell(*row) for row in cursor.fetchall()]


def episodes(program: Program) -> list[Episode]:
    """Who began a program of ours, with the hours they got. A seat that nobody ever sat on is no beginning.

    Where attendance was never asked for (history from before the sessions were kept), the seat itself counts.
    """
    seats = Enrollment.objects.filter(cohort__program=program).select_related("cohort__facility")
    minutes = dict(
        Attendance.objects.filter(call__enrollment__cohort__program=program)
        .order_by()
        .values_list("call__enrollment")
        .annotate(total=Sum("minutes"))
    )
    called = set(
        Call.objects.filter(enrollment__cohort__program=program)
        .order_by()
        .values_list("enrollment_id", flat=True)
        .distinct()
    )
    made = []
    for seat in seats.order_by("participant_id", "starts_on", "id"):
        total = minutes.get(seat.pk)
        if seat.pk in called and not total and not seat.carried_hours:
            continue
        place = seat.cohort.facility
        outcome = _outcome(seat.end_reason, place.jurisdiction)
        made.append(
            Episode(
                seat.participant_id, program.code, seat.starts_on, seat.ended_on,
                None if total is None else total / 60 + float(seat.carried_hours),
                None if outcome is None else outcome == "completed",
                seat.end_reason, place.kind != FacilityKind.COMMUNITY_OFFICE,
            )
        )  # fmt: skip
    return made


def _outcome(code: str, jurisdiction: str) -> str | None:
    """What a reason for leaving means by today's pack: history may be older than any pack."""
    if not code:
        return None
    reason = policies.leaving(jurisdiction, timezone.localtime().date()).data.reasons.get(code)
    return reason.outcome if reason else None


def roster_episodes(roster: Roster) -> list[Episode]:
    """Who of a partner's roster is somebody here, with what the partner wrote about them."""
    found = RosterRecord.objects.filter(
        roster=roster, participant__isnull=False, decision__in=[Decision.SURE, Decision.SAME],
        started_on__isnull=False,
    )  # fmt: skip
    return [
        Episode(
            each.participant_id or 0, roster.code, each.started_on or dt.date.min, None,
            None if each.hours is None else float(each.hours), each.completed, "", False,
        )
        for each in found.order_by("participant_id", "line")
    ]  # fmt: skip


def sources() -> list[Any]:
    """The sources that say how far returns can be seen. Refuses when nobody has said it for custody or justice."""
    from throughgate.engines.impact.events import Source  # noqa: PLC0415 - only jobs come here

    known = SourceCoverage.objects.filter(
        kind__in=[RecordKind.CUSTODY, RecordKind.JUSTICE, RecordKind.DEPARTURE]
    ).order_by("source", "kind")
    if not any(each.kind in (RecordKind.CUSTODY, RecordKind.JUSTICE) for each in known):
        raise Refused(
            Reason(
                "coverage",
                "Nobody has said up to which day returns would be seen.",
                "Import justice events, or say on the page of sources how far custody records reach.",
            )
        )
    return [
        Source(
            f"{each.source}, {each.get_kind_display()}", each.extracted_on, each.lag_days, tuple(each.covers)
        )
        for each in known
    ]


def history(
    *,
    found: list[Spell],
    eligible: set[str] | None = None,
    group: dict[str, str] | None = None,
    participation: Iterable[Episode] = (),
) -> Any:
    """The engine's event model from custody spells and everything recorded about their people.

    ``eligible`` are the releases to follow (None: all); ``group`` labels releases (else "everyone").
    """
    from throughgate.engines.impact.events import History, table  # noqa: PLC0415

    labels = group or {}
    ids = sorted({each.person for each in found})
    supervised = supervision(ids)
    return History(
        releases=table(
            "releases",
            (
                _release(each, supervised, labels)
                for each in found
                if each.end and (eligible is None or each.release in eligible)
            ),
        ),
        custody=table(
            "custody",
            (
                {"person": str(each.person), "start": each.start, "end": each.end, "kind": "custody"}
                for each in found
            ),
        ),
        events=table("events", [*_events(ids), *_returns(found)]),
        departures=table("departures", _departures(ids)),
        participation=table("participation", (_participation(each) for each in participation)),
        outcomes=table("outcomes", _positive(ids)),
        sources=tuple(sources()),
    )


def _release(spell: Spell, supervised: Times, labels: dict[str, str]) -> dict[str, Any]:
    assert spell.end is not None
    return {
        "person": str(spell.person),
        "release": spell.release,
        "released": spell.end,
        "kind": spell.kind,
        "supervised": is_supervised(spell, supervised),
        "group": labels.get(spell.release, "everyone"),
    }


SOON = dt.timedelta(days=30)


def is_supervised(spell: Spell, times: Times) -> bool | None:
    """Whether supervision began within a month of release, else what the kind of release says."""
    assert spell.end is not None
    for start, end in times.get(spell.person, ()):
        if start <= spell.end + SOON and (end is None or end >= spell.end):
            return True
    return {"conditional": True, "unconditional": False}.get(spell.kind)


def about(model: type[M], ids: list[int]) -> QuerySet[M]:
    """Rows about people; all rows when a list of so many people would cost more than it saves."""
    rows = model._default_manager.all()
    return rows if len(ids) > MANY else rows.filter(participant_id__in=ids)


def supervision(ids: list[int]) -> Times:
    """Times under supervision by person."""
    times: Times = {}
    rows = about(SupervisionSpell, ids).order_by("participant_id", "starts_on")
    for person, start, end in rows.values_list("participant_id", "starts_on", "ends_on"):
        times.setdefault(person, []).append((start, end))
    return times


def _events(ids: list[int]) -> Iterable[dict[str, Any]]:
    rows = about(JusticeEvent, ids).order_by("participant_id", "on", "id")
    for each in rows.iterator(chunk_size=20000):
        yield {
            "person": str(each.participant_id), "event": f"{each.source}:{each.source_key}", "on": each.on,
            "offense_on": each.offense_on, "type": each.kind, "new_crime": each.nature == Nature.NEW_CRIME,
            "seriousness": each.seriousness,
        }  # fmt: skip


def _returns(found: list[Spell]) -> Iterable[dict[str, Any]]:
    """Every arrival in custody after an earlier spell is a return to prison, by the custody records alone.

    Arriving after something that was no release (an escape, a court date) is none.
    """
    from throughgate.engines.impact.measures import NOT_RELEASES  # noqa: PLC0415

    before: dict[int, Spell] = {}
    for each in found:
        last = before.get(each.person)
        if last is not None and last.end is not None and last.kind not in NOT_RELEASES:
            yield {
                "person": str(each.person), "event": f"custody:{each.release}", "on": each.start,
                "type": "incarceration", "new_crime": each.reason_in.strip().lower() in NEW_COMMITMENTS,
            }  # fmt: skip
        before[each.person] = each


def _departures(ids: list[int]) -> Iterable[dict[str, Any]]:
    rows = about(Departure, ids).order_by("participant_id", "on", "id")
    for person, on, kind in rows.values_list("participant_id", "on", "kind"):
        yield {"person": str(person), "on": on, "kind": kind}


def _positive(ids: list[int]) -> Iterable[dict[str, Any]]:
    rows = about(PositiveOutcome, ids).order_by("participant_id", "on", "id")
    for person, on, kind, value in rows.values_list("participant_id", "on", "kind", "value"):
        yield {
            "person": str(person),
            "on": on,
            "kind": kind,
            "value": None if value is None else float(value),
        }


def _participation(each: Episode) -> dict[str, Any]:
    return {
        "person": str(each.person), "program": each.program, "start": each.start,
        "end": each.end if each.end and each.end >= each.start else None, "hours": each.hours,
        "completed": each.completed, "reason_left": each.reason_left or None, "inside": each.inside,
    }  # fmt: skip


def uncovered(ids: Iterable[int]) -> set[int]:
    """People who live under supervision where no source of events looks ([T-15])."""
    covers = {
        place
        for each in SourceCoverage.objects.filter(kind=RecordKind.JUSTICE).order_by("id")
        for place in each.covers
    }
    if not covers:
        return set()
    away = about(SupervisionSpell, list(ids)).exclude(Q(jurisdiction="") | Q(jurisdiction__in=covers))
    return set(away.order_by("participant_id").values_list("participant_id", flat=True))


def says_coverage() -> bool:
    """Whether any source of justice events says which jurisdictions it covers."""
    return SourceCoverage.objects.filter(kind=RecordKind.JUSTICE).exclude(covers=[]).exists()
