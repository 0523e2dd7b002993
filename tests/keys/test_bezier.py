"""Béziers with handles of any reach, against the roots of the cubic and against Hermite's form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from mdm_blender.keys.bezier import Keys, played, roots

reaches = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)).filter(lambda pair: sum(pair) <= 1.0)


@given(pair=reaches, share=st.floats(0.0, 1.0))
def test_the_root_is_where_time_is_over(pair: tuple[float, float], share: float) -> None:
    start, end = pair
    s = roots(*(np.array([it]) for it in (share, start, end, share)), iterations=60)[0]
    # 3 s (1-s)^2 start + 3 s^2 (1-s) (1-end) + s^3 in powers of s.
    cubic = np.array([3 * start + 3 * end - 2, 3 - 6 * start - 3 * end, 3 * start, 0.0])
    assert np.polyval(cubic, s) == pytest.approx(share, abs=1e-5)


@given(pair=st.tuples(st.floats(0.1, 0.85), st.floats(0.1, 0.85)).filter(lambda it: sum(it) <= 1.0))
def test_a_few_steps_are_enough_for_handles_as_they_are_written(pair: tuple[float, float]) -> None:
    share = np.linspace(0, 1, 41)
    start, end = np.full(41, pair[0]), np.full(41, pair[1])
    assert roots(share, start, end, share) == pytest.approx(roots(share, start, end, share, 60), abs=1e-6)


def test_handles_of_a_third_are_hermites_cubics() -> None:
    random = np.random.default_rng(2)
    frames = np.cumsum(random.uniform(0.5, 2.0, 40))
    indices = np.array([0, 3, 11, 20, 39])
    values, slopes = random.normal(size=5), random.normal(size=5)
    keys = Keys(
        indices, values, np.stack([slopes[:-1], slopes[1:]], -1), np.full((4, 2), 1 / 3), np.ones(5, dtype=np.bool_)
    )
    expected = CubicHermiteSpline(frames[indices], values, slopes)(frames)
    assert played(keys, frames, frames) == pytest.approx(expected, abs=1e-9)


def test_one_key_is_a_constant() -> None:
    keys = Keys(np.zeros(1, dtype=np.intp), np.array([4.0]), np.zeros((0, 2)), np.zeros((0, 2)), np.ones(1, dtype=bool))
    assert list(played(keys, np.array([7.0]), np.array([7.0, 7.5]))) == [4.0, 4.0]
