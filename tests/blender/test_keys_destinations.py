"""Where keys go in real Blender: into the assigned action, a shared one, a strip of the NLA; what stays bit for bit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import compat, keys
from mdm_blender.keys.actions import NOTES
from mdm_blender.keys.curves import ENUMS, POINTS, dense, read, splice_dense, spliced
from mdm_blender.keys.curves import write as rewrite
from mdm_blender.retarget import PoseTracks
from mdm_blender.rig import Switch
from mdm_core.errors import MotionError
from tests.blender.conftest import build
from tests.rig.skeletons import MIXAMO, humanoid

Array = NDArray[np.float64]
ARM, HIPS = 'pose.bones["LeftArm"].rotation_quaternion', 'pose.bones["Hips"].location'
SLOTS = "slots" in bpy.types.Action.bl_rna.properties


@pytest.fixture
def armature(empty: Any) -> Any:
    empty.render.fps, empty.render.fps_base = 24, 1.0
    return build(humanoid(MIXAMO, rolls=3))


def write(armature: Any, first: float = 40.0, count: int = 21, **more: Any) -> Any:
    """A quarter turn of the left arm and a step forward, from `first` on."""
    angle = np.linspace(0, np.pi / 4, count)
    rotation = np.stack([np.cos(angle), np.sin(angle), 0 * angle, 0 * angle], axis=-1)
    location = np.stack([0 * angle, angle, 0 * angle], axis=-1)
    tracks = PoseTracks({"LeftArm": rotation}, {"Hips": location}, more.pop("switches", ()))
    destination = more.pop("destination", "current_action")
    frames = first + np.arange(float(count))
    return keys.write(armature, tracks, frames, action_name="step", properties={}, destination=destination)


def by_hand(armature: Any, frames: tuple[int, ...] = (1, 20, 35, 50, 60, 61, 80, 110)) -> Any:
    """An animator's action: two bones keyed with all kinds of keys."""
    random = np.random.default_rng(5)
    for bone, path in (("LeftArm", "rotation_quaternion"), ("Hips", "location"), ("RightLeg", "rotation_quaternion")):
        for frame in frames:
            values = random.normal(size=3 if path == "location" else 4)
            setattr(armature.pose.bones[bone], path, values)
            armature.pose.bones[bone].keyframe_insert(path, frame=frame)
    for curve in curves(armature).values():
        for point, handle in zip(
            curve.keyframe_points, ("AUTO", "FREE", "AUTO_CLAMPED", "ALIGNED", "VECTOR") * 2, strict=False
        ):
            point.handle_left_type = point.handle_right_type = handle
            point.select_control_point = bool(point.co[0] % 2)
        curve.keyframe_points[1].type = "EXTREME"
        curve.keyframe_points[6].interpolation = "ELASTIC"
        curve.keyframe_points[6].amplitude = 0.3
        curve.update()
    action = armature.animation_data.action
    action.name = "by hand"
    return action


def curves(armature: Any) -> dict[tuple[str, int], Any]:
    bag = compat.channels_of(armature.animation_data.action, armature)
    assert bag is not None
    return {(curve.data_path, curve.array_index): curve for curve in bag.fcurves}


def everything(curve: Any, keep: Any = lambda frame: True) -> list[tuple[Any, ...]]:
    """All that each key holds; a handle type is left out, as the keys beside a range lose an automatic one."""
    return [
        (
            *point.co, *point.handle_left, *point.handle_right, point.interpolation, point.easing, point.type,
            point.amplitude, point.back, point.period, point.select_control_point,
        )
        for point in curve.keyframe_points
        if keep(point.co[0])
    ]  # fmt: skip


class TestCurrentAction:
    def test_other_frames_and_channels_stay_bit_for_bit(self, armature: Any) -> None:
        action = by_hand(armature)
        old = {name: everything(curve) for name, curve in curves(armature).items()}
        dense = np.arange(-10.0, 35.01, 0.25), np.arange(61.0, 130, 0.25)
        played = {name: [[c.evaluate(f) for f in part] for part in dense] for name, c in curves(armature).items()}
        assert write(armature) == action
        assert armature.animation_data.action == action and len(bpy.data.actions) == 1
        for name, curve in curves(armature).items():
            assert [[curve.evaluate(f) for f in part] for part in dense] == played[name], name
            if "RightLeg" in name[0]:
                assert everything(curve) == old[name]
                continue
            frames = [point.co[0] for point in curve.keyframe_points]
            assert frames == [1, 20, 35, *range(40, 61), 61, 80, 110]
            inside = [point.type for point in curve.keyframe_points if 40 <= point.co[0] <= 60]
            assert set(inside) == {"GENERATED"}
            outside = [point for point in old[name] if not 40 <= point[0] <= 60]
            now = everything(curve, lambda frame: not 40 <= frame <= 60)
            # Before the range up to the last key's own handle, after it from the first key's on.
            assert [p[:4] for p in now[:3]] == [p[:4] for p in outside[:3]]
            assert now[:2] == outside[:2] and now[4:] == outside[4:]
            assert [(*p[:2], *p[4:]) for p in now[3:]] == [(*p[:2], *p[4:]) for p in outside[3:]]

    def test_writing_the_same_again_changes_nothing(self, armature: Any) -> None:
        by_hand(armature)
        write(armature)
        once = {name: everything(curve) for name, curve in curves(armature).items()}
        write(armature)
        assert {name: everything(curve) for name, curve in curves(armature).items()} == once

    @pytest.mark.parametrize("first", [-30.0, 20.0, 41.0, 50.0, 75.0, 105.0, 120.0])
    @pytest.mark.parametrize("count", [1, 3, 21])
    def test_what_is_set_in_place_is_what_writing_all_keys_gives(self, armature: Any, first: float, count: int) -> None:
        """Before, between and behind an animator's keys, in place of as many, fewer and more of them."""
        by_hand(armature)
        action = armature.animation_data.action
        copy = action.copy()
        frames = first + np.arange(float(count))
        made = dense(frames, np.sin(frames))
        for one in compat.own_channels(armature).fcurves:
            splice_dense(one, made, frames[0], frames[-1])
        for other in compat.bag_of(copy, armature).fcurves:
            rewrite(other, spliced(read(other), made, float(frames[0]), float(frames[-1])))
        pairs = zip(compat.own_channels(armature).fcurves, compat.bag_of(copy, armature).fcurves, strict=True)
        for one, other in pairs:
            for name in (*POINTS, *ENUMS):
                assert np.array_equal(read(one).attributes[name], read(other).attributes[name]), name

    def test_without_an_action_it_is_a_new_one(self, armature: Any) -> None:
        assert write(armature).name == "step"
        assert len(curves(armature)) == 7

    def test_an_action_without_anything_in_it_is_used(self, armature: Any) -> None:
        armature.animation_data_create().action = action = bpy.data.actions.new("empty")
        assert write(armature) == action
        bpy.context.scene.frame_set(60)
        assert armature.pose.bones["LeftArm"].matrix_basis.to_quaternion().angle > 1

    def test_a_switch_is_on_in_the_range_and_as_it_was_around_it(self, armature: Any) -> None:
        armature.pose.bones["Hips"]["IK_FK"] = 0.25
        by_hand(armature)
        write(armature, switches=(Switch("Hips", "IK_FK", 1.0),))
        seen: list[float] = []
        for frame in (1, 39, 40, 50, 60, 61, 110):
            bpy.context.scene.frame_set(frame)
            seen.append(armature.pose.bones["Hips"]["IK_FK"])
        assert seen == [0.25, 0.25, 1.0, 1.0, 1.0, 0.25, 0.25]

    def test_a_keyed_switch_plays_on_after_the_range(self, armature: Any) -> None:
        hips = armature.pose.bones["Hips"]
        by_hand(armature)
        for frame, value in ((1, 0.0), (50, 1.0), (70, 0.5)):
            hips["IK_FK"] = value
            hips.keyframe_insert('["IK_FK"]', frame=frame)
        for curve in curves(armature).values():
            if "IK_FK" in curve.data_path:
                for point in curve.keyframe_points:
                    point.interpolation = "CONSTANT"
        write(armature, switches=(Switch("Hips", "IK_FK", 1.0),))
        curve = curves(armature)['pose.bones["Hips"]["IK_FK"]', 0]
        assert [curve.evaluate(frame) for frame in (1, 39, 40, 60, 61, 69, 70, 90)] == [0, 0, 1, 1, 1, 1, 0.5, 0.5]

    @pytest.mark.parametrize("how", ["lock", "mute"])
    def test_locked_and_muted_channels_are_left_and_named(self, armature: Any, how: str) -> None:
        by_hand(armature)
        curve = curves(armature)[HIPS, 1]
        setattr(curve, how, True)
        old = everything(curve)
        action = write(armature)
        assert everything(curves(armature)[HIPS, 1]) == old
        assert "Hips" in action[NOTES] and "\n" not in action[NOTES]
        assert len(curves(armature)[HIPS, 0].keyframe_points) > 8


class TestSharedActions:
    def shared(self, armature: Any) -> tuple[Any, Any]:
        """Another armature that plays the same part of the same action."""
        action = by_hand(armature)
        other = build(humanoid(MIXAMO), name="Other")
        slot = armature.animation_data.action_slot if SLOTS else None
        compat.assign_action(other, action, slot)
        return other, action

    def test_what_another_object_plays_is_copied(self, armature: Any) -> None:
        other, action = self.shared(armature)
        old = {name: everything(curve) for name, curve in curves(other).items()}
        mine = write(armature)
        assert mine == armature.animation_data.action != action
        assert other.animation_data.action == action
        assert {name: everything(curve) for name, curve in curves(other).items()} == old
        assert "Other" in mine[NOTES]
        assert len(curves(armature)[ARM, 0].keyframe_points) > len(old[ARM, 0])

    def test_what_an_own_strip_plays_is_copied(self, armature: Any) -> None:
        action = by_hand(armature)
        strip = armature.animation_data.nla_tracks.new().strips.new("hand", 200, action)
        if SLOTS:
            strip.action_slot = armature.animation_data.action_slot
        mine = write(armature)
        assert mine != action == strip.action
        assert "strip" in mine[NOTES]

    @pytest.mark.skipif(not SLOTS, reason="slots came with Blender 4.4")
    def test_the_slot_of_another_object_stays_bit_for_bit(self, armature: Any) -> None:
        action = by_hand(armature)
        other = build(humanoid(MIXAMO), name="Other")
        other.animation_data_create().action = action
        other.animation_data.action_slot = action.slots.new(id_type="OBJECT", name="Other")
        for frame in (1, 45, 90):
            other.pose.bones["LeftArm"].rotation_quaternion = np.random.default_rng(frame).normal(size=4)
            other.pose.bones["LeftArm"].keyframe_insert("rotation_quaternion", frame=frame)
        old = {name: everything(curve) for name, curve in curves(other).items()}
        assert write(armature) == action
        assert {name: everything(curve) for name, curve in curves(other).items()} == old
        assert NOTES not in action


class TestNla:
    def test_a_strip_plays_the_motion_at_its_frames(self, armature: Any) -> None:
        action = write(armature, first=30.0, destination="nla")
        data = armature.animation_data
        assert data.action is None and len(data.nla_tracks) == 1
        strip = data.nla_tracks[0].strips[0]
        assert (strip.action, strip.frame_start, strip.frame_end, strip.name) == (action, 30, 50, "step")
        bpy.context.scene.frame_set(50)
        assert armature.pose.bones["LeftArm"].matrix_basis.to_quaternion().angle == pytest.approx(np.pi / 2, abs=1e-4)

    def test_strips_never_overlap_and_share_a_track_where_there_is_room(self, armature: Any) -> None:
        for first in (1.0, 100.0, 110.0, 300.0):
            write(armature, first=first, destination="nla")
        tracks = armature.animation_data.nla_tracks
        assert [[strip.frame_start for strip in track.strips] for track in tracks] == [[1, 100], [110, 300]]
        assert [track.name.startswith("MDM") for track in tracks] == [True, True]

    def test_the_action_before_is_pushed_down_and_plays_outside_the_strip(self, armature: Any) -> None:
        action = by_hand(armature)
        curve = curves(armature)[ARM, 1]
        wanted = {frame: curve.evaluate(frame) for frame in (5, 30, 70, 100)}
        old = everything(curve)
        write(armature, destination="nla")
        data = armature.animation_data
        assert data.action is None
        assert [strip.action.name for track in data.nla_tracks for strip in track.strips] == ["by hand", "step"]
        for frame, value in wanted.items():
            bpy.context.scene.frame_set(frame)
            assert armature.pose.bones["LeftArm"].rotation_quaternion[1] == pytest.approx(value, abs=1e-5)
        bpy.context.scene.frame_set(60)
        assert armature.pose.bones["LeftArm"].rotation_quaternion[1] == pytest.approx(np.sin(np.pi / 4), abs=1e-4)
        compat.assign_action(armature, action)
        assert everything(curves(armature)[ARM, 1]) == old

    def test_the_users_tracks_stay_below_as_they_are(self, armature: Any) -> None:
        action = by_hand(armature)
        data = armature.animation_data
        mine = data.nla_tracks.new()
        mine.name, mine.mute, mine.lock = "hand made", True, True
        data.nla_tracks["hand made"].lock = False
        mine.strips.new("hand", 1, action)
        mine.lock = True
        data.action = None
        write(armature, destination="nla")
        assert [(track.name, track.mute, track.lock) for track in data.nla_tracks] == [
            ("hand made", True, True),
            ("MDM", False, False),
        ]

    def test_an_nla_that_is_switched_off_is_refused_for_strips_alone(self, armature: Any) -> None:
        armature.animation_data_create().use_nla = False
        with pytest.raises(MotionError, match="switched off"):
            write(armature, destination="nla")
        assert not bpy.data.actions
        write(armature, destination="new_action")

    @pytest.mark.parametrize("destination", ["new_action", "current_action", "nla"])
    def test_solo_is_refused(self, armature: Any, destination: str) -> None:
        track = armature.animation_data_create().nla_tracks.new()
        track.is_solo = True
        with pytest.raises(MotionError, match="solo"):
            write(armature, destination=destination)
        assert not bpy.data.actions

    def test_an_action_that_is_mixed_with_strips_says_so(self, armature: Any) -> None:
        write(armature, destination="nla")
        armature.animation_data.action_blend_type = "ADD"
        action = write(armature, destination="new_action")
        assert "add" in action[NOTES]


@pytest.mark.parametrize("wrong", ["somewhere", "", None])
def test_an_unknown_destination_is_a_sentence(armature: Any, wrong: Any) -> None:
    with pytest.raises(MotionError, match="new_action, current_action, nla"):
        write(armature, destination=wrong)


def test_object_tracks_are_keys_of_the_object_in_its_parents_space(armature: Any) -> None:
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.location, parent.rotation_euler = (1, 2, 3), (0.2, 0.4, -0.7)
    armature.parent = parent
    armature.rotation_mode = "XZY"
    armature.delta_location = (0.5, 0, 0)
    armature.delta_rotation_euler = (0, 0, 0.3)
    bpy.context.view_layer.update()
    angle = np.linspace(0, 1, 21)
    turned = np.stack([np.cos(angle), 0 * angle, 0 * angle, np.sin(angle)], axis=-1)
    place = np.stack([angle, 2 * angle, 0 * angle], axis=-1)
    tracks = PoseTracks({}, {}, object_location=place, object_rotation=turned)
    action = keys.write(armature, tracks, 1 + np.arange(21.0), action_name="o", properties={})
    for frame in (1, 11, 21):
        bpy.context.scene.frame_set(frame)
        assert np.array(armature.matrix_world.translation) == pytest.approx(place[frame - 1], abs=1e-5)
        assert abs(np.dot(armature.matrix_world.to_quaternion(), turned[frame - 1])) == pytest.approx(1, abs=1e-6)
    assert json.loads(json.dumps(list(action.frame_range))) == [1, 21]
