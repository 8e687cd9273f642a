"""Counting: cohorts built by the shared definitions against plain Python, calendar edges, the street clock."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from throughgate.engines.impact import cohort, counting, events, measures, survival
from throughgate.engines.impact.errors import StudyError

SINCE, UNTIL, EXTRACT = date(2015, 1, 1), date(2017, 12, 31), date(2019, 6, 30)


def history(seed=1, people=300):
    rng = np.random.default_rng(seed)
    day = date(2014, 6, 1)
    tables = {"releases": [], "events": [], "departures": [], "custody": []}
    for i in range(people):
        person = f"p{i}"
        for r in range(rng.integers(1, 4)):
            released = day + timedelta(days=int(rng.integers(0, 1500)))
            kind = rng.choice(["parole", "sentence_served", "transfer"], p=[0.5, 0.4, 0.1])
            row = {"person": person, "release": f"{person}-{r}", "released": released, "kind": str(kind)}
            tables["releases"].append({**row, "group": str(rng.choice(["north", "south"]))})
        for e in range(rng.integers(0, 4)):
            on = day + timedelta(days=int(rng.integers(0, 2000)))
            offense = None if rng.random() < 0.5 else on - timedelta(days=int(rng.integers(0, 400)))
            kind = str(rng.choice(["arrest", "conviction", "incarceration"]))
            row = {"person": person, "event": f"{person}-e{e}", "on": on, "offense_on": offense, "type": kind}
            tables["events"].append({**row, "new_crime": bool(rng.random() < 0.6)})
        if rng.random() < 0.15:
            on = day + timedelta(days=int(rng.integers(0, 2000)))
            kind = str(rng.choice(["death", "removal"]))
            tables["departures"].append({"person": person, "on": on, "kind": kind})
        for _ in range(rng.integers(0, 3)):
            start = day + timedelta(days=int(rng.integers(0, 1800)))
            end = None if rng.random() < 0.1 else start + timedelta(days=int(rng.integers(0, 120)))
            tables["custody"].append({"person": person, "start": start, "end": end})
    built = {name: events.table(name, rows) for name, rows in tables.items()}
    return tables, events.History(sources=(events.Source("state", EXTRACT, 30),), **built)


def plus_months(day, months):
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def slow(tables, measure, until):
    """The cohort person by person: release -> (exit, cause, mature, returned)."""
    out = {}
    by_person: dict[str, list[dict]] = {}
    for r in tables["releases"]:
        if r["kind"] not in measure.exclude:
            by_person.setdefault(r["person"], []).append(r)
    for person, releases in by_person.items():
        releases.sort(key=lambda r: (r["released"], r["release"]))
        inside = [(i, r) for i, r in enumerate(releases) if SINCE <= r["released"] <= UNTIL]
        for i, r in inside[:1] if measure.basis == "first" else inside:
            start, stop = r["released"], until
            if measure.basis == "each" and i + 1 < len(releases):
                stop = min(stop, releases[i + 1]["released"])
            hits = [
                e["on"]
                for e in tables["events"]
                if e["person"] == person
                and e["type"] in measure.events
                and (e["new_crime"] or not measure.new_crime_only)
                and start <= e["on"] <= until
                and (e["offense_on"] is None or e["offense_on"] >= start)
            ]
            left = [
                (d["on"], d["kind"])
                for d in tables["departures"]
                if d["person"] == person and start <= d["on"] <= until
            ]
            if measure.deaths == "drop" and any(kind == "death" for _, kind in left):
                continue
            gone = [on for on, kind in left if kind in measure.competing and measure.deaths == "compete"]
            hit, end = min(hits, default=None), min(gone, default=None)
            best, cause = stop, 0
            if end is not None and end <= best:
                best, cause = end, 2
            if hit is not None and hit <= best:
                best, cause = hit, 1
            closes = plus_months(start, measure.window)
            mature = closes - timedelta(days=1) <= until
            out[r["release"]] = ((best - start).days, cause, mature, cause == 1 and best < closes)
    return out


@pytest.mark.parametrize(
    "name", ["rearrest_12", "new_crime_24", "reincarceration_36", "agency_return_36", "bjs_rearrest_36"]
)
def test_the_shared_definition_equals_plain_python(name):
    measure = measures.catalogue()[name]
    tables, h = history()
    expr = cohort.people(
        cohort.connect(h), measure, since=SINCE, until=UNTIL, complete_until=h.complete_until
    )
    rows = expr.to_pyarrow().to_pylist()
    ours = {r["release"]: (r["exit"], r["cause"], r["mature"], r["returned"]) for r in rows}
    expected = slow(tables, measure, h.complete_until)
    assert ours == expected and len(ours) > 100
    rates = {r.group: (r.people, r.returned) for r in cohort.rates(expr)}
    groups = {r["release"]: r["group"] for r in tables["releases"]}
    for g in ("north", "south"):
        mature = [v for k, v in expected.items() if groups[k] == g and v[2]]
        assert rates[g] == (len(mature), sum(v[3] for v in mature))
    cube = cohort.cube(expr)
    assert cube.counts().people == len(expected)
    assert int(cube.exits[:, :, 1].sum()) == sum(v[1] == 1 for v in expected.values())


def test_street_time_takes_days_in_custody_away():
    measure = measures.catalogue()["rearrest_36"]
    tables, h = history(2)
    loaded = cohort.connect(h)
    expr = cohort.people(loaded, measure, since=SINCE, until=UNTIL, complete_until=h.complete_until)
    cube = cohort.cube(expr, street=loaded["custody"])
    expected = np.zeros(cube.exits.shape[1], dtype=int)
    found = 0
    for r in expr.to_pyarrow().to_pylist():
        held = set()
        for c in tables["custody"]:
            if c["person"] == r["person"]:
                s = (c["start"] - r["released"]).days
                e = r["exit"] + 1 if c["end"] is None else (c["end"] - r["released"]).days
                if s >= 0 and s < r["exit"]:
                    held |= set(range(s + 1, e))
        for day in range(r["exit"] + 1):
            expected[day] += day not in held
        found += r["cause"] == 1
    assert cube.counts().at_risk.tolist() == expected[: cube.exits.shape[1]].tolist()
    assert int(cube.exits[:, :, 1].sum()) == found  # no event is lost
    assert np.all(np.isfinite(survival.kaplan_meier(cube.counts()).estimate))


@pytest.mark.parametrize(
    ("released", "months", "end"),
    [
        (date(2016, 2, 29), 12, date(2017, 2, 28)),
        (date(2015, 1, 31), 1, date(2015, 2, 28)),
        (date(2016, 12, 31), 6, date(2017, 6, 30)),
    ],
)
def test_t14_windows_close_on_the_right_day(released, months, end):
    from dataclasses import replace

    measure = replace(measures.catalogue()["rearrest_12"], window=months)
    for shift, inside in ((-1, True), (0, False)):
        row = {"person": "a", "release": "1", "released": released, "kind": "parole"}
        hit = {
            "person": "a",
            "event": "e",
            "on": end + timedelta(days=shift),
            "type": "arrest",
            "new_crime": True,
        }
        for extract, mature in ((end - timedelta(days=1), True), (end - timedelta(days=2), False)):
            h = events.History(
                releases=events.table("releases", [row]),
                events=events.table("events", [hit]),
                sources=(events.Source("s", extract),),
            )
            got = cohort.people(
                cohort.connect(h), measure, since=released, until=released, complete_until=h.complete_until
            )
            (r,) = got.to_pyarrow().to_pylist()
            assert r["mature"] is mature
            assert r["returned"] is (inside and hit["on"] <= extract)
    assert cohort.maturity_date(released, measure, 30) == end + timedelta(days=29)


def test_events_on_the_day_of_release_count():
    row = {"person": "a", "release": "1", "released": date(2016, 5, 1), "kind": "parole"}
    hit = {"person": "a", "event": "e", "on": date(2016, 5, 1), "type": "arrest", "new_crime": True}
    h = events.History(
        releases=events.table("releases", [row]),
        events=events.table("events", [hit]),
        sources=(events.Source("s", EXTRACT),),
    )
    got = cohort.people(
        cohort.connect(h),
        measures.catalogue()["rearrest_12"],
        since=SINCE,
        until=UNTIL,
        complete_until=EXTRACT,
    )
    counts = cohort.cube(got).counts()
    assert counts.at_risk.tolist() == [1] and survival.aalen_johansen(counts).at(0)[0] == 1.0


def test_counts_equal_numpy_and_survive_storage(tmp_path):
    rng = np.random.default_rng(3)
    group, day, cause = rng.integers(0, 3, 5000), rng.integers(0, 50, 5000), rng.integers(0, 3, 5000)
    entry = np.minimum(rng.integers(-1, 40, 5000), day - 1)
    table = pa.table({"g": group, "exit": day, "cause": cause, "entry": entry})
    labels = ("end", "returned", "left")
    cube = counting.count(table, group=["g"], entry="entry", causes=labels)
    for g in range(3):
        for k in range(3):
            assert (
                cube.exits[g, :, k].tolist()
                == np.bincount(day[(group == g) & (cause == k)], minlength=50).tolist()
            )
        assert cube.entries[g].tolist() == np.bincount(entry[group == g] + 1, minlength=51).tolist()
    cube.write(tmp_path / "cube.parquet")
    back = counting.Cube.read(tmp_path / "cube.parquet")
    assert back.groups == cube.groups and back.causes == labels
    assert np.array_equal(back.exits, cube.exits) and np.array_equal(back.entries, cube.entries)
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "people.parquet")
    from_file = counting.count(tmp_path / "people.parquet", group=["g"], entry="entry", causes=labels)
    assert np.array_equal(from_file.exits, cube.exits)
    with pytest.raises(StudyError, match="not a stored count cube"):
        counting.Cube.read(tmp_path / "people.parquet")
    with pytest.raises(StudyError, match="No group"):
        cube.counts("nowhere")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"exit": [1, None], "cause": [0, 1]}, "do not say the day observation ended"),
        ({"exit": [1, -2], "cause": [0, 1]}, "found -2"),
        ({"exit": [1, 10**6], "cause": [0, 1]}, "found 1 to 1000000"),
        ({"exit": [1.5, 2.0], "cause": [0, 1]}, "whole numbers"),
        ({"exit": [1, 2], "cause": [0, 7]}, "reason observation ended"),
    ],
)
def test_days_that_cannot_be_are_refused(columns, words):
    with pytest.raises(StudyError, match=words):
        counting.count(pa.table(columns))


def test_more_refusals():
    with pytest.raises(StudyError, match="Nobody to count"):
        counting.count(pa.table({"exit": pa.array([], pa.int64()), "cause": pa.array([], pa.int64())}))
    with pytest.raises(StudyError, match="ends before it begins"):
        counting.count(pa.table({"exit": [1, 9], "cause": [0, 0], "entry": [5, -1]}), entry="entry")
    with pytest.raises(StudyError, match="no file"):
        counting.count("absent.parquet")


def test_event_tables_refuse_what_could_not_be_true():
    with pytest.raises(StudyError, match="no column nickname"):
        events.table("releases", [{"nickname": "x"}])
    with pytest.raises(StudyError, match="empty in 1 rows"):
        events.table("departures", [{"person": "a", "on": None, "kind": "death"}])
    with pytest.raises(StudyError, match="end before they start"):
        events.table("custody", [{"person": "a", "start": date(2020, 1, 2), "end": date(2020, 1, 1)}])
    with pytest.raises(StudyError, match="found escape"):
        events.table("departures", [{"person": "a", "on": date(2020, 1, 2), "kind": "escape"}])
    row = {"person": "a", "release": "1", "released": date(2016, 5, 1), "kind": "parole"}
    with pytest.raises(StudyError, match="each release once"):
        events.table("releases", [row, row])
    with pytest.raises(StudyError, match="wrong kind"):
        events.table("departures", [{"person": "a", "on": "yesterday", "kind": "death"}])
    with pytest.raises(StudyError, match="extracted"):
        events.History(
            releases=events.table("releases", [row]), events=events.table("events", []), sources=()
        )


def test_measures_print_themselves_and_refuse_nonsense():
    listed = measures.catalogue()
    assert len(listed) == 22 and len({m.version for m in listed.values()}) == 22
    text = listed["new_crime_prison_36"].sentence()
    assert "returned to prison for a new crime within 36 months" in text and "each counted once" in text
    again = measures.Measure.from_dict({"name": "x", "title": "y", "events": ["arrest"], "window": 12})
    assert again.version == listed["rearrest_12"].version
    for bad, words in (
        ({"name": "x", "title": "y", "events": ["parking"]}, "parking"),
        ({"name": "x", "title": "y", "events": ["arrest"], "windows": 1}, "no setting windows"),
        ({"name": "x", "title": "y", "events": ["arrest"], "clock": "wall"}, "clock must be"),
        ({"name": "x", "title": "y", "events": ["arrest"], "window": 0}, "at least 1"),
        ({"title": "y", "events": ["arrest"]}, "needs name"),
    ):
        with pytest.raises(StudyError, match=words):
            measures.Measure.from_dict(bad)
