"""Joint positions as small integers that compress well, and back: exactly, once rounded to `SCALE`.

A joint is told from its parent and from its own two frames before, so the same movement is the same bytes wherever it
happens: LZMA finds what composed clips copy from measured ones. Positions are rounded before anything is subtracted,
so errors never add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import JOINTS, PARENTS

SCALE = 0.0002
"""Metres a unit. Rounding to it raises the mean jitter of CMU's clips by 0.9 %; to 0.3 mm it would be 1.7 %."""
FAR = 255
"""What `near` says of a number that it cannot hold."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PackedPositions:
    """C clips with F frames in all; joint 0 in the world, the others from their parents.

    start: int32 [C, 22, 3], first frames. near: uint8 [66, F], the second differences in time of each joint and axis,
    signs folded (0, -1, 1, -2 ...). far: int64 [N], those that `near` cannot hold, in its order.
    """

    start: NDArray[np.int32]
    near: NDArray[np.uint8]
    far: Integers


def packed(clips: Sequence[NDArray[np.floating[Any]]]) -> PackedPositions:
    """Positions [T, 22, 3] in metres of each clip, T at least 1, none further than 400 km from the origin."""
    grid = np.concatenate([np.rint(clip / SCALE).astype(np.int32) for clip in clips])
    first = np.cumsum([0] + [len(clip) for clip in clips])[:-1]
    near = np.empty((JOINTS * 3, len(grid)), dtype=np.uint8)
    start, far = np.empty((len(clips), JOINTS * 3), dtype=np.int32), []
    for row, (joint, axis) in enumerate(np.ndindex(JOINTS, 3)):
        values = grid[:, joint, axis].astype(np.int64)
        if joint:
            values -= grid[:, PARENTS[joint], axis]
        start[:, row] = values[first]
        folded = fold(differences(differences(values, first), first))
        near[row] = np.minimum(folded, FAR)
        far.append(folded[folded >= FAR])
    return PackedPositions(start.reshape(-1, JOINTS, 3), near, np.concatenate(far))


def unpacked(kept: PackedPositions, offsets: Integers) -> NDArray[np.float32]:
    """Positions [F, 22, 3] in metres of all clips in a row, clip k being offsets[k]:offsets[k + 1].

    Raises ValueError if the parts do not fit each other.
    """
    if np.count_nonzero(kept.near == FAR) != len(kept.far):
        raise ValueError(f"{len(kept.far)} large differences for another number of places")
    result = np.empty((kept.near.shape[1], JOINTS, 3), dtype=np.float32)
    grid = np.empty((JOINTS, 3, len(result)), dtype=np.int32)
    for (joint, axis), second in zip(np.ndindex(JOINTS, 3), seconds(kept), strict=True):
        values = sums(sums(second, offsets), offsets) + np.repeat(kept.start[:, joint, axis], np.diff(offsets))
        grid[joint, axis] = values + grid[PARENTS[joint], axis] if joint else values
        result[:, joint, axis] = grid[joint, axis] * SCALE
    return result


def seconds(kept: PackedPositions) -> Iterator[Integers]:
    """The second differences [F] of each joint and axis."""
    at = 0
    for near in kept.near:
        folded = near.astype(np.int64)
        outside = near == FAR
        count = int(outside.sum())
        folded[outside] = kept.far[at : at + count]
        at += count
        yield unfold(folded)


def differences(values: Integers, first: Integers) -> Integers:
    """What each of values [F] is more than the one before it; 0 where a clip begins."""
    result = np.diff(values, prepend=0)
    result[first] = 0
    return result


def sums(steps: Integers, offsets: Integers) -> Integers:
    """The sums [F] of steps [F] from the beginning of each clip on, where the step is 0."""
    total = np.cumsum(steps)
    return total - np.repeat(total[offsets[:-1]], np.diff(offsets))


def fold(values: Integers) -> Integers:
    """Signed integers as natural ones, small ones small: 0, -1, 1, -2 to 0, 1, 2, 3."""
    return (values << 1) ^ (values >> 63)


def unfold(folded: Integers) -> Integers:
    """The inverse of `fold`."""
    return (folded >> 1) ^ -(folded & 1)


def from_first_differences(
    difference: NDArray[np.int16], start: NDArray[np.int32], offsets: Integers
) -> NDArray[np.float32]:
    """Positions [F, 22, 3] as packs held them before: differences [66, F] in the world, first frames [C, 22, 3]."""
    result = np.empty((difference.shape[1], JOINTS, 3), dtype=np.float32)
    for (joint, axis), steps in zip(np.ndindex(JOINTS, 3), difference, strict=True):
        begun = np.repeat(start[:, joint, axis], np.diff(offsets))
        result[:, joint, axis] = (sums(steps.astype(np.int64), offsets) + begun) * SCALE
    return result
