"""Poses made whole: known answers from the triangle of a limb, and what must hold of any pose."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.editing.whole import whole
from mdm_core.rotations import normalize
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINTS, PARENTS
from tests.editing.test_source import figure

ELBOW, WRIST, SHOULDER = INDEX["right_elbow"], INDEX["right_wrist"], INDEX["right_shoulder"]
UPPER, FOREARM = BONE_LENGTHS[ELBOW], BONE_LENGTHS[WRIST]


def bent(random: np.random.Generator, share: float) -> np.ndarray:
    """A person whose bones are turned by up to about a radian, and whole."""
    rest = figure(1)[0]
    pose = rest.copy()
    for joint in range(1, JOINTS):
        bone = normalize(rest[joint] - rest[PARENTS[joint]]) + share * random.normal(size=3)
        pose[joint] = pose[PARENTS[joint]] + BONE_LENGTHS[joint] * normalize(bone)
    return pose


def lengths_of(pose: np.ndarray) -> np.ndarray:
    return np.linalg.norm(pose[1:] - pose[np.array(PARENTS[1:])], axis=-1)


@given(st.integers(0, 10_000), st.floats(0.0, 0.02))
@settings(max_examples=40)
def test_bones_become_whole_around_joints_that_stay(seed: int, shake: float) -> None:
    """Any joints of a whole pose may stay: the rest has at least one way of being whole, the pose's own."""
    random = np.random.default_rng(seed)
    pose = bent(random, 0.4)
    fixed = random.random((1, JOINTS)) < random.uniform(0.05, 0.5)
    torn = np.where(fixed[..., None], pose, pose + shake * random.normal(size=(1, JOINTS, 3)))
    made = whole(torn, fixed, BONE_LENGTHS)
    np.testing.assert_array_equal(made[fixed], torn[fixed])
    assert np.abs(lengths_of(made[0]) - BONE_LENGTHS[1:]).max() < 1e-4
    assert np.abs(made - torn).max() < 20 * shake + 1e-9


@given(st.integers(0, 10_000), st.floats(0.9, 0.99999))
@settings(max_examples=30)
def test_an_elbow_lies_where_the_triangle_has_it_up_to_full_reach(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    fixed = np.ones((1, JOINTS), dtype=bool)
    fixed[0, ELBOW] = False
    pose = figure(1)[0]
    far = share * (UPPER + FOREARM)
    line = normalize(random.normal(size=3))
    pose[WRIST] = pose[SHOULDER] + far * line
    pose[ELBOW] = pose[SHOULDER] + UPPER * normalize(line + 0.3 * random.normal(size=3))
    made = whole(pose[None], fixed, BONE_LENGTHS)[0]
    along = (far**2 + UPPER**2 - FOREARM**2) / (2 * far)
    assert abs((made[ELBOW] - pose[SHOULDER]) @ line - along) < 1e-4
    assert abs(np.linalg.norm(made[ELBOW] - pose[SHOULDER]) - UPPER) < 1e-5


def test_what_is_out_of_reach_is_missing_by_what_it_is_too_far() -> None:
    fixed = np.ones((1, JOINTS), dtype=bool)
    fixed[0, ELBOW] = False
    pose = figure(1)
    pose[0, WRIST] = pose[0, SHOULDER] + [0.0, UPPER + FOREARM + 0.1, 0.0]
    made = whole(pose, fixed, BONE_LENGTHS)[0]
    off = lengths_of(made) - BONE_LENGTHS[1:]
    assert abs(off[ELBOW - 1] + off[WRIST - 1] - 0.1) < 1e-4
    np.testing.assert_allclose(off[ELBOW - 1], off[WRIST - 1], atol=1e-3)


def test_a_whole_pose_stays() -> None:
    pose = bent(np.random.default_rng(1), 0.4)[None]
    np.testing.assert_allclose(whole(pose, np.zeros((1, JOINTS), dtype=bool), BONE_LENGTHS), pose, atol=1e-7)
