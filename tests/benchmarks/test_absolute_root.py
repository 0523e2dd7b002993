"""The root as places, and back."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.absolute_root import to_places, to_velocities
from mdm_core.features import humanml3d


@given(st.integers(0, 10_000), st.integers(2, 60), st.floats(0.001, 0.4))
def test_places_say_as_much_as_velocities(seed: int, frames: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    features = random.normal(0, 0.05, (frames, 67))
    features[:, 0] = random.normal(0, rate, frames).clip(-1.4, 1.4)
    again = to_velocities(torch.from_numpy(to_places(features))).numpy()
    np.testing.assert_allclose(again[:-1], features[:-1], atol=1e-9)


def test_places_are_those_of_the_decoded_motion() -> None:
    random = np.random.default_rng(0)
    features = random.normal(0, 0.05, (40, 67))
    places = to_places(features)
    np.testing.assert_allclose(places[:, 1:3], humanml3d.recover_positions(features)[:, 0, [0, 2]], atol=1e-9)
    assert (places[0, :3] == 0).all()
    np.testing.assert_array_equal(places[:, 4:], features[:, 4:])
