"""The model of Blender's IK solver: bones that cannot stretch have an answer that is known, and the goal is reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_blender.retarget.ik_stretch import StretchyLimb, matching_scale, solved

lengths = st.tuples(st.floats(0.1, 1.0), st.floats(0.6, 1.4)).map(lambda it: (it[0], it[0] * it[1]))
bends = st.floats(0.05, 0.5)


@settings(max_examples=30)
@given(lengths, bends, st.floats(0.3, 0.995))
def test_rigid_bones_meet_where_two_circles_do(lengths: tuple[float, float], bend: float, share: float) -> None:
    upper, lower = lengths
    distance = max(share * (upper + lower), abs(upper - lower) + 0.3 * min(lengths))
    middle = solved(StretchyLimb(lengths, bend, (0.0, 0.0)), np.array([distance]))[0]
    assert np.hypot(*middle) == pytest.approx(upper, rel=1e-6)
    assert np.hypot(middle[0] - distance, middle[1]) == pytest.approx(lower, rel=5e-3)


@settings(max_examples=30)
@given(lengths, bends, st.sampled_from([0.0, 0.05, 0.1, 0.3]))
def test_at_rest_nothing_moves(lengths: tuple[float, float], bend: float, stretch: float) -> None:
    rest = np.hypot(lengths[0] + lengths[1] * np.cos(bend), lengths[1] * np.sin(bend))
    middle = solved(StretchyLimb(lengths, bend, (stretch, stretch)), np.array([rest]))[0]
    assert np.hypot(*middle) == pytest.approx(lengths[0], rel=1e-9)
    limb = StretchyLimb(lengths, bend, (stretch, stretch))
    scale, _ = matching_scale(limb, lengths, np.array([rest]))
    scaled = scale[0] * solved(limb, np.array([rest]) / scale)[0]
    assert np.linalg.norm(scaled - middle) < 0.005 * sum(lengths)


@settings(max_examples=30)
@given(st.floats(0.5, 0.99), st.floats(0.5, 20.0))
def test_a_limb_of_any_size_is_the_same_problem(share: float, size: float) -> None:
    small = solved(StretchyLimb((0.5, 0.4), 0.2, (0.1, 0.1)), np.array([0.9 * share]))
    large = solved(StretchyLimb((0.5 * size, 0.4 * size), 0.2, (0.1, 0.1)), np.array([0.9 * share * size]))
    assert large / size == pytest.approx(small, rel=1e-6)


def test_the_scaled_limb_has_its_joint_where_the_rigid_one_has() -> None:
    limb, distance = StretchyLimb((0.54, 0.45), 0.175, (0.1, 0.1)), np.linspace(0.45, 0.98, 40)
    scale, away = matching_scale(limb, limb.lengths, distance)
    plain, made = solved(limb, distance), scale[:, None] * solved(limb, distance / scale)
    along = (0.54**2 - 0.45**2 + distance**2) / (2 * distance)
    rigid = np.stack([along, np.sqrt(0.54**2 - along**2)], axis=-1)
    assert np.linalg.norm(plain - rigid, axis=-1).max() > 0.02
    left = np.linalg.norm(made - rigid, axis=-1)
    assert left.max() < 0.006
    assert away == pytest.approx(left, abs=1e-3)


def test_bones_that_stretch_unevenly_are_told() -> None:
    limb, distance = StretchyLimb((0.54, 0.45), 0.175, (0.3, 0.1)), np.linspace(0.45, 0.98, 40)
    scale, away = matching_scale(limb, limb.lengths, distance)
    made = scale[:, None] * solved(limb, distance / scale)
    along = (0.54**2 - 0.45**2 + distance**2) / (2 * distance)
    left = np.linalg.norm(made - np.stack([along, np.sqrt(0.54**2 - along**2)], axis=-1), axis=-1)
    assert away.max() > 0.03
    assert away == pytest.approx(left, abs=0.01)
