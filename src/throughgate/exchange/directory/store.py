"""A directory's rows against the database: what differs, and writing it in bulk.

The source owns what it tells (names, texts, places, hours). What the agency decided (status, kind, agreements)
is set once when an organization first appears and never touched again. Nothing is ever deleted here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.base.errors import Reason
from throughgate.exchange import bulk, files
from throughgate.exchange.directory import hsds, tables
from throughgate.exchange.models import Import, ImportRow, What
from throughgate.exchange.rows import refuse_row, staged
from throughgate.partners.models import Location, OpeningHours, Organization, Service, ServicePlace

Json = dict[str, Any]
ORGANIZATION = ("name", "alternate_name", "description", "website", "email", "phone")
SERVICE = (
    "name", "name_es", "description", "description_es", "status", "categories", "needs", "languages",
    "eligibility", "fees", "how_to_apply", "phone", "email", "url",
)  # fmt: skip
LOCATION = ("name", "address_1", "address_2", "city", "region", "postal_code", "country")


def read(load: Import, path: Path) -> Iterator[ImportRow]:
    """The rows of a directory file: organizations first, then services."""
    found = files.recognize(path, load.file_name)
    services = hsds.services_in(path) if found == "json" else tables.services_in(path, found)
    if not services:
        raise files.refuse("no_services", _("The file holds no services."))
    for item in hsds.items(services):
        row = staged(
            load, item.line, thing=item.thing, key=item.key, label=item.label,
            reasons=item.reasons, notes=item.notes,
        )  # fmt: skip
        row.values = item.values
        yield row


def finished(load: Import) -> None:
    """Nothing follows: the directory is what was written."""


def notices(load: Import) -> list[str]:
    """What the whole file is told: services of this source that it no longer lists."""
    listed = load.rows.filter(thing="service").values("key")
    gone = Service.objects.filter(source=load.source, status="active").exclude(source_id__in=listed).count()
    if not gone:
        return []
    text = ngettext(
        "%(count)s service of this source is no longer in the file. It stays as it is; look at it.",
        "%(count)s services of this source are no longer in the file. They stay as they are; look at them.",
        gone,
    )
    return [text % {"count": gone}]


def judge(load: Import, rows: Sequence[ImportRow], *, write: bool) -> None:
    """Say of each row what it does, and do it when ``write``. Rows come in the order of their positions."""
    organizations = [row for row in rows if row.thing == "organization"]
    services = [row for row in rows if row.thing == "service"]
    if organizations:
        _organizations(load, organizations, write)
    if services:
        _services(load, services, write)


def _difference(here: Json, told: Json) -> Json:
    return {name: [here[name], told[name]] for name in here if here[name] != told[name]}


def _mark(row: ImportRow, here: Json | None) -> None:
    row.diff = {} if here is None else _difference(here, row.values)
    row.what = What.NEW if here is None else What.CHANGED if row.diff else What.UNCHANGED


def _organizations(load: Import, rows: list[ImportRow], write: bool) -> None:
    keys = [row.key for row in rows]
    known = {
        each.source_id: each
        for each in Organization.objects.filter(source=load.source, source_id__in=keys).order_by("id")
    }
    names = {row.label for row in rows}
    elsewhere = set(
        Organization.objects.filter(name__in=names)
        .exclude(source=load.source)
        .order_by("name")
        .values_list("name", flat=True)
    )
    new: list[Organization] = []
    changed: list[Organization] = []
    for row in rows:
        here = known.get(row.key)
        _mark(row, {name: getattr(here, name) for name in ORGANIZATION} if here else None)
        if here is None and row.label in elsewhere:
            row.notes = [*row.notes, _("An organization of this name is here already, from another source.")]
        told = {name: row.values[name] for name in ORGANIZATION}
        if here is None:
            new.append(Organization(source=load.source, source_id=row.key, kind=row.values["kind"], **told))
        elif row.diff:
            for name, value in told.items():
                setattr(here, name, value)
            changed.append(here)
    if write:
        Organization.objects.bulk_create(new)
        Organization.objects.bulk_update(changed, ORGANIZATION)


def _services(load: Import, rows: list[ImportRow], write: bool) -> None:
    owners = dict(
        Organization.objects.filter(
            source=load.source, source_id__in={row.values["organization"] for row in rows}
        )
        .order_by("id")
        .values_list("source_id", "id")
    )
    known = {
        each.source_id: each
        for each in Service.objects.filter(source=load.source, source_id__in=[row.key for row in rows])
        .select_related("organization")
        .prefetch_related("places__location", "hours__location")
        .order_by("id")
    }
    good = []
    for row in rows:
        here = known.get(row.key)
        if write and row.values["organization"] not in owners:
            refuse_row(
                row, Reason("no_organization", _("Its organization could not come in."), _("See its row."))
            )
            continue
        _mark(row, _told_by(here) if here else None)
        if row.what in (What.NEW, What.CHANGED):
            good.append(row)
    if write and good:
        _write(load, good, known, owners)


def _told_by(service: Service) -> Json:
    """A service of the database in the shape in which files tell it."""
    values: Json = {name: getattr(service, name) for name in SERVICE}
    values["last_verified"] = service.last_verified.isoformat() if service.last_verified else ""
    values["organization"] = service.organization.source_id
    links = sorted(service.places.all(), key=lambda link: link.location.source_id)
    values["places"] = [
        {"link": link.source_id, "phone": link.phone, "location": _told_place(link.location)}
        for link in links
    ]
    values["hours"] = sorted([_told_hours(each) for each in service.hours.all()], key=str)
    return values


def _told_place(location: Location) -> Json:
    degrees = {
        name: f"{value:.6f}" if (value := getattr(location, name)) is not None else ""
        for name in ("latitude", "longitude")
    }
    return {"id": location.source_id, **{name: getattr(location, name) for name in LOCATION}, **degrees}


def _told_hours(each: OpeningHours) -> list[Any]:
    times = [time.strftime("%H:%M") if time else "" for time in (each.opens, each.closes)]
    return [each.location.source_id if each.location else "", each.weekday, *times, each.note, each.doubtful]


def _write(load: Import, rows: list[ImportRow], known: dict[str, Service], owners: dict[str, int]) -> None:
    new: list[Service] = []
    changed: list[Service] = []
    for row in rows:
        service = known.get(row.key) or Service(source=load.source, source_id=row.key)
        for name in SERVICE:
            setattr(service, name, row.values[name])
        service.organization_id = owners[row.values["organization"]]
        service.last_verified = _date(row.values["last_verified"])
        (changed if service.pk else new).append(service)
        known[row.key] = service
    Service.objects.bulk_create(new)
    Service.objects.bulk_update(changed, [*SERVICE, "organization", "last_verified"])
    places = _locations(load, rows)
    _links(rows, known, places)
    _hours(rows, known, places)


def _locations(load: Import, rows: list[ImportRow]) -> dict[str, int]:
    told = {link["location"]["id"]: link["location"] for row in rows for link in row.values["places"]}
    here = {
        each.source_id: each
        for each in Location.objects.filter(source=load.source, source_id__in=told).order_by("id")
    }
    new: list[Location] = []
    changed: list[Location] = []
    for key, values in told.items():
        location = here.get(key) or Location(source=load.source, source_id=key)
        if location.pk and _told_place(location) == values:
            continue
        for name in LOCATION:
            setattr(location, name, values[name])
        location.latitude = _decimal(values["latitude"])
        location.longitude = _decimal(values["longitude"])
        (changed if location.pk else new).append(location)
    Location.objects.bulk_create(new)
    Location.objects.bulk_update(changed, [*LOCATION, "latitude", "longitude"])
    return {each.source_id: each.pk for each in [*here.values(), *new]}


def _links(rows: list[ImportRow], services: dict[str, Service], places: dict[str, int]) -> None:
    here: dict[tuple[int, int], ServicePlace] = {
        (each.service_id, each.location_id): each
        for each in ServicePlace.objects.filter(service__in=[services[row.key].pk for row in rows]).order_by(
            "id"
        )
    }
    new: list[ServicePlace] = []
    changed: list[ServicePlace] = []
    for row in rows:
        for told in row.values["places"]:
            spot = (services[row.key].pk, places[told["location"]["id"]])
            link = here.pop(spot, None) or ServicePlace(service_id=spot[0], location_id=spot[1])
            if link.pk and (link.phone, link.source_id) == (told["phone"], told["link"]):
                continue
            link.phone, link.source_id = told["phone"], told["link"]
            (changed if link.pk else new).append(link)
    ServicePlace.objects.filter(pk__in=[link.pk for link in here.values()]).delete()
    bulk.insert(
        ServicePlace,
        [
            {
                "service": each.service_id,
                "location": each.location_id,
                "phone": each.phone,
                "source_id": each.source_id,
            }
            for each in new
        ],
    )
    ServicePlace.objects.bulk_update(changed, ["phone", "source_id"])


def _hours(rows: list[ImportRow], services: dict[str, Service], places: dict[str, int]) -> None:
    here: dict[int, dict[str, int]] = defaultdict(dict)
    for each in (
        OpeningHours.objects.filter(service__in=[services[row.key].pk for row in rows])
        .select_related("location")
        .order_by("id")
    ):
        here[each.service_id][json.dumps(_told_hours(each))] = each.pk
    new: list[Json] = []
    stale: list[int] = []
    for row in rows:
        service = services[row.key].pk
        left = dict(here[service])
        for told in row.values["hours"]:
            if left.pop(json.dumps(told), None) is None:
                place, weekday, opens, closes, note, doubtful = told
                new.append(
                    {
                        "service": service,
                        "location": places[place] if place else None,
                        "weekday": weekday,
                        "opens": opens or None,
                        "closes": closes or None,
                        "note": note,
                        "doubtful": doubtful,
                    }
                )
        stale += left.values()
    OpeningHours.objects.filter(pk__in=stale).delete()
    bulk.insert(OpeningHours, new)


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None
