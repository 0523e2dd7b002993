"""Left and right made easier to tell apart while a network learns words, without a change to what it is afterwards.

The embeddings of "kicks with the left leg" and "kicks with the right leg" are a fifth as far apart as those of two
sentences drawn at random, and most of what distinguishes them lies along one axis. Along it the embeddings are
stretched, and the layer that reads them is squeezed as much, so that the network means the same, but a step of the
optimiser moves what it makes of a side `gain` times as far. The weights that are kept are those for plain embeddings.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_core.datasets.pack import Pack

WEIGHT = "embed_text.weight"
"""The layer that reads sentences, [latent, E]."""


def side_axis(pack: Pack) -> NDArray[np.float32]:
    """The unit vector [E] along which sentences differ most from their mirror images; zero if none names a side."""
    embeddings = pack.embeddings.astype(np.float32)
    apart = embeddings - embeddings[pack.mirrored]
    if not apart.any():
        return np.zeros(embeddings.shape[1], dtype=np.float32)
    return np.linalg.eigh(apart.T @ apart)[1][:, -1]


def stretched(embeddings: NDArray[np.floating], axis: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    """Embeddings [S, E], `gain` times as long along the axis [E]."""
    plain = embeddings.astype(np.float32)
    return plain + (gain - 1) * np.outer(plain @ axis, axis)


def for_stretched(parameters: dict[str, Tensor], axis: NDArray[np.float32], gain: float) -> dict[str, Tensor]:
    """Weights for plain embeddings as those that mean the same for stretched ones."""
    return for_plain(parameters, axis, 1 / gain)


def for_plain(parameters: dict[str, Tensor], axis: NDArray[np.float32], gain: float) -> dict[str, Tensor]:
    """Weights for embeddings `stretched` by `gain` as those that mean the same for plain ones."""
    if WEIGHT not in parameters:
        return parameters
    weight = parameters[WEIGHT]
    along = torch.from_numpy(axis).to(weight)
    return {**parameters, WEIGHT: weight + (gain - 1) * torch.outer(weight @ along, along)}
