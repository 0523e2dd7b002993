"""A whole small training run on made-up clips: the pack, the loop, a kill and the resumption, the bundle."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from mdm_core.checkpoints.bundle import Bundle  # noqa: E402
from mdm_core.datasets import cmu, pack, packed_positions, wordings  # noqa: E402
from mdm_core.datasets.captions import mirror_words  # noqa: E402
from mdm_core.engine.base import Conditioning  # noqa: E402
from mdm_core.errors import MotionError  # noqa: E402
from mdm_core.features.layout import Layout  # noqa: E402
from mdm_core.training import batches, config, data, train  # noqa: E402
from mdm_core.training import state as state_file  # noqa: E402
from mdm_core.training.sides import side_axis  # noqa: E402
from tests.datasets.bodies import moved, standing, turned  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
COMPOSED = {"gestures": 0, "waves": 6, "raises": 6, "hands": 6}
"""How many clips a pack is given beside the measured ones: some, not the hundreds that a model is trained on."""


def to_cmu(positions: np.ndarray) -> np.ndarray:
    """SMPL-22 positions as the CMU joints [T, 20, 3] that map back onto them; the others where they do no harm."""
    result = np.zeros((len(positions), 20, 3))
    for joint, source in cmu.DIRECT.items():
        result[:, source] = positions[:, joint]
    result[:, 1], result[:, 2] = positions[:, 12], positions[:, 12]
    for elbow, wrist, a, b in ((18, 20, 6, 7), (19, 21, 10, 11)):
        fore = positions[:, wrist] - positions[:, elbow]
        result[:, a], result[:, b] = positions[:, elbow] + 0.7 * fore, positions[:, elbow] + 1.1 * fore
    return result


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the form of `cmu_positions.npz` and `cmu_clips.jsonl`: 12 clips of 9 seconds, two subjects."""
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    moves = {"walk": (0, 0, 1.2), "walk_backward": (0, 0, -0.8), "run": (0, 0, 3.0)}
    rows, clips = [], []
    for number in range(12):
        action = list(moves)[number % 3]
        body = turned(moved(standing(108), moves[action], 12), rng.uniform(-0.6, 0.6))
        body[:, [18, 20], 2] += 0.1 * np.sin(np.arange(108))[:, None]
        clips.append(np.rint(to_cmu(body) / 0.0005).astype(np.int64).reshape(108, 60))
        subject = 12 if number >= 9 else 1
        captions = [f"a person does {action} with the left arm", action]
        rows.append(
            {"id": f"{subject:02d}_{number:02d}", "subject": subject, "fps": 12, "kind": "single"}
            | {"actions": [action], "captions": captions}
        )
    delta = np.concatenate([np.diff(c, axis=0, prepend=0) for c in clips]).T.astype(np.int16)
    np.savez(
        folder / "cmu_positions.npz",
        delta=delta,
        offsets=np.arange(13) * 108,
        ids=np.array([row["id"] for row in rows]),
        scale=0.0005,
    )
    (folder / "cmu_clips.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return folder


def encode(sentences: list[str]) -> np.ndarray:
    """A stand-in for the text encoder: a fixed random unit vector for each sentence."""
    rows = [np.random.default_rng(abs(hash(s)) % 2**32).normal(size=16) for s in sentences]
    return np.array([r / np.linalg.norm(r) for r in rows], dtype=np.float32)


@pytest.fixture(scope="module")
def settings(source: Path, tmp_path_factory: pytest.TempPathFactory) -> config.Config:
    folder = tmp_path_factory.mktemp("run")
    pack.build(source, folder / "pack.npz", encode, **COMPOSED)
    whole = config.read(ROOT / "configs" / "bundled.toml")
    small = replace(whole.network, latent=32, layers=1, feed_forward=64)
    training = replace(
        whole.training, steps=30, tokens=200, warmup=5, sample_every=15, save_minutes=0.0, mean_of=[], start=""
    )
    places = {"pack": str(folder / "pack.npz"), "out": str(folder / "out")}
    return replace(whole, **places, text=config.TextSettings(""), network=small, training=training)


def test_pack_gives_back_the_clips_within_its_step(source: Path, settings: config.Config) -> None:
    loaded = pack.load(Path(settings.pack))
    for k, clip in enumerate(cmu.clips(source)):
        kept = loaded.positions[loaded.offsets[k] : loaded.offsets[k + 1]]
        np.testing.assert_allclose(kept, clip.positions, atol=packed_positions.SCALE / 2 + 1e-5)


def test_a_card_says_what_the_packs_data_says_of_itself(source: Path, settings: config.Config, tmp_path: Path) -> None:
    """CMU's acknowledgement where a pack says nothing; else its own name and terms, never this project's licence."""
    cards: list[dict[str, Any]] = []
    told = {"data": {"name": "somebody's capture"}, "licence": "their terms"}
    for about in (None, told):
        pack.build(source, tmp_path / "pack.npz", encode, about=about, **COMPOSED)
        whole = replace(settings, pack=str(tmp_path / "pack.npz"), out=str(tmp_path / "out"))
        whole = replace(whole, training=replace(whole.training, steps=1, sample_every=1))
        cards.append(Bundle.read(train.train(whole, CPU)).card)
        shutil.rmtree(tmp_path / "out")
    assert "mocap.cs.cmu.edu" in cards[0]["data"]["acknowledgement"] and cards[0]["licence"] == "GPL-3.0-or-later"
    assert cards[1]["data"]["name"] == "somebody's capture" and cards[1]["licence"] == "their terms"
    assert "acknowledgement" not in cards[1]["data"] and cards[1]["data"]["held_out_subjects"]


def test_a_pack_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match="No clip of this data set can be trained on"):
        pack.build([], tmp_path / "pack.npz", encode)
    assert not list(tmp_path.iterdir())


def test_pack_keeps_the_label_of_each_window(settings: config.Config) -> None:
    loaded = pack.load(Path(settings.pack))
    assert loaded.action_names == pack.ACTIONS
    for (clip, _, _), label in zip(loaded.windows, loaded.actions, strict=True):
        expected = ("walk", "walk_backward", "run")[int(loaded.names[clip].split("_")[1][:2]) % 3]
        assert "~" in loaded.names[clip] or loaded.action_names[label] == expected


def test_windows_lie_within_their_clips_and_mirrors_pair_up(settings: config.Config) -> None:
    loaded = pack.load(Path(settings.pack))
    frames = np.diff(loaded.offsets)[loaded.windows[:, 0]]
    assert (loaded.windows[:, 1] >= 0).all() and (loaded.windows[:, 2] <= frames).all()
    assert ((loaded.windows[:, 2] - loaded.windows[:, 1]) <= pack.LENGTHS[-1]).all()
    assert loaded.weight.sum() == pytest.approx(1)
    np.testing.assert_array_equal(loaded.mirrored[loaded.mirrored], np.arange(len(loaded.sentences)))
    side = [s for s in loaded.sentences if "left arm" in s]
    assert side and all(loaded.sentences[loaded.mirrored[loaded.sentences.index(s)]] != s for s in side)


def test_held_out_subjects_are_never_drawn_for_training(settings: config.Config) -> None:
    loaded = pack.load(Path(settings.pack))
    layout = Layout(tuple(settings.features.groups))
    trained = data.training_set(loaded, layout, settings.features.facing)
    for chosen, expected in ((trained, {1}), (data.held_out(trained), {12})):
        drawn = np.concatenate([index for index, _ in chosen.buckets])
        subjects = set(loaded.subjects[loaded.windows[drawn, 0]].tolist())
        assert subjects == expected


def test_batch_is_normalised_and_padded_with_zeros(settings: config.Config) -> None:
    loaded = pack.load(Path(settings.pack))
    chosen = data.training_set(loaded, Layout(tuple(settings.features.groups)), settings.features.facing)
    drawn = data.batch(chosen, 3, 16, np.random.default_rng(0))
    assert drawn.x0.shape == (16, pack.LENGTHS[3], 137)
    assert (~drawn.frame_mask).any()
    assert float(drawn.x0[~drawn.frame_mask].abs().max()) == 0
    assert 0.5 < float(drawn.x0[drawn.frame_mask].std(dim=0).mean()) < 2  # of a column in metres or radians: 0.02


def test_a_run_learns_and_a_killed_run_goes_on(settings: config.Config) -> None:
    class Killed(Exception):
        pass

    def kill(_bundle: Path, _pictures: Path) -> None:
        raise Killed

    with pytest.raises(Killed):
        train.train(settings, CPU, on_sample=kill)
    stored = torch.load(Path(settings.out) / state_file.CHECKPOINT, weights_only=True)
    assert 0 < stored["step"] < 30
    seen: list[str] = []
    folder = train.train(settings, CPU, on_sample=lambda _, p: seen.append(p.name))
    assert seen == ["samples-000030"]
    log = (Path(settings.out) / "log.csv").read_text(encoding="utf-8").split()
    first, last = (float(line.split(",")[1]) for line in (log[0], log[-1]))
    assert last < first
    bundle = Bundle.read(folder)
    assert bundle.card["training"]["steps"] == 30
    assert all(np.isfinite(tensor).all() for tensor in bundle.tensors.values())


def test_batches_are_their_steps_own_whoever_makes_them(settings: config.Config) -> None:
    """A run that goes on at step 3, or has processes beside it, sees what one that went through would have seen."""
    given = data.training_set(
        pack.load(Path(settings.pack)), Layout(tuple(settings.features.groups)), settings.features.facing
    )
    drawing = batches.Drawing(train.bucket_chances(given), 200, 4, train.shares(settings), seed=7)
    through = list(batches.batches(given, drawing, range(6), 0, CPU))
    later = list(batches.batches(given, drawing, range(3, 6), 2, CPU))
    assert len(through) == 6 and len(later) == 3
    for one, other in zip(through[3:], later, strict=True):
        for name in ("x0", "text", "observed", "conditioned"):
            torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=0)
    assert not torch.equal(through[0].x0[:8, :20], through[1].x0[:8, :20])


def test_a_checkpoint_of_another_size_is_refused(settings: config.Config, tmp_path: Path) -> None:
    layout = Layout(tuple(settings.features.groups))
    shape = train.network_shape(settings, layout, 16, 3)
    state = train.new_state(settings, shape, CPU)
    state_file.save(state, tmp_path / state_file.CHECKPOINT)
    wider = replace(settings, network=replace(settings.network, latent=64))
    other = train.new_state(wider, train.network_shape(wider, layout, 16, 3), CPU)
    with pytest.raises(MotionError, match="does not fit this configuration"):
        state_file.resume(other, tmp_path / state_file.CHECKPOINT, CPU)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("latent = 256", ""), 'lacks the field "latent"'),
        (("latent = 256", "latent = 256\nwidth = 3"), 'does not know the field "width"'),
        (("[network]", "[network"), "cannot be read"),
    ],
)
def test_a_wrong_configuration_is_named(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    text = (ROOT / "configs" / "bundled.toml").read_text(encoding="utf-8").replace(*change)
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MotionError, match=said):
        config.read(tmp_path / "wrong.toml")


def test_a_run_goes_on_from_a_model_that_was_shown_nothing(settings: config.Config) -> None:
    layout = Layout(tuple(settings.features.groups))
    plain = replace(settings, network=replace(settings.network, observed=False, actions=False))
    old = train.new_state(plain, train.network_shape(plain, layout, 16, 3), CPU)
    given = data.training_set(pack.load(Path(settings.pack)), layout, settings.features.facing)
    unstretched = train.Hearing(np.zeros(16, dtype=np.float32), 1.0)
    made = train.bundle(old, plain, old.network.shape, given, unstretched)

    new = train.new_state(replace(settings, seed=5), train.network_shape(settings, layout, 16, 3), CPU)
    train.begin_from(new, made, unstretched)
    x, step, keep = torch.randn(2, 12, layout.width), torch.tensor([3, 40]), torch.ones(2)
    told = Conditioning(keep=keep, text=torch.randn(2, 1, 16))
    shown = replace(told, observed=torch.ones(2, 12, 141), observed_mask=torch.ones(2, 12, 141, dtype=torch.bool))
    labelled = replace(told, action=torch.tensor([0, 2]))
    for network in (old.network, new.network):
        network.eval()
    with torch.no_grad():
        expected = old.network(x, step, told)
        torch.testing.assert_close(new.network(x, step, told), expected)
        torch.testing.assert_close(new.network(x, step, labelled), expected)
        assert not torch.allclose(new.network(x, step, shown), expected)


def test_every_batch_has_steps_from_all_of_the_chain_and_all_are_as_likely() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([train.random_steps(12, 50, generator) for _ in range(4000)])
    assert drawn.min() == 0 and drawn.max() == 49
    counts = torch.bincount(drawn.flatten(), minlength=50) / (12 * 4000)
    torch.testing.assert_close(counts, torch.full((50,), 1 / 50), atol=0.003, rtol=0)
    ordered = drawn.sort(dim=1).values.diff(dim=1)
    assert ordered.min() >= 4 and ordered.max() <= 5


def test_noise_is_added_to_words_alone(settings: config.Config) -> None:
    given = data.training_set(
        pack.load(Path(settings.pack)), Layout(tuple(settings.features.groups)), settings.features.facing
    )

    def drawn(noise: float) -> data.Batch:
        return data.batch(given, 0, 64, np.random.default_rng(3), data.Shares(action=0.5, text_noise=noise))

    plain, noisy = drawn(0.0), drawn(0.1)
    told = (plain.action >= 0).numpy()
    assert 0 < told.sum() < 64
    added = (noisy.text - plain.text).numpy()
    assert not added[told].any()
    assert added[~told].std() == pytest.approx(0.1, rel=0.1)


def test_rewording_adds_what_two_ways_to_say_one_thing_differ_in() -> None:
    embeddings = np.eye(4, dtype=np.float32)
    given = SimpleNamespace(reworded=(embeddings[:2], embeddings[2:]))
    added = data.rephrased(given, 400, np.random.default_rng(0))  # type: ignore[arg-type]
    np.testing.assert_array_equal(added[:, 0], -added[:, 1])
    np.testing.assert_array_equal(added[:, 2], -added[:, 3])
    assert set(np.unique(added)) == {-1.0, 0.0, 1.0}
    assert not (added[:, :2].any(axis=1) & added[:, 2:].any(axis=1)).any()


def test_rewordings_do_not_tell_of_sides(settings: config.Config) -> None:
    kept = pack.load(Path(settings.pack))
    groups = data.rewordings(kept)
    assert groups
    said = [[s for s in group if s in kept.sentences and mirror_words(s) == s] for group in wordings.groups()]
    assert [len(group) for group in groups] == [len(group) for group in said if len(group) > 1]
    axis = side_axis(kept)
    assert np.linalg.norm(axis) == pytest.approx(1.0, abs=1e-5)
    assert abs(np.concatenate(groups) @ axis).max() < 1e-4
    plain = kept.embeddings[kept.sentences.index(next(group for group in said if len(group) > 1)[0])]
    assert abs(groups[0][0] - (plain - (plain @ axis) * axis)).max() < 1e-3


def test_reworded_sentences_are_off_by_no_more_than_asked(settings: config.Config) -> None:
    given = data.training_set(
        pack.load(Path(settings.pack)), Layout(tuple(settings.features.groups)), settings.features.facing
    )
    drawn = [
        data.batch(given, 0, 32, np.random.default_rng(3), data.Shares(action=0.5, rewording=share)) for share in (0, 1)
    ]
    told, added = (drawn[0].action >= 0).numpy(), (drawn[1].text - drawn[0].text).numpy()
    assert 0 < told.sum() < 32 and not added[told].any()
    most = max(np.linalg.norm(group[:, None] - group, axis=-1).max() for group in given.reworded)
    assert 0 < np.linalg.norm(added, axis=-1).max() <= most + 1e-3


def test_a_model_may_be_the_mean_of_two_moments_of_a_run(settings: config.Config, tmp_path: Path) -> None:
    short = replace(settings.training, steps=4, sample_every=2, mean_of=[2, 4])
    folder = train.train(replace(settings, training=short, out=str(tmp_path / "mean")), CPU)
    kept = [train.load_file(tmp_path / "mean" / train.AVERAGE.format(step=step)) for step in (2, 4)]
    name = "input_process.poseEmbedding.weight"
    assert not torch.equal(kept[0][name], kept[1][name])
    wanted = (0.5 * (kept[0][name] + kept[1][name])).numpy()
    np.testing.assert_allclose(Bundle.read(folder).parameters[name], wanted, rtol=2e-3, atol=1e-4)
    missing = replace(settings, training=replace(short, mean_of=[3]), out=str(tmp_path / "none"))
    with pytest.raises(MotionError, match="mean_of"):
        train.train(missing, CPU)
