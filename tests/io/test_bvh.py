"""BVH: positions come back, the numbers mean what the format says, and damaged files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.io import bvh
from mdm_core.io.bone_rotations import REST_DIRECTIONS
from mdm_core.motion import Motion
from mdm_core.rotations import from_matrix, normalize
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINT_NAMES, PARENTS

Rotation = pytest.importorskip("scipy.spatial.transform").Rotation


def body(directions: NDArray[np.float64], root: NDArray[np.float64]) -> NDArray[np.float32]:
    """Positions [T, 22, 3] with the uniform skeleton's lengths along directions [T, 22, 3]."""
    positions = np.zeros((*directions.shape[:2], 3))
    positions[:, 0] = root
    for joint in range(1, 22):
        bone = normalize(directions[:, joint]) * BONE_LENGTHS[joint]
        positions[:, joint] = positions[:, PARENTS[joint]] + bone
    return positions.astype(np.float32)


def round_trip(path: Path, motion: Motion) -> float:
    bvh.write(path, motion)
    return float(np.abs(bvh.read(path).positions - motion.positions).max())


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_any_pose_comes_back(tmp_path_factory: pytest.TempPathFactory, seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    positions = body(rng.normal(size=(frames, 22, 3)), rng.normal(size=(frames, 3)) * 3)
    assert round_trip(tmp_path_factory.mktemp("bvh") / "a.bvh", Motion(positions)) < 2e-5


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_whole_body_turns_through_every_gimbal_angle(tmp_path: Path, axis: tuple[int, int, int]) -> None:
    turns = Rotation.from_rotvec(np.radians(np.arange(0, 360, 15))[:, None] * axis).as_matrix()
    rest = np.broadcast_to(REST_DIRECTIONS, (24, 22, 3))
    positions = body(np.einsum("tij,tkj->tki", turns, rest), np.zeros((24, 3)))
    assert round_trip(tmp_path / "a.bvh", Motion(positions)) < 2e-5


def test_motion_capture_comes_back_within_a_hundredth_of_a_millimetre(
    tmp_path: Path, mocap: dict[str, NDArray[np.float64]]
) -> None:
    for positions in mocap.values():
        assert round_trip(tmp_path / "a.bvh", Motion(positions.astype(np.float32))) < 1e-5


def test_the_rest_pose_has_no_rotation(tmp_path: Path) -> None:
    positions = body(REST_DIRECTIONS[None].repeat(2, axis=0), np.array([[0.0, 0.9, 0.0], [1.0, 0.9, 2.0]]))
    bvh.write(tmp_path / "a.bvh", Motion(positions))
    clip = bvh.parse((tmp_path / "a.bvh").read_text())
    np.testing.assert_allclose(clip.values[:, :3], positions[:, 0], atol=1e-6)
    np.testing.assert_allclose(clip.values[:, 3:], 0, atol=1e-3)


def test_channels_are_what_the_format_says(tmp_path: Path, mocap: dict[str, NDArray[np.float64]]) -> None:
    """Forward kinematics with SciPy: M = T R, channels from left to right, a joint below its parent."""
    positions = mocap["49_08"].astype(np.float32)
    bvh.write(tmp_path / "a.bvh", Motion(positions, fps=20.0))
    clip = bvh.parse((tmp_path / "a.bvh").read_text())
    assert clip.frame_time == pytest.approx(0.05) and len(clip.values) == len(positions)
    assert len(clip.nodes) == 28 and [n.name for n in clip.nodes if n.parent < 0] == ["pelvis"]
    turns, places, column = [], [], 3
    for node in clip.nodes:
        assert node.channels[-3:] == ("Zrotation", "Xrotation", "Yrotation")
        local = Rotation.from_euler("ZXY", clip.values[:, column : column + 3], degrees=True)
        column += 3
        above = None if node.parent < 0 else turns[node.parent]
        turns.append(local if above is None else above * local)
        places.append(clip.values[:, :3] if above is None else places[node.parent] + above.apply(node.offset))
    for k, node in enumerate(clip.nodes):
        if node.name in INDEX:
            np.testing.assert_allclose(places[k], positions[:, INDEX[node.name]], atol=1e-5)


def test_euler_angles_agree_with_scipy_and_do_not_jump() -> None:
    angles = np.linspace(0, 4 * np.pi, 200)
    turns = Rotation.from_euler("ZXY", np.stack([angles, 0.4 * np.sin(angles), 0.5 * angles], axis=-1))
    found = bvh.euler_zxy(from_matrix(turns.as_matrix()))
    np.testing.assert_allclose(Rotation.from_euler("ZXY", found).as_matrix(), turns.as_matrix(), atol=1e-9)
    assert np.abs(np.diff(found, axis=0)).max() < 0.2


def test_rotations_are_smooth_on_real_motion(tmp_path: Path, mocap: dict[str, NDArray[np.float64]]) -> None:
    """A forearm or shin must not flip about itself where the limb is straight."""
    for name in ("136_24", "105_31", "35_16", "09_01"):
        bvh.write(tmp_path / "a.bvh", Motion(mocap[name].astype(np.float32)))
        clip = bvh.parse((tmp_path / "a.bvh").read_text())
        assert np.abs(np.diff(clip.values[:, 3:], axis=0)).max() < 60


def test_elbows_and_knees_bend_about_one_axis(tmp_path: Path) -> None:
    """Bent arms forward from the T-pose: the forearm's whole rotation is about the vertical hinge."""
    directions = REST_DIRECTIONS[None].repeat(4, axis=0).copy()
    bends = np.radians([20, 50, 80, 110])
    for side, sign in (("left", 1), ("right", -1)):
        directions[:, INDEX[f"{side}_wrist"]] = np.stack([sign * np.cos(bends), 0 * bends, np.sin(bends)], axis=-1)
    bvh.write(tmp_path / "a.bvh", Motion(body(directions, np.zeros((4, 3)))))
    clip = bvh.parse((tmp_path / "a.bvh").read_text())
    names = [node.name for node in clip.nodes]
    for side, sign in (("left", -1), ("right", 1)):
        for joint, expected in (("shoulder", 0 * bends), ("elbow", sign * bends)):
            column = 3 + 3 * names.index(f"{side}_{joint}")
            wanted = np.stack([0 * bends, 0 * bends, np.degrees(expected)], axis=-1)
            np.testing.assert_allclose(clip.values[:, column : column + 3], wanted, atol=1e-2)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    bvh.write(path, Motion(body(REST_DIRECTIONS[None].repeat(3, axis=0), np.zeros((3, 3)))))
    text = path.read_text()
    for damaged in (text[: len(text) // 3], text[:-60], text.replace(JOINT_NAMES[4], "bone"), "", "HIERARCHY ROOT"):
        path.write_text(damaged)
        with pytest.raises(MotionError):
            bvh.read(path)
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(MotionError):
        bvh.read(path)
    with pytest.raises(MotionError):
        bvh.read(tmp_path / "missing.bvh")
