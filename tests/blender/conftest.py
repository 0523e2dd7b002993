"""Rigs in real Blender for the tests here: skeletons built from data, and Rigify's human, generated once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
