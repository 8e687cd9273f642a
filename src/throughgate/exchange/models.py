"""Imports: what came in, from whom, row by row what it would change, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, permitted, seen
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience


class Kind(models.TextChoices):
    """What can be brought in."""

    DIRECTORY = "directory", _("Partner directory")
    CUSTODY = "custody", _("Custody extract")
    JUSTICE = "justice", _("Justice events")
    SUPERVISION = "supervision", _("Times under supervision")
    DEPARTURE = "departure", _("Deaths, removals and departures")
    POSITIVE = "positive", _("Positive outcomes")


# What becomes of people after release: only roles that evaluate import it, and see its rows.
RECORDS = (Kind.JUSTICE, Kind.SUPERVISION, Kind.DEPARTURE, Kind.POSITIVE)


class State(models.TextChoices):
    """An import's way: read and compared, looked at by a person, applied."""

    READING = "reading", _("Being read")
    READY = "ready", _("Ready to look at")
    APPLYING = "applying", _("Being applied")
    DONE = "done", _("Applied")
    FAILED = "failed", _("Could not be read")
    DISCARDED = "discarded", _("Discarded")


class What(models.TextChoices):
    """What a row would do. CHECKED is a row that has not been compared with the database yet."""

    CHECKED = "checked", _("Checked")
    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    UNCHANGED = "unchanged", _("Unchanged")
    REFUSED = "refused", _("Refused")
    CONFLICT = "conflict", _("For a person to decide")


_OWN = (
    "(membership_id = (SELECT tg.membership_id())"
    " OR (facility_ids <> '{}' AND facility_ids <@ (SELECT tg.facility_ids())::bigint[]))"
)
# Who may import sees a directory; a custody extract only who asked for it, or works in all its facilities;
# records of what became of people only who evaluates, likewise.
_DATA = permitted("import_data", f"(kind = 'directory' OR (kind = 'custody' AND {_OWN}))")
_LATER = permitted("evaluate", f"(kind NOT IN ('directory', 'custody') AND {_OWN})")
_SEEN = f"({_DATA} OR {_LATER})"
_OF_SEEN = f"({permitted('import_data')} OR {permitted('evaluate')}) AND {seen('exchange_import', 'load_id')}"


class Import(Coded, Recorded):
    """One file on its way in. The file itself is deleted as soon as it is read; its digest stays.

    ``options`` holds what was asked (``as_of``, ``system``, the facilities that the asker works in),
    ``counts`` how many rows do what (per kind of thing), ``notices`` what the whole file is told.
    ``applied_through`` is the last position that was applied: the mark from which it goes on after a crash.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    source = models.CharField(_("source"), max_length=60)
    file_name = models.CharField(_("file"), max_length=200)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    size = models.BigIntegerField(_("bytes"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READING)
    options = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    notices = models.JSONField(default=list)
    facility_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    asked_by = models.CharField(_("asked by"), max_length=120)
    user_id = models.BigIntegerField(null=True, blank=True)
    membership_id = models.BigIntegerField(null=True, blank=True)
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    applied_through = models.PositiveIntegerField(default=0)
    reason = models.TextField(_("why it failed"), blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    guard = Guard(tier=Tier.OPERATIONAL, rules={Audience.STAFF: Rule(read=_SEEN, write=_SEEN)})

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="import_failed_for_a_reason"
            )
        ]
        indexes = [models.Index(fields=["kind", "source", "-recorded_at"], name="import_by_source")]

    @property
    def total(self) -> dict[str, int]:
        """How many rows do what, over all kinds of things."""
        totals: dict[str, int] = dict.fromkeys((str(what) for what in What), 0)
        per_thing: dict[str, dict[str, Any]] = self.counts
        for counts in per_thing.values():
            for what, number in counts.items():
                totals[what] = totals.get(what, 0) + int(number)
        return totals


class ImportRow(models.Model):
    """One row of a file: what it says, what it would do and why. Deleted with its import's retention.

    ``position`` numbers the things of the file in the order they are applied (rows about one person share
    it); refused rows have none. ``diff`` maps a field to what is here and what the file says.
    """

    load = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(_("line"))
    thing = models.CharField(max_length=14)
    key = models.CharField(_("key"), max_length=120, blank=True)
    label = models.CharField(_("about"), max_length=300, blank=True)
    identity = models.CharField(max_length=300, blank=True)
    position = models.PositiveIntegerField(null=True, blank=True)
    what = models.CharField(_("what"), max_length=10, choices=What, default=What.CHECKED)
    reasons = models.JSONField(_("why"), default=list)
    notes = models.JSONField(_("to know"), default=list)
    values = models.JSONField(default=dict)
    diff = models.JSONField(_("before and after"), default=dict)
    person_id = models.BigIntegerField(null=True, blank=True)
    decision = models.CharField(
        _("decision"),
        max_length=10,
        blank=True,
        choices=[("same", _("The same person")), ("other", _("Another person"))],
    )
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)

    # Rows wait here and are gone after weeks; what they lead to, and who reads them, is in the trail.
    guard = Guard(
        tier=Tier.RESTRICTED,
        audited=False,
        rules={
            Audience.STAFF: Rule(
                read=_OF_SEEN,
                write=_OF_SEEN,
            )
        },
    )

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="", decided_by="") | (~Q(decision="") & ~Q(decided_by="")),
                name="import_row_decision_is_paired",
            )
        ]
        indexes = [
            models.Index(fields=["load", "what", "line"], name="import_row_by_what"),
            models.Index(fields=["load", "position"], name="import_row_by_position"),
            models.Index(fields=["load", "identity"], name="import_row_by_identity"),
        ]
