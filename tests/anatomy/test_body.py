"""Bodies standing: built from their own angles they are read as upright, and a head that leans always looks level."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_core.anatomy.body import SMPL, STRAIGHT, Body, body_of, measured_head
from mdm_core.anatomy.parts import torso_turns
from mdm_core.anatomy.posed import standing
from mdm_core.skeleton import BONE_LENGTHS, INDEX

Array = NDArray[np.floating]
NECK, HEAD = INDEX["neck"], INDEX["head"]


def leaning(body: Body, degrees: Array) -> Array:
    """The standing body [T, 22, 3] turned to face sideways, its head so many degrees before the neck's vertical."""
    positions = np.repeat(standing(body, BONE_LENGTHS)[None], len(degrees), axis=0)
    angle = np.radians(degrees)
    way = np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=-1)
    positions[:, HEAD] = positions[:, NECK] + BONE_LENGTHS[HEAD] * way
    return Rotation.from_euler("y", 70, degrees=True).apply(positions.reshape(-1, 3)).reshape(positions.shape)


@pytest.mark.parametrize("body", [SMPL, STRAIGHT])
def test_the_standing_body_has_its_own_angles(body: Body) -> None:
    positions = standing(body, BONE_LENGTHS)[None]
    for joint, turn in torso_turns(positions, body).items():
        assert np.degrees(2 * np.arccos(min(1.0, abs(float(turn[0, 0]))))) < 4.0, joint
    assert np.allclose(np.linalg.norm(positions[0, HEAD] - positions[0, NECK]), BONE_LENGTHS[HEAD])
    assert body_of(positions).spine == pytest.approx(body.spine, abs=2.5)


@pytest.mark.parametrize("degrees", [-4.0, 0.0, 7.0, 15.0])
def test_who_stands_looks_level_wherever_the_head_ends(degrees: float) -> None:
    """A nod of ten frames in the middle does not count, and stays a nod."""
    lean = np.full(60, degrees)
    lean[25:35] += 30.0
    positions = leaning(STRAIGHT, lean)
    found = measured_head(positions, STRAIGHT)
    assert found == pytest.approx(degrees, abs=0.1)


def test_a_head_thrown_back_all_the_time_stays_back_but_for_the_play() -> None:
    positions = leaning(STRAIGHT, np.full(40, -40.0))
    assert measured_head(positions, STRAIGHT) == STRAIGHT.head - STRAIGHT.head_play


def test_smpls_head_is_geometry_alone_and_a_lying_body_says_nothing() -> None:
    assert measured_head(leaning(SMPL, np.full(40, 0.0)), SMPL) == SMPL.head
    lying = Rotation.from_euler("x", 90, degrees=True).apply(leaning(STRAIGHT, np.zeros(40)).reshape(-1, 3))
    assert measured_head(lying.reshape(40, 22, 3), STRAIGHT) == STRAIGHT.head
