"""The auditor reads the trail and nothing else."""

from __future__ import annotations

import pytest

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("stream", ["event", "read", "denied"])
def test_the_trail_shows_each_stream(stream: str) -> None:
    place = make.facility()
    make.participant(place, last_name="Hiddenname")
    browser = signed_in(make.member(RoleName.AUDITOR, agency_wide=True))
    page = browser.get("/audit/", {"stream": stream})
    assert page.status_code == 200
    if stream == "event":
        assert b"people_participant" in page.content
    assert b"Hiddenname" not in page.content


def test_a_filter_that_fits_nothing_says_so() -> None:
    browser = signed_in(make.member(RoleName.AUDITOR, agency_wide=True))
    assert b"Nothing found" in browser.get("/audit/", {"table": "no_such_table"}).content
