"""Each channel of a bone loses the keys that it does not need, while the bone and the feet stay within the tolerance.

A fit (`reduce`) gives all channels of a bone the same keys. Here each key of each channel is tried without: the two
nearest keys of that channel to either side take its place as well as they can, weighted least squares of values and
slopes as in `reduce`, towards whatever undoes most of what the other channels, and bones, have off. So the real part of
a quaternion, on which small rotations hardly depend, ends with few keys, and so do the idle axes of a hinge. Keys stay
on frames of the bone's shared keys. No Blender here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .metric import Metric, lengths
from .reduce import Fit, even, hermite, played, solved

Array = NDArray[np.floating]
ROUNDS, HOPELESS = 4, 2.0
"""Least squares rounds at most, after each of which times with large errors weigh more; above HOPELESS none."""


class Thinning:
    """The channels [T, C] of one bone's property, beginning with the shared keys of `fit`.

    metric: its first vector is the bone's own; the others are `shared` [T, G - 1, 3], how far off things are that
    several bones move (feet that stand), which this changes in place as it goes. stops: indices where keys stay, with
    their values; the first and last do in any case.
    """

    def __init__(
        self, frames: Array, dense: Array, fit: Fit, metric: Metric, shared: Array, stops: Sequence[int] = ()
    ) -> None:
        self._frames, self._dense, self._metric, self._shared = frames, dense, metric, shared
        self._stops = frozenset((0, len(frames) - 1, *stops))
        channels = range(dense.shape[1])
        knots = [int(index) for index in fit.indices]
        self._knots = [list(knots) for _ in channels]
        self._values = [list(fit.values[:, c]) for c in channels]
        spans = range(len(knots) - 1)
        self._slopes = [[(float(fit.after[i, c]), float(fit.before[i + 1, c])) for i in spans] for c in channels]
        self._known: dict[tuple[int, int], Array] = {}
        self._even = even(frames)
        self._off = played(fit, frames, frames) - dense
        self._own = np.einsum("tmc,tc->tm", metric.rows[:, 0], self._off)
        self._squares = np.einsum("tgmc,tgmc->tgc", metric.rows, metric.rows)

    def run(self) -> None:
        """Takes keys away until none can go, beginning with the channels that matter least."""
        weight = self._squares[:, 0].mean(axis=0) * np.ptp(self._dense, axis=0) ** 2
        found = True
        while found:
            found = False
            for channel in np.argsort(weight):
                found = self._sweep(int(channel)) or found

    def _sweep(self, channel: int) -> bool:
        knots, position, found = self._knots[channel], 1, False
        while position < len(knots) - 1:
            if knots[position] not in self._stops and self._without(channel, position):
                found = True
            else:
                position += 1
        return found

    def _without(self, channel: int, position: int) -> bool:
        """Whether the channel's knot could be taken away; if so it is gone."""
        all_knots, all_values = self._knots[channel], self._values[channel]
        low, high = max(position - 2, 0), min(position + 2, len(all_knots) - 1)
        around = [it for it in range(low, high + 1) if it != position]
        knots, values = [all_knots[it] for it in around], [all_values[it] for it in around]
        count = len(knots)
        kept = [i for i, knot in enumerate(knots) if i in (0, count - 1) or knot in self._stops]
        start = np.zeros(3 * count - 2)
        start[kept] = [values[i] for i in kept]
        moves = np.delete(np.eye(3 * count - 2), kept, axis=1)
        solution = self._fitted(channel, knots, start, moves)
        if solution is None:
            return False
        all_knots[low : high + 1] = knots
        all_values[low : high + 1] = [float(value) for value in solution[:count]]
        slopes = solution[count:].reshape(-1, 2)
        self._slopes[channel][low:high] = [(float(before), float(after)) for before, after in slopes]
        return True

    def _fitted(self, channel: int, knots: list[int], fixed: Array, moves: Array) -> Array | None:
        """Values [K], then slopes in pairs, [3 K - 2], that keep the tolerance; None where none were found.

        They are `fixed` [3 K - 2] plus any amounts of the columns of `moves` [3 K - 2, P].
        """
        basis = self._basis(knots)
        part = slice(knots[0], knots[-1] + 1)
        start, moving = basis @ fixed - self._dense[part, channel], basis @ moves
        rest, grown = self._rest(channel, part)
        rows, squares = self._metric.rows[part, :, :, channel], self._squares[part, :, channel]
        along = np.einsum("tgm,tgm->tg", rows, rest)
        weights = np.ones_like(squares)
        for _ in range(ROUNDS):
            total = (weights * squares).sum(axis=1) + 1e-9
            wanted = -(weights * along).sum(axis=1) / total
            found = solved(moving, total, (wanted - start)[:, None])[:, 0]
            off = start + moving @ found
            errors = lengths(rest + rows * off[:, None, None], grown + self._metric.length[part, channel] * off)
            largest = float(errors.max())
            if largest <= 1.0:
                self._move(channel, knots[0], off)
                return fixed + moves @ found
            if largest > HOPELESS:
                return None
            weights = weights * (0.1 + errors / largest)
        return None

    def _basis(self, knots: list[int]) -> Array:
        """How values and slopes weigh at the times between the first and last knot, [N, 3 K - 2]."""
        first, count = knots[0], len(knots)
        basis = np.zeros((knots[-1] - first + 1, 3 * count - 2))
        for i, (low, high) in enumerate(zip(knots, knots[1:], strict=False)):
            rows, weights = slice(low - first, high - first + 1), self._hermite(low, high)
            basis[rows, i : i + 2] = weights[:, :2]
            basis[rows, count + 2 * i : count + 2 * i + 2] = weights[:, 2:]
        return basis

    def _hermite(self, low: int, high: int) -> Array:
        if self._even:
            low, high = 0, high - low
        known = self._known.get((low, high))
        if known is None:
            times = self._frames[low : high + 1]
            known = np.concatenate(hermite(times, float(times[0]), float(times[-1])), axis=1)
            self._known[low, high] = known
        return known

    def _rest(self, channel: int, part: slice) -> tuple[Array, Array]:
        """How far the vectors are off, [N, G, 3], and how much too long a quaternion is, [N], but for this channel."""
        off, length = self._off[part], self._metric.length[part]
        vectors = np.concatenate([self._own[part, None], self._shared[part]], axis=1)
        vectors -= self._metric.rows[part, :, :, channel] * off[:, channel, None, None]
        return vectors, np.einsum("tc,tc->t", length, off) - length[:, channel] * off[:, channel]

    def _move(self, channel: int, first: int, off: Array) -> None:
        part = slice(first, first + len(off))
        moved = self._metric.rows[part, :, :, channel] * (off - self._off[part, channel])[:, None, None]
        self._own[part] += moved[:, 0]
        self._shared[part] += moved[:, 1:]
        self._off[part, channel] = off

    def fits(self) -> list[Fit]:
        """For each channel what was found, [K, 1], with slopes made one wherever the tolerance allows it."""
        return [self._fit(channel) for channel in range(len(self._knots))]

    def _fit(self, channel: int) -> Fit:
        knots, count = self._knots[channel], len(self._knots[channel])
        aligned = np.zeros(count, dtype=np.bool_)
        for position in range(1, count - 1):
            aligned[position] = self._align(channel, position, aligned)
        aligned[[0, -1]] = True
        before, after = np.zeros((count, 1)), np.zeros((count, 1))
        for i, (start, end) in enumerate(self._slopes[channel]):
            after[i], before[i + 1] = start, end
        values = np.array(self._values[channel])[:, None]
        return Fit(np.array(knots, dtype=np.intp), values, before, after, aligned)

    def _align(self, channel: int, position: int, aligned: NDArray[np.bool_]) -> bool:
        """Whether both slopes of a knot could be made one; if so they are. Slopes of aligned neighbours stay."""
        part, pair = slice(position - 1, position + 2), slice(position - 1, position + 1)
        knots, values, slopes = self._knots[channel][part], self._values[channel], self._slopes[channel]
        fixed = np.zeros(7)
        fixed[[0, 2]] = values[position - 1], values[position + 1]
        moves = [0, 0, 0, 0, 1, 1, 0], [0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]
        kept = {1: knots[1] in self._stops, 2: aligned[position - 1], 3: aligned[position + 1]}
        fixed[[1, 3, 6]] = values[position], slopes[position - 1][0], slopes[position][1]
        columns = np.array([move for i, move in enumerate(moves) if not kept.get(i)], dtype=np.float64).T
        fixed[columns.any(axis=1)] = 0.0
        solution = self._fitted(channel, knots, fixed, columns)
        if solution is None:
            return False
        values[position] = float(solution[1])
        slopes[pair] = [(float(solution[3]), float(solution[4])), (float(solution[5]), float(solution[6]))]
        return True
