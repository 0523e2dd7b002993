"""The parity checker, run as tests on all reference folders and folders of the same forms, and on what must fail."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
MODELS = sorted(path.parent.name for path in REFERENCE.glob("*/args.json"))
ENGINES_OF = {"trans_enc": {"torch", "numpy"}, "trans_dec": {"torch"}, "gru": {"torch"}}
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
    inputs = {"x", "t", "text_embed", "text_tokens", "text_padding_mask", "action", "lengths", "prefix", "target_cond"}
    with np.load(folder / "case.npz") as stored:
        return set(stored.files) - inputs - {"inpaint_mask", "inpaint_motion"}


def copied(folder: str, to: Path) -> dict[str, np.ndarray]:
    """A reference folder copied to `to`; its arrays."""
    for file in (REFERENCE / folder).iterdir():
        shutil.copyfile(file, to / file.name)
    with np.load(to / "case.npz") as stored:
        return dict(stored)


def test_there_are_models() -> None:
    assert len(MODELS) >= 13


@pytest.mark.parametrize("folder", MODELS)
def test_model(check: ModuleType, folder: str) -> None:
    """Every array is compared, on every engine that runs the architecture."""
    pytest.importorskip("torch")
    lines = list(check.folder_lines(REFERENCE / folder))
    assert [str(line) for line in lines if not line.ok] == []
    arch = json.loads((REFERENCE / folder / "args.json").read_text())["arch"]
    compared = {(line.name.split(" ")[0], line.name.split("[")[1][:-1]) for line in lines}
    assert compared == {(name, engine) for name in expected_outputs(REFERENCE / folder) for engine in ENGINES_OF[arch]}


def test_clip(check: ModuleType) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("ftfy")
    lines = list(check.folder_lines(REFERENCE / "clip_text"))
    assert [str(line) for line in lines if not line.ok] == []
    assert {line.name for line in lines} == {"token_ids_22", "token_ids_77", "text_embed"}


def test_the_head_count_is_the_folders_own(check: ModuleType, tmp_path: Path) -> None:
    """Two heads in place of four: other numbers, so the reference's fail."""
    pytest.importorskip("torch")
    copied("text_trans_dec", tmp_path)
    case = json.loads((tmp_path / "case.json").read_text())
    (tmp_path / "case.json").write_text(json.dumps(case | {"num_heads": 2}))
    assert not any(line.ok for line in check.folder_lines(tmp_path))


def test_the_goals_are_the_cases_own(check: ModuleType, tmp_path: Path) -> None:
    """Another goal asked for is another prediction, for each encoder of goals."""
    pytest.importorskip("torch")
    for kind in ("single", "multi"):
        folder = tmp_path / kind
        folder.mkdir()
        copied(f"dip_target_{kind}", folder)
        case = json.loads((folder / "case.json").read_text())
        (folder / "case.json").write_text(json.dumps(case | {"is_heading": [False, False]}))
        assert not any(line.ok for line in check.folder_lines(folder))


def test_features(check: ModuleType) -> None:
    lines = list(check.folder_lines(REFERENCE / "humanml3d_features", []))
    assert [str(line) for line in lines if not line.ok] == []
    assert len(lines) == 4 * 3


def test_a_wrong_number_fails(check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One number moved by twice its tolerance is a FAIL of its array alone."""
    arrays = copied("text_trans_enc", tmp_path)
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
    arrays = copied("text_kit", tmp_path)
    np.savez(tmp_path / "case", **arrays, plms=arrays["out"])
    assert check.main([str(tmp_path), "--engine", "numpy"]) == 1


def test_a_folder_that_is_not_understood(check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(tmp_path)]) == 1
    np.savez(tmp_path / "case", something=np.zeros(3))
    (tmp_path / "case.json").write_text("{}")
    assert check.main([str(tmp_path)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_command_line_passes(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(REFERENCE / "humanml3d_features")]) == 0
    assert capsys.readouterr().out.count(" ok\n") == 12
