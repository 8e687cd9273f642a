"""A new organization's whole way through the pages, each step by the one whose step it is, and nothing by hand."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pypdf import PdfReader

import factories as make
from acting import signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.outbox.models import Message
from throughgate.partners.models import Agreement, Document, Organization, Proposal, ProposalStep, Vetting
from throughgate.places.models import Facility
from throughgate.programs.models import Cohort, Program

pytestmark = pytest.mark.django_db
# The facilities' own day: at night it is still the day before there.
TODAY = dt.datetime.now(ZoneInfo("America/New_York")).date()
DAY = dt.timedelta(days=1)
NAME = "Tin Whistle Reading Circle"


def sent(browser: Client, url: str, **data: Any) -> str:
    """Send a form and follow it; gives the page. A form that comes back with errors fails here."""
    answer = browser.post(url, data, follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200, (url, re.sub(r"<[^>]+>|\s+", " ", text)[:1500])
    assert answer.redirect_chain or "/l/" in url, (url, re.sub(r"<[^>]+>|\s+", " ", text)[-2500:])
    return text


def seen(browser: Client, url: str, *words: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    text = answer.content.decode()
    for each in words:
        assert each in text, (url, each)
    return text


def begun(coordinator: Client) -> tuple[Organization, Membership]:
    """An organization taken on for vetting by its coordinator, and the contact who may sign in now."""
    sent(
        coordinator, "/staff/partners/vetting/", name=NAME, kind="nonprofit", description="We read.",
        contact_name="Ada Finch", contact_email="ada@example.org",
    )  # fmt: skip
    with scope.system("look"):
        org = Organization.objects.get(name=NAME)
        return org, Membership.objects.select_related("user").get(organization=org)


def link_in(template: str) -> str:
    """The path of the link in the newest message of a template."""
    with scope.system("look"):
        row = Message.objects.filter(template=template).order_by("-pk")[0]
    return re.sub(r"^https?://[^/]+", "", row.data["link"])


def test_from_taken_on_to_a_group_with_its_times() -> None:
    here: Facility = make.facility()
    room = make.room(here)
    staff = {
        role.value: signed_in(make.member(role, facility=here))
        for role in (
            RoleName.COORDINATOR, RoleName.EDUCATION, RoleName.HEALTH, RoleName.CAPTAIN, RoleName.WARDEN,
        )
    }  # fmt: skip
    coordinator = staff["coordinator"]
    org, member = begun(coordinator)
    lead = signed_in(member)
    seen(lead, "/partner/organization/", "Liability insurance is in force", "Being vetted")
    page = f"/staff/partners/{org.code}/"

    # A document by link, without an account.
    sent(coordinator, page + "documents/ask/", kind="insurance", words="With its last day.")
    link = link_in("partner_document")
    stranger = Client()
    seen(stranger, link, "With its last day.", "Liability insurance")
    lie = SimpleUploadedFile("paper.pdf", b"MZ\x90\x00 not a paper", "application/pdf")
    assert stranger.post(link, {"file": lie}).status_code == 409
    paper = SimpleUploadedFile("paper.txt", b"Certificate 7 holds until spring.", "text/plain")
    until = (TODAY + 200 * DAY).isoformat()
    assert "Thank you" in sent(stranger, link, title="Certificate 7", valid_until=until, file=paper)
    assert stranger.get(link).status_code == 410
    with scope.system("look"):
        document = Document.objects.get()
    assert (document.state, document.file_name) == ("sent", "paper.txt")
    seen(coordinator, page + f"documents/{document.code}/", "Certificate 7", "paper.txt")
    assert b"Certificate 7" in coordinator.get(page + f"documents/{document.code}/file/").content
    assert b"Certificate 7" in lead.get(f"/partner/documents/{document.code}/file/").content
    sent(coordinator, page + f"documents/{document.code}/", choice="accept", valid_until=until)
    seen(lead, "/partner/organization/", "In force")

    # The list, and the decision.
    with scope.system("look"):
        items = list(Vetting.objects.get().items.all())
    for item in items:
        proof = {"document": document.code} if item.item == "insurance" else {}
        sent(
            coordinator,
            page + f"vetting/{item.code}/",
            state="done",
            words="seen",
            on=TODAY.isoformat(),
            **proof,
        )
    seen(coordinator, page + "vetting/", "10 of 10 settled" if len(items) == 10 else "settled")
    sent(coordinator, page + "stage/approved/", words="Welcome.")
    seen(lead, "/partner/organization/", "Approved", "Welcome.")

    # The agreement: drafted, signed by link and for the agency.
    sent(
        coordinator, page + "agreements/new/", kind="mou", title="Reading at our house", parties="We and they",
        terms="They read.\nWe open the door.", facilities=[here.pk], programs="Reading circle",
        first=TODAY.isoformat(), until=(TODAY + 90 * DAY).isoformat(), notice_days=30,
    )  # fmt: skip
    with scope.system("look"):
        agreement = Agreement.objects.get()
    at = page + f"agreements/{agreement.code}/"
    assert lead.get(f"/partner/agreements/{agreement.code}/").status_code == 404  # a draft is ours
    sent(coordinator, at + "send/", email="")
    link = link_in("partner_agreement")
    seen(stranger, link, "We open the door.")
    assert "Thank you" not in stranger.post(link, {"name": "Ada Finch", "office": "Chair"}).content.decode()
    sent(stranger, link, name="Ada Finch", office="Chair", agree="on")
    assert stranger.get(link).status_code == 410
    sent(
        coordinator,
        at + "sign/",
        side="us",
        name="L. Hargrove",
        office="Deputy",
        on=TODAY.isoformat(),
        how="paper",
    )
    seen(coordinator, at, "Ada Finch", "Ends soon")
    printed = lead.get(f"/partner/agreements/{agreement.code}/print/")
    words = "".join(each.extract_text() for each in PdfReader(io.BytesIO(printed.content)).pages)
    assert "We open the door." in words and "Ada Finch" in words
    sent(coordinator, page + "stage/active/", words="")

    # The offer, the proposal, its approvals.
    times = {
        "t-TOTAL_FORMS": "1",
        "t-INITIAL_FORMS": "0",
        "t-0-weekday": "1",
        "t-0-starts": "13:00",
        "t-0-ends": "15:00",
    }
    sent(
        lead, "/partner/offers/new/", facility=here.code, title="Reading circle", summary="We read.", **times
    )
    with scope.system("look"):
        proposal = Proposal.objects.get()
    mine, theirs = f"/partner/offers/{proposal.code}/", f"/staff/proposals/{proposal.code}/"
    sent(coordinator, theirs + "answer/", choice="take", chain="standard")
    sent(
        lead, mine + "edit/", title="Reading circle", summary="We read.", whom="Men who read", needs=["education"],
        dose_hours="24", group_min="3", group_max="12", curriculum="Version 1", leaders="Ada", materials="Books",
        space="A room", measures="They read on", **{**times, "t-INITIAL_FORMS": "1"},
    )  # fmt: skip
    sent(lead, mine + "send/")
    checks = {
        "education": ["need", "curriculum", "clash"], "health": ["treatment", "confidential"],
        "captain": ["space", "materials", "cover"], "warden": ["whole"],
    }  # fmt: skip
    for role, checked in checks.items():
        seen(staff[role], "/staff/proposals/", "Reading circle")
        seen(staff[role], theirs, "Decide")
        with scope.system("look"):
            step = ProposalStep.objects.get(proposal=proposal, roles__contains=[role])
        sent(staff[role], theirs + f"steps/{step.code}/", choice="approved", checked=checked)
    seen(lead, mine, "Approved")
    sent(
        coordinator, theirs + "program/", starts_on=TODAY.isoformat(), ends_on=(TODAY + 60 * DAY).isoformat(),
        capacity="12", room=str(room.pk), needs_officer="on",
    )  # fmt: skip
    with scope.system("look"):
        cohort = Cohort.objects.select_related("program").get()
        assert (cohort.program.name, cohort.agreement_id, cohort.slots.count()) == (
            "Reading circle",
            agreement.pk,
            1,
        )
    seen(coordinator, page, "Working with us", "Reading circle", "Became a program")
    seen(lead, "/partner/offers/", "Reading circle")
    seen(coordinator, "/staff/partners/waiting/", "Renew: Reading at our house")


def test_messages_go_to_and_fro_and_say_when_they_are_read() -> None:
    here = make.facility()
    coordinator = signed_in(make.member(RoleName.COORDINATOR, facility=here))
    org, member = begun(coordinator)
    lead = signed_in(member)
    seen(lead, "/partner/messages/", here.name)
    sent(lead, f"/partner/messages/{here.code}/", words="When do you look at it?")
    seen(coordinator, "/staff/partners/waiting/", "Read a new message")
    seen(coordinator, f"/staff/partners/{org.code}/messages/", "When do you look at it?", "I have read them")
    sent(coordinator, f"/staff/partners/{org.code}/messages/", words="On Monday.")
    assert "not read yet" in seen(lead, f"/partner/messages/{here.code}/", "On Monday.")
    sent(lead, f"/partner/messages/{here.code}/read/")
    assert "not read yet" not in seen(coordinator, f"/staff/partners/{org.code}/messages/", "On Monday.")


def test_a_team_is_invited_and_handed_over_and_a_profile_is_their_own() -> None:
    org = make.organization()
    boss = make.member(RoleName.PARTNER_LEAD, organization=org)
    lead = signed_in(boss)
    sent(lead, "/partner/team/invite/", name="Ben Ash", email="ben@example.org", role="partner_staff")
    seen(lead, "/partner/team/", "Ben Ash", "Hand over")
    with scope.system("look"):
        ben = Membership.objects.select_related("user").get(person_name="Ben Ash")
    colleague = signed_in(ben)
    for url in ("/partner/team/invite/", "/partner/offers/new/", "/partner/organization/profile/"):
        assert colleague.get(url).status_code == 403
    sent(lead, "/partner/organization/profile/", description="We read aloud.", email="us@example.org")
    seen(lead, "/partner/organization/", "We read aloud.")
    sent(
        lead,
        f"/partner/team/{ben.code}/hand-over/",
        name="Cleo Ray",
        email="cleo@example.org",
        reason="moved on",
    )
    assert colleague.get("/partner/").status_code == 302
    page = seen(lead, "/partner/team/", "Cleo Ray")
    assert "Ben Ash" not in page.split("<main")[1].split("</main")[0].replace("Handed over. Ben Ash", "")


def test_pages_of_another_organization_are_not_there() -> None:
    here = make.facility()
    coordinator = signed_in(make.member(RoleName.COORDINATOR, facility=here))
    org, _member = begun(coordinator)
    sent(coordinator, f"/staff/partners/{org.code}/documents/ask/", kind="insurance")
    with scope.system("arrange"):
        document = Document.objects.get()
        agreement = make.agreement(org, here)
        proposal = Proposal.objects.create(organization=org, facility=here, title="T", summary="S", rules="")
    stranger = signed_in(make.member(RoleName.PARTNER_LEAD, organization=make.organization()))
    elsewhere = signed_in(make.member(RoleName.COORDINATOR, facility=make.facility()))
    for url in (
        f"/partner/documents/{document.code}/",
        f"/partner/documents/{document.code}/file/",
        f"/partner/agreements/{agreement.code}/",
        f"/partner/agreements/{agreement.code}/print/",
        f"/partner/offers/{proposal.code}/",
        f"/partner/offers/{proposal.code}/edit/",
        f"/partner/offers/{proposal.code}/send/",
    ):
        assert stranger.get(url).status_code == 404, url
    assert NAME not in stranger.get("/partner/").content.decode()
    assert Client().get(f"/directory/{org.code}/").status_code == 404
    assert elsewhere.get(f"/staff/proposals/{proposal.code}/").status_code == 404
    answer = elsewhere.post(f"/staff/partners/{org.code}/stage/ended/", {"words": "no"})
    assert answer.status_code == 403
    assert Program.objects.count() == 0
