"""Files that appear whole or not at all: written beside their place and renamed. No format lives here."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mdm_core.errors import MotionError


def check_place(path: Path) -> None:
    """Raise MotionError if a file could not be written at `path`: asked before work that would be lost."""
    if path.is_dir():
        raise MotionError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise MotionError(f"The folder {path.parent} does not exist; create it first or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise MotionError(f"The folder {path.parent} cannot be written to; choose another.")


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary path with the same suffix in the same folder, renamed to `path` when the block succeeds.

    If the block raises, the temporary file is removed and whatever stood at `path` stays. An OSError (a full disk,
    a folder without permission) becomes a MotionError.
    """
    path = Path(path)
    check_place(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MotionError(
            f"{path} could not be written ({reason}); free some space or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)
