"""Which optimiser moves which weight, and how fast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.training import config, optimizers  # noqa: E402

SETTINGS = config.read(Path(__file__).resolve().parents[2] / "configs" / "bundled.toml").training
SMALL = replace(SETTINGS, steps=30, warmup=5, muon_rate=2e-3)


def network() -> EncoderNetwork:
    torch.manual_seed(0)
    return EncoderNetwork(NetworkShape(features=6, text_dim=8, latent=16, layers=2, feed_forward=24, dropout=0.0))


def test_every_weight_is_moved_by_one_optimiser() -> None:
    net = network()
    moved = [id(p) for o in optimizers.optimizers(net, SMALL) for g in o.param_groups for p in g["params"]]
    assert sorted(moved) == sorted(id(p) for p in net.parameters())


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has no Muon")
def test_muon_moves_a_matrix_in_all_its_directions_alike() -> None:
    """The singular values of its first update lie close together, whatever the gradient; AdamW's do not."""

    def spread(settings: config.TrainingSettings) -> float:
        net = network()
        weight = net.seqTransEncoder.layers[0].linear1.weight
        before = weight.detach().clone()
        moved_by = optimizers.optimizers(net, replace(settings, weight_decay=0.0))
        generator = torch.Generator().manual_seed(1)
        weight.grad = torch.randn(24, 2, generator=generator) @ torch.randn(2, 16, generator=generator)
        weight.grad += 0.05 * torch.randn(24, 16, generator=generator)
        for optimizer in moved_by:
            optimizer.step()
        values = torch.linalg.svdvals(weight.detach() - before)
        return float(values.max() / values.min())

    assert spread(SMALL) < 3
    assert spread(replace(SMALL, muon_rate=0.0)) > 6


def test_without_muon_adamw_moves_all() -> None:
    assert len(optimizers.optimizers(network(), replace(SMALL, muon_rate=0.0))) == 1


def test_an_older_pytorch_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(MotionError, match="muon_rate = 0"):
        optimizers.optimizers(network(), SMALL)


def test_rates_warm_up_and_decay() -> None:
    moved_by = optimizers.optimizers(network(), SMALL)
    rates: list[list[float]] = []
    for step in range(30):
        optimizers.at_step(step, moved_by, SMALL)
        rates.append([o.param_groups[0]["lr"] for o in moved_by])
    for mine, highest in zip(zip(*rates, strict=True), (SMALL.learning_rate, SMALL.muon_rate), strict=False):
        assert mine[0] < mine[4] == pytest.approx(highest)
        assert all(b < a for a, b in zip(mine[5:], mine[6:], strict=False))
        assert mine[-1] < 0.05 * highest
