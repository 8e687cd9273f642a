"""Canary values in every sensitive field show up only where a role and its relationship allow ([G-2])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from canary_walk import walk
from canary_world import Kind, Viewer, World, build, free_text, may_see
from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

import factories as make
from acting import acting
from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName
from throughgate.base.guard import Tier, guarded_models
from throughgate.base.outbox import actions as outbox
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience
from throughgate.programs.actions import sessions
from throughgate.programs.chasing import chase_missing_attendance

pytestmark = pytest.mark.django_db

# Words of sensitive tables that are no words of people: codes of packs, hashes, public codes, languages.
NOT_WORDS = {
    "code", "detail", "pack", "rule", "language", "text_sha256", "sha256", "end_reason", "basis_ref", "purpose",
    "ended_by", "decided_by",
}  # fmt: skip
# Tables about nobody in particular, or that exist for hours only: their own tests look after them.
OTHER_TABLES = {
    *("outbox.Message", "outbox.Preference", "access.User", "exchange.ImportRow", "links.Link"),
    "outcomes.RunSelection",
}


@pytest.fixture
def world() -> World:
    return build()


def test_every_sensitive_field_holds_a_canary(world: World) -> None:
    """A new field of words in a table of tier 2 and above cannot be forgotten here."""
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("throughgate.")}
    missing = [
        f"{model._meta.label}.{name}"
        for model, guard in guarded_models()
        if guard.tier >= Tier.RESTRICTED
        and model._meta.app_label in ours
        and model._meta.label not in OTHER_TABLES
        for name in free_text(model)
        if name not in NOT_WORDS and (model._meta.label, name) not in world.planted
    ]
    assert missing == []


# The roles that see most: what these do not find from another facility, the others do not either.
WIDE = {RoleName.COORDINATOR, RoleName.CAPTAIN, RoleName.CLASSIFICATION}


def all_labels() -> Iterator[str]:
    for role in RoleName:
        relations = {
            Audience.STAFF: ("here", "elsewhere") if role in WIDE else ("here",),
            Audience.PARTNER: ("teaches", "other", "taught before"),
            Audience.VISITOR: ("leads", "other"),
            Audience.PARTICIPANT: ("self", "other"),
        }.get(ROLES[role].audience, ("agency",))
        for relation in relations:
            yield f"{role}, {relation}"
    yield "nobody signed in"


def has(name: str, *args: str) -> bool:
    try:
        reverse(name, args=args)
    except NoReverseMatch:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("label", list(all_labels()))
def test_nothing_leaks(label: str, world: World) -> None:
    """Every address, filter and form, as this role in this relationship: only what it may see, no error."""
    viewer = next(each for each in world.viewers if each.label == label)
    leaks, broken, seen = set(), set(), set()
    for answer in walk(world, viewer):
        seen |= {canary.kind for canary in answer.found}
        leaks |= {
            (answer.method, answer.path, canary.label, canary.about)
            for canary in answer.found
            if not may_see(viewer, canary)
        }
        if answer.status >= 500 and not answer.path.endswith(("z", "metrics")):
            broken.add((answer.method, answer.path, answer.status))
    assert leaks == set()
    assert broken == set()
    assert expected(viewer) <= seen, "the walk no longer reaches what this role sees, so it proves nothing"


def expected(viewer: Viewer) -> set[Kind]:
    """What a viewer must come upon, so that a walk that reaches nothing cannot pass."""
    if viewer.relation == "teaches":
        return {Kind.NAME, Kind.ATTENDANCE}
    if viewer.relation == "self":
        return {Kind.NAME}
    if viewer.relation != "here" or not has("staff:person", "x"):
        return set()
    kinds = set()
    if viewer.has(Permission.VIEW_PEOPLE):
        kinds.add(Kind.NAME)
        if viewer.has(Permission.VIEW_RESTRICTED):
            kinds |= {Kind.RESTRICTED, Kind.STAFF_ONLY}
        if viewer.has(Permission.VIEW_KEEP_APART):
            kinds.add(Kind.KEEP_APART)
    return kinds


def test_the_matrix_can_fail(world: World) -> None:
    """The comparison itself: a canary is found across line breaks, and the matrix tells the two apart."""
    note = next(each for each in world.canaries if each.label == "people.KeepApart.note")
    word = note.pattern.pattern
    assert world.found_in(f"... {word[:4].upper()}\n {word[4:]} ...") == [note]
    seeing = {viewer.label for viewer in world.viewers if may_see(viewer, note)}
    assert seeing == {"captain, here", "classification, here"}


def test_no_message_names_anybody(world: World) -> None:
    """What goes to partners and visitors about sessions, rendered, with subject, data and address."""
    by_hand = make.member(RoleName.COORDINATOR, facility=world.facility)
    chase_missing_attendance(timezone.now())
    with acting(by_hand) as by:
        later = world.session.starts_at + dt.timedelta(hours=4)
        ends = later + dt.timedelta(hours=2)
        sessions.move(by=by, session=world.session, starts_at=later, ends_at=ends, room=world.session.room)
        sessions.cancel(by=by, session=world.session, reason="weather_utility")
    for message in Message.objects.exclude(key="canary").order_by("pk"):
        outbox.deliver(code=message.code)
    written = list(Message.objects.exclude(key="canary").order_by("pk"))
    assert {message.template for message in written} >= {"session_moved", "session_cancelled"}
    for message in written:
        text = f"{message.address} {message.name} {message.data} {message.subject} {message.body}"
        assert world.found_in(text) == []
