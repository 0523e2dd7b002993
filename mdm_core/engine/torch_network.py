"""The encoder network of MDM in torch (Tevet et al. 2023, fig. 2 and sec. 3), for training and sampling.

Parameter names are those of the published checkpoints, so that a state dict loads as it is. Two things
are generalised and default to the paper's: the condition may come from any encoder (`text_dim`), and a
token may hold several frames (`frames_per_token`), which makes attention cheaper on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.engine.base import Conditioning
from mdm_core.engine.positions import sinusoid


@dataclass(frozen=True)
class NetworkShape:
    """Sizes of the network; a model card's "architecture" entry holds the same names."""

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


class EncoderNetwork(nn.Module):
    """MDM's transformer encoder: [condition + step ; frames] through 8 post-norm layers, predicting x0."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.features * shape.frames_per_token
        self.input_process = InputProcess(width, shape.latent)
        layer = nn.TransformerEncoderLayer(
            shape.latent, shape.heads, shape.feed_forward, shape.dropout, activation="gelu", batch_first=True
        )
        self.seqTransEncoder = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.embed_timestep = TimestepEmbedder(shape.latent)
        self.embed_text = nn.Linear(shape.text_dim, shape.latent) if shape.text_dim else None
        self.embed_action = EmbedAction(shape.actions, shape.latent) if shape.actions else None
        self.output_process = OutputProcess(width, shape.latent)
        self.dropout = nn.Dropout(shape.dropout)
        self.register_buffer("pe", torch.from_numpy(sinusoid(shape.max_positions, shape.latent)), persistent=False)

    pe: Tensor

    def embed_condition(self, step: Tensor, conditioning: Conditioning) -> Tensor:
        """The condition token [B, latent]. A null condition is the encoder's output times zero (sec. 3)."""
        token = self.embed_timestep(self.pe[step])
        keep = conditioning.keep[:, None]
        if self.embed_text is not None and conditioning.text is not None:
            token = token + self.embed_text(conditioning.text[:, 0] * keep)
        if self.embed_action is not None and conditioning.action is not None:
            token = token + self.embed_action(conditioning.action) * keep
        return token

    def forward(self, x: Tensor, step: Tensor, conditioning: Conditioning) -> Tensor:
        """x: [B, T, D] noisy, step: int [B]; returns x0 [B, T, D]."""
        batch, frames, features = x.shape
        group = self.shape.frames_per_token
        x = F.pad(x, (0, 0, 0, -frames % group))
        tokens = self.input_process(x.reshape(batch, -1, group * features))
        sequence = torch.cat([self.embed_condition(step, conditioning)[:, None], tokens], dim=1)
        sequence = self.dropout(sequence + self.pe[: sequence.shape[1]])
        hidden = self.seqTransEncoder(sequence, src_key_padding_mask=self.padding(conditioning.frame_mask, group))
        return self.output_process(hidden[:, 1:]).reshape(batch, -1, features)[:, :frames]

    @staticmethod
    def padding(frame_mask: Tensor | None, group: int) -> Tensor | None:
        """Tokens to be ignored, bool [B, 1 + tokens]: those without one real frame; never the condition token."""
        if frame_mask is None:
            return None
        padded = F.pad(frame_mask, (0, -frame_mask.shape[1] % group), value=False)
        ignored = ~padded.reshape(len(padded), -1, group).any(dim=-1)
        return F.pad(ignored, (1, 0), value=False)
