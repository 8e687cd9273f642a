"""Stories: every word agreed to, nothing that gives away, and gone at the statement that takes the yes back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

import factories as make
from acting import acting, signed_in
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.people.models import Participant
from throughgate.stories import actions, rules
from throughgate.stories.models import Naming, PublishedStory, Story
from throughgate.stories.rules import Known

pytestmark = pytest.mark.django_db
WORDS = "I learned to weld. Now I go home to work."


@pytest.fixture
def person() -> Participant:
    return make.participant(make.facility(), first_name="Marisol", last_name="Quintero")


def staff(person: Participant) -> Any:
    return make.member(RoleName.COORDINATOR, facility=person.facility)


def told(person: Participant, by: Actor, **given: Any) -> Story:
    values = {"title": "A trade", "text": WORDS, "naming": Naming.INITIAL.value}
    return actions.write(by=by, participant=person, **{**values, **given})


def test_nothing_is_public_before_their_yes_and_gone_after_they_take_it_back(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor)
        with pytest.raises(Refused, match="not agreed"):
            actions.publish(by=actor, story=story)
    me = signed_in(make.member(RoleName.PARTICIPANT, participant=person))
    assert WORDS in me.get("/me/stories/").content.decode()
    assert me.post(f"/me/stories/{story.code}/yes/").status_code == 302
    with acting(staff(person)) as actor:
        actions.publish(by=actor, story=story)
    page = Client().get("/stories/")
    assert WORDS in page.content.decode()
    assert "M." in page.content.decode()
    assert "Quintero" not in page.content.decode()
    assert "no-store" in page["Cache-Control"] or "no-cache" in page["Cache-Control"]
    assert me.post(f"/me/stories/{story.code}/back/").status_code == 302
    assert not PublishedStory.objects.exists()
    assert WORDS not in Client().get("/stories/").content.decode()


def test_one_statement_takes_it_down_whoever_writes_it(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor)
        actions.agree(by=actor, story=story, witness="Officer Lane")
        actions.publish(by=actor, story=story)
    with scope.public():
        assert PublishedStory.objects.count() == 1
    Story.objects.filter(pk=story.pk).update(agreed_at=None, agreed_sha256="", agreed_how="", witness="")
    with scope.public():
        assert PublishedStory.objects.count() == 0


def test_the_database_refuses_words_that_were_not_agreed_to(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor)
        actions.agree(by=actor, story=story, witness="Officer Lane")
        actions.publish(by=actor, story=story)
    for change in ({"text": WORDS + " And more."}, {"shown_name": "Marisol Quintero"}):
        with pytest.raises(DatabaseError, match="not the words"), transaction.atomic():
            PublishedStory.objects.update(**change)


def test_changed_words_need_a_new_yes_and_come_down(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor)
        actions.agree(by=actor, story=story, witness="Officer Lane")
        actions.publish(by=actor, story=story)
        story = actions.write(by=actor, participant=person, story=story, text="Other words.")
        assert story.agreed_at is None
    assert not PublishedStory.objects.exists()


def test_what_gives_away_is_refused_unless_they_want_it(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor, text="They call me Marisol Quintero here.")
        actions.agree(by=actor, story=story, witness="Officer Lane")
        with pytest.raises(Refused, match="Quintero"):
            actions.publish(by=actor, story=story)
        story = actions.write(by=actor, participant=person, story=story, may_identify=True)
        actions.publish(by=actor, story=story)
    assert PublishedStory.objects.count() == 1


KNOWN = Known("Ana", "Ríos", "", ("A001234",), ("Unit B North",), dt.date(1988, 3, 7))


@pytest.mark.parametrize(
    ("text", "naming", "codes"),
    [
        ("I was lost.", "nobody", []),
        ("Ana was lost.", "nobody", ["name"]),
        ("Ana was lost.", "first", []),
        ("ANA RIOS was lost.", "first", ["name"]),
        ("Ana Ríos was lost.", "full", []),
        ("Banana bread", "nobody", []),
        ("My number was a-001 234.", "nobody", ["number"]),
        ("I lived in unit B-North.", "nobody", ["unit"]),
        ("Born on March 7, 1988.", "full", ["birth_date"]),
        ("Born 1988-03-07.", "full", ["birth_date"]),
    ],
)
def test_what_tells_who_they_are_is_found(text: str, naming: str, codes: list[str]) -> None:
    found = rules.gives_away(text, naming, KNOWN)
    assert [reason.code.removeprefix("gives_away_") for reason in found.reasons] == codes


def test_others_neither_read_nor_take_down(person: Participant) -> None:
    with acting(staff(person)) as actor:
        story = told(person, actor)
    other = make.participant(person.facility)
    assert signed_in(make.member(RoleName.PARTICIPANT, participant=other)).post(
        f"/me/stories/{story.code}/back/"
    ).status_code == 404  # fmt: skip
    elsewhere = make.member(RoleName.COORDINATOR, facility=make.facility())
    with acting(elsewhere) as actor:
        assert not Story.objects.exists()
        with pytest.raises(Forbidden):
            actions.take_down(by=actor, story=story)
    assert signed_in(elsewhere).get(f"/staff/stories/{story.code}/").status_code == 404


def test_staff_write_publish_and_take_down_on_their_pages(person: Participant) -> None:
    browser = signed_in(staff(person))
    made = browser.post(
        f"/staff/stories/new/{person.code}/", {"title": "A trade", "text": WORDS, "naming": "nobody"}
    )
    assert made.status_code == 302
    story = Story.objects.get()
    browser.post(f"/staff/stories/{story.code}/paper/", {"witness": "Officer Lane"})
    browser.post(f"/staff/stories/{story.code}/now/publish/")
    assert PublishedStory.objects.get().shown_name == ""
    assert browser.get(f"/staff/stories/{story.code}/").status_code == 200
    assert browser.get("/staff/stories/").status_code == 200
    browser.post(f"/staff/stories/{story.code}/now/down/")
    assert not PublishedStory.objects.exists()
