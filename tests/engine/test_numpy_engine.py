"""The NumPy engine: its layers against the mathematical functions, its network against torch's."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.engine.base import Conditioning, with_null
from mdm_core.engine.numpy_engine import NumpyDenoiser, ignored_keys
from mdm_core.engine.numpy_layers import BLOCK, LayerNorm, gelu, silu, softmax
from mdm_core.errors import MotionError

TEXT, ACTIONS = 12, 5
ONE_PASS = 1e-4  # issue 2: the engines agree within this


def exact_gelu(x: float) -> float:
    return x * math.erfc(-x / math.sqrt(2)) / 2


def test_gelu_is_exact_to_float32() -> None:
    x = np.concatenate([np.linspace(-12, 12, 60_001), [-1e30, -500, 500, 1e30, -0.0, 1e-30]]).astype(np.float32)
    expected = np.array([exact_gelu(float(v)) for v in x])
    y = x.copy()
    with np.errstate(all="raise", under="ignore"):
        gelu(y)
    assert np.all(np.abs(y - expected) <= 1.3e-7 * np.maximum(1, np.abs(expected)))


@pytest.mark.parametrize("shape", [(0, 4), (1,), (3, 5), (BLOCK,), (2, BLOCK + 1)])
def test_gelu_treats_every_block_of_any_shape(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    expected = np.vectorize(exact_gelu, otypes=[float])(x)
    gelu(x)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1.3e-6)


def test_silu_does_not_overflow() -> None:
    x = np.array([-1e4, -90, -3, -0.5, 0, 2, 90, 1e4], dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        y = silu(x)
    expected = [v * (math.exp(v) / (1 + math.exp(v)) if v < 0 else 1 / (1 + math.exp(-v))) for v in x.tolist()]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@given(shift=st.floats(-80, 80), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_softmax_sums_to_one_and_does_not_see_a_shift(shift: float, width: int, seed: int) -> None:
    scores = np.random.default_rng(seed).standard_normal((3, width), dtype=np.float32)
    scores[0, 1:] = -np.inf
    shifted = scores + np.float32(shift)
    softmax(scores)
    softmax(shifted)
    np.testing.assert_allclose(scores.sum(axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(scores, shifted, atol=1e-4)
    assert scores[0].tolist() == [1.0, *[0.0] * (width - 1)]


@given(offset=st.floats(-5, 5), scale=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_layer_norm_gives_the_asked_mean_and_deviation(offset: float, scale: float, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((4, 32)).astype(np.float32) * np.float32(scale) + np.float32(offset)
    norm = LayerNorm(np.full(32, 3, np.float32), np.full(32, 7, np.float32), np.float32(1e-12))
    y = norm(x)
    np.testing.assert_allclose(y.mean(axis=-1), 7, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=-1), 3, rtol=1e-4)


def architecture(group: int = 1, features: int = 7, **changes: Any) -> dict[str, Any]:
    sizes = {"latent": 24, "layers": 2, "heads": 3, "feed_forward": 40, "features": features}
    return {"arch": "trans_enc", "text_dim": TEXT, "frames_per_token": group, **sizes, **changes}


def parameters(card: dict[str, Any]) -> dict[str, Any]:
    """Random parameters of a network of that architecture, by the state-dict names of spec/mdm.md section 1.2."""
    random = np.random.default_rng(0)
    latent, feed_forward, width = card["latent"], card["feed_forward"], card["features"] * card["frames_per_token"]
    shapes: dict[str, tuple[int, ...]] = {
        "input_process.poseEmbedding": (latent, width),
        "embed_timestep.time_embed.0": (latent, latent),
        "embed_timestep.time_embed.2": (latent, latent),
        "output_process.poseFinal": (width, latent),
    }
    if card.get("text_dim"):
        shapes["embed_text"] = (latent, card["text_dim"])
    tensors: dict[str, Any] = {}
    for i in range(card["layers"]):
        layer = f"seqTransEncoder.layers.{i}"
        shapes[f"{layer}.self_attn.out_proj"] = (latent, latent)
        shapes[f"{layer}.linear1"], shapes[f"{layer}.linear2"] = (feed_forward, latent), (latent, feed_forward)
        tensors[f"{layer}.self_attn.in_proj_weight"] = random.standard_normal((3 * latent, latent)) * 0.3
        tensors[f"{layer}.self_attn.in_proj_bias"] = random.standard_normal(3 * latent)
        for norm in ("norm1", "norm2"):
            tensors[f"{layer}.{norm}.weight"] = 1 + 0.3 * random.standard_normal(latent)
            tensors[f"{layer}.{norm}.bias"] = random.standard_normal(latent)
    for name, shape in shapes.items():
        tensors[f"{name}.weight"] = random.standard_normal(shape) * 0.3
        tensors[f"{name}.bias"] = random.standard_normal(shape[0])
    if card.get("actions"):
        tensors["embed_action.action_embedding"] = random.standard_normal((card["actions"], latent))
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def inputs(batch: int, frames: int, features: int, seed: int, *, masked: bool, action: bool) -> Any:
    """A noisy batch, its steps and what it is conditioned on, in NumPy; every motion has one real frame at least."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, frames + 1, size=batch)
    conditioning = Conditioning(
        keep=random.integers(0, 2, size=batch).astype(np.float32),
        text=None if action else random.standard_normal((batch, 1, TEXT), dtype=np.float32),
        action=random.integers(0, ACTIONS, size=batch) if action else None,
        frame_mask=np.arange(frames) < lengths[:, None] if masked else None,
    )
    return (
        random.standard_normal((batch, frames, features), dtype=np.float32),
        random.integers(0, 50, batch),
        conditioning,
    )


@settings(deadline=None, max_examples=40)
@given(
    batch=st.integers(1, 4),
    frames=st.integers(1, 40),
    group=st.integers(1, 5),
    masked=st.booleans(),
    action=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_one_pass_equals_torch(batch: int, frames: int, group: int, masked: bool, action: bool, seed: int) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: its network is the oracle")
    from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape

    changes: dict[str, Any] = {"text_dim": None, "actions": ACTIONS} if action else {}
    card = architecture(group, **changes)
    tensors = parameters(card)
    network = EncoderNetwork(NetworkShape(**{key: value for key, value in card.items() if key != "arch"})).eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    x, step, asked = inputs(batch, frames, card["features"], seed, masked=masked, action=action)

    def tensor(a: Any) -> Any:
        return None if a is None else torch.from_numpy(a)

    in_torch = Conditioning(
        tensor(asked.keep), tensor(asked.text), None, tensor(asked.action), tensor(asked.frame_mask)
    )
    with torch.inference_mode():
        expected = network(tensor(x), tensor(step), in_torch).numpy()
    x0 = NumpyDenoiser(card, tensors)(x, step, asked)
    assert x0.dtype == np.float32 and x0.shape == x.shape
    assert np.abs(x0 - expected).max() < ONE_PASS


@settings(deadline=None, max_examples=20)
@given(frames=st.integers(1, 20), extra=st.integers(1, 20), group=st.integers(1, 4), seed=st.integers(0, 99))
def test_frames_behind_the_mask_do_not_matter(frames: int, extra: int, group: int, seed: int) -> None:
    """Whole ignored tokens may hold anything. (Padding inside a token is the model's own to learn.)"""
    frames *= group
    card = architecture(group)
    denoise = NumpyDenoiser(card, parameters(card))
    x, step, asked = inputs(2, frames + extra, 7, seed, masked=False, action=False)
    mask = np.broadcast_to(np.arange(frames + extra) < frames, (2, frames + extra))
    asked = Conditioning(keep=asked.keep, text=asked.text, frame_mask=mask)
    other = x.copy()
    other[:, frames:] = 1000.0
    short = Conditioning(keep=asked.keep, text=asked.text)
    np.testing.assert_array_equal(denoise(x, step, asked)[:, :frames], denoise(other, step, asked)[:, :frames])
    np.testing.assert_allclose(
        denoise(x, step, asked)[:, :frames], denoise(x[:, :frames], step, short), rtol=0, atol=1e-5
    )


def test_a_batch_of_two_is_two_batches_of_one() -> None:
    card = architecture(2)
    denoise = NumpyDenoiser(card, parameters(card))
    x, step, asked = inputs(1, 9, 7, seed=3, masked=True, action=False)
    asked = Conditioning(keep=np.ones(1, np.float32), text=asked.text, frame_mask=asked.frame_mask)
    null = Conditioning(keep=np.zeros(1, np.float32), text=asked.text, frame_mask=asked.frame_mask)
    both = denoise(np.concatenate([x, x]), np.concatenate([step, step]), with_null(asked))
    np.testing.assert_allclose(both[:1], denoise(x, step, asked), rtol=0, atol=1e-5)
    np.testing.assert_allclose(both[1:], denoise(x, step, null), rtol=0, atol=1e-5)
    assert np.abs(both[0] - both[1]).max() > 0.01


def test_the_null_condition_does_not_hear_the_words() -> None:
    card = architecture()
    denoise = NumpyDenoiser(card, parameters(card))
    x, step, asked = inputs(1, 9, 7, seed=3, masked=False, action=False)
    null = [Conditioning(keep=np.zeros(1, np.float32), text=text) for text in (asked.text, -asked.text)]
    np.testing.assert_array_equal(denoise(x, step, null[0]), denoise(x, step, null[1]))


def test_a_token_with_one_real_frame_is_attended_to() -> None:
    mask = np.array([[True] * 5 + [False] * 5, [True] * 10])
    ignored = ignored_keys(mask, 4)
    assert ignored is not None
    assert np.isneginf(ignored).tolist() == [[False, False, False, True], [False] * 4]
    assert ignored_keys(np.ones((2, 10), dtype=bool), 4) is None


def test_inputs_stay_as_they_are() -> None:
    card = architecture(3)
    tensors = parameters(card)
    before = {name: value.copy() for name, value in tensors.items()}
    denoise = NumpyDenoiser(card, tensors)
    x, step, asked = inputs(2, 10, 7, seed=0, masked=True, action=False)
    kept = x.copy()
    first = denoise(x, step, asked)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(first, denoise(x, step, asked))
    assert all(np.array_equal(before[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arch": "trans_dec"}, "trans_dec"),
        ({"latent": None}, "card"),
        ({"heads": 5}, "5 heads"),
        ({"heads": 0}, "0 heads"),
        ({"layers": 3}, "seqTransEncoder.layers.2"),
        ({"text_dim": 13}, "embed_text.weight"),
        ({"features": 8}, "input_process.poseEmbedding.weight"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    tensors = parameters(architecture())
    with pytest.raises(MotionError, match=words):
        NumpyDenoiser(architecture(**changes), tensors)


def observing() -> tuple[Any, NumpyDenoiser, Conditioning, Any]:
    """A small torch network that is shown things, its NumPy twin, and a condition with an observation."""
    torch = pytest.importorskip("torch", reason="compared with the torch engine")
    from dataclasses import asdict

    from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape

    torch.manual_seed(0)
    shape = NetworkShape(
        features=7, text_dim=TEXT, actions=ACTIONS, latent=16, layers=2, heads=4, feed_forward=32, frames_per_token=2,
        observed=11,
    )  # fmt: skip
    network = EncoderNetwork(shape).eval()
    twin = NumpyDenoiser(asdict(shape), {k: v.numpy() for k, v in network.state_dict().items()})
    rng = np.random.default_rng(1)
    mask = rng.random((3, 9, 11)) < 0.4
    conditioning = Conditioning(
        keep=np.ones(3, np.float32),
        text=rng.standard_normal((3, 1, TEXT), dtype=np.float32),
        action=np.array([-1, 0, 3]),
        observed=np.where(mask, rng.standard_normal((3, 9, 11)), 0).astype(np.float32),
        observed_mask=mask,
    )
    return network, twin, conditioning, torch


def as_torch(conditioning: Conditioning, torch: Any) -> Conditioning:
    from dataclasses import fields

    values = {f.name: getattr(conditioning, f.name) for f in fields(conditioning)}
    return Conditioning(**{name: None if v is None else torch.from_numpy(v) for name, v in values.items()})


@pytest.mark.parametrize("shown", [True, False])
def test_engines_agree_on_what_is_observed(shown: bool) -> None:
    network, twin, conditioning, torch = observing()
    if not shown:
        conditioning = replace(conditioning, observed=None, observed_mask=None)
    x = np.random.default_rng(2).standard_normal((3, 9, 7), dtype=np.float32)
    step = np.array([0, 4, 9])
    with torch.no_grad():
        expected = network(torch.from_numpy(x), torch.from_numpy(step), as_torch(conditioning, torch)).numpy()
    np.testing.assert_allclose(twin(x, step, conditioning), expected, atol=ONE_PASS)


def test_noise_is_not_seen_where_the_motion_is_known() -> None:
    _, twin, conditioning, _ = observing()
    assert conditioning.observed_mask is not None
    x = np.random.default_rng(2).standard_normal((3, 9, 7), dtype=np.float32)
    other = np.where(conditioning.observed_mask[..., :7], 100.0, x).astype(np.float32)
    step = np.array([0, 4, 9])
    np.testing.assert_array_equal(twin(x, step, conditioning), twin(other, step, conditioning))


def test_a_motion_without_an_action_is_not_told_one() -> None:
    _, twin, conditioning, _ = observing()
    x, step = np.zeros((3, 9, 7), np.float32), np.array([0, 4, 9])
    told = twin(x, step, conditioning)
    silent = twin(x, step, replace(conditioning, action=None))
    np.testing.assert_array_equal(told[0], silent[0])
    assert np.abs(told[1:] - silent[1:]).max() > 1e-3
