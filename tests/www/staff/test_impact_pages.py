"""Pages of studies: defined step by step, mapped, shown with verdicts in words, taken away, seen by the auditor."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from staff_world import World

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.demo.outcomes import REAL
from throughgate.outcomes.models import Study, StudyFile, StudyRun, StudyVersion

pytestmark = pytest.mark.django_db

PLAN = {
    "title": "Does the course help?", "words": "the course", "measure": "reincarceration_36", "event": "",
    "since": "2022-01-01", "until": "2022-12-31", "least_days_inside": "90", "place": "inside",
    "eligibility": "everybody released after 90 days", "time_zero": "release", "landmark": "", "arm": "started",
    "strategy": "began the course", "compared_with": "the usual services", "outcome": "return to prison",
    "covariates": ["age", "days_inside"], "subgroups": ["sex"], "margin_points": "3", "plausible_points": "13",
    "cost": "course",
}  # fmt: skip
LIVE = "/staff/outcomes/studies/new/?basis=live"
FILE = "/staff/outcomes/studies/new/?basis=file"


def words(response: Any) -> str:
    """The text of a page without its markup."""
    text = re.sub(r"<(script|template|svg).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def finished(world: World) -> StudyRun:
    """A study with the stored report of the real example."""
    stored = json.loads(REAL.read_text(encoding="utf-8"))
    study = Study.objects.create(
        title=stored["report"]["title"], basis="file", made_by="x", facility_ids=[world.facility.pk]
    )
    version = StudyVersion.objects.create(
        study=study, number=1, definition=stored["plan"], sha256="1" * 64, made_by="x"
    )
    verdict = stored["report"]["verdict"]
    return StudyRun.objects.create(
        study=study, version=version, number=1, state="done", plan_hash="1" * 64, data_digest="2" * 64,
        answer=verdict["answer"], sentence=verdict["sentence"], result=stored["report"], asked_by="x",
    )  # fmt: skip


@pytest.fixture
def evaluator(world: World) -> Client:
    return world.as_role(RoleName.EVALUATOR)


def test_a_study_is_defined_part_by_part_and_waits_for_its_look(world: World, evaluator: Client) -> None:
    assert "Where do its people come from" in words(evaluator.get("/staff/outcomes/studies/new/"))
    form = words(evaluator.get(LIVE))
    assert "1 of 5. The question" in form and "5 of 5. What would matter" in form
    assert "the share returned to prison for any reason" in form  # the measure as one sentence
    answer = evaluator.post(LIVE, {**PLAN, "program": world.program.code})
    assert answer.status_code == 302
    study = Study.objects.get()
    plan = study.versions.get().definition
    assert plan["trial"]["estimand"] == "ATT" and plan["cohort"]["program"] == world.program.code
    assert plan["costs"]["version"].startswith("costs-us-hb")
    page = words(evaluator.get(answer["Location"]))
    assert "What to do next" in page and "not registered" in page and "the usual services" in page
    assert "Run the study" not in page  # first it is looked at what it could find
    evaluator.post(f"/staff/outcomes/studies/{study.code}/do/register/")
    assert "registered" in words(evaluator.get(f"/staff/outcomes/studies/{study.code}/"))
    evaluator.post(f"/staff/outcomes/studies/{study.code}/do/check/")
    assert "Looking at" in words(evaluator.get(f"/staff/outcomes/studies/{study.code}/"))
    early = evaluator.post(f"/staff/outcomes/studies/{study.code}/do/run/", follow=True)
    assert "First look at what this study could find" in words(early)


def test_a_plan_that_cannot_be_fair_is_refused_and_nothing_typed_is_lost(
    world: World, evaluator: Client
) -> None:
    sent = {**PLAN, "program": world.program.code, "place": "outside"}
    page = words(evaluator.post(LIVE, sent))
    assert "only people still free could begin it" in page and "Take a landmark" in page
    assert 'value="the course"' in evaluator.post(LIVE, sent).content.decode()
    assert "Say after how many days" in words(evaluator.post(LIVE, {**sent, "time_zero": "landmark"}))
    assert not Study.objects.exists()


def test_a_changed_plan_is_another_version(world: World, evaluator: Client) -> None:
    evaluator.post(LIVE, {**PLAN, "program": world.program.code})
    study = Study.objects.get()
    shown = evaluator.get(f"/staff/outcomes/studies/{study.code}/plan/").content.decode()
    assert 'value="2022-01-01"' in shown and "began the course" in shown
    evaluator.post(
        f"/staff/outcomes/studies/{study.code}/plan/",
        {**PLAN, "program": world.program.code, "margin_points": "2"},
    )
    assert study.versions.count() == 2
    assert "2 versions of this plan" in words(evaluator.get(f"/staff/outcomes/studies/{study.code}/"))


def test_the_columns_of_a_file_are_mapped_on_a_page(evaluator: Client, tmp_path: Any, settings: Any) -> None:
    sent = {k: v for k, v in PLAN.items() if k not in ("since", "until", "covariates", "subgroups")}
    made = evaluator.post(FILE, sent)
    assert made.status_code == 302
    study = Study.objects.get()
    upload = SimpleUploadedFile("people.csv", b"who,part,months,stayed,age\n1,1,12,0,30\n2,0,36,1,41\n")
    evaluator.post(f"/staff/outcomes/studies/{study.code}/file/", {"file": upload})
    file = StudyFile.objects.get()
    StudyFile.objects.filter(pk=file.pk).update(headings=["who", "part", "months", "stayed", "age"])
    url = f"/staff/outcomes/studies/{study.code}/columns/"
    assert "Took part (yes or no)" in words(evaluator.get(url))
    wrong = words(evaluator.post(url, {"r1": "treated", "r2": "time"}))
    assert "Had the event" in wrong and "at least one fact" in wrong
    right = {"r0": "person", "r1": "treated", "r2": "time", "r3": "event", "t3": "on", "r4": "fact, log"}
    assert evaluator.post(url, right).status_code == 302
    plan = study.versions.order_by("-number")[0].definition
    assert plan["roles"] == {"person": "who", "treated": "part", "time": "months", "event": "stayed"}
    assert plan["columns"]["stayed"]["codes"] == {"0": "1", "1": "0"}
    assert plan["covariates"] == {"age": {"measured": "before", "also": ["log"]}}
    again = evaluator.get(url).content.decode()
    assert 'value="fact, log" selected' in again


def test_leadership_reads_whether_it_helped_and_how_sure_we_are(world: World) -> None:
    run = finished(world)
    leader = world.as_role(RoleName.LEADERSHIP)
    assert "Not enough people yet" in words(leader.get("/staff/outcomes/studies/"))
    assert "Not enough people yet" in words(leader.get("/staff/outcomes/"))
    page = words(leader.get(f"/staff/outcomes/reports/{run.code}/"))
    order = [page.index(each) for each in (
        "Not enough people yet", "Not sure: it could have helped", "One hundred people", "How sure are we",
        "What you can say", "What you cannot say", "Who was counted", "For whom", "At what cost", "Limits",
        "For the statistician", "SMD before", "Number",
    ) if each in page]  # fmt: skip
    assert order == sorted(order) and len(order) >= 12
    front = page.split("For the statistician")[0]
    assert not re.search(r"\bp\s*[=<]|p-value|significan", front)
    assert "style=" not in leader.get(f"/staff/outcomes/reports/{run.code}/").content.decode()


def test_the_report_is_taken_away_as_paper_and_data(world: World) -> None:
    run = finished(world)
    leader = world.as_role(RoleName.LEADERSHIP)
    pdf = leader.get(f"/staff/outcomes/reports/{run.code}/print/").content
    assert pdf.startswith(b"%PDF") and b"/StructTreeRoot" in pdf and b"pdfuaid" in pdf
    data = leader.get(f"/staff/outcomes/reports/{run.code}/data.json").json()
    assert data["verdict"] == run.result["verdict"] and len(data["balance"]) == 13
    table = leader.get(f"/staff/outcomes/reports/{run.code}/data.csv").content.decode("utf-8-sig")
    assert "difference,unadjusted difference" in table and "fingerprint,code" in table
    assert leader.get(f"/staff/outcomes/reports/{run.code}/data.exe").status_code == 404


def test_the_portfolio_is_no_ranking(world: World) -> None:
    finished(world)
    page = words(world.as_role(RoleName.LEADERSHIP).get("/staff/outcomes/programs/"))
    assert "This is no ranking" in page and "the in-prison work program" in page
    assert "Correctional education" in page and "-6.0" in page


def test_the_auditor_sees_every_run_and_never_a_file(world: World) -> None:
    run = finished(world)
    auditor = signed_in(make.member(RoleName.AUDITOR, facility=world.facility))
    page = words(auditor.get("/audit/studies/"))
    assert "Not enough people yet" in page and "never" in page
    assert "One hundred people" in words(auditor.get(f"/audit/studies/{run.code}/"))
    assert auditor.get("/audit/studies/ZZZZZZZ2/").status_code == 404


@pytest.mark.parametrize("role", [RoleName.LEADERSHIP, RoleName.COORDINATOR])
def test_who_only_reads_defines_nothing(world: World, role: RoleName) -> None:
    run = finished(world)
    browser = world.as_role(role)
    assert browser.get(LIVE).status_code == 403
    assert browser.post(f"/staff/outcomes/studies/{run.study.code}/do/run/").status_code == 403
    assert "Change the plan" not in words(browser.get(f"/staff/outcomes/studies/{run.study.code}/"))
