"""The action models' 25 x 6 numbers against SciPy's rotations and a walk down the tree joint by joint."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mdm_core.features import humanml3d, smpl_rot6d
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.skeleton import BONE_LENGTHS, INDEX, PARENTS

FRAMES = 5
UPSIDE_DOWN = Rotation.from_euler("x", 180, degrees=True)  # from our axes to the camera's, and back


def features(local: Rotation, place: np.ndarray) -> np.ndarray:
    """[T, 150] of rotations [T * 24] and places [T, 3], as spec/mdm.md section 7 says."""
    rows = local.as_matrix().reshape(len(place), 24, 9)[..., :6]
    last = np.concatenate([place, np.zeros_like(place)], axis=-1)[:, None]
    return np.concatenate([rows, last], axis=1).reshape(len(place), 150)


def standing(frames: int = FRAMES) -> Rotation:
    """The T-pose, upright, in the camera's axes."""
    turns = Rotation.identity(24 * frames).as_matrix().reshape(frames, 24, 3, 3)
    turns[:, 0] = UPSIDE_DOWN.as_matrix()
    return Rotation.from_matrix(turns.reshape(-1, 3, 3))


def test_without_a_turn_it_is_the_t_pose_on_the_ground() -> None:
    made = smpl_rot6d.recover_positions(features(standing(), np.zeros((FRAMES, 3))))
    wanted = humanml3d.to_origin(np.stack([rest_pose(BONE_LENGTHS)] * FRAMES))
    np.testing.assert_allclose(made, wanted, atol=1e-12)
    assert made[0, INDEX["head"], 1] > 1.4
    assert made[0, INDEX["left_wrist"], 0] > 0.5  # +X is left


def test_the_root_moves_in_the_cameras_axes() -> None:
    """Down in the picture is down, away from the camera is back; where it begins does not matter."""
    place = np.array([[5.0, 2.0, 9.0]]) + np.array([[0, 0, 0], [1, 0, 0], [0, -0.5, 0], [0, 0, 2], [0, 0, 0]])
    made = smpl_rot6d.recover_positions(features(standing(), place))[:, 0]
    moved = made - made[0]
    np.testing.assert_allclose(moved, [[0, 0, 0], [1, 0, 0], [0, 0.5, 0], [0, 0, -2], [0, 0, 0]], atol=1e-12)


def test_any_pose_against_a_walk_down_the_tree() -> None:
    rng = np.random.default_rng(0)
    local, root = Rotation.random(24 * FRAMES, random_state=1), rng.normal(size=(FRAMES, 3))
    made = smpl_rot6d.forward_kinematics(local.as_matrix().reshape(FRAMES, 24, 3, 3), root)
    rest, parents = smpl_rot6d.rest24(), (*PARENTS, 20, 21)

    def world(frame: int, joint: int) -> Rotation:
        own = local[24 * frame + joint]
        return own if joint == 0 else world(frame, parents[joint]) * own

    for frame in range(FRAMES):
        for joint in range(1, 24):
            parent = parents[joint]
            bone = world(frame, parent).apply(rest[joint] - rest[parent])
            np.testing.assert_allclose(made[frame, joint] - made[frame, parent], bone, atol=1e-12)
    np.testing.assert_array_equal(made[:, 0], root)


def test_six_numbers_are_the_first_two_rows() -> None:
    turns = Rotation.random(50, random_state=2).as_matrix()
    np.testing.assert_allclose(smpl_rot6d.matrices(turns[:, :2].reshape(50, 6)), turns, atol=1e-12)
    np.testing.assert_array_equal(smpl_rot6d.rows(turns), turns[:, :2].reshape(50, 6))


def test_what_a_network_makes_becomes_a_rotation() -> None:
    """Gram-Schmidt: orthonormal, right-handed, the first row's direction kept, the second in the plane of both."""
    raw = np.random.default_rng(3).normal(size=(200, 6))
    made = smpl_rot6d.matrices(raw)
    np.testing.assert_allclose(made @ made.transpose(0, 2, 1), np.broadcast_to(np.eye(3), made.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(made), 1, atol=1e-12)
    np.testing.assert_allclose(np.cross(made[:, 0], raw[:, :3]), 0, atol=1e-12)
    assert np.einsum("ti,ti->t", made[:, 2], raw[:, 3:]) == pytest.approx(np.zeros(200), abs=1e-12)
    assert (np.einsum("ti,ti->t", made[:, 1], raw[:, 3:]) > 0).all()


def test_bones_keep_their_lengths_and_the_motion_faces_forward() -> None:
    rng = np.random.default_rng(4)
    turns = standing().as_matrix().reshape(FRAMES, 24, 3, 3)
    bent = Rotation.from_rotvec(0.3 * rng.normal(size=(24 * FRAMES, 3))).as_matrix().reshape(turns.shape)
    local = Rotation.from_matrix((turns @ bent).reshape(-1, 3, 3))
    made = smpl_rot6d.recover_positions(features(local, rng.normal(size=(FRAMES, 3))))
    bones = np.linalg.norm(made[:, 1:] - made[:, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(bones, np.broadcast_to(BONE_LENGTHS[1:], bones.shape), atol=1e-9)
    assert made[..., 1].min() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(made[0, 0, [0, 2]], 0, atol=1e-12)
    np.testing.assert_allclose(humanml3d.to_origin(made), made, atol=1e-9)


def test_what_is_encoded_is_decoded_in_our_axes() -> None:
    rng = np.random.default_rng(5)
    local = Rotation.random(24 * FRAMES, random_state=6).as_matrix().reshape(FRAMES, 24, 3, 3)
    root = rng.normal(size=(FRAMES, 3))
    made = smpl_rot6d.recover_positions(smpl_rot6d.encode(local, root))
    wanted = humanml3d.to_origin(smpl_rot6d.forward_kinematics(local, root)[:, :22])
    np.testing.assert_allclose(made, wanted, atol=1e-5)
