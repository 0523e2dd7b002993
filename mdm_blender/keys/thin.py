"""Channels lose the keys that they do not need, while bones and feet stay within the tolerance.

Each channel begins with the keys that it has. Each key is tried without: the two nearest keys of its channel to either
side take its place as well as they can (`windows`), towards whatever undoes most of what the other channels, and bones,
have off. Once no key can go, the nearest two are also tried a frame or two from where they are. So the real part of a
quaternion, on which small rotations hardly depend, ends with few keys, and so do the idle axes of a hinge. A key that
was smooth stays so, but for those whose corner lets a neighbour go that could not go otherwise. No Blender here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bezier import Keys, played
from .windows import KNOTS, LONGEST, NUMBERS, REACHES, SHORTEST, SLOPES, SPANS, Aims, Fitted, Windows, fit

Array = NDArray[np.floating]
Moves = Sequence[tuple[int, int]]
STAY, NEARER = ((0, 0),), ((1, 0), (0, -1), (1, -1))
AROUND = (*NEARER, (-1, 0), (0, 1), (2, 0), (0, -2))
"""By how many frames the keys before and after one that is taken away are moved."""
PASSES = ((STAY, False), (AROUND, False), (STAY, True), (NEARER, True))
"""How keys are tried one by one: how those around them are moved, and whether one of these may become a corner."""
MANY = (8, 4, 2)
"""How many neighbours at a time are tried first, which is quicker than one by one."""
WORTH = 0.1
"""The share of tries with success above which keys are tried once more."""
OWN = 2
"""How many vectors are the property's own."""
AT_ONCE = 20_000
"""About how many times are fitted at once, so that arrays stay small."""


@dataclass(frozen=True)
class Property:
    """A bone's property to be thinned: dense [T, C], and the keys that its channels begin with.

    rows: [T, G, 3, C] what a unit of each channel does (`metric`): OWN vectors of the property's own, then those that
    several properties move. stops: of each channel the indices at which a key stays, with its value; the first and
    last do in any case.
    """

    dense: Array
    rows: Array
    keys: Sequence[Keys]
    stops: Sequence[frozenset[int]]


@dataclass
class _Channel:
    """One channel: its keys as lists, which are cut and joined; tried: windows that failed, and when."""

    whose: int
    stops: frozenset[int]
    knots: list[int]
    values: list[float]
    slopes: list[tuple[float, float]]
    reaches: list[tuple[float, float]]
    aligned: list[bool]
    tried: dict[tuple[int, ...], int]


@dataclass(frozen=True)
class _Window:
    """The stretch from a channel's key `low` to its key `high`, of which `gone` are to go, from `position` on."""

    channel: int
    position: int
    gone: int
    low: int
    high: int
    knots: tuple[int, ...]


@dataclass(frozen=True)
class _Try:
    """A window without its key: where the others would lie, which of them keep their value, and which slopes."""

    window: int
    channel: int
    knots: list[int]
    stays: list[bool]
    ends: tuple[float | None, float | None]
    reaches: list[tuple[float, float]]
    tied: list[bool]


class Thinning:
    """Properties with the same dense frames [T].

    shared: [T, G - OWN, 3], how far off what several properties move is; changed in place. stride: keys are moved by
    that many dense frames.
    """

    def __init__(self, frames: Array, properties: Sequence[Property], shared: Array, stride: int = 1) -> None:
        self._frames, self._shared, self._stride = frames, shared, stride
        self._dense = np.concatenate([it.dense for it in properties], axis=1)
        self._rows = np.concatenate([np.moveaxis(it.rows, -1, 1) for it in properties], axis=1)
        self._squares = np.einsum("tcgm,tcgm->tcg", self._rows, self._rows)
        self._channels: list[_Channel] = []
        for whose, it in enumerate(properties):
            self._channels += [_channel(whose, *one) for one in zip(it.keys, it.stops, strict=True)]
        self._off = np.stack([played(k, frames, frames) for it in properties for k in it.keys], axis=1) - self._dense
        self._whose = np.array([it.whose for it in self._channels])
        self._own = np.zeros((len(frames), len(properties), OWN, 3))
        for c in range(len(self._channels)):
            self._add(c, slice(None), self._off[:, c])
        self._changed, self._clock = np.zeros((len(frames), len(properties)), dtype=np.intp), 0

    def run(self) -> None:
        """Takes keys away until hardly any can go, beginning with the channels that matter least."""
        for gone in MANY:
            self._sweep(gone, STAY, False)
        for moves, corners in PASSES:
            while self._sweep(1, moves, corners) > WORTH:
                pass
            for channel in self._channels:
                channel.tried.clear()

    def _sweep(self, gone: int, moves: Moves, corners: bool) -> float:
        """Tries every key of every channel, `gone` neighbours at a time; the share of tries in which they could go."""
        tried = done = 0
        for together in self._ranks():
            for phase in range(0, gone + SPANS, gone):
                windows = self._windows(together, phase, gone)
                tried += len(windows)
                done += self._try(windows, moves, corners)
        return done / max(tried, 1)

    def _ranks(self) -> Iterator[list[int]]:
        """Channels of different properties, those first that matter least."""
        weight = self._squares[:, :, 0].mean(axis=0) * np.ptp(self._dense, axis=0) ** 2
        own = [np.flatnonzero(self._whose == whose) for whose in range(self._own.shape[1])]
        own = [it[np.argsort(weight[it])] for it in own]
        for rank in range(max(map(len, own))):
            yield [int(it[rank]) for it in own if rank < len(it)]

    def _windows(self, channels: Sequence[int], phase: int, gone: int) -> list[_Window]:
        """Keys of the channels that could go, so many neighbours at a time, with what is around; none overlap."""
        found: list[_Window] = []
        for c in channels:
            channel = self._channels[c]
            knots, last = channel.knots, len(channel.knots) - 1
            for position in range(1 + phase, last + 1 - gone, gone + SPANS):
                if not channel.stops.isdisjoint(knots[position : position + gone]):
                    continue
                low, high = max(position - 2, 0), min(position + gone + 1, last)
                window = _Window(c, position, gone, low, high, tuple(knots[low : high + 1]))
                changed = self._changed[window.knots[0] : window.knots[-1] + 1, channel.whose].max()
                if changed > channel.tried.get(window.knots, -1):
                    found.append(window)
        return found

    def _try(self, windows: Sequence[_Window], moves: Moves, corners: bool) -> int:
        """How many of the windows can do without their keys, which are gone then."""
        tries = [it for i, window in enumerate(windows) for it in self._tries(i, window, moves, corners)]
        best: dict[int, tuple[Fitted, _Try]] = {}
        for some in _parts(tries):
            for fitted in self._fitted(some):
                one = some[fitted.window]
                if one.window not in best or fitted.error < best[one.window][0].error:
                    best[one.window] = fitted, one
        # From the back, so that the positions of those before still hold.
        found = 0
        for i in reversed(range(len(windows))):
            if i not in best:
                self._channels[windows[i].channel].tried[windows[i].knots] = self._clock
            elif self._agrees(windows[i].channel, *best[i]):
                self._replace(windows[i], *best[i])
                found += 1
        return found

    def _agrees(self, c: int, fitted: Fitted, one: _Try) -> bool:
        """Whether what several properties move is within the tolerance after the others' changes too."""
        part = slice(one.knots[0], one.knots[0] + len(fitted.off))
        change = fitted.off - self._off[part, c]
        moved = self._shared[part] + self._rows[part, c, OWN:] * change[:, None, None]
        return not (np.einsum("tgm,tgm->tg", moved, moved) > 1.0).any()

    def _tries(self, which: int, window: _Window, moves: Moves, corners: bool) -> Iterator[_Try]:
        channel, low, high = self._channels[window.channel], window.low, window.high
        right, after = window.position - low, window.position - low + window.gone
        left = right - 1
        knots = [*window.knots[:right], *window.knots[after:]]
        last = len(knots) - 1
        stays = [i in (0, last) or knot in channel.stops for i, knot in enumerate(knots)]
        aligned = [*channel.aligned[low : low + right], *channel.aligned[low + after : high + 1]]
        tied = aligned[1:-1]
        start = channel.slopes[low][0] if low > 0 and aligned[0] else None
        end = channel.slopes[high - 1][1] if high < len(channel.knots) - 1 and aligned[-1] else None
        between = slice(low + left, low + after)
        widths = np.diff(self._frames[list(window.knots[left : after + 1])])
        joined = _joined(channel.reaches[between], [float(it) for it in widths])
        reaches = [*channel.reaches[low : low + left], joined, *channel.reaches[low + after : high]]
        for by, other in moves:
            if (by and stays[left]) or (other and stays[right]):
                continue
            moved = list(knots)
            moved[left] += by * self._stride
            moved[right] += other * self._stride
            if moved == sorted(set(moved)):
                for ties in _with_a_corner(tied) if corners else [tied]:
                    yield _Try(which, window.channel, moved, stays, (start, end), reaches, ties)

    def _fitted(self, tries: Sequence[_Try]) -> Iterator[Fitted]:
        """Those that keep the tolerance."""
        c = np.array([it.channel for it in tries])
        count = np.array([len(it.knots) for it in tries])
        knots = np.array([_filled(it.knots, KNOTS) for it in tries])
        stays = np.array([_filled(it.stays, KNOTS) for it in tries])
        numbers, held = np.empty((len(tries), NUMBERS)), np.zeros((len(tries), NUMBERS), dtype=np.bool_)
        values = self._dense[knots, c[:, None]] + np.where(stays, self._off[knots, c[:, None]], 0.0)
        numbers[:, :KNOTS], held[:, :KNOTS] = values, stays
        width = np.diff(self._frames[knots], axis=1)
        numbers[:, SLOPES:REACHES] = np.repeat(np.diff(values, axis=1) / np.maximum(width, 1e-9), 2, axis=1)
        numbers[:, REACHES:] = [np.ravel(_filled(it.reaches, SPANS)) for it in tries]
        for i, it in enumerate(tries):
            for slope, place in zip(it.ends, (SLOPES, SLOPES + 2 * len(it.knots) - 3), strict=True):
                if slope is not None:
                    numbers[i, place], held[i, place] = slope, True
        tied = np.array([[*it.tied, False, False][:2] for it in tries])
        windows = Windows(knots, count, numbers, held, tied)
        return fit(windows, self._aims(windows, c), self._frames)

    def _aims(self, windows: Windows, channels: NDArray[np.intp]) -> Aims:
        """What the windows, each of one of the channels [B], have to make up for."""
        at = windows.times()
        c = np.repeat(channels, windows.knots[:, -1] - windows.knots[:, 0])
        off, rows = self._off[at, c], self._rows[at, c]
        rest = np.concatenate([self._own[at, self._whose[c]], self._shared[at]], axis=1) - rows * off[:, None, None]
        along, squares = np.einsum("mgd,mgd->mg", rows, rest), np.einsum("mgd,mgd->mg", rest, rest)
        return Aims(self._dense[at, c], self._squares[at, c], along, squares)

    def _replace(self, window: _Window, fitted: Fitted, one: _Try) -> None:
        """Puts what was found in the place of the window's keys."""
        channel, low, high, count = self._channels[window.channel], window.low, window.high, len(one.knots)
        self._move(window.channel, one.knots[0], fitted.off)
        numbers = [float(it) for it in fitted.numbers]
        pairs = [*zip(numbers[SLOPES::2], numbers[SLOPES + 1 :: 2], strict=False)]
        channel.knots[low : high + 1] = one.knots
        channel.values[low : high + 1] = numbers[:count]
        channel.slopes[low:high] = pairs[: count - 1]
        channel.reaches[low:high] = pairs[SPANS : SPANS + count - 1]
        channel.aligned[low : high + 1] = [channel.aligned[low], *one.tied, channel.aligned[high]]

    def _move(self, c: int, first: int, off: Array) -> None:
        part = slice(first, first + len(off))
        self._add(c, part, off - self._off[part, c])
        self._off[part, c] = off
        self._clock += 1
        self._changed[part, self._whose[c]] = self._clock

    def _add(self, c: int, part: slice, change: Array) -> None:
        """What vectors there are moves with a channel that changes [N]."""
        moved = self._rows[part, c] * change[:, None, None]
        self._own[part, self._whose[c]] += moved[:, :OWN]
        self._shared[part] += moved[:, OWN:]

    def left(self) -> list[list[Keys]]:
        """For each property what its channels have left."""
        found: list[list[Keys]] = [[] for _ in range(self._own.shape[1])]
        for it in self._channels:
            found[it.whose].append(_keys(it))
        return found


def _channel(whose: int, keys: Keys, stops: frozenset[int]) -> _Channel:
    return _Channel(
        whose,
        stops,
        [int(it) for it in keys.indices],
        [float(it) for it in keys.values],
        [(float(a), float(b)) for a, b in keys.slopes],
        [(float(a), float(b)) for a, b in keys.reaches],
        [bool(it) for it in keys.aligned],
        {},
    )


def _keys(channel: _Channel) -> Keys:
    return Keys(
        np.array(channel.knots, dtype=np.intp),
        np.array(channel.values),
        np.array(channel.slopes).reshape(-1, 2),
        np.array(channel.reaches).reshape(-1, 2),
        np.array(channel.aligned, dtype=np.bool_),
    )


def _joined(reaches: Sequence[tuple[float, float]], widths: Sequence[float]) -> tuple[float, float]:
    """The reaches of one Bézier in place of several neighbours: the very ones, where one was cut into these."""
    (start, end), width = reaches[0], widths[0]
    for (before, after), more in zip(reaches[1:], widths[1:], strict=True):
        inner = end * width + before * more
        share = end * width / inner if inner > 0 else width / (width + more)
        # A cut at this share of a curve's course shortens its handles by it (de Casteljau).
        start = start * width / (max(share, 1e-3) * (width + more))
        end = after * more / (max(1 - share, 1e-3) * (width + more))
        width += more
    start, end = (min(max(it, SHORTEST), LONGEST) for it in (start, end))
    return start / max(start + end, 1.0), end / max(start + end, 1.0)


def _with_a_corner(tied: list[bool]) -> Iterator[list[bool]]:
    """The same with one more key whose slopes may differ, each in turn; as it is where all may."""
    smooth = [i for i, it in enumerate(tied) if it]
    for i in smooth:
        yield [it and i != j for j, it in enumerate(tied)]
    if not smooth:
        yield tied


def _parts(tries: Sequence[_Try]) -> Iterator[list[_Try]]:
    """The tries, about AT_ONCE times together; those of one window are not parted."""
    part: list[_Try] = []
    size = 0
    for it in tries:
        if size > AT_ONCE and it.window != part[-1].window:
            yield part
            part, size = [], 0
        part.append(it)
        size += it.knots[-1] - it.knots[0]
    if part:
        yield part


def _filled(values: list[Any], count: int) -> list[Any]:
    """As many as `count`, the last one repeated."""
    return values + values[-1:] * (count - len(values))
