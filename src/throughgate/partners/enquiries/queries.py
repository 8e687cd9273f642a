"""Enquiries as a coordinator sees them, and as the one who asked sees their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.base import scope
from throughgate.base.scope import Audience, Context
from throughgate.partners.enquiries import rules
from throughgate.partners.enquiries.rules import Trace
from throughgate.partners.models.enquiries import (
    OPEN,
    OURS,
    Enquiry,
    EnquiryKind,
    EnquiryMessage,
    EnquiryStatus,
)
from throughgate.partners.models.organizations import Organization
from throughgate.places import queries as places
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.frontdoor import FrontDoorRules

PAGE = 50
MOST_COUNTED = 1000
LOOK_AHEAD = dt.timedelta(days=60)
# What a list may be narrowed to.
VIEWS: dict[str, tuple[str, ...]] = {
    "ours": OURS,
    "theirs": (EnquiryStatus.ASKED, EnquiryStatus.TALKING),
    "parked": (EnquiryStatus.PARKED,),
    "held": (EnquiryStatus.HELD,),
    "closed": rules.CLOSED,
}


def place_for(facility: Facility | None) -> Facility | None:
    """Whose clock and holidays hold for an enquiry: its facility's, or the first one's when it names none."""
    return facility or Facility.objects.filter(active=True).order_by("name", "pk").first()


def jurisdiction_of(place: Facility | None) -> str:
    """Whose rules hold."""
    return place.jurisdiction if place else settings.JURISDICTION


def today_at(place: Facility | None) -> dt.date:
    """The local day there."""
    return place.today() if place else timezone.localdate()


def rules_for(place: Facility | None) -> FrontDoorRules:
    """The front-door rules in force there today."""
    return policies.front_door(jurisdiction_of(place), today_at(place)).data


def due_day(place: Facility | None, start: dt.date) -> dt.date:
    """By which local day something that came in on ``start`` is answered: working days, holidays respected."""
    closed = places.closed_days(place, start, start + LOOK_AHEAD) if place else {}
    where = jurisdiction_of(place)
    deadline = policies.deadlines(where, start).data.deadlines["enquiry_answer"]
    return deadline.due(start, policies.calendar(where, start, closed))


def mine(by: Actor) -> QuerySet[Enquiry]:
    """Enquiries that the actor may see: of their facilities, or for any facility."""
    rows = Enquiry.objects.all()
    if by.audience == Audience.STAFF:
        rows = rows.filter(Q(facility__isnull=True) | Q(facility__in=by.facility_ids))
    return rows


def counts(by: Actor) -> dict[str, int]:
    """How many stand in each view of the list."""
    found = dict(mine(by).order_by().values_list("status").annotate(n=Count("pk")))
    return {name: sum(found.get(status, 0) for status in group) for name, group in VIEWS.items()}


@dataclass(frozen=True)
class Listed:
    """One page of the list; ``total`` stops at 1,000."""

    rows: list[Enquiry]
    total: int
    page: int
    pages: int


def listed(
    by: Actor,
    view: str = "ours",
    *,
    kind: str = "",
    words: str = "",
    facility: Facility | None = None,
    page: int = 1,
) -> Listed:
    """One page of enquiries: those that wait for us by their day to answer, the others newest first."""
    rows = mine(by).filter(status__in=VIEWS.get(view, OURS))
    if kind in EnquiryKind.values:
        rows = rows.filter(kind=kind)
    if facility is not None:
        rows = rows.filter(Q(facility=facility) | Q(facility__isnull=True))
    if words.strip():
        rows = rows.filter(
            Q(name_key__contains=rules.name_key(words) or words)
            | Q(email__icontains=words.strip())
            | Q(summary__icontains=words.strip())
            | Q(code__iexact=words.strip())
        )
    order = ("due_on", "arrived_at", "pk") if view == "ours" else ("-arrived_at", "-pk")
    if view == "parked":
        order = ("parked_until", "arrived_at", "pk")
    total = rows[: MOST_COUNTED + 1].count()
    pages = max(1, -(-min(total, MOST_COUNTED) // PAGE))
    at = min(max(1, page), pages)
    shown = rows.select_related("facility").order_by(*order)[(at - 1) * PAGE : at * PAGE]
    return Listed(list(shown), min(total, MOST_COUNTED), at, pages)


def waiting_for_us(by: Actor, facilities: Collection[int] | None = None, most: int = 200) -> list[Enquiry]:
    """Every enquiry whose ball is with us, the most urgent first: for My day."""
    rows = mine(by).filter(status__in=OURS)
    if facilities is not None:
        rows = rows.filter(Q(facility__isnull=True) | Q(facility__in=facilities))
    return list(rows.select_related("facility").order_by("due_on", "pk")[:most])


@dataclass(frozen=True)
class Twin:
    """Another enquiry, or an organization that is known already, that looks like the same; and why."""

    why: tuple[str, ...]
    enquiry: Enquiry | None = None
    organization: Organization | None = None


def trace_of(enquiry: Enquiry) -> Trace:
    """What is compared of an enquiry."""
    return Trace(enquiry.name_key, enquiry.email, enquiry.domain, enquiry.digits)


def twins(enquiry: Enquiry) -> list[Twin]:
    """What may be the same as this one, strongest reasons first: other enquiries, and organizations we know."""
    place = place_for(enquiry.facility)
    front = rules_for(place)
    mine_, found = trace_of(enquiry), []
    alike = Q(email__iexact=enquiry.email)
    if enquiry.domain:
        alike |= Q(domain=enquiry.domain)
    if enquiry.digits:
        alike |= Q(digits=enquiry.digits)
    if enquiry.name_key:
        alike |= Q(name_key__trigram_similar=enquiry.name_key)
    others = Enquiry.objects.filter(alike, status__in=(*OPEN, EnquiryStatus.TAKEN, EnquiryStatus.DECLINED))
    for other in others.exclude(pk=enquiry.pk).order_by("-arrived_at", "-pk")[:200]:
        why = rules.alike(mine_, trace_of(other), front.closeness)
        if why:
            found.append(Twin(why, enquiry=other))
    found.extend(_known(enquiry, front))
    order = {sign: at for at, sign in enumerate(rules.ALIKE_WORDS)}
    found.sort(key=lambda twin: (order[twin.why[0]], -len(twin.why)))
    return found[: front.most_alike]


def _known(enquiry: Enquiry, front: FrontDoorRules) -> list[Twin]:
    if enquiry.kind == EnquiryKind.INDIVIDUAL or not enquiry.organization_name:
        return []
    rows = (
        Organization.objects.annotate(likeness=TrigramSimilarity("name", enquiry.organization_name))
        .filter(Q(name__trigram_similar=enquiry.organization_name) | Q(email__iexact=enquiry.email))
        .order_by("-likeness", "pk")[:20]
    )
    found = []
    for row in rows:
        theirs = Trace(
            rules.name_key(row.name), row.email, rules.domain_of(row.email), rules.digits_of(row.phone)
        )
        why = rules.alike(trace_of(enquiry), theirs, front.closeness)
        if why:
            found.append(Twin(why, organization=row))
    return found


def thread(enquiry: Enquiry) -> list[EnquiryMessage]:
    """Every message of an enquiry, the first one first, with those of the ones that were joined to it."""
    return list(
        EnquiryMessage.objects.filter(Q(enquiry=enquiry) | Q(enquiry__same_as=enquiry)).order_by(
            "written_at", "pk"
        )
    )


@dataclass(frozen=True)
class Standing:
    """What the one who asked sees: their enquiry and its messages, our notes left out."""

    enquiry: Enquiry
    messages: list[EnquiryMessage]
    place: Facility | None


def standing(code: str) -> Standing | None:
    """The page of the one who asked. Read with the eyes of the public and a purpose that names this enquiry:
    the database shows this row and no other, whatever is asked."""
    with scope.enter(Context(audience=Audience.PUBLIC, purpose=f"enquiry {code}")):
        enquiry = Enquiry.objects.select_related("facility").filter(code=code).first()
        if enquiry is None:
            return None
        messages = EnquiryMessage.objects.filter(enquiry=enquiry).order_by("written_at", "pk")
        return Standing(enquiry, list(messages), place_for(enquiry.facility))
