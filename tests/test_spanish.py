"""Whoever reads Spanish finds every page meant for people outside the staff in Spanish."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation

from throughgate.base import texts

# Words that are the same in both languages.
SAME = {"%(hours)d h", "%(hours)d h %(minutes)d min", "%(minutes)d min", "no"}
HOLES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def spanish() -> dict[tuple[str, str], list[str]]:
    (path,) = (path for path in texts.catalogs() if path.parts[-3] == "es")
    found = {}
    for message in texts.read(path):
        if message.id and texts.done(message):
            first = message.id if isinstance(message.id, str) else message.id[0]
            strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
            found[message.context or "", first] = list(strings)
    return found


def test_nothing_that_outsiders_read_lacks_spanish() -> None:
    known = spanish()
    lacking = {f"{text.file}:{text.line} {text.text}" for text in texts.texts(*texts.OUTER)
               if (text.context, text.text) not in known}  # fmt: skip
    assert sorted(lacking) == []


def test_no_choice_lacks_spanish() -> None:
    known = {text for _context, text in spanish()}
    with translation.override("es"):
        lacking = {
            label for label in texts.labels() if label not in known and translation.gettext(label) == label
        }
    assert sorted(lacking) == []


def test_the_finder_finds_what_pages_say() -> None:
    """Guards the guard: texts of each way of writing them are seen."""
    found = {text.text for text in texts.texts(*texts.OUTER)}
    for words in (
        "Sign in",  # translate
        "You are number %(n)s of %(of)s.",  # blocktranslate
        "Where",  # an argument of a tag
        "Hours so far",  # a column of numbers
        "What do you look for?",  # Python, lazy
        "You asked for %(name)s. You get an answer.",
    ):
        assert words in found
    plurals = {text.plural for text in texts.texts("templates/participant", "www/partner")}
    assert {"People usually wait %(n)s days.", "%(n)d people marked."} <= plurals


def test_placeholders_are_the_same() -> None:
    wrong = []
    path = next(path for path in texts.catalogs() if path.parts[-3] == "es")
    for message in texts.read(path):
        if not message.id or not texts.done(message):
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        for source, words in zip(ids, strings, strict=True):
            mine, theirs = sorted(HOLES.findall(words)), sorted(HOLES.findall(source))
            # "The only seat is taken" needs no number, nor does its translation have to.
            if mine != theirs and not (len(ids) == 2 and set(mine) <= set(HOLES.findall(ids[1]))):
                wrong.append((source, words))
    assert wrong == []


def test_spanish_is_spanish() -> None:
    """A text copied over in English is not a translation; short words may be alike."""
    copied = [text for (_context, text), words in spanish().items()
              if words[0] == text and len(text.split()) > 1 and text not in SAME]  # fmt: skip
    assert copied == []


def test_what_the_program_reads_is_what_was_written() -> None:
    for path in texts.catalogs():
        made = texts.compiled(texts.read(path))
        assert path.with_suffix(".mo").read_bytes() == made, "run: make texts"


@pytest.mark.django_db
def test_the_language_is_chosen_by_a_plain_form_and_stays() -> None:
    browser = Client()
    page = browser.get("/get-involved/").content.decode()
    assert 'name="language" value="es"' in page
    answer = browser.post("/i18n/setlang/", {"language": "es", "next": "/get-involved/"})
    assert (answer.status_code, answer["Location"]) == (302, "/get-involved/")
    spanish_page = browser.get("/get-involved/").content.decode()
    assert '<html lang="es"' in spanish_page
    assert "Tres maneras de ayudar" in spanish_page
    assert browser.get("/stories/").content.decode().count("Historias") >= 1
    away = browser.post("/i18n/setlang/", {"language": "es", "next": "https://elsewhere.invalid/"})
    assert "elsewhere" not in away["Location"]
