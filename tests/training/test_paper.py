"""The paper's recipe from a data set's folder to motion, tiny: two commands, a loss that falls, a bundle that runs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core.checkpoints.bundle import Bundle  # noqa: E402
from mdm_core.cli import main  # noqa: E402
from mdm_core.datasets import feature_pack, making  # noqa: E402
from mdm_core.engine import loading  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.generator import MotionGenerator, Request  # noqa: E402
from mdm_core.io import npz  # noqa: E402
from mdm_core.text import encoders  # noqa: E402
from mdm_core.training import paper, paper_config, train  # noqa: E402
from mdm_core.training.paper_config import PaperConfig  # noqa: E402
from tests.datasets.folders import amass_folder, humanml3d_folder  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


def small(config: PaperConfig, folder: Path, **training: float) -> PaperConfig:
    """The configuration with a network and a run of seconds, in `folder`."""
    network = replace(config.network, latent=32, layers=1, heads=2, feed_forward=32, dropout=0.0)
    run = replace(config.training, steps=60, batch=8, report_every=30, ema=0.9, learning_rate=3e-3)
    run = replace(run, frames=40, **training)
    diffusion = replace(config.diffusion, steps=8)
    pack, out = str(folder / "pack.npz"), str(folder / "out")
    return replace(config, pack=pack, out=out, network=network, diffusion=diffusion, training=run)


def written(config: PaperConfig, path: Path) -> Path:
    """The configuration as the file that `mdm train` reads."""

    def lines(values: dict[str, object]) -> list[str]:
        said = {True: "true", False: "false"}
        return [
            f"{k} = {said[v] if isinstance(v, bool) else repr(v).replace(chr(39), chr(34))}" for k, v in values.items()
        ]

    sections = {name: vars(getattr(config, name)) for name in paper_config.SECTIONS}
    text = lines({k: v for k, v in vars(config).items() if k not in sections})
    for name, values in sections.items():
        text += [f"[{name}]", *lines(values)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def losses_of(config: PaperConfig) -> list[float]:
    with (Path(config.out) / "log.csv").open(encoding="utf-8") as file:
        return [float(row[1]) for row in csv.reader(file)]


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> PaperConfig:
    """AMASS files in folders of their actions, made into a pack by the command."""
    folder = tmp_path_factory.mktemp("actions")
    amass_folder(folder / "data", takes=5)
    command = ["data", "build", str(folder / "data"), str(folder / "pack.npz"), "--rotations", "--labels", "folder"]
    assert main(command) == 0
    return small(paper_config.read(ROOT / "configs" / "actions.toml"), folder)


def test_actions_of_amass_are_learnt_and_asked_for(actions: PaperConfig, tmp_path: Path) -> None:
    """`mdm train`, with all geometric losses, then `mdm generate --action` to a file."""
    assert main(["train", str(written(actions, tmp_path / "run.toml")), "--device", "cpu"]) == 0
    values = losses_of(actions)
    assert len(values) == 2 and values[1] < 0.8 * values[0]
    out = tmp_path / "hop.npz"
    bundle = str(Path(actions.out) / "bundle")
    assert main(["generate", "--action", "hop", "--model", bundle, "--seconds", "2", "--out", str(out)]) == 0
    made = npz.read(out)[0]
    assert made.positions.shape == (40, 22, 3) and made.prompt == "hop"
    card = MotionGenerator.load(bundle).card
    assert card["actions"] == ["hop", "walk"] and "AMASS" in card["licence"] and card["guidance"] == 1


def test_a_killed_run_goes_on(actions: PaperConfig, tmp_path: Path) -> None:
    first = replace(actions, out=str(tmp_path), training=replace(actions.training, steps=20, report_every=20))
    paper.train(first, CPU)
    paper.train(replace(first, training=replace(first.training, steps=30, report_every=10)), CPU)
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        assert [int(row[0]) for row in csv.reader(file)] == [20, 30]
    assert torch.load(tmp_path / train.CHECKPOINT, weights_only=True)["step"] == 30


def test_words_of_a_humanml3d_folder_are_learnt_by_encoder_and_decoder(tmp_path: Path) -> None:
    """263 features, MiniLM's sentences (one state each), a decoder and an encoder; the bundle runs on its own."""
    humanml3d_folder(tmp_path / "data")
    assert main(["data", "build", str(tmp_path / "data"), str(tmp_path / "pack.npz")]) == 0
    base = small(paper_config.read(ROOT / "configs" / "humanml3d.toml"), tmp_path)
    for arch in ("trans_enc", "trans_dec"):
        config = replace(base, out=str(tmp_path / arch), network=replace(base.network, arch=arch))
        generator = MotionGenerator.load(str(paper.train(config, CPU)), engine="torch")
        values = losses_of(config)
        assert values[1] < values[0]
        made = generator.generate(Request(("a person walks",), seconds=2.0))[0]
        assert made.positions.shape == (40, 22, 3) and np.isfinite(made.positions).all()
    assert generator.card["text"] == {"encoder": "all-MiniLM-L6-v2"} and generator.card["null_condition"]


def test_what_does_not_fit_is_said(actions: PaperConfig, tmp_path: Path) -> None:
    pack = feature_pack.load(Path(actions.pack))
    with pytest.raises(MotionError, match="holds no captions"):
        paper.check(replace(actions, condition="text"), pack)
    some = replace(pack, actions=np.where(np.arange(len(pack.actions)) == 0, -1, pack.actions))
    with pytest.raises(MotionError, match="has clips without an action"):
        paper.check(actions, some)
    features = replace(pack, about=replace(pack.about, representation="humanml3d"))
    with pytest.raises(MotionError, match="are for rotations"):
        paper.check(replace(actions, condition="none"), features)
    path = written(actions, tmp_path / "run.toml")
    text = path.read_text(encoding="utf-8")
    for old, new, said in (
        ('arch = "trans_enc"', 'arch = "gru"', 'the arch "gru"'),
        ("batch = 8\n", "", 'lacks the field "batch"'),
        ('condition = "action"', 'condition = "none"\n', None),
        ("condition_dropout = 0.0", "condition_dropout = 0.1", None),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        if said is None:
            paper_config.read(path)
            continue
        with pytest.raises(MotionError, match=said):
            paper_config.read(path)


def test_cuts_are_those_of_the_published_loaders() -> None:
    rng = np.random.default_rng(0)
    clip = np.arange(203 * 3, dtype=np.float32).reshape(203, 3)
    lengths = [len(paper.crop(clip[:90], 196, rng)) for _ in range(600)]
    assert set(lengths) == {84, 88} and 0.27 < lengths.count(84) / 600 < 0.4
    assert {len(paper.crop(clip, 196, rng)) for _ in range(50)} == {192, 196}
    rotations = np.random.default_rng(1).normal(size=(70, 150)).astype(np.float32)
    cut = paper.stretch(rotations, 60, rng)
    assert cut.shape == (60, 150) and np.array_equal(cut[0, 144:147], np.zeros(3))
    short = paper.stretch(rotations[:20], 60, rng)
    np.testing.assert_array_equal(short[20:], np.repeat(short[19:20], 40, axis=0))
    np.testing.assert_array_equal(rotations, np.random.default_rng(1).normal(size=(70, 150)).astype(np.float32))


def test_states_of_several_tokens_are_attended_to_by_a_decoder(tmp_path: Path) -> None:
    """As DistilBERT gives them: captions of different lengths in one batch, and none of the padding is heard."""
    humanml3d_folder(tmp_path / "data")

    def states(sentence: str) -> np.ndarray:
        words = [np.random.default_rng(sum(map(ord, word))).normal(size=12) for word in sentence.split()]
        return np.stack(words).astype(np.float32)

    asked = making.Making(texts=making.Texts(encoders.DISTILBERT, 0, states))
    making.make(tmp_path / "data", tmp_path / "pack.npz", asked)
    pack = feature_pack.load(tmp_path / "pack.npz")
    base = small(paper_config.read(ROOT / "configs" / "humanml3d.toml"), tmp_path)
    config = replace(base, network=replace(base.network, arch="trans_dec"), training=replace(base.training, steps=5))
    drawn = paper.batch(pack, config, np.arange(len(pack.names)), 32, np.random.default_rng(0))
    assert drawn.text is not None and drawn.text_mask is not None
    lengths = {len(sentence.split()) for sentence in pack.sentences}
    assert set(drawn.text_mask.sum(dim=1).tolist()) == lengths and len(lengths) > 1
    bundle = Bundle.read(paper.train(config, CPU))
    assert bundle.card["text"] == {"encoder": encoders.DISTILBERT} and bundle.card["architecture"]["text_dim"] == 12
    generator = MotionGenerator(bundle, loading.load(bundle, "torch", "cpu"))
    generator._encoder = encoders.Cached(Tokens(states))
    request = Request(("a person slides left", "somebody walks"), seconds=2.0, clean=False)
    together = generator.generate(request)
    alone = generator.generate(replace(request, prompts=request.prompts[1:]))
    np.testing.assert_allclose(together[1].positions, alone[0].positions, atol=1e-3)


class Tokens:
    """A text encoder of a function."""

    def __init__(self, states: Callable[[str], np.ndarray]) -> None:
        self.states = states
