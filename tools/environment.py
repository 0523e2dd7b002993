"""The project's virtual environments: made, filled with pinned packages, stamped, repaired.

Standard library alone, and syntax that any Python 3.8+ starts.

A stamp holds the hash of what was installed, so a second run starts at once; a marker file lies in the environment
while something is being installed, so that one that was killed half-way is recognised and made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import interpreters
from .interpreters import SUPPORTED, WINDOWS, version_of

_UV = "uv==0.13.9"
_MARKER = "mdm-installing"
_STAMPS = "mdm-stamps.json"


class Stop(Exception):
    """A sentence for the user: what went wrong and what to do."""


class Options(NamedTuple):
    """A Python of the user's choice, the index torch comes from, and whether torch shall be a GPU build in any case."""

    python: str | None = None
    torch_index: str | None = None
    cuda: bool = False


def environment(root: Path, requirements: Sequence[str], options: Options) -> str:
    """The Python of root/.venv, holding the packages of these files of root/requirements; "." is the project itself."""
    venv = root / ".venv"
    _prepare(venv, lambda: _choose_python(root, options), None if options.python is None else [options.python])
    python = executable(venv, "python")
    for name in requirements:
        if name == ".":
            editable = ["--no-deps", "--no-build-isolation", "-e", str(root)]
            project = (root / "pyproject.toml").read_text(encoding="utf-8")
            _fill(venv, name, _digest([project]), lambda arguments=editable: pip_install(python, arguments))
            continue
        path = root / "requirements" / name
        stamp = _digest(_texts(path))
        if name == "torch.txt":
            _fill(venv, name, stamp, lambda path=path: _install_torch(root, python, path, options))
        else:
            _fill(venv, name, stamp, lambda path=path: pip_install(python, ["-r", str(path)]))
    return python


def matrix_environment(root: Path, release: str, options: Options) -> str | None:
    """The Python of an environment with that release of bpy and what tests/blender needs; None: no Python for it."""
    wanted = (3, 11) if tuple(map(int, release.split("."))) < (5, 1) else (3, 13)
    if options.python is not None and version_of([options.python]) == wanted:
        command: list[str] | None = [options.python]
    else:
        command = interpreters.find([wanted])
    if command is None:
        return None
    found = command
    venv = root / f".venv-bpy-{release}"
    _prepare(venv, lambda: found, None)
    python = executable(venv, "python")
    text = (root / "requirements" / "test.txt").read_text(encoding="utf-8")
    tests = re.findall(r"^(?:pytest|hypothesis|pillow|scipy)\S*==\S+", text, re.MULTILINE)
    packages = [f"bpy=={release}", "numpy<2" if wanted == (3, 11) else "numpy>=2", *tests]
    _fill(venv, f"Blender {release}", _digest(packages), lambda: pip_install(python, packages))
    return python


def executable(venv: Path, name: str) -> str:
    """Path of a program in a virtual environment: bin/NAME, on Windows Scripts/NAME.exe."""
    return str(venv / ("Scripts" if WINDOWS else "bin") / (name + (".exe" if WINDOWS else "")))


def run(command: Sequence[str]) -> int:
    """Runs a command with the terminal as it is; its exit status."""
    return subprocess.run(list(command), check=False).returncode


@contextlib.contextmanager
def stage(title: str) -> Generator[None]:
    """Prints what begins, and how long it took."""
    print(f"-- {title} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"   {time.monotonic() - started:.1f} s", flush=True)


def pip_install(python: str, arguments: Sequence[str]) -> None:
    """pip install; its progress bars on a terminal, its errors alone elsewhere."""
    quiet = [] if sys.stdout.isatty() else ["-q"]
    common = [python, "-m", "pip", "install", "--disable-pip-version-check", *quiet]
    status = run([*common, *arguments])
    if status:
        raise Stop(
            f"pip could not install the packages (status {status}, its message is above): check the network and the "
            "disk, then run the same command again. bpy exists for 64-bit Linux (x86), Windows and macOS; this is "
            f"{platform.platform()}."
        )


# ---- making one ------------------------------------------------------------------------------------------------------


def _prepare(venv: Path, find_python: Callable[[], list[str]], wanted: list[str] | None) -> None:
    """Makes the environment if there is none; anew if it does not run, was left half made or is of another Python."""
    version = version_of([executable(venv, "python")])
    fault = None
    if (venv / _MARKER).exists() or not (venv / _STAMPS).exists():
        fault = "was left half made"
    elif version is None:
        fault = "does not run"
    elif wanted is not None and version_of(wanted) != version:
        fault = "is of another Python"
    if fault is None:
        return
    command = find_python()
    if venv.exists():
        print(f"{venv.name} {fault}; making it anew.", flush=True)
        shutil.rmtree(str(venv))
    with stage(f"Making {venv.name} with {' '.join(command)}"):
        _make(venv, command)
    (venv / _STAMPS).write_text("{}", encoding="utf-8")


def _make(venv: Path, command: list[str]) -> None:
    if Path(command[0]).stem == "uv":
        made = subprocess.run([*command, str(venv)], check=False)
        if made.returncode:
            raise Stop(f"uv could not make {venv.name}; {_how_to_get_python()}")
        return
    made = subprocess.run([*command, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return
    shutil.rmtree(str(venv), ignore_errors=True)
    uv = shutil.which("uv")
    if uv and run([uv, "venv", "-q", "--seed", "--python", command[0], str(venv)]) == 0:
        return
    detail = (made.stdout + made.stderr).strip().splitlines()
    raise Stop(
        f"{' '.join(command)} could not make a virtual environment ({detail[-1] if detail else 'it said nothing'}); on "
        "Debian and Ubuntu the package python3-venv is missing: sudo apt install python3-venv."
    )


def _choose_python(root: Path, options: Options) -> list[str]:
    """The command that makes the environment: a fitting Python of this machine, else uv, which fetches one."""
    if options.python is not None:
        version = version_of([options.python])
        if version not in SUPPORTED:
            says = "does not run" if version is None else f"is {version[0]}.{version[1]}"
            raise Stop(f"--python {options.python} {says}; Blender exists for Python 3.11 and 3.13.")
        return [options.python]
    found = interpreters.find()
    if found is not None:
        return found
    uv = _uv(root)
    if uv is None:
        raise Stop(_how_to_get_python())
    version = SUPPORTED[0]
    return [uv, "venv", "-q", "--seed", "--python", f"{version[0]}.{version[1]}"]


def _how_to_get_python() -> str:
    mine = f"{sys.version_info[0]}.{sys.version_info[1]}"
    where = {"Windows": "winget install Python.Python.3.11", "Darwin": "brew install python@3.11"}.get(
        platform.system(), "your distribution's package python3.11 with python3.11-venv, or `uv python install 3.11`"
    )
    return (
        f"Blender's package bpy exists for Python 3.11 and 3.13, and this machine offers neither (this is {mine}): "
        f"install one ({where}) and run the same command again."
    )


def _uv(root: Path) -> str | None:
    """The path of uv: the one on PATH, else one that pip puts into root/.uv; None if there is no pip or it fails."""
    found = shutil.which("uv") or shutil.which("uv", path=str(root / ".uv" / "bin"))
    if found:
        return found
    with stage("Fetching uv, which can fetch the rest"):
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"]
        subprocess.run([*pip, str(root / ".uv"), _UV], check=False)
    return shutil.which("uv", path=str(root / ".uv" / "bin"))


# ---- filling it ------------------------------------------------------------------------------------------------------


def _fill(venv: Path, name: str, stamp: str, install: Callable[[], None]) -> None:
    """Installs unless the stamp says that this very set is there."""
    stamps: dict[str, str] = json.loads((venv / _STAMPS).read_text(encoding="utf-8"))
    if stamps.get(name) == stamp:
        return
    with stage(f"Installing {name} into {venv.name}"):
        (venv / _MARKER).write_text("", encoding="utf-8")
        try:
            install()
        except Stop:
            (venv / _MARKER).unlink()  # the installer ended by itself and left things whole; the next run goes on
            raise
        stamps[name] = stamp
        (venv / _STAMPS).write_text(json.dumps(stamps, indent=1), encoding="utf-8")
        (venv / _MARKER).unlink()


def _texts(path: Path, seen: set[Path] | None = None) -> list[str]:
    """The text of a requirements file and of those that it includes with -r."""
    seen = set() if seen is None else seen
    if path in seen:
        return []
    seen.add(path)
    text = path.read_text(encoding="utf-8")
    included = re.findall(r"^-r\s+(\S+)", text, re.MULTILINE)
    return [text, *(part for name in included for part in _texts(path.parent / name, seen))]


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8")).hexdigest()


# ---- torch: the CPU build where there is no GPU ----------------------------------------------------------------------


def _install_torch(root: Path, python: str, path: Path, options: Options) -> None:
    """Installs the pinned torch; on Linux without a GPU the CPU build, which the default index does not have."""
    if options.torch_index:
        return pip_install(python, ["--index-url", options.torch_index, "-r", str(path)])
    plain_is_small = not (platform.system() == "Linux" and platform.machine() in ("x86_64", "AMD64"))
    if options.cuda or plain_is_small or _has_gpu() or _pip_knows_cpu_build(python, path):
        return pip_install(python, ["-r", str(path)])
    uv = _uv(root)
    if uv and run([uv, "pip", "install", "-q", "--python", python, "--torch-backend", "cpu", "-r", str(path)]) == 0:
        return None
    raise Stop(
        "the CPU build of torch could not be fetched: give the index that PyTorch's install page shows for CPU with "
        "--torch-index, or take the GPU build, several GB, with --cuda."
    )


def _has_gpu() -> bool:
    program = shutil.which("nvidia-smi")
    return program is not None and subprocess.run([program, "-L"], capture_output=True, check=False).returncode == 0


def _pip_knows_cpu_build(python: str, path: Path) -> bool:
    """Whether pip, as set up here (local wheels, a configured index), would take a CPU build of the pinned torch."""
    pinned = re.search(r"^torch==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    command = [python, "-m", "pip", "index", "versions", "torch"]
    known = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return pinned is not None and f"{pinned.group(1)}+cpu" in re.split(r"[\s,]+", known)
