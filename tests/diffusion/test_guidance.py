"""Classifier-free guidance against two separate passes, for NumPy and torch conditions of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mdm_core.diffusion.guidance import guided
from mdm_core.engine.base import Conditioning

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
