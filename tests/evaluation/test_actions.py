"""The judge of actions: its sums by hand, that it learns, that the table tells good models from bad ones."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="the evaluator needs torch")

from mdm_core.actions import HUMANACT12  # noqa: E402
from mdm_core.cli import main  # noqa: E402
from mdm_core.datasets import feature_pack  # noqa: E402
from mdm_core.datasets.feature_pack import FeaturePack  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.evaluation import action_comparison, action_judge, action_judges  # noqa: E402
from mdm_core.evaluation.action_judge import ActionJudge, ActionNetwork  # noqa: E402
from mdm_core.evaluation.asking import Asking  # noqa: E402
from mdm_core.features import smpl_rot6d  # noqa: E402
from mdm_core.generator import MotionGenerator, Request  # noqa: E402
from mdm_core.motion import Motion  # noqa: E402
from tests.datasets.folders import amass_folder  # noqa: E402

SETTINGS = action_comparison.Settings(motions=64, halves=5)
RUN = """kind = "action evaluator"
name = "tiny"
pack = "{pack}"
out = "{out}"
seed = 1
steps = 60
batch = 16
frames = 60
learning_rate = 3e-3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of walks and hops made from AMASS files, and the judge that was trained on it, by the commands."""
    folder = tmp_path_factory.mktemp("actions")
    amass_folder(folder / "data", takes=11, seconds=4.0)
    command = ["data", "build", str(folder / "data"), str(folder / "pack.npz"), "--rotations", "--labels", "folder"]
    assert main(command) == 0
    (folder / "run.toml").write_text(RUN.format(pack=folder / "pack.npz", out=folder / "judge"), encoding="utf-8")
    assert main(["train", str(folder / "run.toml")]) == 0
    return folder


@pytest.fixture(scope="module")
def judge(folder: Path) -> ActionJudge:
    return action_judge.read(folder / "judge")


@pytest.fixture(scope="module")
def pack(folder: Path) -> FeaturePack:
    return feature_pack.load(folder / "pack.npz")


class Answerer:
    """A stand-in for a model: training motion of the action asked for, of another, or still and always the same."""

    def __init__(self, pack: FeaturePack, way: str, condition: str = "action") -> None:
        self.pack, self.way, self.condition = pack, way, condition
        features = {"representation": "smpl_rot6d", "fps": 20.0}
        self.card: dict[str, Any] = {"name": way, "features": features, "actions": list(pack.action_names)}

    def generate(self, request: Request, *, on_step: Any = None) -> list[Motion]:
        del on_step
        rng = np.random.default_rng(request.seeds[0] if request.seeds else request.seed)
        asked = request.actions or ("walk", "hop") * (request.takes // 2)
        return [Motion(np.zeros((60, 22, 3), np.float32), 20.0, features=self.answer(name, rng)) for name in asked]

    def answer(self, name: str, rng: np.random.Generator) -> np.ndarray:
        if self.way == "still":
            return np.repeat(self.pack.features[:1], 60, axis=0)
        label = self.pack.action_names.index(name)
        label = 1 - label if self.way == "wrong" else label
        clip = rng.choice(np.flatnonzero((self.pack.actions == label) & ~self.pack.unseen))
        start = self.pack.offsets[clip] + int(rng.integers(20))
        return self.pack.features[start : start + 60]


def rows(pack: FeaturePack, judge: ActionJudge, way: str, condition: str = "action") -> dict[str, Any]:
    asking = Asking(Answerer(pack, way, condition))  # type: ignore[arg-type]
    return action_comparison.table(pack, asking, judge, SETTINGS, "model")


def test_the_judge_learns_to_tell_actions_apart_on_clips_it_never_saw(judge: ActionJudge) -> None:
    assert judge.classes == ("hop", "walk")
    assert judge.card["metrics"]["accuracy"] > 0.9 and judge.card["metrics"]["unseen"]


def test_the_table_tells_right_answers_from_wrong_and_from_no_answers(pack: FeaturePack, judge: ActionJudge) -> None:
    right, wrong, still = (rows(pack, judge, way) for way in ("right", "wrong", "still"))
    assert right["real"]["accuracy"].value > 0.9 and right["model"]["accuracy"].value > 0.9
    assert wrong["model"]["accuracy"].value < 0.1 and still["model"]["accuracy"].value == pytest.approx(0.5)
    assert wrong["model"]["fid"].value == pytest.approx(right["model"]["fid"].value, abs=0.2)
    assert still["model"]["fid"].value > 2 * right["model"]["fid"].value
    assert still["model"]["diversity"].value < 0.1 * right["model"]["diversity"].value
    assert 0 < right["model"]["multimodality"].value < right["model"]["diversity"].value
    assert "precision" not in right["model"]


def test_without_a_condition_there_are_precision_and_recall_but_no_accuracy(
    pack: FeaturePack, judge: ActionJudge
) -> None:
    good, still = (rows(pack, judge, way, "none") for way in ("right", "still"))
    for row in (good["real"], good["model"]):
        assert "accuracy" not in row and "multimodality" not in row and row["precision"].value > 0.5
    # Who does one thing of two covers half of what there is.
    assert still["model"]["recall"].value == pytest.approx(0.5, abs=0.1) and good["model"]["recall"].value > 0.8
    assert still["model"]["kid"].value > good["model"]["kid"].value


def test_the_command_prints_the_table_for_a_model_of_actions(
    folder: Path, pack: FeaturePack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MotionGenerator, "load", staticmethod(lambda *_, **__: Answerer(pack, "right")))
    command = ["eval", "--metrics", "--model", "mine", "--pack", str(folder / "pack.npz"), "--motions", "64"]
    assert main([*command, "--evaluator", str(folder / "judge"), "--repetitions", "3"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "| | good | real | mine |" and any(line.startswith("| accuracy") for line in printed)
    assert main([*command, "--evaluator", str(folder)]) == 1
    assert "There is no evaluator of actions" in capsys.readouterr().err


def test_the_network_is_the_published_ones_by_its_equations(tmp_path: Path) -> None:
    """A file in the published form; joints by SciPy, the two recurrent layers in NumPy, the first row alone."""
    torch.manual_seed(3)
    network = ActionNetwork(12)
    torch.save({"epoch": 1, "model": network.state_dict()}, tmp_path / "humanact12_gru.tar")
    judge = action_judges.read(tmp_path / "humanact12_gru.tar")
    assert isinstance(judge, ActionJudge) and judge.classes == HUMANACT12
    rng = np.random.default_rng(0)
    local = Rotation.from_quat(rng.normal(size=(24 * 7, 4))).as_matrix().reshape(7, 24, 3, 3)
    root = rng.normal(size=(7, 3))
    features = smpl_rot6d.encode(local, root)
    inner, scores = judge.judged([features, np.repeat(features, 3, axis=0)])
    local[:, 0] = np.diag([1, -1, -1]) @ local[:, 0]
    joints = smpl_rot6d.forward_kinematics(local, (root - root[0]) * [1, -1, -1]).reshape(7, 72)
    start = network.start(2, torch.Generator().manual_seed(0)).numpy()
    states = joints
    for layer in (0, 1):
        w, u, b, c = (
            getattr(network.recurrent, f"{name}_l{layer}").detach().numpy()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        state, out = start[layer, 0], []
        for x in states:
            (ri, zi, ni), (rh, zh, nh) = np.split(w @ x + b, 3), np.split(u @ state + c, 3)
            r, z = 1 / (1 + np.exp(-(ri + rh))), 1 / (1 + np.exp(-(zi + zh)))
            state = (1 - z) * np.tanh(ni + r * nh) + z * state
            out.append(state)
        states = np.array(out)
    one, two = network.linear1, network.linear2
    expected = np.tanh(one.weight.detach().numpy() @ states[-1] + one.bias.detach().numpy())
    np.testing.assert_allclose(inner[0], expected, atol=1e-4)
    np.testing.assert_allclose(scores[0], two.weight.detach().numpy() @ expected + two.bias.detach().numpy(), atol=1e-4)


class Program:
    """What unpickles to a call."""

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (Path("ran"),)


def test_bad_files_are_named_and_no_program_runs(
    folder: Path, judge: ActionJudge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judge.tar").write_bytes(pickle.dumps({"model": Program()}))
    with pytest.raises(MotionError, match="was not run"):
        action_judges.read(tmp_path / "judge.tar")
    assert not (tmp_path / "ran").exists()
    judge.write(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    (tmp_path / "card.json").write_text(json.dumps(card | {"classes": ["one"]}), encoding="utf-8")
    with pytest.raises(MotionError, match="does not fit an evaluator of 1 actions"):
        action_judge.read(tmp_path)
    with pytest.raises(MotionError, match='knows no action "swim"'):
        judge.number("swim")
    run = (folder / "run.toml").read_text(encoding="utf-8").replace("steps = 60\n", "")
    (tmp_path / "run.toml").write_text(run, encoding="utf-8")
    assert main(["train", str(tmp_path / "run.toml")]) == 1
