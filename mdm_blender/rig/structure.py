"""The map of a rig by its shape alone: topology and rest geometry, whatever its bones are called.

Two mirrored chains that reach the ground are legs, two that hang higher on the way up from them are arms, what lies
between is the spine, what goes on above is the neck. Left is where the feet say.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .family import COUNTED
from .fingers import fingers_of
from .limbs import Fit, arm_fits, leg_fits, paired
from .rig_map import RigMap, in_order, problems_of
from .snapshot import RigSnapshot
from .tree import Tree, upright
from .trunk import Trunk, trunk_of

Array = NDArray[np.floating]

FAMILY = "Unknown rig"
SURE = 0.95
"""Confidence of a shape that has nothing against it: less than of known names."""
LEG_LIMIT, ARM_LIMIT = 16.0, 18.0
"""Costs (`limbs`) of a pair above which it is none."""
USUAL_COST = 3.5
"""Of legs, arms and trunk together: of the skeletons in `tests/rig` none that is read rightly costs more than 2.5."""
FOOT_LENGTH = 0.16
"""Ankle to ball, level, in leg lengths: SMPL's is 0.15, Mixamo's 0.17."""
MIN_FOOT = 0.07
"""Nearer than this are heels, which point the other way."""


@dataclass(frozen=True)
class Pair:
    """Two limbs that mirror each other, hung from one bone. cost: see `limbs`."""

    above: int
    one: Fit
    other: Fit
    cost: float


@dataclass(frozen=True)
class Shape:
    """A reading of the whole tree. share: what is left of the confidence; reasons: why not all of it."""

    tree: Tree
    bones: dict[str, int]
    root: int | None
    share: float
    reasons: tuple[str, ...]


def shaped_map(rig: RigSnapshot) -> RigMap | None:
    """The rig's map by shape, not yet judged (`matching.judged`); None where no human shape is found."""
    best: Shape | None = None
    for tree in upright(rig):
        shape = _shape(tree)
        if shape is not None and (best is None or shape.share > best.share + 0.1):
            best = shape
    if best is None:
        return None
    names = best.tree.names
    bones = in_order({joint: names[bone] for joint, bone in best.bones.items()})
    root = None if best.root is None else names[best.root]
    found = sum(joint in bones for joint in COUNTED) / len(COUNTED)
    return RigMap(
        family=FAMILY,
        bones=bones,
        confidence=round(SURE * best.share * found, 3),
        problems=problems_of(rig, bones, root),
        reasons=("found by shape, its names are unknown", *best.reasons),
        root=root,
        fingers=_fingers(best),
    )


def _fingers(shape: Shape) -> tuple[tuple[str, ...], ...]:
    """Of both hands, named."""
    tree, bones = shape.tree, shape.bones
    found: list[tuple[str, ...]] = []
    for side in ("left", "right"):
        wrist, elbow = bones.get(f"{side}_wrist"), bones.get(f"{side}_elbow")
        if wrist is not None and elbow is not None:
            forearm = float(np.linalg.norm(tree.heads[wrist] - tree.heads[elbow]))
            found += (tuple(tree.names[bone] for bone in chain) for chain in fingers_of(tree, wrist, forearm))
    return tuple(found)


def _shape(tree: Tree) -> Shape | None:
    """The most human reading of the tree."""
    best: tuple[float, Shape] | None = None
    legs = sorted(_pairs(tree, leg_fits, LEG_LIMIT), key=lambda pair: pair.cost)[:6]
    arms = list(_pairs(tree, arm_fits, ARM_LIMIT))
    for leg in legs:
        fitting = sorted(
            ((arm.cost + _arm_cost(tree, leg, arm), arm) for arm in arms if _above(tree, leg, arm)),
            key=lambda found: found[0],
        )
        choices: list[tuple[float, Pair | None]] = [*fitting[:3], (ARM_LIMIT, None)]
        for cost, arm in choices:
            shape, extra = _whole(tree, leg, arm)
            rivals = [c for c, other in fitting if arm is not None and other is not arm and _apart(tree, arm, other)]
            if rivals and min(rivals) < cost + 3.0 and cost < ARM_LIMIT:
                shape = _less(shape, 0.7, "there is more than one pair of limbs that could be the arms")
            total = leg.cost + cost + extra
            if best is None or total < best[0]:
                best = total, shape
    if best is None:
        return None
    cost, shape = best
    if cost > USUAL_COST:
        shape = _less(shape, float(np.exp((USUAL_COST - cost) / 8.0)), "its limbs are not quite a human's")
    return shape


def _pairs(tree: Tree, fits: Callable[[Tree, int], list[Fit]], limit: float) -> Iterator[Pair]:
    """Mirrored limbs among the children of every bone."""
    for above, kids in enumerate(tree.children):
        chains = [kid for kid in kids if tree.depth_below[kid] >= 2 or _reaches(tree, kid)]
        read = {kid: fits(tree, kid) for kid in chains} if 2 <= len(chains) <= 24 else {}
        for a, b in itertools.combinations([kid for kid in chains if read.get(kid)], 2):
            if abs(float(tree.heads[a, 2] - tree.heads[b, 2])) < 0.04 * tree.height:
                found = paired(tree, read[a], read[b])
                if found is not None and found[2] < limit:
                    yield Pair(above, *found)


def _reaches(tree: Tree, bone: int) -> bool:
    return bool(tree.depth_below[bone] >= 1)


def _leg_length(tree: Tree, leg: Pair) -> float:
    heads = tree.heads
    return float(
        np.mean(
            [
                np.linalg.norm(heads[f.upper] - heads[f.middle]) + np.linalg.norm(heads[f.middle] - heads[f.end])
                for f in (leg.one, leg.other)
            ]
        )
    )


def _above(tree: Tree, leg: Pair, arm: Pair) -> bool:
    """Arms hang from a bone higher than the legs', and not from a leg."""
    if arm.above == leg.above or {leg.one.upper, leg.other.upper} & {arm.above, *tree.ancestors(arm.above)}:
        return False
    hips = (tree.heads[leg.one.upper, 2] + tree.heads[leg.other.upper, 2]) / 2
    return bool(tree.heads[arm.one.upper, 2] > hips + 0.1 * _leg_length(tree, leg))


def _apart(tree: Tree, arm: Pair, other: Pair) -> bool:
    """Whether two pairs are different limbs, not two readings of one."""
    below = {*tree.subtree(arm.one.upper), *tree.subtree(arm.other.upper)}
    above = {*tree.ancestors(arm.one.upper), *tree.ancestors(arm.other.upper)}
    return not {other.one.upper, other.other.upper} & (below | above)


def _arm_cost(tree: Tree, leg: Pair, arm: Pair) -> float:
    """Of an arm's reach beside these legs, of the direction in which it mirrors, and without fingers."""
    heads, length = tree.heads, _leg_length(tree, leg)
    ahead = _level_ahead(tree, leg)
    cost = 0.0
    for fit in (arm.one, arm.other):
        a, b, c = heads[list(fit.joints)]
        reach = float(np.linalg.norm(b - a) + np.linalg.norm(c - b))
        cost += (np.log(reach / (0.65 * length)) / 0.4) ** 2 / 2
        cost += 0.0 if fit.hand else 1.0
        # Arms hang or are held level beside the body; wings rise behind it.
        cost += (max(float(c[2] - a[2]) / reach - 0.1, 0.0) / 0.15) ** 2
        cost += (max(abs(float((c - a) @ ahead)) / reach - 0.15, 0.0) / 0.15) ** 2
    ways = [heads[list(p.one.joints)].sum(axis=0) - heads[list(p.other.joints)].sum(axis=0) for p in (leg, arm)]
    cosine = abs(float(ways[0] @ ways[1])) / max(float(np.prod([np.linalg.norm(w) for w in ways])), 1e-12)
    return float(cost + ((1.0 - cosine) / 0.05) ** 2)


def _whole(tree: Tree, leg: Pair, arm: Pair | None) -> tuple[Shape, float]:
    """Legs, arms and what is between and above, as joints; and what the trunk costs."""
    feet = [_foot(tree, fit, leg, other) for fit, other in ((leg.one, leg.other), (leg.other, leg.one))]
    forward, share, reasons = _forward(tree, leg, arm, feet)
    across = tree.heads[leg.one.upper] - tree.heads[leg.other.upper]
    # up x forward is the character's left
    one_is_left = float(np.cross([0.0, 0.0, 1.0], forward) @ across) > 0
    sides = ("left", "right") if one_is_left else ("right", "left")
    bones: dict[str, int] = {}
    for side, fit, foot in zip(sides, (leg.one, leg.other), feet, strict=True):
        bones |= {f"{side}_hip": fit.upper, f"{side}_knee": fit.middle, f"{side}_ankle": fit.end}
        if foot is not None:
            bones[f"{side}_foot"] = foot
    shoulders: list[int] = []
    if arm is not None:
        flip = float((tree.heads[arm.one.middle] - tree.heads[arm.other.middle]) @ across) < 0
        for side, fit in zip(sides[::-1] if flip else sides, (arm.one, arm.other), strict=True):
            bones |= {f"{side}_shoulder": fit.upper, f"{side}_elbow": fit.middle, f"{side}_wrist": fit.end}
            if fit.before is not None:
                bones[f"{side}_collar"] = fit.before
            shoulders.append(fit.upper)
    length = _leg_length(tree, leg)
    trunk: Trunk = trunk_of(tree, leg.above, None if arm is None else arm.above, shoulders, across, length)
    share *= trunk.share
    shape = Shape(tree, bones | trunk.bones, trunk.root, share, (*reasons, *trunk.reasons))
    if _has_twin(tree, bones, length):
        shape = _less(shape, 0.6, "a second chain of bones lies in a limb, and which one is keyed is a guess")
    return shape, trunk.cost


def _less(shape: Shape, share: float, reason: str) -> Shape:
    return Shape(shape.tree, shape.bones, shape.root, shape.share * share, (*shape.reasons, reason))


def _foot(tree: Tree, fit: Fit, leg: Pair, other: Fit) -> int | None:
    """The ball of the foot: below the ankle and a foot's length before it; of several toes the innermost."""
    heads, length = tree.heads, _leg_length(tree, leg)
    ankle = heads[fit.end]
    costs: dict[int, float] = {}
    for bone in tree.subtree(fit.end)[1:]:
        away = float(np.linalg.norm((heads[bone] - ankle)[:2])) / length
        if heads[bone, 2] < ankle[2] + 0.02 * length and MIN_FOOT < away < 0.5:
            costs[bone] = abs(float(np.log(away / FOOT_LENGTH)))
    if not costs:
        return None
    best = min(costs, key=lambda bone: (round(costs[bone], 2), -len(tree.subtree(bone))))
    # Toe bones end where nothing turns any more; the ball is what carries them.
    ball = tree.parent[best]
    if not tree.children[best] and costs.get(ball, np.inf) < costs[best] + 0.6:
        best = ball
    toes = [bone for bone in costs if tree.parent[bone] == tree.parent[best] and costs[bone] < costs[best] + 0.4]
    toes = [bone for bone in toes if (heads[bone] - ankle)[:2] @ (heads[best] - ankle)[:2] > 0]
    if len(toes) < 3:
        return best
    return min(toes, key=lambda bone: float(np.linalg.norm((heads[bone] - heads[other.end])[:2])))


def _level_ahead(tree: Tree, leg: Pair) -> Array:
    """The level unit vector [3] square to the hips: to the front or to the back."""
    across = (tree.heads[leg.one.upper] - tree.heads[leg.other.upper]) * [1.0, 1.0, 0.0]
    return np.cross(across / max(float(np.linalg.norm(across)), 1e-9), [0.0, 0.0, 1.0])


def _forward(tree: Tree, leg: Pair, arm: Pair | None, feet: list[int | None]) -> tuple[Array, float, tuple[str, ...]]:
    """The direction in which the character looks: (level unit vector [3], share of the confidence, reasons)."""
    heads, length = tree.heads, _leg_length(tree, leg)
    ahead = _level_ahead(tree, leg)
    toes = sum(
        float((heads[foot] - heads[fit.end]) @ ahead)
        for fit, foot in zip((leg.one, leg.other), feet, strict=True)
        if foot is not None
    )
    if abs(toes) > 2 * MIN_FOOT * length:
        return ahead * np.sign(toes), 1.0, ()

    def bent(pair: Pair | None) -> float:
        """How far the middle joints stand before the ends', in leg lengths."""
        fits = () if pair is None else (pair.one, pair.other)
        return sum(float((heads[f.middle] - (heads[f.upper] + heads[f.end]) / 2) @ ahead) for f in fits) / length

    # Knees bend forward, elbows back, and Blender's characters look along -y.
    signs = bent(leg) / 0.03 - bent(arm) / 0.03 - float(ahead[1])
    return ahead * (np.sign(signs) or 1.0), 0.7, ("without toes, which side is the left is a guess",)


def _has_twin(tree: Tree, bones: dict[str, int], length: float) -> bool:
    """Whether other bones run beside a limb's: IK chains, or those that a control drives."""
    near = 0.02 * length
    for joint, above in (("knee", "hip"), ("elbow", "shoulder")):
        for side in ("left", "right"):
            lower, upper = bones.get(f"{side}_{joint}"), bones.get(f"{side}_{above}")
            if lower is None or upper is None:
                continue
            close = np.flatnonzero(np.linalg.norm(tree.heads - tree.heads[lower], axis=1) < near)
            for bone in close.tolist():
                parent = tree.parent[bone]
                if bone == lower or parent < 0 or parent in (upper, lower) or upper in tree.ancestors(bone):
                    continue
                if float(np.linalg.norm(tree.heads[parent] - tree.heads[upper])) < near:
                    return True
    return False
