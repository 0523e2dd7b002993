"""The demo from a motion to its files, in real Blender on a real Rigify rig."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

bpy = pytest.importorskip("bpy", reason="the demo needs Blender's package; `build.py test` installs it")

from demo import make  # noqa: E402
from mdm_core.io import bvh, npz  # noqa: E402
from mdm_core.motion import Motion  # noqa: E402
from mdm_core.skeleton import JOINT_NAMES  # noqa: E402

from .test_body import landmarks  # noqa: E402


def gliding(frames: int) -> Motion:
    """Standing in the A-pose while the whole body moves forward by two metres a second, 20 fps."""
    joints, _ = landmarks()
    pose = np.array([[joints[name][0], joints[name][2], -joints[name][1]] for name in JOINT_NAMES])
    path = np.arange(frames)[:, None, None] * np.array([0.0, 0.0, 0.1])
    return Motion((pose + path).astype(np.float32), prompt="a person glides", seed=4, model="none")


@pytest.mark.slow
def test_the_demo_leaves_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "WIDTH", 32)
    monkeypatch.setattr(make, "HEIGHT", 32)
    npz.write(tmp_path / "in.npz", [gliding(21)])
    out = tmp_path / "out"
    assert make.main(["--motion", str(tmp_path / "in.npz"), "--out", str(out)]) == 0

    assert npz.read(out / "demo.npz")[0].prompt == "a person glides"
    assert len(bvh.read(out / "demo.bvh")) == 21
    with Image.open(out / "demo.gif") as gif:
        assert gif.size == (32, 32)
        assert gif.n_frames > 5

    bpy.ops.wm.open_mainfile(filepath=str(out / "demo.blend"))
    timeline, armature = bpy.context.scene, bpy.context.view_layer.objects.active
    assert armature.type == "ARMATURE"
    assert armature.animation_data.action is not None
    assert (timeline.frame_start, timeline.frame_end, timeline.frame_current) == (1, 25, 1)
    assert timeline.camera is not None
    carried = []
    for frame in (1, 25):
        timeline.frame_set(frame)
        carried.append(np.array(armature.matrix_world @ armature.pose.bones["DEF-spine"].head))
    # One second at two metres a second, towards -Y, scaled by the legs of Rigify's human against the motion's.
    assert -2.9 < carried[1][1] - carried[0][1] < -1.8
    assert abs(carried[1][0] - carried[0][0]) < 0.05


def test_a_motion_that_is_not_there_is_said_in_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert make.main(["--motion", str(tmp_path / "no.npz"), "--out", str(tmp_path / "out")]) == 1
    assert "no.npz" in capfd.readouterr().err
    assert not (tmp_path / "out" / "demo.blend").exists()
