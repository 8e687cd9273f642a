"""Release dates as custody gives them; we keep their history and never compute one ([P-7])."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.saving import save
from throughgate.base.scope import Audience
from throughgate.people import rules
from throughgate.people.actions.held import allow, held, tell
from throughgate.people.models import ChangeKind, Participant, Profile, ReleaseDate
from throughgate.people.rules import GivenDate, Standing


@transaction.atomic
def record_release_date(
    *,
    by: Actor,
    participant: Participant,
    kind: str,
    on: dt.date | None,
    source: str,
    as_of: dt.date,
    unknown_reason: str = "",
) -> ReleaseDate:
    """Write down a release date, or why there is none, with its source and the day it was true.

    A newer as-of supersedes; an older one is kept as history only; the same again changes nothing. When the
    date to plan by moves, the profile follows and the facility gets a change "date moved".
    """
    person = held(by, participant, Permission.EDIT_PEOPLE)
    given = GivenDate(
        kind=kind, on=on, unknown_reason=unknown_reason.strip(), source=source.strip(), as_of=as_of
    )
    allow(rules.can_record_date(given, person.facility.today()))
    # What stands is read as the system, so that nobody overwrites a date that they may not see.
    with scope.as_role(Audience.JOB):
        rows = {row.kind: row for row in in_force(person.pk)}
    before = rows.get(kind)
    place = rules.standing(given, facts_of(before) if before else None)
    if place is Standing.SAME and before is not None:
        return before
    row = ReleaseDate(
        participant=person,
        kind=kind,
        on=on,
        unknown_reason=given.unknown_reason,
        source=given.source,
        as_of=as_of,
    )
    if place is Standing.HISTORY:
        row.superseded_at = timezone.now()
        save(row)
        return row
    if before is not None:
        ReleaseDate.objects.filter(pk=before.pk).update(superseded_at=timezone.now())
    save(row)
    rows[kind] = row
    _plan_by(person, rules.expected_release({k: facts_of(v) for k, v in rows.items()}))
    return row


def in_force(participant_id: int) -> list[ReleaseDate]:
    """The dates of a person that stand, one a kind."""
    return list(
        ReleaseDate.objects.filter(participant_id=participant_id, superseded_at__isnull=True).order_by("kind")
    )


def facts_of(row: ReleaseDate) -> GivenDate:
    """A stored date as the rules take it."""
    return GivenDate(
        kind=row.kind, on=row.on, unknown_reason=row.unknown_reason, source=row.source, as_of=row.as_of
    )


def _plan_by(person: Participant, expected: GivenDate | None) -> None:
    if expected is None:
        return
    with scope.as_role(Audience.JOB):
        profile, _made = Profile.objects.get_or_create(participant=person)
        known_before = profile.release_as_of is not None
        moved = known_before and profile.release_on != expected.on
        words = _("Release date moved from %(before)s to %(after)s (%(source)s, as of %(as_of)s).") % {
            "before": profile.release_on or _("not known"),
            "after": expected.on or _("not known"),
            "source": expected.source,
            "as_of": expected.as_of,
        }
        profile.release_on, profile.release_as_of = expected.on, expected.as_of
        profile.release_source, profile.release_unknown_reason = expected.source, expected.unknown_reason
        profile.save(
            update_fields=["release_on", "release_as_of", "release_source", "release_unknown_reason"]
        )
        if moved:
            tell(person, ChangeKind.DATE_MOVED, words, person.facility)
