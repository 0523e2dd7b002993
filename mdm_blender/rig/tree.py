"""An armature as arrays: who hangs from whom and where, with z up. For `limbs` and `structure`, which know no names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .snapshot import RigSnapshot

Array = NDArray[np.floating]
MAX_PATH = 16
"""Bones of a limb that are looked at: longer chains are hair, tails and ropes."""


@dataclass(frozen=True)
class Tree:
    """names: of n bones, parents first. parent: index above, -1 at roots. heads, tails: [n, 3], z up."""

    names: tuple[str, ...]
    parent: tuple[int, ...]
    heads: Array
    tails: Array

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        found: list[list[int]] = [[] for _ in self.names]
        for bone, above in enumerate(self.parent):
            if above >= 0:
                found[above].append(bone)
        return tuple(tuple(kids) for kids in found)

    @cached_property
    def lowest(self) -> Array:
        """Height [n] of the lowest head in each bone's subtree."""
        low = self.heads[:, 2].copy()
        for bone in reversed(range(len(self.names))):
            if self.parent[bone] >= 0:
                low[self.parent[bone]] = min(low[self.parent[bone]], low[bone])
        return low

    @cached_property
    def depth_below(self) -> NDArray[np.int64]:
        """Generations [n] below each bone."""
        deep = np.zeros(len(self.names), dtype=np.int64)
        for bone in reversed(range(len(self.names))):
            if self.parent[bone] >= 0:
                deep[self.parent[bone]] = max(deep[self.parent[bone]], deep[bone] + 1)
        return deep

    @cached_property
    def height(self) -> float:
        """Of everything, at least a tiny bit."""
        return max(float(np.ptp(self.heads[:, 2])), 1e-9)

    def subtree(self, bone: int) -> list[int]:
        found = [bone]
        for one in found:
            found.extend(self.children[one])
        return found

    def ancestors(self, bone: int) -> list[int]:
        """From the parent up."""
        found: list[int] = []
        while self.parent[bone] >= 0:
            bone = self.parent[bone]
            found.append(bone)
        return found

    def path_down(self, bone: int) -> list[int]:
        """From the bone to the lowest head below it."""
        path = [bone]
        while self.children[path[-1]] and len(path) < MAX_PATH:
            path.append(min(self.children[path[-1]], key=lambda kid: float(self.lowest[kid])))
        return path

    def path_out(self, bone: int) -> list[int]:
        """From the bone to the farthest head below it."""
        below = self.subtree(bone)
        away = np.linalg.norm(self.heads[below] - self.heads[bone], axis=1)
        path = [below[int(np.argmax(away))]]
        while path[-1] != bone:
            path.append(self.parent[path[-1]])
        return path[::-1][:MAX_PATH]

    def collapsed(self, path: list[int], *, keep_first: bool = False) -> list[int]:
        """Without bones that lie in one place with others: of a limb the last of these moves it, of a face the first
        is the head."""
        near = 0.004 * self.height
        kept: list[int] = []
        for bone in path:
            if kept and float(np.linalg.norm(self.heads[bone] - self.heads[kept[-1]])) <= near:
                if not keep_first:
                    kept[-1] = bone
            else:
                kept.append(bone)
        return kept


def upright(rig: RigSnapshot) -> list[Tree]:
    """The armature with z up: as it stands in the world, then as its own z or y axis would have it."""
    names = tuple(rig.bones)
    index = {name: at for at, name in enumerate(names)}
    parent = tuple(-1 if (above := rig.bones[name].parent) is None else index[above] for name in names)
    heads = np.array([rig.bones[name].head for name in names], dtype=np.float64).reshape(-1, 3)
    tails = np.array([rig.bones[name].tail for name in names], dtype=np.float64).reshape(-1, 3)
    trees: list[Tree] = []
    axes: list[Array] = []
    for axes_in in (rig.world[:3, :3], np.eye(3), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])):
        sizes = np.linalg.norm(axes_in, axis=0)
        if np.any(sizes < 1e-9):
            continue
        turn = axes_in / sizes
        if not any(np.allclose(turn[2], seen[2], atol=0.02) for seen in axes):
            axes.append(turn)
            trees.append(Tree(names, parent, heads @ turn.T, tails @ turn.T))
    return trees
