"""From evidence to ledger lines: pure, repeatable, explained.

The same evidence always gives the same lines, in whatever order it comes. More attended time never earns
less, no cap is ever exceeded, and a ledger is put right by reversal, never by deletion. [P-240] to [P-243]
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .credit import Caps, CreditRule, CreditRules
from .evidence import Event, Evidence, Facts, Pause
from .ledger import NONE, LedgerLine, total
from .packs import Pack
from .workdays import add_months

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class _Earning:
    """An amount before caps."""

    on: dt.date
    rule: CreditRule
    program: str
    amount: Decimal
    evidence: tuple[str, ...]
    why: tuple[str, ...] = ()


def accrue(
    pack: Pack[CreditRules],
    evidence: Iterable[Evidence],
    *,
    as_of: dt.date,
    facts: Facts | None = None,
    events: Iterable[Event] = (),
    pauses: Iterable[Pause] = (),
    prior: Iterable[LedgerLine] = (),
) -> list[LedgerLine]:
    """Every line the evidence earns under a pack through `as_of`, oldest first.

    Only evidence of days the pack covers counts. `prior` are lines under earlier packs: they use up caps
    (by the same rule code) but are not repeated. Raises KeyError for a tier the rule does not know.
    """
    known = facts or Facts()
    happened, stood_still = sorted(events, key=lambda e: (e.on, e.code)), tuple(pauses)
    seen = sorted((e for e in evidence if e.on <= as_of and pack.covers(e.on)), key=lambda e: (e.on, e.id))
    rules = [r for r in pack.data.rules.values() if known.rules is None or r.code in known.rules]
    cases = [_Case(rule, pack.data, known, happened, stood_still) for rule in rules]
    earnings = [earning for case in cases for earning in _earnings(case, seen)]
    order = {rule.code: number for number, rule in enumerate(rules)}
    earnings.sort(key=lambda e: (e.on, order[e.rule.code], e.program, e.evidence))
    ledger = _Ledger(pack, known, prior)
    for earning in (e for e in earnings if e.on <= as_of):
        ledger.roll_over(earning.on)
        ledger.earn(earning)
    ledger.roll_over(as_of)
    lines = [*ledger.lines, *_forfeited(pack, rules, ledger.lines, happened, as_of)]
    return sorted(lines, key=lambda line: (line.on, line.kind, order[line.rule], line.evidence, line.why))


@dataclass(frozen=True)
class Towards:
    """How far somebody has come towards the next full unit of a rule: 34 of 52 hours."""

    rule: str
    unit: str
    tier: str
    have: Decimal
    need: Decimal


def towards(
    pack: Pack[CreditRules],
    evidence: Iterable[Evidence],
    *,
    as_of: dt.date,
    facts: Facts | None = None,
    events: Iterable[Event] = (),
    pauses: Iterable[Pause] = (),
) -> list[Towards]:
    """What is left over under rules that earn for full units only, and has not lapsed by `as_of`."""
    known, happened, stood_still = facts or Facts(), tuple(events), tuple(pauses)
    seen = [each for each in evidence if each.on <= as_of and pack.covers(each.on)]
    found = []
    for rule in pack.data.rules.values():
        if not rule.whole_units or rule.unit not in ("hour", "session", "day") or rule.amount_from_program:
            continue
        if known.rules is not None and rule.code not in known.rules:
            continue
        case = _Case(rule, pack.data, known, happened, stood_still)
        now = _period(rule, pack.data, as_of)
        sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: NONE)
        for each in seen:
            if _counts(case, each) and _period(rule, pack.data, each.on) == now:
                program = each.program if rule.caps.program_month is not None else ""
                sums[each.tier, program] += _quantity(rule, each, stood_still) * _share(rule, each.rating)
        scale = 60 if rule.unit == "hour" else 1
        for (tier, _), quantity in sorted(sums.items()):
            left = quantity / scale % rule.per
            if left > 0:
                found.append(Towards(rule.code, rule.unit, tier, left, rule.per))
    return found


# --- what is earned before caps ---


@dataclass(frozen=True)
class _Case:
    """One rule, and all it needs to know about one person."""

    rule: CreditRule
    data: CreditRules
    facts: Facts
    events: Sequence[Event]
    pauses: Sequence[Pause]


def _counts(case: _Case, evidence: Evidence) -> bool:
    rule = case.rule
    if evidence.institution_cancelled and not rule.credit_if_institution_cancelled:
        return False
    started = case.facts.started_on
    if rule.waiting_months and (started is None or evidence.on < add_months(started, rule.waiting_months)):
        return False
    return not any(_bars(rule, event, evidence.on) for event in case.events)


def _bars(rule: CreditRule, event: Event, on: dt.date) -> bool:
    forfeiture = rule.forfeitures.get(event.code)
    if forfeiture is None or not forfeiture.no_earning:
        return False
    months = (on.year - event.on.year) * 12 + on.month - event.on.month
    return 0 <= months <= forfeiture.months_after


def _earnings(case: _Case, evidence: Sequence[Evidence]) -> Iterator[_Earning]:
    counting = [each for each in evidence if _counts(case, each)]
    if case.rule.unit == "month":
        yield from _by_month(case.rule, counting)
    elif case.rule.unit == "completion" or case.rule.amount_from_program:
        yield from _by_award(case.rule, counting)
    else:
        yield from _by_amount(case, counting)


def _share(rule: CreditRule, rating: str) -> Decimal:
    return rule.ratings.get(rating, rule.unrated) if rule.ratings else Decimal(1)


def _rate(rule: CreditRule, tier: str) -> Decimal:
    if tier not in rule.rates:
        known = ", ".join(rule.rates)
        raise KeyError(f"{tier!r} is no rate of the rule {rule.code!r}; there are {known}")
    return rule.rates[tier]


def _quantity(rule: CreditRule, evidence: Evidence, pauses: Sequence[Pause]) -> Decimal:
    """How much of the unit one piece of evidence is worth, before its rating. Hours count in minutes."""
    if rule.unit == "hour":
        return Decimal(evidence.minutes)
    if rule.unit == "session":
        return Decimal(evidence.sessions)
    return Decimal(_clock_days(evidence, [p for p in pauses if p.kind in rule.stop_clock]))


def _clock_days(evidence: Evidence, pauses: Sequence[Pause]) -> int:
    if evidence.since is None:
        return 0
    still: set[dt.date] = set()
    for pause in pauses:
        first, last = max(pause.starts, evidence.since), min(pause.ends, evidence.on)
        still.update(first + number * DAY for number in range((last - first).days + 1))
    return max(0, (evidence.on - evidence.since).days + 1 - len(still))


def _period(rule: CreditRule, data: CreditRules, on: dt.date) -> tuple[int, ...]:
    if rule.unfinished == "month":
        return (on.year, on.month)
    return (data.year_of(on),) if rule.unfinished == "year" else ()


def _by_amount(case: _Case, evidence: Sequence[Evidence]) -> Iterator[_Earning]:
    """Hours, sessions and days: what the running sum is worth now, less what it was worth before."""
    sums: dict[tuple[object, ...], Decimal] = defaultdict(lambda: NONE)
    behind: dict[tuple[object, ...], list[str]] = defaultdict(list)
    rule = case.rule
    step = rule.per * (60 if rule.unit == "hour" else 1)
    for each in evidence:
        quantity = _quantity(rule, each, case.pauses) * _share(rule, each.rating)
        if quantity <= 0:
            continue
        program = each.program if rule.caps.program_month is not None else ""
        key = (each.tier, program, *_period(rule, case.data, each.on))
        rate = _rate(rule, each.tier)
        before, after = sums[key], sums[key] + quantity
        sums[key] = after
        behind[key].append(each.id)
        amount = _worth(rule, rate, after, step) - _worth(rule, rate, before, step)
        if amount > 0:
            yield _Earning(each.on, rule, program, amount, tuple(behind.pop(key)))


def _worth(rule: CreditRule, rate: Decimal, quantity: Decimal, step: Decimal) -> Decimal:
    if rule.whole_units:
        return rule.rounded((quantity // step) * rate)
    return rule.rounded(quantity * rate / step)


def _by_award(rule: CreditRule, evidence: Sequence[Evidence]) -> Iterator[_Earning]:
    """Completions, and sessions paid at the program's own rate: each stands alone."""
    done: set[str] = set()
    for each in evidence:
        times = int(each.completed) if rule.unit == "completion" else each.sessions
        if not times or (rule.once_per_program and each.program in done):
            continue
        done.add(each.program)
        award = (each.award or NONE) if rule.amount_from_program else _rate(rule, each.tier)
        if rule.most_per_award is not None:
            award = min(award, rule.most_per_award)
        amount = rule.rounded(award * times * _share(rule, each.rating))
        if amount > 0:
            yield _Earning(each.on, rule, each.program, amount, (each.id,))


def _by_month(rule: CreditRule, evidence: Sequence[Evidence]) -> Iterator[_Earning]:
    """Whole months: each month (and program, where a cap counts by it) with enough in it earns at its end."""
    months: dict[tuple[str, int, int], list[Evidence]] = defaultdict(list)
    for each in evidence:
        program = each.program if rule.caps.program_month is not None else ""
        months[program, each.on.year, each.on.month].append(each)
    for (program, year, month), parts in months.items():
        if sum(part.minutes for part in parts) < rule.month_minimum_minutes:
            continue
        rated = [part.rating for part in parts if part.rating]
        share = _share(rule, rated[-1] if rated else "")
        amount = rule.rounded(_rate(rule, parts[-1].tier) * share)
        last = add_months(dt.date(year, month, 1), 1) - DAY
        why = ("waits_for_rating",) if rule.ratings and not rated else ()
        if amount > 0 or why:
            yield _Earning(last, rule, program, amount, tuple(part.id for part in parts), why)


# --- caps ---


class _Ledger:
    """Puts earnings under their caps in order of day, and rolls over what a yearly cap keeps back."""

    def __init__(self, pack: Pack[CreditRules], facts: Facts, prior: Iterable[LedgerLine]) -> None:
        self.pack, self.facts = pack, facts
        self.lines: list[LedgerLine] = []
        self.used: dict[tuple[object, ...], Decimal] = defaultdict(lambda: NONE)
        self.waiting: dict[str, Decimal] = defaultdict(lambda: NONE)
        self.year: int | None = None
        for line in prior:
            if line.kind == "earned" and line.rule in pack.data.rules:
                self._use(pack.data.rules[line.rule], "", line.on, line.amount)

    def _limits(
        self, rule: CreditRule, program: str, on: dt.date
    ) -> Iterator[tuple[str, tuple[object, ...], Decimal | None]]:
        """Every cap as (name, what it counts, limit), the innermost first."""
        month, year = (on.year, on.month), self.pack.data.year_of(on)
        for scope, caps in ((rule.code, rule.caps), ("", self.pack.data.caps)):
            yield "cap_program_month", (scope, program, *month), caps.program_month
            yield "cap_month", (scope, *month), caps.month
            yield "cap_year", (scope, year), caps.year
            yield "cap_total", (scope,), caps.total
            yield "cap_percent", (scope,), self._of_sentence(rule, caps)

    def _of_sentence(self, rule: CreditRule, caps: Caps) -> Decimal | None:
        if caps.total_percent is None or self.facts.sentence_days is None:
            return None
        most = caps.total_percent * self.facts.sentence_days / 100
        return (most // rule.quantum) * rule.quantum

    def _use(self, rule: CreditRule, program: str, on: dt.date, amount: Decimal) -> None:
        for counted in {counted for _, counted, _ in self._limits(rule, program, on)}:
            self.used[counted] += amount

    def earn(self, earning: _Earning) -> None:
        rule, amount, withheld = earning.rule, earning.amount, NONE
        why = list(earning.why)
        for name, counted, limit in self._limits(rule, earning.program, earning.on):
            if limit is None:
                continue
            room = max(NONE, limit - self.used[counted])
            if amount > room:
                held = amount - room
                amount, withheld = room, withheld + held
                why.append(name)
                if name == "cap_year" and counted[0] == rule.code and rule.rollover:
                    self.waiting[rule.code] += held
                    why.append("rolls_over")
        self._use(rule, earning.program, earning.on, amount)
        unchecked = self.facts.sentence_days is None and (
            rule.caps.total_percent is not None or self.pack.data.caps.total_percent is not None
        )
        if unchecked:
            why.append("percent_cap_not_checked")
        self.lines.append(
            LedgerLine(
                policy=self.pack.cite,
                rule=rule.code,
                kind="earned",
                on=earning.on,
                amount=amount,
                measure=self.pack.data.measure,
                evidence=earning.evidence,
                withheld=withheld,
                why=tuple(why),
                requires_approval=rule.requires_approval or unchecked,
            )
        )

    def roll_over(self, until: dt.date) -> None:
        """Opens each credit year that begins through a day: what waited is earned on its first day."""
        year = self.pack.data.year_of(until)
        if self.year is None:
            self.year = year
        while self.year < year:
            self.year += 1
            first = self.pack.data.first_day(self.year)
            for code, amount in list(self.waiting.items()):
                if amount > 0 and self.pack.covers(first):
                    self.waiting[code] = NONE
                    rule = self.pack.data.rules[code]
                    self.earn(
                        _Earning(first, rule, "", amount, (f"rolled-over-{self.year}",), ("rolled_over",))
                    )


def _forfeited(
    pack: Pack[CreditRules],
    rules: Sequence[CreditRule],
    earned: Sequence[LedgerLine],
    events: Sequence[Event],
    as_of: dt.date,
) -> Iterator[LedgerLine]:
    """Days an event takes away, never more than there are."""
    for rule in rules:
        lost_before = NONE
        for event in events:
            forfeiture = rule.forfeitures.get(event.code)
            if (
                forfeiture is None
                or not forfeiture.days_lost
                or event.on > as_of
                or not pack.covers(event.on)
            ):
                continue
            balance = total(line for line in earned if line.rule == rule.code and line.on <= event.on)
            lost = min(forfeiture.days_lost, balance - lost_before)
            if lost > 0:
                lost_before += lost
                why = (event.code, "restorable") if forfeiture.restorable else (event.code,)
                yield LedgerLine(
                    policy=pack.cite,
                    rule=rule.code,
                    kind="forfeited",
                    on=event.on,
                    amount=-lost,
                    measure=pack.data.measure,
                    evidence=(event.id,) if event.id else (),
                    why=why,
                    requires_approval=True,
                )
