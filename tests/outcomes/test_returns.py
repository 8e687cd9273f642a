"""Counts for funders: people once, places as they were, what is not recorded named as such."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.outcomes.queries import returns
from throughgate.places.models import FacilityKind

pytestmark = pytest.mark.django_db
SINCE, UNTIL = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
DAY = dt.timedelta(days=1)


def seats() -> tuple[object, object]:
    """Two people inside and one outside, with places that began, went on and ended around the quarter."""
    here = make.facility()
    office = make.facility(kind=FacilityKind.COMMUNITY_OFFICE)
    course = make.cohort(here, make.program(needs=["work", "education"]))
    club = make.cohort(office, make.program(needs=["peers"]))
    both, once, outside = make.participant(here), make.participant(here), make.participant(office)
    old = {"starts_on": SINCE - 60 * DAY, "ends_on": UNTIL}
    ended = {"status": "ended", "ended_on": UNTIL - 5 * DAY}
    make.enrollment(both, course, **old, **ended, end_reason="completed")
    make.enrollment(
        both, make.cohort(here, make.program(needs=["work"])), starts_on=SINCE + DAY, ends_on=UNTIL
    )
    make.enrollment(once, course, **old, **ended, end_reason=leaving("withdrew"))
    make.enrollment(outside, club, starts_on=SINCE + 9 * DAY, ends_on=UNTIL)
    gone = make.participant(here)
    make.enrollment(gone, course, **old, status="ended", ended_on=SINCE - DAY, end_reason="completed")
    mistake = make.participant(here)
    make.enrollment(mistake, course, **old, **ended, end_reason=leaving("", group="record"))
    return here, office


def leaving(outcome: str, group: str = "") -> str:
    """A reason of the pack with this outcome or group."""
    from throughgate.policies import queries as policies

    reasons = policies.leaving("US-HB", UNTIL).data.reasons.values()
    return next(r.code for r in reasons if (r.group == group if group else r.outcome == outcome))


def test_the_counts_of_a_quarter_follow_their_definitions() -> None:
    here, office = seats()
    made = returns.make([here, office], SINCE, UNTIL)  # type: ignore[list-item]
    found = {each.code: (each.value, each.of) for each in made.counts}
    assert found["served"] == (3, None) and found["new"] == (2, None)
    assert found["places"] == (4, None)
    assert found["before_release"] == (2, None) and found["after_release"] == (1, None)
    assert found["ended"] == (2, None) and found["completed"] == (1, 2) and found["left"] == (1, 2)
    assert found["risk"] == found["family"] == found["tests"] == (None, None)
    kinds = {kind.label: kind for kind in made.kinds}
    assert kinds["Work and vocation"].served == 2 and kinds["Work and vocation"].places == 3
    assert kinds["Education"].completed == 1 and kinds["Friends and support"].ended == 0
    assert all(each.definition for each in made.counts)


def test_a_return_is_shown_taken_away_and_printed() -> None:
    here, _office = seats()
    browser = signed_in(make.member(RoleName.LEADERSHIP, facility=here))
    query = f"?since={SINCE}&until={UNTIL}"
    page = browser.get(f"/staff/outcomes/returns/{query}").content.decode()
    assert "People served" in page and "not recorded" in page and returns.DEFINITIONS in page
    table = browser.get(f"/staff/outcomes/returns/table.csv{query}").content.decode("utf-8-sig")
    rows = {row[1]: row for row in csv.reader(io.StringIO(table))}
    assert rows["People served"][2] == "2" and rows["Completed successfully"][4] == "50"
    pdf = browser.get(f"/staff/outcomes/returns/print/{query}")
    assert pdf.content.startswith(b"%PDF")
