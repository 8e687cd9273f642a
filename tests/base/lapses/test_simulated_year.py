"""A simulated year: nothing lapses silently, each reminder goes once, though the job runner dies at random.

The clock is ours; the database, its commits and the jobs are real. At every commit the runner may die just
before it (the work is undone) or just after it (the work is kept and nobody knows). What a plain walk through
the days expects is compared with what was written and with what left the house.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

import factories as make
from throughgate.base import scope
from throughgate.base.lapses import actions
from throughgate.base.lapses.models import Reminder
from throughgate.base.outbox import digests, rules
from throughgate.base.outbox.actions import deliver
from throughgate.base.outbox.models import Message, Preference
from throughgate.base.outbox.preferences import habits_of, house
from throughgate.partners.models import Agreement, Document, Organization
from throughgate.places.models import Facility
from throughgate.policies.hooks import reminder_steps
from throughgate.visitors.models import Clearance

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
BEGIN = dt.datetime(2027, 1, 4, 6, tzinfo=dt.UTC)
DAYS = 365
ZONE = "America/New_York"
# The hours (UTC) at which the runner wakes on a day: in the American night, morning, at noon and late.
NIGHTLY, WAKES = 4, (4, 13, 23)
DIES = 0.04


class Killed(BaseException):
    """The runner died here; nothing above it may tidy up."""


@dataclass
class Year:
    """The clock, the chance of dying, and every mail that was handed over."""

    random: random.Random
    now: dt.datetime = BEGIN
    mortal: bool = False
    deaths: Counter[str] = field(default_factory=Counter)
    mails: list[tuple[str, dt.datetime, str, str]] = field(default_factory=list)

    def die(self, where: str) -> None:
        if self.mortal and self.random.random() < DIES:
            self.deaths[where] += 1
            raise Killed

    def until_done(self, work: Callable[[], object]) -> None:
        """Run a job as its queue does: a runner that died leaves its connection, and another takes the job."""
        while True:
            try:
                work()
            except Killed:
                connection.close()
                continue
            return


THE_YEAR: list[Year] = []


class Mailbox(BaseEmailBackend):
    """A mail server that remembers what it was handed, and before which the runner may die."""

    def send_messages(self, email_messages: object) -> int:
        year = THE_YEAR[-1]
        for mail in email_messages:  # type: ignore[attr-defined]
            year.mails.append((mail.extra_headers["Message-ID"], year.now, mail.to[0], mail.body))
        return 1


@pytest.fixture
def year(live_database: str, monkeypatch: pytest.MonkeyPatch, settings: object) -> Iterator[Year]:
    made = Year(random.Random(20270104))
    THE_YEAR.append(made)
    monkeypatch.setattr(timezone, "now", lambda: made.now)
    settings.EMAIL_BACKEND = f"{__name__}.Mailbox"  # type: ignore[attr-defined]
    real = connection._commit

    def commit() -> None:
        try:
            made.die("before a commit")
        except Killed:
            connection._rollback()
            raise
        real()
        made.die("after a commit")

    monkeypatch.setattr(connection, "_commit", commit)
    yield made
    made.mortal = False
    THE_YEAR.pop()


@dataclass
class Thing:
    """A clearance, agreement or document as the plain walk knows it: its last day, and when it is renewed."""

    kind: str
    code: str
    person: str
    until: dt.date
    zone: str = ZONE
    renewals: dict[dt.date, dt.date] = field(default_factory=dict)

    def today(self, now: dt.datetime) -> dt.date:
        """Today where its days are counted."""
        return now.astimezone(ZoneInfo(self.zone)).date()


def arrange(year: Year) -> list[Thing]:
    """Visitors and partners with different wishes, and ends all over the year; a third is renewed, some late."""
    things = []
    with scope.system("arrange"):
        place = make.facility(timezone=ZONE)
        for number in range(12):
            wish = (None, "at_once", "daily", "weekly")[number % 4]
            thing = (_clearance, _agreement, _document)[number % 3](year, place, number)
            things.append(thing)
            if wish is not None:
                Preference.objects.create(
                    person=thing.person,
                    rhythm=wish,
                    zone=ZONE,
                    quiet_from=dt.time(20),
                    quiet_until=dt.time(8, 30),
                )
    for thing in things:
        lot = year.random.random()
        if lot < 0.3:
            day = thing.until - year.random.randint(0, 100) * DAY
            thing.renewals[max(day, BEGIN.date() + DAY)] = thing.until + year.random.randint(120, 300) * DAY
        elif lot < 0.5:
            thing.renewals[thing.until + 10 * DAY] = thing.until + 200 * DAY
    return things


def _until(year: Year) -> dt.date:
    return BEGIN.date() + year.random.randint(20, DAYS - 40) * DAY


def _days(until: dt.date) -> tuple[dt.date, dt.date]:
    """As ranges are kept: they end the day after the last one."""
    return BEGIN.date() - 200 * DAY, until + DAY


def _clearance(year: Year, place: Facility, number: int) -> Thing:
    until = _until(year)
    who = make.visitor(email=f"visitor{number}@example.org", language="es" if number % 2 else "en")
    held = make.clearance(who, place, valid=_days(until))
    return Thing("clearance", held.code, f"visitor {who.code}", until)


def _agreement(year: Year, place: Facility, number: int) -> Thing:
    until, org = _until(year), make.organization(email=f"office{number}@example.org")
    row = make.agreement(org, place, title=f"Agreement {number}", valid=_days(until))
    return Thing("agreement", row.code, f"organization {org.code}", until)


def _document(year: Year, place: Facility, number: int) -> Thing:
    until, org = _until(year), make.organization(email=f"office{number}@example.org")
    row = _paper(org, until)
    return Thing("document", row.code, f"organization {org.code}", until, zone="UTC")


def _paper(org: Organization, until: dt.date, replaces: Document | None = None) -> Document:
    return Document.objects.create(
        organization=org,
        kind="insurance",
        title="Insurance",
        state="accepted",
        decided_on=BEGIN.date(),
        decided_by="test",
        valid_until=until,
        replaces=replaces,
    )


def renew(thing: Thing, today: dt.date) -> None:
    """What a coordinator does that day: a clearance goes on, an agreement or a document is followed by the next."""
    if today not in thing.renewals:
        return
    thing.until = thing.renewals[today]
    with scope.system("renewed"):
        if thing.kind == "clearance":
            Clearance.objects.filter(code=thing.code).update(valid=_days(thing.until))
        elif thing.kind == "agreement":
            old = Agreement.objects.get(code=thing.code)
            assert old.valid is not None and old.valid.upper is not None
            row = make.agreement(
                old.organization,
                *old.facilities.all(),
                title=old.title,
                version=old.version + 1,
                previous=old,
                valid=(old.valid.upper, thing.until + DAY),
            )
            thing.code = row.code
        else:
            before = Document.objects.get(code=thing.code)
            thing.code = _paper(before.organization, thing.until, replaces=before).code


def expected_today(thing: Thing, today: dt.date) -> set[tuple[str, str, dt.date, int, str]]:
    """The plain walk: which step is the tightest one reached today, for whom."""
    left = (thing.until - today).days
    days = reminder_steps(thing.kind, "", today).days_before
    reached = [each for each in days if left <= each]
    if left < -int(actions.BACK / DAY) or (left >= 0 and not reached):
        return set()
    return {(thing.kind, thing.code, thing.until, -1 if left < 0 else min(reached), thing.person)}


def send_what_is_due(year: Year) -> None:
    with scope.system("who is due", readonly=True):
        codes = list(
            Message.objects.filter(status=Message.Status.WAITING, held=False, digest__isnull=True)
            .exclude(not_before__gt=year.now)
            .order_by("pk")
            .values_list("code", flat=True)
        )
    for code in codes:
        with scope.system("job send message"):
            deliver(code=code)


def test_nothing_lapses_silently_though_the_runner_dies(year: Year) -> None:
    things = arrange(year)
    expected: set[tuple[str, str, dt.date, int, str]] = set()
    year.mortal = True
    for number in range(DAYS):
        for hour in WAKES:
            year.now = BEGIN.replace(hour=hour) + number * DAY
            if hour == NIGHTLY:
                year.mortal = False
                for thing in things:
                    renew(thing, thing.today(year.now))
                    expected |= expected_today(thing, thing.today(year.now))
                year.mortal = True
                year.until_done(actions.run)
            year.until_done(digests.assemble_all)
            year.until_done(lambda: send_what_is_due(year))
    year.mortal = False
    with scope.system("judge", readonly=True):
        judge(year, expected)


def judge(year: Year, expected: set[tuple[str, str, dt.date, int, str]]) -> None:
    """Everything that was expected happened once, at an hour and in a shape that the person chose."""
    given = Counter(Reminder.objects.values_list("kind", "ref", "until", "step", "person"))
    assert set(given) == expected
    assert set(given.values()) == {1}
    assert len(expected) > 50
    assert year.deaths["before a commit"] > 20 and year.deaths["after a commit"] > 20
    messages = {message.key: message for message in Message.objects.order_by("pk")}
    parts = [m for m in messages.values() if m.template == "lapse"]
    assert len(parts) == len(expected)
    waiting = [m for m in parts if m.status == Message.Status.WAITING]
    assert all(m.held and m.not_before and m.not_before > year.now for m in waiting)
    sent = [m for m in messages.values() if m.status == Message.Status.SENT and m.digest_id is None]
    dropped = [m for m in parts if m.status == Message.Status.DROPPED]
    assert len(dropped) < len(parts) / 4  # only what was renewed between the reminder and its digest
    # One mail for each message or digest; a runner that died after handing over hands the same one over again.
    ids = Counter(mail[0] for mail in year.mails)
    assert len(ids) == len(sent)
    again = sum(times - 1 for times in ids.values())
    assert again <= year.deaths["before a commit"]
    for message_id, times in ids.items():
        assert len({mail[3] for mail in year.mails if mail[0] == message_id}) == 1, times
    judge_hours(year, messages)
    judge_digests(messages)


def judge_hours(year: Year, messages: dict[str, Message]) -> None:
    """No mail in the night of its person; who wants it weekly gets it on the day of digests or in time."""
    people = {m.address: (m.person, m.zone) for m in messages.values()}
    for _id, at, address, _body in year.mails:
        assert rules.night_ends(habits_of(*people[address]), at) is None, (address, at)


def judge_digests(messages: dict[str, Message]) -> None:
    """Each part stands in one digest and no digest holds another person's; those who want it at once get none."""
    for message in messages.values():
        if message.digest is not None:
            assert (message.digest.person, message.digest.address) == (message.person, message.address)
    wishes = dict(Preference.objects.values_list("person", "rhythm"))
    usual = house().topic("lapses").rhythm
    for message in messages.values():
        if message.template == "lapse" and message.status == Message.Status.SENT:
            together = (wishes.get(message.person) or usual) != rules.AT_ONCE
            in_time = message.deadline is not None and message.digest is None
            assert (message.digest is not None) == together or in_time, message.key
