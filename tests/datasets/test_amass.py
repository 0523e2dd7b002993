"""AMASS's files against SciPy's rotations, and what must be named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mdm_core.datasets import amass
from mdm_core.errors import MotionError
from mdm_core.features import smpl_rot6d
from mdm_core.skeleton import INDEX, PARENTS
from tests.datasets.folders import amass_file, amass_folder


def test_the_joints_are_where_scipy_puts_them(tmp_path: Path) -> None:
    """A walk down SMPL's tree in AMASS's own axes, then (x, y, z) -> (-x, z, y)."""
    rng = np.random.default_rng(0)
    poses, trans = rng.normal(0, 0.6, (4, 66)), rng.normal(size=(4, 3))
    amass_file(tmp_path / "a_poses.npz", poses, trans, 100.0)
    found = amass.read_one(tmp_path / "a_poses.npz", "Set/a_poses")
    assert (found.fps, found.subject) == (100.0, "Set")
    rest = smpl_rot6d.rest24()
    for frame in range(4):
        world: list[Rotation] = []
        place: list[np.ndarray] = []
        for joint, parent in enumerate(PARENTS):
            own = Rotation.from_rotvec(poses[frame, 3 * joint : 3 * joint + 3])
            if joint == 0:
                world.append(own)
                place.append(trans[frame])
                continue
            world.append(world[parent] * own)
            place.append(place[parent] + world[parent].apply(rest[joint] - rest[parent]))
        expected = np.stack([[-p[0], p[2], p[1]] for p in place])
        np.testing.assert_allclose(found.positions[frame], expected, atol=1e-9)


def test_a_body_that_stands_in_amass_stands_here_and_faces_where_it_walks(tmp_path: Path) -> None:
    amass_folder(tmp_path, ("walk",), 1)
    found = amass.read_one(tmp_path / "walk" / "take_0_poses.npz", "walk/take_0_poses").positions
    assert (found[:, INDEX["head"], 1] > found[:, INDEX["pelvis"], 1] + 0.4).all()
    travelled = found[-1, 0] - found[0, 0]
    across = found[0, INDEX["left_hip"]] - found[0, INDEX["right_hip"]]
    ahead = np.cross(across, [0, 1, 0])
    assert travelled @ ahead > 0.9 * np.linalg.norm(travelled) * np.linalg.norm(ahead)


def test_calibration_at_the_start_is_left_out(tmp_path: Path) -> None:
    poses, trans = np.zeros((200, 66)), np.arange(200.0)[:, None] * np.ones(3)
    amass_file(tmp_path / "TotalCapture" / "s1" / "a_poses.npz", poses, trans, 60.0)
    found = amass.read_one(tmp_path / "TotalCapture" / "s1" / "a_poses.npz", "TotalCapture/s1/a_poses")
    assert len(found.positions) == 140 and found.positions[0, 0, 1] == pytest.approx(60.0)


def test_files_of_shapes_are_no_motion_and_damage_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "shape.npz", betas=np.zeros(10))
    np.savez(tmp_path / "other.npz", poses=np.zeros((3, 66)))
    np.savez(tmp_path / "rateless.npz", poses=np.zeros((3, 66)), trans=np.zeros((3, 3)))
    np.savez(tmp_path / "narrow.npz", poses=np.zeros((3, 30)), trans=np.zeros((3, 3)), mocap_framerate=60)
    amass_file(tmp_path / "whole_poses.npz", np.zeros((9, 66)), np.zeros((9, 3)))
    data = (tmp_path / "whole_poses.npz").read_bytes()
    (tmp_path / "cut_poses.npz").write_bytes(data[: len(data) // 2])
    assert [p.name for p in amass.files(tmp_path) if amass.holds_motion(p)] == [
        "narrow.npz", "rateless.npz", "whole_poses.npz"
    ]  # fmt: skip
    for name, said in (
        ("other", "no array trans"),
        ("rateless", "does not say its mocap_framerate"),
        ("narrow", r"poses \(3, 30\)"),
        ("cut_poses", "cannot be read"),
        ("gone", "cannot be read"),
    ):
        with pytest.raises(MotionError, match=said) as error:
            amass.read_one(tmp_path / f"{name}.npz", name)
        assert name in str(error.value)
