"""Which frames count as standing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mdm_core.cleanup import contacts
from mdm_core.skeleton import FEET

masks = arrays(np.bool_, st.integers(1, 40))


@given(masks)
def test_runs_are_the_stretches_of_true(mask: NDArray[np.bool_]) -> None:
    found = np.zeros(len(mask), dtype=bool)
    for start, stop in contacts.runs(mask):
        assert mask[start:stop].all() and start < stop
        assert (start == 0 or not mask[start - 1]) and (stop == len(mask) or not mask[stop])
        found[start:stop] = True
    np.testing.assert_array_equal(found, mask)


@given(masks, st.integers(0, 5))
def test_only_short_inner_gaps_are_closed(mask: NDArray[np.bool_], longest: int) -> None:
    closed = contacts.close_gaps(mask, longest)
    assert closed[mask].all()
    for start, stop in contacts.runs(~closed):
        assert stop - start > longest or start == 0 or stop == len(mask)


@given(masks, st.integers(1, 5))
def test_only_short_inner_stances_are_dropped(mask: NDArray[np.bool_], shortest: int) -> None:
    kept = contacts.drop_short(mask, shortest)
    assert not kept[~mask].any()
    for start, stop in contacts.runs(kept):
        assert stop - start >= shortest or start == 0 or stop == len(mask)


def test_a_channel_that_wavers_around_the_threshold_gives_one_stance_or_none() -> None:
    channel = np.array([0.1, 0.45, 0.7, 0.45, 0.52, 0.48, 0.7, 0.42, 0.3, 0.45, 0.55, 0.45, 0.1])
    assert contacts.runs(contacts.hysteresis(channel)) == [(1, 8)]


def walking_foot(speed: float, height: float) -> NDArray[np.float64]:
    """A body [20, 22, 3] whose feet all move at `speed` m/s at `height` m from frame 10 on, and stand before."""
    positions = np.zeros((20, 22, 3))
    positions[:, FEET, 1] = 0.02
    positions[10:, FEET, 0] = (np.arange(10) * speed / 20)[:, None]
    positions[12:, FEET, 1] = height
    return positions


@pytest.mark.parametrize(("speed", "height"), [(1.5, 0.02), (0.1, 0.3)])
def test_a_foot_that_flies_does_not_stand_whatever_the_channel_says(speed: float, height: float) -> None:
    stances = contacts.plateaus(np.ones((20, 4)), walking_foot(speed, height), 20.0)
    assert stances[:8].all() and not stances[14:].any()


def test_a_foot_that_slides_still_stands() -> None:
    assert contacts.plateaus(np.ones((20, 4)), walking_foot(0.2, 0.02), 20.0).all()


def test_a_rolling_foot_stands_on_its_slower_end() -> None:
    """The heel rises about the toes: 0.6 m/s against 0."""
    positions = np.zeros((20, 22, 3))
    positions[10:, [7, 8], 1] = (np.arange(10) * 0.03)[:, None]
    stances = contacts.plateaus(np.ones((20, 4)), positions, 20.0)
    assert stances[:, [1, 3]].all() and not stances[12:, [0, 2]].any() and stances[:8, [0, 2]].all()


def test_without_channels_contacts_come_from_the_movement(mocap: dict[str, NDArray[np.float64]]) -> None:
    """Against the labels that the training data gets from the same motion."""
    from mdm_core.datasets import cmu

    for name in ("136_24", "105_31"):
        found = contacts.detect(mocap[name], 20.0)
        assert (found == cmu.contacts(mocap[name])).mean() > 0.8
