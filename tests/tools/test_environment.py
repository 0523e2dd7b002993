"""The .venv: filled once, again when the pins change, made anew when damaged; and torch from the right place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import environment as env
from tools import interpreters
from tools.environment import Options, Stop


class Installer:
    """Stands for pip: writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fails = False

    def __call__(self, python: str, arguments: Sequence[str]) -> None:
        assert Path(python).exists()
        self.asked.append(list(arguments))
        if self.fails:
            raise Stop("no network")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Installer:
    """A stand-in for pip, and environments that are made without one (a tenth of a second, not ten)."""
    installer = Installer()
    monkeypatch.setattr(env, "pip_install", installer)

    def make(venv: Path, command: list[str]) -> None:
        subprocess.run([*command, "-m", "venv", "--without-pip", str(venv)], check=True)

    monkeypatch.setattr(env, "_make", make)
    monkeypatch.setattr(interpreters, "find", lambda wanted=interpreters.SUPPORTED: [sys.executable])
    return installer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("one==1\n")
    (tmp_path / "requirements" / "more.txt").write_text("-r base.txt\ntwo==2\n")
    (tmp_path / "requirements" / "torch.txt").write_text("# pinned\ntorch==9.8.7\n")
    return tmp_path


def test_a_second_run_installs_nothing(root: Path, pip: Installer) -> None:
    python = env.environment(root, ("more.txt",), Options())
    assert interpreters.version_of([python]) == sys.version_info[:2]
    assert pip.asked == [["-r", str(root / "requirements" / "more.txt")]]
    assert env.environment(root, ("more.txt",), Options()) == python
    assert len(pip.asked) == 1


def test_a_changed_pin_installs_again_even_in_an_included_file(root: Path, pip: Installer) -> None:
    env.environment(root, ("more.txt",), Options())
    (root / "requirements" / "base.txt").write_text("one==1.1\n")
    env.environment(root, ("more.txt",), Options())
    assert len(pip.asked) == 2


def test_one_that_was_killed_while_installing_is_made_anew(
    root: Path, pip: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(env, "pip_install", killed)
        with pytest.raises(KeyboardInterrupt):
            env.environment(root, ("base.txt",), Options())
    half = root / ".venv" / "half"
    half.write_text("half a package")
    env.environment(root, ("base.txt",), Options())
    assert not half.exists()
    assert len(pip.asked) == 1


def test_one_whose_python_is_gone_is_made_anew(root: Path, pip: Installer) -> None:
    python = env.environment(root, ("base.txt",), Options())
    Path(python).unlink()
    env.environment(root, ("base.txt",), Options())
    assert interpreters.version_of([python]) is not None
    assert len(pip.asked) == 2


def test_one_that_was_never_finished_is_made_anew(root: Path, pip: Installer) -> None:
    (root / ".venv" / "lib").mkdir(parents=True)
    python = env.environment(root, ("base.txt",), Options())
    assert interpreters.version_of([python]) is not None
    assert len(pip.asked) == 1


def test_after_a_failed_download_the_next_run_goes_on(root: Path, pip: Installer) -> None:
    pip.fails = True
    with pytest.raises(Stop):
        env.environment(root, ("base.txt",), Options())
    kept = root / ".venv" / "kept"
    kept.write_text("")
    pip.fails = False
    env.environment(root, ("base.txt",), Options())
    assert kept.exists()
    assert len(pip.asked) == 2


def test_a_python_that_blender_does_not_exist_for_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "version_of", lambda command: (3, 12) if command == ["python3.12"] else None)
    with pytest.raises(Stop, match=r"python3\.12 is 3\.12; Blender exists for Python 3\.11 and 3\.13"):
        env.environment(root, ("base.txt",), Options(python="python3.12"))
    assert not (root / ".venv").exists()


def test_without_a_fitting_python_uv_fetches_one(root: Path, pip: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def make(venv: Path, command: list[str]) -> None:
        commands.append(command)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)

    monkeypatch.setattr(interpreters, "find", lambda: None)
    monkeypatch.setattr(env, "_uv", lambda _root: "/somewhere/uv")
    monkeypatch.setattr(env, "_make", make)
    env.environment(root, ("base.txt",), Options())
    assert commands == [["/somewhere/uv", "venv", "-q", "--seed", "--python", "3.11"]]
    assert len(pip.asked) == 1


def test_without_a_fitting_python_and_without_uv_a_sentence_says_what_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "find", lambda: None)
    monkeypatch.setattr(env, "_uv", lambda _root: None)
    with pytest.raises(Stop, match=r"Python 3\.11 and 3\.13, and this machine offers neither .* install one"):
        env.environment(root, ("base.txt",), Options())


# ---- torch -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A Linux PC without a GPU, whose pip knows no CPU build; returns the commands that are run."""
    commands: list[list[str]] = []

    def run(command: Sequence[str]) -> int:
        commands.append(list(command))
        return 0

    monkeypatch.setattr(env.platform, "system", lambda: "Linux")
    monkeypatch.setattr(env.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(env, "_has_gpu", lambda: False)
    monkeypatch.setattr(env, "_pip_knows_cpu_build", lambda _python, _path: False)
    monkeypatch.setattr(env, "_uv", lambda _root: "uv")
    monkeypatch.setattr(env, "run", run)
    return commands


def test_torch_for_the_cpu_comes_through_uv(root: Path, pip: Installer, linux: list[list[str]]) -> None:
    env.environment(root, ("torch.txt",), Options())
    assert pip.asked == []
    assert len(linux) == 1
    assert linux[0][:3] == ["uv", "pip", "install"]
    assert linux[0][linux[0].index("--torch-backend") + 1] == "cpu"


def test_a_given_index_is_used(root: Path, pip: Installer, linux: list[list[str]]) -> None:
    env.environment(root, ("torch.txt",), Options(torch_index="file:///wheels"))
    assert pip.asked == [["--index-url", "file:///wheels", "-r", str(root / "requirements" / "torch.txt")]]
    assert linux == []


@pytest.mark.parametrize("why", ["asked", "gpu", "local wheel", "mac"])
def test_the_plain_build_is_taken_where_it_is_right(
    root: Path, pip: Installer, linux: list[list[str]], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "gpu":
        monkeypatch.setattr(env, "_has_gpu", lambda: True)
    if why == "local wheel":
        monkeypatch.setattr(env, "_pip_knows_cpu_build", lambda _python, _path: True)
    if why == "mac":
        monkeypatch.setattr(env.platform, "system", lambda: "Darwin")
    env.environment(root, ("torch.txt",), Options(cuda=why == "asked"))
    assert pip.asked == [["-r", str(root / "requirements" / "torch.txt")]]
    assert linux == []


def test_gigabytes_are_never_taken_unasked(
    root: Path, pip: Installer, linux: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env, "_uv", lambda _root: None)
    with pytest.raises(Stop, match="--torch-index"):
        env.environment(root, ("torch.txt",), Options())
    assert (pip.asked, linux) == ([], [])


def test_pips_list_of_versions_is_read(tmp_path: Path) -> None:
    pinned = tmp_path / "torch.txt"
    pinned.write_text("torch==9.8.7\n")
    python = tmp_path / "python"
    for listed, known in (("9.9.0, 9.8.7+cpu, 9.8.7", True), ("9.9.0+cpu, 9.8.7", False)):
        python.write_text(f"#!/bin/sh\necho 'torch (9.9.0)'\necho 'Available versions: {listed}'\n")
        python.chmod(0o755)
        if shutil.which("sh"):
            assert env._pip_knows_cpu_build(str(python), pinned) is known
