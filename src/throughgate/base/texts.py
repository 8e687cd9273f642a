"""Texts to translate: finds them in the code and the templates, keeps the catalog, and compiles it.

``make texts`` adds what people outside the staff read anew to every ``locale/*/LC_MESSAGES/django.po``, drops
what is no longer said, and writes ``django.mo`` beside it; both are kept with the code, so that no installation
needs a compiler.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript, extract_python

from throughgate.base.guard import Tier

SOURCE = Path(__file__).resolve().parents[1]
ROOMS = (
    *("access", "places", "people", "partners", "stories", "visitors", "programs", "mentoring", "outbox"),
)
# How sensitive a fact is, is the code's own affair and shown nowhere.
UNSEEN = {tier.name.title() for tier in Tier}
FIRST = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
KEYWORDS: dict[str, None] = dict.fromkeys(
    f"{kind}{late}" for kind in ("gettext", "ngettext", "pgettext", "npgettext") for late in ("", "_lazy")
) | {"_": None, "gettext_noop": None}
# What participants, visitors, partners and the public are shown: here no text may lack its translation. Pages of
# the staff may; what they share with these is translated with them.
OUTER = (
    *(f"templates/{folder}" for folder in ("account", "allauth", "components", "entry", "errors", "layouts")),
    *(f"templates/{folder}" for folder in ("messages", "participant", "partner", "parts", "patterns")),
    *("templates/public", "templates/visitor", "templates/base.html"),
    *(f"www/{room}" for room in ("entry", "participant", "partner", "public", "visitor")),
    *("www/doors.py", "base/templatetags", "base/ui.py", "base/charts.py", "base/dberrors.py", "base/pdf.py"),
    *("access/actor.py", "access/roles.py", "visitors/rules.py", "partners/rules"),
    *("programs/actions/appeals.py", "programs/queries/answer_slips.py", "programs/rules"),
    *("programs/notices.py", "programs/queries/partner.py", "programs/queries/lists.py"),
    *(
        "visitors/requirements.py",
        "visitors/journeys.py",
        "visitors/actions/references.py",
    ),
    *("visitors/actions/steps.py", "visitors/actions/training.py", "visitors/actions/ties.py"),
    *("partners/actions", "partners/queries/partnership.py", "partners/queries/proposals.py"),
    *("partners/queries/waiting.py", "partners/models/proposals.py", "partners/prints.py"),
    *("mentoring/rules.py", "mentoring/actions.py", "mentoring/words.py", "www/matching.py"),
    *("base/links", "base/uploads", "partners/enquiries"),
    *("policies/attendance.py", "policies/waitlist.py"),
)
# A column of numbers is written "#Hours" in a template; the table translates what stands behind the sign.
NUMBER_COLUMN = re.compile(r'(?<=\s)"#([^"{}]+)"')


@dataclass(frozen=True)
class Text:
    """A text to translate: where it stands, its context if any, and its plural if it has one."""

    file: str
    line: int
    text: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> str | tuple[str, str]:
        """As a catalog of babel names it."""
        return (self.text, self.plural) if self.plural else self.text


def texts(*places: str) -> Iterator[Text]:
    """Every text in these folders or files below the package, templates and Python alike."""
    for place in places:
        root = SOURCE / place
        paths = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in paths:
            if path.suffix in {".html", ".txt", ".py"} and "migrations" not in path.parts:
                yield from _of_file(path)


def _of_file(path: Path) -> Iterator[Text]:
    from django.utils.translation.template import templatize  # noqa: PLC0415  (asks for settings)

    source = path.read_text(encoding="utf-8")
    name = str(path.relative_to(SOURCE))
    if path.suffix == ".py":
        found = extract_python(BytesIO(source.encode()), KEYWORDS, [], {})
    else:
        # Django writes a template as function calls; read as script, the words between do not matter.
        calls = re.sub(r"\b(n?p?gettext|_)\(u(?=['\"])", r"\1(", templatize(source))
        found = extract_javascript(BytesIO(calls.encode()), KEYWORDS, [], {"encoding": "utf-8"})
        for match in NUMBER_COLUMN.finditer(source):
            yield Text(name, source.count("\n", 0, match.start()) + 1, match[1])
    for line, called, messages, _comments in found:
        function = str(called)
        parts = [messages] if isinstance(messages, str) else [part or "" for part in messages or ()]
        context = parts.pop(0) if "pgettext" in function and len(parts) > 1 else ""
        if parts and parts[0]:
            plural = parts[1] if function.startswith(("ng", "np")) and len(parts) > 1 else ""
            yield Text(name, line, parts[0], plural, context)


def labels() -> set[str]:
    """The words of every choice that facts about people, places and programs offer, in English."""
    from django.apps import apps  # noqa: PLC0415  (asks for settings)
    from django.utils import translation  # noqa: PLC0415

    found = set()
    with translation.override("en"):
        for model in apps.get_models():
            if model._meta.app_label in ROOMS:
                for field in model._meta.get_fields():
                    found |= {str(label) for _value, label in getattr(field, "flatchoices", None) or []}
    return {label for label in found if label.strip("-") and not label.isdecimal()} - UNSEEN


def catalogs() -> list[Path]:
    """The translations that there are."""
    return sorted((SOURCE / "locale").glob("*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    """A catalog from its file."""
    with path.open("rb") as file:
        return pofile.read_po(file, locale=path.parts[-3])


def compiled(catalog: Catalog) -> bytes:
    """A catalog as the running program reads it."""
    whole = empty(str(catalog.locale))
    for message in catalog:
        if message.id and done(message):
            whole.add(message.id, message.string, context=message.context)
    out = BytesIO()
    mofile.write_mo(out, whole)
    return out.getvalue()


def done(message: Message) -> bool:
    """Whether every form of a text has its words."""
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return all(strings)


def empty(locale: str) -> Catalog:
    """A catalog with our heading and without a moment that changes by itself."""
    return Catalog(
        locale=locale,
        header_comment=f"# Throughgate in another language ({locale}). How: docs/translations.md",
        project="Throughgate",
        version="1",
        msgid_bugs_address="see README.md",
        last_translator="Throughgate",
        language_team="Throughgate",
        creation_date=FIRST,
        revision_date=FIRST,
        fuzzy=False,
    )


def update(path: Path, found: list[Text]) -> int:
    """Bring a catalog in line with the texts that are found, and compile it; returns how many lack words."""
    old = read(path)
    new = empty(path.parts[-3])
    offered = labels()
    # A text that also has a plural somewhere stands once, with its plural: its singular serves both.
    several = {(text.context, text.text) for text in found if text.plural}
    for text in found:
        if not text.plural and (text.context, text.text) in several:
            continue
        known = old.get(text.key, text.context or None)
        if not (text.file.startswith(OUTER) or text.text in offered or (known and done(known))):
            continue
        flags = ["python-format"] if "%(" in text.text else []
        fits = known and isinstance(known.string, str) != bool(text.plural)
        new.add(text.key, known.string if known and fits else None, flags=flags, context=text.context or None)
    with path.open("wb") as file:
        pofile.write_po(file, new, width=100, no_location=True, sort_output=True)
    path.with_suffix(".mo").write_bytes(compiled(new))
    return sum(1 for message in new if message.id and not done(message))


def main() -> int:
    """Update every catalog and say what is left to do."""
    found = [text for text in texts(".") if not text.file.startswith("engines/")]
    for path in catalogs():
        lacking = update(path, found)
        sys.stdout.write(f"{path.relative_to(SOURCE)}: {len(read(path))} texts, {lacking} not translated\n")
    return 0


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughgate.settings")
    django.setup()
    raise SystemExit(main())
