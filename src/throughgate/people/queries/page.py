"""One person: everything the one who asks may see, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.access.actor import Actor
from throughgate.access.models import Membership
from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName
from throughgate.base import scope
from throughgate.base.codes import clean
from throughgate.base.scope import Audience
from throughgate.people.models import (
    Absence,
    AccessNeed,
    Change,
    Consent,
    Identifier,
    KeepApart,
    Need,
    Participant,
    Profile,
    ReleaseDate,
    Stay,
)


@dataclass(frozen=True)
class PersonPage:
    """A person's facts for their page. What the reader may not see is empty; ``profile`` is then None."""

    participant: Participant
    identifiers: list[Identifier]
    access_needs: list[AccessNeed]
    absences: list[Absence]
    profile: Profile | None
    release_dates: list[ReleaseDate]
    release_history: list[ReleaseDate]
    needs: list[Need]
    stays: list[Stay]
    changes: list[Change]
    consents: list[Consent]
    keep_apart: list[KeepApart]
    today: dt.date

    @property
    def days_to_release(self) -> int | None:
        """Days until the expected release; None when it is not known."""
        on = self.profile.release_on if self.profile else None
        return (on - self.today).days if on else None


def person_page(by: Actor, code: str) -> PersonPage | None:
    """The person with this code, or None when there is none whom the actor may see.

    Shows facts of tier 2: the view must call ``note_read``.
    """
    person = (
        Participant.objects.select_related("facility", "unit", "profile").filter(code=clean(code)).first()
    )
    if person is None:
        return None
    restricted = by.can(Permission.VIEW_RESTRICTED, person.facility_id) or by.participant_id == person.pk
    dates = list(person.release_dates.order_by("kind", "-as_of", "-pk")) if restricted else []
    now = timezone.now()
    return PersonPage(
        participant=person,
        identifiers=list(person.identifiers.order_by("-primary", "system", "value")),
        access_needs=list(person.access_needs.order_by("kind")),
        absences=list(
            person.absences.filter(Q(during__endswith__isnull=True) | Q(during__endswith__gt=now)).order_by(
                "during"
            )
        ),
        profile=getattr(person, "profile", None),
        release_dates=[row for row in dates if row.superseded_at is None],
        release_history=[row for row in dates if row.superseded_at is not None],
        needs=_latest_needs(person) if restricted else [],
        stays=list(person.stays.select_related("facility").order_by("-during")) if restricted else [],
        changes=list(person.changes.order_by("-happened_at", "-pk")[:20]) if restricted else [],
        consents=list(person.consents.select_related("organization").order_by("-given_at"))
        if restricted
        else [],
        keep_apart=_orders(by, person),
        today=person.facility.today(),
    )


def _latest_needs(person: Participant) -> list[Need]:
    newest: dict[str, Need] = {}
    for need in person.needs.order_by("-as_of", "-pk"):
        newest.setdefault(need.domain, need)
    return sorted(newest.values(), key=lambda need: (-need.level, need.domain))


def _orders(by: Actor, person: Participant) -> list[KeepApart]:
    """Keep-apart orders in force, for the two roles that may know; the other name only where it is seen."""
    if not by.can(Permission.VIEW_KEEP_APART, person.facility_id):
        return []
    today = person.facility.today()
    return list(
        KeepApart.objects.filter(Q(first=person) | Q(second=person))
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today))
        .order_by("-starts_on", "-pk")
    )


def inbox(by: Actor, *, facility_id: int | None = None, limit: int = 50) -> list[Change]:
    """Changes in circumstances that nobody has acknowledged yet, newest first."""
    wanted = by.facility_ids if facility_id is None else frozenset([facility_id])
    return list(
        Change.objects.filter(facility_id__in=wanted, acknowledged_at=None)
        .select_related("participant", "facility")
        .order_by("-happened_at", "-pk")[:limit]
    )


@dataclass(frozen=True)
class Looker:
    """Somebody who looked at or changed a record. ``kind`` is read or write, ``what`` the page or table."""

    at: dt.datetime
    kind: str
    name: str | Promise
    role: str | Promise
    what: str
    fields: str


def lookers(participant: Participant, *, since: dt.datetime | None = None, limit: int = 200) -> list[Looker]:
    """Who has looked at or changed a record, newest first, with names ([A-26]).

    The person themselves, staff who hold them, and reviewers may ask; for others the database refuses
    (``ProgrammingError``). Names are read as the system: the people named work elsewhere, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, kind, membership, place, fields, audience FROM tg.lookers(%s, %s) LIMIT %s",
            [participant.pk, since or dt.datetime(2000, 1, 1, tzinfo=dt.UTC), limit],
        )
        rows = cursor.fetchall()
    with scope.as_role(Audience.JOB, purpose="names of who looked"):
        found = Membership.objects.filter(pk__in={row[2] for row in rows if row[2]}).order_by("pk")
        known = {each.pk: each for each in found}
    names: defaultdict[int | None, tuple[str | Promise, str | Promise]] = defaultdict(
        lambda: (_("The system"), "")
    )
    for pk, each in known.items():
        names[pk] = (each.person_name, ROLES[RoleName(each.role)].display_name)
    return [
        Looker(at=at, kind=kind, name=names[who][0], role=names[who][1], what=place, fields=fields or "")
        for at, kind, who, place, fields, _audience in rows
    ]
