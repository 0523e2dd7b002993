"""MDM's transformer decoder, which DiP is too: frames attend to themselves and to the text (spec/mdm.md section 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.engine.base import Conditioning
from mdm_core.engine.torch_network import MotionNetwork, NetworkShape


class DecoderNetwork(MotionNetwork):
    """Post-norm decoder layers: self-attention without a causal mask, cross-attention to the condition, perceptron."""

    seqTransDecoder: nn.TransformerDecoder

    def __init__(self, shape: NetworkShape) -> None:
        layer = nn.TransformerDecoderLayer(
            shape.latent, shape.heads, shape.feed_forward, shape.dropout, activation="gelu", batch_first=True
        )
        stack = nn.TransformerDecoder(layer, shape.layers)
        super().__init__(shape, shape.features * shape.frames_per_token, seqTransDecoder=stack)

    def hidden(self, frames: Tensor, ignored: Tensor | None, step: Tensor, conditioning: Conditioning) -> Tensor:
        """Frames begin at position 0, or at 1 behind the extra token."""
        memory, unread = self.memory(step, conditioning)
        sequence = self.input_process(frames)
        if self.shape.extra_token != "none":
            token = (
                memory[:, :1] if self.shape.extra_token == "time+text" else self.embed_step(step, conditioning)[:, None]
            )
            sequence = torch.cat([token, sequence], dim=1)
            ignored = None if ignored is None else F.pad(ignored, (1, 0), value=False)
        sequence = self.dropout(sequence + self.pe[: sequence.shape[1]])
        hidden = self.seqTransDecoder(sequence, memory, tgt_key_padding_mask=ignored, memory_key_padding_mask=unread)
        return hidden[:, -frames.shape[1] :]

    def memory(self, step: Tensor, conditioning: Conditioning) -> tuple[Tensor, Tensor | None]:
        """What the frames attend to, [B, L, latent], and where it is padding, bool [B, L] or None."""
        words = self.embed_words(conditioning)
        if words is None:
            return self.embed_condition(step, conditioning)[:, None], None
        token = self.embed_step(step, conditioning)[:, None]
        unread = None if conditioning.text_mask is None else ~conditioning.text_mask
        if self.shape.text_policy == "add":
            return words + token, unread
        return torch.cat([token, words], dim=1), None if unread is None else F.pad(unread, (1, 0), value=False)
