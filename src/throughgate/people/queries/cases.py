"""The case list: everybody one holds, by the next thing due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.people.models import Change, Consent, Participant, Stay, Whereabouts
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.deadlines import ReviewRules, after_a_move, review_window
from throughgate.policies.library import NoPolicy

PAGE = 50
RELEASE_SOON_DAYS = 30
FAR = dt.date.max


@dataclass(frozen=True)
class Due:
    """One thing to do for a person. ``opens_on`` is the first day it makes sense, ``on`` the last one."""

    kind: str
    words: str | Promise
    on: dt.date | None
    opens_on: dt.date | None = None

    def state(self, today: dt.date) -> str:
        """late, now (may be done), or coming."""
        if self.on is not None and self.on < today:
            return "late"
        return "now" if self.opens_on is None or self.opens_on <= today else "coming"


@dataclass(frozen=True)
class CaseRow:
    """A person with what is due for them, soonest first."""

    participant: Participant
    release_on: dt.date | None
    release_unknown: str
    due: tuple[Due, ...]

    @property
    def next(self) -> Due | None:
        """The next thing due, None when nothing is."""
        return self.due[0] if self.due else None


@dataclass(frozen=True)
class CaseFilters:
    """What the list is narrowed to. ``within_days`` leaves out what is due later; ``kind`` is that of Due."""

    facility_id: int | None = None
    unit_id: int | None = None
    kind: str = ""
    within_days: int | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True)
class CaseList:
    """One page of the list; ``total`` counts every page."""

    rows: list[CaseRow]
    total: int
    page: int
    pages: int
    today: dt.date
    missing_rules: bool = False
    kinds: Mapping[str, int] = field(default_factory=dict)


def case_list(by: Actor, filters: CaseFilters = CaseFilters()) -> CaseList:
    """Everybody the actor holds, sorted by the next thing due, then by name; five queries whatever the number.

    Reviews come from the reviews pack in force: after a move first, then one after another by the time left.
    Shows facts of tier 2: the view must call ``note_read``.
    """
    if not by.can(Permission.VIEW_RESTRICTED):
        return CaseList([], 0, 1, 1, timezone.now().date())
    people = list(_people(by, filters))
    ids = [person.pk for person in people]
    changes = dict(
        Change.objects.filter(participant_id__in=ids, acknowledged_at=None)
        .values_list("participant_id")
        .annotate(newest=Max("happened_at"))
        .order_by("participant_id")
    )
    arrivals = dict(
        Stay.objects.filter(participant_id__in=ids, during__endswith__isnull=True)
        .values_list("participant_id", "during__startswith")
        .order_by("participant_id", "pk")
    )
    consents = dict(
        Consent.objects.filter(participant_id__in=ids, revoked_at=None, expires_at__gt=timezone.now())
        .values_list("participant_id")
        .annotate(last=Max("expires_at"))
        .order_by("participant_id")
    )
    rules = _Rules()
    rows = []
    for person in people:
        today = rules.today(person.facility)
        rows.append(
            _row(
                person,
                _due(
                    person,
                    today,
                    rules.reviews(person.facility),
                    changed=changes.get(person.pk),
                    arrived=arrivals.get(person.pk),
                    consent=consents.get(person.pk),
                ),
            )
        )
    return _page(rows, filters, rules)


class _Rules:
    """The reviews pack and today's date of each facility, looked up once."""

    def __init__(self) -> None:
        self.days: dict[int, dt.date] = {}
        self.packs: dict[int, ReviewRules | None] = {}

    def today(self, facility: Facility) -> dt.date:
        if facility.pk not in self.days:
            self.days[facility.pk] = facility.today()
        return self.days[facility.pk]

    def reviews(self, facility: Facility) -> ReviewRules | None:
        if facility.pk not in self.packs:
            try:
                pack = policies.reviews(facility.jurisdiction, self.today(facility))
                self.packs[facility.pk] = pack.data
            except NoPolicy:
                self.packs[facility.pk] = None
        return self.packs[facility.pk]


def _people(by: Actor, filters: CaseFilters) -> Iterable[Participant]:
    rows = Participant.objects.exclude(whereabouts__in=[Whereabouts.DIED, Whereabouts.CLOSED])
    if filters.facility_id is not None:
        rows = rows.filter(facility_id=filters.facility_id)
    if not by.is_system:
        rows = rows.filter(facility_id__in=by.facility_ids)
    if filters.unit_id is not None:
        rows = rows.filter(unit_id=filters.unit_id)
    for word in filters.words.lower().split():
        rows = rows.filter(sort_name__contains=word)
    return rows.select_related("facility", "unit", "profile").order_by("sort_name", "pk")


def _row(person: Participant, due: list[Due]) -> CaseRow:
    profile = getattr(person, "profile", None)
    return CaseRow(
        participant=person,
        release_on=profile.release_on if profile else None,
        release_unknown=profile.release_unknown_reason if profile else "",
        due=tuple(sorted(due, key=lambda each: (each.on or FAR, each.kind))),
    )


def _due(
    person: Participant,
    today: dt.date,
    rules: ReviewRules | None,
    *,
    changed: dt.datetime | None,
    arrived: dt.date | None,
    consent: dt.datetime | None,
) -> list[Due]:
    due: list[Due] = []
    profile = getattr(person, "profile", None)
    release_on = profile.release_on if profile else None
    inside = person.whereabouts in (Whereabouts.INSIDE, Whereabouts.AWAY)
    if changed is not None:
        day = changed.astimezone(person.facility.zone).date()
        due.append(Due("change", _("Something changed: look and acknowledge"), day))
    if inside and release_on is not None:
        if release_on < today:
            due.append(Due("release", _("The release date has passed: release, or a new date"), release_on))
        elif (release_on - today).days <= RELEASE_SOON_DAYS:
            due.append(Due("release", _("Release: papers, housing, first appointment"), release_on))
    if inside and release_on is None:
        due.append(Due("date", _("Release date not known: ask records"), None))
    if inside and rules is not None and arrived is not None:
        review = next_review(arrived, release_on, today, rules)
        if review is not None:
            due.append(review)
    if consent is not None:
        day = consent.astimezone(person.facility.zone).date()
        steps = policies.reminders(person.facility.jurisdiction, today).data.reminders.get("consent")
        if steps is not None and steps.stage(day, today) is not None:
            due.append(Due("consent", _("A consent ends: ask again"), day))
    return due


def next_review(
    arrived: dt.date, release_on: dt.date | None, today: dt.date, rules: ReviewRules
) -> Due | None:
    """The review that stands next by the pack: one after the move, then one after another from there.

    Whether an earlier one took place is kept by the plans; this is the timetable only.
    """
    first = after_a_move(arrived, rules)
    if first >= today:
        return Due("review", _("Review after the move"), first, arrived)
    anchor = first
    while True:
        window = review_window(anchor, release_on, rules)
        if window is None or window.due_on <= anchor:
            return None
        if window.due_on >= today:
            return Due("review", _("Plan review"), window.due_on, window.opens_on)
        anchor = window.due_on


def _page(rows: list[CaseRow], filters: CaseFilters, rules: _Rules) -> CaseList:
    today = min(rules.days.values(), default=timezone.now().date())
    kinds: dict[str, int] = {}
    for row in rows:
        for kind in {each.kind for each in row.due}:
            kinds[kind] = kinds.get(kind, 0) + 1
    if filters.kind:
        rows = [
            replace(row, due=tuple(each for each in row.due if each.kind == filters.kind)) for row in rows
        ]
        rows = [row for row in rows if row.due]
    if filters.within_days is not None:
        last = today + dt.timedelta(days=filters.within_days)
        rows = [row for row in rows if row.next is not None and (row.next.on or FAR) <= last]
    rows.sort(key=lambda row: ((row.next.on if row.next else None) or FAR, row.participant.sort_name))
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, filters.page), pages)
    return CaseList(
        rows=rows[(page - 1) * PAGE : page * PAGE],
        total=len(rows),
        page=page,
        pages=pages,
        today=today,
        missing_rules=any(pack is None for pack in rules.packs.values()),
        kinds=kinds,
    )
