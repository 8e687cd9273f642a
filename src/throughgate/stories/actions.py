"""The verbs of stories: write, agree, publish, take back."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.saving import save, set_facts
from throughgate.base.scope import Audience
from throughgate.people.actions.held import held
from throughgate.people.models import Identifier, Participant, Profile
from throughgate.places.models import Unit
from throughgate.stories import rules
from throughgate.stories.models import PublishedStory, Story
from throughgate.stories.rules import Known

FACTS = frozenset({"title", "text", "title_es", "text_es", "naming", "own_name", "may_identify"})


@transaction.atomic
def write(*, by: Actor, participant: Participant, story: Story | None = None, **facts: Any) -> Story:
    """Write a story down, or change it; ``facts`` are :data:`FACTS`. Changed words need a new yes: an agreement
    to other words ends, and what was published of them comes down at once."""
    person = held(by, participant, Permission.EDIT_PEOPLE)
    row = Story(participant=person) if story is None else _locked(story)
    if row.participant_id != person.pk:
        raise Forbidden(_("This story is somebody else's."), Permission.EDIT_PEOPLE.value)
    set_facts(row, facts, FACTS)
    if row.agreed_sha256 and row.agreed_sha256 != _hash(row, known_of(person)):
        row.agreed_at, row.agreed_how, row.witness, row.agreed_sha256 = None, "", "", ""
        row.published_at, row.published_by = None, ""
    row.written_by = by.name
    save(row)
    return row


@transaction.atomic
def agree(*, by: Actor, story: Story, witness: str = "") -> Story:
    """The person agrees to every word and to the name: on their own page, or on paper with a witness."""
    own = by.participant_id is not None and by.participant_id == story.participant_id
    if not own:
        held(by, story.participant, Permission.EDIT_PEOPLE)
        if not witness.strip():
            raise Refused(
                Reason(
                    "story_paper_has_witness", _("Who saw them sign?"), _("Write the name."), field="witness"
                )
            )
    with scope.as_role(Audience.JOB, purpose="agree to a story"):
        row = Story.objects.select_for_update(of=("self",)).select_related("participant").get(pk=story.pk)
        row.agreed_at, row.agreed_how = timezone.now(), "self" if own else "paper"
        row.witness = "" if own else witness.strip()[:120]
        row.agreed_sha256 = _hash(row, known_of(row.participant))
        row.withdrawn_at, row.withdrawn_by = None, ""
        save(row)
    return row


@transaction.atomic
def publish(*, by: Actor, story: Story) -> PublishedStory:
    """Let everybody read a story: agreed to, and without anything that tells who they are unless they chose so."""
    person = held(by, story.participant, Permission.EDIT_PEOPLE)
    row = _locked(story)
    if row.agreed_at is None or row.withdrawn_at is not None:
        raise Refused(
            Reason(
                "story_not_agreed",
                _("They have not agreed to these words."),
                _("Let them read it on their own page, or record what they signed."),
            )
        )
    with scope.as_role(Audience.JOB, purpose="publish a story"):
        known = known_of(person)
        if not row.may_identify:
            found = rules.gives_away(
                "\n".join((row.title, row.text, row.title_es, row.text_es)), row.naming, known
            )
            if found.refused:
                raise Refused(found.reasons)
        row.published_at, row.published_by = timezone.now(), by.name
        save(row)
        with refusing():
            made, _new = PublishedStory.objects.update_or_create(
                story=row,
                defaults={
                    "shown_name": rules.shown_name(row.naming, known, row.own_name),
                    "title": row.title,
                    "text": row.text,
                    "title_es": row.title_es,
                    "text_es": row.text_es,
                    "published_on": person.facility.today(),
                },
            )
    return made


@transaction.atomic
def take_down(*, by: Actor, story: Story) -> Story:
    """Take the agreement back, as the person themselves or as staff who hold them: the next reader finds nothing.

    Once is enough: a second time changes nothing.
    """
    if by.participant_id is None or by.participant_id != story.participant_id:
        held(by, story.participant, Permission.EDIT_PEOPLE)
    with scope.as_role(Audience.JOB, purpose="take a story down"):
        row = Story.objects.select_for_update(of=("self",)).get(pk=story.pk)
        if row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_by = timezone.now(), by.name
            row.agreed_at, row.agreed_how, row.witness, row.agreed_sha256 = None, "", "", ""
            row.published_at, row.published_by = None, ""
            save(row)
    return row


def known_of(person: Participant) -> Known:
    """What is on record that a story could give away. Reads as the system: the words are only compared."""
    with scope.as_role(Audience.JOB, purpose="compare a story with the record"):
        profile = Profile.objects.filter(participant=person).first()
        return Known(
            first_name=person.first_name,
            last_name=person.last_name,
            preferred_name=person.preferred_name,
            identifiers=tuple(
                Identifier.objects.filter(participant=person).order_by("pk").values_list("value", flat=True)
            ),
            units=tuple(Unit.objects.filter(pk=person.unit_id or 0).values_list("name", flat=True)),
            birth_date=profile.birth_date if profile else None,
        )


def _hash(row: Story, known: Known) -> str:
    shown = rules.shown_name(row.naming, known, row.own_name)
    return rules.words_hash(shown, row.title, row.text, row.title_es, row.text_es)


def _locked(story: Story) -> Story:
    row = Story.objects.select_for_update(of=("self",)).filter(pk=story.pk).first()
    if row is None:
        raise Forbidden(_("This story is not yours to change."), Permission.EDIT_PEOPLE.value)
    return row
