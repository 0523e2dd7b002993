"""What a bundle may add to the matrices of its text encoder: a product of two thin ones each (LoRA, Hu et al. 2021).

    W' = W + up @ down        W [O, I], up [O, r], down [r, I]

Stored under the encoder's own names, `NAME.down` and `NAME.up`. `training.text_adapter` makes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

DOWN, UP = ".down", ".up"
Adapter = Mapping[str, NDArray[Any]]
NO_ADAPTER: Adapter = {}


def adapted(tensors: Mapping[str, NDArray[np.float32]], adapter: Adapter) -> dict[str, NDArray[np.float32]]:
    """The encoder's tensors with what the adapter adds; a MotionError if it is for another encoder."""
    names = {name.removesuffix(DOWN) for name in adapter if name.endswith(DOWN)}
    whole = {name + end for name in names for end in (DOWN, UP)} == set(adapter)
    if not whole or not all(fits(tensors.get(n), adapter[n + UP], adapter[n + DOWN]) for n in names):
        raise MotionError("What the model adds to its text encoder does not fit it, or is damaged; install it again.")
    return {
        name: weight + (adapter[name + UP].astype(np.float32) @ adapter[name + DOWN].astype(np.float32))
        if name in names
        else weight
        for name, weight in tensors.items()
    }


def fits(weight: NDArray[Any] | None, up: NDArray[Any], down: NDArray[Any]) -> bool:
    """Whether up [O, r] @ down [r, I] can be added to weight [O, I]."""
    if weight is None or not weight.ndim == up.ndim == down.ndim == 2:
        return False
    return weight.shape == (len(up), down.shape[1]) and up.shape[1] == len(down)
