"""The layers of a transformer in NumPy, float32: what the motion network and the sentence encoder share.

Only arithmetic on arrays: no parameters' names, no state. Every function takes any leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# ln P(X < -a) of a normal X, for 0 <= a <= GELU_END, lowest power first: the polynomial of degree 6 whose largest
# error times a P(X < -a) is least, 5.2e-8; found by tools/fit_gelu.py.
GELU_TAIL = np.array(
    [
        -0.6931423708672781,
        -0.7979522136330783,
        -0.31799580769357194,
        -0.037022448242642184,
        0.005601125179237781,
        -0.0005331822670396892,
        2.293816996557023e-05,
    ],
    dtype=np.float32,
)
GELU_END = np.float32(6.0)  # beyond it the tail is below 6e-9
BLOCK = 32768  # elements that stay in a processor's cache between the passes of gelu


@dataclass(frozen=True)
class Linear:
    """y = x W + b. weight: [inputs, outputs], the transpose of torch's; bias: [outputs]."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        rows = x.reshape(-1, x.shape[-1]) @ self.weight
        rows += self.bias
        return rows.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True)
class LayerNorm:
    """Ba et al. (2016), over the last axis. weight, bias: [width]."""

    weight: Floats
    bias: Floats
    epsilon: np.float32

    def __call__(self, x: Floats) -> Floats:
        width = np.float32(x.shape[-1])
        y = x - x.sum(axis=-1, keepdims=True) / width
        variance = np.einsum("...i,...i->...", y, y)[..., None] / width
        y *= 1.0 / np.sqrt(variance + self.epsilon)
        y *= self.weight
        y += self.bias
        return y


@dataclass(frozen=True)
class Attention:
    """Multi-head self-attention (Vaswani et al. 2017, sec. 3.2), its three input projections in one product.

    project: [width, 3 width], the columns of queries, keys and values one after the other; the queries' are
    divided by the root of the head's width beforehand, see `fused`.
    """

    heads: int
    project: Linear
    output: Linear

    def __call__(self, x: Floats, ignored: Floats | None = None) -> Floats:
        """x: [B, L, width]; ignored: [B, L], 0 at keys to attend to and -inf at the others, or None."""
        batch, length, width = x.shape
        split = self.project(x).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2)
        if ignored is not None:
            scores += ignored[:, None, None, :]
        softmax(scores)
        mixed = np.empty((batch, length, self.heads, width // self.heads), dtype=np.float32)
        np.matmul(scores, value, out=mixed.transpose(0, 2, 1, 3))
        return self.output(mixed.reshape(batch, length, width))


@dataclass(frozen=True)
class TransformerLayer:
    """One post-norm encoder layer: attention and a GELU perceptron, each added to its input and normalised."""

    attention: Attention
    norm1: LayerNorm
    linear1: Linear
    linear2: Linear
    norm2: LayerNorm

    def __call__(self, x: Floats, ignored: Floats | None = None) -> Floats:
        """x: [B, L, width]; ignored as in `Attention`."""
        mixed = self.attention(x, ignored)
        mixed += x
        x = self.norm1(mixed)
        hidden = self.linear1(x)
        gelu(hidden)
        thought = self.linear2(hidden)
        thought += x
        return self.norm2(thought)


def fused(query: Linear, key: Linear, value: Linear, heads: int) -> Linear:
    """The three input projections of an `Attention` as one, with the scale of the scores in it."""
    scale = np.float32((query.weight.shape[1] // heads) ** -0.5)
    return Linear(
        np.concatenate([query.weight * scale, key.weight, value.weight], axis=1),
        np.concatenate([query.bias * scale, key.bias, value.bias]),
    )


def gelu(x: Floats) -> None:
    """x becomes x P(X < x) in place (Hendrycks and Gimpel 2016), within 1.3e-7 of max(1, |x|).

    x P(X < x) = max(x, 0) - |x| P(X < -|x|), and the logarithm of the last factor is nearly a parabola:
    a polynomial and one `exp`, where erf would need a quotient as well. x has to be contiguous.
    """
    flat = x.reshape(-1)
    assert np.shares_memory(flat, x) or not x.size
    distance, tail = np.empty((2, min(BLOCK, flat.size)), dtype=np.float32)
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
        a, p = distance[: part.size], tail[: part.size]
        np.abs(part, out=a)
        np.minimum(a, GELU_END, out=a)
        np.multiply(a, GELU_TAIL[-1], out=p)
        for coefficient in GELU_TAIL[-2:0:-1]:
            p += coefficient
            p *= a
        p += GELU_TAIL[0]
        np.exp(p, out=p)
        p *= a
        np.maximum(part, np.float32(0), out=part)
        part -= p


def silu(x: Floats) -> Floats:
    """x times its logistic function, which is written as a tanh so that nothing overflows."""
    gate = np.tanh(np.float32(0.5) * x)
    gate += np.float32(1)
    gate *= np.float32(0.5)
    return x * gate


def softmax(scores: Floats) -> None:
    """In place over the last axis; a score of -inf gets no weight, and one of each row has to be finite."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
