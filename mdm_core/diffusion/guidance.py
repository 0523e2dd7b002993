"""Classifier-free guidance around a denoiser. What the null condition is inside a network is the engine's matter."""

from __future__ import annotations

from mdm_core.arrays import Array, namespace
from mdm_core.engine.base import Conditioning, Denoiser, with_null


def guided(denoiser: Denoiser, scale: float) -> Denoiser:
    """The denoiser with classifier-free guidance (Ho and Salimans 2022, eq. 6; Tevet et al. 2023, eq. 7).

    x0 = x0(null) + scale (x0(condition) - x0(null)), from one batch of 2B. Scale 1 is the conditioned
    pass alone, and costs one; scale 0 ignores the condition.
    """
    if scale == 1:
        return denoiser

    def denoise(x: Array, step: Array, conditioning: Conditioning) -> Array:
        xp, batch = namespace(x), len(x)
        x0 = denoiser(xp.concatenate([x, x]), xp.concatenate([step, step]), with_null(conditioning))
        conditioned, null = x0[:batch], x0[batch:]
        return null + scale * (conditioned - null)

    return denoise
