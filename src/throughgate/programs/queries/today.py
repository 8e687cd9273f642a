"""My day: what needs this person now, in order, each with the one click that settles it ([P-21], [P-244])."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Count, Exists, F, Func, Min, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.lapses import queries as lapses
from throughgate.base.templatetags.when import day as day_words
from throughgate.partners.enquiries.queries import waiting_for_us
from throughgate.partners.models import Agreement
from throughgate.people.models import Change, Participant, Whereabouts
from throughgate.places.models import Facility, RegimePeriod
from throughgate.programs.models import (
    LIVE_COHORT,
    OPEN_WAIT,
    Cohort,
    Continuation,
    Facilitator,
    Session,
    SessionStatus,
    WaitlistEntry,
)
from throughgate.programs.queries import lists, readiness
from throughgate.programs.queries.appeals import appeals_at
from throughgate.programs.queries.attendance import missing_attendance
from throughgate.programs.queries.lost import lost_hours
from throughgate.programs.queries.week import with_surroundings
from throughgate.programs.rules.dayparts import day_part
from throughgate.programs.rules.readiness import ORDER
from throughgate.visitors.models import CLEARED, Clearance

DAY = dt.timedelta(days=1)
# The day of a session wherever it is, with a day or more to either side.
DAYS_AROUND = Func(
    F("session__starts_at"),
    template="daterange((%(expressions)s - interval '1 day')::date, (%(expressions)s + interval '2 days')::date)",
    output_field=DateRangeField(),
)
RISK_DAYS, EXPIRY_DAYS, SEAT_DAYS, RELEASE_DAYS, LOST_DAYS = 14, 60, 28, 90, 28
SHOWN = 25


@dataclass(frozen=True)
class Item:
    """One thing that needs somebody: what, why, by when, and the page that settles it."""

    title: str
    why: str
    light: str
    due: dt.date | dt.datetime | None
    remedy_label: str
    url_name: str
    args: tuple[str, ...] = ()
    who: str = ""
    more: int = 0
    participant_id: int | None = None
    # A page whose address is known as it is, instead of by its name.
    url: str = ""


@dataclass(frozen=True)
class Section:
    """Things of one kind, the most urgent first; ``total`` counts those that are not shown too."""

    code: str
    title: str | Promise
    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True)
class MyDay:
    """The page: its sections in order, empty ones included, and what the headline counts."""

    facilities: tuple[Facility, ...]
    sections: tuple[Section, ...]
    sessions_this_week: int = 0
    at_risk: int = 0
    regimes: tuple[RegimePeriod, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def needs_you(self) -> int:
        """How many things need somebody, all sections together."""
        return sum(section.total for section in self.sections)

    @property
    def participant_ids(self) -> list[int]:
        """Whose restricted facts the page shows, for the read log."""
        shown = (item.participant_id for section in self.sections for item in section.items)
        return sorted({each for each in shown if each is not None})


@dataclass(frozen=True)
class _Asked:
    """Who asks, where and when; what every section needs."""

    by: Actor
    places: frozenset[int]
    facilities: dict[int, Facility]
    now: dt.datetime

    def today(self) -> dt.date:
        """Today in the first of the facilities."""
        first = next(iter(self.facilities.values()), None)
        return self.now.astimezone(first.zone).date() if first else self.now.date()


def today(by: Actor, *, facility: Facility | None = None, now: dt.datetime | None = None) -> MyDay:
    """What needs this member of staff now, by what their role may do; in a fixed number of queries.

    ``facility`` narrows it to one of the actor's facilities.
    """
    places = frozenset({facility.pk}) & by.facility_ids if facility else by.facility_ids
    rows = Facility.objects.filter(pk__in=places).order_by("name")
    asked = _Asked(by, places, {each.pk: each for each in rows}, now or timezone.now())
    sections = [
        _section(code, title, make(asked))
        for code, title, needs, make in SECTIONS
        if all(by.can(permission) for permission in needs) and not (code in _QUIET and by.can(_QUIET[code]))
    ]
    return MyDay(
        facilities=tuple(asked.facilities.values()),
        sections=tuple(sections),
        sessions_this_week=_this_week(asked),
        at_risk=next((s.total for s in sections if s.code == "at_risk"), 0),
        regimes=tuple(
            RegimePeriod.objects.filter(
                facility__in=places, lifted_at__isnull=True, during__contains=asked.now
            ).order_by("facility", "pk")
        ),
    )


def _section(code: str, title: str | Promise, items: Iterable[Item]) -> Section:
    every = sorted(items, key=lambda item: ORDER.get(item.light, 3))
    return Section(code, title, tuple(every[:SHOWN]), len(every))


def _this_week(asked: _Asked) -> int:
    monday = asked.today() - asked.today().weekday() * DAY
    first = dt.datetime.combine(monday, dt.time.min, tzinfo=asked.now.tzinfo)
    return Session.objects.filter(
        facility__in=asked.places, starts_at__gte=first, starts_at__lt=first + 7 * DAY
    ).count()


def _risks(asked: _Asked) -> list[Item]:
    """Sessions of the coming days that lack something, the nearest first."""
    coming = Session.objects.filter(
        facility__in=asked.places,
        status=SessionStatus.PLANNED,
        ends_at__gt=asked.now,
        starts_at__lt=asked.now + RISK_DAYS * DAY,
    )
    sessions = list(with_surroundings(coming).order_by("starts_at", "pk"))
    lights = readiness.of_sessions(sessions, now=asked.now)
    items = []
    for session in sessions:
        found = lights[session.pk]
        if not found.at_risk:
            continue
        first = found.reasons[0]
        items.append(
            Item(
                title=session.title or session.cohort.program.list_label,
                why=first.text,
                light=found.light,
                due=session.starts_at.astimezone(session.facility.zone),
                remedy_label=first.remedy_label,
                url_name=first.remedy_url_name,
                args=first.args,
                who=session.cohort.name,
                more=len(found.reasons) - 1,
            )
        )
    return items


def _enquiries(asked: _Asked) -> list[Item]:
    """Offers of help whose answer is ours to give, what is late first ([P-119])."""
    today = asked.today()
    return [
        Item(
            title=row.organization_name or row.name,
            why=row.summary[:160] or str(row.get_kind_display()),
            light="red" if row.due_on and row.due_on < today else "amber" if row.due_on == today else "green",
            due=row.due_on,
            remedy_label=_("Answer"),
            url_name="staff:enquiry",
            args=(row.code,),
            who=row.facility.short_name if row.facility else "",
        )
        for row in waiting_for_us(asked.by, asked.places)
    ]


def _missing(asked: _Asked) -> list[Item]:
    found = missing_attendance(asked.by, facilities=asked.places, now=asked.now)
    return [
        Item(
            title=each.title,
            why=_("%(recorded)s of %(called)s people recorded.")
            % {"recorded": each.recorded, "called": each.called},
            light={"escalated": "red", "overdue": "amber"}.get(each.stage, "green"),
            due=each.starts,
            remedy_label=_("Record attendance"),
            url_name="staff:session",
            args=(each.code,),
            who=each.owner,
        )
        for each in found
    ]


def _expiring(asked: _Asked) -> list[Item]:
    """Clearances that end before the visitor's last session of the coming weeks, one item a visitor."""
    # Most clearances hold a day or more to either side, whatever the time zone: those need no second look.
    surely = Clearance.objects.filter(
        visitor=OuterRef("visitor"),
        facility=OuterRef("session__facility"),
        ready__contains=OuterRef("around"),
    )
    leading = (
        Facilitator.objects.annotate(around=DAYS_AROUND)
        .filter(
            ~Exists(surely),
            session__facility__in=asked.places,
            session__status=SessionStatus.PLANNED,
            session__starts_at__gt=asked.now,
            session__starts_at__lt=asked.now + EXPIRY_DAYS * DAY,
            active=True,
        )
        .select_related("visitor", "session__facility", "session__cohort__program")
        .order_by("session__starts_at", "pk")
    )
    rows = list(leading)
    held: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for one in Clearance.objects.filter(
        visitor__in={r.visitor_id for r in rows}, facility__in=asked.places, status__in=CLEARED
    ):
        held[one.visitor_id, one.facility_id].append(one)
    items: dict[tuple[int, int], Item] = {}
    for row in rows:
        facility = row.session.facility
        starts = row.session.starts_at.astimezone(facility.zone)
        spans = held[row.visitor_id, facility.pk]
        key = (row.visitor_id, facility.pk)
        if key in items or any(one.holds_on(starts.date()) for one in spans):
            continue
        last = max((one.last_day for one in spans if one.last_day), default=None)
        if last is None:
            ended = _("is missing")
        elif last < starts.date():
            ended = _("ends on %(day)s") % {"day": day_words(last)}
        else:
            ended = _("lacks a step")
        items[key] = Item(
            title=row.visitor.name,
            why=_("Clearance %(ended)s; next session without it: %(program)s.")
            % {"ended": ended, "program": row.session.cohort.program.list_label},
            light="red" if starts - asked.now < 14 * DAY else "amber",
            due=starts,
            remedy_label=_("Renew the clearance"),
            url_name="staff:visitor",
            args=(row.visitor.code,),
            who=facility.short_name,
        )
    return list(items.values())


def _agreements(asked: _Asked) -> list[Item]:
    """Agreements that end while sessions under them are still planned, one item an agreement."""
    soon = asked.today() + EXPIRY_DAYS * DAY
    last = Session.objects.filter(
        organization=OuterRef("organization"), facility__in=asked.places, status=SessionStatus.PLANNED
    ).order_by("-starts_at")
    rows = (
        Agreement.objects.filter(
            facilities__in=asked.places,
            state="signed",
            terminated_on__isnull=True,
            valid__contains=asked.today(),
            valid__endswith__lte=soon,
        )
        .annotate(last=Subquery(last.values("starts_at")[:1]))
        .filter(last__date__gte=F("valid__endswith"))
        .select_related("organization")
        .distinct()
        .order_by("pk")
    )
    items = []
    for row in rows:
        ends: dt.date = row.valid.upper - DAY
        items.append(
            Item(
                title=row.organization.name,
                why=_("%(title)s ends on %(day)s, before the last planned session.")
                % {"title": row.title, "day": day_words(ends)},
                light="red" if ends - asked.today() < 30 * DAY else "amber",
                due=ends,
                remedy_label=_("See the agreement"),
                url_name="staff:organization",
                args=(row.organization.code,),
            )
        )
    return items


def _seats(asked: _Asked) -> list[Item]:
    """Cohorts that meet soon and have free seats, the fullest lines first."""
    line = (
        WaitlistEntry.objects.filter(
            program=OuterRef("program"), participant__facility=OuterRef("facility"), status__in=OPEN_WAIT
        )
        .order_by()
        .values("program")
        .annotate(n=Count("pk"))
    )
    rows = (
        Cohort.objects.filter(
            facility__in=asked.places,
            status__in=LIVE_COHORT,
            seats_taken__lt=F("capacity") + F("seats_overridden"),
        )
        .annotate(
            next=Min(
                "sessions__starts_at",
                filter=Q(sessions__starts_at__gt=asked.now, sessions__status=SessionStatus.PLANNED),
            ),
            waiting=Subquery(line.values("n")[:1]),
        )
        .filter(next__lt=asked.now + SEAT_DAYS * DAY)
        .select_related("program", "facility")
        .order_by(F("waiting").desc(nulls_last=True), "next")
    )
    return [
        Item(
            title=row.name,
            why=ngettext("%(n)s free seat", "%(n)s free seats", row.free_seats) % {"n": row.free_seats}
            + ", "
            + _("%(n)s in line.") % {"n": row.waiting or 0},
            light="amber" if row.waiting else "green",
            due=row.next,
            remedy_label=_("Fill seats"),
            url_name="staff:cohort_seats",
            args=(row.code,),
            who=row.facility.short_name,
        )
        for row in rows
    ]


def _appeals(asked: _Asked) -> list[Item]:
    """What people say is wrong about a decision on a seat, by the day to answer."""
    return [
        Item(
            title=each.appeal.participant.list_name,
            why=f"{each.appeal.program.name}: {each.appeal.get_about_display()}",
            light="red" if each.late else "amber",
            due=each.appeal.due_on,
            remedy_label=_("Answer"),
            url_name="staff:appeal",
            args=(each.appeal.code,),
            participant_id=each.appeal.participant_id,
        )
        for each in appeals_at(asked.places, asked.today()).waiting
    ]


def _changes(asked: _Asked) -> list[Item]:
    rows = (
        Change.objects.filter(facility__in=asked.places, acknowledged_at__isnull=True)
        .select_related("participant")
        .order_by("-happened_at", "pk")
    )
    return [
        Item(
            title=row.participant.list_name,
            why=row.summary,
            light="amber",
            due=row.happened_at,
            remedy_label=_("See what changed"),
            url_name="staff:person",
            args=(row.participant.code,),
            who=str(row.get_kind_display()),
            participant_id=row.participant_id,
        )
        for row in rows
    ]


def _people(asked: _Asked) -> list[Item]:
    """People by the next thing due: something to continue after a transfer, then a release that is near."""
    items = [
        Item(
            title=row.participant.list_name,
            why=f"{row.get_kind_display()}: {row.program.name}. {row.detail}",
            light="red",
            due=row.recorded_at,
            remedy_label=_("Decide how it goes on"),
            url_name="staff:person",
            args=(row.participant.code,),
            participant_id=row.participant_id,
        )
        for row in Continuation.objects.filter(to_facility__in=asked.places, status=Continuation.Status.OPEN)
        .select_related("participant", "program")
        .order_by("recorded_at", "pk")
    ]
    soon = Participant.objects.filter(
        facility__in=asked.places,
        whereabouts__in=(Whereabouts.INSIDE, Whereabouts.AWAY),
        profile__release_on__range=(asked.today(), asked.today() + RELEASE_DAYS * DAY),
    )
    for person in soon.select_related("profile").order_by("profile__release_on", "sort_name"):
        release = person.profile.release_on
        assert release is not None
        items.append(
            Item(
                title=person.list_name,
                why=_("Expected release (%(source)s).") % {"source": person.profile.release_source},
                light="red" if release - asked.today() <= 7 * DAY else "amber",
                due=release,
                remedy_label=_("Open the record"),
                url_name="staff:person",
                args=(person.code,),
                participant_id=person.pk,
            )
        )
    return items


def _movement(asked: _Asked) -> list[Item]:
    """The call-out of each facility's next part of the day, and what changed since it was printed."""
    items = []
    for facility in asked.facilities.values():
        local = asked.now.astimezone(facility.zone)
        part = day_part(local.time(), lists.windows(facility, local.date()))
        listing = lists.call_out(facility, local.date(), part.value)
        items.append(_list_item(listing, facility, _("people called")))
    return items


def _gate(asked: _Asked) -> list[Item]:
    return [
        _list_item(
            lists.gate(facility, asked.now.astimezone(facility.zone).date()),
            facility,
            _("visitors expected"),
        )
        for facility in asked.facilities.values()
    ]


def _list_item(listing: lists.OfficialList, facility: Facility, what: str) -> Item:
    printed = lists.latest_print(listing)
    changed = lists.changed_since_print(listing, printed)
    stale = printed is not None and bool(changed)
    if printed is None:
        state = _("Not printed yet.")
    elif stale:
        state = _("Changed since version %(n)s was printed.") % {"n": printed.version}
    else:
        state = _("Printed version %(n)s is current.") % {"n": printed.version}
    return Item(
        title=f"{listing.title}, {facility.short_name}",
        why=f"{len(listing.lines)} {what}. {state}",
        light="red" if stale else "amber" if printed is None else "green",
        due=listing.day,
        remedy_label=_("Print it again") if stale else _("Open the list"),
        url_name="staff:list",
        args=(listing.kind.value.replace("_", "-"),),
    )


def _lost(asked: _Asked) -> list[Item]:
    """Hours lost in the last weeks by whose doing it was, the most first."""
    found = lost_hours(asked.facilities.values(), asked.now - LOST_DAYS * DAY, asked.now)
    return [
        Item(
            title=each.label,
            why=_("%(hours)s hours of %(sessions)s sessions in %(days)s days.")
            % {"hours": round(each.hours), "sessions": each.sessions, "days": LOST_DAYS},
            light="amber" if each.cause == "institution" else "green",
            due=None,
            remedy_label=_("See the sessions"),
            url_name="staff:week",
            who=each.cause_words,
        )
        for each in found
    ]


def _lapses(asked: _Asked) -> list[Item]:
    """What else lapses soon or has lapsed: documents, training, approvals. The other two have lists of their own."""
    rows = lapses.pressing(asked.places, kinds_left_out=("clearance", "agreement"))
    return [
        Item(
            title=row.title,
            why=row.about,
            light=row.light,
            due=row.until,
            remedy_label=_("Put it right"),
            url_name="",
            url=row.url,
            who=lapses.kind_words(row.kind, asked.today()),
        )
        for row in rows
    ]


P = Permission
SECTIONS: tuple[tuple[str, Promise, tuple[Permission, ...], Callable[[_Asked], list[Item]]], ...] = (
    ("at_risk", gettext_lazy("Sessions at risk"), (P.MANAGE_SESSIONS,), _risks),
    ("enquiries", gettext_lazy("Offers of help to answer"), (P.MANAGE_PARTNERS,), _enquiries),
    ("attendance", gettext_lazy("Attendance not recorded"), (P.MARK_ATTENDANCE,), _missing),
    (
        "clearances",
        gettext_lazy("Clearances that end before the next session"),
        (P.MANAGE_VISITORS, P.MANAGE_SESSIONS),
        _expiring,
    ),
    (
        "agreements",
        gettext_lazy("Agreements that end before the last session"),
        (P.MANAGE_PARTNERS,),
        _agreements,
    ),
    ("lapses", gettext_lazy("What else lapses"), (P.MANAGE_SESSIONS,), _lapses),
    ("people", gettext_lazy("People by the next thing due"), (P.VIEW_RESTRICTED, P.MOVE_PEOPLE), _people),
    ("seats", gettext_lazy("Seats to fill"), (P.ENROLL,), _seats),
    ("appeals", gettext_lazy("Appeals to answer"), (P.VIEW_RESTRICTED, P.MANAGE_WAITLIST), _appeals),
    ("changes", gettext_lazy("Changes to acknowledge"), (P.VIEW_RESTRICTED, P.EDIT_PEOPLE), _changes),
    ("movement", gettext_lazy("Call-out"), (P.PRINT_LISTS, P.VIEW_PEOPLE), _movement),
    ("gate", gettext_lazy("Gate list"), (P.VIEW_GATE_LIST,), _gate),
    ("lost", gettext_lazy("Lost hours by cause"), (P.VIEW_REPORTS,), _lost),
)
# A section that would only be noise for whoever may do so much more.
_QUIET: dict[str, Permission] = {
    "movement": P.ENROLL,
    "gate": P.ENROLL,
    "lost": P.ENROLL,
}
