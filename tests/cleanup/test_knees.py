"""Knees of swinging legs become quiet; bodies, bones and standing feet do not notice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import bones, contacts, knees, measures
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.rotations import normalize
from mdm_core.skeleton import BONE_LENGTHS, FEET

FPS = 20.0
LEGS = ((4, 7, 10), (5, 8, 11))
HIPS, KNEES, ANKLES = [1, 2], [4, 5], [7, 8]
Array = NDArray[np.floating[Any]]
Mocap = dict[str, NDArray[np.float64]]


def trembling(body: Array, metres: float, seed: int = 0) -> Array:
    """The motion, its legs' reach made longer and shorter by white noise as a model's errors do."""
    along = normalize(body[:, ANKLES] - body[:, HIPS])
    noise = np.random.default_rng(seed).normal(0, metres, (len(body), 2, 1))
    return bones.with_ankles(body, body[:, ANKLES] + noise * along)


def swinging(body: Array) -> NDArray[np.bool_]:
    """No foot stands."""
    return np.zeros((len(body), 4), dtype=bool)


def jerk(positions: Array) -> float:
    """Of the knees, m/s^3."""
    return measures.jitter(positions[:, KNEES], FPS)


def test_a_still_leg_nearly_straight_that_trembles_by_a_millimetre_has_a_still_knee() -> None:
    body = np.stack([rest_pose(BONE_LENGTHS)] * 60) + [0, 2, 0]
    body = bones.with_ankles(body, body[:, ANKLES] + [0, 0.004, 0])
    given = trembling(body, 0.001)
    result = knees.quiet(given, swinging(body), FPS)
    assert jerk(given) > 50 and jerk(result) < 0.1 * jerk(given)
    assert np.abs(result - given)[:, ANKLES].max() < 0.004


def test_noise_goes_from_moving_knees_and_movement_stays(mocap: Mocap) -> None:
    for name, positions in mocap.items():
        body = bones.constant(positions, FPS)
        given = trembling(body, 0.003)
        result = knees.quiet(given, swinging(body), FPS)
        assert jerk(result) - jerk(body) < 0.35 * (jerk(given) - jerk(body)), name
        moved = np.linalg.norm(knees.quiet(body, swinging(body), FPS) - body, axis=-1)[:, ANKLES]
        assert moved.mean() < 0.002 and np.percentile(moved, 95) < 0.01, name


def test_body_bones_and_standing_feet_stay(mocap: Mocap) -> None:
    for positions in mocap.values():
        given = trembling(bones.constant(positions, FPS), 0.003)
        stances = contacts.detect(positions, FPS)
        result = knees.quiet(given, stances, FPS)
        assert measures.bone_deviation(result) < 1e-9
        above = [joint for joint in range(22) if joint not in np.ravel(LEGS)]
        np.testing.assert_array_equal(result[:, above], given[:, above])
        for side, leg in enumerate(LEGS):
            stands = stances[:, 2 * side : 2 * side + 2].any(axis=1)
            np.testing.assert_array_equal(result[stands][:, leg], given[stands][:, leg])
            feet = [x[:, leg[2]] - x[:, leg[1]] for x in (result, given)]
            np.testing.assert_allclose(feet[0], feet[1], atol=1e-9)


def test_no_foot_sinks(mocap: Mocap) -> None:
    """The ground where feet pass it half of the time: those above stay above, those below sink no deeper."""
    for positions in mocap.values():
        given = trembling(bones.constant(positions, FPS), 0.003)
        given = given - [0, np.median(given[:, FEET, 1].min(axis=1)), 0]
        result = knees.quiet(given, swinging(given), FPS)
        before, after = (np.minimum(x[:, FEET, 1], 0).reshape(-1, 2, 2).min(axis=-1) for x in (given, result))
        assert (after - before).min() > -1e-6
