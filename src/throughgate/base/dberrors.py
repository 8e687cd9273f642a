"""Turns the database's own refusals into reasons that people can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Reason, Refused, Text

# Errors that our triggers raise, by SQLSTATE.
RAISED: dict[str, Reason] = {
    "TG001": Reason(
        "keep_apart",
        _("This person may not be in this session. Ask security if you need to know more."),
        _("Choose another session or cohort."),
    ),
    "TG002": Reason(
        "visitor_not_cleared",
        _("The visitor has no clearance for this facility on that day."),
        _("Choose a cleared visitor, or renew the clearance first."),
    ),
    "TG003": Reason("session_is_cancelled", _("The session is cancelled."), _("Choose another session.")),
    "TG004": Reason("seat_stays", _("A seat stays in its cohort."), _("End this place and give another.")),
    "TG006": Reason(
        "belongs_elsewhere",
        _("This belongs to another person, cohort or facility."),
        _("Reload the page and begin again."),
    ),
    "TG007": Reason(
        "decided_once",
        _("A decision about a proposed seat stays as it was made."),
        _("Give or end the place itself instead."),
    ),
    "TG020": Reason(
        "stays", _("A plan and a run of a study stay as they are."), _("Make another version, or run again.")
    ),
    "TG030": Reason(
        "signed_stays",
        _("What is signed stays as it was signed."),
        _("Make a new version, or end it early."),
    ),
    "TG005": Reason("only_added_to", _("This record is only ever added to."), _("Add a reversing line.")),
}


def constraint_words() -> dict[str, Text]:
    """The human message of every named constraint of the project's models."""
    words: dict[str, Text] = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.violation_error_message:
                words[constraint.name] = constraint.violation_error_message
    return words


def reason_for(error: DatabaseError) -> Reason | None:
    """The reason behind a refusal of the database, or None when it is not one of ours."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state in RAISED:
        return RAISED[state]
    name = getattr(getattr(cause, "diag", None), "constraint_name", None)
    if name is None:
        return None
    text = constraint_words().get(name)
    return Reason(name, text) if text else None


@contextmanager
def refusing() -> Iterator[None]:
    """Run writes in a savepoint; what the database refuses becomes :class:`Refused` with its words."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, DatabaseError) as error:
        reason = reason_for(error)
        if reason is None:
            raise
        raise Refused(reason) from error
