"""Positions come back exactly as they were rounded, whatever moves and however long ago it began."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.datasets.packed_positions import FAR, SCALE, PackedPositions, from_first_differences, packed, unpacked
from mdm_core.skeleton import PARENTS


def walks(seed: int, lengths: list[int], stride: int) -> list[np.ndarray]:
    """Random walks [T, 22, 3] of whole units, each of its own, up to `stride` units a frame on each axis."""
    rng = np.random.default_rng(seed)
    return [np.cumsum(rng.integers(-stride, stride + 1, size=(n, 22, 3)), axis=0) for n in lengths]


def offsets(clips: list[np.ndarray]) -> np.ndarray:
    return np.cumsum([0] + [len(clip) for clip in clips])


@settings(deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.sampled_from([0, 3, 60, 10**4, 10**6]),
)
def test_whole_units_come_back_exactly(seed: int, lengths: list[int], stride: int) -> None:
    clips = walks(seed, lengths, stride)
    again = unpacked(packed([clip * SCALE for clip in clips]), offsets(clips))
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again, (np.concatenate(clips) * SCALE).astype(np.float32))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.floats(1e-5, 0.05))
def test_no_frame_is_further_off_than_half_a_unit_however_late(seed: int, stride: float) -> None:
    walk = np.cumsum(np.random.default_rng(seed).normal(scale=stride, size=(2000, 22, 3)), axis=0)
    again = unpacked(packed([walk]), np.array([0, 2000]))
    np.testing.assert_allclose(again, walk, rtol=1e-6, atol=SCALE / 2 + 1e-9)


def test_even_motion_is_nothing_but_its_beginning() -> None:
    """22 joints that keep their distance and their speed: `near` is the speed of the first, once, and zeros."""
    clip = np.arange(22)[None, :, None] * [3, 5, 7] + np.arange(30)[:, None, None] * [1, -2, 9] + 1000
    kept = packed([clip * SCALE])
    np.testing.assert_array_equal(kept.start[0, 1:], clip[0, 1:] - clip[0, list(PARENTS[1:])])
    expected = np.zeros((66, 30))
    expected[:3, 1] = [2, 3, 18]  # 1, -2 and 9, folded
    np.testing.assert_array_equal(kept.near, expected)
    assert not len(kept.far)


def test_the_same_movement_is_the_same_bytes_wherever_it_happens() -> None:
    (walk,) = walks(4, [50], 20)
    near = packed([walk * SCALE, (walk[10:] + [500, 0, -300]) * SCALE]).near
    np.testing.assert_array_equal(near[:, 12:50], near[:, 52:])


def test_what_does_not_fit_a_byte_is_kept_apart() -> None:
    clip = np.zeros((4, 22, 3))
    clip[2:, 21, 2] = 1000
    kept = packed([clip * SCALE])
    assert kept.near[65].tolist() == [0, 0, FAR, FAR]
    assert kept.far.tolist() == [2000, 1999]  # 1000 and -1000, folded
    with pytest.raises(ValueError, match="1 large differences"):
        unpacked(PackedPositions(kept.start, kept.near, kept.far[:1]), np.array([0, 4]))


def test_positions_of_older_packs() -> None:
    clips = walks(7, [9, 1, 30], 400)
    difference = np.concatenate([np.diff(clip, axis=0, prepend=clip[:1]) for clip in clips])
    start = np.array([clip[0] for clip in clips], dtype=np.int32)
    again = from_first_differences(difference.reshape(40, 66).T.astype(np.int16), start, offsets(clips))
    np.testing.assert_array_equal(again, (np.concatenate(clips) * SCALE).astype(np.float32))
