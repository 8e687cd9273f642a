"""Public pages say what runs and what is missing, and give nobody away."""

from __future__ import annotations

import pytest
from django.test import Client

import factories as make
from throughgate.policies import queries as policies
from throughgate.programs.models import WaitlistEntry
from throughgate.programs.queries.missing import most_missed
from throughgate.programs.rules.publishing import shown

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/programs/", "/get-involved/", "/results/", "/stories/"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_public_page_answers_in_both_languages(address: str, language: str) -> None:
    make.facility()
    response = Client(headers={"accept-language": language}).get(address)
    assert response.status_code == 200
    assert f'lang="{language}"'.encode() in response.content


def test_what_runs_here_never_names_treatment() -> None:
    place = make.facility()
    open_ = make.program(name="Welding basics")
    hidden = make.program(name="Recovery group", part2=True, movement_label="Health appointment")
    make.cohort(place, open_)
    make.cohort(place, hidden)
    page = Client().get(f"/facilities/{place.code}/").content.decode()
    assert "Welding basics" in page
    assert "Recovery group" not in page


def test_small_numbers_are_hidden_and_others_rounded() -> None:
    place, wanted = make.facility(), make.program(needs=["work"])
    for _ in range(9):
        WaitlistEntry.objects.create(
            participant=make.participant(place),
            program=wanted,
            requested_on=make.TODAY,
            confirmed_on=make.TODAY,
            requested_by="self",
        )
    # Nine people waiting are too few to be told at all; ten are, and nobody learns how many exactly.
    assert most_missed(place) == []
    WaitlistEntry.objects.create(
        participant=make.participant(place),
        program=wanted,
        requested_on=make.TODAY,
        confirmed_on=make.TODAY,
        requested_by="self",
    )
    (row,) = most_missed(place)
    assert row.waiting == "about 10"
    assert "about 10" in Client().get(f"/facilities/{place.code}/").content.decode()
    rules = policies.publishing("default", make.TODAY).data
    assert [shown(n, rules) for n in (0, 1, 9, 10, 12, 13, 100)] == [
        "none", "fewer than 10", "fewer than 10", "about 10", "about 10", "about 15", "about 100",
    ]  # fmt: skip


def test_a_facility_that_is_not_there_is_not_found() -> None:
    assert Client().get("/facilities/NOTHERE2/").status_code == 404
