"""The facts that the booking rules look at, for one person or two hundred in the same number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.people.models import Need, Participant
from throughgate.policies import library
from throughgate.programs.models import (
    SEATED,
    Cohort,
    EligibilityRule,
    Enrollment,
    Prerequisite,
    Program,
    Session,
    SessionStatus,
    WeeklySlot,
)
from throughgate.programs.rules.booking import CandidateFacts, Clash, CohortFacts
from throughgate.programs.rules.eligibility import Condition, Facts

CLASHES = """
SELECT c.participant_id, s.id, c.starts_at, c.ends_at,
       coalesce(nullif(c.label, ''), nullif(p.movement_label, ''), p.name, '')
FROM programs_session s
JOIN programs_call c ON c.participant_id = ANY (%(people)s) AND c.status = 'called' AND c.during && s.during
LEFT JOIN programs_session other ON other.id = c.session_id
LEFT JOIN programs_cohort k ON k.id = other.cohort_id
LEFT JOIN programs_program p ON p.id = k.program_id
WHERE s.cohort_id = %(cohort)s AND s.status = 'planned' AND s.starts_at > statement_timestamp()
  AND c.session_id IS DISTINCT FROM s.id
ORDER BY c.participant_id, c.starts_at, s.id
"""


def conditions_of(program: Program) -> tuple[Condition, ...]:
    """The program's eligibility conditions in the order they were written."""
    return tuple(
        Condition(rule.fact, rule.test, rule.value, rule.words, rule.words_es, rule.almost, rule.required)
        for rule in EligibilityRule.objects.filter(program=program).order_by("id")
    )


def cohort_facts(cohort: Cohort) -> CohortFacts:
    """What the rules look at in a cohort."""
    return CohortFacts(
        name=cohort.name,
        facility_id=cohort.facility_id,
        facility_name=cohort.facility.name,
        status=cohort.status,
        capacity=cohort.capacity,
        free_seats=cohort.free_seats,
        starts_on=cohort.starts_on,
        ends_on=cohort.ends_on,
        last_session_on=last_session_on(cohort),
        conditions=conditions_of(cohort.program),
        prerequisites=dict(
            Prerequisite.objects.filter(program=cohort.program_id)
            .order_by("id")
            .values_list("required_id", "required__name")
        ),
    )


def last_session_on(cohort: Cohort) -> dt.date:
    """The day of the last session: dated or, where sessions are still to be made, by the weekly times."""
    last = (
        Session.objects.filter(cohort=cohort)
        .exclude(status=SessionStatus.CANCELLED)
        .aggregate(at=Max("starts_at"))["at"]
    )
    weekdays = set(
        WeeklySlot.objects.filter(cohort=cohort).values_list("weekday", flat=True).order_by("weekday")
    )
    days = [last.astimezone(cohort.facility.zone).date()] if last else []
    if weekdays:
        week = (cohort.ends_on - dt.timedelta(days=back) for back in range(7))
        days.append(next(day for day in week if day.weekday() in weekdays))
    return max(days, default=cohort.ends_on)


def candidate_facts(cohort: Cohort, people: Collection[int]) -> dict[int, CandidateFacts]:
    """What the rules look at in these people for this cohort, by participant id; only those the actor sees."""
    seen = list(
        Participant.objects.filter(pk__in=people)
        .select_related("profile", "facility")
        .order_by("sort_name", "id")
    )
    ids = [person.pk for person in seen]
    needs, seats, others = needs_of(ids), {}, {}
    for who, status, where, name in (
        Enrollment.objects.filter(participant__in=ids, status__in=SEATED, cohort__program=cohort.program_id)
        .order_by("id")
        .values_list("participant_id", "status", "cohort_id", "cohort__name")
    ):
        if where == cohort.pk:
            seats[who] = status
        else:
            others[who] = name
    completed = completed_programs(ids, cohort.facility.jurisdiction, cohort.facility.today())
    clashes, apart = clashes_of(cohort, ids), kept_apart(cohort, ids)
    return {
        person.pk: CandidateFacts(
            facility_id=person.facility_id,
            whereabouts=person.whereabouts,
            facts=facts_of(person, needs.get(person.pk)),
            completed=frozenset(completed[person.pk]),
            seat=seats.get(person.pk, ""),
            other_cohort=others.get(person.pk, ""),
            clashes=tuple(clashes[person.pk]),
            keep_apart=person.pk in apart,
        )
        for person in seen
    }


def facts_of(person: Participant, needs: dict[str, int] | None) -> Facts:
    """Eligibility facts of a person, loaded with profile and facility; without a profile most are unknown."""
    profile = getattr(person, "profile", None)
    population = person.facility.population if person.facility.population != "all" else ""
    if profile is None:
        return Facts(needs=needs, population=population)
    return Facts(
        custody_level=profile.custody_level,
        reading_level=profile.reading_level,
        has_diploma=profile.has_diploma,
        birth_date=profile.birth_date,
        release_on=profile.release_on,
        last_misconduct_on=profile.last_misconduct_on,
        conduct_known=True,
        needs=needs,
        population=population,
    )


def needs_of(people: Iterable[int]) -> dict[int, dict[str, int]]:
    """The latest level of each assessed need, by person."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for who, domain, level in (
        Need.objects.filter(participant__in=people)
        .order_by("as_of", "id")
        .values_list("participant_id", "domain", "level")
    ):
        found[who][domain] = level
    return dict(found)


def completed_programs(people: Collection[int], jurisdiction: str, today: dt.date) -> dict[int, set[int]]:
    """Programs that these people completed, in whichever facility. Pass only people whom the actor sees.

    Cohorts of other facilities are hidden from the actor, so the system looks; it tells program ids only.
    """
    reasons = library.in_force("leaving", jurisdiction, today).data.reasons.values()
    codes = [reason.code for reason in reasons if reason.outcome == "completed"]
    found: dict[int, set[int]] = defaultdict(set)
    with scope.as_role(Audience.JOB, purpose="programs completed elsewhere"):
        for who, program in (
            Enrollment.objects.filter(participant__in=people, status="ended", end_reason__in=codes)
            .order_by("id")
            .values_list("participant_id", "cohort__program_id")
        ):
            found[who].add(program)
    return found


def clashes_of(cohort: Cohort, people: Collection[int]) -> dict[int, list[Clash]]:
    """Calls of these people at the time of the cohort's coming sessions, on the facility's clock."""
    found: dict[int, list[Clash]] = defaultdict(list)
    zone = cohort.facility.zone
    with connection.cursor() as cursor:
        cursor.execute(CLASHES, {"people": list(people), "cohort": cohort.pk})
        for who, session, starts, ends, label in cursor.fetchall():
            words = label or _("another appointment")
            found[who].append(Clash(words, starts.astimezone(zone), ends.astimezone(zone), session))
    return found


def kept_apart(cohort: Cohort, people: Collection[int]) -> set[int]:
    """Which of these people may not be in the cohort; never with whom or why ([A-45])."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tg.kept_apart(%s, %s)", [cohort.pk, list(people)])
        return {who for (who,) in cursor.fetchall()}
