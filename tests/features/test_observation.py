"""What a model is shown: the path against the decoded positions, and nothing of what is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_core import rotations
from mdm_core.features import humanml3d, observation
from mdm_core.features.layout import Layout

LAYOUT = Layout(("root", "ric", "velocity", "contact"))


def features(seed: int, frames: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(frames, LAYOUT.width))
    values[:, 0] *= 0.05
    values[:, 1:3] *= 0.04
    return values


@given(seed=st.integers(0, 999))
def test_the_path_is_where_the_decoded_pelvis_goes(seed: int) -> None:
    values = features(seed)
    path = observation.path(values)
    pelvis = humanml3d.recover_positions(values)[:, 0]
    np.testing.assert_allclose(path[:, :2] * observation.METRES, pelvis[:, [0, 2]], atol=1e-9)
    np.testing.assert_allclose(path[0], [0, 0, 0, 1], atol=1e-12)


@given(seed=st.integers(0, 999))
def test_the_heading_is_that_of_the_root_in_the_world(seed: int) -> None:
    values = features(seed)
    turn, _ = humanml3d.recover_root(values[:, :4])
    forward = rotations.rotate(rotations.inverse(turn), np.broadcast_to([0.0, 0, 1], (len(values), 3)))
    sine, cosine = observation.path(values)[:, 2:].T
    # The features' angle grows as the character turns to its right, from +Z to -X.
    np.testing.assert_allclose(np.stack([-sine, cosine], axis=-1), forward[:, [0, 2]], atol=1e-9)


@given(seed=st.integers(0, 999))
def test_what_is_unknown_is_not_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, mean, std = features(seed), rng.normal(size=LAYOUT.width), rng.uniform(0.5, 2, LAYOUT.width)
    known, placed = rng.random(values.shape) < 0.3, np.zeros(len(values), dtype=bool)
    shown, mask = observation.observe(values, mean, std, known, placed)
    assert shown.shape == (len(values), observation.width(LAYOUT))
    assert not shown[~mask].any()
    np.testing.assert_allclose((shown[:, : LAYOUT.width] * std + mean)[known], values[known], rtol=1e-4, atol=1e-4)
    assert not mask[:, LAYOUT.width :].any()


def test_a_placed_frame_says_where_it_is() -> None:
    values = features(1)
    placed = np.zeros(len(values), dtype=bool)
    placed[7] = True
    nothing = np.zeros_like(values, dtype=bool)
    shown, mask = observation.observe(values, np.zeros(LAYOUT.width), np.ones(LAYOUT.width), nothing, placed)
    assert mask.sum() == observation.PLACE
    assert shown[7, LAYOUT.width :] == pytest.approx(observation.path(values)[7], abs=1e-6)
