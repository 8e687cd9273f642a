"""The attendance grid that staff and partners share: rows to show, and marks out of what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import QueryDict

from throughgate.base.ui import Choice
from throughgate.people.models import Identifier
from throughgate.policies import queries as policies
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import Attendance, Call, Session


@dataclass(frozen=True)
class Row:
    """One person on the grid: who, what is said so far (or was just typed), and what else can be noted."""

    code: str
    name: str
    under: str
    value: str = ""
    detail: str = ""
    note: str = ""
    minutes: str = ""
    url: str = ""

    @property
    def more(self) -> bool:
        """Whether something beyond the mark itself is noted."""
        return bool(self.detail or self.note or self.minutes)


@dataclass(frozen=True)
class Grid:
    """The grid of a session: rows in name order, the marks that a person can give, and their details."""

    rows: tuple[Row, ...]
    choices: tuple[Choice, ...]
    details: tuple[tuple[str, str], ...]
    recorded: int

    @property
    def missing(self) -> int:
        """How many have no mark yet."""
        return len(self.rows) - self.recorded


def grid(session: Session, sent: QueryDict | None = None, *, order: Sequence[int] = ()) -> Grid:
    """The grid of a session as the actor may see it; ``sent`` fills it with what was typed and refused.

    ``order`` are call ids in the order of a paper roster; people who came later stand at the end.
    """
    day = session.starts_at.astimezone(session.facility.zone).date()
    rules = policies.attendance(session.facility.jurisdiction, day).data
    calls = list(
        Call.objects.filter(session=session, status=Call.Status.CALLED)
        .select_related("participant__unit")
        .prefetch_related(
            Prefetch(
                "participant__identifiers",
                Identifier.objects.filter(primary=True).order_by("id"),
                to_attr="numbers",
            )
        )
        .order_by("participant__sort_name", "id")
    )
    if order:
        place = {call: number for number, call in enumerate(order)}
        calls.sort(key=lambda call: place.get(call.pk, len(place)))
    said = {row.call_id: row for row in Attendance.objects.filter(session=session)}
    marks = [mark for mark in rules.marks.values() if mark.by_person]
    details = [
        (f"{mark.code}.{code}", str(reason.label))
        for mark in marks
        for code, reason in mark.sub_reasons.items()
    ]
    return Grid(
        rows=tuple(_row(call, said.get(call.pk), sent) for call in calls),
        choices=tuple(Choice(mark.code, mark.key, str(mark.label)) for mark in marks),
        details=tuple(details),
        recorded=sum(1 for call in calls if call.pk in said),
    )


def marks_from(sent: Mapping[str, str]) -> list[Mark]:
    """The marks out of a sent grid; people without a mark are left as they are."""
    found = []
    for key, value in sent.items():
        if key.startswith("m-") and value:
            person = key.removeprefix("m-")
            detail = sent.get(f"d-{person}", "")
            minutes = sent.get(f"t-{person}", "").strip()
            found.append(
                Mark(
                    participant=person,
                    code=value,
                    # A detail belongs to its mark: one left over from another mark is not taken along.
                    detail=detail.partition(".")[2] if detail.startswith(f"{value}.") else "",
                    note=sent.get(f"n-{person}", "").strip()[:250],
                    minutes=int(minutes) if minutes.isdecimal() else None,
                )
            )
    return found


def _row(call: Call, said: Attendance | None, sent: QueryDict | None) -> Row:
    person = call.participant
    numbers: list[Identifier] = getattr(person, "numbers", [])
    under = " · ".join(
        filter(
            None, (numbers[0].value if numbers else "", person.unit.name if person.unit else "", person.cell)
        )
    )
    if sent is not None:
        code = person.code
        return Row(
            code,
            person.list_name,
            under,
            value=sent.get(f"m-{code}", ""),
            detail=sent.get(f"d-{code}", ""),
            note=sent.get(f"n-{code}", ""),
            minutes=sent.get(f"t-{code}", ""),
        )
    if said is None:
        return Row(person.code, person.list_name, under)
    return Row(
        person.code,
        person.list_name,
        under,
        value=said.code,
        detail=f"{said.code}.{said.detail}" if said.detail else "",
        note=said.note,
    )
