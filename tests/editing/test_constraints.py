"""Known features and their seams: exact where kept, continuous beside it, untouched far away."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.editing import constraints
from mdm_core.features.layout import Layout

OURS = Layout(("root", "ric", "velocity", "contact"))
RNG = np.random.default_rng(0)


def test_kept_features_are_exact_and_the_rest_grows_out_of_them() -> None:
    """The prediction is a constant amount off: beside the seam it is put right, far away it is left."""
    known = np.cumsum(RNG.normal(size=(60, 3)), axis=0) * 0.1
    weight = np.zeros((60, 3))
    weight[:20] = 1.0
    made = constraints.joined(known, weight, 20.0)((known + 2.0)[None], 0)[0]
    np.testing.assert_array_equal(made[:20], known[:20])
    error = made - known
    assert (np.abs(error[20]) < 0.25).all()
    assert (np.abs(error[50:] - 2.0) < 0.05).all()
    assert (np.diff(error[20:], axis=0) > -1e-6).all()


def test_columns_have_seams_of_their_own() -> None:
    known, weight = np.zeros((40, 2)), np.zeros((40, 2))
    weight[:10, 0] = 1.0
    made = constraints.joined(known, weight, 20.0)(np.ones((1, 40, 2)), 0)[0]
    np.testing.assert_array_equal(made[:, 1], np.ones(40))
    assert made[10, 0] < 0.2


def test_a_weight_mixes() -> None:
    known, weight = np.zeros((5, 1)), np.full((5, 1), 0.25)
    np.testing.assert_allclose(constraints.joined(known, weight, 20.0)(np.ones((1, 5, 1)), 0), np.full((1, 5, 1), 0.75))


def test_all_kept_is_the_known_motion_and_nothing_kept_the_prediction() -> None:
    known, x0 = RNG.normal(size=(8, 4)), RNG.normal(size=(2, 8, 4))
    np.testing.assert_allclose(constraints.joined(known, np.ones((8, 4)), 20.0)(x0, 0), np.stack([known, known]))
    np.testing.assert_array_equal(constraints.joined(known, np.zeros((8, 4)), 20.0)(x0, 0), x0)


def test_borders_are_the_frames_next_to_what_is_free() -> None:
    marked = np.array([1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1], dtype=bool)
    np.testing.assert_array_equal(np.flatnonzero(constraints.borders(marked, 2)), [2, 3, 6, 8, 9])
    assert not constraints.borders(np.ones(5, dtype=bool), 2).any()


def test_riding_joints_rise_with_the_hips() -> None:
    mean, std = RNG.normal(size=OURS.width), RNG.uniform(0.5, 2, size=OURS.width)
    joints = np.zeros((4, 22), dtype=bool)
    joints[:, 20] = True
    x = RNG.normal(size=(1, 4, OURS.width))
    heights = x[0, :, 3] - 0.3
    made = constraints.riding(joints, heights, OURS, mean, std)((x - mean) / std, 0) * std + mean
    column = OURS.slice("ric").start + 3 * 19 + 1
    np.testing.assert_allclose(made[0, :, column], x[0, :, column] + 0.3)
    np.testing.assert_allclose(np.delete(made, column, axis=-1), np.delete(x, column, axis=-1))


def test_torch_says_the_same() -> None:
    torch = pytest.importorskip("torch")
    known, weight, x0 = RNG.normal(size=(20, 3)), np.zeros((20, 3)), RNG.normal(size=(2, 20, 3))
    weight[5:9, :2] = 1.0
    constrain = constraints.joined(known, weight, 20.0)
    np.testing.assert_allclose(constrain(torch.from_numpy(x0), 0).numpy(), constrain(x0, 0), atol=1e-9)
