"""Opening a record in an emergency, and the review by somebody in the facility that holds the person."""

from __future__ import annotations

import pytest
from django.urls import reverse

import factories as make
from acting import signed_in
from throughgate.access.models import BreakGlass
from throughgate.access.roles import RoleName

pytestmark = pytest.mark.django_db


def test_a_record_opens_and_is_reviewed_where_the_person_is_and_nowhere_else() -> None:
    here, there, third = make.facility(), make.facility(), make.facility()
    person = make.participant(there)
    browser = signed_in(make.member(RoleName.CASE_MANAGER, facility=here))
    url = reverse("staff:emergency", args=[person.code])
    assert person.last_name not in browser.get(url).content.decode()
    browser.post(url, {"reason": "Collapsed on the walk, the hospital asks"})
    assert person.last_name in browser.get(url).content.decode()
    opening = BreakGlass.objects.get()
    review = reverse("staff:review", args=[opening.code])
    assert signed_in(make.member(RoleName.LEADERSHIP, facility=third)).get(review).status_code == 404
    reviewer = signed_in(make.member(RoleName.LEADERSHIP, facility=there))
    assert reviewer.get(reverse("staff:reviews")).status_code == 200
    assert reviewer.get(review).status_code == 200
    reviewer.post(review, {"finding": "Needed"})
    opening.refresh_from_db()
    assert opening.finding == "Needed"
