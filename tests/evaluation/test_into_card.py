"""Measures that a model's card keeps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mdm_core.checkpoints import bundle
from mdm_core.cli import main
from mdm_core.errors import MotionError
from mdm_core.evaluation import into_card


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle.find("bundled"), tmp_path / "model"))


def test_what_was_stored_before_stays_and_the_same_is_replaced(model: Path) -> None:
    before = bundle.read_card(model)
    into_card.store(model, "one", "mdm eval", {"passed": 0.5})
    into_card.store(model, "other", "mdm eval --metrics", {"fid": [1.0, 0.1]})
    into_card.store(model, "one", "mdm eval", {"passed": 0.75})
    after = bundle.read_card(model)
    assert after["metrics"]["one"] == {"command": "mdm eval", "passed": 0.75}
    assert after["metrics"]["other"]["fid"] == [1.0, 0.1]
    assert {k: v for k, v in after.items() if k != "metrics"} == {k: v for k, v in before.items() if k != "metrics"}


def test_eval_stores_what_it_prints(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["eval", "--model", str(model), "--takes", "1", "--seconds", "1", "--steps", "2", "--guidance", "0"]
    assert main([*asked, "--json", str(tmp_path / "numbers.json"), "--store"]) == 0
    stored = bundle.read_card(model)["metrics"]["probe"]
    assert stored.pop("command") == "mdm eval --takes 1 --seconds 1.0 --guidance 0.0 --steps 2"
    assert stored == json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    mean = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("mean"))
    assert mean.split()[1] == f"{stored['passed']:.2f}"


def test_a_checkpoint_without_a_card_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "args.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.pt").write_bytes(b"")
    with pytest.raises(MotionError, match="has no card"):
        into_card.check(str(tmp_path / "model.pt"))
