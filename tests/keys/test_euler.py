"""Rotation modes: every order against SciPy, and no jumps over time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_blender.keys.euler import from_mode, to_axis_angle, to_euler

ORDERS = ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"]


def wxyz(rotation: Rotation) -> np.ndarray:
    return np.roll(rotation.as_quat(), 1, axis=-1)


def of_euler(angles: np.ndarray, order: str) -> Rotation:
    """Blender's order names the axis applied first, first; angles are stored about x, y, z."""
    return Rotation.from_euler(order.lower(), angles[..., ["XYZ".index(letter) for letter in order]])


@pytest.mark.parametrize("order", ORDERS)
@given(seed=st.integers(0, 1000))
def test_the_angles_make_the_rotation(order: str, seed: int) -> None:
    rotation = Rotation.random(20, np.random.default_rng(seed))
    back = of_euler(to_euler(wxyz(rotation), order), order)
    assert (back.inv() * rotation).magnitude().max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("speed", [2.0, -3.0])
def test_a_steady_turn_of_several_rounds_has_no_jump(order: str, speed: float) -> None:
    angles = np.zeros((200, 3))
    angles[:, "XYZ".index(order[2])] = speed * np.linspace(0, 2 * np.pi, 200)
    angles[:, "XYZ".index(order[1])] = 0.4 * np.sin(np.linspace(0, 9, 200))
    got = to_euler(wxyz(of_euler(angles, order)), order)
    assert np.allclose(got, angles, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gimbal_lock_keeps_the_rotation(order: str, sign: float) -> None:
    angles = np.zeros((5, 3))
    angles[:, "XYZ".index(order[1])] = sign * np.pi / 2
    angles[:, "XYZ".index(order[0])] = [0.1, 0.4, 1.0, 2.0, 3.0]
    angles[:, "XYZ".index(order[2])] = 0.7
    rotation = of_euler(angles, order)
    back = of_euler(to_euler(wxyz(rotation), order), order)
    assert (back.inv() * rotation).magnitude().max() < 1e-4


@given(seed=st.integers(0, 1000))
def test_axis_angle_makes_the_rotation(seed: int) -> None:
    rotation = Rotation.random(20, np.random.default_rng(seed))
    got = to_axis_angle(wxyz(rotation))
    back = Rotation.from_rotvec(got[:, :1] * got[:, 1:])
    assert (back.inv() * rotation).magnitude().max() < 1e-6


def test_axis_angle_through_no_rotation_and_several_rounds_has_no_jump() -> None:
    angle = np.linspace(-1, 4 * np.pi, 300)
    axis = np.array([0.6, 0.0, 0.8])
    got = to_axis_angle(wxyz(Rotation.from_rotvec(angle[:, None] * axis)))
    assert np.abs(np.diff(got, axis=0)).max() < 0.1


@pytest.mark.parametrize("mode", [*ORDERS, "AXIS_ANGLE", "QUATERNION"])
@given(seed=st.integers(0, 1000))
def test_values_of_any_mode_are_read_back(mode: str, seed: int) -> None:
    rotation = wxyz(Rotation.random(20, np.random.default_rng(seed)))
    made = {"AXIS_ANGLE": to_axis_angle, "QUATERNION": lambda q: -3.0 * q}.get(mode, lambda q: to_euler(q, mode))
    assert np.abs(np.sum(from_mode(made(rotation), mode) * rotation, axis=-1)).min() == pytest.approx(1.0, abs=1e-9)
