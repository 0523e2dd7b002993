"""The losses: the decoded velocity against the decoder itself, masking against a loop."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core import rotations  # noqa: E402
from mdm_core.features import humanml3d  # noqa: E402
from mdm_core.training import losses  # noqa: E402


def test_decoded_velocity_is_that_of_the_recovered_positions() -> None:
    """Oracle: recover world positions, difference them, and turn them into the character's frame."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 67)) * np.array([0.05, 0.03, 0.03, 0.1] + [0.3] * 63)
    positions = humanml3d.recover_positions(features)
    turn, _ = humanml3d.recover_root(features[:, :4])
    step = positions[1:] - positions[:-1]
    expected = rotations.rotate(np.broadcast_to(turn[:-1, None], (29, 22, 4)), step)
    found = losses.decoded_velocity(torch.from_numpy(features[None]))[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_padding_does_not_count() -> None:
    rng = np.random.default_rng(1)
    x, y = (torch.from_numpy(rng.normal(size=(3, 10, 5))) for _ in range(2))
    lengths = [10, 4, 7]
    mask = torch.arange(10)[None] < torch.tensor(lengths)[:, None]
    expected = np.mean([float(((x[k, :n] - y[k, :n]) ** 2).mean()) for k, n in enumerate(lengths)])
    assert float(losses.x0_loss(x, y, mask, torch.ones(5))) == pytest.approx(expected)
    y[1, 4:] += 100
    assert float(losses.x0_loss(x, y, mask, torch.ones(5))) == pytest.approx(expected)


def test_a_slide_is_seen_by_the_velocity_loss() -> None:
    still = torch.zeros(1, 20, 67)
    sliding = still.clone()
    sliding[..., 2] = 0.02
    mask = torch.ones(1, 20, dtype=torch.bool)
    assert float(losses.velocity_loss(still, still, mask, 0.02)) == 0
    assert float(losses.velocity_loss(sliding, still, mask, 0.02)) == pytest.approx(1 / 3, rel=1e-4)
