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
from functools import partial
from typing import Protocol

from mdm_core.arrays import Array, namespace
from mdm_core.engine.base import Conditioning, Denoiser
from mdm_core.errors import MotionError

from .dpm_solver import dpmpp_2m, dpmpp_2m_sde
from .prediction import Constrain, Noise, OnStep, predict
from .schedule import Schedule, cleanest, respace, respace_log_snr

__all__ = [
    "SAMPLERS",
    "Constrain",
    "Noise",
    "OnStep",
    "Sampler",
    "ancestral",
    "ddim",
    "dpmpp_2m",
    "dpmpp_2m_sde",
    "named",
    "refinement",
    "same_for_all",
    "walk",
]


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


def refinement(start: Array, schedule: Schedule, skip: int, noise: Array) -> tuple[Schedule, Array]:
    """The rest of a walk that leaves its noisiest `skip` levels out, and x to begin it with (Meng et al. 2022, SDEdit).

    start: [B, T, D], the motion to be refined; noise: [B, T, D], standard normal. The published code's
    skip_timesteps and init_image: the more is skipped, the more of `start` remains.
    """
    rest = cleanest(schedule, len(schedule) - skip)
    alpha_bar = rest.alpha_bar[-1]
    return rest, math.sqrt(alpha_bar) * start + math.sqrt(1 - alpha_bar) * noise


def same_for_all(noise: Noise) -> Noise:
    """The first motion's noise for every motion of the batch: the published code's const_noise."""

    def shared(i: int) -> Array:
        drawn = noise(i)
        return namespace(drawn).broadcast_to(drawn[:1], drawn.shape)

    return shared


SAMPLERS: dict[str, Sampler] = {
    "ancestral": ancestral,
    "ddim": ddim,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_sde": dpmpp_2m_sde,
}
"""By the names that model cards and `Request.sampler` use."""


WALKS: dict[str, Callable[[Schedule, int], Schedule]] = {"dpmpp_2m": respace_log_snr, "dpmpp_2m_sde": respace_log_snr}
"""How a sampler's fewer levels are spread, where not by `schedule.respace`."""


def walk(name: str, schedule: Schedule, steps: int) -> Schedule:
    """The levels that the sampler of that name walks in so many steps."""
    return WALKS.get(name, respace)(schedule, steps)


def named(name: str, *, eta: float | None = None) -> Sampler:
    """The sampler of that name, or a `MotionError` that lists the names. eta, 0 to 1: DDIM's share of fresh noise."""
    if name not in SAMPLERS:
        raise MotionError(f'There is no sampler "{name}"; use one of {", ".join(SAMPLERS)}.')
    if eta is None:
        return SAMPLERS[name]
    if name != "ddim" or not 0 <= eta <= 1:
        raise MotionError(f"Eta is a number from 0 to 1 of the sampler ddim, not {eta:g} of {name}; correct it.")
    return partial(ddim, eta=eta)
