"""What moves the weights: AdamW, or Muon for the transformer's matrices beside it, and the learning rate's course."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Optimizer

from mdm_core.errors import MotionError

from .config import TrainingSettings

LEAST = 0.01
"""Of the learning rate, what the decay ends at."""


def optimizers(network: nn.Module, settings: TrainingSettings) -> tuple[Optimizer, ...]:
    """The optimisers of a network, each with its highest learning rate; `at_step` sets it for a step.

    Muon (Jordan et al. 2024) makes the update of a matrix orthogonal; it is for the hidden layers' matrices only, whose
    steps are scaled to be as large as AdamW's (Liu et al. 2025). Biases, norms, and the layers into and out of the
    transformer are AdamW's.
    """
    parameters = dict(network.named_parameters())
    hidden = [p for name, p in parameters.items() if settings.muon_rate and p.ndim == 2 and "seqTrans" in name]
    others = [p for p in parameters.values() if all(p is not h for h in hidden)]
    adam = torch.optim.AdamW(
        others, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, foreach=True
    )
    if not hidden:
        return (adam,)
    if not hasattr(torch.optim, "Muon"):
        raise MotionError(f"Muon needs PyTorch 2.9 or newer, this is {torch.__version__}; set muon_rate = 0.")
    muon = torch.optim.Muon(
        hidden, lr=settings.muon_rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return (adam, muon)


def course(step: int, settings: TrainingSettings) -> float:
    """The share of its highest that a learning rate has: linear warm-up, then a cosine (Loshchilov and Hutter 2017)."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return LEAST + (1 - LEAST) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def at_step(step: int, optimizers: Sequence[Optimizer], settings: TrainingSettings) -> None:
    """Sets the learning rates of a step."""
    for optimizer, highest in zip(optimizers, (settings.learning_rate, settings.muon_rate), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = highest * course(step, settings)
