"""What would tell who somebody is, and how they are named. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from throughgate.base.errors import Decision, Reason
from throughgate.base.names import fold
from throughgate.stories.models import Naming

SHORTEST_NAME = 3
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Known:
    """What is on record about a person that a story could give away."""

    first_name: str
    last_name: str
    preferred_name: str = ""
    identifiers: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    birth_date: dt.date | None = None


def shown_name(naming: str, known: Known, own_name: str = "") -> str:
    """The name that stands under a story; empty when they want none."""
    first = known.preferred_name or known.first_name
    return {
        Naming.INITIAL.value: f"{first[:1]}.",
        Naming.FIRST.value: first,
        Naming.OWN.value: own_name,
        Naming.FULL.value: f"{first} {known.last_name}",
    }.get(naming, "")


def gives_away(text: str, naming: str, known: Known) -> Decision:
    """Everything in a text that would tell who they are, beyond the name under which they chose to stand."""
    words = [fold(word) for word in WORD.findall(text)]
    plain = f" {' '.join(words)} "
    allowed = {
        Naming.FIRST.value: {known.first_name, known.preferred_name},
        Naming.FULL.value: {known.first_name, known.preferred_name, known.last_name},
    }.get(naming, set())
    reasons = []
    for name in dict.fromkeys((known.first_name, known.preferred_name, known.last_name)):
        parts = f" {' '.join(fold(each) for each in WORD.findall(name))} "
        if name not in allowed and len(parts.strip()) >= SHORTEST_NAME and parts in plain:
            reasons.append(_found("name", name))
    for number in known.identifiers:
        if number and fold(number).replace(" ", "") in "".join(words):
            reasons.append(_found("number", number))
    for unit in known.units:
        if f" {' '.join(fold(each) for each in WORD.findall(unit))} " in plain:
            reasons.append(_found("unit", unit))
    born = known.birth_date
    if born is not None:
        forms = {born.isoformat(), born.strftime("%m/%d/%Y"), f"{born.month}/{born.day}/{born.year}"}
        spoken = f" {fold(born.strftime('%B'))} {born.day} {born.year} "
        if any(form in text for form in forms) or spoken in plain:
            reasons.append(_found("birth date", born.isoformat()))
    return Decision(tuple(reasons))


def _found(what: str, words: str) -> Reason:
    return Reason(
        f"gives_away_{what.replace(' ', '_')}",
        _("The story says “%(words)s”, which tells who they are.") % {"words": words},
        _("Take it out, or ask them whether they want it to stand there."),
        field="text",
    )


def words_hash(shown: str, title: str, text: str, title_es: str, text_es: str) -> str:
    """The hash of exactly what will be read; the database computes the same before it lets a story out."""
    return hashlib.sha256("\x1f".join((shown, title, text, title_es, text_es)).encode()).hexdigest()
