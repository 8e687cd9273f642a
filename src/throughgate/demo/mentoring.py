"""Mentors and participants: who offers, who waits, who meets, one worry, one goodbye. All invented."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from throughgate.demo.making import DAY, Build, at, save
from throughgate.demo.people import Person
from throughgate.mentoring.models import TIMES, Concern, Match, Meeting, MentorProfile, Wish
from throughgate.people.models import Whereabouts
from throughgate.visitors.models import CLEARED, Clearance, Visitor, VisitorKind

HERE = "R"
INTERESTS = (
    "art",
    "music",
    "sport",
    "reading",
    "family",
    "trades",
    "cooking",
    "technology",
    "games",
    "nature",
)
SUBJECTS = ("reading", "writing", "math", "ged", "computer", "job_search", "money")
WAITING, MEETING = 9, 5


@dataclass
class _Sides:
    """The chance of what people say of themselves."""

    random: random.Random

    def __call__(self, language: str, **given: Any) -> dict[str, Any]:
        some = self.random.sample
        tutor = self.random.random() < 0.35
        return {
            "kinds": ["mentor", "tutor"] if tutor else ["mentor"],
            "interests": some(INTERESTS, 3),
            "subjects": some(SUBJECTS, 2) if tutor else [],
            "languages": sorted({language, "en"}) if self.random.random() < 0.7 else [language],
            "times": some(TIMES, 6),
            "modes": ["in_person", self.random.choice(("video", "letters"))],
            "region": self.random.choice(("Port Calder", "Marsh County", "")),
            "after_release": self.random.random() < 0.6,
            **given,
        }


def make(build: Build, outside: list[Visitor], personas: list[Person]) -> None:
    """Offers of mentors who may come in, wishes, matches with their meetings; Walter Sims meets the first persona."""
    chance = build.random("mentoring")
    sides = _Sides(chance)
    mentors = _mentors(build, outside)
    save(MentorProfile(code=build.code(), visitor=who, most=2, **sides(who.language)) for who in mentors)
    named = {person.row.pk for person in personas}
    inside = [
        person
        for person in build.people.all
        if person.row.facility_id == build.places.facilities[HERE].pk
        and person.row.whereabouts == Whereabouts.INSIDE
        and person.row.pk not in named
    ]
    chosen = chance.sample(inside, min(len(inside), WAITING + MEETING + 1))
    persona = next((p for p in personas if p.row.facility_id == build.places.facilities[HERE].pk), None)
    meeting = ([persona] if persona else []) + chosen[:MEETING]
    _wishes(build, sides, chosen[MEETING:], "open")
    _wishes(build, sides, meeting, "met")
    matches = [_match(build, mentors[n % len(mentors)], who, n) for n, who in enumerate(meeting)]
    matches.append(_proposal(build, mentors[0], chosen[-1]))
    save(matches)
    _meetings(build, chance, matches[:-1])
    _worry(build, matches[1:2])


def _mentors(build: Build, outside: list[Visitor]) -> list[Visitor]:
    cleared = set(
        Clearance.objects.filter(
            facility=build.places.facilities[HERE], status__in=CLEARED, valid__contains=build.today
        ).values_list("visitor_id", flat=True)
    )
    known = [who for who in outside if who.kind == VisitorKind.MENTOR and who.pk in cleared]
    others = [who for who in outside if who.kind != VisitorKind.MENTOR and who.pk in cleared]
    known.sort(key=lambda who: who.name != "Walter Sims")
    return [*known, *others[: max(0, 6 - len(known))]]


def _wishes(build: Build, sides: _Sides, people: list[Person], status: str) -> None:
    save(
        Wish(
            code=build.code(),
            participant=person.row,
            status=status,
            asked_on=build.day(-sides.random.randint(5, 120)),
            asked_by=person.row.name,
            **sides(person.language),
        )
        for person in people
    )


def _match(build: Build, mentor: Visitor, person: Person, number: int) -> Match:
    since = build.day(-80 + 7 * number)
    ended = number == MEETING
    return _row(
        build,
        mentor,
        person,
        status="ended" if ended else "active",
        proposed_on=since - 6 * DAY,
        mentor_answer="yes",
        participant_answer="yes",
        participant_answer_by="Dana Whitfield",
        active_from=since,
        **(
            {
                "ended_on": build.day(-4),
                "end_reason": "goal_reached",
                "ended_by": mentor.name,
                "last_meeting": "held",
                "thanks": "I looked forward to every Tuesday. Thank you for the chess, and for listening.",
            }
            if ended
            else {}
        ),
    )


def _proposal(build: Build, mentor: Visitor, person: Person) -> Match:
    return _row(build, mentor, person, status="proposed", proposed_on=build.day(-3))


def _row(build: Build, mentor: Visitor, person: Person, **given: Any) -> Match:
    return Match(
        code=build.code(),
        visitor=mentor,
        participant=person.row,
        facility=build.places.facilities[HERE],
        kind="mentor",
        mentor_known_as=f"{mentor.first_name} {mentor.last_name[:1]}.",
        participant_known_as=f"{person.row.first_name} {person.row.last_name[:1]}.",
        reasons=[
            {"code": "language", "about": ["en"]},
            {"code": "interest", "about": ["games", "reading"]},
            {"code": "time", "about": ["tue-ev"]},
            {"code": "mode", "about": ["in_person"]},
            {"code": "after_release", "about": []},
        ],
        proposed_by="Dana Whitfield",
        **given,
    )


def _meetings(build: Build, chance: random.Random, matches: list[Match]) -> None:
    rows = []
    for number, match in enumerate(matches):
        assert match.active_from is not None
        # The second one has fallen silent: its last meeting is more than a month ago.
        last = match.ended_on or build.day(-35 if number == 1 else -3)
        days = range(2, (last - match.active_from).days + 1, 9)
        rows += [
            Meeting(
                code=build.code(),
                match=match,
                participant=match.participant,
                on=match.active_from + dt.timedelta(days=day),
                minutes=chance.choice((45, 60, 60, 90)),
                mode=chance.choice(("in_person", "in_person", "video")),
                logged_by=match.mentor_known_as,
            )
            for day in days
        ]
    save(rows)


def _worry(build: Build, matches: list[Match]) -> None:
    save(
        Concern(
            code=build.code(),
            match=match,
            facility=match.facility,
            participant=match.participant,
            text="He did not come twice, and last time he said that nothing matters. Please look in on him.",
            raised_by=match.visitor.name,
            recorded_at=at(build.day(-1), dt.time(20, 10)),
        )
        for match in matches
    )
