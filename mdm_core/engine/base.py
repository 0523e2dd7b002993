"""The Denoiser protocol and what it is conditioned on. Both engines and all samplers meet here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

from mdm_core.arrays import Array, namespace

GOALS = ("pelvis", "left_foot", "right_foot", "left_wrist", "right_wrist", "head", "traj", "heading")
"""DiP's goals in their order: joints, "traj" the pelvis on the ground, "heading" an angle (spec/mdm.md section 6)."""


@dataclass(frozen=True)
class Conditioning:
    """What a batch of B motions is asked to be. Arrays are NumPy or torch, of the engine's kind.

    keep: float [B]; 1 where the condition holds, 0 for the null condition of classifier-free guidance.
    text: float [B, L, E], the text encoder's states (L = 1 for a sentence embedding), or None.
    text_mask: bool [B, L], True at real tokens, or None if all are.
    action: int [B], an action label, or None; below 0 for none in this motion.
    frame_mask: bool [B, T], True at the frames to be made, or None if all are.
    prefix: float [B, P, D], normalised clean frames that the made ones continue (DiP), or None.
    target: float [B, 8, 3], where the goals of `GOALS` shall be at the last frame, metres in the frame of the first
        made one; the heading's row holds an angle in its first number. None for no goals.
    target_valid: bool [B, 8], True at the rows that are asked for; needed with `target`.
    observed: float [B, T, D + 4], what is known of the motion, 0 elsewhere (`features.observation`), for models that
        are trained for editing; None for nothing. Guidance keeps it in both passes.
    observed_mask: bool [B, T, D + 4], True where it is known; needed with `observed`.
    """

    keep: Array
    text: Array | None = None
    text_mask: Array | None = None
    action: Array | None = None
    frame_mask: Array | None = None
    prefix: Array | None = None
    target: Array | None = None
    target_valid: Array | None = None
    observed: Array | None = None
    observed_mask: Array | None = None


class Denoiser(Protocol):
    """A trained network that predicts the clean motion x0 from a noisy one (Tevet et al. 2023, eq. 2)."""

    def __call__(self, x: Array, step: Array, conditioning: Conditioning) -> Array:
        """x: [B, T, D] normalised, noisy; step: int [B], index of the trained chain; returns x0 [B, T, D]."""
        ...


def with_null(conditioning: Conditioning) -> Conditioning:
    """The batch twice: first as it is, then with the condition dropped; for guidance in one pass of 2B."""
    xp = namespace(conditioning.keep)

    def twice(a: Array | None) -> Array | None:
        return None if a is None else xp.concatenate([a, a])

    doubled = {f.name: twice(getattr(conditioning, f.name)) for f in fields(conditioning) if f.name != "keep"}
    keep = xp.concatenate([conditioning.keep, xp.zeros_like(conditioning.keep)])
    return Conditioning(keep=keep, **doubled)
