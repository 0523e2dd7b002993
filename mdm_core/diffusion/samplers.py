"""Samplers: one function each, from noise to a clean motion. No network, no random generator and no clipping here.

All have one signature, and take NumPy arrays and torch tensors alike:

    denoiser      predicts x0; wrap it in `guidance.guided` for classifier-free guidance
    conditioning  of the batch
    schedule      the levels to walk, from the last to the first; `schedule.respace` makes a shorter walk
    x             [B, T, D] start, standard normal
    noise         noise(i) [B, T, D] is the standard normal noise of the i-th denoising step, 0 first
    on_step       called as on_step(done, total) after each step; may raise `Cancelled`
    constrain     constrain(x0, t) returns the x0 to go on with, t the trained step: inpainting and the like,
                  applied to the (guided) prediction at every step

and return x0 [B, T, D], normalised. x0 is never clipped: normalised features are not bounded by 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from mdm_core.arrays import Array, integers
from mdm_core.engine.base import Conditioning, Denoiser
from mdm_core.errors import MotionError

from .schedule import Schedule

Noise = Callable[[int], Array]
Constrain = Callable[[Array, int], Array]
OnStep = Callable[[int, int], None]


class Sampler(Protocol):
    """What every sampler can be called with; the module's docstring says what the arguments are."""

    def __call__(
        self,
        denoiser: Denoiser,
        conditioning: Conditioning,
        schedule: Schedule,
        x: Array,
        noise: Noise,
        *,
        on_step: OnStep | None = None,
        constrain: Constrain | None = None,
    ) -> Array: ...


def ancestral(
    denoiser: Denoiser,
    conditioning: Conditioning,
    schedule: Schedule,
    x: Array,
    noise: Noise,
    *,
    on_step: OnStep | None = None,
    constrain: Constrain | None = None,
) -> Array:
    """Ancestral sampling (Ho et al. 2020, algorithm 2 with the posterior of eq. 7); MDM's own sampler."""
    total = len(schedule)
    for i, t in enumerate(reversed(range(total))):
        x0 = predict(denoiser, conditioning, schedule, x, t, constrain)
        x = float(schedule.posterior_mean_x0[t]) * x0 + float(schedule.posterior_mean_xt[t]) * x
        if t > 0:
            x = x + math.sqrt(schedule.posterior_variance[t]) * noise(i)
        if on_step:
            on_step(i + 1, total)
    return x


def ddim(
    denoiser: Denoiser,
    conditioning: Conditioning,
    schedule: Schedule,
    x: Array,
    noise: Noise,
    *,
    eta: float = 0.0,
    on_step: OnStep | None = None,
    constrain: Constrain | None = None,
) -> Array:
    """DDIM (Song et al. 2021, eqs. 12 and 16). eta = 0 is deterministic; eta = 1 is ancestral sampling."""
    total = len(schedule)
    for i, t in enumerate(reversed(range(total))):
        alpha, alpha_next = schedule.alpha_bar[t], schedule.alpha_bar_previous[t]
        sigma = eta * math.sqrt((1 - alpha_next) / (1 - alpha) * (1 - alpha / alpha_next))
        x0 = predict(denoiser, conditioning, schedule, x, t, constrain)
        epsilon = (x - math.sqrt(alpha) * x0) / math.sqrt(1 - alpha)
        x = math.sqrt(alpha_next) * x0 + math.sqrt(max(1 - alpha_next - sigma**2, 0.0)) * epsilon
        if sigma > 0:
            x = x + sigma * noise(i)
        if on_step:
            on_step(i + 1, total)
    return x


def predict(
    denoiser: Denoiser, conditioning: Conditioning, schedule: Schedule, x: Array, t: int, constrain: Constrain | None
) -> Array:
    """x0 [B, T, D] as the denoiser sees it at level t of the schedule, with the constraint imposed."""
    step = int(schedule.trained_steps[t])
    x0 = denoiser(x, integers(step, len(x), x), conditioning)
    return constrain(x0, step) if constrain else x0


SAMPLERS: dict[str, Sampler] = {"ancestral": ancestral, "ddim": ddim}
"""By the names that model cards and `Request.sampler` use."""


def named(name: str) -> Sampler:
    """The sampler of that name, or a `MotionError` that lists the names."""
    if name not in SAMPLERS:
        raise MotionError(f'There is no sampler "{name}"; use one of {", ".join(SAMPLERS)}.')
    return SAMPLERS[name]
