"""Stances of an action after an edit, against flags frame by frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_blender.editing.contacts import edited

LAST = 60


def intervals(flags: np.ndarray) -> list[list[float]]:
    """[first, last] of the runs of True, found one frame after the other; frames from 1."""
    found: list[list[float]] = []
    for frame, stands in enumerate(flags, 1):
        if stands and found and found[-1][1] == frame - 1:
            found[-1][1] = float(frame)
        elif stands:
            found.append([float(frame), float(frame)])
    return found


@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(0, 30))
@settings(max_examples=80, deadline=None)
def test_the_edited_frames_are_new_and_all_others_as_they_were(seed: int, first: int, length: int) -> None:
    random = np.random.default_rng(seed)
    before, after = random.random((2, LAST, 4)) < 0.6
    last = min(LAST, first + length)
    expected = before.copy()
    expected[first - 1 : last] = after[first - 1 : last]
    frames = np.arange(first, last + 1)
    known = [intervals(foot) for foot in before.T]
    assert edited(known, after[first - 1 : last], frames) == [intervals(foot) for foot in expected.T]
