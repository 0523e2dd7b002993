"""MDM's encoder network in NumPy: the engine that needs no installation. Torch's twin is `torch_network`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.engine.base import Conditioning
from mdm_core.engine.numpy_layers import Attention, Floats, Linear, TransformerLayer, fused, silu
from mdm_core.engine.parameters import Parameters
from mdm_core.engine.positions import sinusoid
from mdm_core.errors import MotionError

if TYPE_CHECKING:
    from mdm_core.checkpoints.bundle import Bundle

SIZES = ("latent", "layers", "heads", "feed_forward", "features")  # what a card's architecture has to say
POSITIONS = 5000  # rows of the published models' table
EPSILON = np.float32(1e-5)  # of nn.LayerNorm


class NumpyDenoiser:
    """The encoder of Tevet et al. (2023, fig. 2) as a `Denoiser`, float32 throughout (spec/mdm.md section 2).

    It holds no state besides its parameters: threads may share one.
    """

    def __init__(self, architecture: Mapping[str, Any], parameters: Mapping[str, NDArray[Any]]) -> None:
        """architecture: the card's entry; parameters: by state-dict name. Raises `MotionError` if they do not fit."""
        latent, layers, heads, feed_forward, features = sizes(architecture)
        text_dim, actions = architecture.get("text_dim"), architecture.get("actions")
        self.features = features
        self.group = int(architecture.get("frames_per_token", 1))
        self.observed = int(architecture.get("observed", 0))
        self.seen = 2 * self.observed if self.observed else features

        named = Parameters(parameters, "The model")
        self.embed_frames = named.linear("input_process.poseEmbedding", self.seen * self.group, latent)
        self.embed_step1 = named.linear("embed_timestep.time_embed.0", latent, latent)
        self.embed_step2 = named.linear("embed_timestep.time_embed.2", latent, latent)
        self.embed_text = named.linear("embed_text", text_dim, latent) if text_dim else None
        self.embed_action = named.take("embed_action.action_embedding", actions, latent) if actions else None
        self.layers = [
            encoder_layer(named, f"seqTransEncoder.layers.{i}.", latent, heads, feed_forward) for i in range(layers)
        ]
        self.unembed_frames = named.linear("output_process.poseFinal", latent, features * self.group)
        self.positions = sinusoid(POSITIONS, latent)

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> NumpyDenoiser:
        """The network of a bundle."""
        return cls(bundle.card["architecture"], bundle.parameters)

    def __call__(self, x: Floats, step: NDArray[np.integer], conditioning: Conditioning) -> Floats:
        """x: [B, T, D] normalised, noisy; step: int [B], index of the trained chain; returns x0 [B, T, D]."""
        batch, frames, features = x.shape
        tokens = -(-frames // self.group)
        padded = np.zeros((batch, tokens * self.group, self.seen), dtype=np.float32)
        padded[:, :frames, :features] = x
        if self.observed and conditioning.observed is not None and conditioning.observed_mask is not None:
            known = np.asarray(conditioning.observed_mask, dtype=bool)
            np.copyto(padded[:, :frames, :features], conditioning.observed[..., :features], where=known[..., :features])
            padded[:, :frames, features : self.observed] = conditioning.observed[..., features:]
            padded[:, :frames, self.observed :] = known

        sequence = np.empty((batch, 1 + tokens, self.positions.shape[1]), dtype=np.float32)
        sequence[:, 0] = self.embed_condition(step, conditioning)
        sequence[:, 1:] = self.embed_frames(padded.reshape(batch, tokens, -1))
        sequence += self.positions[: 1 + tokens]
        ignored = ignored_keys(conditioning.frame_mask, self.group)
        for layer in self.layers:
            sequence = layer(sequence, ignored)
        return self.unembed_frames(sequence[:, 1:]).reshape(batch, -1, features)[:, :frames]

    def embed_condition(self, step: NDArray[np.integer], conditioning: Conditioning) -> Floats:
        """The condition token [B, latent]; a null condition is the encoder's output times zero (sec. 3)."""
        token = self.embed_step2(silu(self.embed_step1(self.positions[step])))
        keep = np.asarray(conditioning.keep, dtype=np.float32)[:, None]
        if self.embed_text is not None and conditioning.text is not None:
            token += self.embed_text(np.asarray(conditioning.text, dtype=np.float32)[:, 0] * keep)
        if self.embed_action is not None and conditioning.action is not None:
            labels = np.asarray(conditioning.action)
            token += self.embed_action[np.maximum(labels, 0)] * (keep * (labels >= 0)[:, None])
        return token


def sizes(architecture: Mapping[str, Any]) -> list[int]:
    """The values of `SIZES`; a `MotionError` if one is missing or they are not those of an MDM encoder."""
    kind = architecture.get("arch", "trans_enc")
    if kind != "trans_enc":
        raise MotionError(f"The NumPy engine runs models of the kind trans_enc, not {kind}; choose the torch engine.")
    try:
        values = [int(architecture[name]) for name in SIZES]
    except (KeyError, TypeError, ValueError) as error:
        raise MotionError(f"The model's card lacks a size of its network ({error}); install it again.") from None
    latent, heads = values[0], values[2]
    if heads < 1 or latent % heads:
        raise MotionError(f"The model's card gives {heads} heads for a width of {latent}; install it again.")
    return values


def encoder_layer(named: Parameters, prefix: str, width: int, heads: int, feed_forward: int) -> TransformerLayer:
    """An nn.TransformerEncoderLayer."""
    joint = named.affine(prefix + "self_attn.in_proj_weight", prefix + "self_attn.in_proj_bias", width, 3 * width)
    projections = zip(np.split(joint.weight, 3, axis=1), np.split(joint.bias, 3), strict=True)
    query, key, value = (Linear(weight, bias) for weight, bias in projections)
    return TransformerLayer(
        Attention(heads, fused(query, key, value, heads), named.linear(prefix + "self_attn.out_proj", width, width)),
        named.norm(prefix + "norm1", width, EPSILON),
        named.linear(prefix + "linear1", width, feed_forward),
        named.linear(prefix + "linear2", feed_forward, width),
        named.norm(prefix + "norm2", width, EPSILON),
    )


def ignored_keys(frame_mask: NDArray[np.bool_] | None, group: int) -> Floats | None:
    """-inf at tokens without one real frame, else 0, float32 [B, 1 + tokens]; never -inf at the condition token."""
    if frame_mask is None or frame_mask.all():
        return None
    batch, frames = frame_mask.shape
    tokens = -(-frames // group)
    padded = np.zeros((batch, tokens * group), dtype=bool)
    padded[:, :frames] = frame_mask
    ignored = np.zeros((batch, 1 + tokens), dtype=np.float32)
    ignored[:, 1:][~padded.reshape(batch, tokens, group).any(axis=-1)] = -np.inf
    return ignored
