"""The session page: who leads, who is called with what one must know, how it stands, and what happened to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Reason, Refused
from throughgate.people.models import AccessNeed, Identifier
from throughgate.places.models import MovementWindow
from throughgate.policies import queries as policies
from throughgate.policies.attendance import Mark, may_edit, paid
from throughgate.programs.models import (
    Attendance,
    AttendanceChange,
    Call,
    Facilitator,
    RegimeEffect,
    Session,
    SessionStatus,
)
from throughgate.programs.queries import readiness
from throughgate.programs.queries.week import Row, row, with_surroundings
from throughgate.visitors.models import Clearance


@dataclass(frozen=True)
class Leader:
    """A visitor who leads the session, with their clearance on that day; "" is not cleared."""

    code: str
    name: str
    cover: bool
    coming: bool
    level: str
    arrived_at: dt.datetime | None
    left_at: dt.datetime | None


@dataclass(frozen=True)
class Called:
    """One person called, with what whoever leads must know and the mark as it stands.

    ``may_mark`` says whether the mark can be set or changed today without a reason; ``marks`` counts changes.
    """

    participant_id: int
    code: str
    name: str
    list_name: str
    number: str
    unit: str
    cell: str
    alerts: tuple[str, ...]
    called: bool
    why_not: str
    mark: str
    detail: str
    note: str
    minutes: int | None
    marked_by: str
    marked_at: dt.datetime | None
    version: int
    may_mark: bool
    why_locked: str


@dataclass(frozen=True)
class Event:
    """Something that happened to the session."""

    at: dt.datetime
    what: str
    who: str = ""


@dataclass(frozen=True)
class SessionPage:
    """All of the session page. ``marks`` are the choices of the attendance pack, in its order."""

    session: Session
    row: Row
    leaders: tuple[Leader, ...]
    people: tuple[Called, ...]
    not_called: tuple[Called, ...]
    marks: tuple[Mark, ...]
    history: tuple[Event, ...]
    makes_up_for: Session | None
    make_ups: tuple[Session, ...]
    may: dict[str, bool] = field(default_factory=dict)

    @property
    def participant_ids(self) -> list[int]:
        """Whose restricted facts the page shows, for the read log."""
        return [each.participant_id for each in (*self.people, *self.not_called)]

    @property
    def missing(self) -> int:
        """How many of those called have no mark yet."""
        return sum(1 for each in self.people if not each.mark)


def find(code: str) -> Session:
    """A session by its code, if the actor may see it. Refuses otherwise, without saying whether it exists."""
    found = with_surroundings(Session.objects.filter(code=code)).select_related("makes_up_for").first()
    if found is None:
        raise Refused(Reason("no_session", _("There is no such session, or it is not among yours.")))
    return found


def session_page(by: Actor, code: str) -> SessionPage:
    """Everything on a session's page, in the same number of queries for any number of people.

    Raises Refused for a code that is not among the actor's sessions. Attendance appears only where the
    database lets the actor read it; a view must note the read of ``participant_ids``.
    """
    session = find(code)
    light = readiness.of_session(session)
    windows = list(MovementWindow.objects.filter(facility=session.facility_id).order_by("opens"))
    day = session.starts_at.astimezone(session.facility.zone).date()
    pack = policies.attendance(session.facility.jurisdiction, day)
    people = [_called(call, session, day) for call in _calls(session)]
    return SessionPage(
        session=session,
        row=row(session, light, windows),
        leaders=_leaders(session, day),
        people=tuple(each for each in people if each.called or each.mark),
        not_called=tuple(each for each in people if not each.called and not each.mark),
        marks=tuple(mark for mark in pack.data.marks.values() if mark.by_person),
        history=tuple(sorted(_history(session), key=lambda event: event.at, reverse=True)),
        makes_up_for=session.makes_up_for,
        make_ups=tuple(
            session.make_ups.exclude(status=SessionStatus.CANCELLED)
            .select_related("room")
            .order_by("starts_at")
        ),
        may={
            "manage": by.can(Permission.MANAGE_SESSIONS, session.facility_id),
            "mark": by.can(Permission.MARK_ATTENDANCE, session.facility_id),
            "correct": by.can(Permission.CORRECT_ATTENDANCE, session.facility_id),
            "override": by.can(Permission.OVERRIDE_BOOKING, session.facility_id),
            "enroll": by.can(Permission.ENROLL, session.facility_id),
        },
    )


def _calls(session: Session) -> list[Call]:
    return list(
        Call.objects.filter(session=session)
        .select_related("participant__unit")
        .prefetch_related(
            Prefetch(
                "participant__identifiers",
                Identifier.objects.filter(primary=True).order_by("pk"),
                to_attr="numbers",
            ),
            Prefetch("participant__access_needs", AccessNeed.objects.order_by("kind"), to_attr="needed"),
            Prefetch("attendance", Attendance.objects.order_by("pk")),
        )
        .order_by("participant__sort_name", "pk")
    )


def _called(call: Call, session: Session, day: dt.date) -> Called:
    person = call.participant
    mark = getattr(call, "attendance", None)
    decision = _may(mark, session, day)
    needs = [str(need.get_kind_display()) for need in person.needed]  # type: ignore[attr-defined]
    if person.interpreter:
        needs.append(_("Interpreter: %(language)s") % {"language": person.language})
    numbers: Sequence[Identifier] = person.numbers  # type: ignore[attr-defined]
    return Called(
        participant_id=person.pk,
        code=person.code,
        name=person.name,
        list_name=person.list_name,
        number=numbers[0].value if numbers else "",
        unit=person.unit.name if person.unit else "",
        cell=person.cell,
        alerts=tuple(needs),
        called=call.status == Call.Status.CALLED,
        why_not=call.why_not,
        mark=mark.code if mark else "",
        detail=mark.detail if mark else "",
        note=mark.note if mark else "",
        minutes=mark.minutes if mark else None,
        marked_by=mark.marked_by if mark else "",
        marked_at=mark.marked_at if mark else None,
        version=mark.version if mark else 0,
        may_mark=not decision and call.status == Call.Status.CALLED,
        why_locked=decision,
    )


def _may(mark: Attendance | None, session: Session, day: dt.date) -> str:
    """Why the mark cannot be set or changed now without a reason; "" when it can."""
    facility = session.facility
    pack = policies.attendance(facility.jurisdiction, day)
    known = mark is not None and mark.code in pack.data.marks
    decision = may_edit(
        mark.code if mark and known else None,
        day,
        mark.marked_at.astimezone(facility.zone).date() if mark and known else None,
        facility.today(),
        pack,
        is_paid=paid(pack.data, mark.code, mark.detail) if mark and known else None,
    )
    return "; ".join(str(reason.text) for reason in decision.reasons)


def _leaders(session: Session, day: dt.date) -> tuple[Leader, ...]:
    leaders = list(
        Facilitator.objects.filter(session=session)
        .select_related("visitor")
        .order_by("cover", "-active", "pk")
    )
    levels = {
        row.visitor_id: str(row.get_level_display())
        for row in Clearance.objects.filter(
            visitor__in=[each.visitor_id for each in leaders],
            facility=session.facility_id,
            ready__contains=day,
        )
    }
    return tuple(
        Leader(
            code=each.visitor.code,
            name=each.visitor.name,
            cover=each.cover,
            coming=each.active,
            level=levels.get(each.visitor_id, ""),
            arrived_at=each.arrived_at,
            left_at=each.left_at,
        )
        for each in leaders
    )


def _history(session: Session) -> Iterator[Event]:
    yield Event(session.recorded_at, _("Scheduled"))
    if session.settled_at is not None:
        words = str(session.get_status_display())
        told = f"{words}: {session.public_words}" if session.public_words else words
        yield Event(session.settled_at, told, session.settled_by)
    changes = (
        AttendanceChange.objects.filter(session=session)
        .select_related("participant")
        .order_by("-recorded_at", "pk")
    )
    for change in changes[:50]:
        said = _("%(name)s: the mark was %(code)s.") % {"name": change.participant.name, "code": change.code}
        yield Event(change.recorded_at, f"{said} {change.why}".strip(), change.replaced_by)
    for effect in RegimeEffect.objects.filter(session=session).select_related("regime").order_by("pk"):
        regime = effect.regime
        yield Event(
            effect.recorded_at, f"{regime.get_kind_display()}: {regime.public_reason}", regime.declared_by
        )
        if effect.restored_at is not None:
            yield Event(effect.restored_at, _("Given back"), regime.lifted_by)
