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
from .metric import STEP
from .planted import FEET, Planted, standing_at
from .read import Channels, animated, sample
from .stretch import MARGIN, PARTS, Stretch, Tolerance, stretch_of
from .thin import Property, Thinning

Array = NDArray[np.floating]
STRICTER, ATTEMPTS = 0.7, 5
"""By how much of its tolerance a property is tried again that is off too far after all; how often at most."""


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
        for stretch in _thinned(armature, action, found, tolerance, contacts, scene):
            for curve, few in zip(stretch.channels.curves.values(), stretch.keys, strict=True):
                handles.write(curve, few, stretch.frames)
    for channels in found:
        for curve in channels.curves.values():
            _retype(curve)
    return Counts(before, _key_count(found))


def _thinned(
    armature: Any, action: Any, found: Sequence[Channels], tolerance: Tolerance, contacts: str, scene: Any
) -> list[Stretch]:
    unit = _metres(armature, scene)
    stretches = [it for channels in found if (it := stretch_of(armature, channels, tolerance, unit)) is not None]
    planted = _planted(armature, action, stretches, tolerance, json.loads(contacts), unit) if contacts else {}
    alone: dict[bytes, list[Stretch]] = {}
    for i, stretch in enumerate(stretches):
        if i not in planted:
            alone.setdefault(stretch.frames.tobytes(), []).append(stretch)
    for together in alone.values():
        nothing = [np.zeros((*it.dense.shape[:1], 0, 3, it.dense.shape[1])) for it in together]
        _thin(together, nothing, nothing[0][..., 0])
    if planted:
        feet = np.zeros(next(iter(planted.values())).shape[:3])
        _thin([stretches[i] for i in planted], list(planted.values()), feet)
    return stretches


def _thin(stretches: Sequence[Stretch], moved: Sequence[Array], shared: Array) -> None:
    """Fewer keys for stretches with the same frames.

    moved: [T, G, 3, C] what each of them moves besides its own bone, and shared: [T, G, 3] how far off that is, in
    shares of what is allowed. The metric is linear: what is off too far after all is tried again with less.
    """
    before, shares = shared.copy(), np.full(len(stretches), MARGIN)
    for _ in range(ATTEMPTS):
        properties = [_property(*it) for it in zip(stretches, moved, shares, strict=True)]
        thinning = Thinning(stretches[0].frames, properties, shared, PARTS)
        thinning.run()
        found = thinning.left()
        wrong = np.array([stretch.error(keys) > 1.0 for stretch, keys in zip(stretches, found, strict=True)])
        if not wrong.any():
            for stretch, keys in zip(stretches, found, strict=True):
                stretch.keys = keys
            return
        shared[:] = before
        shares = np.where(wrong, STRICTER * shares, shares)


def _property(stretch: Stretch, moved: Array, share: float) -> Property:
    rows = np.concatenate([stretch.rows(share), moved], axis=1)
    return Property(stretch.dense, rows, stretch.keys, stretch.stops)


def _metres(armature: Any, scene: Any) -> float:
    """Metres that a unit of the armature's space is long in the world."""
    import bpy

    size = float(np.cbrt(abs(np.linalg.det(np.array(armature.matrix_world, dtype=np.float64)[:3, :3]))))
    return size * float((scene or bpy.context.scene).unit_settings.scale_length)


def _planted(
    armature: Any,
    action: Any,
    stretches: list[Stretch],
    tolerance: Tolerance,
    contacts: list[list[list[float]]],
    unit: float,
) -> dict[int, Array]:
    """Of each stretch, by number, that moves feet which stand: by how much, [T, 4, 3, C], in shares of the allowed."""
    try:
        rig_map = rig.detect(armature)
    except MotionError:
        return {}
    if not stretches:
        return {}
    frames = max((it.frames for it in stretches), key=len)
    standing = standing_at(frames, contacts)
    planted = Planted(rig.read(armature), rig_map, standing[:, ::PARTS], unit)
    chains = planted.chain("left") | planted.chain("right")
    bones = [name for name in {it.bone for it in animated(armature, action)} if name in armature.pose.bones]
    dense = sample(armature, frames[::PARTS], bones, action)
    allowed = (standing.T / (MARGIN * tolerance.planted))[:, :, None, None]
    found: dict[int, Array] = {}
    for i, stretch in enumerate(stretches):
        if stretch.channels.bone in chains and np.array_equal(stretch.frames, frames):
            moved = _between(_rows(planted, stretch, dense)) * allowed
            if moved.any():
                found[i] = moved
    return found


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


def _has_generated(curve: Any) -> bool:
    return bool((curves.types(curve) == curves.enum("type", "GENERATED")).any())


def _retype(curve: Any) -> None:
    kinds = curves.types(curve)
    kinds[kinds == curves.enum("type", "GENERATED")] = curves.enum("type", "KEYFRAME")
    curve.keyframe_points.foreach_set("type", kinds)


def _key_count(found: Sequence[Channels]) -> int:
    return sum(len(curve.keyframe_points) for it in found for curve in it.curves.values())
