"""What the terms of one person would do: pure, from what the file says and what stands here.

Anything unclear about who a person is, or where they are, is a conflict for a person to decide. A blank in
the file never erases anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason
from throughgate.base.names import fold
from throughgate.people import rules
from throughgate.people.rules import AWAY, COMMUNITY, DIED, INSIDE, GivenDate, Identity, Match, Standing

PROFILE = ("birth_date", "sex", "race_ethnicity")
DATES = {"projected_release_date": "projected", "parole_eligibility_date": "parole"}


@dataclass(frozen=True)
class Spell:
    """A stay: facility, first day, day of leaving (None while it lasts), our id when it stands here."""

    facility_id: int
    start: dt.date
    end: dt.date | None
    pk: int | None = None


@dataclass(frozen=True)
class Term:
    """One row of the file about a person, with its typed values."""

    line: int
    values: Mapping[str, str]
    facility_id: int
    unit_id: int | None

    def day(self, name: str) -> dt.date | None:
        """A day of the row."""
        text = self.values.get(name, "")
        return dt.date.fromisoformat(text) if text else None

    @property
    def start(self) -> dt.date:
        """The admission."""
        return dt.date.fromisoformat(self.values["admission_date"])

    @property
    def end(self) -> dt.date | None:
        """The release, None while the term lasts."""
        return self.day("release_date")


@dataclass
class Known:
    """A participant as they stand here."""

    pk: int
    facility_id: int
    unit_id: int | None
    cell: str
    whereabouts: str
    first_name: str
    last_name: str
    language: str
    profile: dict[str, Any]
    stays: list[Spell] = field(default_factory=list)
    dates: dict[str, GivenDate] = field(default_factory=dict)

    @property
    def open(self) -> Spell | None:
        """The stay that lasts."""
        return next((stay for stay in self.stays if stay.end is None), None)


@dataclass
class Move:
    """A change of place that the people's own verbs carry out: transfer, release or return."""

    kind: str
    on: dt.date
    facility_id: int
    reason: str


@dataclass
class Plan:
    """What is to be written for one person. ``known`` is None for somebody new."""

    known: Known | None
    current: Term
    terms: Sequence[Term]
    person: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    stays: list[tuple[Spell, Term]] = field(default_factory=list)
    move: Move | None = None
    dates: list[GivenDate] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    expected: GivenDate | None = None
    number: str = ""


@dataclass
class Verdict:
    """The plan, or why there is none. ``diff`` and ``notes`` are of the current term; ``added`` by line."""

    plan: Plan | None = None
    conflict: bool = False
    reasons: list[Reason] = field(default_factory=list)
    diff: dict[str, list[Any]] = field(default_factory=dict)
    added: dict[int, list[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # Rows that say the same as another row: refused alone, without the person's other rows.
    doubled: dict[int, Reason] = field(default_factory=dict)


@dataclass(frozen=True)
class Circumstances:
    """What judging needs beside the person: the extract's day and source, and who else looks like them."""

    as_of: dt.date
    source: str
    decision: str = ""
    twins_here: Sequence[Known] = ()
    twins_in_file: int = 0
    refused_lines: Sequence[int] = ()


def judge(terms: Sequence[Term], known: Known | None, given: Circumstances) -> Verdict:
    """Decide what a person's terms do; rows come in the order of the file."""
    verdict = Verdict()
    ordered = _whole(terms, verdict, given)
    if verdict.reasons:
        return verdict
    current = ordered[-1]
    known = _who(current, known, given, verdict)
    if verdict.reasons:
        verdict.conflict = True
        return verdict
    plan = Plan(known, current, ordered, number=current.values["person_ref"])
    if known is None:
        _newcomer(plan)
    else:
        _moves(plan, known, given, verdict)
        if verdict.reasons:
            verdict.conflict = True
            return verdict
        _facts(plan, known, verdict)
    _dates(plan, given, verdict)
    verdict.plan = plan
    return verdict


# --- the file by itself ---


def _whole(terms: Sequence[Term], verdict: Verdict, given: Circumstances) -> list[Term]:
    """The terms in order of admission, the same row once. Contradictions between rows refuse them all."""
    by_start: dict[dt.date, Term] = {}
    for term in terms:
        first = by_start.setdefault(term.start, term)
        if first is term:
            continue
        if dict(first.values) == dict(term.values):
            verdict.doubled[term.line] = Reason(
                "same_twice", _("Line %(line)s says the same.") % {"line": first.line}
            )
        else:
            verdict.reasons.append(
                _between(
                    "contradiction", _("Lines %(a)s and %(b)s tell the same term differently."), first, term
                )
            )
    ordered = [by_start[start] for start in sorted(by_start)]
    for earlier, later in pairwise(ordered):
        if earlier.end is None or earlier.end > later.start:
            verdict.reasons.append(
                _between("overlap", _("The terms in lines %(a)s and %(b)s overlap."), earlier, later)
            )
        if _identity(earlier.values) != _identity(later.values):
            verdict.reasons.append(
                _between(
                    "rows_disagree",
                    _("Lines %(a)s and %(b)s give one number two names or birth dates."),
                    earlier,
                    later,
                )
            )
    if given.refused_lines:
        verdict.reasons.append(
            Reason(
                "other_row",
                _("Another row of this person was refused (line %(lines)s).")
                % {"lines": ", ".join(map(str, given.refused_lines))},
                _("Correct it; the rows come in together."),
            )
        )
    return ordered


def _between(code: str, text: str, one: Term, other: Term) -> Reason:
    return Reason(code, text % {"a": one.line, "b": other.line}, _("Correct the extract; we do not guess."))


def _identity(values: Mapping[str, str]) -> tuple[str, str]:
    return fold(f"{values['last_name']}, {values['first_name']}"), values["birth_date"]


# --- who it is ---


def _who(current: Term, known: Known | None, given: Circumstances, verdict: Verdict) -> Known | None:
    wanted = Identity(
        first_name=current.values["first_name"],
        last_name=current.values["last_name"],
        birth_date=current.day("birth_date"),
    )
    if known is not None:
        holder = Identity(
            first_name=known.first_name,
            last_name=known.last_name,
            birth_date=known.profile["birth_date"] or wanted.birth_date,
        )
        if rules.match_identity(wanted, [holder]) is not Match.SAME and given.decision != "same":
            verdict.reasons.append(
                Reason(
                    "identity_number",
                    _("This number belongs here to somebody of another name or date of birth."),
                    _("Find out who it is: the same person, or a number given twice."),
                )
            )
        return known
    if given.decision == "other":
        return None
    if given.decision == "same" and len(given.twins_here) == 1:
        return given.twins_here[0]
    if given.twins_here:
        verdict.reasons.append(
            Reason(
                "identity_twin",
                _("Somebody of this name and date of birth is here under another number."),
                _("Say whether it is the same person."),
            )
        )
    elif given.twins_in_file:
        verdict.reasons.append(
            Reason(
                "identity_twin_file",
                _("The extract has this name and date of birth under another number too."),
                _("Say that they are two people, or correct the extract."),
            )
        )
    return None


# --- what follows ---


def _newcomer(plan: Plan) -> None:
    current = plan.current
    inside = current.end is None
    plan.person = {
        "facility_id": current.facility_id,
        "unit_id": current.unit_id if inside else None,
        "cell": current.values["cell"] if inside else "",
        "whereabouts": INSIDE if inside else COMMUNITY,
        "first_name": current.values["first_name"],
        "last_name": current.values["last_name"],
        "language": current.values["language"] or "en",
    }
    plan.profile = {name: current.values[name] or None for name in ("birth_date",)}
    plan.profile |= {name: current.values[name] for name in ("sex", "race_ethnicity")}
    plan.stays = [
        (Spell(term.facility_id, term.start, term.end), term)
        for term in plan.terms
        if term.end is None or term.end > term.start
    ]


def _moves(plan: Plan, known: Known, given: Circumstances, verdict: Verdict) -> None:
    """Transfer, release or return, and past terms that are not here yet."""
    current = plan.current
    if current.end is None:
        _still_inside(plan, known, given, verdict)
    elif known.whereabouts in (INSIDE, AWAY) and (known.open is None or known.open.start < current.end):
        plan.move = Move(
            "release", current.end, known.facility_id, current.values["release_type"] or "released"
        )
        verdict.diff["where"] = [known.whereabouts, COMMUNITY]
    for term in plan.terms:
        spell = Spell(term.facility_id, term.start, term.end)
        if term.end is None or term.end <= term.start or any(_meet(spell, stay) for stay in known.stays):
            continue
        plan.stays.append((spell, term))
        verdict.added[term.line] = [None, f"{term.start} – {term.end}"]


def _still_inside(plan: Plan, known: Known, given: Circumstances, verdict: Verdict) -> None:
    current = plan.current
    if known.whereabouts == DIED:
        verdict.reasons.append(
            Reason("died_here", _("This person is recorded as having died."), _("Find out who it is."))
        )
    elif known.whereabouts in (INSIDE, AWAY):
        if known.facility_id != current.facility_id:
            on = max(given.as_of, known.open.start) if known.open else given.as_of
            plan.move = Move("transfer", on, current.facility_id, "transfer")
            verdict.diff["facility"] = [known.facility_id, current.facility_id]
    else:
        last = max((stay.end for stay in known.stays if stay.end), default=None)
        if last is not None and last > current.start:
            verdict.reasons.append(
                Reason(
                    "released_here",
                    _("Here the person was released on %(day)s; the extract says they never left.")
                    % {"day": last},
                    _("Correct the record here, or the extract."),
                )
            )
            return
        plan.move = Move(
            "return", current.start, current.facility_id, current.values["admission_type"] or "returned"
        )
        verdict.diff["where"] = [known.whereabouts, INSIDE]
        if known.facility_id != current.facility_id:
            verdict.diff["facility"] = [known.facility_id, current.facility_id]


def _meet(one: Spell, other: Spell) -> bool:
    return (other.end is None or one.start < other.end) and (one.end is None or other.start < one.end)


def _facts(plan: Plan, known: Known, verdict: Verdict) -> None:
    current = plan.current
    told: dict[str, Any] = {"language": current.values["language"]}
    if _identity(current.values) != _identity(_names(known)):
        told |= {name: current.values[name] for name in ("first_name", "last_name")}
    if current.end is None and known.whereabouts != AWAY:
        told |= {"unit_id": current.unit_id, "cell": current.values["cell"]}
    moved = plan.move is not None and plan.move.kind != "release"
    for name, value in told.items():
        here = None if moved and name in ("unit_id", "cell") else getattr(known, name)
        if value and value != here:
            plan.person[name] = value
            verdict.diff[name] = [here, value]
    for name in PROFILE:
        value = current.values[name]
        here = (
            known.profile[name].isoformat()
            if name == "birth_date" and known.profile[name]
            else known.profile[name]
        )
        if value and value != here:
            plan.profile[name] = value
            verdict.diff[name] = [here or "", value]


def _names(known: Known) -> dict[str, str]:
    born = known.profile["birth_date"]
    return {
        "first_name": known.first_name,
        "last_name": known.last_name,
        "birth_date": born.isoformat() if born else "",
    }


def _dates(plan: Plan, given: Circumstances, verdict: Verdict) -> None:
    """Release dates by the same rules as when a person writes them: newest as-of stands, history stays.

    A date that only is confirmed by a newer extract gets the newer as-of day, and is no change.
    """
    current, here = plan.current, plan.known.dates if plan.known else {}
    if current.end is not None:
        return
    merged = dict(here)
    for column, kind in DATES.items():
        on, before = current.day(column), here.get(kind)
        if on is None:
            if before is not None and before.on is not None:
                verdict.notes.append(
                    _("The extract gives no %(name)s; the one recorded here stays.") % {"name": column}
                )
            continue
        told = GivenDate(kind=kind, on=on, as_of=given.as_of, source=given.source)
        if before is not None and before.on == on:
            if before.as_of < given.as_of:
                plan.confirmed.append(kind)
                merged[kind] = GivenDate(kind=kind, on=on, as_of=given.as_of, source=before.source)
            continue
        if rules.standing(told, before) is Standing.HISTORY:
            verdict.notes.append(_("A newer %(name)s stands here; it stays.") % {"name": column})
            continue
        plan.dates.append(told)
        merged[kind] = told
        if plan.known:
            verdict.diff[column] = [before.on.isoformat() if before and before.on else "", on.isoformat()]
    plan.expected = rules.expected_release(merged)
