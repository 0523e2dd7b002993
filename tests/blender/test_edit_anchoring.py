"""Bringing changed tracks back where they must meet the original, as properties; NumPy alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_blender.editing.anchoring import anchored_places, anchored_rotations
from mdm_blender.keys.euler import from_mode, to_axis_angle, to_euler
from mdm_blender.keys.locks import Locks, near
from mdm_core.rotations import from_axis_angle, inverse, multiply, normalize

FRAMES = 60
seeds = st.integers(0, 10_000)


def smooth_rotations(random: np.random.Generator, size: float) -> np.ndarray:
    """Unit quaternions [60, 4] that turn slowly about changing axes."""
    times = np.arange(FRAMES)[:, None] / 25
    vector = size * np.sin(times * random.uniform(1, 3, 3) + random.uniform(0, 6, 3))
    return from_axis_angle(normalize(vector), np.linalg.norm(vector, axis=-1))


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Radians [T] between rotations."""
    difference = multiply(inverse(a), b)
    return 2 * np.arctan2(np.linalg.norm(difference[:, 1:], axis=-1), np.abs(difference[:, 0]))


def some_fixed(random: np.random.Generator) -> np.ndarray:
    fixed = random.random(FRAMES) < 0.1
    fixed[: random.integers(0, 15)] = True
    fixed[FRAMES - random.integers(0, 15) :] = True
    return fixed


@given(seeds, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_fixed_frames_are_the_originals_very_numbers_and_far_ones_the_edits(seed: int, fade: int) -> None:
    random = np.random.default_rng(seed)
    original, changed = smooth_rotations(random, 1.0), smooth_rotations(random, 1.0)
    fixed = some_fixed(random)
    result = anchored_rotations(original, changed, fixed, fade)
    assert np.array_equal(result[fixed], original[fixed])
    distance = np.abs(np.arange(FRAMES)[:, None] - np.flatnonzero(fixed)[None]).min(axis=1, initial=10**6)
    assert apart(result, changed)[distance >= fade].max(initial=0.0) < 1e-6
    assert np.abs(np.linalg.norm(result, axis=-1) - 1).max() < 1e-9

    there, here = random.normal(size=(2, FRAMES, 3)).cumsum(axis=1)
    places = anchored_places(there, here, fixed, fade)
    assert np.array_equal(places[fixed], there[fixed])
    assert np.abs(places - here)[distance >= fade].max(initial=0.0) < 1e-9


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_way_back_makes_no_jump(seed: int) -> None:
    """A constant rest of 10 degrees is taken off over 10 frames by 2 degrees a frame at most (smoothstep: 1.5)."""
    random = np.random.default_rng(seed)
    original = smooth_rotations(random, 1.0)
    axis = normalize(random.normal(size=3))
    changed = multiply(original, from_axis_angle(np.tile(axis, (FRAMES, 1)), np.full(FRAMES, np.radians(10))))
    fixed = np.zeros(FRAMES, dtype=bool)
    fixed[:20] = fixed[45:] = True
    left = np.degrees(apart(anchored_rotations(original, changed, fixed, 10), original))
    assert np.abs(np.diff(left)).max() < 2.0
    assert left[32] == pytest.approx(10, abs=1e-6)


@given(seeds, st.sampled_from(["QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"]))
@settings(max_examples=120, deadline=None)
def test_numbers_near_others_are_the_same_rotations_without_jumps(seed: int, mode: str) -> None:
    """However the artist's numbers at the border are written: other sign, other triple, whole turns more."""
    random = np.random.default_rng(seed)
    rotations = smooth_rotations(random, 0.4)
    if mode == "QUATERNION":
        values = rotations
        raw = -rotations
    elif mode == "AXIS_ANGLE":
        values = to_axis_angle(rotations)
        raw = -values
        raw[:, 0] += 4 * np.pi
    else:
        values = to_euler(rotations, mode)
        i, j, k = ("XYZ".index(letter) for letter in mode)
        raw = np.empty_like(values)
        raw[:, [i, j, k]] = np.stack([values[:, i] + np.pi, np.pi - values[:, j], values[:, k] + np.pi], axis=-1)
        raw += 2 * np.pi * random.integers(-2, 3, 3)
    fixed = np.zeros(FRAMES, dtype=bool)
    fixed[:10] = fixed[50:] = True
    result = near(values, raw, fixed, Locks(mode))
    assert apart(from_mode(result, mode), rotations).max() < 1e-6
    assert np.array_equal(result[fixed], raw[fixed])
    if mode != "AXIS_ANGLE":  # its axis turns over where the angle passes zero, however it is written
        assert np.abs(result - raw).max() < 1e-6
