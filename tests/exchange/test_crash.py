"""An import that dies goes on where it stood, and ends as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import extract
import pytest
from arrive import SYSTEM, apply, receive

import factories as make
from throughgate.base import scope
from throughgate.exchange import actions, pipeline
from throughgate.exchange.models import Import
from throughgate.people.models import Change, Identifier, Participant, Profile, ReleaseDate, Stay

HERE = Path(__file__).parent


def everything() -> list[list[Any]]:
    """What stands in the database about people, without what differs by chance (ids, codes, moments)."""
    with scope.system("test", readonly=True):
        return [
            sorted(
                Participant.objects.values_list(
                    "sort_name", "facility__external_code", "whereabouts", "language", "identifiers__value"
                )
            ),
            sorted(
                Profile.objects.values_list("participant__sort_name", "birth_date", "sex", "release_on"),
                key=str,
            ),
            sorted(
                ReleaseDate.objects.values_list("participant__sort_name", "kind", "on", "as_of", "source"),
                key=str,
            ),
            sorted(Stay.objects.values_list("participant__sort_name", "during", "source"), key=str),
            sorted(Change.objects.values_list("participant__sort_name", "kind", "summary")),
            sorted(Identifier.objects.values_list("system", "value", "primary")),
        ]


def begin(code: str, database: str, batch: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "TEST_DATABASE": database, "DJANGO_SETTINGS_MODULE": "throughgate.settings"}
    command = [sys.executable, str(HERE / "applying.py"), code, str(batch)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def arrange(rows: int) -> tuple[Import, bytes]:
    with scope.system("test"):
        make.facility(external_code="RIDGE")
        make.facility(external_code="SHORE")
    content, _expected = extract.make(rows, rows // 20, ["RIDGE", "SHORE"])
    return receive("custody", content, "extract.csv"), content


def test_killed_half_way_and_started_again_it_ends_the_same(
    live_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, content = arrange(600)
    monkeypatch.setattr(pipeline, "BATCH", 40)
    with scope.system("test"):
        actions.apply(by=SYSTEM, load=load, later=False)
    kills = 0
    for after in (1, 3, 2):
        process = begin(load.code, live_database, 40)
        assert process.stdout is not None
        for _line in range(after):
            process.stdout.readline()
        time.sleep(0.02 * after)
        process.kill()
        process.wait()
        process.stdout.close()
        kills += 1
    with scope.system("test", readonly=True):
        half = Participant.objects.count()
    assert 0 < half < 570
    ended = pipeline.apply(load.code)
    assert (ended.state, ended.total["new"], ended.total["refused"]) == ("done", 570, 30)
    after_crash = everything()
    # The same file into an empty database, undisturbed.
    with scope.system("test"):
        for model in (Change, ReleaseDate, Stay, Identifier, Profile, Participant):
            model.objects.all().delete()
        Import.objects.all().delete()
    apply(receive("custody", content, "extract.csv"))
    assert everything() == after_crash
    assert kills == 3


def test_two_workers_at_once_apply_each_batch_once(
    live_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, _content = arrange(300)
    with scope.system("test"):
        actions.apply(by=SYSTEM, load=load, later=False)
    processes = [begin(load.code, live_database, 40) for _ in range(2)]
    assert [process.communicate()[0] is not None and process.returncode for process in processes] == [0, 0]
    with scope.system("test", readonly=True):
        assert Participant.objects.count() == 285
        assert Import.objects.get().state == "done"


def test_reading_that_was_broken_off_starts_over(live_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope.system("test"):
        make.facility(external_code="RIDGE")
        content, _expected = extract.make(200, 10, ["RIDGE"])
        load = actions.receive(
            by=SYSTEM, kind="custody", file_name="e.csv", content=iter([content]), source="HB-DOC",
            as_of=extract.AS_OF, later=False,
        )  # fmt: skip

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.read(load.code, dies)
    ended = pipeline.read(load.code)
    assert (ended.state, ended.total["new"], ended.total["refused"]) == ("ready", 190, 10)


@pytest.mark.slow
def test_fifty_thousand_rows_with_five_hundred_bad_ones(
    live_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scope.system("test"):
        make.facility(external_code="RIDGE")
        make.facility(external_code="SHORE")
    content, expected = extract.make(50_000, 500, ["RIDGE", "SHORE"])
    start, used = time.monotonic(), time.process_time()
    load = receive("custody", content, "extract.csv")
    read = time.monotonic()
    load = apply(load)
    end = time.monotonic()
    with capsys.disabled():
        print(
            f"\n50,000 rows: read and compared in {read - start:.1f} s, applied in {end - read:.1f} s,"
            f" together {end - start:.1f} s ({time.process_time() - used:.1f} s of it in Python)"
        )
    with scope.system("test", readonly=True):
        found = {
            line: codes[0]["code"]
            for line, codes in load.rows.filter(what="refused")
            .order_by("line")
            .values_list("line", "reasons")
        }
        assert found == expected
        assert Participant.objects.count() == 49_500
        assert load.rows.filter(what="new").count() == 49_500
