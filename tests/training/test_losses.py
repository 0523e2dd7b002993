"""The losses: the decoded velocity against the decoder itself, masking against a loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core import rotations  # noqa: E402
from mdm_core.features import humanml3d, smpl_rot6d  # noqa: E402
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


def rotated(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Rotations [1, T, 150] of random poses."""
    local = Rotation.random(24 * frames, random_state=int(rng.integers(99))).as_matrix().reshape(frames, 24, 3, 3)
    return smpl_rot6d.encode(local, rng.normal(size=(frames, 3)))[None].astype(np.float64)


def test_the_published_masked_mean_by_a_loop() -> None:
    rng = np.random.default_rng(2)
    a, b = (torch.from_numpy(rng.normal(size=(3, 8, 4, 3))) for _ in range(2))
    lengths = [8, 3, 5]
    mask = torch.arange(8)[None] < torch.tensor(lengths)[:, None]
    expected = np.mean([float(((a[k, :n] - b[k, :n]) ** 2).sum()) / (n * 12) for k, n in enumerate(lengths)])
    assert float(losses.masked_l2(a, b, mask)) == pytest.approx(expected)


def test_joints_of_the_loss_are_the_decoders() -> None:
    """FK in torch against FK in NumPy, which is tested against SciPy; the root's place is left out."""
    x = rotated(np.random.default_rng(3), 6)
    numbers = x[0].reshape(6, 25, 6)
    expected = smpl_rot6d.forward_kinematics(smpl_rot6d.matrices(numbers[:, :-1]), np.zeros((6, 3)))
    found = losses.smpl_joints(torch.from_numpy(x))[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_each_geometric_loss_is_zero_at_the_truth_and_sees_its_own_error() -> None:
    """Position: any turn. Velocity: a turn that comes and goes, not one that stays, nor the root's place. Contact:
    feet that move where the true ones stand, not where they move too."""
    rng = np.random.default_rng(4)
    still = np.repeat(rotated(rng, 1), 8, axis=1)
    moving, mask = rotated(rng, 8), torch.ones(1, 8, dtype=torch.bool)

    def value(made: np.ndarray, true: np.ndarray, **weights: float) -> float:
        all_weights = {"position": 0.0, "velocity": 0.0, "contact": 0.0} | weights
        return float(losses.geometric_loss(torch.from_numpy(made), torch.from_numpy(true), mask, **all_weights))

    turned_once = still.copy()
    turned_once[:, :] = rotated(np.random.default_rng(9), 1)
    elsewhere = still.copy()
    elsewhere[..., 144:147] += np.arange(8)[None, :, None]
    for weight in ("position", "velocity", "contact"):
        assert value(moving, moving, **{weight: 1.0}) == 0 or weight == "contact"
        assert value(still, still, **{weight: 1.0}) == 0
    assert value(turned_once, still, position=1.0) > 0.01
    assert value(turned_once, still, velocity=1.0) == pytest.approx(0, abs=1e-12)
    assert value(moving, still, velocity=1.0) > 0.1
    assert value(elsewhere, still, position=1.0, velocity=1.0, contact=1.0) == pytest.approx(0, abs=1e-12)
    assert value(moving, still, contact=1.0) > 0.01
    assert value(moving, moving, contact=1.0) == pytest.approx(0, abs=1e-3)
    assert value(moving, still, position=2.0) == pytest.approx(2 * value(moving, still, position=1.0))


def test_the_geometric_losses_have_gradients_where_rotations_are_no_rotations() -> None:
    raw = torch.randn(2, 5, 150, dtype=torch.float64, requires_grad=True)
    true, mask = torch.from_numpy(rotated(np.random.default_rng(5), 5)), torch.ones(2, 5, dtype=torch.bool)
    losses.geometric_loss(raw, true.expand(2, 5, 150), mask, position=1.0, velocity=1.0, contact=1.0).backward()
    assert raw.grad is not None and bool(torch.isfinite(raw.grad).all())
    assert float(raw.grad[..., :144].abs().max()) > 0 and float(raw.grad[..., 144:].abs().max()) == 0
