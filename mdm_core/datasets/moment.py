"""What a moment inside a clip is, and stretches of frames in which something holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moment:
    """Frames [start, stop) in which something of `WORDS` happens; the clip may be shown from `low` up to `high`."""

    tag: str
    start: int
    stop: int
    low: int
    high: int


def runs(flags: NDArray[np.bool_], shortest: int) -> Iterator[tuple[int, int]]:
    """Stretches [a, b) of true flags, those less than six frames apart as one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    joined: list[list[int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if joined and a - joined[-1][1] < 6:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    yield from ((a, b) for a, b in joined if b - a >= shortest)


def back(flags: NDArray[np.bool_], at: int) -> int:
    """The first frame of the stretch of true flags that ends at `at`."""
    missing = np.flatnonzero(~flags[: at + 1])
    return int(missing[-1]) + 1 if len(missing) else 0


def ahead(flags: NDArray[np.bool_], at: int) -> int:
    """The end of the stretch of true flags that begins at `at`."""
    missing = np.flatnonzero(~flags[at:])
    return at + int(missing[0]) if len(missing) else len(flags)
