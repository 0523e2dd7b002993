"""The worker process of this Blender: which Python runs it, and the one client that is connected to it. No bpy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import mdm_core
from mdm_core.errors import MotionError
from mdm_core.worker.client import WorkerClient, worker_command

_running: dict[tuple[str, ...], WorkerClient] = {}
"""The worker under its command line; one at most."""


def connect(python: str = "") -> WorkerClient:
    """The running worker, started if there is none or if another Python is wanted. Does not wait for the model."""
    wanted = tuple(command(python))
    known = _running.get(wanted)
    if known is not None and known.alive:
        return known
    close()
    client = WorkerClient(wanted)
    client.start()
    _running[wanted] = client
    return client


def close() -> None:
    """Ends the worker, if there is one."""
    while _running:
        _running.popitem()[1].close()


def command(python: str = "") -> list[str]:
    """The command line of the worker for this Blender."""
    return worker_command(python or find_python(), module_folders())


def module_folders() -> list[str]:
    """Where the worker finds what its own Python does not: mdm_core, and NumPy as Blender has it."""
    folders = (Path(module.__file__ or "").resolve().parent.parent for module in (mdm_core, np))
    return list(dict.fromkeys(str(folder) for folder in folders))


def find_python() -> str:
    """The Python program that belongs to this Blender; a `MotionError` if it ships without one."""
    for path in _candidates():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise MotionError(
        "Blender's own Python program was not found; choose a Python with NumPy in the preferences of the MDM add-on."
    )


def _candidates() -> Iterator[Path]:
    # In Blender sys.executable is its Python on every platform; a host that embeds Python may name itself there.
    if sys.executable and "python" in Path(sys.executable).stem.lower():
        yield Path(sys.executable)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for prefix in dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix)):
        for name in (f"bin/python{version}", "bin/python3", "bin/python", "bin/python.exe", "python.exe"):
            yield Path(prefix, name)
