"""Every parameter of MDM's networks and its shape, from a card's "architecture" (spec/mdm.md section 1.2).

Plain arithmetic: what a file must hold is known without building a network, and so without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mdm_core.engine.base import GOALS

Shapes = dict[str, tuple[int, ...]]


def linear(name: str, inputs: int, outputs: int) -> Shapes:
    """An nn.Linear."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name: str, width: int) -> Shapes:
    """An nn.LayerNorm."""
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def attention(name: str, width: int) -> Shapes:
    """An nn.MultiheadAttention."""
    inputs = {f"{name}.in_proj_weight": (3 * width, width), f"{name}.in_proj_bias": (3 * width,)}
    return inputs | linear(f"{name}.out_proj", width, width)


def common(sizes: dict[str, Any], inputs: int) -> Shapes:
    """What all networks have: input, output, step and conditions. inputs: width of what becomes a token."""
    d = sizes["latent"]
    shapes = linear("input_process.poseEmbedding", inputs, d)
    shapes |= linear("output_process.poseFinal", d, sizes["features"] * sizes["frames_per_token"])
    shapes |= linear("embed_timestep.time_embed.0", d, d) | linear("embed_timestep.time_embed.2", d, d)
    if sizes.get("text_dim"):
        shapes |= linear("embed_text", sizes["text_dim"], d)
    if sizes.get("actions"):
        shapes["embed_action.action_embedding"] = (sizes["actions"], d)
    if sizes.get("target"):
        shapes |= target(sizes["target"], d, sizes["target_layers"])
    return shapes


def encoder(sizes: dict[str, Any]) -> Shapes:
    """The "trans_enc" network."""
    d, ff = sizes["latent"], sizes["feed_forward"]
    seen = 2 * sizes.get("observed", 0) or sizes["features"]
    shapes = common(sizes, seen * sizes["frames_per_token"])
    for i in range(sizes["layers"]):
        layer = f"seqTransEncoder.layers.{i}"
        shapes |= attention(f"{layer}.self_attn", d)
        shapes |= linear(f"{layer}.linear1", d, ff) | linear(f"{layer}.linear2", ff, d)
        shapes |= norm(f"{layer}.norm1", d) | norm(f"{layer}.norm2", d)
    return shapes


def decoder(sizes: dict[str, Any]) -> Shapes:
    """The "trans_dec" network, DiP included."""
    d, ff = sizes["latent"], sizes["feed_forward"]
    shapes = common(sizes, sizes["features"] * sizes["frames_per_token"])
    for i in range(sizes["layers"]):
        layer = f"seqTransDecoder.layers.{i}"
        shapes |= attention(f"{layer}.self_attn", d) | attention(f"{layer}.multihead_attn", d)
        shapes |= linear(f"{layer}.linear1", d, ff) | linear(f"{layer}.linear2", ff, d)
        shapes |= norm(f"{layer}.norm1", d) | norm(f"{layer}.norm2", d) | norm(f"{layer}.norm3", d)
    return shapes


def gru(sizes: dict[str, Any]) -> Shapes:
    """The "gru" network."""
    d = sizes["latent"]
    shapes = common(sizes, sizes["features"] * sizes["frames_per_token"] + d)
    for i in range(sizes["layers"]):
        shapes |= {f"gru.weight_{kind}_l{i}": (3 * d, d) for kind in ("ih", "hh")}
        shapes |= {f"gru.bias_{kind}_l{i}": (3 * d,) for kind in ("ih", "hh")}
    return shapes


def target(kind: str, d: int, layers: int) -> Shapes:
    """DiP's encoder of goals: "single", "split" or "multi"."""
    prefix = "embed_target_cond"
    if kind == "single":
        return perceptron(f"{prefix}.mlp", 4 * len(GOALS), d, layers)
    shapes: Shapes = {}
    if kind == "split":
        for i in range(len(GOALS)):
            shapes |= perceptron(f"{prefix}.mini_mlps.{i}", 4, d // len(GOALS), layers)
        return shapes
    for goal in GOALS:
        shapes |= perceptron(f"{prefix}.target_loc_emb.{goal}", 3, d, 1)
    return shapes | {f"{prefix}.target_all_loc_emb.weights": (len(GOALS),)}


def perceptron(name: str, inputs: int, width: int, layers: int) -> Shapes:
    """Linear maps with SiLU between them, numbered as in an nn.Sequential."""
    shapes = linear(f"{name}.0", inputs, width)
    for k in range(1, layers + 1):
        shapes |= linear(f"{name}.{2 * k}", width, width)
    return shapes


@dataclass(frozen=True)
class Architecture:
    """feed_forward: a tensor whose rows are the perceptrons' width, or None; shapes: all parameters."""

    feed_forward: str | None
    shapes: Callable[[dict[str, Any]], Shapes]


ARCHITECTURES = {
    "trans_enc": Architecture("seqTransEncoder.layers.0.linear1.weight", encoder),
    "trans_dec": Architecture("seqTransDecoder.layers.0.linear1.weight", decoder),
    "gru": Architecture(None, gru),
}
"""By args.json's name."""
