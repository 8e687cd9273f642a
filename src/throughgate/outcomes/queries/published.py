"""What everybody may read of studies: publications that stand, and that others were withdrawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from throughgate.base import scope
from throughgate.outcomes.models import Publication, PublicationKind

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Withdrawn:
    """A result that was public once: nothing of it but its name, and why it is gone."""

    title: str
    on: dt.datetime
    reason: str


def standing() -> list[Publication]:
    """Results that are public now, newest first."""
    rows = Publication.objects.filter(kind=PublicationKind.STUDY, withdrawn_at__isnull=True)
    return list(rows.order_by("-recorded_at"))


def one(code: str) -> Publication | None:
    """A public result."""
    rows = Publication.objects.filter(kind=PublicationKind.STUDY, withdrawn_at__isnull=True)
    return rows.filter(code=code).first()


def withdrawn(code: str = "") -> list[Withdrawn]:
    """Results that are public no more (or the one of a code), newest first."""
    with scope.system("public page: withdrawn results", readonly=True):
        rows = Publication.objects.filter(kind=PublicationKind.STUDY, withdrawn_at__isnull=False)
        rows = rows.filter(code=code) if code else rows
        listed = list(rows.order_by("-withdrawn_at").values_list("title", "withdrawn_at", "withdrawn_reason"))
    return [Withdrawn(title, on, reason) for title, on, reason in listed if on is not None]


def circles(content: Data, key: str, *, title: str, event: str) -> SafeString:
    """One hundred people of a public result as a picture in the page's colors."""
    from throughgate.engines.impact.charts import hundred, themed  # noqa: PLC0415 - numpy only when shown

    count, low, high = (value / 100 for value in content["hundred"][key])
    return mark_safe(themed(hundred(count, low=low, high=high, title=title, event=event, key=key)))  # noqa: S308


CSV_COLUMNS = ("part", "what", "value", "low", "high")


def as_rows(content: Data, language: str) -> Iterator[list[object]]:
    """A public result as one flat table; what is hidden is empty."""
    words = texts(content, language)
    yield ["head", "title", words["title"], "", ""]
    yield ["head", "event", words["event"], "", ""]
    yield ["verdict", content["answer"], "", "", ""]
    for name, values in content.get("hundred", {}).items():
        yield ["of 100", name, *values]
    if content.get("points"):
        value, low, high = content["points"]
        yield ["difference", "points", value, low, high]
    for step in content["counted"]:
        yield ["counted", step["label"], _shown(step["people"]), "", ""]
    for name, row in zip(("took part", "did not"), content.get("table", {}).get("cells", ()), strict=False):
        yield ["people", f"{name}: with the event", _shown(row[0]), "", ""]
        yield ["people", f"{name}: without the event", _shown(row[1]), "", ""]
    yield ["head", "hidden below", content["threshold"], "", ""]
    yield ["head", "rounded to", content["round_to"], "", ""]


def _shown(value: int | None) -> object:
    return "" if value is None else value


def texts(content: Data, language: str) -> dict[str, str]:
    """The words that a person wrote for this language; English where there are none."""
    words = content["words"]
    found = words.get(language.split("-", maxsplit=1)[0]) or {}
    return {**words["en"], **{key: value for key, value in found.items() if value}}
