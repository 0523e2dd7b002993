"""Classifier-free guidance around a denoiser. What the null condition is inside a network is the engine's matter."""

from __future__ import annotations

from dataclasses import replace

from mdm_core.arrays import Array, namespace
from mdm_core.engine.base import Conditioning, Denoiser, with_null


def guided(
    denoiser: Denoiser,
    scale: float,
    *,
    interval: tuple[int, int] | None = None,
    rescale: float = 0.0,
    together: bool = True,
) -> Denoiser:
    """The denoiser with classifier-free guidance (Ho and Salimans 2022, eq. 6; Tevet et al. 2023, eq. 7).

    x0 = x0(null) + scale (x0(condition) - x0(null)), from one batch of 2B. Scale 1 is the conditioned
    pass alone, and costs one; scale 0 ignores the condition.

    interval: the trained steps, first and last, between which guidance acts; outside it is the conditioned pass alone,
        at half the cost (Kynkäänniemi et al. 2024). rescale: 0 to 1, how far the guided result is brought back to the
        spread of the conditioned one (Lin et al. 2024, eqs. 15 and 16). together: False makes two passes of B, for a
        network in which the motions of a batch hear each other (`engine.torch_gru`).
    """
    if scale == 1:
        return denoiser

    def denoise(x: Array, step: Array, conditioning: Conditioning) -> Array:
        if interval is not None and not interval[0] <= int(step[0]) <= interval[1]:
            return denoiser(x, step, conditioning)
        conditioned, null = both(denoiser, x, step, conditioning, together=together)
        x0 = null + scale * (conditioned - null)
        return rescaled(x0, conditioned, rescale) if rescale else x0

    return denoise


def both(
    denoiser: Denoiser, x: Array, step: Array, conditioning: Conditioning, *, together: bool
) -> tuple[Array, Array]:
    """x0 [B, T, D] with the condition, and without it."""
    xp, batch = namespace(x), len(x)
    if not together:
        null = replace(conditioning, keep=xp.zeros_like(conditioning.keep))
        return denoiser(x, step, conditioning), denoiser(x, step, null)
    x0 = denoiser(xp.concatenate([x, x]), xp.concatenate([step, step]), with_null(conditioning))
    return x0[:batch], x0[batch:]


def rescaled(x0: Array, conditioned: Array, share: float) -> Array:
    """x0 [B, T, D] with the standard deviation of `conditioned`, a motion at a time, mixed in by `share`."""

    def spread(a: Array) -> Array:
        centred = a - a.mean((1, 2))[:, None, None]
        return ((centred**2).mean((1, 2)) ** 0.5)[:, None, None]

    return share * x0 * (spread(conditioned) / spread(x0)) + (1 - share) * x0
