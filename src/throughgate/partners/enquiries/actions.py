"""The verbs of enquiries: a coordinator answers, asks, declines, parks, joins, takes on; the asker writes back.

Every verb of ours writes one message into the thread and sends one letter, which carries a fresh no-account
link to the page of the one who asked.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import links
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.saving import save
from throughgate.base.uploads import actions as uploads
from throughgate.partners.actions import begin_vetting
from throughgate.partners.enquiries import queries, rules
from throughgate.partners.models.enquiries import OURS, Enquiry, EnquiryKind, EnquiryMessage
from throughgate.partners.models.enquiries import EnquiryStatus as S
from throughgate.partners.models.organizations import Organization, OrganizationKind, OrganizationStatus
from throughgate.places.models import Facility

# Who works with us already only gets the letter; whoever is merely listed, or comes back, is vetted.
COMES_IN = frozenset({OrganizationStatus.LISTED, OrganizationStatus.ENDED, OrganizationStatus.DECLINED})
STATUS_LINK = "enquiry status"
LONGEST_TEXT = 8000
Direction = EnquiryMessage.Direction


# --- What a coordinator does ------------------------------------------------------------------------------


@transaction.atomic
def answer(*, by: Actor, enquiry: Enquiry, text: str) -> Enquiry:
    """Write to the one who asked; the clock stops."""
    row = _held(by, enquiry, "answer")
    _letter(by, row, _words(text), "enquiry_letter")
    return _go(row, "answer", by)


@transaction.atomic
def ask(*, by: Actor, enquiry: Enquiry, text: str) -> Enquiry:
    """Ask the one who asked something; the ball is with them until they write back."""
    row = _held(by, enquiry, "ask")
    _letter(by, row, _words(text), "enquiry_question")
    return _go(row, "ask", by)


@transaction.atomic
def decline(*, by: Actor, enquiry: Enquiry, reason: str, text: str, signpost: str = "") -> Enquiry:
    """Say no, in words of one's own, and who may help instead. ``reason`` is for us and is kept."""
    row = _held(by, enquiry, "decline")
    if not reason.strip():
        raise Refused(Reason("decline_reason", _("Say why, for those who read this later."), field="reason"))
    row.reason, row.signpost = reason.strip()[:300], signpost.strip()[:500]
    letter = _words(text)
    if row.signpost:
        with translation.override(row.language):
            letter = f"{letter}\n\n{_('Who may help instead:')} {row.signpost}"
    _letter(by, row, letter, "enquiry_letter")
    return _go(row, "decline", by, closed=True)


@transaction.atomic
def park(*, by: Actor, enquiry: Enquiry, until: dt.date | None, text: str) -> Enquiry:
    """Put it aside until a day, and tell them so; it comes back by itself."""
    row = _held(by, enquiry, "park")
    place = queries.place_for(row.facility)
    _allow(rules.sound_park(until, queries.today_at(place), queries.rules_for(place).park_days))
    _letter(by, row, _words(text), "enquiry_letter")
    row.parked_until = until
    return _go(row, "park", by)


@transaction.atomic
def join(*, by: Actor, enquiry: Enquiry, into: Enquiry) -> Enquiry:
    """Put a second enquiry of the same people together with the first; its messages show there."""
    row = _held(by, enquiry, "join")
    target = Enquiry.objects.filter(pk=into.pk).exclude(pk=row.pk).first()
    if target is None or target.same_as_id or target.status in (S.SPAM, S.HELD):
        text = _("That is not an enquiry which this one can be joined to.")
        raise Refused(Reason("join_into", text, _("Choose the one that is being dealt with."), field="into"))
    # What was joined to this one goes along: threads are one level deep.
    Enquiry.objects.filter(same_as=row).update(same_as=target)
    row.same_as = target
    note(
        by=by, enquiry=target, text=_("Joined: %(code)s from %(name)s") % {"code": row.code, "name": row.name}
    )
    return _go(row, "join", by, closed=True)


@transaction.atomic
def mark_spam(*, by: Actor, enquiry: Enquiry) -> Enquiry:
    """Throw away what no person meant; nobody is written to, and it can be brought back."""
    row = _held(by, enquiry, "spam")
    return _go(row, "spam", by, closed=True)


@transaction.atomic
def release(*, by: Actor, enquiry: Enquiry) -> Enquiry:
    """Let in what was held back: its clock begins now, and its writer hears that it arrived."""
    row = _held(by, enquiry, "release")
    row.closed_at = None
    row = _go(row, "release", by)
    confirm(row)
    return row


@transaction.atomic
def reopen(*, by: Actor, enquiry: Enquiry) -> Enquiry:
    """Take up again what was closed."""
    row = _held(by, enquiry, "reopen")
    row.closed_at, row.same_as = None, None
    return _go(row, "reopen", by)


@transaction.atomic
def note(*, by: Actor, enquiry: Enquiry, text: str) -> EnquiryMessage:
    """Write something down for colleagues; the one who asked never sees it."""
    _may(by, enquiry.facility)
    return _message(enquiry, Direction.NOTE, _words(text), by.name)


@transaction.atomic
def move(*, by: Actor, enquiry: Enquiry, facility: Facility) -> Enquiry:
    """Say which facility this is for, such as when somebody wrote for any."""
    _may(by, enquiry.facility)
    by.require(Permission.MANAGE_PARTNERS, facility)
    row = Enquiry.objects.select_for_update(of=("self",)).get(pk=enquiry.pk)
    row.facility = facility
    if row.due_on is not None:
        row.due_on = queries.due_day(facility, row.arrived_at.astimezone(facility.zone).date())
    save(row)
    return row


@transaction.atomic
def take_organization(
    *,
    by: Actor,
    enquiry: Enquiry,
    facility: Facility,
    organization: Organization | None = None,
    text: str,
) -> Organization:
    """Take an organization or employer on: it is vetted by the rules of a facility, and its contact can sign in.

    ``organization`` is one that we know; one that works with us already is not vetted again.
    """
    row = _held(by, enquiry, "take")
    if row.kind == EnquiryKind.INDIVIDUAL:
        why = _("This is one person: take them on as a visitor.")
        raise Refused(Reason("take_kind", why, _("Begin their application instead.")))
    made = organization
    if made is None or made.status in COMES_IN:
        vetting = begin_vetting(
            by=by,
            facility=_place(by, row),
            contact_name=row.name,
            contact_email=row.email,
            enquiry=row.code,
            **({"organization": made} if made is not None else _facts(row)),
        )
        made = vetting.organization
    row.organization = made
    _letter(by, row, _words(text), "enquiry_taken")
    _go(row, "take", by, closed=True)
    return made


@transaction.atomic
def taken_as_visitor(*, by: Actor, enquiry: Enquiry, application: str, text: str) -> Enquiry:
    """Close the enquiry of a person whose application as a visitor has begun; ``application`` is its code."""
    row = _held(by, enquiry, "take")
    row.application_code = application
    _letter(by, row, _words(text), "enquiry_taken")
    return _go(row, "take", by, closed=True)


def wake(today: dt.date) -> int:
    """Bring back what was parked until today or before; it is ours again, with a new day to answer."""
    found = 0
    rows = Enquiry.objects.filter(status=S.PARKED, parked_until__lte=today + dt.timedelta(days=1))
    for row in rows.select_for_update(of=("self",)).order_by("pk"):
        place = queries.place_for(row.facility)
        if row.parked_until and row.parked_until <= queries.today_at(place):
            _go(row, "wake", Actor.system("wake enquiries"))
            found += 1
    return found


# --- What the one who asks does, through their link -------------------------------------------------------


@transaction.atomic
def reply(*, by: Actor, enquiry: Enquiry, text: str, file: UploadedFile[Any] | None = None) -> EnquiryMessage:
    """The one who asked writes back, with or without a file; the ball is with us. Run as the system."""
    row = Enquiry.objects.select_for_update(of=("self",)).get(pk=enquiry.pk)
    words = _words(text)
    taken = None
    if file is not None:
        taken = uploads.take(file=file, purpose="enquiry", subject=row.code, given_by=row.name)
    made = _message(
        row,
        Direction.IN,
        words,
        row.name,
        upload=taken.code if taken else "",
        upload_name=taken.name if taken else "",
    )
    if row.status == S.JOINED and row.same_as_id is not None:
        _go(Enquiry.objects.select_for_update(of=("self",)).get(pk=row.same_as_id), "reply", by)
    else:
        if row.status in (S.DECLINED, S.WITHDRAWN):
            row.closed_at = None
        _go(row, "reply", by)
    return made


@transaction.atomic
def withdraw(*, by: Actor, enquiry: Enquiry) -> Enquiry:
    """The one who asked takes it back. Run as the system."""
    row = Enquiry.objects.select_for_update(of=("self",)).get(pk=enquiry.pk)
    _allow(rules.may(row.status, "withdraw"))
    return _go(row, "withdraw", by, closed=True)


def confirm(row: Enquiry) -> None:
    """Tell the one who asked that it arrived, by when they hear from us, and where to look."""
    _send(row, key=f"enquiry arrived {row.code}", template="enquiry_arrived", text="")


def status_path(row: Enquiry) -> str:
    """A fresh link to the page where it stands."""
    days = queries.rules_for(queries.place_for(row.facility)).status_days
    return links.offer(
        purpose=STATUS_LINK, subject=row.code, days=days, single_use=False, data={"name": row.name}
    )


# --- How it is done ---------------------------------------------------------------------------------------


def _may(by: Actor, facility: Facility | None) -> None:
    by.require(Permission.MANAGE_PARTNERS, facility)


def _held(by: Actor, enquiry: Enquiry, verb: str) -> Enquiry:
    """The enquiry, locked, when the actor may deal with it and the verb is possible."""
    _may(by, enquiry.facility)
    row = Enquiry.objects.select_for_update(of=("self",)).filter(pk=enquiry.pk).first()
    if row is None:
        raise Forbidden(_("This enquiry is not yours to deal with."), Permission.MANAGE_PARTNERS.value)
    _allow(rules.may(row.status, verb))
    return row


def _go(row: Enquiry, verb: str, by: Actor, *, closed: bool = False) -> Enquiry:
    """Write down what a verb leads to, with the clock that follows from it."""
    before, after = row.status, rules.follows(row.status, verb)
    assert after is not None  # the caller asked the rules
    row.status = after
    if after in OURS:
        place = queries.place_for(row.facility)
        if before not in OURS or row.due_on is None:
            row.due_on = queries.due_day(place, queries.today_at(place))
    else:
        row.due_on = None
    if after != S.PARKED:
        row.parked_until = None
    if closed:
        row.closed_at = timezone.now()
    if by.audience != "job":
        row.handled_by = by.name
    save(row, trusted={"name_key", "domain", "digits", "sender", "text_key"})
    return row


def _letter(by: Actor, row: Enquiry, text: str, template: str) -> None:
    made = _message(row, Direction.OUT, text, by.name)
    if row.first_answered_at is None:
        row.first_answered_at = made.written_at
    _send(row, key=f"enquiry letter {made.code}", template=template, text=text, signed=by.name)


def _send(row: Enquiry, *, key: str, template: str, text: str, signed: str = "") -> None:
    data: dict[str, Any] = {
        "text": text,
        "signed": signed,
        "link": links.address(status_path(row)),
        "due": row.due_on.isoformat() if row.due_on else "",
        "code": row.code,
    }
    send(
        key=key,
        address=row.email,
        name=row.name,
        template=template,
        data=data,
        language=row.language,
        facility_id=row.facility_id,
    )


def _message(
    row: Enquiry, direction: str, text: str, who: str, *, upload: str = "", upload_name: str = ""
) -> EnquiryMessage:
    return EnquiryMessage.objects.create(
        enquiry=row,
        direction=direction,
        body=text,
        written_by=who[:120],
        written_at=timezone.now(),
        upload=upload,
        upload_name=upload_name,
    )


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise Refused(Reason("text_missing", _("Write something."), field="text"))
    if len(words) > LONGEST_TEXT:
        most = _("That is longer than %(most)s characters.") % {"most": LONGEST_TEXT}
        raise Refused(Reason("text_long", most, _("Shorten it, or send it as a file."), field="text"))
    return words


def _allow(decision: Decision) -> None:
    if decision.refused:
        raise Refused(decision.reasons)


def _place(by: Actor, row: Enquiry) -> Facility:
    """Where the vetting is looked after: the enquiry's facility, or the first one of whoever takes it on."""
    mine = Facility.objects.filter(pk__in=by.facility_ids, active=True).order_by("name", "pk").first()
    place = row.facility or mine or queries.place_for(None)
    if place is None:
        raise Refused(Reason("no_facility", _("There is no facility yet."), _("Set one up first.")))
    return place


def _facts(row: Enquiry) -> dict[str, Any]:
    """What an enquiry says about its organization, as the directory keeps it."""
    said = row.answers
    kind = said.get("organization_kind", "")
    if row.kind == EnquiryKind.EMPLOYER:
        kind = OrganizationKind.EMPLOYER.value
    return {
        "name": row.organization_name or row.name,
        "kind": kind if kind in OrganizationKind.values else OrganizationKind.OTHER.value,
        "description": str(said.get("offer") or said.get("work") or ""),
        "website": str(said.get("website") or ""),
        "email": row.email,
        "phone": row.phone,
    }
