"""The add-on registered in real Blender, with a worker whose model is `tests/worker/fake_worker.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mdm_blender

FAKE = [sys.executable, str(Path(__file__).parents[2] / "worker" / "fake_worker.py")]


@pytest.fixture(scope="module")
def fake_worker() -> Iterator[None]:
    """One worker for all tests, as unregistering would otherwise end it each time."""
    from mdm_blender import process

    close = process.close
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "command", lambda python="": [python] if python else FAKE)
        patch.setattr(process, "close", lambda: None)
        yield
        close()


@pytest.fixture
def addon(request: pytest.FixtureRequest) -> Iterator[None]:
    """Factory settings without objects, and the add-on registered with the fake worker."""
    request.getfixturevalue("fake_worker")
    bpy = pytest.importorskip("bpy")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mdm_blender.register()
    yield
    mdm_blender.unregister()


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Any:
    """A Mixamo-named rig in the add-on's file."""
    request.getfixturevalue("addon")
    from tests.blender.addon.scene import mixamo

    return mixamo()
