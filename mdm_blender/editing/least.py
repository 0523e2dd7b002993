"""The least smooth change of a motion by which vectors that are linear in it come within bounds. Numbers alone.

A change is θ [E, n]: n numbers at each of E frames. What it costs is tr(θᵀ K⁻¹ θ M): how roughly it goes (K: `smooth`)
in the metric M of its numbers. The vectors are v_c = d_c + A_c θ, and none may be longer than a bound: a least distance
problem with cones. At its solution θ = -K Aᵀ y M⁻¹ with one force y_c for each vector that is at its bound, along it;
so it is the forces that are looked for, of which there are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

GIVES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
"""How far a bound gives way to a force, against how far the force moves its vector; each solution begins the next."""
STEPS, HALVINGS = 25, 12
SETTLED = 1e-9


def smooth(free: Mask) -> Array:
    """K [F, F] of changes at free frames [T] of which F are, zero at all others: the inverse of the sum of squares of
    their changes of velocity, as a cubic spline's."""
    second = np.diff(np.eye(len(free)), n=2, axis=0)[:, free]
    return np.linalg.inv(second.T @ second + 1e-9 * np.eye(int(free.sum())))


@dataclass(frozen=True)
class Wanted:
    """bounded: [C, 3, E, n], the A_c at E frames; given: [C, 3], the d_c; bound: how long they may be. held: [H, E, n],
    rows that shall stay 0; each costs its square over `softness`."""

    bounded: Array
    given: Array
    bound: float
    held: Array
    softness: float


def least(kernel: Array, metric: Array, wanted: Wanted) -> Array:
    """θ [E, n] of least cost; kernel: K at the E frames, metric: M [n, n]."""
    time, space = np.linalg.cholesky(kernel), np.linalg.cholesky(np.linalg.inv(metric))
    rows = _white(wanted.bounded.reshape(-1, *wanted.bounded.shape[2:]), time, space)
    held = _white(wanted.held, time, space)
    # What is held makes all of the change that moves it dearer (Woodbury).
    soft = np.linalg.solve(wanted.softness * np.eye(len(held)) + held @ held.T, held @ rows.T)
    dear = rows - soft.T @ held
    pull = forces(dear @ rows.T, wanted.given, wanted.bound)
    change = (dear.T @ -pull.ravel()).reshape(len(kernel), -1)
    return time @ change @ space.T


def _white(rows: Array, time: Array, space: Array) -> Array:
    """Rows [R, E, n] for changes whose cost is the sum of their squares, [R, E n]."""
    return (time.T @ rows @ space).reshape(len(rows), time.shape[0] * space.shape[0])


def forces(gram: Array, given: Array, bound: float) -> Array:
    """y [C, 3] with which ½ yᵀ gram y is least while no vector of v = given - gram y is longer than the bound.

    gram: [3 C, 3 C], given: [C, 3]. Bounds give way a little, so that there is a solution whatever is asked for:
    ½ yᵀ gram y + Σ max(0, |v_c| - bound)² / 2 give, by Newton's method on the few vectors that are beyond.
    """
    pull = np.zeros(given.shape)
    scale = max(float(np.trace(gram)) / max(len(gram), 1), 1e-30)
    for share in GIVES:
        give = share * scale
        cost = _cost(gram, given, pull, bound, give)
        for _ in range(STEPS):
            step = _newton(gram, given, pull, bound, give)
            lower = (pull + 0.5**k * step for k in range(HALVINGS))
            tried = next((it for it in lower if _cost(gram, given, it, bound, give) < cost), pull)
            before, pull = cost, tried
            cost = _cost(gram, given, pull, bound, give)
            if before - cost <= SETTLED * before:
                break
    return pull


def _vectors(gram: Array, given: Array, pull: Array) -> tuple[Array, Array]:
    vectors = given - (gram @ pull.ravel()).reshape(given.shape)
    return vectors, np.linalg.norm(vectors, axis=-1)


def _cost(gram: Array, given: Array, pull: Array, bound: float, give: float) -> float:
    _, size = _vectors(gram, given, pull)
    return float(0.5 * pull.ravel() @ gram @ pull.ravel() + 0.5 * (np.maximum(0.0, size - bound) ** 2).sum() / give)


def _newton(gram: Array, given: Array, pull: Array, bound: float, give: float) -> Array:
    """The step [C, 3] to where the forces are what the vectors' excess makes them."""
    vectors, size = _vectors(gram, given, pull)
    beyond = np.flatnonzero(size > bound)
    step = -pull
    if not len(beyond):
        return step
    along = vectors[beyond] / size[beyond, None]
    excess = (size[beyond] - bound)[:, None] * along / give
    lines = along[:, :, None] * along[:, None, :]
    # How the force of a vector changes with it: wholly along it, and by as much as it is beyond across.
    stiff = (lines + (1 - bound / size[beyond])[:, None, None] * (np.eye(3) - lines)) / give
    at = (3 * beyond[:, None] + np.arange(3)).ravel()
    blocks = gram[at].reshape(len(beyond), 3, -1)
    moved = (stiff @ blocks).reshape(len(at), -1)
    # Forces elsewhere go to zero, which moves these vectors too.
    right = (excess - pull[beyond]).ravel() - moved @ _without(step, beyond).ravel()
    step = step.copy()
    step[beyond] = np.linalg.solve(np.eye(len(at)) + moved[:, at], right).reshape(-1, 3)
    return step


def _without(step: Array, rows: NDArray[np.int_]) -> Array:
    result = step.copy()
    result[rows] = 0.0
    return result
