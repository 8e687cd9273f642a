"""Directories as tables: one CSV a table of HSDS in an archive, or one flat CSV or Excel sheet."""

from __future__ import annotations

import io
import uuid
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base.names import fold
from throughgate.exchange import files

Json = dict[str, Any]
Rows = list[dict[str, str]]

# Flat tables: our field, then the headings that mean it, folded.
FLAT: dict[str, tuple[str, ...]] = {
    "id": ("id", "service id", "service_id"),
    "organization": ("organization", "organization name", "organization_name", "agency", "provider"),
    "name": ("service", "service name", "service_name", "name", "program"),
    "alternate_name": ("service in spanish", "name_es", "spanish name", "alternate_name"),
    "description": ("description", "service description", "about"),
    "website": ("website", "url", "web"),
    "email": ("email", "e-mail"),
    "phone": ("phone", "phone number", "telephone"),
    "address_1": ("address", "address_1", "street", "street address"),
    "address_2": ("address_2", "suite", "address line 2"),
    "city": ("city", "town"),
    "state_province": ("state", "state_province", "region"),
    "postal_code": ("zip", "zip code", "postal_code", "postcode"),
    "categories": ("categories", "category", "topics", "taxonomy"),
    "languages": ("languages", "language"),
    "eligibility_description": ("eligibility", "who can come", "eligibility_description"),
    "fees_description": ("fees", "cost", "fees_description"),
    "application_process": ("how to apply", "application_process", "intake"),
    "status": ("status",),
}


def services_in(path: Path, found: str) -> list[Any]:
    """The services of an archive of tables or of a flat table, nested as HSDS JSON has them."""
    if found == "zip":
        return _assembled({name: _rows(content) for name, content in files.unpacked(path).items()})
    return _flat(files.table_of(path, found))


def _rows(content: bytes) -> Rows:
    table = files.csv_table(io.BytesIO(content))
    return [record.cells for record in table.records if not record.reasons]


def _assembled(tables: dict[str, Rows]) -> list[Any]:
    """Services with everything that points to them put inside. Tables may be named in the plural."""

    def named(*names: str) -> Rows:
        return next((tables[name] for name in names if name in tables), [])

    services = named("service", "services")
    if not services:
        raise files.refuse(
            "no_table",
            _("The archive has no table service.csv."),
            _("Put one CSV for each HSDS table in it: organization, service, location, address and so on."),
        )
    organizations = {each.get("id", ""): each for each in named("organization", "organizations")}
    by = {
        table: _by_owner(named(table, plural))
        for table, plural in (
            ("phone", "phones"), ("address", "addresses"), ("schedule", "schedules"),
            ("language", "languages"), ("attribute", "attributes"),
        )
    }  # fmt: skip
    terms = {each.get("id", ""): each for each in named("taxonomy_term", "taxonomy_terms")}
    for attribute in named("attribute", "attributes"):
        attribute["taxonomy_term"] = terms.get(attribute.get("taxonomy_term_id", ""))  # type: ignore[assignment]
    locations: dict[str, Json] = {
        each["id"]: {
            **each,
            "addresses": by["address"]["location_id", each["id"]],
            "phones": by["phone"]["location_id", each["id"]],
            "schedules": by["schedule"]["location_id", each["id"]],
        }
        for each in named("location", "locations")
        if each.get("id")
    }
    places: dict[str, list[Json]] = defaultdict(list)
    for link in named("service_at_location", "services_at_location", "service_at_locations"):
        key = link.get("id", "")
        places[link.get("service_id", "")].append(
            {
                "id": key,
                "location": locations.get(link.get("location_id", "")),
                "phones": by["phone"]["service_at_location_id", key],
                "schedules": by["schedule"]["service_at_location_id", key],
            }
        )
    return [
        {
            **service,
            "organization": organizations.get(service.get("organization_id", "")),
            "service_at_locations": places[service.get("id", "")],
            "phones": by["phone"]["service_id", service.get("id", "")],
            "schedules": by["schedule"]["service_id", service.get("id", "")],
            "languages": by["language"]["service_id", service.get("id", "")],
            "attributes": by["attribute"]["link_id", service.get("id", "")],
        }
        for service in services
    ]


def _by_owner(rows: Iterable[dict[str, str]]) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for row in rows:
        for column in ("service_at_location_id", "location_id", "service_id", "link_id"):
            if row.get(column):
                found[column, row[column]].append(dict(row))
    return found


def _flat(table: files.Table) -> list[Any]:
    meant = _headings(table.columns)
    for needed in ("organization", "name"):
        if needed not in meant:
            raise files.refuse(
                "missing_column",
                _("There is no column “%(name)s”.") % {"name": FLAT[needed][0]},
                _("Found: %(found)s.") % {"found": ", ".join(table.columns)[:300]},
            )
    found: list[Any] = []
    for record in table.records:
        cells = {ours: record.cells.get(theirs, "") for ours, theirs in meant.items()}
        found.append(None if record.reasons else _nested(cells))
    return found


def _headings(columns: list[str]) -> dict[str, str]:
    folded = {fold(name): name for name in reversed(columns)}
    return {
        ours: next(folded[name] for name in names if name in folded)
        for ours, names in FLAT.items()
        if any(name in folded for name in names)
    }


def _stable(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\x1f".join(map(fold, parts))))


def _nested(cells: dict[str, str]) -> Json:
    """A flat row as a nested service; identifiers are made of the names, so that they stay."""
    organization = cells.get("organization", "")
    address = {
        name: cells.get(name, "")
        for name in ("address_1", "address_2", "city", "state_province", "postal_code")
    }
    spot = _stable(*address.values())
    phones = [{"number": cells.get("phone", "")}]
    place = {
        "id": _stable("at", spot, organization, cells["name"]),
        "location": {"id": spot, "addresses": [address]},
    }
    return {
        **cells,
        "id": cells.get("id") or _stable(organization, cells["name"], spot if any(address.values()) else ""),
        "organization": {
            "id": _stable(organization) if organization else "",
            "name": organization,
            "website": cells.get("website", ""),
        },
        "attributes": [{"label": label.strip()} for label in _several(cells.get("categories", ""))],
        "languages": [{"name": name.strip()} for name in _several(cells.get("languages", ""))],
        "service_at_locations": [{**place, "phones": phones}] if any(address.values()) else [],
        "phones": phones,
    }


def _several(text: str) -> list[str]:
    return [part for part in text.replace("|", ";").replace(",", ";").split(";") if part.strip()]
