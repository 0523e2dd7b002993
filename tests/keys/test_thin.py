"""Channels thinned on their own: the tolerance as a property, and channels that are known to need nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender.keys import metric
from mdm_blender.keys.euler import from_mode
from mdm_blender.keys.reduce import Fit, played, reduced
from mdm_blender.keys.thin import Thinning

Array = NDArray[np.float64]


def quaternions(seed: int, frames: int, size: float) -> Array:
    """A smooth rotation without a pattern, Blender's order of components, continuous."""
    random = np.random.default_rng(seed)
    t = np.arange(frames)[:, None, None]
    speed, phase = random.uniform(0.02, 0.4, (1, 3, 4)), random.uniform(0, 7, (1, 3, 4))
    turns = Rotation.from_rotvec(size * np.sin(speed * t + phase).mean(axis=-1)).as_quat()
    signs = np.cumprod(np.append(1.0, np.where(np.einsum("tc,tc->t", turns[1:], turns[:-1]) < 0, -1.0, 1.0)))
    return np.asarray(np.roll(turns, 1, axis=-1) * signs[:, None], dtype=np.float64)


def degrees(a: Array, b: Array) -> Array:
    one, other = (Rotation.from_quat(np.roll(q, -1, axis=-1)) for q in (a, b))
    return np.degrees((one.inv() * other).magnitude())


def full(values: Array) -> Array:
    return from_mode(values, "QUATERNION")


def thinned(dense: Array, limit: float) -> tuple[Fit, list[Fit]]:
    times = np.arange(float(len(dense)))
    whole = full(dense)
    fit = reduced(times, dense, lambda v, i, j: metric.distance(v, whole[i : j + 1], True) / (0.8 * limit))
    own = metric.of_rotation(dense, full, np.full(len(dense), limit), True)
    thinning = Thinning(times, dense, fit, own, np.zeros((len(dense), 0, 3)))
    thinning.run()
    return fit, thinning.fits()


def curve(fits: list[Fit], frames: int) -> Array:
    times = np.arange(float(frames))
    return np.concatenate([played(fit, times, times) for fit in fits], axis=1)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), frames=st.integers(3, 80), size=st.sampled_from([0.2, 1.0, 2.5]))
def test_a_bone_turns_as_before_within_the_tolerance_with_fewer_keys(seed: int, frames: int, size: float) -> None:
    dense = quaternions(seed, frames, size)
    fit, fits = thinned(dense, 0.5)
    values = curve(fits, frames)
    assert degrees(values, dense).max() <= 0.5 * 1.005
    assert np.abs(np.linalg.norm(values, axis=-1) - 1).max() <= metric.LENGTH + 1e-6
    for channel in fits:
        assert set(channel.indices) <= set(fit.indices)
        assert {0, frames - 1} <= set(channel.indices)


def test_a_hinge_keys_its_own_axis_and_little_else() -> None:
    half = 0.25 + 0.2 * np.sin(np.arange(100) / 6)
    dense = np.stack([np.cos(half), np.sin(half), 0 * half, 0 * half], axis=-1)
    _, fits = thinned(dense, 0.5)
    assert [len(it.indices) for it in fits[2:]] == [2, 2]
    assert len(fits[0].indices) < len(fits[1].indices)


def test_what_several_bones_move_stays_within_its_own_limit() -> None:
    """A point half a metre away on the bone's own axis y may move by 2 mm, less than 0.5° would."""
    dense = quaternions(5, 90, 0.6)
    arm = np.array([0.0, 0.5, 0.0])
    own = metric.of_rotation(dense, full, np.full(90, np.degrees(1)), True)  # radians
    moved = np.stack([np.cross(own.rows[:, 0, :, c], arm) for c in range(4)], axis=-1)
    fit, _ = thinned(dense, 0.2)
    times = np.arange(90.0)
    start = np.einsum("tmc,tc->tm", moved / 0.002, played(fit, times, times) - dense)[:, None]
    assert np.linalg.norm(start, axis=-1).max() < 1, "the shared keys must keep it, or there is nothing to keep"
    rotations = [
        Rotation.from_quat(np.roll(q, -1, axis=-1)) for q in (dense, curve(_wide(dense, fit, start, moved), 90))
    ]
    place, other = (it.apply(arm) for it in rotations)
    assert np.linalg.norm(place - other, axis=-1).max() <= 0.002 * 1.01


def _wide(dense: Array, fit: Fit, shared: Array, moved: Array) -> list[Fit]:
    own = metric.of_rotation(dense, full, np.full(90, 0.5), True)
    both = metric.Metric(np.concatenate([own.rows, moved[:, None] / 0.002], axis=1), own.length)
    thinning = Thinning(np.arange(90.0), dense, fit, both, shared)
    thinning.run()
    return thinning.fits()
