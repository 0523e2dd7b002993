"""The stage in real Blender: the camera's path and distance, the mannequin on a rig, the GIF's timing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from demo.surface import Array

bpy = pytest.importorskip("bpy", reason="the stage needs Blender's package; `build.py test` installs it")

from demo import make, mannequin, scene  # noqa: E402
from mdm_core.skeleton import JOINT_NAMES, PARENTS  # noqa: E402

from .test_body import landmarks  # noqa: E402


@given(speed=st.floats(0.5, 6.0), heading=st.floats(0, 6.28), rate=st.sampled_from([12.0, 24.0, 30.0]))
def test_a_camera_after_a_steady_walk_keeps_up_from_the_first_frame_to_the_last(
    speed: float, heading: float, rate: float
) -> None:
    time = np.arange(int(6 * rate))[:, None] / rate
    pelvis = np.array([[0, 0, 0.9]]) + time * speed * np.array([[np.cos(heading), np.sin(heading), 0]])
    np.testing.assert_allclose(scene.camera_path(pelvis, rate), pelvis, atol=1e-9)


def test_a_camera_before_someone_who_stays_stands_still() -> None:
    pelvis = np.random.default_rng(1).uniform(-0.3, 0.3, size=(100, 3))
    path = scene.camera_path(pelvis, 24.0)
    assert np.ptp(path, axis=0).max() == 0


def test_the_camera_smooths_a_shake() -> None:
    time = np.arange(144)[:, None] / 24
    pelvis = np.concatenate([time, 0.03 * np.sin(2 * np.pi * 2 * time), np.ones_like(time)], axis=1)
    path = scene.camera_path(pelvis, 24.0)
    assert np.abs(path[24:-24, 1]).max() < 0.005
    assert np.abs(np.diff(path, n=2, axis=0)).max() < np.abs(np.diff(pelvis, n=2, axis=0)).max() / 10


@given(seed=st.integers(0, 1000), aspect=st.floats(0.5, 2.0))
def test_everything_stays_in_the_picture(seed: int, aspect: float) -> None:
    """Each point's own perspective projection, worked out here, lies within the picture; one lies near its border."""
    random = np.random.default_rng(seed)
    track, targets = random.uniform(-2, 2, size=(20, 5, 3)), random.uniform(-0.5, 0.5, size=(20, 3))
    axes = np.linalg.qr(random.normal(size=(3, 3)))[0]
    distance = scene.fitting_distance(track, targets, axes, half_width=0.36, aspect=aspect)
    local = (track - (targets + distance * axes[2])[:, None]) @ axes.T
    depth = -local[..., 2]
    assert (depth > 0).all()
    across, upwards = np.abs(local[..., 0]) / depth / 0.36, np.abs(local[..., 1]) / depth / (0.36 / aspect)
    assert max(across.max(), upwards.max()) < 1


@pytest.fixture
def figure() -> tuple[Any, Any]:
    """An armature whose bones are named and placed like the SMPL joints, with the mannequin on it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    joints, tips = landmarks()
    data = bpy.data.armatures.new("Rig")
    armature = bpy.data.objects.new("Rig", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for index, name in enumerate(JOINT_NAMES):
        bone = data.edit_bones.new(name)
        bone.head = joints[name].tolist()
        children = [child for child in range(22) if PARENTS[child] == index]
        end = joints[JOINT_NAMES[children[len(children) // 2]]] if children else tips[name]
        bone.tail = end.tolist()
        if index:
            bone.parent = data.edit_bones[JOINT_NAMES[PARENTS[index]]]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature, mannequin.add(armature, {name: name for name in JOINT_NAMES}, cell=0.018)


def skin(figure: Any) -> Array:
    evaluated = figure.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(evaluated.data.vertices) * 3, dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3).astype(float)


def test_at_rest_the_skin_is_the_body_and_a_bone_moves_its_own_part(figure: tuple[Any, Any]) -> None:
    armature, mesh = figure
    joints, _ = landmarks()
    rest = skin(mesh)
    posed = armature.pose.bones["left_elbow"]
    posed.rotation_mode = "QUATERNION"
    posed.rotation_quaternion = (np.cos(0.6), np.sin(0.6), 0, 0)
    bpy.context.view_layer.update()
    moved = np.linalg.norm(skin(mesh) - rest, axis=1)
    hand = np.linalg.norm(rest - joints["left_wrist"], axis=1) < 0.1
    assert moved[hand].min() > 0.1
    assert moved[rest[:, 0] < 0.15].max() < 1e-4
    # A turn about the elbow keeps the hand's distance from it.
    turned = skin(mesh)[hand] - joints["left_elbow"]
    before = rest[hand] - joints["left_elbow"]
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(before, axis=1), atol=2e-3)


def test_followed_reads_the_pose_of_each_frame_and_puts_the_frame_back(figure: tuple[Any, Any]) -> None:
    armature, _ = figure
    armature.location = (1, 0, 0)
    armature.keyframe_insert("location", frame=1)
    armature.location = (1, 2, 0)
    armature.keyframe_insert("location", frame=11)
    bpy.context.scene.frame_set(5)
    track = scene.followed(armature, ["pelvis", "head"], [1, 11])
    assert bpy.context.scene.frame_current == 5
    joints, _ = landmarks()
    np.testing.assert_allclose(track[:, 0], [joints["pelvis"] + [1, 0, 0], joints["pelvis"] + [1, 2, 0]], atol=1e-5)


def test_the_mannequin_stands_in_for_joints_that_a_rig_lacks(figure: tuple[Any, Any]) -> None:
    armature, _ = figure
    bones = {name: name for name in JOINT_NAMES if name not in ("spine2", "neck", "left_collar", "right_foot")}
    joints, tips = mannequin.landmarks(armature, bones)
    assert set(joints) == set(JOINT_NAMES)
    true, _ = landmarks()
    for name in ("spine2", "neck", "left_collar", "right_foot"):
        assert np.linalg.norm(joints[name] - true[name]) < 0.1, name
    assert set(tips) == {"head", "left_wrist", "right_wrist", "left_foot", "right_foot"}


def test_the_gif_plays_as_long_as_the_motion(tmp_path: Path) -> None:
    paths = [tmp_path / f"{k}.png" for k in range(30)]
    for k, path in enumerate(paths):
        Image.new("RGB", (16, 12), (8 * k, 100, 255 - 8 * k)).save(path)
    make.write_gif(paths, tmp_path / "out.gif", fps=12)
    with Image.open(tmp_path / "out.gif") as gif:
        durations = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            durations.append(gif.info["duration"])
    assert sum(durations) == pytest.approx(30 / 12 * 1000, abs=10)
