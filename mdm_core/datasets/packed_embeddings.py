"""Sentence embeddings as small integers, and back with a cosine of 0.999.

"Kicks with the left leg" and the same of the right may be 0.9998 alike, and a model has to learn from what differs. So
a sentence is kept as what it differs by from its mirror image, and that in steps of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 8
"""Within the root mean square of a row's numbers: rounding then moves the row by 1 / (8 sqrt(12)) of its length, 3.6 %,
which is a cosine of 0.9993."""
LARGEST = 127


@dataclass(frozen=True)
class PackedEmbeddings:
    """S sentences, W of them by themselves.

    reference: int64 [S], the sentence that each is told from; itself for those W. step: float32 [S]. whole: int8
    [E, W] and apart: int8 [E, S - W], numbers in steps, in the order of the sentences.
    """

    reference: NDArray[np.int64]
    step: NDArray[np.float32]
    whole: NDArray[np.int8]
    apart: NDArray[np.int8]


def packed(embeddings: NDArray[np.floating[Any]], mirrored: NDArray[np.int64]) -> PackedEmbeddings:
    """Embeddings [S, E] of sentences of which `mirrored` [S] says which is whose mirror image."""
    rows = embeddings.astype(np.float32)
    reference = references(mirrored)
    alone = reference == np.arange(len(rows))
    step = np.empty(len(rows), dtype=np.float32)
    whole, step[alone] = quantised(rows[alone])
    apart, step[~alone] = quantised(rows[~alone] - rows[reference[~alone]])
    return PackedEmbeddings(reference, step, np.ascontiguousarray(whole.T), np.ascontiguousarray(apart.T))


def unpacked(kept: PackedEmbeddings) -> NDArray[np.float16]:
    """Embeddings [S, E]."""
    alone = kept.reference == np.arange(len(kept.reference))
    result = np.empty((len(alone), len(kept.whole)), dtype=np.float32)
    result[alone] = kept.whole.T * kept.step[alone, None]
    result[~alone] = kept.apart.T * kept.step[~alone, None] + result[kept.reference[~alone]]
    return result.astype(np.float16)


def references(mirrored: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sentence [S] that each is told from: the last of itself, its mirror image and that one's.

    The three are two, but for words with two spellings. One that others are told from is told from none.
    """
    own = np.arange(len(mirrored))
    last = np.maximum.reduce([own, mirrored, mirrored[mirrored]])
    return np.where(last[last] == last, last, own)


def quantised(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows [N, E] in whole steps, and the step [N] of each: `STEPS` to its root mean square, or fewer."""
    usual = np.sqrt(np.mean(rows**2, axis=1)) / STEPS
    step = np.maximum(usual, np.abs(rows).max(axis=1, initial=0) / LARGEST)
    return np.rint(rows / np.where(step > 0, step, 1)[:, None]).astype(np.int8), step
