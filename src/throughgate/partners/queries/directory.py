"""The directory, an organization's page, and which agreements hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.contrib.postgres.search import (
    SearchQuery,
    SearchQueryCombinable,
    SearchRank,
    TrigramWordSimilarity,
)
from django.db.models import Case, F, FloatField, Func, Prefetch, Q, QuerySet, Value, When

from throughgate.access.actor import Actor
from throughgate.base.codes import clean
from throughgate.base.names import fold
from throughgate.base.scope import Audience
from throughgate.partners import rules
from throughgate.partners.models import (
    Agreement,
    AgreementState,
    Location,
    Organization,
    OrganizationStatus,
    Service,
    ServicePlace,
)
from throughgate.places.models import Facility

PAGE = 20
MOST_COUNTED = 1000
CLOSE_ENOUGH = 0.45
# Who is being vetted is shown only where it stood in the directory before (``listed``).
SHOWN = (
    OrganizationStatus.LISTED,
    OrganizationStatus.VETTING,
    OrganizationStatus.APPROVED,
    OrganizationStatus.ACTIVE,
)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class DirectoryFilters:
    """What the directory is narrowed to: a need, a city, a language that is spoken, a kind of organization."""

    need: str = ""
    city: str = ""
    language: str = ""
    kind: str = ""
    page: int = 1


@dataclass(frozen=True)
class Hit:
    """A service with the name to show first (the reader's language where there is one), and where it is given."""

    service: Service
    name: str
    cities: tuple[str, ...]


@dataclass(frozen=True)
class Directory:
    """One page of the directory. ``total`` stops at 1,000 (``capped``); ``guessed`` says that nothing
    matched and these only sound alike. ``organizations`` match by name and offer nothing that is listed."""

    hits: list[Hit]
    total: int
    capped: bool
    page: int
    pages: int
    guessed: bool
    organizations: list[Organization]


def search_directory(
    words: str = "", language: str = "en", filters: DirectoryFilters = DirectoryFilters()
) -> Directory:
    """Search what organizations offer, by words in English and Spanish, best first.

    Accents do not matter, word beginnings count, every word must be found in either language. Without words
    everything that the filters leave, by name. Four queries.
    """
    wanted = rules.search_words(words)
    rows = _narrowed(filters)
    guessed = False
    if wanted:
        found = _matching(rows, wanted)
        if not found.exists():
            found, guessed = _alike(rows, " ".join(wanted)), True
        rows = found
    else:
        rows = rows.order_by("name", "pk")
    total = rows[: MOST_COUNTED + 1].count()
    pages = max(1, -(-min(total, MOST_COUNTED) // PAGE))
    page = min(max(1, filters.page), pages)
    shown = rows.select_related("organization").prefetch_related(
        Prefetch("places", ServicePlace.objects.select_related("location").order_by("pk"))
    )[(page - 1) * PAGE : page * PAGE]
    return Directory(
        hits=[_hit(service, language) for service in shown],
        total=min(total, MOST_COUNTED),
        capped=total > MOST_COUNTED,
        page=page,
        pages=pages,
        guessed=guessed and total > 0,
        organizations=_without_services(wanted) if wanted else [],
    )


def _narrowed(filters: DirectoryFilters) -> QuerySet[Service]:
    rows = Service.objects.filter(status="active", organization__status__in=SHOWN, organization__listed=True)
    if filters.need:
        rows = rows.filter(needs__contains=[filters.need])
    if filters.city:
        there = ServicePlace.objects.filter(location__city__iexact=filters.city.strip())
        rows = rows.filter(pk__in=there.values("service_id"))
    if filters.language:
        rows = rows.filter(languages__contains=[filters.language])
    if filters.kind:
        rows = rows.filter(organization__kind=filters.kind)
    return rows


def _matching(rows: QuerySet[Service], wanted: Sequence[str]) -> QuerySet[Service]:
    query = reduce(and_, (_word(word) for word in wanted))
    phrase = " ".join(wanted)
    named = Case(
        When(name__iexact=phrase, then=Value(2.0)),
        When(name__istartswith=phrase, then=Value(1.0)),
        When(name_es__istartswith=phrase, then=Value(1.0)),
        default=Value(0.0),
        output_field=FloatField(),
    )
    return (
        rows.filter(search=query)
        .annotate(rank=SearchRank(F("search"), query, cover_density=True) + named)
        .order_by("-rank", "name", "pk")
    )


def _word(word: str) -> SearchQueryCombinable:
    """A word's beginning in either language. Folded words hold letters and digits only: safe as a raw query."""
    english, spanish = (
        SearchQuery(f"{word}:*", search_type="raw", config=config) for config in ("english", "spanish")
    )
    return english | spanish


def _alike(rows: QuerySet[Service], words: str) -> QuerySet[Service]:
    """Services whose name sounds like what was typed: for slips of the keyboard."""
    return (
        rows.annotate(rank=TrigramWordSimilarity(words, "name") + TrigramWordSimilarity(words, "name_es"))
        .filter(rank__gte=CLOSE_ENOUGH)
        .order_by("-rank", "name", "pk")
    )


def _without_services(wanted: Sequence[str]) -> list[Organization]:
    rows = Organization.objects.filter(status__in=SHOWN, listed=True).exclude(services__status="active")
    for word in wanted:
        rows = rows.filter(Q(name__icontains=word) | Q(alternate_name__icontains=word))
    return list(rows.order_by("name", "pk")[:5])


def _hit(service: Service, language: str) -> Hit:
    cities = dict.fromkeys(place.location.city for place in service.places.all() if place.location.city)
    spanish = language.startswith("es") and service.name_es
    return Hit(service, service.name_es if spanish else service.name, tuple(cities))


def directory_choices() -> dict[str, list[str]]:
    """Cities and languages that occur in what is offered, to choose from."""
    offered = Service.objects.filter(
        status="active", organization__status__in=SHOWN, organization__listed=True
    )
    cities = Location.objects.exclude(city="").filter(service_places__service__in=offered)
    spoken = offered.annotate(spoken=Func(F("languages"), function="unnest"))
    return {
        "city": sorted(set(cities.order_by().values_list("city", flat=True).distinct()), key=fold),
        "language": sorted(spoken.order_by().values_list("spoken", flat=True).distinct(), key=fold),
    }


@dataclass(frozen=True)
class OrganizationPage:
    """An organization with what it offers, where and when, and what was signed (for staff and itself)."""

    organization: Organization
    services: list[Service]
    agreements: list[Agreement]


def organization_page(code: str, by: Actor | None = None) -> OrganizationPage | None:
    """The organization with this code, or None. Agreements are shown to staff and to its own people."""
    organization = Organization.objects.filter(code=clean(code)).first()
    if organization is None:
        return None
    services = organization.services.prefetch_related(
        Prefetch("places", ServicePlace.objects.select_related("location").order_by("pk")), "hours"
    ).order_by("status", "name", "pk")
    agreements: list[Agreement] = []
    if by is not None and by.audience in (Audience.STAFF, Audience.PARTNER, Audience.JOB):
        agreements = list(organization.agreements.prefetch_related("facilities").order_by("-valid", "pk"))
    return OrganizationPage(organization, list(services), agreements)


def term(agreement: Agreement) -> rules.Term:
    """A stored agreement as the rules take it; the stored range ends the day after the last one."""
    upper = agreement.valid.upper
    return rules.Term(
        first=agreement.valid.lower,
        until=None if upper is None else upper - DAY,
        terminated_on=agreement.terminated_on,
    )


def agreements_on(facility: Facility, day: dt.date) -> QuerySet[Agreement]:
    """Agreements that hold at a facility on a local day."""
    return Agreement.objects.filter(
        Q(terminated_on__isnull=True) | Q(terminated_on__gt=day),
        state=AgreementState.SIGNED,
        facilities=facility,
        valid__contains=day,
    ).order_by("pk")


def has_agreement(organization: Organization, facility: Facility, day: dt.date) -> bool:
    """Whether an organization may work in a facility on a local day."""
    return agreements_on(facility, day).filter(organization=organization).exists()


def agreements_ending(by: Actor, within: int = 120) -> list[tuple[Agreement, dt.date]]:
    """Agreements of the actor's facilities that end within so many days, with their last day, soonest first."""
    rows = Agreement.objects.filter(
        state=AgreementState.SIGNED, terminated_on=None, valid__endswith__isnull=False
    ).exclude(following__state=AgreementState.SIGNED)
    if by.audience == Audience.STAFF:
        rows = rows.filter(facilities__in=by.facility_ids).distinct()
    today = dt.datetime.now(dt.UTC).date()
    ending = [
        (row, row.valid.upper - DAY)
        for row in rows.select_related("organization").order_by("pk")
        if row.valid.upper is not None and today <= row.valid.upper <= today + (within + 1) * DAY
    ]
    return sorted(ending, key=lambda each: (each[1], each[0].organization.name))
