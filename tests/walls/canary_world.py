"""One participant with an unmistakable value in every sensitive field, people around, and everyone who may look.

A canary is a word that nothing else could produce. Each is planted with the kind of fact it stands for, and
:func:`may_see` says, from the roles and relationships alone, who may ever find it in an answer.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone
from pypdf import PdfReader

import factories as make
from acting import acting
from throughgate.access.models import Blocked, BreakGlass, Membership
from throughgate.access.permissions import Permission
from throughgate.access.roles import ROLES, RoleName
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience
from throughgate.base.uploads import models as uploads
from throughgate.demo import outcomes as outcomes_demo
from throughgate.mentoring import models as mentoring
from throughgate.outcomes import models as outcomes
from throughgate.outcomes import publishing
from throughgate.partners import models as partners
from throughgate.people import models as people
from throughgate.places.models import RegimePeriod, RegimeReason
from throughgate.policies.queries import publishing as publishing_rules
from throughgate.programs import models as programs
from throughgate.stories import models as stories
from throughgate.visitors.models import (
    Clearance,
    ClearanceNote,
    Conflict,
    Reference,
    ReferenceAnswer,
    Step,
    VisitorKeepApart,
)

DAY = dt.timedelta(days=1)


class Kind(Enum):
    """What a canary tells, and so who may read it."""

    NAME = auto()  # names, numbers, cell, access needs: the operational tier
    RESTRICTED = auto()  # profile, needs, dates, stays, the waitlist, places, credit
    STAFF_ONLY = auto()  # restricted, and not for the person's own page
    ATTENDANCE = auto()
    CONSENT = auto()  # what was agreed with the organization that teaches the person
    KEEP_APART = auto()
    CLEARANCE = auto()  # why security decided so about a visitor
    REFERENCE = auto()  # what referees wrote about an applicant
    REGIME = auto()  # why security really restricted the regime
    REVIEW = auto()  # blocks and emergency access
    DECISION = auto()  # why a proposed seat was declined or given to somebody else
    JUSTICE = auto()  # what became of people, row by row, and what partners wrote about whom they served
    ENQUIRY = auto()  # what those who want to help wrote, and what staff noted about it
    VETTING = auto()  # why an organization was not taken on; for every facility's keepers of partners
    SYSTEM = auto()  # what the system alone keeps; nobody finds it anywhere
    CONCERN = auto()  # what a mentor or a participant is worried about


@dataclass(frozen=True)
class Canary:
    """A value to look for, whom it is about, and what kind of fact it is."""

    label: str
    about: str
    kind: Kind
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Viewer:
    """Somebody who asks for every address. ``place`` and ``who`` are the relationship to the target."""

    label: str
    role: RoleName | None
    membership: Membership | None
    relation: str

    @property
    def audience(self) -> Audience:
        return ROLES[self.role].audience if self.role else Audience.PUBLIC

    def has(self, *wanted: Permission) -> bool:
        return self.role is not None and any(each in ROLES[self.role].permissions for each in wanted)


PERMISSIONS = {
    Kind.NAME: (Permission.VIEW_PEOPLE,),
    Kind.RESTRICTED: (Permission.VIEW_RESTRICTED,),
    Kind.STAFF_ONLY: (Permission.VIEW_RESTRICTED,),
    Kind.CONSENT: (Permission.VIEW_RESTRICTED,),
    Kind.ATTENDANCE: (Permission.VIEW_RESTRICTED, Permission.MARK_ATTENDANCE),
    Kind.KEEP_APART: (Permission.VIEW_KEEP_APART,),
    Kind.CLEARANCE: (Permission.EDIT_KEEP_APART,),
    Kind.REFERENCE: (Permission.MANAGE_VISITORS,),
    Kind.REGIME: (Permission.DECLARE_REGIME,),
    Kind.REVIEW: (Permission.REVIEW_ACCESS,),
    Kind.DECISION: (Permission.VIEW_RESTRICTED,),
    Kind.JUSTICE: (Permission.EVALUATE,),
    Kind.CONCERN: (Permission.MANAGE_VISITORS,),
    Kind.ENQUIRY: (Permission.MANAGE_PARTNERS,),
    Kind.VETTING: (Permission.MANAGE_PARTNERS,),
    Kind.SYSTEM: (),
}
OWN = {Kind.NAME, Kind.RESTRICTED, Kind.ATTENDANCE, Kind.CONSENT}
TAUGHT = {Kind.NAME, Kind.ATTENDANCE, Kind.CONSENT}


def may_see(viewer: Viewer, canary: Canary) -> bool:
    """The whole matrix: staff of the facility by permission, the teaching partner, the person; nobody else."""
    if viewer.audience == Audience.STAFF:
        if canary.kind == Kind.VETTING:
            return viewer.has(*PERMISSIONS[canary.kind])
        return viewer.relation == "here" and viewer.has(*PERMISSIONS[canary.kind])
    if viewer.audience == Audience.PARTNER:
        taught = {"teaches": "target", "other": "neighbor"}.get(viewer.relation)
        return canary.about == taught and canary.kind in TAUGHT
    if viewer.audience == Audience.PARTICIPANT:
        return viewer.relation == "self" and canary.about == "target" and canary.kind in OWN
    if viewer.audience == Audience.AUDITOR:
        return canary.kind == Kind.DECISION
    return False


@dataclass
class World:
    """The planted facts: canaries, codes by the word that stands before them in an address, and viewers."""

    canaries: list[Canary] = field(default_factory=list)
    planted: set[tuple[str, str]] = field(default_factory=set)
    codes: dict[str, list[str]] = field(default_factory=dict)
    viewers: list[Viewer] = field(default_factory=list)
    target_id: int = 0
    facility: Any = None
    organization: Any = None
    session: Any = None
    past: Any = None

    def plant(self, where: str, kind: Kind, about: str = "target", longest: int = 0) -> str:
        """A new canary for ``app.Model.field``; the word to write there."""
        app, model, column = where.split(".")
        word = f"Qz{column.replace('_', '')}{len(self.canaries)}zq"
        if longest and len(word) > longest:
            word = f"Qz{len(self.canaries)}zq"
        self.planted.add((f"{app}.{model}", column))
        self.canaries.append(Canary(where, about, kind, re.compile(word.lower())))
        return word

    def plant_day(self, where: str, kind: Kind, day: dt.date) -> dt.date:
        """A day that nothing else has, in any of the ways a day is written."""
        app, model, column = where.split(".")
        month = f"{day:%b}".lower() + "[a-z]*\\.?"
        forms = f"{day.isoformat()}|{day.day}{month},?{day.year}|{month}{day.day},?{day.year}"
        self.planted.add((f"{app}.{model}", column))
        self.canaries.append(Canary(where, "target", kind, re.compile(forms)))
        return day

    def found_in(self, text: str) -> list[Canary]:
        """Which canaries stand in a text; line breaks and spacing of PDFs do not hide them."""
        squeezed = re.sub(r"[\s\u00ad\u200b]+", "", text).lower()
        if not self.any_of.search(squeezed):
            return []
        return [canary for canary in self.canaries if canary.pattern.search(squeezed)]

    @cached_property
    def any_of(self) -> re.Pattern[str]:
        """All patterns at once: most answers hold none, and are done with one search."""
        return re.compile("|".join(canary.pattern.pattern for canary in self.canaries))


def words_of(response: Any) -> str:
    """Everything that an answer says: body, PDF text, headers."""
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    head = " ".join(f"{name}: {value}" for name, value in response.headers.items())
    if raw.startswith(b"%PDF"):
        pages = PdfReader(io.BytesIO(raw)).pages
        return head + " ".join(page.extract_text() for page in pages)
    return head + raw.decode(errors="replace")


def build() -> World:
    """Plant everything. Runs as the system, in the caller's transaction."""
    world = World()
    place, elsewhere = make.facility(), make.facility()
    org, other_org = make.organization(email="office@partner.example"), make.organization()
    make.agreement(org, place)
    unit, room = make.unit(place), make.room(place)
    program = make.program(org)
    group = make.cohort(place, program, room=room)
    past = make.session(group, place.today() - DAY)
    coming = make.session(group, place.today() + DAY)
    leader = make.visitor(place, organization=org, email="leader@partner.example")
    programs.Facilitator.objects.create(session=coming, visitor=leader)
    programs.Facilitator.objects.create(session=past, visitor=leader)
    world.facility, world.organization = place, org
    world.session, world.past = coming, past

    target = _person(world, place, "target", unit=unit)
    world.target_id = target.pk
    neighbor = _person(world, place, "neighbor", unit=unit)
    other_group = make.cohort(place, make.program(other_org), room=make.room(place))
    other_coming = make.session(other_group, place.today() + DAY, dt.time(9))
    make.enrollment(neighbor, other_group)
    _facts(world, target, place)
    seat = _places(world, target, group, past, elsewhere)
    orders = _protected(world, target, neighbor, leader, place)
    consent = _consents(world, target, org, other_org)
    _outcomes(world, target, org, place)
    world.codes |= _mentoring(world, target, place)
    world.codes["stories"] = [_story(world, target)]
    world.codes["enquiries"] = [_front_door(world, org, place)]
    viewers(world, place, elsewhere, org, other_org, target, leader)
    message = Message.objects.create(
        key="canary",
        channel="email",
        address="x@example.org",
        template="session_cancelled",
        facility_id=place.pk,
    )
    world.codes |= {
        "sessions": [coming.code, past.code, other_coming.code],
        "roster": [coming.code],
        "people": [target.code, neighbor.code],
        "person": [target.code],
        "programs": [program.code],
        "cohorts": [group.code, other_group.code],
        "places": [seat.code],
        "partners": [org.code],
        "visitors": [leader.code, VisitorKeepApart.objects.get().visitor.code],
        "visitor": [leader.code],
        "clearances": [Clearance.objects.get(visitor=leader).code],
        "facilities": [place.code],
        "messages": [message.code],
        "sharing": [consent.code],
        "consents": [consent.code],
        "agreement": [org.agreements.get().code],
        **orders,
    }
    return world


def _person(world: World, place: Any, about: str, **given: Any) -> people.Participant:
    def name(column: str, longest: int = 0) -> str:
        return world.plant(f"people.Participant.{column}", Kind.NAME, about, longest)

    made = make.participant(
        place,
        first_name=name("first_name"),
        last_name=name("last_name"),
        cell=name("cell", 20),
        **({"preferred_name": name("preferred_name")} if about == "target" else {}),
        **given,
    )
    number = people.Identifier.objects.get(participant=made)
    number.value = world.plant("people.Identifier.value", Kind.NAME, about)
    number.verified_by = world.plant("people.Identifier.verified_by", Kind.NAME, about)
    number.save()
    return made


def _facts(world: World, target: people.Participant, place: Any) -> None:
    restricted = Kind.RESTRICTED
    people.AccessNeed.objects.create(
        participant=target, kind="other", note=world.plant("people.AccessNeed.note", Kind.NAME)
    )
    profile = target.profile
    for column, longest in (
        ("sex", 12),
        ("race_ethnicity", 40),
        ("release_source", 60),
        ("release_unknown_reason", 90),
    ):
        setattr(profile, column, world.plant(f"people.Profile.{column}", restricted, longest=longest))
    profile.birth_date = world.plant_day("people.Profile.birth_date", restricted, dt.date(1931, 2, 3))
    profile.release_on = world.plant_day("people.Profile.release_on", restricted, dt.date(2041, 11, 29))
    profile.last_misconduct_on = world.plant_day(
        "people.Profile.last_misconduct_on", restricted, dt.date(2003, 4, 27)
    )
    profile.save()
    people.Need.objects.create(
        participant=target, domain="work", level=3, as_of=make.TODAY,
        tool=world.plant("people.Need.tool", restricted),
    )  # fmt: skip
    stay = people.Stay.objects.get(participant=target)
    for column in ("reason_in", "reason_out", "source"):
        setattr(stay, column, world.plant(f"people.Stay.{column}", restricted, longest=30))
    stay.save()
    people.ReleaseDate.objects.create(
        participant=target, kind="projected", on=profile.release_on, as_of=make.TODAY,
        source=world.plant("people.ReleaseDate.source", restricted),
    )  # fmt: skip
    people.ReleaseDate.objects.create(
        participant=target, kind="parole", as_of=make.TODAY, source="records",
        unknown_reason=world.plant("people.ReleaseDate.unknown_reason", restricted),
    )  # fmt: skip
    seen = people.Change.objects.create(
        participant=target, facility=place, kind="identity", acknowledged_at=timezone.now(),
        acknowledged_by=world.plant("people.Change.acknowledged_by", Kind.STAFF_ONLY),
        summary="Earlier",
    )  # fmt: skip
    change = people.Change.objects.create(
        participant=target, facility=place, kind="date_moved",
        summary=world.plant("people.Change.summary", Kind.STAFF_ONLY),
    )  # fmt: skip
    world.codes["changes"] = [change.code, seen.code]


def _places(world: World, target: Any, group: Any, past: Any, elsewhere: Any) -> programs.Enrollment:
    def plant(where: str, longest: int = 0, kind: Kind = Kind.RESTRICTED) -> str:
        return world.plant(f"programs.{where}", kind, longest=longest)

    day = past.starts_at.date()
    line = programs.WaitlistEntry.objects.create(
        participant=target, program=make.program(), status="approved", requested_on=day,
        requested_by="self", confirmed_on=day,
        note=plant("WaitlistEntry.note", kind=Kind.RESTRICTED), reason=plant("WaitlistEntry.reason"),
        decided_by=plant("WaitlistEntry.decided_by"), decided_at=timezone.now(),
    )  # fmt: skip
    seat = make.enrollment(
        target, group, enrolled_by=plant("Enrollment.enrolled_by"), override_reason=plant("Enrollment.override_reason")
    )  # fmt: skip
    programs.Call.objects.filter(participant=target).update(enrollment=seat)
    left = make.cohort(group.facility, make.program())
    programs.Enrollment.objects.create(
        participant=target, cohort=left, starts_on=day - 60 * DAY, ends_on=day, ended_on=day - DAY,
        status="ended", end_reason="completed", end_note=plant("Enrollment.end_note"), enrolled_by="x",
    )  # fmt: skip
    programs.Suspension.objects.create(
        enrollment=seat, participant=target, during=(day + 20 * DAY, day + 30 * DAY),
        reason=plant("Suspension.reason", 40), by_name=plant("Suspension.by_name"),
    )  # fmt: skip
    programs.SlotExclusion.objects.create(
        enrollment=seat, participant=target, weekday=6, starts="06:00",
        reason=plant("SlotExclusion.reason"), by_name=plant("SlotExclusion.by_name"),
    )  # fmt: skip
    carried = programs.Continuation.objects.create(
        participant=target, program=group.program, from_facility=elsewhere, to_facility=group.facility,
        kind="hours", detail=plant("Continuation.detail"),
    )  # fmt: skip
    filling = programs.SeatPlan.objects.create(
        facility=group.facility, state="ready", asked_by="x", seed=1, made_at=timezone.now()
    )
    proposed = programs.SeatProposal.objects.create(
        plan=filling, participant=target, cohort=left, status="declined", decided_by="x",
        decided_at=timezone.now(), reason=plant("SeatProposal.reason", kind=Kind.DECISION),
        refusal=plant("SeatProposal.refusal"),
    )  # fmt: skip
    programs.SeatRecord.objects.create(
        plan=filling, data=_decision_record(filling, proposed), sha256="0" * 64
    )
    asked = programs.WhatIf.objects.create(
        facility=group.facility, kind="rooms", name="Closed: A", state="ready", asked_by="x", seed=1,
        change={"rooms": []}, made_at=timezone.now(),
    )  # fmt: skip
    programs.WhatIfEffect.objects.create(what_if=asked, participant=target, gains=False, before=[left.name])
    programs.SeatAnswer.objects.create(plan=filling, participant=target, cohort=left, told=["price"], worth=1)
    appeal = programs.SeatAppeal.objects.create(
        participant=target, program=left.program, about="need", words=plant("SeatAppeal.words"),
        entered_by=plant("SeatAppeal.entered_by"), made_on=day, due_on=day, outcome="stands",
        answer=plant("SeatAppeal.answer"), answered_by=plant("SeatAppeal.answered_by"), answered_at=timezone.now(),
    )  # fmt: skip
    programs.Call.objects.create(
        participant=target,
        label=world.plant("programs.Call.label", Kind.NAME),
        place=world.plant("programs.Call.place", Kind.NAME),
        starts_at=group.facility.at(day + 2 * DAY, dt.time(20)),
        ends_at=group.facility.at(day + 2 * DAY, dt.time(21)),
    )
    _marks(world, target, seat, past)
    world.codes |= {"line": [line.code], "carried": [carried.code], "fill": [filling.code, proposed.code]}
    world.codes |= {"together": [filling.code], "seats": [proposed.code], "what-if": [asked.code]}
    world.codes |= {
        "appeals": [appeal.code],
        "why": [left.code],
        "answers": [target.code],
        "filled": [filling.code],
    }
    return seat


def _decision_record(plan: programs.SeatPlan, seat: programs.SeatProposal) -> dict[str, Any]:
    """What stands in a decision record, as far as its pages look at it."""
    person, group = seat.participant.code, seat.cohort
    return {
        "proposal": plan.code, "for": {"words": group.name}, "seed": 1, "people": 1, "proven_gap": 0.0,
        "input_digest": "0" * 64, "plan_digest": "0" * 64, "weights": {"version": "x v1"},
        "cohorts": [{"code": group.code, "name": group.name, "seats": 1, "price": 0.0}],
        "ledger": [{"cohort": group.code, "person": person, "ticket": 0.5, "seated": True}],
        "seats": [{"seat": seat.code, "person": person, "cohort": group.code}],
    }  # fmt: skip


def _marks(world: World, target: Any, seat: Any, past: Any) -> None:
    def plant(where: str) -> str:
        return world.plant(f"programs.{where}", Kind.ATTENDANCE)

    common = {"participant": target, "session": past, "minutes": 60}
    mark = programs.Attendance.objects.create(
        call=programs.Call.objects.get(participant=target, session=past), code="attended", version=2,
        note=plant("Attendance.note"), marked_by=plant("Attendance.marked_by"), marked_at=timezone.now(),
        pack="attendance/default@1", **common,
    )  # fmt: skip
    programs.AttendanceChange.objects.create(
        attendance=mark, version=1, code="late", note=plant("AttendanceChange.note"), marked_at=timezone.now(),
        marked_by=plant("AttendanceChange.marked_by"), replaced_by=plant("AttendanceChange.replaced_by"),
        why=plant("AttendanceChange.why"), **common,
    )  # fmt: skip
    programs.LedgerLine.objects.create(
        participant=target, enrollment=seat, session=past, kind="hours", quantity=1, on=past.starts_at.date(),
        pack="credit/default@1", attendance_version=2, rule="hours",
        evidence=world.plant("programs.LedgerLine.evidence", Kind.RESTRICTED),
        approved_by=world.plant("programs.LedgerLine.approved_by", Kind.RESTRICTED),
    )  # fmt: skip


def _mentoring(world: World, target: Any, place: Any) -> dict[str, list[str]]:
    """A match with a mentor who is none of the viewers, its meeting, and a concern."""

    def plant(where: str, kind: Kind = Kind.RESTRICTED, longest: int = 0) -> str:
        return world.plant(f"mentoring.{where}", kind, longest=longest)

    wish = mentoring.Wish.objects.create(
        participant=target, asked_on=make.TODAY, kinds=["mentor"], languages=["en"], modes=["letters"],
        region=plant("Wish.region"), boundaries=plant("Wish.boundaries"), asked_by=plant("Wish.asked_by"),
        status="met",
    )  # fmt: skip
    match = mentoring.Match.objects.create(
        visitor=make.visitor(), participant=target, facility=place, kind="mentor", status="ended",
        mentor_known_as=plant("Match.mentor_known_as"), proposed_on=make.TODAY,
        participant_known_as=plant("Match.participant_known_as"), proposed_by=plant("Match.proposed_by"),
        mentor_answer="yes", participant_answer="yes", active_from=make.TODAY - 40 * DAY,
        participant_answer_by=plant("Match.participant_answer_by"), ended_on=make.TODAY, ended_by="x",
        end_reason="time_over", last_meeting="held", thanks=plant("Match.thanks"),
    )  # fmt: skip
    mentoring.Meeting.objects.create(
        match=match, participant=target, on=make.TODAY, minutes=30, mode="letters",
        logged_by=plant("Meeting.logged_by"),
    )  # fmt: skip
    seen = {
        column: plant(f"Concern.{column}", Kind.CONCERN)
        for column in ("text", "raised_by", "seen_by", "done")
    }
    worry = mentoring.Concern.objects.create(
        match=match, facility=place, participant=target, seen_at=timezone.now(), **seen
    )
    return {
        "mentoring": [match.code],
        "matches": [match.code],
        "mentor": [match.code],
        "wishes": [wish.code],
        "concerns": [worry.code],
        "of": [target.code],
    }


def _story(world: World, target: Any) -> str:
    """A story that was written, agreed to, published and taken down again: nothing of it is public."""
    words = {
        name: world.plant(f"stories.Story.{name}", Kind.RESTRICTED)
        for name in ("title", "text", "title_es", "text_es", "own_name", "written_by", "witness")
    }
    ends = {
        name: world.plant(f"stories.Story.{name}", Kind.RESTRICTED)
        for name in ("published_by", "withdrawn_by", "agreed_sha256")
    }
    now = timezone.now()
    return stories.Story.objects.create(
        participant=target, naming="own", agreed_at=now - 3 * DAY, agreed_how="paper",
        published_at=now - 2 * DAY, withdrawn_at=now - DAY, **words, **ends,
    ).code  # fmt: skip


def _front_door(world: World, org: Any, place: Any) -> str:
    """An offer of help with its thread and a file, one that was not sent, and why another was not taken on."""

    def plant(where: str, kind: Kind = Kind.ENQUIRY, longest: int = 0) -> str:
        return world.plant(f"partners.{where}", kind, longest=longest)

    short = {"digits": 20, "application_code": 8}
    columns = (
        *("name", "phone", "organization_name", "summary", "name_key", "domain", "digits", "sender"),
        *("text_key", "reason", "signpost", "application_code", "handled_by"),
    )
    words = {name: plant(f"Enquiry.{name}", longest=short.get(name, 32)) for name in columns}
    enquiry = partners.Enquiry.objects.create(
        kind="organization", status="declined", facility=place, email=f"{plant('Enquiry.email')}@example.org",
        arrived_at=timezone.now(), closed_at=timezone.now(), answers={}, **words,
    )  # fmt: skip
    uploads.Upload.objects.create(
        kind="pdf", size=1, sha256="3" * 64, purpose="enquiry",
        **{
            name: world.plant(f"uploads.Upload.{name}", Kind.SYSTEM)
            for name in ("name", "subject", "given_by")
        },
    )  # fmt: skip
    for direction in ("in", "note"):
        partners.EnquiryMessage.objects.create(
            enquiry=enquiry, direction=direction, body=plant("EnquiryMessage.body"), written_at=timezone.now(),
            written_by=plant("EnquiryMessage.written_by"), upload=plant("EnquiryMessage.upload", longest=8),
            upload_name=plant("EnquiryMessage.upload_name"),
        )  # fmt: skip
    partners.EnquiryDraft.objects.create(
        kind="individual", sender=plant("EnquiryDraft.sender", Kind.SYSTEM), expires_at=timezone.now() + DAY
    )
    vetting = partners.Vetting.objects.create(
        organization=org, facility=place, rules="vetting-default", began_on=make.TODAY, began_by="x",
        decide_by=make.TODAY,
        outcome="declined", decided_on=make.TODAY, decided_by="x",
    )  # fmt: skip
    partners.VettingNote.objects.create(
        vetting=vetting, words=plant("VettingNote.words", Kind.VETTING),
        written_by=plant("VettingNote.written_by", Kind.VETTING),
    )  # fmt: skip
    return enquiry.code


def _protected(world: World, target: Any, neighbor: Any, leader: Any, place: Any) -> dict[str, list[str]]:
    first, second = sorted((target, neighbor), key=lambda each: each.pk)
    order = people.KeepApart.objects.create(
        first=first, second=second, reason="threat", starts_on=make.TODAY,
        note=world.plant("people.KeepApart.note", Kind.KEEP_APART),
        source=world.plant("people.KeepApart.source", Kind.KEEP_APART),
    )  # fmt: skip
    other = make.visitor(place)
    VisitorKeepApart.objects.create(
        visitor=other, participant=target, reason="kin", starts_on=make.TODAY,
        note=world.plant("visitors.VisitorKeepApart.note", Kind.KEEP_APART),
    )  # fmt: skip
    asks = Step.objects.create(
        clearance=Clearance.objects.get(visitor=other), requirement="references", stage="application"
    )
    referee = Reference.objects.create(step=asks, name="R", email="r@example.org", relation="neighbor")
    words = world.plant("visitors.ReferenceAnswer.answers", Kind.REFERENCE)
    ReferenceAnswer.objects.create(reference=referee, answers=[{"question": "Q", "words": words}])
    tie = Conflict.objects.create(
        visitor=other,
        facility=place,
        kind="kin",
        about=world.plant("visitors.Conflict.about", Kind.KEEP_APART),
    )
    ClearanceNote.objects.create(
        clearance=Clearance.objects.get(visitor=leader),
        text=world.plant("visitors.ClearanceNote.text", Kind.CLEARANCE),
    )
    now = timezone.now()
    regime = RegimePeriod.objects.create(
        event=uuid.uuid4(), facility=place, kind="modified", cause="staffing", public_reason="Short staffed",
        during=(now - 3 * DAY, now - 2 * DAY), declared_by="x", first_until=now - 2 * DAY,
    )  # fmt: skip
    RegimeReason.objects.create(regime=regime, text=world.plant("places.RegimeReason.text", Kind.REGIME))
    relative = make.member(RoleName.CASE_MANAGER, facility=place)
    Blocked.objects.create(
        user=relative.user, participant=target, reason=world.plant("access.Blocked.reason", Kind.REVIEW)
    )
    opened = BreakGlass.objects.create(
        user=relative.user, membership=relative, participant=target,
        open=(now - DAY, now - DAY + dt.timedelta(hours=1)),
        reason=world.plant("access.BreakGlass.reason", Kind.REVIEW) + " with a reason that is long enough",
        reviewed_by=world.plant("access.BreakGlass.reviewed_by", Kind.REVIEW), reviewed_at=now,
        finding=world.plant("access.BreakGlass.finding", Kind.REVIEW),
    )  # fmt: skip
    return {
        "apart": [order.code],
        "regimes": [regime.code],
        "reviews": [opened.code],
        "steps": [asks.code],
        "references": [referee.code],
        "conflicts": [tie.code],
    }


def _consents(world: World, target: Any, org: Any, other_org: Any) -> people.Consent:
    made = None
    for partner, kind in ((org, Kind.CONSENT), (other_org, Kind.RESTRICTED)):
        words = {
            column: world.plant(f"people.Consent.{column}", kind, longest=40)
            for column in ("recipient_words", "purpose", "what", "form_version", "witness")
        }
        consent = people.Consent.objects.create(
            participant=target, organization=partner, tier=2, text_sha256="0" * 64, language="en",
            channel="paper", expires_at=timezone.now() + 90 * DAY, **words,
        )  # fmt: skip
        made = made or consent
    assert made is not None
    return made


def _outcomes(world: World, target: Any, org: Any, place: Any) -> None:
    """What became of the person, a roster that names them, and a file of a study."""

    def plant(where: str, longest: int = 0) -> str:
        return world.plant(f"outcomes.{where}", Kind.JUSTICE, longest=longest)

    day = make.TODAY - 30 * DAY
    facts: dict[type[models.Model], dict[str, Any]] = {
        outcomes.JusticeEvent: {"kind": "arrest", "on": day, "nature": "new_crime"},
        outcomes.SupervisionSpell: {
            "kind": "parole", "starts_on": day, "jurisdiction": plant("SupervisionSpell.jurisdiction", 12),
        },
        outcomes.Departure: {"kind": "transfer", "on": day},
        outcomes.PositiveOutcome: {"kind": "housing", "on": day},
    }  # fmt: skip
    for model, given in facts.items():
        name = model.__name__
        model._default_manager.create(
            participant=target, source=plant(f"{name}.source"), source_key=plant(f"{name}.source_key"),
            load_code=plant(f"{name}.load_code", 8), **given,
        )  # fmt: skip
    roster = outcomes.Roster.objects.create(
        organization=org, program_name="x", file_name="x", digest="0" * 64, state="linked", given_by="x",
        facility_ids=[place.pk],
    )  # fmt: skip
    outcomes.RosterRecord.objects.create(
        roster=roster, line=2, participant=target, decision="same", decided_by="x",
        **{name: plant(f"RosterRecord.{name}", 12) for name in ("reference", "first_name", "last_name", "sex")},
    )  # fmt: skip
    study = outcomes.Study.objects.create(title="x", basis="file", made_by="x", facility_ids=[place.pk])
    outcomes.StudyFile.objects.create(
        study=study, size=1,
        **{name: plant(f"StudyFile.{name}", 10) for name in ("file_name", "ending", "digest", "given_by")},
    )  # fmt: skip
    world.codes |= {"rosters": [roster.code], "studies": [study.code]}
    world.codes |= _results(study)


def _results(study: outcomes.Study) -> dict[str, list[str]]:
    """A finished run with the report of the real example, and what of it is public."""
    stored = json.loads(outcomes_demo.REAL.read_text(encoding="utf-8"))
    version = outcomes.StudyVersion.objects.create(
        study=study, number=1, definition=stored["plan"], sha256="1" * 64, made_by="x"
    )
    file = study.files.get()
    file.headings = ["workprg", "durat", "cens"]
    file.save()
    run = outcomes.StudyRun.objects.create(
        study=study, version=version, number=1, state="done", plan_hash="1" * 64, data_digest="2" * 64,
        answer=stored["report"]["verdict"]["answer"], sentence=stored["report"]["verdict"]["sentence"],
        result=stored["report"], asked_by="x",
    )  # fmt: skip
    words = {name: "x" for name in ("title", "program", "event", "compared_with")}
    rules = publishing_rules("default", make.TODAY).data
    content = publishing.content(stored["report"], {"en": words, "es": words}, rules, standing={"runs": 1})
    public = outcomes.Publication.objects.create(
        kind="study", run=run, title="x", content=content, published_by="x"
    )
    return {"reports": [run.code], "results": [public.code], "public": [public.code]}


def viewers(
    world: World, place: Any, elsewhere: Any, org: Any, other_org: Any, target: Any, leader: Any
) -> None:
    """Every role in every relationship to the target."""

    def add(role: RoleName, relation: str, **given: Any) -> None:
        world.viewers.append(Viewer(f"{role}, {relation}", role, make.member(role, **given), relation))

    for role in RoleName:
        audience = ROLES[role].audience
        if audience == Audience.STAFF:
            add(role, "here", facility=place)
            add(role, "elsewhere", facility=elsewhere)
        elif audience == Audience.AUDITOR:
            add(role, "agency", agency_wide=True)
        elif audience == Audience.PARTNER:
            add(role, "teaches", organization=org)
            add(role, "other", organization=other_org)
            ended = make.organization()
            finished = make.cohort(place, make.program(ended))
            programs.Enrollment.objects.create(
                participant=target, cohort=finished, organization=ended, starts_on=make.TODAY - 90 * DAY,
                ends_on=make.TODAY, status="ended", ended_on=make.TODAY - DAY, end_reason="completed",
                enrolled_by="x",
            )  # fmt: skip
            add(role, "taught before", organization=ended)
        elif audience == Audience.EMPLOYER:
            add(role, "agency", organization=make.organization())
        elif audience == Audience.VISITOR:
            add(role, "leads", visitor=leader)
            add(role, "other", visitor=make.visitor(elsewhere))
        else:
            add(role, "self", participant=target)
            add(role, "other", participant=make.participant(place))
    world.viewers.append(Viewer("nobody signed in", None, None, "public"))


def free_text(model: type[models.Model]) -> Iterator[str]:
    """The fields of a table that people write words into."""
    for each in model._meta.local_fields:
        if isinstance(each, models.CharField | models.TextField) and not each.choices:
            yield each.name


__all__ = ["Canary", "Kind", "Viewer", "World", "acting", "build", "free_text", "may_see", "words_of"]
