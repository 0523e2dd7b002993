"""Refining a start motion, noise shared by a batch, and the samplers' names."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.diffusion import samplers, schedule
from mdm_core.engine.base import Conditioning
from mdm_core.errors import MotionError

SHAPE = (2, 4000, 1)
CONDITION = Conditioning(keep=np.ones(2))


def normal(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


@pytest.mark.parametrize("skip", [0, 10, 49])
@pytest.mark.parametrize("steps", [50, 1000])
def test_a_refinement_begins_at_the_first_level_that_is_not_skipped(skip: int, steps: int) -> None:
    """x has the signal and the noise of that level (Ho et al. 2020, eq. 4), and the rest of the chain is as it was."""
    full = schedule.respace(schedule.cosine(steps), 50)
    start = 3 + 0 * normal(0)
    rest, x = samplers.refinement(start, full, skip, normal(1))
    level = 49 - skip
    np.testing.assert_array_equal(rest.trained_steps, full.trained_steps[: level + 1])
    np.testing.assert_array_equal(rest.alpha_bar, full.alpha_bar[: level + 1])
    assert x.mean() == pytest.approx(3 * np.sqrt(full.alpha_bar[level]), abs=0.03)
    assert x.var() == pytest.approx(1 - full.alpha_bar[level], rel=0.05, abs=1e-6)
    assert x.dtype == np.float32


def test_the_more_is_skipped_the_more_remains() -> None:
    """With a network that pulls towards zero, the result is nearer to the start."""
    full = schedule.cosine(50)

    def shrink(x: np.ndarray, step: np.ndarray, _: Conditioning) -> np.ndarray:
        return np.float32(np.sqrt(full.alpha_bar[int(step[0])])) * x

    left: list[float] = []
    for skip in (0, 20, 40, 49):
        rest, x = samplers.refinement(5 + 0 * normal(0), full, skip, normal(1))
        left.append(float(samplers.ancestral(shrink, CONDITION, rest, x, lambda i: normal(2 + i)).mean()))
    assert left == sorted(left)
    assert left[0] < 0.2
    assert left[-1] > 4.5


@pytest.mark.parametrize("skip", [-1, 50, 51])
def test_skipping_too_much_is_refused(skip: int) -> None:
    with pytest.raises(MotionError, match="0 to 49 can be skipped"):
        samplers.refinement(normal(0), schedule.cosine(50), skip, normal(1))


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_shared_noise_is_the_first_motions(library: str) -> None:
    into = np.asarray if library == "numpy" else pytest.importorskip("torch").from_numpy
    drawn = samplers.same_for_all(lambda i: into(normal(i)))(7)
    for motion in np.asarray(drawn):
        np.testing.assert_array_equal(motion, normal(7)[0])


def test_names_and_eta() -> None:
    for name in ("ancestral", "ddim", "dpmpp_2m", "dpmpp_2m_sde"):
        assert samplers.named(name) is samplers.SAMPLERS[name]
    with pytest.raises(MotionError, match=r'no sampler "plms".*dpmpp_2m_sde'):
        samplers.named("plms")
    for name, eta in (("ddim", 1.5), ("ddim", -0.1), ("ddim", float("nan")), ("ancestral", 0.5)):
        with pytest.raises(MotionError, match="from 0 to 1 of the sampler ddim"):
            samplers.named(name, eta=eta)


def test_eta_reaches_ddim() -> None:
    full = schedule.cosine(50)

    def half(x: np.ndarray, _step: np.ndarray, _: Conditioning) -> np.ndarray:
        return np.float32(0.5) * x

    asked = samplers.named("ddim", eta=0.5)(half, CONDITION, full, normal(1), normal)
    np.testing.assert_array_equal(asked, samplers.ddim(half, CONDITION, full, normal(1), normal, eta=0.5))
