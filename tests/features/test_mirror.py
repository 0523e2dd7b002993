"""Mirrored features against the features of the mirrored positions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_core.features import humanml3d
from mdm_core.features.layout import FULL, Layout
from mdm_core.features.mirror import column_mirror
from mdm_core.skeleton import BONE_LENGTHS, MIRROR, PARENTS, RAW_OFFSETS

OURS = Layout(("root", "ric", "velocity", "contact"))


def swaying(seed: int, frames: int = 40) -> np.ndarray:
    """A body [T, 22, 3] on a uniform skeleton whose two sides are equal, with feet that lift."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2, frames)[:, None, None]
    bend = Rotation.from_rotvec(
        (0.4 * np.sin(rng.uniform(1, 4, (1, 22, 3)) * time + rng.uniform(0, 6, (1, 22, 3)))).reshape(-1, 3)
    )
    lengths = (BONE_LENGTHS + BONE_LENGTHS[list(MIRROR)]) / 2
    bones = bend.apply(np.tile(RAW_OFFSETS * lengths[:, None], (frames, 1))).reshape(frames, 22, 3)
    positions = np.zeros((frames, 22, 3))
    for joint in range(1, 22):
        positions[:, joint] = positions[:, PARENTS[joint]] + bones[:, joint]
    return humanml3d.to_origin(positions + np.cumsum(rng.normal(0, 0.01, (frames, 1, 3)), axis=0))


@pytest.mark.parametrize("layout", [FULL, OURS], ids=["263", "ours"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_features_of_the_mirrored_motion(layout: Layout, seed: int) -> None:
    positions = swaying(seed)
    features = humanml3d.extract(positions, "steady")[:, layout.columns]
    mirrored = humanml3d.extract(positions[:, MIRROR] * [-1, 1, 1], "steady")[:, layout.columns]
    np.testing.assert_allclose(column_mirror(layout)(features), mirrored, atol=1e-5)


@pytest.mark.parametrize("layout", [FULL, OURS], ids=["263", "ours"])
def test_twice_is_the_same(layout: Layout) -> None:
    features = np.random.default_rng(0).standard_normal((2, 5, layout.width)).astype(np.float32)
    mirror = column_mirror(layout)
    np.testing.assert_array_equal(mirror(mirror(features)), features)
    assert (mirror(features) != features).any()
