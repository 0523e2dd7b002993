"""The baseline that generates nothing: a caption is answered with training motion whose caption is most like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets.pack import Pack
from mdm_core.errors import MotionError


@dataclass(frozen=True)
class Retrieval:
    """windows: those of each training sentence; known: the sentences [K]; embeddings: of these, unit rows [K, S]."""

    pack: Pack
    windows: dict[int, NDArray[np.int64]]
    known: NDArray[np.int64]
    embeddings: NDArray[np.float32]

    def answers(self, embedding: NDArray[Any], frames: int, takes: int, rng: np.random.Generator) -> list[NDArray[Any]]:
        """`takes` motions [frames, 22, 3] for a sentence embedding [S]: windows of the nearest sentence that has one
        so long; the same again where it has fewer. MotionError if none of the pack is so long."""
        for row in np.argsort(-(self.embeddings @ unit(embedding[None])[0])):
            fitting = self.windows[int(self.known[row])]
            length = self.pack.windows[fitting, 2] - self.pack.windows[fitting, 1]
            fitting = fitting[length >= frames]
            if len(fitting):
                chosen = np.resize(rng.permutation(fitting), takes)
                return [self.cut(int(window), frames) for window in chosen]
        raise MotionError(f"No captioned training motion is {frames} frames long; the baseline cannot answer.")

    def cut(self, window: int, frames: int) -> NDArray[Any]:
        """The beginning of a window."""
        clip, start, _ = (int(value) for value in self.pack.windows[window])
        first = int(self.pack.offsets[clip]) + start
        return self.pack.positions[first : first + frames]


def retrieval(pack: Pack, clips: NDArray[np.bool_]) -> Retrieval:
    """The baseline over the captioned windows of these clips, bool [C]."""
    found: dict[int, list[int]] = {}
    for window in np.flatnonzero(clips[pack.windows[:, 0]]):
        for sentence in set(pack.words[window].tolist()):
            found.setdefault(int(sentence), []).append(int(window))
    if not found:
        raise MotionError("The pack has no captioned training motion; the retrieval baseline needs some.")
    known = np.array(sorted(found))
    windows = {sentence: np.array(of) for sentence, of in found.items()}
    return Retrieval(pack, windows, known, unit(pack.embeddings[known].astype(np.float32)))


def unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of length 1."""
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
