"""Publishing is a named person's act: refused when it could single somebody out, withdrawn with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

import factories as make
from acting import acting, signed_in
from throughgate.access.models import Membership
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.base.scope import Audience, as_role
from throughgate.outcomes import publishing
from throughgate.outcomes.actions import publish_run, withdraw_result
from throughgate.outcomes.models import Publication, RunSelection, Study, StudyRun, StudyVersion

pytestmark = pytest.mark.django_db
STORED = Path(__file__).resolve().parents[2] / "src/throughgate/demo/data/work-program.json"
WORDS = {
    "en": {"title": "Work program", "program": "the work program", "event": "returned", "compared_with": "x"},
    "es": {"title": "Programa", "program": "el programa", "event": "volvieron", "compared_with": "x"},
}


def a_run(people: range, number: int = 1, study: Study | None = None) -> StudyRun:
    """A finished run about numbered people, half of whom took part."""
    stored: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    owner = study or Study.objects.create(title="x", basis="file", made_by="x", facility_ids=[1])
    version = StudyVersion.objects.create(
        study=owner, number=number, definition=stored["plan"], sha256=f"{number}" * 64, made_by="x"
    )
    run = StudyRun.objects.create(
        study=owner, version=version, number=number, state="done", plan_hash="1" * 64, data_digest="2" * 64,
        answer=stored["report"]["verdict"]["answer"], result=stored["report"], asked_by="x",
    )  # fmt: skip
    half = range(people.start, people.start + len(people) // 2)
    for name, chosen in (("everybody", people), ("took part", half), ("did not", set(people) - set(half))):
        keys = publishing.fingerprints((str(n) for n in chosen), "live", "secret")
        RunSelection.objects.create(run=run, name=name, space="live", people=len(chosen), keys=keys)
    return run


@pytest.fixture
def leader() -> Membership:
    return make.member(RoleName.LEADERSHIP, facility=make.facility())


def test_a_result_is_published_in_the_name_of_who_did_it_and_everybody_reads_it(leader: Membership) -> None:
    run = a_run(range(400))
    with acting(leader) as actor:
        made = publish_run(by=actor, run=run, words=WORDS)
    assert made.published_by == leader.person_name
    text = Client().get(f"/results/{made.code}/").content.decode()
    assert "Not enough people yet to tell" in text and "the work program" in text
    assert "about 670" in text and not any(exact in text for exact in ("672", "773"))
    spanish = Client(headers={"accept-language": "es"}).get(f"/results/{made.code}/").content.decode()
    assert "el programa" in spanish and "Aún no hay personas suficientes" in spanish
    table = Client().get(f"/results/{made.code}/table.csv").content.decode()
    assert "counted,Compared,1445" in table and "672" not in table


@pytest.mark.parametrize("role", [RoleName.EVALUATOR, RoleName.COORDINATOR, RoleName.ADMINISTRATOR])
def test_who_evaluates_does_not_publish(role: RoleName) -> None:
    run = a_run(range(400))
    with acting(make.member(role, facility=make.facility())) as actor, pytest.raises(Forbidden):
        publish_run(by=actor, run=run, words=WORDS)


def test_two_results_whose_difference_is_a_few_people_are_not_published_both(leader: Membership) -> None:
    first, second, far = a_run(range(400)), a_run(range(404)), a_run(range(460))
    with acting(leader) as actor:
        made = publish_run(by=actor, run=first, words=WORDS)
        with pytest.raises(Refused, match=r"single out (2|4) people"):
            publish_run(by=actor, run=second, words=WORDS)
        withdraw_result(by=actor, publication=made, reason="A mistake in the file.")
        with pytest.raises(Refused, match="single out"):  # what was read cannot be unread
            publish_run(by=actor, run=second, words=WORDS)
        assert publish_run(by=actor, run=far, words=WORDS).pk


def test_choosing_among_runs_is_refused(leader: Membership) -> None:
    first = a_run(range(400))
    a_run(range(400), number=2, study=first.study)
    with acting(leader) as actor, pytest.raises(Refused, match="run again since"):
        publish_run(by=actor, run=first, words=WORDS)


def test_words_are_needed_in_both_languages_and_one_result_at_a_time(leader: Membership) -> None:
    run = a_run(range(400))
    with acting(leader) as actor:
        with pytest.raises(Refused, match=r"event \(es\)"):
            publish_run(by=actor, run=run, words={**WORDS, "es": {**WORDS["es"], "event": " "}})
        publish_run(by=actor, run=run, words=WORDS)
        with pytest.raises(Refused, match="public already"):
            publish_run(by=actor, run=run, words=WORDS)


def test_a_withdrawn_result_says_that_it_was_and_why(leader: Membership) -> None:
    run = a_run(range(400))
    with acting(leader) as actor:
        made = publish_run(by=actor, run=run, words=WORDS)
        with pytest.raises(Refused, match="Say why"):
            withdraw_result(by=actor, publication=made, reason="  ")
        withdraw_result(by=actor, publication=made, reason="The records were incomplete.")
        with pytest.raises(Refused, match="withdrawn already"):
            withdraw_result(by=actor, publication=made, reason="again")
    answer = Client().get(f"/results/{made.code}/")
    assert answer.status_code == 410 and "The records were incomplete." in answer.content.decode()
    assert "the work program" not in answer.content.decode()
    assert "The records were incomplete." in Client().get("/results/").content.decode()
    assert Client().get(f"/results/{made.code}/table.csv").status_code == 404


def test_nobody_but_jobs_reads_who_stood_behind_a_run(leader: Membership) -> None:
    a_run(range(20))
    with acting(leader), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        list(RunSelection.objects.all())
    with as_role(Audience.JOB, purpose="test"):
        assert RunSelection.objects.count() == 3


def test_staff_publish_and_withdraw_on_pages(leader: Membership) -> None:
    run = a_run(range(400))
    browser = signed_in(leader)
    shown = browser.get(f"/staff/outcomes/reports/{run.code}/publish/").content.decode()
    assert "30 of 100 with the program" in shown and "publishing-default" in shown
    sent = {f"{name}_{language}": words[name] for language, words in WORDS.items() for name in words}
    answer = browser.post(f"/staff/outcomes/reports/{run.code}/publish/", sent)
    assert answer.status_code == 302
    made = Publication.objects.get()
    refused = browser.post(f"/staff/outcomes/reports/{run.code}/publish/", sent)
    assert refused.status_code == 200 and "public already" in refused.content.decode()
    withdrawn = browser.post(f"/staff/outcomes/public/{made.code}/withdraw/", {"reason": "A mistake."})
    assert withdrawn.status_code == 302
    made.refresh_from_db()
    assert made.withdrawn_reason == "A mistake."
