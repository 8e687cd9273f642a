"""Papers of an organization: ask, send, accept, send back, replace."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base import links, saving, scope
from throughgate.base.scope import Audience
from throughgate.base.uploads import actions as uploads
from throughgate.partners.actions.common import DAY, house_rules, keeps, own, refuse, today
from throughgate.partners.models import Document, DocumentState, Organization
from throughgate.partners.notices import tell_leads

S = DocumentState
LINK = "partner document"


@transaction.atomic
def ask_document(
    *,
    by: Actor,
    organization: Organization,
    kind: str,
    needed_by: dt.date | None = None,
    words: str = "",
    replaces: Document | None = None,
) -> Document:
    """Ask an organization for a paper; who leads for it gets a message with a link that needs no account."""
    keeps(by)
    _known(kind)
    if replaces is not None and replaces.organization_id != organization.pk:
        raise refuse("other_organization", _("That document belongs to another organization."))
    if (
        replaces is not None
        and Document.objects.filter(replaces=replaces).exclude(state=S.WITHDRAWN).exists()
    ):
        raise refuse("asked_already", _("A new one was asked for already."))
    day = today()
    if needed_by is not None and needed_by < day:
        raise refuse("past", _("That day is over."), _("Give a day to come."), field="needed_by")
    row = Document(
        organization=organization,
        kind=kind,
        asked_on=day,
        asked_by=by.name,
        asked_words=words.strip(),
        needed_by=needed_by or day + house_rules(day).data.link_days * DAY,
        replaces=replaces,
    )
    saving.save(row)
    _write(row, "asked")
    return row


def _known(kind: str) -> None:
    if kind not in house_rules().data.papers:
        raise refuse("kind_unknown", _("There is no such kind of document."), field="kind")


def _write(row: Document, why: str) -> None:
    """A message with a fresh link; one that went out before no longer opens."""
    pack = house_rules().data
    links.withdraw(purpose=LINK, subject=row.code)
    path = links.offer(purpose=LINK, subject=row.code, days=pack.link_days)
    kind = pack.papers[row.kind].label.by_language
    tell_leads(
        row.organization,
        "partner_document",
        f"partner document {row.code} {why} {today().isoformat()}",
        {
            "organization": row.organization.name,
            "kind_en": kind["en"],
            "kind_es": kind.get("es", kind["en"]),
            "words": row.words if row.state == S.RETURNED else row.asked_words,
            "again": row.state == S.RETURNED,
            "needed_by": row.needed_by.isoformat() if row.needed_by else "",
            "link": links.address(path),
        },
        extra=[each.contact_email for each in row.organization.vettings.order_by("-pk")[:1]],
    )


@transaction.atomic
def send_document(
    *,
    by: Actor,
    organization: Organization,
    document: Document | None = None,
    kind: str = "",
    title: str = "",
    valid_from: dt.date | None = None,
    valid_until: dt.date | None = None,
    file: UploadedFile[Any] | None = None,
    by_link: bool = False,
) -> Document:
    """The organization sends a paper that was asked for, or one of its own accord. Somebody then looks at it.

    ``by_link`` says that whoever followed the link sends it: the link was the right to.
    """
    if not by_link:
        own(by, organization.pk)
    with scope.as_role(Audience.JOB, purpose="document sent"):
        if document is None:
            _known(kind)
            row = Document(organization=organization, kind=kind)
        else:
            row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
            if row.organization_id != organization.pk:
                raise refuse("other_organization", _("That document belongs to another organization."))
            if row.state not in {S.ASKED, S.RETURNED, S.SENT}:
                raise refuse("settled", _("This document is settled."), _("Send a new one."))
        row.title, row.state = title.strip(), S.SENT
        row.valid_from, row.valid_until = valid_from, valid_until
        row.sent_on, row.sent_by = today(), by.name
        _attach(by, row, file)
        saving.save(row)
        if not by_link:  # who followed the link uses it up
            links.withdraw(purpose=LINK, subject=row.code)
    return row


def _attach(by: Actor, row: Document, file: UploadedFile[Any] | None) -> None:
    if file is not None:
        taken = uploads.take(file=file, purpose=LINK, subject=row.code, given_by=by.name)
        row.file_code, row.file_name = taken.code, taken.name


@transaction.atomic
def record_document(
    *,
    by: Actor,
    organization: Organization,
    kind: str,
    title: str = "",
    valid_from: dt.date | None = None,
    valid_until: dt.date | None = None,
    paper_at: str = "",
    replaces: Document | None = None,
    file: UploadedFile[Any] | None = None,
) -> Document:
    """Write down a paper that staff hold themselves, looked at and accepted; ``paper_at`` says where it lies."""
    keeps(by)
    _known(kind)
    if file is None and not paper_at.strip():
        raise refuse("nowhere", _("Say where the paper lies, or attach it."), field="paper_at")
    row = Document(
        organization=organization,
        kind=kind,
        title=title.strip(),
        paper_at=paper_at.strip(),
        replaces=replaces,
    )
    row.sent_on, row.sent_by = today(), by.name
    _attach(by, row, file)
    return _accept(by, row, valid_from, valid_until)


@transaction.atomic
def accept_document(
    *, by: Actor, document: Document, valid_from: dt.date | None = None, valid_until: dt.date | None = None
) -> Document:
    """Accept a paper that was sent, for as long as it says it holds. It takes the place of the one it replaces."""
    keeps(by)
    row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if row.state != S.SENT:
        raise refuse("not_sent", _("Nothing was sent to look at."), _("Ask for it."))
    return _accept(by, row, valid_from, valid_until)


def _accept(by: Actor, row: Document, valid_from: dt.date | None, valid_until: dt.date | None) -> Document:
    day = today()
    paper = house_rules(day).data.papers[row.kind]
    row.valid_from = valid_from or row.valid_from or day
    row.valid_until = valid_until or row.valid_until or paper.until(row.valid_from)
    if row.valid_until is not None and row.valid_until < day:
        raise refuse(
            "over_already", _("It no longer holds."), _("Ask for one that does."), field="valid_until"
        )
    row.state, row.decided_on, row.decided_by, row.words = S.ACCEPTED, day, by.name, ""
    saving.save(row)
    return row


@transaction.atomic
def return_document(*, by: Actor, document: Document, words: str) -> Document:
    """Send a paper back, saying what is wrong with it; a fresh link goes out."""
    keeps(by)
    row = Document.objects.select_for_update(of=("self",)).select_related("organization").get(pk=document.pk)
    if row.state != S.SENT:
        raise refuse("not_sent", _("Nothing was sent to look at."))
    if not words.strip():
        raise refuse("no_words", _("Say what is wrong: the organization reads it."), field="words")
    row.state, row.words = S.RETURNED, words.strip()
    row.decided_on, row.decided_by = today(), by.name
    saving.save(row)
    _write(row, "returned")
    return row


@transaction.atomic
def withdraw_document(*, by: Actor, document: Document) -> Document:
    """No longer ask for a paper."""
    keeps(by)
    row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if row.state == S.ACCEPTED:
        raise refuse("accepted", _("It is accepted and stays in the file."), _("Ask for a new one instead."))
    row.state, row.replaces = S.WITHDRAWN, None
    saving.save(row)
    links.withdraw(purpose=LINK, subject=row.code)
    return row
