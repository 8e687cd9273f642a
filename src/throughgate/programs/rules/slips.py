"""The words around the answers on a person's page and slip. Plain, reading grade 6."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from throughgate.programs.rules.telling import day


def headings() -> dict[str, str]:
    """The parts of the page by kind of answer, in their order."""
    return {
        "seat": _("You have a seat"),
        "line": _("You are in line"),
        "fits": _("This fits you"),
        "almost": _("Almost"),
        "not_now": _("Not now"),
    }


def labels() -> dict[str, str]:
    """What stands beside the answers and in the part for saying that something is wrong."""
    return {
        "missing": _("What is missing"),
        "how": _("How to get it"),
        "title": _("Say that something is wrong"),
        "program": _("Which program?"),
        "what": _("What is wrong? Tick one."),
        "own_words": _("In your own words:"),
        "sign": _("Name and day:"),
        "hand_in": _("Cut off this part and hand it in. You get an answer."),
    }


def more_words() -> str:
    """That the slip holds only the first ones."""
    return _("This is not all. Ask to see the full list, or look on the kiosk.")


def answer_due(due_on: dt.date) -> str:
    """That an answer is on its way, and by when."""
    return _("You said that something is wrong here. You get an answer by %(day)s.") % {"day": day(due_on)}


def answered(outcome: str) -> str:
    """What came of an appeal; the answer itself follows."""
    return _("You said that something is wrong here. This came of it: %(outcome)s.") % {"outcome": outcome}
