"""The contact sheet: a row a take, from the file that `mdm generate` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.contact_sheet import main
from mdm_core.io import npz
from mdm_core.motion import Motion


def test_a_row_a_take_and_a_column_a_frame(tmp_path: Path) -> None:
    poses = np.random.default_rng(0).normal(size=(2, 30, 22, 3)).astype(np.float32) * 0.3 + [0, 1, 0]
    takes = [Motion(p.astype(np.float32), prompt="a person moves", seed=k, model="m") for k, p in enumerate(poses)]
    npz.write(tmp_path / "motion.npz", takes)
    assert main([str(tmp_path / "motion.npz"), str(tmp_path / "sheet.png"), "--frames", "3", "--size", "40"]) == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 40 * 4
        assert sheet.height // 2 > 40
        assert len(sheet.convert("RGB").getcolors(maxcolors=1 << 16) or []) > 50


def test_what_is_no_motion_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "other.npz", numbers=np.arange(3))
    assert main([str(tmp_path / "other.npz"), str(tmp_path / "sheet.png")]) == 1
    assert "other.npz" in capsys.readouterr().err
    assert not (tmp_path / "sheet.png").exists()
