"""The text adapter: what it is taught, that it learns, and that the add-on's encoder hears the same with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mdm_core.checkpoints.bundle import ADAPTED_FORMAT, Bundle
from mdm_core.checkpoints.tensors import read_safetensors
from mdm_core.datasets.pack import Pack
from mdm_core.errors import MotionError
from mdm_core.text.minilm import MiniLM
from mdm_core.training import config, embeddings, text_adapter

ROOT = Path(__file__).resolve().parents[2]
CONFIG = text_adapter.read(ROOT / "configs" / "words.toml")
SENTENCES = ("a person knits a scarf on a sofa", "a person walks to the left", "a person walks to the right", "an owl")
pytest.importorskip("transformers", reason="needs transformers")


def small_pack() -> Pack:
    """Four sentences, no motion."""
    return Pack(
        positions=np.zeros((0, 22, 3), np.float32),
        offsets=np.zeros(1, np.int64),
        names=(),
        subjects=np.zeros(0, np.int64),
        windows=np.zeros((2, 3), np.int64),
        weight=np.array([0.75, 0.25]),
        words=(np.array([0, 1]), np.array([2])),
        sentences=SENTENCES,
        mirrored=np.array([0, 2, 1, 3]),
        embeddings=MiniLM.load().encode(list(SENTENCES)),
        actions=np.full(2, -1),
        action_names=(),
    )


def test_before_a_step_the_student_is_the_teacher() -> None:
    """Against the encoder in NumPy, which tests/text compares with upstream's; sentences of different lengths."""
    torch.manual_seed(0)
    with torch.inference_mode():
        got = text_adapter.Student(4)(SENTENCES).numpy()
    np.testing.assert_allclose(got, MiniLM.load().encode(list(SENTENCES)), atol=2e-5)


def test_what_is_kept_is_what_the_student_hears() -> None:
    torch.manual_seed(0)
    student = text_adapter.Student(4)
    for layer in student.added.values():
        layer.up.data.normal_(std=0.02)
    with torch.inference_mode():
        expected = student(SENTENCES).numpy()
    got = MiniLM.load(adapter=student.adapter()).encode(list(SENTENCES))
    assert abs(expected - MiniLM.load().encode(list(SENTENCES))).max() > 0.01
    np.testing.assert_allclose(got, expected, atol=2e-3)  # float16


def test_sentences_are_drawn_as_training_draws_them_and_alike() -> None:
    given = text_adapter.lessons(small_pack(), replace(CONFIG, unseen=0.1))
    assert given.others == SENTENCES
    # Half of the chances go by windows (0.375 for each of the first's two, 0.25, none), half evenly.
    np.testing.assert_allclose(given.chances, np.array([0.375, 0.375, 0.25, 0.0]) / 2 + 1 / 8)
    taught = {one.wording for some in given.by_tag for one in some}
    assert given.unseen and not {(one.about, one.wording) for one in given.unseen} & {
        (one.about, one.wording) for some in given.by_tag for one in some
    }
    assert len(taught) > 4000


def test_targets_are_the_teachers_vectors_of_the_plain_sentences() -> None:
    given = text_adapter.lessons(small_pack(), CONFIG)
    wordings, others, targets = text_adapter.drawn(given, 30, np.random.default_rng(0))
    assert len(wordings) == 30 and len(others) == 40 and len(targets) == 70
    plain = {one.wording: one.plain for some in given.by_tag for each in some for one in (each, each.mirrored)}
    teacher = MiniLM.load()
    np.testing.assert_allclose(targets[30:], teacher.encode(others), atol=1e-5)
    same = [np.allclose(targets[k], teacher.encode([plain[w]])[0], atol=1e-5) for k, w in enumerate(wordings)]
    assert np.mean(same) > 0.9  # a wording may be one of two tags


@pytest.mark.slow
def test_a_short_run_brings_wordings_nearer_and_leaves_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_adapter, "load", lambda _: small_pack())
    short = replace(CONFIG, steps=40, warmup=5, batch=24, unseen=0.0, out=str(tmp_path), rank=8)
    path = text_adapter.train(short, torch.device("cpu"))
    adapter = read_safetensors(path)
    plain, taught = MiniLM.load(), MiniLM.load(adapter=adapter)
    wordings = [one for some in text_adapter.lessons(small_pack(), short).by_tag for one in some][::25]
    goal = plain.encode([one.plain for one in wordings])

    def near(encoder: MiniLM) -> float:
        return float((encoder.encode([one.wording for one in wordings]) * goal).sum(axis=1).mean())

    assert near(taught) > near(plain) + 0.1
    kept = (taught.encode(list(SENTENCES)) * plain.encode(list(SENTENCES))).sum(axis=1)
    assert kept.min() > 0.8


def test_sentences_are_encoded_anew_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = text_adapter.Student(2).adapter()
    name = next(n for n in adapter if n.endswith(".up"))
    adapter[name] = np.full_like(adapter[name], 0.05)
    got = embeddings.adapted(small_pack(), adapter, tmp_path)
    expected = MiniLM.load(adapter=adapter).encode(list(SENTENCES))
    np.testing.assert_allclose(got.embeddings, expected, atol=1e-3)
    monkeypatch.setattr(embeddings, "anew", lambda *_: pytest.fail("encoded again"))
    np.testing.assert_array_equal(embeddings.adapted(small_pack(), adapter, tmp_path).embeddings, got.embeddings)
    other = {**adapter, name: adapter[name] * 2}
    with pytest.raises(pytest.fail.Exception, match="encoded again"):
        embeddings.adapted(small_pack(), other, tmp_path)


def test_a_wrong_configuration_is_named(tmp_path: Path) -> None:
    text = (ROOT / "configs" / "words.toml").read_text(encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(text.replace("rank = 16", ""), encoding="utf-8")
    assert config.kind_of(tmp_path / "wrong.toml") == text_adapter.KIND
    with pytest.raises(MotionError, match='lacks the field "rank"'):
        text_adapter.read(tmp_path / "wrong.toml")


def test_the_shipped_card_says_whether_it_adds_to_the_encoder() -> None:
    from mdm_core.checkpoints.bundle import find

    shipped = Bundle.read(find("bundled"))
    assert (shipped.card["format"] == ADAPTED_FORMAT) == bool(shipped.text_adapter)
