"""MDM's networks in torch, what all of them share, and the encoder (Tevet et al. 2023, fig. 2 and sec. 3).

The decoder and the GRU are in `torch_decoder` and `torch_gru`; `torch_denoiser.build` picks by a card. Parameter
names are those of the published checkpoints, so that a state dict loads as it is. Two things are generalised and
default to the paper's: the condition may come from any encoder (`text_dim`), and a token may hold several frames
(`frames_per_token`), which makes attention cheaper on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.engine.base import Conditioning
from mdm_core.engine.positions import sinusoid
from mdm_core.engine.torch_targets import target_encoder
from mdm_core.errors import MotionError


@dataclass(frozen=True)
class NetworkShape:
    """Sizes and variants of a network; a model card's "architecture" entry holds the same names.

    arch: "trans_enc", "trans_dec" or "gru". extra_token, of the decoder: what stands before the frames, "none",
    "time" (the published code since February 2025) or "time+text" (before). text_policy: whether the step is added to
    every text token ("add") or a token of its own ("concat"). prefix: frames that the model continues, DiP's
    context_len, or 0. target: DiP's encoder of goals, "single", "multi" or "split", or None; target_layers: its depth.
    recurrence, of the GRU: the axis it runs along, see `torch_gru`. observed: columns of `features.observation`, of
    models that are trained for editing, or 0.
    """

    features: int
    text_dim: int | None = 512
    actions: int = 0
    latent: int = 512
    layers: int = 8
    heads: int = 4
    feed_forward: int = 1024
    frames_per_token: int = 1
    dropout: float = 0.1
    max_positions: int = 5000
    arch: str = "trans_enc"
    extra_token: str = "none"
    text_policy: str = "add"
    prefix: int = 0
    target: str | None = None
    target_layers: int = 1
    recurrence: str = "batch"
    observed: int = 0

    @property
    def seen(self) -> int:
        """Columns of a frame as the network sees it: its features, what else is observed, and where."""
        return 2 * self.observed or self.features


class InputProcess(nn.Module):
    """Frames (or groups of frames) to tokens."""

    def __init__(self, features: int, latent: int) -> None:
        super().__init__()
        self.poseEmbedding = nn.Linear(features, latent)

    def forward(self, x: Tensor) -> Tensor:
        return self.poseEmbedding(x)


class OutputProcess(nn.Module):
    """Tokens back to frames."""

    def __init__(self, features: int, latent: int) -> None:
        super().__init__()
        self.poseFinal = nn.Linear(latent, features)

    def forward(self, h: Tensor) -> Tensor:
        return self.poseFinal(h)


class TimestepEmbedder(nn.Module):
    """The denoising step: its row of the sinusoid through a two-layer perceptron."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.time_embed = nn.Sequential(nn.Linear(latent, latent), nn.SiLU(), nn.Linear(latent, latent))

    def forward(self, row: Tensor) -> Tensor:
        return self.time_embed(row)


class EmbedAction(nn.Module):
    """A learned vector for each action label."""

    def __init__(self, actions: int, latent: int) -> None:
        super().__init__()
        self.action_embedding = nn.Parameter(torch.randn(actions, latent))

    def forward(self, action: Tensor) -> Tensor:
        return self.action_embedding[action]


class MotionNetwork(nn.Module):
    """What all of MDM's networks do alike: frames in and out, the step, the conditions, the prefix."""

    def __init__(self, shape: NetworkShape, inputs: int, **stack: nn.Module) -> None:
        """inputs: width of what is made into a token; stack: the module between input and output, by its name."""
        super().__init__()
        self.shape = shape
        self.input_process = InputProcess(inputs, shape.latent)
        for name, module in stack.items():
            self.add_module(name, module)
        self.embed_timestep = TimestepEmbedder(shape.latent)
        self.embed_text = nn.Linear(shape.text_dim, shape.latent) if shape.text_dim else None
        self.embed_action = EmbedAction(shape.actions, shape.latent) if shape.actions else None
        self.embed_target_cond = (
            target_encoder(shape.target, shape.latent, shape.target_layers) if shape.target else None
        )
        self.output_process = OutputProcess(shape.features * shape.frames_per_token, shape.latent)
        self.dropout = nn.Dropout(shape.dropout)
        self.register_buffer("pe", torch.from_numpy(sinusoid(shape.max_positions, shape.latent)), persistent=False)

    pe: Tensor

    def embed_step(self, step: Tensor, conditioning: Conditioning) -> Tensor:
        """The denoising step, with the goals of DiP added to it, [B, latent]."""
        token = self.embed_timestep(self.pe[step])
        if self.embed_target_cond is not None and conditioning.target is not None:
            token = token + self.embed_target_cond(conditioning.target, conditioning.target_valid)
        return token

    def embed_words(self, conditioning: Conditioning) -> Tensor | None:
        """The text's tokens [B, L, latent]. A null text is the encoder's output times zero: the bias (sec. 3)."""
        if self.embed_text is None or conditioning.text is None:
            return None
        return self.embed_text(conditioning.text * conditioning.keep[:, None, None])

    def embed_condition(self, step: Tensor, conditioning: Conditioning) -> Tensor:
        """Step and condition in one token [B, latent]."""
        token = self.embed_step(step, conditioning)
        words = self.embed_words(conditioning)
        if words is not None:
            token = token + words[:, 0]
        if self.embed_action is not None and conditioning.action is not None:
            labelled = conditioning.keep * (conditioning.action >= 0)
            token = token + self.embed_action(conditioning.action.clamp(min=0)) * labelled[:, None]
        return token

    def forward(self, x: Tensor, step: Tensor, conditioning: Conditioning) -> Tensor:
        """x: [B, T, D] noisy, step: int [B]; returns x0 [B, T, D]."""
        batch, frames, features = x.shape
        group, before = self.shape.frames_per_token, self.shape.prefix
        mask = conditioning.frame_mask
        if self.shape.observed:
            x = self.with_observed(x, conditioning)
        if before:
            x = torch.cat([self.checked_prefix(conditioning, x), x], dim=1)
            mask = None if mask is None else F.pad(mask, (before, 0), value=True)
        x = F.pad(x, (0, 0, 0, -x.shape[1] % group))
        grouped = x.reshape(batch, -1, group * x.shape[2])
        hidden = self.hidden(grouped, self.padding(mask, group), step, conditioning)
        return self.output_process(hidden).reshape(batch, -1, features)[:, before : before + frames]

    def with_observed(self, x: Tensor, conditioning: Conditioning) -> Tensor:
        """Frames [B, T, seen]: known features instead of noisy ones, the known path, and which are known (CondMDI)."""
        features = x.shape[2]
        if conditioning.observed is None or conditioning.observed_mask is None:
            return F.pad(x, (0, self.shape.seen - features))
        known, values = conditioning.observed_mask.bool(), conditioning.observed
        x = torch.where(known[..., :features], values[..., :features], x)
        return torch.cat([x, values[..., features:], known.to(x.dtype)], dim=-1)

    def checked_prefix(self, conditioning: Conditioning, x: Tensor) -> Tensor:
        """The frames to be continued; a MotionError if they are not there."""
        wanted = (len(x), self.shape.prefix, x.shape[2])
        if conditioning.prefix is None or tuple(conditioning.prefix.shape) != wanted:
            raise MotionError(f"This model continues a motion of {self.shape.prefix} frames; give it one.")
        return conditioning.prefix

    def hidden(self, frames: Tensor, ignored: Tensor | None, step: Tensor, conditioning: Conditioning) -> Tensor:
        """Frames [B, N, inputs] to their hidden states [B, N, latent]; ignored: bool [B, N], True at padding."""
        raise NotImplementedError

    @staticmethod
    def padding(frame_mask: Tensor | None, group: int) -> Tensor | None:
        """Tokens to be ignored, bool [B, tokens]: those without one real frame."""
        if frame_mask is None:
            return None
        padded = F.pad(frame_mask, (0, -frame_mask.shape[1] % group), value=False)
        return ~padded.reshape(len(padded), -1, group).any(dim=-1)


class EncoderNetwork(MotionNetwork):
    """MDM's transformer encoder: [condition + step ; frames] through 8 post-norm layers, predicting x0."""

    seqTransEncoder: nn.TransformerEncoder

    def __init__(self, shape: NetworkShape) -> None:
        layer = nn.TransformerEncoderLayer(
            shape.latent, shape.heads, shape.feed_forward, shape.dropout, activation="gelu", batch_first=True
        )
        stack = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        super().__init__(shape, shape.seen * shape.frames_per_token, seqTransEncoder=stack)

    def hidden(self, frames: Tensor, ignored: Tensor | None, step: Tensor, conditioning: Conditioning) -> Tensor:
        """The condition is the token at position 0, the frames begin at 1."""
        condition = self.embed_condition(step, conditioning)[:, None]
        sequence = torch.cat([condition, self.input_process(frames)], dim=1)
        sequence = self.dropout(sequence + self.pe[: sequence.shape[1]])
        padding = None if ignored is None else F.pad(ignored, (1, 0), value=False)
        return self.seqTransEncoder(sequence, src_key_padding_mask=padding)[:, 1:]
