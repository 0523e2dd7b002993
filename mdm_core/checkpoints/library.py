"""The models and text encoders on this machine beside the bundled one: a folder each, in one place of the user's.

A folder holds a bundle (card.json, model.safetensors) or a text encoder (config.json, weights), and `installed.json`:
where it came from, its licence, and the sha256 of every file. It appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mdm_core.checkpoints.hashes import sha256
from mdm_core.errors import MotionError

RECORD = "installed.json"
PLACE = "MDM_MODELS"
"""The environment variable that says where the models are, if not in the usual place."""


@dataclass(frozen=True)
class Record:
    """What is known of an installed folder. files: sha256 by name."""

    name: str
    kind: str
    source: str
    licence: str
    files: dict[str, str] = field(default_factory=dict)


def place() -> Path:
    """Where models are kept: MDM_MODELS, or the platform's folder for an application's data."""
    if PLACE in os.environ:
        return Path(os.environ[PLACE]).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))) / "mdm" / "models"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "mdm" / "models"
    return Path(os.environ.get("XDG_DATA_HOME", str(home / ".local" / "share"))) / "mdm" / "models"


def installed(library: Path) -> dict[str, Record]:
    """The records of all folders in the library, by name."""
    records = (read_record(path.parent) for path in sorted(library.glob(f"*/{RECORD}")) if path.parent.name[0] != ".")
    return {record.name: record for record in records}


def read_record(folder: Path) -> Record:
    """The record of an installed folder; a MotionError if it is damaged."""
    path = folder / RECORD
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**stored | {"files": {str(name): str(digest) for name, digest in stored["files"].items()}})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise MotionError(f"{path} cannot be read ({error}); remove the folder and add the model again.") from None
    if record.name != folder.name:
        raise MotionError(f"{path} belongs to another model ({record.name}); remove the folder and add it again.")
    return record


def check_name(name: str) -> None:
    """Raises a MotionError if a model cannot be called that: it becomes a folder of the library."""
    allowed = name.isascii() and all(c.isalnum() or c in "-_." for c in name) and name[:1].isalnum()
    if not allowed or name == "bundled" or len(name) > 100:
        raise MotionError(f'A model cannot be called "{name}"; use letters, digits, - and _ with --name.')


def install(library: Path, record: Record, write: Callable[[Path], None], *, replace: bool = False) -> Path:
    """A new folder of the library, which `write` fills; it appears when all is written. Returns it.

    Raises MotionError if the name is taken (unless `replace`) or unusable, or the folder cannot be written.
    """
    check_name(record.name)
    target = library / record.name
    if target.exists() and not replace:
        raise MotionError(f'"{record.name}" is installed already; remove it first, or give another --name.')
    part = library / f".{record.name}.{os.getpid()}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write(part)
        files = {path.name: sha256(path) for path in sorted(part.iterdir())}
        text = json.dumps(asdict(record) | {"files": files}, indent=1, ensure_ascii=False)
        (part / RECORD).write_text(text + "\n", encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        part.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MotionError(f"{target} could not be written ({reason}); free some space or set {PLACE}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def damaged(library: Path, name: str) -> list[str]:
    """What is wrong with the files of an installed model, a line each; empty if nothing is."""
    folder = existing(library, name)
    problems: list[str] = []
    for file, wanted in read_record(folder).files.items():
        path = folder / file
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif sha256(path) != wanted:
            problems.append(f"{path} has changed")
    return problems


def remove(library: Path, name: str) -> Path:
    """Deletes an installed model; returns what its folder was."""
    folder = existing(library, name)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise MotionError(f"{folder} could not be removed ({error.strerror}); is it in use?") from error
    return folder


def existing(library: Path, name: str) -> Path:
    """The folder of an installed model, or a MotionError that lists the installed ones."""
    check_name(name)
    folder = library / name
    if not (folder / RECORD).is_file():
        there = ", ".join(installed(library)) or "none"
        raise MotionError(f'There is no installed model "{name}" in {library}; installed: {there}.')
    return folder
