"""Checksums of files, read in pieces."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mdm_core.errors import MotionError

PIECE = 1 << 20  # bytes read at once


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 lower-case hexadecimal digits."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except OSError as error:
        raise MotionError(f"{path} cannot be read ({error.strerror or error}); check the file.") from None
    return digest.hexdigest()
