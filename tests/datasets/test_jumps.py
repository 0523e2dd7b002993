"""Jumps of bodies of which it is known how they jump."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import describe, moments
from tests.datasets.bodies import Positions, moved, standing, turned


def leaping(approach: float, ahead: float) -> Positions:
    """Two seconds at one forward speed (m/s), a leap of half a second at another, a second and a half of standing."""
    speed = np.concatenate([np.full(40, approach), np.full(10, ahead), np.zeros(30)])
    body = standing(80)
    body[..., 2] += (np.cumsum(speed) / 20)[:, None]
    body[40:50, :, 1] += 0.4 * np.sin(np.pi * np.linspace(0, 1, 10))[:, None]
    return body


@pytest.mark.parametrize(
    ("approach", "ahead", "tag"), [(0.0, 0.0, "jump up"), (0.0, 2.5, "jump ahead"), (3.0, 3.0, "run jump")]
)
def test_kinds_of_jumps(approach: float, ahead: float, tag: str) -> None:
    body = leaping(approach, ahead)
    found = [m for m in moments.moments(body, describe.track(body), ("jump",)) if "jump" in m.tag]
    assert [m.tag for m in found] == [tag]
    assert found[0].start < 45 < found[0].stop


def test_jumps_are_looked_for_where_the_label_says_so() -> None:
    body = leaping(0.0, 0.0)
    assert not [m for m in moments.moments(body, describe.track(body), ("dance",)) if "jump" in m.tag]


def test_a_jump_with_a_turn_is_none_of_these() -> None:
    body = leaping(0.0, 0.0)
    body[34:56] = turned(body[34:56], np.radians(170))
    body[56:] = turned(body[56:], 0.0) * [-1, 1, -1]
    assert not [m for m in moments.moments(body, describe.track(body), ("jump",)) if "jump" in m.tag]


def test_walking_is_no_jump() -> None:
    body = moved(standing(80), (0, 0, 1.2))
    assert not [m for m in moments.moments(body, describe.track(body), ("jump",)) if "jump" in m.tag]
