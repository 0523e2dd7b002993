"""A curve object as a way for the hips: its line read from Blender, measured along it, laid on the motion's ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, get_args

import bpy
import numpy as np
from numpy.typing import NDArray

from mdm_core.editing.request import Facing, GroundPath
from mdm_core.errors import MotionError

from .space import Space

Array = NDArray[np.floating]
MOST_POINTS, FEWEST_POINTS = 256, 96
"""Corners of a line are cut by what lies between two points, so even a line of two or three gets many."""
THICKNESS = ("bevel_depth", "extrude", "offset")
FAST = 4.0
"""Metres a second, from which a sentence is said: the fastest runs that the model has seen."""


@dataclass(frozen=True)
class Way:
    """A line in Blender's world, evenly measured: points (x, y, z). name: of the curve object that it was read from."""

    points: tuple[tuple[float, float, float], ...]
    facing: Facing = "along"
    name: str = ""


def read_way(curve: Any, facing: Facing = "along") -> Way:
    """The way along a curve object as it is now, with its modifiers; of several splines the longest.

    Raises MotionError for another kind of object, and for a curve without length.
    """
    if not isinstance(curve, bpy.types.Object) or curve.type != "CURVE":
        raise MotionError("The path must be a curve object; add one with Add > Curve, and choose it.")
    if facing not in get_args(Facing):
        raise MotionError(f'The facing on a path is "along" or "free", not "{facing}".')
    line = longest(*_wire(curve))
    matrix = np.array(curve.matrix_world, dtype=np.float64)
    line = line @ matrix[:3, :3].T + matrix[:3, 3]
    if not np.isfinite(line).all() or length(line) < 1e-6:
        raise MotionError(f"The curve “{curve.name}” has no length: draw a line that the character can follow.")
    even = by_length(line, int(np.clip(4 * len(line), FEWEST_POINTS, MOST_POINTS)))
    return Way(tuple((float(x), float(y), float(z)) for x, y, z in even), facing, curve.name)


def way_from(values: Any) -> Way | None:
    """The way from what JSON made of it."""
    if values is None:
        return None
    return Way(tuple((x, y, z) for x, y, z in values["points"]), values["facing"], values["name"])


def ground_path(way: Way, space: Space) -> GroundPath:
    """The way on the ground of the motion; heights are left out. MotionError where it goes straight up."""
    points = space.to_motion(np.array(way.points))[:, [0, 2]]
    if length(points) < 1e-3:
        raise MotionError(f"The curve “{way.name}” has no length on the ground: lay it flat.")
    return GroundPath(tuple((float(x), float(z)) for x, z in points), way.facing)


def pace_note(way: Way, space: Space, seconds: float) -> str:
    """A sentence where nobody goes the way in that time; else empty."""
    metres = length(np.array(ground_path(way, space).points))
    speed = metres / max(seconds, 1e-6)
    if speed <= FAST:
        return ""
    return f"The path is {metres:.1f} m long, which is {speed:.1f} m/s: give it more time, or a shorter curve."


def _wire(curve: Any) -> tuple[Array, NDArray[np.int_]]:
    """Vertices [N, 3] and edges [E, 2] of the curve's line, in its own space, without its thickness."""
    thick = curve.data.bevel_object is not None or any(getattr(curve.data, name) for name in THICKNESS)
    if not thick:
        return _mesh(curve.evaluated_get(bpy.context.evaluated_depsgraph_get()))
    copy = curve.copy()
    copy.data = curve.data.copy()
    try:
        copy.data.bevel_object = None
        for name in THICKNESS:
            setattr(copy.data, name, 0.0)
        return _mesh(copy)
    finally:
        data = copy.data
        bpy.data.objects.remove(copy)
        bpy.data.curves.remove(data)


def _mesh(owner: Any) -> tuple[Array, NDArray[np.int_]]:
    mesh = owner.to_mesh()
    if mesh is None:
        return np.zeros((0, 3)), np.zeros((0, 2), dtype=int)
    try:
        points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", points)
        edges = np.empty(2 * len(mesh.edges), dtype=np.int32)
        mesh.edges.foreach_get("vertices", edges)
    finally:
        owner.to_mesh_clear()
    return points.reshape(-1, 3).astype(np.float64), edges.reshape(-1, 2).astype(int)


def longest(points: Array, edges: NDArray[np.int_]) -> Array:
    """The longest of the lines [P, 3] that the edges make, from its first point on; a closed one comes back to it."""
    after: dict[int, list[int]] = {}
    for a, b in edges.tolist():
        after.setdefault(a, []).append(b)
        after.setdefault(b, []).append(a)
    left, lines = set(after), [points[:0]]
    while left:
        ends = [vertex for vertex in left if len(after[vertex]) == 1]
        at: int | None = min(ends or left)
        walked = [at]
        while at is not None:
            left.discard(at)
            at = min((it for it in after[at] if it in left), default=None)
            if at is not None:
                walked.append(at)
        if walked[0] in after[walked[-1]] and len(walked) > 2:
            walked.append(walked[0])
        lines.append(points[walked])
    return max(lines, key=length)


def length(line: Array) -> float:
    """Of a line through points [P, n]."""
    return float(np.linalg.norm(np.diff(line, axis=0), axis=-1).sum())


def by_length(line: Array, count: int) -> Array:
    """`count` points [count, n] on a line through points [P, n], as far from each other along it."""
    way = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=-1)))
    at = np.linspace(0.0, way[-1], count)
    return np.stack([np.interp(at, way, axis) for axis in line.T], axis=-1)


def frames_for(seconds: float, rate: float) -> int:
    """How many scene frames, the last included, a motion of that length has."""
    return math.floor(seconds * rate + 1e-6) + 1
