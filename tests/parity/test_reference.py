"""The parity checker, run as tests on the reference folders that the encoder covers, and on cases that must fail."""

from __future__ import annotations

import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
MODELS = (
    "text_trans_enc",
    "text_trans_enc_maskframes_1000",
    "text_kit",
    "action_humanact12",
    "action_uestc",
    "unconstrained",
)
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference vectors (../shared) are not here")


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """tests/parity/check.py as a module."""
    spec = spec_from_file_location("parity_check", Path(__file__).with_name("check.py"))
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def expected_outputs(folder: Path) -> set[str]:
    """The arrays of a model's case that are not its inputs."""
    inputs = {"x", "t", "text_embed", "action", "lengths", "inpaint_mask", "inpaint_motion"}
    with np.load(folder / "case.npz") as stored:
        return set(stored.files) - inputs


@pytest.mark.parametrize("engine", ["torch", "numpy"])
@pytest.mark.parametrize("folder", MODELS)
def test_model(check: ModuleType, folder: str, engine: str) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    lines = list(check.folder_lines(REFERENCE / folder, [engine]))
    assert [str(line) for line in lines if not line.ok] == []
    assert {line.name.split(" ")[0] for line in lines} == expected_outputs(REFERENCE / folder)


def test_features(check: ModuleType) -> None:
    lines = list(check.folder_lines(REFERENCE / "humanml3d_features", []))
    assert [str(line) for line in lines if not line.ok] == []
    assert len(lines) == 4 * 3


def test_a_wrong_number_fails(check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One number moved by twice its tolerance is a FAIL of its array alone."""
    for file in (REFERENCE / "text_trans_enc").iterdir():
        shutil.copy(file, tmp_path / file.name)
    with np.load(tmp_path / "case.npz") as stored:
        arrays = dict(stored)
    wrong = {"out": 2e-5, "ddim10_cfg25": 2e-3, "inpaint_ddpm50_cfg25": float("nan")}
    for name, change in wrong.items():
        arrays[name] = arrays[name].copy()
        arrays[name][1, 100, 0, 7] += change
    np.savez(tmp_path / "case", **arrays)
    assert check.main([str(tmp_path), "--engine", "numpy"]) == 1
    printed = capsys.readouterr().out.splitlines()
    verdicts = {line.split()[0].removeprefix(f"{tmp_path.name}/"): line.split()[-1] for line in printed}
    expected = expected_outputs(tmp_path)
    assert verdicts == {name: "FAIL" if name in wrong else "ok" for name in expected}


def test_an_unknown_array_fails(check: ModuleType, tmp_path: Path) -> None:
    for file in (REFERENCE / "text_kit").iterdir():
        shutil.copy(file, tmp_path / file.name)
    with np.load(tmp_path / "case.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "case", **arrays, plms=arrays["out"])
    assert check.main([str(tmp_path), "--engine", "numpy"]) == 1


def test_a_folder_that_is_not_understood(check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(tmp_path)]) == 1
    assert check.main([str(REFERENCE / "clip_text")]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_command_line_passes(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(REFERENCE / "humanml3d_features")]) == 0
    assert capsys.readouterr().out.count(" ok\n") == 12
