"""build.py itself: old Pythons can start it, its commands are told apart, clean takes only what was made."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import build

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["build.py", "tools/__init__.py", "tools/environment.py", "tools/interpreters.py"])
def test_any_python_from_3_8_can_start_it(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names}
    assert not imported & {"tomllib", "numpy"}


def test_what_follows_test_is_pytests() -> None:
    command, extra = build.read_arguments(["test", "tests/io", "-k", "bvh", "-x"])
    assert command.command == "test"
    assert extra == ["tests/io", "-k", "bvh", "-x"]


@pytest.mark.parametrize(
    "rest",
    [
        [],
        ["a person waves"],
        ["a person waves", "--seed", "3"],
        ["--seconds", "0"],
        ["--seconds", "4", "a person waves"],
    ],
)
def test_what_follows_demo_is_the_demos_in_its_order(rest: list[str]) -> None:
    command, extra = build.read_arguments(["demo", *rest, "--python", "python3.11"])
    assert command.python == "python3.11"
    assert extra == rest


@pytest.mark.parametrize("arguments", [[], ["dance"], ["zip", "--fast"]])
def test_what_it_does_not_know_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build.read_arguments(arguments)
    assert stopped.value.code == 2


def test_a_stop_is_one_sentence_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(*_: object) -> str:
        raise build.Stop("there is no Python here; install one.")

    monkeypatch.setattr(build, "environment", stopped)
    monkeypatch.chdir(ROOT)
    assert build.main(["zip"]) == 1
    assert capsys.readouterr().err == "build.py: there is no Python here; install one.\n"


def test_clean_removes_what_was_made_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("out", "dist", ".venv", "mdm_core", "keep"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    (tmp_path / "build").symlink_to(tmp_path / "keep", target_is_directory=True)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert build.main(["clean"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [".venv", "build", "keep", "mdm_core"]
    assert build.main(["clean", "--all"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["build", "keep", "mdm_core"]
    assert (tmp_path / "keep" / "file").exists()
