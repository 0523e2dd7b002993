"""Physical measures on motions that were made so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.evaluation import physical
from tests.datasets.bodies import moved, standing

FPS = 20.0


def walking(speed: float = 1.2, frames: int = 80) -> np.ndarray:
    """Feet that alternately stand on the ground and swing 15 cm above it; the body moves on evenly."""
    body = moved(standing(frames), (0, 0, speed))
    step = 10
    for side, shift in ((0, 0), (1, step)):
        foot = body[:, [7 + side, 10 + side]].copy()
        for start in range(-shift, frames, 2 * step):
            stance = slice(max(start, 0), min(start + step, frames))
            if stance.stop > stance.start:
                foot[stance] = foot[stance.start]
        swing = ((np.arange(frames) + shift) // step) % 2 == 1
        foot[swing, :, 1] += 0.15
        body[:, [7 + side, 10 + side]] = foot
    return body


def test_a_body_that_stands_does_nothing_wrong() -> None:
    found = physical.measure(standing(40), FPS)
    assert found.slide == found.skating == found.penetration == 0
    assert found.float_height == pytest.approx(0, abs=1e-9) and found.jitter == pytest.approx(0, abs=1e-6)


def test_a_body_pushed_over_the_ground_slides_at_its_speed() -> None:
    pushed = moved(standing(40), (0.3, 0, 0.4))
    assert physical.slide(pushed, FPS) == pytest.approx(0.5)
    assert physical.skating(moved(standing(40), (0, 0, 0.49)), FPS) == 0
    assert physical.skating(moved(standing(40), (0, 0, 0.51)), FPS) == 1


def test_feet_that_swing_above_the_ground_do_not_slide() -> None:
    assert physical.slide(walking(), FPS) == pytest.approx(0, abs=1e-9)
    assert physical.skating(walking(), FPS) == 0
    assert physical.slide(walking() + [0, 0, 0], FPS) < physical.slide(moved(standing(80), (0, 0, 1.2)), FPS)


def test_slide_counts_less_the_higher_the_toes() -> None:
    """Twenty steps still on the ground, then twenty at 1 m/s and `height`: the weighted mean by hand."""
    for height in (0.0, 0.02, 0.04):
        body = moved(standing(41), (0, 0, 1.0))
        body[:20] = body[20]
        body[21:, :, 1] += height
        toes = body[0, [10, 11], 1]  # the legs are not quite of one length
        weights = ((2 - 2 ** ((toes + up) / 0.05)).clip(min=0) for up in (0, height))
        still, moving = (float(weight.sum()) for weight in weights)
        assert physical.slide(body, FPS) == pytest.approx(moving / (still + moving))


def test_toes_that_never_come_down_have_no_slide() -> None:
    high = standing(20) + [0, 0.2, 0]
    assert np.isnan(physical.slide(high, FPS)) and physical.skating(high, FPS) == 0
    assert physical.float_height(high) == pytest.approx(0.2) and physical.float_height(standing(20) - [0, 0.1, 0]) == 0


def test_penetration_and_jitter_have_their_units() -> None:
    assert physical.measure(standing(20) - [0, 0.1, 0], FPS).penetration == pytest.approx(0.1)
    seconds = np.arange(60) / FPS
    body = standing(60) + (seconds**3)[:, None, None] * np.array([0.5, 0, 0])
    assert physical.measure(body, FPS).jitter == pytest.approx(3.0)  # the third derivative of 0.5 t^3
    assert physical.measure(body, 2 * FPS).jitter == pytest.approx(24.0)


def test_means_leave_out_what_has_nothing_to_say() -> None:
    found = physical.means([physical.measure(standing(20) + [0, h, 0], FPS) for h in (0.0, 0.2)])
    assert found["slide"] == 0 and found["float_height"] == pytest.approx(0.1)
    alone = physical.means([physical.measure(standing(20) + [0, 0.2, 0], FPS)])
    assert np.isnan(alone["slide"]) and alone["ground"] == 0


def test_slide_is_a_mean_over_the_time_on_the_ground() -> None:
    """One body stands for 199 steps, another touches the ground for one step in 99, at 5 m/s."""
    flying = moved(standing(100), (5.0, 0, 0))
    flying[2:, :, 1] += 0.3
    body = [physical.measure(p, FPS) for p in (standing(200), flying)]
    steps = np.array([199, 1])
    assert body[1].slide == pytest.approx(5.0) and body[0].ground / body[1].ground == pytest.approx(199)
    assert physical.means(body)["slide"] == pytest.approx(np.average([0, 5], weights=steps))


def test_speed_is_that_of_all_joints() -> None:
    seconds = np.arange(41) / FPS
    body = np.zeros((41, 22, 3))
    body[:, :11, 0] = seconds[:, None] * 1.2
    assert physical.measure(body, FPS).speed == pytest.approx(0.6)
    assert physical.measure(body, 2 * FPS).speed == pytest.approx(1.2)
    assert physical.measure(body[:1], FPS).speed == 0.0
