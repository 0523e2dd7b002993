"""Fewer keys for the same motion: Béziers fitted to dense channels, one set of keys for all channels of a bone.

Between two keys a Bézier whose handles reach a third of the way is a cubic in time (Hermite form), so the best slopes
are linear least squares, reweighted until the largest error is small (Lawson), not the mean. Keys are set as far apart
as the tolerance allows, from the start on; then every key is tried without, its neighbours moving a little; then
slopes are made the same to both sides of a key wherever that stays within the tolerance. The error is the caller's:
of a rotation its angle, not that of single channels. No Blender here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Error = Callable[[Array, int, int], Array]
"""(values [N, C], first, last) -> how far each is from the dense ones first..last (inclusive, N of them), [N].

In units of the tolerance: 1 is allowed."""

ROUNDS, HOPELESS = 6, 2.5
"""Least squares rounds at most, after the first of which frames with large errors weigh more; above HOPELESS none."""


@dataclass(frozen=True)
class Fit:
    """Keys at indices [K] of the dense frames, with values [K, C] and slopes (value a frame) to both sides [K, C].

    aligned: [K] whether both slopes of a key are the same; the outer slopes of the first and last key mean nothing.
    """

    indices: NDArray[np.intp]
    values: Array
    before: Array
    after: Array
    aligned: NDArray[np.bool_]

    def channels(self) -> list[Fit]:
        """Each channel's fit, [K, 1]."""
        parts = [slice(c, c + 1) for c in range(self.values.shape[1])]
        return [
            Fit(self.indices, self.values[:, it], self.before[:, it], self.after[:, it], self.aligned) for it in parts
        ]


def reduced(frames: Array, dense: Array, error: Error, fixed: Sequence[int] = (), stride: int = 1) -> Fit:
    """The fewest keys found for dense values [T, C] at ascending frames [T] that keep the error at most 1.

    The first and last frame and those with indices `fixed` keep a key with its dense value. stride: keys lie on every
    stride-th frame alone (and at the end); the frames between them hold the curve where keys are close together.
    """
    last = len(frames) - 1
    nothing = np.zeros((1, dense.shape[1]))
    if last == 0:
        return Fit(np.zeros(1, dtype=np.intp), dense, nothing, nothing, np.ones(1, dtype=np.bool_))
    stops = sorted({0, last, *(index for index in fixed if 0 < index < last)})
    curve = _Curve(frames, dense, error, stride)
    for low, high in zip(stops, stops[1:], strict=False):
        curve.append(low, high)
    curve.prune(frozenset(stops))
    return curve.fit()


def hermite(times: Array, low: float, high: float) -> tuple[Array, Array]:
    """How the end values weigh at times [N] in low..high, [N, 2], and how the end slopes do, [N, 2]."""
    width = high - low
    t = (times - low) / width
    values = np.stack([(1 + 2 * t) * (1 - t) ** 2, t**2 * (3 - 2 * t)], axis=-1)
    slopes = np.stack([width * t * (1 - t) ** 2, -width * t**2 * (1 - t)], axis=-1)
    return values, slopes


def even(frames: Array) -> bool:
    """Whether the frames [T] are equally far apart, so that stretches of the same length have the same weights."""
    return bool(np.allclose(np.diff(frames), frames[1] - frames[0], rtol=0, atol=1e-6))


def solved(moving: Array, weights: Array, target: Array) -> Array:
    """Weighted least squares [P, C] of moving [N, P] against target [N, C], held back a little towards zero."""
    weighted = moving.T * weights
    normal = weighted @ moving
    diagonal = np.einsum("ii->i", normal)
    diagonal += 1e-8 * diagonal.mean() + 1e-12
    return np.linalg.solve(normal, weighted @ target)


class _Curve:
    """The knots so far: indices, values, and for each stretch between two its start and end slope."""

    def __init__(self, frames: Array, dense: Array, error: Error, stride: int) -> None:
        self._frames, self._dense, self._error, self._stride = frames, dense, error, stride
        self._known: dict[tuple[int, int], tuple[Array, Array]] = {}
        self._even = even(frames)
        self._tangents = np.gradient(dense, frames, axis=0)
        self._knots: list[int] = [0]
        self._values: list[Array] = [dense[0]]
        self._slopes: list[tuple[Array, Array]] = []

    def append(self, low: int, high: int) -> None:
        """Knots from `low`, where there is one, to `high`: each as far on as one stretch can reach."""
        while low < high:
            reach = self._farthest(low, high)
            _, solution = self._fitted([low, reach], [self._dense[low], self._dense[reach]], frozenset((0, 1)))
            self._knots.append(reach)
            self._values.append(self._dense[reach])
            self._slopes.append((solution[2], solution[3]))
            low = reach

    def _farthest(self, low: int, high: int) -> int:
        """By doubling steps while the stretch fits, then halving between the last that did and the first that did not.

        One step is taken in any case.
        """
        most = -(-(high - low) // self._stride)

        def reach(steps: int) -> int:
            return min(low + steps * self._stride, high)

        def fits(steps: int) -> bool:
            ends = [self._dense[low], self._dense[reach(steps)]]
            return self._fitted([low, reach(steps)], ends, frozenset((0, 1)))[0] <= 1.0

        good, steps = 1, 2
        while steps <= most and fits(steps):
            good, steps = steps, 2 * steps
        bad = min(steps, most + 1)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if fits(middle) else (good, middle)
        return reach(good)

    def prune(self, stops: frozenset[int]) -> None:
        """Takes away knots that are not needed when their neighbours' values may move within the tolerance."""
        tried = True
        while tried:
            tried = False
            position = 1
            while position < len(self._knots) - 1:
                if self._knots[position] not in stops and self._without(position, stops):
                    tried = True
                else:
                    position += 1

    def _without(self, position: int, stops: frozenset[int]) -> bool:
        """Whether the knot could be taken away; if so it is gone."""
        low, high = max(position - 2, 0), min(position + 2, len(self._knots) - 1)
        around = [it for it in range(low, high + 1) if it != position]
        knots = [self._knots[it] for it in around]
        values = [self._values[it] for it in around]
        held = frozenset(i for i, knot in enumerate(knots) if i in (0, len(knots) - 1) or knot in stops)
        worst, solution = self._fitted(knots, values, held)
        if worst > 1.0:
            return False
        count = len(knots)
        self._knots[low : high + 1] = knots
        self._values[low : high + 1] = list(solution[:count])
        self._slopes[low:high] = [(solution[count + 2 * i], solution[count + 2 * i + 1]) for i in range(count - 1)]
        return True

    def _fitted(self, knots: list[int], values: list[Array], held: frozenset[int]) -> tuple[float, Array]:
        """The best curve through these knots: its largest error, and [K + 2 (K - 1), C]: values, then slopes in pairs.

        held: the knots, by position, that keep their value.
        """
        first, last, count = knots[0], knots[-1], len(knots)
        basis = np.zeros((last - first + 1, 3 * count - 2))
        for i, (low, high) in enumerate(zip(knots, knots[1:], strict=False)):
            rows = slice(low - first, high - first + 1)
            ends, slopes = self._hermite(low, high)
            basis[rows, i : i + 2] = ends
            basis[rows, count + 2 * i : count + 2 * i + 2] = slopes
        free = np.array([i for i in range(basis.shape[1]) if i not in held])
        # Where frames are too few to tell, slopes are the dense curve's own.
        start = np.zeros((basis.shape[1], self._dense.shape[1]))
        start[:count] = values
        for i, pair in enumerate(zip(knots, knots[1:], strict=False)):
            start[count + 2 * i : count + 2 * i + 2] = self._tangents[list(pair)]
        solution = start.copy()
        target = self._dense[first : last + 1] - basis @ start
        moving = basis[:, free]
        weights = np.ones(len(basis))
        best, worst = start, np.inf
        for _ in range(ROUNDS):
            solution[free] = start[free] + solved(moving, weights, target)
            errors = self._error(basis @ solution, first, last)
            largest = float(errors.max())
            if largest < worst:
                best, worst = solution.copy(), largest
            if worst <= 1.0 or largest > HOPELESS:
                break
            weights = weights * (0.1 + errors / largest)
        return worst, best

    def _hermite(self, low: int, high: int) -> tuple[Array, Array]:
        if self._even:
            low, high = 0, high - low
        known = self._known.get((low, high))
        if known is None:
            known = hermite(self._frames[low : high + 1], float(self._frames[low]), float(self._frames[high]))
            self._known[low, high] = known
        return known

    def fit(self) -> Fit:
        """What was found, with slopes made one wherever both stretches allow it."""
        values, count = np.array(self._values), len(self._knots)
        before, after = np.zeros_like(values), np.zeros_like(values)
        for i, (start, end) in enumerate(self._slopes):
            after[i], before[i + 1] = start, end
        aligned = np.ones(count, dtype=np.bool_)
        for i in range(1, count - 1):
            widths = self._frames[self._knots[i - 1 : i + 2]]
            share = (widths[1] - widths[0]) / (widths[2] - widths[0])
            slope = share * before[i] + (1 - share) * after[i]
            left = self._stretch_error(i - 1, values, after[i - 1], slope)
            aligned[i] = left <= 1.0 and self._stretch_error(i, values, slope, before[i + 1]) <= 1.0
            if aligned[i]:
                before[i] = after[i] = slope
        return Fit(np.array(self._knots, dtype=np.intp), values, before, after, aligned)

    def _stretch_error(self, position: int, values: Array, start: Array, end: Array) -> float:
        low, high = self._knots[position], self._knots[position + 1]
        ends, slopes = self._hermite(low, high)
        played = ends @ values[position : position + 2] + slopes @ np.stack([start, end])
        return float(self._error(played, low, high).max())


def played(fit: Fit, frames: Array, at: Array) -> Array:
    """The fitted curve's values [N, C] at times [N] between the first and last of the dense frames."""
    knots = frames[fit.indices]
    if len(knots) == 1:
        return np.repeat(fit.values, len(at), axis=0)
    result = np.empty((len(at), fit.values.shape[1]))
    stretch = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    for i in np.unique(stretch):
        inside = stretch == i
        ends, slopes = hermite(at[inside], float(knots[i]), float(knots[i + 1]))
        result[inside] = ends @ fit.values[i : i + 2] + slopes @ np.stack([fit.after[i], fit.before[i + 1]])
    return result
