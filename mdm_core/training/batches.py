"""The batches of a run in order.

Each is drawn with random numbers of its own step, so that a run that goes on draws what it would have drawn, and
processes beside the training may make them ahead: a GPU learns faster than one core can cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from mdm_core.datasets.windows import LENGTHS

from .data import Batch, Shares, TrainingSet, batch

SMALLEST = 8  # motions of a batch
AHEAD = 4  # batches that each process has ready


@dataclass(frozen=True)
class Drawing:
    """How batches are drawn. chances: of each of `LENGTHS`; tokens: of a batch; seed: of the run."""

    chances: NDArray[np.float64]
    tokens: int
    frames_per_token: int
    shares: Shares
    seed: int


class Steps(Dataset[Batch]):
    """Step to batch."""

    def __init__(self, data: TrainingSet, drawing: Drawing) -> None:
        self.data, self.drawing = data, drawing

    def __getitem__(self, step: int) -> Batch:
        drawing = self.drawing
        rng = np.random.default_rng([drawing.seed, step])
        k = int(rng.choice(len(LENGTHS), p=drawing.chances))
        size = max(SMALLEST, drawing.tokens // (LENGTHS[k] // drawing.frames_per_token + 1))
        return batch(self.data, k, size, rng, drawing.shares)


def batches(data: TrainingSet, drawing: Drawing, steps: range, workers: int, device: torch.device) -> Iterator[Batch]:
    """The batches of these steps on the device; workers: processes that make them ahead, 0 for none."""
    loader: DataLoader[Batch] = DataLoader(
        Steps(data, drawing),
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        pin_memory=device.type == "cuda",
        worker_init_fn=alone,
    )
    return (given.to(device) for given in loader)


def alone(_: int) -> None:
    """One thread a process: there are as many processes as are wanted."""
    torch.set_num_threads(1)
