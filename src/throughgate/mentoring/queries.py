"""What pages ask about mentoring: who waits, who would fit whom and why, and how matches go."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.mentoring import rules
from throughgate.mentoring.models import OPEN, Concern, Match, MatchStatus, Meeting, MentorProfile, Wish
from throughgate.people.models import Whereabouts
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.mentoring import MentoringRules
from throughgate.visitors.models import CLEARED, Clearance, Visitor


def rules_of(facility: Facility) -> MentoringRules:
    """The mentoring rules in force at a facility today."""
    return policies.mentoring(facility.jurisdiction, facility.today()).data


def house_rules() -> MentoringRules:
    """The mentoring rules of the whole deployment, where no facility is meant."""
    return policies.mentoring(settings.JURISDICTION, timezone.localdate()).data


def mentor_side(profile: MentorProfile, has: int, cleared: Iterable[int]) -> rules.Mentor:
    """A mentor as the rules take them."""
    return rules.Mentor(
        key=profile.visitor.code,
        kinds=frozenset(profile.kinds),
        interests=frozenset(profile.interests),
        subjects=frozenset(profile.subjects),
        languages=frozenset(profile.languages),
        times=frozenset(profile.times),
        modes=frozenset(profile.modes),
        region=profile.region,
        after_release=profile.after_release,
        free=profile.most - has if profile.open else 0,
        has=has,
        cleared=frozenset(cleared),
    )


def seeker_side(wish: Wish, apart: Iterable[str]) -> rules.Seeker:
    """A participant's wish as the rules take it."""
    person = wish.participant
    return rules.Seeker(
        key=wish.code,
        kinds=frozenset(wish.kinds),
        interests=frozenset(wish.interests),
        subjects=frozenset(wish.subjects),
        languages=frozenset(wish.languages),
        times=frozenset(wish.times),
        modes=frozenset(wish.modes),
        region=wish.region,
        after_release=wish.after_release,
        asked_on=wish.asked_on,
        facility=person.facility_id,
        inside=person.whereabouts in {Whereabouts.INSIDE, Whereabouts.AWAY},
        apart=frozenset(apart),
    )


def mentors(today: dt.date) -> list[rules.Mentor]:
    """Everybody who offers to be a mentor or tutor and still comes. Runs as the system; three queries."""
    rows = list(
        MentorProfile.objects.filter(Q(visitor__left_on__isnull=True) | Q(visitor__left_on__gt=today))
        .select_related("visitor")
        .annotate(has=Count("visitor__matches", filter=Q(visitor__matches__status__in=OPEN)))
        .order_by("pk")
    )
    cleared: dict[int, list[int]] = defaultdict(list)
    held = Clearance.objects.filter(
        visitor__in=[row.visitor_id for row in rows], status__in=CLEARED, valid__contains=today
    )
    for each in held.order_by("pk"):
        cleared[each.visitor_id].append(each.facility_id)
    return [mentor_side(row, row.has, cleared[row.visitor_id]) for row in rows]


def apart_from(wishes: Iterable[Wish]) -> dict[int, set[str]]:
    """Who is out of the question for whom: keep-apart orders, and those with whom it was tried before.

    By participant id, as visitors' codes. Runs as the system and is never shown.
    """
    people = {wish.participant_id for wish in wishes}
    found: dict[int, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, v.code FROM unnest(%s::bigint[]) AS p(id)"
            " CROSS JOIN visitors_visitor v JOIN mentoring_mentorprofile m ON m.visitor_id = v.id"
            " WHERE tg.match_kept_apart(v.id, p.id)",
            [sorted(people)],
        )
        for person, code in cursor.fetchall():
            found[person].add(code)
    before = Match.objects.filter(participant__in=people).exclude(
        status=MatchStatus.ENDED, end_reason__in=("goal_reached", "time_over", "mentor_cannot", "moved_away")
    )
    for person, code in before.order_by("pk").values_list("participant_id", "visitor__code"):
        found[person].add(code)
    return found


@dataclass(frozen=True)
class Suggestion:
    """A participant who waits and the mentor the engine would choose, with its reasons; others fit too."""

    wish: Wish
    pair: rules.Pair | None
    mentor: Visitor | None
    others: int = 0


def suggestions(by: Actor, facility: Facility) -> list[Suggestion]:
    """Who waits at a facility, who asked first first, each with the mentor that the engine proposes.

    Everybody who waits is looked at together. A fixed number of queries.
    """
    by.require(Permission.MANAGE_VISITORS, facility)
    by.require(Permission.VIEW_RESTRICTED, facility)
    wishes = list(waiting(facility))
    today, house = facility.today(), rules_of(facility)
    with scope.as_role(Audience.JOB, purpose="propose mentors"):
        everybody = mentors(today)
        apart = apart_from(wishes)
    seekers = [seeker_side(wish, apart[wish.participant_id]) for wish in wishes]
    pairs = {each.seeker: each for each in rules.propose(seekers, everybody, today, house)}
    fitting = {s.key: len(rules.ranked(s, everybody, today, house)) for s in seekers}
    named = {each.code: each for each in Visitor.objects.filter(code__in=[p.mentor for p in pairs.values()])}
    return [
        Suggestion(wish, pair, named.get(pair.mentor) if pair else None, max(fitting[wish.code] - 1, 0))
        for wish in wishes
        for pair in [pairs.get(wish.code)]
    ]


def fitting(by: Actor, wish: Wish) -> list[tuple[Visitor, rules.Pair]]:
    """Everybody who fits one participant, the best first, to choose another than the first."""
    facility = wish.participant.facility
    by.require(Permission.MANAGE_VISITORS, facility)
    with scope.as_role(Audience.JOB, purpose="propose mentors"):
        everybody = mentors(facility.today())
        apart = apart_from([wish])
    seeker = seeker_side(wish, apart[wish.participant_id])
    pairs = rules.ranked(seeker, everybody, facility.today(), rules_of(facility))
    named = {each.code: each for each in Visitor.objects.filter(code__in=[pair.mentor for pair in pairs])}
    return [(named[pair.mentor], pair) for pair in pairs if pair.mentor in named]


def waiting(facility: Facility) -> QuerySet[Wish]:
    """Wishes of a facility that nobody answers yet, the oldest first."""
    busy = Match.objects.filter(status__in=OPEN).values("participant_id")
    return (
        Wish.objects.filter(status=Wish.Status.OPEN, participant__facility=facility)
        .exclude(participant__in=busy)
        .select_related("participant__facility")
        .order_by("asked_on", "pk")
    )


def matches(facility: Facility) -> QuerySet[Match]:
    """Matches of a facility with their meetings counted, those that are open first."""
    return (
        Match.objects.filter(facility=facility)
        .select_related("visitor", "participant", "facility")
        .annotate(met=Count("meetings"), last_met=Max("meetings__on"), minutes=Sum("meetings__minutes"))
        .order_by("-status", "last_met", "pk")
    )


def open_concerns(facility: Facility) -> QuerySet[Concern]:
    """Concerns that nobody has looked at, the oldest first."""
    return (
        Concern.objects.filter(facility=facility, seen_at__isnull=True)
        .select_related("match__visitor", "participant")
        .order_by("recorded_at")
    )


def course(match: Match, last_met: dt.date | None) -> rules.Course:
    """A match as chasing looks at it."""
    return rules.Course(
        status=match.status,
        proposed_on=match.proposed_on,
        active_from=match.active_from,
        last_meeting=last_met,
        mentor_answered=bool(match.mentor_answer),
        participant_answered=bool(match.participant_answer),
    )


@dataclass(frozen=True)
class Hours:
    """Meetings of one mentor in some days: how many, with how many people, how many minutes."""

    meetings: int
    people: int
    minutes: int
    first: dt.date | None
    last: dt.date | None


def hours(visitor_id: int, start: dt.date, until: dt.date) -> Hours:
    """What a mentor gave from one day until another, both included, by the meetings written down."""
    rows = list(
        Meeting.objects.filter(match__visitor=visitor_id, on__range=(start, until))
        .order_by("on", "pk")
        .values_list("on", "minutes", "match_id")
    )
    return Hours(
        meetings=len(rows),
        people=len({row[2] for row in rows}),
        minutes=sum(row[1] for row in rows),
        first=rows[0][0] if rows else None,
        last=rows[-1][0] if rows else None,
    )
