"""Whatever happens to somebody, their stays never overlap and at most one is open."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from throughgate.access.actor import Actor
from throughgate.base.errors import Refused
from throughgate.people import actions
from throughgate.people.models import Participant, Stay
from throughgate.places.models import Facility

TODAY = make.TODAY
STEPS = st.tuples(st.sampled_from(["transfer", "release", "return"]), st.integers(0, 3), st.integers(0, 2))


def take(kind: str, person: Participant, to: Facility, on: dt.date) -> None:
    by = Actor.system("test")
    if kind == "transfer":
        actions.transfer(by=by, participant=person, to=to, on=on, reason="x")
    elif kind == "release":
        actions.release(by=by, participant=person, on=on, reason="x")
    else:
        actions.return_to_custody(by=by, participant=person, to=to, on=on, reason="x")


@pytest.mark.django_db
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=6))
def test_stays_never_overlap(steps: list[tuple[str, int, int]]) -> None:
    places = [make.facility() for _each in range(3)]
    person = make.participant(places[0])
    day = TODAY - dt.timedelta(days=30)
    for kind, days, to in steps:
        day += dt.timedelta(days=days)
        try:
            take(kind, person, places[to], day)
        except Refused as refused:
            assert {reason.code for reason in refused.reasons} <= {
                *("same_place", "in_the_community", "is_inside", "before_arrival"),
            }
    spans = [stay.during for stay in Stay.objects.filter(participant=person).order_by("during")]
    for before, after in itertools.pairwise(spans):
        assert before.upper is not None and after.lower is not None
        assert before.upper <= after.lower
    person.refresh_from_db()
    held = person.whereabouts == "inside"
    assert [span.upper for span in spans].count(None) == int(held)
