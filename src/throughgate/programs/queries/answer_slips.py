"""What people are told about programs, on paper: a page each, in the person's language, with room to appeal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from throughgate.base import pdf
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.programs.models import Contested
from throughgate.programs.queries import telling
from throughgate.programs.queries.telling import Answer
from throughgate.programs.rules.slips import headings, labels, more_words
from throughgate.programs.rules.telling import appeal_words

LANGUAGES = ("en", "es")
# What fits has no end: those that meet an assessed need come first, and so many fill a page. The kiosk has all.
MOST = {"fits": 3, "almost": 3, "not_now": 0}


def render(people: Iterable[Participant], facility: Facility, *, language: str = "") -> bytes:
    """The tagged PDF for these people; ``language`` is used instead of each person's own."""
    here = telling.Here(facility)
    made = [slip(each, language or language_of(each), here) for each in people]
    first = made[0]["lang"] if made else "en"
    with translation.override(first):
        data = {
            "title": _("Programs: what fits, what is missing, and your place in line"),
            "facility": facility.name,
            "printed_at": facility.now(),
            "slips": made,
        }
        return pdf.render("answers", data, lang=first)


def language_of(person: Participant) -> str:
    """The language of a person's slip: theirs where it is spoken here, else English."""
    short = person.language.split("-")[0]
    return short if short in LANGUAGES else "en"


def slip(person: Participant, language: str, here: telling.Here) -> dict[str, Any]:
    """Everything on one person's slip, in their language."""
    with translation.override(language):
        page = telling.page(person, here)
        unit = f"{person.unit.name} {person.cell}".strip() if person.unit else ""
        return {
            "lang": language,
            "name": person.name,
            "under": " · ".join(part for part in (unit, person.code) if part),
            "sections": [
                {"heading": heading, "short": kind == "seat", "items": [_item(each) for each in shown]}
                for kind, heading in headings().items()
                if (shown := page.of(kind)[: MOST.get(kind)])
            ],
            "more": more_words(),
            "appeal": {
                **labels(),
                "words": list(appeal_words()),
                "choices": [str(each.label) for each in Contested],
            },
        }


def _item(each: Answer) -> dict[str, Any]:
    return {
        "name": each.name,
        "head": each.head,
        "lines": list(each.lines),
        "missing": [{"what": one.what, "how": one.how} for one in each.missing],
        "answer": list(each.answered),
    }
