"""A stretch of an armature's action on the model's skeleton: read from F-curves, and as `to_rig` would write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup.contacts import detect
from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from .. import compat, retarget
from ..keys import read
from ..retarget import Measures, PoseSamples, PoseTracks, RootMotion
from ..retarget.from_rig import basis_of
from ..retarget.ik_follow import fk_poses, fk_samples
from ..retarget.ik_limbs import FoundLimb
from ..retarget.posing import Posing
from ..retarget.rest import read_rest
from ..rig import RigMap, RigSnapshot
from .chains import freed
from .chosen import with_limbs
from .freedoms import joints_of, only
from .seams import usual_jump
from .switches import limbs_read

Array = NDArray[np.floating]
FOLLOWED = 1e-3
"""Of a limb's length: as near as a control must be to where it is computed."""


@dataclass(frozen=True)
class Stretch:
    """Whole scene frames first, first + 1, ... of an action, T of them. Plain data: it outlives undo and timers.

    span: first and last frame with a key in the whole action. samples: the rig's own values at the frames; motion:
    the same on the model's skeleton, at the scene's rate. Of limbs that play IK the samples of the FK controls are
    those that would make the pose.
    """

    rig: RigSnapshot
    rig_map: RigMap
    first: int
    span: tuple[float, float]
    samples: PoseSamples
    motion: Motion
    root_motion: RootMotion
    usual: float = 0.0
    """What a joint's velocity changes in a frame, in the world, in 99 % of the cases in these frames, and in those of
    the whole action: the smaller of the two."""
    unfollowed: frozenset[str] = frozenset()
    """Controls of limbs that play IK which Blender has elsewhere than their keys and parents say."""

    def __len__(self) -> int:
        return len(self.motion)

    @property
    def frames(self) -> NDArray[np.int_]:
        return self.first + np.arange(len(self))

    def longer(self, frames: int, *, before: bool = False) -> Stretch:
        """The same with its last pose held for so many frames more, or its first pose before it."""
        more = (frames, 0) if before else (0, frames)
        contacts = self.motion.contacts
        held = replace(
            self.motion,
            positions=np.pad(self.motion.positions, (more, (0, 0), (0, 0)), mode="edge"),
            contacts=None if contacts is None else np.pad(contacts, (more, (0, 0)), mode="edge"),
        )
        return replace(self, first=self.first - more[0], samples=_longer(self.samples, more), motion=held)

    def change(self, result: Motion) -> PoseTracks:
        """The edited motion [T] as the original pose plus what the edit did to it (`retarget.delta`)."""
        measures = retarget.measure(self.motion.positions, self.motion.contacts, fps=self.motion.fps)
        before, after = (self._tracks(motion, measures) for motion in (self.motion, result))
        return retarget.delta(self.samples, before, after)

    def _tracks(self, motion: Motion, measures: Measures) -> PoseTracks:
        return retarget.to_rig(
            self.rig,
            self.rig_map,
            motion.positions,
            motion.contacts,
            fps=motion.fps,
            root_motion=self.root_motion,
            measures=measures,
        )


def key_span(armature: Any, action: Any) -> tuple[float, float]:
    """First and last frame with a key of the armature in the action; MotionError where there is none."""
    bag = compat.bag_of(action, armature)
    span = None if bag is None else compat.key_span(bag)
    if span is None:
        raise MotionError(f"The action “{action.name}” has no keys for “{armature.name}”, so there is nothing to edit.")
    return span


def read_stretch(armature: Any, scene: Any, rig: RigSnapshot, rig_map: RigMap, first: int, last: int) -> Stretch:
    """Frames first..last of the armature's assigned action. The scene's frame is as before afterwards."""
    action = armature.animation_data.action
    frames = np.arange(first, last + 1)
    samples = read.sample(armature, frames, action=action)
    limbs = limbs_read(armature, rig, rig_map, frames.tolist())
    rig = freed(rig, limbs)
    poses = _evaluated(armature, scene, rig, rig_map, frames, limbs)
    if poses is not None and limbs:
        poses = {**poses, **fk_poses(rig, limbs, poses)}
        needed = only(samples, with_limbs(rig, rig_map, limbs))
        samples = replace(samples, rotations={**samples.rotations, **fk_samples(rig, needed, limbs, poses).rotations})
    unfollowed = _unfollowed(rig, only(samples, with_limbs(rig, rig_map, limbs)), limbs, poses or {})
    rate = scene.render.fps / scene.render.fps_base
    root_motion = retarget.carried_by(rig, rig_map, samples)
    positions = retarget.from_rig(rig, rig_map, samples, poses=poses, fps=rate, root_motion=root_motion)
    if not np.isfinite(positions).all():
        raise MotionError(f"The action “{action.name}” holds values that are no numbers; repair its keys first.")
    motion = Motion(positions.astype(np.float32), fps=rate, contacts=detect(positions, rate))
    span = key_span(armature, action)
    joints = joints_of(rig, rig_map)
    usual = usual_jump(joints, samples)
    whole = np.arange(np.ceil(span[0] - 1e-3), np.floor(span[1] + 1e-3) + 1)
    if len(whole) > len(frames):
        # Of the whole action only what F-curves tell is looked at, so limbs that play IK are left out.
        unseen = {bone for limb in limbs for bone in limb.fk_bones}
        usual = min(usual, usual_jump(joints, read.sample(armature, whole, joints.used, action), unseen))
    return Stretch(rig, rig_map, first, span, samples, motion, root_motion, usual, unfollowed)


def _evaluated(
    armature: Any,
    scene: Any,
    rig: RigSnapshot,
    rig_map: RigMap,
    frames: NDArray[np.int_],
    limbs: Sequence[FoundLimb],
) -> Mapping[str, Array] | None:
    """Blender's own poses of the mapped bones, and those that show what the limbs play, where constraints or drivers
    move any of them; else None."""
    wanted = sorted({*rig_map.bones.values(), *(bone for bone, _ in read_rest(rig, rig_map).ends.values())})
    shown = [name for limb in limbs for name in (*limb.played, limb.end, limb.pole) if name is not None]
    if not shown and not read.driven(armature) & set(wanted):
        return None
    return read.poses(armature, sorted({*wanted, *shown}), frames, scene)


def _unfollowed(
    rig: RigSnapshot, samples: PoseSamples, limbs: Sequence[FoundLimb], poses: Mapping[str, Array]
) -> frozenset[str]:
    posing = Posing(rig, {}, basis=basis_of(rig, samples))
    result: set[str] = set()
    for limb in limbs:
        length = np.linalg.norm(rig.bones[limb.fk[2]].head - rig.bones[limb.fk[0]].head)
        for name in (limb.fk[0], limb.end, limb.pole):
            if name is not None:
                apart = np.linalg.norm((posing.pose(name) - poses[name])[:, :3, 3], axis=-1)
                result |= {name} if apart.max() > FOLLOWED * length else set()
    return frozenset(result)


def _longer(samples: PoseSamples, more: tuple[int, int]) -> PoseSamples:
    def held(values: Array) -> Array:
        return values if len(values) == 1 else np.pad(values, (more, (0, 0)), mode="edge")

    def each(tracks: Mapping[str, Array]) -> dict[str, Array]:
        return {bone: held(values) for bone, values in tracks.items()}

    return PoseSamples(
        each(samples.rotations),
        each(samples.locations),
        each(samples.scales),
        None if samples.object_location is None else held(samples.object_location),
        None if samples.object_rotation is None else held(samples.object_rotation),
    )
