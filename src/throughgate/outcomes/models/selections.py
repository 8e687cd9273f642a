"""Who stood behind a run, so that what is published next cannot be subtracted from what was published before."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier
from throughgate.base.models import Recorded
from throughgate.outcomes.models.studies import StudyRun


class RunSelection(Recorded):
    """One group of people of a run: everybody, those who took part, those who did not.

    ``keys`` are keyed fingerprints of eight bytes each, sorted and joined; they can be compared with those of
    other runs of the same ``space`` and say nothing else. Nobody but jobs reads them.
    """

    run = models.ForeignKey(StudyRun, models.PROTECT, related_name="selections")
    name = models.CharField(_("group"), max_length=40)
    space = models.CharField(_("whose numbers"), max_length=80)
    people = models.PositiveIntegerField(_("people"))
    keys = models.BinaryField()

    guard = Guard(
        tier=Tier.RESTRICTED,
        audited=False,
        rules={},
        job=Rule(
            read="(SELECT tg.audience()) = 'job'", write="(SELECT tg.audience()) = 'job'", insert_only=True
        ),
    )

    class Meta:
        verbose_name = _("people behind a run")
        verbose_name_plural = _("people behind runs")
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="run_selection_once")]
