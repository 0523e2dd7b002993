"""Paths and turns bent at seams, as properties, on numbers alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("bpy", reason="needs Blender as a Python module")

from mdm_blender.editing.seams import SECONDS, bent, jumps_of, seam_frames

FRAMES, FPS = 80, 24.0


@given(st.integers(0, 10_000), st.integers(10, 30), st.integers(45, 65), st.booleans())
@settings(max_examples=60, deadline=None)
def test_jumps_at_seams_are_those_wanted_and_what_is_fixed_or_far_stays(
    seed: int, first: int, last: int, marked: bool
) -> None:
    random = np.random.default_rng(seed)
    path = random.normal(0, 0.02, (FRAMES, 3)).cumsum(axis=0)
    fixed = np.ones(FRAMES, dtype=bool)
    fixed[first:last] = False
    if marked:
        fixed[(first + last) // 2] = True
    at = seam_frames(fixed)
    assert at.sum() == (7 if marked else 4)
    wanted = 0.3 * np.diff(path, n=2, axis=0)[at[1:-1]]
    result = bent(path, fixed, wanted, FPS)
    np.testing.assert_allclose(np.diff(result, n=2, axis=0)[at[1:-1]], wanted, atol=1e-6)
    away = np.abs(np.arange(FRAMES)[:, None] - np.flatnonzero(at)).min(axis=1)
    stays = fixed | (away > SECONDS * FPS)
    assert np.array_equal(result[stays], path[stays])


def test_a_kink_at_a_border_goes_by_a_small_detour() -> None:
    """Standing, then off at 2 cm a frame at once: within the same time it sets off by half a centimetre a frame²."""
    path = np.zeros((FRAMES, 3))
    fixed = np.arange(FRAMES) < 40
    path[40:, 0] = 0.02 * np.arange(1, FRAMES - 39)
    at = seam_frames(fixed)[1:-1]
    wanted = np.clip(np.diff(path, n=2, axis=0)[at], -0.005, 0.005)
    result = bent(path, fixed, wanted, FPS)
    assert jumps_of(path).max() == pytest.approx(0.02)
    assert jumps_of(result)[at].max() <= 0.005 + 1e-6
    assert jumps_of(result).max() < 0.012
    assert np.abs(result - path).max() < 0.05
