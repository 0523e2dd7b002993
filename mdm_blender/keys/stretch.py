"""The dense stretch of one bone's property that baking replaces: its values over time and what may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import curves, metric
from .euler import from_mode
from .read import Channels, rotation_property
from .reduce import Fit, played, reduced

Array = NDArray[np.floating]
PARTS = 4
"""Times to a frame at which the old and the new curve are compared: cubics can part between two frames."""
MARGIN = 0.92
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
    or units; fixed: indices of frames that have an animator's key, which stays a key. shared: the fit [K, C] with one
    set of keys for all channels; fits: for each channel its own, [K, 1].
    """

    channels: Channels
    mode: str
    frames: Array
    now: Array
    dense: Array
    limit: Array
    fixed: list[int]
    whole: Array = field(init=False)
    shared: Fit = field(init=False)
    fits: list[Fit] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.full(self.dense)

    def full(self, values: Array) -> Array:
        """The property [T, n] with the keyed channels' values [T, C]; rotations as unit quaternions."""
        whole = np.repeat(self.now[None], len(values), axis=0)
        whole[:, list(self.channels.curves)] = values
        return from_mode(whole, self.mode) if self.mode else whole

    def reduce(self, share: Array) -> None:
        """Finds the shared keys, with only a share [T] of the tolerance."""
        plain = self.mode == "QUATERNION" and self.dense.shape[1] == 4
        limit = share * self.limit

        def error(values: Array, first: int, last: int) -> Array:
            part = slice(first, last + 1)
            whole = values if plain else self.full(values)
            return metric.distance(whole, self.whole[part], bool(self.mode)) / limit[part]

        self.shared = reduced(self.frames, self.dense, error, self.fixed, stride=PARTS)
        self.fits = self.shared.channels()

    def played(self) -> Array:
        """What the fits play, [T, C]."""
        return np.concatenate([played(fit, self.frames, self.frames) for fit in self.fits], axis=1)

    def kept(self) -> bool:
        """Whether what the fits play is within the tolerance."""
        off = metric.distance(self.full(self.played()), self.whole, bool(self.mode))
        return bool((off <= self.limit).all())

    def metric(self) -> metric.Metric:
        if not self.mode:
            return metric.of_place(self.dense, self.limit)
        return metric.of_rotation(self.dense, self.full, self.limit, self.mode == "QUATERNION")


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
    keyed, others = _keyed(keys)
    if keyed is None:
        return None
    parts = np.arange(PARTS) / PARTS
    frames = np.append((keyed[:-1, None] + np.diff(keyed)[:, None] * parts).ravel(), keyed[-1])
    dense = np.stack([[curve.evaluate(float(f)) for f in frames] for curve in channels.curves.values()], axis=-1)
    return Stretch(
        channels,
        owner.rotation_mode if turned else "",
        frames,
        np.array(getattr(owner, channels.property), dtype=np.float64),
        dense,
        np.full(len(frames), MARGIN * (tolerance.degrees if turned else metres)),
        [int(index) for index in np.flatnonzero(np.isin(frames, others))],
    )


def _keyed(keys: Sequence[curves.Keys]) -> tuple[Array | None, Array]:
    """The frames of all keys from the first generated one to the last, None if too few are; those of other keys."""
    own = curves.enum("type", "GENERATED")
    generated = np.unique(np.concatenate([it.frames[it.attributes["type"] == own] for it in keys]))
    others = np.concatenate([it.frames[it.attributes["type"] != own] for it in keys])
    if len(generated) < 3:
        return None, others
    others = np.unique(others[(others > generated[0]) & (others < generated[-1])])
    return np.union1d(generated, others).astype(np.float64), others
