"""Two-bone inverse kinematics: lengths, reach and the knee's plane, for any limb."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mdm_core.cleanup import two_bone
from mdm_core.rotations import normalize

UPPER, LOWER = 0.39, 0.43
vectors = arrays(np.float64, (4, 3), elements=st.floats(-1, 1, width=32))


def limb(thigh: np.ndarray, shin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hip at a fixed place, knee and ankle [T, 3] along two directions, with defaults for zero vectors."""
    hip = np.full((4, 3), [0.1, 0.9, -0.3])
    knee = hip + UPPER * normalize(thigh + [0, -1e-3, 0])
    return hip, knee, knee + LOWER * normalize(shin + [1e-3, -2e-3, 0])


@given(vectors, vectors, vectors)
def test_bones_keep_their_length_and_the_ankle_gets_as_near_as_it_can(
    thigh: np.ndarray, shin: np.ndarray, target: np.ndarray
) -> None:
    hip, knee, ankle = limb(thigh, shin)
    goal = hip + target
    new_knee, new_ankle = two_bone.solve(hip, knee, ankle, goal, UPPER, LOWER, np.full((4, 3), [0.0, 0.0, 1.0]))
    np.testing.assert_allclose(np.linalg.norm(new_knee - hip, axis=-1), UPPER, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(new_ankle - new_knee, axis=-1), LOWER, atol=1e-6)
    distance = np.linalg.norm(target, axis=-1)
    within = (distance < two_bone.reach(UPPER, LOWER)) & (distance > 0.05)
    np.testing.assert_allclose(new_ankle[within], goal[within], atol=1e-9)
    far = distance > two_bone.reach(UPPER, LOWER)
    short = np.linalg.norm(new_ankle - goal, axis=-1)[far]
    np.testing.assert_allclose(short, distance[far] - two_bone.reach(UPPER, LOWER), atol=1e-9)


@given(vectors, vectors)
def test_flexion_is_the_angle_between_the_bones_and_spans_their_distance(thigh: np.ndarray, shin: np.ndarray) -> None:
    hip, knee, ankle = limb(thigh, shin)
    first, second = normalize(knee - hip), normalize(ankle - knee)
    distance = np.linalg.norm(ankle - hip, axis=-1)
    angle = two_bone.flexion(distance, UPPER, LOWER)
    wanted = np.arctan2(np.linalg.norm(np.cross(first, second), axis=-1), np.sum(first * second, axis=-1))
    np.testing.assert_allclose(angle, wanted, atol=1e-6)
    np.testing.assert_allclose(two_bone.spanned(angle, UPPER, LOWER), distance, atol=1e-9)


@given(vectors, vectors)
def test_a_bent_limb_that_is_where_it_should_be_does_not_move(thigh: np.ndarray, shin: np.ndarray) -> None:
    hip, knee, ankle = limb(thigh, shin)
    new_knee, new_ankle = two_bone.solve(hip, knee, ankle, ankle, UPPER, LOWER, np.full((4, 3), [0.0, 0.0, 1.0]))
    span = np.linalg.norm(ankle - hip, axis=-1)
    aside = np.linalg.norm(np.cross(knee - hip, normalize(ankle - hip)), axis=-1)
    bent = (aside > two_bone.TRUSTED) & (span > 0.2)
    np.testing.assert_allclose(new_knee[bent], knee[bent], atol=1e-6)
    np.testing.assert_allclose(new_ankle[bent], ankle[bent], atol=1e-6)


@given(st.floats(0.3, 0.8), st.floats(-0.2, 0.2))
def test_the_knee_stays_in_front(height: float, forward: float) -> None:
    """Leg hanging along y, knee pointing to +z: wherever the ankle goes in that plane, the knee stays in front."""
    hip = np.array([[0.0, 0.9, 0.0]])
    ankle = np.array([[0.0, 0.1, 0.0]])
    knee = np.array([[0.0, 0.51, 0.06]])
    target = hip + [[0.0, -height, forward]]
    new_knee, _ = two_bone.solve(hip, knee, ankle, target, UPPER, LOWER, np.array([[0.0, 0.0, 1.0]]))
    assert abs(new_knee[0, 0]) < 1e-9
    line = (target - hip)[0]
    assert np.cross(line, (new_knee - hip)[0])[0] < 0  # in front: turned from the line towards +z


def test_a_straight_limb_bends_towards_the_hint() -> None:
    hip = np.array([[0.0, 0.82, 0.0]])
    knee, ankle = hip + [0.0, -UPPER, 0.0], hip + [0.0, -UPPER - LOWER, 0.0]
    new_knee, _ = two_bone.solve(hip, knee, ankle, ankle + [0.0, 0.1, 0.0], UPPER, LOWER, np.array([[1.0, 0.0, 0.0]]))
    assert new_knee[0, 0] > 0.1 and abs(new_knee[0, 2]) < 1e-9


@given(arrays(np.float64, 30, elements=st.floats(-0.02, 0.02)), st.floats(0.0, 0.03))
def test_a_straight_knee_that_strays_to_both_sides_bends_forward_alone(strays: np.ndarray, shortened: float) -> None:
    """Bent where it happened to point, it would jump by twice how far it stands off from one frame to the next."""
    hip = np.zeros((30, 3))
    length = np.sqrt(UPPER**2 - strays**2) + np.sqrt(LOWER**2 - strays**2)
    knee = np.stack([0 * strays, -np.sqrt(UPPER**2 - strays**2), strays], axis=-1)
    ankle = np.stack([0 * strays, -length, 0 * strays], axis=-1)
    target = ankle * ((length - shortened) / length)[:, None]
    hint = np.tile([0.0, 0.0, 1.0], (30, 1))
    new_knee, new_ankle = two_bone.solve(hip, knee, ankle, target, UPPER, LOWER, hint)
    assert (new_knee[:, 2] > 0.01).all() and np.abs(new_knee[:, 0]).max() < 1e-9
    assert np.linalg.norm(np.diff(new_knee, axis=0), axis=-1).max() < 0.03
    np.testing.assert_allclose(np.linalg.norm(new_ankle - new_knee, axis=-1), LOWER, atol=1e-9)
    assert np.linalg.norm(new_ankle - target, axis=-1).max() <= 1e-3
