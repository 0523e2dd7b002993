"""Filters along time. They know frames, not bodies, except that feet on the ground are left sharp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import FEET

Array = NDArray[np.floating[Any]]

STRENGTH = 6.25e-7
"""m s^3: how much moving a joint is worth in jerk. A swing at f Hz loses at most 4 / pi (2 pi f)^3 times this of its
amplitude, however large it is: 1.6 mm at 2 Hz, 5 mm at 3 Hz. A tremble at 6 Hz goes if it is smaller than 2 cm."""
STILL = 24.0
"""m/s^3: what has less jerk is smoothed as by Whittaker, in proportion."""
SHARP = 0.05
"""Seconds to either side of touch-down and lift-off within which the jerk of a foot does not count."""
ROUNDS = 4
"""Times that `trend` weighs jerk anew; more change nothing that can be seen."""
THIRD = (-1.0, 3.0, -3.0, 1.0)


def trend(x: Array, fps: float, strength: Array | float, still: float, weights: Array | float = 1.0) -> Array:
    """The y [T, n, c] near x [T, n, c] with little jerk: the least of sum w |y - x|^2 / 2 + s sum |jerk| a frame.

    Norms over c; w: `weights` [T, n] or one; s: `strength`, [T - 3, n] or one, units of x times s^3 where w has none; 0
    where y may follow x. Jerk below `still`, units of x over s^3, counts by its square. The norm itself and not its
    square, so that what is sharp stays so and a quick movement gives up no more than a slow one: the l1 trend filter
    of Kim, Koh, Boyd and Gorinevsky (2009), by weighing Whittaker's smoother (1923) anew.
    """
    if len(x) < len(THIRD):
        return x.copy()
    strengths = np.broadcast_to(strength, (len(x) - 3, x.shape[1])) * fps**3
    weights = np.broadcast_to(weights, x.shape[:2])
    result = x
    for _ in range(ROUNDS):
        size = np.linalg.norm(np.diff(result, n=3, axis=0), axis=-1)
        result = whittaker(x, weights, strengths / np.maximum(size, still / fps**3))
    return result


def whittaker(x: Array, weights: Array, strengths: Array) -> Array:
    """The y [T, n, c] that makes sum `weights` |y - x|^2 + sum `strengths` |third difference of y|^2 least (1923).

    weights: [T, n], above 0; strengths: [T - 3, n]. The normal equations have seven diagonals and are eliminated in
    time order, all n at once.
    """
    frames, width = len(x), len(THIRD)
    bands = np.zeros((frames + width - 1, width, x.shape[1]))
    bands[:frames, 0] = weights
    for row in range(width):
        for step in range(width - row):
            bands[row : row + frames - width + 1, step] += THIRD[row] * THIRD[row + step] * strengths
    result = np.zeros((frames + width - 1, *x.shape[1:]))
    result[:frames] = weights[..., None] * x
    for t in range(frames):
        factors = bands[t, 1:] / bands[t, 0]
        for step in range(1, width):
            bands[t + step, : width - step] -= factors[step - 1] * bands[t, step:]
        result[t + 1 : t + width] -= factors[..., None] * result[t]
    for t in range(frames - 1, -1, -1):
        later = np.sum(bands[t, 1:, :, None] * result[t + 1 : t + width], axis=0)
        result[t] = (result[t] - later) / bands[t, 0, :, None]
    return result[:frames]


def gaussian(x: Array, sigma: float) -> Array:
    """x [T, ...] convolved in time with a Gaussian of `sigma` frames cut at three sigma, edge frames repeated."""
    radius = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    padded = np.pad(x, [(radius, radius)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0) @ (kernel / kernel.sum())


def around(x: Array, radius: int, of: Callable[..., Array] = np.max) -> Array:
    """x [T, ...] with every frame replaced by the greatest (or `of`, as the mean) of the frames `radius` around it."""
    padded = np.pad(x, [(radius, radius)] + [(0, 0)] * (x.ndim - 1), mode="edge")
    return of(np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=0), axis=-1)


def smooth(positions: Array, contacts: NDArray[np.bool_], fps: float) -> Array:
    """Positions [T, 22, 3] lightly smoothed; a foot keeps its own path around touch-down and lift-off.

    contacts: bool [T, 4] in the order of `skeleton.FEET`. Smoothed across a landing a foot would come down too early.
    """
    if len(positions) < len(THIRD):
        return positions.copy()
    strengths = np.full((len(positions) - 3, positions.shape[1]), STRENGTH)
    change = (contacts[1:] != contacts[:-1]).astype(np.float64)
    near = around(change, max(1, round(SHARP * fps))) > 0
    strengths[:, list(FEET)] *= ~near[1:-1]  # a third difference is centred on the second of its three steps
    return trend(positions, fps, strengths, STILL)
