"""The dense stretch of one bone's property that baking replaces: its values over time and what may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import curves, handles, metric
from .bezier import Keys, played
from .channels import rotation_property
from .euler import from_mode
from .read import Channels

Array = NDArray[np.floating]
PARTS = 6
"""Times to a frame at which the old and the new curve are compared: cubics can part between two frames."""
MARGIN = 0.93
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


@dataclass
class Stretch:
    """One bone's rotation, place or scale over the times [T] from its first generated key to the last, PARTS a key.

    now: the whole property [n] without keys; dense: the keyed channels [T, C]; limit: the tolerance [T], in degrees
    or units; keys: of each channel; stops: of each channel the indices at which an animator's key stays.
    """

    channels: Channels
    mode: str
    frames: Array
    now: Array
    dense: Array
    limit: Array
    keys: list[Keys]
    stops: list[frozenset[int]]
    whole: Array = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.full(self.dense)

    def full(self, values: Array) -> Array:
        """The property [T, n] with the keyed channels' values [T, C]; rotations as unit quaternions."""
        whole = np.repeat(self.now[None], len(values), axis=0)
        whole[:, list(self.channels.curves)] = values
        return from_mode(whole, self.mode) if self.mode else whole

    def error(self, keys: Sequence[Keys]) -> float:
        """The largest share of the tolerance by which the property is off where its channels have these keys."""
        values = np.stack([played(it, self.frames, self.frames) for it in keys], axis=-1)
        return float((metric.distance(self.full(values), self.whole, bool(self.mode)) / self.limit).max())

    def rows(self, share: float) -> Array:
        """What a unit of its channels does (`metric`), [T, 2, 3, C], where a share of the tolerance is allowed."""
        if not self.mode:
            return metric.of_place(self.dense, share * self.limit)
        return metric.of_rotation(self.dense, self.full, share * self.limit, self.mode)


def stretch_of(armature: Any, channels: Channels, tolerance: Tolerance, unit: float) -> Stretch | None:
    """The dense stretch of a transform; None for what is none, has too few keys or is not played.

    unit: metres of a unit of the armature's space.
    """
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
    keys = [curves.read(curve) for curve in channels.curves.values()]
    keyed = _keyed(keys)
    if keyed is None:
        return None
    parts = np.arange(PARTS) / PARTS
    frames = np.append((keyed[:-1, None] + np.diff(keyed)[:, None] * parts).ravel(), keyed[-1])
    dense = np.stack([[curve.evaluate(float(f)) for f in frames] for curve in channels.curves.values()], axis=-1)
    begun = [handles.read(it, frames, values, PARTS) for it, values in zip(keys, dense.T, strict=True)]
    return Stretch(
        channels,
        owner.rotation_mode if turned else "",
        frames,
        np.array(getattr(owner, channels.property), dtype=np.float64),
        dense,
        np.full(len(frames), tolerance.degrees if turned else metres),
        begun,
        [_stops(it, frames) for it in keys],
    )


def _keyed(keys: Sequence[curves.Keys]) -> Array | None:
    """The frames of all keys from the first generated one to the last; None if too few are generated."""
    own = curves.enum("type", "GENERATED")
    generated = np.unique(np.concatenate([it.frames[it.attributes["type"] == own] for it in keys]))
    if len(generated) < 3:
        return None
    every = np.unique(np.concatenate([it.frames for it in keys]))
    return every[(every >= generated[0]) & (every <= generated[-1])].astype(np.float64)


def _stops(keys: curves.Keys, frames: Array) -> frozenset[int]:
    mine = keys.frames[keys.attributes["type"] != curves.enum("type", "GENERATED")]
    return frozenset(int(index) for index in np.flatnonzero(np.isin(frames, mine)))
