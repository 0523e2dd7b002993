"""The bfloat16 copy computes what the float32 network does, and its gradients reach the float32 weights."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core.engine.base import Conditioning  # noqa: E402
from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape  # noqa: E402
from mdm_core.training.half import HalfNetwork, short_attention  # noqa: E402

CPU = torch.device("cpu")
ROUNDING = 2.0**-8


def made() -> tuple[EncoderNetwork, torch.Tensor, torch.Tensor, Conditioning]:
    torch.manual_seed(0)
    shape = NetworkShape(
        features=12, text_dim=8, actions=3, latent=32, layers=2, feed_forward=48, frames_per_token=4, dropout=0.0,
        observed=16,
    )  # fmt: skip
    mask = torch.ones(3, 10, dtype=torch.bool)
    mask[1, 6:] = False
    known = torch.rand(3, 10, 16) < 0.3
    conditioning = Conditioning(
        keep=torch.tensor([1.0, 1.0, 0.0]),
        text=torch.randn(3, 1, 8),
        action=torch.tensor([-1, 2, 0]),
        frame_mask=mask,
        observed=torch.randn(3, 10, 16) * known,
        observed_mask=known,
    )
    return EncoderNetwork(shape), torch.randn(3, 10, 12), torch.tensor([0, 20, 49]), conditioning


def test_it_predicts_the_same_but_for_rounding() -> None:
    network, x, step, conditioning = made()
    with torch.no_grad(), short_attention(CPU):
        half, whole = HalfNetwork(network)(x, step, conditioning), network(x, step, conditioning)
    assert half.dtype == torch.float32
    difference = (half - whole).norm() / whole.norm()
    assert 0 < difference < 6 * ROUNDING


def test_gradients_reach_the_float32_weights() -> None:
    network, x, step, conditioning = made()
    goal = torch.randn(3, 10, 12)
    half = HalfNetwork(network)
    ((half(x, step, conditioning) - goal) ** 2).mean().backward()
    half.take_gradients()
    given = [p.grad for p in network.parameters()]
    network.zero_grad()
    ((network(x, step, conditioning) - goal) ** 2).mean().backward()
    for mine, parameter in zip(given, network.parameters(), strict=True):
        assert mine is not None and parameter.grad is not None and mine.dtype == torch.float32
        assert float((mine - parameter.grad).norm()) < 0.06 * float(parameter.grad.norm()) + 1e-6


def test_it_follows_the_float32_weights_only_when_told() -> None:
    network, x, step, conditioning = made()
    half = HalfNetwork(network)
    with torch.no_grad():
        before = half(x, step, conditioning)
        for parameter in network.parameters():
            parameter.add_(0.05)
        assert torch.equal(half(x, step, conditioning), before)
        half.refresh()
        after, whole = half(x, step, conditioning), network(x, step, conditioning)
    assert float((after - before).norm()) > 0.1 * float(before.norm())
    assert float((after - whole).norm()) < 6 * ROUNDING * float(whole.norm())
