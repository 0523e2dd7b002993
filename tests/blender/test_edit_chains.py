"""Limbs that plain IK constraints drive, as animators rig them by hand: read, edited on their targets, or refused."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from mathutils import Matrix

from mdm_blender import api
from mdm_core.errors import MotionError
from tests.blender.addon.scene import fcurves, mixamo
from tests.blender.addon.test_edit import assert_same_outside, bone_of, kept
from tests.blender.conftest import build
from tests.blender.seen import degrees_between, jolts, matrices, places, usual_jolt
from tests.blender.test_edit_ik import key, worst
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES

pytestmark = pytest.mark.usefixtures("editing_worker")
LAST = 89
LEGS = [f"mixamorig:{side}{name}" for side in ("Left", "Right") for name in ("UpLeg", "Leg", "Foot", "ToeBase")]
LIMBS = {"Leg": ("UpLeg", "Leg", "Foot"), "Arm": ("Arm", "ForeArm", "Hand")}


def rigged(*, turning: bool = True, limbs: tuple[str, ...] = ("Leg",)) -> Any:
    """A Mixamo-named rig whose limbs reach for target bones, with poles; these hang on nothing. turning: whether the
    target turns hand or foot too."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    armature = mixamo()
    bpy.ops.object.mode_set(mode="EDIT")
    edit = armature.data.edit_bones
    for limb in limbs:
        for side in ("Left", "Right"):
            start, middle, end = (edit[f"mixamorig:{side}{name}"] for name in LIMBS[limb])
            target, pole = edit.new(f"{limb}Target{side}"), edit.new(f"{limb}Pole{side}")
            target.head, target.tail = end.head, end.head + (end.tail - end.head).normalized() * 0.2
            forwards = -0.5 if limb == "Leg" else 0.5
            pole.head = middle.head + type(middle.head)((0.0, forwards, 0.0))
            pole.tail = pole.head + type(middle.head)((0.0, 0.0, 0.1))
            start.roll, middle.roll = 0.4, -0.7
    bpy.ops.object.mode_set(mode="OBJECT")
    for limb in limbs:
        for side in ("Left", "Right"):
            held(armature, limb, side, turning)
    return armature


def held(armature: Any, limb: str, side: str, turning: bool) -> None:
    _, middle, end = (f"mixamorig:{side}{name}" for name in LIMBS[limb])
    it = armature.pose.bones[middle].constraints.new("IK")
    it.target = it.pole_target = armature
    it.subtarget, it.pole_subtarget, it.chain_count, it.pole_angle = f"{limb}Target{side}", f"{limb}Pole{side}", 2, 1.2
    if turning:
        copied = armature.pose.bones[end].constraints.new("COPY_ROTATION")
        copied.target, copied.subtarget = armature, f"{limb}Target{side}"


def hand_keyed(armature: Any, *, turning: bool = True) -> Any:
    """A stepping, turning figure, its legs keyed by their targets and poles, its arms by FK; one thigh has old keys
    that do nothing."""
    bones = armature.pose.bones
    for step, frame in enumerate(range(1, LAST + 1, 8)):
        key(bones["mixamorig:Hips"], frame, (0.02 * (-1) ** step, -0.1, 0.04 * step), (0.03, 0.05 * (-1) ** step, 0.0))
        for side, sign in (("Left", 1), ("Right", -1)):
            lifted = (step % 2 == 0) == (side == "Left")
            foot = matrix_to_bone(armature, f"LegTarget{side}", (0.02 * sign, -0.04 * step, 0.1 if lifted else 0.0))
            key(bones[f"LegTarget{side}"], frame, foot, (0.3 if lifted else 0.0, 0.1 * sign, 0.05))
            pole = matrix_to_bone(armature, f"LegPole{side}", (0.05 * sign, -0.04 * step, 0.03))
            key(bones[f"LegPole{side}"], frame, pole, None)
            if not turning:
                key(bones[f"mixamorig:{side}Foot"], frame, None, (0.2 if lifted else -0.1, 0.0, 0.05))
            key(bones[f"mixamorig:{side}Arm"], frame, None, (0.25 * sign * (-1) ** step, 0.1, 0.9 * sign))
    key(bones["mixamorig:LeftUpLeg"], 5, None, (0.4, 0.2, 0.0))
    key(bones["mixamorig:LeftUpLeg"], 60, None, (-0.3, 0.0, 0.2))
    bpy.context.scene.frame_set(1)
    return armature.animation_data.action


def matrix_to_bone(armature: Any, bone: str, moved: tuple[float, float, float]) -> Any:
    """A move in the armature's axes in the bone's own."""
    return armature.data.bones[bone].matrix_local.to_3x3().inverted() @ type(armature.location)(moved)


def in_fk(armature: Any, frames: range) -> None:
    """A copy of the action that plays the same by FK keys, laid down by Blender's own `PoseBone.matrix`."""
    shown = matrices(armature, LEGS, frames)
    world = armature.matrix_world.inverted()
    armature.animation_data.action = armature.animation_data.action.copy()
    for posed in armature.pose.bones:
        for it in posed.constraints:
            it.mute = True
    for name in LEGS:
        for index, frame in enumerate(frames):
            bpy.context.scene.frame_set(frame)
            armature.pose.bones[name].matrix = world @ Matrix(shown[name][index])
            armature.pose.bones[name].location, armature.pose.bones[name].scale = (0, 0, 0), (1, 1, 1)
            armature.pose.bones[name].keyframe_insert("rotation_quaternion", frame=frame)


@pytest.mark.usefixtures("uneven")
@pytest.mark.parametrize(("turning", "pole"), [(True, True), (False, True), (True, False)])
def test_on_targets_an_edit_is_what_it_is_in_fk(turning: bool, pole: bool) -> None:
    """Without a pole that is true of the feet; the solver has the knees."""
    armature = rigged(turning=turning)
    for side in ("Left", "Right") if not pole else ():
        armature.pose.bones[f"mixamorig:{side}Leg"].constraints["IK"].pole_target = None
    original = hand_keyed(armature, turning=turning)
    frames = range(30, 71)
    shown = matrices(armature, LEGS, frames)
    everything = tuple(bone.name for bone in armature.pose.bones)
    before = kept(original, 30, 70, everything)
    edited = api.regenerate(armature, "turns", frames=(30, 70), seed=3)
    assert_same_outside(before, kept(edited, 30, 70, everything))
    found = matrices(armature, LEGS, frames)
    keyed = {bone_of(it) for it in fcurves(edited) if any(k.type == "GENERATED" for k in it.keyframe_points)}
    assert {"LegTargetLeft", "LegTargetRight"} <= keyed
    assert ({"LegPoleLeft", "LegPoleRight"} <= keyed) == pole
    idle = {f"mixamorig:{side}{bone}" for side in ("Left", "Right") for bone in ("UpLeg", "Leg")}
    assert not keyed & (idle | ({"mixamorig:LeftFoot", "mixamorig:RightFoot"} if turning else set()))

    armature.animation_data.action = original
    for posed in armature.pose.bones:  # what has no keys here keeps what the edit has set
        posed.matrix_basis.identity()
    in_fk(armature, range(1, LAST + 1))
    assert worst(matrices(armature, LEGS, frames), shown)[1] < 1e-3, "FK and IK begin as one"
    api.regenerate(armature, "turns", frames=(30, 70), seed=3)
    wanted = matrices(armature, LEGS, frames)
    assert worst(wanted, shown, ["mixamorig:LeftFoot"])[1] > 0.03, "the edit hardly changes the feet"
    feet = ["mixamorig:LeftFoot", "mixamorig:RightFoot"]
    legs = [it for it in LEGS if "Toe" not in it]  # toes: a hair decides whether they bend
    angle, away = worst(found, wanted, legs if pole else feet)
    assert angle < 0.1
    assert away < 1e-4


def reaching(armature: Any) -> None:
    """Keys of the arms' targets."""
    for side, sign in (("Left", 1), ("Right", -1)):
        for frame, height in ((1, -0.3), (45, 0.2), (LAST, -0.2)):
            place = matrix_to_bone(armature, f"ArmTarget{side}", (-0.2 * sign, -0.3, height))
            key(armature.pose.bones[f"ArmTarget{side}"], frame, place, (0.3, 0.0, 0.2 * sign))


@pytest.mark.parametrize("turning", [True, False])
@pytest.mark.parametrize("mode", ["travel", "in_place"])
def test_a_loop_closes_without_a_jerk_of_limbs_in_ik_and_all_goes_round(mode: str, turning: bool) -> None:
    """Arms and legs in IK; seen is what Blender plays, at the last frame, which is the first again, and beside it."""
    armature = rigged(turning=turning, limbs=("Leg", "Arm"))
    hand_keyed(armature, turning=turning)
    reaching(armature)
    bones = list(api.detect(armature).bones.values())
    usual = usual_jolt(places(armature, bones, range(1, LAST + 1)))
    looped = api.loop(armature, mode, seed=3)  # type: ignore[arg-type]
    first, last = (int(it) for it in looped.frame_range)
    for name, track in places(armature, bones, range(last - 2, last + 2)).items():
        assert jolts(track).max() <= 1.001 * usual, (name, jolts(track) / usual)
    rounds = places(armature, bones, [last - 3, last, 2 * last - first - 3, 2 * last - first])
    hips = rounds[bones[0]]
    way = hips[3] - hips[1]
    assert (np.linalg.norm(way) > 0.2) == (mode == "travel")
    for name, track in rounds.items():
        np.testing.assert_allclose(track[2:] - track[:2], np.tile(way, (2, 1)), atol=3e-4, err_msg=name)


def test_arms_too_reach_for_targets() -> None:
    armature = rigged(limbs=("Leg", "Arm"))
    original = hand_keyed(armature)
    reaching(armature)
    hands = [f"mixamorig:{side}{name}" for side in ("Left", "Right") for name in LIMBS["Arm"]]
    shown = matrices(armature, hands, range(1, LAST + 1))
    edited = api.regenerate(armature, "waves", frames=(30, 60), parts=["left_arm"], seed=3)
    found = matrices(armature, hands, range(1, LAST + 1))
    for name in hands:
        off = np.abs(found[name] - shown[name]).max(axis=(1, 2))
        inside = np.isin(np.arange(1, LAST + 1), range(30, 61))
        assert off[~inside].max() < 1e-6, name
        assert (off[inside].max() > 0.05) == ("Left" in name), name
    changed = {bone_of(it) for it in fcurves(edited) if any(k.type == "GENERATED" for k in it.keyframe_points)}
    assert {"ArmTargetLeft", "ArmPoleLeft"} <= changed <= {"ArmTargetLeft", "ArmPoleLeft", "mixamorig:LeftShoulder"}
    assert original.use_fake_user


def test_poses_that_stay_are_met_and_the_rest_has_its_very_keys() -> None:
    armature = rigged()
    original = hand_keyed(armature)
    names = [bone.name for bone in armature.pose.bones]
    marks = (25, 41, 49, 73)
    shown, before = matrices(armature, names, marks), kept(original, 25, 73, tuple(names))
    edited = api.inbetween(armature, frames=(25, 73), keys=marks, seed=5)
    found = matrices(armature, names, marks)
    for name in names:
        assert np.abs(found[name][:, :3, 3] - shown[name][:, :3, 3]).max() < 1e-4, name
        turns = [degrees_between(a[:3, :3], b[:3, :3]) for a, b in zip(found[name], shown[name], strict=True)]
        assert max(turns) < 0.1, name
    assert_same_outside(before, kept(edited, 25, 73, tuple(names)))


def test_motion_is_added_and_legs_alone_change() -> None:
    armature = rigged()
    original = hand_keyed(armature)
    edited = api.regenerate(armature, frames=(30, 60), bones=["LegTargetLeft"], seed=3)
    changed = {bone_of(it) for it in fcurves(edited) if any(k.type == "GENERATED" for k in it.keyframe_points)}
    assert changed == {"LegTargetLeft"}
    armature.animation_data.action = original
    longer = api.extend(armature, seconds=1.0, seed=2)
    ends = {bone_of(it): it.keyframe_points[-1].co[0] for it in fcurves(longer)}
    assert ends["LegTargetLeft"] == ends["LegPoleRight"] == LAST + 24


def test_what_cannot_be_followed_is_said_and_changes_nothing() -> None:
    def chain_of_three(it: Any) -> None:
        it.chain_count = 3

    def target_outside(it: Any) -> None:
        it.target = bpy.data.objects.new("Mark", None)

    def turned(it: Any) -> None:
        it.use_rotation = True

    def faded(it: Any) -> None:
        for frame, influence in ((35, 1.0), (45, 0.0)):
            it.influence = influence
            it.keyframe_insert("influence", frame=frame)

    def beside(it: Any) -> None:
        it.id_data.pose.bones["mixamorig:LeftLeg"].constraints.new("LIMIT_ROTATION").use_limit_x = True

    for change, words in (
        (chain_of_three, "left leg .*its chain is not .*LeftUpLeg.*bake it to FK"),
        (target_outside, "left leg .*target is no bone"),
        (turned, "left leg .*does not lead"),
        (faded, "left leg .*neither FK nor IK"),
        (beside, "left leg .*Limit rotation"),
    ):
        armature = rigged()
        action = hand_keyed(armature)
        change(armature.pose.bones["mixamorig:LeftLeg"].constraints["IK"])
        bpy.context.view_layer.update()
        before = kept(action, 0, 0, ())
        with pytest.raises(MotionError, match=words):
            api.regenerate(armature, frames=(30, 60), seed=3)
        assert armature.animation_data.action == action
        assert kept(action, 0, 0, ()) == before
        api.regenerate(armature, frames=(30, 60), parts=["left_arm"], seed=3)


def test_a_control_rig_with_a_switch_is_edited_by_its_own_ik_chain() -> None:
    """Auto-Rig Pro's names, with the bones that its IK moves beside its FK controls; these show what the legs play."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    table = next(it for it in TABLES if it.label == "Auto-Rig Pro, controls")
    armature = build(list(known_rigs.build(table, arms_down=30, seed=2).bones), "Controls")
    bpy.ops.object.mode_set(mode="EDIT")
    edit = armature.data.edit_bones
    for side in "lr":
        for name, like in (("thigh_ik", "c_thigh_fk"), ("leg_ik", "c_leg_fk")):
            made, source = edit.new(f"{name}.{side}"), edit[f"{like}.{side}"]
            made.head, made.tail, made.roll = source.head, source.tail, source.roll
            made.parent = source.parent if name == "thigh_ik" else edit[f"thigh_ik.{side}"]
    bpy.ops.object.mode_set(mode="OBJECT")
    for side in "lr":
        it = armature.pose.bones[f"leg_ik.{side}"].constraints.new("IK")
        it.target = it.pole_target = armature
        it.subtarget, it.pole_subtarget, it.chain_count = f"c_foot_ik.{side}", f"c_leg_pole.{side}", 2
        armature.pose.bones[f"c_foot_ik.{side}"]["ik_fk_switch"] = 0.0
    for step, frame in enumerate(range(1, LAST + 1, 8)):
        root = matrix_to_bone(armature, "c_root.x", (0.0, -0.04 * step, -0.08))
        key(armature.pose.bones["c_root.x"], frame, root, (0.02, 0.0, 0.0))
        for side in "lr":
            foot = (0.0, -0.04 * step, 0.12 if (step % 2 == 0) == (side == "l") else 0.0)
            key(
                armature.pose.bones[f"c_foot_ik.{side}"],
                frame,
                matrix_to_bone(armature, f"c_foot_ik.{side}", foot),
                (0.1, 0.0, 0.0),
            )
    bpy.context.scene.frame_set(1)
    original = armature.animation_data.action
    names = [bone.name for bone in armature.pose.bones]
    shown = matrices(armature, ["leg_ik.l", "c_foot_ik.l", "c_hand_fk.l"], range(1, LAST + 1))
    before = kept(original, 25, 73, tuple(names))
    edited = api.inbetween(armature, frames=(25, 73), keys=(25, 49, 73), seed=5)
    assert_same_outside(before, kept(edited, 25, 73, tuple(names)))
    keyed = {bone_of(it) for it in fcurves(edited) if any(k.type == "GENERATED" for k in it.keyframe_points)}
    assert {"c_foot_ik.l", "c_leg_pole.r"} <= keyed
    assert not keyed & {"c_thigh_fk.l", "c_leg_fk.l", "c_foot_fk.l"}
    found = matrices(armature, list(shown), range(1, LAST + 1))
    for name, rows in shown.items():
        off = np.abs(found[name] - rows)[:, :3, 3].max(axis=1)
        assert off[[24, 48, 72]].max() < 1e-4, name
        assert off[25:48].max() > 0.01, name
