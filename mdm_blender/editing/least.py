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

GIVES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-6, 1e-6)
"""How far a bound gives way to a force beyond what the solution before has, against how far the force moves its
vector."""
STEPS, BISECTIONS = 30, 40
SETTLED = 1e-7
"""Of the bound: by how much the vectors may be off from what the forces are made for."""
BEYOND, CLOSE = 1e-6, 0.9
"""Of the bound: what is longer by less needs no force of its own; and what may need one when another does."""


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


def least(kernel: Array, metric: Array, wanted: Wanted) -> tuple[Array, bool]:
    """θ [E, n] of least cost, and whether all bounds are kept; kernel: K at the E frames, metric: M [n, n].

    Only vectors that get beyond the bound without a force are looked at: first those that do at once, then, until
    there are no more, those that the forces of others bring there. Where the bounds cannot be kept it is left at that.
    """
    rows = wanted.bounded.reshape(-1, *wanted.bounded.shape[2:])
    loose, held = np.linalg.inv(metric), wanted.held
    pushing = _spread(kernel, loose, held)
    across = _products(pushing, rows)
    # What is held makes all of the change that moves it dearer (Woodbury).
    soft = np.linalg.solve(wanted.softness * np.eye(len(held)) + _products(pushing, held), across)
    gram, pull = np.zeros((len(rows), len(rows))), np.zeros(wanted.given.shape)
    acting, known = np.linalg.norm(wanted.given, axis=-1) > wanted.bound, np.zeros(len(pull), dtype=bool)
    kept = True
    while kept and (acting & ~known).any():
        new = _numbers(acting & ~known)
        gram[new] = _products(_spread(kernel, loose, rows[new]), rows) - across[:, new].T @ soft
        at, known = _numbers(acting), acting
        own = gram[np.ix_(at, at)]
        pull[acting], kept = _forces((own + own.T) / 2, wanted.given[acting], wanted.bound, pull[acting])
        size = np.linalg.norm(wanted.given - (pull[acting].ravel() @ gram[at]).reshape(pull.shape), axis=-1)
        if (~acting & (size > (1 + BEYOND) * wanted.bound)).any():
            acting = acting | (size > CLOSE * wanted.bound)
    pushed = np.tensordot(pull.ravel(), rows, 1) - np.tensordot(soft @ pull.ravel(), held, 1)
    return -kernel @ pushed @ loose, kept


def _numbers(vectors: Mask) -> NDArray[np.int_]:
    """Of the vectors [C] that are chosen."""
    return (3 * np.flatnonzero(vectors)[:, None] + np.arange(3)).ravel()


def _spread(kernel: Array, loose: Array, rows: Array) -> Array:
    """K Aᵀ M⁻¹ of rows A [R, E, n], as [R, E, n]."""
    return kernel @ (rows @ loose)


def _products(spread: Array, rows: Array) -> Array:
    """[R, Q] of `_spread` rows [R, E, n] and rows [Q, E, n], which are zero at most frames."""
    result = np.zeros((len(spread), len(rows)))
    for frame in range(rows.shape[1]):
        at = np.flatnonzero(rows[:, frame].any(axis=1))
        result[:, at] += spread[:, frame] @ rows[at, frame].T
    return result


def forces(gram: Array, given: Array, bound: float) -> Array:
    """y [C, 3] with which ½ yᵀ gram y is least while no vector of v = given - gram y is longer than the bound.

    gram: [3 C, 3 C], given: [C, 3]. By the proximal method of multipliers (Rockafellar 1976): bounds give way to what a
    force adds to that of the solution before, so each problem has one solution, whatever is asked for, and where all
    bounds can be kept the last keeps them: it is beyond by no more than `SETTLED` of the bound. Where they cannot be
    kept, forces grow without end; the last solution that is found in a few steps is that of bounds that give way more.
    """
    return _forces(gram, given, bound, np.zeros(given.shape))[0]


def _forces(gram: Array, given: Array, bound: float, pull: Array) -> tuple[Array, bool]:
    """As `forces`, from a guess on; and whether the bounds are kept."""
    scale = max(float(np.trace(gram)) / max(len(gram), 1), 1e-30)
    for share in GIVES:
        before, give = pull, share * scale
        found = _yielding(gram, given + give * before, before, bound, give)
        if found is None:
            return pull, False
        pull = found
        if give * np.abs(pull - before).max(initial=0.0) <= SETTLED * bound:
            break
    return pull, True


def _yielding(gram: Array, given: Array, pull: Array, bound: float, give: float) -> Array | None:
    """y [C, 3] at which each force is what its vector's excess over the bound makes it, max(0, |v_c| - bound) / give
    along v_c; None where `STEPS` from `pull` on do not find it. Newton's method, each step as long as lowers
    ½ yᵀ gram y + Σ max(0, |v_c| - bound)² / 2 give most; that is looked for in its slope, not in its values, whose
    differences drown in rounding.
    """
    vectors = _vectors(gram, given, pull)
    for _ in range(STEPS):
        wanted = _excess(vectors, bound) / give
        if np.abs(_moved(gram, wanted - pull)).max(initial=0.0) <= SETTLED * bound:
            return wanted
        step = _newton(gram, vectors, pull, bound, give)
        moved = _moved(gram, step)
        share = _lowest(vectors, pull, step, moved, bound, give)
        pull, vectors = pull + share * step, vectors - share * moved
    return None


def _vectors(gram: Array, given: Array, pull: Array) -> Array:
    return given - _moved(gram, pull)


def _moved(gram: Array, pull: Array) -> Array:
    return (gram @ pull.ravel()).reshape(pull.shape)


def _excess(vectors: Array, bound: float) -> Array:
    """What of the vectors [C, 3] is beyond the bound."""
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors * np.where(size > bound, 1 - bound / np.maximum(size, bound), 0.0)


def _lowest(vectors: Array, pull: Array, step: Array, moved: Array, bound: float, give: float) -> float:
    """The share of a step at which the cost, convex along it, is least; all of it where it still falls there."""

    def slope(share: float) -> float:
        return float(np.sum(moved * (pull + share * step - _excess(vectors - share * moved, bound) / give)))

    steep, low, high = 0.1 * abs(slope(0.0)), 0.0, 1.0
    share = 1.0
    for _ in range(BISECTIONS):
        here = slope(share)
        if here <= steep and (share == 1.0 or here >= -steep):
            break
        low, high = (share, high) if here < 0 else (low, share)
        share = (low + high) / 2
    return share


def _newton(gram: Array, vectors: Array, pull: Array, bound: float, give: float) -> Array:
    """The step [C, 3] to where the forces are what the vectors' excess makes them, as it changes here."""
    size = np.linalg.norm(vectors, axis=-1)
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
    step[beyond] = np.linalg.solve(np.eye(len(at)) + moved[:, at], right).reshape(-1, 3)
    return step


def _without(step: Array, rows: NDArray[np.int_]) -> Array:
    result = step.copy()
    result[rows] = 0.0
    return result
