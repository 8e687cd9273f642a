"""From a wish to a goodbye: both are asked, meetings are logged in three taps, worries arrive at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.utils import timezone

import factories as make
from acting import acting, signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.actions import deliver
from throughgate.base.outbox.models import Message
from throughgate.mentoring import actions, jobs, queries
from throughgate.mentoring.models import Concern, Match, Meeting, MentorProfile, Wish
from throughgate.people import actions as people
from throughgate.people.models import Participant
from throughgate.places.models import Facility, FacilityKind
from throughgate.visitors.models import Visitor, VisitorKeepApart

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SIDE = {
    "kinds": ["mentor"], "interests": ["games"], "subjects": [], "languages": ["en"], "times": ["tue-ev"],
    "modes": ["in_person", "letters"], "region": "Harbor", "after_release": True, "boundaries": "",
}  # fmt: skip


@dataclass
class World:
    """A facility with a coordinator, a participant who wishes, and a mentor who offers."""

    place: Facility
    person: Participant
    mentor: Visitor
    wish: Wish
    dana: Membership
    walter: Membership
    self_: Membership


@pytest.fixture
def world() -> World:
    place = make.facility()
    person, mentor = make.participant(place, first_name="Daniel", last_name="Ruiz"), make.visitor(
        place, email="walter@example.org", first_name="Walter", last_name="Sims"
    )  # fmt: skip
    MentorProfile.objects.create(visitor=mentor, most=1, **SIDE)
    wish = Wish.objects.create(participant=person, asked_on=place.today() - 20 * DAY, asked_by="self", **SIDE)
    return World(
        place, person, mentor, wish,
        dana=make.member(RoleName.COORDINATOR, facility=place),
        walter=make.member(RoleName.VISITOR, visitor=mentor),
        self_=make.member(RoleName.PARTICIPANT, participant=person),
    )  # fmt: skip


def matched(world: World) -> Match:
    with acting(world.dana) as by:
        match = actions.propose(by=by, wish=world.wish, visitor=world.mentor)
    for member in (world.walter, world.self_):
        with acting(member) as by:
            match = actions.answer(by=by, match=Match.objects.get(pk=match.pk), yes=True)
    return match


def log(by: Any, match: Match, **given: Any) -> Meeting:
    return actions.log_meeting(
        by=by, match=match, **{"on": match.facility.today(), "minutes": 60, "mode": "in_person", **given}
    )


def test_the_engine_proposes_with_reasons_and_both_say_yes(world: World) -> None:
    with acting(world.dana) as by:
        (suggested,) = queries.suggestions(by, world.place)
        assert suggested.mentor == world.mentor and suggested.pair is not None
        assert {w.code for w in suggested.pair.why} >= {"language", "interest", "time", "mode", "region"}
    match = matched(world)
    assert (match.status, match.mentor_known_as, match.participant_known_as) == (
        "active",
        "Walter S.",
        "Daniel R.",
    )
    world.wish.refresh_from_db()
    assert world.wish.status == "met"
    told = list(Message.objects.order_by("pk").values_list("data__what", flat=True))
    assert told == ["proposed", "begins", "agreed"]
    assert not any("Ruiz" in str(row.data) for row in Message.objects.order_by("pk"))


def test_a_no_declines_and_they_are_not_proposed_to_each_other_again(world: World) -> None:
    with acting(world.dana) as by:
        match = actions.propose(by=by, wish=world.wish, visitor=world.mentor)
    with acting(world.walter) as by:
        actions.answer(by=by, match=match, yes=False)
    with acting(world.dana) as by:
        (suggested,) = queries.suggestions(by, world.place)
        assert suggested.mentor is None
        with pytest.raises(Refused):
            actions.answer(by=by, match=match, yes=True)


def test_a_keep_apart_order_is_never_revealed_and_never_passed(world: World) -> None:
    VisitorKeepApart.objects.create(
        visitor=world.mentor, participant=world.person, reason="kin", starts_on=make.TODAY - DAY
    )
    with acting(world.dana) as by:
        (suggested,) = queries.suggestions(by, world.place)
        assert suggested.mentor is None and suggested.others == 0
        with pytest.raises(Refused) as caught:
            actions.propose(by=by, wish=world.wish, visitor=world.mentor)
        assert [r.code for r in caught.value.reasons] == ["not_a_fit"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Match.objects.create(
            visitor=world.mentor, participant=world.person, facility=world.place, kind="mentor",
            mentor_known_as="x", participant_known_as="y", proposed_by="z", proposed_on=make.TODAY,
        )  # fmt: skip


def test_an_order_that_comes_later_ends_the_match_without_saying_why(world: World) -> None:
    from throughgate.visitors.actions import add_visitor_keep_apart

    match = matched(world)
    with acting(make.member(RoleName.CAPTAIN, facility=world.place)) as by:
        add_visitor_keep_apart(
            by=by,
            visitor=world.mentor,
            participant=world.person,
            reason="conduct",
            note="",
            starts_on=make.TODAY,
        )
    match.refresh_from_db()
    assert (match.status, match.end_reason) == ("ended", "other")


def test_three_taps_write_a_meeting_down_and_a_worry_reaches_the_coordinator_at_once(world: World) -> None:
    match = matched(world)
    browser = signed_in(world.walter)
    assert browser.get(f"/visitor/matches/{match.code}/").status_code == 200
    form = {"on": match.facility.today().isoformat(), "minutes": "60", "mode": "in_person"}
    assert browser.post(f"/visitor/matches/{match.code}/", form).status_code == 302
    again = browser.post(f"/visitor/matches/{match.code}/", form)
    assert again.status_code == 200 and b"This meeting is written down already." in again.content
    worried = {**form, "minutes": "30", "concern": "on", "worry": "He seemed very low."}
    assert browser.post(f"/visitor/matches/{match.code}/", worried).status_code == 302
    assert Meeting.objects.count() == 2
    message = Message.objects.get(data__what="concern")
    assert message.urgent and message.person == f"user {world.dana.user.code}"
    deliver(code=message.code)
    (sent,) = [each for each in mail.outbox if "concern" in each.subject.lower()]
    assert "very low" not in sent.body and "Ruiz" not in sent.body
    concern = Concern.objects.get()
    page = signed_in(world.dana).get(f"/staff/mentoring/concerns/{concern.code}/")
    assert b"very low" in page.content
    with acting(world.dana) as by:
        actions.see_concern(by=by, concern=concern, done="Talked to him.")
        with pytest.raises(Refused):
            actions.see_concern(by=by, concern=concern, done="Again.")


def test_nobody_acts_for_another_and_nobody_sees_anothers_match(world: World) -> None:
    match = matched(world)
    other = make.member(RoleName.VISITOR, visitor=make.visitor(world.place))
    elsewhere = make.member(RoleName.COORDINATOR, facility=make.facility())
    for stranger in (
        other,
        elsewhere,
        make.member(RoleName.PARTICIPANT, participant=make.participant(world.place)),
    ):
        with acting(stranger) as by:
            assert not Match.objects.exists() and not Meeting.objects.exists()
            with pytest.raises(Forbidden):
                log(by, match)
    assert signed_in(other).get(f"/visitor/matches/{match.code}/").status_code == 404
    assert signed_in(elsewhere).get(f"/staff/mentoring/{match.code}/").status_code == 404
    for table in (Wish, Participant, Concern):
        with acting(world.walter), pytest.raises(DatabaseError), transaction.atomic():
            table.objects.exists()


def test_release_offers_to_go_on_and_both_answer(world: World) -> None:
    match = matched(world)
    office = make.facility(kind=FacilityKind.COMMUNITY_OFFICE)
    with acting(make.member(RoleName.CASE_MANAGER, facility=world.place)) as by:
        people.release(
            by=by,
            participant=world.person,
            on=world.place.today(),
            to_office=office,
            reason="sentence_served",
        )
    match.refresh_from_db()
    assert match.go_on_offered is not None and match.status == "active"
    for member in (world.walter, world.self_):
        with acting(member) as by:
            actions.go_on(by=by, match=match, yes=True)
    assert Message.objects.filter(data__what="go_on").exists()


def test_ending_well_is_a_step_with_thanks_and_what_comes_next(world: World) -> None:
    match = matched(world)
    with acting(world.self_) as by:
        with pytest.raises(Refused) as caught:
            actions.end(by=by, match=match, reason="", last_meeting="")
        assert {r.field for r in caught.value.reasons} == {"reason", "last_meeting"}
        actions.end(
            by=by, match=match, reason="goal_reached", last_meeting="held", thanks="Thank you, Walter."
        )
    page = signed_in(world.walter).get("/visitor/matches/")
    assert b"Thank you, Walter." in page.content
    world.wish.refresh_from_db()
    assert world.wish.status == "withdrawn"


def test_silence_is_asked_about_once_and_not_in_vain(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    match = matched(world)
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + 29 * DAY)
    assert jobs.ask_about_silence() == 2
    assert jobs.ask_about_silence() == 0
    whats = set(
        Message.objects.filter(data__what__in=["ask_first_meeting", "silent"]).values_list(
            "data__what", flat=True
        )
    )
    assert whats == {"ask_first_meeting", "silent"}
    with acting(world.walter) as by:
        log(by, match)
    waiting = Message.objects.get(data__what="silent")
    waiting.held = False
    waiting.save()
    deliver(code=waiting.code)
    waiting.refresh_from_db()
    assert waiting.status == Message.Status.DROPPED


def test_the_letter_counts_what_was_written_down(world: World) -> None:
    match = matched(world)
    with acting(world.walter) as by:
        log(by, match, minutes=90)
        log(by, match, minutes=30, mode="letters")
    given = queries.hours(world.mentor.pk, make.TODAY - 9 * DAY, make.TODAY + DAY)
    assert (given.meetings, given.people, given.minutes) == (2, 1, 120)
    letter = signed_in(world.walter).get("/visitor/matches/letter/")
    assert letter["Content-Type"] == "application/pdf" and letter.content.startswith(b"%PDF")


def test_each_says_for_themselves_what_they_wish_and_offer(world: World) -> None:
    form = {
        "kinds": ["mentor", "tutor"],
        "subjects": ["math"],
        "languages": ["es"],
        "modes": ["letters"],
        "times": [],
    }
    me = signed_in(world.self_)
    assert me.get("/me/mentor/wish/").status_code == 200
    assert me.post("/me/mentor/wish/", form).status_code == 302
    world.wish.refresh_from_db()
    assert world.wish.subjects == ["math"] and world.wish.asked_on == world.place.today() - 20 * DAY
    assert me.post("/me/mentor/wish/", {**form, "languages": []}).status_code == 200
    walter = signed_in(world.walter)
    assert walter.post("/visitor/matches/offer/", {**form, "most": "2", "open": "on"}).status_code == 302
    too_many = walter.post("/visitor/matches/offer/", {**form, "most": "50"})
    assert too_many.status_code == 200 and b"people at once" in too_many.content
    assert me.post("/me/mentor/wish/back/").status_code == 302
    with acting(world.dana) as by:
        assert queries.suggestions(by, world.place) == []


def test_the_pages_of_all_three_lead_from_a_proposal_to_a_match(world: World) -> None:
    dana, walter, me = (signed_in(each) for each in (world.dana, world.walter, world.self_))
    assert b"Walter Sims" in dana.get("/staff/mentoring/").content
    assert b"Walter Sims" in dana.get(f"/staff/mentoring/wishes/{world.wish.code}/").content
    assert dana.post(f"/staff/mentoring/wishes/{world.wish.code}/{world.mentor.code}/").status_code == 302
    match = Match.objects.get()
    assert b"Walter S." in me.get("/me/mentor/").content
    assert b"Walter Sims" not in me.get("/me/mentor/").content
    assert b"Daniel R." in walter.get("/visitor/matches/").content
    assert walter.post(f"/visitor/matches/{match.code}/yes/").status_code == 302
    assert dana.post(f"/staff/mentoring/{match.code}/yes/").status_code == 302
    match.refresh_from_db()
    assert (match.status, match.participant_answer_by) == ("active", world.dana.person_name)
    assert dana.get(f"/staff/mentoring/{match.code}/").status_code == 200
    assert me.post(f"/me/mentor/{match.code}/worry/", {"worry": "x"}).status_code == 302
    assert Concern.objects.get().text == "x"
    assert me.get(f"/me/mentor/{match.code}/end/").status_code == 200
    end = {"reason": "time_over", "last_meeting": "held"}
    assert dana.post(f"/staff/mentoring/{match.code}/end/", end).status_code == 302
    assert dana.get("/staff/mentoring/").status_code == 200
