"""The morning as staff click through it: seats, attendance, cancelling, a lockdown, and what is refused."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from staff_world import World, build

import factories as make
from throughgate.access.models import BreakGlass
from throughgate.access.roles import RoleName
from throughgate.base.audit import reads
from throughgate.people.models import Absence, KeepApart
from throughgate.places.models import RegimePeriod, Room, Unit
from throughgate.programs.models import (
    Attendance,
    Cohort,
    Enrollment,
    Facilitator,
    PrintedList,
    Program,
    Session,
    WaitlistEntry,
)

pytestmark = pytest.mark.django_db


def post(browser: Client, name: str, args: list[str], /, **data: Any) -> Any:
    return browser.post(reverse(f"staff:{name}", args=args), data, follow=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_two_seats_are_filled_with_two_clicks(world: World) -> None:
    browser = world.as_role()
    page = text(browser.get(reverse("staff:cohort_seats", args=[world.cohort.code])))
    assert "2 free seats" in page
    assert page.count("Give a seat") == 3
    for person in world.waiting[:2]:
        shown = post(browser, "cohort_seat", [world.cohort.code, person.code])
        assert "has a seat in" in text(shown)
    world.cohort.refresh_from_db()
    assert world.cohort.seats_taken == 5
    assert WaitlistEntry.objects.filter(status="enrolled").count() == 2


def test_a_full_cohort_refuses_in_words_and_may_be_overruled_with_a_reason(world: World) -> None:
    Cohort.objects.filter(pk=world.cohort.pk).update(capacity=3)
    person = world.waiting[0]
    address = [world.cohort.code, person.code]
    browser = world.as_role()
    refused = text(post(browser, "cohort_seat", address))
    assert "All 3 seats are taken." in refused
    too_short = text(post(browser, "cohort_seat", address, override="please"))
    assert "at least 10 characters" in too_short
    assert "please" in too_short
    assert "has a seat in" in text(
        post(browser, "cohort_seat", address, override="The judge ordered it today")
    )
    assert Enrollment.objects.get(participant=person).override_reason.startswith("The judge ordered it")


def test_who_may_not_overrule_is_not_offered_it(world: World) -> None:
    Cohort.objects.filter(pk=world.cohort.pk).update(capacity=3)
    browser = world.as_role(RoleName.CASE_MANAGER)
    url = reverse("staff:cohort_seat", args=[world.cohort.code, world.waiting[0].code])
    page = text(browser.get(url))
    assert "All 3 seats are taken." in page
    assert "Overrule" not in page
    browser.post(url, {"override": "I would like it so very much"})
    assert not Enrollment.objects.filter(participant=world.waiting[0]).exists()


def test_attendance_of_everybody_is_one_form_and_one_click(world: World) -> None:
    browser = world.as_role()
    page = text(browser.get(reverse("staff:session", args=[world.past.code])))
    assert "Who came?" in page
    late = world.seated[0]
    shown = post(
        browser,
        "session_attendance",
        [world.past.code],
        **{f"m-{late.code}": "late", "rest": "attended", f"t-{late.code}": "90"},
    )
    assert "3 marks saved." in text(shown)
    codes = sorted(Attendance.objects.values_list("code", flat=True))
    assert codes == ["attended", "attended", "late"]
    assert Attendance.objects.get(participant=late).minutes == 90
    world.past.refresh_from_db()
    assert world.past.status == "held"


def test_a_paper_roster_comes_back_to_the_session_it_is_from(world: World) -> None:
    browser = world.as_role()
    assert post(browser, "print_roster", [world.past.code]).content.startswith(b"%PDF")
    printed = PrintedList.objects.get(session=world.past)
    back = reverse("staff:paper_back")
    shown = text(browser.get(back, {"code": f"{printed.code[:4]} {printed.code[4:].lower()}"}, follow=True))
    assert "The paper roster is version 1" in shown
    assert "nothing changed since" in shown
    make.call(world.waiting[0], world.past)
    shown = text(browser.get(back, {"code": printed.code}, follow=True))
    assert "Not on the paper:" in shown
    assert world.waiting[0].last_name in shown
    slip = printed.code[:-1] + ("2" if printed.code[-1] != "2" else "3")
    assert "This is no return code" in text(browser.get(back, {"code": slip}))


def test_a_refused_mark_says_why_and_keeps_what_was_typed(world: World) -> None:
    browser = world.as_role()
    first, second = world.seated[:2]
    marks = {f"m-{first.code}": "refused", f"m-{second.code}": "attended", f"n-{second.code}": "came early"}
    shown = text(post(browser, "session_attendance", [world.past.code], **marks))
    assert not Attendance.objects.exists()
    assert "Please put this right" in shown
    assert f"{first.name}: This mark needs a short note." in shown
    assert "came early" in shown
    assert "checked" in shown


def test_cancelling_asks_why_and_can_be_taken_back_the_same_day(world: World) -> None:
    browser = world.as_role()
    code = world.coming.code
    assert "This field is required" in text(post(browser, "session_cancel", [code]))
    reasons = (
        browser.get(reverse("staff:session_cancel", args=[code])).context["form"].fields["reason"].choices
    )
    shown = text(post(browser, "session_cancel", [code], reason=reasons[0][0], words="Pipes burst"))
    assert "Pipes burst" in shown
    world.coming.refresh_from_db()
    assert world.coming.status == "cancelled"
    assert "takes place after all" in text(post(browser, "session_undo", [code]))
    world.coming.refresh_from_db()
    assert (world.coming.status, world.coming.called) == ("planned", 3)


def test_a_lost_session_is_made_up_with_one_click_on_a_proposed_time(world: World) -> None:
    make.slot(world.cohort, weekday=world.coming.starts_at.weekday())
    browser = world.as_role()
    address = f"/staff/sessions/{world.coming.code}/"
    reasons = browser.get(f"{address}cancel/").context["form"].fields["reason"].choices
    post(browser, "session_cancel", [world.coming.code], reason=reasons[0][0], words="Pipes burst")
    page = browser.get(f"{address}make-up/").content.decode()
    assert "Book this time" in page
    offered = {
        name: re.search(rf'type="hidden" name="{name}" value="([^"]*)"', page)[1]  # type: ignore[index]
        for name in ("day", "starts", "ends", "room")
    }
    assert browser.post(f"{address}make-up/", offered).status_code == 302
    made = Session.objects.get(makes_up_for=world.coming)
    assert made.starts_at.astimezone(world.facility.zone).date().isoformat() == offered["day"]
    assert str(made.room_id) == offered["room"]


def test_moving_says_every_reason_and_keeps_the_form(world: World) -> None:
    day = world.coming.starts_at.astimezone(world.facility.zone).date()
    start = world.facility.at(day, dt.time(18))
    busy = Session.objects.create(
        cohort=world.cohort,
        organization=world.partner,
        facility=world.facility,
        room=world.room,
        starts_at=start,
        ends_at=start + dt.timedelta(hours=1),
    )
    browser = world.as_role()
    facts = {"day": day.isoformat(), "starts": "18:30", "ends": "19:30", "room": world.room.pk}
    shown = text(post(browser, "session_move", [world.coming.code], **facts))
    assert f"{world.room.name} is taken at that time." in shown
    assert 'value="18:30"' in shown
    wrong = text(post(browser, "session_move", [world.coming.code], **{**facts, "ends": "17:00"}))
    assert "must end after it starts" in wrong
    busy.delete()
    post(browser, "session_move", [world.coming.code], **facts)
    world.coming.refresh_from_db()
    assert world.coming.starts_at.astimezone(world.facility.zone).time() == dt.time(18, 30)


def test_cover_is_chosen_among_those_who_are_cleared(world: World) -> None:
    import factories as make

    cover, uncleared = make.visitor(world.facility), make.visitor()
    browser = world.as_role()
    url = reverse("staff:session_staffing", args=[world.coming.code])
    page = text(browser.get(url))
    assert cover.name in page
    assert uncleared.name not in page
    post(browser, "session_staffing", [world.coming.code], visitor=cover.pk, instead_of=world.leader.pk)
    coming = Facilitator.objects.filter(session=world.coming, active=True)
    assert [row.visitor for row in coming] == [cover]
    post(browser, "session_staffing", [world.coming.code], do="officer", officer="Officer Diaz")
    world.coming.refresh_from_db()
    assert world.coming.officer == "Officer Diaz"


def test_the_officers_of_a_day_are_confirmed_on_one_page(world: World) -> None:
    Session.objects.filter(pk=world.coming.pk).update(officer="")
    browser = world.as_role()
    day = world.coming.starts_at.astimezone(world.facility.zone).date().isoformat()
    url = reverse("staff:officers")
    assert "1 session without an officer" in text(browser.get(url, {"day": day}))
    browser.post(url, {"day": day, f"officer-{world.coming.code}": "Officer Diaz"})
    world.coming.refresh_from_db()
    assert world.coming.officer == "Officer Diaz"


def test_a_request_is_put_in_line_approved_and_declined_with_words(world: World) -> None:
    browser = world.as_role(RoleName.CASE_MANAGER)
    person = world.seated[0]
    other = Program.objects.create(name="Welding", needs=["work"], dose_hours=20, group_max=8)
    facts = {"program": other.pk, "requested_by": "self", "requested_on": world.facility.today().isoformat()}
    assert "waits for a decision" in text(
        browser.post(reverse("staff:person_do", args=[person.code, "line"]), facts, follow=True)
    )
    entry = WaitlistEntry.objects.get(program=other)
    post(browser, "entry_now", [entry.code, "approve"])
    entry.refresh_from_db()
    assert entry.status == "approved"
    assert "This field is required" in text(post(browser, "entry", [entry.code, "decline"]))
    post(browser, "entry", [entry.code, "decline"], reason="The shop is closed until spring.")
    entry.refresh_from_db()
    assert (entry.status, entry.reason) == ("declined", "The shop is closed until spring.")


def test_a_place_is_paused_resumed_and_ended(world: World) -> None:
    browser = world.as_role(RoleName.CASE_MANAGER)
    seat = Enrollment.objects.filter(cohort=world.cohort).order_by("pk")[0]
    today = world.facility.today().isoformat()
    post(browser, "place_pause", [seat.code], start=today, reason="Kitchen duty")
    seat.refresh_from_db()
    assert seat.status == "suspended"
    post(browser, "place_resume", [seat.code])
    seat.refresh_from_db()
    assert seat.status == "active"
    refused = text(post(browser, "place_end", [seat.code], on="2000-01-01", reason="nonsense"))
    assert "Select a valid choice" in refused
    reasons = (
        browser.get(reverse("staff:place", args=[seat.code])).context["end_form"].fields["reason"].choices
    )
    post(browser, "place_end", [seat.code], on=today, reason=reasons[1][0], note="As agreed")
    seat.refresh_from_db()
    assert seat.status == "ended"


def test_an_absence_begins_and_ends_on_the_persons_page(world: World) -> None:
    browser = world.as_role(RoleName.CASE_MANAGER)
    person = world.seated[0]
    start = world.facility.now().strftime("%Y-%m-%dT%H:%M")
    url = reverse("staff:person_do", args=[person.code, "absence"])
    assert "is away" in text(browser.post(url, {"kind": "court", "starts_at": start}, follow=True))
    page = text(browser.get(reverse("staff:person", args=[person.code])))
    assert "They are back" in page
    again = text(browser.post(url, {"kind": "court", "starts_at": start}, follow=True))
    assert "already away in that time" in again
    action = page.split("/absences/")[1].split("/end/")[0]
    assert "is back" in text(post(browser, "absence_end", [person.code, action]))
    assert Absence.objects.count() == 1


def test_an_emergency_opens_one_record_for_an_hour_and_is_reviewed(world: World) -> None:
    person = world.stranger
    member = world.member(RoleName.CASE_MANAGER)
    from acting import signed_in

    browser = signed_in(member)
    url = reverse("staff:emergency", args=[person.code])
    assert person.last_name not in text(browser.get(url))
    assert "at least 20 characters" in text(browser.post(url, {"reason": "because"}))
    opened = text(browser.post(url, {"reason": "Medical transport needs languages now"}, follow=True))
    assert "Opened in an emergency" in opened
    assert person.last_name in opened
    assert browser.get(reverse("staff:person", args=[person.code])).status_code == 404
    opening = BreakGlass.objects.get()
    assert world.as_role(RoleName.CASE_MANAGER).get(url).context.get("opening") is None
    reviewer = world.as_role(RoleName.LEADERSHIP)
    assert "Medical transport" in text(reviewer.get(reverse("staff:reviews")))
    post(reviewer, "review", [opening.code], finding="Justified.")
    opening.refresh_from_db()
    assert opening.finding == "Justified."


def test_keep_apart_is_ordered_by_the_captain_by_exact_number(world: World) -> None:
    browser = world.as_role(RoleName.CAPTAIN)
    first, other = world.seated[0], world.waiting[0]
    url = reverse("staff:person_do", args=[first.code, "keep-apart"])
    facts = {"reason": "threat", "source": "Captain", "starts_on": world.facility.today().isoformat()}
    nobody = text(browser.post(url, {**facts, "other": "A000000"}))
    assert "No one person has this number or code." in nobody
    browser.post(url, {**facts, "other": other.identifiers.get().value})
    assert KeepApart.objects.count() == 1


def test_a_clearance_is_granted_suspended_and_given_back(world: World) -> None:
    browser = world.as_role(RoleName.CAPTAIN)
    clearance = world.leader.clearances.get()
    assert "This field is required" in text(post(browser, "clearance_step", [clearance.code, "suspend"]))
    post(browser, "clearance_step", [clearance.code, "suspend"], reason="Under review")
    clearance.refresh_from_db()
    assert clearance.status == "suspended"
    today = world.facility.today()
    facts = {"facility": world.facility.pk, "level": "escorted", "first": today, "until": today}
    post(browser, "clearance_grant", [world.leader.code], **facts)
    clearance.refresh_from_db()
    assert clearance.status == "approved"


def test_a_cohort_is_set_up_from_nothing_to_dated_sessions(world: World) -> None:
    browser = world.as_role()
    today = world.facility.today()
    facts = {
        "name": "Evening group",
        "starts_on": today.isoformat(),
        "ends_on": (today + dt.timedelta(days=60)).isoformat(),
        "capacity": "8",
        "minimum": "2",
        "room": world.room.pk,
        "status": "open",
    }
    shown = post(browser, "cohort_new", [world.program.code], **facts)
    assert "Give it weekly times" in text(shown)
    cohort = Cohort.objects.get(name="Evening group")
    rows = {
        "s-TOTAL_FORMS": "2",
        "s-INITIAL_FORMS": "0",
        "s-0-weekday": "2",
        "s-0-starts": "18:00",
        "s-0-ends": "17:00",
    }
    assert "must end after it starts" in text(post(browser, "cohort_slots", [cohort.code], **rows))
    post(browser, "cohort_slots", [cohort.code], **{**rows, "s-0-ends": "19:30"})
    through = (today + dt.timedelta(days=30)).isoformat()
    made = text(post(browser, "cohort_make", [cohort.code], through=through))
    assert "sessions made" in made
    assert Session.objects.filter(cohort=cohort).count() >= 3


def test_a_program_keeps_its_conditions_and_says_what_is_wrong_with_one(world: World) -> None:
    browser = world.as_role()
    facts = {
        "name": "Forklift",
        "needs": ["work"],
        "dose_hours": "24",
        "group_min": "1",
        "group_max": "6",
        "listed": "on",
        "c-TOTAL_FORMS": "1",
        "c-INITIAL_FORMS": "0",
        "c-0-fact": "reading_level",
        "c-0-test": "at_least",
        "c-0-value": "many",
        "c-0-words": "Reads at grade 6 or better",
        "c-0-required": "on",
    }
    url = reverse("staff:program_new")
    assert "give a number" in text(browser.post(url, facts))
    browser.post(url, {**facts, "c-0-value": "6"})
    made = Program.objects.get(name="Forklift")
    assert made.eligibility.get().words == "Reads at grade 6 or better"
    page = text(browser.get(reverse("staff:program", args=[made.code])))
    assert "Reads at grade 6 or better" in page


def test_rooms_and_units_are_kept_without_a_developer(world: World) -> None:
    browser = world.as_role()
    facility = world.facility.code
    args = [facility, "rooms"]
    twice = text(post(browser, "furniture_new", args, name=world.room.name, capacity="5"))
    assert "already has a room of that name" in twice
    post(browser, "furniture_new", args, name="Annex", capacity="5", active="on")
    room = Room.objects.get(name="Annex")
    post(browser, "furniture_edit", [facility, "rooms", room.code], name="Annex 2", capacity="6", active="on")
    room.refresh_from_db()
    assert (room.name, room.capacity) == ("Annex 2", 6)
    lived_in = text(post(browser, "furniture_remove", [facility, "units", world.unit.code]))
    assert "Move them to another unit first." in lived_in
    assert Unit.objects.filter(pk=world.unit.pk).exists()


def test_a_lockdown_is_looked_at_declared_once_and_lifted(world: World) -> None:
    browser = world.as_role(RoleName.CAPTAIN)
    local = world.coming.starts_at.astimezone(world.facility.zone)
    facts = {
        "kind": "lockdown",
        "facilities": [world.facility.pk],
        "start": (local - dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "end": (local + dt.timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M"),
        "cause": "lockdown",
        "restricted_reason": "CANARY-REGIME",
    }
    form = browser.get(reverse("staff:regimes")).context["form"]
    facts["cause"] = form.fields["cause"].choices[0][0]
    preview = browser.post(reverse("staff:regimes"), facts)
    assert "1 session would be touched" in text(preview)
    assert not RegimePeriod.objects.exists()
    event = preview.context["event"]
    for _press in range(3):
        browser.post(reverse("staff:regime_declare"), {**facts, "event": event})
    regime = RegimePeriod.objects.get()
    world.coming.refresh_from_db()
    assert world.coming.status == "cancelled"
    assert "CANARY-REGIME" in text(browser.get(reverse("staff:regime", args=[regime.code])))
    board = text(world.as_role().get(reverse("staff:week")))
    assert "CANARY-REGIME" not in board
    assert "1 session came back." in text(post(browser, "regime_lift", [regime.code]))
    world.coming.refresh_from_db()
    assert world.coming.status == "planned"


def test_an_agreement_names_its_days_and_facilities(world: World) -> None:
    browser = world.as_role()
    facts = {
        "kind": "mou",
        "title": "New agreement",
        "facilities": [world.facility.pk],
        "first": "2030-01-01",
        "until": "2029-01-01",
        "notice_days": "30",
    }
    wrong = text(post(browser, "agreement_new", [world.partner.code], **facts))
    assert "New agreement" in wrong
    assert not world.partner.agreements.filter(title="New agreement").exists()
    post(browser, "agreement_new", [world.partner.code], **{**facts, "until": "2031-01-01"})
    assert world.partner.agreements.get(title="New agreement").valid.upper == dt.date(2031, 1, 2)


def test_looking_writes_nothing_but_the_read_log(world: World) -> None:
    """GETs run in a read-only transaction: PostgreSQL itself refuses anything else."""
    browser = world.as_role()
    for name, args in (("today", []), ("week", []), ("person", [world.seated[0].code])):
        assert browser.get(reverse(f"staff:{name}", args=args)).status_code == 200


def test_what_is_shown_of_a_person_is_in_the_read_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(
        reads, "log_read", lambda view, people, fields, count: noted.append((view, list(people)))
    )
    browser = world.as_role()
    person = world.seated[0]
    browser.get(reverse("staff:person", args=[person.code]))
    browser.get(reverse("staff:cohort", args=[world.cohort.code]))
    browser.get(reverse("staff:cohort_seats", args=[world.cohort.code]))
    assert noted == [
        ("staff:person", [person.pk]),
        ("staff:cohort", sorted(each.pk for each in world.seated)),
        ("staff:cohort_seats", sorted(each.pk for each in world.waiting)),
    ]


def test_the_facility_is_chosen_by_those_who_have_several() -> None:
    world = build(seats=1, in_line=0)
    browser = world.as_role(RoleName.ADMINISTRATOR, agency_wide=True)
    shown = browser.get(reverse("staff:week"), {"facility": world.elsewhere.code})
    assert world.elsewhere.name in text(shown)
    assert shown.context["facility"] == world.elsewhere
    assert browser.get(reverse("staff:week")).context["facility"] == world.elsewhere
    assert browser.get(reverse("staff:week"), {"facility": "NOPE"}).status_code == 200
