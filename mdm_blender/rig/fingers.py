"""The fingers below a wrist, by shape alone: chains that spread from the hand or from bones of the palm. No names."""

from __future__ import annotations

import numpy as np

from .tree import Tree

FEWEST, MOST = 3, 6
"""Chains that a hand has; fewer may be straps, more a sleeve."""
SEGMENT, REACH = 0.45, 1.1
"""In forearms: the longest finger bone, and the farthest that fingers reach; weapons are longer."""
PALM = (0.3, 0.33, 25.0)
"""A metacarpal begins nearer to the wrist, ends farther (shares of the hand), and leaves the hand's way by less
(degrees) than a thumb's first bone."""
JOINTS = 3
"""Of a finger, from the knuckle out; what follows is its tip."""


def fingers_of(tree: Tree, wrist: int, forearm: float) -> tuple[tuple[int, ...], ...]:
    """Chains of bones from the knuckles out; none where they are no hand's. forearm: its length."""
    found = [chain for kid in tree.children[wrist] for chain in _chains(tree, kid)]
    fingers = [chain for chain in found if _is_finger(tree, wrist, chain, forearm)]
    if not FEWEST <= len(fingers) <= MOST:
        return ()
    ways = np.array([tree.heads[chain[-1]] - tree.heads[wrist] for chain in fingers])
    along = np.median(ways, axis=0)
    size = float(np.linalg.norm(ways, axis=1).max())
    return tuple(
        tuple(_from_knuckle(tree, wrist, chain, along / max(float(np.linalg.norm(along)), 1e-9), size)[:JOINTS])
        for chain in fingers
    )


def _chains(tree: Tree, bone: int) -> list[list[int]]:
    """Where several chains hang from a bone it is the palm's, else it begins a finger."""
    longer = [kid for kid in tree.children[bone] if tree.depth_below[kid] >= 1]
    if len(longer) > 1:
        return [chain for kid in longer for chain in _chains(tree, kid)]
    chain = [bone]
    while tree.children[chain[-1]]:
        chain.append(max(tree.children[chain[-1]], key=lambda kid: int(tree.depth_below[kid])))
    return [chain] if len(chain) > 1 else []


def _is_finger(tree: Tree, wrist: int, chain: list[int], forearm: float) -> bool:
    heads = tree.heads[chain]
    steps = np.linalg.norm(np.diff(heads, axis=0), axis=1)
    away = np.linalg.norm(heads - tree.heads[wrist], axis=1)
    return bool(steps.min() > 1e-6 and steps.max() < SEGMENT * forearm and away.max() < REACH * forearm)


def _from_knuckle(tree: Tree, wrist: int, chain: list[int], along: np.ndarray, size: float) -> list[int]:
    """The chain without its bone of the palm."""
    if len(chain) <= JOINTS:
        return chain
    begins, ends = (float(np.linalg.norm(tree.heads[bone] - tree.heads[wrist])) / size for bone in chain[:2])
    way = tree.heads[chain[1]] - tree.heads[chain[0]]
    straight = float(way @ along) > np.cos(np.radians(PALM[2])) * float(np.linalg.norm(way))
    return chain[1:] if begins < PALM[0] and ends > PALM[1] and straight else chain
