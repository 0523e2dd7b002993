"""The prompt probe: does a model do what it is told? Prompts, each with a geometric test of the motion it gives.

The same tests on the motions of all other prompts say how often they pass by chance, and on real clips of the same
label how often they pass where the truth is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import measures
from mdm_core.datasets.cmu import Clip
from mdm_core.generator import MotionGenerator, OnStep, Request
from mdm_core.motion import Motion

from .geometry import FPS
from .prompts import PROMPTS

REAL_CLIPS = 24
"""Real clips a prompt, at most."""


@dataclass(frozen=True)
class Row:
    """One prompt: how often its test passed on its own motions, and on those of the other prompts."""

    prompt: str
    passed: float
    chance: float


@dataclass(frozen=True)
class Real:
    """How often a prompt's test passed on windows of real clips of it, and on those of other clips; how many clips."""

    passed: float
    chance: float
    clips: int


@dataclass(frozen=True)
class Report:
    """The whole probe. slide m/s, jitter m/s^3, float and penetration m: means over all motions."""

    rows: tuple[Row, ...]
    physical: dict[str, float]

    @property
    def passed(self) -> float:
        """Mean success over prompts."""
        return float(np.mean([row.passed for row in self.rows]))

    @property
    def chance(self) -> float:
        """Mean success by chance over prompts."""
        return float(np.mean([row.chance for row in self.rows]))


def probe(
    generator: MotionGenerator,
    *,
    takes: int = 8,
    seconds: float = 4.0,
    guidance: float | None = None,
    steps: int | None = None,
    sampler: str | None = None,
    words: Mapping[str, str] | None = None,
    on_step: OnStep | None = None,
) -> Report:
    """Generates `takes` motions of each prompt and tests them. words: other words for the prompts,
    as `paraphrases.SETS` has them.

    No two motions come from the same seed: one lucky noise would count 62 times.
    """
    asked = tuple(words[text] if words else text for text in PROMPTS)
    seeds = tuple(takes * number for number in range(len(asked)))
    request = Request(asked, seconds=seconds, takes=takes, guidance=guidance, steps=steps, sampler=sampler, seeds=seeds)
    return judge(generator.generate(request, on_step=on_step), takes)


def judge(motions: Sequence[Motion], takes: int) -> Report:
    """The report on motions in the order of `PROMPTS`, `takes` of each."""
    positions = [motion.positions.astype(np.float64) for motion in motions]
    rows: list[Row] = []
    for number, (text, prompt) in enumerate(PROMPTS.items()):
        passed = np.array([prompt.test(p) for p in positions])
        own = slice(number * takes, (number + 1) * takes)
        rows.append(Row(text, float(passed[own].mean()), float(np.delete(passed, np.arange(len(passed))[own]).mean())))
    return Report(tuple(rows), physical(motions))


def physical(motions: Sequence[Motion]) -> dict[str, float]:
    """Means of `cleanup.measures` over the motions."""

    def contacts(motion: Motion) -> NDArray[np.bool_]:
        return np.zeros((len(motion), 4), dtype=bool) if motion.contacts is None else motion.contacts

    values = {
        "slide": [measures.slide(m.positions, contacts(m), m.fps) for m in motions],
        "float": [measures.float_height(m.positions, contacts(m)) for m in motions],
        "penetration": [measures.penetration(m.positions) for m in motions],
        "jitter": [measures.jitter(m.positions, m.fps) for m in motions],
    }
    return {name: float(np.mean(numbers)) for name, numbers in values.items()}


def real(clips: Iterable[Clip], seconds: float = 4.0, seed: int = 0) -> dict[str, Real]:
    """The tests on windows of real clips of one action: what can be expected of a model that has learnt them well.

    A clip gives one window of `seconds`, drawn anywhere in it, or itself where it is shorter (a kick lasts one or two).
    Prompts without labelled clips are left out.
    """
    rng = np.random.default_rng(seed)
    known = [clip for clip in clips if clip.kind == "single"]
    windows = [_window(clip.positions, int(seconds * FPS), rng) for clip in known]
    result: dict[str, Real] = {}
    for text, prompt in PROMPTS.items():
        fits = np.array([prompt.fits(clip.actions, clip.captions) for clip in known])
        if not fits.any():
            continue
        own = rng.permutation(np.flatnonzero(fits))[:REAL_CLIPS]
        foreign = rng.permutation(np.flatnonzero(~fits))[: 4 * REAL_CLIPS]
        passed, chance = (float(np.mean([prompt.test(windows[k]) for k in part])) for part in (own, foreign))
        result[text] = Real(passed, chance, int(fits.sum()))
    return result


def _window(positions: NDArray[np.floating[Any]], frames: int, rng: np.random.Generator) -> NDArray[np.floating[Any]]:
    start = int(rng.integers(max(1, len(positions) - frames + 1)))
    return positions[start : start + frames]
