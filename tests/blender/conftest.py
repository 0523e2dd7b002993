"""Rigs in real Blender for the tests here: skeletons built from data, and Rigify's human, generated once."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mdm_blender import process
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES
from tests.rig.skeletons import BoneData


@pytest.fixture
def empty() -> Any:
    """Blender's factory settings without objects; returns the scene."""
    bpy = pytest.importorskip("bpy", reason="needs Blender as a Python module")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


GENERATE = """
import os, sys, bpy
import addon_utils
bpy.ops.wm.read_factory_settings(use_empty=True)
addon_utils.enable("rigify", default_set=True)  # it looks itself up in the preferences while it registers
bpy.ops.object.armature_human_metarig_add()
bpy.ops.pose.rigify_generate()
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
sys.stdout.flush()
os._exit(0)
"""
"""In a process of its own, left abruptly: after a generation bpy 4.5 hangs when Python ends."""


@pytest.fixture(scope="session")
def rigify_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .blend with Rigify's metarig ("metarig") and the human generated from it ("rig")."""
    pytest.importorskip("bpy", reason="needs Blender as a Python module")
    path = tmp_path_factory.mktemp("rigify") / "human.blend"
    done = subprocess.run([sys.executable, "-c", GENERATE, str(path)], capture_output=True, text=True, check=False)
    assert path.exists(), done.stdout + done.stderr
    return path


@pytest.fixture
def rigify(rigify_file: Path) -> Any:
    """Rigify's generated human, in a file of its own."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(rigify_file))
    return bpy.data.objects["rig"]


@pytest.fixture
def metarig(rigify_file: Path) -> Any:
    """Rigify's human metarig."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(rigify_file))
    return bpy.data.objects["metarig"]


def build(bones: list[BoneData], name: str = "Rig") -> Any:
    """The skeleton as an armature object in the present scene, active, in object mode."""
    import bpy

    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in bones:
        made = data.edit_bones.new(bone.name)
        made.head, made.tail, made.roll = bone.head, bone.tail, bone.roll
        made.parent = data.edit_bones[bone.parent] if bone.parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


WORKER = process.command
"""That of the bundled model, which some tests replace."""
WALKERS = ("Mixamo", "Rigify", "controls")
"""Rigs that edits are tried on: bones alone, Rigify's human, and Auto-Rig Pro's controls on a body of other proportions
whose object stands elsewhere, turned and larger, in a scene of 30 frames a second."""


@pytest.fixture(scope="session")
def walkers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Opens the file of a rig that walks for four seconds from frame 1 on, made once by the bundled model."""
    bpy = pytest.importorskip("bpy", reason="needs Blender as a Python module")
    from mdm_blender import api

    folder = tmp_path_factory.mktemp("walkers")

    def opened(kind: str) -> Any:
        path = folder / f"{kind}.blend"
        if not path.exists():
            rig = _standing(kind, request)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(process, "command", WORKER)
                walk = api.generate(rig, "a person walks forward", seconds=4.0, frame_start=1, seed=1)[0]
            assert walk["mdm_model"] == "bundled", "the walk is not the bundled model's"
            bpy.context.scene["walker"] = rig
            bpy.ops.wm.save_as_mainfile(filepath=str(path))
        bpy.ops.wm.open_mainfile(filepath=str(path))
        bpy.context.scene.frame_set(1)
        return bpy.context.scene["walker"]

    return opened


def _standing(kind: str, request: pytest.FixtureRequest) -> Any:
    import bpy

    if kind == "Rigify":
        bpy.ops.wm.open_mainfile(filepath=str(request.getfixturevalue("rigify_file")))
        return bpy.data.objects["rig"]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if kind == "Mixamo":
        from tests.blender.addon.scene import mixamo

        return mixamo()
    table = next(it for it in TABLES if it.label == "Auto-Rig Pro, controls")
    rig = build(list(known_rigs.build(table, arms_down=30, seed=2).bones), "Controls")
    rig.location, rig.rotation_euler, rig.scale = (2.0, -1.0, 0.3), (0.0, 0.0, 1.2), (1.1, 1.1, 1.1)
    bpy.context.scene.render.fps = 30
    bpy.context.view_layer.update()
    return rig


@pytest.fixture(scope="module")
def editing_worker() -> Iterator[None]:
    """A worker that edits without a network (`editing_worker.py`), for all tests of a module."""
    process.close()
    command = [sys.executable, str(Path(__file__).with_name("editing_worker.py"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "command", lambda python="": command)
        yield
        process.close()


@pytest.fixture
def uneven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seams stay as the worker makes them, with leaps: what takes these out may end in another pose for a hair's
    difference, and it is the following of IK controls that is compared."""
    monkeypatch.setattr(importlib.import_module("mdm_blender.editing.write"), "eased", lambda seams, edited: edited)
