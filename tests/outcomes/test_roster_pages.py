"""A doubt in a partner's roster is decided on its page by who evaluates, and by nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from past import person, places

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.outcomes import linking
from throughgate.outcomes.models import Roster, RosterRecord

pytest.importorskip("splink")
pytestmark = pytest.mark.django_db


def test_a_doubt_is_decided_on_the_page_of_its_roster() -> None:
    place, _office = places()
    twins = [person(place, birth_date=dt.date(1980, 5, 5)) for _ in range(2)]
    for each in twins:
        each.first_name, each.last_name = "Ana", "Okonkwo"
        each.save()
    partner = make.organization()
    browser = signed_in(make.member(RoleName.EVALUATOR, facility=place))
    content = "first_name,last_name,birth_date\nAna,Okonkwo,1980-05-05\nNo,,\n"
    facts = {"organization": partner.code, "program_name": "Mentors"}
    wrong = browser.post(
        reverse("staff:roster_new"), {**facts, "file": SimpleUploadedFile("r.csv", b"a,b\n1,2\n")}
    )
    assert "first_name" in wrong.content.decode()
    answer = browser.post(
        reverse("staff:roster_new"), {**facts, "file": SimpleUploadedFile("r.csv", content.encode())}
    )
    roster = Roster.objects.get()
    url = reverse("staff:roster_links", args=[roster.code])
    assert answer["Location"] == url
    assert "being looked for" in browser.get(url).content.decode()
    linking.link(roster.code)
    page = browser.get(url).content.decode()
    assert "same date of birth" in page
    assert "Line 3" in page
    assert twins[0].code in page
    decide = reverse("staff:roster_decide", args=[roster.code, 2])
    other = signed_in(make.member(RoleName.LEADERSHIP, facility=place), Client())
    assert other.get(url).status_code == 403
    assert other.post(decide, {"person": twins[0].code}).status_code == 403
    elsewhere = signed_in(make.member(RoleName.EVALUATOR, facility=make.facility()), Client())
    assert elsewhere.get(url).status_code == 404
    assert browser.post(decide, {"person": twins[1].code}).status_code == 302
    assert RosterRecord.objects.get().participant == twins[1]
    assert twins[0].code not in browser.get(url).content.decode()
    assert "Mentors" in browser.get(reverse("staff:rosters")).content.decode()
