"""Every shipped pack parses, says who says so, and no two hold for the same place at the same time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from throughgate.policies import library as shelf
from throughgate.policies.kinds import KINDS
from throughgate.policies.library import NoPolicy, chain, load
from throughgate.policies.packs import Pack
from throughgate.policies.reading import PolicyError
from throughgate.policies.words import Label

SHIPPED = load([shelf.SHIPPED])
PACKS = [*SHIPPED.packs, *SHIPPED.retired]
EXAMPLE = (shelf.SHIPPED / "attendance" / "default.toml").read_text(encoding="utf-8")


def write(folder: Path, name: str, *changes: tuple[str, str], kind: str = "attendance") -> Path:
    """The shipped attendance pack with some words changed, in a deployment's folder."""
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / kind).mkdir(exist_ok=True)
    (folder / kind / name).write_text(text, encoding="utf-8")
    return folder


def named(identifier: str, jurisdiction: str, starts: str, ends: str = "") -> list[tuple[str, str]]:
    until = f"\neffective_to = {ends}" if ends else ""
    return [
        ('id = "attendance-default"', f'id = "{identifier}"'),
        ('jurisdiction = "default"', f'jurisdiction = "{jurisdiction}"'),
        ("effective_from = 2020-01-01", f"effective_from = {starts}{until}"),
    ]


def problems(folder: Path) -> str:
    with pytest.raises(PolicyError) as caught:
        load([folder])
    return str(caught.value)


def labels(value: Any) -> list[Label]:
    """Every text in languages anywhere inside a pack."""
    if isinstance(value, Label):
        return [value]
    if isinstance(value, dict):
        return [label for item in value.values() for label in labels(item)]
    if isinstance(value, (list, tuple)):
        return [label for item in value for label in labels(item)]
    if hasattr(value, "__dataclass_fields__"):
        return [label for name in value.__dataclass_fields__ for label in labels(getattr(value, name))]
    return []


def test_every_kind_has_a_pack_and_every_file_was_read() -> None:
    assert {pack.kind for pack in PACKS} == set(KINDS)
    assert len(PACKS) == len(list(shelf.SHIPPED.rglob("*.toml")))


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_a_shipped_pack_says_who_says_so_and_how_sure_we_are(pack: Pack[Any]) -> None:
    assert len(pack.authority.text) > 10
    assert pack.references or pack.invented
    assert "not legal advice" in pack.disclaimer.in_language("en")
    assert "no es asesoría legal" in pack.disclaimer.in_language("es")
    assert pack.verified.by == "not verified" or pack.verified.on
    if pack.invented:
        assert "nvented" in pack.title.in_language("en")


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_every_shipped_text_is_in_english_and_spanish(pack: Pack[Any]) -> None:
    texts = [pack.title, pack.disclaimer, *([pack.note] if pack.note else []), *labels(pack.data)]
    missing = [text.in_language("en") for text in texts if not text.by_language.get("es")]
    assert not missing


def test_shipped_dates_do_not_overlap_and_leave_no_gap() -> None:
    assert SHIPPED.gaps == ()
    for pack in SHIPPED.packs:
        same = [p for p in SHIPPED.packs if (p.kind, p.jurisdiction) == (pack.kind, pack.jurisdiction)]
        assert sum(p.covers(pack.effective_from) for p in same) == 1


def test_the_nearest_jurisdiction_goes_first(tmp_path: Path) -> None:
    write(tmp_path, "state.toml", *named("attendance-us-hb", "US-HB", "2025-01-01", "2026-12-31"))
    write(tmp_path, "country.toml", *named("attendance-us", "US", "2026-01-01"))
    found = load([shelf.SHIPPED, tmp_path])
    assert chain("US-HB-RID") == ("US-HB-RID", "US-HB", "US", "default")
    assert found.in_force("attendance", "US-HB-RID", dt.date(2026, 12, 31)).id == "attendance-us-hb"
    assert found.in_force("attendance", "US-HB", dt.date(2027, 1, 1)).id == "attendance-us"
    assert found.in_force("attendance", "US-HB", dt.date(2024, 12, 31)).id == "attendance-default"
    assert found.in_force("attendance", "GB", dt.date(2026, 1, 1)).id == "attendance-default"


def test_a_day_without_rules_is_refused_in_words() -> None:
    with pytest.raises(
        NoPolicy, match=r"No attendance rules hold on 1999-12-31 for US-HB.*US-HB, US, default"
    ):
        SHIPPED.in_force("attendance", "US-HB", dt.date(1999, 12, 31))
    with pytest.raises(KeyError, match="is no kind of rule pack"):
        SHIPPED.find("weather", "US", dt.date(2026, 1, 1))


def test_overlapping_dates_are_refused_and_gaps_are_told(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", *named("one", "US", "2025-01-01", "2025-12-31"))
    write(tmp_path, "two.toml", *named("two", "US", "2026-02-01"))
    (gap,) = load([tmp_path]).gaps
    assert (gap.starts, gap.ends, gap.before, gap.after) == (
        dt.date(2026, 1, 1),
        dt.date(2026, 1, 31),
        "one",
        "two",
    )
    write(tmp_path, "three.toml", *named("three", "US", "2025-12-31", "2026-01-31"))
    said = problems(tmp_path)
    assert "attendance/three.toml: pack.effective_from" in said
    assert "one" in said
    assert "2025-12-31" in said


def test_a_long_pack_overlaps_all_that_start_inside_it(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", *named("one", "US", "2025-01-01"))
    write(tmp_path, "two.toml", *named("two", "US", "2025-06-01", "2025-07-01"))
    write(tmp_path, "three.toml", *named("three", "US", "2026-06-01", "2026-07-01"))
    said = problems(tmp_path)
    assert "two.toml" in said
    assert "three.toml" in said


def test_a_pack_may_take_over_from_a_shipped_one(tmp_path: Path) -> None:
    names = named("ours", "default", "2027-01-01")
    write(tmp_path, "ours.toml", *names, ("version = 1", 'version = 1\nreplaces = ["attendance-default"]'))
    found = load([shelf.SHIPPED, tmp_path])
    assert found.in_force("attendance", "US", dt.date(2026, 12, 31)).id == "attendance-default"
    assert found.in_force("attendance", "US", dt.date(2027, 1, 1)).id == "ours"
    assert found.retired == ()


def test_a_pack_replaced_from_its_first_day_keeps_its_name_for_old_records(tmp_path: Path) -> None:
    names = named("ours", "default", "2020-01-01")
    write(tmp_path, "ours.toml", *names, ("version = 1", 'version = 1\nreplaces = ["attendance-default"]'))
    found = load([shelf.SHIPPED, tmp_path])
    assert found.in_force("attendance", "US", dt.date(2026, 1, 1)).id == "ours"
    assert found.get("attendance-default") in found.retired


def test_a_successor_must_be_of_the_same_kind_and_place(tmp_path: Path) -> None:
    names = named("ours", "US", "2020-01-01")
    write(tmp_path, "ours.toml", *names, ("version = 1", 'version = 1\nreplaces = ["attendance-default"]'))
    with pytest.raises(PolicyError, match=r"pack\.replaces.*same kind and jurisdiction"):
        load([shelf.SHIPPED, tmp_path])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('key = "a"', 'key = "l"', "codes[late].key: 'l' is already the key of attended"),
        ("unrecorded_days = 7", 'unrecorded_days = "7"', "editing.unrecorded_days: must be a whole number"),
        (
            "unrecorded_days = 7",
            "unrecorded_days = -7",
            "editing.unrecorded_days: must be at least 0, not -7",
        ),
        ("unrecorded_days = 7", "unrecorded_day = 7", "editing.unrecorded_day: is not known here"),
        ("unrecorded_days = 7", "", "editing.unrecorded_days: is missing; write unrecorded_days ="),
        ("pay = true", 'pay = "yes"', "codes[attended].pay: must be true or false"),
        ('label = { en = "Late"', 'label = { de = "Late"', "codes[late].label: must be texts by language"),
        (
            'attributable_to = "person"',
            'attributable_to = "him"',
            "codes[refused].attributable_to: must be one",
        ),
        ("effective_from = 2020-01-01", 'effective_from = "soon"', "pack.effective_from: must be a date"),
        ("version = 1", "version = 0", "pack.version: must be at least 1"),
        ('kind = "attendance"', 'kind = "presence"', "pack.kind: must be one of"),
        ('jurisdiction = "default"', 'jurisdiction = "us"', "pack.jurisdiction: must be"),
        ('by = "not verified"', 'by = "A. Clerk"', "verified.on: is missing: say on which day"),
        ('link = "https', 'link = "http', "authority.link: must start with https://"),
        ('refused = "REFUSED"', "", "export.uk_activities.refused: is missing"),
        ('code = "late"', 'code = "attended"', "'attended' stands here twice"),
        ("[editing]", "[editing", "is not valid TOML"),
        ('mark = "ours"', 'mark = "sure"', "evidence.mark: must be one of R, S, B, ours, local, invented"),
    ],
)
def test_a_slip_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    said = problems(write(tmp_path, "mine.toml", (old, new)))
    assert "attendance/mine.toml" in said
    assert told in said


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", ("unrecorded_days = 7", "unrecorded_days = -1"), ("pay = true", "pay = 1"))
    write(tmp_path, "two.toml", ("version = 1", "version = 0"))
    with pytest.raises(PolicyError) as caught:
        load([tmp_path])
    assert len(caught.value.problems) == 3


def test_the_folder_names_the_kind(tmp_path: Path) -> None:
    write(tmp_path, "mine.toml", kind="sessions")
    assert "the file lies in the folder sessions; move it to attendance" in problems(tmp_path)


def test_a_deployments_folder_is_read_again_when_it_changes(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("THROUGHGATE_POLICY_DIR", str(tmp_path))
    monkeypatch.setattr(shelf, "LOOK_AGAIN_SECONDS", 0.0)
    shelf.reload()
    try:
        day = dt.date(2026, 1, 1)
        assert shelf.in_force("attendance", "US-HB", day).id == "attendance-default"
        write(tmp_path, "mine.toml", *named("mine", "US-HB", "2026-01-01"))
        assert shelf.in_force("attendance", "US-HB", day).id == "mine"
        # A slip afterwards does not stop the house: the last good rules stay, and the slip is told.
        (tmp_path / "attendance" / "broken.toml").write_text("[pack", encoding="utf-8")
        assert shelf.in_force("attendance", "US-HB", day).id == "mine"
        assert "broken.toml" in str(shelf.library().problems[0])
        (tmp_path / "attendance" / "broken.toml").unlink()
        assert shelf.library().problems == ()
    finally:
        shelf.reload()


def test_a_folder_that_does_not_exist_is_refused_at_the_start(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("THROUGHGATE_POLICY_DIR", str(tmp_path / "nowhere"))
    shelf.reload()
    try:
        with pytest.raises(PolicyError, match="names no folder"):
            shelf.library()
    finally:
        monkeypatch.undo()
        shelf.reload()


def test_a_pack_beside_the_folders_of_kinds_is_told_to_move(tmp_path: Path) -> None:
    (tmp_path / "lost.toml").write_text(EXAMPLE.replace("attendance-default", "lost"), encoding="utf-8")
    with pytest.raises(PolicyError, match="move it to attendance"):
        load([tmp_path])
