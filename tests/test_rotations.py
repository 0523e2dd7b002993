"""Rotations against scipy.spatial.transform, and as properties of random quaternions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation, Slerp

from mdm_core import rotations

number = st.floats(-1, 1, allow_nan=False, width=32)
vectors = arrays(np.float64, (4, 3), elements=number).filter(lambda v: (np.linalg.norm(v, axis=-1) > 1e-2).all())
quaternions = (
    arrays(np.float64, (4, 4), elements=number)
    .filter(lambda q: (np.linalg.norm(q, axis=-1) > 1e-2).all())
    .map(rotations.normalize)
)
axes = np.eye(3)


def scipy_of(q: np.ndarray) -> Rotation:
    return Rotation.from_quat(np.roll(q, -1, axis=-1))


def same_rotation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 - |dot|, zero for q and for -q."""
    return 1 - np.abs(np.sum(a * b, axis=-1))


@given(quaternions, quaternions)
def test_multiply(a: np.ndarray, b: np.ndarray) -> None:
    ours = rotations.multiply(a, b)
    assert same_rotation(ours, np.roll((scipy_of(a) * scipy_of(b)).as_quat(), 1, axis=-1)).max() < 1e-9
    np.testing.assert_allclose(np.linalg.norm(ours, axis=-1), 1)


@given(quaternions, vectors)
def test_rotate_and_its_inverse(q: np.ndarray, v: np.ndarray) -> None:
    turned = rotations.rotate(q, v)
    np.testing.assert_allclose(turned, scipy_of(q).apply(v), atol=1e-9)
    np.testing.assert_allclose(rotations.rotate(rotations.inverse(q), turned), v, atol=1e-9)


@given(quaternions, quaternions, vectors)
def test_multiply_applies_the_second_first(a: np.ndarray, b: np.ndarray, v: np.ndarray) -> None:
    np.testing.assert_allclose(
        rotations.rotate(rotations.multiply(a, b), v), rotations.rotate(a, rotations.rotate(b, v)), atol=1e-9
    )


@given(quaternions)
def test_matrices_and_back(q: np.ndarray) -> None:
    matrix = rotations.to_matrix(q)
    np.testing.assert_allclose(matrix, scipy_of(q).as_matrix(), atol=1e-9)
    back = rotations.from_matrix(matrix)
    assert same_rotation(back, q).max() < 1e-9
    assert (back[..., 0] >= 0).all()


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("angle", [np.pi, np.pi - 1e-7, -np.pi + 1e-7, 1e-9])
def test_from_matrix_at_half_turns(axis: int, angle: float) -> None:
    """Where one of the formula's divisors vanishes."""
    matrix = Rotation.from_rotvec(axes[axis] * angle).as_matrix()
    np.testing.assert_allclose(rotations.to_matrix(rotations.from_matrix(matrix)), matrix, atol=1e-12)


@given(quaternions)
def test_6d_is_the_first_two_columns(q: np.ndarray) -> None:
    six = rotations.to_6d(q)
    matrix = scipy_of(q).as_matrix()
    np.testing.assert_allclose(six, np.concatenate([matrix[..., 0], matrix[..., 1]], axis=-1), atol=1e-9)
    assert same_rotation(rotations.from_6d(six), q).max() < 1e-9


@given(quaternions, st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-2, 2))
def test_from_6d_orthonormalises(q: np.ndarray, a: float, b: float, shear: float) -> None:
    """Any length of both vectors, and any part of the first in the second, gives the same rotation."""
    six = rotations.to_6d(q)
    x, y = six[..., :3], six[..., 3:]
    assert same_rotation(rotations.from_6d(np.concatenate([a * x, b * y + shear * x], axis=-1)), q).max() < 1e-9


@given(vectors, vectors)
def test_between_turns_a_onto_b_by_the_shortest_arc(a: np.ndarray, b: np.ndarray) -> None:
    q = rotations.between(a, b)
    a, b = rotations.normalize(a), rotations.normalize(b)
    np.testing.assert_allclose(rotations.rotate(q, a), b, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1, atol=1e-9)
    angle = np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1))
    np.testing.assert_allclose(scipy_of(q).magnitude(), angle, atol=1e-4)


@given(vectors)
def test_between_opposite_directions_is_a_half_turn(a: np.ndarray) -> None:
    q = rotations.between(a, -a)
    np.testing.assert_allclose(rotations.rotate(q, a), -a, atol=1e-6)


def test_between_broadcasts() -> None:
    q = rotations.between(np.ones((5, 3)), np.array([0.0, 0.0, 1.0]))
    assert q.shape == (5, 4)
    np.testing.assert_allclose(rotations.rotate(q, np.ones((5, 3))), np.tile([0, 0, np.sqrt(3)], (5, 1)), atol=1e-12)


@given(vectors, arrays(np.float64, 4, elements=st.floats(-6, 6)))
def test_from_axis_angle(axis: np.ndarray, angle: np.ndarray) -> None:
    axis = rotations.normalize(axis)
    expected = np.roll(Rotation.from_rotvec(axis * angle[:, None]).as_quat(), 1, axis=-1)
    assert same_rotation(rotations.from_axis_angle(axis, angle), expected).max() < 1e-9


@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp(a: np.ndarray, b: np.ndarray, t: float) -> None:
    ours = rotations.slerp(a, b, np.full((4, 1), t))
    apart = (scipy_of(a).inv() * scipy_of(b)).magnitude()
    for i in range(4):
        if apart[i] > np.pi - 1e-3:
            continue  # two ways are equally short
        expected = Slerp([0, 1], Rotation.concatenate([scipy_of(a[i]), scipy_of(b[i])]))(t)
        assert (scipy_of(ours[i]).inv() * expected).magnitude() < 1e-5


@given(quaternions)
def test_slerp_ends(q: np.ndarray) -> None:
    other = np.roll(q, 1, axis=0)
    assert same_rotation(rotations.slerp(q, other, np.zeros((4, 1))), q).max() < 1e-9
    assert same_rotation(rotations.slerp(q, other, np.ones((4, 1))), other).max() < 1e-9


@given(arrays(np.float64, (9, 2, 4), elements=number).filter(lambda q: (np.linalg.norm(q, axis=-1) > 1e-2).all()))
def test_continuous_only_turns_signs_and_leaves_no_jump(q: np.ndarray) -> None:
    q = rotations.normalize(q)
    smooth = rotations.continuous(q)
    np.testing.assert_array_equal(np.abs(smooth), np.abs(q))
    assert same_rotation(smooth, q).max() < 1e-9
    np.testing.assert_array_equal(smooth[0], q[0])
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) >= 0).all()


def test_normalize_leaves_zero() -> None:
    np.testing.assert_array_equal(rotations.normalize(np.array([[0.0, 0, 0], [0, 3, 4]])), [[0, 0, 0], [0, 0.6, 0.8]])


def test_identity() -> None:
    assert rotations.identity(2, 3).shape == (2, 3, 4)
    np.testing.assert_array_equal(rotations.rotate(rotations.identity(3), axes), axes)
