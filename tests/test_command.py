"""The command line: what it knows, and what it says about what it does not."""

import importlib
import os
import subprocess
import sys

import pytest

from throughgate import __main__ as command


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in command.COMMANDS)


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["fly"])
    assert end.value.code == 2
    assert "fly" in capsys.readouterr().err


def test_a_missing_room_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = command.Command("", "throughgate.nowhere.at_all:main", django=False)
    monkeypatch.setitem(command.COMMANDS, "allocate", missing)
    assert command.main(["allocate"]) == 1
    assert "no `allocate`" in capsys.readouterr().err


def test_what_a_present_room_lacks_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> object:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        command.main(["allocate"])


def test_the_demo_never_shares_a_folder_with_real_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    real = command.var_dir()
    command._be_the_demo()
    assert command.var_dir() == real / "demo"
    command._be_the_demo()
    assert command.var_dir() == real / "demo", "asked twice, it is still one folder"


def test_options_after_the_command_belong_to_it() -> None:
    options, rest = command._parse(["--demo", "manage", "migrate", "--plan", "--demo"])
    assert (options.command, options.demo, rest) == ("manage", True, ["migrate", "--plan", "--demo"])


def test_the_command_line_does_not_load_the_application_to_show_its_help() -> None:
    code = "import sys, throughgate.__main__; sys.exit('django' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "src"}).returncode == 0
    )
