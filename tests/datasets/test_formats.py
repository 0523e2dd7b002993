"""Which kind of data set a folder is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdm_core.datasets import formats
from mdm_core.errors import MotionError
from mdm_core.io import bvh
from mdm_core.motion import Motion
from tests.datasets import capture, folders
from tests.datasets.bodies import standing


def test_each_kind_is_recognised_and_named_by_its_files(tmp_path: Path) -> None:
    folders.humanml3d_folder(tmp_path / "h")
    folders.amass_folder(tmp_path / "a", takes=1, seconds=0.5)
    (tmp_path / "c" / "02").mkdir(parents=True)
    capture.write_acclaim(tmp_path / "c" / "02", capture.walk(4, 120), "02", "01")
    (tmp_path / "b").mkdir()
    bvh.write(tmp_path / "b" / "one.bvh", Motion(standing(5).astype("float32"), 20.0))
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "cmu_positions.npz").touch()
    found = {place: formats.recognise(tmp_path / place) for place in "hacbp"}
    assert found == {"h": "humanml3d", "a": "amass", "c": "asf", "b": "bvh", "p": "positions"}
    named = {
        place: [n for _, n in formats.named(tmp_path / place, formats.recordings(found[place], {}))] for place in "acb"
    }
    assert named == {"a": ["hop/take_0_poses", "walk/take_0_poses"], "c": ["02/02_01"], "b": ["one"]}


def test_what_is_no_data_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="There is no folder"):
        formats.recognise(tmp_path / "nowhere")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MotionError, match="no data set that is known"):
        formats.recognise(tmp_path)
    with pytest.raises(MotionError, match="holds nothing in the format bvh"):
        formats.recognise(tmp_path, "bvh")
