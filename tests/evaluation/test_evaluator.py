"""Our evaluator: what it reads and writes, and that a short training learns what words mean."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the evaluator needs torch")

from mdm_core.cli import main  # noqa: E402
from mdm_core.datasets import pack as packs  # noqa: E402
from mdm_core.datasets.pack import Pack  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.evaluation import evaluator, fit, held_out  # noqa: E402
from mdm_core.evaluation.evaluator import Evaluator, Shape, TextMotionNetwork  # noqa: E402
from mdm_core.features.layout import Layout  # noqa: E402
from mdm_core.training.config import kind_of  # noqa: E402
from tests.datasets import folders  # noqa: E402
from tests.evaluation.small_pack import WORDS, about, small_pack  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = Layout(("root", "ric", "velocity"))
SHAPE = Shape(LAYOUT.width, WORDS, width=32, layers=1, heads=2, feed_forward=32, frames_per_token=8, embedding=16)


@pytest.fixture(scope="module")
def made() -> Evaluator:
    torch.manual_seed(0)
    width = LAYOUT.width
    network = TextMotionNetwork(SHAPE).eval()
    mean, std = np.zeros(width, dtype=np.float32), np.ones(width, dtype=np.float32)
    return Evaluator(network, LAYOUT, mean, std, evaluator.new_card("test", SHAPE, LAYOUT))


@pytest.fixture(scope="module")
def pack() -> Pack:
    return small_pack()


def test_a_motion_is_the_same_alone_among_longer_ones_and_anywhere_in_the_world(made: Evaluator, pack: Pack) -> None:
    short, long = pack.positions[:50], pack.positions[72 * 5 : 72 * 6]
    together = made.motions([short, long, long, about(short, 2.0) + [3, 0, -5]])
    np.testing.assert_allclose(together[0], made.motions([short])[0], atol=1e-4)
    np.testing.assert_allclose(together[0], together[3], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), np.sqrt(16), rtol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.01


def test_what_is_written_is_read_back(made: Evaluator, pack: Pack, tmp_path: Path) -> None:
    made.write(tmp_path)
    again = Evaluator.read(tmp_path)
    np.testing.assert_allclose(again.motions([pack.positions[:72]]), made.motions([pack.positions[:72]]), atol=0.02)
    np.testing.assert_allclose(again.texts(pack.embeddings), made.texts(pack.embeddings), atol=0.02)


def test_what_does_not_fit_is_said(made: Evaluator, pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="sentence embeddings of 12 numbers"):
        made.texts(np.zeros((3, 384)))
    with pytest.raises(MotionError, match="two frames or more"):
        made.motions([pack.positions[:1]])
    with pytest.raises(MotionError, match="There is no evaluator in"):
        Evaluator.read(tmp_path / "none")
    made.write(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    card["architecture"]["width"] = 64
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(MotionError, match="does not fit its card"):
        Evaluator.read(tmp_path)
    (tmp_path / "card.json").write_text(json.dumps({"format": 1, "architecture": {}, "features": {}}), encoding="utf-8")
    with pytest.raises(MotionError, match='format is "1"'):
        Evaluator.read(tmp_path)
    (tmp_path / "card.json").write_text("[", encoding="utf-8")
    with pytest.raises(MotionError, match="cannot be read as an evaluator's card"):
        Evaluator.read(tmp_path)


def test_the_loss_is_that_of_a_loop_without_doubtful_pairs(pack: Pack) -> None:
    torch.manual_seed(1)
    network = TextMotionNetwork(SHAPE).eval()
    data = fit.prepare(pack, LAYOUT)
    given = fit.batch(data, 1, 24, np.random.default_rng(0))
    with torch.no_grad():
        motion, text = network.motion(given.x, given.frame_mask).numpy(), network.text(given.text).numpy()
        found = float(fit.loss(network, given, 0.2))
    words = given.text.numpy() / np.linalg.norm(given.text.numpy(), axis=1, keepdims=True)
    scale, total, left_out = float(np.exp(2.5)), 0.0, 0
    for k in range(24):
        others = [m for m in range(24) if m == k or (given.clip[m] != given.clip[k] and words[m] @ words[k] <= 0.2)]
        left_out += 24 - len(others)
        for near in ([motion[k] @ text[m] for m in others], [motion[m] @ text[k] for m in others]):
            total += np.log(np.sum(np.exp(scale * np.array(near)))) - scale * near[others.index(k)]
    assert left_out > 24 and found == pytest.approx(total / 48, rel=1e-4)


def test_half_of_a_batch_is_mirrored_with_its_words(pack: Pack) -> None:
    """The mean sideways velocity has the sign that the sentence of the row, mirrored or not, says."""
    data = fit.prepare(pack, LAYOUT)
    given = fit.batch(data, 1, 64, np.random.default_rng(0))
    sideways = (given.x[:, :70, 1] * data.std[1] + data.mean[1]).mean(dim=1).numpy()
    near = given.text.numpy() @ pack.embeddings.astype(np.float32).T
    kinds = near.argmax(axis=1)
    expected = np.sin(2 * np.pi * (kinds // 4) / 8)
    clear = np.abs(expected) > 0.1
    assert clear.sum() > 20 and (np.sign(sideways[clear]) == np.sign(expected[clear])).all()
    assert 16 < int((given.clip < 0).sum()) < 48


def test_a_short_training_finds_words_for_people_it_never_saw(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "configs" / "evaluator.toml").read_text(encoding="utf-8")
    for old, new in (
        ("runs/evaluator", tmp_path.as_posix()), ("width = 160", "width = 32"), ("layers = 3", "layers = 1"),
        ("feed_forward = 480", "feed_forward = 32"), ("steps = 2400", "steps = 120"), ("batch = 128", "batch = 64"),
        ("warmup = 100", "warmup = 10"), ("report_every = 200", "report_every = 60"), ("1e-3", "3e-3"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(fit, "load", lambda _path: pack)
    assert main(["train", str(tmp_path / "small.toml"), "--device", "cpu"]) == 0
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["step 60", "step 120"]
    trained = Evaluator.read(tmp_path)
    assert trained.card["metrics"]["r_precision_top3"] > 0.6  # by chance 3 / 32
    assert trained.card["training"]["steps"] == 120
    items = held_out.draw(pack, 2, np.random.default_rng(5))
    assert fit.retrieval(trained, pack, items)["r_precision_top3"] > 0.6


def test_subjects_that_are_held_out_are_not_trained_on(pack: Pack) -> None:
    data = fit.prepare(pack, LAYOUT)
    drawn = np.concatenate([index for index, _ in data.buckets])
    assert not held_out.held(pack)[pack.windows[drawn, 0]].any() and len(drawn) == 128
    with pytest.raises(MotionError, match="no captioned window to train an evaluator on"):
        fit.prepare(replace(pack, subjects=np.full_like(pack.subjects, 12)), LAYOUT)


@pytest.mark.parametrize(
    ("change", "said"), [(("width = 160", ""), 'lacks the field "width"'), (("seed = 1", "sed = 1"), '"seed"')]
)
def test_a_wrong_configuration_is_named(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    text = (ROOT / "configs" / "evaluator.toml").read_text(encoding="utf-8").replace(*change)
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    assert kind_of(tmp_path / "wrong.toml") == fit.KIND
    with pytest.raises(MotionError, match=said):
        fit.read(tmp_path / "wrong.toml")


def test_other_configurations_are_no_evaluators(tmp_path: Path) -> None:
    assert kind_of(ROOT / "configs" / "bundled.toml") == ""
    assert kind_of(tmp_path / "none.toml") == ""


def test_a_humanml3d_folder_becomes_an_evaluator_by_two_commands(tmp_path: Path) -> None:
    """Its own captions, its test set held out; then the folder's clips are where their words are, more or less."""
    folders.humanml3d_folder(tmp_path / "data", clips=24)
    joints = tmp_path / "joints.npz"
    assert main(["data", "build", str(tmp_path / "data"), str(joints), "--positions", "--gestures", "0"]) == 0
    text = (ROOT / "configs" / "evaluator.toml").read_text(encoding="utf-8")
    for old, new in (
        ("data/pack.npz", joints.as_posix()), ("runs/evaluator", (tmp_path / "out").as_posix()),
        ("width = 160", "width = 32"), ("layers = 3", "layers = 1"), ("feed_forward = 480", "feed_forward = 32"),
        ("steps = 2400", "steps = 30"), ("batch = 128", "batch = 32"), ("warmup = 100", "warmup = 5"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    assert main(["train", str(tmp_path / "run.toml"), "--device", "cpu"]) == 0
    made, loaded = Evaluator.read(tmp_path / "out"), packs.load(joints)
    motion = made.motions([loaded.positions[a:b] for a, b in zip(loaded.offsets[:-1], loaded.offsets[1:], strict=True)])
    words = [loaded.sentences.index(s) for s in ("a person walks", "a person slides left", "a person goes backwards")]
    near = motion @ made.texts(loaded.embeddings[words]).T
    own = [int(name.removesuffix("+cycle")) % 3 for name in loaded.names]
    assert (near.argmax(axis=1) == own).mean() > 0.6  # by chance a third
