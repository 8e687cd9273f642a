"""What goes out: the directory, lists of people for other systems, and the preview of an import."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from throughgate.base.audit import reads
from throughgate.exchange.directory import export
from throughgate.exchange.files import write_csv
from throughgate.exchange.models import Import, ImportRow, What
from throughgate.people.models import Participant, ReleaseDate

PREVIEW = ["line", "about", "key", "what", "why", "what to do", "to know", "before", "after"]


def preview_row(row: ImportRow) -> list[object]:
    """A row of the preview as people download it."""
    before = "; ".join(f"{name}: {_short(pair[0])}" for name, pair in sorted(row.diff.items()))
    after = "; ".join(f"{name}: {_short(pair[1])}" for name, pair in sorted(row.diff.items()))
    return [
        row.line,
        row.label,
        row.key,
        str(What(row.what).label),
        " ".join(each["text"] for each in row.reasons),
        " ".join(each["remedy"] for each in row.reasons if each["remedy"]),
        " ".join(row.notes),
        before,
        after,
    ]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"


def people_in(rows: Iterable[ImportRow]) -> list[int]:
    """The participants whose facts these rows show."""
    return sorted({row.person_id for row in rows if row.person_id})


def preview(load: Import, target: Any) -> int:
    """Write the preview, row by row, as CSV; the reading of people's facts is logged first. Returns the rows."""
    told = load.rows.filter(person_id__isnull=False).order_by("person_id")
    people = sorted({pk for pk in told.values_list("person_id", flat=True) if pk})
    if people:
        reads.log_read("import preview", people, "names, release dates", len(people))
    rows = load.rows.order_by("line", "id").iterator(chunk_size=2000)
    return write_csv(target, PREVIEW, (preview_row(row) for row in rows))


def commonest_reasons(load: Import, most: int = 12) -> list[tuple[str, int]]:
    """Why rows were refused or left to a person, the commonest first."""
    found: Counter[str] = Counter()
    for reasons in (
        load.rows.filter(what__in=[What.REFUSED, What.CONFLICT])
        .order_by("id")
        .values_list("reasons", flat=True)
    ):
        found.update({each["text"] for each in reasons})
    return found.most_common(most)


def directory(target: TextIO) -> int:
    """The directory as a JSON array of HSDS 3.1 services."""
    count = 0
    target.write("[")
    for service in export.services():
        target.write(",\n" if count else "\n")
        target.write(json.dumps(service, ensure_ascii=False))
        count += 1
    target.write("\n]\n")
    return count


def services_table(target: TextIO) -> int:
    """The directory as a flat table, one row a service and place."""
    columns = ["id", "organization", "service", "name_es", "description", "address", "city", "state", "zip",
               "phone", "categories", "languages", "eligibility", "website"]  # fmt: skip
    return write_csv(target, columns, _flat())


def _flat() -> Iterator[list[object]]:
    for service in export.services():
        for link in service.get("service_at_locations") or [{}]:
            address = link.get("location", {}).get("addresses", [{}])[0]
            phones = link.get("phones") or service.get("phones") or [{}]
            yield [
                service["id"], service["organization"]["name"], service["name"],
                service.get("alternate_name", ""), service.get("description", ""), address.get("address_1", ""),
                address.get("city", ""), address.get("state_province", ""), address.get("postal_code", ""),
                phones[0].get("number", ""),
                "; ".join(each["label"] for each in service.get("attributes", []) if "value" not in each),
                "; ".join(each["name"] for each in service.get("languages", [])),
                service.get("eligibility_description", ""), service["organization"].get("website", ""),
            ]  # fmt: skip


def participants(target: TextIO) -> int:
    """Participants with their numbers and places; the reading is logged before anything is written."""
    found = Participant.objects.select_related("facility", "unit").prefetch_related("identifiers")
    people = list(found.order_by("facility_id", "sort_name", "id"))
    reads.log_read("export participants", [each.pk for each in people], "names, numbers, places", len(people))
    columns = ["code", "number", "last_name", "first_name", "facility", "unit", "cell", "where", "language"]
    return write_csv(target, columns, (_person(each) for each in people))


def _person(each: Participant) -> list[object]:
    numbers = sorted(each.identifiers.all(), key=lambda number: (not number.primary, number.pk))
    return [
        each.code, numbers[0].value if numbers else "", each.last_name, each.first_name, each.facility.name,
        each.unit.name if each.unit else "", each.cell, each.whereabouts, each.language,
    ]  # fmt: skip


def release_dates(target: TextIO) -> int:
    """Release dates in force with their source and as-of day; the reading is logged first."""
    dates = list(
        ReleaseDate.objects.filter(superseded_at__isnull=True)
        .select_related("participant")
        .order_by("participant__sort_name", "participant_id", "kind")
    )
    people = [each.participant_id for each in dates]
    reads.log_read("export release dates", people, "release dates", len(dates))
    columns = ["code", "last_name", "first_name", "kind", "date", "why unknown", "source", "as of"]
    return write_csv(
        target,
        columns,
        (
            [each.participant.code, each.participant.last_name, each.participant.first_name, each.kind, each.on,
             each.unknown_reason, each.source, each.as_of]
            for each in dates
        ),
    )  # fmt: skip


EXPORTS: dict[str, Callable[[TextIO], int]] = {
    "directory": directory,
    "services": services_table,
    "participants": participants,
    "release-dates": release_dates,
}
