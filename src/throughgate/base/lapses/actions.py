"""Looking at everything that lapses, and reminding the right people, each exactly once."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from throughgate.base import scope
from throughgate.base.lapses import rules
from throughgate.base.lapses.contract import (
    EVERY,
    FORESIGHTS,
    SOURCES,
    STEWARDS,
    Hit,
    Lapse,
    Recipient,
    Window,
)
from throughgate.base.lapses.models import Lapsing, Reminder
from throughgate.base.outbox.actions import RECHECKS, send
from throughgate.base.outbox.preferences import preference_of
from throughgate.base.templatetags.when import day as day_words

log = logging.getLogger("throughgate.lapses")

DAY = dt.timedelta(days=1)
# How far a look reaches: longer ahead than any pack reminds, and back as long as a runner may lie dead.
AHEAD, BACK = 400 * DAY, 45 * DAY
HITS_KEPT, HITS_SAID = 5, 3
# Keys of people with an account; of those, staff can open the page that puts a thing right.
STAFF = "user "


@dataclass(frozen=True)
class Look:
    """What one look found: everything by kind and key, and the kinds that could not be asked."""

    found: Mapping[tuple[str, str], Lapse]
    failed: frozenset[str]


def steps_of(lapse: Lapse, on: dt.date) -> rules.Steps:
    """The reminder days that hold for a lapse; the settings name where the rule packs are."""
    found: rules.Steps = import_string(settings.REMINDER_STEPS)(lapse.kind, lapse.jurisdiction, on)
    return found


def today_of(lapse: Lapse, now: dt.datetime) -> dt.date:
    """Today where the lapse counts its days."""
    return now.astimezone(ZoneInfo(lapse.zone or settings.TIME_ZONE)).date()


def look(now: dt.datetime, language: str = "en", kinds: Sequence[str] | None = None) -> Look:
    """Ask every room what of its own lapses, in a language. Reads only; each kind in a scope of its own.

    A kind that fails is reported and left as it was last seen; it keeps no other from being looked at.
    """
    window = Window(now.date() - BACK, now.date() + AHEAD)
    found: dict[tuple[str, str], Lapse] = {}
    failed = set()
    for kind in sorted(SOURCES) if kinds is None else kinds:
        try:
            with (
                scope.system(f"what lapses: {kind}", readonly=scope.current() is None),
                translation.override(language),
            ):
                found.update({(kind, each.key): each for each in _ask(kind, window)})
        except Exception:
            log.exception("looking for what lapses failed for %s", kind)
            failed.add(kind)
    return Look(found, frozenset(failed))


def _ask(kind: str, window: Window) -> Iterator[Lapse]:
    latest: dict[str, Lapse] = {}
    for ask in SOURCES[kind]:
        for each in ask(window):
            if each.until in window and (each.key not in latest or latest[each.key].until < each.until):
                latest[each.key] = each
    lapses = list(latest.values())
    more: dict[str, list[Hit]] = {}
    for foresee in (*FORESIGHTS.get(kind, ()), *FORESIGHTS.get(EVERY, ())):
        for key, hits in foresee(lapses).items():
            more.setdefault(key, []).extend(hits)
    unseen = [each for each in lapses if not any(to.key.startswith(STAFF) for to in each.recipients)]
    see_to_it: dict[str, list[Recipient]] = {}
    for ask_who in STEWARDS:
        for key, people in ask_who(unseen).items():
            see_to_it.setdefault(key, []).extend(people)
    for each in lapses:
        hits = sorted({*each.hits, *more.get(each.key, ())}, key=lambda hit: (hit.on, hit.what))
        yield replace(each, recipients=(*each.recipients, *see_to_it.get(each.key, ())), hits=hits)


def keep(seen: Look, now: dt.datetime) -> None:
    """Write down what a look found, so that pages need not ask again; what lapses no more is taken off."""
    before = {(row.kind, row.ref): row for row in Lapsing.objects.order_by("pk")}
    new = []
    for key, lapse in seen.found.items():
        row, values = before.pop(key, None), _facts(lapse, now)
        if row is None:
            new.append(Lapsing(kind=lapse.kind, ref=lapse.key, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            Lapsing.objects.filter(pk=row.pk).update(**values)
    Lapsing.objects.bulk_create(new, ignore_conflicts=True)
    gone = [row.pk for (kind, _ref), row in before.items() if kind not in seen.failed]
    Lapsing.objects.filter(pk__in=gone).delete()


def _facts(lapse: Lapse, now: dt.datetime) -> dict[str, Any]:
    today = today_of(lapse, now)
    steps = steps_of(lapse, today)
    first = lapse.hits[0].on if lapse.hits else None
    return {
        "until": lapse.until,
        "title": lapse.title[:250],
        "about": lapse.about[:250],
        "url": lapse.url,
        "facility_ids": sorted(set(lapse.facility_ids)),
        "step": rules.step_on(steps, lapse.until, today),
        "light": rules.light(steps, lapse.until, today, first),
        "first_hit": first,
        "hits": [{"on": h.on.isoformat(), "what": h.what, "url": h.url} for h in lapse.hits[:HITS_KEPT]],
        "hits_count": len(lapse.hits),
    }


def due(seen: Look, now: dt.datetime) -> list[tuple[Lapse, int]]:
    """Lapses whose reminder of today has not been given to everybody yet, with the step."""
    given: dict[tuple[str, str, dt.date, int], set[str]] = {}
    for row in Reminder.objects.filter(until__gte=now.date() - BACK - DAY).order_by("pk"):
        given.setdefault((row.kind, row.ref, row.until, row.step), set()).add(row.person)
    found = []
    for lapse in seen.found.values():
        today = today_of(lapse, now)
        step = rules.step_on(steps_of(lapse, today), lapse.until, today)
        if step is None:
            continue
        known = given.get((lapse.kind, lapse.key, lapse.until, step), set())
        if any(each.key not in known for each in lapse.recipients):
            found.append((lapse, step))
    return found


def remind(lapse: Lapse, step: int, now: dt.datetime) -> int:
    """Remind everybody of a lapse at a step, in the caller's transaction; how many had not been reminded.

    The note of the reminder and its message are written together, and the database keeps each from being
    written twice, whoever runs this at the same moment or after a crash.
    """
    new = 0
    for each in _once(lapse.recipients):
        _row, made = Reminder.objects.get_or_create(
            kind=lapse.kind,
            ref=lapse.key,
            until=lapse.until,
            step=step,
            person=each.key,
            defaults={
                "name": each.name,
                "told": bool(each.address),
                "facility_ids": sorted(set(lapse.facility_ids)),
            },
        )
        if made:
            new += 1
            _write(lapse, step, each, now)
    return new


def _once(recipients: Sequence[Recipient]) -> list[Recipient]:
    """Each key once, and of several keys with one address the first."""
    keys: set[str] = set()
    addresses: set[str] = set()
    kept = []
    for each in recipients:
        address = each.address.lower()
        if each.key not in keys:
            kept.append(replace(each, address="") if address in addresses else each)
        keys.add(each.key)
        addresses |= {address} - {""}
    return kept


def _write(lapse: Lapse, step: int, to: Recipient, now: dt.datetime) -> None:
    preference = preference_of(to.key)
    language = (preference.language if preference else "") or to.language
    if language != "en":
        again = look(now, language, [lapse.kind]).found.get((lapse.kind, lapse.key))
        lapse = again if again is not None and again.until == lapse.until else lapse
    zone = lapse.zone or settings.TIME_ZONE
    send(
        key=f"lapse {lapse.kind} {lapse.key} {lapse.until} {step} {to.key}",
        address=to.address,
        name=to.name,
        person=to.key,
        language=language,
        template="lapse",
        data=_data(lapse, step, to, language, now),
        recheck="lapse",
        facility_id=lapse.facility_ids[0] if lapse.facility_ids else None,
        thread=f"lapse {lapse.kind} {lapse.key}",
        topic="lapses",
        zone=to.zone or lapse.zone,
        deadline=None
        if step == rules.LAPSED
        else dt.datetime.combine(lapse.until, dt.time(), ZoneInfo(zone)),
    )


def _data(lapse: Lapse, step: int, to: Recipient, language: str, now: dt.datetime) -> dict[str, Any]:
    today = today_of(lapse, now)
    with translation.override(language):
        return {
            "kind": lapse.kind,
            "ref": lapse.key,
            "end": lapse.until.isoformat(),
            "kind_words": steps_of(lapse, today).words(language),
            "what": lapse.title,
            "about": lapse.about,
            "until": str(day_words(lapse.until)),
            "lapsed": step == rules.LAPSED,
            "final": lapse.final,
            "hits": [f"{day_words(hit.on)}: {hit.what}" for hit in lapse.hits[:HITS_SAID]],
            "more": max(len(lapse.hits) - HITS_SAID, 0),
            "url": settings.SITE_ADDRESS.rstrip("/") + lapse.url
            if to.inside and to.key.startswith(STAFF) and lapse.url
            else "",
        }


def _address(lapse: Lapse, to: Recipient) -> str:
    """The page that puts it right, for those of the staff; nobody else could open it."""
    opens = to.inside and to.key.startswith(STAFF) and lapse.url
    return settings.SITE_ADDRESS.rstrip("/") + lapse.url if opens else ""


def _still_lapses(data: Mapping[str, Any]) -> bool:
    """Whether the thing still ends on that day: it was not renewed, ended or withdrawn since."""
    until = dt.date.fromisoformat(data["end"])
    return any(
        each.key == data["ref"] and each.until == until
        for ask in SOURCES.get(data["kind"], ())
        for each in ask(Window(until, until))
    )


RECHECKS["lapse"] = _still_lapses


def run() -> int:
    """Look, write it down, and remind; each thing's reminders in a transaction of their own.

    Safe to run at any moment, twice at once, and again after dying anywhere. How many reminders are new.
    Raises at the end when a room could not be asked, so that the job is run again.
    """
    now = timezone.now()
    seen = look(now)
    with scope.system("what lapses"):
        keep(seen, now)
        waiting = due(seen, now)
    new = 0
    for lapse, step in waiting:
        with scope.system("reminder"):
            new += remind(lapse, step, now)
    if seen.failed:
        raise RuntimeError(f"These could not be looked at: {', '.join(sorted(seen.failed))}.")
    return new
