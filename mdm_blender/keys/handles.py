"""A fit of few Béziers written into an F-curve, between keys that are not its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import curves
from .reduce import Fit

Array = NDArray[np.floating]


def write(curve: Any, fit: Fit, times: Array) -> None:
    """Puts the fit [K, 1] of the dense times [T] in place of the curve's keys from the first of them to the last.

    An animator's key that stays keeps its type; what plays before and after stays as it was.
    """
    frames = times[fit.indices]
    reach = np.diff(frames) / 3
    left, right = np.append(0.0, reach), np.append(reach, 0.0)
    kinds = np.where(fit.aligned, curves.enum("handle_left_type", "ALIGNED"), curves.enum("handle_left_type", "FREE"))
    old = curves.read(curve)
    value, before, after = (part[:, 0] for part in (fit.values, fit.before, fit.after))
    new = curves.dense(frames, value)
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
    """Between an animator's keys that were neighbours already the curve stays as it was."""
    at = np.searchsorted(old.frames, frames - curves.SAME_FRAME)
    mine = new.attributes["type"] != curves.enum("type", "GENERATED")
    for i in np.flatnonzero((np.diff(at) == 1) & mine[:-1] & mine[1:]):
        for key, side in ((i, "handle_right"), (i + 1, "handle_left")):
            new.attributes[side][key] = old.attributes[side][at[key]]
            for name in ("handle_left_type", "handle_right_type"):
                new.attributes[name][key] = curves.enum(name, "FREE")
