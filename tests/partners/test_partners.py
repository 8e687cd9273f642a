"""Organizations, what was signed, what they offer, and the directory that finds it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.partners import actions, queries, rules
from throughgate.partners.models import Agreement, OpeningHours, Organization, Service
from throughgate.partners.queries import DirectoryFilters
from throughgate.partners.rules import Term

TODAY = make.TODAY
DAY = dt.timedelta(days=1)
DATES = st.dates(dt.date(2025, 1, 1), dt.date(2025, 2, 15))
SYSTEM = Actor.system("test")


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def offer(name: str, name_es: str = "", city: str = "", **facts: object) -> Service:
    org = facts.pop("organization", None) or make.organization()
    assert isinstance(org, Organization)
    service = actions.save_service(by=SYSTEM, organization=org, name=name, name_es=name_es, **facts)
    if city:
        place = actions.save_location(by=SYSTEM, city=city)
        actions.place_service(by=SYSTEM, service=service, location=place)
    return service


def found(words: str, reader: str = "en", **filters: object) -> list[str]:
    directory = queries.search_directory(words, reader, DirectoryFilters(**filters))  # type: ignore[arg-type]
    return [] if directory.guessed else [hit.name for hit in directory.hits]


@given(DATES, DATES, st.none() | DATES, DATES)
def test_an_agreement_holds_between_its_days_until_it_is_terminated(
    first: dt.date, until: dt.date, terminated: dt.date | None, day: dt.date
) -> None:
    holds = Term(first=first, until=until, terminated_on=terminated).holds(day)
    assert holds == (first <= day <= until and (terminated is None or day < terminated))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Sober Living", ("sober", "living")),
        ("¿Dónde hay una vivienda?", ("donde", "hay", "vivienda")),
        ("the of and", ()),
        ("a' OR 1=1; --", ("1",)),
        ("x:* & !y | (z)", ("x", "z")),
    ],
)
def test_what_is_searched_for(typed: str, words: tuple[str, ...]) -> None:
    assert rules.search_words(typed) == words


@pytest.mark.django_db
def test_the_directory_finds_both_languages_accents_and_beginnings() -> None:
    homes = offer("Sober Living Homes", "Viviendas sobrias", city="Santa Barbara", languages=["English"])
    offer("Emergency shelter", needs=["housing"], description="Beds for the night")
    offer("Legal aid", "Asesoría jurídica", city="Lompoc", languages=["English", "Spanish"])
    offer("Closed home", status="closed", needs=["housing"])
    org = make.organization(name="Casa Esperanza", status="suspended")
    offer("Housing help", organization=org)
    with scope.public():
        assert found("sober living") == ["Sober Living Homes"]
        assert found("living sob") == ["Sober Living Homes"]
        assert found("vivienda") == ["Sober Living Homes", "Emergency shelter"]
        assert found("viviendas", "es")[0] == "Viviendas sobrias"
        assert found("asesoria") == found("ASESORÍA juridica") == ["Legal aid"]
        assert found("shelters") == ["Emergency shelter"]
        assert found("housing") == ["Emergency shelter"]
        assert found("sober juridica") == []
        assert found("", city="santa barbara") == ["Sober Living Homes"]
        assert found("", language="Spanish") == ["Legal aid"]
        assert found("", need="housing") == ["Emergency shelter"]
        alike = queries.search_directory("sobber livin")
        assert alike.guessed and alike.hits[0].service.pk == homes.pk
        nothing = queries.search_directory("zzzzqqqq")
        assert (nothing.total, nothing.guessed, nothing.pages) == (0, False, 1)
        assert queries.directory_choices() == {
            "city": ["Lompoc", "Santa Barbara"],
            "language": ["English", "Spanish"],
        }


@pytest.mark.django_db
def test_filters_by_language_kind_and_page() -> None:
    college = make.organization(kind="college", name="Harbor College")
    for number in range(25):
        offer(f"Course {number:02}", organization=college, languages=["Spanish"])
    offer("Course elsewhere")
    make.organization(name="Course Givers")
    first = queries.search_directory("course", "en", DirectoryFilters(kind="college", language="Spanish"))
    assert (first.total, first.pages, len(first.hits), first.capped) == (25, 2, 20, False)
    last = queries.search_directory("course", "en", DirectoryFilters(kind="college", page=9))
    assert (last.page, len(last.hits)) == (2, 5)
    assert [o.name for o in first.organizations] == ["Course Givers"]
    assert [hit.name for hit in first.hits] == sorted(hit.name for hit in first.hits)


@pytest.mark.django_db
def test_a_renamed_organization_is_found_by_its_new_name() -> None:
    service = offer("Mentoring")
    actions.save_organization(by=SYSTEM, organization=service.organization, name="Puente Nuevo")
    assert found("puente") == ["Mentoring"]


@pytest.mark.django_db
def test_organizations_are_kept_by_the_facility_and_reached_as_the_partner_says() -> None:
    here, org, other = make.facility(), make.organization(), make.organization()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        made = actions.save_organization(by=by, name="New Path", kind="nonprofit")
        with pytest.raises(Refused) as no:
            actions.save_organization(by=by, name="", kind="club", email="x")
        assert {reason.field for reason in no.value.reasons} == {"name", "kind"}
    lead = make.member(RoleName.PARTNER_LEAD, organization=org)
    with acting(lead) as by:
        actions.save_organization(by=by, organization=org, phone="555 0100")
        assert Organization.objects.get(pk=org.pk).phone == "555 0100"
        for wrong in (
            lambda: actions.save_organization(by=by, organization=org, status="active"),
            lambda: actions.save_organization(by=by, organization=other, phone="1"),
            lambda: actions.save_organization(by=by, name="Mine"),
            lambda: actions.save_service(by=by, organization=org, name="X"),
        ):
            with pytest.raises(Forbidden):
                wrong()
    with acting(make.member(RoleName.PARTNER_STAFF, organization=org)) as by, pytest.raises(Forbidden):
        actions.save_organization(by=by, organization=org, phone="1")
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Forbidden):
        actions.save_organization(by=by, organization=made, phone="1")


@pytest.mark.django_db
def test_agreements_name_their_days_and_places_and_hold_there() -> None:
    here, there, org = make.facility(), make.facility(), make.organization()
    today = here.today()
    facts = {"kind": "mou", "title": "Parenting", "organization": org}
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.save_agreement(by=by, facilities=[], first=None, until=None, **facts)  # type: ignore[arg-type]
        assert codes(no) == {"first_missing", "until_missing", "no_facility"}
        with pytest.raises(Refused) as odd:
            actions.save_agreement(
                by=by,
                facilities=[here],
                first=today,
                until=today - DAY,
                **facts,  # type: ignore[arg-type]
            )
        assert codes(odd) == {"ends_before_start"}
        with pytest.raises(Forbidden):
            actions.save_agreement(
                by=by,
                facilities=[here, there],
                first=today,
                until=today,
                **facts,  # type: ignore[arg-type]
            )
        signed = actions.save_agreement(
            by=by,
            facilities=[here],
            first=today,
            until=today + 30 * DAY,
            **facts,  # type: ignore[arg-type]
        )
        for side in ("us", "them"):
            assert not queries.has_agreement(org, here, today)
            actions.sign(by=by, agreement=signed, side=side, signature=actions.SignatureFacts(name="N."))
        assert queries.has_agreement(org, here, today + 30 * DAY)
        assert not queries.has_agreement(org, here, today + 31 * DAY)
        assert not queries.has_agreement(org, there, today)
        assert [last for _row, last in queries.agreements_ending(by)] == [today + 30 * DAY]
        with pytest.raises(Refused) as early:
            actions.terminate_agreement(by=by, agreement=signed, on=today - DAY)
        assert codes(early) == {"before_start"}
        actions.terminate_agreement(by=by, agreement=signed, on=today + DAY)
        assert queries.has_agreement(org, here, today)
        assert not queries.has_agreement(org, here, today + DAY)
        stored = queries.term(Agreement.objects.get())
        assert stored.holds(today) and not stored.holds(today + DAY)
        page = queries.organization_page(org.code.lower(), by)
        assert page is not None and len(page.agreements) == 1
    with scope.public():
        page = queries.organization_page(org.code)
        assert page is not None and page.agreements == []
        assert queries.organization_page("nonsense") is None


@pytest.mark.django_db
def test_services_keep_known_needs_and_doubtful_hours() -> None:
    here = make.facility()
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        org = actions.save_organization(by=by, name="Clinic", kind="clinic")
        with pytest.raises(Refused) as no:
            actions.save_service(by=by, organization=org, name="", needs=["luck"])
        assert codes(no) == {"needs.unknown", "name.blank"}
        service = actions.save_service(by=by, organization=org, name="Checkups", needs=["health"])
        place = actions.save_location(by=by, city="Lompoc")
        hours = [
            actions.Hours(weekday=0, opens=dt.time(9), closes=dt.time(17)),
            actions.Hours(weekday=1, opens=dt.time(9), closes=dt.time(5)),
        ]
        for _again in range(2):
            actions.place_service(by=by, service=service, location=place, hours=hours)
        doubts = OpeningHours.objects.order_by("weekday").values_list("doubtful", flat=True)
        assert list(doubts) == [False, True]
        page = queries.organization_page(org.code, by)
        assert page is not None and page.services[0].places.all()[0].location.city == "Lompoc"


@pytest.mark.django_db
def test_a_real_directory_is_found_in_both_languages(shared: Path) -> None:
    given_services = json.loads((shared / "real" / "santa-barbara-reentry-directory.hsds.json").read_text())
    org = make.organization(name="Directory")
    Service.objects.bulk_create(
        Service(
            organization=org,
            name=each["name"][:300],
            name_es=(each.get("alternate_name") or "")[:300],
            description=each.get("description") or "",
        )
        for each in given_services
    )
    with scope.public():
        for words in ("sober living", "vivienda", "transitional hous", "empleo"):
            directory = queries.search_directory(words)
            assert directory.total >= 3 and not directory.guessed, words
        best = queries.search_directory("sober living").hits
        assert all("sober living" in hit.name.lower() for hit in best[:3])
