"""What a sampler asks of its surroundings, and the one call that it makes of the network."""

from __future__ import annotations

from collections.abc import Callable

from mdm_core.arrays import Array, integers
from mdm_core.engine.base import Conditioning, Denoiser

from .schedule import Schedule

Noise = Callable[[int], Array]
Constrain = Callable[[Array, int], Array]
OnStep = Callable[[int, int], None]


def predict(
    denoiser: Denoiser, conditioning: Conditioning, schedule: Schedule, x: Array, t: int, constrain: Constrain | None
) -> Array:
    """x0 [B, T, D] as the denoiser sees it at level t of the schedule, with the constraint imposed."""
    step = int(schedule.trained_steps[t])
    x0 = denoiser(x, integers(step, len(x), x), conditioning)
    return constrain(x0, step) if constrain else x0
