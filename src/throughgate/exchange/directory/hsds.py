"""HSDS 3.1 into plain values: organizations, and services with their places and hours ([S-1]).

Takes what real publishers give: an array of services, one service, a page with ``contents``, organizations
with their services inside, or lines of JSON. Returns :class:`Item`, each with reasons or notes of its own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason
from throughgate.base.names import fold
from throughgate.exchange import files
from throughgate.exchange.directory.words import hours_of, kind_of, needs_of, phone

Json = dict[str, Any]
STATUS = {"active": "active", "inactive": "inactive", "defunct": "defunct", "temporarily closed": "closed"}
LANGUAGES = {"en": "English", "es": "Spanish", "eng": "English", "spa": "Spanish"}


@dataclass
class Item:
    """An organization or service of a directory as our models hold it, or why it cannot come in."""

    thing: str
    line: int
    key: str
    label: str = ""
    values: Json = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def services_in(path: Path) -> list[Any]:
    """The service objects of a JSON file, whatever they are wrapped in. Refuses what is not JSON."""
    content = path.read_bytes()
    text = content.decode(files.encoding_of(content[: files.MEGABYTE]), "replace")
    try:
        return _services(json.loads(text, parse_constant=lambda name: None))
    except RecursionError as error:
        raise files.refuse("too_deep", _("The JSON is nested too deeply.")) from error
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith("}"):
            return _services([_line(line) for line in lines])
        raise files.refuse(
            "not_json",
            _("The JSON stops making sense at line %(line)s, column %(column)s.")
            % {"line": error.lineno, "column": error.colno},
            _("The file may have been cut off. Export or send it again."),
        ) from error


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def _services(read: Any) -> list[Any]:
    if isinstance(read, dict):
        for name in ("contents", "services", "organizations", "service", "organization"):
            if isinstance(read.get(name), list) and not (name == "services" and "name" in read):
                return _services(read[name])
        read = [read]
    if not isinstance(read, list):
        raise files.refuse(
            "not_hsds", _("This JSON holds no services."), _("Give HSDS services, or a page of them.")
        )
    found: list[Any] = []
    for each in read:
        if isinstance(each, dict) and isinstance(each.get("services"), list):
            organization = {key: value for key, value in each.items() if key != "services"}
            found += [
                {**service, "organization": organization} if isinstance(service, dict) else service
                for service in each["services"]
            ]
        else:
            found.append(each)
    return found


def items(services: Iterable[Any]) -> Iterator[Item]:
    """Every organization once, in order of appearance, then every service.

    ``line`` is the service's number in the file. A thing that appears again with another content is kept
    as it appeared first, with a note; two services under one identifier are refused.
    """
    organizations: dict[str, Item] = {}
    names: dict[str, str] = {}
    found: dict[str, Item] = {}
    refused: list[Item] = []
    places: dict[str, Json] = {}
    for line, service in enumerate(services, 1):
        item = _service(line, service, places)
        if not item.reasons:
            organization = _organization(line, service["organization"])
            known = organizations.setdefault(organization.key, organization)
            if known.values != organization.values:
                item.notes.append(_("Its organization is described in two ways; the first one counts."))
            other = names.setdefault(fold(known.label), known.key)
            if other != known.key and known is organization:
                known.notes.append(_("Another organization of this file has the same name; both are kept."))
        if not item.reasons and item.key in found:
            item.reasons.append(
                Reason(
                    "twice",
                    _("Line %(line)s already has this identifier.") % {"line": found[item.key].line},
                    _("Give each service an identifier of its own."),
                )
            )
        if item.reasons:
            refused.append(item)
        else:
            found[item.key] = item
    yield from organizations.values()
    yield from found.values()
    yield from refused


def _text(source: Json, name: str, most: int = 20_000) -> str:
    value = source.get(name)
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value).replace("\0", "").replace("\r\n", "\n").strip()
    return text.encode("utf-8", "replace").decode("utf-8")[:most]


def _dicts(source: Json, name: str) -> list[Json]:
    value = source.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _organization(line: int, source: Json) -> Item:
    name = _text(source, "name", 250)
    number = next((_text(each, "number") for each in _dicts(source, "phones")), "")
    return Item(
        "organization",
        line,
        _text(source, "id", 80),
        name,
        {
            "name": name,
            "alternate_name": _text(source, "alternate_name", 250),
            "description": _text(source, "description"),
            "website": _text(source, "website", 500),
            "email": _text(source, "email", 250),
            "phone": phone(number)[0],
            "kind": kind_of(name),
        },
    )


def _service(line: int, source: Any, places: dict[str, Json]) -> Item:
    if not isinstance(source, dict):
        return Item("service", line, "", reasons=[Reason("unreadable", _("This is not a service."))])
    item = Item("service", line, _text(source, "id", 80), _text(source, "name", 300))
    item.reasons = list(_against(source))
    if item.reasons:
        return item
    categories = _categories(source)
    status = _text(source, "status").lower() or "active"
    item.values = {
        "organization": _text(source["organization"], "id", 80),
        "name": item.label,
        "name_es": _spanish(source, "name") or _text(source, "alternate_name", 300),
        "description": _text(source, "description"),
        "description_es": _spanish(source, "description"),
        "status": STATUS[status],
        "categories": categories,
        "needs": needs_of(categories, item.label),
        "languages": _languages(source),
        "eligibility": _text(source, "eligibility_description"),
        "fees": _text(source, "fees_description") or _costs(source),
        "how_to_apply": _text(source, "application_process"),
        "phone": phone(next((_text(each, "number") for each in _dicts(source, "phones")), ""))[0],
        "email": _text(source, "email", 250),
        "url": _text(source, "url", 500),
        "last_verified": _day(_text(source, "assured_date") or _text(source, "last_modified")),
        "places": [],
        "hours": [],
    }
    _add_places(item, source, places)
    return item


def _against(source: Json) -> Iterator[Reason]:
    if not _text(source, "id"):
        yield Reason("no_id", _("The service has no identifier."), _("Give each service an id that stays."))
    if not _text(source, "name"):
        yield Reason("no_name", _("The service has no name."))
    status = _text(source, "status").lower()
    if status and status not in STATUS:
        yield Reason(
            "status",
            _("The status “%(status)s” is not one of HSDS.") % {"status": status[:40]},
            _("Use one of: %(known)s.") % {"known": ", ".join(STATUS)},
        )
    organization = source.get("organization")
    if not isinstance(organization, dict) or not _text(organization, "id") or not _text(organization, "name"):
        yield Reason(
            "no_organization",
            _("The service does not say whose it is."),
            _("Give its organization with id and name."),
        )


def _spanish(source: Json, name: str) -> str:
    """A translation as HSDS attributes carry it: ``label`` "name:es" with the text as ``value``."""
    for each in _dicts(source, "attributes"):
        if _text(each, "label") == f"{name}:es":
            return _text(each, "value", 300 if name == "name" else 20_000)
    return ""


def _categories(source: Json) -> list[str]:
    found = []
    for each in _dicts(source, "attributes"):
        term = each.get("taxonomy_term")
        label = (_text(term, "name") if isinstance(term, dict) else "") or _text(each, "label")
        if label and not label.endswith(":es"):
            found.append(label[:120])
    return sorted(set(found))


def _languages(source: Json) -> list[str]:
    found = {_text(each, "name", 40) or LANGUAGES.get(_text(each, "code"), _text(each, "code", 40))
             for each in _dicts(source, "languages")}  # fmt: skip
    return sorted(found - {""})


def _costs(source: Json) -> str:
    found = []
    for each in _dicts(source, "cost_options"):
        amount = " ".join(filter(None, (_text(each, "amount"), _text(each, "currency"))))
        found.append(_text(each, "option") or _text(each, "amount_description") or amount)
    return "; ".join(filter(None, found))


def _day(text: str) -> str:
    return text[:10] if len(text) >= 10 and text[4:5] == "-" and text[:4].isdigit() else ""


def _add_places(item: Item, source: Json, places: dict[str, Json]) -> None:
    """The service's places and hours, in an order that does not depend on the file's."""
    hours = {("", *_plain(each)) for schedule in _dicts(source, "schedules") for each in hours_of(schedule)}
    seen: dict[str, Json] = {}
    for link in _dicts(source, "service_at_locations"):
        location = link.get("location")
        if not isinstance(location, dict):
            continue
        place, number = _place(location), next(
            (_text(each, "number") for each in [*_dicts(link, "phones"), *_dicts(location, "phones")]), ""
        )  # fmt: skip
        known = places.setdefault(place["id"], place)
        if known["name"] != place["name"]:
            item.notes.append(_("A place of this service has several names; the first one counts."))
        shown, possible = phone(number)
        if not possible:
            item.notes.append(_("“%(number)s” cannot be a phone number.") % {"number": shown})
        seen.setdefault(place["id"], {"link": _text(link, "id", 80), "phone": shown, "location": known})
        schedules = [*_dicts(link, "schedules"), *_dicts(location, "schedules")]
        hours |= {(place["id"], *_plain(each)) for schedule in schedules for each in hours_of(schedule)}
        if not place["city"] and place["address_1"]:
            item.notes.append(_("A place has no city."))
    item.values["places"] = [seen[key] for key in sorted(seen)]
    item.values["hours"] = sorted([list(each) for each in hours], key=str)
    if any(each[5] for each in hours):
        item.notes.append(_("Some opening hours cannot be right; they are marked doubtful."))
    item.notes = list(dict.fromkeys(item.notes))


def _plain(hours: Any) -> tuple[Any, ...]:
    return (hours.weekday, hours.opens, hours.closes, hours.note, hours.doubtful)


def _place(source: Json) -> Json:
    addresses = _dicts(source, "addresses")
    physical = [each for each in addresses if each.get("address_type") == "physical"]
    address = (physical or addresses or [{}])[0]
    values = {
        "name": _text(source, "name", 250),
        "address_1": _text(address, "address_1", 250),
        "address_2": _text(address, "address_2", 250),
        "city": _text(address, "city", 100),
        "region": _text(address, "state_province", 60),
        "postal_code": _text(address, "postal_code", 20),
        "country": _text(address, "country", 2).upper() or "US",
        "latitude": _degrees(source.get("latitude"), 90),
        "longitude": _degrees(source.get("longitude"), 180),
    }
    key = _text(source, "id", 80) or str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(values, sort_keys=True)))
    return {"id": key, **values}


def _degrees(value: Any, most: int) -> str:
    try:
        number = round(float(value), 6)
    except (TypeError, ValueError):
        return ""
    return f"{number:.6f}" if -most <= number <= most else ""
