"""Linked and overridden armatures, several armatures, and scales that cannot be honoured, in real Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import scene as scenes
from mdm_blender.apply import ApplyOptions, apply_motion, check
from mdm_core.errors import MotionError
from mdm_core.motion import Motion
from tests.blender.conftest import build
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, humanoid

DESTINATIONS = ["new_action", "current_action", "nla"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .blend with an armature "Rig" in a collection "Character"."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = build(humanoid(MIXAMO))
    collection = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(armature)
    bpy.context.scene.collection.objects.unlink(armature)
    path = tmp_path_factory.mktemp("library") / "character.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def linked(library: Path, kind: str, name: str) -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def walk(armature: Any, **options: Any) -> Any:
    motion = Motion(oracle.walk(20).positions.astype(np.float32), prompt="walks")
    return apply_motion(armature, motion, frame_start=1, action_name="walks", options=ApplyOptions(**options))


def heights(armature: Any) -> list[float]:
    found: list[float] = []
    for frame in (1, 10, 20):
        bpy.context.scene.frame_set(frame)
        found.append(armature.pose.bones["LeftFoot"].head.z)
    return found


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_linked_armature_is_refused_with_a_sentence(library: Path, destination: str) -> None:
    armature = linked(library, "objects", "Rig")
    bpy.context.scene.collection.objects.link(armature)
    with pytest.raises(MotionError, match="library override"):
        walk(armature, destination=destination)
    assert not bpy.data.actions and armature.animation_data is None


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_local_object_with_linked_bones_is_animated(library: Path, destination: str) -> None:
    data = linked(library, "armatures", "Rig")
    armature = bpy.data.objects.new("Mine", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.update()
    walk(armature, destination=destination)
    assert np.ptp(heights(armature)) > 0.01


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_library_override_is_animated_and_survives_saving(library: Path, destination: str, tmp_path: Path) -> None:
    collection = linked(library, "collections", "Character")
    bpy.context.scene.collection.children.link(collection)
    made = collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    armature = made.objects["Rig"]
    assert armature.override_library is not None and armature.library is None
    action = walk(armature, destination=destination)
    assert action.library is None
    before = heights(armature)
    assert np.ptp(before) > 0.01
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    again = next(it for it in bpy.data.objects if it.type == "ARMATURE" and it.library is None)
    assert heights(again) == pytest.approx(before, abs=1e-5)


def test_a_locked_override_is_refused_with_a_sentence(library: Path) -> None:
    collection = linked(library, "collections", "Character")
    bpy.context.scene.collection.children.link(collection)
    made = collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    armature = made.objects["Rig"]
    armature.override_library.is_system_override = True
    with pytest.raises(MotionError, match="editable"):
        walk(armature)
    assert not bpy.data.actions


@pytest.mark.usefixtures("empty")
def test_the_active_armature_gets_the_motion_whatever_is_selected() -> None:
    one, other = build(humanoid(MIXAMO), name="One"), build(humanoid(MIXAMO), name="Other")
    one.select_set(True)
    other.select_set(False)
    bpy.context.view_layer.objects.active = other
    assert scenes.needed_armature(bpy.context) == other
    walk(other)
    assert one.animation_data is None
    assert [it.name for it in bpy.context.selected_objects] == ["One"]
    assert bpy.context.view_layer.objects.active == other


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("scale", "words"),
    [
        ((1, 1, 1.3), "unevenly"),
        ((-1, 1, 1), "negative"),
        ((-1, -1, -1), "negative"),
        ((0, 0, 0), "nothing"),
        ((1, 1, 0), "nothing"),
    ],
)
def test_a_scale_that_cannot_be_honoured_is_a_sentence(scale: tuple[float, ...], words: str) -> None:
    armature = build(humanoid(MIXAMO))
    armature.scale = scale
    bpy.context.view_layer.update()
    with pytest.raises(MotionError, match=words) as error:
        check(armature, ApplyOptions())
    assert "\n" not in str(error.value)
    with pytest.raises(MotionError, match=words):
        walk(armature)
    assert not bpy.data.actions


@pytest.mark.usefixtures("empty")
def test_the_scale_of_a_parent_counts_and_a_mirrored_pair_is_none() -> None:
    armature, parent = build(humanoid(MIXAMO)), bpy.data.objects.new("Parent", None)
    bpy.context.scene.collection.objects.link(parent)
    armature.parent, parent.scale = parent, (1, 2, 1)
    bpy.context.view_layer.update()
    with pytest.raises(MotionError, match="unevenly"):
        check(armature, ApplyOptions())
    armature.scale, parent.scale = (-0.01, 0.01, 0.01), (-100, 100, 100)
    bpy.context.view_layer.update()
    check(armature, ApplyOptions())


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_an_even_scale_is_fine(scale: float) -> None:
    armature = build(humanoid(MIXAMO))
    armature.scale = (scale, scale, scale)
    bpy.context.view_layer.update()
    walk(armature)
    assert np.ptp(heights(armature)) > 0.01


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("options", [{"controls": "ik"}, {"destination": "there"}, {"root_motion": "feet"}])
def test_an_option_that_is_none_is_a_sentence(options: dict[str, Any]) -> None:
    armature = build(humanoid(MIXAMO))
    with pytest.raises(MotionError):
        walk(armature, **options)
    assert not bpy.data.actions
