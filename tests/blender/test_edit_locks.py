"""Locked axes of rotation, in Blender: what its own rotate tool holds, and rigs whose elbows and knees are hinges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from mathutils import Euler

from mdm_blender import api, keys, process, rig
from mdm_blender.keys.euler import from_mode
from mdm_blender.keys.locks import Held, nearest
from mdm_blender.keys.targets import target_of
from mdm_blender.retarget.ik_controls import hinge_at_rest
from mdm_blender.retarget.rest import LIMBS
from mdm_blender.retarget.tracks import PoseTracks
from mdm_core.rotations import normalize
from tests.blender.addon.scene import fcurves, mixamo
from tests.blender.addon.test_edit import assert_same_outside, bone_of, kept
from tests.blender.seen import jolts, matrices, places, usual_jolt
from tests.blender.test_edit_ik import LAST as IK_LAST
from tests.blender.test_edit_ik import SHOWN, hand_keyed

LAST, FIRST_CHANGED, LAST_CHANGED = 97, 34, 66
AXES: tuple[Any, ...] = ("X", "Y", "Z")
MODES = [("XYZ", True), ("YZX", True), ("QUATERNION", True), ("QUATERNION", False), ("AXIS_ANGLE", False)]
PROPERTIES = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


def numbers_of(posed: Any) -> Any:
    return np.array(getattr(posed, PROPERTIES.get(posed.rotation_mode, "rotation_euler")), dtype=np.float64)


def turned(posed: Any, turn: tuple[float, float, float]) -> None:
    """Turns the bone so (Euler angles XYZ), whatever its mode."""
    mode, rotation = posed.rotation_mode, Euler(turn).to_quaternion()
    if mode == "QUATERNION":
        posed.rotation_quaternion = rotation
    elif mode == "AXIS_ANGLE":
        axis, angle = rotation.to_axis_angle()
        posed.rotation_axis_angle = (angle, *axis)
    else:
        posed.rotation_euler = rotation.to_euler(mode)


def viewport() -> Any:
    """Blender's tools as if the mouse were over the 3D view: a context manager."""
    window = bpy.context.window_manager.windows[0]
    area = next(it for it in window.screen.areas if it.type == "VIEW_3D")
    region = next(it for it in area.regions if it.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=area, region=region)


def turn_about_all_axes() -> None:
    """What is selected, by Blender's rotate tool."""
    for around in AXES:
        assert bpy.ops.transform.rotate(value=0.4, orient_axis=around) == {"FINISHED"}


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="transform.rotate ends the process of 4.2's module")
@pytest.mark.parametrize("by_component", [False, True])
@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ", "YZX"])
@pytest.mark.parametrize("axes", [(False, True, False), (True, False, True)])
def test_blenders_own_rotate_tool_holds_the_same(mode: str, by_component: bool, axes: tuple[bool, ...]) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=False)
    armature = mixamo()
    armature.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    posed = armature.pose.bones["mixamorig:Hips"]
    posed.rotation_mode, posed.lock_rotations_4d, posed.lock_rotation = mode, by_component, axes
    turned(posed, (0.3, 0.5, -0.2))
    bpy.context.view_layer.update()
    target, before = target_of(posed, ""), numbers_of(posed)
    angles = np.array(posed.matrix_basis.to_euler("XYZ"))
    with viewport():
        turn_about_all_axes()
    after = numbers_of(posed)
    assert np.abs(after - before).max() > 0.05, "Blender turned nothing"
    number, axis = np.array(target.locks.numbers), np.array(axes)
    np.testing.assert_allclose(after[number], before[number], atol=1e-6)
    assert number.any() == (by_component or mode not in PROPERTIES)
    if not number.any():
        np.testing.assert_allclose(np.array(posed.matrix_basis.to_euler("XYZ"))[axis], angles[axis], atol=1e-5)
    if mode not in PROPERTIES or not by_component:
        # What Blender came to is one of the rotations that leave what is locked, so none is nearer to it.
        came_to = from_mode(after[None], mode)
        assert abs(float((nearest(Held(target.locks, before[None]), came_to) * came_to).sum())) > 1 - 1e-9


def test_a_whole_take_goes_by_what_the_locked_channel_plays_among_other_keys() -> None:
    """An Euler angle that is locked and animated; the other two are the nearest at every frame, as Blender plays."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature, name, random = mixamo(), "mixamorig:LeftArm", np.random.default_rng(2)
    posed = armature.pose.bones[name]
    posed.rotation_mode, posed.lock_rotation = "XYZ", (False, True, False)
    for frame, angle in ((1, 0.0), (20, 0.8), (40, -0.3)):
        posed.rotation_euler = (0.0, angle, 0.0)
        posed.keyframe_insert("rotation_euler", frame=frame)
    action = armature.animation_data.action
    before = repr([tuple(it.co) for it in fcurves(action)[1].keyframe_points])
    wanted = normalize(np.array([1.0, 0, 0, 0]) + 0.3 * random.normal(size=(30, 4)))
    tracks = PoseTracks({name: wanted}, {})
    keys.write(armature, tracks, np.arange(5.0, 35.0), action_name="", properties={}, destination="current_action")
    assert repr([tuple(it.co) for it in fcurves(action)[1].keyframe_points]) == before
    for frame, rotation in zip(range(5, 35), wanted, strict=True):
        bpy.context.scene.frame_set(frame)
        held = numbers_of(posed)
        off = [abs(float(rotation @ np.array(Euler(held + [a, 0, b]).to_quaternion()))) for a, b in AROUND]
        assert off[0] >= max(off) - 1e-6, frame


AROUND = [(0.0, 0.0), *((0.02 * a, 0.02 * b) for a in (-1, 0, 1) for b in (-1, 0, 1))]


def hinged(mode: str, by_component: bool) -> tuple[Any, dict[str, int]]:
    """A figure whose bones all turn, keyed by hand, its elbows and knees about one axis; these bones with that axis."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 24
    armature, random = mixamo(), np.random.default_rng(4)
    snapshot, joints = rig.read(armature), api.detect(armature).bones
    hinges: dict[str, int] = {}
    signs: dict[str, float] = {}
    for limb in LIMBS:
        bones = tuple(joints[it] for it in limb if it in joints)
        if len(bones) == 3 and limb[1].split("_")[-1] in ("elbow", "knee"):
            axis = snapshot.bones[bones[1]].rest[:3, :3].T @ hinge_at_rest(snapshot, (bones[0], bones[1], bones[2]))
            hinges[bones[1]] = int(np.abs(axis).argmax())
            signs[bones[1]] = float(np.sign(axis[hinges[bones[1]]]))
    assert len(hinges) == 4
    for bone, free in hinges.items():
        posed = armature.pose.bones[bone]
        posed.rotation_mode, posed.lock_rotations_4d = mode, by_component
        posed.lock_rotation = [axis != free for axis in range(3)]
    for step, frame in enumerate(range(1, LAST + 1, 8)):
        for joint, bone in joints.items():
            posed = armature.pose.bones[bone]
            turn = 0.15 * random.normal(size=3)
            if bone in hinges:
                # Beside the hinge it is a little twisted for good, where it is angles that are locked.
                beside = 0.08 if mode != "QUATERNION" or not by_component else 0.0
                turn = np.full(3, beside)
                turn[hinges[bone]] = signs[bone] * (0.5 + 0.25 * (-1) ** step)
            else:
                posed.rotation_mode = "XYZ"
            turned(posed, tuple(turn))
            posed.keyframe_insert(PROPERTIES.get(posed.rotation_mode, "rotation_euler"), frame=frame)
            if joint == "pelvis":
                posed.location = (0.02 * (-1) ** step, 0.01 * step, 0.03 * step)
                posed.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(1)
    return armature, hinges


def angles_of(armature: Any, bones: dict[str, int], frames: range) -> dict[str, Any]:
    """Bone -> XYZ Euler angles [T, 3] of its own rotation."""
    found: dict[str, list[Any]] = {bone: [] for bone in bones}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        for bone in bones:
            found[bone].append(armature.pose.bones[bone].matrix_basis.to_euler("XYZ"))
    return {bone: np.array(rows, dtype=np.float64) for bone, rows in found.items()}


def locked_curves(action: Any, hinges: dict[str, int], mode: str, by_component: bool) -> dict[Any, Any]:
    """The keys of the locked channels, as bytes."""
    first = 1 if mode in PROPERTIES else 0
    found: dict[Any, Any] = {}
    for curve in fcurves(action):
        bone, axis = bone_of(curve), curve.array_index - first
        held = mode not in PROPERTIES or by_component
        if held and bone in hinges and axis in range(3) and axis != hinges[bone]:
            points = [(*it.co, *it.handle_left, *it.handle_right, it.type) for it in curve.keyframe_points]
            found[bone, curve.array_index] = repr(points)
    return found


@pytest.mark.parametrize(("mode", "by_component"), MODES)
@pytest.mark.parametrize("seed", [3, 8])
def test_hinges_stay_hinges_and_seams_are_as_even_as_the_clip(mode: str, by_component: bool, seed: int) -> None:
    armature, hinges = hinged(mode, by_component)
    original, joints = armature.animation_data.action, list(api.detect(armature).bones.values())
    clip, bones = range(1, LAST + 1), tuple(bone.name for bone in armature.pose.bones)
    usual, before = usual_jolt(places(armature, joints, clip)), kept(original, FIRST_CHANGED, LAST_CHANGED, bones)
    locked, angles = locked_curves(original, hinges, mode, by_component), angles_of(armature, hinges, clip)
    edited = api.regenerate(armature, "a person waves", frames=(FIRST_CHANGED, LAST_CHANGED), seed=seed, steps=5)
    assert_same_outside(before, kept(edited, FIRST_CHANGED, LAST_CHANGED, bones))
    assert locked_curves(edited, hinges, mode, by_component) == locked
    assert bool(locked) == (mode not in PROPERTIES or by_component)
    now = angles_of(armature, hinges, clip)
    for bone, free in hinges.items():
        moved = np.abs(now[bone] - angles[bone])
        if mode in ("XYZ", *PROPERTIES):
            assert np.delete(moved, free, axis=1).max() < 1e-5, bone
        assert moved[FIRST_CHANGED - 1 : LAST_CHANGED].max() > 0.02, "the hinge was not made anew"
    around = range(FIRST_CHANGED - 2, LAST_CHANGED + 3)
    at = [it - around[1] for it in (FIRST_CHANGED - 1, FIRST_CHANGED, LAST_CHANGED, LAST_CHANGED + 1)]
    for bone, track in places(armature, joints, around).items():
        assert jolts(track)[at].max() <= 1.001 * usual, (bone, jolts(track)[at] / usual)


@pytest.mark.parametrize(("mode", "by_component"), [("XYZ", True), ("QUATERNION", True), ("QUATERNION", False)])
def test_hinges_stay_hinges_where_a_loop_closes(mode: str, by_component: bool) -> None:
    armature, hinges = hinged(mode, by_component)
    original, joints = armature.animation_data.action, list(api.detect(armature).bones.values())
    clip = range(1, LAST + 1)
    usual, angles = usual_jolt(places(armature, joints, clip)), angles_of(armature, hinges, clip)
    looped = api.loop(armature, "in_place", seed=3, steps=5)
    assert looped != original
    now = angles_of(armature, hinges, clip)
    for bone, free in hinges.items():
        assert np.abs(np.delete(now[bone] - angles[bone], free, axis=1)).max() < 1e-5, bone
    for bone, track in places(armature, joints, range(LAST - 2, LAST + 3)).items():
        assert jolts(track)[:2].max() <= 1.001 * usual, (bone, jolts(track) / usual)


def test_the_seams_of_limbs_whose_ik_controls_are_locked_are_as_even_as_the_clip(rigify: Any) -> None:
    """One foot's control wholly, the other's height, a pole: with what the bundled model makes."""
    hand_keyed(rigify, arms=True, pole=True)
    bones, clip = rigify.pose.bones, range(1, IK_LAST + 1)
    bones["foot_ik.L"].lock_location = bones["foot_ik.L"].lock_rotation = (True, True, True)
    bones["foot_ik.L"].lock_rotation_w = True
    bones["foot_ik.R"].lock_location = (False, False, True)
    bones["thigh_ik_target.R"].lock_location = (True, True, True)
    usual, foot = usual_jolt(places(rigify, SHOWN, clip)), matrices(rigify, ["foot_ik.L"], clip)["foot_ik.L"]
    api.regenerate(rigify, "a person waves", frames=(FIRST_CHANGED, LAST_CHANGED), seed=8, steps=5)
    assert np.abs(matrices(rigify, ["foot_ik.L"], clip)["foot_ik.L"] - foot).max() < 1e-5
    around = range(FIRST_CHANGED - 2, LAST_CHANGED + 3)
    at = [it - around[1] for it in (FIRST_CHANGED - 1, FIRST_CHANGED, LAST_CHANGED, LAST_CHANGED + 1)]
    for bone, track in places(rigify, SHOWN, around).items():
        assert jolts(track)[at].max() <= 1.001 * usual, (bone, jolts(track)[at] / usual)


def test_a_loop_closes_what_is_locked_and_plays_too() -> None:
    """It would leap otherwise; before its end it keeps its numbers."""
    armature, hinges = hinged("XYZ", True)
    bone, free = next(iter(hinges.items()))
    beside = (free + 1) % 3
    posed = armature.pose.bones[bone]
    for frame, angle in ((1, 0.0), (40, 0.3), (LAST, 0.2)):
        posed.rotation_euler[beside] = angle
        posed.keyframe_insert("rotation_euler", index=beside, frame=frame)
    before = angles_of(armature, {bone: free}, range(1, LAST + 1))[bone][:, beside]
    api.loop(armature, "in_place", remade=1.0, seed=3, steps=5)
    after = angles_of(armature, {bone: free}, range(1, LAST + 1))[bone][:, beside]
    assert abs(before[-1] - before[0]) > 0.1
    assert abs(after[-1] - after[0]) < 1e-5
    tail = LAST - 1 - round(bpy.context.scene.render.fps)
    np.testing.assert_allclose(after[:tail], before[:tail], atol=1e-5)
