"""Joints of a rig brought to given places by the least turning of its bones: Levenberg and Marquardt's damped least
squares, NumPy alone.

What the model made is there up to the rig's other proportions, some centimetres; so this is a last, small step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.rotations import from_axis_angle, multiply, normalize

from ..retarget import PoseSamples, PoseTracks
from ..retarget.from_rig import basis_of
from ..retarget.posing import Posing, turn_of
from ..retarget.rest import RigRest
from ..rig import RigMap, RigSnapshot
from .goals import joint_of

Array = NDArray[np.floating]

CHAINS = {
    "elbow": ("shoulder",),
    "wrist": ("shoulder", "elbow"),
    "knee": ("hip",),
    "ankle": ("hip", "knee"),
    "foot": ("hip", "knee"),
    "collar": ("spine1", "spine2", "spine3"),
    "shoulder": ("spine1", "spine2", "spine3"),
    "spine2": ("spine1",),
    "spine3": ("spine1", "spine2"),
    "neck": ("spine1", "spine2", "spine3"),
    "head": ("spine1", "spine2", "spine3", "neck"),
}
"""The joints at which bones are turned for a joint. The hips, and what else is on them, move with the whole body."""
HINGES = ("elbow", "knee")
ENDS = {"elbow": "wrist", "knee": "ankle"}
"""Hands and feet keep their orientation when these turn."""
BODY = 0.02
"""How readily the whole body moves, by squares of a leg's length, against a bone's turning, by square radians."""
TRUNK = 0.1
"""How readily the spine bends, against a limb's bone."""
DAMPING, FIRMER, LOOSER = 1e-6, 10.0, 0.2
"""Of the first step, by squares of a leg's length; times this in frames where a step led farther away, or nearer."""
STEPS = 24
LARGEST = 0.5
"""Radians, or legs' lengths, that a step changes at most."""
STRAIGHT = 0.02
"""Sine of the bend below which a limb has no plane."""


@dataclass(frozen=True)
class Chain:
    """What may be turned for a joint: (joint, bone) from the body outwards, and whether it turns about its hinge."""

    joint: str
    bones: tuple[tuple[str, str], ...]


def reached(
    rig: RigSnapshot,
    rig_map: RigMap,
    rest: RigRest,
    samples: PoseSamples,
    shifts: Mapping[str, Array],
    free: Collection[str],
) -> PoseTracks:
    """Local values [T] of the free bones with which each joint is by its shift [T, 3], armature space, from where the
    samples [T] have it; as near as they can.

    Where the body may move (the carrier is free) ankles without a shift of their own stay where they are.
    """
    frames = len(next(iter(shifts.values())))
    carrier = rig_map.carrier if rig_map.carrier in free else None
    wanted = dict(shifts)
    if carrier is not None:
        for side in ("left", "right"):
            ankle = f"{side}_ankle"
            own = {ankle, f"{side}_foot", f"{side}_knee"} & set(shifts)
            if not own and ankle in {*rest.bones, *rest.ends} and rest.bones.get(f"{side}_hip") in free:
                wanted[ankle] = np.zeros((frames, 3))
    solver = _Solver(rig, rest, basis_of(rig, samples), [_chain(joint, rest, free) for joint in wanted], free, carrier)
    return solver.solved(wanted, frames)


def _chain(joint: str, rest: RigRest, free: Collection[str]) -> Chain:
    side, _, part = joint.rpartition("_")
    names = [
        f"{side}_{it}" if side and it in ("shoulder", "elbow", "hip", "knee") else it for it in CHAINS.get(part, ())
    ]
    return Chain(joint, tuple((it, rest.bones[it]) for it in names if rest.bones.get(it) in free))


class _Solver:
    """The bones' orientations and the carrier's place, changed step by step."""

    def __init__(
        self,
        rig: RigSnapshot,
        rest: RigRest,
        basis: Mapping[str, Array],
        chains: Sequence[Chain],
        free: Collection[str],
        carrier: str | None,
    ) -> None:
        self.rig, self.rest, self.basis, self.carrier, self.chains = rig, rest, basis, carrier, chains
        bones = {bone: joint for chain in chains for joint, bone in chain.bones}
        self.bones = dict(sorted(bones.items(), key=lambda item: len(list(rig.ancestors(item[0])))))
        ends = (
            joint.replace(part, end) for joint in self.bones.values() for part, end in ENDS.items() if part in joint
        )
        self.ends = {rest.bones[end] for end in ends if rest.bones.get(end) in free}
        self.columns = {bone: 3 * k for k, bone in enumerate(self.bones)}
        self.width = 3 * len(self.bones) + (3 if carrier is not None else 0)

    def solved(self, shifts: Mapping[str, Array], frames: int) -> PoseTracks:
        turned = {*self.bones, *self.ends} | ({self.carrier} if self.carrier is not None else set())
        still = Posing(self.rig, {}, basis=self.basis)
        turns = {bone: _long(turn_of(self.rig.bones[bone], still.pose(bone)), frames) for bone in turned}
        placed = {self.carrier: _long(still.pose(self.carrier)[:, :3, 3], frames)} if self.carrier is not None else {}
        goals = {joint: self._joint(still, joint, frames) + shift for joint, shift in shifts.items()}
        posing = Posing(self.rig, turns, placed, self.basis)
        missing = self._missing(posing, goals, frames)
        damping: Array = np.full(frames, DAMPING * self.rest.leg**2)
        for _ in range(STEPS):
            if np.abs(missing).max() < 1e-5 * self.rest.leg:
                break
            change = self._step(posing, missing, damping)
            there = self._turned(turns, change)
            moved = {bone: place + change[:, -3:] for bone, place in placed.items()}
            new = self._missing(Posing(self.rig, there, moved, self.basis), goals, frames)
            nearer = np.linalg.norm(new, axis=-1) < np.linalg.norm(missing, axis=-1)
            turns = {bone: np.where(nearer[:, None], there[bone], turn) for bone, turn in turns.items()}
            placed = {bone: np.where(nearer[:, None], moved[bone], place) for bone, place in placed.items()}
            missing = np.where(nearer[:, None], new, missing)
            damping = damping * np.where(nearer, LOOSER, FIRMER)
            posing = Posing(self.rig, turns, placed, self.basis)
        for bone in turned:
            posing.pose(bone)
        return PoseTracks(posing.rotations, posing.locations)

    def _missing(self, posing: Posing, goals: Mapping[str, Array], frames: int) -> Array:
        """What the chains' joints lack [T, 3 m]."""
        return np.concatenate([goals[it.joint] - self._joint(posing, it.joint, frames) for it in self.chains], -1)

    def _joint(self, posing: Posing, joint: str, frames: int) -> Array:
        bone, inside = joint_of(self.rest, joint)
        return _long((posing.pose(bone) @ np.append(inside, 1.0))[:, :3], frames)

    def _step(self, posing: Posing, missing: Array, damping: Array) -> Array:
        """Turns (axis times angle) and the body's shift [T, n] that take the joints by `missing` [T, 3 m] nearer, the
        more timidly the higher damping [T] is."""
        frames = len(missing)
        jacobian = np.zeros((frames, missing.shape[1], self.width))
        weights = np.ones((frames, self.width))
        for row, chain in enumerate(self.chains):
            at = self._joint(posing, chain.joint, frames)
            rows = slice(3 * row, 3 * row + 3)
            for joint, bone in chain.bones:
                column = self.columns[bone]
                arm = at - _long(posing.pose(bone)[:, :3, 3], frames)
                across = _cross(arm) @ self._about(posing, joint, frames)
                jacobian[:, rows, column : column + 3] = across
                weights[:, column : column + 3] = TRUNK if joint.startswith("spine") else 1.0
            if self.carrier is not None:
                jacobian[:, rows, -3:] = np.eye(3)
        if self.carrier is not None:
            weights[:, -3:] = BODY * self.rest.leg**2
        weighted = weights[:, :, None] * jacobian.swapaxes(1, 2)
        system = jacobian @ weighted + damping[:, None, None] * np.eye(missing.shape[1])
        change = (weighted @ np.linalg.solve(system, missing[..., None]))[..., 0]
        for joint_bone, column in self.columns.items():
            about = self._about(posing, self.bones[joint_bone], frames)
            change[:, column : column + 3] = (about @ change[:, column : column + 3, None])[..., 0]
        most = np.full(self.width, LARGEST)
        if self.carrier is not None:
            most[-3:] *= self.rest.leg
        return np.clip(change, -most, most)

    def _about(self, posing: Posing, joint: str, frames: int) -> Array:
        """The axes [T, 3, 3] that a bone turns about: all, or its hinge alone."""
        side, _, part = joint.rpartition("_")
        free = np.broadcast_to(np.eye(3), (frames, 3, 3))
        if part not in HINGES:
            return free
        start = {"elbow": "shoulder", "knee": "hip"}[part]
        points = [self._joint(posing, f"{side}_{it}", frames) for it in (start, part, ENDS[part])]
        upper, lower = normalize(points[1] - points[0]), normalize(points[2] - points[1])
        hinge = np.cross(upper, lower)
        size = np.linalg.norm(hinge, axis=-1, keepdims=True)
        hinge = hinge / np.maximum(size, 1e-9)
        only = hinge[:, :, None] * hinge[:, None, :]
        return np.where(size[..., None] > STRAIGHT, only, free)

    def _turned(self, turns: Mapping[str, Array], change: Array) -> dict[str, Array]:
        """The orientations after a step: a bone takes the turns of those above it in its chains along."""
        result = dict(turns)
        for chain in self.chains:
            whole: Array | None = None
            for _, bone in chain.bones:
                column = self.columns[bone]
                vector = change[:, column : column + 3]
                own = from_axis_angle(normalize(vector), np.linalg.norm(vector, axis=-1))
                whole = own if whole is None else multiply(whole, own)
                result[bone] = multiply(whole, turns[bone])
        return result


def _long(values: Array, frames: int) -> Array:
    return np.broadcast_to(values, (frames, *values.shape[1:]))


def _cross(arm: Array) -> Array:
    """[T, 3, 3] that map a small turn (axis times angle) to how the end of `arm` [T, 3] moves."""
    x, y, z = np.moveaxis(arm, -1, 0)
    o = np.zeros_like(x)
    return np.stack([np.stack([o, z, -y], -1), np.stack([-z, o, x], -1), np.stack([y, -x, o], -1)], -2)
