"""The decision record of a proposal: what it was made from, and what people decided, for reading and export.

Staff of the facility read names; an auditor reads codes alone, no names and no facts about anyone ([F-11]).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from throughgate.base import scope
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.programs.models import ProposalStatus, SeatPlan, SeatProposal, SeatRecord
from throughgate.programs.queries.plans import Proposal

COLUMNS = [
    "proposal", "facility", "asked_by", "made_at", "weights", "seed", "input_digest", "plan_digest", "proven_gap",
    "person", "name", "cohort", "status", "todays_rules", "worth", "price", "reasons", "decided_by", "decided_at",
    "decision_reason", "refusal", "given_to",
]  # fmt: skip
AUDIT_COLUMNS = [
    "proposal", "facility", "asked_by", "made_at", "weights", "seed", "input_digest", "plan_digest", "proven_gap",
    "seat", "person", "cohort", "price", "status", "todays_rules", "decided_by", "decided_at", "decision_reason",
    "given_to",
]  # fmt: skip
OVERRULED = (ProposalStatus.DECLINED, ProposalStatus.CHANGED)


@dataclass(frozen=True)
class Decision:
    """What was decided about one proposed seat, by codes; ``given_to`` is the code of whoever got it instead."""

    seat: str
    person: str
    cohort: str
    name: str
    price: float
    status: str
    by_rules: tuple[str, ...]
    decided_by: str
    decided_at: dt.datetime | None
    reason: str
    given_to: str

    @property
    def words(self) -> str:
        """What was decided, in words."""
        return str(ProposalStatus(self.status).label)

    @property
    def overruled(self) -> bool:
        """Whether somebody decided otherwise than proposed."""
        return self.status in OVERRULED


@dataclass(frozen=True)
class Record:
    """A proposal's record: what was written with it, whether that is as it was written, and the decisions."""

    plan: SeatPlan
    data: dict[str, Any]
    sha256: str
    decisions: list[Decision]
    people: list[int]

    @property
    def overruled(self) -> list[Decision]:
        """Decisions other than proposed, each with its reason."""
        return [each for each in self.decisions if each.overruled]


def record_of(plan: SeatPlan) -> Record | None:
    """The record of a proposal that was made, in codes; None before. Its people are for the read log."""
    kept = SeatRecord.objects.filter(plan=plan).first()
    if kept is None:
        return None
    rows = list(
        SeatProposal.objects.filter(plan=plan).exclude(status=ProposalStatus.NOT_PROPOSED).order_by("id")
    )
    cohorts = {each["code"]: each for each in kept.data["cohorts"]}
    seats = {each["seat"]: each for each in kept.data["seats"]}
    others = _codes([row.instead_id for row in rows if row.instead_id])
    decisions = [_decision(row, seats[row.code], cohorts, others) for row in rows if row.code in seats]
    people = [*(row.participant_id for row in rows), *(row.instead_id for row in rows if row.instead_id)]
    return Record(plan, kept.data, kept.sha256, decisions, people)


def _decision(
    row: SeatProposal, seat: dict[str, str], cohorts: dict[str, dict[str, Any]], others: dict[int, str]
) -> Decision:
    cohort = cohorts[seat["cohort"]]
    return Decision(
        row.code, seat["person"], seat["cohort"], cohort["name"], cohort["price"], row.status, tuple(row.by_rules),
        row.decided_by, row.decided_at, row.reason, others.get(row.instead_id, "") if row.instead_id else "",
    )  # fmt: skip


def _codes(people: list[int]) -> dict[int, str]:
    """Codes of people who got a seat instead; an auditor sees no participants, so the system tells codes only."""
    if not people:
        return {}
    with scope.as_role(Audience.JOB, purpose="codes in a decision record"):
        return dict(Participant.objects.filter(pk__in=people).order_by("id").values_list("pk", "code"))


def digest_of(data: dict[str, Any]) -> str:
    """SHA-256 of a record's canonical JSON: sorted keys, no spaces."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def as_json(record: Record) -> dict[str, Any]:
    """The whole record as plain values: what was kept, its digest, and the decisions."""
    return {
        "record": record.data,
        "sha256": record.sha256,
        "state": record.plan.state,
        "closed_by": record.plan.closed_by,
        "closed_at": stamp(record.plan.closed_at),
        "decisions": [
            {
                "seat": each.seat,
                "person": each.person,
                "cohort": each.cohort,
                "status": each.status,
                "decided_by": each.decided_by,
                "decided_at": stamp(each.decided_at),
                "reason": each.reason,
                "given_to": each.given_to,
            }
            for each in record.decisions
        ],
    }


def audit_rows(record: Record) -> Iterator[list[object]]:
    """The record as a table by codes, a row for each seat."""
    head = _head(record.plan)
    for each in record.decisions:
        yield [
            *head, each.seat, each.person, each.name, each.price, each.status, " ".join(each.by_rules),
            each.decided_by, stamp(each.decided_at), each.reason, each.given_to,
        ]  # fmt: skip


def staff_rows(found: Proposal) -> Iterator[list[object]]:
    """The record as a table for the facility's own staff: with names, facts and what only today's rules would do."""
    head = _head(found.plan)
    for each in (*found.seats, *found.instead):
        row = each.row
        yield [
            *head, row.participant.code, row.participant.list_name, row.cohort.name, row.status,
            " ".join(row.by_rules), row.worth, row.price, " ".join(each.reasons), row.decided_by,
            stamp(row.decided_at), row.reason, row.refusal, row.instead.list_name if row.instead else "",
        ]  # fmt: skip


def _head(plan: SeatPlan) -> list[object]:
    return [
        plan.code, plan.facility.name, plan.asked_by, stamp(plan.made_at), plan.weights_version, plan.seed,
        plan.input_digest, plan.digest, plan.gap,
    ]  # fmt: skip


def stamp(moment: dt.datetime | None) -> str:
    """A moment as a record has it; empty where there is none."""
    return moment.isoformat(timespec="seconds") if moment else ""
