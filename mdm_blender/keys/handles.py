"""An F-curve's keys read as Béziers, and few Béziers written into it between keys that are not their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import curves
from .bezier import Keys

Array = NDArray[np.floating]
SAME_SLOPE = 1e-3
"""The share by which the slopes to both sides of a key may differ and still be one: F-curves hold 32-bit numbers."""
IN_LINE = ("AUTO", "AUTO_CLAMPED", "ALIGNED")
"""Kinds of handles that Blender holds in one line."""


def read(found: curves.Keys, times: Array, dense: Array, stride: int) -> Keys:
    """The keys from the first of the dense times [T] to the last, and what they play between.

    dense: [T] what the curve plays. Where that is no Bézier (before and after its own keys, and after a key with
    another interpolation) there is a key at every stride-th time. A channel that stands still keeps no generated keys
    but at its ends.
    """
    ends = np.array([0, len(times) - 1])
    mine = found.where((found.frames > times[0] - curves.SAME_FRAME) & (found.frames < times[-1] + curves.SAME_FRAME))
    own = np.searchsorted(times, mine.frames - curves.SAME_FRAME)
    if np.ptp(dense) == 0.0:
        theirs = own[mine.attributes["type"] != curves.enum("type", "GENERATED")]
        indices = np.union1d(ends, theirs)
        spans = len(indices) - 1
        aligned = np.ones(spans + 1, dtype=np.bool_)
        return Keys(indices, dense[indices], np.zeros((spans, 2)), np.full((spans, 2), 1 / 3), aligned)
    curved = np.flatnonzero(mine.attributes["interpolation"][:-1] == curves.enum("interpolation", "BEZIER"))
    held = np.zeros(len(times), dtype=np.bool_)
    held[::stride] = held[ends] = True
    for low, high in zip(own[curved], own[curved + 1], strict=True):
        held[low + 1 : high] = False
    indices = np.flatnonzero(held)
    tangents = np.gradient(dense, times)[indices]
    slopes, reaches = np.stack([tangents[:-1], tangents[1:]], axis=-1), np.full((len(indices) - 1, 2), 1 / 3)
    at = np.searchsorted(indices, own[curved])
    slopes[at], reaches[at] = _handles(mine, curved)
    before, after = slopes[:-1, 1], slopes[1:, 0]
    same = np.abs(after - before) <= SAME_SLOPE * np.maximum(np.abs(before), np.abs(after))
    same |= np.isin(indices[1:-1], own[_smooth(mine)])
    return Keys(indices, dense[indices], slopes, reaches, np.concatenate([[True], same, [True]]))


def _smooth(keys: curves.Keys) -> NDArray[np.bool_]:
    """[N] whether a key lies between two Béziers, with handles that Blender holds in line, however they are rounded."""
    kinds = [curves.enum("handle_left_type", it) for it in IN_LINE]
    bezier = keys.attributes["interpolation"] == curves.enum("interpolation", "BEZIER")
    held = [np.isin(keys.attributes[name], kinds) for name in ("handle_left_type", "handle_right_type")]
    return held[0] & held[1] & bezier & np.append(False, bezier[:-1])


def _handles(keys: curves.Keys, which: NDArray[np.intp]) -> tuple[Array, Array]:
    """Slopes and reaches [N, 2] of the handles after these keys and before those that follow them.

    Handles that overlap are shortened, as Blender does.
    """
    points, left, right = (keys.attributes[name].astype(np.float64) for name in curves.POINTS)
    width = np.diff(points[:, 0])[which]
    after, before = right[which] - points[which], points[which + 1] - left[which + 1]
    long = np.maximum(np.stack([after[:, 0], before[:, 0]], axis=-1), 0.0)
    slopes = np.stack([after[:, 1], before[:, 1]], axis=-1) / np.maximum(long, 1e-9)
    reaches = long / width[:, None]
    return slopes, reaches / np.maximum(reaches.sum(axis=-1, keepdims=True), 1.0)


def write(curve: Any, keys: Keys, times: Array) -> None:
    """Puts the keys at some of the dense times [T] in place of the curve's from the first of them to the last.

    An animator's key that stays keeps its type; what plays before and after stays as it was.
    """
    frames = times[keys.indices]
    reach = np.diff(frames)[:, None] * keys.reaches
    value = keys.values
    after, before = np.append(reach[:, 0], 0.0), np.append(0.0, reach[:, 1])
    rise, fall = np.append(keys.slopes[:, 0], 0.0), np.append(0.0, keys.slopes[:, 1])
    kinds = np.where(keys.aligned, curves.enum("handle_left_type", "ALIGNED"), curves.enum("handle_left_type", "FREE"))
    old = curves.read(curve)
    new = curves.dense(frames, value)
    new.attributes["handle_left"] = np.stack([frames - before, value - before * fall], -1).astype(np.float32)
    new.attributes["handle_right"] = np.stack([frames + after, value + after * rise], -1).astype(np.float32)
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
    """Between an animator's keys that were neighbours already the curve stays as it was."""
    at = np.searchsorted(old.frames, frames - curves.SAME_FRAME)
    mine = new.attributes["type"] != curves.enum("type", "GENERATED")
    for i in np.flatnonzero((np.diff(at) == 1) & mine[:-1] & mine[1:]):
        for key, side in ((i, "handle_right"), (i + 1, "handle_left")):
            new.attributes[side][key] = old.attributes[side][at[key]]
            for name in ("handle_left_type", "handle_right_type"):
                new.attributes[name][key] = curves.enum(name, "FREE")
