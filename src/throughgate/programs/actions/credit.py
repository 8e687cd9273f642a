"""Hours, credit and pay as lines of a ledger that only grows. Attendance moves them; people approve them.

A line that is no longer true is reversed and written anew; nothing is changed in place ([P-242]). Lines
that a rule wants approved are not written until somebody approves them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.people.models import Participant
from throughgate.policies.ledger import LedgerLine as Line
from throughgate.programs.models import (
    Attendance,
    Enrollment,
    EnrollmentStatus,
    LedgerKind,
    LedgerLine,
    Session,
)
from throughgate.programs.queries.credit import Account, accounts, key_of

BY_HAND = "by hand"
HOURS_RULE = "attended"


def after_marks(session: Session, people: Collection[int], *, why: str) -> None:
    """Bring hours and credit in line with the marks of one session. Runs as the system."""
    with scope.as_role(Audience.JOB, purpose="credit from attendance"):
        _hours(session, people, why)
        follow(people, why=why)


def follow(people: Collection[int], *, why: str) -> int:
    """Bring the credit of these people in line with their attendance; how many lines were added.

    Idempotent. Runs as the system; whoever else does the same for one of them waits.
    """
    owed = set(
        Enrollment.objects.filter(participant__in=people)
        .exclude(cohort__program__credit_rule="")
        .values_list("participant_id", flat=True)
    )
    if not owed:
        return 0
    _take_turns(owed)
    added: list[LedgerLine] = []
    for account in accounts(owed):
        added += _reconcile(account, why)
    LedgerLine.objects.bulk_create(added)
    return len(added)


def accrue_due(now: dt.datetime) -> int:
    """For rules that count whole months or days: bring everybody with a live seat in line. For a daily job."""
    with scope.as_role(Audience.JOB, purpose="credit of the month"):
        ended = now.date() - dt.timedelta(days=62)
        people = (
            Enrollment.objects.exclude(cohort__program__credit_rule="")
            .exclude(status=EnrollmentStatus.ENDED, ended_on__lt=ended)
            .order_by("participant")
            .values_list("participant_id", flat=True)
            .distinct()
        )
        return follow(list(people), why=_("month ended"))


@transaction.atomic
def approve(*, by: Actor, participant: Participant, keys: Collection[str] | None = None) -> list[LedgerLine]:
    """Approve credit lines that wait for it: those named by key, or all of a person. Pressing again adds none.

    Refuses a key that does not wait (any more).
    """
    by.require(Permission.APPROVE_CREDIT, participant.facility)
    with scope.as_role(Audience.JOB, purpose="approve credit"):
        _take_turns([participant.pk])
        (account,) = accounts([participant.pk])
        waiting = {line.key: line for line in account.waiting}
        wanted = set(waiting) if keys is None else set(keys)
        unknown = wanted - set(waiting) - set(account.standing)
        if unknown:
            raise Refused(
                Reason(
                    "not_waiting",
                    _("What was to be approved has changed meanwhile."),
                    _("Look at the page again and decide on what stands there now."),
                )
            )
        lines = [posting(account, waiting[key], by.name) for key in wanted & set(waiting)]
        return LedgerLine.objects.bulk_create(lines)


@transaction.atomic
def reverse(*, by: Actor, line: LedgerLine, why: str) -> LedgerLine:
    """Take a line back by an opposite one. It is not earned again by itself. Refuses without a reason, twice,
    and for a line that is itself a reversal."""
    by.require(Permission.APPROVE_CREDIT, line.participant.facility)
    reasons = []
    if not why.strip():
        reasons.append(Reason("why_missing", _("Say why the line is taken back.")))
    with scope.as_role(Audience.JOB, purpose="reverse a credit line"):
        _take_turns([line.participant_id])
        if line.reverses_id is not None or LedgerLine.objects.filter(reverses=line).exists():
            reasons.append(Reason("reversed_already", _("This line is taken back already.")))
        if reasons:
            raise Refused(reasons)
        made = _opposite(line, f"{BY_HAND}, {by.name}: {why.strip()}")
        made.approved_by = by.name
        made.save()
    return made


def _take_turns(people: Iterable[int]) -> None:
    """Lock these people's accounts in one order, so that two who mark at once never count twice."""
    list(
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=people)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _hours(session: Session, people: Collection[int], why: str) -> None:
    """One standing line of hours for each attendance that counted minutes."""
    rows = (
        Attendance.objects.filter(session=session, participant__in=people, call__enrollment__isnull=False)
        .select_related("call")
        .order_by("pk")
    )
    standing: dict[int, list[LedgerLine]] = defaultdict(list)
    for line in LedgerLine.objects.filter(
        session=session, participant__in=people, kind=LedgerKind.HOURS, reverses__isnull=True
    ).filter(reversed_by__isnull=True):
        standing[line.participant_id].append(line)
    day = session.starts_at.astimezone(session.facility.zone).date()
    added: list[LedgerLine] = []
    for row in rows:
        seat = row.call.enrollment_id
        hours = (Decimal(row.minutes) / 60).quantize(Decimal("0.001"))
        before = standing.get(row.participant_id, [])
        if [line.quantity for line in before] == ([hours] if hours else []):
            continue
        added += [_opposite(line, why) for line in before]
        if hours and seat is not None:
            added.append(_hours_line(session, row, seat, hours, day))
    LedgerLine.objects.bulk_create(added)


def _hours_line(session: Session, row: Attendance, seat: int, hours: Decimal, day: dt.date) -> LedgerLine:
    return LedgerLine(
        participant_id=row.participant_id,
        enrollment_id=seat,
        session=session,
        attendance_version=row.version,
        kind=LedgerKind.HOURS,
        quantity=hours,
        on=day,
        pack=row.pack,
        rule=HOURS_RULE,
        evidence=f"{session.code}v{row.version} {row.code}",
    )


def _opposite(line: LedgerLine, why: str) -> LedgerLine:
    return LedgerLine(
        participant_id=line.participant_id,
        enrollment_id=line.enrollment_id,
        session_id=line.session_id,
        attendance_version=line.attendance_version,
        kind=line.kind,
        quantity=-line.quantity,
        on=line.on,
        pack=line.pack,
        rule=line.rule,
        evidence=why[:250],
        reverses=line,
    )


def _reconcile(account: Account, why: str) -> list[LedgerLine]:
    """What to add so that the ledger says what the evidence says: reversals first."""
    wanted = {line.key: line for line in account.wanted}
    gone = [line for key, line in account.standing.items() if key not in wanted]
    never = {
        key_of(line.evidence)
        for line in account.posted
        if line.pk in account.taken_back and account.taken_back[line.pk].startswith(BY_HAND)
    }
    fresh = [
        line
        for key, line in wanted.items()
        if key not in account.standing and key not in never and not line.requires_approval
    ]
    return [*(_opposite(line, why) for line in gone), *(posting(account, line, "") for line in fresh)]


def posting(account: Account, line: Line, approved_by: str) -> LedgerLine:
    """A line of credit as the ledger keeps it, not written yet."""
    return LedgerLine(
        participant_id=account.participant,
        enrollment_id=account.enrollment_of(line.evidence),
        kind=LedgerKind.CREDIT_DAYS if line.measure == "days" else LedgerKind.PAY,
        quantity=line.amount,
        on=line.on,
        pack=line.policy,
        rule=line.rule,
        evidence=_evidence(line.evidence, line.key),
        approved_by=approved_by,
    )


def _evidence(ids: Sequence[str], key: str) -> str:
    """The records behind a line, as many as fit, and the key by which it is found again."""
    room = 250 - len(key) - 2
    text = ", ".join(ids)
    if len(text) > room:
        text = text[: room - 1].rsplit(",", maxsplit=1)[0] + "…"
    return f"{text} #{key}"
