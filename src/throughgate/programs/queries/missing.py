"""What is missed most in a facility, for anybody to read: counts so coarse that they give nobody away."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from throughgate.base import scope
from throughgate.people.models import NeedDomain
from throughgate.places.models import Facility, Weekday
from throughgate.policies import queries as policies
from throughgate.programs.models import OPEN_WAIT, WaitlistEntry
from throughgate.programs.queries import gaps
from throughgate.programs.rules.publishing import shown


@dataclass(frozen=True)
class Missed:
    """An area of need that lacks seats. ``without`` is how many people have no seat for it, ``waiting`` how many
    stand in line, both in coarse words; ``weekday`` and ``starts`` are when a weekly course would help most."""

    need: str
    label: str
    without: str
    waiting: str
    weekday: str
    starts: dt.time | None


def most_missed(facility: Facility) -> list[Missed]:
    """The areas that lack seats, the most missed first; in four queries.

    From the latest gap map, if there is one, and from the lines; treatment for substance use is left out of
    the lines ([A-29]). An area where both counts are below the threshold of the publishing pack is not listed.
    """
    rules = policies.publishing(facility.jurisdiction, facility.today()).data
    with scope.system("public page: what is missed most", readonly=True):
        made = gaps.latest(facility)
        waiting: dict[str, set[int]] = defaultdict(set)
        entries = WaitlistEntry.objects.filter(
            status__in=OPEN_WAIT, participant__facility=facility, program__part2=False
        )
        for person, needs in entries.order_by().values_list("participant_id", "program__needs"):
            for need in needs:
                waiting[need].add(person)
    without: dict[str, int] = defaultdict(int)
    for cell in made.cells if made else ():
        without[cell["need"]] += cell["without"]
    times: dict[str, tuple[str, dt.time]] = {}
    for row in made.asks if made else ():
        time = str(Weekday(row["weekday"]).label), dt.time.fromisoformat(row["starts"])
        times.setdefault(row["need"], time)
    found = []
    for need in NeedDomain.values:
        counts = without[need], len(waiting[need])
        if max(counts) < rules.smallest:
            continue
        weekday, starts = times.get(need, ("", None))
        without_words, waiting_words = (shown(count, rules) for count in counts)
        row = Missed(need, gaps.label_of(need), without_words, waiting_words, weekday, starts)
        found.append((counts, row))
    return [each for _counts, each in sorted(found, key=lambda pair: (-max(pair[0]), pair[1].label))]
