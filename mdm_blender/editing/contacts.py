"""When the feet stand, as an action remembers it (`apply.CONTACTS`), after an edit of some of its frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Intervals = list[list[float]]


def edited(
    known: Sequence[Sequence[Sequence[float]]], standing: NDArray[np.bool_], frames: NDArray[np.int_]
) -> list[Intervals]:
    """For each joint of `skeleton.FEET` the [first, last] frames that it stands: those known, with edited frames [T]
    (whole, ascending, without gaps) as `standing` [T, 4] says. Stances that meet at a border become one."""
    first, last = int(frames[0]), int(frames[-1])
    result: list[Intervals] = []
    for joint, flags in enumerate(standing.T):
        pieces = [[a, min(b, first - 1)] for a, b in known[joint] if a < first]
        pieces += [[max(a, last + 1), b] for a, b in known[joint] if b > last]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
        pieces += [[float(frames[a]), float(frames[b - 1])] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        joined: Intervals = []
        for a, b in sorted(piece for piece in pieces if piece[1] >= piece[0]):
            if joined and a <= joined[-1][1] + 1:
                joined[-1][1] = max(joined[-1][1], b)
            else:
                joined.append([float(a), float(b)])
        result.append(joined)
    return result


def standing(known: Sequence[Sequence[Sequence[float]]], frames: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Which joints of `skeleton.FEET` stand at the frames [T]: [T, 4], of the intervals that are known of each."""
    return np.stack(
        [np.any([(a <= frames) & (frames <= b) for a, b in it] or [frames < frames], axis=0) for it in known], axis=1
    )
