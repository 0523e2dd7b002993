"""Classifier-free guidance against two separate passes, for NumPy and torch conditions of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mdm_core.diffusion.guidance import guided
from mdm_core.engine.base import Conditioning, with_null

B, T, D = 3, 4, 2


class Recorder:
    """A denoiser whose answer depends on every part of its input; it counts its passes and their batch."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, x: Any, step: Any, conditioning: Conditioning) -> Any:
        self.batches.append(len(x))
        keep = conditioning.keep[:, None, None]
        return (
            0.1 * x
            + step[:, None, None]
            + keep * conditioning.text[:, :1, :1]
            + 1.0 * conditioning.frame_mask[..., None]
        )


@pytest.fixture(params=["numpy", "torch"])
def inputs(request: pytest.FixtureRequest) -> tuple[Any, Any, Conditioning, Conditioning]:
    """x, step, a condition and its null."""
    array = np.asarray if request.param == "numpy" else pytest.importorskip("torch").from_numpy
    rng = np.random.default_rng(0)
    x, step = rng.standard_normal((B, T, D)).astype(np.float32), np.array([3, 1, 2])
    text, mask = rng.standard_normal((B, 1, 5)).astype(np.float32), rng.random((B, T)) < 0.5
    held, dropped = (
        Conditioning(keep=array(np.full(B, keep, np.float32)), text=array(text), frame_mask=array(mask))
        for keep in (1, 0)
    )
    return array(x), array(step), held, dropped


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.5, 7.5])
def test_equals_two_passes(inputs: tuple[Any, Any, Conditioning, Conditioning], scale: float) -> None:
    x, step, held, dropped = inputs
    network = Recorder()
    conditioned, null = network(x, step, held), network(x, step, dropped)
    network.batches.clear()
    out = guided(network, scale)(x, step, held)
    np.testing.assert_allclose(np.asarray(out), np.asarray(null + scale * (conditioned - null)), rtol=1e-5, atol=1e-5)
    assert network.batches == [2 * B]


def test_scale_one_is_one_pass(inputs: tuple[Any, Any, Conditioning, Conditioning]) -> None:
    x, step, held, _ = inputs
    network = Recorder()
    out = guided(network, 1.0)(x, step, held)
    assert network.batches == [B]
    np.testing.assert_array_equal(np.asarray(out), np.asarray(Recorder()(x, step, held)))


def test_actions_are_doubled_too() -> None:
    seen: list[Conditioning] = []

    def network(x: Any, _step: Any, conditioning: Conditioning) -> Any:
        seen.append(conditioning)
        return x

    condition = Conditioning(keep=np.ones(2), action=np.array([4, 7]), text_mask=np.array([[True, False]] * 2))
    guided(network, 2.0)(np.zeros((2, T, D)), np.zeros(2, int), condition)
    np.testing.assert_array_equal(seen[0].action, [4, 7, 4, 7])
    np.testing.assert_array_equal(seen[0].keep, [1, 1, 0, 0])
    assert seen[0].text_mask is not None
    assert seen[0].text_mask.shape == (4, 2)
    assert seen[0].text is None
    assert seen[0].frame_mask is None


@pytest.mark.parametrize("kind", ["together", "apart"])
def test_two_passes_for_networks_in_which_a_batch_hears_itself(
    inputs: tuple[Any, Any, Conditioning, Conditioning], kind: str
) -> None:
    x, step, held, _ = inputs
    network = Recorder()
    out = guided(network, 2.5, together=kind == "together")(x, step, held)
    assert network.batches == ([2 * B] if kind == "together" else [B, B])
    np.testing.assert_allclose(np.asarray(out), np.asarray(guided(Recorder(), 2.5)(x, step, held)), rtol=1e-6)


@pytest.mark.parametrize(("trained", "guides"), [(9, False), (10, True), (25, True), (40, True), (41, False)])
def test_outside_its_interval_guidance_costs_nothing(
    inputs: tuple[Any, Any, Conditioning, Conditioning], trained: int, guides: bool
) -> None:
    x, step, held, _ = inputs
    step = 0 * step + trained
    network = Recorder()
    out = guided(network, 2.5, interval=(10, 40))(x, step, held)
    assert network.batches == ([2 * B] if guides else [B])
    wanted = guided(Recorder(), 2.5 if guides else 1.0)(x, step, held)
    np.testing.assert_array_equal(np.asarray(out), np.asarray(wanted))


def test_rescaling_brings_back_the_spread(inputs: tuple[Any, Any, Conditioning, Conditioning]) -> None:
    """Lin et al. (2024, eqs. 15 and 16): each motion with the conditioned one's deviation, mixed in by the share."""
    x, step, held, _ = inputs
    guided_plain, conditioned = guided(Recorder(), 7.5)(x, step, held), Recorder()(x, step, held)
    full = np.asarray(guided(Recorder(), 7.5, rescale=1.0)(x, step, held))
    np.testing.assert_allclose(full.std(axis=(1, 2)), np.asarray(conditioned).std(axis=(1, 2)), rtol=1e-4)
    part = np.asarray(guided(Recorder(), 7.5, rescale=0.7)(x, step, held))
    np.testing.assert_allclose(part, 0.7 * full + 0.3 * np.asarray(guided_plain), rtol=1e-4, atol=1e-5)


def test_prefix_and_goals_are_kept_without_the_text() -> None:
    """No guidance on what DiP is to continue and to reach (spec/mdm.md section 2)."""
    prefix, target = np.ones((2, 4, 3)), np.arange(48.0).reshape(2, 8, 3)
    both = with_null(Conditioning(keep=np.ones(2), prefix=prefix, target=target, target_valid=target[..., 0] > 5))
    np.testing.assert_array_equal(both.keep, [1, 1, 0, 0])
    for half in (slice(0, 2), slice(2, 4)):
        np.testing.assert_array_equal(both.prefix[half], prefix)
        np.testing.assert_array_equal(both.target[half], target)
        np.testing.assert_array_equal(both.target_valid[half], target[..., 0] > 5)
