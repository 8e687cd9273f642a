"""Partnerships in every stage: who is being vetted, what waits on whom, proposals on their way, papers that end."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from throughgate.demo.making import Build, save
from throughgate.partners.models import (
    Agreement,
    AgreementKind,
    AgreementState,
    Document,
    DocumentState,
    ItemState,
    Letter,
    Organization,
    OrganizationKind,
    OrganizationStatus,
    Outcome,
    Proposal,
    ProposalEvent,
    ProposalState,
    ProposalStep,
    Side,
    StageChange,
    StepState,
    Vetting,
    VettingItem,
    WishedTime,
)
from throughgate.policies import queries as policies

K, S = OrganizationKind, OrganizationStatus
DANA = "Dana Whitfield"
# key: kind, name, stage, words about it.
COMING: dict[str, tuple[str, str, str, str]] = {
    "tinwhistle": (K.NONPROFIT, "Tin Whistle Reading Circle", S.VETTING, "Novels read aloud, a chapter a week."),
    "bicycles": (K.NONPROFIT, "Spoke and Wheel Workshop", S.APPROVED, "Bicycles mended inside, ridden outside."),
    "lanterns": (K.FAITH, "Lanterns on the Pier", S.SUSPENDED, "Candlelight evenings; paused while they move."),
    "quickfix": (K.OTHER, "Quickfix Seminars", S.DECLINED, "One-day seminars for a fee."),
    "harborchess": (K.ARTS, "Harbor Chess Friends", S.ENDED, "Chess on Sundays, for eleven years."),
}  # fmt: skip
# partner: (title, in Spanish, what it is, chain, state, approved steps, open steps, days open)
PROPOSALS: dict[str, tuple[str, str, str, str, str, tuple[str, ...], tuple[str, ...], int]] = {
    "plainspoken": ("Talking it through, evenings", "Hablarlo, por la tarde", "An evening group on choices, for men who"
                    " work by day.", "standard", "review", (), ("education", "health"), 4),
    "strings": ("Guitar for beginners", "Guitarra para principiantes", "Twelve loaned guitars and a first song.",
                "light", "review", (), ("security",), 6),
    "table": ("Knife skills and soups", "Cuchillo y sopas", "A first kitchen certificate in eight weeks.", "standard",
              "review", ("education", "health", "security"), ("warden",), 2),
    "pccc": ("Associate degree, second cohort", "Grado asociado, segundo grupo", "Sixty credits to a degree, with"
             " Pell grants.", "pell-pep", "review",
             ("education", "security", "oversight"), ("accreditor", "state"), 40),
    "marea": ("Mothers' letters", "Cartas de madres", "Letters and small books for children at home.", "", "offered",
              (), (), 3),
    "tideline": ("A play by spring", "Una obra en primavera", "Written, built and played by those who act.",
                 "light", "returned", (), (), 9),
}  # fmt: skip
DECIDERS = {
    "education": "Grace Tran",
    "health": "Amara Boateng",
    "security": "Helen Stroud",
    "oversight": "Louise Hargrove",
}


def make(build: Build) -> None:
    """Write organizations of every stage, their papers, proposals on their way, and a thread."""
    organizations = {key: _organization(build, key) for key in COMING}
    save(organizations.values())
    build.partners.organizations.update(organizations)
    save(
        StageChange(organization=row, before=before, after=after, changed_by=DANA)
        for key, row in organizations.items()
        for before, after in _way(COMING[key][2])
    )
    for key in ("tinwhistle", "bicycles"):
        _vetting(build, organizations[key])
    _papers(build)
    _agreement(build, organizations["bicycles"])
    for key in PROPOSALS:
        _proposal(build, key)
    _thread(build)


def _way(stage: str) -> list[tuple[str, str]]:
    whole = [S.LISTED, S.VETTING, S.APPROVED, S.ACTIVE, S.SUSPENDED]
    if stage in {S.VETTING, S.APPROVED, S.SUSPENDED}:
        steps = whole[: whole.index(S(stage)) + 1]
    elif stage == S.DECLINED:
        steps = [S.LISTED, S.VETTING, S.DECLINED]
    else:
        steps = [*whole[:4], S.ENDED]
    return [(str(before), str(after)) for before, after in itertools.pairwise(steps)]


def _organization(build: Build, key: str) -> Organization:
    kind, name, stage, words = COMING[key]
    return Organization(
        code=build.code(),
        name=name,
        kind=kind,
        status=stage,
        listed=stage == S.SUSPENDED,
        description=f"{words} Invented for the demonstration.",
        email=f"hello@{key}.example",
        source="demonstration",
        source_id=key,
    )


def _vetting(build: Build, row: Organization) -> None:
    place = build.places.facilities["R"]
    pack = policies.vetting(place.jurisdiction, build.today)
    open_ = row.status == S.VETTING
    began = build.day(-12 if open_ else -60)
    vetting = Vetting(
        code=build.code(),
        organization=row,
        facility=place,
        contact_name="Ada Finch" if open_ else "Jonah Pell",
        contact_email="ada.finch@tinwhistle.example" if open_ else "jonah@bicycles.example",
        rules=pack.id,
        began_on=began,
        began_by=DANA,
        decide_by=began + dt.timedelta(days=pack.data.decide_days),
        outcome=Outcome.OPEN if open_ else Outcome.APPROVED,
        decided_on=None if open_ else build.day(-20),
        decided_by="" if open_ else DANA,
    )
    save([vetting])
    settled = {"registration", "exclusions", "conflicts"}
    items = []
    for number, item in enumerate(pack.data.checklist(row.kind), 1):
        done = item.before == "approval" and (not open_ or item.code in settled)
        waived = not open_ and item.code == "finances"
        state = ItemState.WAIVED if waived else ItemState.DONE if done else ItemState.TODO
        if item.before == "start":
            state = ItemState.NOT_DUE
        decided = state in {ItemState.DONE, ItemState.WAIVED}
        day = build.day(-9 if open_ else -25)
        items.append(
            VettingItem(
                code=build.code(),
                vetting=vetting,
                item=item.code,
                position=number,
                state=state,
                words="The city pays for it." if waived else "Seen, and copied to the file." if done else "",
                decided_on=day if decided else None,
                decided_by=DANA if decided else "",
                valid_until=item.until(day) if state == ItemState.DONE else None,
            )
        )
    save(items)


def _papers(build: Build) -> None:
    """key, kind, state, days until it ends (or, asked for, until it is needed)."""
    wanted = (
        ("tinwhistle", "insurance", DocumentState.ASKED, 5),
        ("tinwhistle", "safeguarding", DocumentState.SENT, 700),
        ("plainspoken", "insurance", DocumentState.ACCEPTED, 25),
        ("plainspoken", "safeguarding", DocumentState.ACCEPTED, 400),
        ("bayline", "licence", DocumentState.ACCEPTED, 58),
        ("strings", "insurance", DocumentState.ACCEPTED, -6),
        ("pccc", "accreditation", DocumentState.ACCEPTED, 900),
        ("bicycles", "insurance", DocumentState.ACCEPTED, 310),
    )
    rows = []
    for key, kind, state, days in wanted:
        accepted = state == DocumentState.ACCEPTED
        asked = state == DocumentState.ASKED
        rows.append(
            Document(
                code=build.code(),
                organization=build.partners.organizations[key],
                kind=kind,
                state=state,
                asked_on=build.day(-9) if not accepted else None,
                asked_by=DANA if not accepted else "",
                asked_words="" if accepted else "A copy is enough; its last day must be readable.",
                needed_by=build.day(days) if asked else None,
                sent_on=None if asked else build.day(-3),
                sent_by="" if asked else "the organization",
                paper_at="Folder in the coordinator's office" if accepted else "",
                decided_on=build.day(-2) if accepted else None,
                decided_by=DANA if accepted else "",
                valid_from=None if asked else build.day(min(days, 0) - 365),
                valid_until=None if asked else build.day(days),
            )
        )
    save(rows)


def _agreement(build: Build, row: Organization) -> None:
    """One that waits for the organization's signature."""
    made = Agreement(
        code=build.code(),
        organization=row,
        kind=AgreementKind.MOU,
        title="Bicycle workshop at Ridgeway",
        state=AgreementState.SIGNING,
        parties=f"{row.name} and Harbor State Corrections",
        terms="The workshop brings tools and teaches.\nThe facility gives the room, keeps the tools and counts them.",
        valid=DateRange(build.day(14), build.day(379)),
        signed_by_us="",
    )
    save([made])
    made.facilities.set([build.places.facilities["R"]])


def _proposal(build: Build, key: str) -> None:
    title, spanish, words, chain, state, approved, open_, days = PROPOSALS[key]
    place = build.places.facilities["R"]
    pack = policies.proposals(place.jurisdiction, build.today)
    facts: dict[str, Any] = {}
    if state != ProposalState.OFFERED:
        facts = {
            "whom": "Adults with at least four months to go",
            "dose_hours": 24,
            "group_min": 4,
            "group_max": 12,
            "weeks": 12,
            "curriculum": "Own curriculum, version 2",
            "leaders": "Two leaders, both trained by us",
            "materials": "Paper and pencils",
            "space": "A room with tables",
            "measures": "Attendance, and what people say at the end",
        }
    row = Proposal(
        code=build.code(),
        organization=build.partners.organizations[key],
        facility=place,
        state=state,
        title=title,
        title_es=spanish,
        summary=words,
        needs=["education"],
        rules=pack.id,
        chain=chain,
        due_on=build.day(11) if state in {"offered", "returned"} else None,
        submitted_on=None if state == ProposalState.OFFERED else build.day(-days),
        **facts,
    )
    save([row])
    save([WishedTime(proposal=row, weekday=2, starts=dt.time(18), ends=dt.time(20))])
    steps, events = [], [("offered", "", "the organization", "")]
    if chain:
        events += [("taken_up", "", DANA, ""), ("submitted", "", "the organization", "")]
        for number, step in enumerate(pack.data.chains[chain].steps.values(), 1):
            decided = step.code in approved
            asked = state == ProposalState.RETURNED and number == 1
            stands = (
                StepState.APPROVED if decided else StepState.OPEN if step.code in open_ else StepState.WAITING
            )
            if asked:
                stands = StepState.RETURNED
                events.append(("returned", step.code, "Helen Stroud", "Which tools stay overnight?"))
            if decided:
                events.append(("approved", step.code, DECIDERS[step.code], ""))
            since = build.day(-days)
            steps.append(
                ProposalStep(
                    code=build.code(),
                    proposal=row,
                    facility=place,
                    step=step.code,
                    stage=step.stage,
                    position=number,
                    roles=list(step.roles),
                    days=step.days,
                    after_months=step.after_months,
                    state=stands,
                    opened_on=since if stands != StepState.WAITING else None,
                    due_on=since + dt.timedelta(days=step.days) if stands == StepState.OPEN else None,
                    decided_on=since if decided or asked else None,
                    decided_by=DECIDERS[step.code] if decided else "Helen Stroud" if asked else "",
                    words="Which tools stay overnight?" if asked else "",
                    checked=list(step.checks) if decided else [],
                )
            )
    save(steps)
    save(
        ProposalEvent(proposal=row, what=what, step=step, by=by, words=said)
        for what, step, by, said in events
    )


def _thread(build: Build) -> None:
    place, row = build.places.facilities["R"], build.partners.organizations["plainspoken"]
    said = (
        (Side.THEM, "Joanna Reyes", "Could the evening group have the room beside the chapel?", True),
        (Side.US, DANA, "It is free on Wednesdays. Put it into the proposal, then security sees it.", True),
        (Side.THEM, "Joanna Reyes", "Done. Who looks at it next?", False),
    )
    save(
        Letter(
            code=build.code(),
            organization=row,
            facility=place,
            side=side,
            by=by,
            words=words,
            read_at=timezone.now() if read else None,
        )
        for side, by, words, read in said
    )
