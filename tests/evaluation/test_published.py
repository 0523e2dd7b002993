"""The published evaluators' form, filled with random weights: their sums by hand, their words, the whole protocol."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the evaluators need torch")

from mdm_core.cli import main  # noqa: E402
from mdm_core.datasets import humanml3d_folder  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.evaluation import benchmark, metrics, published  # noqa: E402
from mdm_core.evaluation.asking import Asking  # noqa: E402
from mdm_core.evaluation.published import MovementEncoder, Published, Sequencer, TextEncoder, Vocabulary  # noqa: E402
from mdm_core.generator import MotionGenerator, Request  # noqa: E402
from mdm_core.motion import Motion  # noqa: E402
from tests.datasets.folders import humanml3d_folder as make  # noqa: E402

WORDS = ["sos", "eos", "unk", "a", "person", "walk", "slide", "go", "left", "backwards"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """finest.tar and what lies beside it, in their authors' form."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(0)
    networks = {
        "movement_encoder": MovementEncoder(259),
        "motion_encoder": Sequencer(512, 1024),
        "text_encoder": TextEncoder(),
    }
    with torch.no_grad():
        for encoder in (networks["motion_encoder"], networks["text_encoder"]):
            encoder.hidden.normal_()
    torch.save({name: n.state_dict() for name, n in networks.items()} | {"epoch": 7}, folder / "finest.tar")
    np.save(folder / "t2m_mean.npy", np.full(263, 0.1))
    np.save(folder / "t2m_std.npy", np.full(263, 0.5))
    (folder / "glove").mkdir()
    np.save(folder / "glove" / "our_vab_data.npy", np.random.default_rng(0).normal(size=(len(WORDS), 300)))
    (folder / "glove" / "our_vab_idx.pkl").write_bytes(pickle.dumps({word: k for k, word in enumerate(WORDS)}))
    return folder


@pytest.fixture(scope="module")
def judge(files: Path) -> Published:
    return published.read(files / "finest.tar")


def gru(cell: Any, inputs: np.ndarray, state: np.ndarray, suffix: str) -> np.ndarray:
    """Torch's GRU equations over [L, D], in NumPy: the last state."""
    w, u, b, c = (
        getattr(cell, f"{n}_l0{suffix}").detach().numpy() for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    for x in inputs:
        i, h = w @ x + b, u @ state + c
        (ri, zi, ni), (rh, zh, nh) = np.split(i, 3), np.split(h, 3)
        r, z = 1 / (1 + np.exp(-(ri + rh))), 1 / (1 + np.exp(-(zi + zh)))
        state = (1 - z) * np.tanh(ni + r * nh) + z * state
    return state


def test_an_embedding_is_that_of_the_equations_whatever_is_beside_it(judge: Published) -> None:
    """Two convolutions of stride 2 over the motion in 196 frames, a GRU each way from its learned beginning."""
    rng = np.random.default_rng(1)
    clip = rng.normal(size=(43, 263))
    found = judge.of_features([clip, rng.normal(size=(120, 263))])[0]
    clip[:, -4:] += 100
    np.testing.assert_allclose(judge.of_features([clip])[0], found, atol=1e-5)
    x = np.pad(((clip[:40] - 0.1) / 0.5)[:, :259], ((0, 156), (0, 0)))
    for layer in (judge.movement.main[0], judge.movement.main[3]):
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        padded = np.pad(x, ((1, 1), (0, 0)))
        x = np.stack([np.einsum("oik,ki->o", weight, padded[2 * t : 2 * t + 4]) + bias for t in range(len(x) // 2)])
        x = np.where(x > 0, x, 0.2 * x)
    x = x[:10]

    def linear(layer: Any, values: np.ndarray) -> np.ndarray:
        return values @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    tokens = linear(judge.motion.input_emb, linear(judge.movement.out_net, x))
    start = judge.motion.hidden.detach().numpy()[:, 0]
    h = np.concatenate(
        [gru(judge.motion.gru, tokens, start[0], ""), gru(judge.motion.gru, tokens[::-1], start[1], "_reverse")]
    )
    h = linear(judge.motion.output_net[0], h)
    norm = judge.motion.output_net[1]
    h = (h - h.mean()) / np.sqrt(h.var() + 1e-5) * norm.weight.detach().numpy() + norm.bias.detach().numpy()
    expected = linear(judge.motion.output_net[3], np.where(h > 0, h, 0.2 * h))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_words_have_their_class_and_marks_and_a_limit(judge: Published) -> None:
    vocabulary = judge.vocabulary
    assert vocabulary is not None
    vectors, classes = vocabulary.tokens(["a/DET", "walk/NOUN", "left/ADJ", "zebra/NOUN", "person/X"])
    rows = [WORDS.index(w) for w in ("sos", "a", "walk", "left", "unk", "person", "eos")]
    np.testing.assert_array_equal(vectors, vocabulary.vectors[rows])
    # In the published order: VERB NOUN DET ADP NUM AUX PRON ADJ ADV Loc Body Obj Act Desc OTHER.
    assert classes.argmax(axis=1).tolist() == [14, 2, 12, 9, 14, 14, 14] and (classes.sum(axis=1) == 1).all()
    assert len(vocabulary.tokens(["a/DET"] * 30)[0]) == 22
    alone = judge.of_words([["a/DET", "person/NOUN"]])
    np.testing.assert_allclose(judge.of_words([["a/DET", "person/NOUN"], ["walk/VERB"] * 9])[0], alone[0], atol=1e-5)


class Copier:
    """A stand-in for a model of HumanML3D's features: it answers with the very test clip that has the caption."""

    condition = "text"

    def __init__(self, data: humanml3d_folder.Dataset, spoil: float) -> None:
        self.card: dict[str, Any] = {"name": "copier", "features": {"representation": "humanml3d", "fps": 20.0}}
        self.known = {c.words[0].text: c.features for c in humanml3d_folder.clips(data, "test")}
        self.spoil, self.seeds = spoil, list[int]()

    def generate(self, request: Request, *, on_step: Any = None) -> list[Motion]:
        self.seeds += request.seeds
        if on_step:
            on_step(1, 1)
        noise = np.random.default_rng(request.seeds[0])
        found = [self.known[prompt] + self.spoil * noise.normal(size=(1, 263)) for prompt in request.prompts]
        assert request.seconds == 3.0 and not request.clean
        return [Motion(np.zeros((60, 22, 3), np.float32), 20.0, features=f.astype(np.float32)) for f in found]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> humanml3d_folder.Dataset:
    """A data set with 70 test clips whose captions are all different."""
    folder = tmp_path_factory.mktemp("data")
    made = make(folder, clips=70)
    (folder / "test.txt").write_text("\n".join(made), encoding="utf-8")
    for name in made:
        tokens = " ".join(f"{WORDS[3 + int(digit) % 7]}/NOUN" for digit in name)
        (folder / "texts" / f"{name}.txt").write_text(f"clip {name}#{tokens}#0.0#0.0\n", encoding="utf-8")
    return humanml3d_folder.open_folder(folder)


def test_a_model_that_copies_has_the_numbers_of_real_motion(data: humanml3d_folder.Dataset, judge: Published) -> None:
    test = benchmark.test_set(data, judge)
    settings = benchmark.Settings(rounds=32, repetitions=3, texts=4, takes=3)
    model = Copier(data, 0.0)
    rows = benchmark.rows(test, judge, Asking(model, clean=False), settings, "copier")  # type: ignore[arg-type]
    assert set(rows["copier"]) - set(rows["real"]) == {"multimodality"}
    for key, value in rows["real"].items():
        assert rows["copier"][key].value == pytest.approx(value.value, abs=1e-4, nan_ok=True), key
    assert rows["copier"]["multimodality"].value == pytest.approx(0, abs=1e-4)
    assert rows["real"]["fid"].value < 0.1 * metrics.fid(test.reference + 1, test.reference)
    assert len(set(model.seeds)) == len(model.seeds) == 3 * (64 + 12)
    spoilt = benchmark.rows(test, judge, Asking(Copier(data, 1.0), clean=False), settings, "c")["c"]  # type: ignore[arg-type]
    assert spoilt["fid"].value > 3 * rows["real"]["fid"].value and spoilt["multimodality"].value > 0.01


def test_the_command_prints_the_table(
    data: humanml3d_folder.Dataset,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(MotionGenerator, "load", staticmethod(lambda *_, **__: Copier(data, 0.0)))
    command = ["eval", "--metrics", "--pack", str(data.folder), "--raw", "--motions", "64", "--repetitions", "2"]
    out = tmp_path / "numbers.json"
    assert main([*command, "--evaluator", str(files / "finest.tar"), "--json", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "| | good | real | bundled |"
    assert set(json.loads(out.read_text(encoding="utf-8"))["real"]) >= {"fid", "r_precision_top3", "mm_distance"}
    assert main([*command, "--evaluator", str(tmp_path)]) == 1
    assert "mdm data build FOLDER FILE --positions" in capsys.readouterr().err


class Program:
    """What unpickles to a call."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("ran"),)  # type: ignore[return-value]


def test_files_that_carry_programs_are_refused_and_do_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finest.tar").write_bytes(pickle.dumps({"movement_encoder": Program()}))
    with pytest.raises(MotionError, match="cannot be read as numbers alone"):
        published.read(tmp_path / "finest.tar")
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps(Program()))
    np.save(tmp_path / "our_vab_data.npy", np.zeros((3, 300)))
    with pytest.raises(MotionError, match="no vocabulary"):
        published.vocabulary(tmp_path)
    assert not (tmp_path / "ran").exists()
    pickle.loads((tmp_path / "our_vab_idx.pkl").read_bytes())  # the file does carry a program that would run
    assert (tmp_path / "ran").exists()


def test_what_is_missing_or_of_another_data_set_is_said(
    data: humanml3d_folder.Dataset, files: Path, judge: Published, tmp_path: Path
) -> None:
    with pytest.raises(MotionError, match="There is no evaluator"):
        published.read(tmp_path / "finest.tar")
    (tmp_path / "finest.tar").write_bytes((files / "finest.tar").read_bytes())
    with pytest.raises(MotionError, match="own t2m_mean.npy is missing"):
        published.read(tmp_path / "finest.tar")
    np.save(tmp_path / "mean.npy", np.zeros(251))
    with pytest.raises(MotionError, match=r"shape \(251,\)"):
        published.read(tmp_path / "finest.tar")
    mute = Published(judge.movement, judge.motion, judge.text, judge.mean, judge.std, None)
    with pytest.raises(MotionError, match="our_vab_data.npy"):
        mute.of_words([["a/DET"]])
    other = Published(judge.movement, judge.motion, judge.text, judge.mean[:251], judge.std[:251], None)
    with pytest.raises(MotionError, match="reads 251 numbers"):
        benchmark.test_set(data, other)
    torch.save({"movement_encoder": {}}, tmp_path / "finest.tar")
    with pytest.raises(MotionError, match="does not hold the evaluators"):
        published.read(tmp_path / "finest.tar")
    assert isinstance(judge.vocabulary, Vocabulary)
