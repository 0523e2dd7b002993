"""FK and IK controls of Rigify's human make the same pose: Blender's own evaluation with the switch at 1 and at 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat, keys, rig
from mdm_blender.apply import ApplyOptions, apply_motion
from mdm_blender.keys.actions import NOTES
from mdm_blender.retarget import PoseTracks
from mdm_blender.retarget.ik_controls import with_ik
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
    stretch(rigify, 0.0, 0.0)
    action = walk(rigify)
    set_all(rigify, "pole_vector", pole)
    for name, (angle, away) in differences(rigify).items():
        assert angle < 0.3, name
        assert away < 0.002, name
    bag: Any = compat.channels_of(action, rigify)
    assert not [curve for curve in bag.fcurves if curve.data_path.endswith("scale")]


@pytest.mark.parametrize("pole", [False, True])
def test_as_rigify_makes_them_the_poses_are_one_too(rigify: Any, pole: bool) -> None:
    """Rigify's IK bones shrink by up to 4 % where a limb bends (`ik_stretch` 0.1): the base's scale undoes it."""
    walk(rigify)
    set_all(rigify, "pole_vector", pole)
    for name, (angle, away) in differences(rigify).items():
        assert angle < (0.1 if name.startswith(ENDS) else 1.0), name
        assert away < (0.001 if name.startswith(ENDS) else 0.005), name


def stretch(armature: Any, upper: float, lower: float) -> None:
    for names, value in ((CHAINS[::2], upper), (CHAINS[1::2], lower)):
        for name in names:
            for side in "LR":
                armature.pose.bones[f"{name}.{side}"].ik_stretch = value


def bent(armature: Any) -> tuple[str, ...]:
    """Arms and legs keyed from straight to a bend of 115 degrees, swinging meanwhile, FK and IK; what is to be said."""
    share = np.linspace(0, 1, FRAMES[-1])
    turns: dict[str, Array] = {}
    for side in "LR":
        for upper, lower, sign in (("upper_arm", "forearm", 1), ("thigh", "shin", 1)):
            swing = np.stack([-55 * share, 30 * np.sin(5 * share), 20 * share], axis=-1)
            turns[f"{upper}_fk.{side}"] = euler(swing)
            turns[f"{lower}_fk.{side}"] = euler(np.stack([sign * 115 * share, 0 * share, 0 * share], axis=-1))
    snapshot = rig.read(armature)
    tracks = with_ik(snapshot, rig.detect(armature), PoseTracks(turns, {}))
    keys.write(armature, tracks, np.arange(1.0, FRAMES[-1] + 1), action_name="bends", properties={})
    return tracks.problems


def euler(degrees: Array) -> Array:
    return np.roll(Rotation.from_euler("xyz", degrees, degrees=True).as_quat(), 1, axis=-1)


@pytest.mark.parametrize("stretches", [(0.1, 0.1), (0.05, 0.05)])
@pytest.mark.parametrize("pole", [False, True])
def test_however_far_limbs_bend_and_may_stretch(rigify: Any, pole: bool, stretches: tuple[float, float]) -> None:
    stretch(rigify, *stretches)
    assert not bent(rigify)
    set_all(rigify, "pole_vector", pole)
    for name, (angle, away) in differences(rigify).items():
        assert angle < 1.0, name
        assert away < 0.005, name


@pytest.mark.parametrize("stretches", [(0.3, 0.1), (0.0, 0.2)])
def test_bones_that_stretch_unevenly_differ_and_that_is_said(rigify: Any, stretches: tuple[float, float]) -> None:
    stretch(rigify, *stretches)
    (problem,) = bent(rigify)
    assert "thigh_ik.L" in problem and "upper_arm_ik.R" in problem
    found = differences(rigify)
    assert all(away < 0.001 for name, (_, away) in found.items() if name.startswith(ENDS))
    assert any(angle > 5.0 for name, (angle, _) in found.items() if not name.startswith(ENDS))


def test_a_base_whose_scale_is_locked_keeps_it(rigify: Any) -> None:
    rigify.pose.bones["thigh_ik.L"].lock_scale = (True, True, True)
    bag: Any = compat.channels_of(walk(rigify), rigify)
    scaled = {curve.data_path for curve in bag.fcurves if curve.data_path.endswith("scale")}
    assert scaled == {f'pose.bones["{name}"].scale' for name in ("thigh_ik.R", "upper_arm_ik.L", "upper_arm_ik.R")}


def test_the_fk_switch_stays_on_and_roll_controls_rest(rigify: Any) -> None:
    rigify.pose.bones["foot_heel_ik.L"].rotation_euler = (0.5, 0, 0)
    walk(rigify)
    bpy.context.scene.frame_set(9)
    assert rigify.pose.bones["foot_heel_ik.L"].rotation_euler.x == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("empty")
def test_a_rig_without_known_ik_controls_says_so() -> None:
    action = walk(build(humanoid(MIXAMO)))
    assert "IK" in action[NOTES]
