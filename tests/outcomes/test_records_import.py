"""Justice events and their like come in as every import does: looked at first, row by row, once."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden
from throughgate.exchange import actions as imports
from throughgate.exchange import pipeline
from throughgate.exchange.models import Import, ImportRow
from throughgate.outcomes.models import (
    Departure,
    JusticeEvent,
    PositiveOutcome,
    SourceCoverage,
    SupervisionSpell,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))
from arrive import apply, bring, reasons, receive, text

pytestmark = pytest.mark.django_db
EVENTS = ["person_ref", "event_id", "kind", "on", "offense_on", "nature", "seriousness"]
AS_OF = {"as_of": dt.date(2026, 11, 1), "system": "HB-DOC"}


def number_of(person: object) -> str:
    return person.identifiers.get().value  # type: ignore[attr-defined]


def test_events_come_in_row_by_row_and_the_same_file_again_changes_nothing() -> None:
    here = make.facility()
    who = number_of(make.participant(here))
    content = text(
        EVENTS,
        [
            [who, "e1", "Arrest", "2026-03-01", "2026-02-28", "new crime", "3"],
            [who, "e2", "revocation", "04/01/2026", "", "technical violation", ""],
            ["NOBODY", "e3", "arrest", "2026-03-01", "", "new_crime", ""],
            [who, "e4", "parking", "2026-03-01", "", "new_crime", ""],
            [who, "e5", "arrest", "2026-02-30", "", "new_crime", ""],
            [who, "e6", "arrest", "2026-03-01", "2026-03-02", "new_crime", ""],
            [who, "e7", "arrest", "2026-12-01", "", "new_crime", ""],
            [who, "e1", "arrest", "2026-03-01", "", "new_crime", ""],
            [who, "e8", "arrest", "2026-03-01", "", "", ""],
        ],
    )
    load = receive("justice", content, "events.csv", **AS_OF)
    assert not JusticeEvent.objects.exists()
    assert reasons(load) == {
        4: ["unknown_person"], 5: ["bad_kind"], 6: ["bad_on"], 7: ["order"], 8: ["after_extract"],
        9: ["key_twice"], 10: ["no_nature"],
    }  # fmt: skip
    apply(load)
    found = JusticeEvent.objects.order_by("source_key").values_list(
        "kind", "on", "nature", "seriousness", "load_code"
    )
    assert list(found) == [
        ("arrest", dt.date(2026, 3, 1), "new_crime", 3, load.code),
        ("incarceration", dt.date(2026, 4, 1), "technical", None, load.code),
    ]
    again = bring("justice", content, "events.csv", **AS_OF)
    assert again.total["unchanged"] == 2
    assert JusticeEvent.objects.count() == 2
    corrected = text(EVENTS, [[who, "e1", "arrest", "2026-03-05", "", "new_crime", "3"]])
    changed = receive("justice", corrected, "events.csv", **AS_OF)
    assert changed.rows.get().diff == {"on": ["2026-03-01", "2026-03-05"], "offense_on": ["2026-02-28", None]}
    apply(changed)
    assert JusticeEvent.objects.get(source_key="e1").on == dt.date(2026, 3, 5)


def test_events_that_look_alike_stay_two_where_the_source_gives_no_keys() -> None:
    who = number_of(make.participant(make.facility()))
    row = [who, "", "arrest", "2026-03-01", "", "new_crime", ""]
    content = text(EVENTS, [row, row])
    bring("justice", content, "events.csv", **AS_OF)
    assert JusticeEvent.objects.count() == 2
    bring("justice", content, "events.csv", **AS_OF)
    assert JusticeEvent.objects.count() == 2
    bring("justice", text(EVENTS, [row, row, row]), "events.csv", **AS_OF)
    assert JusticeEvent.objects.count() == 3


def test_the_other_kinds_of_records_fill_their_tables_and_tell_how_far_they_reach() -> None:
    who = number_of(make.participant(make.facility()))
    bring(
        "supervision",
        text(["person_ref", "type", "start", "end", "state"], [[who, "Parole", "2026-01-02", "", "us-hb"]]),
        "s.csv",
        **AS_OF,
    )
    bring(
        "departure", text(["person_ref", "kind", "on"], [[who, "deported", "2026-02-02"]]), "d.csv", **AS_OF
    )
    bring(
        "positive",
        text(["person_ref", "kind", "on", "amount"], [[who, "job", "2026-05-01", "17.50"]]),
        "p.csv",
        lag_days=10,
        **AS_OF,
    )
    assert SupervisionSpell.objects.values_list("kind", "jurisdiction").get() == ("parole", "US-HB")
    assert Departure.objects.get().kind == "removal"
    assert str(PositiveOutcome.objects.get().value) == "17.50"
    reach = SourceCoverage.objects.get(kind="positive")
    assert (reach.source, reach.complete_until) == ("county", dt.date(2026, 10, 22))
    assert SourceCoverage.objects.count() == 3


def test_a_value_that_is_the_same_in_other_words_is_no_change() -> None:
    who = number_of(make.participant(make.facility()))
    for amount in ("17.5", "17.50"):
        load = bring(
            "positive",
            text(
                ["person_ref", "record_id", "kind", "on", "amount"], [[who, "1", "job", "2026-05-01", amount]]
            ),
            "p.csv",
            **AS_OF,
        )
    assert load.total["unchanged"] == 1


def test_an_event_that_is_here_about_somebody_else_is_not_taken_over() -> None:
    here = make.facility()
    first, second = number_of(make.participant(here)), number_of(make.participant(here))
    bring("justice", text(EVENTS, [[first, "e1", "arrest", "2026-03-01", "", "new", ""]]), "e.csv", **AS_OF)
    load = receive(
        "justice", text(EVENTS, [[second, "e1", "arrest", "2026-03-01", "", "new", ""]]), "e.csv", **AS_OF
    )
    assert reasons(load) == {2: ["other_person"]}


def test_only_who_evaluates_imports_records_and_sees_them_coming() -> None:
    here, there = make.facility(), make.facility()
    who, other = number_of(make.participant(here)), number_of(make.participant(there))
    evaluator = make.member(RoleName.EVALUATOR, facility=here)
    rows = [
        [who, "e1", "arrest", "2026-03-01", "", "new_crime", ""],
        [other, "e2", "arrest", "2026-03-01", "", "new_crime", ""],
    ]
    with acting(evaluator) as by:
        load = imports.receive(
            by=by, kind="justice", file_name="e.csv", content=iter([text(EVENTS, rows)]), source="county",
            later=False, **AS_OF,  # type: ignore[arg-type]
        )  # fmt: skip
    load = pipeline.read(load.code)
    assert reasons(load) == {3: ["not_yours"]}
    with acting(evaluator):
        assert Import.objects.count() == 1
        assert ImportRow.objects.count() == 2
        assert not Import.objects.exclude(kind="justice").exists()
    for role in (RoleName.COORDINATOR, RoleName.ADMINISTRATOR, RoleName.LEADERSHIP):
        member = make.member(role, facility=here)
        with acting(member) as by:
            assert not Import.objects.exists()
            assert not ImportRow.objects.exists()
            with pytest.raises(Forbidden):
                imports.receive(
                    by=by,
                    kind="justice",
                    file_name="e.csv",
                    content=iter([b"x"]),
                    source="county",
                    **AS_OF,  # type: ignore[arg-type]
                )
    with acting(evaluator) as by, pytest.raises(Forbidden):
        imports.receive(
            by=by,
            kind="custody",
            file_name="e.csv",
            content=iter([b"x"]),
            source="county",
            **AS_OF,  # type: ignore[arg-type]
        )


def test_the_command_reads_and_applies_justice_events(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from throughgate.exchange.commands import main_import

    who = number_of(make.participant(make.facility()))
    path = tmp_path / "events.csv"
    path.write_bytes(text(EVENTS, [[who, "e1", "arrest", "2026-03-01", "", "new_crime", ""]]))
    common = [
        "justice-events",
        str(path),
        "--source",
        "State court",
        "--system",
        "HB-DOC",
        "--as-of",
        "2026-11-01",
    ]
    assert main_import(common) == 0
    assert not JusticeEvent.objects.exists()
    assert main_import([*common, "--apply", "--covers", "US-HB,US-XX", "--lag-days", "30"]) == 0
    assert JusticeEvent.objects.get().source == "State court"
    reach = SourceCoverage.objects.get()
    assert (reach.covers, reach.lag_days) == (["US-HB", "US-XX"], 30)
    assert "justice event" in capsys.readouterr().out
