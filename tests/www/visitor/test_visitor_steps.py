"""Pages of the way in: the visitor's own, the staff's, and the referee's without an account."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

import factories as make
from acting import acting, signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base.outbox.models import Message
from throughgate.places.models import Facility
from throughgate.programs.models import Facilitator, SessionStatus
from throughgate.visitors import actions
from throughgate.visitors.models import Clearance, Conflict, Reference, Step, TrainingDate, TrainingSeat

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def here() -> Facility:
    return make.facility()


@pytest.fixture
def keeper(here: Facility) -> Membership:
    return make.member(RoleName.COORDINATOR, facility=here)


@pytest.fixture
def row(here: Facility, keeper: Membership) -> Clearance:
    with acting(keeper) as by:
        return actions.begin_application(
            by=by, facility=here, first_name="Tam", last_name="Ito", email="tam@example.org", kind="tutor"
        )


def visitor_of(row: Clearance) -> Client:
    return signed_in(Membership.objects.get(visitor=row.visitor))


def code(row: Clearance, requirement: str) -> str:
    return Step.objects.get(clearance=row, requirement=requirement).code


def test_the_own_page_says_how_far_and_what_is_next(row: Clearance) -> None:
    me = visitor_of(row)
    assert "0 of 8 steps done." in me.get("/visitor/").content.decode()
    page = me.get(f"/visitor/requirements/{code(row, 'application')}/")
    assert "I have read it and agree" in page.content.decode()
    me.post(f"/visitor/requirements/{code(row, 'application')}/")
    home = me.get("/visitor/").content.decode()
    assert "1 of 8 steps done." in home and "At least 18 years old" in home
    me.cookies["django_language"] = "es"
    assert "1 de 8 pasos hechos." in me.get("/visitor/").content.decode()


def test_a_due_day_shows(row: Clearance) -> None:
    Step.objects.filter(clearance=row).exclude(requirement="tb").update(done_on=row.facility.today())
    Step.objects.filter(clearance=row, requirement="tb").update(due_on=dt.date(2031, 5, 3))
    text = visitor_of(row).get("/visitor/").content.decode()
    assert "7 of 8 steps done." in text and "Next: TB result shown, due by 3 May 2031." in text


def test_others_steps_are_not_there(row: Clearance, here: Facility) -> None:
    stranger = signed_in(make.member(RoleName.VISITOR, visitor=make.visitor(here)))
    assert stranger.get(f"/visitor/requirements/{code(row, 'application')}/").status_code == 404
    assert stranger.post(f"/visitor/renew/{row.code}/").status_code == 404
    elsewhere = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    for path in ("record/", "record/now/", "references/"):
        assert elsewhere.get(f"/staff/visitors/steps/{code(row, 'age')}/{path}").status_code in (404, 405)
        assert elsewhere.post(f"/staff/visitors/steps/{code(row, 'age')}/{path}").status_code in (404, 405)


def test_a_referee_answers_without_an_account_once(row: Clearance, keeper: Membership) -> None:
    me = visitor_of(row)
    asks = code(row, "references")
    sent = {"name": "Ada B", "email": "ada@example.org", "relation": "teacher"}
    assert me.post(f"/visitor/requirements/{asks}/references/", sent).status_code == 302
    link = re.sub(r"^https?://[^/]+", "", Message.objects.get(template="reference_request").data["link"])
    referee = Client()
    page = referee.get(link).content.decode()
    assert "A reference for Tam Ito" in page and "TB" not in page and "ada@example.org" not in page
    half = referee.post(link, {"known": "Long"})
    assert "Long" in half.content.decode() and Reference.objects.get().answered_at is None
    whole = {"known": "Long", "reliable": "mostly", "boundaries": "Well", "recommend": "yes"}
    assert "Thank you" in referee.post(link, whole).content.decode()
    assert Reference.objects.get().answered_at is not None
    assert referee.get(link).status_code == 410
    read = signed_in(keeper).get(f"/staff/visitors/steps/{asks}/references/").content.decode()
    assert "Well" in read and "Mostly" in read
    assert "Well" not in me.get("/visitor/requirements/").content.decode()


def test_dates_are_booked_marked_and_called_off(row: Clearance, here: Facility, keeper: Membership) -> None:
    staff, me = signed_in(keeper), visitor_of(row)
    day = (here.today() + 4 * DAY).isoformat()
    sent = {
        "requirement": "training",
        "day": day,
        "starts": "09:00",
        "ends": "08:00",
        "place": "Hall",
        "seats": "5",
    }
    assert "must end after it starts" in staff.post("/staff/visitors/training/new/", sent).content.decode()
    assert staff.post("/staff/visitors/training/new/", {**sent, "ends": "13:00"}).status_code == 302
    date = TrainingDate.objects.get()
    assert "Take a seat" in me.get("/visitor/requirements/").content.decode()
    me.post(f"/visitor/requirements/training/{date.code}/book/")
    seat = TrainingSeat.objects.get()
    assert "Tam Ito" in staff.get(f"/staff/visitors/training/{date.code}/").content.decode()
    began = here.at(here.today() - DAY, dt.time(9))
    TrainingDate.objects.update(starts_at=began, ends_at=began + dt.timedelta(hours=4))
    staff.post(f"/staff/visitors/training/{date.code}/", {"came": [seat.code]})
    assert Step.objects.get(clearance=row, requirement="training").done_on == here.today() - DAY


def test_only_security_reads_and_settles_a_tie(row: Clearance, here: Facility, keeper: Membership) -> None:
    me = visitor_of(row)
    me.post("/visitor/requirements/tie/", {"facility": here.pk, "kind": "kin", "about": "My cousin Zebulon"})
    tie = Conflict.objects.get()
    page = f"/staff/visitors/{row.visitor.code}/"
    captain = signed_in(make.member(RoleName.CAPTAIN, facility=here))
    assert "Zebulon" in captain.get(page).content.decode()
    assert "Zebulon" not in signed_in(keeper).get(page).content.decode()
    assert (
        signed_in(keeper).post(f"/staff/visitors/conflicts/{tie.code}/", {"state": "nobody"}).status_code
        == 403
    )
    captain.post(f"/staff/visitors/conflicts/{tie.code}/", {"state": "nobody"})
    assert Conflict.objects.get().state == "nobody"


def test_what_was_typed_stays_and_the_page_says_what_to_do(row: Clearance, keeper: Membership) -> None:
    staff = signed_in(keeper)
    address = f"/staff/visitors/steps/{code(row, 'check')}/record/"
    answer = staff.post(address, {"on": row.facility.today().isoformat(), "authority": ""})
    assert "Say who made the decision." in answer.content.decode()
    waive = staff.post(f"/staff/visitors/steps/{code(row, 'check')}/waive/", {"reason": "He is a good man"})
    assert "nobody may waive this" in waive.content.decode() and "He is a good man" in waive.content.decode()


def test_the_hours_letter_is_a_tagged_document(here: Facility) -> None:
    who = make.visitor(here)
    session = make.session(make.cohort(here), here.today() - 3 * DAY)
    Facilitator.objects.create(session=session, visitor=who)
    session.status, session.minutes_held = SessionStatus.HELD, 90
    session.settled_at, session.settled_by = here.now(), "x"
    session.save()
    me = signed_in(make.member(RoleName.VISITOR, visitor=who))
    answer = me.get("/visitor/hours/letter/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF") and b"/MarkInfo" in answer.content


def test_leaving_is_asked_once_more(row: Clearance) -> None:
    me = visitor_of(row)
    assert "From today you are on no gate list." in me.get("/visitor/requirements/leave/").content.decode()
    me.post("/visitor/requirements/leave/")
    row.visitor.refresh_from_db()
    assert row.visitor.left_on is not None
