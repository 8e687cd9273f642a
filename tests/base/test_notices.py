"""Notices people can stand: at once or together, never at night, never twice, and off where they may be."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from acting import acting, signed_in
from throughgate.access.queries import notice_keys
from throughgate.access.roles import RoleName
from throughgate.base.links import hash_of
from throughgate.base.outbox import digests, rules
from throughgate.base.outbox.actions import RECHECKS, deliver, send
from throughgate.base.outbox.jobs import forgotten
from throughgate.base.outbox.models import Message, Preference
from throughgate.base.outbox.preferences import Choice, choose, house, turn_off
from throughgate.base.scope import Audience

ZONES = (
    "America/New_York",
    "America/Phoenix",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)
NIGHT = (dt.time(21), dt.time(7))
DAY = dt.timedelta(days=1)

moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31), timezones=st.just(dt.UTC))
times = st.times().map(lambda t: t.replace(minute=t.minute // 5 * 5, second=0, microsecond=0))
habits = st.builds(
    rules.Habits,
    zone=st.sampled_from(ZONES),
    rhythm=st.sampled_from(["", *rules.RHYTHMS]),
    quiet=st.none() | st.tuples(times, times),
    off=st.sets(st.sampled_from(["thanks", "sessions"])).map(frozenset),
)


def in_night(habits_: rules.Habits, at: dt.datetime) -> bool:
    """A plain oracle: walk the minutes of the night."""
    if habits_.quiet is None or habits_.quiet[0] == habits_.quiet[1]:
        return False
    begins, ends = (t.hour * 60 + t.minute for t in habits_.quiet)
    local = at.astimezone(ZoneInfo(habits_.zone))
    minute = local.hour * 60 + local.minute
    length = (ends - begins) % (24 * 60)
    return (minute - begins) % (24 * 60) < length


@given(habits, moments, st.sampled_from(["sessions", "thanks", "lapses", "unheard"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_what_is_not_urgent_never_comes_at_night_and_a_digest_on_its_day(
    person: rules.Habits, now: dt.datetime, topic: str, urgent: bool
) -> None:
    usual = house()
    plan = rules.plan(habits=person, house=usual, topic=topic, urgent=urgent, now=now)
    if urgent:
        assert plan.how == rules.NOW
        return
    if plan.how == rules.OFF:
        assert topic in person.off and usual.topic(topic).may_be_off
        return
    assert not (topic in person.off and usual.topic(topic).may_be_off)
    at = plan.at or now
    assert at >= now
    # A clock that is put forward or back may end a night up to an hour earlier or later than it says.
    assert not in_night(person, at) or _clocks_change(person, at)
    rhythm = person.rhythm or usual.topic(topic).rhythm
    assert (plan.how == rules.DIGEST) == (rhythm != rules.AT_ONCE)
    if plan.how == rules.DIGEST:
        assert now < at <= now + 9 * DAY
        if rhythm == rules.DAILY:
            assert at <= now + 2 * DAY


def _clocks_change(person: rules.Habits, at: dt.datetime) -> bool:
    zone = ZoneInfo(person.zone)
    return (at - DAY).astimezone(zone).utcoffset() != (at + DAY).astimezone(zone).utcoffset()


def test_what_cannot_wait_for_the_digest_goes_before_it() -> None:
    person = rules.Habits(zone="America/New_York", rhythm=rules.WEEKLY, quiet=NIGHT)
    monday_noon = dt.datetime(2026, 11, 23, 17, tzinfo=dt.UTC)
    soon, late = monday_noon + 2 * DAY, monday_noon + 30 * DAY
    ask = {"habits": person, "house": house(), "topic": "lapses", "urgent": False, "now": monday_noon}
    assert rules.plan(**ask, deadline=soon).how == rules.NOW  # type: ignore[arg-type]
    assert rules.plan(**ask, deadline=late).how == rules.DIGEST  # type: ignore[arg-type]


def written(number: int = 1, **given_: object) -> Message:
    values: dict[str, object] = {
        "key": f"matter {number}",
        "address": "kim@example.org",
        "person": "user KIM",
        "template": "session_moved",
        "topic": "sessions",
        "data": {
            "program": f"Welding {number}",
            "when": "Thursday 13:00",
            "place": "Ridgeway",
            "before": "Monday",
            "room": "Shop",
        },
    }
    assert send(**{**values, **given_})  # type: ignore[arg-type]
    return Message.objects.latest("pk")


def prefer(**given_: object) -> None:
    choose(["user KIM"], Choice(**{"language": "en", **given_}))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_digest_holds_each_notice_once_and_only_what_is_still_true() -> None:
    prefer(rhythm="daily", zone="America/New_York")
    rows = [written(n) for n in (1, 2, 3)]
    RECHECKS["no more"] = lambda data: False
    stale = written(4, recheck="no more")
    for row in rows:
        deliver(code=row.code)
    assert mail.outbox == []
    due = max(row.not_before for row in rows if row.not_before)
    assert digests.assemble("user KIM", "kim@example.org", due - dt.timedelta(minutes=1)) is None
    made = digests.assemble("user KIM", "kim@example.org", due)
    assert made is not None
    assert digests.assemble("user KIM", "kim@example.org", due) is None
    deliver(code=made.code)
    deliver(code=made.code)
    (sent,) = mail.outbox
    assert sent.subject.startswith("3 notices")
    assert all(sent.body.count(f"Welding {n} at Ridgeway") == 1 for n in (1, 2, 3))
    assert "Welding 4" not in sent.body
    stale.refresh_from_db()
    assert stale.status == Message.Status.DROPPED
    assert Message.objects.filter(status=Message.Status.SENT, digest=made).count() == 3


@pytest.mark.django_db
def test_a_digest_of_nothing_true_is_not_sent() -> None:
    prefer(rhythm="daily")
    RECHECKS["no more"] = lambda data: False
    row = written(recheck="no more")
    assert row.not_before is not None
    made = digests.assemble("user KIM", "kim@example.org", row.not_before)
    assert made is not None
    deliver(code=made.code)
    assert mail.outbox == []
    made.refresh_from_db()
    assert made.status == Message.Status.DROPPED


@pytest.mark.django_db
def test_urgent_goes_at_once_whatever_was_chosen() -> None:
    prefer(rhythm="weekly", zone="UTC", quiet=(dt.time(0), dt.time(23, 55)))
    row = written(urgent=True)
    deliver(code=row.code)
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_what_comes_to_its_hour_at_night_waits_for_the_morning() -> None:
    row = written()
    prefer(rhythm="at_once", zone="UTC", quiet=(dt.time(0), dt.time(23, 59, 59)))
    deliver(code=row.code)
    assert mail.outbox == []
    row.refresh_from_db()
    assert row.not_before is not None and row.status == Message.Status.WAITING


@pytest.mark.django_db
def test_a_changed_mind_reaches_what_waits() -> None:
    prefer(rhythm="weekly")
    row = written()
    assert row.held
    prefer(rhythm="at_once")
    row.refresh_from_db()
    assert not row.held and row.not_before is None
    deliver(code=row.code)
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_only_what_may_be_off_is_off_and_says_how() -> None:
    prefer(off=["thanks", "sessions"])
    assert Preference.objects.get().off == ["thanks"]
    quiet = written(1, topic="thanks")
    assert quiet.status == Message.Status.OFF
    loud = written(2, topic="sessions")
    deliver(code=loud.code)
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    tips = written(3, topic="meetings", person="user LEE", zone="UTC", data={"program": "x"}, urgent=True)
    deliver(code=tips.code)
    header = mail.outbox[1].extra_headers["List-Unsubscribe"]
    assert header.startswith("<http") and "kim" not in header
    assert mail.outbox[1].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not turn_off("user LEE", "sessions")


@pytest.mark.django_db
def test_the_link_in_a_mail_stops_that_kind_with_one_post_and_never_with_a_look() -> None:
    tips = written(topic="meetings", person="user LEE", urgent=True)
    deliver(code=tips.code)
    path = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").split("8000", 1)[1]
    assert hash_of(path.split("/")[2])
    browser = signed_in(make.member(RoleName.VISITOR, visitor=make.visitor()))
    assert browser.get(path).status_code == 200
    assert not Preference.objects.exists()
    assert browser.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Preference.objects.get(person="user LEE").off == ["meetings"]


@pytest.mark.django_db
def test_mails_of_one_matter_are_one_conversation_in_text_and_html() -> None:
    for number in (1, 2):
        deliver(code=written(number, thread="session ABC").code)
    deliver(code=written(3, thread="session XYZ").code)
    first, second, other = mail.outbox
    assert second.extra_headers["In-Reply-To"] == first.extra_headers["Message-ID"]
    root = first.extra_headers["References"]
    assert second.extra_headers["References"] == f"{root} {first.extra_headers['Message-ID']}"
    assert root not in other.extra_headers["References"]
    (html, kind), *_more = first.alternatives  # type: ignore[attr-defined]
    assert kind == "text/html" and "Welding 1" in html and "Welding 1" in first.body


@pytest.mark.django_db
def test_the_language_is_the_one_that_was_chosen() -> None:
    prefer(language="es", rhythm="daily")
    rows = [written(n) for n in (1, 2)]
    assert rows[1].not_before is not None
    made = digests.assemble("user KIM", "kim@example.org", rows[1].not_before)
    assert made is not None
    deliver(code=made.code)
    (sent,) = mail.outbox
    assert sent.subject.startswith("2 avisos")
    assert "cambió" in sent.body and "has moved" not in sent.body


@pytest.mark.django_db
def test_a_message_whose_job_gave_up_gets_another() -> None:
    row = written()
    later = row.recorded_at + dt.timedelta(hours=1)
    assert forgotten(later) == [row.code]
    assert forgotten(row.recorded_at) == []
    deliver(code=row.code)
    assert forgotten(later) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "role",
    [RoleName.COORDINATOR, RoleName.PARTNER_LEAD, RoleName.VISITOR, RoleName.PARTICIPANT, RoleName.AUDITOR],
)
def test_everybody_has_a_page_and_writes_only_their_own(role: RoleName) -> None:
    place = make.facility()
    given_ = {
        RoleName.COORDINATOR: {"facility": place},
        RoleName.AUDITOR: {"agency_wide": True},
        RoleName.PARTNER_LEAD: {"organization": make.organization()},
        RoleName.VISITOR: {"visitor": make.visitor(place)},
        RoleName.PARTICIPANT: {"participant": make.participant(place)},
    }[role]
    member = make.member(role, **given_)
    browser = signed_in(member)
    assert browser.get("/notices/").status_code == 200
    answer = browser.post("/notices/", {"rhythm": "daily", "language": "es", "zone": "america/new_york"})
    assert answer.status_code == 302, answer.content
    mine = f"user {member.user.code}"
    assert Preference.objects.get(person=mine).zone == "America/New_York"
    if role == RoleName.VISITOR:
        assert Preference.objects.filter(person=f"visitor {member.visitor.code}").exists()  # type: ignore[union-attr]
    with acting(member):
        assert mine in notice_keys()
        with pytest.raises(DatabaseError), transaction.atomic():
            Preference.objects.create(person="user SOMEBODY")


@pytest.mark.django_db
def test_an_organization_is_its_leads_alone_and_a_night_needs_a_clock() -> None:
    org = make.organization()
    lead, staff = (make.member(r, organization=org) for r in (RoleName.PARTNER_LEAD, RoleName.PARTNER_STAFF))
    form = {"rhythm": "weekly", "language": "en"}
    assert signed_in(lead).post("/notices/?organization", form).status_code == 302
    assert Preference.objects.get().person == f"organization {org.code}"
    with acting(staff):
        assert notice_keys() == [f"user {staff.user.code}"]
    wrong = signed_in(lead).post("/notices/", {**form, "quiet_from": "21:00"})
    assert wrong.status_code == 200 and b"Say when the quiet hours begin and end." in wrong.content
    assert (
        b"There is no such time zone"
        in signed_in(lead).post("/notices/", {**form, "zone": "Mars/Base"}).content
    )
    assert Audience.PUBLIC not in Preference.guard.rules
