"""The decoder, the GRU and DiP's goals against the equations, in float64 NumPy or by what must not change.

The published code's own numbers are in tests/parity; here are the variants of which it gives none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf

from mdm_core.engine.base import GOALS, Conditioning
from mdm_core.engine.positions import sinusoid
from mdm_core.errors import MotionError

torch = pytest.importorskip("torch")

from mdm_core.engine.torch_decoder import DecoderNetwork  # noqa: E402
from mdm_core.engine.torch_gru import GruNetwork  # noqa: E402
from mdm_core.engine.torch_network import MotionNetwork, NetworkShape  # noqa: E402
from mdm_core.engine.torch_targets import target_encoder  # noqa: E402

B, T, L = 3, 7, 4
TINY = NetworkShape(features=6, text_dim=10, latent=16, layers=2, heads=4, feed_forward=24, arch="trans_dec")
STEP = np.array([0, 3, 941])
WORDS = np.arange(L) < np.array([[4], [2], [1]])
FRAMES = np.arange(T) < np.array([[7], [4], [1]])
Parameters = dict[str, np.ndarray]


def randomised(made: MotionNetwork, seed: int = 0) -> MotionNetwork:
    """The network with random weights, layer norms and biases included."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter) + (parameter == 1))
    return made.eval()


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def run(made: MotionNetwork, x: np.ndarray, **given: np.ndarray) -> np.ndarray:
    keep = given.pop("keep", np.ones(len(x), dtype=np.float32))
    arrays = {name: torch.from_numpy(value) for name, value in given.items()}
    with torch.no_grad():
        condition = Conditioning(keep=torch.from_numpy(keep), **arrays)
        return made(torch.from_numpy(x), torch.from_numpy(STEP[: len(x)]), condition).numpy()


def linear(p: Parameters, name: str, x: np.ndarray) -> np.ndarray:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def layer_norm(p: Parameters, name: str, x: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return p[f"{name}.weight"] * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) + p[f"{name}.bias"]


def attention(p: Parameters, name: str, x: np.ndarray, memory: np.ndarray, real: np.ndarray, heads: int) -> np.ndarray:
    """Vaswani et al. (2017, sec. 3.2): x [Q, d] attends to memory [K, d] where real [K] holds, head by head."""
    w, b = np.split(p[f"{name}.in_proj_weight"], 3), np.split(p[f"{name}.in_proj_bias"], 3)
    q, k, v = x @ w[0].T + b[0], memory @ w[1].T + b[1], memory @ w[2].T + b[2]
    width = x.shape[-1] // heads
    mixed = np.zeros_like(x)
    for h in range(heads):
        part = slice(h * width, (h + 1) * width)
        scores = np.exp(q[:, part] @ k[:, part].T / np.sqrt(width)) * real
        mixed[:, part] = scores / scores.sum(axis=-1, keepdims=True) @ v[:, part]
    return linear(p, f"{name}.out_proj", mixed)


def expected(made: MotionNetwork, x: np.ndarray, text: np.ndarray, keep: float) -> np.ndarray:
    """Section 2 of the spec for one sample a time, in float64: token and policy as the network's shape says."""
    p = {name: value.numpy().astype(np.float64) for name, value in made.state_dict().items()}
    shape, table = made.shape, sinusoid(1000, made.shape.latent).astype(np.float64)
    result = np.zeros(x.shape)
    for b in range(len(x)):
        hidden = linear(p, "embed_timestep.time_embed.0", table[STEP[b]])
        time = linear(p, "embed_timestep.time_embed.2", hidden / (1 + np.exp(-hidden)))
        words = linear(p, "embed_text", keep * text[b][WORDS[b]])
        memory = words + time if shape.text_policy == "add" else np.concatenate([time[None], words])
        h, real = linear(p, "input_process.poseEmbedding", x[b]), FRAMES[b]
        token = {"none": [], "time": [time], "time+text": [memory[0]]}[shape.extra_token]
        h = np.concatenate([*[t[None] for t in token], h])
        real = np.concatenate([np.ones(len(token), dtype=bool), real])
        h = h + table[: len(h)]
        for i in range(shape.layers):
            layer = f"seqTransDecoder.layers.{i}"
            h = layer_norm(p, f"{layer}.norm1", h + attention(p, f"{layer}.self_attn", h, h, real, shape.heads))
            crossed = attention(p, f"{layer}.multihead_attn", h, memory, np.ones(len(memory)), shape.heads)
            h = layer_norm(p, f"{layer}.norm2", h + crossed)
            inner = linear(p, f"{layer}.linear1", h)
            inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
            h = layer_norm(p, f"{layer}.norm3", h + linear(p, f"{layer}.linear2", inner))
        result[b] = linear(p, "output_process.poseFinal", h[len(token) :])
    return result


@pytest.mark.parametrize("extra_token", ["none", "time", "time+text"])
@pytest.mark.parametrize("text_policy", ["add", "concat"])
@pytest.mark.parametrize("keep", [1.0, 0.0])
def test_the_equations(extra_token: str, text_policy: str, keep: float) -> None:
    """With padded words, masked frames, both policies and all three tokens; a null text is the linear's bias."""
    made = randomised(DecoderNetwork(replace(TINY, extra_token=extra_token, text_policy=text_policy)))
    x, text = normal(B, T, TINY.features), normal(B, L, 10, seed=2)
    kept = np.full(B, keep, dtype=np.float32)
    out = run(made, x, text=text, text_mask=WORDS, frame_mask=FRAMES, keep=kept)
    np.testing.assert_allclose(out, expected(made, x, text, keep), atol=3e-5)


def test_the_null_text_is_the_same_at_any_length() -> None:
    """Its tokens are all one vector, so that one is as good as four."""
    made = randomised(DecoderNetwork(TINY))
    x, text, none = normal(B, T, TINY.features), normal(B, L, 10), np.zeros(B, dtype=np.float32)
    np.testing.assert_allclose(run(made, x, text=text, keep=none), run(made, x, text=text[:, :1], keep=none), atol=1e-5)


def test_a_prefix_is_frames_before_the_frames() -> None:
    """DiP's completion is the plain decoder on both, of which the later part is given back."""
    plain = randomised(DecoderNetwork(TINY))
    dip = DecoderNetwork(replace(TINY, prefix=3)).eval()
    dip.load_state_dict(plain.state_dict())
    prefix, x, text = normal(B, 3, 6, seed=5), normal(B, T, 6), normal(B, L, 10)
    whole = run(plain, np.concatenate([prefix, x], axis=1), text=text)
    np.testing.assert_allclose(run(dip, x, text=text, prefix=prefix), whole[:, 3:], atol=1e-6)
    mask = np.concatenate([np.ones((B, 3), dtype=bool), FRAMES], axis=1)
    whole = run(plain, np.concatenate([prefix, x], axis=1), text=text, frame_mask=mask)
    np.testing.assert_allclose(run(dip, x, text=text, prefix=prefix, frame_mask=FRAMES), whole[:, 3:], atol=1e-6)


@pytest.mark.parametrize("frames", [0, 2, 4])
def test_a_prefix_of_another_length_is_refused(frames: int) -> None:
    dip = randomised(DecoderNetwork(replace(TINY, prefix=3)))
    given = {"prefix": normal(B, frames, 6)} if frames else {}
    with pytest.raises(MotionError, match="3 frames"):
        run(dip, normal(B, T, 6), text=normal(B, L, 10), **given)


@pytest.mark.parametrize("kind", ["single", "split", "multi"])
def test_goals(kind: str) -> None:
    """Each row counts when it is asked for; with "multi" a row that is not, does not."""
    made = randomised(DecoderNetwork(replace(TINY, target=kind)))
    x, text, target = normal(B, T, 6), normal(B, L, 10), normal(B, 8, 3, seed=7)
    valid = np.zeros((B, 8), dtype=bool)
    valid[:, :3] = True
    out = run(made, x, text=text, target=target, target_valid=valid)
    for row, asked in ((1, True), (6, False)):
        moved = target.copy()
        moved[:, row] += 1
        changed = np.abs(run(made, x, text=text, target=moved, target_valid=valid) - out).max()
        assert changed > 1e-3 if asked or kind != "multi" else changed == 0
    assert np.abs(run(made, x, text=text) - out).max() > 1e-3


def test_split_goals_are_separate_eighths() -> None:
    """Row i makes numbers 2 i and 2 i + 1 of the vector, by its own perceptron of one SiLU."""
    made = target_encoder("split", 16, 1)
    target, valid = torch.randn(B, 8, 3), torch.rand(B, 8) > 0.5
    out = made(target, valid).detach().numpy()
    p = {name: value.numpy() for name, value in made.state_dict().items()}
    for i in range(len(GOALS)):
        row = np.concatenate([target[:, i].numpy(), valid[:, i : i + 1].numpy()], axis=1)
        hidden = linear(p, f"mini_mlps.{i}.0", row)
        np.testing.assert_allclose(
            out[:, 2 * i : 2 * i + 2], linear(p, f"mini_mlps.{i}.2", hidden / (1 + np.exp(-hidden))), atol=1e-5
        )


def test_the_published_gru_runs_along_the_batch_and_ours_along_time() -> None:
    """What hears what: in the published code the next motion of the batch, in ours the next frame."""
    x, text = normal(B, T, 6), normal(B, 1, 10)
    for recurrence in ("batch", "time"):
        made = randomised(GruNetwork(replace(TINY, arch="gru", recurrence=recurrence)))
        out, moved = run(made, x, text=text), x.copy()
        moved[1, 3] += 1
        heard = np.abs(run(made, moved, text=text) - out).max(axis=-1) > 1e-7
        wanted = np.zeros((B, T), dtype=bool)
        if recurrence == "batch":
            wanted[1:, 3] = True
        else:
            wanted[1, 3:] = True
        np.testing.assert_array_equal(heard, wanted)
