"""RePaint's walk: one round is ancestral sampling; more rounds keep the distribution and ask for more noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.diffusion import samplers, schedule
from mdm_core.editing.resampling import resampled
from mdm_core.engine.base import Conditioning

CHAIN = schedule.cosine(12)
CONDITION = Conditioning(keep=np.ones(1))


def gaussian(mean: float, variance: float) -> Any:
    """The exact denoiser of data N(mean, variance): E[x0 | x_t]."""

    def denoise(x: NDArray[Any], step: NDArray[Any], conditioning: Conditioning) -> NDArray[Any]:  # noqa: ARG001
        alpha = CHAIN.alpha_bar[step][:, None, None]
        gain = np.sqrt(alpha) * variance / (alpha * variance + 1 - alpha)
        return mean + gain * (x - np.sqrt(alpha) * mean)

    return denoise


def noise(seed: int, shape: tuple[int, ...]) -> tuple[NDArray[Any], samplers.Noise]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), lambda _: rng.normal(size=shape)


def test_one_round_is_ancestral_sampling() -> None:
    denoise = gaussian(0.3, 0.5)
    results = [
        sampler(denoise, CONDITION, CHAIN, *noise(0, (1, 20, 4))) for sampler in (resampled(1), samplers.ancestral)
    ]
    np.testing.assert_array_equal(*results)


def test_more_rounds_sample_the_same_distribution() -> None:
    shape = (4, 2000, 1)
    x = resampled(3)(gaussian(0.3, 0.5), CONDITION, CHAIN, *noise(1, shape))
    once = samplers.ancestral(gaussian(0.3, 0.5), CONDITION, CHAIN, *noise(1, shape))
    assert abs(x.mean() - 0.3) < 0.03
    assert abs(x.std() - once.std()) < 0.05


def test_progress_counts_every_pass_and_the_constraint_has_the_last_word() -> None:
    steps: list[tuple[int, int]] = []
    x = resampled(3)(
        gaussian(0.0, 1.0),
        CONDITION,
        CHAIN,
        *noise(2, (1, 5, 2)),
        on_step=lambda done, total: steps.append((done, total)),
        constrain=lambda x0, t: x0 * 0 + 7,
    )
    assert steps == [(k, 34) for k in range(1, 35)]
    np.testing.assert_allclose(x, 7)
