"""From the event model to one row per release, written once as Ibis expressions.

The result of `people` has the columns person, release, released, group, supervised, exit (day observation
ended, counted from release), cause (0 end of data, 1 the event, 2 a competing departure), window_end (day
the window ends, exclusive), mature (whole window observed) and returned (event inside the window).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from .counting import Cube, collect, count
from .errors import StudyError
from .events import History
from .measures import Measure


@dataclass(frozen=True)
class Rate:
    """A fixed-window rate over a group: people whose whole window was observed, and how many returned."""

    group: str
    people: int
    returned: int


def connect(history: History, backend: Any = None) -> dict[str, Any]:
    """Load the tables into an Ibis backend (embedded DuckDB unless another is given)."""
    names = ("releases", "events", "departures", "custody")
    if backend is not None:
        return {n: backend.create_table(f"tg_{n}", getattr(history, n), overwrite=True) for n in names}
    import ibis  # noqa: PLC0415

    con = ibis.duckdb.connect()
    for name in names:
        con.con.register(f"tg_{name}", getattr(history, name))
    with warnings.catch_warnings():
        # Ibis still reads a table's columns through a DuckDB method that has a newer name.
        warnings.simplefilter("ignore", DeprecationWarning)
        return {n: con.table(f"tg_{n}") for n in names}


def people(
    tables: dict[str, Any], measure: Measure, *, since: date, until: date, complete_until: date
) -> Any:
    """The cohort definition (Ibis): releases in [since, until], each with its first qualifying event.

    complete_until: last day on which an event would surely be in the data; nothing after it is used.
    Events on the day of release count (day 0); events for offenses before release do not [T-14].
    """
    import ibis  # noqa: PLC0415

    if until < since:
        raise StudyError("The period of releases ends before it starts.")
    r = _releases(tables["releases"], measure, since, until)
    first = _first_event(r, tables["events"], measure, complete_until)
    gone = _first_departure(r, tables["departures"], measure, complete_until)
    t = r.left_join(first, r.release == first.e_release).drop("e_release")
    t = t.left_join(gone, t.release == gone.d_release).drop("d_release")
    end = ibis.literal(complete_until)
    step = (
        ibis.interval(months=measure.window)
        if measure.unit == "month"
        else ibis.interval(days=measure.window)
    )
    t = t.mutate(
        window_stop=(t.released + step).cast("date"), stop=ibis.least(end, t.next_released.fill_null(end))
    )
    t = t.mutate(
        event_day=t.event_on.delta(t.released, unit="day"),
        gone_day=t.gone_on.delta(t.released, unit="day"),
        stop_day=t.stop.delta(t.released, unit="day"),
        window_end=t.window_stop.delta(t.released, unit="day"),
        mature=t.window_stop.delta(end, unit="day") <= 1,
    )
    t = t.filter(t.stop_day >= 0)
    if measure.deaths == "drop":
        t = t.filter(t.gone_on.isnull() | (t.gone_kind != "death"))
    late = 10**6
    event, left = t.event_day.fill_null(late), t.gone_day.fill_null(late)
    t = t.mutate(
        exit=ibis.least(event, left, t.stop_day).cast("int32"),
        cause=ibis.cases(((event <= left) & (event <= t.stop_day), 1), (left <= t.stop_day, 2), else_=0).cast(
            "int8"
        ),
    )
    t = t.mutate(returned=(t.cause == 1) & (t.exit < t.window_end))
    wanted = ("person", "release", "released", "group", "supervised", "exit", "cause", "window_end", "mature")
    return t.select(*wanted, "returned")


def _releases(releases: Any, measure: Measure, since: date, until: date) -> Any:
    """Counted releases with the day of the next one; the first per person when the basis says so."""
    import ibis  # noqa: PLC0415

    r = releases.filter(~releases.kind.isin(list(measure.exclude)))
    order = ibis.window(group_by="person", order_by=["released", "release"])
    r = r.mutate(next_released=r.released.lead().over(order))
    r = r.filter(r.released.between(since, until))
    if measure.basis == "first":
        r = r.mutate(nth=ibis.row_number().over(order), next_released=ibis.null("date"))
        r = r.filter(r.nth == 0).drop("nth")
    return r


def _first_event(r: Any, events: Any, measure: Measure, complete_until: date) -> Any:
    e = events.filter(events.type.isin(list(measure.events)) & (events.on <= complete_until))
    if measure.new_crime_only:
        e = e.filter(e.new_crime)
    e = e.select(e_person=e.person, e_on=e.on, offense_on=e.offense_on)
    j = r.select("person", "release", "released").join(e, r.person == e.e_person)
    j = j.filter((j.e_on >= j.released) & (j.offense_on.isnull() | (j.offense_on >= j.released)))
    return j.group_by(e_release=j.release).agg(event_on=j.e_on.min())


def _first_departure(r: Any, departures: Any, measure: Measure, complete_until: date) -> Any:
    # To drop known deaths one has to look for them even though they do not compete.
    kinds = (
        ["death"]
        if measure.deaths == "drop"
        else list(measure.competing)
        if measure.deaths == "compete"
        else []
    )
    d = departures.filter(departures.kind.isin(kinds) & (departures.on <= complete_until))
    d = d.select(d_person=d.person, d_on=d.on, d_kind=d.kind)
    j = r.select("person", "release", "released").join(d, r.person == d.d_person)
    j = j.filter(j.d_on >= j.released)
    # A tie between kinds on one day is broken by the name, the same on every engine.
    return j.group_by(d_release=j.release).agg(gone_on=j.d_on.min(), gone_kind=j.d_kind.min())


def at_risk_intervals(cohort: Any, custody: Any) -> Any:
    """The street clock (Ibis): cut custody spells out of each person's time at risk.

    Returns rows (group, entry, exit, cause): at risk on day t when entry < t <= exit. A spell from day s to
    day e takes away the days after s up to the day before e. An event that falls inside a spell counts on
    the day the spell began, the last day at risk, so that no event is lost.
    """
    import ibis  # noqa: PLC0415

    c = custody.select(c_person=custody.person, c_start=custody.start, c_end=custody.end)
    j = cohort.join(c, cohort.person == c.c_person)
    j = j.mutate(s=j.c_start.delta(j.released, unit="day"), e=j.c_end.delta(j.released, unit="day"))
    j = j.mutate(e=ibis.least(j.e.fill_null(j.exit + 1), j.exit + 1))
    j = j.filter((j.s >= 0) & (j.s < j.exit) & (j.e > j.s))
    order = ibis.window(group_by="release", order_by=["s", "e"])
    earlier = ibis.window(group_by="release", order_by=["s", "e"], preceding=(None, 1))
    j = j.mutate(reach=j.e.max().over(earlier), nth=ibis.row_number().over(order))
    gaps = j.filter(j.reach.isnull() | (j.s > j.reach))
    before = gaps.select(
        release=gaps.release,
        group=gaps.group,
        entry=(gaps.reach.fill_null(0) - 1).cast("int32"),
        exit=gaps.s.cast("int32"),
        cause=ibis.literal(0, "int8"),
    )
    last = j.group_by("release").agg(reach=j.e.max(), begun=j.s.max())
    t = cohort.left_join(last, cohort.release == last.release)
    free = t.filter(t.reach.isnull() | (t.reach <= t.exit))
    after = free.select(
        release=free.release,
        group=free.group,
        entry=(free.reach.fill_null(0) - 1).cast("int32"),
        exit=free.exit.cast("int32"),
        cause=free.cause.cast("int8"),
    )
    # Those whose observation ends inside custody: their cause moves to the last interval on the street.
    held = t.filter(t.reach > t.exit).select("release", end_cause="cause")
    final = before.group_by("release").agg(final=before.exit.max())
    moved = before.join(final, "release").left_join(held, "release")
    is_last = (moved.exit == moved.final) & moved.end_cause.notnull()
    before = moved.select(
        "release", "group", "entry", "exit", cause=ibis.ifelse(is_last, moved.end_cause, 0).cast("int8")
    )
    return before.union(after).select("group", "entry", "exit", "cause")


def cube(cohort: Any, *, street: Any = None, groups: bool = True) -> Cube:
    """Count a cohort into a cube by its group; `street` is the custody table for the street clock."""
    causes = ("censored", "returned", "left the population")
    rows = cohort if street is None else at_risk_intervals(cohort, street)
    by = ["group"] if groups else []
    return count(rows, group=by, entry=None if street is None else "entry", causes=causes)


def rates(cohort: Any) -> list[Rate]:
    """Fixed-window rates by group over mature releases only (Ibis aggregation) [T-4]."""
    t = cohort.filter(cohort.mature)
    out = t.group_by("group").agg(people=t.count(), returned=t.returned.cast("int64").sum())
    got = collect(out)
    names = np.ma.filled(np.ma.asarray(got["group"]).astype(object), "unknown")
    made = [
        Rate(str(name), int(n), int(k))
        for name, n, k in zip(names, got["people"], got["returned"], strict=True)
    ]
    return sorted(made, key=lambda rate: rate.group)


def maturity_date(last_release: date, measure: Measure, lag_days: int) -> date:
    """First day an extract taken then would show the whole window of a release."""
    from datetime import timedelta  # noqa: PLC0415

    if measure.unit == "day":
        end = last_release + timedelta(days=measure.window)
    else:
        months = last_release.month - 1 + measure.window
        year, month = last_release.year + months // 12, months % 12 + 1
        following = date(year + month // 12, month % 12 + 1, 1)
        day = min(last_release.day, (following - timedelta(days=1)).day)
        end = date(year, month, day)
    return end + timedelta(days=lag_days - 1)
