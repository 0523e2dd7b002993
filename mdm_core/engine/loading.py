"""Which engine runs a model, and where: a bundle in, a denoiser out, with the way into and out of its kind of array."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.arrays import Array
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.engine.base import Denoiser
from mdm_core.errors import MotionError

ENGINES = ("auto", "torch", "numpy")
ENGINES_OF = {"trans_enc": ("torch", "numpy"), "trans_dec": ("torch",), "gru": ("torch",)}
"""Which engines run an architecture."""
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Engine:
    """A model ready to run. into: NumPy to the engine's arrays; out: back again. device: "cpu", "cuda" or "mps"."""

    name: str
    device: str
    denoiser: Denoiser
    into: Callable[[NDArray[np.generic]], Array]
    out: Callable[[Array], NDArray[np.float32]]


def load(bundle: Bundle, engine: str = "auto", device: str = "auto") -> Engine:
    """The bundle's network on an engine. "auto" takes torch where it finds a GPU, and else NumPy, which starts at once.

    Raises MotionError if the engine or device is unknown or not there, or the weights do not fit their card.
    """
    if engine not in ENGINES:
        raise MotionError(f'There is no engine "{engine}"; use one of {", ".join(ENGINES)}.')
    if device not in DEVICES:
        raise MotionError(f'There is no device "{device}"; use one of {", ".join(DEVICES)}.')
    if engine == "numpy" and device not in ("auto", "cpu"):
        raise MotionError(f"The NumPy engine runs on the CPU, not on {device}; choose the torch engine for that.")
    if engine == "torch" or (engine == "auto" and wants_torch(device)):
        return load_torch(bundle, device)
    from mdm_core.engine.numpy_engine import NumpyDenoiser

    return Engine("numpy", "cpu", NumpyDenoiser.from_bundle(bundle), np.asarray, np.asarray)


def wants_torch(device: str) -> bool:
    """Whether "auto" means torch: a GPU is asked for, or none is named and there is one."""
    if device == "cpu" or importlib.util.find_spec("torch") is None:
        return device in ("cuda", "mps")
    if device != "auto":
        return True
    if importlib.metadata.version("torch").endswith("+cpu"):
        return False
    import torch

    return torch.cuda.is_available() or torch.backends.mps.is_available()


def load_torch(bundle: Bundle, device: str) -> Engine:
    """The torch engine, or a MotionError that says why not."""
    try:
        from mdm_core.engine import torch_denoiser
    except ImportError:
        raise MotionError("The torch engine needs PyTorch; `pip install torch`, or use NumPy.") from None
    return torch_denoiser.load(bundle, device)
