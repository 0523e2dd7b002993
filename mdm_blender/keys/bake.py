"""Baking a take: generated keys become the animator's own, and as few as keep the motion within a tolerance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .. import rig
from ..retarget.tracks import PoseSamples
from . import curves
from .euler import from_mode
from .planted import Planted, standing_at
from .read import Channels, animated, rotation_property, sample
from .reduce import Fit, played, reduced

Array = NDArray[np.floating]
STRICTER, ATTEMPTS = (0.3, 0.8), 5
"""The least and the most by which the tolerance of a standing foot's bones is tightened at a time; how often."""
PARTS = 4
"""Times to a frame at which the old and the new curve are compared: cubics can part between two frames."""
WIDTH = 8
"""Times around one at which a standing foot is off whose tolerance is tightened too."""
MARGIN = 0.86
"""The share of a tolerance that is used: keys are rounded to 32 bits, and between two times there is a little more."""


@dataclass(frozen=True)
class Tolerance:
    """How far the motion may be off: a bone's own rotation in degrees, its place and a standing foot in metres."""

    degrees: float = 0.5
    metres: float = 0.002
    planted: float = 0.005

    def __post_init__(self) -> None:
        if not all(value > 0 for value in (self.degrees, self.metres, self.planted)):
            raise MotionError("Key reduction needs tolerances above zero: give degrees and millimetres.")


@dataclass(frozen=True)
class Counts:
    """Keys of the channels that had generated ones, before and after."""

    before: int
    after: int


@dataclass
class _Run:
    """One bone's rotation, place or scale over the times [T] from its first generated key to the last, PARTS a key.

    now: the whole property [n] without keys; dense: the keyed channels [T, C]; limit: the tolerance [T], in degrees
    or units; fixed: indices of frames that have an animator's key, which stays a key.
    """

    channels: Channels
    mode: str
    frames: Array
    now: Array
    dense: Array
    limit: Array
    fixed: list[int]
    fit: Fit | None = None
    whole: Array = field(default_factory=lambda: np.zeros(0))

    def full(self, values: Array) -> Array:
        """The property [T, n] with the keyed channels' values [T, C]; rotations as unit quaternions."""
        whole = np.repeat(self.now[None], len(values), axis=0)
        whole[:, list(self.channels.curves)] = values
        return from_mode(whole, self.mode) if self.mode else whole

    def reduce(self) -> None:
        self.whole = self.full(self.dense)
        plain = self.mode == "QUATERNION" and self.dense.shape[1] == 4

        def error(values: Array, first: int, last: int) -> Array:
            part = slice(first, last + 1)
            whole = values if plain else self.full(values)
            return distance(whole, self.whole[part], bool(self.mode)) / self.limit[part]

        self.fit = reduced(self.frames, self.dense, error, self.fixed, stride=PARTS)


def distance(a: Array, b: Array, rotation: bool) -> Array:
    """Degrees [T] between quaternions a [T, 4] of any length and unit ones b, or the distance [T] of places [T, 3]."""
    if not rotation:
        return np.linalg.norm(a - b, axis=-1)
    along, length = np.einsum("tc,tc->t", a, b), np.einsum("tc,tc->t", a, a)
    sine = np.sqrt(np.maximum(1.0 - along * along / np.maximum(length, 1e-30), 0.0))
    return np.degrees(2.0 * np.arcsin(np.minimum(sine, 1.0)))


def bake(armature: Any, action: Any, tolerance: Tolerance | None, contacts: str = "", scene: Any = None) -> Counts:
    """Makes the action's generated keys ordinary ones; with a tolerance, few Béziers in place of one a frame.

    contacts: what `apply` wrote to the action, JSON; feet that stand stay where they are within the tolerance. Keys
    of other types and channels that are no transform of a bone keep their places. A handle is aligned where the curve
    is smooth within the tolerance, else free.
    """
    if action.library is not None:
        raise MotionError(f"The action “{action.name}” is linked from another file: make it local first.")
    found = [it for it in animated(armature, action) if any(map(_has_generated, it.curves.values()))]
    if not found:
        raise MotionError(f"The action “{action.name}” has no generated keys, so there is nothing to bake.")
    before = _key_count(found)
    if tolerance is not None:
        for run in _fitted(armature, action, found, tolerance, contacts, scene):
            _write(run)
    for channels in found:
        for curve in channels.curves.values():
            _retype(curve)
    return Counts(before, _key_count(found))


def _fitted(
    armature: Any, action: Any, found: Sequence[Channels], tolerance: Tolerance, contacts: str, scene: Any
) -> list[_Run]:
    unit = _metres(armature, scene)
    runs = [run for it in found if (run := _run(armature, it, tolerance, unit)) is not None]
    for run in runs:
        run.reduce()
    if contacts and runs:
        _plant(armature, action, runs, tolerance, json.loads(contacts), unit)
    return runs


def _metres(armature: Any, scene: Any) -> float:
    """Metres that a unit of the armature's space is long in the world."""
    import bpy

    size = float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world, dtype=np.float64)[:3, :3]))))
    return size * float((scene or bpy.context.scene).unit_settings.scale_length)


def _run(armature: Any, channels: Channels, tolerance: Tolerance, unit: float) -> _Run | None:
    """The dense stretch of a transform; None for what is none, has too few keys or is not played."""
    if channels.bone and channels.bone not in armature.pose.bones:
        return None
    owner = armature.pose.bones[channels.bone] if channels.bone else armature
    turned = channels.property == rotation_property(owner.rotation_mode)
    metres = tolerance.metres / unit
    if channels.property == "scale" and channels.bone:
        # So that a scaled bone's tail stays where it was.
        metres /= max(owner.bone.length, 1e-9)
    elif not turned and channels.property != "location":
        return None
    keys = {index: curves.read(curve) for index, curve in channels.curves.items()}
    own = curves.enum("type", "GENERATED")
    generated = np.unique(np.concatenate([it.frames[it.attributes["type"] == own] for it in keys.values()]))
    if len(generated) < 3:
        return None
    first, last = generated[0], generated[-1]
    others = np.concatenate([it.frames[it.attributes["type"] != own] for it in keys.values()])
    others = np.unique(others[(others > first) & (others < last)])
    keyed = np.union1d(generated, others).astype(np.float64)
    parts = np.arange(PARTS) / PARTS
    frames = np.append((keyed[:-1, None] + np.diff(keyed)[:, None] * parts).ravel(), keyed[-1])
    dense = np.stack([[curve.evaluate(float(f)) for f in frames] for curve in channels.curves.values()], axis=-1)
    limit = tolerance.degrees if turned else metres
    return _Run(
        channels,
        owner.rotation_mode if turned else "",
        frames,
        np.array(getattr(owner, channels.property), dtype=np.float64),
        dense,
        np.full(len(frames), MARGIN * limit),
        [int(index) for index in np.flatnonzero(np.isin(frames, others))],
    )


def _plant(
    armature: Any, action: Any, runs: list[_Run], tolerance: Tolerance, contacts: list[list[list[float]]], unit: float
) -> None:
    """Tightens the tolerance of a leg's bones in the frames in which its foot stands and is off, until it is not."""
    snapshot = rig.read(armature)
    try:
        rig_map = rig.detect(armature)
    except MotionError:
        return
    frames = max((run.frames for run in runs), key=len)
    planted = Planted(snapshot, rig_map, standing_at(frames, contacts), unit)
    bones = [name for name in {it.bone for it in animated(armature, action)} if name in armature.pose.bones]
    dense = sample(armature, frames, bones, action)
    wanted = planted.places(dense)
    same = [run for run in runs if np.array_equal(run.frames, frames)]
    for _ in range(ATTEMPTS):
        errors = planted.errors(wanted, planted.places(_with_fits(dense, same)))
        again: dict[int, _Run] = {}
        for side, off in errors.items():
            excess = _widened(off / tolerance.planted)
            tighter = np.where(excess > 1.0, np.clip(0.8 / np.maximum(excess, 1e-9), *STRICTER), 1.0)
            for run in same:
                if (tighter < 1.0).any() and run.channels.bone in planted.chain(side):
                    run.limit = run.limit * tighter
                    again[id(run)] = run
        if not again:
            return
        for run in again.values():
            run.reduce()


def _widened(values: Array) -> Array:
    """The largest of each frame's and its neighbours' values [T]: a stretch is held by the keys around it."""
    padded = np.pad(values, WIDTH)
    return np.max([padded[i : i + len(values)] for i in range(2 * WIDTH + 1)], axis=0)


def _with_fits(dense: PoseSamples, runs: list[_Run]) -> PoseSamples:
    rotations, locations = dict(dense.rotations), dict(dense.locations)
    for run in runs:
        if run.fit is not None and run.channels.bone and run.channels.property != "scale":
            values = run.full(played(run.fit, run.frames, run.frames))
            (rotations if run.mode else locations)[run.channels.bone] = values
    return replace(dense, rotations=rotations, locations=locations)


def _write(run: _Run) -> None:
    if run.fit is None:
        return
    fit, frames = run.fit, run.frames[run.fit.indices]
    reach = np.diff(frames) / 3
    left, right = np.append(0.0, reach), np.append(reach, 0.0)
    kinds = np.where(fit.aligned, curves.enum("handle_left_type", "ALIGNED"), curves.enum("handle_left_type", "FREE"))
    for column, curve in enumerate(run.channels.curves.values()):
        old = curves.read(curve)
        new = curves.dense(frames, fit.values[:, column])
        value, before, after = (part[:, column] for part in (fit.values, fit.before, fit.after))
        new.attributes["handle_left"] = np.stack([frames - left, value - before * left], -1).astype(np.float32)
        new.attributes["handle_right"] = np.stack([frames + right, value + after * right], -1).astype(np.float32)
        for name in ("handle_left_type", "handle_right_type"):
            new.attributes[name] = kinds.astype(np.int32)
        _keep_types(old, new)
        _keep_outer_handles(old, new)
        _keep_inner_handles(old, new, frames)
        curves.write(curve, curves.spliced(old, new, float(frames[0]), float(frames[-1])))


def _keep_types(old: curves.Keys, new: curves.Keys) -> None:
    """An animator's key that stays keeps its type."""
    mine = old.where(old.attributes["type"] != curves.enum("type", "GENERATED"))
    for i, frame in enumerate(new.frames):
        at = np.flatnonzero(np.abs(mine.frames - frame) < curves.SAME_FRAME)
        if len(at):
            new.attributes["type"][i] = mine.attributes["type"][at[0]]


def _keep_outer_handles(old: curves.Keys, new: curves.Keys) -> None:
    """The first key's left handle and the last one's right are the old ones: what plays before and after stays."""
    free = curves.enum("handle_left_type", "FREE")
    for index, side in ((0, "left"), (-1, "right")):
        at = np.flatnonzero(np.abs(old.frames - new.frames[index]) < curves.SAME_FRAME)
        name = f"handle_{side}"
        for kind in ("handle_left_type", "handle_right_type"):
            new.attributes[kind][index] = free
        if len(at):
            new.attributes[name][index] = old.attributes[name][at[0]]


def _keep_inner_handles(old: curves.Keys, new: curves.Keys, frames: Array) -> None:
    """Between keys that were neighbours already the curve stays as it was: its handles move along with their keys."""
    at = np.searchsorted(old.frames, frames - curves.SAME_FRAME)
    for i in np.flatnonzero(np.diff(at) == 1):
        for key, side in ((i, "handle_right"), (i + 1, "handle_left")):
            moved = new.attributes["co"][key] - old.attributes["co"][at[key]]
            new.attributes[side][key] = old.attributes[side][at[key]] + moved
            for name in ("handle_left_type", "handle_right_type"):
                new.attributes[name][key] = curves.enum(name, "FREE")


def _has_generated(curve: Any) -> bool:
    return bool((curves.types(curve) == curves.enum("type", "GENERATED")).any())


def _retype(curve: Any) -> None:
    kinds = curves.types(curve)
    kinds[kinds == curves.enum("type", "GENERATED")] = curves.enum("type", "KEYFRAME")
    curve.keyframe_points.foreach_set("type", kinds)


def _key_count(found: Sequence[Channels]) -> int:
    return sum(len(curve.keyframe_points) for it in found for curve in it.curves.values())
