"""The noise schedule: betas, cumulative products and the posterior's coefficients, as float64 tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

Table = NDArray[np.float64]


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
    """The linear schedule of Ho et al. (2020), scaled so that any number of steps ends at the same noise."""
    scale = 1000 / steps
    return Schedule(np.linspace(scale * 1e-4, scale * 2e-2, steps, dtype=np.float64), np.arange(steps))


def named(name: str, steps: int) -> Schedule:
    """`cosine` or `linear` by the name that model cards and args.json use."""
    makers = {"cosine": cosine, "linear": linear}
    if name not in makers:
        raise MotionError(f'The noise schedule "{name}" is not known; the model card must say cosine or linear.')
    return makers[name](steps)


def respace(schedule: Schedule, steps: int) -> Schedule:
    """The sub-chain of `steps` evenly spread levels, its first and last included (Nichol and Dhariwal 2021, sec. 4).

    Betas are recomputed from the kept cumulative products; the network is still told the trained index.
    """
    if not 1 <= steps <= len(schedule):
        raise MotionError(f"This model denoises in 1 to {len(schedule)} steps, not {steps}.")
    kept = np.rint(np.linspace(0, len(schedule) - 1, steps)).astype(int) if steps > 1 else np.array([len(schedule) - 1])
    alpha_bar = schedule.alpha_bar[kept]
    betas = 1.0 - alpha_bar / np.append(1.0, alpha_bar[:-1])
    return Schedule(betas, schedule.trained_steps[kept])
