"""The noise schedule: betas, cumulative products and the posterior's coefficients, as float64 tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

Table = NDArray[np.floating]


@dataclass(frozen=True)
class Schedule:
    """A chain of T noise levels. betas: [T]; trained_steps: [T], the index that the network is told at each level.

    q(x_t | x_0) = N(sqrt(alpha_bar_t) x_0, (1 - alpha_bar_t) I)    (Ho et al. 2020, eq. 4)
    """

    betas: Table
    trained_steps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.betas)

    @cached_property
    def alpha_bar(self) -> Table:
        """Cumulative product of 1 - beta, [T]."""
        return np.cumprod(1.0 - self.betas)

    @cached_property
    def alpha_bar_previous(self) -> Table:
        """alpha_bar one level cleaner, [T]; 1 before the first."""
        return np.append(1.0, self.alpha_bar[:-1])

    @cached_property
    def posterior_variance(self) -> Table:
        """Variance of q(x_{t-1} | x_t, x_0), [T] (Ho et al. 2020, eq. 7)."""
        return self.betas * (1.0 - self.alpha_bar_previous) / (1.0 - self.alpha_bar)

    @cached_property
    def posterior_mean_x0(self) -> Table:
        """Weight of x_0 in the mean of q(x_{t-1} | x_t, x_0), [T]."""
        return self.betas * np.sqrt(self.alpha_bar_previous) / (1.0 - self.alpha_bar)

    @cached_property
    def posterior_mean_xt(self) -> Table:
        """Weight of x_t in the mean of q(x_{t-1} | x_t, x_0), [T]."""
        return (1.0 - self.alpha_bar_previous) * np.sqrt(1.0 - self.betas) / (1.0 - self.alpha_bar)


def cosine(steps: int) -> Schedule:
    """The cosine schedule of Nichol and Dhariwal (2021, eq. 17) with betas clipped at 0.999, as MDM uses it."""

    def alpha_bar(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - alpha_bar((i + 1) / steps) / alpha_bar(i / steps), 0.999) for i in range(steps)]
    return Schedule(np.array(betas, dtype=np.float64), np.arange(steps))


def linear(steps: int) -> Schedule:
    """The linear schedule of Ho et al. (2020), scaled so that any number of steps ends at about the same noise."""
    scale = 1000 / steps
    if scale * 2e-2 > 1:
        raise MotionError(f"The linear noise schedule needs 20 steps or more, not {steps}; correct the model card.")
    return Schedule(np.linspace(scale * 1e-4, scale * 2e-2, steps, dtype=np.float64), np.arange(steps))


def named(name: str, steps: int) -> Schedule:
    """`cosine` or `linear` by the name that model cards and args.json use."""
    makers = {"cosine": cosine, "linear": linear}
    if name not in makers:
        raise MotionError(f'The noise schedule "{name}" is not known; the model card must say cosine or linear.')
    if steps < 1:
        raise MotionError(f"A noise schedule needs one step or more, not {steps}; correct the model card.")
    return makers[name](steps)


def keep(schedule: Schedule, levels: NDArray[np.integer]) -> Schedule:
    """The sub-chain of the given levels, in rising order (Nichol and Dhariwal 2021, sec. 4).

    Betas are recomputed from the kept cumulative products; the network is still told the trained index.
    """
    alpha_bar = schedule.alpha_bar[levels]
    betas = 1.0 - alpha_bar / np.append(1.0, alpha_bar[:-1])
    return Schedule(betas, schedule.trained_steps[levels])


def cleanest(schedule: Schedule, levels: int) -> Schedule:
    """The chain without its noisiest levels: what is left to walk when a motion is refined and not made anew."""
    if not 1 <= levels <= len(schedule):
        raise MotionError(f"Of {len(schedule)} steps 0 to {len(schedule) - 1} can be skipped; choose fewer.")
    return Schedule(schedule.betas[:levels], schedule.trained_steps[:levels])


def respace(schedule: Schedule, steps: int) -> Schedule:
    """The sub-chain of `steps` evenly spread levels, first and last included: for every sampler.

    Halves fall as in the published code, which adds the stride up in floating point before it rounds. One
    step is the noisiest level.
    """
    check_steps(schedule, steps)
    if steps == len(schedule):
        return schedule
    if steps == 1:
        return keep(schedule, np.array([len(schedule) - 1]))
    stride = (len(schedule) - 1) / (steps - 1)
    return keep(schedule, np.rint(np.cumsum(np.append(0.0, np.full(steps - 1, stride)))).astype(int))


def respace_ddim(schedule: Schedule, steps: int) -> Schedule:
    """The sub-chain 0, s, 2s, ... of `steps` levels, as the DDIM paper and the published "ddimN" take it.

    The noisiest levels are left out, although sampling starts from pure noise; `respace` is the better walk.
    The stride s is the smallest whole number that gives `steps` levels; not every number of steps has one.
    """
    check_steps(schedule, steps)
    total = len(schedule)
    stride = next((s for s in range(1, total) if math.ceil(total / s) == steps), None)
    if stride is None:
        raise MotionError(f"A chain of {total} steps has no stride that gives {steps}; choose another number.")
    return keep(schedule, np.arange(0, total, stride))


def respace_log_snr(schedule: Schedule, steps: int) -> Schedule:
    """The sub-chain of `steps` levels nearest to an even spread in ln(alpha / sigma), first and last included.

    The walk for DPM-Solver++ (Lu et al. 2022, sec. 5 and appendix), whose error is in the steps of that number: in
    ten steps of the published chains it keeps the spread of Gaussian data within some per cent, where the even walk
    of `respace` is off by a third.
    """
    check_steps(schedule, steps)
    total, log_snr = len(schedule), np.log(schedule.alpha_bar / (1.0 - schedule.alpha_bar))
    if steps == 1:
        return keep(schedule, np.array([total - 1]))
    levels: list[int] = []
    for k, wanted in enumerate(np.linspace(log_snr[0], log_snr[-1], steps)):
        nearest = int(np.abs(log_snr - wanted).argmin())
        first = levels[-1] + 1 if levels else 0
        levels.append(min(max(nearest, first), total - steps + k))
    return keep(schedule, np.array(levels))


def check_steps(schedule: Schedule, steps: int) -> None:
    """Raises a `MotionError` if the chain cannot be walked in that many steps."""
    if not 1 <= steps <= len(schedule):
        raise MotionError(
            f"This model denoises in 1 to {len(schedule)} steps, not {steps}; choose a number in between."
        )
