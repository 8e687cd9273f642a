"""Who sat in which run, how it ended for them, and who came when."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from throughgate.demo.catalog import Rule
from throughgate.demo.making import DAY, Build, save, weighted
from throughgate.demo.people import Person
from throughgate.demo.weeks import Run
from throughgate.policies import queries as policies
from throughgate.programs.actions.cancelling import CANCELLED_MARK
from throughgate.programs.actions.credit import HOURS_RULE, posting
from throughgate.programs.models import (
    Attendance,
    Call,
    CohortStatus,
    Enrollment,
    EnrollmentStatus,
    LedgerKind,
    LedgerLine,
    SessionStatus,
)
from throughgate.programs.queries.credit import accounts

# [P-298] transfer 28, release 17, own request 14, discipline 13, work clash 9, missed 8, health 5, program 4,
# security 2; what is found by where people went comes first.
LEAVES = [("own_request", 14), ("behavior_outside", 7), ("segregation", 6), ("work_caring", 9),
          ("missed_too_many", 8), ("health", 5), ("course_unavailable", 4), ("security", 2)]  # fmt: skip
MOVES = {"transfer": 0.33, "release": 0.2}
NOT_ASKED = frozenset({"guitar", "baking"})  # where nobody thought of the step
SHARE_LEAVING = 0.27
NOTES = {
    "behavior_outside": "Finding of 12 days' loss of privileges", "segregation": "Moved to the restricted unit",
    "withdrawn_by_staff": "Agreed at the review",
}  # fmt: skip
# Of those called to a session that is held [P-294]; the weights are the published mix without cancellations.
MARKS = [("attended", 74.0), ("excused", 9.0), ("refused", 5.0), ("not_sent", 4.0), ("not_required", 0.5)]
EXCUSES = [
    ("health", 0.34),
    ("visit", 0.2),
    ("legal", 0.15),
    ("work_clash", 0.2),
    ("religious", 0.03),
    ("other", 0.08),
]
REFUSALS = ("Said he was tired", "Did not get up", "Did not want to come today", "Wanted to go to the yard",
            "Said it was too cold to walk over", "No reason given")  # fmt: skip
CREDIT_SINCE = -30  # who has had no place since then has credit only from the month's own work
APPROVED_UNTIL = -25  # completions since then still wait for education staff
SINGLE_LINES_FROM = -45  # hours before are kept as monthly totals, as an agency that changes systems would


@dataclass
class Seat:
    """One enrollment on its way to the database."""

    run: Run
    person: Person
    row: Enrollment
    steadiness: float
    since: dt.date
    until: dt.date
    calls: list[Call] = field(default_factory=list)
    minutes: dict[dt.date, int] = field(default_factory=dict)
    codes: dict[dt.date, str] = field(default_factory=dict)


def fits(person: Person, rules: tuple[Rule, ...], on: dt.date) -> bool:
    """Whether a person met a program's rules on a day, as far as is known now."""
    return all(_meets(person, fact, test, value, on) for fact, test, value, *_ in rules)


LEVELS = ("minimum", "low", "medium", "close", "maximum")


def _meets(person: Person, fact: str, test: str, value: str, on: dt.date) -> bool:
    if fact == "has_diploma":
        return person.diploma is (value == "yes")
    if fact == "need":
        return person.needs.get(value, 0) > 1
    if fact == "population":
        return (person.sex == "F") == (value == "women")
    if fact == "custody_level":
        return LEVELS.index(person.custody) <= LEVELS.index(value)
    known: float | None
    if fact == "reading_level":
        known = person.reading
    elif fact == "days_clear":
        known = (on - person.misconduct).days if person.misconduct and person.misconduct <= on else 9999
    else:
        known = (person.release_on - on).days / 30.4 - 0.2 if person.release_on else None
    if known is None:
        return False
    return known >= float(value) if test == "at_least" else known <= float(value)


def seat(build: Build, made: list[Run]) -> list[Seat]:
    """Fill every run with people who were there, free at its times and eligible; not written yet."""
    random_ = build.random("seats")
    exits = _exits(build)
    seats = []
    for run in sorted(made, key=lambda each: each.first):
        seats += _fill(build, random_, run, exits)
    return seats


def write(seats: list[Seat]) -> None:
    """Write the places in order of time, so that who completed one before is known by then."""
    save(each.row for each in seats)


Exit = tuple[dt.date, Person]


def _exits(build: Build) -> dict[tuple[str, str], list[Exit]]:
    """Who left each facility and how, by day."""
    found: dict[tuple[str, str], list[Exit]] = defaultdict(list)
    for person in build.people.all:
        for spell in person.spells:
            if spell.until is not None and spell.until < build.today:
                found[spell.place, spell.how_out].append((spell.until, person))
    return {key: sorted(each, key=lambda exit_: (exit_[0], exit_[1].row.code)) for key, each in found.items()}


def _fill(
    build: Build, random_: random.Random, run: Run, exits: dict[tuple[str, str], list[Exit]]
) -> list[Seat]:
    seats = run.cohort.capacity
    coming = run.cohort.status == CohortStatus.OPEN
    running = run.cohort.status == CohortStatus.RUNNING
    full = (running and random_.random() < 0.8) or (coming and random_.random() < 0.4)
    share = random_.uniform(0.4, 0.8) if coming else random_.uniform(0.8, 0.98)
    wanted = seats if full else round(seats * share)
    found: list[Seat] = []
    for _ in range(wanted):
        leaves = not coming and random_.random() < SHARE_LEAVING * _elapsed(build, run)
        how = weighted(random_, [*MOVES.items(), ("other", 0.47)]) if leaves else ""
        made = _mover(build, random_, run, exits, how) if how in MOVES else None
        if made is None:
            made = _stayer(build, random_, run, "" if how in MOVES else how)
        if made is not None:
            found.append(made)
            if made.row.status == EnrollmentStatus.ENDED and made.row.end_reason != "completed":
                late = _replacement(build, random_, run, made, always=full)
                found += [late] if late else []
    return found


def _elapsed(build: Build, run: Run) -> float:
    """How much of a run is behind us, 0 to 1."""
    whole = max(1, (run.last - run.first).days)
    return min(1.0, max(0.0, (build.today - run.first).days / whole))


def _usable(run: Run, person: Person, since: dt.date) -> bool:
    spec = run.line.spec
    if spec.key in person.began or not fits(person, spec.rules, since):
        return False
    if spec.after and person.completed.get(spec.after, dt.date.max) > since:
        return False
    if person.step_free and not run.line.room.step_free and spec.key not in NOT_ASKED:
        return False
    if spec.language == "es" and person.language != "es":
        return False
    if spec.faith and person.faith not in spec.faith.split():
        return False
    return person.free(since, run.last, run.line.times)


def _mover(
    build: Build, random_: random.Random, run: Run, exits: dict[tuple[str, str], list[Exit]], how: str
) -> Seat | None:
    """Somebody who was transferred or released while the run went on."""
    latest = min(run.last - DAY * 5, build.today - DAY)
    candidates = [
        (day, person)
        for day, person in exits.get((run.line.place, how), ())
        if run.first + DAY * 10 <= day <= latest and person.spell_at(run.line.place, run.first)
    ]
    random_.shuffle(candidates)
    for day, person in candidates[:12]:
        if _usable(run, person, run.first):
            why = "transfer" if how == "transfer" else "released"
            return _take(build, random_, run, person, since=run.first, until=day, reason=why)
    return None


def _stayer(
    build: Build, random_: random.Random, run: Run, how: str, since: dt.date | None = None
) -> Seat | None:
    """Somebody who was there all the time; with ``how`` they leave early for another cause."""
    first = since or run.first
    watched = min(run.last, build.today)
    pool = _pool(build, run)
    for _ in range(160 if pool else 0):
        person = pool[int(random_.random() * len(pool))]
        spell = person.spell_at(run.line.place, min(first, build.today))
        if spell is None or (spell.until is not None and spell.until <= watched):
            continue
        if run.last >= build.today and run.line.place != "H" and not _there_until(person, run.last):
            continue
        if not _usable(run, person, first):
            continue
        if not how:
            return _take(build, random_, run, person, since=first, until=run.last, reason="")
        span = max(1, (watched - first).days - 12)
        day = first + DAY * (8 + int(random_.random() * span))
        if day >= build.today:
            return _take(build, random_, run, person, since=first, until=run.last, reason="")
        return _take(build, random_, run, person, since=first, until=day, reason=weighted(random_, LEAVES))
    return None


def _pool(build: Build, run: Run) -> list[Person]:
    """Those of the facility among whom to look: of the right faith, language or with what must come before."""
    spec = run.line.spec
    everybody = build.people.pools[run.line.place]
    if spec.after:
        return [person for person in everybody if spec.after in person.completed]
    key = f"{run.line.place} {spec.faith} {spec.language}"
    if key not in build.people.pools:
        build.people.pools[key] = [
            person
            for person in everybody
            if (not spec.faith or person.faith in spec.faith.split())
            and (spec.language != "es" or person.language == "es")
        ]
    return build.people.pools[key]


def _there_until(person: Person, day: dt.date) -> bool:
    return person.release_on is None or person.release_on >= day


def _replacement(build: Build, random_: random.Random, run: Run, gone: Seat, *, always: bool) -> Seat | None:
    """Somebody who got the place of one who left in the first half, or later where a run is kept full."""
    late = gone.until > run.first + (run.last - run.first) / 2
    if not always and (late or random_.random() < 0.45):
        return None
    since = gone.until + DAY * random_.randint(3, 12)
    return _stayer(build, random_, run, "", since) if since < build.today else None


def _take(
    build: Build,
    random_: random.Random,
    run: Run,
    person: Person,
    *,
    since: dt.date,
    until: dt.date,
    reason: str,
) -> Seat:
    """The place itself; without a reason it lasts to the end of the run, and is completed when that is past."""
    over = run.last < build.today
    if not reason and over:
        reason = "completed" if random_.random() < 0.93 else "duration_ended"
    person.began.add(run.line.spec.key)
    person.taken += [(since, until, day, part) for day, part in run.line.times]
    if reason == "completed":
        person.completed[run.line.spec.key] = until
    row = Enrollment(
        code=build.code(),
        participant=person.row,
        cohort=run.cohort,
        organization=run.cohort.organization,
        status=EnrollmentStatus.ENDED if reason else EnrollmentStatus.ACTIVE,
        starts_on=since,
        ends_on=run.last,
        ended_on=until if reason else None,
        end_reason=reason,
        end_note=NOTES.get(reason, ""),
        enrolled_by=SEATED_BY[run.line.place],
    )
    return Seat(run, person, row, min(1.25, max(0.4, random_.gauss(1.0, 0.14))), since, until)


SEATED_BY = {"R": "Dana Whitfield", "W": "Rosa Delgado", "D": "Marcus Adeyemi", "H": "Kofi Mensah"}


def call(build: Build, seats: list[Seat]) -> dict[int, int]:
    """Write the calls to every session; returns how many would have come to those that fell out, by session."""
    fell_out: dict[int, int] = defaultdict(int)
    for each in seats:
        last = each.until if each.row.status == EnrollmentStatus.ENDED else each.run.last
        ended = each.row.status == EnrollmentStatus.ENDED and each.row.end_reason != "completed"
        for session in each.run.sessions:
            day = session.starts_at.date()
            if not each.since <= day <= last or (ended and day == last):
                continue
            cancelled = session.status == SessionStatus.CANCELLED
            if cancelled:
                fell_out[session.pk] += 1
            each.calls.append(
                Call(
                    participant=each.person.row,
                    session=session,
                    enrollment=each.row,
                    starts_at=session.starts_at,
                    ends_at=session.ends_at,
                    status=Call.Status.WITHDRAWN if cancelled else Call.Status.CALLED,
                    why_not=session.public_words[:120] if cancelled else "",
                )
            )
    save(row for each in seats for row in each.calls)
    return fell_out


def attend(build: Build, seats: list[Seat]) -> None:
    """Write who came, for every session that was held; one whose outcome nobody has given has no marks."""
    random_ = build.random("attendance")
    pack = policies.attendance("US-HB", build.today).cite
    rows = []
    for each in seats:
        marker = each.run.line.leads[0].name
        for row in each.calls:
            session = row.session
            if session is None or session.minutes_held is None:
                continue
            if session.status == SessionStatus.CANCELLED:
                rows.append(_fell_out(row, pack))
            else:
                rows.append(_mark(random_, each, row, marker, pack))
    save(rows)


def _fell_out(row: Call, pack: str) -> Attendance:
    session = row.session
    assert session is not None
    return Attendance(
        call=row,
        participant_id=row.participant_id,
        session=session,
        code=CANCELLED_MARK,
        marked_by=session.settled_by,
        marked_at=session.settled_at or session.starts_at,
        pack=pack,
    )


def _mark(random_: random.Random, each: Seat, row: Call, marker: str, pack: str) -> Attendance:
    session = row.session
    assert session is not None and session.minutes_held is not None
    code = weighted(random_, [(MARKS[0][0], MARKS[0][1] * each.steadiness), *MARKS[1:]])
    minutes, detail, note = 0, "", ""
    if code == "attended":
        minutes = session.minutes_held
        turn = random_.random()
        if turn < 0.06:
            code, minutes = "late", minutes - random_.choice((10, 15, 20, 25))
        elif turn < 0.085:
            code, minutes = "left_early", minutes - random_.choice((15, 20, 30))
        minutes = max(5, minutes)
        each.minutes[session.starts_at.date()] = minutes
        each.codes[session.starts_at.date()] = code
    elif code == "excused":
        detail = weighted(random_, EXCUSES)
    elif code == "refused":
        note = random_.choice(REFUSALS)
    return Attendance(
        call=row,
        participant_id=row.participant_id,
        session=session,
        code=code,
        detail=detail,
        minutes=minutes,
        note=note,
        marked_by=marker,
        marked_at=session.settled_at or session.ends_at,
        pack=pack,
    )


def ledger(build: Build, seats: list[Seat]) -> None:
    """Write hours: single lines lately, monthly totals before, each with its evidence; then the credit they earn."""
    attendance = policies.attendance("US-HB", build.today)
    rows: list[LedgerLine] = []
    for each in seats:
        rows += _hours(build, each, attendance.cite)
    save(rows)
    lately = build.day(CREDIT_SINCE)
    owed = {
        e.person.row.pk for e in seats if e.run.line.spec.credit and (e.row.ended_on or e.until) >= lately
    }
    save(_earned(build, sorted(owed)))


def _earned(build: Build, people: list[int]) -> list[LedgerLine]:
    """Credit by the rules of the pack; what needs approval has it, save what came up in the last weeks."""
    rows = []
    for account in accounts(people, as_of=build.today):
        for line in account.wanted:
            if line.requires_approval and line.on > build.day(APPROVED_UNTIL):
                continue
            row = posting(account, line, "Grace Tran" if line.requires_approval else "")
            row.code = build.code()
            rows.append(row)
    return rows


def _hours(build: Build, each: Seat, pack: str) -> list[LedgerLine]:
    rows: list[LedgerLine] = []
    totals: dict[tuple[int, int], list[tuple[dt.date, int]]] = defaultdict(list)
    for row in each.calls:
        session = row.session
        day = row.starts_at.date()
        minutes = each.minutes.get(day, 0)
        if session is None or not minutes:
            continue
        if day < build.day(SINGLE_LINES_FROM):
            totals[day.year, day.month].append((day, minutes))
            continue
        code = each.codes[day]
        rows.append(_line(build, each, minutes, day, pack, f"{session.code}v1 {code}"))
        rows[-1].session, rows[-1].attendance_version = session, 1
    for some in totals.values():
        day = max(day for day, _ in some)
        words = f"{len(some)} sessions in {day:%B %Y}, total carried over"
        rows.append(_line(build, each, sum(minutes for _, minutes in some), day, pack, words))
    return rows


def _line(build: Build, each: Seat, minutes: int, on: dt.date, pack: str, evidence: str) -> LedgerLine:  # noqa: PLR0917
    return LedgerLine(
        code=build.code(),
        participant=each.person.row,
        enrollment=each.row,
        kind=LedgerKind.HOURS,
        quantity=(Decimal(minutes) / 60).quantize(Decimal("0.001")),
        on=on,
        pack=pack,
        rule=HOURS_RULE,
        evidence=evidence,
    )
