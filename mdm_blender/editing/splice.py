"""New values for a range of frames in F-curves that must not change anywhere else, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..keys import curves
from ..keys.curves import SAME_FRAME, Keys

Array = NDArray[np.floating]
HANDLES = ("handle_left", "handle_right")
ROUNDS = 8
UNCHANGED = 1e-7
"""Metres or radians below which a channel has not changed anywhere, and gets no keys."""


@dataclass(frozen=True)
class Values:
    """One channel at the whole frames start, start + 1, ...: what it plays, `original` [T], and shall, `edited` [T]."""

    path: str
    index: int
    group: str
    start: int
    original: Array
    edited: Array

    def at(self, frames: NDArray[np.int_], which: str) -> Array:
        values: Array = getattr(self, which)
        return values[np.clip(frames - self.start, 0, len(values) - 1)]


def lay(bag: Any, channels: Iterable[Values], first: int, last: int, opened: tuple[bool, bool]) -> list[str]:
    """Writes the edited values at frames first..last of each channel into the bag's curves, GENERATED.

    opened: whether nothing of the action lies before first, after last. Every other key stays, with its handles;
    where a curve runs from such a key into the range it gets GENERATED keys on the way, of what it has played there.
    A key of the animator's own in the range stays where it is met. Returns sentences about channels that were left.
    """
    held: dict[str, None] = {}
    for channel in channels:
        if np.abs(channel.edited - channel.original).max() < UNCHANGED:
            continue
        curve = bag.fcurves.find(channel.path, index=channel.index)
        if curve is not None and (curve.lock or curve.mute or (curve.group is not None and curve.group.mute)):
            held[channel.group] = None
            continue
        if curve is None:
            curve = compat.new_fcurve(bag, channel.path, channel.index, channel.group)
        _splice(curve, channel, first, last, opened)
    return [f"Locked or muted channels were left as they are: {', '.join(held)}."] if held else []


def _splice(curve: Any, channel: Values, first: int, last: int, opened: tuple[bool, bool]) -> None:
    old = curves.read(curve)
    before = old.where(old.frames < first - SAME_FRAME)
    after = old.where(old.frames > last + SAME_FRAME)
    straight = curve.extrapolation == "LINEAR"
    lead = _approach(curve, before.frames, first, -1, opened[0], straight)
    trail = _approach(curve, after.frames, last, 1, opened[1], straight)
    met = _met(old, channel, first, last)
    inside = np.setdiff1d(np.arange(first, last + 1), np.rint(met.frames).astype(int))
    made = np.concatenate([lead, inside, trail])
    values = np.concatenate(
        [_played(curve, channel, lead), channel.at(inside, "edited"), _played(curve, channel, trail)]
    )
    new = curves.dense(made.astype(np.float64), values)
    if straight:
        linear = curves.enum("interpolation", "LINEAR")
        for outermost, alone in ((lead, not len(before)), (trail, not len(after))):
            if alone:
                new.attributes["interpolation"][np.isin(made, outermost)] = linear
    keys = curves.joined(before, new, met, after)
    order = np.argsort(keys.frames, kind="stable")
    ordered = Keys({name: values[order] for name, values in keys.attributes.items()})
    outside = np.concatenate([np.ones(len(before)), np.zeros(len(new) + len(met)), np.ones(len(after))])
    write_settled(curve, ordered, outside[order].astype(bool))


def _approach(
    curve: Any, kept: NDArray[np.floating], border: int, side: int, opened: bool, straight: bool
) -> NDArray[np.int_]:
    """Whole frames between the border and the nearest kept key (side -1: before), ascending.

    Without such a key the curve is held beyond its first or last: one frame is enough, two where it goes on in a line.
    """
    if len(kept):
        nearest = float(kept[-1] if side < 0 else kept[0])
        reach = int(np.ceil(abs(nearest - border) - SAME_FRAME)) - 1
    elif opened:
        reach = 0
    else:
        reach = 2 if straight and len(curve.keyframe_points) else 1
    frames = border + side * np.arange(1, reach + 1)
    return np.sort(frames)


def _played(curve: Any, channel: Values, frames: NDArray[np.int_]) -> Array:
    """What the curve plays now at the frames; of a new curve, what its channel is."""
    if not len(curve.keyframe_points):
        return channel.at(frames, "original")
    return np.array([curve.evaluate(float(frame)) for frame in frames], dtype=np.float64)


def _met(old: Keys, channel: Values, first: int, last: int) -> Keys:
    """The animator's own keys in the range at which the channel keeps its value."""
    frames = np.rint(old.frames).astype(int)
    whole = np.abs(old.frames - frames) < SAME_FRAME
    own = old.attributes["type"] != curves.enum("type", "GENERATED")
    same = channel.at(frames, "edited") == channel.at(frames, "original")
    inside = (frames >= first) & (frames <= last)
    return old.where(whole & own & same & inside)


def write_settled(curve: Any, keys: Keys, outside: NDArray[np.bool_]) -> None:
    """Writes the keys [N] such that the handles of those outside stay where they are.

    Blender moves automatic handles with the keys around them, with smoothing even far along the curve: those that it
    would move become free handles of the same place.
    """
    free = curves.enum("handle_left_type", "FREE")
    for attempt in range(ROUNDS):
        curves.write(curve, keys)
        now = curves.read(curve)
        moved = np.zeros(len(keys), dtype=bool)
        for name in HANDLES:
            moved |= (now.attributes[name] != keys.attributes[name]).any(axis=1)
        moved &= outside
        if not moved.any():
            return
        if attempt == ROUNDS - 2:
            moved = outside
        for name in HANDLES:
            keys.attributes[f"{name}_type"][moved] = free
