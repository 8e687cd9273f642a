"""Where a person is: transfer, release, return, temporary absence, death. One transaction carries everything.

Who records a move needs the permission where the person is now (for a return: where they arrive). The rows
of the other facility are out of their reach, so what follows is written as the system; the audit still
names the person who acted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.models import AccessGrant, Blocked, Membership
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.saving import save
from throughgate.base.scope import Audience
from throughgate.people import rules
from throughgate.people.actions.consents import close_consents
from throughgate.people.actions.held import allow, held, lock, tell
from throughgate.people.models import Absence, ChangeKind, Consent, KeepApart, Participant, Stay, Whereabouts
from throughgate.people.moves import Move, MoveKind, announce
from throughgate.people.rules import Event, MoveFacts
from throughgate.places.models import Facility, FacilityKind, Unit

# How long after the end of an absence the job still notices it, should it have stood still.
JUST_OVER = dt.timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class _To:
    """Where a person goes: the facility, a bed there, whether a stay begins, and in which state they are."""

    facility: Facility
    whereabouts: str
    unit: Unit | None = None
    cell: str = ""
    stays: bool = False


@transaction.atomic
def transfer(
    *,
    by: Actor,
    participant: Participant,
    to: Facility,
    on: dt.date,
    reason: str,
    unit: Unit | None = None,
    cell: str = "",
) -> Participant:
    """Move a person to another facility of custody; from then on that facility sees them, and the sender does not.

    Closes the stay and any absence, opens the next stay, empties unit and cell unless the new ones are given,
    tells both facilities, and lets programs carry place in line, hours and credit along.
    """
    person = held(by, participant, Permission.MOVE_PEOPLE)
    allow(rules.can_move(Event.TRANSFER, _facts(person, on, reason, to, unit)))
    goes = _To(facility=to, whereabouts=Whereabouts.INSIDE, unit=unit, cell=cell, stays=True)
    words = _("Transferred from %(here)s to %(there)s: %(why)s") % {
        "here": person.facility.name,
        "there": to.name,
        "why": reason,
    }
    return _move(
        by,
        person,
        goes,
        on=on,
        reason=reason,
        kind=MoveKind.TRANSFER,
        change=ChangeKind.TRANSFERRED,
        words=words,
    )


@transaction.atomic
def release(
    *, by: Actor, participant: Participant, on: dt.date, reason: str, to_office: Facility | None = None
) -> Participant:
    """Record that a person was released; the office that goes on with them sees them from then on.

    Without an office the releasing facility goes on with them, because somebody has to call after 72 hours.
    """
    person = held(by, participant, Permission.MOVE_PEOPLE)
    allow(rules.can_move(Event.RELEASE, _facts(person, on, reason, to_office)))
    goes = _To(facility=to_office or person.facility, whereabouts=Whereabouts.COMMUNITY)
    words = _("Released from %(here)s: %(why)s") % {"here": person.facility.name, "why": reason}
    return _move(
        by, person, goes, on=on, reason=reason, kind=MoveKind.RELEASE, change=ChangeKind.RELEASED, words=words
    )


@transaction.atomic
def return_to_custody(
    *,
    by: Actor,
    participant: Participant,
    to: Facility,
    on: dt.date,
    reason: str,
    unit: Unit | None = None,
    cell: str = "",
) -> Participant:
    """Record that a released person is in custody again, by the facility where they arrive.

    That facility cannot see the record beforehand: it names the person by their exact number.
    """
    by.require(Permission.MOVE_PEOPLE, to)
    with scope.as_role(Audience.JOB):
        if by.user_id and Blocked.objects.filter(user_id=by.user_id, participant=participant).exists():
            raise Forbidden(_("You may not open this record."), Permission.MOVE_PEOPLE.value)
    person = lock(participant.pk)
    allow(rules.can_move(Event.RETURN, _facts(person, on, reason, to, unit)))
    goes = _To(facility=to, whereabouts=Whereabouts.INSIDE, unit=unit, cell=cell, stays=True)
    words = _("Returned to custody at %(there)s: %(why)s") % {"there": to.name, "why": reason}
    return _move(
        by, person, goes, on=on, reason=reason, kind=MoveKind.RETURN, change=ChangeKind.RETURNED, words=words
    )


@transaction.atomic
def record_death(*, by: Actor, participant: Participant, on: dt.date) -> Participant:
    """Record that a person has died, and close quietly whatever is open, so that nobody is called for them again.

    Stays, absences, keep-apart orders, consents, partners' sight and the person's own sign-in end; programs
    follow. Nothing is sent to anybody from here: telling the family is for a person.
    """
    person = held(by, participant, Permission.MOVE_PEOPLE)
    allow(rules.can_move(Event.DEATH, _facts(person, on, "died", None)))
    goes = _To(facility=person.facility, whereabouts=Whereabouts.DIED, unit=person.unit, cell=person.cell)
    with scope.as_role(Audience.JOB, purpose="death"):
        KeepApart.objects.filter(
            Q(first=person) | Q(second=person), Q(ends_on__isnull=True) | Q(ends_on__gt=on), starts_on__lte=on
        ).update(ends_on=on, ended_by=by.name)
        close_consents(list(Consent.objects.filter(participant=person, revoked_at=None).order_by("pk")))
        AccessGrant.objects.filter(participant=person).delete()
        Membership.objects.filter(participant=person, ends_at=None).update(
            ends_at=timezone.now(), ended_reason="died"
        )
    words = _("Has died. Everything open was closed; no message was sent to anybody.")
    return _move(
        by, person, goes, on=on, reason="died", kind=MoveKind.DEATH, change=ChangeKind.DIED, words=words
    )


@transaction.atomic
def close_record(*, by: Actor, participant: Participant) -> Participant:
    """End the work with somebody in the community; a return to custody opens the record again."""
    person = held(by, participant, Permission.MOVE_PEOPLE)
    today = person.facility.today()
    allow(rules.can_move(Event.CLOSE, _facts(person, today, "closed", None)))
    with scope.as_role(Audience.JOB, purpose="record closed"):
        person.whereabouts = Whereabouts.CLOSED
        save(person)
    return person


@transaction.atomic
def record_absence(
    *,
    by: Actor,
    participant: Participant,
    kind: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime | None = None,
) -> Absence:
    """Record a temporary absence (court, hospital, furlough): the place waits and nobody is called out.

    Without an end it lasts until :func:`end_absence`. A coming one is announced now and begins by itself.
    """
    person = held(by, participant, Permission.MOVE_PEOPLE)
    with scope.as_role(Audience.JOB, purpose="temporary absence"):
        others = Absence.objects.filter(participant=person).values_list("during", flat=True).order_by("pk")
        spans = [(span.lower, span.upper) for span in others]
        allow(rules.can_be_absent(person.whereabouts, starts_at, ends_at, spans))
        absence = Absence(participant=person, kind=kind, during=(starts_at, ends_at))
        save(absence)
        now = timezone.now()
        if starts_at <= now and (ends_at is None or ends_at > now):
            person.whereabouts = Whereabouts.AWAY
            save(person)
        day = starts_at.astimezone(person.facility.zone).date()
        words = _("Temporarily away from %(day)s: %(kind)s.") % {
            "day": day,
            "kind": absence.get_kind_display(),
        }
        tell(person, ChangeKind.AWAY, words, person.facility)
        announce(_here(by, person, MoveKind.ABSENCE, day, absence))
    return absence


@transaction.atomic
def end_absence(*, by: Actor, absence: Absence, at: dt.datetime | None = None) -> Absence:
    """Record that somebody came back; an absence that has not begun is taken back as a whole."""
    person = held(by, absence.participant, Permission.MOVE_PEOPLE)
    back = at or timezone.now()
    with scope.as_role(Audience.JOB, purpose="back from an absence"):
        row = Absence.objects.select_for_update(of=("self",)).get(pk=absence.pk)
        if row.during.upper is not None and row.during.upper <= back:
            return row
        if back > timezone.now():
            raise Refused(Reason("in_the_future", _("This moment has not come yet."), field="at"))
        began = row.during.lower is not None and row.during.lower < back
        day = back.astimezone(person.facility.zone).date()
        if began:
            row.during = (row.during.lower, back)
            save(row)
        if person.whereabouts == Whereabouts.AWAY:
            person.whereabouts = Whereabouts.INSIDE
            save(person)
        announce(_here(by, person, MoveKind.BACK, day, row))
        if not began:
            row.delete()
    return row


@transaction.atomic
def settle_absences(*, by: Actor, now: dt.datetime | None = None) -> int:
    """Let planned absences begin and end at their time. Run by a job every few minutes; returns how many moved."""
    by.require(Permission.MOVE_PEOPLE)
    moment = now or timezone.now()
    away = Absence.objects.filter(during__contains=moment).values("participant_id")
    leaves = Participant.objects.filter(whereabouts=Whereabouts.INSIDE, pk__in=away)
    # Only who has just come back: somebody whom custody calls away without saying why stays away.
    over = Absence.objects.filter(during__endswith__range=(moment - JUST_OVER, moment))
    comes = Participant.objects.filter(
        whereabouts=Whereabouts.AWAY, pk__in=over.values("participant_id")
    ).exclude(pk__in=away)
    with scope.as_role(Audience.JOB, purpose="planned absences"):
        came = comes.update(whereabouts=Whereabouts.INSIDE)
        return came + leaves.update(whereabouts=Whereabouts.AWAY)


def _facts(
    person: Participant, on: dt.date, reason: str, to: Facility | None, unit: Unit | None = None
) -> MoveFacts:
    with scope.as_role(Audience.JOB):
        stay = _open_stay(person)
    target = to or person.facility
    return MoveFacts(
        whereabouts=person.whereabouts,
        today=person.facility.today(),
        on=on,
        reason=reason,
        stay_from=stay.during.lower if stay else None,
        same_place=to is not None and to.pk == person.facility_id,
        target_in_use=to is None or to.active,
        target_is_office=None if to is None else to.kind == FacilityKind.COMMUNITY_OFFICE,
        unit_fits=unit is None or unit.facility_id == target.pk,
    )


def _move(
    by: Actor,
    person: Participant,
    goes: _To,
    *,
    on: dt.date,
    reason: str,
    kind: MoveKind,
    change: ChangeKind,
    words: str,
) -> Participant:
    """Write the move and everything that follows from it, as the system."""
    here = person.facility
    with scope.as_role(Audience.JOB, purpose=kind.value):
        _end_stay(person, on, reason)
        _end_absences(person)
        person.facility, person.unit, person.cell = goes.facility, goes.unit, goes.cell.strip()
        person.whereabouts = goes.whereabouts
        save(person)
        if goes.stays:
            save(
                Stay(
                    participant=person,
                    facility=goes.facility,
                    during=(on, None),
                    reason_in=reason[:30],
                    source=_("recorded here"),
                )
            )
        tell(person, change, words, here, goes.facility)
        announce(
            Move(
                kind=kind,
                by=by,
                participant=person,
                from_facility=here,
                to_facility=goes.facility,
                on=on,
                reason=reason,
            )
        )
    return person


def _here(by: Actor, person: Participant, kind: MoveKind, on: dt.date, absence: Absence) -> Move:
    return Move(
        kind=kind,
        by=by,
        participant=person,
        from_facility=person.facility,
        to_facility=person.facility,
        on=on,
        reason=absence.kind,
        absence=absence,
    )


def _open_stay(person: Participant) -> Stay | None:
    return Stay.objects.filter(participant=person, during__endswith__isnull=True).order_by("-pk").first()


def _end_stay(person: Participant, on: dt.date, reason: str) -> None:
    """Close the open stay on a day. One that began that very day was shorter than a day and leaves no span."""
    stay = _open_stay(person)
    if stay is None:
        return
    if stay.during.lower == on:
        stay.delete()
        return
    stay.during, stay.reason_out = (stay.during.lower, on), reason[:30]
    save(stay)


def _end_absences(person: Participant) -> None:
    now = timezone.now()
    rows = Absence.objects.filter(participant=person).filter(
        Q(during__endswith__isnull=True) | Q(during__endswith__gt=now)
    )
    for row in rows.order_by("pk"):
        if row.during.lower is not None and row.during.lower >= now:
            row.delete()
        else:
            row.during = (row.during.lower, now)
            save(row)
