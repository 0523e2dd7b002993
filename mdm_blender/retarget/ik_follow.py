"""Limbs that play IK, read and edited as if they played FK. No Blender here.

First the FK pose that such a limb makes; then, when that pose has changed, its IK controls changed as it has. The
controls are moved and not set anew: whatever the animator has on them (a rolled heel, a pole of her own) stays on top,
and where the FK pose is what it was, so are they.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import along
from mdm_core.rotations import between, continuous, inverse, multiply, normalize, rotate

from ..rig.rig_map import RigMap
from ..rig.snapshot import RigSnapshot
from .from_rig import basis_of
from .ik_controls import hinge_at_rest, hinged_limb, with_ik
from .ik_limbs import FoundLimb
from .posing import Posing, rotation_of, size_of, turn_of
from .tracks import PoseSamples, PoseTracks

Array = NDArray[np.floating]
LEAST = 1e-4
"""Of a limb's length, below which its middle joint lies on the line from its start to its end."""


def fk_poses(rig: RigSnapshot, limbs: Iterable[FoundLimb], poses: Mapping[str, Array]) -> dict[str, Array]:
    """FK control -> matrix [T, 4, 4] that it has where the limb's `played` bones are as in `poses`."""
    return {
        fk: poses[played] @ np.linalg.inv(rig.bones[played].rest) @ rig.bones[fk].rest
        for limb in limbs
        for fk, played in zip(limb.fk_bones, limb.played, strict=True)
    }


def fk_samples(
    rig: RigSnapshot, samples: PoseSamples, limbs: Sequence[FoundLimb], poses: Mapping[str, Array]
) -> PoseSamples:
    """The samples with those FK values of the limbs that make the pose of their FK controls in `poses`.

    Ends are where they are and as they are turned; where the IK solver has shrunk the bones, elbow or knee, in its
    plane, is where rigid bones have it. A limb that is stretched beyond its length stays that much short.
    """
    still = Posing(rig, {}, basis=basis_of(rig, samples))
    turns: dict[str, Array] = {}
    for limb in limbs:
        turns |= _fitted(rig, limb, poses, still)
        if limb.tips is not None:
            turns[limb.tips[0]] = turn_of(rig.bones[limb.tips[0]], poses[limb.tips[0]])
    posing = Posing(rig, turns, basis=basis_of(rig, samples))
    for name in turns:
        posing.pose(name)
    rotations = {name: continuous(rotation) for name, rotation in posing.rotations.items()}
    return replace(samples, rotations={**samples.rotations, **rotations})


def _fitted(rig: RigSnapshot, limb: FoundLimb, poses: Mapping[str, Array], still: Posing) -> dict[str, Array]:
    """Turns since rest [T, 4] of two rigid bones that begin and end where the posed ones do, bent in their plane."""
    heads = [rig.bones[name].head for name in limb.fk]
    turn = {name: turn_of(rig.bones[name], poses[name]) for name in limb.fk}
    start, middle, end = (poses[name][..., :3, 3] for name in limb.fk)
    size = size_of(still.spaces(rig.bones[limb.fk[0]])[0])
    upper, lower = (size * np.linalg.norm(b - a) for a, b in zip(heads[:-1], heads[1:], strict=True))
    far = np.linalg.norm(end - start, axis=-1)
    line = normalize(end - start)
    aside = middle - start - np.sum((middle - start) * line, axis=-1, keepdims=True) * line
    across = np.cross(line, rotate(turn[limb.fk[0]], hinge_at_rest(rig, limb.fk)))
    straight = np.linalg.norm(aside, axis=-1) < LEAST * (upper + lower)
    out = normalize(np.where(straight[:, None], across, aside))
    reach = np.clip(far, np.abs(upper - lower) + 1e-9, upper + lower)
    share = np.clip((upper**2 + reach**2 - lower**2) / (2 * upper * reach), -1.0, 1.0)
    bent = start + upper[:, None] * (share[:, None] * line + np.sqrt(1 - share**2)[:, None] * out)
    first, second = middle - start, end - middle
    return {
        limb.fk[0]: multiply(between(normalize(first), normalize(bent - start)), turn[limb.fk[0]]),
        limb.fk[1]: multiply(between(normalize(second), normalize(end - bent)), turn[limb.fk[1]]),
        limb.fk[2]: turn[limb.fk[2]],
    }


def follow(
    rig: RigSnapshot,
    rig_map: RigMap,
    limbs: Sequence[FoundLimb],
    original: PoseSamples,
    edited: PoseTracks,
) -> PoseTracks:
    """`edited` with tracks [T] of the limbs' IK controls, which follow the change from the original FK pose to the
    edited one as if fixed to it: hand or foot by all of it, a pole with the plane of the limb, a base by its roll.

    original: with `fk_samples` of these limbs, and the IK controls as sampled; edited: the FK and body tracks that
    change. Scales stay as they are, so elbows and knees bend as the rig's own solver has it.
    """
    later = replace(
        original,
        rotations={**original.rotations, **edited.rotations},
        locations={**original.locations, **edited.locations},
    )
    before, after = (Posing(rig, {}, basis=basis_of(rig, it)) for it in (original, later))
    turns: dict[str, Array] = {}
    places: dict[str, Array] = {}
    rotations: dict[str, Array] = {}
    for limb in limbs:
        change = after.pose(limb.fk[2]) @ np.linalg.inv(before.pose(limb.fk[2]))
        if limb.turns:
            moved = change @ before.pose(limb.end)
        else:
            moved = before.pose(limb.end).copy()
            moved[..., :3, 3] += (after.pose(limb.fk[2]) - before.pose(limb.fk[2]))[..., :3, 3]
        turns[limb.end], places[limb.end] = turn_of(rig.bones[limb.end], moved), moved[..., :3, 3]
        if limb.pole is not None:
            start, turn = _swung(rig, limb, before, after)
            away = before.pose(limb.pole)[..., :3, 3] - start[0]
            places[limb.pole] = start[1] + rotate(turn, away)
            turns[limb.pole] = turn_of(rig.bones[limb.pole], before.pose(limb.pole))
        if limb.tips is not None:
            rotations[limb.tips[1]] = _tip(rig, limb.fk[2], limb.tips, original, before, after)
    solved = Posing(rig, turns, places, basis_of(rig, later))
    for name in turns:
        solved.pose(name)
    rotations |= {limb.end: solved.rotations[limb.end] for limb in limbs if limb.turns}
    rotations |= _rolls(rig, rig_map, limbs, original, later)
    return replace(
        edited,
        rotations={**edited.rotations, **{name: continuous(track) for name, track in rotations.items()}},
        locations={**edited.locations, **solved.locations},
    )


def _swung(rig: RigSnapshot, limb: FoundLimb, before: Posing, after: Posing) -> tuple[tuple[Array, Array], Array]:
    """Where the limb begins, before and after, and how its plane has turned [T, 4]."""
    was, now = (hinged_limb(rig, limb.fk, it) for it in (before, after))
    frames = [along(it.end - it.start, it.axis) for it in (was, now)]
    return (was.start, now.start), multiply(frames[1], inverse(frames[0]))


def _tip(
    rig: RigSnapshot, end: str, tips: tuple[str, str], original: PoseSamples, before: Posing, after: Posing
) -> Array:
    """The tip's local rotation [T, 4]: it plays what the FK tip shows, and its parent goes with hand or foot."""
    foot = multiply(rotation_of(after.pose(end)), inverse(rotation_of(before.pose(end))))
    toe = multiply(rotation_of(after.pose(tips[0])), inverse(rotation_of(before.pose(tips[0]))))
    shown = multiply(turn_of(rig.bones[tips[0]], before.pose(tips[0])), rotation_of(rig.bones[tips[1]].rest))
    change = multiply(inverse(shown), multiply(multiply(inverse(foot), toe), shown))
    return multiply(normalize(original.rotations[tips[1]]), change)


def _rolls(
    rig: RigSnapshot, rig_map: RigMap, limbs: Sequence[FoundLimb], original: PoseSamples, later: PoseSamples
) -> dict[str, Array]:
    """Base control -> local rotation [T, 4]: the original's, by as much as what matches the FK pose has turned."""
    was, now = (with_ik(rig, rig_map, PoseTracks(it.rotations, it.locations)) for it in (original, later))
    return {
        base: multiply(normalize(original.rotations[base]), multiply(inverse(was.rotations[base]), now.rotations[base]))
        for base in (limb.base for limb in limbs)
        if base is not None and base in was.rotations
    }
