"""The same definitions on a distributed engine give equal counts and curves (optional: needs PySpark, Java)."""

import importlib.util
import shutil

import numpy as np
import pytest
from test_impact_cohort import SINCE, UNTIL, history

from throughgate.engines.impact import cohort, measures, survival

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(
        not (importlib.util.find_spec("pyspark") and shutil.which("java")),
        reason="PySpark or Java is not here",
    ),
]


def backend(folder):
    import ibis
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    return session, ibis.pyspark.connect(session)


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    _, h = history(4, 2000)
    session, spark = backend(tmp_path_factory.mktemp("spark"))
    yield h, cohort.connect(h), cohort.connect(h, spark)
    session.stop()


@pytest.mark.parametrize("name", ["rearrest_12", "new_crime_24", "agency_return_36", "bjs_rearrest_36"])
@pytest.mark.parametrize("street", [False, True])
def test_two_engines_one_answer(engines, name, street):
    h, *loaded = engines
    measure = measures.catalogue()[name]
    cubes, rates = [], []
    for tables in loaded:
        expr = cohort.people(tables, measure, since=SINCE, until=UNTIL, complete_until=h.complete_until)
        cubes.append(cohort.cube(expr, street=tables["custody"] if street else None))
        rates.append(cohort.rates(expr))
    here, there = cubes
    assert here.groups == there.groups and rates[0] == rates[1]
    assert np.array_equal(here.exits, there.exits) and np.array_equal(here.entries, there.entries)
    for group in here.groups:
        a, b = (survival.aalen_johansen(c.counts(group)) for c in cubes)
        assert np.abs(a.estimate - b.estimate).max() <= 1e-12 and np.abs(a.se - b.se).max() <= 1e-12
    print(f"{name}, street={street}: {here.counts().people} intervals, equal on both engines")
