"""Films: the right number of frames at the right pace, the figure where it belongs, and clear refusals."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.io import video
from mdm_core.io.bone_rotations import rest_pose
from mdm_core.motion import Motion
from mdm_core.skeleton import BONE_LENGTHS, INDEX

needs_pillow = pytest.mark.skipif(importlib.util.find_spec("PIL") is None, reason="Pillow is not installed")


def standing(frames: int = 7, fps: float = 20.0) -> Motion:
    """The T-pose on the ground, moving sideways 3 cm a frame."""
    pose = rest_pose(BONE_LENGTHS)
    pose[:, 1] -= pose[:, 1].min()
    way = np.arange(frames)[:, None, None] * np.array([0.03, 0.0, 0.0])
    return Motion((pose + way).astype(np.float32), fps=fps, contacts=np.ones((frames, 4), dtype=bool), prompt="moves")


@needs_pillow
@pytest.mark.parametrize("fps", [20.0, 24.0, 30.0])
def test_a_gif_has_every_frame_at_the_motions_pace(tmp_path: Path, fps: float) -> None:
    from PIL import Image

    motion = standing(24, fps)
    video.write(tmp_path / "a.gif", motion, size=120)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.size == (120, 120)
        times = []
        for k in range(getattr(film, "n_frames", 1)):
            film.seek(k)
            times.append(film.info["duration"])
    assert len(times) == 24 and film.info.get("loop", 0) == 0
    assert sum(times) / 1000 == pytest.approx(motion.seconds, abs=0.011)


@needs_pillow
def test_an_mp4_has_every_frame(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    video.write(tmp_path / "a.mp4", standing(20), size=128)
    frames, seconds = ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert frames == 20 and seconds == pytest.approx(1.0, abs=0.05)


@needs_pillow
def test_left_is_orange_and_on_the_right_of_a_figure_that_looks_at_us() -> None:
    front = next(video.frames(standing(), size=200, view=video.View(azimuth=0.0)))
    pixels = np.asarray(front).astype(int)
    for colour, on_the_right in ((video.LEFT, True), (video.RIGHT, False)):
        near = np.abs(pixels - colour).sum(axis=-1) < 90
        columns = np.nonzero(near)[1]
        assert len(columns) > 100 and (columns.mean() > 100) == on_the_right


def test_every_joint_is_in_the_picture() -> None:
    motion = standing()
    for azimuth in (0.0, 35.0, 180.0, 270.0):
        view = video.View(azimuth=azimuth)
        target = motion.positions[:, 0].astype(float) * [1, 0, 1] + [0, 0.9, 0]
        lens = video.fitting_lens(motion.positions.astype(float), target, view)
        for t in range(len(motion)):
            pixels, _ = video.Camera(target[t], view, 100, lens).project(motion.positions[t].astype(float))
            assert pixels.min() >= 5 and pixels.max() <= 95


def test_nearer_things_are_larger_and_up_is_up() -> None:
    camera = video.Camera(np.zeros(3), video.View(azimuth=0.0, elevation=0.0, distance=5.0), 100, 2.0)
    pixels, depth = camera.project(np.array([[0, 0, 0], [0, 1.0, 0], [1.0, 0, 0], [1.0, 0, 2.0]]))
    np.testing.assert_allclose(pixels[0], [50, 50])
    assert pixels[1, 1] < 50 < pixels[2, 0] < pixels[3, 0]
    np.testing.assert_allclose(depth, [5, 5, 5, 3])
    assert pixels[2, 0] - 50 == pytest.approx(2.0 * 50 / 5)


@pytest.mark.parametrize(("missing", "suffix"), [("PIL", ".gif"), ("imageio_ffmpeg", ".mp4")])
def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, suffix: str) -> None:
    present = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == missing else present("json") if name == "PIL" else present(name),
    )
    with pytest.raises(MotionError, match="pip install"):
        video.write(tmp_path / f"a{suffix}", standing())
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="avi"):
        video.write(tmp_path / "a.avi", standing())


def test_colours_are_there_for_every_joint() -> None:
    assert len(video._limbs(standing().positions[0].astype(float))) == len(INDEX) - 1 + 4
