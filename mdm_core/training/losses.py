"""What training minimises: the masked error of x0 (Tevet et al. 2023, eq. 2) and of the motion that it decodes to."""

from __future__ import annotations

import torch
from torch import Tensor

from mdm_core.skeleton import JOINTS


def masked_mean(error: Tensor, frame_mask: Tensor) -> Tensor:
    """Mean of error [B, T, D] over the real frames [B, T] of each sample, then over samples."""
    mask = frame_mask.to(error.dtype)
    per_frame = error.mean(dim=-1) * mask
    return (per_frame.sum(dim=1) / mask.sum(dim=1).clamp(min=1)).mean()


def x0_loss(predicted: Tensor, x0: Tensor, frame_mask: Tensor, column_weight: Tensor) -> Tensor:
    """Squared error in normalised space, [B, T, D] each, weighted by column [D] (mean 1)."""
    return masked_mean((predicted - x0) ** 2 * column_weight, frame_mask)


def decoded_velocity(root_and_ric: Tensor) -> Tensor:
    """Velocities [B, T - 1, 22, 3], metres a frame, of what denormalised root and ric columns [B, T, 67] decode to.

    Frame t's velocity is seen from the character in frame t (spec humanml3d section 4 and 5): the root moves by its
    velocity, stored in the facing of t + 1; a joint by the root's move and its own change, turned by the yaw rate.
    """
    angle = -2.0 * root_and_ric[:, :-1, 0]
    cos, sin = torch.cos(angle), torch.sin(angle)

    def turned(v: Tensor) -> Tensor:
        """Vectors seen in frame t + 1, seen from frame t: turned about Y by the yaw between them."""
        c, s = (cos[..., None], sin[..., None]) if v.ndim == 4 else (cos, sin)
        return torch.stack([c * v[..., 0] + s * v[..., 2], v[..., 1], c * v[..., 2] - s * v[..., 0]], dim=-1)

    local = root_and_ric[..., 4:].unflatten(-1, (JOINTS - 1, 3))
    height = root_and_ric[..., 3]
    zero = torch.zeros_like(height[:, 1:])
    root = turned(torch.stack([root_and_ric[:, :-1, 1], zero, root_and_ric[:, :-1, 2]], dim=-1))
    joints = turned(local[:, 1:]) - local[:, :-1] + root[:, :, None]
    rise = torch.stack([zero, height[:, 1:] - height[:, :-1], zero], dim=-1)
    return torch.cat([(root + rise)[:, :, None], joints], dim=2)


def velocity_loss(predicted: Tensor, x0: Tensor, frame_mask: Tensor, scale: float) -> Tensor:
    """Squared error of decoded velocities in units of `scale` (m/frame); inputs [B, T, 67] denormalised.

    This is what keeps a standing foot standing: x0's own error hardly sees a slide.
    """
    error = (decoded_velocity(predicted) - decoded_velocity(x0)).flatten(2) / scale
    return masked_mean(error**2, frame_mask[:, 1:])
