"""Which evaluator of actions a path is: a folder of our own, or one of the published .tar files, by what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import action_judge, published_stgcn


class Judge(Protocol):
    """An evaluator of motions as rotations: Action2Motion's (`action_judge`) or an ST-GCN (`published_stgcn`)."""

    def judged(self, features: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Embeddings [N, E] and scores [N, classes] of rotations [T, 150]."""
        ...

    def number(self, action: str) -> int:
        """The class of an action; a MotionError if it has none."""
        ...


def read(path: Path) -> Judge:
    """The evaluator; a `MotionError` says what is missing or does not fit."""
    if path.suffix != ".tar":
        return action_judge.read(path)
    stored = action_judge.stored(path)
    if published_stgcn.is_one(stored):
        return published_stgcn.loaded(stored, path)
    return action_judge.published(stored, path)
