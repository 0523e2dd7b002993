"""Knees straightened: by how much, and what stays where it was."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.cleanup import two_bone
from mdm_core.datasets import knees
from tests.datasets.bodies import Positions, standing


def lowered(frames: int, bend: float) -> Positions:
    """A standing body whose left knee is bent by `bend` degrees, feet where they were; the right is longer."""
    body = standing(frames)
    upper, lower = np.linalg.norm(body[0, 4] - body[0, 1]), np.linalg.norm(body[0, 7] - body[0, 4])
    span = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.radians(bend)))
    feet = body[:, [7, 8, 10, 11]].copy()
    body[..., 1] -= upper + lower - span
    body[:, [7, 8, 10, 11]] = feet
    for hip, knee, ankle in ((1, 4, 7), (2, 5, 8)):
        forward = np.broadcast_to([0, 0, 1.0], (frames, 3))
        body[:, knee], _ = two_bone.solve(
            body[:, hip], body[:, knee], body[:, ankle], body[:, ankle], float(upper), float(lower), forward
        )
    return body


@pytest.mark.parametrize("bend", [15.0, 24.0, 40.0])
def test_flexion_is_the_angle_between_thigh_and_shin(bend: float) -> None:
    left, right = knees.flexion(lowered(3, bend)).T
    np.testing.assert_allclose(left, bend, atol=1e-3)
    assert (right > bend).all()


def test_a_person_who_stands_bent_is_straightened_and_keeps_the_feet() -> None:
    body = lowered(60, 24.0)
    assert knees.excess([body]) == pytest.approx(24.0 - knees.STANDING, abs=0.01)
    straight = knees.straightened(body, knees.excess([body]))
    np.testing.assert_allclose(knees.flexion(straight).min(axis=1), knees.STANDING, atol=0.5)
    np.testing.assert_allclose(straight[:, [7, 8, 10, 11]], body[:, [7, 8, 10, 11]], atol=1e-6)
    for joint, parent in ((4, 1), (7, 4), (5, 2), (8, 5), (15, 12)):
        before = np.linalg.norm(body[:, joint] - body[:, parent], axis=-1)
        np.testing.assert_allclose(np.linalg.norm(straight[:, joint] - straight[:, parent], axis=-1), before, atol=1e-6)


def test_sitting_stays_as_it_is() -> None:
    body = lowered(30, 100.0)
    np.testing.assert_allclose(knees.straightened(body, 15.0), body, atol=1e-6)


def test_straight_people_have_nothing_to_straighten() -> None:
    assert knees.excess([lowered(60, 4.0)]) == 0.0
    assert knees.excess([lowered(5, 30.0)]) == 0.0
