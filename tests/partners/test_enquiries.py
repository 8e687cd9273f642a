"""The front door: what comes in is kept, answered in time, joined, held back quietly, and seen by nobody else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

import factories as make
from acting import acting, signed_in
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base import links, scope
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience, Context
from throughgate.partners.enquiries import actions, arriving, queries, rules, spam
from throughgate.partners.models import Enquiry, EnquiryDraft, EnquiryMessage, Organization
from throughgate.partners.models.enquiries import OURS
from throughgate.partners.models.enquiries import EnquiryStatus as S
from throughgate.places.models import ClosedDay, Facility
from throughgate.policies import queries as policies

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture(autouse=True)
def _no_limits() -> None:
    cache.clear()


def arrived(facility: Facility | None = None, **given: Any) -> Enquiry:
    values: dict[str, Any] = {
        "kind": "organization",
        "facility": facility,
        "name": "Ada Morrow",
        "email": "ada@rivertown-books.org",
        "phone": "805 555 0142",
        "language": "en",
        "organization_name": "Rivertown Book Circle",
        "needs": ["education"],
        "answers": {"offer": "A reading circle"},
        "free_texts": ["A reading circle, every week, for twelve people."],
        "sender": "",
        "seconds": 200.0,
    }
    return arriving.arrive(**{**values, **given})


def coordinator(facility: Facility) -> Any:
    return make.member(RoleName.COORDINATOR, facility=facility)


# --- The clock --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-23", "2026-11-25"),  # Monday to Wednesday
        ("2026-11-20", "2026-11-24"),  # over a weekend
        ("2026-11-25", "2026-12-01"),  # over Thanksgiving and, closed here, the day after it
        ("2026-11-21", "2026-11-24"),  # a Saturday counts from Monday
    ],
)
def test_the_day_to_answer_counts_working_days_of_the_facility(start: str, due: str) -> None:
    place = make.facility()
    ClosedDay.objects.create(facility=place, day=dt.date(2026, 11, 27), name="Closed")
    assert queries.due_day(place, dt.date.fromisoformat(start)) == dt.date.fromisoformat(due)


def test_the_clock_runs_while_it_is_our_turn_and_only_then() -> None:
    place = make.facility()
    row = arrived(place)
    assert row.status == S.NEW
    assert row.due_on == queries.due_day(place, place.today())
    with acting(coordinator(place)) as actor:
        row = actions.ask(by=actor, enquiry=row, text="For how many?")
        assert (row.status, row.due_on) == (S.ASKED, None)
    actions.reply(by=SYSTEM, enquiry=row, text="For twelve.")
    row.refresh_from_db()
    assert row.status == S.REPLIED
    assert row.due_on is not None
    with acting(coordinator(place)) as actor:
        row = actions.park(by=actor, enquiry=row, until=place.today() + dt.timedelta(days=30), text="Later.")
        assert row.due_on is None
    assert actions.wake(place.today()) == 0
    Enquiry.objects.update(parked_until=place.today())
    assert actions.wake(place.today()) == 1
    row.refresh_from_db()
    assert (row.status, row.parked_until) == (S.REPLIED, None)
    assert row.due_on is not None


def test_every_status_has_its_verbs_and_every_verb_leads_to_a_status() -> None:
    assert set(rules.TRANSITIONS) == set(S)
    assert set(rules.STANDS) == set(S)
    for status, verbs in rules.TRANSITIONS.items():
        assert "reply" in verbs, status
        assert all(isinstance(target, S) for target in verbs.values())
        assert rules.may(status, "nonsense").refused


def test_what_is_late_stands_first_and_on_my_day() -> None:
    place = make.facility()
    late = arrived(place, email="late@a.org")
    fresh = arrived(place, email="fresh@b.org", free_texts=["A choir, every Sunday."])
    Enquiry.objects.filter(pk=late.pk).update(due_on=place.today() - dt.timedelta(days=1))
    browser = signed_in(coordinator(place))
    page = browser.get("/staff/enquiries/")
    assert [row.pk for row, _word, _late in page.context["rows"]] == [late.pk, fresh.pk]
    day = browser.get("/staff/today/").content.decode()
    assert "Offers of help to answer" in day
    assert late.code in day


# --- What a coordinator does ------------------------------------------------------------------------------


def test_a_letter_goes_out_with_a_working_link_and_stands_in_the_thread() -> None:
    place = make.facility()
    row = arrived(place, language="es")
    with acting(coordinator(place)) as actor:
        actions.answer(by=actor, enquiry=row, text="Llámenos, por favor.")
    arrived_mail, letter = Message.objects.order_by("pk")
    assert arrived_mail.template == "enquiry_arrived"
    path = letter.data["link"].split("8000")[1]
    page = Client().get(path).content.decode()
    assert "Llámenos" in page
    assert letter.language == "es"


def test_declining_needs_a_reason_and_sends_the_signpost() -> None:
    place = make.facility()
    row = arrived(place)
    with acting(coordinator(place)) as actor:
        with pytest.raises(Refused, match="Say why"):
            actions.decline(by=actor, enquiry=row, reason=" ", text="No.", signpost="")
        row = actions.decline(by=actor, enquiry=row, reason="no room", text="Sorry.", signpost="The library")
    assert row.status == S.DECLINED
    assert "The library" in EnquiryMessage.objects.get(direction="out").body
    assert "no room" not in EnquiryMessage.objects.get(direction="out").body


def test_an_organization_that_is_taken_on_is_made_from_what_it_wrote() -> None:
    place = make.facility()
    row = arrived(place)
    with acting(coordinator(place)) as actor:
        made = actions.take_organization(by=actor, enquiry=row, facility=place, text="Welcome.")
        row.refresh_from_db()
        assert (row.status, row.organization) == (S.TAKEN, made)
        assert (made.name, made.email) == ("Rivertown Book Circle", "ada@rivertown-books.org")
        assert (made.status, made.listed) == ("vetting", False)
        with pytest.raises(Refused, match="not possible now"):
            actions.answer(by=actor, enquiry=row, text="Again?")


def test_a_person_is_taken_on_as_a_visitor_not_as_an_organization() -> None:
    place = make.facility()
    row = arrived(place, kind="individual", organization_name="", answers={"roles": ["tutor"]})
    member = coordinator(place)
    with acting(member) as actor, pytest.raises(Refused, match="one person"):
        actions.take_organization(by=actor, enquiry=row, facility=place, text="Welcome.")
    browser = signed_in(member)
    answer = browser.post(
        f"/staff/enquiries/{row.code}/do/take/", {"facility": place.code, "text": "Welcome."}
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.status == S.TAKEN
    assert len(row.application_code) == 8


def test_duplicates_are_suggested_with_their_reasons_and_joined() -> None:
    place = make.facility()
    first = arrived(place)
    second = arrived(
        place, name="A. Morrow", email="office@rivertown-books.org", phone="+1 (805) 555-0142",
        organization_name="The Rivertown Book-Circle, Inc.", free_texts=["Something else entirely."],
    )  # fmt: skip
    other = arrived(
        place, name="Bo", email="bo@gmail.com", phone="", organization_name="Harbor Choir", free_texts=["We sing."]
    )  # fmt: skip
    known = make.organization(name="Rivertown Book Circle")
    found = queries.twins(second)
    assert [(twin.enquiry, twin.organization) for twin in found] == [(first, None), (None, known)]
    assert found[0].why == ("phone", "domain", "name")
    assert queries.twins(other) == []
    with acting(coordinator(place)) as actor:
        actions.join(by=actor, enquiry=second, into=first)
        with pytest.raises(Refused):
            actions.join(by=actor, enquiry=first, into=second)
    second.refresh_from_db()
    actions.reply(by=SYSTEM, enquiry=second, text="We also bring books.")
    assert "We also bring books." in [message.body for message in queries.thread(first)]


def test_another_facilitys_coordinator_neither_sees_nor_answers() -> None:
    here, there = make.facility(), make.facility()
    row, anywhere = arrived(here), arrived(None, email="x@y.org")
    with acting(coordinator(there)) as actor:
        assert list(Enquiry.objects.values_list("pk", flat=True)) == [anywhere.pk]
        assert not EnquiryMessage.objects.filter(enquiry=row).exists()
        with pytest.raises(Forbidden):
            actions.answer(by=actor, enquiry=row, text="Hello")
    browser = signed_in(coordinator(there))
    assert browser.get(f"/staff/enquiries/{row.code}/").status_code == 404
    assert browser.get(f"/staff/enquiries/{anywhere.code}/").status_code == 200
    officer = make.member(RoleName.GATE, facility=here)
    with acting(officer):
        assert not Enquiry.objects.exists()
    assert signed_in(officer).get("/staff/enquiries/").status_code == 403


# --- The one who asked ------------------------------------------------------------------------------------


def test_who_asked_sees_their_own_enquiry_and_the_database_shows_no_other() -> None:
    mine, other = arrived(email="a@a.org"), arrived(email="b@b.org", free_texts=["Other words."])
    for row in (mine, other):
        EnquiryMessage.objects.create(
            enquiry=row, direction="note", body="secret note", written_by="x", written_at=timezone.now()
        )
        EnquiryMessage.objects.create(
            enquiry=row, direction="out", body="open word", written_by="x", written_at=timezone.now()
        )
    with scope.enter(Context(audience=Audience.PUBLIC, purpose=f"enquiry {mine.code}")):
        assert list(Enquiry.objects.values_list("code", flat=True)) == [mine.code]
        assert list(EnquiryMessage.objects.values_list("body", flat=True)) == ["open word"]
        with pytest.raises(DatabaseError), transaction.atomic():
            Enquiry.objects.update(name="x")
    with scope.public():
        assert not Enquiry.objects.exists()
        assert not EnquiryMessage.objects.exists()


@pytest.mark.parametrize(
    "audience", [Audience.PARTNER, Audience.VISITOR, Audience.PARTICIPANT, Audience.EMPLOYER]
)
def test_no_other_audience_reads_enquiries(audience: Audience) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        scope.enter(Context(audience=audience)),
    ):
        Enquiry.objects.exists()


def test_the_status_page_says_where_it_stands_and_takes_a_reply_with_a_file() -> None:
    place = make.facility()
    row = arrived(place)
    path = actions.status_path(row)
    page = Client().get(path).content.decode()
    assert "a coordinator reads it" in page
    assert "at the latest" in page
    file = SimpleUploadedFile("plan.txt", b"Week one: poems", "text/plain")
    assert Client().post(path, {"text": "Here is our plan.", "file": file}).status_code == 302
    message = EnquiryMessage.objects.get(direction="in")
    assert message.upload_name == "plan.txt"
    browser = signed_in(coordinator(place))
    got = browser.get(f"/staff/enquiries/{row.code}/file/{message.code}/")
    assert got.content == b"Week one: poems"
    assert got["Content-Disposition"].startswith("attachment")
    lie = SimpleUploadedFile("plan.pdf", b"PK\x03\x04 not a pdf", "application/pdf")
    answer = Client().post(path, {"text": "And this, which I typed with care.", "file": lie})
    assert answer.status_code == 400
    assert "which I typed with care" in answer.content.decode()
    assert EnquiryMessage.objects.filter(direction="in").count() == 1


def test_taking_it_back_ends_it_and_writing_again_opens_it() -> None:
    row = arrived()
    path = actions.status_path(row)
    assert Client().post(path, {"do": "withdraw"}).status_code == 302
    row.refresh_from_db()
    assert row.status == S.WITHDRAWN
    Client().post(path, {"text": "We would like to after all."})
    row.refresh_from_db()
    assert row.status == S.REPLIED


# --- The forms --------------------------------------------------------------------------------------------

STEPS: list[dict[str, Any]] = [
    {"organization_name": "Rivertown Book Circle", "organization_kind": "nonprofit", "city": "Rivertown"},
    {"offer": "A reading circle", "needs": ["education", "peers"]},
    {"facility": "", "how_often": "weekly", "cost": "free", "conflict": "no"},
    {"name": "Ada Morrow", "email": "ada@rivertown-books.org", "language": "en"},
]


def test_a_form_is_kept_step_by_step_mailed_resumed_and_sent() -> None:
    make.facility()
    first = Client(enforce_csrf_checks=True)
    answer = first.post("/get-involved/organization/", STEPS[0])
    assert answer.status_code == 302
    path = answer["Location"].split("?")[0]
    assert first.post(f"{path}?step=2", {**STEPS[1], "do": "later"})["Location"].endswith("?step=later")
    assert first.post(f"{path}?step=later", {"email": "ada@rivertown-books.org"}).status_code == 302
    mail = Message.objects.get(template="enquiry_saved")
    assert mail.data["link"].endswith(path)
    # Another browser, another day: nothing is lost, and it goes on where it stopped.
    second = Client()
    assert second.get(path).context["number"] == 3
    assert "A reading circle" in second.get(f"{path}?step=2").content.decode()
    for number in (3, 4):
        answer = second.post(f"{path}?step={number}", STEPS[number - 1])
    review = second.get(answer["Location"]).content.decode() if answer["Location"].startswith("/") else ""
    assert "Rivertown Book Circle" in review
    assert "Friends and support" in review
    sent = second.post(f"{path}?step=5", {})
    assert sent.status_code == 302
    assert not EnquiryDraft.objects.exists()
    row = Enquiry.objects.get()
    assert (row.organization_name, row.needs) == ("Rivertown Book Circle", ["education", "peers"])
    status = second.get(sent["Location"])
    assert row.code in status.content.decode()
    assert second.get(path).status_code == 410


def test_a_mistake_is_told_in_words_and_nothing_typed_is_lost() -> None:
    make.facility()
    browser = Client()
    path = browser.post("/get-involved/organization/", STEPS[0])["Location"].split("?")[0]
    answer = browser.post(f"{path}?step=4", {"name": "Ada", "email": "not an address", "phone": "call me"})
    assert answer.status_code == 400
    page = answer.content.decode()
    for words in ("Please put this right", "not an address", "call me", "Write the number with digits"):
        assert words in page
    assert EnquiryDraft.objects.get().answers["name"] == "Ada"
    # What is not complete cannot be sent: it leads back to the first open question.
    assert browser.post(f"{path}?step=9", {})["Location"].endswith("?step=2")


def test_an_unsent_form_is_forgotten_after_its_days() -> None:
    make.facility()
    path = Client().post("/get-involved/individual/", {
        "roles": ["tutor"], "about": "I taught math.", "adult": "yes",
    })["Location"].split("?")[0]  # fmt: skip
    EnquiryDraft.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    assert Client().get(path).status_code == 410
    assert arriving.sweep(timezone.now()) == 1


def test_who_is_not_of_age_is_told_kindly() -> None:
    make.facility()
    answer = Client().post(
        "/get-involved/individual/", {"roles": ["tutor"], "about": "I am good at math.", "adult": "no"}
    )
    assert answer.status_code == 400
    assert "You must be 18" in answer.content.decode()


# --- Spam -------------------------------------------------------------------------------------------------


def spam_rules() -> Any:
    return policies.front_door("default", make.TODAY).data.spam


@pytest.mark.parametrize(
    ("traits", "signs", "held"),
    [
        (spam.Traits(("We would like to read with people, see https://a.org and https://b.org",)), (), False),
        (spam.Traits(("Hello",), trap=True), ("trap",), True),
        (spam.Traits(("Hello",), seconds=2), ("quick",), False),
        (spam.Traits(("SEO and backlinks: first page of Google!",), seconds=2), ("quick", "words"), True),
        (spam.Traits(("http://a http://b http://c http://d http://e",)), ("links",), True),
        (spam.Traits(("WE TEACH WELDING TO PEOPLE WHO WANT TO WORK WITH STEEL",)), ("shouting",), False),
        (spam.Traits(("Hello",), sent_before=5), ("many",), True),
        (spam.Traits(("Hello",), same_text=1), ("copy",), True),
        (spam.Traits(("Kaseona is a person; 'seo' inside a word is none: museo",)), ("words",), False),
    ],
)
def test_spam_is_judged_by_signs(traits: spam.Traits, signs: tuple[str, ...], held: bool) -> None:
    verdict = spam.judge(traits, spam_rules())
    assert (verdict.signs, verdict.held) == (signs, held)


def test_what_is_held_back_is_silent_and_can_be_let_in() -> None:
    place = make.facility()
    row = arrived(place, trap=True)
    assert (row.status, row.due_on) == (S.HELD, None)
    assert not Message.objects.exists()
    page = Client().get(actions.status_path(row)).content.decode()
    assert "a coordinator reads it" in page
    browser = signed_in(coordinator(place))
    assert "a field that people cannot see" in browser.get(f"/staff/enquiries/{row.code}/").content.decode()
    assert browser.post(f"/staff/enquiries/{row.code}/now/release/").status_code == 302
    row.refresh_from_db()
    assert row.status in OURS
    assert row.due_on is not None
    assert Message.objects.filter(template="enquiry_arrived").count() == 1


def test_the_same_words_again_are_held_back() -> None:
    assert [arrived().status, arrived(email="c@d.org").status] == [S.NEW, S.HELD]


def test_links_of_the_front_door_are_answered() -> None:
    Client().get("/l/x/")
    assert {actions.STATUS_LINK, arriving.DRAFT_LINK} <= set(links.ANSWERS)
    assert Organization.objects.count() == 0
