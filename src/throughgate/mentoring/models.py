"""Mentors and tutors, what participants wish for, who is matched with whom, and their meetings.

A mentor knows a participant by first name and initial, a participant a mentor likewise: no contact details
pass through here ([P-184]). What a meeting was about is not written down; only that it was ([P-187]).
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import (
    Guard,
    Rule,
    Tier,
    my_visitor,
    myself,
    own_facility,
    permitted,
    seen_participant,
)
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ("am", "pm", "ev")
TIMES = tuple(f"{day}-{part}" for day in WEEKDAYS for part in PARTS)


class Kind(models.TextChoices):
    MENTOR = "mentor", _("Mentor")
    TUTOR = "tutor", _("Tutor")


class Mode(models.TextChoices):
    IN_PERSON = "in_person", _("In person")
    VIDEO = "video", _("By video")
    PHONE = "phone", _("By phone")
    LETTERS = "letters", _("By letter")


def _codes(words: Any) -> Any:
    return ArrayField(models.CharField(max_length=20), verbose_name=words, default=list, blank=True)


class Offered(models.Model):
    """What both sides say of themselves, in codes of the mentoring pack."""

    kinds = _codes(_("mentor or tutor"))
    interests = _codes(_("interests"))
    subjects = _codes(_("subjects"))
    languages = _codes(_("languages"))
    times = _codes(_("times that suit"))
    modes = _codes(_("ways to meet"))
    region = models.CharField(_("city or county"), max_length=80, blank=True)
    after_release = models.BooleanField(_("goes on after release"), default=False)
    boundaries = models.CharField(_("limits"), max_length=300, blank=True)

    class Meta:
        abstract = True


class MentorProfile(Offered, Coded, Recorded):
    """What a visitor offers as a mentor or tutor. ``most`` is with how many people at once; ``open`` is now."""

    visitor = models.OneToOneField("visitors.Visitor", models.CASCADE, related_name="mentor_profile")
    most = models.PositiveSmallIntegerField(_("people at once"), default=1)
    open = models.BooleanField(_("ready for somebody new"), default=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_visitors"),
                write=permitted("manage_visitors"),
            ),
            Audience.VISITOR: Rule(read=my_visitor(), write=my_visitor()),
            Audience.PARTNER: Rule(read=my_visitor(), write=my_visitor()),
        },
    )

    class Meta:
        verbose_name = _("mentor's offer")
        verbose_name_plural = _("mentors' offers")
        constraints = [
            models.CheckConstraint(
                condition=Q(most__gte=1),
                name="mentor_takes_somebody",
                violation_error_message=_("Say with how many people at once: at least one."),
            )
        ]


class Wish(Offered, Coded, Recorded):
    """A participant's wish for a mentor or tutor. One is open at a time; its day of asking stays theirs."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waiting for somebody")
        MET = "met", _("Has somebody")
        WITHDRAWN = "withdrawn", _("Taken back")

    participant = models.ForeignKey("people.Participant", models.CASCADE, related_name="mentor_wishes")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    asked_on = models.DateField(_("asked on"))
    asked_by = models.CharField(_("written down by"), max_length=120)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", seen_participant()),
                write=permitted("edit_people", seen_participant()),
            ),
            Audience.PARTICIPANT: Rule(read=myself(), write=myself()),
        },
    )

    class Meta:
        verbose_name = _("wish for a mentor or tutor")
        verbose_name_plural = _("wishes for mentors and tutors")
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=~Q(status="withdrawn"),
                name="wish_once_at_a_time",
                violation_error_message=_("There is a wish already; change that one."),
            )
        ]
        indexes = [models.Index(fields=["status", "asked_on"], name="wish_by_day")]


class MatchStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("Meeting")
    DECLINED = "declined", _("Declined")
    ENDED = "ended", _("Ended")


OPEN = (MatchStatus.PROPOSED, MatchStatus.ACTIVE)


class Answer(models.TextChoices):
    WAITING = "", _("Not answered yet")
    YES = "yes", _("Yes")
    NO = "no", _("No")


class Match(Coded, Recorded):
    """A mentor or tutor and a participant: proposed with reasons, accepted by both, meeting, ended well."""

    visitor = models.ForeignKey("visitors.Visitor", models.PROTECT, related_name="matches")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="matches")
    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    status = models.CharField(_("status"), max_length=8, choices=MatchStatus, default=MatchStatus.PROPOSED)
    mentor_known_as = models.CharField(_("mentor"), max_length=100)
    participant_known_as = models.CharField(_("participant"), max_length=100)
    reasons = models.JSONField(_("why these two"), default=list)
    proposed_by = models.CharField(_("proposed by"), max_length=120)
    proposed_on = models.DateField(_("proposed on"))
    mentor_answer = models.CharField(_("mentor's answer"), max_length=3, choices=Answer, blank=True)
    participant_answer = models.CharField(_("participant's answer"), max_length=3, choices=Answer, blank=True)
    participant_answer_by = models.CharField(_("answer taken by"), max_length=120, blank=True)
    active_from = models.DateField(_("accepted by both on"), null=True, blank=True)
    go_on_offered = models.DateField(_("going on after release, asked on"), null=True, blank=True)
    mentor_goes_on = models.CharField(_("mentor goes on"), max_length=3, choices=Answer, blank=True)
    participant_goes_on = models.CharField(_("participant goes on"), max_length=3, choices=Answer, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=20, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=120, blank=True)
    last_meeting = models.CharField(
        _("last meeting"),
        max_length=8,
        choices=[
            ("held", _("We met to say goodbye")),
            ("planned", _("It is planned")),
            ("none", _("There was none")),
        ],
        blank=True,
    )
    thanks = models.CharField(_("thanks"), max_length=500, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("view_restricted", seen_participant()),
                write=permitted("manage_visitors", seen_participant()),
            ),
            Audience.VISITOR: Rule(read=my_visitor()),
            # Partner staff who mentor are visitors too: their own matches, never a colleague's.
            Audience.PARTNER: Rule(read=my_visitor()),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            models.UniqueConstraint(
                fields=["visitor", "participant"],
                condition=Q(status__in=[each.value for each in OPEN]),
                name="match_once",
                violation_error_message=_("These two are matched already."),
            ),
            models.CheckConstraint(
                condition=~Q(status="active")
                | Q(mentor_answer="yes", participant_answer="yes", active_from__isnull=False),
                name="match_active_by_both",
                violation_error_message=_("A match begins when both have said yes."),
            ),
            models.CheckConstraint(
                condition=(Q(status="ended") & Q(ended_on__isnull=False) & ~Q(end_reason=""))
                | (~Q(status="ended") & Q(ended_on__isnull=True, end_reason="")),
                name="match_end_has_reason",
                violation_error_message=_("Say when it ended and why."),
            ),
        ]
        indexes = [models.Index(fields=["facility", "status"], name="match_by_facility")]


_OF_MATCH = "EXISTS (SELECT 1 FROM mentoring_match seen WHERE seen.id = match_id)"


class Meeting(Coded, Recorded):
    """That they met: when, how long, how. Nothing of what was said."""

    match = models.ForeignKey(Match, models.PROTECT, related_name="meetings")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    on = models.DateField(_("day"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    mode = models.CharField(_("how"), max_length=9, choices=Mode)
    logged_by = models.CharField(_("written down by"), max_length=120)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(read=permitted("view_restricted", seen_participant())),
            Audience.VISITOR: Rule(read=_OF_MATCH),
            Audience.PARTNER: Rule(read=_OF_MATCH),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        constraints = [
            models.UniqueConstraint(
                fields=["match", "on", "minutes", "mode"],
                name="meeting_once",
                violation_error_message=_("This meeting is written down already."),
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1),
                name="meeting_has_minutes",
                violation_error_message=_("Say how many minutes you met."),
            ),
        ]
        indexes = [models.Index(fields=["match", "-on"], name="meeting_by_match")]


class Concern(Coded, Recorded):
    """A mentor or participant is worried. The coordinator is told at once; nobody else reads what about."""

    match = models.ForeignKey(Match, models.PROTECT, related_name="concerns")
    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="+")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    text = models.TextField(_("what worries you"), blank=True)
    raised_by = models.CharField(_("raised by"), max_length=120)
    seen_by = models.CharField(_("seen by"), max_length=120, blank=True)
    seen_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    done = models.CharField(_("what was done"), max_length=300, blank=True)

    guard = Guard(
        tier=Tier.PROTECTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read=permitted("manage_visitors", f"{own_facility()} AND {seen_participant()}"),
                write=permitted("manage_visitors", f"{own_facility()} AND {seen_participant()}"),
            )
        },
    )

    class Meta:
        verbose_name = _("concern")
        verbose_name_plural = _("concerns")
        constraints = [
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by="", done="")
                | (Q(seen_at__isnull=False) & ~Q(seen_by="")),
                name="concern_seen_is_paired",
            )
        ]
