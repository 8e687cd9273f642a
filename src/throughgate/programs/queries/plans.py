"""Proposals for seats as the pages and the decision record tell them. Restricted facts: pages note the read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility
from throughgate.programs.models import PlanState, ProposalStatus, SeatPlan, SeatProposal

SHOWN = 50

RECORD = [
    "proposal", "facility", "asked_by", "made_at", "weights", "seed", "input_digest", "plan_digest", "proven_gap",
    "person", "name", "cohort", "status", "todays_rule", "worth", "price", "reasons", "decided_by", "decided_at",
    "decision_reason", "refusal", "given_to",
]  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """One proposed seat with its words."""

    row: SeatProposal
    reasons: list[str]

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.row.status == ProposalStatus.PROPOSED


@dataclass(frozen=True)
class Proposal:
    """A plan as its page shows it. ``gains`` and ``loses`` are people with a seat by one rule and not the other."""

    plan: SeatPlan
    seats: list[Shown]
    instead: list[Shown]
    gains: list[str]
    loses: list[str]

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        rows = [each.row for each in (*self.seats, *self.instead)]
        given = [row.instead_id for row in rows if row.instead_id]
        return [*(row.participant_id for row in rows), *given]

    @property
    def undecided(self) -> int:
        """How many seats wait for a decision."""
        return sum(each.open for each in self.seats)


def recent(facility: Facility) -> list[SeatPlan]:
    """The latest proposals of a facility, newest first."""
    return list(
        SeatPlan.objects.filter(facility=facility)
        .select_related("cohort")
        .order_by("-recorded_at", "-id")[:SHOWN]
    )


def being_made(facility: Facility) -> SeatPlan | None:
    """The proposal of a facility that is on its way, if there is one."""
    return SeatPlan.objects.filter(facility=facility, state=PlanState.WAITING).order_by("id").first()


def shown(plan: SeatPlan) -> Proposal:
    """Everything on the page of a plan, in a fixed number of queries."""
    rows = [
        Shown(row, reasons(row))
        for row in SeatProposal.objects.filter(plan=plan)
        .select_related("participant__unit", "cohort__program", "instead")
        .order_by("cohort__starts_on", "cohort_id", "participant__sort_name", "id")
    ]
    seats = [each for each in rows if each.row.status != ProposalStatus.NOT_PROPOSED]
    instead = [each for each in rows if each.row.status == ProposalStatus.NOT_PROPOSED]
    ours = {each.row.participant_id: each.row.participant.list_name for each in seats}
    theirs = {each.row.participant_id: each.row.participant.list_name for each in rows if each.row.by_today}
    return Proposal(
        plan,
        seats,
        instead,
        sorted(name for who, name in ours.items() if who not in theirs),
        sorted(name for who, name in theirs.items() if who not in ours),
    )


def reasons(row: SeatProposal) -> list[str]:
    """What speaks for a seat, or what stood in its way, in words for staff. Never names a keep-apart order."""
    return [*_for(row), *_against(row)]


def _for(row: SeatProposal) -> Iterator[str]:
    facts = row.facts
    labels = dict(NeedDomain.choices)
    levels = {1: _("low"), 2: _("moderate"), 3: _("high")}
    for need, level in facts.get("needs", {}).items():
        words = {"need": labels.get(need, need), "level": levels.get(level, level)}
        yield _("Assessed need: %(need)s (%(level)s).") % words
    if not facts.get("needs"):
        yield _("Asked for it; no assessed need that it addresses.")
    waited = int(facts.get("waited", 0))
    yield ngettext("Has waited %(n)d day.", "Has waited %(n)d days.", waited) % {"n": waited}
    if facts.get("release"):
        release = dt.date.fromisoformat(facts["release"])
        left = (release - dt.date.fromisoformat(facts["last"])).days
        words_of = ngettext(
            "Expected release %(day)s, %(n)d day after the last session.",
            "Expected release %(day)s, %(n)d days after the last session.",
            left,
        )
        yield words_of % {"day": date_format(release, "j M Y"), "n": left}
    if facts.get("first_seat"):
        yield _("Has no seat yet.")
    fit, seats = int(facts.get("fit", 0)), int(facts.get("seats", 0))
    yield _("%(fit)d people in line could take one of %(seats)d seats.") % {"fit": fit, "seats": seats}


def _against(row: SeatProposal) -> Iterator[str]:
    words = {
        "clash": _("At the same time as another seat in this proposal."),
        "program": _("Has another cohort of this program in this proposal."),
        "first": _("Another program comes first."),
        "limit": _("Has as many seats as one proposal gives one person."),
        "unavailable": _("Not available in this proposal."),
    }
    for code in row.facts.get("why_not", []):
        yield words.get(code, words["unavailable"])


def record(found: Proposal) -> Iterator[list[object]]:
    """The decision record, a row for each seat: the plan it comes from, the facts, who decided what and why."""
    plan = found.plan
    head = [
        plan.code, plan.facility.name, plan.asked_by, _stamp(plan.made_at), plan.weights_version, plan.seed,
        plan.input_digest, plan.digest, plan.gap,
    ]  # fmt: skip
    for each in (*found.seats, *found.instead):
        row = each.row
        yield [
            *head, row.participant.code, row.participant.list_name, row.cohort.name, row.status,
            "yes" if row.by_today else "no", row.worth, row.price, " ".join(each.reasons), row.decided_by,
            _stamp(row.decided_at), row.reason, row.refusal, row.instead.list_name if row.instead else "",
        ]  # fmt: skip


def _stamp(moment: dt.datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
