"""The published ST-GCNs, in random files of their form: the graph by walking it, the network by loops in NumPy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="the evaluators need torch")

from mdm_core.actions import HUMANACT12  # noqa: E402
from mdm_core.cli import main  # noqa: E402
from mdm_core.datasets import feature_pack  # noqa: E402
from mdm_core.datasets.feature_pack import About, FeaturePack, Sample  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.evaluation import action_comparison, action_judges, published_stgcn  # noqa: E402
from mdm_core.evaluation.asking import Asking  # noqa: E402
from mdm_core.evaluation.published_stgcn import StgcnJudge  # noqa: E402
from mdm_core.features import smpl_rot6d  # noqa: E402
from mdm_core.generator import MotionGenerator, Request  # noqa: E402
from mdm_core.motion import Motion  # noqa: E402

Tensors = dict[str, Any]

# Of the files, by the authors' code: joints, links, centre, channels, (width, stride) of each block, classes.
SMPL24 = [
    *[(1, 0), (2, 0), (3, 0), (4, 1), (5, 2), (6, 3), (7, 4), (8, 5), (9, 6), (10, 7), (11, 8), (12, 9)],
    *[(13, 9), (14, 9), (15, 12), (16, 13), (17, 14), (18, 16), (19, 17), (20, 18), (21, 19), (22, 20), (23, 21)],
]
BODY15 = [
    *[(4, 3), (3, 2), (2, 1), (7, 6), (6, 5), (5, 1), (1, 0)],
    *[(14, 13), (13, 12), (12, 8), (11, 10), (10, 9), (9, 8), (8, 1)],
]
BLOCKS10 = [(64, 1), (64, 1), (64, 1), (64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (256, 1)]
BLOCKS6 = [(64, 1), (64, 1), (64, 1), (128, 2), (128, 1), (256, 2)]
KNOWN: dict[str, tuple[int, list[tuple[int, int]], int, int, list[tuple[int, int]], int]] = {
    "uestc": (24, SMPL24, 0, 6, BLOCKS10, 40),
    "unconstrained": (15, BODY15, 1, 3, BLOCKS6, 12),
}
FORMS = {"uestc": published_stgcn.UESTC, "unconstrained": published_stgcn.UNCONSTRAINED}
FILES = {"uestc": "uestc_rot6d_stgcn.tar", "unconstrained": "humanact12_gru_modi_struct.pth.tar"}
SPEC_JOINTS = [15, 12, 16, 18, 20, 17, 19, 21, 0, 1, 4, 7, 2, 5, 8]


def graph(which: str) -> np.ndarray:
    """The published weights by going along links: at most one, so that what is farther has no distance at all."""
    count, links, centre, *_ = KNOWN[which]
    beside = {j: {j} | {b for a, b in links if a == j} | {a for a, b in links if b == j} for j in range(count)}
    far = {j: 0 if j == centre else 1 if j in beside[centre] else 99 for j in range(count)}
    weights = np.zeros((3, count, count))
    for target in range(count):
        for source in beside[target]:
            part = 0 if source == target else 2 if far[source] < far[target] else 1
            weights[part, source, target] = 1 / len(beside[target])
    return weights


def names(which: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every name of the published state dict with its shape."""

    def normal(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from ((f"{name}.{part}", (width,)) for part in ("weight", "bias", "running_mean", "running_var"))
        yield f"{name}.num_batches_tracked", ()

    count, _, _, channels, blocks, classes = KNOWN[which]
    yield "A", (3, count, count)
    yield from normal("data_bn", count * channels)
    before = channels
    for k, (width, stride) in enumerate(blocks):
        block = f"st_gcn_networks.{k}"
        yield f"edge_importance.{k}", (3, count, count)
        yield from ((f"{block}.gcn.conv.weight", (3 * width, before, 1, 1)), (f"{block}.gcn.conv.bias", (3 * width,)))
        yield from normal(f"{block}.tcn.0", width)
        yield from ((f"{block}.tcn.2.weight", (width, width, 9, 1)), (f"{block}.tcn.2.bias", (width,)))
        yield from normal(f"{block}.tcn.3", width)
        if k and (before != width or stride != 1):
            residual = f"{block}.residual"
            yield from ((f"{residual}.0.weight", (width, before, 1, 1)), (f"{residual}.0.bias", (width,)))
            yield from normal(f"{residual}.1", width)
        before = width
    yield from (("fcn.weight", (classes, 256, 1, 1)), ("fcn.bias", (classes,)))


def random_file(which: str) -> Tensors:
    """A state dict of the published names; its graph's weights are its own, so that they are seen to be taken."""
    rng, tensors = np.random.default_rng(5), {}
    for name, shape in names(which):
        if name == "A":
            values = graph(which) * rng.uniform(0.5, 1.5, shape)
        elif name.endswith("tracked"):
            values = np.array(7)
        elif name.startswith("edge") or name.endswith("running_var"):
            values = rng.uniform(0.5, 1.5, shape)
        else:
            values = rng.normal(size=shape) / np.sqrt(max(1, int(np.prod(shape[1:]))))
        tensors[name] = torch.from_numpy(values) if values.dtype == np.int64 else torch.from_numpy(values).float()
    return tensors


def written(folder: Path, which: str, tensors: Tensors | None = None) -> Path:
    torch.save(random_file(which) if tensors is None else tensors, folder / FILES[which])
    return folder / FILES[which]


def read(path: Path) -> StgcnJudge:
    judge = action_judges.read(path)
    assert isinstance(judge, StgcnJudge)
    return judge


def motion(frames: int, seed: int) -> np.ndarray:
    """Rotations [T, 150] that are not orthonormal, as a model's are not."""
    rng = np.random.default_rng(seed)
    local = Rotation.from_quat(rng.normal(size=(24 * frames, 4))).as_matrix().reshape(frames, 24, 3, 3)
    features = smpl_rot6d.encode(local, rng.normal(size=(frames, 3)))
    features[:, :144] += rng.normal(scale=0.05, size=(frames, 144))
    return features


class Oracle:
    """The published network's sums: loops over parts, joints, frames and offsets; channels by a matrix."""

    def __init__(self, which: str) -> None:
        self.which = which
        self.w = {name: value.numpy().astype(np.float64) for name, value in random_file(which).items()}

    def normal(self, name: str, x: np.ndarray) -> np.ndarray:
        """Batch normalisation of [..., C] in evaluation."""
        w = self.w
        scale = w[f"{name}.weight"] / np.sqrt(w[f"{name}.running_var"] + 1e-5)
        return (x - w[f"{name}.running_mean"]) * scale + w[f"{name}.bias"]

    def block(self, k: int, x: np.ndarray, stride: int) -> np.ndarray:
        """Block k of [T, J, C]."""
        w, name = self.w, f"st_gcn_networks.{k}"
        joints = x.shape[1]
        weights = w["A"] * w[f"edge_importance.{k}"]
        matrix, bias = w[f"{name}.gcn.conv.weight"][:, :, 0, 0], w[f"{name}.gcn.conv.bias"]
        width = len(bias) // 3
        mixed = np.zeros((len(x), joints, width))
        for part in range(3):
            own = slice(part * width, (part + 1) * width)
            for target in range(joints):
                for source in range(joints):
                    if weights[part, source, target]:
                        sent = x[:, source] @ matrix[own].T + bias[own]
                        mixed[:, target] += weights[part, source, target] * sent
        active = np.maximum(self.normal(f"{name}.tcn.0", mixed), 0)
        kernel, bias = w[f"{name}.tcn.2.weight"][..., 0], w[f"{name}.tcn.2.bias"]
        out = []
        for frame in range(0, len(x), stride):
            total = np.tile(bias, (joints, 1))
            for offset in range(-4, 5):
                if 0 <= frame + offset < len(x):
                    total = total + active[frame + offset] @ kernel[:, :, offset + 4].T
            out.append(total)
        result = self.normal(f"{name}.tcn.3", np.array(out))
        if f"{name}.residual.0.weight" in w:
            passed = x[::stride] @ w[f"{name}.residual.0.weight"][:, :, 0, 0].T + w[f"{name}.residual.0.bias"]
            result = result + self.normal(f"{name}.residual.1", passed)
        elif k:
            result = result + x
        return np.maximum(result, 0)

    def judged(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features [256] and scores of [T, J, C]."""
        x = self.normal("data_bn", seen.reshape(len(seen), -1)).reshape(seen.shape)
        for k, (_, stride) in enumerate(KNOWN[self.which][4]):
            x = self.block(k, x, stride)
        pooled = x.mean(axis=(0, 1))
        return pooled, self.w["fcn.weight"][:, :, 0, 0] @ pooled + self.w["fcn.bias"]


@pytest.mark.parametrize("which", KNOWN)
def test_the_graph_is_the_published_one(which: str) -> None:
    np.testing.assert_allclose(published_stgcn.graph(FORMS[which]), graph(which), atol=1e-7)


@pytest.mark.parametrize("which", KNOWN)
def test_a_file_of_the_published_names_gives_the_published_sums(which: str, tmp_path: Path) -> None:
    judge = read(written(tmp_path, which))
    assert judge.form is FORMS[which]
    motions = [motion(10, 1), motion(7, 2), motion(10, 3)]
    inner, scores = judge.judged(motions)
    for k, features in enumerate(motions):
        if which == "uestc":
            seen = features[:, :144].reshape(-1, 24, 6).astype(np.float64)
        else:
            local = smpl_rot6d.matrices(features[:, :144].reshape(-1, 24, 6).astype(np.float64))
            joints = smpl_rot6d.forward_kinematics(local, np.zeros((len(features), 3)))
            seen = joints[:, SPEC_JOINTS]
        pooled, answer = Oracle(which).judged(seen)
        np.testing.assert_allclose(inner[k], pooled, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(scores[k], answer, rtol=1e-3, atol=1e-4)
    assert np.ptp(inner, axis=0).max() > 1e-2


@pytest.mark.parametrize("which", KNOWN)
def test_where_the_body_goes_is_not_seen(which: str, tmp_path: Path) -> None:
    judge = read(written(tmp_path, which))
    here = motion(12, 1)
    there, turned = here.copy(), here.copy()
    there[:, 144:147] += np.linspace(0, 5, 12)[:, None]
    turned[:, :6] = np.roll(turned[:, :6], 1, axis=1)
    inner, _ = judge.judged([here, there, turned])
    np.testing.assert_allclose(inner[0], inner[1], rtol=1e-4, atol=1e-5)
    assert np.abs(inner[0] - inner[2]).max() > 1e-3


def test_actions_go_by_the_data_sets_numbers_and_names(tmp_path: Path) -> None:
    uestc, other = (read(written(tmp_path, which)) for which in ("uestc", "unconstrained"))
    assert uestc.number("39") == 39 and other.classes == HUMANACT12
    with pytest.raises(MotionError, match='knows no action "40"'):
        uestc.number("40")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t | {"extra.weight": torch.zeros(1)}, "extra.weight"),
        (lambda t: {k: v for k, v in t.items() if k != "fcn.bias"}, "fcn.bias"),
        (lambda t: t | {"fcn.weight": torch.zeros(11, 256, 1, 1)}, "fcn.weight"),
        (lambda t: t | {"A": torch.zeros(3, 18, 18)}, r"graph A of \[3, 18, 18\]"),
        (lambda t: {k: v for k, v in t.items() if k != "A"}, r"graph A of \[\]"),
        (lambda t: t | {"fcn.bias": torch.full((12,), torch.nan)}, "not finite"),
        (lambda t: {"weights": t["fcn.weight"]}, "none of the published evaluators"),
        (lambda t: t["fcn.weight"], "none of the published evaluators"),
    ],
)
def test_a_file_that_is_not_one_is_named(change: Any, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, "unconstrained", change(random_file("unconstrained")))
    with pytest.raises(MotionError, match=said) as raised:
        action_judges.read(path)
    assert path.name in str(raised.value)


class Answerer:
    """A stand-in for a model whose card has no names of actions; it stands in poses that are hardly ever another's."""

    def __init__(self, condition: str) -> None:
        self.condition = condition
        features = {"representation": "smpl_rot6d", "fps": 20.0}
        self.card: dict[str, Any] = {"name": "mine", "features": features, "architecture": {"actions": 4}}

    def generate(self, request: Request, *, on_step: Any = None) -> list[Motion]:
        del on_step
        assert request.seconds is not None
        count, frames = len(request.actions) or request.takes, round(request.seconds * 20)
        made = [np.repeat(motion(1, request.seed + k), frames, axis=0) for k in range(count)]
        return [Motion(np.zeros((frames, 22, 3), np.float32), 20.0, features=features) for features in made]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FeaturePack]:
    path = tmp_path_factory.mktemp("stgcn") / "pack.npz"
    samples = [Sample(f"{k}", motion(30, 100 + k), action=str(k % 4), unseen=k % 3 == 0) for k in range(72)]
    statistics = (np.zeros(150, np.float32), np.ones(150, np.float32))
    feature_pack.build(samples, path, About("smpl_rot6d", 20.0, "made up", "none"), None, statistics)
    return path, feature_pack.load(path)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """From the motions themselves, since tr (A B)^1/2 of covariances is the nuclear norm of X Y^T of centred rows."""
    x, y = ((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (a, b))
    gap = a.mean(axis=0) - b.mean(axis=0)
    return float(gap @ gap + (x**2).sum() + (y**2).sum() - 2 * np.linalg.svd(x @ y.T, compute_uv=False).sum())


def test_the_table_of_a_model_of_actions_is_measured_by_uestcs_file(
    pack: tuple[Path, FeaturePack], tmp_path: Path
) -> None:
    """A file that always answers "2": right for a quarter of what is asked, by numbers alone."""
    tensors = random_file("uestc")
    tensors |= {"fcn.weight": torch.zeros(40, 256, 1, 1), "fcn.bias": torch.eye(40)[2]}
    judge = read(written(tmp_path, "uestc", tensors))
    settings = action_comparison.Settings(motions=40, halves=2, frames=12)
    asking = Asking(Answerer("action"))  # type: ignore[arg-type]
    rows = action_comparison.table(pack[1], asking, judge, settings, "mine")
    assert rows["mine"]["accuracy"].value == rows["real"]["accuracy"].value == 0.25
    real = action_comparison.real(pack[1], judge, settings, unseen=False, labelled=True)
    made = action_comparison.generated(asking, judge, settings)
    expected = frechet(judge.judged(made.features)[0], judge.judged(real.features)[0])
    assert rows["mine"]["fid"].value == pytest.approx(expected, rel=1e-3)
    assert rows["mine"]["fid"].value > rows["real"]["fid"].value > 0
    assert "precision" not in rows["mine"] and rows["mine"]["multimodality"].value > 0
    few = action_comparison.Motions(made.features, np.repeat(np.arange(20), 2))
    with pytest.raises(MotionError, match="each of 20 actions; ask for 80"):
        action_comparison.measure(few, real, judge, settings)


def test_the_command_measures_a_model_without_a_condition_by_the_other_file(
    pack: tuple[Path, FeaturePack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MotionGenerator, "load", staticmethod(lambda *_, **__: Answerer("none")))
    command = ["eval", "--metrics", "--model", "mine", "--pack", str(pack[0]), "--motions", "40", "--repetitions", "2"]
    path, numbers = written(tmp_path, "unconstrained"), tmp_path / "numbers.json"
    assert main([*command, "--evaluator", str(path), "--json", str(numbers)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "| | good | real | mine |"
    found = json.dumps(json.loads(numbers.read_text(encoding="utf-8")))
    for name in ("fid", "kid", "diversity", "precision", "recall"):
        assert f'"{name}"' in found
    assert '"accuracy"' not in found
    assert main([*command, "--evaluator", str(tmp_path / "none.tar")]) == 1
    assert "There is no evaluator" in capsys.readouterr().err
