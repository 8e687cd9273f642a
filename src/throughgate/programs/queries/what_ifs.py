"""What-ifs as their pages tell them. Restricted facts: the page of one notes the read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility
from throughgate.programs.models import WhatIf, WhatIfEffect
from throughgate.programs.queries.plan_figures import Line, percent

SHOWN = 50


@dataclass(frozen=True)
class NeedLine:
    """One need: how many people have it, and the share met as things are and as they would be."""

    label: str
    people: int
    before: str
    after: str


@dataclass(frozen=True)
class Answer:
    """A what-if as its page shows it: figures side by side, needs, and whom it would give or take seats."""

    row: WhatIf
    lines: list[Line]
    needs: list[NeedLine]
    gains: list[WhatIfEffect]
    loses: list[WhatIfEffect]
    by_unit: list[tuple[str, int, int]]

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        return [each.participant_id for each in (*self.gains, *self.loses)]


def recent(facility: Facility) -> list[WhatIf]:
    """The latest questions of a facility, newest first."""
    return list(WhatIf.objects.filter(facility=facility).order_by("-recorded_at", "-id")[:SHOWN])


def answer(row: WhatIf) -> Answer:
    """Everything on the page of a what-if."""
    effects = list(
        WhatIfEffect.objects.filter(what_if=row)
        .select_related("participant__unit")
        .order_by("participant__sort_name", "id")
    )
    gains, loses = [each for each in effects if each.gains], [each for each in effects if not each.gains]
    return Answer(row, _lines(row), _needs(row), gains, loses, _units(effects))


def need_words(needs: Sequence[str]) -> str:
    """Needs by their names."""
    labels = dict(NeedDomain.choices)
    return ", ".join(str(labels.get(need, need)) for need in needs)


def _lines(row: WhatIf) -> list[Line]:
    known = row.figures
    if "before" not in known:
        return []
    sides = (known["before"], known["after"])
    return [
        Line(_("New seats given"), [str(each["seats"]) for each in sides]),
        Line(_("Need met"), [percent(each["need_met"]) for each in sides]),
        Line(_("People with any seat"), [percent(each["any_seat"]) for each in sides]),
        Line(_("Proven gap"), [percent(each["gap"]) for each in sides]),
    ]


def _needs(row: WhatIf) -> list[NeedLine]:
    labels = dict(NeedDomain.choices)
    return [
        NeedLine(
            str(labels.get(each["need"], each["need"])),
            each["people"],
            percent(each["before"] / each["total"] if each["total"] else 0),
            percent(each["after"] / each["total"] if each["total"] else 0),
        )
        for each in row.needs
    ]


def _units(effects: Sequence[WhatIfEffect]) -> list[tuple[str, int, int]]:
    """How many gain and lose, unit by unit."""
    found: dict[str, list[int]] = {}
    for each in effects:
        unit = each.participant.unit.name if each.participant.unit else _("No unit")
        found.setdefault(unit, [0, 0])[0 if each.gains else 1] += 1
    return [(unit, gains, loses) for unit, (gains, loses) in sorted(found.items())]
