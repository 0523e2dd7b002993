"""MDM's GRU (Tevet et al. 2023, ablation of table 1): no checkpoint of it is published.

The published code hands [frames, batch, width] to a GRU that was built to read [batch, frames, width]. So it runs
along the batch: the second motion of a batch hears the first one, and no frame hears another. Weights trained with
that code only make sense with it, and files of the authors' form are run so (`recurrence` "batch"). Its price is said
here rather than hidden: a motion depends on those made before it in the same batch, so guidance must not put the two
passes into one batch (`guidance.guided(..., together=False)`). A GRU trained by this project runs along time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mdm_core.engine.base import Conditioning
from mdm_core.engine.torch_network import MotionNetwork, NetworkShape


class GruNetwork(MotionNetwork):
    """The condition stands beside every frame's features; a GRU of `layers` layers reads them."""

    gru: nn.GRU

    def __init__(self, shape: NetworkShape) -> None:
        width = shape.features * shape.frames_per_token + shape.latent
        super().__init__(shape, width, gru=nn.GRU(shape.latent, shape.latent, shape.layers, batch_first=True))

    def hidden(self, frames: Tensor, ignored: Tensor | None, step: Tensor, conditioning: Conditioning) -> Tensor:
        """No frame is masked: a GRU has no attention to leave one out of."""
        del ignored
        condition = self.embed_condition(step, conditioning)[:, None].expand(-1, frames.shape[1], -1)
        sequence = self.input_process(torch.cat([frames, condition], dim=-1))
        sequence = self.dropout(sequence + self.pe[: sequence.shape[1]])
        if self.shape.recurrence == "time":
            return self.gru(sequence)[0]
        return self.gru(sequence.transpose(0, 1))[0].transpose(0, 1)
