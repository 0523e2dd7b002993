"""The last word on positions after the sampling: whole bones, feet that stand, and every marked joint in its place.

The model's features meet the targets, but clean-up of bones and feet would move them again. So here both are done in
turn until they agree, on the user's own body and frame rate. Nothing here knows features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup import footlock, path, smoothing, two_bone
from mdm_core.cleanup.bones import LEGS, knee_hint, plant
from mdm_core.cleanup.contacts import runs, slide_steps
from mdm_core.editing.footing import lifts
from mdm_core.editing.projection import Projection, Targets, matern, spread
from mdm_core.editing.whole import whole
from mdm_core.skeleton import FEET, JOINTS, PARENTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

ROUNDS = 24
"""Times that targets and bones are met in turn."""
TOLERANCE = 2e-5
"""Metres: below it they agree."""
SEAM_SECONDS = 0.4
"""How far from a seam an uneven one is smoothed."""
SEAM_STRENGTHS = (1.0, 8.0, 64.0, 512.0)
STAYS = 1e6
"""How much more a held frame weighs than a free one."""
LANDING = 0.12
"""Seconds in which a foot that is held in mid-air or sliding gets onto the place of a stance beside it."""
LEG_JOINTS = (4, 5, 7, 8, 10, 11)
MARK_SECONDS = 0.15
"""How far in time the last correction of a marked joint moves what is around it."""


@dataclass(frozen=True)
class Body:
    """lengths: [22] metres, bone lengths; fps: frames a second; jump: the change of velocity, metres a frame, that the
    body's own motion hardly ever exceeds; steps: whether it goes by steps, so that feet that swing are lifted."""

    lengths: Numbers
    fps: float
    jump: float = np.inf
    steps: bool = True


def finish(positions: Numbers, targets: Targets, held: Mask, stances: Mask, body: Body) -> Numbers:
    """Positions [T, 22, 3] with bones of the body's lengths, standing feet that stay, and all targets met.

    held: bool [T, 22], joints whose place is that of `targets` and from which nothing may be taken, whatever their
    bones; stances: bool [T, 4] in the order of `skeleton.FEET`.
    """
    place = targets.positions
    result = np.where(held[..., None], place, smoothing.smooth(positions, stances, body.fps))
    projection = Projection(targets, body.fps)
    result = attached(project(projection, result), held, place, body.lengths)
    walks = bool((~held[:, LEG_JOINTS]).any())
    ankles = result[:, [leg.ankle for leg in LEGS]]
    if walks:
        result, ankles = with_standing_feet(result, targets, held, stances, body)
    stepping = _stepping(targets, held, body.fps)
    for _ in range(ROUNDS):
        met = project(projection, result)
        if walks:
            goal = ankles + stepping[..., None] * (met[:, [leg.ankle for leg in LEGS]] - ankles)
            bodied = legs_to(attached(met, held, place, body.lengths), goal, body.lengths)
        else:
            bodied = met
        bodied = attached(bodied, held, place, body.lengths)
        if np.abs(bodied - met).max() < TOLERANCE and np.abs(met - result).max() < TOLERANCE:
            break
        result = bodied
    even = with_even_seams(result, held, stances, body)
    result = project(projection, _held_together(even, targets, held, body))
    return with_marks(result, targets, held, body)


def _held_together(positions: Numbers, targets: Targets, held: Mask, body: Body) -> Numbers:
    """Whole bones [T, 22, 3], with the ankles where they are as far as the legs reach."""
    result = attached(positions, held, targets.positions, body.lengths)
    if (~held[:, LEG_JOINTS]).any():
        result = legs_to(result, positions[:, [leg.ankle for leg in LEGS]], body.lengths)
        result = attached(result, held, targets.positions, body.lengths)
    return result


def with_marks(positions: Numbers, targets: Targets, held: Mask, body: Body) -> Numbers:
    """Positions [T, 22, 3] with whole bones, and marked joints, which are near, in their very places; what is beside
    these in time goes along. Where nothing is marked but what is held they come back as they are."""
    rows = np.flatnonzero((targets.joints & ~held).any(axis=1))
    if not len(rows):
        return positions
    positions = _held_together(positions, targets, held, body)
    fixed = held[rows] | targets.joints[rows]
    fixed[:, 0] |= targets.ground[rows]
    meeting = np.where(fixed[..., None], targets.positions[rows], positions[rows])
    on_path = targets.ground[rows] & ~targets.joints[rows, 0] & ~held[rows, 0]
    meeting[on_path, 0, 1] = positions[rows[on_path], 0, 1]
    met = whole(meeting, fixed, body.lengths)
    times, still = np.arange(len(positions)) / body.fps, np.flatnonzero(held.all(axis=1))
    known = np.concatenate([rows, still])
    shift = np.concatenate([met - positions[rows], np.zeros((len(still), JOINTS, 3))]).reshape(len(known), -1)
    kernel = matern(times[known], times[known], MARK_SECONDS) + 1e-9 * np.eye(len(known))
    moved = matern(times, times[known], MARK_SECONDS) @ np.linalg.solve(kernel, shift)
    moved = np.where(held[..., None], 0.0, moved.reshape(positions.shape))
    result = _held_together(positions + moved, targets, held, body)
    result[rows] = met
    return result


def with_even_seams(positions: Numbers, held: Mask, stances: Mask, body: Body) -> Numbers:
    """Positions [T, 22, 3] whose joints change their velocity beside held frames no more than `body.jump` allows.

    Whittaker's smoother (1923) around seams alone, as strong as it must be; held frames and standing feet stay.
    """
    fixed = held.copy()
    fixed[:, list(FEET)] |= stances
    eased = positions
    for strength in SEAM_STRENGTHS:
        if jumps(eased, held).max(initial=0.0) <= body.jump:
            break
        eased = _smoothed_at_seams(positions, held, fixed, strength, body.fps)
    return eased


def jumps(positions: Numbers, held: Mask) -> Numbers:
    """Change of velocity, metres a frame, at each seam: of every joint at the frames on both sides of it, [S]."""
    change = velocity_changes(positions)
    seam = held[1:] != held[:-1]
    at = np.zeros(held.shape, dtype=bool)
    at[1:] |= seam
    at[:-1] |= seam
    return change[at[1:-1]]


def velocity_changes(positions: Numbers) -> Numbers:
    """How much each joint's velocity changes at each frame but the first and last, metres a frame, [T - 2, 22]."""
    return np.linalg.norm(np.diff(positions, n=2, axis=0), axis=-1)


def _smoothed_at_seams(positions: Numbers, held: Mask, fixed: Mask, strength: float, fps: float) -> Numbers:
    frames, result = len(positions), positions.copy()
    second = np.diff(np.eye(frames), n=2, axis=0)
    patterns, group = np.unique(np.concatenate([held, fixed]), axis=1, return_inverse=True)
    for k, (kept, stuck) in enumerate(patterns.T.reshape(-1, 2, frames)):
        edges = np.flatnonzero(kept[1:] != kept[:-1]) + 0.5
        joints = np.flatnonzero(group.ravel() == k)
        if len(edges):
            away = np.abs(np.arange(1, frames - 1)[:, None] - edges).min(axis=1) / (SEAM_SECONDS * fps)
            near = np.maximum(0.0, 1 - away) * strength
            stays = np.diag(np.where(stuck, STAYS, 1.0))
            system = stays + second.T @ (near[:, None] * second)
            flat = positions[:, joints].reshape(frames, -1)
            result[:, joints] = np.linalg.solve(system, stays @ flat).reshape(frames, -1, 3)
    return result


def project(projection: Projection, positions: Numbers) -> Numbers:
    """The nearest positions [T, 22, 3] that meet the targets, whatever their bones."""
    if not projection.targets.any:
        return positions
    return projection.apply(np.zeros((1, len(positions))), positions[None])[1][0]


def attached(positions: Numbers, held: Mask, place: Numbers, lengths: Numbers) -> Numbers:
    """From the hips outwards, each bone in its own direction and of its length; `held` joints at `place`."""
    result = positions.copy()
    result[:, 0] = np.where(held[:, :1], place[:, 0], positions[:, 0])
    for joint in range(1, JOINTS):
        parent = PARENTS[joint]
        bone = rotations.normalize(positions[:, joint] - positions[:, parent]) * lengths[joint]
        result[:, joint] = np.where(held[:, joint, None], place[:, joint], result[:, parent] + bone)
    return result


def legs_to(positions: Numbers, ankles: Numbers, lengths: Numbers) -> Numbers:
    """Positions [T, 22, 3] with the legs bent to `ankles` [T, 2, 3], as far as they reach; feet stay parallel."""
    result = positions.copy()
    for side, leg in enumerate(LEGS):
        foot = positions[:, leg.foot] - positions[:, leg.ankle]
        knee, ankle = two_bone.solve(
            positions[:, leg.hip],
            positions[:, leg.knee],
            positions[:, leg.ankle],
            ankles[:, side],
            float(lengths[leg.knee]),
            float(lengths[leg.ankle]),
            knee_hint(positions, leg),
        )
        result[:, leg.knee], result[:, leg.ankle], result[:, leg.foot] = knee, ankle, ankle + foot
    return result


def with_standing_feet(
    positions: Numbers, targets: Targets, held: Mask, stances: Mask, body: Body
) -> tuple[Numbers, Numbers]:
    """The motion with its feet locked, and the ankles' places [T, 2, 3] that this took.

    As `cleanup.footlock.lock`, but a stance that reaches into held frames stands where the foot stands there, and the
    body goes with its feet only as far as its own targets let it.
    """
    fps, result = body.fps, positions.copy()
    ground = targets.joints[:, 0] | targets.ground

    def within_targets(shift: Numbers) -> Numbers:
        at = np.flatnonzero(ground)
        return shift - spread(ground) @ shift[at] if len(at) else shift

    if not held[:, 0].all():
        result = result + within_targets((path.with_feet(result, stances, fps) - result)[:, 0])[:, None]
    for side, leg in enumerate(LEGS):
        footlock.keep_heading(result, leg, stances[:, 2 * side] & stances[:, 2 * side + 1], fps)
    result = attached(result, held, targets.positions, body.lengths)
    steps, _ = slide_steps(result, stances)
    standing = stances[:, ::2] | stances[:, 1::2]
    fixed = held[:, [leg.ankle for leg in LEGS]]
    shifts = np.stack([hold(steps[:, side], standing[:, side], fixed[:, side]) for side in range(2)], axis=1)
    follow = within_targets(footlock.body_follow(shifts, standing, fps))
    ankles = np.empty((len(result), 2, 3))
    for side, leg in enumerate(LEGS):
        lowest = result[:, [leg.ankle, leg.foot], 1].min(axis=1)
        shift = footlock.limited(shifts[:, side], follow, standing[:, side])
        shift[fixed[:, side]] = 0.0
        footlock.fade(shift, runs(_settled(standing[:, side], fixed[:, side], fps)), footlock.BLEND * fps)
        shift[~fixed[:, side], 1] += np.maximum(0.0, -(lowest + shift[:, 1]))[~fixed[:, side]]
        ankles[:, side] = result[:, leg.ankle] + shift
    if body.steps:
        stepped = legs_to(result + follow[:, None], ankles, body.lengths)
        marked = fixed | targets.joints[:, [leg.ankle for leg in LEGS]] | targets.joints[:, [leg.foot for leg in LEGS]]
        ankles[..., 1] += lifts(stepped, stances, marked, fps)
    planted = plant(result + follow[:, None], ankles, fps, body.lengths)
    shift = within_targets((planted - result)[:, 0])
    moved = result + np.where(held[:, :1], 0.0, shift)[:, None]
    return legs_to(attached(moved, held, targets.positions, body.lengths), ankles, body.lengths), ankles


def _settled(standing: Mask, fixed: Mask, fps: float) -> Mask:
    """Frames [T] at which a foot is where it must be: not in a stance that begins right beside a fixed moving foot."""
    landing = smoothing.around((fixed & ~standing).astype(np.float64), round(LANDING * fps)) > 0
    return fixed | (standing & ~landing)


def landed(stances: Mask, held: Mask, fps: float) -> Mask:
    """The stances [T, 4] (order of `skeleton.FEET`) without the frames in which a foot has to get from one to a held
    frame, or back, where it does not stand: it cannot be in both places."""
    result = stances.copy()
    for side, leg in enumerate(LEGS):
        feet, fixed = slice(2 * side, 2 * side + 2), held[:, leg.ankle]
        standing = stances[:, feet].any(axis=1)
        result[:, feet] &= (fixed | _settled(standing, fixed, fps))[:, None]
    return result


def hold(steps: Numbers, standing: Mask, fixed: Mask) -> Numbers:
    """What to add to a foot [T, 3] so that it stays where it is fixed in each stance, else at the middle of its way.

    steps: [T, 3], how it slid since the frame before; standing, fixed: bool [T]. Between two fixed frames of one stance
    that differ it goes evenly.
    """
    shift = np.zeros(steps.shape)
    for start, stop in runs(standing):
        drift = np.cumsum(steps[start:stop], axis=0) - steps[start]
        at = np.flatnonzero(fixed[start:stop])
        if len(at):
            frames = np.arange(stop - start)
            kept = np.stack([np.interp(frames, at, drift[at, axis]) for axis in range(3)], axis=-1)
            shift[start:stop] = kept - drift
        else:
            shift[start:stop] = drift.mean(axis=0) - drift
    return shift


def _stepping(targets: Targets, held: Mask, fps: float) -> Numbers:
    """How much each ankle [T, 2] follows targets of its own leg rather than the place where the foot stands, 0 to 1."""
    times = np.arange(len(held)) / fps
    result = np.zeros((len(held), 2))
    marked = targets.joints & ~held
    for side, leg in enumerate(LEGS):
        at = np.flatnonzero(marked[:, [leg.hip, leg.knee, leg.ankle, leg.foot]].any(axis=1))
        if len(at):
            result[:, side] = matern(times, times[at], 0.15).max(axis=1)
    return result
