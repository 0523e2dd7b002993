"""The torch network against the equations of a post-norm transformer, written out in float64 NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf

from mdm_core.engine.base import Conditioning
from mdm_core.engine.positions import sinusoid

torch = pytest.importorskip("torch")

from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape  # noqa: E402

TINY = NetworkShape(features=6, text_dim=10, latent=16, layers=2, heads=4, feed_forward=24)
B, T = 3, 7
STEP = np.array([0, 3, 941])
Parameters = dict[str, np.ndarray]


def network(shape: NetworkShape, seed: int = 0) -> EncoderNetwork:
    """A network with random weights, layer norms and biases included."""
    torch.manual_seed(seed)
    made = EncoderNetwork(shape).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter) + (parameter == 1))
    return made


def run(made: EncoderNetwork, x: np.ndarray, conditioning: Conditioning) -> np.ndarray:
    with torch.no_grad():
        return made(torch.from_numpy(x), torch.from_numpy(STEP), conditioning).numpy()


def motion(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((B, T, TINY.features)).astype(np.float32)


def words(seed: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((B, 1, 10)).astype(np.float32))


def condition(keep: float = 1.0, frame_mask: np.ndarray | None = None) -> Conditioning:
    mask = None if frame_mask is None else torch.from_numpy(frame_mask)
    return Conditioning(keep=torch.full((B,), keep), text=words(), frame_mask=mask)


def linear(p: Parameters, name: str, x: np.ndarray) -> np.ndarray:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def layer_norm(p: Parameters, name: str, x: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return p[f"{name}.weight"] * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) + p[f"{name}.bias"]


def attention(p: Parameters, name: str, x: np.ndarray, real: np.ndarray, heads: int) -> np.ndarray:
    """Vaswani et al. (2017, sec. 3.2), head by head and sample by sample."""
    qkv = x @ p[f"{name}.in_proj_weight"].T + p[f"{name}.in_proj_bias"]
    q, k, v = np.split(qkv, 3, axis=-1)
    width = x.shape[-1] // heads
    mixed = np.zeros_like(x)
    for b in range(len(x)):
        for h in range(heads):
            part = slice(h * width, (h + 1) * width)
            scores = q[b, :, part] @ k[b, :, part].T / np.sqrt(width)
            weights = np.exp(scores - scores.max()) * real[b]
            mixed[b, :, part] = weights / weights.sum(axis=-1, keepdims=True) @ v[b, :, part]
    return linear(p, f"{name}.out_proj", mixed)


def expected(made: EncoderNetwork, x: np.ndarray, text: np.ndarray | None, keep: float, real: np.ndarray) -> np.ndarray:
    """Section 2 of the spec, in float64. real: bool [B, T]."""
    p = {name: value.numpy().astype(np.float64) for name, value in made.state_dict().items()}
    table = sinusoid(1000, made.shape.latent).astype(np.float64)
    hidden = linear(p, "embed_timestep.time_embed.0", table[STEP])
    token = linear(p, "embed_timestep.time_embed.2", hidden / (1 + np.exp(-hidden)))
    if text is not None:
        token = token + linear(p, "embed_text", keep * text)
    h = np.concatenate([token[:, None], linear(p, "input_process.poseEmbedding", x)], axis=1)
    h = h + table[: h.shape[1]]
    real = np.concatenate([np.ones((len(x), 1)), real], axis=1)
    for i in range(made.shape.layers):
        layer = f"seqTransEncoder.layers.{i}"
        h = layer_norm(p, f"{layer}.norm1", h + attention(p, f"{layer}.self_attn", h, real, made.shape.heads))
        inner = linear(p, f"{layer}.linear1", h)
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        h = layer_norm(p, f"{layer}.norm2", h + linear(p, f"{layer}.linear2", inner))
    return linear(p, "output_process.poseFinal", h[:, 1:])


@pytest.mark.parametrize("keep", [1.0, 0.0])
@pytest.mark.parametrize("masked", [False, True])
def test_the_equations(keep: float, masked: bool) -> None:
    """The condition at position 0, frames from 1; a null text is the linear's bias and not zero."""
    made, x = network(TINY), motion()
    mask = np.arange(T) < np.array([[7], [4], [1]])
    out = run(made, x, condition(keep, mask if masked else None))
    reference = expected(made, x, words().numpy()[:, 0], keep, mask if masked else np.ones((B, T)))
    np.testing.assert_allclose(out, reference, atol=2e-5)


def test_without_a_condition() -> None:
    made, x = network(replace(TINY, text_dim=None)), motion()
    out = run(made, x, Conditioning(keep=torch.ones(B)))
    np.testing.assert_allclose(out, expected(made, x, None, 1.0, np.ones((B, T))), atol=2e-5)


def test_an_action_is_a_row_of_the_table_and_null_is_none() -> None:
    made, x = network(replace(TINY, text_dim=None, actions=5)), motion()
    action = torch.tensor([4, 0, 2])
    table = made.state_dict()["embed_action.action_embedding"]

    def with_rows(rows: torch.Tensor, keep: float) -> np.ndarray:
        """What a network says whose action table is `rows`, one a sample."""
        moved = network(replace(TINY, text_dim=None, actions=5))
        moved.load_state_dict(made.state_dict() | {"embed_action.action_embedding": rows})
        return run(moved, x, Conditioning(keep=torch.full((B,), keep), action=torch.arange(B)))

    out = run(made, x, Conditioning(keep=torch.ones(B), action=action))
    rows = torch.cat([table[action], torch.zeros(2, TINY.latent)])
    np.testing.assert_array_equal(out, with_rows(rows, 1.0))
    null = run(made, x, Conditioning(keep=torch.zeros(B), action=action))
    np.testing.assert_array_equal(null, with_rows(torch.zeros_like(rows), 1.0))
    assert np.abs(out - null).max() > 1e-3


@pytest.mark.parametrize("group", [1, 2, 4])
def test_masked_frames_do_not_reach_real_ones(group: int) -> None:
    """With several frames in a token that holds for whole tokens: 4 real frames in each."""
    made = network(replace(TINY, frames_per_token=group))
    mask = np.broadcast_to(np.arange(T) < 4, (B, T)).copy()
    x, other = motion(), motion()
    other[:, 4:] += 5
    full, changed = run(made, x, condition(frame_mask=mask)), run(made, other, condition(frame_mask=mask))
    np.testing.assert_allclose(full[:, :4], changed[:, :4], atol=1e-6)
    np.testing.assert_allclose(full[:, :4], run(made, x[:, :4], condition())[:, :4], atol=1e-5)


def test_a_token_with_one_real_frame_counts() -> None:
    """3 real frames in tokens of 2 are two tokens, as with 4."""
    made, x = network(replace(TINY, frames_per_token=2)), motion()
    mask = np.broadcast_to(np.arange(T) < 3, (B, T)).copy()
    np.testing.assert_allclose(
        run(made, x, condition(frame_mask=mask))[:, :4], run(made, x[:, :4], condition()), atol=1e-5
    )


@pytest.mark.parametrize("group", [2, 3, 4])
def test_any_length_fits_into_tokens(group: int) -> None:
    """7 frames in tokens of `group`: as if zero frames were appended up to a whole token."""
    made, x = network(replace(TINY, frames_per_token=group)), motion()
    out = run(made, x, condition())
    assert out.shape == x.shape
    padded = np.pad(x, ((0, 0), (0, -T % group), (0, 0)))
    np.testing.assert_allclose(out, run(made, padded, condition())[:, :T], atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        (NetworkShape(263), 17_880_327),
        (NetworkShape(251), 17_868_027),
        (NetworkShape(150, text_dim=None, actions=12), 17_507_990),
        (NetworkShape(150, text_dim=None, actions=40), 17_522_326),
        (NetworkShape(150, text_dim=None), 17_501_846),
    ],
    ids=["humanml", "kit", "humanact12", "uestc", "unconstrained"],
)
def test_published_sizes(shape: NetworkShape, parameters: int) -> None:
    """spec/mdm.md section 1."""
    assert sum(p.numel() for p in EncoderNetwork(shape).parameters()) == parameters


def test_the_sinusoid_is_not_a_parameter_to_be_stored() -> None:
    assert not [name for name in EncoderNetwork(TINY).state_dict() if "pe" in name.split(".")]
