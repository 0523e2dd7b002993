"""One channel's keys as Béziers, and what they play. Handles may reach as far as they like. No Blender here.

Between two keys a Bézier's time and value are both cubics in s, from 0 to 1. A handle's *reach* is the share of the
time between the keys that it spans, so a reach of a third makes time linear in s. Its *slope* is value a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
ITERATIONS, FLATTEST = 10, 1e-3
"""Newton's steps, and the least speed of time over s that they divide by."""


@dataclass(frozen=True)
class Keys:
    """K keys at ascending indices [K] of the dense frames, with values [K].

    slopes, reaches: [K - 1, 2], of the two handles between each key and the next. aligned: [K] whether the slopes to
    both sides of a key are one.
    """

    indices: NDArray[np.intp]
    values: Array
    slopes: Array
    reaches: Array
    aligned: NDArray[np.bool_]


def roots(share: Array, start: Array, end: Array, begin: Array, iterations: int = ITERATIONS) -> Array:
    """s [N] at which the shares [N] of the time between two keys are over; begin: where to look first.

    start, end: [N] the reaches of both handles, which together are at most one.
    """
    s = begin
    for _ in range(iterations):
        u = 1.0 - s
        time = s * (3.0 * u * (u * start + s * (1.0 - end)) + s * s)
        s = np.clip(s - (time - share) / np.maximum(speed(s, start, end), FLATTEST), 0.0, 1.0)
    return s


def speed(s: Array, start: Array, end: Array) -> Array:
    """How fast the share of time goes by over s."""
    u = 1.0 - s
    return 3.0 * (u * u * start + 2.0 * s * u * (1.0 - start - end) + s * s * end)


def weights(s: Array) -> tuple[Array, Array, Array, Array]:
    """How the first key, its handle, the second key's handle and that key weigh at s."""
    u = 1.0 - s
    return u * u * u, 3.0 * s * u * u, 3.0 * s * s * u, s * s * s


def played(keys: Keys, frames: Array, at: Array) -> Array:
    """The values [N] at times [N] between the first and last of the dense frames [T]."""
    times = frames[keys.indices]
    if len(times) == 1:
        return np.repeat(keys.values, len(at))
    i = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    width, (start, end) = np.diff(times)[i], keys.reaches[i].T
    share = (at - times[i]) / width
    s = roots(share, start, end, share)
    one, two, three, four = weights(s)
    first, last = keys.values[i], keys.values[i + 1]
    handles = first + start * width * keys.slopes[i, 0], last - end * width * keys.slopes[i, 1]
    return one * first + two * handles[0] + three * handles[1] + four * last
