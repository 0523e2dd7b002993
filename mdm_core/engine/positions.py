"""The sinusoid table of positions and denoising steps, in NumPy: one definition for all engines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def sinusoid(positions: int, width: int) -> NDArray[np.float32]:
    """The fixed table [positions, width] of Vaswani et al. (2017, sec. 3.5), sine and cosine interleaved.

    omega_k = exp(-2k ln(10000) / width). The published models hold it in float32, and at step 999 the last bit
    of omega moves the angle by 6e-5; so the exponent and omega are rounded to float32 where theirs are.
    """
    exponent = np.arange(0, width, 2, dtype=np.float32) * np.float32(-math.log(10000.0) / width)
    omega = np.exp(exponent.astype(np.float64)).astype(np.float32)
    angle = np.arange(positions, dtype=np.float32)[:, None] * omega
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(positions, width)
