"""Blender's own BVH importer, an independent reader, puts every joint where the motion has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.io import bvh
from mdm_core.io.bone_rotations import REST_DIRECTIONS
from mdm_core.motion import Motion
from mdm_core.rotations import normalize
from mdm_core.skeleton import BONE_LENGTHS, JOINT_NAMES, PARENTS

bpy = pytest.importorskip("bpy", reason="Blender's module is not installed")


def motion(frames: int = 5) -> Motion:
    """The T-pose drifting ever farther into random poses, walking away from the origin."""
    rng = np.random.default_rng(0)
    amount = np.linspace(0, 0.6, frames)[:, None, None]
    directions = normalize(REST_DIRECTIONS + amount * rng.normal(size=(frames, 22, 3)))
    positions = np.zeros((frames, 22, 3))
    positions[:, 0] = np.linspace([0, 0.9, 0], [1, 1.1, 2], frames)
    for joint in range(1, 22):
        positions[:, joint] = positions[:, PARENTS[joint]] + directions[:, joint] * BONE_LENGTHS[joint]
    return Motion(positions.astype(np.float32), fps=20.0)


def test_every_joint_is_where_the_motion_has_it(tmp_path: Path) -> None:
    take = motion()
    bvh.write(tmp_path / "take.bvh", take)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="io_anim_bvh")
    result = bpy.ops.import_anim.bvh(
        filepath=str(tmp_path / "take.bvh"), frame_start=1, update_scene_fps=True, update_scene_duration=True
    )
    assert result == {"FINISHED"}
    armature, scene = bpy.context.object, bpy.context.scene
    assert scene.render.fps == 20
    for frame, pose in enumerate(take.positions):
        scene.frame_set(frame + 1)
        for joint, name in enumerate(JOINT_NAMES):
            head = armature.matrix_world @ armature.pose.bones[name].head
            x, y, z = pose[joint]
            np.testing.assert_allclose(head, (x, -z, y), atol=1e-5)
