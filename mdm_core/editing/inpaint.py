"""Inpainting as MDM does it: the known part of a motion replaces the prediction at every denoising step."""

from __future__ import annotations

from mdm_core.arrays import Array, namespace
from mdm_core.diffusion.samplers import Constrain
from mdm_core.errors import MotionError


def replace_known(known: Array, mask: Array) -> Constrain:
    """The `constrain` argument of the samplers that keeps `known` where `mask` holds (Tevet et al. 2023, sec. 3).

    known: [B, T, D] normalised features; mask: bool [B, T, D], True = keep the given value. x_t itself is
    never overwritten: the known part enters through the posterior mean, and as the last step returns x0,
    it is exact in the result. Features are relative, so a known frame after a generated one keeps its pose
    and speed but not its place in the world.
    """
    if known.shape != mask.shape:
        raise MotionError(
            f"The kept motion is {tuple(known.shape)} and its mask {tuple(mask.shape)}; give equal shapes."
        )

    def constrain(x0: Array, _step: int) -> Array:
        return namespace(x0).where(mask, known, x0)

    return constrain
