"""IK controls that follow the FK pose: hands, feet, toes, poles and rolling limb bases, from the posed matrices.

Two bones and a target lie in one plane; all that an IK solver leaves open is where that plane points. A pole says
it by its place; a base control, which swings with the target (Damped Track), by how it is rolled about that line.
Both are computed, so that either way of working plays the FK pose. No Blender here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import along, ramp
from mdm_core.rotations import between, continuous, from_axis_angle, identity, inverse, multiply, normalize, rotate

from ..rig.rig_map import RigMap
from ..rig.snapshot import Bone, RigSnapshot
from .ik_limbs import FoundLimb, limbs_of
from .ik_stretch import StretchyLimb, matching_scale
from .posing import Posing, compose, rotation_of, size_of, turn_of
from .tracks import PoseTracks

Array = NDArray[np.floating]
STRAIGHT = 1.0
"""Degrees of bend at rest below which the middle bone's own x axis is taken for the hinge."""
BENT = (2.0, 8.0)
"""Degrees of bend between which the axis goes over from the FK bone's own to the one across the bones."""
VISIBLE = 0.01
"""Elbows and knees this far apart between FK and IK, as a share of the limb's length, are told to the user."""
OFF = "The IK chains of {} stretch (IK Stretch) as no keys can undo: elbows or knees differ between FK and IK."
ROLLS = 3
"""Times that a base's roll is corrected for what the solver turns."""
ALONG = np.array([0.0, 1.0, 0.0])
"""The axis along a bone, which a swinging base tracks with."""


def with_ik(rig: RigSnapshot, rig_map: RigMap, tracks: PoseTracks) -> PoseTracks:
    """The tracks with those of the IK controls of arms and legs, so that both make the same pose.

    Switches stay as they are: the FK controls act. A family without a table of IK controls, or a rig without these
    bones, gets a sentence in `problems`.
    """
    limbs = limbs_of(rig, rig_map)
    if not limbs:
        note = f"No IK controls are known for this rig ({rig_map.family}), so only its FK controls got keys."
        return replace(tracks, problems=(*tracks.problems, note))
    still = [name for limb in limbs for name in limb.still]
    basis = {name: compose(identity(1), np.zeros((1, 3)), size_of(rig.bones[name].basis[None])) for name in still}
    basis |= {name: _basis(rig, tracks, name) for name in {*tracks.rotations, *tracks.locations}}
    given = Posing(rig, {}, basis=basis)
    hinged = {limb: hinged_limb(rig, limb.fk, given) for limb in limbs}
    turns = {name: turn for limb in limbs for name, turn in _fk_turns(rig, limb.fk, hinged[limb], given).items()}
    played = Posing(rig, turns, basis=basis)
    places: dict[str, Array] = {}
    for limb in limbs:
        _follow_end(rig, limb, played, turns, places)
        if limb.pole is not None:
            places[limb.pole] = _pole_place(rig, limb.pole, limb.fk, hinged[limb])
            turns[limb.pole] = identity(1)
    solved = Posing(rig, turns, places, basis)
    for limb in limbs:
        if limb.base is not None:
            _roll_base(rig, limb.base, limb.fk, hinged[limb], solved, turns)
    solved = Posing(rig, turns, places, basis)
    for name in turns:
        solved.pose(name)
    unkeyed = {limb.pole for limb in limbs} | {rig.bones[limb.base].parent for limb in limbs if limb.base}
    rotations = {name: continuous(solved.rotations[name]) for name in turns if name not in unkeyed}
    rotations |= {name: identity(1) for name in still}
    locations = solved.locations | {name: np.zeros((1, 3)) for name in still}
    found = {limb.base: _base_scale(rig, limb.base, hinged[limb], solved) for limb in limbs if limb.base is not None}
    matched = {base: it for base, it in found.items() if it is not None}
    scales = {base: scale for base, (scale, _) in matched.items() if not any(rig.bones[base].lock_scale)}
    off = [base for base, (_, away) in matched.items() if away > VISIBLE or base not in scales]
    return replace(
        tracks,
        problems=(*tracks.problems, *([OFF.format(", ".join(off))] if off else [])),
        rotations={**tracks.rotations, **rotations},
        locations={**tracks.locations, **locations},
        scales={**tracks.scales, **scales},
    )


def _basis(rig: RigSnapshot, tracks: PoseTracks, name: str) -> Array:
    """A keyed bone's local pose [T, 4, 4]; what has no track stays as it is."""
    now = rig.bones[name].basis[None]
    rotation = tracks.rotations.get(name, rotation_of(now))
    location = tracks.locations.get(name, now[:, :3, 3])
    return compose(rotation, location, size_of(now))


def _follow_end(
    rig: RigSnapshot, limb: FoundLimb, played: Posing, turns: dict[str, Array], places: dict[str, Array]
) -> None:
    """Hand or foot, and toes: the IK control moves as if it were fixed to the FK control."""
    fk = limb.fk[2]
    moved = played.pose(fk) @ np.linalg.inv(rig.bones[fk].rest)
    turns[limb.end] = turn_of(rig.bones[fk], played.pose(fk))
    places[limb.end] = (moved @ np.append(rig.bones[limb.end].head, 1.0))[..., :3]
    if limb.tips is not None:
        turns[limb.tips[1]] = turn_of(rig.bones[limb.tips[0]], played.pose(limb.tips[0]))


def hinge_at_rest(rig: RigSnapshot, fk: tuple[str, str, str]) -> Array:
    """The axis [3] about which the limb bends, in armature space: across both bones, or the middle bone's x axis."""
    upper, middle, end = (rig.bones[name].head for name in fk)
    across = np.cross(normalize(middle - upper), normalize(end - middle))
    if np.linalg.norm(across) > np.sin(np.radians(STRAIGHT)):
        return normalize(across)
    return normalize(rig.bones[fk[1]].rest[:3, 0])


@dataclass(frozen=True)
class Hinged:
    """A limb in the one plane that an IK solver can make: its joints and the axis across the plane, each [T, 3]."""

    start: Array
    middle: Array
    end: Array
    axis: Array


def hinged_limb(rig: RigSnapshot, fk: tuple[str, str, str], played: Posing) -> Hinged:
    """The FK limb bent about the rig's own hinge alone; it starts and ends where it did."""
    start, middle, end = (played.pose(name)[..., :3, 3] for name in fk)
    upper, lower, line = normalize(middle - start), normalize(end - middle), normalize(end - start)
    kept = rotate(turn_of(rig.bones[fk[0]], played.pose(fk[0])), hinge_at_rest(rig, fk))
    across = np.cross(upper, lower)
    across *= np.where(np.sum(across * kept, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    bend = np.degrees(np.arcsin(np.clip(np.linalg.norm(across, axis=-1), 0.0, 1.0)))
    weight = ramp(bend, *BENT)[..., None]
    axis = weight * normalize(across) + (1 - weight) * kept
    axis = normalize(axis - np.sum(axis * line, axis=-1, keepdims=True) * line)
    out, thigh = np.cross(line, axis), middle - start
    along_line = np.sum(thigh * line, axis=-1, keepdims=True)
    off = np.sqrt(np.maximum(np.sum(thigh**2, axis=-1, keepdims=True) - along_line**2, 0.0))
    off *= np.where(np.sum(thigh * out, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    return Hinged(start, start + along_line * line + off * out, end, axis)


def _fk_turns(rig: RigSnapshot, fk: tuple[str, str, str], limb: Hinged, given: Posing) -> dict[str, Array]:
    """Turns since rest [T, 4] that put the FK bones where the hinged limb is; its end keeps its own."""
    heads, hinge = [rig.bones[name].head for name in fk], hinge_at_rest(rig, fk)
    upper = multiply(along(limb.middle - limb.start, limb.axis), inverse(along(heads[1] - heads[0], hinge)))
    lower = multiply(along(limb.end - limb.middle, limb.axis), inverse(along(heads[2] - heads[1], hinge)))
    return {fk[0]: upper, fk[1]: lower, fk[2]: turn_of(rig.bones[fk[2]], given.pose(fk[2]))}


def _pole_place(rig: RigSnapshot, pole: str, fk: tuple[str, str, str], limb: Hinged) -> Array:
    """Where the pole's head must be [T, 3]: as far from the joint as at rest, as it lay about the limb's line."""
    heads = [rig.bones[name].head for name in fk]
    out, side = _plane(heads[2] - heads[0], hinge_at_rest(rig, fk))
    away = rig.bones[pole].head - heads[1]
    share = normalize(np.array([away @ out, away @ side]))
    size = np.linalg.norm(limb.middle - limb.start, axis=-1, keepdims=True) / np.linalg.norm(heads[1] - heads[0])
    out, side = _plane(limb.end - limb.start, limb.axis)
    return limb.middle + np.linalg.norm(away) * size * (share[0] * out + share[1] * side)


def _plane(line: Array, hinge: Array) -> tuple[Array, Array]:
    """Unit vectors [..., 3] across a limb's line: in the plane of its bend, and out of it."""
    line = normalize(line)
    side = normalize(hinge - np.sum(hinge * line, axis=-1, keepdims=True) * line)
    return np.cross(line, side), side


def _roll_base(
    rig: RigSnapshot,
    base: str,
    fk: tuple[str, str, str],
    limb: Hinged,
    solved: Posing,
    turns: dict[str, Array],
) -> None:
    """The base control, rolled about its own axis until its plane is the limb's; and its parent, which tracks."""
    swing = rig.bones[base].parent
    if swing is None or not any(it.kind == "DAMPED_TRACK" for it in rig.bones[swing].constraints):
        return
    posed = solved.pose(swing)
    own, line = rotation_of(posed), limb.end - posed[..., :3, 3]
    tracked = multiply(between(np.broadcast_to(rotate(own, ALONG), line.shape), line), own)
    turns[swing] = multiply(tracked, inverse(rotation_of(rig.bones[swing].rest)))
    rest, heads = rotation_of(rig.bones[base].rest), [rig.bones[name].head for name in fk]
    held, line = multiply(turns[swing], rest), normalize(line)
    hinge, tip = (rotate(inverse(rest), it) for it in (hinge_at_rest(rig, fk), normalize(heads[2] - heads[0])))
    across = rotate(inverse(held), limb.axis)
    roll = np.arctan2(-across[..., 2], across[..., 0]) - np.arctan2(-hinge[2], hinge[0])
    for _ in range(ROLLS):
        rolled = multiply(held, from_axis_angle(ALONG, roll))
        # The solver turns the limb from where the roll put its end to the target, the shortest way.
        axis = rotate(between(rotate(rolled, tip), line), rotate(rolled, hinge))
        roll = roll + _about(line, axis, limb.axis)
    turns[base] = multiply(multiply(held, from_axis_angle(ALONG, roll)), inverse(rest))


def _about(axis: Array, before: Array, after: Array) -> Array:
    """The angle [T] about axes [T, 3] from vectors [T, 3] to others."""
    return np.arctan2(
        np.sum(np.cross(before, after) * axis, axis=-1),
        np.sum(before * after, axis=-1) - np.sum(before * axis, axis=-1) * np.sum(after * axis, axis=-1),
    )


def _base_scale(rig: RigSnapshot, base: str, limb: Hinged, solved: Posing) -> tuple[Array, float] | None:
    """The base control's scale [T, 3] that undoes what Blender's solver shrinks; None where nothing stretches.

    And how far from its place elbow or knee stays at worst, as a share of the limb's length.
    """
    bone = rig.bones[base]
    lower = next((it for it in rig.bones.values() if it.parent == base and _stretching(it)), None)
    if lower is None or not (bone.ik_stretch > 0 or lower.ik_stretch > 0):
        return None
    upper, forearm = lower.head - bone.head, lower.tail - lower.head
    sizes = float(np.linalg.norm(upper)), float(np.linalg.norm(forearm))
    bend = float(np.arctan2(np.linalg.norm(np.cross(upper, forearm)), upper @ forearm))
    if bend < np.radians(STRAIGHT):
        return None
    carried = size_of(solved.pose(bone.parent)) if bone.parent else np.ones(1)
    start, middle, end = limb.start, limb.middle, limb.end
    rigid = [float(np.mean(np.linalg.norm(b - a, axis=-1) / carried)) for a, b in ((start, middle), (middle, end))]
    stretchy = StretchyLimb(sizes, bend, (bone.ik_stretch, lower.ik_stretch))
    scale, away = matching_scale(stretchy, (rigid[0], rigid[1]), np.linalg.norm(end - start, axis=-1) / carried)
    return np.repeat(scale[:, None], 3, axis=1), float(away.max()) / sum(sizes)


def _stretching(bone: Bone) -> bool:
    return any(it.kind == "IK" and it.stretches for it in bone.constraints)
