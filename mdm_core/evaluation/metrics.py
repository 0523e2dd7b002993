"""The field's metrics of generated motion: arrays of embeddings in, numbers out. No network, no files.

Text metrics follow Guo et al. (2022), as every paper on HumanML3D does; KID is Binkowski et al. (2018), precision and
recall Kynkäänniemi et al. (2019). Embeddings are float [N, E]; randomness is a generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

BATCH = 32
TOPS = 3
DIVERSITY_PAIRS = 300
MULTIMODALITY_PAIRS = 10


def distances(a: Array, b: Array) -> NDArray[np.float64]:
    """Euclidean distances [N, M] between the rows of [N, E] and [M, E]."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def r_precision(text: Array, motion: Array, *, batch: int = BATCH, tops: int = TOPS) -> NDArray[np.float64]:
    """Share [tops] of texts whose own motion is among the nearest 1, 2, ... of its batch; row k belongs to row k.

    Batches are consecutive; what does not fill one is left out, as in the published evaluation. Of equally near
    motions the own one counts as the last, so that a network that says the same of everything finds nothing.
    """
    paired(text, motion)
    count = len(text) // batch
    if count == 0:
        raise ValueError(f"R-precision needs at least {batch} pairs, not {len(text)}")
    found = np.zeros(tops)
    for start in range(0, count * batch, batch):
        near = distances(text[start : start + batch], motion[start : start + batch])
        rank = (near <= np.diag(near)[:, None]).sum(axis=1)
        found += [(rank <= k + 1).sum() for k in range(tops)]
    return found / (count * batch)


def matching_distance(text: Array, motion: Array) -> float:
    """MM-distance: mean distance of a text to its own motion."""
    paired(text, motion)
    return float(np.linalg.norm(np.asarray(text, dtype=np.float64) - motion, axis=1).mean())


def paired(text: Array, motion: Array) -> None:
    """ValueError unless both are [N, E] of the same N and E."""
    if text.ndim != 2 or text.shape != motion.shape:
        raise ValueError(f"texts {text.shape} and motions {motion.shape} do not belong together")


def gaussian(x: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean [E] and covariance [E, E] (n - 1) of rows."""
    x = np.asarray(x, dtype=np.float64)
    return x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False))


def root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric square root of a positive semi-definite matrix [E, E]."""
    values, vectors = np.linalg.eigh(covariance)
    scales: NDArray[np.float64] = np.maximum(values, 0.0) ** 0.5
    return np.einsum("ij,j,kj->ik", vectors, scales, vectors)


def frechet(
    mean_a: NDArray[np.float64],
    covariance_a: NDArray[np.float64],
    mean_b: NDArray[np.float64],
    covariance_b: NDArray[np.float64],
) -> float:
    """Frechet distance (squared 2-Wasserstein) of two Gaussians: |m - n|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2).

    The symmetric form of the usual (A B)^1/2: same trace, and real for covariances without full rank.
    """
    half = root(covariance_a)
    eigenvalues = np.linalg.eigvalsh(half @ covariance_b @ half)
    cross = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    gap = mean_a - mean_b
    return float(gap @ gap + np.trace(covariance_a) + np.trace(covariance_b) - 2 * cross)


def fid(a: Array, b: Array) -> float:
    """Frechet distance of Gaussians fitted to two sets of embeddings (Heusel et al. 2017). It grows as sets shrink."""
    return frechet(*gaussian(a), *gaussian(b))


def diversity(x: Array, rng: np.random.Generator, *, pairs: int = DIVERSITY_PAIRS) -> float:
    """Mean distance between two random draws of `pairs` motions each, each draw without repetition.

    Fewer motions than pairs give as many pairs as there are motions.
    """
    pairs = min(pairs, len(x))
    first, second = (rng.choice(len(x), pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(np.asarray(x, dtype=np.float64)[first] - x[second], axis=1).mean())


def multimodality(x: Array, rng: np.random.Generator, *, pairs: int = MULTIMODALITY_PAIRS) -> float:
    """Mean distance between motions of the same text or action; x: [texts, takes, E], `pairs` of each text."""
    if x.ndim != 3 or x.shape[1] < 2:
        raise ValueError(f"multimodality needs several takes of each text, not shape {x.shape}")
    pairs = min(pairs, x.shape[1])
    first, second = (rng.choice(x.shape[1], pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(np.asarray(x, dtype=np.float64)[:, first] - x[:, second], axis=2).mean())


def multimodality_of_labels(
    x: Array, labels: NDArray[np.integer[Any]], rng: np.random.Generator, *, pairs: int = 20
) -> float:
    """As `multimodality`, of motions [N, E] with action labels [N] in any numbers: `pairs` with replacement a label.

    Guo et al. 2020 (Action2Motion): 20 pairs of each action.
    """
    near: list[float] = []
    for label in np.unique(labels):
        own = np.asarray(x, dtype=np.float64)[labels == label]
        first, second = (rng.integers(len(own), size=pairs) for _ in range(2))
        near.append(float(np.linalg.norm(own[first] - own[second], axis=1).mean()))
    return float(np.mean(near))


def accuracy(scores: Array, labels: NDArray[np.integer[Any]]) -> float:
    """Share of motions for which a classifier's highest of scores [N, classes] is the label [N] that was asked for."""
    if len(scores) != len(labels):
        raise ValueError(f"{len(scores)} scores and {len(labels)} labels do not belong together")
    return float((np.argmax(scores, axis=1) == labels).mean())


def kid(a: Array, b: Array, rng: np.random.Generator, *, subsets: int = 100, size: int = 1000) -> float:
    """Kernel distance: unbiased squared MMD under the cubic kernel (x.y / E + 1)^3, mean over random subsets.

    size: rows of a subset, at most what the smaller set has.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    size = min(size, len(a), len(b))
    if size < 2:
        raise ValueError("KID needs at least two motions of each set")
    values = [
        mmd(a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)])
        for _ in range(1 if size == len(a) == len(b) else subsets)
    ]
    return float(np.mean(values))


def mmd(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Unbiased squared maximum mean discrepancy of [N, E] and [M, E] under the cubic kernel."""

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: NDArray[np.float64]) -> float:
        values = kernel(x, x)
        return float((values.sum() - np.trace(values)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def precision_recall(real: Array, made: Array, *, k: int = 3) -> tuple[float, float]:
    """Share of made motions within the real manifold, and of real ones within the made.

    The manifold of a set is the union of balls about its points, each as wide as its k-th nearest other.
    """
    return covered(real, made, k), covered(made, real, k)


def covered(manifold: Array, points: Array, k: int) -> float:
    """Share of points that lie in a ball of the manifold."""
    if len(manifold) <= k:
        raise ValueError(f"a manifold of {k} neighbours needs more than {k} motions")
    radius = np.sort(distances(manifold, manifold), axis=1)[:, k]  # column 0 is the point itself
    return float((distances(points, manifold) <= radius[None]).any(axis=1).mean())


@dataclass(frozen=True)
class Interval:
    """A number and half the width of its 95 % interval."""

    value: float
    half: float

    def __str__(self) -> str:
        return f"{self.value:.3f}±{self.half:.3f}"


def interval(values: Sequence[float]) -> Interval:
    """Mean of independent repetitions ± 1.96 standard errors, as papers print it. One repetition has no width."""
    x = np.asarray(values, dtype=np.float64)
    half = 1.96 * x.std(ddof=1) / np.sqrt(len(x)) if len(x) > 1 else 0.0
    return Interval(float(x.mean()), float(half))


def half_samples(value: float, values: Sequence[float]) -> Interval:
    """`value` of a whole sample ± 1.96 standard deviations of the same statistic on random halves of it.

    A half drawn without replacement varies as much about the whole as the whole about the truth (delete-d jackknife
    with d = n / 2, Shao and Wu 1989), so nothing has to be generated anew.
    """
    x = np.asarray(values, dtype=np.float64)
    return Interval(float(value), float(1.96 * np.sqrt(np.mean((x - x.mean()) ** 2))))
