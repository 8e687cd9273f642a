"""Lockdown as one event: declare, preview, shorten, lift. Pressing twice does nothing twice ([P-215], [P-250])."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.places.models import Facility, RegimeKind, RegimePeriod, RegimeReason, Unit
from throughgate.policies import queries as policies
from throughgate.programs import notices
from throughgate.programs.actions import attendance, credit
from throughgate.programs.actions.cancelling import BroughtBack, bring_back, put_off
from throughgate.programs.models import Attendance, Call, RegimeEffect, Session, SessionStatus
from throughgate.programs.rules.regime import Effect, Touched, effect, session_kind

NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Hit:
    """What a regime does, or would do, to one session. ``call_now``: somebody may already be on the way."""

    session: Session
    effect: Effect
    recipients: tuple[notices.Recipient, ...] = ()
    call_now: bool = False


@dataclass
class Declared:
    """What a declaration did. Empty when the same event was declared before."""

    event: uuid.UUID
    regimes: list[RegimePeriod] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    not_touched: list[tuple[Session, str]] = field(default_factory=list)

    @property
    def lost_minutes(self) -> int:
        """Person-minutes lost."""
        return sum(hit.effect.lost_minutes for hit in self.hits)

    @property
    def people(self) -> int:
        """How many calls it touches; a person called twice counts twice."""
        return sum(hit.effect.people for hit in self.hits)


@dataclass
class Lifted:
    """Which sessions came back, and which did not and why."""

    back: list[BroughtBack] = field(default_factory=list)
    stayed: list[tuple[Session, str]] = field(default_factory=list)


@transaction.atomic
def declare(
    *,
    by: Actor,
    facilities: Collection[Facility],
    start: dt.datetime,
    end: dt.datetime,
    kind: str,
    cause: str,
    event: uuid.UUID,
    public_reason: str = "",
    restricted_reason: str = "",
    units: Collection[Unit] = (),
) -> Declared:
    """Declare a lockdown or modified regime over facilities as one event; the form carries its ``event``.

    Cancels the sessions that the regime pack says, cuts short those that run, leaves out the people of
    ``units`` where only some are named; marks, credit and messages follow, each exactly once. The same event
    again changes nothing. ``restricted_reason`` is kept apart, for security only. Refuses an unknown kind or
    cause, an end that is not after the start or lies in the past, and units of another facility.
    """
    for facility in facilities:
        by.require(Permission.DECLARE_REGIME, facility)
    reasons = list(_against(facilities=facilities, start=start, end=end, kind=kind, cause=cause, units=units))
    if reasons:
        raise Refused(reasons)
    done = Declared(event)
    for facility in sorted(facilities, key=lambda each: each.pk):
        words = public_reason.strip() or _public(facility, kind)
        # Whoever presses at the same moment waits here for the first, and then finds it declared.
        regime, new = RegimePeriod.objects.get_or_create(
            event=event,
            facility=facility,
            defaults={
                "kind": kind,
                "cause": cause,
                "public_reason": words,
                "during": (start, end),
                "declared_by": by.name,
                "first_until": end,
            },
        )
        if not new:
            continue
        regime.units.set([unit for unit in units if unit.facility_id == facility.pk])
        if restricted_reason.strip():
            RegimeReason.objects.create(regime=regime, text=restricted_reason.strip())
        regime.refresh_from_db()
        done.regimes.append(regime)
        with scope.as_role(Audience.JOB, purpose="declare a regime"):
            _apply(regime, by.name, done)
    return done


def preview(
    *,
    by: Actor,
    facilities: Collection[Facility],
    start: dt.datetime,
    end: dt.datetime,
    kind: str,
    units: Collection[Unit] = (),
) -> Declared:
    """What a declaration would touch: sessions, people, partners and visitors, and hours. Changes nothing."""
    for facility in facilities:
        by.require(Permission.DECLARE_REGIME, facility)
    found = Declared(uuid.uuid4())
    with scope.as_role(Audience.JOB, purpose="preview a regime"):
        for facility in sorted(facilities, key=lambda each: each.pk):
            own = {unit.pk for unit in units if unit.facility_id == facility.pk}
            found.hits += _hits(_sessions(facility, start, end), facility, kind, own, start)
    return found


def _against(
    *,
    facilities: Collection[Facility],
    start: dt.datetime,
    end: dt.datetime,
    kind: str,
    cause: str,
    units: Collection[Unit],
) -> Iterator[Reason]:
    if not facilities:
        yield Reason("no_facility", _("Name at least one facility."))
    if end <= start:
        yield Reason("ends_before_start", _("It must end after it starts."))
    elif end <= timezone.now():
        yield Reason("over_already", _("Its end lies in the past."))
    if kind not in RegimeKind.values:
        yield Reason("unknown_kind", _("Choose lockdown or modified regime."))
    here = {facility.pk for facility in facilities}
    if any(unit.facility_id not in here for unit in units):
        yield Reason("unit_elsewhere", _("A unit belongs to another facility."))
    for facility in facilities:
        known = policies.cancellations(facility.jurisdiction, facility.today()).data.reasons
        if cause not in known:
            listed = ", ".join(str(each.label) for each in known.values())
            yield Reason("unknown_cause", _("Choose one of the causes: %(list)s.") % {"list": listed})
            return


def _public(facility: Facility, kind: str) -> str:
    return str(policies.regime(facility.jurisdiction, facility.today()).data.regimes[kind].public)


def _sessions(facility: Facility, start: dt.datetime, end: dt.datetime) -> Any:
    return (
        Session.objects.filter(
            facility=facility,
            status=SessionStatus.PLANNED,
            starts_at__lt=end,
            ends_at__gt=max(start, timezone.now()),
        )
        .select_related("facility", "cohort__program", "room", "organization")
        .order_by("pk")
    )


def _hits(
    sessions: Iterable[Session], facility: Facility, kind: str, units: set[int], start: dt.datetime
) -> list[Hit]:
    """What a regime does to these sessions, those that go on left out."""
    given = list(sessions)
    rules = policies.regime(facility.jurisdiction, facility.today()).data
    in_scope = _in_scope(given, units)
    now = timezone.now()
    soon = now + dt.timedelta(minutes=rules.call_when_less_than_minutes)
    found = []
    for session in given:
        touched = Touched(
            kind=session.kind,
            needs=tuple(session.cohort.program.needs),
            starts=session.starts_at,
            ends=session.ends_at,
            people=session.called,
            in_scope=in_scope.get(session.pk, 0) if units else session.called,
        )
        done = effect(touched, regime=kind, some_units=bool(units), start=start, now=now, rules=rules)
        if done.what != "goes_on":
            told = tuple(notices.recipients(session)) if done.what == "cancel" else ()
            found.append(Hit(session, done, told, bool(told) and now <= session.starts_at < soon))
    return found


def _in_scope(sessions: Collection[Session], units: set[int]) -> dict[int, int]:
    if not units:
        return {}
    rows = (
        Call.objects.filter(session__in=sessions, status=Call.Status.CALLED, participant__unit__in=units)
        .order_by("session")
        .values("session")
        .annotate(n=Count("pk"))
    )
    return {row["session"]: row["n"] for row in rows}


def _apply(regime: RegimePeriod, by: str, done: Declared) -> None:
    facility = regime.facility
    during: Any = regime.during
    units = {unit.pk for unit in regime.units.all()}
    sessions = _sessions(facility, during.lower, during.upper).select_for_update(of=("self",), no_key=True)
    reasons = policies.cancellations(facility.jurisdiction, facility.today()).data.reasons
    protected = reasons[regime.cause].protects_credit
    for hit in _hits(sessions, facility, regime.kind, units, during.lower):
        session = hit.session
        try:
            with refusing():
                _strike(hit, regime, units, by)
        except Refused as no:
            done.not_touched.append((session, str(no.reasons[0].text)))
            continue
        RegimeEffect.objects.create(
            regime=regime,
            session=session,
            facility=facility,
            status_before=SessionStatus.PLANNED,
            people=hit.effect.people,
            lost_minutes=hit.effect.lost_minutes,
            credit_protected=protected,
        )
        done.hits.append(hit)


def _strike(hit: Hit, regime: RegimePeriod, units: set[int], by: str) -> None:
    session = hit.session
    if hit.effect.what == "cancel":
        put_off(session, reason=regime.cause, words=regime.public_reason, by=by, regime=regime)
    elif hit.effect.what == "cut":
        session.regime, session.reason = regime, regime.cause
        session.public_words = regime.public_reason
        session.save(update_fields=["regime", "reason", "public_words"])
        attendance.settle(session, by=by, minutes=hit.effect.minutes_held)
        attendance.cut(session, by=by, most=hit.effect.minutes_held)
    else:
        _leave_out(session, regime, units, by)


def _leave_out(session: Session, regime: RegimePeriod, units: set[int], by: str) -> None:
    """People of the locked units are not sent; the session goes on with the others."""
    calls = list(
        Call.objects.filter(
            session=session,
            status=Call.Status.CALLED,
            participant__unit__in=units,
            attendance__isnull=True,
        ).order_by("pk")
    )
    day = session.starts_at.astimezone(session.facility.zone).date()
    pack = policies.attendance(session.facility.jurisdiction, day)
    Attendance.objects.bulk_create(
        Attendance(
            call=call,
            participant_id=call.participant_id,
            session=session,
            code=NOT_SENT,
            note=_note(regime),
            marked_by=by,
            marked_at=timezone.now(),
            pack=pack.cite,
        )
        for call in calls
    )
    Call.objects.filter(pk__in=[call.pk for call in calls]).update(
        status=Call.Status.WITHDRAWN, why_not=regime.public_reason[:120]
    )
    credit.follow([call.participant_id for call in calls], why=_("unit locked down"))


def _note(regime: RegimePeriod) -> str:
    return f"{regime.public_reason} ({regime.code})"[:250]


@transaction.atomic
def lift(*, by: Actor, event: uuid.UUID, facilities: Collection[Facility] | None = None) -> Lifted:
    """End a regime now; sessions that have not begun come back where room, leaders and people are free.

    Says which did not come back and why. Lifting again changes nothing. Refuses an event that is not there.
    """
    now = timezone.now()
    done = Lifted()
    for regime in _live(by, event, facilities):
        during: Any = regime.during
        regime.lifted_at, regime.lifted_by = now, by.name
        if during.lower < now < during.upper:
            regime.during = (during.lower, now)
        regime.save(update_fields=["lifted_at", "lifted_by", "during"])
        with scope.as_role(Audience.JOB, purpose="lift a regime"):
            _restore(regime, now, done)
    return done


@transaction.atomic
def shorten(
    *, by: Actor, event: uuid.UUID, until: dt.datetime, facilities: Collection[Facility] | None = None
) -> Lifted:
    """Let a regime end earlier than announced; sessions that begin from then on come back as with lifting.

    Refuses an end that is past, not after its start, or not earlier than what is announced.
    """
    now = timezone.now()
    done = Lifted()
    for regime in _live(by, event, facilities):
        during: Any = regime.during
        if not max(now, during.lower) < until <= during.upper:
            text = _("Give an end between now and the one that is announced.")
            raise Refused(Reason("not_shorter", text, _("To end it at once, lift it.")))
        regime.during = (during.lower, until)
        regime.save(update_fields=["during"])
        with scope.as_role(Audience.JOB, purpose="shorten a regime"):
            _restore(regime, until, done)
    return done


def _live(by: Actor, event: uuid.UUID, facilities: Collection[Facility] | None) -> list[RegimePeriod]:
    """The regimes of an event that still hold, locked; those of other facilities than the actor's left out."""
    rows = RegimePeriod.objects.filter(event=event)
    if facilities is not None:
        rows = rows.filter(facility__in=facilities)
    if not by.is_system:
        rows = rows.filter(facility__in=by.facility_ids)
    found = list(
        rows.select_for_update(of=("self",), no_key=True).select_related("facility").order_by("facility")
    )
    if not found:
        raise Refused(Reason("no_regime", _("There is no such regime in your facilities.")))
    for regime in found:
        by.require(Permission.DECLARE_REGIME, regime.facility)
    return [regime for regime in found if regime.lifted_at is None]


def _restore(regime: RegimePeriod, since: dt.datetime, done: Lifted) -> None:
    """Bring back what a regime took from a moment on, session by session."""
    effects = RegimeEffect.objects.filter(regime=regime, restored_at__isnull=True).order_by("session")
    now = timezone.now()
    for each in effects:
        session = (
            Session.objects.select_for_update(of=("self",), no_key=True)
            .select_related("facility", "cohort__program", "room", "organization")
            .get(pk=each.session_id)
        )
        if session.status == SessionStatus.PLANNED:
            if session.starts_at >= since:
                _call_in(session, regime)
                each.restored_at = now
                each.save(update_fields=["restored_at"])
            continue
        why = _why_not_back(session, regime, since)
        if why:
            done.stayed.append((session, why))
            continue
        try:
            back = bring_back(session)
        except Refused as no:
            done.stayed.append((session, "; ".join(str(reason.text) for reason in no.reasons)))
            continue
        each.restored_at = now
        each.save(update_fields=["restored_at"])
        done.back.append(back)


def _why_not_back(session: Session, regime: RegimePeriod, since: dt.datetime) -> str:
    if session.status != SessionStatus.CANCELLED or session.regime_id != regime.pk:
        return _("It was changed since.")
    if session.starts_at < max(since, timezone.now()):
        return _("Its time has come already.")
    kind = session_kind(session.kind, session.cohort.program.needs)
    rules = policies.regime(session.facility.jurisdiction, session.facility.today()).data
    others = RegimePeriod.objects.filter(
        facility=session.facility_id,
        lifted_at__isnull=True,
        units__isnull=True,
        during__overlap=(session.starts_at, session.ends_at),
    ).exclude(pk=regime.pk)
    if any(rules.cancels(other.kind, kind) for other in others):
        return _("Another regime holds at that time.")
    return ""


def _call_in(session: Session, regime: RegimePeriod) -> None:
    """People of units that were locked are called again, where nothing stands against it."""
    marks = list(
        Attendance.objects.filter(session=session, code=NOT_SENT, note=_note(regime), version=1).order_by(
            "pk"
        )
    )
    for mark in marks:
        try:
            with refusing():
                Attendance.objects.filter(pk=mark.pk).delete()
                Call.objects.filter(pk=mark.call_id).update(status=Call.Status.CALLED, why_not="")
        except Refused:
            continue
    credit.follow([mark.participant_id for mark in marks], why=_("lockdown lifted"))
