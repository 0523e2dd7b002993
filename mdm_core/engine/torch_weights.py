"""Reading torch's own weight files. The only place that opens a .pt, and never with arbitrary pickles."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mdm_core.checkpoints.tensors import read_safetensors
from mdm_core.errors import MotionError


def read_checkpoint(path: Path, *, averaged: bool = False) -> dict[str, NDArray[np.float32]]:
    """The parameters in a checkpoint of MDM, float32, under their state-dict names.

    The file holds them flat, or, when trained with a moving average, as {"model": flat, "model_avg": flat};
    `averaged` then asks for the second (spec/mdm.md section 1.1). Raises `MotionError` if it is damaged or
    holds anything but tensors.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MotionError(f"There is no file {path}; give the path of the weights or of their folder.") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError):
        raise MotionError(
            f"{path} is damaged, or holds more than numbers, and was not loaded; download it again."
        ) from None
    if isinstance(stored, dict) and "model" in stored:
        stored = stored["model_avg"] if averaged and "model_avg" in stored else stored["model"]
    if not is_state_dict(stored):
        raise MotionError(f"{path} is not a checkpoint of MDM: it must hold named tensors alone; give another file.")
    return {name: value.detach().to(torch.float32).numpy() for name, value in stored.items()}


def read_folder(folder: Path) -> dict[str, NDArray[Any]]:
    """The parameters in a Hugging Face folder: model.safetensors, or pytorch_model.bin where that is not there."""
    path = folder / "model.safetensors"
    return read_safetensors(path) if path.is_file() else dict(read_checkpoint(folder / "pytorch_model.bin"))


def filled(make: Callable[[], nn.Module], parameters: Mapping[str, NDArray[Any]]) -> nn.Module:
    """A module with these parameters, float32, in evaluation mode; RuntimeError if they do not fit.

    It is made without memory, so that no time is spent on random numbers; position numbers, the only buffers that the
    text encoders compute instead of storing, are counted anew.
    """
    with torch.device("meta"):
        module = make()
    state = {name: torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32)) for name, v in parameters.items()}
    module.load_state_dict(state, assign=True)
    for part in module.modules():
        for name, buffer in part.named_buffers(recurse=False):
            if buffer.is_meta and name != "position_ids":
                raise RuntimeError(f"the buffer {name} is not known")
            if buffer.is_meta:
                part.register_buffer(name, torch.arange(buffer.shape[-1]).expand(buffer.shape), persistent=False)
    return module.eval()


def is_state_dict(stored: Any) -> bool:
    """Whether that is a non-empty dictionary of named tensors."""
    return (
        isinstance(stored, dict)
        and len(stored) > 0
        and all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in stored.items())
    )
