"""Why a person has or has not a seat in a cohort, for the coordinator; and who was chosen and why.

Two things are joined: what the booking rules say now, and what the latest proposal said when it was made. The
pages note the read of every person in ``people``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from throughgate.base.errors import Reason
from throughgate.people.models import Participant
from throughgate.programs.models import (
    SEATED,
    Cohort,
    Enrollment,
    PlanState,
    SeatAnswer,
    SeatAppeal,
    SeatPlan,
    SeatProposal,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.programs.queries import why_rules as rules
from throughgate.programs.queries.candidates import candidate_facts, cohort_facts
from throughgate.programs.queries.plans import reasons as reasons_of
from throughgate.programs.queries.why_rules import RuleRow
from throughgate.programs.rules.booking import Assessment, assess

TOLD_PLANS = (PlanState.READY, PlanState.CLOSED, PlanState.REPLACED)


@dataclass(frozen=True)
class Price:
    """What the seat is worth beside the last one given, in units of weighted need met."""

    yours: float
    last: float
    price: float
    place: int | None
    fit: int
    seats: int
    next_starts: tuple[dt.date, ...]

    @property
    def margin(self) -> float:
        """Worth to this person above the price of a seat; below zero when others gain more from it."""
        return self.yours - self.price

    @property
    def sentence(self) -> str:
        """Seats, how many fit, the last seat's worth and this one's."""
        words = {"fit": self.fit, "last": f"{self.last:.2f}", "yours": f"{self.yours:.2f}", "n": self.seats}
        return (
            ngettext(
                "%(n)d seat, and %(fit)d people in line may take it; the last one given is worth %(last)s,"
                " to this person it would be worth %(yours)s.",
                "%(n)d seats, and %(fit)d people in line may take one; the last one given is worth %(last)s,"
                " to this person one would be worth %(yours)s.",
                self.seats,
            )
            % words
        )


@dataclass(frozen=True)
class Chosen:
    """Somebody whom the proposal names for the cohort, and what speaks for them."""

    row: SeatProposal
    reasons: list[str]


@dataclass(frozen=True)
class Why:
    """The answer for one person and cohort: rules as they are now, and what the latest proposal said."""

    person: Participant
    cohort: Cohort
    plan: SeatPlan | None
    seated: bool
    proposed: bool
    rules: tuple[RuleRow, ...]
    untold: str
    own: tuple[str, ...]
    price: Price | None
    chosen: tuple[Chosen, ...]
    appeal: SeatAppeal | None

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        return [self.person.pk, *(each.row.participant_id for each in self.chosen)]

    @property
    def head(self) -> str:
        """The answer in a sentence."""
        if self.seated:
            return _("Has a seat in this cohort.")
        if self.proposed:
            return _("Is proposed for a seat; a person still has to decide.")
        for lead in (*(row.fact for row in self.rules), *self.own, self.untold):
            if lead:
                return lead
        if self.price is not None:
            return _("The seats went where they meet more need.")
        return _("No rule stands against a seat, and no proposal has looked at it yet.")


def why(person: Participant, cohort: Cohort) -> Why:
    """Every obstacle between a person and a cohort as it is now, and what the latest proposal said."""
    answer = _answers(cohort).filter(participant=person).first()
    plan = answer.plan if answer else None
    known = candidate_facts(cohort, [person.pk]).get(person.pk)
    found = assess(known, cohort_facts(cohort), cohort.facility.today()) if known else None
    seat = Enrollment.objects.filter(participant=person, cohort=cohort, status__in=SEATED).exists()
    told = answer.told if answer and not answer.seated else []
    proposals = _chosen(plan, cohort) if plan else []
    return Why(
        person=person,
        cohort=cohort,
        plan=plan,
        seated=seat,
        proposed=any(each.row.participant_id == person.pk for each in proposals),
        rules=rules.rows(found) if found and not seat else (),
        untold=rules.untold() if not seat and rules.secret(_reasons(found), told) else "",
        own=() if seat else tuple(_own(answer)),
        price=None if seat else _price(answer, cohort.facility.today()),
        chosen=tuple(proposals),
        appeal=SeatAppeal.objects.filter(participant=person, program=cohort.program_id)
        .order_by("-recorded_at", "-id")
        .first(),
    )


def _reasons(found: Assessment | None) -> tuple[Reason, ...]:
    return tuple(found.decision.reasons) if found else ()


def _answers(cohort: Cohort) -> QuerySet[SeatAnswer]:
    return (
        SeatAnswer.objects.filter(cohort=cohort, plan__state__in=TOLD_PLANS)
        .select_related("plan", "participant__unit")
        .order_by("-plan__made_at", "-plan_id", "id")
    )


def _chosen(plan: SeatPlan, cohort: Cohort) -> list[Chosen]:
    rows = (
        SeatProposal.objects.filter(plan=plan, cohort=cohort)
        .exclude(status="not_proposed")
        .select_related("participant__unit", "cohort__program", "instead")
        .order_by("-worth", "participant__sort_name", "id")
    )
    return [Chosen(row, reasons_of(row)) for row in rows]


def _numbers(answer: SeatAnswer) -> bool:
    """Whether worth and place were kept: not where a rule or something untold was in the way."""
    return not {"unavailable", "rules"} & set(answer.told)


def _price(answer: SeatAnswer | None, today: dt.date) -> Price | None:
    if answer is None or not _numbers(answer):
        return None
    starts = (dt.date.fromisoformat(each) for each in answer.next_starts)
    return Price(
        answer.worth, answer.last, answer.price, answer.place, answer.fit, answer.seats,
        tuple(each for each in starts if each >= today),
    )  # fmt: skip


def _own(answer: SeatAnswer | None) -> Iterator[str]:
    """What in the person's own plan was in the way, naming their own cohorts."""
    if answer is None or answer.seated:
        return
    names = dict(Cohort.objects.filter(code__in=answer.own).order_by("id").values_list("code", "name"))
    told = {"cohorts": ", ".join(names.get(code, code) for code in answer.own)}
    for kind in answer.told:
        if words := _own_words(kind)[0]:
            yield words % told


def _own_words(kind: str) -> tuple[str, str]:
    """An obstacle of the person's own plan: with the names of the cohorts, and short; empty for other kinds."""
    return {
        "clash": (
            _("At the same time as a seat that the proposal gives: %(cohorts)s."),
            _("At the same time as another seat that the proposal gives."),
        ),
        "program": (
            _("The proposal gives a seat in another cohort of this program: %(cohorts)s."),
            _("The proposal gives a seat in another cohort of this program."),
        ),
        "first": (_("Another program comes first."), _("Another program comes first.")),
        "limit": (
            _("Has as many seats as one proposal gives one person: %(cohorts)s."),
            _("Has as many seats as one proposal gives one person."),
        ),
        "tie": (_("Equals drew lots for the last seat, and another number was lower."),) * 2,
        "no_gain": (_("A seat would add nothing to what the proposal gives already."),) * 2,
    }.get(kind, ("", ""))


@dataclass(frozen=True)
class InLine:
    """One person in line for a cohort, with the answer in a sentence. ``state`` is its kind."""

    person: Participant
    state: str
    head: str
    worth: float | None
    place: int | None


@dataclass(frozen=True)
class CohortWhy:
    """Everybody in line for a cohort: who was chosen, who was not, and the leading reason."""

    cohort: Cohort
    plan: SeatPlan | None
    rows: tuple[InLine, ...]

    @property
    def people(self) -> list[int]:
        """Everybody on it, for the read log."""
        return [row.person.pk for row in self.rows]


HELD = frozenset({"already_enrolled", "place_paused"})
STATES = ("seated", "proposed", "price", "own", "rules", "untold", "open")


def cohort_why(cohort: Cohort) -> CohortWhy:
    """Who was chosen for a cohort and who was not, each with the leading reason; in a fixed number of queries."""
    latest = _answers(cohort).first()
    plan = latest.plan if latest else None
    answers = {row.participant_id: row for row in _answers(cohort).filter(plan=plan)} if plan else {}
    people = {row.participant_id: row.participant for row in answers.values()}
    waiting = WaitlistEntry.objects.filter(
        program=cohort.program_id, status=WaitStatus.APPROVED, participant__facility=cohort.facility_id
    ).select_related("participant__unit")
    people |= {row.participant_id: row.participant for row in waiting.order_by("requested_on", "id")}
    facts, of_cohort = candidate_facts(cohort, list(people)), cohort_facts(cohort)
    today = cohort.facility.today()
    proposed = {each.row.participant_id for each in _chosen(plan, cohort)} if plan else set()
    rows = []
    for which, person in people.items():
        found = assess(facts[which], of_cohort, today) if which in facts else None
        answer = answers.get(which)
        state, head = _lead(found, answer, which in proposed)
        numbers = answer if answer is not None and _numbers(answer) else None
        rows.append(
            InLine(
                person, state, head, numbers.worth if numbers else None, numbers.place if numbers else None
            )
        )
    rows.sort(key=lambda row: (STATES.index(row.state), -(row.worth or 0), row.person.sort_name))
    return CohortWhy(cohort, plan, tuple(rows))


def _lead(found: Assessment | None, answer: SeatAnswer | None, proposed: bool) -> tuple[str, str]:
    """The kind of answer and its leading sentence."""
    failing = rules.rows(found) if found else ()
    told = answer.told if answer and not answer.seated else []
    held = any(reason.code in HELD for reason in _reasons(found))
    leads = {
        "seated": _("Has a seat in this cohort.") if held else "",
        "proposed": _("Is proposed for a seat; a person still has to decide.") if proposed else "",
        "rules": failing[0].fact if failing else "",
        "own": next(filter(None, (_own_words(kind)[1] for kind in told)), ""),
        "untold": rules.untold() if rules.secret(_reasons(found), told) else "",
        "price": _("The seats went where they meet more need.") if "price" in told else "",
        "open": _("No rule stands against a seat, and no proposal has looked at it yet."),
    }
    return next((state, words) for state, words in leads.items() if words)
