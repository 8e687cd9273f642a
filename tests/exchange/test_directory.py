"""The real county directory comes in whole, with its blemishes, and once only."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from arrive import apply, bring, reasons, receive
from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

import factories as make
from throughgate.exchange import out
from throughgate.partners.models import (
    Location,
    OpeningHours,
    Organization,
    OrganizationStatus,
    Service,
    ServicePlace,
)

pytestmark = pytest.mark.django_db


def service(**given: Any) -> dict[str, Any]:
    """A small service of an organization, with one place open on Mondays."""
    values: dict[str, Any] = {
        "id": "s1",
        "name": "Job club",
        "alternate_name": "Club de empleo",
        "status": "active",
        "organization": {"id": "o1", "name": "Harbor Works", "description": "Finds work."},
        "attributes": [{"label": "employment"}],
        "service_at_locations": [
            {
                "id": "l1",
                "location": {
                    "id": "p1",
                    "name": "Hall",
                    "addresses": [{"address_1": "1 Main St", "city": "", "address_type": "physical"}],
                    "phones": [{"number": "805.963.7777 x115"}],
                },
                "schedules": [{"freq": "WEEKLY", "byday": "MO", "opens_at": "8:00", "closes_at": "17:00 "}],
            }
        ],
    }
    return {**values, **given}


def bring_services(*services: Any, **given: object) -> Any:
    return bring("directory", json.dumps(services).encode(), "d.json", **given)


def found(words: str) -> set[str]:
    """Names of services that a search finds, in either language."""
    query = SearchQuery(words, config="english") | SearchQuery(words, config="spanish")
    return set(Service.objects.filter(search=query).order_by("id").values_list("name", flat=True))


@pytest.fixture
def county(shared: Path) -> Path:
    return shared / "real" / "santa-barbara-reentry-directory.hsds.json"


def test_the_real_directory_comes_in_whole_and_only_once(county: Path) -> None:
    first = receive("directory", county, county.name)
    assert first.counts == {"organization": {"new": 392}, "service": {"new": 736}}
    assert Service.objects.count() == 0
    first = apply(first)
    assert first.total["refused"] == 0
    assert Organization.objects.filter(source="county").count() == 392
    services = Service.objects.filter(source="county")
    assert services.count() == 736
    assert services.exclude(name_es="").count() == 700
    assert services.filter(places__isnull=False).distinct().count() == 706
    assert ServicePlace.objects.count() == 1179
    assert Location.objects.count() == 641
    assert OpeningHours.objects.filter(doubtful=True).exists()
    assert Service.objects.filter(search__isnull=False).count() == 736
    assert any("Sober" in name for name in found("sober living"))
    assert any("Sober" in name for name in found("vivienda"))

    second = receive("directory", county, county.name)
    assert second.counts == {"organization": {"unchanged": 392}, "service": {"unchanged": 736}}
    hours = set(OpeningHours.objects.order_by("id").values_list("id", flat=True))
    apply(second)
    assert set(OpeningHours.objects.order_by("id").values_list("id", flat=True)) == hours


def test_the_export_of_the_real_directory_comes_in_again_unchanged(county: Path) -> None:
    bring("directory", county, county.name)
    target = io.StringIO()
    assert out.directory(target) == 736
    again = receive("directory", target.getvalue().encode(), "export.json")
    assert again.counts == {"organization": {"unchanged": 392}, "service": {"unchanged": 736}}
    elsewhere = bring("directory", target.getvalue().encode(), "export.json", source="neighbor")
    assert elsewhere.counts == {"organization": {"new": 392}, "service": {"new": 736}}


def test_blemishes_are_lived_with() -> None:
    load = bring_services(service())
    place = Location.objects.get()
    assert (place.city, ServicePlace.objects.get().phone) == ("", "(805) 963-7777 ext. 115")
    hours = OpeningHours.objects.get()
    assert (hours.weekday, str(hours.opens), str(hours.closes), hours.doubtful) == (
        0,
        "08:00:00",
        "17:00:00",
        False,
    )
    assert Service.objects.get().needs == ["work"]
    assert load.rows.get(thing="service").notes == ["A place has no city."]


@pytest.mark.parametrize(
    ("opens", "closes"), [("20:00", "1:00"), ("32:10", "21:00"), ("09:00", "09:00"), ("9", "")]
)
def test_hours_that_cannot_be_right_are_kept_and_marked(opens: str, closes: str) -> None:
    place = service()["service_at_locations"][0]
    place["schedules"] = [{"byday": "TU,TH", "opens_at": opens, "closes_at": closes}]
    bring_services(service(service_at_locations=[place]))
    assert list(OpeningHours.objects.order_by("weekday").values_list("weekday", "doubtful")) == [
        (1, True),
        (3, True),
    ]


def test_a_change_says_what_is_here_and_what_comes() -> None:
    bring_services(service())
    load = receive("directory", json.dumps([service(name="Job circle")]).encode(), "d.json")
    row = load.rows.get(thing="service")
    assert (row.what, row.diff) == ("changed", {"name": ["Job club", "Job circle"]})
    apply(load)
    assert Service.objects.get().name == "Job circle"


def test_what_the_agency_decided_stays() -> None:
    bring_services(service())
    Organization.objects.update(status=OrganizationStatus.ACTIVE, kind="faith")
    changed = service(organization={"id": "o1", "name": "Harbor Works!", "description": ""})
    bring_services(changed)
    kept = Organization.objects.get()
    assert (kept.name, kept.status, kept.kind) == ("Harbor Works!", "active", "faith")


def test_a_bad_service_stops_no_good_one() -> None:
    bad = [None, {"id": "x"}, service(id="s2", organization=None), service(id="s3", status="closed for ever")]
    load = bring_services(*bad, service(), service(name="Twice"))
    assert set(reasons(load)) == {1, 2, 3, 4, 6}
    assert reasons(load)[6] == ["twice"]
    assert Service.objects.get().name == "Job club"


def test_organizations_of_one_name_are_never_merged() -> None:
    make.organization(name="Harbor Works")
    load = bring_services(service(), service(id="s2", organization={"id": "o2", "name": "harbor works"}))
    assert Organization.objects.filter(name__iexact="harbor works").count() == 3
    assert all(row.notes for row in load.rows.filter(thing="organization"))


def test_a_service_that_is_no_longer_listed_stays_and_is_named() -> None:
    bring_services(service(), service(id="s2"))
    load = bring_services(service())
    assert "1 service of this source is no longer in the file" in load.notices[0]
    assert Service.objects.filter(~Q(status="active")).count() == 0


@pytest.mark.parametrize("wrap", ["contents", "organizations", "one", "lines"])
def test_other_wrappings_of_hsds_are_read(wrap: str) -> None:
    one = service()
    organization = {
        **one["organization"],
        "services": [{k: v for k, v in one.items() if k != "organization"}],
    }
    content = {
        "contents": json.dumps({"total_items": 1, "contents": [one]}),
        "organizations": json.dumps({"organizations": [organization]}),
        "one": json.dumps(one),
        "lines": json.dumps(one) + "\n" + json.dumps(service(id="s2")),
    }[wrap]
    bring("directory", content.encode(), "d.json")
    assert Service.objects.filter(name="Job club").exists()


def test_tables_in_an_archive_are_put_together() -> None:
    tables = {
        "organization.csv": "id,name,description\no1,Harbor Works,Finds work",
        "service.csv": "id,organization_id,name,alternate_name,status\ns1,o1,Job club,Club de empleo,active",
        "location.csv": "id,name,latitude,longitude\np1,Hall,34.1,-119.2",
        "service_at_location.csv": "id,service_id,location_id\nl1,s1,p1",
        "address.csv": "id,location_id,address_1,city,address_type\na1,p1,1 Main St,Ventura,physical",
        "phone.csv": "id,location_id,number\nt1,p1,805 963 7777",
        "schedule.csv": 'id,service_at_location_id,byday,opens_at,closes_at\nh1,l1,"MO,TU",08:00,17:00',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            archive.writestr(f"export/{name}", text)
    bring("directory", packed.getvalue(), "d.zip")
    place = ServicePlace.objects.select_related("location").get()
    assert (place.location.city, place.phone) == ("Ventura", "(805) 963-7777")
    assert OpeningHours.objects.count() == 2


def test_a_flat_table_is_a_directory_too_and_its_identifiers_stay() -> None:
    table = "Agency;Service Name;Address;City;Phone;Categories\n"
    table += "Harbor Works;Job club;1 Main St;Ventura;8059637777;employment"
    bring("directory", table.encode(), "d.csv")
    again = receive("directory", table.encode(), "d.csv")
    assert again.counts == {"organization": {"unchanged": 1}, "service": {"unchanged": 1}}
    assert Service.objects.get().needs == ["work"]
