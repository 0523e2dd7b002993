"""Seams of an edit on the rig: where what stays meets what is made anew, no joint's velocity may change more than it
does in 99 % of the original clip, and what is written is changed there, as little and as smoothly as that takes.

The model's own seams are even (`mdm_core.editing.finish`). What the rig adds comes from writing a change: proportions
that are not the model's, feet locked anew, knees of nearly straight legs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import FEET, JOINT_NAMES

from ..keys.locks import Held
from ..keys.object_space import ObjectSpace
from ..retarget import PoseSamples
from ..rig import RigMap
from .freedoms import Freedoms, Joints, freedoms_of, taken
from .least import Wanted, least, smooth

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int_]

SECONDS = 0.4
"""How far from a seam what is made anew may be changed for it."""
PERCENTILE = 99
SAFE, ENOUGH = 0.97, 0.985
"""Of what a joint may jump: what it is led to, and what is good enough; the rest is for rounding and IK solvers."""
ROUNDED = 1 + 1e-3
"""Of what a joint may jump, what is none too much yet: single numbers in F-curves."""
LEAST = 2e-5
"""Legs' lengths a frame that a joint may jump in any case: less is not seen, and single numbers do not hold it."""
SLIDE = 0.02**2
"""A standing foot that slides by 1 cm costs what a joint does whose velocity changes by half a metre a frame."""
ROUNDS, HALVINGS = 10, 6
IN_VAIN = 2
"""Rounds that do not find a change within the bounds, after which there is no room for one."""
LARGEST = 0.5
"""Radians, or legs' lengths, by which a round changes a pose at most."""
STRAIGHT = 0.35
"""Radians of bend below which it is seen to that an elbow or knee does not come to bend the wrong way."""
GROUP = 9
"""Seam frames that are seen to at once, at most: those of three poses that stay."""


@dataclass(frozen=True)
class Seams:
    """samples: the rig's values [T] before the edit. fixed: bool [T], the frames that stay. bound: what a joint's
    velocity may change in a frame, in the world. turning, moving: bones whose rotations, whose locations may change,
    "" is the object. fps: frames a second; standing: bool [T, 4], which joints of `skeleton.FEET` stand when."""

    joints: Joints
    rig_map: RigMap
    samples: PoseSamples
    fixed: Mask
    bound: float
    turning: frozenset[str]
    moving: frozenset[str]
    fps: float
    standing: Mask
    pinned: Mask | None = None
    """Bool [T]: frames whose pose stays too, although they are no seams; None where there are none."""
    chosen: frozenset[str] = frozenset()
    """Bones of the edit, whether it is they that may change or what they hang on."""
    held: Mapping[str, Held] = field(default_factory=dict[str, Held])
    """What is locked of rotations, of bones and the object (""), at the same frames; so it is in the edited values."""
    space: ObjectSpace = field(default_factory=ObjectSpace)
    """That of the object's channels, with the locks of its place, which the edited values keep too."""

    @property
    def window(self) -> int:
        """Frames from a seam up to which what is made anew may be changed for it."""
        return max(3, round(SECONDS * self.fps))

    def allowed(self, own: Array) -> Array:
        """What joints' velocities may change in a frame, where the original's did by `own` [..., J]: as much, of joints
        that are only carried along."""
        bones = self.turning | self.moving | self.chosen
        carried = np.array([bone not in bones for bone, _ in self.joints.points])
        return np.maximum(self.bound, np.where(carried, own / SAFE, 0.0))


def eased(seams: Seams, edited: PoseSamples) -> PoseSamples:
    """The edited values [T] with seams at which no joint's velocity changes by more than the bound. A joint whose own
    bone may not change, and which is only carried along, may jump as it has in the original.

    Of all changes of the bones that may change, in frames that do not stay within `SECONDS` of a seam, it is the one
    that changes the joints' velocities least; feet keep where they stand as far as they can. Where poses that stay
    leave no room it comes as near as it can.
    """
    free = freedoms_of(seams.joints, seams.rig_map, edited, seams.turning, seams.moving, seams.held, seams.space)
    if not len(free):
        return edited
    for group in _groups(np.flatnonzero(seam_frames(seams.fixed)), 2 * seams.window):
        stretch = _Stretch(seams, free, group)
        result, jump = _eased(stretch, edited, np.zeros((len(stretch.rows), len(free))))
        if jump > 1.0:
            other, less = _eased(stretch, edited, stretch.continuation(edited))
            result = other if less < jump else result
        edited = result
    return edited


def _groups(frames: Rows, apart: int) -> list[Rows]:
    """Seam frames in groups that have nothing to do with each other, or are large enough."""
    groups: list[list[int]] = []
    for frame in frames.tolist():
        away = frame - groups[-1][-1] if groups else apart + 1
        # The frames of one pose that stays are kept together, as far as poses beside each other end somewhere.
        if away <= apart and len(groups[-1]) < (GROUP + 3 if away == 1 else GROUP):
            groups[-1].append(frame)
        else:
            groups.append([frame])
    return [np.array(it) for it in groups]


class _Stretch:
    """The frames around a group of seams. loose: those that may change; jumping: those at which velocities are looked
    at; seen: these with the frames before and after; changing: which of `seen` may change; standing: other loose frames
    in which a foot stands; rows: the last two."""

    def __init__(self, seams: Seams, free: Freedoms, group: Rows) -> None:
        self.seams, self.free = seams, free
        frames, at_seam = np.arange(len(seams.fixed)), seam_frames(seams.fixed)
        self.loose = ~seams.fixed & (np.abs(frames[:, None] - group).min(axis=1) < seams.window)
        if seams.pinned is not None:
            self.loose &= ~seams.pinned
        beside = np.convolve(self.loose, np.ones(3), "same") > 0
        self.jumping = np.flatnonzero(at_seam & beside & (frames > 0) & (frames < frames[-1]))
        self.seen = np.unique(self.jumping[:, None] + [-1, 0, 1])
        self.changing = self.seen[self.loose[self.seen]]
        stands = self.loose & seams.standing.any(axis=1)
        self.standing = np.setdiff1d(np.flatnonzero(stands), self.changing)
        self.rows = np.concatenate([self.changing, self.standing])
        kernel = smooth(self.loose)
        order = np.searchsorted(np.flatnonzero(self.loose), self.rows)
        self.kernel = kernel[np.ix_(order, order)]
        self._wide = np.linalg.solve(self.kernel, kernel[order]).T if len(order) else np.zeros((len(kernel), 0))
        self.allowed = seams.allowed(np.linalg.norm(self.jumps(seams.samples), axis=-1))

    def changed(self, edited: PoseSamples, change: Array) -> PoseSamples:
        """The samples [T] with a change [E, n] of `rows`, led smoothly over all loose frames."""
        whole = np.zeros((len(self.loose), len(self.free)))
        whole[self.loose] = self._wide @ change
        return self.free.changed(edited, whole)

    def straightening(self, edited: PoseSamples) -> tuple[Array, Array]:
        """How elbows and knees that are nearly straight bend with a change, [C, 3, E, n], and do without, [C, 3]: such
        that they are no longer than `SAFE` while they bend the way they should, or no less than they do."""
        hinges, bends = self.free.hinges(), self.free.bends(taken(edited, self.rows))
        near = np.argwhere(bends < STRAIGHT)
        rows = np.zeros((len(near), 3, len(self.rows), len(self.free)))
        given = np.zeros((len(near), 3))
        for k, (row, hinge) in enumerate(near):
            column, axis, _ = hinges[hinge]
            least = min(float(bends[row, hinge]), 0.0)
            middle, half = (np.pi + least) / 2, (np.pi - least) / 2
            rows[k, 0, row, column : column + 3] = SAFE * axis / half
            given[k, 0] = SAFE * (bends[row, hinge] - middle) / half
        return rows, given

    def continuation(self, edited: PoseSamples) -> Array:
        """The change [E, n] with which bones turn and move beside a seam as evenly as in the frames that stay."""
        fixed, result = self.seams.fixed, np.zeros((len(self.rows), len(self.free)))
        stays = np.flatnonzero(fixed)
        for row, frame in enumerate(self.changing):
            seam = int(stays[np.abs(stays - frame).argmin()])
            way = 1 if frame > seam else -1
            before = seam - way
            # A single pose that stays is passed as fast as it is now.
            pair = (before, seam) if 0 <= before < len(fixed) and fixed[before] else (seam - way, seam + way)
            share = abs(frame - seam) / abs(pair[1] - pair[0])
            if min(pair) >= 0 and max(pair) < len(fixed):
                result[row] = self.free.between(edited, (pair[0], pair[1]), (seam, int(frame)), share)
        return result

    def jumps(self, samples: PoseSamples) -> Array:
        """Changes of velocity [S, J, 3] at the frames `jumping`."""
        places = self.seams.joints.places(taken(samples, self.seen))
        at = np.searchsorted(self.seen, self.jumping)
        return places[at - 1] - 2 * places[at] + places[at + 1]

    def slopes(self, derivatives: Array) -> Array:
        """How the jumps go [S, J, 3, E, n] with a change; derivatives: those of the places [E, J, 3, n]."""
        found = np.zeros((len(self.jumping), *derivatives.shape[1:3], len(self.rows), derivatives.shape[3]))
        for row, frame in enumerate(self.changing):
            for offset, weight in ((1, 1.0), (0, -2.0), (-1, 1.0)):
                found[self.jumping == frame + offset, :, :, row] += weight * derivatives[row]
        return found

    def slides(self, derivatives: Array) -> Array:
        """How standing feet go with a change: rows [H, E, n]."""
        result = [np.zeros((0, len(self.rows), derivatives.shape[3]))]
        for column, joint in enumerate(FEET):
            if JOINT_NAMES[joint] in self.seams.joints.names:
                point = self.seams.joints.names.index(JOINT_NAMES[joint])
                for row in np.flatnonzero(self.seams.standing[self.rows, column]):
                    slide = np.zeros((3, len(self.rows), derivatives.shape[3]))
                    slide[:, row] = derivatives[row, point]
                    result.append(slide)
        return np.concatenate(result)


def _eased(stretch: _Stretch, edited: PoseSamples, change: Array) -> tuple[PoseSamples, float]:
    """The samples with what the seams of a stretch need, and the worst jump then, of what is allowed.

    By sequential convex steps from a change [E, n] on: each leads to the best change for joints that move in straight
    lines with it, and is halved while that does not bring the jumps nearer.
    """
    free, bound = stretch.free, stretch.allowed
    samples = stretch.changed(edited, change)
    jumps = stretch.jumps(samples)
    still: Array | None = None
    in_vain = 0
    for _ in range(ROUNDS):
        if _worst(jumps, bound) <= ENOUGH or in_vain == IN_VAIN:
            break
        if still is None:
            none = np.zeros((len(stretch.standing), len(free)))
            still = free.at(stretch.standing).derivatives(taken(edited, stretch.standing), none)
        beside = free.at(stretch.changing)
        moving = beside.derivatives(taken(edited, stretch.changing), change[: len(stretch.changing)])
        derivatives = np.concatenate([moving, still])
        slopes = stretch.slopes(derivatives)
        touched = np.abs(slopes).max(axis=(2, 3, 4)) > 1e-9 * free.joints.leg
        rows, given = slopes[touched], jumps[touched] - np.einsum("cxen,en->cx", slopes[touched], change)
        limit = bound[touched][:, None]
        bent, bends = stretch.straightening(edited)
        wanted = Wanted(
            bounded=np.concatenate([rows / limit[..., None, None], bent]),
            given=np.concatenate([given / limit, bends]),
            bound=SAFE,
            held=stretch.slides(derivatives),
            softness=SLIDE,
        )
        best, kept = least(stretch.kernel, _metric(free, moving), wanted)
        in_vain += not kept
        step = best - change
        step *= min(1.0, LARGEST / max(float(np.abs(step).max()), 1e-12))
        before = _over(jumps[touched], bound[touched])
        for halving in range(HALVINGS):
            share = 0.5**halving
            samples = stretch.changed(edited, change + share * step)
            jumps = stretch.jumps(samples)
            if _over(jumps[touched], bound[touched]) < (1 - 0.1 * share) * before:
                break
        else:
            samples = stretch.changed(edited, change)
            break
        change = change + share * step
    return samples, _worst(stretch.jumps(samples), bound)


def _worst(jumps: Array, bound: Array) -> float:
    return float((np.linalg.norm(jumps, axis=-1) / bound).max(initial=0.0))


def _over(jumps: Array, bound: Array) -> float:
    """By how much jumps [C, 3] are above their bounds [C], in squares."""
    return float((np.maximum(0.0, np.linalg.norm(jumps, axis=-1) / bound - SAFE) ** 2).sum())


def _metric(free: Freedoms, derivatives: Array) -> Array:
    """What a change costs [n, n]: the squares of what it moves the joints by, and a little for itself."""
    flat = derivatives.reshape(-1, derivatives.shape[-1])
    return flat.T @ flat / len(derivatives) + free.stiffness()


def jumps_of(place: Array) -> Array:
    """Changes of velocity [T - 2, ...], units a frame, of places [T, ..., 3]."""
    return np.linalg.norm(np.diff(place, n=2, axis=0), axis=-1)


def usual_jump(joints: Joints, samples: PoseSamples, but: Collection[str] = ()) -> float:
    """What a joint's velocity changes in a frame in all but a hundredth of the cases, those of some bones left out."""
    known = [it in JOINT_NAMES and bone not in but for it, (bone, _) in zip(joints.names, joints.points, strict=True)]
    jumps = jumps_of(joints.places(samples))[:, known]
    return max(float(np.percentile(jumps, PERCENTILE)) if jumps.size else 0.0, LEAST * joints.leg * joints.size)


def seam_frames(fixed: Mask) -> Mask:
    """Bool [T]: the frames on either side of a seam; fixed: bool [T]."""
    seam = np.zeros(len(fixed), dtype=bool)
    seam[1:] |= fixed[1:] != fixed[:-1]
    seam[:-1] |= fixed[1:] != fixed[:-1]
    return seam
