"""What a participant is told: true, plain, in two languages, and silent about keep-apart orders."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import ProgrammingError, transaction
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

import factories as make
from acting import acting, signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base.errors import Refused
from throughgate.people.actions.apart import add_keep_apart
from throughgate.people.models import Participant
from throughgate.programs.actions import appeals
from throughgate.programs.models import (
    Call,
    Cohort,
    EligibilityRule,
    Prerequisite,
    Program,
    SeatAppeal,
    WaitlistEntry,
)
from throughgate.programs.queries import answer_slips, why_rules
from throughgate.programs.queries.candidates import clashes_of
from throughgate.programs.queries.telling import Answer, page
from throughgate.programs.rules import slips, telling
from throughgate.programs.rules.booking import CandidateFacts, Clash, CohortFacts, assess
from throughgate.programs.rules.eligibility import Condition, Facts

TODAY, DAY = make.TODAY, dt.timedelta(days=1)
LATER = TODAY + 300 * DAY


# ---- the words


def syllables(word: str) -> int:
    """A plain count of vowel groups; a silent final e is none."""
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and groups > 1
    return max(1, groups - silent)


def grade(text: str) -> float:
    """Flesch-Kincaid grade level."""
    sentences = [each for each in re.split(r"[.?!:]+(?:\s|$)", text) if re.search(r"[A-Za-z]", each)]
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


CONDITIONS = (
    Condition("reading_level", "at_least", "6", "reading level 6", almost=Decimal(1)),
    Condition("custody_level", "at_most", "low", "low custody", almost=Decimal(1)),
    Condition("has_diploma", "is", "yes", "a diploma"),
    Condition("age", "at_least", "30", "age 30 or more"),
    Condition("months_left", "at_least", "8", "8 months left here"),
    Condition("days_clear", "at_least", "90", "90 days with no write-up"),
    Condition("need", "is", "work", "a need for work skills"),
    Condition("population", "is", "women", "women"),
)
POOR = Facts(
    custody_level="medium", reading_level=Decimal(5), has_diploma=False, birth_date=TODAY - 9000 * DAY,
    release_on=TODAY + 40 * DAY, last_misconduct_on=TODAY - 60 * DAY, conduct_known=True, needs={"work": 1},
    population="men",
)  # fmt: skip


def cohort(**given: object) -> CohortFacts:
    values: dict[str, object] = {
        "name": "Welding, group 1", "facility_id": 1, "facility_name": "Ridgeway", "status": "open", "capacity": 4,
        "free_seats": 2, "starts_on": TODAY + 10 * DAY, "ends_on": TODAY + 90 * DAY,
        "last_session_on": TODAY + 90 * DAY, "conditions": CONDITIONS, "prerequisites": {7: "Shop safety"},
    }  # fmt: skip
    return CohortFacts(**{**values, **given})  # type: ignore[arg-type]


def told(candidate: CandidateFacts, group: CohortFacts) -> telling.Told:
    return telling.tell(candidate, group, assess(candidate, group, TODAY))


def every_sentence() -> list[str]:
    clash = Clash("Choir", dt.datetime.combine(TODAY, dt.time(9)), dt.datetime.combine(TODAY, dt.time(10)), 1)
    poor = CandidateFacts(1, facts=POOR, clashes=(clash,), whereabouts="away")
    found = [head() for head in telling.HEADS.values()]
    for facts in (POOR, Facts()):
        for one in told(
            CandidateFacts(1, facts=facts, clashes=(clash,), whereabouts="away"), cohort()
        ).missing:
            found += [one.what, one.how]
    found += [each() for each in telling.HOW.values()] + [each() for each in telling.LAST.values()]
    found += [
        telling.no_seat(), telling.place_words(3, 12), telling.wait_words(40), telling.wait_words(None),
        telling.next_words(TODAY, TODAY), telling.next_words(LATER, TODAY), telling.asked_words(),
        telling.nothing_runs(), telling.last_words(TODAY, ["clash"]), telling.last_words(TODAY, []),
        slips.answer_due(TODAY), slips.answered("The decision stands"), *telling.appeal_words(),
        *slips.labels().values(), *slips.headings().values(),
    ]  # fmt: skip
    assert poor
    return found


def test_the_words_read_at_grade_six_or_below() -> None:
    with translation.override("en"):
        sentences = every_sentence()
        assert len(sentences) > 50
        assert grade(" ".join(each if each[-1] in ".?!:" else f"{each}." for each in sentences)) <= 6
        hard = {
            each: round(grade(each), 1) for each in sentences if len(each.split()) > 4 and grade(each) > 9
        }
    assert hard == {}


def test_the_grade_can_fail() -> None:
    assert grade("Eligibility determinations presuppose documented criminogenic necessities.") > 12


def test_spanish_is_said_in_spanish() -> None:
    with translation.override("en"):
        english = every_sentence()
    with translation.override("es"):
        spanish = every_sentence()
    names = {"Not now", "Choir", "How to get it"}
    same = [a for a, b in zip(english, spanish, strict=True) if a == b and a not in names]
    assert same == []


# ---- true in both directions


def mended(
    candidate: CandidateFacts, group: CohortFacts, code: str, extra: dict[str, object]
) -> tuple[CandidateFacts, CohortFacts]:
    """The same pair without one obstacle, by its code."""
    who = {**{name: getattr(candidate, name) for name in CandidateFacts.__dataclass_fields__}, **extra}
    what = {name: getattr(group, name) for name in CohortFacts.__dataclass_fields__}
    head, _colon, fact = code.partition(":")
    if head in {"not_eligible", "eligibility_unknown"}:
        what["conditions"] = tuple(each for each in group.conditions if each.fact != fact)
    elif head == "prerequisite_missing":
        who["completed"] = frozenset(group.prerequisites)
    elif head == "release_before_end":
        what["last_session_on"] = TODAY
    elif head == "called_elsewhere":
        who["clashes"] = ()
    elif head == "full":
        what["free_seats"] = 1
    elif head == "cohort_not_open":
        what["status"] = "open"
    elif head == "cohort_over":
        what["ends_on"] = LATER
    elif head in {"has_place_in_program"}:
        who["other_cohort"] = ""
    elif head in {"already_enrolled", "place_paused"}:
        who["seat"] = ""
    elif head in {"away", "record_closed"}:
        who["whereabouts"] = "inside"
    elif head == "wrong_facility":
        who["facility_id"] = group.facility_id
    elif head == "keep_apart":
        who["keep_apart"] = False
    else:
        raise AssertionError(code)
    return CandidateFacts(**who), CohortFacts(**what)  # type: ignore[arg-type]


PAIRS = st.builds(
    lambda facts, seat, other, where, place, clash, apart, status, free, over, conditions: (
        CandidateFacts(
            place, where, facts, frozenset(), seat, other,
            (Clash("Choir", dt.datetime.combine(TODAY, dt.time(9)), dt.datetime.combine(TODAY, dt.time(10)), 1),)
            if clash else (), apart,
        ),
        cohort(status=status, free_seats=free, ends_on=TODAY - DAY if over else LATER, conditions=conditions),
    ),
    st.sampled_from([POOR, Facts(), Facts(custody_level="low", reading_level=Decimal(9), needs={"work": 3},
                                          release_on=LATER)]),
    st.sampled_from(["", "", "active", "suspended"]), st.sampled_from(["", "", "Welding, group 2"]),
    st.sampled_from(["inside", "inside", "away", "closed"]), st.sampled_from([1, 1, 2]), st.booleans(),
    st.booleans(), st.sampled_from(["open", "planned"]), st.sampled_from([0, 2]), st.booleans(),
    st.lists(st.sampled_from(CONDITIONS), unique=True, max_size=3).map(tuple),
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pair=PAIRS)
def test_every_rule_named_to_the_coordinator_is_real(
    pair: tuple[CandidateFacts, CohortFacts],
) -> None:
    """Mend all that is named and the seat is possible; leave one and it is not. Only a secret may be added."""
    found = assess(*pair, TODAY)
    rows = why_rules.rows(found)
    secret = why_rules.secret(found.decision.reasons, ())
    assert bool(rows) or secret == bool(found.decision.reasons)
    assert all(row.fact and row.source and row.remedy for row in rows)
    codes = [row.code for row in rows] + (["keep_apart"] if secret else [])
    for left in (None, *codes):
        candidate, group = pair
        for code in codes:
            if code != left:
                candidate, group = mended(candidate, group, code, {})
        refused = assess(candidate, group, TODAY).decision.refused
        # A seat in another cohort is only asked about when there is none in this one.
        if left is None and not refused:
            continue
        if left is None:
            again = why_rules.rows(assess(candidate, group, TODAY))
            assert {row.code for row in again} <= {
                "has_place_in_program",
                "cohort_not_open",
                "wrong_facility",
                "away",
            }
        else:
            assert refused, left


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pair=PAIRS)
def test_an_order_reads_like_a_full_group(pair: tuple[CandidateFacts, CohortFacts]) -> None:
    """Whatever else holds, what is told with a keep-apart order is what is told of a full or closed group."""
    who = {name: getattr(pair[0], name) for name in CandidateFacts.__dataclass_fields__}
    what = {name: getattr(pair[1], name) for name in CohortFacts.__dataclass_fields__}
    free = {**what, "free_seats": 2, "status": "open", "ends_on": LATER}
    apart = told(CandidateFacts(**{**who, "keep_apart": True}), CohortFacts(**free))
    full = told(CandidateFacts(**{**who, "keep_apart": False}), CohortFacts(**{**free, "free_seats": 0}))
    shut = told(CandidateFacts(**{**who, "keep_apart": False}), CohortFacts(**{**free, "status": "planned"}))
    assert apart == full == shut


# ---- the page, the slip, and saying no

pytestmark = pytest.mark.django_db


class World:
    """One participant, a program in which all is well, and one who must be kept apart from them."""

    def __init__(self) -> None:
        self.facility = make.facility()
        self.me = make.participant(self.facility)
        self.member = make.member(RoleName.PARTICIPANT, participant=self.me)
        self.staff = make.member(RoleName.COORDINATOR, facility=self.facility)
        self.program = make.program(make.organization(), name="Welding", name_es="Soldadura")
        self.cohort = self.run(self.program)

    def run(self, program: Program, **given: object) -> Cohort:
        made = make.cohort(self.facility, program, **given)
        make.slot(made)
        make.session(made, TODAY + 3 * DAY)
        return made

    def in_line(self, person: Participant, program: Program, asked: int = 30) -> WaitlistEntry:
        return WaitlistEntry.objects.create(
            participant=person, program=program, status="approved", requested_by="self",
            requested_on=TODAY - asked * DAY, confirmed_on=TODAY,
        )  # fmt: skip

    def told(self, program: Program | None = None) -> Answer:
        wanted = program or self.program
        with acting(self.member):
            return next(each for each in page(self.me).answers if each.program == wanted)

    def outputs(self) -> list[str]:
        """Everything the person can see or hold, in both languages, made anonymous where it must differ."""
        found = []
        for language in ("en", "es"):
            self.member.user.language = language
            self.member.user.save()
            browser = signed_in(self.member)
            for address in ("/me/fits/", "/me/line/", "/me/ask/", f"/me/fits/{self.program.code}/wrong/"):
                found.append(browser.get(address).content.decode())
            with acting(self.member):
                pdf = answer_slips.render([self.me], self.facility, language=language)
            found.append("\n".join(part.extract_text() for part in PdfReader(BytesIO(pdf)).pages))
        return found


def scrubbed(text: str) -> str:
    """Without what differs between any two answers: tokens and the clock."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value=|nonce=)"[^"]*"', "", text)
    text = re.sub(r'hx-headers="[^"]*"', "", text)
    return re.sub(r"\d{1,2}:\d{2}", "", text)


def test_a_keep_apart_order_shows_nowhere_and_changes_no_word_against_a_full_group() -> None:
    """Plant an order and look at every output; then fill the group instead and compare word by word."""
    here = World()
    here.in_line(here.me, here.program)
    other = make.participant(here.facility, first_name="Otherly", last_name="Unsaid")
    make.enrollment(other, here.cohort)
    security = make.member(RoleName.CAPTAIN, facility=here.facility)
    with acting(security) as by:
        order = add_keep_apart(
            by=by,
            first=here.me,
            second=other,
            reason="threat",
            source="test",
            note="CANARY",
            starts_on=TODAY - 9 * DAY,
        )
    with_order = here.outputs()
    for text in with_order:
        for word in ("CANARY", "Unsaid", "apart", "threat", "security", "amenaza", "separa"):
            assert word not in text, word
    assert here.told().lines[1] == "There is no seat for you in this group at this time."
    type(order).objects.filter(pk=order.pk).update(ends_on=TODAY - 3 * DAY)
    Cohort.objects.filter(pk=here.cohort.pk).update(capacity=1)
    assert [scrubbed(each) for each in here.outputs()] == [scrubbed(each) for each in with_order]
    Cohort.objects.filter(pk=here.cohort.pk).update(capacity=5)
    assert telling.no_seat() not in here.told().lines


def test_the_page_says_what_fits_what_is_missing_and_how_to_get_it() -> None:
    here = World()
    reading = make.program(make.organization(), name="Warehouse work")
    EligibilityRule.objects.create(
        program=reading, fact="reading_level", test="at_least", value="6", almost=1, words="Reading level 6"
    )
    here.run(reading)
    here.me.profile.reading_level = Decimal(5)
    here.me.profile.save()
    almost = here.told(reading)
    assert almost.kind == "almost"
    assert (
        almost.missing[0].what == "It asks for this: Reading level 6. You are not there yet: 1 grade short."
    )
    assert "reading class" in almost.missing[0].how
    assert here.told().head == "This fits you. You can ask for a place."
    first = make.program(make.organization(), name="Shop safety")
    Prerequisite.objects.create(program=here.program, required=first)
    assert here.told().missing[0].what == "You have to finish this first: Shop safety."
    make.enrollment(here.me, here.cohort)
    assert here.told().head == "You have a seat."


def test_the_place_in_line_and_the_usual_wait_are_told() -> None:
    here = World()
    here.in_line(make.participant(here.facility), here.program, asked=90)
    here.in_line(here.me, here.program)
    told_now = here.told()
    assert told_now.head == "You are number 2 of 2 in line."
    assert "We do not know yet how long people wait for it." in told_now.lines
    for _ in range(5):
        who = make.participant(here.facility)
        entry = here.in_line(who, here.program, asked=50)
        make.enrollment(who, here.cohort, entry=entry, starts_on=TODAY - 10 * DAY)
        WaitlistEntry.objects.filter(pk=entry.pk).update(status="enrolled")
    assert "Most people wait about 40 days for a seat." in here.told().lines


def test_the_slip_is_tagged_and_in_the_persons_language() -> None:
    here = World()
    here.me.language = "es"
    here.me.save()
    with acting(here.staff):
        paper = PdfReader(BytesIO(answer_slips.render([here.me, here.me], here.facility)))
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert paper.trailer["/Root"]["/Lang"] == "es"
    text = paper.pages[0].extract_text()
    assert "Soldadura" in text and "Cómo lograrlo" not in text and "Decir que algo está mal" in text
    assert len(paper.pages) == 2


def test_an_appeal_reaches_the_list_and_must_be_answered() -> None:
    here = World()
    browser = signed_in(here.member)
    address = f"/me/fits/{here.program.code}/wrong/"
    assert browser.post(address, {"about": "date", "words": ""}).status_code == 409
    assert browser.post(address, {"about": "date", "words": "I leave in May"}).status_code == 302
    made = SeatAppeal.objects.get(participant=here.me)
    assert made.due_on > made.made_on and made.entered_by == here.member.person_name
    assert browser.post(address, {"about": "date", "words": "Again"}).status_code == 409
    staff = signed_in(here.staff)
    assert here.me.last_name in staff.get("/staff/appeals/").content.decode()
    assert here.me.last_name in staff.get("/staff/today/").content.decode()
    link = f"/staff/appeals/{made.code}/"
    assert "I leave in May" in staff.get(link).content.decode()
    assert staff.post(link, {"outcome": "corrected", "answer": "no"}).status_code == 200
    assert (
        staff.post(link, {"outcome": "corrected", "answer": "The date is corrected now."}).status_code == 302
    )
    assert "The date is corrected now." in browser.get("/me/fits/").content.decode()
    with acting(here.staff) as by, pytest.raises(Refused):
        appeals.answer(by=by, appeal=made, outcome="stands", answer="A second answer")


def test_nobody_answers_their_own_appeal_or_sees_anothers() -> None:
    here = World()
    other: Membership = make.member(RoleName.PARTICIPANT, participant=make.participant(here.facility))
    with acting(here.member) as by:
        made = appeals.appeal(
            by=by, participant=here.me, program=here.program, about="rule", words="Not fair"
        )
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            SeatAppeal.objects.filter(pk=made.pk).update(outcome="corrected")
    with acting(other):
        assert not SeatAppeal.objects.exists()


def test_an_appeal_from_paper_is_entered_by_staff() -> None:
    here = World()
    staff = signed_in(here.staff)
    sent = {"participant": here.me.code, "program": here.program.code, "about": "need", "words": "I need it"}
    assert staff.post("/staff/appeals/paper/", {**sent, "participant": "ZZZZ"}).status_code == 200
    assert staff.post("/staff/appeals/paper/", sent).status_code == 302
    assert SeatAppeal.objects.get().entered_by == here.staff.person_name


def test_all_kinds_of_answers_have_a_heading() -> None:
    kinds = {"fits" if state == "no_seat" else str(state) for state in telling.State} | {"line"}
    assert kinds == set(slips.headings())
    assert list(itertools.islice(slips.headings(), 2)) == ["seat", "line"]


def test_a_clash_is_told_by_name_and_matches_what_booking_finds() -> None:
    """The page finds clashes for all groups at once; booking asks group by group. Both find the same."""
    here = World()
    other = here.run(make.program(make.organization(), name="Choir", name_es="Coro"))
    make.enrollment(here.me, other)
    Call.objects.create(
        participant=here.me, label="Court", starts_at=here.facility.at(TODAY + 4 * DAY, dt.time(8)),
        ends_at=here.facility.at(TODAY + 6 * DAY, dt.time(8)),
    )  # fmt: skip
    make.session(here.cohort, TODAY + 5 * DAY)
    with acting(here.staff):
        by_cohort = clashes_of(here.cohort, [here.me.pk])[here.me.pk]
    told_now = here.told()
    assert {clash.label for clash in by_cohort} == {"Choir", "Court"}
    assert told_now.missing[0].what == "It is at the same time as this: Choir, Court."
    with translation.override("es"):
        assert "Coro, Court" in here.told().missing[0].what
