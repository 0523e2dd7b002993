"""`python -m mdm_core.worker`: speaks `protocol` on standard input and output, logs on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import BinaryIO

from .server import Load, load_generator, serve

GRACE_SECONDS = 5.0
"""How long a job may take to notice that the host has gone before the process ends without it."""
NICENESS = 5
"""The host's window is drawn by the same processor that the worker computes on."""


def main(load: Load = load_generator) -> None:
    """Serves until the host goes; `load` is another where a test brings its own model."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    stdin, stdout = take_over_standard_streams()
    serve(stdin, stdout, load, on_closed=_end_soon)
    sys.stderr.flush()
    os._exit(0)  # the reader thread may sit in a blocking read, which ends no interpreter cleanly


def take_over_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone.

    Whatever else writes to standard output afterwards, Python's `print` or a C library, writes to standard
    error; whatever reads standard input reads nothing.
    """
    stdin, stdout = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (stdin, stdout):
            msvcrt.setmode(descriptor, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(stdin, "rb"), os.fdopen(stdout, "wb")


def _end_soon() -> None:
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
