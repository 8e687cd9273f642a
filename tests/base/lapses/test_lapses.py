"""Everything that lapses is on one list, hits what it hits, and is reminded of exactly once a step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting, signed_in
from throughgate.access.roles import RoleName
from throughgate.base.lapses import Hit, Lapse, Recipient, Window, actions, contract, rules
from throughgate.base.lapses.models import Lapsing, Reminder
from throughgate.base.outbox.actions import deliver
from throughgate.base.outbox.models import Message, Preference
from throughgate.base.templatetags.when import day as day_words
from throughgate.programs.models import Facilitator

DAY = dt.timedelta(days=1)
STEPS = rules.Steps("other", (60, 30, 7), {"en": "Other", "es": "Otros"})
ANN = Recipient(key="visitor ANN", address="ann@example.org", name="Ann")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Lapse]]:
    """The only thing that lapses is what a test puts here."""
    things: list[Lapse] = []
    monkeypatch.setattr(contract, "SOURCES", {})
    monkeypatch.setattr(actions, "SOURCES", {"other": [lambda w: [t for t in things if t.until in w]]})
    yield things


def thing(key: str = "T1", left: int = 30, **given_: object) -> Lapse:
    values = {
        "kind": "other",
        "key": key,
        "until": _today() + left * DAY,
        "title": f"Badge {key}",
        "recipients": [ANN],
    }
    return Lapse(**{**values, **given_})  # type: ignore[arg-type]


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def round_of_reminders(now: dt.datetime) -> int:
    """What a run does, within the test's own transaction."""
    seen = actions.look(now)
    actions.keep(seen, now)
    return sum(actions.remind(lapse, step, now) for lapse, step in actions.due(seen, now))


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@given(st.integers(-40, 200))
def test_the_tightest_step_is_due_and_never_two(left: int) -> None:
    today = dt.date(2027, 3, 1)
    step = rules.step_on(STEPS, today + left * DAY, today)
    oracle = -1 if left < 0 else next((d for d in (7, 30, 60) if left <= d), None)
    assert step == oracle


def test_red_when_the_last_reminder_is_due_amber_when_it_hits_something() -> None:
    today = dt.date(2027, 3, 1)
    assert rules.light(STEPS, today + 90 * DAY, today, today) == rules.GREEN
    assert rules.light(STEPS, today + 50 * DAY, today, None) == rules.GREEN
    assert rules.light(STEPS, today + 50 * DAY, today, today + 51 * DAY) == rules.AMBER
    assert rules.light(STEPS, today + 7 * DAY, today, None) == rules.RED
    assert rules.light(STEPS, today - DAY, today, None) == rules.RED


@pytest.mark.django_db
def test_each_step_is_given_once_and_the_last_word_too(shelf: list[Lapse]) -> None:
    shelf.append(thing(left=61))
    start, given_ = now(), []
    for days in range(70):
        at = start + days * DAY
        given_ += [row.step for row in _new_reminders(at)]
        assert round_of_reminders(at) == 0
    assert given_ == [60, 30, 7, -1]
    assert Message.objects.count() == 4


def _new_reminders(at: dt.datetime) -> list[Reminder]:
    before = set(Reminder.objects.values_list("pk", flat=True))
    round_of_reminders(at)
    return list(Reminder.objects.exclude(pk__in=before).order_by("pk"))


@pytest.mark.django_db
def test_who_wakes_late_gives_the_tightest_step_alone(shelf: list[Lapse]) -> None:
    shelf.append(thing(left=90))
    (row,) = _new_reminders(now() + 85 * DAY)
    assert row.step == 7


@pytest.mark.django_db
def test_a_renewal_takes_it_off_and_begins_anew(shelf: list[Lapse]) -> None:
    shelf.append(thing(left=20))
    round_of_reminders(now())
    assert Lapsing.objects.get().light == rules.GREEN
    shelf[0] = thing(left=385)
    round_of_reminders(now())
    assert Lapsing.objects.get().step is None
    message = Message.objects.get()
    message.held = False
    message.save()
    deliver(code=message.code)
    message.refresh_from_db()
    assert (message.status, mail.outbox) == (Message.Status.DROPPED, [])
    shelf.clear()
    round_of_reminders(now())
    assert not Lapsing.objects.exists()


@pytest.mark.django_db
def test_without_an_address_it_is_noted_that_nobody_was_told(shelf: list[Lapse]) -> None:
    shelf.append(thing(left=5, recipients=[Recipient(key="visitor BOB", name="Bob")]))
    round_of_reminders(now())
    assert not Reminder.objects.get().told
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_one_address_under_two_keys_is_written_to_once(shelf: list[Lapse]) -> None:
    shelf.append(thing(left=5, recipients=[ANN, Recipient(key="user ANN", address="ANN@example.org")]))
    round_of_reminders(now())
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_a_room_that_fails_is_reported_and_loses_nothing(
    shelf: list[Lapse], monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.append(thing(left=20))
    round_of_reminders(now())

    def broken(window: Window) -> list[Lapse]:
        raise ValueError("broken on purpose")

    monkeypatch.setitem(actions.SOURCES, "agreement", [broken])
    Lapsing.objects.create(kind="agreement", ref="A", until=_today(), title="kept", light="red")
    seen = actions.look(now())
    assert seen.failed == {"agreement"}
    actions.keep(seen, now())
    assert sorted(Lapsing.objects.values_list("kind", flat=True)) == ["agreement", "other"]


@pytest.mark.django_db
def test_the_message_says_what_it_hits_in_the_readers_language(shelf: list[Lapse]) -> None:
    hit = Hit(_today() + 40 * DAY, "Welding, Ridgeway", "/staff/sessions/X/")
    shelf.append(thing(left=25, hits=[hit], url="/staff/visitors/X/", recipients=[ANN, Recipient(
        key="user DANA", address="dana@example.org", name="Dana", language="es", inside=True)]))  # fmt: skip
    round_of_reminders(now())
    for row in Message.objects.order_by("pk"):
        row.held = False
        row.save()
        deliver(code=row.code)
    ann, dana = mail.outbox
    assert "Welding, Ridgeway" in ann.body and "/staff/" not in ann.body.split("--")[0]
    assert "/staff/visitors/X/" in dana.body and dana.subject.startswith("Termina el")
    assert str(day_words(_today() + 25 * DAY)) in ann.subject


@pytest.mark.django_db
def test_days_are_counted_where_the_thing_is(shelf: list[Lapse]) -> None:
    late_evening = dt.datetime(2026, 11, 30, 3, tzinfo=dt.UTC)  # still the 29th in Chicago
    shelf.append(thing(zone="America/Chicago", until=dt.date(2026, 12, 6)))
    seen = actions.look(late_evening)
    assert actions.due(seen, late_evening)[0][1] == 7
    shelf[0] = thing(zone="America/Chicago", until=dt.date(2026, 12, 7))
    assert actions.due(actions.look(late_evening), late_evening)[0][1] == 30


@pytest.mark.django_db
def test_rooms_say_what_lapses_and_programs_what_it_hits() -> None:
    place, other = make.facility(), make.facility()
    org = make.organization(email="office@example.org")
    make.agreement(org, place, valid=(make.TODAY - 300 * DAY, make.TODAY + 11 * DAY))
    lead = make.visitor(email="lead@example.org", organization=org)
    badge = make.clearance(lead, place)
    group = make.cohort(place, make.program(org))
    for ahead in (3, 8, 20):
        coming = make.session(group, make.TODAY + ahead * DAY)
        Facilitator.objects.create(session=coming, visitor=lead)
    badge.valid = (make.TODAY - 300 * DAY, make.TODAY + 6 * DAY)
    badge.save()
    here, there = (make.member(RoleName.COORDINATOR, facility=f) for f in (place, other))
    round_of_reminders(now())
    clearance = Lapsing.objects.get(kind="clearance")
    assert (clearance.hits_count, clearance.first_hit) == (2, make.TODAY + 8 * DAY)
    assert Lapsing.objects.get(kind="agreement").hits_count == 1
    people = set(Reminder.objects.values_list("person", flat=True))
    assert {f"visitor {lead.code}", f"organization {org.code}", f"user {here.user.code}"} <= people
    assert f"user {there.user.code}" not in people
    with acting(there):
        assert not Lapsing.objects.exists() and not Reminder.objects.exists()
    with acting(make.member(RoleName.GATE, facility=place)):
        assert not Lapsing.objects.exists()
    page = signed_in(here).get("/staff/today/lapses/")
    assert page.status_code == 200 and lead.name.encode() in page.content
    assert signed_in(there).get("/staff/today/lapses/").content.count(lead.name.encode()) == 0
    assert (
        signed_in(make.member(RoleName.GATE, facility=place)).get("/staff/today/lapses/").status_code == 403
    )


@pytest.mark.django_db
def test_a_person_who_wants_it_weekly_still_hears_in_time(shelf: list[Lapse]) -> None:
    Preference.objects.create(person="visitor ANN", rhythm="weekly", zone="UTC")
    shelf.append(thing(left=3))
    round_of_reminders(now())
    message = Message.objects.get()
    ends = dt.datetime.combine(_today() + 3 * DAY, dt.time(), dt.UTC)
    assert not message.held or (message.not_before is not None and message.not_before < ends)
