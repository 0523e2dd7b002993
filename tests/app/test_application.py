"""The zip in the real Blender application, as a user has it: installed, enabled, clicked, undone, cancelled.

One run of `inside.py` in a window on a virtual screen; each test judges a part of what it saw. The worker runs
on the application's own Python with the weights that come in the zip.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ROOT.parent / "shared" / "blender-app" / "blender-app"
CHROOT = Path(os.environ.get("BLENDER_APP", "/var/tmp/blender-app"))  # as in that script
HARMLESS = ("Could not get a list of mounted file-systems",)
SECONDS = 4.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not APPLICATION.exists(), reason="no Blender application beside this checkout"),
    pytest.mark.skipif(
        not (CHROOT / "usr/bin/blender").exists(), reason="../shared/blender-app/blender-app setup was not run"
    ),
]

WINDOW = """
Xvfb :{display} -screen 0 1600x900x24 >/dev/null 2>&1 & screen=$!
sleep 2
DISPLAY=:{display} timeout 600 blender --gpu-backend opengl --window-geometry 0 0 1600 900 \
    --python tests/app/inside.py -- {config}
kill $screen
"""


@dataclass(frozen=True)
class Run:
    install: str
    output: str
    seen: dict[str, Any]
    folder: Path


def inside(*command: str, folder: Path) -> str:
    """Output of a command inside the application's chroot, with settings of its own in `folder`."""
    line = [str(APPLICATION), "shell", "env", f"BLENDER_USER_RESOURCES={folder / 'user'}", *command]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("application")
    built = subprocess.run(
        [sys.executable, "-m", "tools.extension_zip"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    archive = max((ROOT / "dist").glob("mdm_blender-*.zip"), key=lambda path: path.stat().st_mtime)
    validated = inside("blender", "--command", "extension", "validate", str(archive), folder=folder)
    assert "Success" in validated
    install = ("--command", "extension", "install-file", "-r", "user_default", "--enable", str(archive))
    installed = inside("blender", "--background", *install, folder=folder)
    config = {
        "folder": str(folder),
        "worker": None,
        "prompt": "a person walks forward",
        "long prompt": "a person runs in a circle",
        "seconds": SECONDS,
    }
    (folder / "config.json").write_text(json.dumps(config))
    script = WINDOW.format(display=100 + os.getpid() % 900, config=folder / "config.json")
    output = inside("bash", "-c", script, folder=folder)
    seen = json.loads((folder / "seen.json").read_text())
    assert "error" not in seen, seen["error"]
    return Run(installed, output, seen, folder)


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
