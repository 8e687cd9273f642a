"""The figures of a proposal in words and rows for its pages. Nothing here reads the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.policies.packs import Pack
from throughgate.policies.weights import SeatWeights
from throughgate.programs.models import SeatPlan, TodaysRule

WHICH = ("plan", *TodaysRule.values)


def percent(part: float) -> str:
    """A share with one digit: 0.1234 is 12.3 %."""
    return f"{100 * part:.1f} %"


@dataclass(frozen=True)
class Line:
    """One thing that is reached: by the plan first, then by each of today's rules."""

    label: str
    values: list[str]


def reached(plan: SeatPlan) -> list[Line]:
    """What the plan and each of today's rules reach."""
    known = plan.figures
    if any(which not in known for which in WHICH):
        return []

    def line(label: str, key: str, shown: Callable[[Any], str] = str) -> Line:
        return Line(label, [shown(known[which][key]) for which in WHICH])

    return [
        line(_("Seats given"), "seats"),
        line(_("People with a new seat"), "people"),
        line(_("Need met, of those in line"), "need_met", percent),
        line(_("In line and with any seat"), "any_seat", percent),
        line(_("Leaving within 26 weeks and with any seat"), "near", percent),
        line(_("People passed over"), "passed_over"),
    ]


@dataclass(frozen=True)
class Group:
    """One label of a group: how many are in line, and the share of their need met by plan and rule."""

    group: str
    label: str
    people: int | None
    values: list[str]


def coverage(
    groups: Mapping[str, Any], words: Mapping[str, Callable[[str], str]], smallest: int = 0
) -> list[Group]:
    """Need met group by group. Labels of fewer than ``smallest`` people show no numbers.

    Where just one would be hidden the next smallest is too, or the total would tell it.
    """
    found = []
    for name, labels in groups.items():
        hidden = _hidden({label: row["people"] for label, row in labels.items()}, smallest)
        for label, row in sorted(labels.items()):
            values = ["–" if label in hidden else percent(row[which][0]) for which in WHICH if which in row]
            found.append(Group(name, words[name](label), None if label in hidden else row["people"], values))
    return found


def _hidden(people: Mapping[str, int], smallest: int) -> set[str]:
    small = {label for label, count in people.items() if count < smallest}
    if len(small) == 1 and len(people) > 1:
        small.add(min((count, label) for label, count in people.items() if label not in small)[1])
    return small


def leaving_words(label: str) -> str:
    """How soon somebody leaves, as the groups have it."""
    words = {
        "soon": _("Leaving within 26 weeks"),
        "later": _("Leaving later"),
        "unknown": _("Release not known"),
    }
    return words.get(label, label)


def or_unknown(label: str) -> str:
    """A label as it is; "not recorded" where there is none."""
    return label or _("Not recorded")


def promise(plan: SeatPlan) -> tuple[str, str]:
    """What the promise check found for the plan, and what each of today's rules would do: (word, sentence)."""
    known = plan.figures
    if any(which not in known for which in WHICH):
        return "", ""
    mine = known["plan"]["passed_over"]
    others = ", ".join(
        _("%(n)d by %(rule)s")
        % {"n": known[rule]["passed_over"], "rule": str(TodaysRule(rule).label).lower()}
        for rule in TodaysRule.values
    )
    word = "kept" if not mine else "broken"
    text = ngettext(
        "Checked by a program of its own: this plan passes over %(n)d person with more need, an earlier release and"
        " a longer wait than somebody it seats. Today's rules: %(others)s.",
        "Checked by a program of its own: this plan passes over %(n)d people with more need, an earlier release and"
        " a longer wait than somebody it seats. Today's rules: %(others)s.",
        mine,
    ) % {"n": mine, "others": others}
    return word, text


def weight_words(pack: Pack[SeatWeights]) -> Sequence[tuple[str, str]]:
    """The weights in plain words: what counts, and how much, in units of one high need met in full."""
    w = pack.data
    low, moderate, high = (w.levels[level] for level in (1, 2, 3))
    rows = [
        (_("Need"), _("Meeting a high need counts %(high)g, a moderate one %(moderate)g, a low one %(low)g. Somebody"
                      " who asked without an assessed need counts %(asked)g. One program covers %(covered)g of a need;"
                      " two for the same need never count double.")
         % {"high": high, "moderate": moderate, "low": low, "asked": w.asked, "covered": w.covered}),
        (_("A first seat"), _("The first seat of somebody who has none counts %(worth)g more, and up to %(soon)g times"
                              " as much again for those who leave soon.")
         % {"worth": w.first_seat, "soon": w.first_seat_soon}),
        (_("Leaving soon"), _("Meeting a need counts up to %(more)g times as much for somebody who leaves now; that"
                              " fades with %(weeks)d weeks to go.")
         % {"more": 1 + w.leaving, "weeks": w.leaving_weeks}),
        (_("Waiting"), _("A wait of %(weeks)d weeks or longer adds %(worth)g; a shorter one adds less.")
         % {"weeks": w.waiting_weeks, "worth": w.waiting}),
        (_("Calm"), _("A seat that the last proposal named counts %(held)g more, and more than that where over"
                      " %(most)s of the people would change.") % {"held": w.held, "most": percent(w.most_changed)}),
        (_("Seats a person"), ngettext("At most %(n)d seat a person in one proposal.",
                                       "At most %(n)d seats a person in one proposal.", w.seats_per_person)
         % {"n": w.seats_per_person}),
    ]  # fmt: skip
    if w.promise:
        rows.append((_("The promise"), _("Nobody without a seat is passed over by somebody with less need, a later"
                                         " release and a shorter wait.")))  # fmt: skip
    for floor in w.floors:
        text = (
            _("%(group)s %(label)s: at least %(share)s of the need that others get met.")
            if floor.relative
            else _("%(group)s %(label)s: at least %(share)s of their need met.")
        )
        words = {"group": floor.group, "label": floor.label, "share": percent(floor.at_least)}
        rows.append((_("A floor"), text % words))
    rows.append((_("Never"), _("No risk score, and no race, sex or language, changes the worth of a seat.")))
    return rows
