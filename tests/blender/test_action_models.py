"""Action and unconditional models end to end: from the command to npz and BVH, and onto a rig in Blender."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender.apply import apply_motion
from mdm_core.cli import main
from mdm_core.io import bvh, npz
from mdm_core.skeleton import INDEX
from tests.blender.conftest import build
from tests.rig.skeletons import humanoid, prefixed
from tests.test_model_kinds import ACTION, FREE

TO_BLENDER = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))


@pytest.mark.parametrize("asked", [["--action", "jump"], []])
def test_rotations_without_smpl_reach_files_and_a_rig(asked: list[str], empty: Any, tmp_path: Path) -> None:
    """Limbs on the rig point where the joints of both files say."""
    (ACTION if asked else FREE).write(tmp_path / "model", half=False)
    outs = ["--out", str(tmp_path / "made.npz"), "--out", str(tmp_path / "made.bvh")]
    assert main(["generate", *asked, "--model", str(tmp_path / "model"), "--seconds", "1", *outs]) == 0
    motion, file = npz.read(tmp_path / "made.npz")[0], bvh.read(tmp_path / "made.bvh")
    assert motion.positions.shape == (20, 22, 3) and motion.prompt == "".join(asked[1:])
    empty.render.fps, empty.render.fps_base = 20, 1.0
    bones = prefixed("mixamorig:")
    armature = build(humanoid(bones))
    airborne = replace(motion, contacts=np.zeros((20, 4), dtype=np.bool_))  # feet that stand would bend other legs
    apply_motion(armature, airborne, frame_start=1, action_name="made")
    for frame in range(20):
        bpy.context.scene.frame_set(1 + frame)
        for side in ("left", "right"):
            for start, end in LIMBS:
                heads = [np.array(armature.pose.bones[bones[f"{side}_{j}"]].head) for j in (start, end)]
                for source in (motion.positions, file.positions):
                    joints = [source[frame, INDEX[f"{side}_{j}"]] for j in (start, end)]
                    wanted, got = TO_BLENDER.apply(joints[1] - joints[0]), heads[1] - heads[0]
                    cosine = got @ wanted / np.linalg.norm(got) / np.linalg.norm(wanted)
                    assert np.degrees(np.arccos(min(cosine, 1.0))) < 1.0, (frame, side, end)
