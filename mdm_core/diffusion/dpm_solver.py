"""DPM-Solver++ of second order, multistep (Lu et al. 2022b): few steps, one network pass each. ODE and SDE.

Written for networks that predict x0. With lambda = ln(alpha / sigma), half the logarithm of the signal-to-noise ratio,
and h its growth over a step from s to t:

    ODE  x_t = (sigma_t / sigma_s) x_s + alpha_t (1 - e^-h) D                                        (algorithm 2)
    SDE  x_t = (sigma_t / sigma_s) e^-h x_s + alpha_t (1 - e^-2h) D + sigma_t sqrt(1 - e^-2h) z      (appendix, 2M)
    D  = x0_s + (x0_s - x0_before) / (2 r),  r = h_before / h

The first step and, as the step to the clean motion has an infinite h, the last one are of first order. Arguments
are those of `samplers`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mdm_core.arrays import Array
from mdm_core.engine.base import Conditioning, Denoiser

from .prediction import Constrain, Noise, OnStep, predict
from .schedule import Schedule


@dataclass(frozen=True)
class Level:
    """A noise level. alpha, sigma: x = alpha x0 + sigma noise."""

    alpha: float
    sigma: float

    @property
    def half_log_snr(self) -> float:
        return math.log(self.alpha / self.sigma)


def level(alpha_bar: float) -> Level:
    """The level at which the signal's variance is alpha_bar."""
    return Level(math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar))


def dpmpp_2m(
    denoiser: Denoiser,
    conditioning: Conditioning,
    schedule: Schedule,
    x: Array,
    noise: Noise,
    *,
    on_step: OnStep | None = None,
    constrain: Constrain | None = None,
) -> Array:
    """DPM-Solver++(2M), deterministic: `noise` is not called."""
    del noise
    return walk(denoiser, conditioning, schedule, x, None, on_step, constrain)


def dpmpp_2m_sde(
    denoiser: Denoiser,
    conditioning: Conditioning,
    schedule: Schedule,
    x: Array,
    noise: Noise,
    *,
    on_step: OnStep | None = None,
    constrain: Constrain | None = None,
) -> Array:
    """SDE-DPM-Solver++(2M): fresh noise at every step but the last, as ancestral sampling has it."""
    return walk(denoiser, conditioning, schedule, x, noise, on_step, constrain)


def walk(
    denoiser: Denoiser,
    conditioning: Conditioning,
    schedule: Schedule,
    x: Array,
    noise: Noise | None,
    on_step: OnStep | None,
    constrain: Constrain | None,
) -> Array:
    """Both solvers; noise None is the ODE."""
    total, x0_before, h_before = len(schedule), None, 0.0
    for i, t in enumerate(reversed(range(total))):
        x0 = predict(denoiser, conditioning, schedule, x, t, constrain)
        if t == 0:
            x = x0
        else:
            now, then = level(schedule.alpha_bar[t]), level(schedule.alpha_bar[t - 1])
            h = then.half_log_snr - now.half_log_snr
            slope = x0 if x0_before is None else x0 + (0.5 * h / h_before) * (x0 - x0_before)
            x = step(x, slope, now, then, h, None if noise is None else noise(i))
            x0_before, h_before = x0, h
        if on_step:
            on_step(i + 1, total)
    return x


def step(x: Array, slope: Array, now: Level, then: Level, h: float, z: Array | None) -> Array:
    """x at the level `then`, from x at `now`; z: standard normal noise, or None for the ODE."""
    if z is None:
        return then.sigma / now.sigma * x - then.alpha * math.expm1(-h) * slope
    kept = -math.expm1(-2 * h)
    return then.sigma / now.sigma * math.exp(-h) * x + then.alpha * kept * slope + then.sigma * math.sqrt(kept) * z
