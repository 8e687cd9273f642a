"""Writing what was decided about many people at once.

Newcomers and plain facts go in bulk, with the audit's triggers on every row. Transfers, releases and returns
of people who are known here go one by one through the people's own verbs, because programs, consents and
partners' sight follow from them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.codes import new_code
from throughgate.base.names import sort_name
from throughgate.exchange import bulk
from throughgate.exchange.custody.judge import Plan
from throughgate.exchange.models import Import, ImportRow
from throughgate.people import actions
from throughgate.people.models import (
    Change,
    ChangeKind,
    Identifier,
    Participant,
    Profile,
    ReleaseDate,
    Stay,
)
from throughgate.places.models import Facility

RECENT = dt.timedelta(days=7)


def people(load: Import, plans: Iterable[tuple[Plan, ImportRow]]) -> None:
    """Carry out the plans of a batch."""
    every = list(plans)
    fresh = [plan for plan, _row in every if plan.known is None]
    known = [plan for plan, _row in every if plan.known is not None]
    made = _newcomers(load, fresh)
    _moves(load, known)
    _facts(known)
    ids = {id(plan): plan.known.pk for plan in known if plan.known} | {
        id(plan): pk for plan, pk in zip(fresh, made, strict=True)
    }
    _stays(load, [(ids[id(plan)], plan) for plan in [*fresh, *known]])
    _dates(load, [(ids[id(plan)], plan) for plan in [*fresh, *known]])
    _numbers(load, known)


def _newcomers(load: Import, plans: list[Plan]) -> list[int]:
    """Write people who are new; returns their ids in the order of the plans."""
    codes = [new_code() for _plan in plans]
    bulk.insert(
        Participant,
        [
            {"code": code, **plan.person, "preferred_name": "", "interpreter": False,
             "sort_name": sort_name(plan.person["last_name"], plan.person["first_name"])}
            for code, plan in zip(codes, plans, strict=True)
        ],
    )  # fmt: skip
    found = dict(Participant.objects.filter(code__in=codes).order_by("id").values_list("code", "id"))
    ids = [found[code] for code in codes]
    pairs = list(zip(ids, plans, strict=True))
    bulk.insert(
        Profile,
        [{"participant": pk, **_NO_PROFILE, **_expected(plan), **plan.profile} for pk, plan in pairs],
    )
    system = load.options["system"]
    bulk.insert(
        Identifier,
        [
            {
                "participant": pk,
                "system": system,
                "value": plan.number,
                "primary": True,
                "verified_by": load.source,
            }
            for pk, plan in pairs
        ],
    )
    _arrivals(load, pairs)
    return ids


def _arrivals(load: Import, pairs: list[tuple[int, Plan]]) -> None:
    """Tell facilities who arrived in the last days; a first load of everybody tells nobody."""
    since = dt.date.fromisoformat(load.options["as_of"]) - RECENT
    Change.objects.bulk_create(
        Change(
            participant_id=pk, facility_id=plan.current.facility_id, kind=ChangeKind.RECEIVED,
            summary=_("Arrived on %(day)s, by the extract of %(source)s.")
            % {"day": plan.current.start, "source": load.source},
        )
        for pk, plan in pairs
        if plan.current.end is None and plan.current.start >= since
    )  # fmt: skip


_NO_PROFILE = {
    "custody_level": "",
    "release_on": None,
    "release_source": "",
    "release_as_of": None,
    "release_unknown_reason": "",
}


def _expected(plan: Plan) -> dict[str, object]:
    if plan.expected is None:
        return {}
    return {
        "release_on": plan.expected.on and plan.expected.on.isoformat(),
        "release_source": plan.expected.source,
        "release_as_of": plan.expected.as_of.isoformat(),
        "release_unknown_reason": plan.expected.unknown_reason,
    }


def _moves(load: Import, plans: list[Plan]) -> None:
    moving = [plan for plan in plans if plan.move]
    if not moving:
        return
    by = Actor.system(f"import {load.code}")
    facilities = {each.pk: each for each in Facility.objects.order_by("id")}
    ids = [plan.known.pk for plan in moving if plan.known]
    found = {each.pk: each for each in Participant.objects.filter(pk__in=ids).order_by("id")}
    for plan in moving:
        assert plan.known is not None
        assert plan.move is not None
        person, move = found[plan.known.pk], plan.move
        place, reason = facilities[move.facility_id], move.reason
        if move.kind == "transfer":
            actions.transfer(by=by, participant=person, to=place, on=move.on, reason=reason)
        elif move.kind == "return":
            actions.return_to_custody(by=by, participant=person, to=place, on=move.on, reason=reason)
        else:
            actions.release(by=by, participant=person, on=move.on, reason=reason)


def _facts(plans: list[Plan]) -> None:
    told = {plan.known.pk: plan for plan in plans if plan.known and plan.person}
    rows = list(Participant.objects.filter(pk__in=told).order_by("id"))
    for person in rows:
        for name, value in told[person.pk].person.items():
            setattr(person, name, value)
        person.sort_name = sort_name(person.last_name, person.first_name)
    fields = ["first_name", "last_name", "sort_name", "language", "unit", "cell"]
    Participant.objects.bulk_update(rows, fields)
    told = {plan.known.pk: plan for plan in plans if plan.known and plan.profile}
    here = {each.pk: each for each in Profile.objects.filter(pk__in=told).order_by("pk")}
    for pk, plan in told.items():
        profile = here.get(pk) or Profile(participant_id=pk)
        for name, value in plan.profile.items():
            setattr(profile, name, value)
        if pk in here:
            continue
        profile.save(force_insert=True)
    Profile.objects.bulk_update(here.values(), ["birth_date", "sex", "race_ethnicity"])


def _stays(load: Import, plans: list[tuple[int, Plan]]) -> None:
    bulk.insert(
        Stay,
        [
            {
                "participant": pk,
                "facility": spell.facility_id,
                "during": f"[{spell.start},{spell.end or ''})",
                "reason_in": term.values["admission_type"] or "admission",
                "reason_out": (term.values["release_type"] or "release") if spell.end else "",
                "source": load.source,
            }
            for pk, plan in plans
            for spell, term in plan.stays
        ],
    )


def _dates(load: Import, plans: list[tuple[int, Plan]]) -> None:
    """Dates in force are superseded or confirmed, new ones written, and the date to plan by follows."""
    as_of = dt.date.fromisoformat(load.options["as_of"])
    replaced = {(pk, date.kind) for pk, plan in plans if plan.known for date in plan.dates}
    confirmed = {(pk, kind) for pk, plan in plans for kind in plan.confirmed}
    if replaced or confirmed:
        here = ReleaseDate.objects.filter(
            participant_id__in={pk for pk, _kind in replaced | confirmed}, superseded_at__isnull=True
        )
        ids = {(each.participant_id, each.kind): each.pk for each in here.order_by("id")}
        ReleaseDate.objects.filter(pk__in=[ids[key] for key in replaced if key in ids]).update(
            superseded_at=timezone.now()
        )
        ReleaseDate.objects.filter(pk__in=[ids[key] for key in confirmed if key in ids]).update(as_of=as_of)
    bulk.insert(
        ReleaseDate,
        [
            {
                "participant": pk,
                "kind": date.kind,
                "on": date.on and date.on.isoformat(),
                "unknown_reason": "",
                "source": date.source,
                "as_of": date.as_of.isoformat(),
            }
            for pk, plan in plans
            for date in plan.dates
        ],
    )
    _plan_by([(pk, plan) for pk, plan in plans if plan.known and (plan.dates or plan.confirmed)])


def _plan_by(plans: list[tuple[int, Plan]]) -> None:
    """The profile follows the date to plan by; one that moved is told to the facility."""
    ids = [pk for pk, _plan in plans]
    here = {
        pk: (facility, on, as_of)
        for pk, facility, on, as_of in Participant.objects.filter(pk__in=ids, profile__isnull=False)
        .order_by("pk")
        .values_list("pk", "facility_id", "profile__release_on", "profile__release_as_of")
    }
    changes, rows = [], []
    for pk, plan in plans:
        expected = plan.expected
        if expected is None or pk not in here:
            continue
        facility, before, as_of = here[pk]
        if as_of is not None and before != expected.on:
            words = _("Release date moved from %(before)s to %(after)s (%(source)s, as of %(as_of)s).") % {
                "before": before or _("not known"),
                "after": expected.on or _("not known"),
                "source": expected.source,
                "as_of": expected.as_of,
            }
            changes.append(_change(pk, facility, ChangeKind.DATE_MOVED, words))
        rows.append({"participant": pk, **_expected(plan)})
    bulk.update(Profile, rows)
    Change.objects.bulk_create(changes)


def _change(participant_id: int, facility_id: int, kind: ChangeKind, words: str) -> Change:
    return Change(participant_id=participant_id, facility_id=facility_id, kind=kind, summary=words[:250])


def _numbers(load: Import, plans: list[Plan]) -> None:
    """A number that a person decided to be somebody's who is here already."""
    system = load.options["system"]
    numbers = {plan.number: plan.known.pk for plan in plans if plan.known}
    here = set(
        Identifier.objects.filter(system=system, value__in=numbers)
        .order_by("id")
        .values_list("value", flat=True)
    )
    Identifier.objects.bulk_create(
        Identifier(participant_id=pk, system=system, value=number, verified_by=load.source)
        for number, pk in numbers.items()
        if number not in here
    )


def doubts(load: Import, conflicts: list[tuple[int, ImportRow]]) -> None:
    """Tell the facility of each person about whom the extract left a doubt; once, until it is acknowledged."""
    found = dict(
        Participant.objects.filter(pk__in={pk for pk, _row in conflicts})
        .order_by("id")
        .values_list("id", "facility_id")
    )
    open_already = set(
        Change.objects.filter(
            participant_id__in=found, kind=ChangeKind.IDENTITY, acknowledged_at__isnull=True
        )
        .order_by("id")
        .values_list("participant_id", "summary")
    )
    new = []
    for pk, row in conflicts:
        words = _("The extract of %(source)s has number %(number)s with a doubt about who it is.") % {
            "source": load.source,
            "number": row.key,
        }
        if (pk, words[:250]) not in open_already:
            open_already.add((pk, words[:250]))
            new.append(_change(pk, found[pk], ChangeKind.IDENTITY, words))
    Change.objects.bulk_create(new)
