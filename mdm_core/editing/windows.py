"""Motions longer than a model's longest, and several prompts in a row: windows denoised side by side and blended.

PriorMDM's first take (Shafir et al. 2024, "DoubleTake") denoises neighbouring stretches in one batch and lets them
agree on the frames they share, the handshake, at every step. Here the noisy motion is one, as in DiffCollage
(Zhang et al. 2023), so samplers and constraints see a single long motion and know nothing of windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.arrays import Array, like, namespace
from mdm_core.engine.base import Conditioning, Denoiser
from mdm_core.errors import MotionError

HANDSHAKE = 20
"""Frames that neighbours share (DoubleTake: 20)."""


@dataclass(frozen=True)
class Segment:
    """Frames start <= t < stop that one prompt describes; "" for no prompt."""

    start: int
    stop: int
    prompt: str = ""


@dataclass(frozen=True)
class Window:
    """Frames start <= t < stop that the network sees at once, with the prompt that it is told.

    begin, end: of these the frames that are its own and its handshakes'; it says nothing of the others.
    """

    start: int
    stop: int
    prompt: str
    begin: int
    end: int

    def __len__(self) -> int:
        return self.stop - self.start


def at_rate(segments: Sequence[Segment], fps: float, rate: float) -> list[Segment]:
    """Segments at `fps`, in time and without gaps, at another rate: each border at the nearest frame, and at the end so
    many frames that the last one of before lies within the motion."""
    ratio = rate / fps
    borders = [round(segment.start * ratio) for segment in segments]
    borders.append(math.ceil((segments[-1].stop - 1) * ratio - 1e-6) + 1)
    return [
        replace(segment, start=start, stop=stop)
        for segment, start, stop in zip(segments, borders, borders[1:], strict=False)
        if stop > start
    ]


def windows(segments: Sequence[Segment], shortest: int, longest: int, handshake: int = HANDSHAKE) -> list[Window]:
    """Windows over segments that follow each other without gaps, each of `shortest` to `longest` frames.

    Each reaches half a handshake into its neighbours; a segment that is too long for a window gets several.
    """
    frames, half = segments[-1].stop, handshake // 2
    result: list[Window] = []
    for segment in segments:
        a, b = max(0, segment.start - half), min(frames, segment.stop + half)
        pieces = max(1, -(-(b - a - handshake) // (longest - handshake)))
        edges = np.linspace(a, b - handshake, pieces + 1).round().astype(int) if pieces > 1 else [a, b - handshake]
        for start, stop in zip(edges, edges[1:], strict=False):
            begin, end = int(start), int(stop) + handshake
            result.append(_widened(Window(begin, end, segment.prompt, begin, end), shortest, frames))
    return result


def _widened(window: Window, shortest: int, frames: int) -> Window:
    """The window with at least `shortest` frames, where the motion has as many."""
    missing = min(shortest, frames) - len(window)
    if missing <= 0:
        return window
    start = min(max(0, window.start - missing // 2), frames - min(shortest, frames))
    return replace(window, start=start, stop=start + min(shortest, frames))


def shares(placed: Sequence[Window], frames: int, handshake: int = HANDSHAKE) -> NDArray[np.floating[Any]]:
    """How much each window has to say about each frame, [W, frames]; they add up to 1 and fade over handshakes."""
    result = np.zeros((len(placed), frames))
    for row, window in zip(result, placed, strict=True):
        at = np.arange(window.begin, window.end)
        since = np.full(len(at), np.inf) if window.begin == 0 else at - window.begin + 0.5
        until = np.full(len(at), np.inf) if window.end == frames else window.end - at - 0.5
        row[window.begin : window.end] = np.clip(np.minimum(since, until) / handshake, 0.0, 1.0)
    return result / result.sum(axis=0)


def collage(denoiser: Denoiser, placed: Sequence[Window], conditioning: Conditioning, frames: int) -> Denoiser:
    """A denoiser of motions of `frames` frames out of one of single windows.

    conditioning: of W B motions, window by window: all takes of the first one, then of the second. What samplers pass
    is ignored. Windows of different length are padded, which needs a model with a frame mask.
    """
    longest = max(len(window) for window in placed)
    told = conditioning

    def with_conditioning(x: Array, step: Array, conditioning: Conditioning) -> Array:
        del conditioning
        return denoiser(x, step, told)

    if len(placed) == 1 and longest == frames:
        return with_conditioning
    weights = shares(placed, frames)

    def denoise(x: Array, step: Array, conditioning: Conditioning) -> Array:
        del conditioning
        xp = namespace(x)
        blank = x[:, :1] * 0
        parts = [
            xp.concatenate([x[:, window.start : window.stop], *[blank] * (longest - len(window))], 1)
            for window in placed
        ]
        x0 = denoiser(xp.concatenate(parts, 0), xp.concatenate([step] * len(placed)), told)
        result = x * 0
        for k, window in enumerate(placed):
            seen = x0[k * len(x) : (k + 1) * len(x), : len(window)]
            share = like(weights[k, window.start : window.stop, None], x)
            result[:, window.start : window.stop] += share * seen
        return result

    return denoise


def frame_masks(placed: Sequence[Window], takes: int) -> NDArray[np.bool_] | None:
    """The frames [W takes, L] that are not padding, or None if none is."""
    longest = max(len(window) for window in placed)
    if all(len(window) == longest for window in placed):
        return None
    return np.repeat([np.arange(longest) < len(window) for window in placed], takes, axis=0)


def without_gaps(segments: Sequence[Segment]) -> list[Segment]:
    """Segments in time from frame 0 on, with one that has no prompt in every gap; MotionError if two overlap."""
    result: list[Segment] = []
    end = 0
    for segment in sorted(segments, key=lambda s: s.start):
        if not 0 <= segment.start < segment.stop:
            raise MotionError(
                f"Frames {segment.start} to {segment.stop} of the timeline are no stretch of time; "
                "give a start from 0 on and a later end."
            )
        if segment.start < end:
            raise MotionError(
                f"Two prompts of the timeline share frame {segment.start}; let each begin where the one before ends."
            )
        if segment.start > end:
            result.append(Segment(end, segment.start))
        result.append(segment)
        end = segment.stop
    if not result:
        raise MotionError("The timeline is empty; give at least one prompt with its frames.")
    return result
