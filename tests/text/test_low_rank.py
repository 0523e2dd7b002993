"""What a model adds to its text encoder's matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdm_core.checkpoints.bundle import ADAPTED_FORMAT, TEXT, Bundle, read_card
from mdm_core.errors import MotionError
from mdm_core.generator import MotionGenerator
from mdm_core.text import low_rank, minilm

QUERY = "encoder.layer.2.attention.self.query.weight"
RNG = np.random.default_rng(0)
SMALL = {QUERY + ".down": RNG.normal(size=(4, 384)) * 0.1, QUERY + ".up": RNG.normal(size=(384, 4)) * 0.1}


def test_the_product_is_added_to_its_matrix_and_no_other() -> None:
    tensors = {"a": np.ones((2, 3), np.float32), "b": np.ones((3, 3), np.float32)}
    up, down = np.array([[1.0], [2.0]]), np.array([[1.0, 10.0, 100.0]])
    got = low_rank.adapted(tensors, {"a.up": up, "a.down": down})
    np.testing.assert_allclose(got["a"], [[2, 11, 101], [3, 21, 201]])
    assert got["b"] is tensors["b"] and (tensors["a"] == 1).all()


def test_an_adapted_encoder_is_the_one_with_the_sum_in_its_file() -> None:
    """Against an encoder whose stored matrix is the sum, as float32."""
    stored = minilm.read_safetensors(minilm.BUNDLED / minilm.WEIGHTS)
    whole = minilm.dense(stored, QUERY, "") + (SMALL[QUERY + ".up"] @ SMALL[QUERY + ".down"])
    other = {name: value for name, value in stored.items() if name != QUERY + minilm.SCALE}
    tokenizer = minilm.MiniLM.load().tokenizer
    expected = minilm.MiniLM({**other, QUERY: whole.astype(np.float32)}, tokenizer, "it").encode(["a person kicks"])
    got = minilm.MiniLM.load(adapter=SMALL).encode(["a person kicks"])
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert abs(got - minilm.MiniLM.load().encode(["a person kicks"])).max() > 1e-3


@pytest.mark.parametrize(
    "wrong",
    [
        {"nowhere.down": np.ones((4, 384)), "nowhere.up": np.ones((384, 4))},
        {QUERY + ".down": np.ones((4, 384))},
        {QUERY + ".down": np.ones((4, 100)), QUERY + ".up": np.ones((384, 4))},
        {QUERY + ".down": np.ones((3, 384)), QUERY + ".up": np.ones((384, 4))},
        {QUERY: np.ones((384, 384))},
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(MotionError, match="does not fit"):
        minilm.MiniLM.load(adapter=wrong)


def test_a_bundle_carries_it_to_the_prompt(tmp_path: Path) -> None:
    """What is in the bundle's file under `TEXT` is what its prompts are encoded with, and is no part of the network."""
    from mdm_core.checkpoints.bundle import find

    shipped = Bundle.read(find("bundled"))
    network = {n: v for n, v in shipped.tensors.items() if not n.startswith(TEXT)}
    added = {TEXT + name: value.astype(np.float32) for name, value in SMALL.items()}
    Bundle({**shipped.card, "format": ADAPTED_FORMAT}, {**network, **added}).write(tmp_path)
    assert read_card(tmp_path)["format"] == ADAPTED_FORMAT
    assert not [name for name in Bundle.read(tmp_path).parameters if name.startswith(TEXT)]
    half = {name: value.astype(np.float16) for name, value in SMALL.items()}
    prompt = "a person walks forward"
    states = MotionGenerator.load(str(tmp_path), engine="numpy").encode([prompt])[prompt]
    np.testing.assert_allclose(states, minilm.MiniLM.load(adapter=half).encode([prompt]), atol=1e-6)
