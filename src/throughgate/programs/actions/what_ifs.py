"""Questions about seats: what one more instructor, closed rooms, another time or a new partner would change."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.errors import Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Room
from throughgate.programs import jobs
from throughgate.programs.models import LIVE_COHORT, Cohort, Program, WhatIf, WhatIfKind, WhatIfState

MOST_SEATS, MOST_WEEKS = 200, 104
LONGEST_NAME = 160


@transaction.atomic
def one_more_instructor(
    *,
    by: Actor,
    facility: Facility,
    cohort: Cohort,
    weekdays: Sequence[int],
    starts: dt.time,
    starts_on: dt.date,
    weeks: int,
    later: bool = True,
) -> WhatIf:
    """What if a second group like this one ran, at these times of the week, from this day for so many weeks?"""
    _here(cohort.facility_id, facility)
    change = {
        "cohort": cohort.code,
        "weekdays": _weekdays(weekdays),
        "starts": starts.isoformat(),
        "starts_on": starts_on.isoformat(),
        "weeks": _whole(weeks, MOST_WEEKS, _("Weeks")),
        "minutes": 60,
    }
    name = _("One more group: %(name)s") % {"name": cohort.name}
    return _ask(by, facility, WhatIfKind.INSTRUCTOR, name, change, later=later)


@transaction.atomic
def rooms_closed(*, by: Actor, facility: Facility, rooms: Sequence[Room], later: bool = True) -> WhatIf:
    """What if these rooms were closed and the groups that meet in them ended?"""
    if not rooms:
        raise Refused(Reason("no_room", _("No room is chosen."), _("Choose at least one.")))
    for room in rooms:
        _here(room.facility_id, facility)
    name = _("Closed: %(rooms)s") % {"rooms": ", ".join(room.name for room in rooms)}
    return _ask(by, facility, WhatIfKind.ROOMS, name, {"rooms": [room.code for room in rooms]}, later=later)


@transaction.atomic
def program_moved(
    *, by: Actor, facility: Facility, program: Program, starts: dt.time, later: bool = True
) -> WhatIf:
    """What if the groups of this program began at another hour, on the same days?"""
    live = Cohort.objects.filter(facility=facility, program=program, status__in=LIVE_COHORT)
    if not live.exists():
        raise Refused(
            Reason("no_group", _("No group of this program runs here."), _("Choose another program."))
        )
    name = _("%(name)s at %(time)s") % {"name": program.name, "time": f"{starts:%H:%M}"}
    change = {"program": program.code, "starts": starts.isoformat()}
    return _ask(by, facility, WhatIfKind.EVENINGS, name, change, later=later)


@transaction.atomic
def new_partner(
    *,
    by: Actor,
    facility: Facility,
    name: str,
    needs: Sequence[str],
    seats: int,
    weekdays: Sequence[int],
    starts: dt.time,
    minutes: int,
    starts_on: dt.date,
    weeks: int,
    later: bool = True,
) -> WhatIf:
    """What if a new partner ran a group for these needs? Everybody here with one of them could take part."""
    unknown = [need for need in needs if need not in NeedDomain.values]
    if unknown or not needs:
        raise Refused(Reason("no_need", _("No need is chosen."), _("Choose what the program is for.")))
    change = {
        "needs": list(needs),
        "seats": _whole(seats, MOST_SEATS, _("Seats")),
        "weekdays": _weekdays(weekdays),
        "starts": starts.isoformat(),
        "minutes": _whole(minutes, 8 * 60, _("Minutes")),
        "starts_on": starts_on.isoformat(),
        "weeks": _whole(weeks, MOST_WEEKS, _("Weeks")),
    }
    words = _("New partner: %(name)s") % {"name": name.strip() or _("a program")}
    return _ask(by, facility, WhatIfKind.PARTNER, words, change, later=later)


def _here(facility_id: int, facility: Facility) -> None:
    if facility_id != facility.pk:
        raise Refused(Reason("other_facility", _("This belongs to another facility.")))


def _weekdays(days: Sequence[int]) -> list[int]:
    chosen = sorted({int(day) for day in days})
    if not chosen or not all(0 <= day <= 6 for day in chosen):
        raise Refused(Reason("no_day", _("No day of the week is chosen."), _("Choose at least one.")))
    return chosen


def _whole(number: int, most: int, what: str) -> int:
    if not 1 <= number <= most:
        text = _("%(what)s: choose 1 to %(most)d.") % {"what": what, "most": most}
        raise Refused(Reason("out_of_range", text))
    return number


def _ask(
    by: Actor, facility: Facility, kind: WhatIfKind, name: str, change: Mapping[str, object], *, later: bool
) -> WhatIf:
    by.require(Permission.ENROLL, facility.pk)
    work = Work.objects.create(
        kind="what if",
        label=name[:200],
        total=4,
        unit=_("steps"),
        asked_by=by.name,
        membership_id=by.membership_id,
    )
    row = WhatIf.objects.create(
        facility=facility, kind=kind, name=name[:LONGEST_NAME], change=change, work=work, asked_by=by.name,
        seed=secrets.randbelow(2**31), heard_at=timezone.now(),
    )  # fmt: skip
    if later:
        enqueue(jobs.answer_what_if, code=row.code)
    return row


@transaction.atomic
def again(*, by: Actor, what_if: WhatIf, later: bool = True) -> WhatIf:
    """Ask a what-if that broke off once more, as a new one."""
    if what_if.state != WhatIfState.FAILED:
        raise Refused(Reason("not_failed", _("This question did not break off.")))
    return _ask(by, what_if.facility, WhatIfKind(what_if.kind), what_if.name, what_if.change, later=later)
