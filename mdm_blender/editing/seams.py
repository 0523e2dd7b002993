"""Seams of an edit on the rig: where what stays meets what is made anew, no joint's velocity may change more than it
does in the original, and what is written is smoothed there, as little as that takes.

The model's own seams are even (`mdm_core.editing.finish`). What the rig adds comes from writing a change: proportions
that are not the model's, feet locked anew, knees of nearly straight legs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import normalize
from mdm_core.skeleton import INDEX, JOINT_NAMES, PARENTS

from ..retarget import PoseSamples
from ..retarget.delta import continuous_from
from ..retarget.footlock import held
from ..retarget.from_rig import basis_of
from ..retarget.posing import Posing, compose
from ..retarget.rest import read_rest
from ..rig import RigMap, RigSnapshot
from .reach import reached

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

SECONDS = 0.4
"""How far from a seam it is smoothed."""
SHARES = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1)
"""Of the change of a leg's turning at a seam, tried in turn."""
MET = 1e4
"""How much more the jump at a seam weighs than those beside it."""
ROUNDS = 6
"""Times that joints are led, from the hips outwards."""
SAFE = 0.97
"""A joint is led to this share of what it may jump: the bones bring it near the smoother path, not onto it."""
PERCENTILE = 99
FOOT = 0.1
"""Seconds around a stance over which its ankle is brought back to its place."""
ANKLES = ("left_ankle", "right_ankle")


@dataclass(frozen=True)
class Seams:
    """fixed: bool [T], the frames that stay; known: bool [T], those that the original has. samples: the rig's values
    there before the edit. free: bones that may change, "" is the object. fps: frames a second; standing: bool [T, 2],
    when which foot stands after the edit."""

    rig: RigSnapshot
    rig_map: RigMap
    samples: PoseSamples
    fixed: Mask
    known: Mask
    free: frozenset[str]
    fps: float
    standing: Mask


def eased(seams: Seams, edited: PoseSamples) -> PoseSamples:
    """The edited values [T] with seams at which no joint's velocity changes more than it does in the original in all
    but a hundredth of the cases, as far as free bones can see to that.

    Joints that jump are led along a smoother path by the bones that they hang on; only frames that do not stay and are
    within `SECONDS` of a seam change. Feet keep the places where they stand unless their own knee jumps.
    """
    before = joint_places(seams, seams.samples)
    usual = usual_jump({joint: place[seams.known] for joint, place in before.items()})
    best, least = edited, np.inf
    for _ in range(ROUNDS):
        there = joint_places(seams, edited)
        changed = {it: place for it, place in there.items() if not np.array_equal(place, before[it])}
        jumps = seam_jumps(changed, seams.fixed)
        worst = max(jumps.values(), default=0.0)
        if worst < least:
            best, least = edited, worst
        rough = {it for it, jump in jumps.items() if jump > usual}
        if not rough:
            break
        first = {it for it in rough if not rough & set(_under(it))}
        legs = {it for it in first if it.endswith("knee")}
        if first - legs:
            paths = {it: _no_rougher(there[it], seams, SAFE * usual) for it in sorted(first - legs)}
            edited = _led(seams, edited, {it: path - there[it] for it, path in paths.items()})
        for knee in sorted(legs):
            edited = _leg_turning_evenly(seams, edited, knee.removesuffix("_knee"), usual)
    return best


def _under(joint: str) -> Iterator[str]:
    """The joints that a joint hangs on."""
    at = PARENTS[INDEX[joint]]
    while at >= 0:
        yield JOINT_NAMES[at]
        at = PARENTS[at]


def _leg_turning_evenly(seams: Seams, samples: PoseSamples, side: str, usual: float) -> PoseSamples:
    """The samples with the turning of a leg's bones changed less at seams, as little as its joints ask for.

    A leg that is nearly straight cannot be led by its joints' places: its knee moves by centimetres where its ankle
    moves by millimetres, so it is the angles that have to be even.
    """
    joints = [f"{side}_{part}" for part in ("hip", "knee", "ankle")]
    bones = [bone for it in joints if (bone := seams.rig_map.bones.get(it)) in seams.free]
    best, least = samples, np.inf
    for share in SHARES:
        rotations = dict(samples.rotations)
        rotations |= {it: _turning_evenly(rotations[it], seams, share) for it in bones if len(rotations[it]) > 1}
        tried = replace(samples, rotations=rotations)
        jumps = seam_jumps(joint_places(seams, tried), seams.fixed)
        worst = max(jump for joint, jump in jumps.items() if joint in (*joints, f"{side}_foot"))
        if worst < least:
            best, least = tried, worst
        if worst <= usual:
            break
    return best


def _turning_evenly(rotation: Array, seams: Seams, share: float) -> Array:
    """Quaternions [T, 4] whose turning changes at seams by this share of what it did."""
    signed = continuous_from(rotation, np.zeros(len(rotation), dtype=bool))
    jumps = np.diff(signed, n=2, axis=0)[seam_frames(seams.fixed)[1:-1]]
    even = normalize(bent(signed, seams.fixed, share * jumps, seams.fps))
    return np.where(seams.fixed[:, None] | (even == signed).all(axis=1, keepdims=True), rotation, even)


def _no_rougher(place: Array, seams: Seams, usual: float) -> Array:
    """The path [T, 3] changed so that it jumps no more than usual at seams."""
    jumps = np.diff(place, n=2, axis=0)[seam_frames(seams.fixed)[1:-1]]
    size = np.linalg.norm(jumps, axis=-1, keepdims=True)
    return bent(place, seams.fixed, jumps * np.minimum(1.0, usual / np.maximum(size, 1e-12)), seams.fps)


def _led(seams: Seams, samples: PoseSamples, shifts: Mapping[str, Array]) -> PoseSamples:
    """The samples with joints moved by their shifts [T, 3], in the world; ankles of feet that stand stay."""
    moved = np.any([np.abs(shift).max(axis=-1) > 0 for shift in shifts.values()], axis=0)[:, None]
    shape = (len(seams.fixed), 3, 3)
    axes = np.linalg.inv(np.broadcast_to(_world(seams, samples)[:, :3, :3], shape))
    wanted = {joint: (axes @ shift[..., None])[..., 0] for joint, shift in shifts.items()}
    for side, ankle in enumerate(ANKLES):
        leg = {seams.rig_map.bones.get(ankle.replace("ankle", part)) for part in ("hip", "knee", "ankle")}
        if leg <= seams.free and seams.standing[moved[:, 0], side].any():
            stays = held(seams.standing[:, side], FOOT, seams.fps)[:, None]
            wanted[ankle] = (1 - stays) * wanted.get(ankle, np.zeros((1, 3)))
    rest = read_rest(seams.rig, seams.rig_map)
    tracks = reached(seams.rig, seams.rig_map, rest, samples, wanted, seams.free)

    def mixed(old: Mapping[str, Array], new: Mapping[str, Array]) -> dict[str, Array]:
        return {**old, **{bone: np.where(moved, it, old[bone]) for bone, it in new.items() if bone in old}}

    return replace(
        samples,
        rotations=mixed(samples.rotations, tracks.rotations),
        locations=mixed(samples.locations, tracks.locations),
    )


def joint_places(seams: Seams, samples: PoseSamples) -> dict[str, Array]:
    """Joint -> its place [T, 3] in the world, of the bones of the rig map."""
    posing = Posing(seams.rig, {}, basis=basis_of(seams.rig, samples))
    world = _world(seams, samples)
    count = len(seams.fixed)
    heads = {joint: posing.pose(bone)[:, :3, 3] for joint, bone in seams.rig_map.bones.items()}
    return {
        joint: np.broadcast_to((world[:, :3, :3] @ head[..., None])[..., 0] + world[:, :3, 3], (count, 3))
        for joint, head in heads.items()
    }


def _world(seams: Seams, samples: PoseSamples) -> Array:
    """The object's matrices [T or 1, 4, 4]."""
    if samples.object_location is None or samples.object_rotation is None:
        return seams.rig.world[None]
    size = np.linalg.norm(seams.rig.world[:3, :3], axis=0).mean()
    return compose(normalize(samples.object_rotation), samples.object_location, np.array(size))


def jumps_of(place: Array) -> Array:
    """Changes of velocity, units a frame, at every frame of [T, 3] but the first and the last."""
    return np.linalg.norm(np.diff(place, n=2, axis=0), axis=-1)


def usual_jump(places: Mapping[str, Array]) -> float:
    """What a joint's velocity changes in a frame in all but a hundredth of the cases."""
    return float(np.percentile(np.concatenate([jumps_of(place) for place in places.values()]), PERCENTILE))


def seam_frames(fixed: Mask) -> Mask:
    """Bool [T]: the frames on either side of a seam; fixed: bool [T]."""
    seam = np.zeros(len(fixed), dtype=bool)
    seam[1:] |= fixed[1:] != fixed[:-1]
    seam[:-1] |= fixed[1:] != fixed[:-1]
    return seam


def seam_jumps(places: Mapping[str, Array], fixed: Mask) -> dict[str, float]:
    """Joint -> its greatest change of velocity on either side of a seam; fixed: bool [T]."""
    seam = seam_frames(fixed)
    return {joint: float(jumps_of(place)[seam[1:-1]].max(initial=0.0)) for joint, place in places.items()}


def worst_jump(places: Mapping[str, Array], fixed: Mask) -> float:
    """The greatest of `seam_jumps`."""
    return max(seam_jumps(places, fixed).values(), default=0.0)


def bent(values: Array, fixed: Mask, jumps: Array, fps: float) -> Array:
    """Values [T, n] that change their velocity by `jumps` [S, n] at the S seam frames; fixed frames [T] as they are.

    Of all such changes within `SECONDS` of a seam the one whose own velocity changes least (a cubic spline's).
    """
    frames, at = np.arange(len(values)), seam_frames(fixed)
    if not at[1:-1].any():
        return values
    away = np.abs(frames[:, None] - np.flatnonzero(at)).min(axis=1)
    free = ~fixed & (away < max(3, round(SECONDS * fps)))
    second = np.diff(np.eye(len(values)), n=2, axis=0)[:, free]
    weights = np.where(at[1:-1], MET, 1.0)[:, None]
    wanted = np.zeros((len(values) - 2, values.shape[1]))
    wanted[at[1:-1]] = jumps - np.diff(values, n=2, axis=0)[at[1:-1]]
    result = values.copy()
    result[free] += np.linalg.lstsq(weights * second, weights * wanted, rcond=None)[0]
    return result
