"""The samplers on denoisers whose answer is known in closed form, on NumPy and torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.diffusion import samplers, schedule
from mdm_core.diffusion.schedule import Schedule
from mdm_core.editing.inpaint import replace_known
from mdm_core.engine.base import Conditioning
from mdm_core.errors import Cancelled, MotionError

SHAPE = (2, 5, 3)  # B, T, D
CONDITION = Conditioning(keep=np.ones(SHAPE[0], dtype=np.float32))
ALL = pytest.mark.parametrize("sampler", samplers.SAMPLERS.values())


def normal(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def gaussian_denoiser(full: Schedule, mean: float, deviation: float) -> Callable[..., np.ndarray]:
    """E[x0 | x_t] of data N(mean, deviation²), the perfect network for it."""

    def denoise(x: Any, step: Any, _conditioning: Conditioning) -> Any:
        alpha = float(full.alpha_bar[int(step[0])])
        gain = alpha**0.5 * deviation**2 / (alpha * deviation**2 + 1 - alpha)
        return mean + gain * (x - alpha**0.5 * mean)

    return denoise


@ALL
def test_a_certain_denoiser_is_believed_to_the_last_bit(sampler: samplers.Sampler) -> None:
    """Whatever the noise, the result is the last prediction; and no value of it is clipped."""
    answer = 40 * normal(0)
    made = sampler(lambda *_: answer, CONDITION, schedule.cosine(50), normal(1), lambda i: normal(2 + i))
    np.testing.assert_array_equal(made, answer)
    assert made.dtype == np.float32


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.data())
def test_ddim_with_eta_one_is_ancestral_sampling(total: int, data: st.DataObject) -> None:
    """Song et al. (2021, sec. 4.1): with eta = 1 the forward process is Markovian, which is DDPM."""
    full = schedule.cosine(total)
    walk = schedule.respace(full, data.draw(st.integers(1, total)))
    denoise = gaussian_denoiser(full, 0.3, 1.7)

    def noise(i: int) -> np.ndarray:
        return normal(10 + i).astype(np.float64)

    start = normal(1).astype(np.float64)
    ancestral = samplers.ancestral(denoise, CONDITION, walk, start, noise)
    np.testing.assert_allclose(samplers.ddim(denoise, CONDITION, walk, start, noise, eta=1.0), ancestral, atol=1e-9)


def test_deterministic_ddim_maps_noise_onto_gaussian_data() -> None:
    """Its limit is the probability-flow ODE, which for Gaussian data is x0 = mean + deviation x_T."""
    full = schedule.cosine(1000)
    start = normal(1).astype(np.float64)
    made = samplers.ddim(gaussian_denoiser(full, 2.0, 0.5), CONDITION, full, start, lambda i: pytest.fail(f"noise {i}"))
    np.testing.assert_allclose(made, 2.0 + 0.5 * start, atol=0.01)


@pytest.mark.parametrize(("eta", "steps"), [(0.0, 50), (0.0, 200), (0.5, 50), (0.5, 200), (1.0, 200)])
def test_samples_have_the_distribution_of_the_data(eta: float, steps: int) -> None:
    """(eta = 1 in 50 steps comes out 6 % too narrow: its posterior variance is meant for small steps.)"""
    full = schedule.cosine(200)
    shape = (1, 20000, 1)
    made = samplers.ddim(
        gaussian_denoiser(full, -1.0, 0.7),
        Conditioning(keep=np.ones(1)),
        schedule.respace(full, steps),
        normal(1, shape),
        lambda i: normal(2 + i, shape),
        eta=eta,
    )
    assert made.mean() == pytest.approx(-1.0, abs=0.03)
    assert made.std() == pytest.approx(0.7, rel=0.05)


@ALL
@pytest.mark.parametrize("steps", [50, 7, 1])
def test_what_the_denoiser_and_the_callbacks_are_told(sampler: samplers.Sampler, steps: int) -> None:
    """The trained index, int64 for the whole batch, falling; noise 0, 1, ... and none in the last step."""
    walk = schedule.respace(schedule.cosine(50), steps)
    told, constrained, drawn, progress = [], [], [], []

    def denoise(x: np.ndarray, step: np.ndarray, conditioning: Conditioning) -> np.ndarray:
        assert conditioning is CONDITION
        assert step.dtype == np.int64
        assert step.shape == SHAPE[:1]
        assert len(set(step)) == 1
        told.append(int(step[0]))
        return 0.5 * x

    def constrain(x0: np.ndarray, step: int) -> np.ndarray:
        constrained.append(step)
        return x0

    def noise(i: int) -> np.ndarray:
        drawn.append(i)
        return normal(i)

    sampler(denoise, CONDITION, walk, normal(1), noise, constrain=constrain,
            on_step=lambda done, total: progress.append((done, total)))  # fmt: skip
    assert told == constrained == list(walk.trained_steps[::-1])
    assert progress == [(i + 1, steps) for i in range(steps)]
    assert drawn == (list(range(steps - 1)) if sampler in (samplers.ancestral, samplers.dpmpp_2m_sde) else [])


@ALL
def test_cancelling_stops_after_the_step(sampler: samplers.Sampler) -> None:
    passes = []

    def denoise(x: np.ndarray, step: np.ndarray, _conditioning: Conditioning) -> np.ndarray:
        passes.append(int(step[0]))
        return x

    def cancel(done: int, _total: int) -> None:
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        sampler(denoise, CONDITION, schedule.cosine(50), normal(1), normal, on_step=cancel)
    assert passes == [49, 48, 47]


@ALL
def test_inpainting_is_exact_and_reaches_the_rest(sampler: samplers.Sampler) -> None:
    """Known features come out as given; and the unknown ones hear of them through the denoiser."""
    full = schedule.cosine(20)
    known, mask = normal(5), np.random.default_rng(6).random(SHAPE) < 0.5

    def denoise(x: np.ndarray, _step: np.ndarray, _conditioning: Conditioning) -> np.ndarray:
        return np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape).astype(np.float32)

    def sample(values: np.ndarray) -> np.ndarray:
        return sampler(denoise, CONDITION, full, normal(1), normal, constrain=replace_known(values, mask))

    made, moved = sample(known), sample(known + 3)
    np.testing.assert_array_equal(made[mask], known[mask])
    assert (moved[~mask] > made[~mask] + 0.5).all()


@ALL
def test_arguments_are_not_changed(sampler: samplers.Sampler) -> None:
    start, drawn = normal(1), normal(2)
    kept = start.copy(), drawn.copy()
    sampler(lambda x, *_: 0.9 * x, CONDITION, schedule.cosine(10), start, lambda _: drawn)
    np.testing.assert_array_equal(start, kept[0])
    np.testing.assert_array_equal(drawn, kept[1])


@ALL
def test_torch_and_numpy_give_the_same(sampler: samplers.Sampler) -> None:
    torch = pytest.importorskip("torch")
    full = schedule.cosine(50)
    denoise = gaussian_denoiser(full, 0.3, 1.7)
    known, mask = normal(5), normal(6) > 0

    def torch_noise(i: int) -> Any:
        return torch.from_numpy(normal(10 + i))

    ours = sampler(denoise, CONDITION, full, normal(1), lambda i: normal(10 + i), constrain=replace_known(known, mask))
    theirs = sampler(
        denoise,
        Conditioning(keep=torch.ones(SHAPE[0])),
        full,
        torch.from_numpy(normal(1)),
        torch_noise,
        constrain=replace_known(torch.from_numpy(known), torch.from_numpy(mask)),
    )
    assert isinstance(theirs, torch.Tensor)
    assert theirs.dtype == torch.float32
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-6)


def test_names() -> None:
    assert samplers.named("ancestral") is samplers.ancestral
    assert samplers.named("ddim") is samplers.ddim
    with pytest.raises(MotionError, match=r"plms.*ancestral, ddim"):
        samplers.named("plms")
