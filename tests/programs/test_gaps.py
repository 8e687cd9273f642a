"""Where need goes unmet, whom to ask next, and what the public may read of it. Made in a worker, read by pages."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

import factories as make
from acting import acting, signed_in
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.partners.models import OrganizationStatus, Service
from throughgate.people.models import Need, Participant
from throughgate.programs import mapping
from throughgate.programs.actions import gaps as verbs
from throughgate.programs.models import GapMap, PlanState, WaitlistEntry
from throughgate.programs.queries import gaps, missing

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


class Place:
    """A facility where one of two people has a seat for education, and everybody needs work that nobody teaches."""

    def __init__(self, people: int = 12) -> None:
        self.facility = make.facility()
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)
        self.cohort = make.cohort(self.facility, make.program(make.organization(), needs=["education"]))
        make.slot(self.cohort)
        self.people = [self.person(n) for n in range(people)]
        self.union = self.offering("Union hall", "work", OrganizationStatus.ACTIVE)
        self.shop = self.offering("Able shop", "work", OrganizationStatus.LISTED)

    def person(self, n: int) -> Participant:
        days = 60 if n % 3 == 0 else 200 if n % 3 == 1 else 900
        who = make.participant(self.facility, profile={"release_on": make.TODAY + days * DAY})
        for domain, level in (("work", 3), ("education", 2), ("finance", 1)):
            Need.objects.create(participant=who, domain=domain, level=level, as_of=make.TODAY)
        if n % 2 == 0:
            make.enrollment(who, self.cohort)
        return who

    def offering(self, name: str, need: str, status: str) -> Service:
        made = make.organization(name=name, status=status, email=f"{name[:4].strip().lower()}@example.org")
        return Service.objects.create(organization=made, name=f"{name} course", needs=[need])

    def made(self) -> GapMap:
        with acting(self.staff) as by:
            asked = verbs.ask(by=by, facility=self.facility, later=False)
        mapping.run(asked.code)
        asked.refresh_from_db()
        assert asked.state == PlanState.READY, asked.why_failed
        return asked


def test_the_map_counts_needs_by_time_to_release_and_seats_held() -> None:
    here = Place()
    made = here.made()
    rows = {row.need: row for row in gaps.need_rows(made)}
    assert list(rows) == ["work", "education"]
    assert (rows["work"].all.people, rows["work"].all.without, rows["work"].all.met) == (12, 12, 0)
    assert (rows["education"].all.people, rows["education"].all.without) == (12, 6)
    assert [square.people if square else 0 for square in rows["education"].squares] == [4, 4, 4]
    assert 0.3 < rows["education"].all.met < 0.5
    assert rows["education"].all.filled == rows["education"].all.met
    assert made.work is not None and made.work.state == "done"


def test_free_seats_count_for_those_in_line_only() -> None:
    here = Place()
    for who in here.people[1:4:2]:
        WaitlistEntry.objects.create(
            participant=who, program=here.cohort.program, status="approved", requested_by="self",
            requested_on=make.TODAY - DAY, confirmed_on=make.TODAY,
        )  # fmt: skip
    education = next(row for row in gaps.need_rows(here.made()) if row.need == "education")
    assert education.all.filled > education.all.met
    held = education.all.people - education.all.without
    assert held == 6


def test_the_next_partners_are_those_who_offer_what_is_missed_most() -> None:
    here = Place()
    rows = gaps.asks(here.made())
    assert rows[0].need == "work"
    assert rows[0].organization == here.union.organization
    assert rows[0].worth > 0 and rows[0].people > 0
    assert all(a.worth >= b.worth - 0.2 for a, b in itertools.pairwise(rows))
    named = [row.organization for row in rows if row.organization]
    assert len(named) == len(set(named))
    here.union.organization.delete()
    assert gaps.asks(gaps.latest(here.facility))[0].organization is None  # type: ignore[arg-type]


def test_a_second_course_for_the_same_people_adds_less() -> None:
    here = Place(people=6)
    work = [row for row in gaps.asks(here.made()) if row.need == "work"]
    assert len(work) <= 2 and all(row.worth < work[0].worth for row in work[1:])


def test_the_pages_show_the_map_and_whom_to_ask() -> None:
    here = Place()
    browser = signed_in(here.staff)
    assert "No map yet" in browser.get("/staff/gaps/").content.decode()
    made = here.made()
    page = browser.get("/staff/gaps/").content.decode()
    assert "Work and vocation" in page and "of the need" in page
    asking = browser.get("/staff/gaps/ask/").content.decode()
    assert "Union hall" in asking and "mailto:unio%40example.org" in asking
    letter = browser.post(f"/staff/gaps/ask/{made.code}/1/")
    assert letter["Content-Type"] == "application/pdf"
    assert browser.post(f"/staff/gaps/ask/{made.code}/99/").status_code == 404
    assert browser.post("/staff/gaps/new/").status_code == 302
    assert "is being made" in browser.post("/staff/gaps/new/", follow=True).content.decode()


def test_who_may_not_give_seats_makes_no_map_and_others_see_none() -> None:
    here = Place(people=2)
    here.made()
    with acting(make.member(RoleName.CONTROL, facility=here.facility)) as by, pytest.raises(Forbidden):
        verbs.ask(by=by, facility=here.facility)
    with acting(make.member(RoleName.COORDINATOR, facility=make.facility())):
        assert not GapMap.objects.exists()
    with acting(here.staff) as by:
        verbs.ask(by=by, facility=here.facility, later=False)
        with pytest.raises(Refused):
            verbs.ask(by=by, facility=here.facility)


def test_the_public_reads_coarse_counts_only() -> None:
    here = Place(people=12)
    assert missing.most_missed(here.facility) == []
    here.made()
    found = missing.most_missed(here.facility)
    assert [(each.need, each.without, each.waiting) for each in found] == [("work", "about 10", "none")]
    assert found[0].starts is not None and found[0].weekday
    small = Place(people=9)
    small.made()
    assert missing.most_missed(small.facility) == []
