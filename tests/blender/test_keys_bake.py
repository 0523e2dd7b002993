"""Baking and reading in real Blender: errors between frames too, through Blender's own F-curves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat, keys, takes
from mdm_blender.apply import CONTACTS, apply_motion
from mdm_blender.keys.read import animated, driven, poses, sample, stepping
from mdm_blender.keys.stretch import Tolerance
from mdm_blender.retarget import PoseTracks
from mdm_blender.takes import GENERATION, TAKE, TAKES
from mdm_core.errors import MotionError
from mdm_core.motion import Motion
from tests.blender.conftest import build
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, humanoid

Array = NDArray[np.float64]
BETWEEN = np.arange(1.0, 79.01, 0.125)


@pytest.fixture
def armature(empty: Any) -> Any:
    empty.render.fps, empty.render.fps_base = 20, 1.0
    return build(humanoid(MIXAMO, rolls=3))


def walk(armature: Any, frames: int = 80) -> Any:
    """A take: a walk with contacts, on every frame."""
    truth = oracle.walk(frames)
    contacts = np.zeros((frames, 4), dtype=bool)
    contacts[10:30, :2] = contacts[40:60, 2:] = True
    motion = Motion(truth.positions.astype(np.float32), fps=20.0, contacts=contacts, prompt="walks", seed=3, model="m")
    action = apply_motion(armature, motion, frame_start=1, action_name="walks")
    action[GENERATION], action[TAKE], action[TAKES] = "g", 1, 1
    return action


def bones(armature: Any) -> list[str]:
    return sorted({it.bone for it in animated(armature)})


def degrees(a: Array, b: Array) -> Array:
    one, other = (Rotation.from_quat(np.roll(q, -1, axis=-1)) for q in (a, b))
    return np.degrees((one.inv() * other).magnitude())


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_few_keys_play_the_same_motion_between_frames_too(armature: Any, mode: str) -> None:
    for posed in armature.pose.bones:
        posed.rotation_mode = mode
    action = walk(armature)
    before = sample(armature, BETWEEN, bones(armature))
    count = sum(len(curve.keyframe_points) for it in animated(armature) for curve in it.curves.values())
    baked, counts = takes.bake(armature, Tolerance())
    assert baked == action
    assert counts.before == count
    assert counts.after < 0.15 * counts.before
    after = sample(armature, BETWEEN, bones(armature))
    for name in before.rotations:
        turned = degrees(before.rotations[name], after.rotations[name])
        assert turned.max() <= 0.5, name
        assert np.linalg.norm(before.locations[name] - after.locations[name], axis=-1).max() <= 0.002, name


def test_scale_takes_few_keys_too(armature: Any) -> None:
    """As IK controls of limbs that stretch have it."""
    frames = np.arange(1.0, 80.0)
    scale = np.repeat(1 + 0.04 * np.sin(frames / 9)[:, None], 3, axis=1)
    tracks = PoseTracks({}, {}, scales={"LeftUpLeg": scale})
    action = keys.write(armature, tracks, frames, action_name="scaled", properties={})
    action[GENERATION], action[TAKE], action[TAKES] = "g", 1, 1
    before = sample(armature, BETWEEN, ["LeftUpLeg"]).scales["LeftUpLeg"]
    _, counts = takes.bake(armature, Tolerance())
    assert counts.before == 3 * len(frames) and counts.after < 0.2 * counts.before
    after = sample(armature, BETWEEN, ["LeftUpLeg"]).scales["LeftUpLeg"]
    length = armature.pose.bones["LeftUpLeg"].bone.length
    assert length * np.linalg.norm(after - before, axis=-1).max() < 0.00202


def test_feet_that_stand_stay_where_they_were(armature: Any) -> None:
    action = walk(armature)
    frames = [frame for first, last in json.loads(action[CONTACTS])[0] for frame in np.arange(first, last + 0.1)]
    before = poses(armature, ["LeftFoot"], frames)["LeftFoot"][:, :3, 3]
    takes.bake(armature, Tolerance(degrees=2.0, metres=0.01))
    loose = np.linalg.norm(poses(armature, ["LeftFoot"], frames)["LeftFoot"][:, :3, 3] - before, axis=-1)
    assert loose.max() <= 0.005


def test_baked_keys_are_ordinary_ones_with_handles_that_can_be_edited(armature: Any) -> None:
    walk(armature)
    takes.bake(armature, Tolerance())
    points = [point for it in animated(armature) for curve in it.curves.values() for point in curve.keyframe_points]
    assert {point.type for point in points} == {"KEYFRAME"}
    assert {point.interpolation for point in points} == {"BEZIER"}
    ends = [curve.keyframe_points[at] for it in animated(armature) for curve in it.curves.values() for at in (0, -1)]
    kinds = [(point.handle_left_type, point.handle_right_type) for point in points if point not in ends]
    assert set(kinds) <= {("ALIGNED", "ALIGNED"), ("FREE", "FREE")}
    assert kinds.count(("ALIGNED", "ALIGNED")) > 0.8 * len(kinds)
    assert {kind for point in ends for kind in (point.handle_left_type, point.handle_right_type)} == {"FREE"}
    assert all(point.co[0] == round(point.co[0]) for point in points)
    for it in animated(armature):
        spans = {(curve.keyframe_points[0].co[0], curve.keyframe_points[-1].co[0]) for curve in it.curves.values()}
        assert len(spans) == 1, "every channel keeps a key at both ends, so that later keys change nothing inside"


def test_without_reduction_only_the_type_changes(armature: Any) -> None:
    walk(armature)
    before = [[tuple(p.co) for p in c.keyframe_points] for it in animated(armature) for c in it.curves.values()]
    counts = takes.bake(armature, None)[1]
    assert counts.before == counts.after
    after = [[tuple(p.co) for p in c.keyframe_points] for it in animated(armature) for c in it.curves.values()]
    assert before == after


@pytest.mark.parametrize("keep", [True, False])
def test_properties_and_takes_go_as_asked(armature: Any, keep: bool) -> None:
    action = walk(armature)
    other = action.copy()
    other[TAKE] = 2
    takes.bake(armature, None, remove_takes=True, keep_history=keep)
    assert list(bpy.data.actions) == [action]
    left = {name for name in action.keys() if name.startswith("mdm_")}  # noqa: SIM118
    assert left == ({"mdm_prompt", "mdm_seed", "mdm_model"} if keep else set())
    assert takes.played(armature) is None
    with pytest.raises(MotionError, match="no generated motion"):
        takes.bake(armature, None)


def test_keys_by_hand_stay_bit_for_bit_in_and_around_the_range(armature: Any) -> None:
    arm = armature.pose.bones["LeftArm"]
    for frame in (-20, -5, 120):
        arm.rotation_quaternion = np.random.default_rng(abs(frame)).normal(size=4)
        arm.keyframe_insert("rotation_quaternion", frame=frame)
    t = np.arange(1.0, 61)
    half = 0.5 * np.sin(t / 9)
    tracks = PoseTracks({"LeftArm": np.stack([np.cos(half), np.sin(half), 0 * t, 0 * t], axis=-1)}, {})
    action = keys.write(
        armature, tracks, t, action_name="x", properties={GENERATION: "g", TAKE: 1, TAKES: 1},
        destination="current_action",
    )  # fmt: skip
    curves = animated(armature, action)[0].curves.values()
    for curve in curves:
        curve.keyframe_points[3 + 20].type = "EXTREME"
    outside = np.concatenate([np.arange(-40, -4.9, 0.25), np.arange(120, 140, 0.25)])
    played = [[curve.evaluate(frame) for frame in outside] for curve in curves]
    mine = [[tuple(p.co) for p in curve.keyframe_points if p.type != "GENERATED"] for curve in curves]
    takes.bake(armature, Tolerance())
    assert [[curve.evaluate(frame) for frame in outside] for curve in curves] == played
    for curve, kept in zip(curves, mine, strict=True):
        now = {tuple(point.co): point.type for point in curve.keyframe_points}
        assert all(point in now for point in kept)
        assert now[kept[2]] == "EXTREME"
        assert len(now) < 25


def test_straight_lines_between_keys_by_hand_are_followed_too(armature: Any) -> None:
    tracks = PoseTracks({"LeftArm": oracle_turn(60)}, {})
    properties = {GENERATION: "g", TAKE: 1, TAKES: 1}
    action = keys.write(armature, tracks, np.arange(1.0, 61), action_name="x", properties=properties)
    curves = animated(armature, action)[0].curves.values()
    for curve in curves:
        curve.keyframe_points[30].type = "KEYFRAME"
        curve.keyframe_points[30].interpolation = "LINEAR"
        curve.update()
    before = sample(armature, BETWEEN[: 59 * 8], ["LeftArm"]).rotations["LeftArm"]
    takes.bake(armature, Tolerance())
    assert degrees(before, sample(armature, BETWEEN[: 59 * 8], ["LeftArm"]).rotations["LeftArm"]).max() <= 0.5
    assert all(31.0 in [point.co[0] for point in curve.keyframe_points] for curve in curves)


def test_a_strip_of_the_nla_is_baked_too(armature: Any) -> None:
    tracks = PoseTracks({"LeftArm": oracle_turn(40)}, {})
    keys.write(
        armature, tracks, np.arange(1.0, 41), action_name="x", properties={GENERATION: "g", TAKE: 1, TAKES: 1},
        destination="nla",
    )  # fmt: skip
    assert takes.bake(armature, Tolerance())[1].after < 40


def oracle_turn(frames: int) -> Array:
    half = np.linspace(0, 1, frames) ** 2
    return np.stack([np.cos(half), 0 * half, np.sin(half), 0 * half], axis=-1)


@pytest.mark.parametrize("wrong", [{"degrees": 0.0}, {"metres": -1.0}, {"planted": float("nan")}])
def test_a_tolerance_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(MotionError, match="above zero"):
        Tolerance(**wrong)


class TestRead:
    @pytest.mark.parametrize("mode", ["QUATERNION", "YZX", "AXIS_ANGLE"])
    def test_samples_are_what_blender_plays_at_any_time(self, armature: Any, mode: str) -> None:
        for posed in armature.pose.bones:
            posed.rotation_mode = mode
        armature.pose.bones["Spine"].scale = (1.2, 1.2, 1.2)
        walk(armature, 20)
        times = [1.0, 3.25, 9.5, 20.0, 40.0]
        found = sample(armature, times)
        for i, time in enumerate(times):
            bpy.context.scene.frame_set(int(time), subframe=time % 1)
            for name in ("Hips", "LeftArm", "RightLeg", "Spine", "Head"):
                location, rotation, scale = armature.pose.bones[name].matrix_basis.decompose()
                assert abs(np.dot(rotation, found.rotations[name][i])) == pytest.approx(1, abs=1e-6)
                assert found.locations[name][i] == pytest.approx(np.array(location), abs=1e-6)
                assert found.scales[name][i] == pytest.approx(np.array(scale), abs=1e-6)

    def test_the_frame_is_as_it_was_after_stepping(self, armature: Any) -> None:
        scene = bpy.context.scene
        scene.frame_set(7, subframe=0.25)

        def fail_half_way() -> None:
            with stepping(scene) as step:
                step(3.5)
                assert (scene.frame_current, scene.frame_subframe) == (3, 0.5)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()
        assert (scene.frame_current, scene.frame_subframe) == (7, 0.25)
        assert sample(armature, [1.0]).object_location is None

    def test_constraints_and_drivers_are_told(self, armature: Any) -> None:
        constraint = armature.pose.bones["LeftHand"].constraints.new("COPY_ROTATION")
        constraint.target, constraint.subtarget = armature, "Head"
        armature.pose.bones["Head"].constraints.new("LIMIT_SCALE")
        armature.pose.bones["Neck"].driver_add("location", 1)
        armature.pose.bones["Spine"]["own"] = 1.0
        armature.pose.bones["Spine"].driver_add('["own"]')
        assert driven(armature) == {"LeftHand", "Neck"}

    def test_an_unknown_bone_is_a_sentence(self, armature: Any) -> None:
        with pytest.raises(MotionError, match="Tail"):
            sample(armature, [1.0], ["Tail"])
        assert compat.bag_of(walk(armature, 5), armature) is not None
