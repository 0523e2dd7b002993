"""Motion: what it refuses, resampling in time, and mirroring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_core.errors import MotionError
from mdm_core.motion import Motion, mirror, resample, sample_positions
from mdm_core.skeleton import INDEX


def moving(frames: int, fps: float = 20.0) -> Motion:
    """Every joint on its own straight line at constant speed; contacts switch on in the second half."""
    rng = np.random.default_rng(0)
    start, speed = rng.standard_normal((2, 22, 3))
    times = np.arange(frames)[:, None, None] / fps
    contacts = np.repeat((np.arange(frames) >= frames / 2)[:, None], 4, axis=1)
    return Motion(
        (start + speed * times).astype(np.float32),
        fps,
        contacts,
        "walks",
        7,
        "bundled",
        np.zeros((frames, 263), np.float32),
    )


@pytest.mark.parametrize("shape", [(5, 22), (5, 21, 3), (5, 22, 4), (22, 3)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MotionError, match="22, 3"):
        Motion(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_wrong_rates_are_refused(fps: float) -> None:
    with pytest.raises(MotionError, match="frame rate"):
        Motion(np.zeros((2, 22, 3), dtype=np.float32), fps)


def test_length() -> None:
    assert len(moving(30)) == 30
    assert moving(30).seconds == 1.5


@given(st.integers(1, 60), st.sampled_from([12.0, 24.0, 25.0, 29.97, 30.0, 60.0, 120.0]))
def test_resampling_keeps_time(frames: int, fps: float) -> None:
    """Constant speed stays on its line; the new frames fill the old duration and do not pass its last frame."""
    motion = moving(frames)
    new = resample(motion, fps)
    line = (
        motion.positions[0]
        + (motion.positions[-1] - motion.positions[0])
        * (np.arange(len(new)) / fps / max((frames - 1) / 20, 1e-9))[:, None, None]
    )
    np.testing.assert_allclose(new.positions, line, atol=1e-4)
    last_old, last_new = (frames - 1) / 20, (len(new) - 1) / fps
    assert last_new <= last_old + 1e-6 / fps
    assert last_old < last_new + 1 / fps
    assert new.fps == fps
    assert new.features is None
    assert (new.prompt, new.seed, new.model) == ("walks", 7, "bundled")
    assert new.positions.dtype == np.float32


@given(st.integers(2, 60))
def test_resampling_there_and_back_at_whole_multiples(frames: int) -> None:
    motion = moving(frames)
    back = resample(resample(motion, 60.0), 20.0)
    assert len(back) == frames
    np.testing.assert_allclose(back.positions, motion.positions, atol=1e-5)
    assert motion.contacts is not None
    assert back.contacts is not None
    np.testing.assert_array_equal(back.contacts, motion.contacts)


def test_the_same_rate_is_the_same_motion() -> None:
    motion = moving(5)
    assert resample(motion, 20.0) is motion


def test_sampling_holds_the_ends() -> None:
    positions = moving(4).positions
    sampled = sample_positions(positions, np.array([-2.0, 0.5, 3.0, 9.0]))
    np.testing.assert_array_equal(sampled[0], positions[0])
    np.testing.assert_allclose(sampled[1], (positions[0] + positions[1]) / 2, atol=1e-6)
    np.testing.assert_array_equal(sampled[2:], positions[[3, 3]])


def test_sampling_a_single_frame() -> None:
    positions = moving(1).positions
    np.testing.assert_array_equal(sample_positions(positions, np.array([0.0, 0.4, 2.0])), positions[[0, 0, 0]])


def test_mirror() -> None:
    motion = moving(6)
    assert motion.contacts is not None
    motion.contacts[2] = [True, False, False, False]
    mirrored = mirror(motion)
    left, right = INDEX["left_wrist"], INDEX["right_wrist"]
    np.testing.assert_array_equal(mirrored.positions[:, left], motion.positions[:, right] * [-1, 1, 1])
    np.testing.assert_array_equal(mirrored.positions[:, 0, 1:], motion.positions[:, 0, 1:])
    assert mirrored.contacts is not None
    assert mirrored.contacts[2].tolist() == [False, False, True, False]
    assert mirrored.features is None
    twice = mirror(mirrored)
    np.testing.assert_array_equal(twice.positions, motion.positions)
    np.testing.assert_array_equal(twice.contacts, motion.contacts)
