"""The bending axes of elbows and knees: known axes found again, also through straight and overstretched moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_core.anatomy.hinges import T_POSE, carried_hinge, reference, rest_hinge

Array = NDArray[np.float64]
STILL = np.array([1.0, 0, 0, 0])
JOINTS = sorted(T_POSE)


def limb(joint: str, turn: Rotation, bend: Array) -> tuple[Array, Array, Array]:
    """Upper, lower and axis [T, 3] of a limb turned out of the T-pose and bent by so many degrees about its axis."""
    direction, axis = T_POSE[joint]
    upper, hinge = turn.apply(direction), turn.apply(axis)
    return upper, Rotation.from_rotvec(np.radians(bend)[:, None] * hinge).apply(upper), hinge


def off(a: Array, b: Array) -> Array:
    return np.degrees(np.arccos(np.clip(np.sum(a * b, axis=-1), -1, 1)))


def trunk(frames: int) -> Array:
    return np.tile(STILL, (frames, 1))


def swing(frames: int = 100, twist: float = 0.0) -> Rotation:
    t = np.linspace(0, 5, frames)
    tilt = np.stack([0.5 * np.sin(t), np.full(frames, twist), 0.4 * np.cos(1.3 * t)], axis=-1)
    return Rotation.from_rotvec(tilt)


@pytest.mark.parametrize("joint", JOINTS)
def test_the_axis_of_a_bent_limb_is_exact(joint: str) -> None:
    upper, lower, axis = limb(joint, swing(), 60 + 30 * np.sin(np.linspace(0, 20, 100)))
    assert off(carried_hinge(joint, upper, lower, trunk(100), (0.0, 0.0), 20.0), axis).max() < 1e-3


@pytest.mark.parametrize("joint", JOINTS)
@pytest.mark.parametrize("twist", [0.0, 0.5])
def test_through_a_straight_moment_the_axis_goes_on(joint: str, twist: float) -> None:
    """Bent, a third of a second straight, bent again: the axis strays by a few degrees and never jumps."""
    bend = np.concatenate(
        [np.full(33, 70.0), np.linspace(70, 0, 14), np.zeros(6), np.linspace(0, 70, 14), np.full(33, 70.0)]
    )
    direction = T_POSE[joint][0]
    about = Rotation.from_rotvec(twist * direction)
    upper, lower, axis = limb(joint, swing() * about, bend)
    found = carried_hinge(joint, upper, lower, trunk(100), (0.0, 0.0), 20.0)
    assert off(found, axis).max() < 12
    assert off(found[1:], found[:-1]).max() < 12


@pytest.mark.parametrize("joint", JOINTS)
def test_an_overstretched_joint_keeps_its_axis(joint: str) -> None:
    bend = 20 * np.sin(np.linspace(0, 12, 100)) + 5
    upper, lower, axis = limb(joint, swing(), bend)
    found = carried_hinge(joint, upper, lower, trunk(100), (0.0, 0.0), 20.0)
    assert off(found, axis).max() < 15


@pytest.mark.parametrize("joint", JOINTS)
@given(aside=st.tuples(st.floats(-8, 8), st.floats(-8, 8)))
def test_knock_knees_and_carrying_angles_do_not_twist(joint: str, aside: tuple[float, float]) -> None:
    """Both bones lean out of the plane across the axis; bending about it still gives that very axis back."""
    direction, axis = T_POSE[joint]
    a, b = np.radians(aside)
    upper, lower = (np.cos(x) * direction + np.sin(x) * axis for x in (a, b))
    turn = Rotation.from_rotvec(np.radians(np.linspace(30, 100, 20))[:, None] * axis)
    found = carried_hinge(joint, np.tile(upper, (20, 1)), turn.apply(lower), trunk(20), aside, 20.0)
    assert off(found, axis).max() < 0.1


@pytest.mark.parametrize("joint", JOINTS)
@given(seed=st.integers(0, 500))
def test_turning_the_body_turns_the_axes(joint: str, seed: int) -> None:
    whole = Rotation.random(random_state=seed)
    upper, lower, _ = limb(joint, swing(30), np.abs(40 * np.sin(np.linspace(0, 9, 30))))
    found = carried_hinge(joint, upper, lower, trunk(30), (3.0, -2.0), 20.0)
    turned = np.tile(np.roll(whole.as_quat(), 1), (30, 1))
    again = carried_hinge(joint, whole.apply(upper), whole.apply(lower), turned, (3.0, -2.0), 20.0)
    assert np.abs(again - whole.apply(found)).max() < 1e-6


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_arms_hanging_down_bend_forward(side: float) -> None:
    """The reference of a hanging arm: upper × lower when the forearm comes forward points outwards to the right."""
    joint = "left_elbow" if side > 0 else "right_elbow"
    down, forward = np.array([0.0, -1, 0]), np.array([0.0, 0, 1])
    found = reference(joint, down[None], STILL)[0]
    assert off(found, np.cross(down, forward)) < 1e-3


@pytest.mark.parametrize("joint", JOINTS)
@given(bend=st.floats(0, 40), astray=st.floats(-180, 180))
def test_at_rest_the_axis_is_across_the_bone_and_never_absurd(joint: str, bend: float, astray: float) -> None:
    """A rest pose bent the wrong way, or not at all, gets the anatomical axis; a plain bend gets its own."""
    direction, axis = T_POSE[joint]
    wrong = Rotation.from_rotvec(np.radians(astray) * direction).apply(axis)
    lower = Rotation.from_rotvec(np.radians(bend) * wrong).apply(direction)
    found = rest_hinge(joint, direction, lower)
    assert abs(found @ direction) < 1e-9
    assert off(found, axis) < 61
    if bend > 18 and abs(astray) < 59:
        assert off(found, wrong) < 1e-3
    if bend < 8:
        assert off(found, axis) < 1e-3
