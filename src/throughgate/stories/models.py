"""Stories of second chances: whose they are, what they agreed to, and the copy that the public reads."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import (
    ALWAYS,
    Guard,
    Rule,
    Tier,
    myself,
    not_blocked,
    permitted,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.partners.models.organizations import DIRECTORY


class Naming(models.TextChoices):
    NOBODY = "nobody", _("Without a name")
    INITIAL = "initial", _("First letter only")
    FIRST = "first", _("First name")
    OWN = "own", _("Another name that I choose")
    FULL = "full", _("First and last name")


class Story(Coded, Recorded):
    """A participant's story, the consent to every word of it, and its end when they change their mind.

    ``agreed_sha256`` is the hash of exactly the words and the name they agreed to: other words need a new yes.
    """

    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="stories")
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("story"))
    title_es = models.CharField(_("title in Spanish"), max_length=120, blank=True)
    text_es = models.TextField(_("story in Spanish"), blank=True)
    naming = models.CharField(_("how they are named"), max_length=8, choices=Naming, default=Naming.NOBODY)
    own_name = models.CharField(_("the name they choose"), max_length=60, blank=True)
    may_identify = models.BooleanField(_("they want what identifies them to stand in it"), default=False)
    written_by = models.CharField(_("written by"), max_length=120)
    agreed_at = models.DateTimeField(_("agreed"), null=True, blank=True)
    agreed_how = models.CharField(
        _("how they agreed"),
        max_length=6,
        blank=True,
        choices=[("self", _("On their own page")), ("paper", _("On paper"))],
    )
    witness = models.CharField(_("witness"), max_length=120, blank=True)
    agreed_sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.CharField(_("published by"), max_length=120, blank=True)
    withdrawn_at = models.DateTimeField(_("taken down"), null=True, blank=True)
    withdrawn_by = models.CharField(_("taken down by"), max_length=120, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", f"{seen_participant()} AND {not_blocked()}"),
                write=permitted("edit_people", f"{seen_participant()} AND {not_blocked()}"),
            ),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        constraints = [
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, agreed_sha256="", agreed_how="")
                | (Q(agreed_at__isnull=False) & ~Q(agreed_sha256="") & ~Q(agreed_how="")),
                name="story_agreed_whole",
                violation_error_message=_("An agreement says when, how, and to which words."),
            ),
            models.CheckConstraint(
                condition=~Q(agreed_how="paper") | ~Q(witness=""),
                name="story_paper_has_witness",
                violation_error_message=_("Who saw them sign?"),
            ),
            models.CheckConstraint(
                condition=~Q(naming="own") | ~Q(own_name=""),
                name="story_own_name_given",
                violation_error_message=_("Write the name they choose."),
            ),
        ]
        indexes = [models.Index(fields=["participant"], name="story_by_participant")]


class PublishedStory(Coded):
    """The copy that everybody reads: no way leads from it to the person.

    The database takes it in only with the very words that were agreed to, and deletes it in the statement that
    takes the agreement back.
    """

    story = models.OneToOneField(Story, models.CASCADE, related_name="published")
    shown_name = models.CharField(max_length=170, blank=True)
    title = models.CharField(max_length=120)
    text = models.TextField()
    title_es = models.CharField(max_length=120, blank=True)
    text_es = models.TextField(blank=True)
    published_on = models.DateField()

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            **{audience: rule for audience, rule in DIRECTORY.rules.items() if audience != Audience.STAFF},
            Audience.STAFF: Rule(read=ALWAYS),
        },
    )

    class Meta:
        verbose_name = _("published story")
        verbose_name_plural = _("published stories")
        indexes = [models.Index(fields=["-published_on", "id"], name="published_story_newest")]
