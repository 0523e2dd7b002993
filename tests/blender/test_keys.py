"""Writing keys in real Blender: what they are, what stays as it was, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat, keys
from mdm_blender.apply import apply_motion
from mdm_blender.keys.bake import bake
from mdm_blender.keys.stretch import Tolerance
from mdm_blender.retarget import PoseTracks
from mdm_blender.rig import Switch
from mdm_core.errors import MotionError
from mdm_core.motion import Motion
from tests.blender.conftest import build
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, humanoid

Array = NDArray[np.float64]


@pytest.fixture
def armature(empty: Any) -> Any:
    empty.render.fps, empty.render.fps_base = 24, 1.0
    return build(humanoid(MIXAMO, rolls=3))


def curves(armature: Any) -> list[Any]:
    channels = compat.channels_of(armature.animation_data.action, armature)
    assert channels is not None
    return list(channels.fcurves)


def values(curve: Any) -> tuple[Array, Array]:
    points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return points[0::2].astype(float), points[1::2].astype(float)


def spin(frames: int, turns: float = 3.0) -> Array:
    """A steady turn about a skew axis with random signs of the quaternions, as retargeting could hand it over."""
    angle = np.linspace(0, turns * 2 * np.pi, frames)
    axis = np.array([0.6, 0.64, 0.48])
    q = np.roll(Rotation.from_rotvec(angle[:, None] * axis).as_quat(), 1, axis=-1)
    return q * np.where(np.random.default_rng(0).random(frames) < 0.5, -1, 1)[:, None]


def write(armature: Any, rotations: Mapping[str, Array], **more: Any) -> Any:
    length = max(len(rotation) for rotation in rotations.values())
    tracks = PoseTracks(rotations=rotations, locations=more.pop("locations", {}), switches=more.pop("switches", ()))
    frames = more.pop("frames", np.arange(1.0, length + 1))
    return keys.write(armature, tracks, frames, action_name="spin", properties=more.pop("properties", {}))


def played(armature: Any, bone: str, frames: int) -> Rotation:
    """The bone's own rotation as Blender plays it."""
    matrices: list[Array] = []
    for frame in range(1, frames + 1):
        bpy.context.scene.frame_set(frame)
        matrices.append(np.array(armature.pose.bones[bone].matrix_basis.to_3x3()))
    return Rotation.from_matrix(np.array(matrices))


def test_keys_are_generated_ones_on_every_frame_in_the_bones_group(armature: Any) -> None:
    write(armature, {"LeftArm": spin(40)}, locations={"Hips": np.zeros((40, 3))})
    assert {curve.data_path for curve in curves(armature)} == {
        'pose.bones["LeftArm"].rotation_quaternion',
        'pose.bones["Hips"].location',
    }
    for curve in curves(armature):
        assert curve.group.name in curve.data_path
        assert [point.co[0] for point in curve.keyframe_points] == list(range(1, 41))
        assert {point.type for point in curve.keyframe_points} == {"GENERATED"}
        assert {point.interpolation for point in curve.keyframe_points} == {"BEZIER"}


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ", "YXZ", "ZYX"])
def test_every_rotation_mode_plays_the_same_rotation_without_jumps(armature: Any, mode: str) -> None:
    armature.pose.bones["LeftArm"].rotation_mode = mode
    rotation = spin(90)
    write(armature, {"LeftArm": rotation})
    assert armature.pose.bones["LeftArm"].rotation_mode == mode
    wanted = Rotation.from_quat(np.roll(rotation, -1, axis=-1))
    assert np.degrees((played(armature, "LeftArm", 90).inv() * wanted).magnitude()).max() < 0.01
    moved = np.stack([values(curve)[1] for curve in curves(armature)], axis=-1)
    if mode in ("QUATERNION", "AXIS_ANGLE"):
        assert np.abs(np.diff(moved, axis=0)).max() < 0.3
    else:
        assert np.abs(np.diff(moved, axis=0)).max() < np.pi


def test_between_two_frames_nothing_flips(armature: Any) -> None:
    write(armature, {"LeftArm": spin(60)})
    before = None
    for frame in np.arange(1, 60, 0.25):
        bpy.context.scene.frame_set(int(frame), subframe=float(frame) % 1)
        now = Rotation.from_matrix(np.array(armature.pose.bones["LeftArm"].matrix_basis.to_3x3()))
        if before is not None:
            assert np.degrees((before.inv() * now).magnitude()) < 10
        before = now


def test_locked_channels_get_no_keys(armature: Any) -> None:
    hips, arm, knee = (armature.pose.bones[name] for name in ("Hips", "LeftArm", "LeftLeg"))
    hips.lock_location = (False, True, False)
    arm.lock_rotation = (True, True, True)
    knee.rotation_mode = "XYZ"
    knee.lock_rotation = (False, True, True)
    write(armature, {"LeftArm": spin(10), "LeftLeg": spin(10, 0.1)}, locations={"Hips": np.ones((10, 3))})
    assert sorted((curve.data_path, curve.array_index) for curve in curves(armature)) == [
        ('pose.bones["Hips"].location', 0),
        ('pose.bones["Hips"].location', 2),
        ('pose.bones["LeftLeg"].rotation_euler', 0),
    ]


def test_a_quaternion_bone_locked_about_one_axis_does_not_turn_about_it(armature: Any) -> None:
    armature.pose.bones["LeftLeg"].lock_rotation = (False, True, True)
    write(armature, {"LeftLeg": spin(10, 0.3)})
    assert np.abs(played(armature, "LeftLeg", 10).as_rotvec()[:, 1:]).max() < 1e-5


def test_a_constant_rotation_is_one_key(armature: Any) -> None:
    write(armature, {"LeftArm": spin(30), "LeftHand": spin(2)[1:]})
    counts = {curve.data_path: len(curve.keyframe_points) for curve in curves(armature)}
    assert counts == {
        'pose.bones["LeftArm"].rotation_quaternion': 30,
        'pose.bones["LeftHand"].rotation_quaternion': 1,
    }


def test_names_with_quotes_are_escaped(armature: Any) -> None:
    armature.pose.bones["LeftArm"].name = 'arm "left" \\ 1'
    write(armature, {'arm "left" \\ 1': spin(10)})
    assert np.degrees(played(armature, 'arm "left" \\ 1', 10).magnitude()).max() > 50


def test_switches_are_keyed_once_and_hold(armature: Any) -> None:
    armature.pose.bones["Hips"]["IK_FK"] = 0.25
    action = write(armature, {"LeftArm": spin(10)}, switches=(Switch("Hips", "IK_FK", 1.0),))
    bpy.context.scene.frame_set(30)
    assert armature.pose.bones["Hips"]["IK_FK"] == 1.0
    assert action["mdm_switches_before"] == '[["Hips", "IK_FK", 0.25]]'
    curve = next(curve for curve in curves(armature) if "IK_FK" in curve.data_path)
    assert [tuple(point.co) for point in curve.keyframe_points] == [(1.0, 1.0)]


def test_the_animation_before_is_kept_whole_and_plays_when_chosen_again(armature: Any) -> None:
    """On Blender 4.4 and later an action without its slot plays nothing."""
    bone = armature.pose.bones["LeftArm"]
    bone.rotation_quaternion = (1, 0, 0, 0)
    bone.keyframe_insert("rotation_quaternion", frame=1)
    bone.rotation_quaternion = (0, 1, 0, 0)
    bone.keyframe_insert("rotation_quaternion", frame=10)
    before = armature.animation_data.action
    slot = getattr(armature.animation_data, "action_slot", None)
    was = [values(curve) for curve in curves(armature)]
    action = write(armature, {"LeftArm": spin(10)})
    assert armature.animation_data.action == action != before
    assert getattr(armature.animation_data, "action_slot", True)
    assert before.use_fake_user
    compat.assign_action(armature, before, slot)
    now = [values(curve) for curve in curves(armature)]
    assert all(np.array_equal(a, b) for a, b in zip(was, now, strict=True))
    assert np.degrees(played(armature, "LeftArm", 10)[-1].magnitude()) == pytest.approx(180, abs=0.1)
    compat.assign_action(armature, action)
    assert np.degrees(played(armature, "LeftArm", 3)[-1].magnitude()) > 1


def test_an_action_made_for_another_armature_plays_here_too(armature: Any) -> None:
    action = write(armature, {"LeftArm": spin(10)})
    other = build(humanoid(MIXAMO), name="Someone Else")
    compat.assign_action(other, action)
    assert np.degrees(played(other, "LeftArm", 5)[-1].magnitude()) > 1


def scene_state() -> tuple[Any, ...]:
    scene = bpy.context.scene
    return (
        scene.frame_current, scene.frame_subframe, scene.frame_start, scene.frame_end, scene.render.fps,
        scene.render.fps_base, bpy.context.mode, bpy.context.view_layer.objects.active.name,
        tuple(thing.name for thing in bpy.context.selected_objects),
    )  # fmt: skip


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (24, 1.001), (25, 1.0), (30, 1.001), (60, 1.0), (12, 1.0)])
def test_any_scene_rate_plays_the_motion_at_its_own_speed(armature: Any, fps: int, base: float) -> None:
    """The pelvis walks a straight line at 1.5 m/s of the source; nothing of the scene changes."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    scene.frame_set(13)
    truth = oracle.standing(60)
    truth.positions[..., 2] += 1.5 * np.arange(60)[:, None] / 20
    before = scene_state()
    motion = Motion(truth.positions.astype(np.float32), fps=20.0, prompt="walks", seed=2**31, model="none")
    action = apply_motion(armature, motion, frame_start=13, action_name="walks")
    assert scene_state() == before
    assert action["mdm_prompt"] == "walks" and action["mdm_seed"] == str(2**31)
    first, last = action.frame_range
    assert first == 13
    assert 0 <= 13 + 59 / 20 * fps / base - last < 1
    places: list[Array] = []
    for frame in range(14, int(last)):
        scene.frame_set(frame)
        places.append(np.array(armature.pose.bones["Hips"].head))
    speed = -np.diff(places, axis=0)[:, 1] * fps / base
    # 0.883 m of leg on the rig, 0.821 m in the source
    assert speed == pytest.approx(1.5 * 0.8825 / 0.8211, rel=0.01)


def test_nothing_is_evaluated_while_a_motion_is_put_on_and_baked(armature: Any) -> None:
    updates: list[int] = []
    handlers = bpy.app.handlers.depsgraph_update_post
    handlers.append(lambda *_: updates.append(bpy.context.scene.frame_current))
    try:
        armature.location.x += 1
        bpy.context.view_layer.update()
        assert len(updates) == 1, "an update is seen where there is one"
        motion = Motion(oracle.walk(40).positions.astype(np.float32), fps=20.0, prompt="walks", seed=1, model="none")
        action = apply_motion(armature, motion, frame_start=1, action_name="walks")
        bake(armature, action, Tolerance())
        assert len(updates) == 1
    finally:
        handlers.clear()


def test_pose_mode_and_its_selection_stay(armature: Any) -> None:
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    before = [compat.is_selected(bone) for bone in armature.pose.bones]
    assert all(before)
    write(armature, {"LeftArm": spin(10)})
    assert bpy.context.mode == "POSE"
    assert [compat.is_selected(bone) for bone in armature.pose.bones] == before
    bpy.ops.pose.select_all(action="DESELECT")
    assert not any(compat.is_selected(bone) for bone in armature.pose.bones)
    assert not any(compat.is_hidden(bone) for bone in armature.pose.bones)


@pytest.mark.parametrize("wrong", ["bone", "length", "number", "order"])
def test_bad_tracks_are_one_sentence_and_change_nothing(armature: Any, wrong: str) -> None:
    rotations = {"LeftArm": spin(10)}
    frames = np.arange(1.0, 11)
    if wrong == "bone":
        rotations = {"Tail": spin(10)}
    elif wrong == "length":
        frames = frames[:-1]
    elif wrong == "number":
        rotations["LeftArm"][3, 0] = np.nan
    else:
        frames = frames[::-1]
    with pytest.raises(MotionError) as error:
        write(armature, rotations, frames=frames)
    assert "\n" not in str(error.value)
    assert list(bpy.data.actions) == []
    assert armature.animation_data is None


def test_an_nla_strip_being_tweaked_is_refused(armature: Any) -> None:
    write(armature, {"LeftArm": spin(10)})
    data = armature.animation_data
    action = data.action
    data.nla_tracks.new().strips.new("spin", 1, action)
    data.action = None
    data.nla_tracks[0].select = True
    data.nla_tracks[0].strips[0].select = True
    data.use_tweak_mode = True
    if not data.use_tweak_mode:
        pytest.skip("tweak mode cannot be entered from here")
    with pytest.raises(MotionError, match="tweak"):
        write(armature, {"LeftArm": spin(10)})
    assert list(bpy.data.actions) == [action]
