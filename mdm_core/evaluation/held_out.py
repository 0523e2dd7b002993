"""What models are measured on: captioned windows of people that training never saw, drawn from a pack.

Batches hold 32 windows of as many different kinds of motion as there are, since a caption that fits two motions of a
batch makes retrieval a matter of luck. Nothing is measured here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.pack import Pack
from mdm_core.errors import MotionError

BATCH = 32
"""Guo et al. 2022: R-precision is counted among 32."""
LEAST, GRID = 40, 8
"""Frames: windows are 40 or longer, as HumanML3D's, and cut to multiples of 8, so that models can make many at once."""
MADE = ("+cycle", "~backwards", "#")
"""Names of clips that `datasets.pack` composed hold one of these; only measured motion is evaluated on. A part of a
recording ("name~1") is measured."""


@dataclass(frozen=True)
class Item:
    """A window: frames [start, stop) of the pack's clip, one of its sentences, and what kind of motion it is."""

    clip: int
    start: int
    stop: int
    sentence: int
    kind: int

    @property
    def frames(self) -> int:
        """Length."""
        return self.stop - self.start


def measured(pack: Pack) -> NDArray[np.bool_]:
    """Bool [C]: the clips that were captured, not composed."""
    return np.array([not any(mark in name for mark in MADE) for name in pack.names])


def held(pack: Pack) -> NDArray[np.bool_]:
    """Bool [C]: the clips of the held-out subjects."""
    return np.isin(pack.subjects, HELD_OUT)


def usable(pack: Pack, clips: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The windows of these clips that have words and are long enough."""
    length = pack.windows[:, 2] - pack.windows[:, 1]
    worded = np.array([len(words) > 0 for words in pack.words], dtype=bool)
    return np.flatnonzero(clips[pack.windows[:, 0]] & worded & (length >= LEAST))


def kinds(pack: Pack, windows: NDArray[np.int64]) -> dict[int, int]:
    """For each clip of these windows its kind: the sentence that its windows most often begin with."""
    first: dict[int, Counter[int]] = {}
    for window in windows:
        first.setdefault(int(pack.windows[window, 0]), Counter())[int(pack.words[window][0])] += 1
    return {clip: counted.most_common(1)[0][0] for clip, counted in first.items()}


def draw(pack: Pack, rounds: int, rng: np.random.Generator, *, clips: NDArray[np.bool_] | None = None) -> list[Item]:
    """`rounds` batches of `BATCH` windows in a row; clips: bool [C], None for what is measured of held-out subjects.

    In a batch every kind comes once before any comes twice; of a kind any clip, of a clip any window and sentence.
    """
    windows = usable(pack, measured(pack) & held(pack) if clips is None else clips)
    if not len(windows):
        raise MotionError(
            "The pack has no captioned motion of the subjects that are held out; metrics need some of it."
        )
    kind_of = kinds(pack, windows)
    by_kind: dict[int, dict[int, list[int]]] = {}
    for window in windows:
        clip = int(pack.windows[window, 0])
        by_kind.setdefault(kind_of[clip], {}).setdefault(clip, []).append(int(window))
    names = sorted(by_kind)
    items: list[Item] = []
    for _ in range(rounds):
        order: list[int] = []
        while len(order) < BATCH:
            order += [names[k] for k in rng.permutation(len(names))]
        for kind in order[:BATCH]:
            of_clip = list(by_kind[kind].values())
            chosen = of_clip[rng.integers(len(of_clip))]
            items.append(item(pack, chosen[rng.integers(len(chosen))], kind, rng))
    return items


def item(pack: Pack, window: int, kind: int, rng: np.random.Generator) -> Item:
    """The window with one of its sentences, its length cut to the grid."""
    clip, start, stop = (int(value) for value in pack.windows[window])
    frames = (stop - start) // GRID * GRID
    words = pack.words[window]
    return Item(clip, start, start + frames, int(words[rng.integers(len(words))]), kind)


def positions(pack: Pack, chosen: Item) -> NDArray[Any]:
    """The window's positions [T, 22, 3]."""
    first = int(pack.offsets[chosen.clip])
    return pack.positions[first + chosen.start : first + chosen.stop]


def rebatched(items: Sequence[Item], rng: np.random.Generator) -> NDArray[np.int64]:
    """The items' numbers [N] in other batches: each change of places is between two items of one kind, then batches
    are put in another order. So a part of the batches is a fair part of the items."""
    order = np.arange(len(items))
    of_kind: dict[int, list[int]] = {}
    for number, one in enumerate(items):
        of_kind.setdefault(one.kind, []).append(number)
    for places in of_kind.values():
        order[places] = rng.permutation(places)
    whole = order[: len(items) // BATCH * BATCH].reshape(-1, BATCH)
    return whole[rng.permutation(len(whole))].ravel()
