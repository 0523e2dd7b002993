"""Which Python runs the worker, and one generation through the add-on's own client; no scene is looked at."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import mdm_blender
from mdm_blender import process
from mdm_blender.generation import Generation
from mdm_core.errors import MotionError
from mdm_core.generator import Request

FAKE = [sys.executable, str(Path(__file__).parents[2] / "worker" / "fake_worker.py")]


def test_the_python_found_is_a_python_of_this_version() -> None:
    done = subprocess.run(
        [process.find_python(), "-c", "import sys; print(sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(sys.version_info[:2])


@pytest.mark.parametrize("embedding", ["", "/opt/blender/blender", "/nowhere/python3.11"])
def test_a_host_that_names_no_python_still_has_one_found(monkeypatch: pytest.MonkeyPatch, embedding: str) -> None:
    monkeypatch.setattr(sys, "executable", embedding)
    assert "python" in Path(process.find_python()).name


def test_a_blender_without_python_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/blender/blender")
    for name in ("prefix", "exec_prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    with pytest.raises(MotionError, match="preferences"):
        process.find_python()


def test_the_command_finds_mdm_core_and_numpy_with_nothing_inherited(tmp_path: Path) -> None:
    """The worker's own start-up code up to the import, run away from the checkout with an empty environment."""
    command = [part.replace("main()", "import numpy; print(numpy.__file__)") for part in process.command()]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).name == "__init__.py"


def test_connect_reuses_a_living_worker_and_replaces_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "command", lambda _python="": FAKE)
    first = process.connect()
    assert process.connect() is first
    first.close()
    second = process.connect()
    assert second is not first
    assert second.alive
    process.close()
    assert not second.alive


def test_messages_of_an_abandoned_generation_do_not_reach_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "command", lambda _python="": FAKE)
    client = process.connect()
    abandoned = Generation(client, Request(("slow",)), model="bundled", engine="auto", device="auto")
    deadline = time.monotonic() + 20
    while abandoned.stage != "generating" and time.monotonic() < deadline:
        abandoned.poll()
        time.sleep(0.01)
    assert abandoned.stage == "generating", abandoned.failure
    abandoned.cancel()
    following = Generation(
        client, Request(("walk",), seconds=1.0, seed=4), model="bundled", engine="auto", device="auto"
    )
    deadline = time.monotonic() + 20
    while not following.done and time.monotonic() < deadline:
        following.poll()
        time.sleep(0.01)
    process.close()
    assert following.failure is None
    assert following.motions is not None
    assert [(motion.prompt, motion.seed, len(motion)) for motion in following.motions] == [("walk", 4, 20)]


def test_unregistering_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "command", lambda _python="": FAKE)
    mdm_blender.register()
    client = process.connect()
    assert client.alive
    mdm_blender.unregister()
    assert not client.alive
