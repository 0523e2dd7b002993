"""What changes while the paper's recipe trains, and its checkpoint: a killed run goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdm_core.engine.torch_network import MotionNetwork
from mdm_core.errors import MotionError

from .paper_config import PaperConfig

CHECKPOINT = "checkpoint.pt"


@dataclass
class PaperState:
    """average: the moving average of the weights; rng: of what is drawn from the data."""

    network: MotionNetwork
    average: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    rng: np.random.Generator
    step: int = 0


def begin(network: MotionNetwork, config: PaperConfig) -> PaperState:
    """The optimiser and the moving average around a fresh network."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.training.learning_rate, weight_decay=config.training.weight_decay
    )
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return PaperState(network, average, optimizer, np.random.default_rng(config.seed))


def update_average(state: PaperState, decay: float) -> None:
    """One step of the moving average; young runs forget faster, so that the start does not linger."""
    decay = min(decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for name, value in state.network.state_dict().items():
            state.average[name].lerp_(value, 1 - decay)


def save(state: PaperState, path: Path) -> None:
    """Writes a checkpoint so that a kill at any moment leaves the old one or the new one, never a torn one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(
        {
            "network": state.network.state_dict(),
            "average": state.average,
            "optimizer": state.optimizer.state_dict(),
            "rng": state.rng.bit_generator.state,
            "step": state.step,
        },
        partial,
    )
    partial.replace(path)


def resume(state: PaperState, path: Path, device: torch.device) -> None:
    """Takes up the checkpoint at `path`; a MotionError if it is of another configuration."""
    try:
        stored = torch.load(path, map_location=device, weights_only=True)
        state.network.load_state_dict(stored["network"])
        state.optimizer.load_state_dict(stored["optimizer"])
        state.average, state.step = stored["average"], int(stored["step"])
        state.rng.bit_generator.state = stored["rng"]
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise MotionError(
            f"{path} does not fit this configuration ({str(error).splitlines()[0]}); move it away to train anew."
        ) from None
