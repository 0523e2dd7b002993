"""Stretches of up to three Béziers, fitted many at a time so that what they move stays within its tolerance.

A window's first and last key keep their values. The rest (values, slopes and how far handles reach) is found by least
squares, Gauss-Newton since reaches are not linear, reweighted until the largest error is small (Lawson), not the mean.
Windows differ in length, so their times lie in one row, and sums are taken from mark to mark. No Blender here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .bezier import roots, speed, weights

Array = NDArray[np.floating]
Indices = NDArray[np.intp]
KNOTS, SPANS = 4, 3
SLOPES, REACHES, NUMBERS = KNOTS, KNOTS + 2 * SPANS, KNOTS + 4 * SPANS
"""Of a window's numbers, where slopes begin and where reaches do: two of each span's. Values of keys come first."""
ENDS = np.array(
    [[i, i + 1, SLOPES + 2 * i, SLOPES + 2 * i + 1, REACHES + 2 * i, REACHES + 2 * i + 1] for i in (0, 1, 2)]
)
"""The numbers that each span depends on: values, slopes and reaches of both its ends."""
TIES = ((SLOPES + 1, SLOPES + 2), (SLOPES + 3, SLOPES + 4))
"""The slopes to both sides of the second and the third key."""
SHORTEST, LONGEST = 0.1, 0.85
"""Between which shares of a span a handle's reach is kept, so that it can be seen and grasped."""
SOONEST = 1 / 3
"""How many frames a handle spans at least, and a third of one frame's span: no bend hides between two times."""
FAR = 1.0
"""How far beyond the range of the curve between two keys a handle may lie, as a share of that range."""
BARELY = 1.001
"""The error that a window whose handles lie too far counts as having at least."""
HOPES = (4.0, 2.5, 1.7, 1.4, 1.25, 0.0)
"""The largest error, in shares of what is allowed, with which one more round is tried."""
STIFF, LEAST = 0.05, 1e-7
"""By which share of what pulls at them reaches, and all numbers, are held back in a round."""
SLOWEST, NEWTON = 0.05, 3
"""The least speed of time that a derivative by a reach divides by; Newton's steps from the roots of the last round."""


@dataclass(frozen=True)
class Windows:
    """B windows: knots [B, 4] are indices of the dense frames, ascending, the last of `count` [B] repeated.

    numbers: [B, 16] where they begin. held: [B, 16] which of them stay. tied: [B, 2] whether the second and the third
    key have one slope to both sides.
    """

    knots: Indices
    count: Indices
    numbers: Array
    held: NDArray[np.bool_]
    tied: NDArray[np.bool_]

    def times(self) -> Indices:
        """The indices [M] of the dense frames in each window, from its first knot up to but without its last."""
        return _ranges(self.knots[:, 0], self.knots[:, -1] - self.knots[:, 0])

    def where(self, mask: NDArray[np.bool_]) -> Windows:
        return Windows(self.knots[mask], self.count[mask], self.numbers[mask], self.held[mask], self.tied[mask])


@dataclass(frozen=True)
class Aims:
    """What is wanted at the M `times` of all windows, as the squares of G vectors' lengths in what is allowed.

    target: [M] the channel's dense value. squares: [M, G] of the vectors a unit of the channel; along: [M, G] their
    product with the vectors as they are without this channel, and rest: [M, G] the squares of these.
    """

    target: Array
    squares: Array
    along: Array
    rest: Array

    def where(self, mask: NDArray[np.bool_]) -> Aims:
        return Aims(self.target[mask], self.squares[mask], self.along[mask], self.rest[mask])

    def errors(self, off: Array) -> Array:
        """[M, G], 1 is allowed, where the channel is off by [M]."""
        squares = self.rest + 2.0 * self.along * off[:, None] + self.squares * (off * off)[:, None]
        return np.sqrt(np.maximum(squares, 0.0))


@dataclass(frozen=True)
class Fitted:
    """A window that keeps the tolerance: which it is, its largest error, its numbers [16], and what is off [N]."""

    window: int
    error: float
    numbers: Array
    off: Array


def fit(windows: Windows, aims: Aims, frames: Array) -> Iterator[Fitted]:
    """Those windows that can be fitted within the tolerance, each as soon as it is; frames: the dense ones [T]."""
    which, weight = np.arange(len(windows.knots)), np.ones_like(aims.squares)
    layout = _Layout.of(windows, frames)
    windows = _tied(windows)
    local = _Local.of(windows, layout, layout.share)
    local.moving[:, 4:] = 0.0  # how much a reach matters depends on slopes, which are not known yet
    windows = _solved(windows, layout, local, aims, weight)
    for hope in HOPES:
        local = _Local.of(windows, layout, local.s)
        off = local.values - aims.target
        errors = aims.errors(off)
        worst = np.maximum.reduceat(errors.max(axis=1), layout.starts)
        worst = np.where(_strays(windows, layout, aims), np.maximum(worst, BARELY), worst)
        for i in np.flatnonzero(worst <= 1.0):
            yield Fitted(int(which[i]), float(worst[i]), windows.numbers[i], off[layout.window == i])
        going = (worst > 1.0) & (worst <= hope)
        if not going.any():
            return
        weight = weight * (0.1 + errors / np.maximum(worst, 1.0)[layout.window, None])
        if not going.all():
            stay = going[layout.window]
            which, windows, aims = which[going], windows.where(going), aims.where(stay)
            weight, local = weight[stay], local.where(stay)
            layout = _Layout.of(windows, frames)
        windows = _solved(windows, layout, local, aims, weight)


def _strays(windows: Windows, layout: _Layout, aims: Aims) -> NDArray[np.bool_]:
    """[B]: whether a handle lies too far above or below the curve between its two keys, what is allowed aside."""
    first, last, rise, fall, start, end = windows.numbers[layout.whose[:, None], ENDS[layout.place]].T
    handles = first + start * layout.width * rise, last - end * layout.width * fall
    low = np.minimum(np.minimum.reduceat(aims.target, layout.marks), last)
    high = np.maximum(np.maximum.reduceat(aims.target, layout.marks), last)
    allowed = 1.0 / np.sqrt(np.maximum.reduceat(aims.squares.max(axis=1), layout.marks) + 1e-12)
    over = np.maximum(np.maximum(*handles) - high, low - np.minimum(*handles)) - allowed
    return np.logical_or.reduceat(over > FAR * (high - low), np.flatnonzero(layout.place == 0))


def _solved(windows: Windows, layout: _Layout, local: _Local, aims: Aims, weight: Array) -> Windows:
    """The windows with numbers nearer to what is wanted, with errors [M, G] weighted."""
    moving = local.moving
    total = np.einsum("mg,mg->m", weight, aims.squares) + 1e-9
    wanted = -np.einsum("mg,mg->m", weight, aims.along) / total
    pulled = moving * total[:, None]
    normal = np.add.reduceat(pulled[:, :, None] * moving[:, None, :], layout.marks)
    pull = np.add.reduceat(pulled * (wanted - local.values + aims.target)[:, None], layout.marks)
    numbers = windows.numbers + _step(windows, layout, normal, pull)
    shortest = np.full((len(numbers), SPANS, 1), SHORTEST)
    shortest[layout.whose, layout.place, 0] = np.clip(SOONEST / layout.width, SHORTEST, 1 / 3)
    reaches = np.clip(numbers[:, REACHES:].reshape(-1, SPANS, 2), shortest, np.minimum(LONGEST, 1.0 - shortest))
    reaches /= np.maximum(reaches.sum(axis=-1, keepdims=True), 1.0)
    numbers[:, REACHES:] = reaches.reshape(-1, 2 * SPANS)
    return _tied(replace(windows, numbers=numbers))


def _tied(windows: Windows) -> Windows:
    """The windows, where both slopes of a key are to be one with that."""
    numbers = windows.numbers.copy()
    for tie, (one, other) in enumerate(TIES):
        numbers[:, other] = np.where(windows.tied[:, tie], numbers[:, one], numbers[:, other])
    return replace(windows, numbers=numbers)


def _step(windows: Windows, layout: _Layout, normal: Array, pull: Array) -> Array:
    """[B, 16] from the normal equations of each span, [S, 6, 6] and [S, 6]."""
    count = len(windows.knots)
    matrix, vector = np.zeros((count, NUMBERS, NUMBERS)), np.zeros((count, NUMBERS))
    for place, ends in enumerate(ENDS):
        spans = np.flatnonzero(layout.place == place)
        whose = layout.whose[spans]
        matrix[whose[:, None, None], ends[:, None], ends] += normal[spans]
        vector[whose[:, None], ends] += pull[spans]
    free = ~windows.held
    for tie, (one, other) in enumerate(TIES):
        tied = windows.tied[:, tie, None]
        matrix[:, one] += np.where(tied, matrix[:, other], 0.0)
        matrix[:, :, one] += np.where(tied, matrix[:, :, other], 0.0)
        vector[:, one] += np.where(tied[:, 0], vector[:, other], 0.0)
        free[:, other] &= ~windows.tied[:, tie]
    matrix *= free[:, :, None] & free[:, None, :]
    diagonal = np.einsum("bii->bi", matrix)
    diagonal += LEAST * diagonal.mean(axis=1, keepdims=True) + 1e-12
    diagonal[:, REACHES:] *= 1.0 + STIFF
    return np.linalg.solve(matrix, np.where(free, vector, 0.0)[:, :, None])[:, :, 0]


@dataclass(frozen=True)
class _Layout:
    """The windows' spans [S] and times [M], each in one row.

    whose, place, width: [S] the window a span is in, which of its spans it is, and how many frames wide. span, window,
    share: [M] of each time, and the share of its span that is over. marks: [S], starts: [B] the first time of each.
    """

    whose: Indices
    place: Indices
    width: Array
    span: Indices
    window: Indices
    share: Array
    marks: Indices
    starts: Indices

    @classmethod
    def of(cls, windows: Windows, frames: Array) -> _Layout:
        whose, place = np.nonzero(np.arange(SPANS) < windows.count[:, None] - 1)
        low, high = windows.knots[whose, place], windows.knots[whose, place + 1]
        span, at = np.repeat(np.arange(len(whose)), high - low), _ranges(low, high - low)
        width = frames[high] - frames[low]
        share = (frames[at] - frames[low][span]) / width[span]
        marks = np.append(0, np.cumsum(high - low)[:-1])
        return cls(whose, place, width, span, whose[span], share, marks, marks[place == 0])


@dataclass(frozen=True)
class _Local:
    """Where the times [M] lie in their spans, the values there, and how these move with the span's ENDS [M, 6]."""

    s: Array
    values: Array
    moving: Array

    @classmethod
    def of(cls, windows: Windows, layout: _Layout, begin: Array) -> _Local:
        """begin: [M] where to look for s."""
        numbers = windows.numbers[layout.whose[:, None], ENDS[layout.place]].T
        first, last, rise, fall, start, end = numbers[:, layout.span]
        s = roots(layout.share, start, end, begin, NEWTON)
        width = layout.width[layout.span]
        before, after = width * rise, width * fall
        one, two, three, four = weights(s)
        handle, other = first + start * before, last - end * after
        values = one * first + two * handle + three * other + four * last
        u = 1.0 - s
        slope = 3.0 * (u * u * (handle - first) + 2.0 * s * u * (other - handle) + s * s * (last - other))
        slope /= np.maximum(speed(s, start, end), SLOWEST)
        columns = (one + two, three + four, two * start * width, -three * end * width)
        return cls(s, values, np.stack([*columns, two * (before - slope), three * (slope - after)], axis=-1))

    def where(self, mask: NDArray[np.bool_]) -> _Local:
        return _Local(self.s[mask], self.values[mask], self.moving[mask])


def _ranges(first: Indices, count: Indices) -> Indices:
    """first[0], first[0] + 1, ..., `count[0]` of them, then those of the next."""
    skipped = np.cumsum(count) - count
    return np.repeat(first - skipped, count) + np.arange(int(count.sum()))
