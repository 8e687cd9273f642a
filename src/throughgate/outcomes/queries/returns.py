"""Counts that funders of reentry work ask for, for a period, each with its definition [S-21], [P-104].

People are counted once however many programs they took part in. What is not recorded here is listed as such:
an empty box is no zero. The figures are exact and made for the funder, not for publication.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base import scope, ui
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, FacilityKind
from throughgate.policies import queries as policies
from throughgate.programs.models import Attendance, Enrollment, WaitlistEntry, WaitStatus

# The definitions below; raised when one of them changes, and printed with every return.
DEFINITIONS = "reentry counts 1"
RECORD_GROUP = "record"  # ended because it was entered by mistake: never counted
OUTSIDE = {FacilityKind.COMMUNITY_OFFICE}


@dataclass(frozen=True)
class Count:
    """One figure with what it counts; ``of`` is what a share is of. ``value`` None is "not recorded here"."""

    code: str
    label: str | Promise
    definition: str | Promise
    value: int | None
    of: int | None = None

    @property
    def share(self) -> int | None:
        """Percent of ``of``; None where there is nothing to divide by."""
        return round(100 * self.value / self.of) if self.value is not None and self.of else None


@dataclass(frozen=True)
class Kind:
    """One kind of service."""

    label: str
    served: int
    places: int
    hours: int
    ended: int
    completed: int


@dataclass(frozen=True)
class Return:
    """A whole return: counts, services by kind, and from which facilities and days."""

    facilities: tuple[Facility, ...]
    since: dt.date
    until: dt.date
    counts: tuple[Count, ...]
    kinds: tuple[Kind, ...]
    programs: ui.Table
    definitions: str = DEFINITIONS


@dataclass
class _Tally:
    served: set[int] = field(default_factory=set)
    places: int = 0
    hours: float = 0.0
    ended: int = 0
    completed: int = 0


@dataclass(frozen=True)
class _Place:
    """One enrollment, as much of it as is counted."""

    key: int
    person: int
    program: str
    needs: tuple[str, ...]
    outside: bool
    starts: dt.date
    ended: dt.date | None
    outcome: str


def make(facilities: Sequence[Facility], since: dt.date, until: dt.date) -> Return:
    """The return for some facilities and a period, both days included.

    The caller has the permission to see reports; single people are read as the system and only counted.
    """
    with scope.system("funder return: counts only", readonly=True):
        places = list(_places(facilities, since, until))
        hours = _hours([place.key for place in places], since, until)
        asked, admitted = _asked(facilities, since, until)
    return Return(
        facilities=tuple(facilities),
        since=since,
        until=until,
        counts=_counts(places, hours, since, until, (asked, admitted)),
        kinds=_kinds(places, hours, until),
        programs=_programs(places, hours, until),
    )


def _places(facilities: Sequence[Facility], since: dt.date, until: dt.date) -> Iterator[_Place]:
    reasons = policies.leaving(_jurisdiction(facilities), until).data.reasons
    rows = (
        Enrollment.objects.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=since))
        .filter(cohort__facility__in=facilities, starts_on__lte=until)
        .order_by()
        .values_list(
            "pk", "participant_id", "cohort__program__name", "cohort__program__needs", "cohort__facility__kind",
            "starts_on", "ended_on", "end_reason",
        )
    )  # fmt: skip
    for key, person, program, needs, kind, starts, ended, why in rows:
        reason = reasons.get(why)
        if reason and reason.group == RECORD_GROUP:
            continue
        outcome = reason.outcome if reason else "neutral"
        yield _Place(key, person, program, tuple(needs), kind in OUTSIDE, starts, ended, outcome)


def _jurisdiction(facilities: Sequence[Facility]) -> str:
    return facilities[0].jurisdiction if facilities else settings.JURISDICTION


def _hours(keys: Sequence[int], since: dt.date, until: dt.date) -> dict[int, float]:
    rows = (
        Attendance.objects.filter(
            call__enrollment_id__in=keys,
            session__starts_at__date__gte=since,
            session__starts_at__date__lte=until,
        )
        .order_by()
        .values_list("call__enrollment_id")
        .annotate(minutes=Sum("minutes"))
    )
    return {key: minutes / 60 for key, minutes in rows}


def _asked(facilities: Sequence[Facility], since: dt.date, until: dt.date) -> tuple[int, int]:
    rows = WaitlistEntry.objects.filter(
        participant__facility__in=facilities, requested_on__gte=since, requested_on__lte=until
    ).exclude(status=WaitStatus.WITHDRAWN)
    return rows.count(), rows.filter(status=WaitStatus.ENROLLED).count()


def _ended(place: _Place, until: dt.date) -> bool:
    return place.ended is not None and place.ended <= until


def _counts(
    places: Sequence[_Place],
    hours: dict[int, float],
    since: dt.date,
    until: dt.date,
    line: tuple[int, int],
) -> tuple[Count, ...]:
    asked, admitted = line
    people = {place.person for place in places}
    after = {place.person for place in places if place.outside}
    ended = [place for place in places if _ended(place, until)]
    completed = [place for place in ended if place.outcome == "completed"]
    left = [place for place in ended if place.outcome in {"withdrew", "removed"}]
    new = {place.person for place in places if place.starts >= since}

    def share(some: list[_Place], outside: bool) -> tuple[int, int]:
        of = [place for place in ended if place.outside == outside]
        return len([place for place in some if place.outside == outside]), len(of)

    inside_done, inside_ended = share(completed, False)
    outside_done, outside_ended = share(completed, True)
    known = (
        ("served", len(people), None),
        ("new", len(new), None),
        ("before_release", len(people - after) + len(after & {p.person for p in places if not p.outside}), None),
        ("after_release", len(after), None),
        ("places", len(places), None),
        ("hours", round(sum(hours.values())), None),
        ("asked", asked, None),
        ("admitted", admitted, asked),
        ("ended", len(ended), None),
        ("completed", len(completed), len(ended)),
        ("completed_before", inside_done, inside_ended),
        ("completed_after", outside_done, outside_ended),
        ("left", len(left), len(ended)),
        ("risk", None, None),
        ("family", None, None),
        ("tests", None, None),
    )  # fmt: skip
    return tuple(Count(code, *WORDS[code], value, of) for code, value, of in known)


WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "served": (
        gettext_lazy("People served"),
        gettext_lazy("Different people with a place in a program on at least one day of the period."),
    ),
    "new": (
        gettext_lazy("People newly enrolled"),
        gettext_lazy("Different people with a place that began within the period."),
    ),
    "before_release": (
        gettext_lazy("Served before release"),
        gettext_lazy("Of the people served, those with a place in a facility of custody."),
    ),
    "after_release": (
        gettext_lazy("Served after release"),
        gettext_lazy("Of the people served, those with a place at an office in the community; one may be in both."),
    ),
    "places": (
        gettext_lazy("Places"),
        gettext_lazy("Places in programs held on at least one day; a person with two places counts twice."),
    ),
    "hours": (
        gettext_lazy("Hours attended"),
        gettext_lazy("Hours of attendance recorded for sessions of the period; what nobody recorded is not counted."),
    ),
    "asked": (
        gettext_lazy("Asked for a place"),
        gettext_lazy("Requests made within the period, without those that were withdrawn."),
    ),
    "admitted": (
        gettext_lazy("Of them admitted"),
        gettext_lazy("Those requests that have led to a place by now."),
    ),
    "ended": (
        gettext_lazy("Places that ended"),
        gettext_lazy("Places whose last day lies in the period, without records entered by mistake."),
    ),
    "completed": (
        gettext_lazy("Completed successfully"),
        gettext_lazy("Of the places that ended, those ended as completed."),
    ),
    "completed_before": (
        gettext_lazy("Completed before release"),
        gettext_lazy("The same, places in facilities of custody only."),
    ),
    "completed_after": (
        gettext_lazy("Completed after release"),
        gettext_lazy("The same, places at offices in the community only."),
    ),
    "left": (
        gettext_lazy("Left or taken out"),
        gettext_lazy("Of the places that ended, those where the person withdrew or was removed. Transfers, releases "
                     "and canceled programs are in neither."),
    ),
    "risk": (
        gettext_lazy("Moderate or high risk"),
        gettext_lazy("Risk scores are not kept in this product."),
    ),
    "family": (
        gettext_lazy("Family members served"),
        gettext_lazy("Family members are not recorded in this product."),
    ),
    "tests": (
        gettext_lazy("Drug tests"),
        gettext_lazy("Tests are not recorded in this product."),
    ),
}  # fmt: skip


def _kinds(places: Sequence[_Place], hours: dict[int, float], until: dt.date) -> tuple[Kind, ...]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for place in places:
        for need in place.needs or ("",):
            _add(tallies[need], place, hours, until)
    labels = dict(NeedDomain.choices)
    made = [
        Kind(str(labels.get(need, _("Other"))), len(t.served), t.places, round(t.hours), t.ended, t.completed)
        for need, t in tallies.items()
    ]
    return tuple(sorted(made, key=lambda kind: kind.label))


def _add(tally: _Tally, place: _Place, hours: dict[int, float], until: dt.date) -> None:
    tally.served.add(place.person)
    tally.places += 1
    tally.hours += hours.get(place.key, 0.0)
    if _ended(place, until):
        tally.ended += 1
        tally.completed += place.outcome == "completed"


def _programs(places: Sequence[_Place], hours: dict[int, float], until: dt.date) -> ui.Table:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for place in places:
        _add(tallies[place.program], place, hours, until)
    rows = [
        [name, len(t.served), t.places, round(t.hours), t.ended, t.completed]
        for name, t in sorted(tallies.items())
    ]
    return ui.Table(_("By program"), columns(_("Program")), rows)


def columns(first: str) -> list[ui.Column]:
    """The columns of both tables of services."""
    return [
        ui.Column(first),
        ui.Column(_("People"), True),
        ui.Column(_("Places"), True),
        ui.Column(_("Hours"), True),
        ui.Column(_("Ended"), True),
        ui.Column(_("Completed"), True),
    ]


CSV_COLUMNS = ("part", "what", "value", "of", "percent", "definition")


def as_rows(made: Return) -> Iterator[list[object]]:
    """The return as one flat table."""
    yield ["head", "period", f"{made.since} to {made.until}", "", "", ""]
    yield ["head", "facilities", "; ".join(each.name for each in made.facilities), "", "", ""]
    yield ["head", "definitions", made.definitions, "", "", ""]
    for each in made.counts:
        value = _("not recorded here") if each.value is None else each.value
        yield ["count", str(each.label), value, each.of or "", each.share or "", str(each.definition)]
    for kind in made.kinds:
        for label, value in (
            (_("People"), kind.served),
            (_("Places"), kind.places),
            (_("Hours"), kind.hours),
            (_("Ended"), kind.ended),
            (_("Completed"), kind.completed),
        ):
            yield ["kind", f"{kind.label}: {label}", value, "", "", ""]
    for row in made.programs.rows:
        yield ["program", str(row[0]), row[1], "", "", ""]


def for_print(made: Return) -> dict[str, object]:
    """What the print "list" sets."""
    return {
        "title": _("Return for a funder"),
        "facility": " · ".join(each.name for each in made.facilities),
        "window": _("%(since)s to %(until)s") % {"since": made.since, "until": made.until},
        "facts": [[_("Definitions"), made.definitions]],
        "warning": _("Exact figures for the funder. Not for publication: small numbers could name a person."),
        "columns": [
            {"label": _("What"), "width": 2},
            {"label": _("Count"), "kind": "number"},
            {"label": _("Of"), "kind": "number"},
            {"label": _("Percent"), "kind": "number"},
            {"label": _("What it counts"), "width": 4},
        ],
        "groups": [
            {"title": _("People and places"), "rows": [_count_row(each) for each in made.counts]},
            {
                "title": _("Services by kind"),
                "note": _("A program may serve several kinds; kinds do not add up."),
                "rows": [
                    [kind.label, kind.served, None, None, _kind_words(kind)] for kind in made.kinds
                ],
            },
        ],
    }  # fmt: skip


def _count_row(each: Count) -> list[object]:
    value = "—" if each.value is None else each.value
    return [
        str(each.label),
        value,
        each.of,
        None if each.share is None else f"{each.share} %",
        str(each.definition),
    ]


def _kind_words(kind: Kind) -> str:
    return _("%(places)d places, %(hours)d hours, %(ended)d ended, %(completed)d of them completed") % {
        "places": kind.places,
        "hours": kind.hours,
        "ended": kind.ended,
        "completed": kind.completed,
    }
