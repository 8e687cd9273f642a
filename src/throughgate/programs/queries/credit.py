"""What somebody has earned, what waits for approval, and what they may come to earn."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Min, Sum
from django.db.models.functions import Lower
from django.utils import timezone

from throughgate.people.models import Absence, Participant, Stay
from throughgate.policies import queries as policies
from throughgate.policies.credit import CreditRules
from throughgate.policies.evidence import Evidence, Facts, Pause
from throughgate.policies.ledger import LedgerLine as Line
from throughgate.policies.library import library
from throughgate.policies.packs import Pack
from throughgate.policies.projection import Projection, projection
from throughgate.programs.models import (
    Attendance,
    Call,
    Enrollment,
    EnrollmentStatus,
    LedgerKind,
    LedgerLine,
    SessionStatus,
)
from throughgate.programs.rules.crediting import Attended, Seat, credit_rules, evidence_of, lines

DAY = dt.timedelta(days=1)
EARNED = (LedgerKind.CREDIT_DAYS, LedgerKind.PAY)


@dataclass
class Account:
    """A person's credit: what the evidence earns, and what the ledger says."""

    participant: int
    wanted: list[Line] = field(default_factory=list)
    posted: list[LedgerLine] = field(default_factory=list)
    standing: dict[str, LedgerLine] = field(default_factory=dict)
    taken_back: dict[int, str] = field(default_factory=dict)
    enrollments: dict[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Line]:
        """Lines that somebody has to approve before they count."""
        reversed_keys = {key_of(line.evidence) for line in self.posted if line.pk in self.taken_back}
        return [
            line
            for line in self.wanted
            if line.requires_approval and line.key not in self.standing and line.key not in reversed_keys
        ]

    def enrollment_of(self, evidence: Sequence[str]) -> int:
        """The seat that the last piece of evidence belongs to."""
        for each in reversed(evidence):
            name = each.partition("-")[0]  # a month of a seat is named after the seat
            if name in self.enrollments:
                return self.enrollments[name]
        return next(iter(self.enrollments.values()))


def key_of(evidence: str) -> str:
    """The key at the end of a credit line's evidence."""
    return evidence.rpartition("#")[2]


def evidence_words(line: LedgerLine) -> str:
    """A line's evidence for people: the records behind it, without the key."""
    return line.evidence.partition(" #")[0]


def accounts(people: Collection[int], *, as_of: dt.date | None = None) -> list[Account]:
    """The accounts of these people, in a number of queries that does not grow with them."""
    who = list(Participant.objects.filter(pk__in=people).select_related("facility").order_by("pk"))
    attended, seats = _attended(people), _seats(people)
    started, pauses = _started(people), _pauses(people)
    posted = _posted(people)
    found = []
    for person in who:
        until = as_of or person.facility.today()
        jurisdiction = person.facility.jurisdiction
        rows, places = attended[person.pk], seats[person.pk]
        account = Account(person.pk)
        account.enrollments = {**{r.id: e for r, e in rows}, **{s.id: e for s, e in places}}
        for pack in _packs(jurisdiction, [r.on for r, _ in rows] + [s.starts_on for s, _ in places], until):
            account.wanted += lines(
                pack,
                _evidence(jurisdiction, [r for r, _ in rows], pay=pack.data.measure != "days"),
                [s for s, _ in places],
                as_of=until,
                started_on=started.get(person.pk),
                pauses=pauses[person.pk],
                prior=account.wanted,
            )
        account.posted = posted[person.pk]
        account.taken_back = {
            line.reverses_id: line.evidence for line in account.posted if line.reverses_id is not None
        }
        account.standing = {
            key_of(line.evidence): line
            for line in account.posted
            if line.reverses_id is None and line.pk not in account.taken_back
        }
        found.append(account)
    return found


def _packs(jurisdiction: str, days: Iterable[dt.date], until: dt.date) -> list[Pack[CreditRules]]:
    """Every credit pack that holds on one of the days, the oldest first."""
    packs = {pack.id: pack for day in {*days, until} if (pack := library().find("credit", jurisdiction, day))}
    return sorted(packs.values(), key=lambda pack: pack.effective_from)


def _attended(people: Collection[int]) -> dict[int, list[tuple[Attended, int]]]:
    found: dict[int, list[tuple[Attended, int]]] = defaultdict(list)
    rows = (
        Attendance.objects.filter(participant__in=people, call__enrollment__isnull=False)
        .exclude(call__enrollment__cohort__program__credit_rule="")
        .select_related("session__facility", "call__enrollment__cohort__program")
        .order_by("session__starts_at", "pk")
    )
    for row in rows:
        session, seat = row.session, row.call.enrollment
        assert seat is not None
        program = seat.cohort.program
        found[row.participant_id].append(
            (
                Attended(
                    id=f"{session.code}v{row.version}",
                    on=session.starts_at.astimezone(session.facility.zone).date(),
                    program=program.code,
                    rules=credit_rules(program.credit_rule),
                    code=row.code,
                    detail=row.detail,
                    minutes=row.minutes,
                    scheduled=int((session.ends_at - session.starts_at).total_seconds() // 60),
                    reason=session.reason,
                ),
                seat.pk,
            )
        )
    return found


def _evidence(jurisdiction: str, rows: Iterable[Attended], *, pay: bool) -> list[tuple[Attended, Evidence]]:
    found = []
    for row in rows:
        marks = policies.attendance(jurisdiction, row.on).data
        reasons = policies.cancellations(jurisdiction, row.on).data
        evidence = evidence_of(row, marks, reasons, pay=pay)
        if evidence is not None:
            found.append((row, evidence))
    return found


def _seats(people: Collection[int]) -> dict[int, list[tuple[Seat, int]]]:
    found: dict[int, list[tuple[Seat, int]]] = defaultdict(list)
    rows = (
        Enrollment.objects.filter(participant__in=people)
        .exclude(cohort__program__credit_rule="")
        .select_related("cohort__program", "cohort__facility")
        .order_by("starts_on", "pk")
    )
    for row in rows:
        program = row.cohort.program
        completed = None
        if row.status == EnrollmentStatus.ENDED and row.ended_on is not None:
            reason = policies.leaving(row.cohort.facility.jurisdiction, row.ended_on).data.reasons.get(
                row.end_reason
            )
            completed = row.ended_on if reason and reason.outcome == "completed" else None
        seat = Seat(
            id=row.code,
            program=program.code,
            rules=credit_rules(program.credit_rule),
            starts_on=row.starts_on,
            ends_on=row.ended_on or row.ends_on,
            completed_on=completed,
            credential=bool(program.credential),
        )
        found[row.participant_id].append((seat, row.pk))
    return found


def _started(people: Collection[int]) -> dict[int, dt.date]:
    rows = (
        Stay.objects.filter(participant__in=people)
        .values("participant")
        .annotate(first=Min(Lower("during")))
        .order_by("participant")
    )
    return {row["participant"]: row["first"] for row in rows if row["first"]}


def _pauses(people: Collection[int]) -> dict[int, list[Pause]]:
    found: dict[int, list[Pause]] = defaultdict(list)
    for row in Absence.objects.filter(participant__in=people).order_by("pk"):
        during = row.during
        if during.isempty or during.lower is None:
            continue
        ends = during.upper.date() if during.upper else timezone.now().date()
        found[row.participant_id].append(Pause(row.kind, during.lower.date(), ends))
    return found


def _posted(people: Collection[int]) -> dict[int, list[LedgerLine]]:
    found: dict[int, list[LedgerLine]] = defaultdict(list)
    for line in LedgerLine.objects.filter(participant__in=people, kind__in=EARNED).order_by("pk"):
        found[line.participant_id].append(line)
    return found


def totals(participant: Participant) -> dict[str, Decimal]:
    """Hours, credit days and pay of a person by the ledger as it stands, reversals included."""
    rows = (
        LedgerLine.objects.filter(participant=participant)
        .values("kind")
        .annotate(total=Sum("quantity"))
        .order_by("kind")
    )
    found = {kind.value: Decimal(0) for kind in LedgerKind}
    found.update({row["kind"]: row["total"] for row in rows})
    return found


def project(participant: Participant, horizon: dt.date) -> list[Projection]:
    """What a person has earned and may earn through a day if they come to all that is planned.

    One projection a rule that their programs name; an amount with its assumptions, never a legal date
    ([P-241]). Empty where no pack or no program earns anything.
    """
    today = participant.facility.today()
    jurisdiction = participant.facility.jurisdiction
    packs = _packs(jurisdiction, [], max(today, horizon))
    if not packs:
        return []
    pack = packs[-1]
    people = [participant.pk]
    rows = [row for row, _ in _attended(people)[participant.pk]]
    done = _evidence(jurisdiction, rows, pay=pack.data.measure != "days")
    planned = _planned(participant, horizon)
    started = _started(people).get(participant.pk)
    pauses = _pauses(people)[participant.pk]
    found = []
    for code in pack.data.rules:
        own = [evidence for row, evidence in done if code in row.rules]
        coming = [evidence for codes, evidence in planned if code in codes]
        if own or coming:
            facts = Facts(started_on=started, rules=frozenset({code}))
            found.append(
                projection(
                    pack, own, coming, as_of=today, horizon=max(today, horizon), facts=facts, pauses=pauses
                )
            )
    return found


def _planned(participant: Participant, horizon: dt.date) -> list[tuple[frozenset[str], Evidence]]:
    """Sessions to come, and the completion of each seat on its last day."""
    found: list[tuple[frozenset[str], Evidence]] = []
    calls = (
        Call.objects.filter(
            participant=participant,
            status=Call.Status.CALLED,
            starts_at__gt=timezone.now(),
            session__status=SessionStatus.PLANNED,
            enrollment__isnull=False,
        )
        .select_related("session__facility", "enrollment__cohort__program")
        .order_by("starts_at")
    )
    for call in calls:
        assert call.session is not None
        assert call.enrollment is not None
        program = call.enrollment.cohort.program
        day = call.starts_at.astimezone(call.session.facility.zone).date()
        minutes = int((call.ends_at - call.starts_at).total_seconds() // 60)
        if day <= horizon:
            evidence = Evidence(call.session.code, day, program.code, minutes=minutes, sessions=1)
            found.append((credit_rules(program.credit_rule), evidence))
    for seat, _pk in _seats([participant.pk])[participant.pk]:
        if seat.completed_on is None and participant.facility.today() < seat.ends_on <= horizon:
            found.append((seat.rules, Evidence(seat.id, seat.ends_on, seat.program, completed=True)))
    return found
