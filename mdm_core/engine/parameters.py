"""Layers from a state dict: parameters are taken out by name and checked against the shape that is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.engine.numpy_layers import Floats, LayerNorm, Linear
from mdm_core.errors import MotionError


@dataclass(frozen=True)
class Parameters:
    """tensors: a state dict; source: what it belongs to, the subject of the sentence when something is wrong."""

    tensors: Mapping[str, NDArray[Any]]
    source: str

    def take(self, name: str, *shape: int) -> Floats:
        """One entry, float32 and contiguous; a `MotionError` names it if it is missing or has another shape."""
        value = self.tensors.get(name)
        if value is None or value.shape != shape:
            found = "missing" if value is None else f"of shape {list(value.shape)} instead of {list(shape)}"
            raise MotionError(f'{self.source} is not what it should be: "{name}" is {found}; install it again.')
        return np.ascontiguousarray(value, dtype=np.float32)

    def affine(self, weight: str, bias: str, inputs: int, outputs: int) -> Linear:
        """A linear map from the names of its weight, stored [outputs, inputs], and its bias."""
        return Linear(np.ascontiguousarray(self.take(weight, outputs, inputs).T), self.take(bias, outputs))

    def linear(self, name: str, inputs: int, outputs: int) -> Linear:
        """An nn.Linear."""
        return self.affine(f"{name}.weight", f"{name}.bias", inputs, outputs)

    def norm(self, name: str, width: int, epsilon: np.float32) -> LayerNorm:
        """An nn.LayerNorm."""
        return LayerNorm(self.take(f"{name}.weight", width), self.take(f"{name}.bias", width), epsilon)
