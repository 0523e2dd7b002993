"""Motion on rigs, as Blender itself evaluates it: the directions and places of bones against those of the source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat, rig
from mdm_blender.apply import ApplyOptions, apply_motion
from mdm_core.motion import Motion
from mdm_core.skeleton import INDEX
from tests.blender.conftest import build
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, humanoid, prefixed

Array = NDArray[np.float64]
TO_BLENDER = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
LIMBS = {
    f"{side}_{joint}": f"{side}_{end}"
    for side in ("left", "right")
    for joint, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
}
DEFORM = {
    f"{side}_{joint}": f"DEF-{bone}.{side[0].upper()}"
    for side in ("left", "right")
    for joint, bone in {
        "shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand", "hip": "thigh", "knee": "shin", "ankle": "foot",
        "foot": "toe", "collar": "shoulder",
    }.items()
} | {"pelvis": "DEF-spine", "spine3": "DEF-spine.003", "neck": "DEF-spine.004", "head": "DEF-spine.006"}  # fmt: skip
"""What Rigify's controls move in the end."""


def motion(truth: oracle.Truth, contacts: NDArray[np.bool_] | None = None) -> Motion:
    """Without contacts given, none: the oracle's feet do not stand."""
    flags = np.zeros((len(truth.positions), 4), dtype=np.bool_) if contacts is None else contacts
    return Motion(truth.positions.astype(np.float32), fps=truth.fps, contacts=flags)


def degrees(a: Array, b: Array) -> Array:
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=-1)))


def evaluated(armature: Any, bones: dict[str, str], frames: range) -> dict[str, Array]:
    """Joint -> matrices [T, 4, 4] of its bone in armature space, as Blender's depsgraph has them."""
    scene = bpy.context.scene
    result: dict[str, list[Array]] = {joint: [] for joint in bones}
    for frame in frames:
        scene.frame_set(frame)
        for joint, bone in bones.items():
            result[joint].append(np.array(armature.pose.bones[bone].matrix))
    return {joint: np.array(matrices) for joint, matrices in result.items()}


def assert_limbs_follow(armature: Any, bones: dict[str, str], truth: oracle.Truth, limit: float = 0.1) -> None:
    poses = evaluated(armature, bones, range(1, 1 + len(truth.positions)))
    for start, end in LIMBS.items():
        wanted = TO_BLENDER.apply(truth.positions[:, INDEX[end]] - truth.positions[:, INDEX[start]])
        got = poses[end][:, :3, 3] - poses[start][:, :3, 3]
        assert degrees(got, wanted).max() < limit, start


def assert_trunk_turns(armature: Any, bones: dict[str, str], truth: oracle.Truth) -> None:
    joints = {joint: bones[joint] for joint in ("pelvis", "spine3", "neck", "head")}
    poses = evaluated(armature, joints, range(1, 1 + len(truth.positions)))
    for joint, bone in joints.items():
        rest = np.array(armature.data.bones[bone].matrix_local)[:3, :3]
        axes = poses[joint][:, :3, :3]
        own = Rotation.from_matrix(axes / np.linalg.norm(axes, axis=1, keepdims=True) @ rest.T)
        wanted = TO_BLENDER * truth.turns[joint] * TO_BLENDER.inv()
        assert np.degrees((own.inv() * wanted).magnitude()).max() < 2.5, joint


@pytest.fixture
def at_20(empty: Any) -> None:
    empty.render.fps, empty.render.fps_base = 20, 1.0


@pytest.mark.usefixtures("at_20")
@pytest.mark.parametrize(("arms_down", "rolls", "scale"), [(0, None, 1), (0, 1, 100), (45, 2, 1), (75, 3, 0.3)])
@pytest.mark.parametrize("prefix", ["mixamorig:", ""])
def test_mixamo_in_any_rest_pose_with_any_rolls(prefix: str, arms_down: float, rolls: int, scale: float) -> None:
    truth, bones = oracle.walk(24), prefixed(prefix)
    armature = build(humanoid(bones, arms_down=arms_down, rolls=rolls, scale=scale))
    apply_motion(armature, motion(truth), frame_start=1, action_name="walk")
    assert_limbs_follow(armature, bones, truth)
    assert_trunk_turns(armature, bones, truth)


def test_rigify_follows_through_its_constraints(rigify: Any) -> None:
    """The controls are keyed; what counts is where the DEF bones go. Limbs to a tenth of a degree at every frame."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 20, 1.0
    truth = oracle.walk(24)
    apply_motion(rigify, motion(truth), frame_start=1, action_name="walk")
    assert_limbs_follow(rigify, DEFORM, truth)
    assert_trunk_turns(rigify, DEFORM, truth)


@pytest.mark.parametrize(("head_follow", "neck_follow", "limb_follow"), [(1.0, 1.0, 1.0), (0.3, 0.0, 0.5)])
def test_rigify_whatever_its_settings(rigify: Any, head_follow: float, neck_follow: float, limb_follow: float) -> None:
    """Head and neck that follow the chest or the torso, arms and legs that keep the root's orientation."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 20, 1.0
    rigify.pose.bones["torso"]["head_follow"] = head_follow
    rigify.pose.bones["torso"]["neck_follow"] = neck_follow
    for limb in ("upper_arm", "thigh"):
        for side in "LR":
            rigify.pose.bones[f"{limb}_parent.{side}"]["FK_limb_follow"] = limb_follow
    rigify.update_tag()
    bpy.context.view_layer.update()
    truth = oracle.walk(24)
    apply_motion(rigify, motion(truth), frame_start=1, action_name="walk")
    assert_limbs_follow(rigify, DEFORM, truth)
    assert_trunk_turns(rigify, DEFORM, truth)


def test_rigify_placed_and_turned_by_its_root(rigify: Any) -> None:
    """Where the animator has put the root control, the motion begins."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 20, 1.0
    truth = oracle.walk(12)
    apply_motion(rigify, motion(truth), frame_start=1, action_name="here")
    here = evaluated(rigify, DEFORM, range(1, 13))
    root = rigify.pose.bones["root"]
    root.rotation_mode = "XYZ"
    root.location, root.rotation_euler = (1.0, 2.0, 0.0), (0.0, 0.0, 0.6)
    root.scale = (1.2, 1.2, 1.2)
    bpy.context.view_layer.update()
    moved = np.array(root.matrix) @ np.linalg.inv(np.array(root.bone.matrix_local))
    apply_motion(rigify, motion(truth), frame_start=1, action_name="there")
    there = evaluated(rigify, DEFORM, range(1, 13))
    for joint in ("pelvis", "left_wrist", "right_ankle", "head"):
        wanted = here[joint][:, :3, 3] @ moved[:3, :3].T + moved[:3, 3]
        assert np.abs(there[joint][:, :3, 3] - wanted).max() < 1e-3, joint


def test_rigify_arms_and_legs_are_switched_to_fk_and_the_old_value_is_kept(rigify: Any) -> None:
    parents = [rigify.pose.bones[f"{limb}_parent.{side}"] for limb in ("upper_arm", "thigh") for side in "LR"]
    assert [bone["IK_FK"] for bone in parents] == [0.0] * 4
    action = apply_motion(rigify, motion(oracle.walk(12)), frame_start=7, action_name="walk")
    bpy.context.scene.frame_set(10)
    assert [bone["IK_FK"] for bone in parents] == [1.0] * 4
    assert '["upper_arm_parent.L", "IK_FK", 0.0]' in action["mdm_switches_before"]


def test_the_metarig(metarig: Any) -> None:
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 20, 1.0
    found = rig.detect(metarig)
    assert (found.family, found.confidence) == ("Rigify metarig", 1.0)
    truth = oracle.walk(24)
    apply_motion(metarig, motion(truth), frame_start=1, action_name="walk")
    assert_limbs_follow(metarig, dict(found.bones), truth)
    assert_trunk_turns(metarig, dict(found.bones), truth)


@pytest.mark.usefixtures("at_20")
def test_an_imported_mixamo_lies_down_in_its_object_and_is_in_centimetres() -> None:
    """FBX import: bones Y up in centimetres, the object turned by 90 degrees and scaled by 0.01."""
    truth = oracle.walk(30)
    bones = humanoid(prefixed("mixamorig:"), rolls=5, scale=100)
    lying = Rotation.from_euler("x", -90, degrees=True)
    armature = build([type(b)(b.name, b.parent, lying.apply(b.head), lying.apply(b.tail), b.roll) for b in bones])
    armature.rotation_euler, armature.scale = (np.pi / 2, 0, 0), (0.01, 0.01, 0.01)
    apply_motion(armature, motion(truth), frame_start=1, action_name="walk")
    for frame in range(1, 31, 4):
        bpy.context.scene.frame_set(frame)
        places = {
            j: np.array(armature.matrix_world @ armature.pose.bones[b].head) for j, b in prefixed("mixamorig:").items()
        }
        for start, end in LIMBS.items():
            wanted = TO_BLENDER.apply(truth.positions[frame - 1, INDEX[end]] - truth.positions[frame - 1, INDEX[start]])
            assert degrees(places[end] - places[start], wanted) < 0.1


@pytest.mark.usefixtures("at_20")
def test_bones_that_do_not_inherit_rotation_or_take_location_in_parent_axes() -> None:
    truth = oracle.walk(30)
    armature = build(humanoid(MIXAMO, rolls=4))
    bones = armature.data.bones
    for name in ("LeftArm", "RightLeg", "Neck"):
        bones[name].use_inherit_rotation = False
    bones["Hips"].use_local_location = False
    bones["LeftForeArm"].inherit_scale = "NONE"
    bones["RightUpLeg"].inherit_scale = "ALIGNED"
    apply_motion(armature, motion(truth), frame_start=1, action_name="walk")
    assert_limbs_follow(armature, MIXAMO, truth)
    assert_trunk_turns(armature, MIXAMO, truth)
    hips = evaluated(armature, {"pelvis": "Hips", "left": "LeftUpLeg", "right": "RightUpLeg"}, range(1, 31))
    middle = (hips["left"][:, :3, 3] + hips["right"][:, :3, 3]) / 2
    source = TO_BLENDER.apply(truth.positions[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1))
    travel, wanted = middle[-1, :2] - middle[0, :2], source[-1, :2] - source[0, :2]
    assert degrees(np.append(travel, 0), np.append(wanted, 0)) < 0.1


@pytest.mark.parametrize("relax", [True, False])
def test_relaxed_hands_curl_the_fingers_towards_the_palm_and_only_when_asked(rigify: Any, relax: bool) -> None:
    """In Rigify's rest pose the palms face the thighs and the fingers are straight."""
    action = apply_motion(
        rigify, motion(oracle.walk(4)), frame_start=1, action_name="walk", options=ApplyOptions(relax_hands=relax)
    )
    bpy.context.scene.frame_set(2)
    keyed = {curve.data_path for curve in compat.channels_of(action, rigify).fcurves}
    assert any("f_ring" in path for path in keyed) == relax
    for side, outwards in (("L", 1.0), ("R", -1.0)):
        for finger in ("f_index", "f_ring", "f_pinky"):
            hand, tip = (rigify.pose.bones[f"DEF-{bone}.{side}"] for bone in ("hand", f"{finger}.03"))
            own = np.linalg.inv(np.array(hand.matrix)) @ np.append(np.array(tip.tail), 1)
            rest = np.linalg.inv(np.array(hand.bone.matrix_local)) @ np.append(np.array(tip.bone.tail_local), 1)
            moved = np.array(hand.bone.matrix_local)[:3, :3] @ (own - rest)[:3]
            if relax:
                assert moved @ [-outwards, 0, -0.5] > 0.01, (finger, side)
            else:
                assert np.abs(moved).max() < 1e-4
