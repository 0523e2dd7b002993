"""How the joints of a rig move with the bones that an edit may change. NumPy alone.

A change of a pose is a row of numbers: for every bone that may turn a rotation vector in its own axes, radians, for
every one that may move a shift of its location channels, in legs' lengths, and the same for the object. Of a bone with
locks it is the nearest turn that leaves these alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import from_axis_angle, inverse, multiply, normalize, rotate

from ..keys.locks import Held, nearest
from ..keys.object_space import ObjectSpace
from ..retarget import PoseSamples
from ..retarget.from_rig import basis_of
from ..retarget.ik_controls import hinge_at_rest
from ..retarget.posing import Posing, compose, rotation_of
from ..retarget.rest import LIMBS, read_rest
from ..rig import RigMap, RigSnapshot
from .anchoring import to_vector
from .chosen import OBJECT, upstream

Array = NDArray[np.floating]
Rows = NDArray[np.int_]

SMALL = 1e-4
"""By how much a pose is changed to see how its joints move."""
SLENDER = 0.1
"""Legs' lengths: what turning a bone about itself counts as moving."""
SIDEWAYS = 3.0
"""The same for turning elbows and knees otherwise than about their hinge."""


@dataclass(frozen=True)
class Joints:
    """A rig's joints, and the heads of bones that carry them all. names: of joints, or what is no name of one; points:
    (bone, place in its axes) of each; used: the bones that they hang on;
    leg: length of the rig's legs, in its own units; size: one of these in the world."""

    rig: RigSnapshot
    names: tuple[str, ...]
    points: tuple[tuple[str, Array], ...]
    used: frozenset[str]
    leg: float
    size: float

    def places(self, samples: PoseSamples) -> Array:
        """Where the points are in the world, [T, P, 3]."""
        count = len(next(iter(samples.rotations.values())))
        posing = Posing(self.rig, {}, basis=basis_of(self.rig, only(samples, self.used)))
        world, found = world_of(self.rig, samples), np.empty((count, len(self.points), 3))
        for k, (bone, inside) in enumerate(self.points):
            place = posing.pose(bone) @ np.append(inside, 1.0)
            found[:, k] = (world @ place[..., None])[:, :3, 0]
        return found

    def unit(self, bone: str) -> float:
        """One leg's length in a bone's location channels, or in the world for those of the object."""
        return self.leg * (self.size if bone == OBJECT else 1.0)

    def only(self, which: Sequence[bool]) -> Joints:
        """Those of the joints [P] that are chosen."""
        names = tuple(it for it, kept in zip(self.names, which, strict=True) if kept)
        return replace(self, names=names, points=tuple(it for it, kept in zip(self.points, which, strict=True) if kept))


def joints_of(rig: RigSnapshot, rig_map: RigMap) -> Joints:
    """The joints of the mapped bones, and of bones whose tail is one; and what carries the body, if it is another."""
    rest = read_rest(rig, rig_map)
    points = {joint: (bone, np.zeros(3)) for joint, bone in rig_map.bones.items()} | dict(rest.ends)
    carriers = {rig_map.carrier, rig_map.root} - {None, *rig_map.bones.values()}
    points |= {f"“{bone}”": (bone, np.zeros(3)) for bone in sorted(it for it in carriers if it is not None)}
    size = float(np.cbrt(np.abs(np.linalg.det(rig.world[:3, :3]))))
    return Joints(rig, tuple(points), tuple(points.values()), upstream(rig, rig_map.bones.values()), rest.leg, size)


@dataclass(frozen=True)
class Freedoms:
    """turned: bones that may turn; shifted: (bone, axis) of location channels that may change; "" is the object. held:
    what is locked of what turns, at the frames of the samples; space: that of the object's channels."""

    joints: Joints
    rig_map: RigMap
    turned: tuple[str, ...]
    shifted: tuple[tuple[str, int], ...]
    held: Mapping[str, Held] = field(default_factory=dict[str, Held])
    space: ObjectSpace = field(default_factory=ObjectSpace)

    def __len__(self) -> int:
        return 3 * len(self.turned) + len(self.shifted)

    def at(self, rows: Rows) -> Freedoms:
        """The same for samples at these rows."""
        return replace(self, held={bone: it.at(rows) for bone, it in self.held.items()}) if self.held else self

    def changed(self, samples: PoseSamples, change: Array) -> PoseSamples:
        """The samples [T] with a change [T, n]; where it is zero they keep their very numbers."""
        rotations, locations = dict(samples.rotations), dict(samples.locations)
        place, heading = samples.object_location, samples.object_rotation
        for k, bone in enumerate(self.turned):
            vector = change[:, 3 * k : 3 * k + 3]
            turn = from_axis_angle(normalize(vector), np.linalg.norm(vector, axis=-1))
            if bone == OBJECT and heading is not None:
                turned = multiply(normalize(heading), turn)
                turned = self.space.kept_headings(self.held[bone], turned) if bone in self.held else turned
                heading = _where(vector, turned, heading)
            else:
                turned = multiply(normalize(rotations[bone]), turn)
                turned = nearest(self.held[bone], turned) if bone in self.held else turned
                rotations[bone] = _where(vector, turned, rotations[bone])
        for k, (bone, axis) in enumerate(self.shifted, 3 * len(self.turned)):
            shift = self.joints.unit(bone) * change[:, k, None] * self._direction(bone, axis)
            if bone == OBJECT and place is not None:
                place = _where(shift, place + shift, place)
            else:
                locations[bone] = _where(shift, locations[bone] + shift, locations[bone])
        return PoseSamples(rotations, locations, samples.scales, place, heading)

    def between(self, samples: PoseSamples, pair: tuple[int, int], seam: tuple[int, int], share: float) -> Array:
        """The change [n] of the second frame of `seam` after which it is as far from the first as `share` of the way
        from one frame of `pair` to the other."""
        result = np.zeros(len(self))
        for k, bone in enumerate(self.turned):
            track = samples.object_rotation if bone == OBJECT else samples.rotations[bone]
            if track is not None:
                a, b, still, now = (normalize(track[it]) for it in (*pair, *seam))
                way = share * to_vector(multiply(inverse(a), b))
                goal = multiply(still, from_axis_angle(normalize(way), np.linalg.norm(way, axis=-1)))
                result[3 * k : 3 * k + 3] = to_vector(multiply(inverse(now), goal))
        for k, (bone, axis) in enumerate(self.shifted, 3 * len(self.turned)):
            track = samples.object_location if bone == OBJECT else samples.locations[bone]
            if track is not None:
                a, b, still, now = (track[it] for it in (*pair, *seam))
                result[k] = (still + share * (b - a) - now) @ self._direction(bone, axis) / self.joints.unit(bone)
        return result

    def _direction(self, bone: str, axis: int) -> Array:
        """Of a location channel [3]: in the bone's own axes, of the object in the world."""
        return self.space.axis(axis) if bone == OBJECT else np.eye(3)[axis]

    def derivatives(self, samples: PoseSamples, change: Array) -> Array:
        """How the places of the joints move [T, P, 3, n] with a change of the samples [T] that is `change` [T, n] so
        far, by small steps of it."""
        count, width = len(next(iter(samples.rotations.values()))), len(self)
        steps = np.concatenate([np.zeros((1, width)), SMALL * np.eye(width)])
        changes = (steps[:, None] + change).reshape(-1, width)
        rows = np.tile(np.arange(count), width + 1)
        stacked = taken(only(samples, self.joints.used), rows)
        moved = self.joints.places(self.at(rows).changed(stacked, changes))
        moved = moved.reshape(width + 1, count, len(self.joints.points), 3)
        return np.moveaxis((moved[1:] - moved[0]) / SMALL, 0, -1)

    def stiffness(self) -> Array:
        """What a change costs besides the joints that it moves, [n, n], in square metres of the world."""
        result = SLENDER**2 * np.eye(len(self))
        for column, axis, _ in self.hinges():
            result[column : column + 3, column : column + 3] += SIDEWAYS**2 * (np.eye(3) - np.outer(axis, axis))
        return (self.joints.leg * self.joints.size) ** 2 * result

    def hinges(self) -> list[tuple[int, Array, tuple[str, str, str]]]:
        """Of elbows and knees that may turn: their first column, their hinge in their own axes, and the limb's bones;
        turning about the hinge bends them."""
        rig, found = self.joints.rig, list[tuple[int, Array, tuple[str, str, str]]]()
        for start, middle, end in LIMBS:
            first, bone, last = (self.rig_map.bones.get(it, "") for it in (start, middle, end))
            if bone in self.turned and first in rig.bones and last in rig.bones:
                axis = rig.bones[bone].rest[:3, :3].T @ hinge_at_rest(rig, (first, bone, last))
                found.append((3 * self.turned.index(bone), normalize(axis), (first, bone, last)))
        return found

    def bends(self, samples: PoseSamples) -> Array:
        """How far elbows and knees are bent [T, H], radians, negative where they are bent the wrong way."""
        posing = Posing(self.joints.rig, {}, basis=basis_of(self.joints.rig, only(samples, self.joints.used)))
        count, hinges = len(next(iter(samples.rotations.values()))), self.hinges()
        result = np.zeros((count, len(hinges)))
        for k, (_, axis, bones) in enumerate(hinges):
            start, middle, end = (posing.pose(it)[:, :3, 3] for it in bones)
            across = np.cross(middle - start, end - middle)
            turned = rotate(rotation_of(posing.pose(bones[1])), np.broadcast_to(axis, across.shape))
            result[:, k] = np.arctan2(
                np.sum(across * turned, axis=-1), np.sum((middle - start) * (end - middle), axis=-1)
            )
        return result


def freedoms_of(
    joints: Joints,
    rig_map: RigMap,
    samples: PoseSamples,
    turning: Iterable[str],
    moving: Iterable[str],
    held: Mapping[str, Held],
    space: ObjectSpace,
) -> Freedoms:
    """Of the bones that may turn and of those that may move (their locations) those on which a joint hangs, as far as
    their channels are not locked; "" is the object, where it is animated. held: what is locked of their rotations;
    space: that of the object's channels."""
    rig = joints.rig
    wholly = {it for it, its in held.items() if its.locks.wholly}
    turned = sorted(({*turning} & joints.used) - wholly)
    shifted = [
        (it, axis)
        for it in sorted({*moving} & joints.used)
        for axis in range(3)
        if not (rig.bones[it].connected or rig.bones[it].lock_location[axis])
    ]
    if OBJECT in {*turning} - wholly and samples.object_rotation is not None:
        turned.append(OBJECT)
    if OBJECT in moving and samples.object_location is not None:
        shifted += [(OBJECT, axis) for axis in range(3) if not space.lock_location[axis]]
    kept = {bone: held[bone] for bone in turned if bone in held}
    return Freedoms(joints, rig_map, tuple(turned), tuple(shifted), kept, space)


def world_of(rig: RigSnapshot, samples: PoseSamples) -> Array:
    """The object's matrices [T or 1, 4, 4]."""
    if samples.object_location is None or samples.object_rotation is None:
        return rig.world[None]
    size = np.linalg.norm(rig.world[:3, :3], axis=0).mean()
    return compose(normalize(samples.object_rotation), samples.object_location, np.array(size))


def taken(samples: PoseSamples, rows: Rows) -> PoseSamples:
    """The samples at these rows of theirs; what is constant is repeated."""

    def at(values: Array) -> Array:
        return values[rows] if len(values) > 1 else np.broadcast_to(values, (len(rows), values.shape[1]))

    def each(tracks: Mapping[str, Array]) -> dict[str, Array]:
        return {bone: at(values) for bone, values in tracks.items()}

    return PoseSamples(
        each(samples.rotations),
        each(samples.locations),
        each(samples.scales),
        None if samples.object_location is None else at(samples.object_location),
        None if samples.object_rotation is None else at(samples.object_rotation),
    )


def only(samples: PoseSamples, bones: Collection[str]) -> PoseSamples:
    """The samples of these bones."""

    def of(tracks: Mapping[str, Array]) -> dict[str, Array]:
        return {bone: values for bone, values in tracks.items() if bone in bones}

    return replace(samples, rotations=of(samples.rotations), locations=of(samples.locations), scales=of(samples.scales))


def _where(change: Array, changed: Array, kept: Array) -> Array:
    """Rows of `changed` [T, n] where the change [T, m] is not zero, else of `kept`."""
    return np.where(change.any(axis=-1, keepdims=True), changed, kept)
