"""Proposals for seats as their pages tell them. Restricted facts: pages note the read."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.people.models import NeedDomain, Participant
from throughgate.places.models import Facility
from throughgate.policies import library
from throughgate.policies.weights import SeatWeights
from throughgate.programs.models import PlanState, ProposalStatus, SeatPlan, SeatProposal, TodaysRule

SHOWN = 30
GIVEN = (ProposalStatus.ACCEPTED, ProposalStatus.CHANGED)


@dataclass(frozen=True)
class Shown:
    """One proposed seat with its words; ``since`` is "new" where last week's proposal did not name it."""

    row: SeatProposal
    reasons: list[str]
    since: str = ""

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.row.status == ProposalStatus.PROPOSED


@dataclass(frozen=True)
class Beside:
    """One of today's rules beside the plan: who has a seat only by the plan, and who only by the rule."""

    rule: TodaysRule
    gains: list[str]
    loses: list[str]


@dataclass(frozen=True)
class Proposal:
    """A plan as its page shows it. ``gone`` are seats that the proposal before named and this one does not."""

    plan: SeatPlan
    seats: list[Shown]
    instead: list[Shown]
    beside: list[Beside] = field(default_factory=list)
    gone: list[SeatProposal] = field(default_factory=list)

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        rows = [each.row for each in (*self.seats, *self.instead)]
        given = [row.instead_id for row in (*rows, *self.gone) if row.instead_id]
        return [*(row.participant_id for row in (*rows, *self.gone)), *given]

    @property
    def undecided(self) -> int:
        """How many seats wait for a decision."""
        return sum(each.open for each in self.seats)

    @property
    def given(self) -> int:
        """How many were given, to whomever."""
        return sum(each.row.status in GIVEN for each in self.seats)

    @property
    def new(self) -> list[Shown]:
        """Seats that the proposal before did not name."""
        return [each for each in self.seats if each.since]


def recent(facility: Facility) -> list[SeatPlan]:
    """The latest proposals of a facility, newest first, with how many seats wait for a decision."""
    return list(
        SeatPlan.objects.filter(facility=facility)
        .select_related("cohort", "program")
        .annotate(
            undecided=Count("proposals", filter=Q(proposals__status=ProposalStatus.PROPOSED)),
            proposed=Count("proposals", filter=~Q(proposals__status=ProposalStatus.NOT_PROPOSED)),
        )
        .order_by("-recorded_at", "-id")[:SHOWN]
    )


def undecided(facility_ids: Sequence[int]) -> dict[int, int]:
    """How many proposed seats wait for a decision, by facility."""
    rows = SeatProposal.objects.filter(
        plan__facility__in=facility_ids, plan__state=PlanState.READY, status=ProposalStatus.PROPOSED
    )
    counted = rows.values_list("plan__facility").annotate(n=Count("id")).order_by("plan__facility")
    return dict(counted)


def being_made(facility: Facility) -> SeatPlan | None:
    """The proposal of a facility that is on its way, if there is one."""
    return SeatPlan.objects.filter(facility=facility, state=PlanState.WAITING).order_by("id").first()


def silent(plan: SeatPlan, now: dt.datetime) -> bool:
    """Whether a proposal is on its way and nobody has been heard of for longer than the weights pack allows."""
    if plan.state != PlanState.WAITING:
        return False
    facility = plan.facility
    weights: SeatWeights = library.in_force("seat-weights", facility.jurisdiction, facility.today()).data
    return now - (plan.heard_at or plan.recorded_at) > dt.timedelta(minutes=weights.silent_minutes)


def together(round: uuid.UUID, facility_ids: Sequence[int]) -> list[SeatPlan]:
    """Proposals that were asked for together, in these facilities, the newest of each facility."""
    rows = (
        SeatPlan.objects.filter(round=round, facility__in=facility_ids)
        .select_related("facility", "cohort", "program", "work")
        .annotate(
            undecided=Count("proposals", filter=Q(proposals__status=ProposalStatus.PROPOSED)),
            given=Count("proposals", filter=Q(proposals__status__in=GIVEN)),
        )
        .order_by("facility__name", "-id")
    )
    newest: dict[int, SeatPlan] = {}
    for row in rows:
        newest.setdefault(row.facility_id, row)
    return list(newest.values())


def shown(plan: SeatPlan) -> Proposal:
    """Everything on the page of a plan, in a fixed number of queries."""
    rows = list(
        SeatProposal.objects.filter(plan=plan)
        .select_related("participant__unit", "cohort__program", "instead")
        .order_by("cohort__starts_on", "cohort_id", "participant__sort_name", "id")
    )
    before = _before(plan)
    named = {(row.participant_id, row.cohort_id) for row in before}
    seats = [
        Shown(row, reasons(row), "new" if before and (row.participant_id, row.cohort_id) not in named else "")
        for row in rows
        if row.status != ProposalStatus.NOT_PROPOSED
    ]
    instead = [Shown(row, reasons(row)) for row in rows if row.status == ProposalStatus.NOT_PROPOSED]
    ours = {(each.row.participant_id, each.row.cohort_id) for each in seats}
    gone = [
        row
        for row in before
        if (row.participant_id, row.cohort_id) not in ours and row.status == ProposalStatus.PROPOSED
    ]
    return Proposal(plan, seats, instead, list(_beside(rows)), gone)


def _before(plan: SeatPlan) -> list[SeatProposal]:
    """Seats that the proposal before named, whatever became of them; those for other seats are left out."""
    if plan.previous_id is None:
        return []
    rows = SeatProposal.objects.filter(plan=plan.previous_id).exclude(status=ProposalStatus.NOT_PROPOSED)
    if plan.cohort_id:
        rows = rows.filter(cohort=plan.cohort_id)
    if plan.program_id:
        rows = rows.filter(cohort__program=plan.program_id)
    return list(rows.select_related("participant__unit", "cohort").order_by("participant__sort_name", "id"))


def _beside(rows: Sequence[SeatProposal]) -> Iterator[Beside]:
    ours = {row.participant_id: row.participant for row in rows if row.status != ProposalStatus.NOT_PROPOSED}
    for rule in TodaysRule:
        theirs = {row.participant_id: row.participant for row in rows if rule in row.by_rules}
        yield Beside(rule, _names(ours, theirs), _names(theirs, ours))


def _names(these: dict[int, Participant], those: dict[int, Participant]) -> list[str]:
    return sorted(person.list_name for who, person in these.items() if who not in those)


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
    line = ngettext(
        "%(fit)d in line could take the one seat.",
        "%(fit)d in line could take one of %(seats)d seats.",
        seats,
    )
    yield line % {"fit": fit, "seats": seats}


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
