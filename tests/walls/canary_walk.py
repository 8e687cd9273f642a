"""Asking for every address as somebody, with the codes of things that are there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from canary_world import Canary, Viewer, World, words_of
from django.db import transaction
from django.test import Client
from django.urls import URLPattern
from test_every_address import addresses

from acting import signed_in
from throughgate.base.scope import Audience

# What stands in an address where neither a code nor a number does.
WORDS = {
    "tab": ("overview", "programs", "sessions", "hours", "history", "looked"),
    "kind": (
        "call-out",
        "unlock",
        "gate",
        "movement",
        "timetable",
        "attendance",
        "units",
        "rooms",
        "counts",
        "json",
        "csv",
    ),
    "what": ("line", "seat", "absence", "dates", "need", "apart", "consent", "transfer", "release", "edit"),
    "change": ("instructor", "rooms", "evenings", "partner"),
    "step": ("approve", "decline", "withdraw", "reconfirm", "suspend", "end"),
    "verb": ("withdraw", "reconfirm", "revoke"),
}
# Pages whose filters leave people out are asked for without them too.
BARE = {"/staff/people/", "/staff/visitors/", "/staff/partners/"}
THOROUGH = {"coordinator, here", "captain, here", "partner_lead, teaches", "participant, self"}
OK, POST_ONLY = 200, 405
PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Answer:
    """One answer, with the canaries in it."""

    path: str
    method: str
    status: int
    view: str
    found: tuple[Canary, ...]
    last_read: int


# Words before a code that lead to the same things as another word.
ALIKE = {
    "agreements": "agreement",
    "fits": "programs",
    "directory": "partners",
    "requirements": "clearances",
    "renew": "clearances",
}
STRANGERS = ("people", "sessions")


def paths(world: World, route: str) -> Iterator[str]:
    """An address with its open parts filled: codes by the word before them, every code where that is unknown."""
    route = "/" + route.replace("^", "").replace("\\Z", "").rstrip("$")
    choices = []
    for match in PLACEHOLDER.finditer(route):
        converter, name = match.groups()
        before = route[: match.start()].rstrip("/").rsplit("/", 1)[-1]
        if converter == "int":
            choices.append(("1",))
        elif converter == "date":
            choices.append((world.session.starts_at.date().isoformat(),))
        elif name in WORDS:
            choices.append(WORDS[name])
        else:
            known = world.codes.get(name) or world.codes.get(ALIKE.get(before, before))
            # What has nothing of its own in this world is asked with codes of other things.
            choices.append(tuple(known or (world.codes[other][0] for other in STRANGERS)))
    for chosen in itertools.product(*choices):
        values = iter(chosen)
        yield PLACEHOLDER.sub(lambda _match, given=values: next(given), route)


def meant_for(viewer: Viewer, pattern: URLPattern) -> bool:
    """Whether the page is for the viewer's audience; that others get nothing is another test's matter."""
    audiences: tuple[Audience, ...] = getattr(pattern.callback, "audiences", (Audience.PUBLIC,))
    return viewer.audience in audiences or Audience.PUBLIC in audiences


def questions(world: World, path: str) -> list[dict[str, str]]:
    """What is asked of an address: with every filter that could bring more to light, and bare."""
    day = world.facility.today().isoformat()
    asked = {"facility": world.facility.code, "day": world.session.starts_at.date().isoformat(), "start": day}
    found = [{**asked, "q": "qz", "words": "qz"}]
    if path in BARE:
        found.append({})
    if path.startswith("/audit/"):
        found += [{"stream": "event"}, {"stream": "read"}, {"stream": "denied"}]
    return found


def walk(world: World, viewer: Viewer, *, last_read: Any = None) -> Iterator[Answer]:
    """Every answer to this viewer: GET of each address, and what only a POST gives, undone afterwards.

    Those who see much send every form as well, so that error pages are looked at too.
    """
    browser = signed_in(viewer.membership) if viewer.membership else Client()
    browser.raise_request_exception = False
    thorough = viewer.label in THOROUGH
    for route, pattern in addresses():
        if route.startswith("account/") or not meant_for(viewer, pattern):
            continue
        for path in paths(world, route):
            first, *others = questions(world, path)
            answer = _answer(world, path, "get", browser.get(path, first), last_read)
            yield answer
            for question in others if answer.status == OK else ():
                yield _answer(world, path, "get", browser.get(path, question), last_read)
            if answer.status == POST_ONLY or (thorough and answer.status == OK):
                with transaction.atomic():
                    response = browser.post(path, first)
                    answer = _answer(world, path, "post", response, last_read)
                    transaction.set_rollback(True)
                yield answer


def _answer(world: World, path: str, method: str, response: Any, last_read: Any) -> Answer:
    match = getattr(response, "resolver_match", None)
    return Answer(
        path=path,
        method=method,
        status=response.status_code,
        view=match.view_name if match else "",
        found=tuple(world.found_in(words_of(response))),
        last_read=last_read() if last_read else 0,
    )
