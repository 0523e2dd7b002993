"""The torch engine: a bundle's network on a device, for sampling alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_core.checkpoints.bundle import Bundle
from mdm_core.engine.base import Conditioning
from mdm_core.engine.loading import Engine
from mdm_core.engine.torch_decoder import DecoderNetwork
from mdm_core.engine.torch_gru import GruNetwork
from mdm_core.engine.torch_network import EncoderNetwork, MotionNetwork, NetworkShape
from mdm_core.errors import MotionError

NETWORKS: dict[str, Callable[[NetworkShape], MotionNetwork]] = {
    "trans_enc": EncoderNetwork,
    "trans_dec": DecoderNetwork,
    "gru": GruNetwork,
}
"""By the names of args.json and cards."""


class TorchDenoiser:
    """A network as a `Denoiser`: evaluation mode, no gradients."""

    def __init__(self, network: MotionNetwork) -> None:
        self.network = network.eval()

    def __call__(self, x: Tensor, step: Tensor, conditioning: Conditioning) -> Tensor:
        """x: [B, T, D] normalised, noisy; step: int [B], index of the trained chain; returns x0 [B, T, D]."""
        with torch.inference_mode():
            return self.network(x, step, conditioning)


def load(bundle: Bundle, device: str = "auto") -> Engine:
    """The bundle's network on "cpu", "cuda", "mps", or the first of cuda, mps and cpu that is there."""
    place = pick(device)
    network = build(bundle.card["architecture"])
    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.parameters.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"The weights do not fit the model's card ({reason}); install the model again.") from None
    network.to(place)

    def into(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(place)

    def out(values: Tensor) -> NDArray[np.float32]:
        return values.detach().to("cpu", torch.float32).numpy()

    return Engine("torch", place.type, TorchDenoiser(network), into, out)


def build(architecture: Mapping[str, Any]) -> MotionNetwork:
    """The untrained network of a card's "architecture"; a MotionError if it is of no known kind."""
    kind = architecture.get("arch", "trans_enc")
    if kind not in NETWORKS:
        raise MotionError(f"The torch engine knows no models of the kind {kind}; known are {', '.join(NETWORKS)}.")
    known = {name: architecture[name] for name in NetworkShape.__dataclass_fields__ if name in architecture}
    return NETWORKS[kind](NetworkShape(**known))


def pick(name: str) -> torch.device:
    """The device by name; a MotionError if it is not there."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in found.items() if there)
    if not found[name]:
        raise MotionError(f'This machine has no device "{name}" that torch can use; use "auto" or "cpu".')
    return torch.device(name)
