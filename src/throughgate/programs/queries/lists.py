"""The official lists: who goes where, who is unlocked, who may come in, who sits in a class ([P-35] to [P-37],
[P-208], [P-209]). What others see on paper never tells more than it must: a program's neutral label, the
need of a room and never the reason for it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext as _

from throughgate.base.templatetags.when import clock, day
from throughgate.people.models import AccessNeed, Identifier, Participant, Whereabouts
from throughgate.places.models import DayPart, Facility, MovementWindow, RegimePeriod, Unit
from throughgate.programs.models import Call, Facilitator, ListKind, PrintedList, Session, SessionStatus
from throughgate.programs.rules.dayparts import day_part
from throughgate.programs.rules.lists import Changes, Line, changes_since
from throughgate.visitors.models import Clearance

# Fixed times at which a person is elsewhere are shown beside a call when they come this near to it.
CLASH_MARGIN = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Column:
    """A column of a list: its kind as prints know it, and its share of the width of the paper."""

    label: str
    kind: str = "text"
    width: float = 1


@dataclass(frozen=True)
class OfficialList:
    """A list ready to be shown or printed: columns, lines in order of their groups, and the facts on top."""

    kind: ListKind
    facility: Facility
    day: dt.date
    part: str
    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: dict[str, str] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    warning: str = ""

    @property
    def groups(self) -> list[tuple[str, str, list[Line]]]:
        """Group title, its note, its lines; in order."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.group, []).append(line)
        return [(title, self.notes.get(title, ""), lines) for title, lines in found.items()]

    @property
    def window(self) -> str:
        """The day and part in words."""
        words = day(self.day, None)
        return f"{words}, {DayPart(self.part).label}" if self.part else str(words)


def moments(facility: Facility, on: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The facility's local day as two moments."""
    return facility.at(on, dt.time()), facility.at(on + dt.timedelta(days=1), dt.time())


def windows(facility: Facility, on: dt.date) -> list[tuple[str, dt.time, dt.time]]:
    """The movement windows of that weekday, for telling parts of the day."""
    rows = MovementWindow.objects.filter(facility=facility, weekdays__contains=[on.weekday()])
    return list(rows.order_by("opens").values_list("part", "opens", "closes"))


def calls_of(facility: Facility, on: dt.date, part: str = "") -> list[Call]:
    """Who is called where in this facility on that day, other appointments included, by time."""
    start, end = moments(facility, on)
    rows = (
        Call.objects.filter(
            Q(session__facility=facility) | Q(session__isnull=True, participant__facility=facility),
            status=Call.Status.CALLED,
            starts_at__gte=start,
            starts_at__lt=end,
            participant__whereabouts=Whereabouts.INSIDE,
        )
        .exclude(session__status=SessionStatus.CANCELLED)
        .select_related("participant__unit", "session__room", "session__cohort__program")
        .prefetch_related(
            Prefetch(
                "participant__identifiers",
                Identifier.objects.filter(primary=True).order_by("id"),
                to_attr="numbers",
            ),
            Prefetch("participant__access_needs", AccessNeed.objects.order_by("kind"), to_attr="needed"),
        )
        .order_by("starts_at", "participant__sort_name", "id")
    )
    if not part:
        return list(rows)
    opened = windows(facility, on)
    zone = facility.zone
    return [row for row in rows if day_part(row.starts_at.astimezone(zone).time(), opened) == part]


def call_out(facility: Facility, on: dt.date, part: str = "") -> OfficialList:
    """The call-out: by destination and time, who is to be there ([P-247])."""
    calls = calls_of(facility, on, part)
    clashing = _clashes(calls)
    lines = tuple(
        Line(
            key=f"c{call.pk}",
            group=f"{_span(call, facility)} · {_destination(call)}",
            cells=(
                _unit(call.participant),
                call.participant.cell,
                call.participant.list_name,
                _number(call.participant),
                _alerts(call.participant),
                clashing.get(call.pk, ""),
            ),
        )
        for call in calls
    )
    return OfficialList(
        kind=ListKind.CALL_OUT,
        facility=facility,
        day=on,
        part=part,
        title=_("Call-out"),
        columns=(
            Column(_("Unit"), width=1),
            Column(_("Cell"), width=0.9),
            Column(_("Name"), width=2),
            Column(_("Number"), width=1.1),
            Column(_("Needs"), width=2),
            Column(_("Also called"), width=2),
            Column(_("Arrived"), "tick"),
        ),
        lines=lines,
        facts=(
            (_("People"), str(len({call.participant_id for call in calls}))),
            (_("Calls"), str(len(calls))),
        ),
        warning=regime_warning(facility, on),
    )


def unlock(facility: Facility, on: dt.date, part: str = "", unit: Unit | None = None) -> OfficialList:
    """The unlock list: by unit, whom to unlock when, with how many leave and how many stay ([P-35])."""
    calls = [
        call for call in calls_of(facility, on, part) if unit is None or call.participant.unit_id == unit.pk
    ]
    calls.sort(key=lambda c: (_unit_order(c.participant), c.starts_at, c.participant.sort_name))
    lines = tuple(
        Line(
            key=f"u{call.pk}",
            group=_unit(call.participant),
            cells=(
                clock(call.starts_at, facility.zone),
                call.participant.cell,
                call.participant.list_name,
                _number(call.participant),
                _destination(call),
                _alerts(call.participant),
            ),
        )
        for call in calls
    )
    return OfficialList(
        kind=ListKind.UNLOCK,
        facility=facility,
        day=on,
        part=part,
        title=_("Unlock list"),
        columns=(
            Column(_("Time"), width=1.1),
            Column(_("Cell"), width=0.9),
            Column(_("Name"), width=2),
            Column(_("Number"), width=1.1),
            Column(_("Goes to"), width=3),
            Column(_("Needs"), width=2),
            Column(_("Out"), "tick"),
            Column(_("Back"), "tick"),
        ),
        lines=lines,
        notes=_leaving_and_staying(facility, calls),
        warning=regime_warning(facility, on),
    )


def gate(facility: Facility, on: dt.date) -> OfficialList:
    """The gate list: exactly those who are expected and for whom everything holds that day, asked anew each time.

    A clearance that is suspended, or a requirement that has run out, takes them off in the next statement ([P-209]).
    """
    rows = cleared_visits(facility, on)
    levels = {c.visitor_id: c for c in _clearances(facility, on, [row.visitor_id for row in rows])}
    lines = []
    for row in rows:
        clearance = levels.get(row.visitor_id)
        if clearance is None:
            continue
        until = next((span.upper for span in clearance.ready or () if on in span), None)
        lines.append(
            Line(
                key=f"g{row.pk}",
                group=row.session.organization.name
                if row.session.organization
                else _("Independent visitors"),
                cells=(
                    _span(row.session, facility),
                    f"{row.visitor.last_name}, {row.visitor.first_name}",
                    row.visitor.id_document,
                    str(clearance.get_level_display()),
                    day(until - dt.timedelta(days=1), None) if until else _("no end"),
                    row.session.room.name if row.session.room else "",
                    row.session.officer,
                ),
            )
        )
    return OfficialList(
        kind=ListKind.GATE,
        facility=facility,
        day=on,
        part="",
        title=_("Gate list"),
        columns=(
            Column(_("Time"), width=1.1),
            Column(_("Name as on the document"), width=2),
            Column(_("Document"), width=1.2),
            Column(_("Level"), width=1.1),
            Column(_("Cleared until"), width=1.2),
            Column(_("Room"), width=1.6),
            Column(_("Host officer"), width=1.6),
            Column(_("In"), "write", width=0.8),
            Column(_("Out"), "write", width=0.8),
        ),
        lines=tuple(lines),
        facts=((_("Visitors"), str(len(lines))),),
        warning=regime_warning(facility, on),
    )


def cleared_visits(facility: Facility, on: dt.date) -> list[Facilitator]:
    """Who leads a session here that day and may come in, by time and name."""
    start, end = moments(facility, on)
    holds = Clearance.objects.filter(
        visitor=OuterRef("visitor"),
        facility=facility,
        ready__contains=on,
    )
    return list(
        Facilitator.objects.filter(
            Exists(holds),
            session__facility=facility,
            session__starts_at__gte=start,
            session__starts_at__lt=end,
            active=True,
        )
        .exclude(session__status=SessionStatus.CANCELLED)
        .select_related("visitor", "session__organization", "session__room")
        .order_by("session__starts_at", "visitor__sort_name", "id")
    )


def roster(session: Session) -> OfficialList:
    """The roster of one session, to be signed and to come back ([P-208])."""
    facility = session.facility
    calls = (
        Call.objects.filter(session=session, status=Call.Status.CALLED)
        .select_related("participant__unit")
        .prefetch_related(
            Prefetch(
                "participant__identifiers",
                Identifier.objects.filter(primary=True).order_by("id"),
                to_attr="numbers",
            ),
            Prefetch("participant__access_needs", AccessNeed.objects.order_by("kind"), to_attr="needed"),
        )
        .order_by("participant__sort_name", "id")
    )
    lines = tuple(
        Line(
            key=f"r{call.pk}",
            group="",
            cells=(
                call.participant.list_name,
                _number(call.participant),
                " ".join(filter(None, (_unit(call.participant), call.participant.cell))),
                _alerts(call.participant),
            ),
        )
        for call in calls
    )
    leaders = ", ".join(
        row.visitor.name
        for row in session.facilitators.filter(active=True).select_related("visitor").order_by("cover", "id")
    )
    return OfficialList(
        kind=ListKind.ROSTER,
        facility=facility,
        day=session.starts_at.astimezone(facility.zone).date(),
        part="",
        title=_("%(program)s, session %(number)s")
        % {"program": session.cohort.program.list_label, "number": session.number},
        columns=(
            Column(_("Name"), width=2),
            Column(_("Number"), width=1.1),
            Column(_("Unit and cell"), width=1.6),
            Column(_("Needs"), width=2),
            Column(_("In"), "write", width=0.8),
            Column(_("Out"), "write", width=0.8),
            Column(_("Code"), "write", width=0.7),
            Column(_("Initials"), "write", width=0.9),
        ),
        lines=lines,
        facts=(
            (_("Time"), _span(session, facility)),
            (_("Room"), session.room.name if session.room else _("none yet")),
            (_("Led by"), leaders or _("nobody yet")),
            (_("Seats"), f"{len(lines)} / {session.cohort.capacity}"),
        ),
    )


def slips(facility: Facility, on: dt.date, part: str = "") -> list[dict[str, object]]:
    """Movement slips, one a call, many a page ([P-37])."""
    return [
        {
            "heading": call.participant.list_name,
            "lines": [
                [_("Number"), _number(call.participant)],
                [_("From"), " ".join(filter(None, (_unit(call.participant), call.participant.cell)))],
                [_("To"), _destination(call)],
                [_("Time"), _span(call, facility)],
            ],
            "foot": _("Left ____  Arrived ____  Back ____"),
        }
        for call in sorted(
            calls_of(facility, on, part),
            key=lambda c: (_unit_order(c.participant), c.participant.sort_name, c.starts_at),
        )
    ]


def timetable(participants: Sequence[Participant], first: dt.date, days: int = 7) -> list[dict[str, object]]:
    """One slip a person: where they are called in the days from ``first``. People of one facility."""
    if not participants:
        return []
    facility = participants[0].facility
    calls = (
        Call.objects.filter(
            participant__in=participants,
            status=Call.Status.CALLED,
            starts_at__gte=facility.at(first, dt.time()),
            starts_at__lt=facility.at(first + dt.timedelta(days=days), dt.time()),
        )
        .exclude(session__status=SessionStatus.CANCELLED)
        .select_related("session__room", "session__cohort__program")
        .order_by("starts_at", "id")
    )
    theirs: dict[int, list[list[str]]] = defaultdict(list)
    for call in calls:
        theirs[call.participant_id].append(
            [f"{day(call.starts_at, facility.zone)} {_span(call, facility)}", _destination(call)]
        )
    return [
        {
            "heading": person.list_name,
            "lines": theirs[person.pk],
            "foot": "" if theirs[person.pk] else _("Nothing this week."),
        }
        for person in participants
    ]


def latest_print(listing: OfficialList, session: Session | None = None) -> PrintedList | None:
    """The last print of this list, if there was one."""
    return (
        PrintedList.objects.filter(
            kind=listing.kind,
            facility=listing.facility,
            day=listing.day,
            part=listing.part,
            session=session,
        )
        .order_by("-version")
        .first()
    )


def changed_since_print(listing: OfficialList, printed: PrintedList | None) -> Changes:
    """What differs from the paper that people hold in their hands; nothing when none was printed."""
    if printed is None:
        return Changes()
    return changes_since(printed.lines, listing.lines)


def regime_warning(facility: Facility, on: dt.date) -> str:
    """The regime in force that day, as lists say it on top."""
    start, end = moments(facility, on)
    rows = RegimePeriod.objects.filter(
        facility=facility, during__overlap=(start, end), lifted_at__isnull=True
    )
    return "; ".join(
        f"{row.get_kind_display()} {clock(row.during.lower, facility.zone)}"
        f"–{clock(row.during.upper, facility.zone)}: {row.public_reason}"
        for row in rows.order_by("during")
    )


def _clearances(facility: Facility, on: dt.date, visitors: Sequence[int]) -> list[Clearance]:
    return list(
        Clearance.objects.filter(facility=facility, visitor_id__in=visitors, ready__contains=on).order_by(
            "id"
        )
    )


def _clashes(calls: Sequence[Call]) -> dict[int, str]:
    """Beside each call, where else the person is called shortly before or after it."""
    by_person: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        by_person[call.participant_id].append(call)
    found: dict[int, str] = {}
    for theirs in by_person.values():
        for call in theirs:
            near = [
                other
                for other in theirs
                if other.pk != call.pk
                and other.starts_at < call.ends_at + CLASH_MARGIN
                and other.ends_at > call.starts_at - CLASH_MARGIN
            ]
            if near:
                found[call.pk] = "; ".join(_destination(other) for other in near)
    return found


def _leaving_and_staying(facility: Facility, calls: Sequence[Call]) -> dict[str, str]:
    leaving: dict[str, set[int]] = defaultdict(set)
    for call in calls:
        leaving[_unit(call.participant)].add(call.participant_id)
    inside = Counter(
        Participant.objects.filter(facility=facility, whereabouts=Whereabouts.INSIDE)
        .order_by()
        .values_list("unit__name", flat=True)
    )
    return {
        title: _("%(leaving)d leave, %(staying)d stay")
        % {"leaving": len(people), "staying": max(0, inside.get(title, len(people)) - len(people))}
        for title, people in leaving.items()
    }


def _span(thing: Call | Session, facility: Facility) -> str:
    return f"{clock(thing.starts_at, facility.zone)}–{clock(thing.ends_at, facility.zone)}"


def _destination(call: Call) -> str:
    if call.session is None:
        return " · ".join(filter(None, (call.label, call.place)))
    room = call.session.room.name if call.session.room else ""
    return " · ".join(filter(None, (call.session.cohort.program.list_label, room)))


def _unit(person: Participant) -> str:
    return person.unit.name if person.unit else _("No unit")


def _unit_order(person: Participant) -> tuple[int, str]:
    return (person.unit.position, person.unit.name) if person.unit else (999, "")


def _number(person: Participant) -> str:
    numbers: list[Identifier] = getattr(person, "numbers", [])
    return numbers[0].value if numbers else ""


def _alerts(person: Participant) -> str:
    needs: list[AccessNeed] = getattr(person, "needed", [])
    words = [str(need.get_kind_display()) for need in needs]
    if person.interpreter and not any(need.kind == "interpreter" for need in needs):
        words.append(_("Interpreter"))
    return ", ".join(words)
