"""What pages read about people: the person, the case list, finding, and who has looked."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import ProgrammingError, transaction
from django.test.utils import CaptureQueriesContext

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.models import Blocked
from throughgate.access.roles import RoleName
from throughgate.base.scope import Audience
from throughgate.people import actions, queries
from throughgate.people.models import Participant
from throughgate.people.queries.cases import next_review
from throughgate.people.search import read_words
from throughgate.policies import queries as policies

TODAY = make.TODAY
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("typed", "exact", "names", "born"),
    [
        ("A000123", "A000123", (), None),
        ("  garcia ", "garcia", ("garcia",), None),
        ("Ana María García", "", ("ana", "maria", "garcia"), None),
        ("García, Ana 1990-02-03", "", ("garcia", "ana"), dt.date(1990, 2, 3)),
        ("Ana García 2/3/1990", "", ("ana", "garcia"), dt.date(1990, 2, 3)),
        ("Ana García 31/31/1990", "", ("ana", "garcia"), None),
        ("   ", "", (), None),
    ],
)
def test_what_was_typed(typed: str, exact: str, names: tuple[str, ...], born: dt.date | None) -> None:
    wanted = read_words(typed)
    assert (wanted.exact, wanted.names, wanted.born) == (exact, names, born)


def test_a_full_name_is_read_both_ways_round() -> None:
    assert read_words("García, Ana María").full_name == read_words("Ana María García").full_name
    assert read_words("García").full_name == ""


@pytest.mark.django_db
def test_names_find_own_people_only_and_numbers_find_everybody_once() -> None:
    here, there = make.facility(), make.facility()
    born = {"birth_date": dt.date(1990, 2, 3)}
    mine = make.participant(here, first_name="Ana", last_name="García", profile=born)
    theirs = make.participant(there, first_name="Ana", last_name="García", profile=born)
    number = theirs.identifiers.get().value
    member = make.member(RoleName.CASE_MANAGER, facility=here)
    with acting(member, readonly=True) as by:
        for words in ("garcia", "gar an", "Ana Garcia"):
            found = queries.find(by, words)
            assert ([p.pk for p in found.mine], found.elsewhere) == ([mine.pk], []), words
        exact = queries.find(by, number)
        assert exact.mine == []
        assert [(c.participant_id, c.name, c.birth_year) for c in exact.elsewhere] == [
            (theirs.pk, "Ana G.", 1990)
        ]
        assert exact.participant_ids == [theirs.pk]
        assert [c.code for c in queries.find(by, theirs.code.lower()).elsewhere] == [theirs.code]
        both = queries.find(by, "Ana Garcia 1990-02-03")
        assert ([p.pk for p in both.mine], [c.participant_id for c in both.elsewhere]) == (
            [mine.pk],
            [theirs.pk],
        )
        assert queries.find(by, "Ana Garcia 1991-02-03") == queries.Found([], [], more=False)
        assert queries.find(by, "%") == queries.Found([], [], more=False)
    Blocked.objects.create(user=member.user, participant=theirs, reason="a relative")
    with acting(member) as by:
        assert queries.find(by, number).elsewhere == []
    for role in (RoleName.CONTROL, RoleName.GATE):
        with acting(make.member(role, facility=here)) as by:
            assert queries.find(by, number).elsewhere == []


@pytest.mark.django_db
def test_the_look_up_shows_five_cards_at_most() -> None:
    here, there = make.facility(), make.facility()
    for _each in range(7):
        make.participant(there, first_name="Jo", last_name="Doe", profile={"birth_date": dt.date(1980, 1, 1)})
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by:
        assert len(queries.find(by, "Jo Doe 1980-01-01").elsewhere) == 5


@pytest.mark.django_db
def test_the_person_page_shows_each_reader_their_part(
    django_assert_max_num_queries: CaptureQueriesContext,
) -> None:
    here, there = make.facility(), make.facility()
    person, other = make.participant(here), make.participant(here)
    system = Actor.system("test")
    actions.record_release_date(
        by=system, participant=person, kind="projected", on=TODAY + 40 * DAY, source="s", as_of=TODAY - DAY
    )
    actions.add_keep_apart(by=system, first=person, second=other, reason="threat", source="memo")
    with acting(make.member(RoleName.CASE_MANAGER, facility=here), readonly=True) as by:
        with django_assert_max_num_queries(13):  # type: ignore[operator]
            page = queries.person_page(by, person.code)
        assert page is not None and page.profile is not None
        assert page.days_to_release == (page.profile.release_on - page.today).days  # type: ignore[operator]
        assert (len(page.release_dates), len(page.stays), page.keep_apart) == (1, 1, [])
        assert {change.kind for change in page.changes} == {"date_moved", "keep_apart"}
        assert {change.kind for change in queries.inbox(by)} == {"date_moved", "keep_apart"}
    with acting(make.member(RoleName.CONTROL, facility=here), readonly=True) as by:
        page = queries.person_page(by, person.code)
        assert page is not None
        assert (page.profile, page.release_dates, page.stays, page.changes) == (None, [], [], [])
        assert len(page.identifiers) == 1
    with acting(make.member(RoleName.CAPTAIN, facility=here), readonly=True) as by:
        page = queries.person_page(by, person.code)
        assert page is not None and len(page.keep_apart) == 1
    with acting(make.member(RoleName.CASE_MANAGER, facility=there), readonly=True) as by:
        assert queries.person_page(by, person.code) is None
        assert queries.person_page(by, "nonsense") is None


@pytest.mark.django_db
def test_who_has_looked_is_told_with_names_to_whom_it_concerns() -> None:
    here, there = make.facility(), make.facility()
    person = make.participant(here)
    manager = make.member(RoleName.CASE_MANAGER, facility=here)
    with acting(manager) as by:
        actions.record_access_need(by=by, participant=person, kind="step_free")
    with acting(make.member(RoleName.PARTICIPANT, participant=person), readonly=True):
        seen = queries.lookers(person)
    assert manager.person_name in {str(looker.name) for looker in seen}
    assert any(looker.what == "people_accessneed" and looker.kind == "write" for looker in seen)
    with (
        acting(make.member(RoleName.CASE_MANAGER, facility=there), readonly=True),
        pytest.raises(ProgrammingError, match="may not see who looked"),
        transaction.atomic(),
    ):
        queries.lookers(person)


@pytest.mark.django_db
def test_the_case_list_begins_with_what_is_due_first(
    django_assert_max_num_queries: CaptureQueriesContext,
) -> None:
    here, there = make.facility(), make.facility()
    make.participant(there)
    late = make.participant(here, profile={"release_on": here.today() - 3 * DAY})
    soon = make.participant(here, profile={"release_on": here.today() + 10 * DAY})
    unknown = make.participant(here, profile={"release_on": None, "release_unknown_reason": "unsentenced"})
    far = make.participant(here, profile={"release_on": here.today() + 4000 * DAY})
    Participant.objects.filter(pk=make.participant(here).pk).update(whereabouts="died")
    with acting(make.member(RoleName.CASE_MANAGER, facility=here), readonly=True) as by:
        with django_assert_max_num_queries(5):  # type: ignore[operator]
            listed = queries.case_list(by)
        order = [row.participant.pk for row in listed.rows]
        assert order[:2] == [late.pk, soon.pk]
        assert set(order) == {late.pk, soon.pk, unknown.pk, far.pk}
        first = listed.rows[0].next
        assert first is not None and first.state(listed.today) == "late"
        only = queries.case_list(by, queries.CaseFilters(kind="date"))
        assert [row.participant.pk for row in only.rows] == [unknown.pk]
        near = queries.case_list(by, queries.CaseFilters(within_days=15, words=soon.last_name))
        assert [row.participant.pk for row in near.rows] == [soon.pk]
        assert near.kinds["release"] == 1
    with acting(make.member(RoleName.CONTROL, facility=here), readonly=True) as by:
        assert queries.case_list(by).rows == []


def test_reviews_follow_each_other_until_shortly_before_release() -> None:
    rules = policies.reviews("US", dt.date(2026, 1, 1)).data
    arrived, today = dt.date(2020, 1, 1), dt.date(2026, 1, 1)
    for release in (None, dt.date(2026, 12, 1), dt.date(2040, 1, 1)):
        due = next_review(arrived, release, today, rules)
        assert due is not None and due.on is not None and due.opens_on is not None
        assert due.opens_on <= due.on
        assert due.on >= today
        assert release is None or due.on < release
    assert next_review(arrived, dt.date(2026, 1, 5), today, rules) is None
    fresh = next_review(today, None, today, rules)
    assert fresh is not None and fresh.on == today + rules.moved_days * DAY


def test_only_staff_are_told_anything() -> None:
    assert queries.case_list(Actor(name="x", audience=Audience.PARTNER)).total == 0
