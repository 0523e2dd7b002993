"""Edits of actions in which limbs are animated by IK controls, on Rigify's human: what Blender evaluates in the end.

The edit is a worker's whose changes are known. What it must come to on IK controls is what the very same edit comes to
on the same motion in FK, where Blender itself has laid the IK pose onto the FK controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from mathutils import Euler, Matrix

from mdm_blender import api, rig
from mdm_blender.editing.plan import Ask, prepare
from mdm_blender.editing.stretch import read_stretch
from mdm_core.errors import MotionError
from mdm_core.skeleton import INDEX
from tests.blender.addon.scene import fcurves
from tests.blender.addon.test_edit import assert_same_outside, bone_of, changed_frames, kept
from tests.blender.seen import degrees_between, jolts, matrices, places, usual_jolt

pytestmark = pytest.mark.usefixtures("editing_worker")
LAST = 89
LEG_FK, LEG_PLAYED = ("thigh_fk", "shin_fk", "foot_fk", "toe_fk"), ("ORG-thigh", "ORG-shin", "ORG-foot", "ORG-toe")
ARM_FK, ARM_PLAYED = ("upper_arm_fk", "forearm_fk", "hand_fk"), ("ORG-upper_arm", "ORG-forearm", "ORG-hand")
ENDS = ("ORG-foot", "ORG-toe", "ORG-hand")
LEGS = [f"{name}.{side}" for name in LEG_PLAYED for side in "LR"]
ARMS = [f"{name}.{side}" for name in ARM_PLAYED for side in "LR"]


def hand_keyed(armature: Any, *, arms: bool = False, pole: bool = False, stretch: bool = True) -> Any:
    """A stepping, turning figure, its legs keyed by foot controls with rolled heels; the arms by FK, or by IK too."""
    bpy.context.scene.render.fps = 24
    bones = armature.pose.bones
    for side in "LR":
        bones[f"thigh_parent.{side}"]["IK_FK"], bones[f"upper_arm_parent.{side}"]["IK_FK"] = 0.0, float(not arms)
        for parent in ("thigh_parent", "upper_arm_parent"):
            bones[f"{parent}.{side}"]["pole_vector"] = pole
        for name in () if stretch else ("upper_arm_ik", "MCH-forearm_ik", "thigh_ik", "MCH-shin_ik"):
            bones[f"{name}.{side}"].ik_stretch = 0.0
    for step, frame in enumerate(range(1, LAST + 1, 8)):
        key(bones["torso"], frame, (0.02 * (-1) ** step, -0.04 * step, -0.06), (0.03 * step, 0.05 * (-1) ** step, 0.02))
        for side, sign in (("L", 1), ("R", -1)):
            lifted = (step % 2 == 0) == (side == "L")
            foot = (0.02 * sign, -0.04 * step + (0.06 if lifted else -0.06), 0.1 if lifted else 0.0)
            key(bones[f"foot_ik.{side}"], frame, foot, (0.3 if lifted else 0.0, 0.1 * sign, 0.05))
            key(bones[f"foot_heel_ik.{side}"], frame, None, (0.0 if lifted else 0.25, 0.0, 0.0))
            key(bones[f"toe_ik.{side}"], frame, None, (0.15 if lifted else 0.0, 0.0, 0.0))
            if pole:
                key(bones[f"thigh_ik_target.{side}"], frame, (0.05 * sign, -0.04 * step, 0.03), None)
            else:
                key(bones[f"thigh_ik.{side}"], frame, None, (0.0, 0.08 * (-1) ** step, 0.0))
            if arms:
                hand = (-0.05 * sign, -0.04 * step - 0.15 + 0.1 * sign * (-1) ** step, 0.12)
                key(bones[f"hand_ik.{side}"], frame, hand, (0.2, 0.0, 0.3 * sign))
            else:
                key(bones[f"upper_arm_fk.{side}"], frame, None, (0.25 * sign * (-1) ** step, 0.1, 0.0))
                key(bones[f"forearm_fk.{side}"], frame, None, (0.5 + 0.1 * step % 3, 0.0, 0.0))
    bpy.context.scene.frame_set(1)
    return armature.animation_data.action


def key(posed: Any, frame: int, location: Sequence[float] | None, turn: Sequence[float] | None) -> None:
    if location is not None:
        posed.location = location
        posed.keyframe_insert("location", frame=frame)
    if turn is not None:
        if posed.rotation_mode == "QUATERNION":
            posed.rotation_quaternion = Euler(turn).to_quaternion()
            posed.keyframe_insert("rotation_quaternion", frame=frame)
        else:
            posed.rotation_euler = turn
            posed.keyframe_insert("rotation_euler", frame=frame)


def in_fk(armature: Any, frames: range, limbs: Sequence[tuple[Sequence[str], Sequence[str], str]]) -> Any:
    """A copy of the action in which Blender's own `PoseBone.matrix` lays each limb onto its FK controls, frame by
    frame; assigned, and switched to FK."""
    shown = matrices(armature, [f"{name}.{side}" for _, played, _ in limbs for name in played for side in "LR"], frames)
    world = armature.matrix_world.inverted()
    copy = armature.animation_data.action.copy()
    armature.animation_data.action = copy
    for fk, played, parent in limbs:
        for side in "LR":
            armature.pose.bones[f"{parent}.{side}"]["IK_FK"] = 1.0
            # Level by level, as a bone's own matrix counts on its parent's being evaluated.
            for name, source in zip(fk, played, strict=True):
                posed, rest = armature.pose.bones[f"{name}.{side}"], armature.data.bones
                offset = rest[f"{source}.{side}"].matrix_local.inverted() @ rest[posed.name].matrix_local
                for index, frame in enumerate(frames):
                    bpy.context.scene.frame_set(frame)
                    posed.matrix = world @ Matrix(shown[f"{source}.{side}"][index]) @ offset
                    posed.location, posed.scale = (0, 0, 0), (1, 1, 1)
                    posed.keyframe_insert("rotation_quaternion", frame=frame)
    return copy


def worst(found: dict[str, Any], wanted: dict[str, Any], names: Sequence[str] | None = None) -> tuple[float, float]:
    """Largest angle in degrees and distance in metres over the frames of all bones."""
    chosen = [name for name in found if names is None or name.startswith(tuple(names))]
    turns = [degrees_between(a[:3, :3], b[:3, :3]) for n in chosen for a, b in zip(found[n], wanted[n], strict=True)]
    return max(turns), max(float(np.abs(found[n][:, :3, 3] - wanted[n][:, :3, 3]).max()) for n in chosen)


def bend(start: Any, middle: Any, end: Any) -> Any:
    a, b = middle - start, end - middle
    return np.degrees(np.arccos(np.sum(a * b, -1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)))


def test_arms_are_made_anew_while_the_legs_play_ik(rigify: Any) -> None:
    original = hand_keyed(rigify)
    before = kept(original, 30, 70, ())
    legs = matrices(rigify, LEGS, range(1, LAST))
    edited = api.regenerate(rigify, "waves", frames=(30, 70), parts=("left_arm", "right_arm"), seed=3)
    after = kept(edited, 30, 70, ())
    arms = {path for path in after if "arm" in path[0] or "hand" in path[0] or "shoulder" in path[0]}
    assert {path: it for path, it in after.items() if path not in arms} == {
        path: it for path, it in before.items() if path not in arms
    }
    changed = changed_frames(original, edited)
    assert {"upper_arm_fk.L", "upper_arm_fk.R"} & set(changed)
    assert all("arm" in bone or "hand" in bone or "shoulder" in bone for bone in changed)
    found = matrices(rigify, LEGS, range(1, LAST))
    assert all(np.array_equal(found[name], legs[name]) for name in legs)


def test_what_is_read_is_the_pose_that_blender_evaluates(rigify: Any) -> None:
    hand_keyed(rigify)
    stretch = read_stretch(rigify, bpy.context.scene, rig.read(rigify), api.detect(rigify), 20, 60)
    seen = places(rigify, LEGS, range(20, 61))
    for side, name in (("L", "left"), ("R", "right")):
        limb = [stretch.motion.positions[:, INDEX[f"{name}_{it}"]].astype(float) for it in ("hip", "knee", "ankle")]
        wanted = bend(*(seen[f"{it}.{side}"] for it in LEG_PLAYED[:3]))
        assert np.ptp(wanted) > 10.0, "the legs hardly move, so nothing is shown"
        assert np.abs(bend(*limb) - wanted).max() < 0.1


@pytest.mark.usefixtures("uneven")
@pytest.mark.parametrize("arms", [False, True])
@pytest.mark.parametrize("pole", [False, True])
def test_on_ik_controls_an_edit_is_what_it_is_in_fk(rigify: Any, arms: bool, pole: bool) -> None:
    original = hand_keyed(rigify, arms=arms, pole=pole, stretch=False)
    limbs = [(LEG_FK, LEG_PLAYED, "thigh_parent"), *([(ARM_FK, ARM_PLAYED, "upper_arm_parent")] if arms else [])]
    names, frames = [*LEGS, *ARMS, "torso"], range(30, 71)
    shown = matrices(rigify, names, frames)
    everything = tuple(bone.name for bone in rigify.pose.bones)
    before = kept(original, 30, 70, everything)
    edited = api.regenerate(rigify, "turns", frames=(30, 70), seed=3)
    assert_same_outside(before, kept(edited, 30, 70, everything))
    found = matrices(rigify, names, frames)
    keyed = {bone_of(curve) for curve in fcurves(edited)}
    assert not [bone for bone in keyed if bone.startswith((*LEG_FK, *(ARM_FK if arms else ())))]
    for bone in ("foot_ik.L", "foot_ik.R", *(("hand_ik.L", "hand_ik.R") if arms else ())):
        kinds = {
            k.type for it in fcurves(edited) if bone_of(it) == bone for k in it.keyframe_points if 31 < k.co[0] < 69
        }
        assert kinds == {"GENERATED"}, bone
    assert not [it for it in fcurves(edited) if it.data_path.endswith("scale")]

    rigify.animation_data.action = original
    for posed in rigify.pose.bones:  # what has no keys here keeps what the edit has set
        posed.matrix_basis.identity()
    in_fk(rigify, range(1, LAST + 1), limbs)
    assert worst(matrices(rigify, names, frames), shown)[1] < 1e-3, "FK and IK begin as one"
    api.regenerate(rigify, "turns", frames=(30, 70), seed=3)
    wanted = matrices(rigify, names, frames)
    assert worst(wanted, shown, ENDS)[1] > 0.03, "the edit hardly changes hands and feet, so nothing is shown"
    angle, away = worst(found, wanted)
    assert angle < 0.1
    assert away < 1e-4


def test_the_animators_key_poses_on_ik_controls_are_found(rigify: Any) -> None:
    hand_keyed(rigify)
    plan = prepare(rigify, Ask("inbetween", frames=(20, 60), parts=("left_leg",)), bpy.context.scene)
    assert plan.request.keys == tuple(frame - plan.stretch.first for frame in (25, 33, 41, 49, 57))
    assert {"foot_ik.L", "thigh_ik.L", "toe_ik.L"} <= plan.bones
    assert not plan.bones & {"thigh_fk.L", "shin_fk.L", "foot_fk.L", "toe_fk.L", "foot_ik.R", "thigh_ik_target.L"}


SHOWN = [*LEGS, *ARMS, "torso", "head"]


@pytest.mark.parametrize("arms", [False, True])
@pytest.mark.parametrize("stretch", [False, True])
def test_marked_poses_of_limbs_in_ik_are_met(rigify: Any, arms: bool, stretch: bool) -> None:
    hand_keyed(rigify, arms=arms, stretch=stretch)
    marks, between = [20, 33, 50, 70], range(21, 70, 4)
    given, were = matrices(rigify, SHOWN, marks), matrices(rigify, SHOWN, between)
    api.inbetween(rigify, "turns", frames=(20, 70), keys=marks, seed=3)
    angle, away = worst(matrices(rigify, SHOWN, marks), given)
    assert angle < 0.1
    assert away < 1e-4
    assert worst(matrices(rigify, SHOWN, between), were, ENDS)[1] > 0.03, "nothing changes between them"


@pytest.mark.usefixtures("uneven")
def test_hands_and_feet_of_limbs_whose_ik_stretches_are_edited_as_in_fk(rigify: Any) -> None:
    """As Rigify makes it: afterwards they are no farther from the FK edit than the IK pose was from the FK pose."""
    limbs = [(LEG_FK, LEG_PLAYED, "thigh_parent"), (ARM_FK, ARM_PLAYED, "upper_arm_parent")]
    original, frames = hand_keyed(rigify, arms=True), range(30, 71)
    shown = matrices(rigify, SHOWN, frames)
    api.regenerate(rigify, "turns", frames=(30, 70), seed=3)
    found = matrices(rigify, SHOWN, frames)
    rigify.animation_data.action = original
    for posed in rigify.pose.bones:
        posed.matrix_basis.identity()
    in_fk(rigify, range(1, LAST + 1), limbs)
    # Limbs whose bones give way reach farther than rigid ones.
    apart = worst(matrices(rigify, SHOWN, frames), shown, ENDS)
    api.regenerate(rigify, "turns", frames=(30, 70), seed=3)
    wanted = matrices(rigify, SHOWN, frames)
    assert worst(wanted, shown, ENDS)[1] > 0.03, "the edit hardly changes hands and feet, so nothing is shown"
    angle, away = worst(found, wanted, ENDS)
    assert angle < apart[0] + 0.5
    assert away < apart[1] + 1e-3


@pytest.mark.parametrize("before", [False, True])
def test_limbs_in_ik_go_on_after_the_action_and_come_before_it(rigify: Any, before: bool) -> None:
    original = hand_keyed(rigify, arms=True)
    everything = tuple(bone.name for bone in rigify.pose.bones)
    first, last = (1 - 24, 0) if before else (LAST + 1, LAST + 24)
    old, there = kept(original, first, last, everything), matrices(rigify, SHOWN, range(1, LAST + 1))
    (api.lead_in if before else api.extend)(rigify, "turns", seconds=1.0, seed=3)
    action = rigify.animation_data.action
    for curve, (rows, _) in old.items():
        now = kept(action, first, last, everything)[curve][0]
        assert {frame: now.get(frame) for frame in rows} == rows, curve
    assert worst(matrices(rigify, SHOWN, range(1, LAST + 1)), there) < (1e-3, 1e-6)
    added = {bone_of(it) for it in fcurves(action) for k in it.keyframe_points if first < k.co[0] < last}
    assert {"foot_ik.L", "foot_ik.R", "hand_ik.L", "hand_ik.R", "torso"} <= added
    assert not [bone for bone in added if bone.startswith((*LEG_FK, *ARM_FK))]
    tracks = matrices(rigify, SHOWN, range(first - 1, last + 2))
    reach = [np.linalg.norm(tracks["ORG-foot.L"][:, :3, 3] - tracks["torso"][:, :3, 3], axis=-1)]
    assert np.ptp(tracks["ORG-hand.L"][:, :3, 3], axis=0).max() > 0.03, "nothing moves"
    assert np.max(reach) < 1.3, "feet are left behind"
    usual = np.percentile(np.concatenate([jolts(rows[:, :3, 3]) for rows in there.values()]), 99)
    ends = matrices(rigify, SHOWN, range(-1, 4) if before else range(LAST - 2, LAST + 3))
    for name, rows in ends.items():
        rough = jolts(rows[:, :3, 3])
        assert (rough[:2] if before else rough[1:]).max() <= 1.001 * usual, name


@pytest.mark.parametrize("mode", ["travel", "in_place"])
def test_limbs_in_ik_go_round(rigify: Any, mode: str) -> None:
    """Seams, too: the worker's last frame leaps back, which the bundled model's does not (`test_edit_loops.py`), and
    arms that then are at full reach are the only ones that cannot be evened."""
    hand_keyed(rigify, arms=True)
    usual = usual_jolt(places(rigify, SHOWN, range(1, LAST + 1)))
    looped = api.loop(rigify, mode, seed=3)  # type: ignore[arg-type]
    first, last = (int(it) for it in looped.frame_range)
    count = last - first
    at = [first, first + 1, first + 7, last, last + 1, last + 7, last + count]
    seen = matrices(rigify, SHOWN, at)
    way = seen["torso"][3, :3, 3] - seen["torso"][0, :3, 3]
    assert abs(way[2]) < 1e-4
    assert (np.linalg.norm(way) > 0.2) == (mode == "travel")
    for name, rows in seen.items():
        for here, there in ((0, 3), (1, 4), (2, 5)):
            assert np.abs(rows[there, :3, 3] - way - rows[here, :3, 3]).max() < 1e-4, (name, here)
            assert degrees_between(rows[there, :3, :3], rows[here, :3, :3]) < 0.1, (name, here)
        np.testing.assert_allclose(rows[6, :3, 3] - rows[0, :3, 3], 2 * way, atol=3e-4, err_msg=name)
    for name, track in places(rigify, SHOWN, range(last - 2, last + 2)).items():
        # at the last frame, which is the first again, and at the one before
        allowed = 5.0 if "arm" in name or "hand" in name else 1.001
        assert jolts(track).max() <= allowed * usual, (name, jolts(track) / usual)


def test_a_joint_that_plays_ik_takes_no_target(rigify: Any) -> None:
    hand_keyed(rigify)
    with pytest.raises(MotionError, match="foot_ik.L"):
        api.regenerate(rigify, frames=(30, 60), targets=[("left_ankle", 45, (0.2, -0.2, 0.3))])


def test_ik_of_other_control_rigs_is_refused_with_what_to_do(walkers: Any) -> None:
    armature = walkers("controls")
    action = armature.animation_data.action
    armature.pose.bones["c_foot_ik.l"]["ik_fk_switch"] = 0.0
    before = kept(action, 0, 0, ())
    for edit in (lambda: api.regenerate(armature, frames=(30, 60)), lambda: api.extend(armature)):
        with pytest.raises(MotionError, match=r"left leg .*ik_fk_switch.*snap FK to IK.*to 1 and edit again"):
            edit()
    assert armature.animation_data.action == action
    assert kept(action, 0, 0, ()) == before
    edited = api.regenerate(armature, frames=(30, 60), parts=("right_arm",), seed=3)
    assert edited != action
