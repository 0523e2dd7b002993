"""FK and IK controls of Rigify's human make the same pose: Blender's own evaluation with the switch at 1 and at 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat
from mdm_blender.apply import ApplyOptions, apply_motion
from mdm_blender.keys.actions import NOTES
from mdm_core.motion import Motion
from tests.blender.conftest import build
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, humanoid

Array = NDArray[np.float64]
ENDS = ("ORG-hand", "ORG-foot", "ORG-toe")
LIMBS = ("ORG-upper_arm", "ORG-forearm", "ORG-thigh", "ORG-shin", *ENDS)
FRAMES = (1, 9, 17, 25, 33)
CHAINS = ("upper_arm_ik", "MCH-forearm_ik", "thigh_ik", "MCH-shin_ik")


def walk(armature: Any, **options: Any) -> Any:
    bpy.context.scene.render.fps = 20
    motion = Motion(oracle.walk(36).positions.astype(np.float32), prompt="walks")
    action = apply_motion(
        armature, motion, frame_start=1, action_name="walks", options=ApplyOptions(controls="fk_ik", **options)
    )
    bag: Any = compat.channels_of(action, armature)
    for curve in [curve for curve in bag.fcurves if "IK_FK" in curve.data_path]:
        assert [tuple(point.co) for point in curve.keyframe_points] == [(1.0, 1.0)]
        bag.fcurves.remove(curve)
    return action


def set_all(armature: Any, name: str, value: Any) -> None:
    for bone in ("upper_arm_parent", "thigh_parent"):
        for side in "LR":
            armature.pose.bones[f"{bone}.{side}"][name] = value
    armature.update_tag()


def evaluated(armature: Any, frame: int) -> dict[str, Array]:
    bpy.context.scene.frame_set(frame)
    playing = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    names = [f"{name}.{side}" for name in LIMBS for side in "LR"]
    return {name: np.array(playing.pose.bones[name].matrix, dtype=np.float64) for name in names}


def differences(armature: Any) -> dict[str, tuple[float, float]]:
    """Bone -> the largest angle in degrees and distance in metres between the FK and the IK pose."""
    worst: dict[str, tuple[float, float]] = {}
    for frame in FRAMES:
        set_all(armature, "IK_FK", 1.0)
        fk = evaluated(armature, frame)
        set_all(armature, "IK_FK", 0.0)
        ik = evaluated(armature, frame)
        for name, a in fk.items():
            b = ik[name]
            turns = [Rotation.from_matrix(m[:3, :3] / np.cbrt(np.linalg.det(m[:3, :3]))) for m in (a, b)]
            angle = float(np.degrees((turns[0].inv() * turns[1]).magnitude()))
            away = float(np.linalg.norm(a[:3, 3] - b[:3, 3]))
            before = worst.get(name, (0.0, 0.0))
            worst[name] = max(before[0], angle), max(before[1], away)
    return worst


@pytest.mark.parametrize("pole", [False, True])
def test_with_bones_that_do_not_stretch_the_poses_are_one(rigify: Any, pole: bool) -> None:
    for name in CHAINS:
        for side in "LR":
            rigify.pose.bones[f"{name}.{side}"].ik_stretch = 0.0
    walk(rigify)
    set_all(rigify, "pole_vector", pole)
    for name, (angle, away) in differences(rigify).items():
        assert angle < 1.1, name
        assert away < 0.002, name


@pytest.mark.parametrize("pole", [False, True])
def test_as_rigify_makes_them_hands_and_feet_are_one_and_knees_are_near(rigify: Any, pole: bool) -> None:
    """Rigify's IK bones shrink by up to 4 % where a limb bends (`ik_stretch` 0.1), which no control can tell."""
    walk(rigify)
    set_all(rigify, "pole_vector", pole)
    for name, (angle, away) in differences(rigify).items():
        assert angle < (0.1 if name.startswith(ENDS) else 4.0), name
        assert away < (0.001 if name.startswith(ENDS) else 0.035), name


def test_the_fk_switch_stays_on_and_roll_controls_rest(rigify: Any) -> None:
    rigify.pose.bones["foot_heel_ik.L"].rotation_euler = (0.5, 0, 0)
    walk(rigify)
    bpy.context.scene.frame_set(9)
    assert rigify.pose.bones["foot_heel_ik.L"].rotation_euler.x == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("empty")
def test_a_rig_without_known_ik_controls_says_so() -> None:
    action = walk(build(humanoid(MIXAMO)))
    assert "IK" in action[NOTES]
