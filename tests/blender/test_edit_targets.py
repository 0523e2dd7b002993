"""Joints that must be somewhere at a frame, with the bundled model: where Blender's evaluation has them in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

from mdm_blender import api, process
from mdm_core.errors import MotionError
from tests.blender.addon.scene import fcurves, fingerprint
from tests.blender.addon.test_edit import assert_same_outside, bone_of, changed_frames, kept
from tests.blender.conftest import WALKERS
from tests.blender.seen import jolts, place, places, usual_jolt

STEPS = 5
NEAR = 1e-3
"""Metres."""


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


def empty_at(where: Any, name: str = "Target") -> Any:
    made = bpy.data.objects.new(name, None)
    made.location = where
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.update()
    return made


def off(rig: Any, bone: str, frame: int, wanted: Any) -> float:
    return float(np.linalg.norm(place(rig, bone, frame) - wanted))


@pytest.mark.parametrize("kind", WALKERS)
def test_joints_are_where_they_were_asked_for(walkers: Callable[[str], Any], kind: str) -> None:
    rig = walkers(kind)
    bones, original = api.detect(rig).bones, rig.animation_data.action
    hand = place(rig, bones["right_wrist"], 50) + [0.1, -0.1, 0.3]
    foot = place(rig, bones["left_ankle"], 62) + [0.1, 0.05, 0.15]
    head = place(rig, bones["head"], 40) + [0.05, 0.0, -0.08]
    marker = empty_at((0, 0, 0))
    # at its place for one frame only: it is read at the target's own
    for frame, where in ((49, (9, 9, 9)), (50, hand), (51, (9, 9, 9))):
        marker.location = where
        marker.keyframe_insert("location", frame=frame)
    everything = tuple(bone.name for bone in rig.pose.bones)
    before = kept(original, 30, 75, everything)
    usual = usual_jolt(places(rig, bones.values(), range(1, 90)))
    bpy.context.scene.frame_set(17)
    edited = api.regenerate(
        rig,
        "reaches out",
        frames=(30, 75),
        targets=[("right_wrist", 50, marker), (bones["left_ankle"], 62, foot), ("head", 40, head)],
        seed=2,
        steps=STEPS,
    )
    assert bpy.context.scene.frame_current == 17
    for joint, frame, wanted in (("right_wrist", 50, hand), ("left_ankle", 62, foot), ("head", 40, head)):
        assert off(rig, bones[joint], frame, wanted) < NEAR, joint
    assert [(it[0], it[1]) for it in json.loads(edited["mdm_targets"])] == [
        ("right_wrist", 50),
        ("left_ankle", 62),
        ("head", 40),
    ]
    assert_same_outside(before, kept(edited, 30, 75, everything))
    # no bone leaps to its target and back
    tracks = places(rig, bones.values(), range(28, 78))
    assert max(jolts(track).max() for track in tracks.values()) < 4 * usual


def test_with_the_arm_alone_only_the_arm_reaches(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Rigify")
    bones, original = api.detect(rig).bones, rig.animation_data.action
    wanted = place(rig, bones["right_wrist"], 50) + [0.0, -0.15, 0.2]
    api.regenerate(
        rig, frames=(40, 60), parts=["right_arm"], targets=[("right_wrist", 50, wanted)], seed=2, steps=STEPS
    )
    assert off(rig, bones["right_wrist"], 50, wanted) < NEAR
    assert off(rig, "DEF-hand.R", 50, wanted) < 2 * NEAR, "what deforms the mesh is not at the target"
    arm = {bones[f"right_{joint}"] for joint in ("collar", "shoulder", "elbow", "wrist")}
    assert set(changed_frames(original, rig.animation_data.action)) <= arm


def test_bones_keep_their_lengths_on_the_way(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    bones = api.detect(rig).bones
    wanted = place(rig, bones["left_wrist"], 50) + [0.2, -0.3, 0.4]
    edited = api.regenerate(rig, frames=(30, 75), targets=[("left_wrist", 50, wanted)], seed=2, steps=STEPS)
    moved = {bone_of(curve) for curve in fcurves(edited) if curve.data_path.endswith("location")}
    assert moved == {"mixamorig:Hips"}
    assert not any(curve.data_path.endswith("scale") for curve in fcurves(edited))


def test_bones_of_another_armature_are_targets(walkers: Callable[[str], Any]) -> None:
    from tests.blender.addon.scene import mixamo

    rig = walkers("Mixamo")
    bones = api.detect(rig).bones
    other = mixamo("Other")
    where = place(rig, bones["right_wrist"], 50) + [0.1, 0.0, 0.2]
    bpy.context.scene.frame_set(1)
    head = other.pose.bones["mixamorig:Head"]
    other.location = where - np.array(head.head)
    bpy.context.view_layer.update()
    api.regenerate(rig, frames=(30, 75), targets=[("right_wrist", 50, head)], seed=2, steps=STEPS)
    assert off(rig, bones["right_wrist"], 50, where) < NEAR


def test_an_in_between_meets_its_poses_and_its_targets(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    bones = api.detect(rig).bones
    before = places(rig, bones.values(), [30, 75])
    wanted = place(rig, bones["right_wrist"], 50) + [0.0, -0.1, 0.2]
    api.inbetween(rig, frames=(30, 75), keys=[30, 75], targets=[("right_wrist", 50, wanted)], seed=2, steps=STEPS)
    assert off(rig, bones["right_wrist"], 50, wanted) < NEAR
    after = places(rig, bones.values(), [30, 75])
    assert max(np.abs(after[bone] - before[bone]).max() for bone in before) < 1e-4


def test_what_cannot_be_reached_is_said_and_changes_nothing(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    bones, far = api.detect(rig).bones, (0.0, 0.0, 4.0)
    here = place(rig, bones["right_wrist"], 50)
    twice = [("right_wrist", 50, here), ("right_wrist", 50, far)]
    for words, options in (
        ("cannot reach", {"parts": ["right_arm"], "targets": [("right_wrist", 50, far)]}),
        ("not within frames", {"targets": [("right_wrist", 90, here)]}),
        ("two targets", {"targets": twice}),
        ("no joint of the model", {"targets": [("tail", 50, here)]}),
        ("right arm", {"parts": ["left_arm"], "targets": [("right_wrist", 50, here)]}),
        ("stays", {"keys": [50], "targets": [("right_wrist", 50, here)]}),
        ("three numbers", {"targets": [("right_wrist", 50, "there")]}),
        ("no number", {"targets": [("right_wrist", 50, (0.0, 0.0, float("nan")))]}),
    ):
        bpy.context.scene.frame_set(3)
        before = stated()
        with pytest.raises(MotionError, match=words):
            api.regenerate(rig, frames=(30, 75), seed=2, steps=STEPS, **options)
        assert stated() == before, words


def stated() -> dict[str, Any]:
    """Everything of the file but the panel's settings, which there are none of without the add-on."""
    scene_type: Any = bpy.types.Scene
    if not hasattr(scene_type, "mdm"):
        scene_type.mdm = property(lambda _: type("Settings", (), {"prompt": 0, "seconds": 0, "takes": 0, "seed": 0}))
    try:
        return fingerprint()
    finally:
        if isinstance(scene_type.__dict__.get("mdm"), property):
            del scene_type.mdm
