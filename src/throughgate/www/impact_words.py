"""Verdicts as words in a tint, the same for staff and auditor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from throughgate.base.ui import Word

TAGS: dict[str, Word] = {
    "reduced": Word(_("Fewer returned"), "good"),
    "increased": Word(_("More returned"), "late"),
    "no meaningful difference": Word(_("No meaningful difference"), "done"),
    "not enough people yet": Word(_("Not enough people yet"), "wait"),
    "cannot be answered fairly": Word(_("Cannot be answered fairly"), "late"),
}
