"""Which Python the .venv is made with: Blender's package bpy exists for 3.11 and 3.13 only.

Standard library alone, and syntax that any Python 3.8+ starts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

WINDOWS = os.name == "nt"
SUPPORTED: tuple[tuple[int, int], ...] = ((3, 11), (3, 13))
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2], sys.maxsize > 2**32, sys.implementation.name)"


def version_of(command: Sequence[str]) -> tuple[int, int] | None:
    """(major, minor) of a 64-bit CPython, or None if the command does not run or is something else."""
    try:
        done = subprocess.run([*command, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"(\d+)\.(\d+) True cpython\s*$", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if done.returncode == 0 and found else None


def find(wanted: Iterable[tuple[int, int]] = SUPPORTED, environ: Mapping[str, str] | None = None) -> list[str] | None:
    """The first command that starts a Python of a wanted version, this one before all others; None if none does."""
    versions = tuple(wanted)
    for command in candidates(versions, os.environ if environ is None else environ):
        if version_of(command) in versions:
            return command
    return None


def candidates(wanted: Sequence[tuple[int, int]], environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Commands worth trying, best first: this Python, PATH, the Windows launcher, pyenv, uv, macOS' own."""
    yield [sys.executable]
    for major, minor in wanted:
        for name in (f"python{major}.{minor}", "python3", "python"):
            for folder in environ.get("PATH", "").split(os.pathsep):
                found = shutil.which(name, path=folder) if folder else None
                if found:
                    yield [found]
        launcher = shutil.which("py", path=environ.get("PATH")) if WINDOWS else None
        if launcher:
            yield [launcher, f"-{major}.{minor}"]
        for path in _installed(major, minor, environ):
            yield [str(path)]


def _installed(major: int, minor: int, environ: Mapping[str, str]) -> Iterator[Path]:
    """Interpreters in the usual folders of pyenv, uv and the macOS installer, newest release first."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    name = "python.exe" if WINDOWS else f"bin/python{major}.{minor}"
    pyenv = Path(environ.get("PYENV_ROOT") or home / (".pyenv/pyenv-win" if WINDOWS else ".pyenv")) / "versions"
    uv = Path(environ.get("APPDATA") or home) / "uv/data/python" if WINDOWS else home / ".local/share/uv/python"
    framework = Path("/Library/Frameworks/Python.framework/Versions") / f"{major}.{minor}"
    for folder, pattern in ((pyenv, f"{major}.{minor}.*"), (uv, f"cpython-{major}.{minor}.*")):
        releases = sorted(folder.glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])
        for release in reversed(releases):
            yield release / name
    yield framework / f"bin/python{major}.{minor}"
