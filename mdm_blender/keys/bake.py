"""Baking a take: generated keys become the animator's own, and as few as keep the motion within a tolerance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from .. import rig
from ..retarget.tracks import PoseSamples
from . import curves, handles
from .metric import STEP, Metric
from .planted import FEET, Planted, standing_at
from .read import Channels, animated, sample
from .stretch import MARGIN, PARTS, Stretch, Tolerance, stretch_of
from .thin import Thinning

Array = NDArray[np.floating]
SHARED, STANDING = 0.8, 0.4
"""The share of the tolerance that the keys shared by a bone's channels take up, and that of a standing foot's bones.

What is left lets single channels lose keys."""
STRICTER, ATTEMPTS = (0.3, 0.8), 5
"""The least and the most by which the share of a standing foot's bones is tightened at a time; how often."""
WIDTH = 8
"""Times around one at which a standing foot is off whose share is tightened too."""


@dataclass(frozen=True)
class Counts:
    """Keys of the channels that had generated ones, before and after."""

    before: int
    after: int


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
        for stretch in _fitted(armature, action, found, tolerance, contacts, scene):
            for curve, fit in zip(stretch.channels.curves.values(), stretch.fits, strict=True):
                handles.write(curve, fit, stretch.frames)
    for channels in found:
        for curve in channels.curves.values():
            _retype(curve)
    return Counts(before, _key_count(found))


def _fitted(
    armature: Any, action: Any, found: Sequence[Channels], tolerance: Tolerance, contacts: str, scene: Any
) -> list[Stretch]:
    unit = _metres(armature, scene)
    stretches = [it for channels in found if (it := stretch_of(armature, channels, tolerance, unit)) is not None]
    planted = _planted(armature, action, stretches, tolerance, json.loads(contacts), unit) if contacts else None
    for stretch in stretches:
        if planted is None or not planted.holds(stretch):
            stretch.reduce(np.full(len(stretch.frames), SHARED))
            _thin(stretch, stretch.metric(), np.zeros((len(stretch.frames), 0, 3)))
    if planted is not None:
        planted.fit()
    return stretches


def _thin(stretch: Stretch, metric: Metric, shared: Array) -> None:
    """Each channel's own keys; where the metric was not exact enough to tell, the shared ones stay."""
    before = shared.copy()
    thinning = Thinning(stretch.frames, stretch.dense, stretch.shared, metric, shared, stretch.fixed)
    thinning.run()
    stretch.fits = thinning.fits()
    if not stretch.kept():
        stretch.fits = stretch.shared.channels()
        shared[:] = before


def _metres(armature: Any, scene: Any) -> float:
    """Metres that a unit of the armature's space is long in the world."""
    import bpy

    size = float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world, dtype=np.float64)[:3, :3]))))
    return size * float((scene or bpy.context.scene).unit_settings.scale_length)


@dataclass(frozen=True)
class _Legs:
    """The stretches that move feet which stand, and how the FEET follow their channels.

    rows: for each stretch [T, 4, 3, C], in shares of what is allowed a unit, zeros where a foot is free.
    """

    stretches: list[Stretch]
    rows: list[Array]

    def holds(self, stretch: Stretch) -> bool:
        return any(it is stretch for it in self.stretches)

    def fit(self) -> None:
        """Shared keys that keep the feet, then each channel's own."""
        off = self._reduce()
        for stretch, rows in zip(self.stretches, self.rows, strict=True):
            own = stretch.metric()
            _thin(stretch, replace(own, rows=np.concatenate([own.rows, rows], axis=1)), off)

    def _reduce(self) -> Array:
        """Finds shared keys, with ever less tolerance where a foot is off too far; how far off each is, [T, 4, 3]."""
        shares = [np.where(_widened(self._touched(rows)) > 0, STANDING, SHARED) for rows in self.rows]
        again = range(len(self.stretches))
        for _ in range(ATTEMPTS):
            for i in again:
                self.stretches[i].reduce(shares[i])
            excess = np.linalg.norm(self._off(), axis=-1)
            again = [i for i, rows in enumerate(self.rows) if (self._touched(rows) * excess.max(axis=1) > 1.0).any()]
            for i in again:
                worst = _widened((excess * np.any(self.rows[i], axis=(2, 3))).max(axis=1))
                shares[i] = shares[i] * np.where(worst > 1.0, np.clip(0.8 / np.maximum(worst, 1e-9), *STRICTER), 1.0)
            if not again:
                break
        return self._off()

    @staticmethod
    def _touched(rows: Array) -> Array:
        return np.any(rows, axis=(1, 2, 3)).astype(float)

    def _off(self) -> Array:
        moved = [it.played() - it.dense for it in self.stretches]
        return np.sum(
            [np.einsum("tgmc,tc->tgm", rows, off) for rows, off in zip(self.rows, moved, strict=True)], axis=0
        )


def _planted(
    armature: Any,
    action: Any,
    stretches: list[Stretch],
    tolerance: Tolerance,
    contacts: list[list[list[float]]],
    unit: float,
) -> _Legs | None:
    """What moves the feet that stand; None where the rig or the motion has none."""
    try:
        rig_map = rig.detect(armature)
    except MotionError:
        return None
    if not stretches:
        return None
    frames = max((it.frames for it in stretches), key=len)
    standing = standing_at(frames, contacts)
    planted = Planted(rig.read(armature), rig_map, standing[:, ::PARTS], unit)
    chains = planted.chain("left") | planted.chain("right")
    bones = [name for name in {it.bone for it in animated(armature, action)} if name in armature.pose.bones]
    dense = sample(armature, frames[::PARTS], bones, action)
    allowed = (standing.T / (MARGIN * tolerance.planted))[:, :, None, None]
    legs: list[Stretch] = []
    rows: list[Array] = []
    for stretch in stretches:
        if stretch.channels.bone in chains and np.array_equal(stretch.frames, frames):
            moved = _between(_rows(planted, stretch, dense)) * allowed
            if moved.any():
                legs.append(stretch)
                rows.append(moved)
    return _Legs(legs, rows) if legs else None


def _rows(planted: Planted, stretch: Stretch, dense: PoseSamples) -> Array:
    """Metres [F, 4, 3, C] that each of FEET moves a unit of each channel, on whole frames, of which `dense` is."""
    values = stretch.dense[::PARTS]
    rows = np.empty((len(values), len(FEET), 3, values.shape[1]))
    places = planted.places(_with(dense, stretch, values))
    for channel, step in enumerate(STEP * np.eye(values.shape[1])):
        moved = planted.places(_with(dense, stretch, values + step)) - places
        rows[..., channel] = planted.unit / STEP * moved.transpose(1, 0, 2)
    return rows


def _between(rows: Array) -> Array:
    """Values [F, ...] of whole frames, and PARTS - 1 between each two, [T, ...]."""
    parts = (np.arange(PARTS) / PARTS).reshape(-1, *[1] * (rows.ndim - 1))
    filled = rows[:-1, None] * (1 - parts) + rows[1:, None] * parts
    return np.concatenate([filled.reshape(-1, *rows.shape[1:]), rows[-1:]])


def _with(dense: PoseSamples, stretch: Stretch, values: Array) -> PoseSamples:
    """The samples with a stretch's channels [T, C] in place of their own."""
    name, full = stretch.channels.bone, stretch.full(values)
    if stretch.mode:
        return replace(dense, rotations={**dense.rotations, name: full})
    if stretch.channels.property == "location":
        return replace(dense, locations={**dense.locations, name: full})
    return replace(dense, scales={**dense.scales, name: full})


def _widened(values: Array) -> Array:
    """The largest of each time's and its neighbours' values [T]: a stretch is held by the keys around it."""
    padded = np.pad(values, WIDTH)
    return np.max([padded[i : i + len(values)] for i in range(2 * WIDTH + 1)], axis=0)


def _has_generated(curve: Any) -> bool:
    return bool((curves.types(curve) == curves.enum("type", "GENERATED")).any())


def _retype(curve: Any) -> None:
    kinds = curves.types(curve)
    kinds[kinds == curves.enum("type", "GENERATED")] = curves.enum("type", "KEYFRAME")
    curve.keyframe_points.foreach_set("type", kinds)


def _key_count(found: Sequence[Channels]) -> int:
    return sum(len(curve.keyframe_points) for it in found for curve in it.curves.values())
