"""build.py itself: old Pythons can start it, its commands are told apart, clean takes only what was made."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
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


class Releases:
    """Stands for the virtual environments of Blender releases and for pytest in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, own: str = "5.0.1") -> None:
        self.missing: set[str] = set()
        self.offline = False
        self.codes: dict[str, int] = {}
        self.commands: list[list[str]] = []
        self.seconds = 0.0
        self.clock = 0.0
        monkeypatch.setattr(build, "environment", lambda *_: "main/bin/python")
        monkeypatch.setattr(build, "matrix_environment", self.prepare)
        monkeypatch.setattr(build, "installed_release", lambda _: own)
        monkeypatch.setattr(build, "run", self.run)
        monkeypatch.setattr(build.time, "monotonic", lambda: self.clock)

    @property
    def asked(self) -> list[str]:
        """The Pythons that were to run pytest."""
        return [command[0] for command in self.commands]

    def prepare(self, _root: Path, release: str, _options: object) -> str | None:
        if release in self.missing:
            return None
        if self.offline:
            raise build.Stop("pip could not install the packages.")
        return release

    def run(self, command: list[str]) -> int:
        self.commands.append(command)
        self.clock += self.seconds
        return self.codes.get(command[0], 0)


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        ([], True),
        (["-x", "-k", "bvh"], True),
        (["tests/io"], False),
        (["-x", "tests/test_cli.py::test_numbers_sort_as_they_count"], False),
    ],
)
def test_the_whole_suite_has_a_worker_a_core_and_named_files_have_none(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], spread: bool
) -> None:
    releases = Releases(monkeypatch)
    assert build.main(["test", *arguments]) == 0
    assert releases.commands == [["main/bin/python", *build.PYTEST, *(build.WORKERS if spread else ()), *arguments]]


def test_other_blenders_need_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(monkeypatch)
    assert build.main(["test", "--matrix"]) == 0
    assert build.main(["test", "--others"]) == 0
    with_workers = [command[0] for command in releases.commands if "-n" in command]
    assert with_workers == ["main/bin/python"]


def test_the_matrix_tests_every_release_and_fails_when_one_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    releases = Releases(monkeypatch)
    releases.missing, releases.codes = {"5.1.2"}, {"4.4.0": -11}
    assert build.main(["test", "--matrix"]) == 1
    assert releases.asked == ["4.2.23", "4.4.0", "4.5.15", "5.0.1", "5.2.3"]
    printed = capsys.readouterr().out
    assert "Blender 4.4.0: failed with exit status -11" in printed
    assert "Blender 5.1.2: skipped, there is no Python for it here" in printed
    releases.codes = {}
    assert build.main(["test", "--matrix"]) == 0


def test_a_matrix_without_any_blender_or_package_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(monkeypatch)
    releases.missing = set(build.MATRIX)
    assert build.main(["test", "--matrix"]) == 1
    releases.missing, releases.offline = set(), True
    assert build.main(["test", "--matrix"]) == 1


def test_others_leave_out_the_release_that_was_tested_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(monkeypatch)
    assert build.main(["test", "--others"]) == 0
    assert releases.asked[0] == "main/bin/python"
    assert sorted(releases.asked[1:]) == sorted(set(build.MATRIX) - {"5.0.1"})
    releases.codes = {"4.2.23": 1}
    assert build.main(["test", "--others"]) == 1
    for code in (1, -11):
        releases.codes = {"main/bin/python": code}
        assert build.main(["test", "--others"]) == code


def test_without_a_network_or_time_the_others_are_skipped_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    releases = Releases(monkeypatch)
    releases.offline = True
    assert build.main(["test", "--others"]) == 0
    assert capsys.readouterr().out.count("could not be installed") == 5
    releases.offline, releases.seconds = False, 70.0
    assert build.main(["test", "--others"]) == 0
    assert len(releases.asked) == 2 + 2, "one whole suite a run; two others fit into the time"
    assert capsys.readouterr().out.count("seconds for other Blenders are over") == 3


def test_the_lists_of_releases_and_of_tests_are_of_what_there_is() -> None:
    assert sorted(build.OTHERS) == sorted(build.MATRIX)
    assert [name for name in build.PART if not (ROOT / name).is_file()] == []


def pytest_on(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """`tools.run_pytest` on a file with that text, not as a part of the worker that this may run in."""
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "tools.run_pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    alone = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    return subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)


BAD_END = "import atexit, os, time\natexit.register(os.abort)\n"
"""bpy 4.2 crashes and 4.5 hangs when Python ends; here a callback at its end does either."""


@pytest.mark.parametrize("fails", [False, True])
def test_the_tests_and_not_the_end_of_python_give_the_status(tmp_path: Path, fails: bool) -> None:
    done = pytest_on(tmp_path, f"{BAD_END}def test_it() -> None:\n    assert {not fails}\n")
    assert done.returncode == int(fails), done.stdout + done.stderr
    assert ("1 failed" if fails else "1 passed") in done.stdout


def test_a_crash_inside_a_test_is_a_failure(tmp_path: Path) -> None:
    assert pytest_on(tmp_path, "import os\ndef test_it() -> None:\n    os.abort()\n").returncode != 0


@pytest.mark.parametrize("options", [(), ("-n", "0")])
def test_workers_end_as_they_like_and_the_user_may_want_none(tmp_path: Path, options: Sequence[str]) -> None:
    inside = f"('PYTEST_XDIST_WORKER' in os.environ) is {not options}"
    done = pytest_on(tmp_path, f"{BAD_END}def test_it() -> None:\n    assert {inside}\n", *build.WORKERS, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_crashes_and_hangs_in_workers_are_failures_and_the_other_tests_run(tmp_path: Path) -> None:
    crash, hang = "def test_crash() -> None:\n    os.abort()\n", "def test_hang() -> None:\n    time.sleep(60)\n"
    done = pytest_on(tmp_path, f"{BAD_END}{crash}{hang}def test_it() -> None: ...\n", "-n", "1", "--timeout", "3")
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "crashed while running" in done.stdout and "Timeout" in done.stdout
