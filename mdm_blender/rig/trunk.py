"""Pelvis, spine, neck and head of a tree whose legs and arms are known. No names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tree import Tree

Array = NDArray[np.floating]

HEAD_HEIGHT, HEAD_SPREAD = 0.19, 0.09
"""The head's joint above the shoulders, in leg lengths: SMPL's and Mixamo's are 0.17 to 0.22."""
HEAD_TO_TIP = 0.17
"""From the head's joint to its top at least, in leg lengths; from a neck bone to the next it is less."""


@dataclass(frozen=True)
class Trunk:
    """bones: joint -> index. root: the bone above pelvis and spine, None where the pelvis carries both."""

    bones: dict[str, int]
    root: int | None
    share: float
    reasons: tuple[str, ...]
    cost: float


def trunk_of(tree: Tree, legs: int, arms: int | None, shoulders: Sequence[int], across: Array, length: float) -> Trunk:
    """legs, arms: the bones from which they hang. across: from one hip to the other. length: of a leg."""
    if arms is None:
        return Trunk({"pelvis": legs}, None, 0.6, ("no arms were found",), 0.0)
    joint = next((b for b in (legs, *tree.ancestors(legs)) if b in (arms, *tree.ancestors(arms))), None)
    if joint is None or joint == arms:
        return Trunk({"pelvis": legs}, None, 0.5, ("there is no spine between legs and arms",), 6.0)
    root = None if joint == legs else joint
    spine = [arms, *tree.ancestors(arms)]
    spine = tree.collapsed(spine[: spine.index(joint)][::-1])
    level = float(np.mean([tree.heads[bone, 2] for bone in shoulders]))
    share, reasons = 1.0, ()
    above = _rising(tree, spine[-1], {*shoulders}, across, length)
    if len(spine) > 1 and tree.heads[spine[-1], 2] > level - 0.02 * length and _hangs_from_neck(tree, spine, length):
        above, spine = [spine[-1], *above], spine[:-1]
    bones = {"pelvis": legs} | _spine_joints(tree, spine)
    head, neck, sure = _head(tree, above, arms, level, across, length)
    if head is None:
        return Trunk(bones, root, 0.7, ("no head was found above the arms",), 4.0)
    bones["head"] = head
    if neck is not None:
        bones["neck"] = neck
    if not sure:
        share, reasons = 0.9, ("which of the bones above the neck is the head is a guess",)
    return Trunk(bones, root, share, reasons, 0.0)


def _hangs_from_neck(tree: Tree, spine: Sequence[int], length: float) -> bool:
    """Whether the bone that the arms hang from is the neck, as in 3ds Max: much shorter than a chest above it."""
    kids = [float(np.linalg.norm(tree.heads[kid] - tree.heads[spine[-1]])) for kid in tree.children[spine[-1]]]
    return max(kids, default=0.0) < 0.4 * length


def _spine_joints(tree: Tree, spine: Sequence[int]) -> dict[str, int]:
    """A short spine has a chest and lacks the middle; of a long one the middle bone counts."""
    if len(spine) == 1:
        return {"spine3": spine[0]}
    ends = {"spine1": spine[0], "spine3": spine[-1]}
    if len(spine) == 2:
        return ends
    heights = tree.heads[list(spine), 2]
    middle = (heights[0] + heights[-1]) / 2
    return ends | {"spine2": min(spine[1:-1], key=lambda bone: abs(float(tree.heads[bone, 2] - middle)))}


def _rising(tree: Tree, start: int, shoulders: set[int], across: Array, length: float) -> list[int]:
    """The bones in the middle plane that go on upwards from the chest."""
    side = across / max(float(np.linalg.norm(across)), 1e-9)
    path: list[int] = []
    at = start
    while len(path) < 8:
        kids = [
            kid
            for kid in tree.children[at]
            if abs(float((tree.heads[kid] - tree.heads[start]) @ side)) < 0.04 * length
            and tree.heads[kid, 2] > tree.heads[at, 2] - 0.002 * length
            and not shoulders & set(tree.subtree(kid))
        ]
        if not kids:
            break
        # Upwards rather than back: hair, hoods and capes start behind.
        at = max(kids, key=lambda kid: _uprightness(tree, at, kid, length))
        path.append(at)
    return path


def _uprightness(tree: Tree, at: int, kid: int, length: float) -> float:
    """Of a way: how far it rises, less half of how far it strays; bones that carry much count more."""
    way = (tree.heads[kid] - tree.heads[at]) / length
    carried = min(len(tree.subtree(kid)), 40) / 400
    return float(way[2] - 0.7 * np.linalg.norm(way[:2]) + carried)


def _head(
    tree: Tree, path: Sequence[int], arms: int, shoulders: float, across: Array, length: float
) -> tuple[int | None, int | None, bool]:
    """(head, neck, whether that is sure) of the bones above the chest. arms: what the arms hang from."""
    path = tree.collapsed(list(path), keep_first=True)
    if not path:
        return None, None, False
    eyes = next((bone for bone in path if bone != arms and _carries_pairs(tree, bone, across, length)), None)
    if eyes is not None:
        head = path.index(eyes)
        # The face may have a bone of its own that lies in the head's place.
        while head > 0 and float(np.linalg.norm(tree.heads[path[head]] - tree.heads[path[head - 1]])) < 0.02 * length:
            head -= 1
        sure = True
    else:
        rises = [((float(tree.heads[b, 2]) - shoulders) / length - HEAD_HEIGHT) / HEAD_SPREAD for b in path]
        costs = [rise * rise for rise in rises]
        last = len(path) - 1
        if last > 0:
            tip = float(np.linalg.norm(tree.heads[path[last]] - tree.heads[path[last - 1]])) / length > HEAD_TO_TIP
            costs[last] += 4.0 if tip else 0.0
            for at in range(last):
                way = tree.heads[path[at + 1]] - tree.heads[path[at]]
                neck = float(np.linalg.norm(way)) < HEAD_TO_TIP * length and way[2] > 0.8 * np.linalg.norm(way)
                costs[at] += 4.0 if neck else 0.0
        for at, (low, high) in enumerate(zip(path, path[1:], strict=False), start=1):
            way = tree.heads[high] - tree.heads[low]
            costs[at] += 3.0 if float(np.linalg.norm(way[:2])) > 0.8 * float(way[2]) else 0.0
        order = np.argsort(costs)
        head = int(order[0])
        sure = len(path) == 1 or float(costs[order[1]] - costs[order[0]]) > 1.0
    return path[head], (path[0] if head > 0 else None), sure


def _carries_pairs(tree: Tree, bone: int, across: Array, length: float) -> bool:
    """Whether mirrored children hang from the bone (eyes, ears), or from a child in its own place (a face bone)."""
    side = across / max(float(np.linalg.norm(across)), 1e-9)
    near = [kid for kid in tree.children[bone] if _apart(tree, bone, kid) < 0.02 * length]
    kids = [*tree.children[bone], *(grandchild for kid in near for grandchild in tree.children[kid])]
    offsets = [tree.heads[kid] - tree.heads[bone] for kid in kids]
    for at, a in enumerate(offsets):
        beside = float(a @ side)
        if abs(beside) < 0.01 * length:
            continue
        mirrored = a - 2 * beside * side
        if any(float(np.linalg.norm(mirrored - b)) < 0.02 * length for b in offsets[at + 1 :]):
            return True
    return False


def _apart(tree: Tree, a: int, b: int) -> float:
    return float(np.linalg.norm(tree.heads[a] - tree.heads[b]))
