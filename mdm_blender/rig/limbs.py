"""How well a chain of bones would do as a leg or an arm: lengths, bends and what hangs at its end. No names.

Costs are dimensionless; 1 is a deviation that one limb in a few has, 4 one that few have.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tree import Tree

Array = NDArray[np.floating]
BEST = 8
"""Readings of a chain that are kept, to be compared with the other side's."""


@dataclass(frozen=True)
class Fit:
    """Indices of the bones of a limb, from the trunk out, and what speaks against them.

    upper, middle, end: hip, knee, ankle or shoulder, elbow, wrist. before: the collar, if any.
    hand: whether fingers spread from its end.
    """

    upper: int
    middle: int
    end: int
    cost: float
    before: int | None = None
    hand: bool = False

    @property
    def joints(self) -> tuple[int, int, int]:
        return self.upper, self.middle, self.end


def leg_fits(tree: Tree, root: int) -> list[Fit]:
    """The likeliest readings of the chain from `root` to the lowest point below it as a leg."""
    path = tree.collapsed(tree.path_down(root))
    ground = float(tree.lowest[root])
    drop = float(tree.heads[path, 2].max()) - ground
    if len(path) < 3 or drop < 0.2 * tree.height:
        return []
    fits: list[Fit] = []
    for i, j, k in itertools.combinations(range(len(path)), 3):
        a, b, c = tree.heads[[path[i], path[j], path[k]]]
        thigh, shin = float(np.linalg.norm(b - a)), float(np.linalg.norm(c - b))
        if min(thigh, shin) < 0.15 * drop or a[2] <= b[2] or b[2] <= c[2]:
            continue
        cost = _squared(np.log(thigh / shin), 0.3) + _tilt(b - a) + _tilt(c - b)
        cost += _between(tree, path, i, j) + _between(tree, path, j, k) + 0.2 * i
        ankle = (c[2] - ground) / max(a[2] - ground, 1e-9)
        cost += 1.0 if k == len(path) - 1 else min(_squared(ankle - 0.09, 0.07), 6.0)
        covered = (a[2] - c[2]) / drop
        cost += _squared(max(0.8 - covered, 0.0), 0.08)
        cost -= min(_bend(a, b, c) / 10.0, 1.0)
        fits.append(Fit(path[i], path[j], path[k], float(cost)))
    return sorted(fits, key=lambda fit: fit.cost)[:BEST]


def arm_fits(tree: Tree, root: int) -> list[Fit]:
    """The likeliest readings of the chain from `root` to the farthest point below it as an arm."""
    full = tree.path_out(root)
    hand = next((bone for bone in full if _fingers(tree, bone) >= 3), None)
    if hand is not None:
        full = full[: full.index(hand) + 1]
    path = tree.collapsed(full)
    length = _length(tree, path)
    if length < 0.12 * tree.height:
        return []
    fits: list[Fit] = []
    for i, j, k in itertools.combinations(range(len(path)), 3):
        a, b, c = tree.heads[[path[i], path[j], path[k]]]
        upper, fore = float(np.linalg.norm(b - a)), float(np.linalg.norm(c - b))
        if min(upper, fore) < 0.12 * length:
            continue
        cost = _squared(np.log(upper / fore), 0.25)
        cost += _between(tree, path, i, j) + _between(tree, path, j, k)
        cost += _before(tree, path, i, upper) + _after(tree, path, k, fore, hand)
        cost -= min(_bend(a, b, c) / 10.0, 1.0)
        before = path[0] if i > 0 else None
        fits.append(Fit(path[i], path[j], path[k], float(cost), before, path[k] == hand))
    return sorted(fits, key=lambda fit: fit.cost)[:BEST]


def mirror_cost(tree: Tree, left: Fit, right: Fit) -> float:
    """What two limbs lack to be mirror images across an upright plane."""
    across = tree.heads[list(left.joints)] - tree.heads[list(right.joints)]
    middle = (tree.heads[list(left.joints)] + tree.heads[list(right.joints)]) / 2
    way = across.sum(axis=0) * [1.0, 1.0, 0.0]
    size = float(np.linalg.norm(way))
    length = float(np.linalg.norm(tree.heads[left.upper] - tree.heads[left.middle])) + 1e-9
    if size < 0.05 * length:
        return 100.0
    way = way / size
    beside = across - (across @ way)[:, None] * way
    along = middle @ way
    return _squared(np.abs(beside).max() / length, 0.12) + _squared(np.ptp(along) / length, 0.12)


def paired(tree: Tree, left: Sequence[Fit], right: Sequence[Fit]) -> tuple[Fit, Fit, float] | None:
    """The readings of two limbs that fit best together: (left, right, cost), which side is which not being known."""
    best: tuple[Fit, Fit, float] | None = None
    for a in left:
        for b in right:
            cost = a.cost + b.cost + mirror_cost(tree, a, b)
            cost += 0.0 if (a.before is None) == (b.before is None) else 2.0
            if best is None or cost < best[2]:
                best = a, b, cost
    return best


def _squared(value: float | np.floating, deviation: float) -> float:
    return float(value / deviation) ** 2


def _tilt(way: Array) -> float:
    """Of a thigh or shin off the vertical: nothing up to thirty degrees."""
    angle = np.degrees(np.arccos(np.clip(-way[2] / np.linalg.norm(way), -1.0, 1.0)))
    return _squared(max(angle - 15.0, 0.0), 15.0)


def _bend(a: Array, b: Array, c: Array) -> float:
    """Degrees by which the way a-b-c turns."""
    u, v = b - a, c - b
    cosine = u @ v / max(float(np.linalg.norm(u) * np.linalg.norm(v)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _between(tree: Tree, path: Sequence[int], start: int, end: int) -> float:
    """Bones passed over inside a segment: twist bones lie on its line, joints do not."""
    return sum(
        0.5 + min(_squared(_bend(*tree.heads[[path[start], path[at], path[end]]]), 5.0), 6.0)
        for at in range(start + 1, end)
    )


def _before(tree: Tree, path: Sequence[int], at: int, upper: float) -> float:
    """The collar: about half an upper arm; more bones there are unusual."""
    if at == 0:
        return 1.2
    collar = float(np.linalg.norm(tree.heads[path[at]] - tree.heads[path[0]])) / upper
    return 0.5 * _squared(np.log(max(collar, 1e-3) / 0.5), 1.0) + 0.3 * (at - 1)


def _after(tree: Tree, path: Sequence[int], at: int, fore: float, hand: int | None) -> float:
    """Behind the wrist comes no more than a hand, or a weapon in it."""
    if hand is not None:
        return 0.0 if path[at] == hand else 1.5
    rest = _length(tree, path[at:]) / fore
    return 0.3 if rest == 0.0 else min(_squared(max(rest - 0.6, 0.0), 0.3), 3.0)


def _length(tree: Tree, path: Sequence[int]) -> float:
    return float(np.linalg.norm(np.diff(tree.heads[list(path)], axis=0), axis=1).sum())


def _fingers(tree: Tree, bone: int) -> int:
    """Children that are chains of their own."""
    return sum(bool(tree.depth_below[kid] >= 1) for kid in tree.children[bone])
