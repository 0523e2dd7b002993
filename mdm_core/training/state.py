"""What changes while a network trains, and its checkpoint: a killed run goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mdm_core.errors import MotionError

CHECKPOINT = "checkpoint.pt"
Network = TypeVar("Network", bound=nn.Module)


@dataclass
class State(Generic[Network]):
    """All that changes while it trains, and all that a checkpoint holds.

    average: the moving average of the weights; rng: of what is drawn from the data.
    """

    network: Network
    average: dict[str, Tensor]
    optimizers: tuple[Optimizer, ...]
    rng: np.random.Generator
    step: int = 0


def begin(network: Network, optimizers: tuple[Optimizer, ...], seed: int) -> State[Network]:
    """The state before the first step of a network, whose average it is itself."""
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return State(network, average, optimizers, np.random.default_rng(seed))


def update_average(state: State[Network], decay: float) -> None:
    """Exponential moving average of the weights; young runs forget faster, so that the start does not linger."""
    decay = min(decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for name, value in state.network.state_dict().items():
            state.average[name].lerp_(value, 1 - decay)


def save(state: State[Network], path: Path) -> None:
    """Writes a checkpoint so that a kill at any moment leaves the old one or the new one, never a torn one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(
        {
            "network": state.network.state_dict(),
            "average": state.average,
            "optimizers": [it.state_dict() for it in state.optimizers],
            "rng": state.rng.bit_generator.state,
            "step": state.step,
        },
        partial,
    )
    partial.replace(path)


def resume(state: State[Network], path: Path, device: torch.device) -> None:
    """Takes up the checkpoint at `path`; a MotionError if it is of another configuration."""
    try:
        stored = torch.load(path, map_location=device, weights_only=True)
        state.network.load_state_dict(stored["network"])
        for optimizer, kept in zip(state.optimizers, stored["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        state.average, state.step = stored["average"], int(stored["step"])
        state.rng.bit_generator.state = stored["rng"]
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise MotionError(
            f"{path} does not fit this configuration ({str(error).splitlines()[0]}); move it away to train anew."
        ) from None
