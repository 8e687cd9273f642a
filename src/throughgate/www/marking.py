"""The attendance grid that staff and partners share: rows to show, and marks out of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import QueryDict

from throughgate.base import ui
from throughgate.people.models import Identifier
from throughgate.policies import queries as policies
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.models import Attendance, Call, Session


@dataclass(frozen=True)
class Grid:
    """The grid of a session: rows in name order, the marks that a person can give, and their details."""

    rows: tuple[ui.Mark, ...]
    choices: tuple[ui.Choice, ...]
    details: tuple[tuple[str, str], ...]
    recorded: int

    @property
    def missing(self) -> int:
        """How many have no mark yet."""
        return len(self.rows) - self.recorded


def grid(session: Session, sent: QueryDict | None = None) -> Grid:
    """The grid of a session as the actor may see it, in the order of the paper roster.

    ``sent`` fills it with what was typed and refused.
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
    said = {row.call_id: row for row in Attendance.objects.filter(session=session)}
    marks = [mark for mark in rules.marks.values() if mark.by_person]
    details = [
        (f"{mark.code}.{code}", str(reason.label))
        for mark in marks
        for code, reason in mark.sub_reasons.items()
    ]
    return Grid(
        rows=tuple(_row(call, said.get(call.pk), sent) for call in calls),
        choices=tuple(ui.Choice(mark.code, mark.key, str(mark.label)) for mark in marks),
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


def _row(call: Call, said: Attendance | None, sent: QueryDict | None) -> ui.Mark:
    person = call.participant
    numbers: list[Identifier] = getattr(person, "numbers", [])
    under = " · ".join(
        filter(
            None, (numbers[0].value if numbers else "", person.unit.name if person.unit else "", person.cell)
        )
    )
    if sent is not None:
        code = person.code
        return ui.Mark(
            code,
            person.list_name,
            under=under,
            value=sent.get(f"m-{code}", ""),
            detail=sent.get(f"d-{code}", ""),
            note=sent.get(f"n-{code}", ""),
            minutes=sent.get(f"t-{code}", ""),
        )
    if said is None:
        return ui.Mark(person.code, person.list_name, under=under)
    return ui.Mark(
        person.code,
        person.list_name,
        under=under,
        value=said.code,
        detail=f"{said.code}.{said.detail}" if said.detail else "",
        note=said.note,
    )
