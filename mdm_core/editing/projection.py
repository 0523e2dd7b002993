"""World-space targets met exactly, by the smallest change that a body can make: the linear maths, without features.

A motion has a heading, a place for every joint, and `Targets` where some of them must be. `Projection.apply` moves the
motion onto them in three linear steps, whose matrices are made once (docs/editing.md derives them):

1. heading: what is missing at the marked frames is spread between them; the path turns along with the body;
2. hips on the ground: likewise, in world directions;
3. joints and the hips' height: least squares with a covariance over time and over the skeleton's bones, so that a
   hand takes arm and body along and its neighbours in time follow. It is the conditional mean of a Gaussian process.

Spreading is a cubic that starts and ends level, so the velocity at a marked frame stays the model's. Works on NumPy
arrays and torch tensors, in batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.arrays import Array, like, namespace
from mdm_core.editing import world
from mdm_core.skeleton import BONE_LENGTHS, JOINTS, PARENTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

HEADING_JOINTS = (0, 1, 2, 16, 17)
"""A frame with these joints marked has a heading: that of hips and shoulders."""

JOINT_SECONDS, HEIGHT_SECONDS, BODY_SECONDS = 0.3, 0.4, 1.0
"""How far in time a marked joint moves its neighbours: within the body, with the hips' height, with the whole body."""
BODY_METRES, HEIGHT_METRES = 0.5, 0.3
"""How readily the whole body moves for a marked joint, against `FLEXIBILITY` x bone length."""
FLEXIBILITY = np.where(np.isin(np.arange(JOINTS), (4, 5, 7, 8, 18, 19, 20, 21)), 1.0, 0.3)
"""How readily the bone that ends at a joint turns: thighs, shins and arms fully, trunk, neck, collars and feet less."""


@dataclass(frozen=True)
class Targets:
    """Where a motion of T frames must be, metres and radians in one world.

    positions: [T, 22, 3]; joints: bool [T, 22], which of them must be met.
    yields: bool [T, 22], the marked joints that move what is around them; the others (frames deep inside a kept
        stretch) are only put in their place.
    ground: bool [T], frames at which only the hips' x and z of `positions` must be met.
    yaw: [T], facing: bool [T], the smoothed heading (`world.decode`) to be met where no pose says it.
    """

    positions: Numbers
    joints: Mask
    yields: Mask
    ground: Mask
    yaw: Numbers
    facing: Mask

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def any(self) -> bool:
        """Whether anything is to be met."""
        return bool(self.joints.any() or self.ground.any() or self.facing.any())

    @property
    def poses(self) -> Mask:
        """Frames [T] whose marked joints say where the body faces."""
        return np.all(self.joints[:, HEADING_JOINTS], axis=1)


def nothing(frames: int) -> Targets:
    """No target in any of `frames`."""
    return Targets(
        positions=np.zeros((frames, JOINTS, 3)),
        joints=np.zeros((frames, JOINTS), dtype=bool),
        yields=np.zeros((frames, JOINTS), dtype=bool),
        ground=np.zeros(frames, dtype=bool),
        yaw=np.zeros(frames),
        facing=np.zeros(frames, dtype=bool),
    )


@dataclass(frozen=True)
class Projection:
    """The motion nearest to a given one that meets `targets`, at `fps` frames a second."""

    targets: Targets
    fps: float

    def apply(self, yaw: Array, positions: Array) -> tuple[Array, Array]:
        """Yaw [B, T] and positions [B, T, 22, 3], changed so that every target is met to rounding."""
        if self.heading_frames.any():
            yaw, positions = self._turn(yaw, positions)
        if self.ground_frames.any():
            positions = self._carry(positions)
        return yaw, self._reach(positions)

    @cached_property
    def heading_frames(self) -> Mask:
        """Frames [T] with a heading to be met."""
        return self.targets.poses | self.targets.facing

    @cached_property
    def ground_frames(self) -> Mask:
        """Frames [T] at which the hips' place on the ground is marked."""
        return self.targets.joints[:, 0] | self.targets.ground

    def _turn(self, yaw: Array, positions: Array) -> tuple[Array, Array]:
        xp, frames = namespace(yaw), self.heading_frames
        at = np.flatnonzero(frames)
        poses = like(self.targets.poses[at].astype(float), yaw)
        posed = like(world.facing(self.targets.positions[at].astype(np.float64)), yaw)
        wanted = poses * posed + (1 - poses) * like(self.targets.yaw[at], yaw)
        found = poses * world.facing(positions[:, at]) + (1 - poses) * yaw[:, at]
        missing = wanted - found
        steps = xp.concatenate([missing[:, :1], missing[:, 1:] - missing[:, :-1]], 1)
        missing = xp.cumsum(world.wrapped(steps), 1)  # frames of one stretch must not turn opposite ways round
        turn = missing @ like(spread(frames).T, yaw)
        ground = positions[:, :, 0] * like([1.0, 0.0, 1.0], positions)
        local = world.turned(turn[..., None], positions - ground[:, :, None])
        steps = world.turned(turn[:, 1:], ground[:, 1:] - ground[:, :-1])
        return yaw + turn, local + world.path(ground[:, :1], steps)[:, :, None]

    def _carry(self, positions: Array) -> Array:
        frames = self.ground_frames
        at = np.flatnonzero(frames)
        horizontal = like([1.0, 0.0, 1.0], positions)
        missing = (like(self.targets.positions[at, 0], positions) - positions[:, at, 0]) * horizontal
        return positions + (like(spread(frames), positions) @ missing)[:, :, None]

    def _reach(self, positions: Array) -> Array:
        xp, targets = namespace(positions), self.targets
        wanted = like(targets.positions, positions)
        moved = positions
        for response, axes in ((self._sideways, (0, 2)), (self._upwards, (1,))):
            frames, joints, gain = response
            if len(frames):
                missing = wanted[frames, joints] - positions[:, frames, joints]
                gains = like(gain, positions)
                weight = like(np.isin(np.arange(3), axes).astype(float), positions)
                moved = moved + (gains @ (missing * weight)).reshape(positions.shape)
        met = targets.joints[..., None]
        on_path = targets.ground[:, None] & (np.arange(JOINTS) == 0)
        met = met | (on_path[..., None] & np.array([True, False, True]))
        mask = like(met.astype(float), positions) > 0.5
        return xp.where(mask, wanted, moved)

    @cached_property
    def _sideways(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Numbers]:
        """Marked joints (frame, joint) [M] and the response [T * 22, M] of all joints in x and z."""
        marked = self.targets.yields & self.targets.joints & (np.arange(JOINTS) > 0)
        times = np.arange(len(self.targets)) / self.fps
        body = BODY_METRES**2 * matern(times, times, BODY_SECONDS)
        fixed = np.flatnonzero(self.ground_frames)
        if len(fixed):
            known = body[np.ix_(fixed, fixed)] + 1e-9 * np.eye(len(fixed))
            body = body - body[:, fixed] @ np.linalg.solve(known, body[fixed])
        return self._response(marked, body)

    @cached_property
    def _upwards(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Numbers]:
        """As `_sideways`, in y, where the hips are a joint like all others."""
        times = np.arange(len(self.targets)) / self.fps
        body = HEIGHT_METRES**2 * matern(times, times, HEIGHT_SECONDS)
        return self._response(self.targets.yields & self.targets.joints, body)

    def _response(self, marked: Mask, body: Numbers) -> tuple[NDArray[np.intp], NDArray[np.intp], Numbers]:
        """K A' (A K A')^-1 with K = `body` [T, T] for all joints alike + time x skeleton for each against the hips."""
        frames, joints = np.nonzero(marked)
        times = np.arange(len(marked)) / self.fps
        within = matern(times, times[frames], JOINT_SECONDS)
        prior = body[:, None, frames] + within[:, None] * SKELETON[None][:, :, joints]
        rows = prior[frames, joints]
        gain = prior.reshape(len(marked) * JOINTS, len(frames)) @ np.linalg.inv(rows + 1e-9 * np.eye(len(frames)))
        return frames, joints, gain


def _skeleton() -> Numbers:
    """Covariance [22, 22], square metres, of joints against the hips: what the bones that lead to both can turn."""
    chain = np.zeros((JOINTS, JOINTS))
    for joint in range(1, JOINTS):
        chain[joint] = chain[PARENTS[joint]]
        chain[joint, joint] = 1.0
    return chain @ np.diag((FLEXIBILITY * BONE_LENGTHS) ** 2) @ chain.T


SKELETON: Numbers = _skeleton()


def matern(a: Numbers, b: Numbers, scale: float) -> Numbers:
    """Matern covariance 3/2, [A, B], of times a [A] and b [B] in seconds: smooth once, and well conditioned."""
    distance = np.sqrt(3) * np.abs(a[:, None] - b[None]) / scale
    return (1 + distance) * np.exp(-distance)


def spread(marked: Mask) -> Numbers:
    """What every frame takes [T, M] of the values at the M marked frames of [T].

    Between two of them along the cubic that is level at both, which has the least acceleration of all that leave the
    velocity at the marks as it is; before the first and after the last all of it.
    """
    at = np.flatnonzero(marked)
    frames = np.arange(len(marked))
    result = np.zeros((len(marked), len(at)))
    after = np.searchsorted(at, frames, side="right")
    low, high = np.clip(after - 1, 0, len(at) - 1), np.clip(after, 0, len(at) - 1)
    gap = np.maximum(at[high] - at[low], 1)
    t = np.clip((frames - at[low]) / gap, 0.0, 1.0)
    t = np.where(high == low, 0.0, t * t * (3 - 2 * t))
    result[frames, low] += 1 - t
    result[frames, high] += t
    return result
