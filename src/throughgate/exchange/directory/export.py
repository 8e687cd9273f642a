"""The directory as HSDS 3.1: nested service objects, as they come in ([S-1])."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from throughgate.exchange.directory.words import DAYS
from throughgate.partners.models import Location, OpeningHours, Organization, Service

Json = dict[str, Any]
STATUS = {"closed": "temporarily closed"}


def _id(*parts: object) -> str:
    """A UUID that stays the same as long as its parts do."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "throughgate/" + "/".join(map(str, parts))))


def identifier(kind: str, source_id: str, code: str) -> str:
    """The identifier of a thing: the one its source gave where that is a UUID, else one of its own."""
    try:
        return str(uuid.UUID(source_id))
    except ValueError:
        return _id(kind, source_id or code)


def services(source: str = "") -> Iterator[Json]:
    """Every service of the directory (of one source, if named) as an HSDS object, in a stable order."""
    found = Service.objects.select_related("organization").prefetch_related(
        "places__location", "hours__location"
    )
    if source:
        found = found.filter(source=source)
    for service in found.order_by("organization__name", "name", "id").iterator(chunk_size=500):
        yield _service(service)


def _given(values: Json) -> Json:
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def _organization(each: Organization) -> Json:
    key = identifier("organization", each.source_id, each.code)
    values = {
        "id": key,
        "name": each.name,
        "alternate_name": each.alternate_name,
        "website": each.website,
        "email": each.email,
        "phones": _phones(key, each.phone),
    }
    return {**_given(values), "description": each.description}


def _service(each: Service) -> Json:
    key = identifier("service", each.source_id, each.code)
    hours: dict[int | None, list[OpeningHours]] = defaultdict(list)
    for opening in each.hours.all():
        hours[opening.location_id].append(opening)
    links = sorted(each.places.all(), key=lambda link: (link.location.source_id, link.pk))
    values = {
        "id": key,
        "name": each.name,
        "alternate_name": each.name_es,
        "status": STATUS.get(each.status, each.status),
        "organization": _organization(each.organization),
        "description": each.description,
        "url": each.url,
        "email": each.email,
        "application_process": each.how_to_apply,
        "fees_description": each.fees,
        "eligibility_description": each.eligibility,
        "assured_date": each.last_verified.isoformat() if each.last_verified else "",
        "phones": _phones(key, each.phone),
        "languages": [{"id": _id(key, name), "name": name} for name in each.languages],
        "attributes": _attributes(key, each),
        "schedules": _schedules(key, hours[None]),
        "service_at_locations": [
            _given(
                {
                    "id": identifier("place", link.source_id, f"{key}/{link.location.code}"),
                    "location": _location(link.location),
                    "phones": _phones(f"{key}/{link.location.code}", link.phone),
                    "schedules": _schedules(f"{key}/{link.location.code}", hours[link.location_id]),
                }
            )
            for link in links
        ],
    }
    return _given(values)


def _attributes(key: str, each: Service) -> list[Json]:
    found: list[Json] = [{"label": name} for name in each.categories]
    if each.description_es:
        found.append({"label": "description:es", "value": each.description_es})
    return [
        {"id": _id(key, attribute["label"]), "link_entity": "service", "link_id": key, **attribute}
        for attribute in found
    ]


def _phones(owner: str, number: str) -> list[Json]:
    return [{"id": _id(owner, number), "number": number}] if number else []


def _location(each: Location) -> Json:
    key = identifier("location", each.source_id, each.code)
    address = {
        "id": _id(key, "address"),
        "address_1": each.address_1,
        "address_2": each.address_2,
        "city": each.city,
        "state_province": each.region,
        "postal_code": each.postal_code,
        "country": each.country,
        "address_type": "physical",
    }
    values = {
        "id": key,
        "location_type": "physical",
        "name": each.name,
        "latitude": float(each.latitude) if each.latitude is not None else None,
        "longitude": float(each.longitude) if each.longitude is not None else None,
        "addresses": [address],
    }
    return _given(values)


def _schedules(owner: str, openings: list[OpeningHours]) -> list[Json]:
    """Openings at the same times on several days are one schedule, as HSDS has them."""
    together: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for each in openings:
        times = [time.strftime("%H:%M") if time else "" for time in (each.opens, each.closes)]
        days = together[times[0], times[1], each.note]
        if each.weekday is not None:
            days.append(each.weekday)
    return [
        _given(
            {
                "id": _id(owner, opens, closes, note),
                "freq": "WEEKLY" if days else "",
                "byday": ",".join(DAYS[day] for day in sorted(days)),
                "opens_at": opens,
                "closes_at": closes,
                "description": note,
            }
        )
        for (opens, closes, note), days in sorted(together.items())
    ]
