"""Feet that bear the body and feet that swing: on figures whose feet are moved by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.editing import footing
from mdm_core.skeleton import FEET
from tests.editing.test_source import figure

FRAMES = 60
LEFT, RIGHT = [7, 10], [8, 11]
NONE = np.zeros((FRAMES, 4), dtype=bool)


def moved(feet: list[int], speed: float, rise: float = 0.0, fps: float = 20.0) -> NDArray[Any]:
    """A standing figure whose feet of one side go forwards at an even speed, `rise` metres higher."""
    positions = figure(1).repeat(FRAMES, axis=0)
    positions[:, feet, 2] += speed / fps * np.arange(FRAMES)[:, None]
    positions[:, feet, 1] += rise
    return positions


@pytest.mark.parametrize("fps", [20.0, 30.0])
def test_of_two_sliding_feet_the_slower_bears_the_body(fps: float) -> None:
    positions = moved(LEFT, 0.9, fps=fps)
    positions[:, RIGHT, 2] += 0.3 / fps * np.arange(FRAMES)[:, None]
    found = footing.supported(NONE, positions, fps)
    assert found[:, 2:].all() and not found[:, :2].any()


def test_nobody_bears_a_body_in_the_air_or_two_fast_feet() -> None:
    high = moved(LEFT + RIGHT, 0.5)
    high[20:40, list(FEET), 1] += 0.2
    found = footing.supported(NONE, high, 20.0)
    assert not found[20:40].any() and found[:18].any() and found[42:].any()
    assert not footing.supported(NONE, moved(LEFT + RIGHT, 2.0), 20.0).any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_stances_that_were_found_stay(seed: int) -> None:
    random = np.random.default_rng(seed)
    stances = random.random((FRAMES, 4)) < 0.5
    found = footing.supported(stances, moved(LEFT, 0.5), 20.0)
    assert found[stances].all()
    assert np.array_equal(found[stances.any(axis=1)], stances[stances.any(axis=1)])


@pytest.mark.parametrize("fps", [20.0, 24.0, 60.0])
def test_a_swinging_foot_clears_the_ground_and_a_standing_one_stays(fps: float) -> None:
    positions, stances = moved(LEFT, 1.5, fps=fps), NONE.copy()
    stances[:, 2:] = True
    stances[:5, :2] = stances[50:, :2] = True
    up = footing.lifts(positions, stances, np.zeros((FRAMES, 2), dtype=bool), fps)
    assert not up[:, 1].any() and not up[:5].any() and not up[50:].any()
    assert up[5:50, 0].max() == pytest.approx(footing.CLEARANCE, rel=0.05)
    assert np.abs(np.diff(up[:, 0])).max() * fps < 0.6
    fixed = np.zeros((FRAMES, 2), dtype=bool)
    fixed[25] = True
    assert footing.lifts(positions, stances, fixed, fps)[25, 0] == 0


def test_slow_feet_and_high_feet_are_not_lifted() -> None:
    none = np.zeros((FRAMES, 2), dtype=bool)
    stances = NONE.copy()
    stances[:, 2:] = True
    assert footing.lifts(moved(LEFT, 0.2), stances, none, 20.0).max() == 0
    landed = moved(LEFT, 1.5, rise=0.1)
    landed[:3, LEFT, 1] -= 0.1
    stances[:3, :2] = True
    assert footing.lifts(landed, stances, none, 20.0)[4:].max() < 1e-9


def test_a_skater_glides_and_a_walker_does_not() -> None:
    t = np.arange(FRAMES)
    skater = figure(1).repeat(FRAMES, axis=0) + (t[:, None, None] / 20) * [0, 0, 2.0]
    assert footing.glides(skater, 20.0)
    walker = figure(1).repeat(FRAMES, axis=0)
    for feet, phase in ((LEFT, 0), (RIGHT, 10)):
        swing = ((t + phase) % 20) < 10
        walker[:, feet, 2] += np.cumsum(np.where(swing, 0.1, 0.0))[:, None]
    assert not footing.glides(walker, 20.0)
    assert not footing.glides(skater + np.maximum(0, np.sin(t / 3))[:, None, None] * [0, 3.0, 0], 20.0)
