"""The real Blender application on a virtual screen: installs the zip in it and runs `inside.py` in its window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ROOT.parent / "shared" / "blender-app" / "blender-app"
CHROOT = Path(os.environ.get("BLENDER_APP", "/var/tmp/blender-app"))  # as in that script

WINDOW = """
Xvfb :{display} -screen 0 1600x{height}x24 >/dev/null 2>&1 & screen=$!
sleep 2
DISPLAY=:{display} timeout 1200 blender --gpu-backend opengl --window-geometry 0 0 1600 {height} \
    --python {script} -- {config}
kill $screen
"""


def why_not() -> str:
    """Why the application can't be run here; empty where it can."""
    if not APPLICATION.exists():
        return "no Blender application beside this checkout"
    if not (CHROOT / "usr/bin/blender").exists():
        return "../shared/blender-app/blender-app setup was not run"
    return ""


def build_zip(folder: Path) -> Path:
    """The extension of this checkout, as `build.py zip` makes it, copied to `folder`."""
    command = [sys.executable, "-m", "tools.extension_zip"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    newest = max((ROOT / "dist").glob("mdm_blender-*.zip"), key=lambda path: path.stat().st_mtime)
    return Path(shutil.copy(newest, folder))


def inside(*command: str, folder: Path) -> str:
    """Output of a command inside the application's chroot, with Blender settings of its own in `folder`.

    Run from the folder of temporary files, which the chroot always shares: a checkout is mounted there when the
    script is first called from it, and that mount goes stale, and empty, when the checkout is made anew.
    """
    line = [str(APPLICATION), "shell", "env", f"BLENDER_USER_RESOURCES={folder / 'user'}", *command]
    done = subprocess.run(line, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def install(archive: Path, folder: Path) -> str:
    """Installs and enables the extension; what Blender printed."""
    arguments = ("--command", "extension", "install-file", "-r", "user_default", "--enable", str(archive))
    return inside("blender", "--background", *arguments, folder=folder)


def use(scenario: str, folder: Path, *, height: int = 900, **config: Any) -> tuple[str, dict[str, Any]]:
    """Runs a scenario of `inside.py` in the window: what Blender printed, and what the scenario saw.

    height: of the window, pixels; it is 1600 wide.
    """
    path = folder / "config.json"
    path.write_text(json.dumps({"scenario": scenario, "folder": str(folder), **config}))
    checkout = folder / "checkout"
    for part in ("tests/app", "demo"):
        shutil.copytree(ROOT / part, checkout / part, dirs_exist_ok=True)
    script = checkout / "tests/app/inside.py"
    window = WINDOW.format(height=height, display=100 + os.getpid() % 900, script=script, config=path)
    output = inside("bash", "-c", window, folder=folder)
    seen = json.loads((folder / "seen.json").read_text())
    assert "error" not in seen, seen["error"]
    return output, seen
