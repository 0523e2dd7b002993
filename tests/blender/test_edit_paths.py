"""Motions along curve objects, with the bundled model: the hips as Blender evaluates them against the line itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_blender import api, process
from mdm_blender.editing.path import by_length, longest, read_way
from mdm_core.errors import MotionError
from tests.blender.addon.test_edit import assert_same_outside, kept
from tests.blender.conftest import WALKERS
from tests.blender.seen import matrices

Array = NDArray[np.float64]
STEPS = 6
RADIUS = 2.0
BESIDE = 0.04
"""Metres that the head of a rig's hip bone may be away from the model's pelvis, which is what follows the line."""


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


def curve(points: Any, *, kind: str = "POLY", thick: float = 0.0) -> Any:
    """A curve object through the points."""
    data = bpy.data.curves.new("Way", "CURVE")
    data.dimensions, data.bevel_depth = "3D", thick
    spline = data.splines.new(kind)
    spline.points.add(len(points) - 1)
    for place, point in zip(points, spline.points, strict=True):
        point.co = (*place, 1.0)
    made = bpy.data.objects.new("Way", data)
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.update()
    return made


def arc(centre: Array, start: Array, radians: float) -> Any:
    """A curve that turns about a vertical axis from the start on, leftwards, at uneven distances of its points."""
    spoke = start - centre
    angles = radians * np.linspace(0, 1, 60) ** 1.5
    turned = [
        centre + [c * spoke[0] - s * spoke[1], s * spoke[0] + c * spoke[1], 0.0]
        for c, s in zip(np.cos(angles), np.sin(angles), strict=True)
    ]
    return curve(turned)


def facing(hips: dict[str, Array], left: str, right: str) -> Array:
    """Where the hips look over the ground [T, 2]: across their line, forward."""
    across = hips[left][:, :2, 3] - hips[right][:, :2, 3]
    return np.stack([across[:, 1], -across[:, 0]], axis=-1) / np.linalg.norm(across, axis=-1, keepdims=True)


@pytest.mark.parametrize("kind", WALKERS)
def test_a_new_motion_follows_the_curve_evenly_and_looks_along_it(walkers: Callable[[str], Any], kind: str) -> None:
    rig = walkers(kind)
    bones = api.detect(rig).bones
    centre, start = np.array([3.0, 1.0, 0.0]), np.array([3.0, 1.0 - RADIUS, 0.0])
    way = arc(centre, start, 2.0)
    (action,) = api.generate(rig, "a person walks forward", seconds=4.0, frame_start=10, seed=5, path=way, steps=STEPS)
    first, last = (int(it) for it in action.frame_range)
    assert (first, last) == (10, 10 + 4 * bpy.context.scene.render.fps)
    hips = matrices(rig, [bones["pelvis"], bones["left_hip"], bones["right_hip"]], range(first, last + 1))
    spokes = hips[bones["pelvis"]][:, :2, 3] - centre[:2]
    assert np.abs(np.linalg.norm(spokes, axis=-1) - RADIUS).max() < BESIDE
    angles = np.unwrap(np.arctan2(spokes[:, 1], spokes[:, 0]))
    np.testing.assert_allclose((angles - angles[0]) * RADIUS, np.linspace(0, 2.0 * RADIUS, len(angles)), atol=0.08)
    ahead = np.stack([-spokes[:, 1], spokes[:, 0]], axis=-1) / np.linalg.norm(spokes, axis=-1, keepdims=True)
    looks = facing(hips, bones["left_hip"], bones["right_hip"])
    turn = np.degrees(np.arctan2(looks[:, 0] * ahead[:, 1] - looks[:, 1] * ahead[:, 0], (looks * ahead).sum(axis=1)))
    assert np.abs(turn).max() < 45, "hips swing with the steps, but not farther"
    assert abs(turn.mean()) < 10


def test_an_edit_follows_the_curve_in_its_frames_and_nothing_else_changes(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Rigify")
    bones, original = api.detect(rig).bones, rig.animation_data.action
    hips = matrices(rig, [bones["pelvis"]], range(1, 96))[bones["pelvis"]][:, :3, 3]
    # out to the left and back onto the old way
    share = np.linspace(0, 1, 30)[:, None]
    line = hips[29] + share * (hips[79] - hips[29]) + np.sin(np.pi * share) ** 2 * [0.4, 0.0, 0.0]
    everything = tuple(bone.name for bone in rig.pose.bones)
    before = kept(original, 31, 79, everything)
    edited = api.regenerate(rig, frames=(31, 79), path=curve(line), facing="free", blend=0, seed=1, steps=STEPS)
    assert_same_outside(before, kept(edited, 31, 79, everything))
    now = matrices(rig, [bones["pelvis"]], range(40, 71))[bones["pelvis"]][:, :3, 3]
    aside = np.array([np.interp(y, line[::-1, 1], line[::-1, 0]) for y in now[:, 1]])
    assert np.abs(now[:, 0] - aside).max() < 2 * BESIDE
    assert (now[:, 0] - hips[39:70, 0]).max() > 0.3


@pytest.mark.usefixtures("empty")
def test_a_way_is_read_in_the_world_at_even_distances() -> None:
    made = curve([(0, 0, 0), (1, 0, 0), (1, 3, 0)])
    made.location, made.rotation_euler, made.scale = (5, 0, 2), (0, 0, np.pi / 2), (2, 2, 2)
    bpy.context.view_layer.update()
    points = np.array(read_way(made).points)
    np.testing.assert_allclose(points[0], (5, 0, 2), atol=1e-5)
    np.testing.assert_allclose(points[-1], (5 - 6, 2, 2), atol=1e-5)
    way = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1)))
    assert way[-1] == pytest.approx(8, abs=0.1)  # chords cut the corner


@pytest.mark.usefixtures("empty")
def test_thick_and_filled_curves_are_read_as_their_line() -> None:
    points = [(0, 0, 0), (1, 0.5, 0), (2, 0, 0), (3, 1, 0)]
    thin, count = np.array(read_way(curve(points)).points), len(bpy.data.curves)
    thick = curve(points, thick=0.3)
    np.testing.assert_allclose(np.array(read_way(thick).points), thin, atol=1e-5)
    assert (len(bpy.data.curves), thick.data.bevel_depth) == (count + 1, pytest.approx(0.3))


@pytest.mark.usefixtures("empty")
def test_what_is_no_way_is_refused_in_a_sentence() -> None:
    lamp = bpy.data.objects.new("Empty", None)
    point = curve([(1, 1, 1), (1, 1, 1)])
    for thing, facing_, words in (
        (lamp, "along", "curve object"),
        (None, "along", "curve object"),
        (point, "along", "no length"),
        (curve([(0, 0, 0), (1, 0, 0)]), "back", "facing"),
    ):
        with pytest.raises(MotionError, match=words):
            read_way(thing, facing_)


def test_upright_ways_are_refused_and_hasty_ones_said(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    with pytest.raises(MotionError, match="lay it flat"):
        api.generate(rig, "a person walks", seconds=2.0, path=curve([(0, 0, 0), (0, 0, 5)]), steps=STEPS)
    (action,) = api.generate(
        rig, "a person runs", seconds=2.0, frame_start=1, path=curve([(0, 0, 0), (0, -12, 0)]), steps=STEPS
    )
    assert "6.0 m/s" in action["mdm_notes"]


def test_the_longest_line_is_walked_from_its_first_point() -> None:
    points = np.array([[9, 9], [9, 8], [0, 0], [1, 0], [3, 0], [3, 1]], dtype=float)
    edges = np.array([[0, 1], [3, 2], [3, 4], [4, 5]])
    np.testing.assert_array_equal(longest(points, edges), points[2:])
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    walked = longest(ring, np.array([[0, 1], [1, 2], [2, 3], [3, 0]]))
    assert len(walked) == 5
    np.testing.assert_array_equal(walked[0], walked[-1])
    np.testing.assert_allclose(np.linalg.norm(np.diff(by_length(points[2:], 9), axis=0), axis=-1)[:5], 0.5)
