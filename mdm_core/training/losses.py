"""What training minimises: the masked error of x0 (Tevet et al. 2023, eq. 2) and of the motion that it decodes to."""

from __future__ import annotations

import torch
from torch import Tensor

from mdm_core.features import smpl_rot6d
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


CONTACT_STEP = 0.01  # of the paper's foot contact loss: metres a frame below which a true foot stands
FEET24 = (7, 10, 8, 11)


def masked_l2(a: Tensor, b: Tensor, frame_mask: Tensor) -> Tensor:
    """The published code's masked mean squared error of [B, T, ...] over real frames [B, T], one value a batch."""
    mask = frame_mask.to(a.dtype)
    error = ((a - b) ** 2).flatten(2).sum(dim=-1) * mask
    entries = mask.sum(dim=1) * a[0, 0].numel()
    return (error.sum(dim=1) / (entries + 1e-8)).mean()


def smpl_joints(x: Tensor) -> Tensor:
    """Joint positions [B, T, 24, 3], metres, root at the origin, of rotations [B, T, 150] (`features.smpl_rot6d`).

    FK of eq. 3 on our own body; the translation is left out, as the published code leaves it out of these losses.
    """
    d = x.unflatten(-1, (-1, 6))[..., :-1, :]
    first = torch.nn.functional.normalize(d[..., :3], dim=-1)
    second = d[..., 3:] - (first * d[..., 3:]).sum(dim=-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    local = torch.stack([first, second, torch.linalg.cross(first, second)], dim=-2)
    rest = torch.as_tensor(smpl_rot6d.rest24(), dtype=x.dtype, device=x.device)
    turned, places = [local[..., 0, :, :]], [torch.zeros_like(first[..., 0, :])]
    for joint, parent in enumerate(smpl_rot6d.PARENTS24[1:], start=1):
        turned.append(turned[parent] @ local[..., joint, :, :])
        places.append(places[parent] + turned[parent] @ (rest[joint] - rest[parent]))
    return torch.stack(places, dim=-2)


def geometric_loss(
    predicted: Tensor, x0: Tensor, frame_mask: Tensor, *, position: float, velocity: float, contact: float
) -> Tensor:
    """The paper's losses for rotations, each by its weight (Tevet et al. 2023, eqs. 3-5; spec/mdm.md section 8).

    predicted, x0: [B, T, 150]. position: of joints by FK (rcxyz); velocity: of the rotations' frame differences;
    contact: of the predicted movement of feet that truly stand.
    """
    total = predicted.new_zeros(())
    moving = frame_mask[:, 1:]
    if velocity:
        rotations = [x[..., : 6 * smpl_rot6d.ROTATIONS].diff(dim=1) for x in (predicted, x0)]
        total = total + velocity * masked_l2(rotations[0], rotations[1], moving)
    if position or contact:
        made, true = smpl_joints(predicted), smpl_joints(x0)
        if position:
            total = total + position * masked_l2(made, true, frame_mask)
        if contact:
            feet = list(FEET24)
            stands = true[:, :, feet].diff(dim=1).norm(dim=-1, keepdim=True) <= CONTACT_STEP
            slides = made[:, :, feet].diff(dim=1) * stands
            total = total + contact * masked_l2(slides, torch.zeros_like(slides), moving)
    return total
