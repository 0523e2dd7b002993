"""Training steps computed in bfloat16 while the weights that are learnt stay float32 (Micikevicius et al. 2018).

Autocast does the same layer by layer, and on a CPU spends more time on casting than on multiplying: here everything
between input and output is bfloat16. Its exponent is float32's, so that the loss needs no scaling.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Generator
from dataclasses import fields, replace

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from mdm_core.engine.base import Conditioning


class HalfNetwork:
    """A network of float32 weights, called as one of bfloat16.

    After the backward pass `take_gradients` brings the gradients to the float32 weights, after the optimiser's step
    `refresh` their new values to the copy.
    """

    def __init__(self, network: nn.Module, *, compiled: bool = False) -> None:
        self._learnt = list(network.parameters())
        half = copy.deepcopy(network).bfloat16()
        self._computed = list(half.parameters())
        self._forward: Callable[[Tensor, Tensor, Conditioning], Tensor] = torch.compile(half) if compiled else half

    def __call__(self, x: Tensor, step: Tensor, conditioning: Conditioning) -> Tensor:
        """x0 as the network predicts it, float32."""
        return self._forward(x.bfloat16(), step, halved(conditioning)).float()

    def take_gradients(self) -> None:
        """Moves the gradients of the bfloat16 weights to the float32 ones."""
        for learnt, computed in zip(self._learnt, self._computed, strict=True):
            learnt.grad = None if computed.grad is None else computed.grad.float()
            computed.grad = None

    def refresh(self) -> None:
        """Rounds the float32 weights anew."""
        with torch.no_grad():
            for learnt, computed in zip(self._learnt, self._computed, strict=True):
                computed.copy_(learnt)


def halved(conditioning: Conditioning) -> Conditioning:
    """The condition with its float32 tensors in bfloat16."""
    values = {field.name: getattr(conditioning, field.name) for field in fields(conditioning)}
    floats = {k: v.bfloat16() for k, v in values.items() if isinstance(v, Tensor) and v.dtype == torch.float32}
    return replace(conditioning, **floats)


@contextlib.contextmanager
def short_attention(device: torch.device) -> Generator[None]:
    """On a CPU, attention by plain matrix products: for our few dozen tokens torch's fused one takes twice as long."""
    if device.type != "cpu":
        yield
        return
    with sdpa_kernel(SDPBackend.MATH):
        yield
