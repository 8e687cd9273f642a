"""Who goes together: possible, explained, stable, the same in any order, and never those kept apart."""

from __future__ import annotations

import datetime as dt
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.mentoring import rules
from throughgate.policies import queries as policies

TODAY = dt.date(2027, 3, 1)
HOUSE = policies.mentoring("default", TODAY).data
DAY = dt.timedelta(days=1)


def few(*codes: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(codes), max_size=3)


SIDE = {
    "kinds": few("mentor", "tutor"),
    "interests": few("art", "music", "games", "sport"),
    "subjects": few("math", "reading", "ged"),
    "languages": few("en", "es"),
    "times": few("mon-am", "tue-ev", "sat-pm"),
    "modes": few("in_person", "video", "letters"),
    "region": st.sampled_from(["", "Harbor County", "harbor  county", "Elsewhere"]),
    "after_release": st.booleans(),
}
KEYS = [f"M{n}" for n in range(5)]
mentors = st.lists(
    st.builds(rules.Mentor, key=st.sampled_from(KEYS), free=st.integers(0, 2), has=st.integers(0, 2),
              cleared=st.frozensets(st.integers(1, 2)), **SIDE),
    max_size=5, unique_by=lambda each: each.key,
)  # fmt: skip
seekers = st.lists(
    st.builds(rules.Seeker, key=st.sampled_from([f"S{n}" for n in range(6)]), facility=st.integers(1, 2),
              asked_on=st.integers(0, 200).map(lambda n: TODAY - n * DAY), inside=st.booleans(),
              apart=st.frozensets(st.sampled_from(KEYS), max_size=2), **SIDE),
    max_size=6, unique_by=lambda each: each.key,
)  # fmt: skip


@given(seekers, mentors, st.randoms())
@settings(max_examples=200, deadline=None)
def test_proposals_are_possible_explained_stable_and_do_not_jump(
    people: list[rules.Seeker], outside: list[rules.Mentor], chance: random.Random
) -> None:
    made = rules.propose(people, outside, TODAY, HOUSE)
    by_seeker, by_mentor = {s.key: s for s in people}, {m.key: m for m in outside}
    assert len({each.seeker for each in made}) == len(made)
    for each in made:
        seeker, mentor = by_seeker[each.seeker], by_mentor[each.mentor]
        assert mentor.key not in seeker.apart
        assert seeker.languages & mentor.languages and seeker.kinds & mentor.kinds
        assert rules.ways(seeker, mentor)
        assert sum(1 for other in made if other.mentor == mentor.key) <= mentor.free
        assert each.why and all(why.code for why in each.why)
    shuffled = chance.sample(people, len(people)), chance.sample(outside, len(outside))
    assert rules.propose(*shuffled, TODAY, HOUSE) == made
    assert_stable(people, outside, made)


def assert_stable(people: list[rules.Seeker], outside: list[rules.Mentor], made: list[rules.Pair]) -> None:
    """No participant and mentor would both have been better off with each other."""
    mine = {each.seeker: each.points for each in made}
    taken: dict[str, list[int]] = {}
    for each in made:
        taken.setdefault(each.mentor, []).append(each.points)
    for seeker in people:
        for mentor in outside:
            other = rules.pair(seeker, mentor, TODAY, HOUSE)
            if other is None or other.points <= mine.get(seeker.key, -1):
                continue
            theirs = taken.get(mentor.key, [])
            assert len(theirs) == mentor.free and min(theirs, default=other.points) >= other.points


def mentor(**given_: object) -> rules.Mentor:
    values = {"key": "M", "kinds": {"mentor"}, "languages": {"en"}, "modes": {"in_person"}, "interests": {"art"},
              "free": 1, "cleared": {1}}  # fmt: skip
    return rules.Mentor(
        **{k: frozenset(v) if isinstance(v, set) else v for k, v in {**values, **given_}.items()}
    )  # type: ignore[arg-type]


def seeker(**given_: object) -> rules.Seeker:
    values = {"key": "S", "kinds": {"mentor"}, "languages": {"en"}, "modes": {"in_person"}, "interests": {"art"},
              "facility": 1, "asked_on": TODAY}  # fmt: skip
    return rules.Seeker(
        **{k: frozenset(v) if isinstance(v, set) else v for k, v in {**values, **given_}.items()}
    )  # type: ignore[arg-type]


def test_in_person_inside_needs_a_clearance_there_and_none_outside() -> None:
    assert not rules.fits(seeker(), mentor()).refused
    assert [r.code for r in rules.fits(seeker(), mentor(cleared=set())).reasons] == ["mode"]
    assert not rules.fits(seeker(inside=False), mentor(cleared=set())).refused


def test_a_keep_apart_order_is_refused_in_the_words_of_any_misfit() -> None:
    (reason,) = rules.fits(seeker(apart={"M"}), mentor()).reasons
    assert reason == rules.NOT_A_FIT
    assert "apart" not in f"{reason.text} {reason.remedy} {reason.code}"


def test_waiting_longer_moves_up_but_alone_makes_no_pair() -> None:
    long = rules.pair(seeker(asked_on=TODAY - 90 * DAY), mentor(), TODAY, HOUSE)
    short = rules.pair(seeker(), mentor(), TODAY, HOUSE)
    assert long is not None and short is not None and long.points > short.points
    assert rules.pair(seeker(asked_on=TODAY - 400 * DAY, interests=set()), mentor(), TODAY, HOUSE) is None


def test_every_status_has_its_steps_and_ends_are_ends() -> None:
    assert {s for steps in rules.NEXT.values() for s in steps} <= set(rules.NEXT)
    assert not rules.may_become("proposed", "active").refused
    for over in ("declined", "ended"):
        assert all(rules.may_become(over, wanted).refused for wanted in rules.NEXT)


@given(st.integers(-3, 120), st.integers(0, 600), st.sampled_from(["", "video"]))
def test_a_meeting_lies_in_the_match_and_in_reason(days_ago: int, minutes: int, mode: str) -> None:
    on, begun = TODAY - days_ago * DAY, TODAY - 50 * DAY
    decision = rules.sound_meeting(on, minutes, mode, begun=begun, today=TODAY, rules=HOUSE)
    fine = 0 <= days_ago <= 50 and 1 <= minutes <= HOUSE.longest_minutes and bool(mode)
    assert decision.refused is not fine


def test_silence_is_asked_about_first_of_the_mentor_then_of_the_coordinator() -> None:
    course = rules.Course(status="active", proposed_on=TODAY, active_from=TODAY)
    asked = {
        days: [(c.who, c.what) for c in rules.chase(course, TODAY + days * DAY, HOUSE)]
        for days in (13, 14, 28)
    }
    assert asked == {13: [], 14: [("mentor", "first_meeting")],
                     28: [("mentor", "first_meeting"), ("coordinator", "silent")]}  # fmt: skip
    met = rules.Course(status="active", proposed_on=TODAY, active_from=TODAY, last_meeting=TODAY + 20 * DAY)
    assert rules.chase(met, TODAY + 28 * DAY, HOUSE) == []
    assert rules.chase(met, TODAY + 34 * DAY, HOUSE)[0].since == TODAY + 20 * DAY
    waits = rules.Course(status="proposed", proposed_on=TODAY)
    assert {c.who for c in rules.chase(waits, TODAY + 7 * DAY, HOUSE)} == {"mentor", "coordinator"}
    assert rules.chase(rules.Course(status="ended", proposed_on=TODAY), TODAY + 90 * DAY, HOUSE) == []
