"""Rows of justice events, supervision, departures and positive outcomes against the database.

An event is known by its source and key. Where a source gives no keys, one is made of what the row says and
of how many such rows came before it in the file: equal rows stay two events, and the same file once more
changes nothing ([T-18]).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.errors import Reason
from throughgate.exchange import bulk, files
from throughgate.exchange.models import Import, ImportRow, What
from throughgate.exchange.records.columns import SHAPES, Shape, check, recognize
from throughgate.exchange.rows import plain, refuse_row, staged
from throughgate.outcomes import actions
from throughgate.people.models import Identifier
from throughgate.places.models import Facility

# Where the database wants a text, a value that the file does not give is an empty one.
EMPTY = {"jurisdiction": ""}


def read(load: Import, path: Path) -> Iterator[ImportRow]:
    """The rows of a file, each checked by itself."""
    shape = SHAPES[load.kind]
    table = files.table_of(path, files.recognize(path, load.file_name))
    found = recognize(shape, table.columns)
    unknown = [heading for heading in table.columns if heading not in found.values()]
    load.notices = (
        [_("Columns that are not kept: %(names)s.") % {"names": ", ".join(unknown)[:300]}] if unknown else []
    )
    allowed = load.options["facilities"]
    load.facility_ids = (
        list(Facility.objects.order_by("id").values_list("id", flat=True)) if allowed is None else allowed
    )
    as_of = dt.date.fromisoformat(load.options["as_of"])
    alike: Counter[str] = Counter()
    keys: set[str] = set()
    for record in table.records:
        cells = {ours: record.cells.get(theirs, "") for ours, theirs in found.items()}
        values, reasons = check(shape, cells, as_of)
        reasons = [*record.reasons, *reasons]
        key = _key(values, alike)
        if key in keys:
            reasons.append(
                Reason("key_twice", _("The same event_id stands in the file twice."), _("Give each its own."))
            )
        keys.add(key)
        row = staged(
            load, record.line, thing=shape.thing, key=key,
            label=plain(str(values.get("person_ref") or cells.get("person_ref", ""))), reasons=reasons,
        )  # fmt: skip
        row.values = {name: value for name, value in values.items() if value is not None}
        yield row


def _key(values: dict[str, Any], alike: Counter[str]) -> str:
    given = values.get("event_id")
    if given:
        return plain(str(given))[:120]
    said = "|".join(f"{name}={values[name]}" for name in sorted(values) if name != "event_id")
    alike[said] += 1
    return "row " + hashlib.sha256(f"{said}#{alike[said]}".encode("utf-8", "replace")).hexdigest()[:40]


def notices(load: Import) -> list[str]:
    """Nothing beside what the headings told."""
    return []


def finished(load: Import) -> None:
    """Say how far this source now reaches."""
    options = load.options
    actions.cover(
        by=Actor.system(f"import {load.code}"),
        source=load.source,
        kind=SHAPES[load.kind].covers,
        extracted_on=min(dt.date.fromisoformat(options["as_of"]), timezone.localtime().date()),
        lag_days=options.get("lag_days"),
        covers=options.get("covers"),
    )


def judge(load: Import, rows: Sequence[ImportRow], *, write: bool) -> None:
    """Say of each row what it does, and do it when ``write``."""
    shape = SHAPES[load.kind]
    people = _people(load, rows)
    here = _here(shape, load.source, [row.key for row in rows])
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in rows:
        row.reasons, row.diff, row.person_id = [], {}, None
        person = people.get(str(row.values.get("person_ref", "")))
        reason = _against(load, person, here.get(row.key))
        if reason is not None:
            refuse_row(row, reason)
            continue
        assert person is not None
        row.person_id = person[0]
        told = _told(shape, row)
        known = here.get(row.key)
        if known is None:
            row.what = What.NEW
            new.append({"participant": person[0], "source": load.source, "source_key": row.key,
                        "load_code": load.code, **told})  # fmt: skip
            continue
        row.diff = {
            name: [_plain(known[name]), value] for name, value in told.items() if _plain(known[name]) != value
        }
        row.what = What.CHANGED if row.diff else What.UNCHANGED
        if row.diff:
            changed.append({"id": known["id"], "load_code": load.code, **told})
    if write:
        bulk.insert(shape.model, new)
        bulk.update(shape.model, changed)


def _people(load: Import, rows: Sequence[ImportRow]) -> dict[str, tuple[int, int]]:
    """Participant and facility by the number that the source's system gives."""
    numbers = {str(row.values.get("person_ref", "")) for row in rows}
    found = Identifier.objects.filter(system=load.options["system"], value__in=numbers).order_by("id")
    return {
        value: (person, facility)
        for value, person, facility in found.values_list(
            "value", "participant_id", "participant__facility_id"
        )
    }


def _here(shape: Shape, source: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    rows = shape.model._default_manager.filter(Q(source=source, source_key__in=keys)).order_by("id")
    return {str(each["source_key"]): each for each in rows.values()}


def _against(load: Import, person: tuple[int, int] | None, known: dict[str, Any] | None) -> Reason | None:
    if person is None:
        return Reason(
            "unknown_person",
            _("Nobody here has this number of %(system)s.") % {"system": load.options["system"]},
            _("Import the custody extract first, or say whose numbers these are."),
        )
    allowed = load.options["facilities"]
    if allowed is not None and person[1] not in allowed:
        return Reason(
            "not_yours",
            _("You do not work where this person is."),
            _("Ask somebody who evaluates for the whole agency to import it."),
        )
    if known is not None and known["participant_id"] != person[0]:
        return Reason(
            "other_person",
            _("This event is already here, about somebody else."),
            _("Ask the source which of the two is right."),
        )
    return None


def _told(shape: Shape, row: ImportRow) -> dict[str, Any]:
    names = [each.name for each in shape.columns if each.name not in ("person_ref", "event_id")]
    return {name: row.values.get(name, EMPTY.get(name)) for name in names}


def _plain(value: Any) -> Any:
    """A stored value as the file's values are: days as text, numbers without needless zeros."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if value is None or isinstance(value, int | str) else f"{value.normalize():f}"
