"""What a batch is shown: every pattern shows some and hides some, and a shown number is the motion's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="training needs torch")

from mdm_core.features.layout import Layout
from mdm_core.training import observation

LAYOUT = Layout(("root", "ric", "velocity", "contact"))
LENGTHS = st.integers(2, 200)


@pytest.mark.parametrize("pattern", [pattern for _, pattern in observation.PATTERNS])
@given(frames=LENGTHS, seed=st.integers(0, 9999))
def test_patterns_are_masks_over_joints(pattern: observation.Pattern, frames: int, seed: int) -> None:
    known = pattern(frames, np.random.default_rng(seed))
    assert known.shape == (frames, 22)
    assert known.dtype == bool


@given(frames=LENGTHS, seed=st.integers(0, 9999))
def test_a_gap_has_known_ends(frames: int, seed: int) -> None:
    known = observation.ends(frames, np.random.default_rng(seed))
    rows = known.all(axis=1)
    assert np.array_equal(rows, known.any(axis=1))
    assert rows[0] or rows[-1]
    assert np.count_nonzero(np.diff(rows.astype(int)) == 1) <= 1


@given(frames=st.integers(8, 200), seed=st.integers(0, 9999))
def test_redone_parts_leave_the_rest(frames: int, seed: int) -> None:
    known = observation.parts(frames, np.random.default_rng(seed))
    hidden = ~known
    columns = hidden.any(axis=0)
    assert columns.any()
    assert not columns.all()
    assert np.array_equal(hidden, hidden.any(axis=1)[:, None] & columns)


@given(frames=LENGTHS, seed=st.integers(0, 9999))
def test_a_place_is_known_only_where_the_pelvis_is(frames: int, seed: int) -> None:
    known, placed = observation.known_features(frames, LAYOUT, np.random.default_rng(seed))
    assert known.shape == (frames, LAYOUT.width)
    assert np.all(known[placed, 3])


def test_key_poses_are_often_known_without_their_speed() -> None:
    rng = np.random.default_rng(0)
    speeds = [
        known[:, LAYOUT.slice("velocity")].any()
        for known, _ in (observation.known_features(60, LAYOUT, rng) for _ in range(400))
    ]
    assert 0.3 < np.mean(speeds) < 0.9
