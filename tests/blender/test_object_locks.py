"""The armature object's own channels: what Blender's tools hold of them when they are locked, how they make its place
in the world, and edits of a body that a locked object carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from mathutils import Euler, Matrix, Quaternion, Vector

from mdm_blender import api, keys, process
from mdm_blender.apply import ApplyOptions
from mdm_blender.keys.actions import NOTES
from mdm_blender.keys.euler import from_mode
from mdm_blender.keys.locks import Held, nearest
from mdm_blender.keys.object_space import object_space
from mdm_blender.keys.targets import bone_target
from mdm_blender.retarget.tracks import PoseTracks
from mdm_core.rotations import normalize
from tests.blender.addon.scene import fcurves, mixamo
from tests.blender.seen import jolts, places, usual_jolt
from tests.blender.test_edit_locks import PROPERTIES, numbers_of, turn_about_all_axes, turned, viewport

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "YZX")
FIRST, LAST, CLIP = 34, 66, 95


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


def standing(*, carried: bool, empty: bool = True) -> Any:
    """A figure whose object stands by itself, or under a turned, larger parent with deltas of its own."""
    bpy.ops.wm.read_factory_settings(use_empty=empty)
    armature = mixamo()
    if carried:
        parent = bpy.data.objects.new("Parent", None)
        bpy.context.scene.collection.objects.link(parent)
        parent.location, parent.rotation_euler, parent.scale = (1.0, 2.0, 3.0), (0.4, -0.3, 0.8), (1.3, 1.3, 1.3)
        armature.parent = parent
        armature.delta_location, armature.delta_rotation_euler = (0.3, 0.1, -0.2), (0.2, 0.1, -0.4)
        armature.delta_rotation_quaternion = Euler((-0.1, 0.3, 0.2)).to_quaternion()
    bpy.context.view_layer.update()
    return armature


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="transform.rotate ends the process of 4.2's module")
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("by_component", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axes", [(False, True, False), (True, False, True)])
def test_blenders_own_tools_hold_the_same_of_an_object(
    mode: str, by_component: bool, axes: tuple[bool, ...], carried: bool
) -> None:
    armature = standing(carried=carried, empty=False)
    for it in bpy.context.scene.objects:
        it.select_set(it == armature)
    armature.rotation_mode, armature.lock_rotations_4d = mode, by_component
    armature.lock_rotation = armature.lock_location = axes
    turned(armature, (0.3, 0.5, -0.2))
    armature.location = (0.1, 0.2, 0.3)
    bpy.context.view_layer.update()
    target, before = bone_target(armature, ""), numbers_of(armature)
    with viewport():
        turn_about_all_axes()
        after, there = numbers_of(armature), np.array(armature.location)
        assert bpy.ops.transform.translate(value=(0.5, 0.7, 0.9)) == {"FINISHED"}
    moved = np.abs(np.array(armature.location) - there)
    assert moved[~np.array(axes)].min() > 0.2, "Blender moved nothing"
    np.testing.assert_array_equal(moved[np.array(target.lock_location)], 0.0)
    assert target.lock_location == axes
    assert np.abs(after - before).max() > 0.02, "Blender turned nothing"
    number = np.array(target.locks.numbers)
    np.testing.assert_allclose(after[number], before[number], atol=1e-6)
    assert number.any() == (by_component or mode not in PROPERTIES)
    came_to = from_mode(after[None], mode)
    if not number.any():
        was, now = (Quaternion(from_mode(it[None], mode)[0]).to_euler("XYZ") for it in (before, after))
        np.testing.assert_allclose(np.array(now)[list(axes)], np.array(was)[list(axes)], atol=1e-5)
    if mode not in PROPERTIES or not by_component:
        # What Blender came to is one of the rotations that leave what is locked, so none is nearer to it.
        assert abs(float((nearest(Held(target.locks, before[None]), came_to) * came_to).sum())) > 1 - 1e-9


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_channels_make_the_place_that_blender_has_and_back(mode: str, carried: bool) -> None:
    armature = standing(carried=carried)
    armature.rotation_mode = mode
    random = np.random.default_rng(3)
    for _ in range(5):
        armature.location = random.normal(size=3)
        turned(armature, tuple(random.normal(size=3)))
        bpy.context.view_layer.update()
        space, own = object_space(armature), normalize(from_mode(numbers_of(armature)[None], mode))
        place, heading, _ = armature.matrix_world.decompose()
        location = np.array(armature.location, dtype=np.float64)[None]
        np.testing.assert_allclose(space.places(location)[0], place, atol=1e-5)
        assert abs(float(space.headings(own)[0] @ np.array(heading))) > 1 - 1e-6
        np.testing.assert_allclose(space.locations(space.places(location)), location, atol=1e-9)
        assert abs(float((space.rotations(space.headings(own)) * own).sum())) > 1 - 1e-12


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_take_on_a_locked_object_is_the_nearest_that_its_channels_leave(mode: str, carried: bool) -> None:
    """No channel that is locked gets keys, and no other value of those that do would bring it nearer in the world."""
    armature, random, order = standing(carried=carried), np.random.default_rng(5), order_of(mode)
    armature.rotation_mode, armature.lock_rotations_4d = mode, False
    armature.lock_rotation = (True, False, False)
    armature.lock_location = (False, False, True)
    turned(armature, (0.2, -0.1, 0.4))
    armature.location = (0.3, -0.2, 0.5)
    bpy.context.view_layer.update()
    held_at = Euler((0.2, -0.1, 0.4)).to_quaternion().to_euler(order)[0]
    into = armature.parent.matrix_world.to_3x3().inverted() if carried else Matrix.Identity(3)
    spots = random.normal(size=(12, 3))
    wanted = normalize(np.array([1.0, 0, 0, 0]) + 0.3 * random.normal(size=(12, 4)))
    tracks = PoseTracks({}, {}, object_location=spots, object_rotation=wanted)
    action = keys.write(armature, tracks, np.arange(1.0, 13.0), action_name="", properties={})
    assert {it.array_index for it in fcurves(action) if it.data_path == "location"} == {0, 1}
    assert "Rig (location Z, rotation X)" in action["mdm_notes"]
    space = object_space(armature)
    for frame, spot, rotation in zip(range(1, 13), spots, wanted, strict=True):
        bpy.context.scene.frame_set(frame)
        off = into @ (armature.matrix_world.translation - Vector(spot))
        assert max(abs(off.x), abs(off.y)) < 1e-5
        assert armature.location[2] == pytest.approx(0.5)
        angles = angles_of(armature, order)
        # Of two triples of angles for one rotation, the other's is half a turn away.
        assert abs(np.sin(angles[0] - held_at)) < 1e-5
        near: dict[tuple[int, int], float] = {}
        for a, b in ((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)):
            own = Euler((angles[0], angles[1] + 0.02 * a, angles[2] + 0.02 * b), order).to_quaternion()
            near[a, b] = abs(float(rotation @ space.headings(np.array(own)[None])[0]))
        assert near[0, 0] >= max(near.values()) - 1e-6, frame


LOCKS: dict[str, dict[str, tuple[bool, ...]]] = {
    "height": {"lock_location": (False, False, True)},
    "sideways": {"lock_location": (True, False, False)},
    "upright": {"lock_rotation": (True, True, False)},
    "heading": {"lock_rotation": (False, False, True)},
    "all": {"lock_rotation": (True, True, True), "lock_location": (True, True, True)},
}
WALK = ApplyOptions(root_motion="object")


@pytest.mark.parametrize(("mode", "carried"), [("XYZ", False), ("QUATERNION", True)])
@pytest.mark.parametrize("locks", LOCKS)
def test_a_locked_object_keeps_its_channels_and_seams_are_as_even_as_the_clip(
    locks: str, mode: str, carried: bool
) -> None:
    armature = standing(carried=carried)
    bpy.context.scene.render.fps = 24
    armature.rotation_mode, armature.lock_rotations_4d = mode, False
    api.generate(armature, "a person walks in a circle", seconds=4.0, frame_start=1, seed=1, options=WALK)
    for name, axes in LOCKS[locks].items():
        setattr(armature, name, axes)
    joints, clip = list(api.detect(armature).bones.values()), range(1, CLIP + 1)
    assert armature.animation_data.action.frame_range[1] == CLIP
    usual, before = usual_jolt(places(armature, joints, clip)), channels_of(armature)
    angles = all_angles(armature)
    edited = api.regenerate(armature, "a person waves", frames=(FIRST, LAST), seed=15, steps=5)
    after = channels_of(armature)
    # Walking on a floor asks for no height and no tilt of what carries the body.
    if not carried:
        assert ("Rig (" in edited.get(NOTES, "")) == (locks in ("sideways", "heading", "all"))
    assert (after == before) == (locks == "all")
    same = [after["location", axis] == before["location", axis] for axis in range(3)]
    assert all(same[axis] for axis in np.flatnonzero(armature.lock_location))
    if not carried:
        assert same[:2] == list(armature.lock_location)[:2]
    for axis in np.flatnonzero(armature.lock_rotation) if mode == "XYZ" else ():
        assert after["rotation_euler", axis] == before["rotation_euler", axis]
    turns = np.abs(np.sin(all_angles(armature) - angles))
    assert turns[:, list(armature.lock_rotation)].max(initial=0.0) < 1e-5
    around = range(FIRST - 2, LAST + 3)
    at = [it - around[1] for it in (FIRST - 1, FIRST, LAST, LAST + 1)]
    for bone, track in places(armature, joints, around).items():
        assert jolts(track)[at].max() <= 1.001 * usual, (bone, jolts(track)[at] / usual)


def channels_of(armature: Any) -> dict[tuple[str, int], str]:
    """The keys of the object's own channels."""
    found: dict[tuple[str, int], str] = {}
    for curve in fcurves(armature.animation_data.action):
        if not curve.data_path.startswith("pose"):
            points = [(*it.co, *it.handle_left, *it.handle_right, it.type) for it in curve.keyframe_points]
            found[curve.data_path, curve.array_index] = repr(points)
    return found


def all_angles(armature: Any) -> Any:
    """XYZ Euler angles [T, 3] of the object's own rotation in the clip."""
    found: list[Any] = []
    for frame in range(1, CLIP + 1):
        bpy.context.scene.frame_set(frame)
        found.append(angles_of(armature, "XYZ"))
    return np.array(found)


def angles_of(armature: Any, order: Any) -> Any:
    """Of the object's own rotation now [3], without its deltas."""
    own = Quaternion(from_mode(numbers_of(armature)[None], armature.rotation_mode)[0])
    return np.array(own.to_euler(order), dtype=np.float64)


def order_of(mode: str) -> Any:
    """That of the Euler angles which locks hold in a mode."""
    return "XYZ" if mode in PROPERTIES else mode
