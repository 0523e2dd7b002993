"""DPM-Solver++ against the exact solution for Gaussian data: order of convergence, and the distribution it makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mdm_core.diffusion import samplers, schedule
from mdm_core.diffusion.schedule import Schedule
from mdm_core.engine.base import Conditioning

MEAN, DEVIATION = -0.8, 0.4
ONE = Conditioning(keep=np.ones(1))


def even_in_lambda(levels: int, low: float = -3.0, high: float = 3.0) -> Schedule:
    """A chain whose levels are evenly spread in lambda = ln(alpha / sigma), the noisiest last."""
    alpha_bar = 1 / (1 + np.exp(-2 * np.linspace(high, low, levels)))
    return Schedule(1 - alpha_bar / np.append(1.0, alpha_bar[:-1]), np.arange(levels))


class Gaussian:
    """E[x0 | x_t] of data N(mean, deviation²) at each level of a chain; remembers what it was shown last."""

    def __init__(self, chain: Schedule) -> None:
        self.alpha_bar, self.shown = chain.alpha_bar, np.empty(0)

    def __call__(self, x: Any, step: Any, _: Conditioning) -> Any:
        self.shown = x
        a = float(self.alpha_bar[int(step[0])])
        return MEAN + math.sqrt(a) * DEVIATION**2 / (a * DEVIATION**2 + 1 - a) * (x - math.sqrt(a) * MEAN)

    def spread(self, level: int) -> float:
        """The standard deviation of x_t."""
        a = float(self.alpha_bar[level])
        return math.sqrt(a * DEVIATION**2 + 1 - a)

    def exact(self, start: np.ndarray, level: int) -> np.ndarray:
        """Where the probability-flow ODE takes a start at the last level: its rank among the data stays."""
        first, last = math.sqrt(self.alpha_bar[-1]), math.sqrt(self.alpha_bar[level])
        return last * MEAN + self.spread(level) / self.spread(-1) * (start - first * MEAN)


def ode_error(sampler: samplers.Sampler, levels: int) -> float:
    """At the cleanest level, before the step to x0, which is no step of an ODE."""
    chain = even_in_lambda(levels)
    network, start = Gaussian(chain), np.array([[[1.7, -0.6, 0.2]]])
    sampler(network, ONE, chain, start, lambda i: pytest.fail(f"noise {i}"))
    return float(np.abs(network.shown - network.exact(start, 0)).max())


@pytest.mark.parametrize(("sampler", "order"), [(samplers.ddim, 1), (samplers.dpmpp_2m, 2)])
def test_the_order_of_convergence(sampler: samplers.Sampler, order: int) -> None:
    """Half the step, half the error of DDIM, which is the first-order solver, and a quarter of 2M's."""
    errors = [ode_error(sampler, levels) for levels in (41, 81, 161)]
    rates = [math.log2(coarse / fine) for coarse, fine in zip(errors, errors[1:], strict=False)]
    assert rates == pytest.approx([order, order], abs=0.2)
    assert errors[-1] < 0.02


def test_few_steps_are_worth_many_of_ddim() -> None:
    assert ode_error(samplers.dpmpp_2m, 13) < ode_error(samplers.ddim, 41)


def test_the_first_step_is_ddims() -> None:
    """With nothing remembered the solver is of first order, which is DDIM (Lu et al. 2022, sec. 4)."""
    chain = even_in_lambda(2)
    network, start = Gaussian(chain), np.array([[[0.3]]])
    makers = (samplers.ddim, samplers.dpmpp_2m)
    ddim, solver = (sampler(network, ONE, chain, start, lambda i: start) for sampler in makers)
    np.testing.assert_allclose(ddim, solver, atol=1e-12)


def made_variance(sampler: Callable[..., Any], levels: int) -> tuple[float, float]:
    """Variance of what the sampler makes at the cleanest level, and that of x there.

    x is linear in the start and in each step's noise, so one run a source gives its share exactly.
    """
    chain = even_in_lambda(levels)
    network, variance = Gaussian(chain), 0.0

    def shown(source: int) -> float:
        def noise(i: int) -> np.ndarray:
            return np.full((1, 1, 1), float(i == source))

        start = np.full((1, 1, 1), network.spread(-1) * (source == -1))
        sampler(network, ONE, chain, start, noise)
        return float(network.shown[0, 0, 0])

    rest = shown(-2)
    for source in range(-1, levels - 1):
        variance += (shown(source) - rest) ** 2
    return variance, network.spread(0) ** 2


def test_the_sde_makes_the_distribution_of_the_data() -> None:
    errors: list[float] = []
    for levels in (11, 21, 41):
        made, wanted = made_variance(samplers.dpmpp_2m_sde, levels)
        errors.append(abs(made / wanted - 1))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02
    ancestral, wanted = made_variance(samplers.ancestral, 41)
    assert errors[2] < abs(ancestral / wanted - 1)


@pytest.mark.parametrize("name", ["dpmpp_2m", "dpmpp_2m_sde"])
@pytest.mark.parametrize("trained", [50, 1000])
def test_ten_steps_of_a_published_chain(name: str, trained: int) -> None:
    """From pure noise to data: mean and deviation of 20 000 samples, in ten of MDM's 50 or 1000 steps."""
    full = schedule.cosine(trained)
    network = Gaussian(full)
    rng = np.random.default_rng(0)

    def normal(_: int = 0) -> np.ndarray:
        return rng.standard_normal((1, 20000, 1)).astype(np.float32)

    made = samplers.named(name)(network, ONE, samplers.walk(name, full, 10), normal(), normal)
    assert made.dtype == np.float32
    assert made.mean() == pytest.approx(MEAN, abs=0.03)
    assert made.std() == pytest.approx(DEVIATION, rel=0.13)
