"""The one place where NumPy arrays and torch tensors are told apart, so that the maths is written once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any
"""A NumPy array or a torch tensor. Python has no common type for both; functions state shapes instead."""


def namespace(x: Any) -> Any:
    """The module whose functions (`concatenate`, `where`, `sqrt`, ...) take x: numpy, or torch for a tensor."""
    return np if isinstance(x, np.ndarray | np.generic) else sys.modules["torch"]


def like(values: Any, x: Any) -> Any:
    """`values` as an array of x's kind, dtype and device."""
    if namespace(x) is np:
        return np.asarray(values, dtype=x.dtype)
    return sys.modules["torch"].as_tensor(values, dtype=x.dtype, device=x.device)


def integers(value: int, count: int, x: Any) -> Any:
    """`count` times the integer `value`, int64 [count], of x's kind and device."""
    if namespace(x) is np:
        return np.full(count, value, dtype=np.int64)
    torch = sys.modules["torch"]
    return torch.full((count,), value, dtype=torch.int64, device=x.device)
