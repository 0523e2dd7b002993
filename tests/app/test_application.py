"""The zip in the real Blender application, as a user has it: installed, enabled, clicked, undone, cancelled.

One run of `inside.py` in a window on a virtual screen; each test judges a part of what it saw. The worker runs
on the application's own Python with the weights that come in the zip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app import application

HARMLESS = ("Could not get a list of mounted file-systems",)
SECONDS = 4.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(application.why_not()), reason=application.why_not()),
]


@dataclass(frozen=True)
class Run:
    install: str
    output: str
    seen: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of an application that has the extension, and what it printed meanwhile."""
    folder = tmp_path_factory.mktemp("application")
    archive = application.build_zip(folder)
    validated = application.inside("blender", "--command", "extension", "validate", str(archive), folder=folder)
    assert "Success" in validated
    return folder, application.install(archive, folder)


@pytest.fixture(scope="module")
def run(installed: tuple[Path, str]) -> Run:
    folder, printed = installed
    prompts = {"prompt": "a person walks forward", "long prompt": "a person runs in a circle"}
    output, seen = application.use("use", folder, worker=None, seconds=SECONDS, **prompts)
    return Run(printed, output, seen, folder)


def test_installs_and_enables_without_a_warning(run: Run) -> None:
    lines = [line for line in run.install.splitlines() if not any(words in line for words in HARMLESS)]
    assert any('Installed "mdm_blender"' in line for line in lines)
    assert not [line for line in lines if "warning" in line.lower() or "error" in line.lower()]


def test_nothing_is_raised_while_it_is_used(run: Run) -> None:
    assert "Traceback" not in run.output
    assert run.seen["done"]


def test_a_generation_puts_both_takes_on_the_rig(run: Run) -> None:
    seen = run.seen
    assert seen["started"] == ["FINISHED"]
    assert seen["failure"] is None
    assert len(seen["actions"]) == 2
    assert seen["assigned"] == seen["actions"][0]
    # 4 s at 20 frames a second end at 3.95 s; the scene has 30 frames a second and stands at frame 10
    assert seen["key_frames"] == [10.0, pytest.approx(10 + (SECONDS - 1 / 20) * 30, abs=1)]
    assert seen["scene"] == [30, 1, 250, 10]


def test_progress_is_shown_while_the_window_lives(run: Run) -> None:
    seen = run.seen
    assert seen["steps_seen"] > 5
    assert seen["start_seconds"] < 0.5
    assert seen["max_tick_seconds"] < 0.1
    # the whole window's thread, drawing by software on a busy machine included
    assert seen["max_gap_seconds"] < max(1.0, seen["job_seconds"] / 4)


def test_one_undo_takes_it_back_and_one_redo_returns_it(run: Run) -> None:
    assert run.seen["after_undo"] == [0, False]
    assert run.seen["after_redo"] == [2, run.seen["assigned"]]


def test_cancel_frees_the_panel_at_once_and_the_next_job_runs(run: Run) -> None:
    seen = run.seen
    assert seen["step_at_cancel"] >= 2
    assert not seen["busy_after_cancel"]
    assert seen["actions_after_cancel"] == 3
    assert seen["first_step_after_cancel_seconds"] < 10


def test_an_empty_prompt_is_a_sentence_in_the_panel(run: Run) -> None:
    assert "prompt" in run.seen["empty_prompt"].lower()
    assert len(run.seen["empty_prompt"]) < 200


def test_the_worker_is_the_applications_own_python_and_ends_with_it(run: Run) -> None:
    assert Path(run.seen["worker"]).name.startswith("python3")
    assert not Path(f"/proc/{run.seen['pid']}").exists()


def test_timelines_edits_and_loops_from_the_buttons(installed: tuple[Path, str]) -> None:
    output, seen = application.use("edits", installed[0], worker=None, limit=600)
    assert "Traceback" not in output
    assert seen["done"]
    assert seen["started"] == ["FINISHED"] * 3
    assert seen["timeline"] == [1, 110]
    name, prompt, kept = seen["edited"]
    assert (seen["actions"], prompt, kept) == (2, "waves", True)
    assert seen["after_undo"] == [1, name]
    assert seen["loop"] == [True, 1, 110]
