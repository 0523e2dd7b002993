"""Putting joint positions on a rig: R_bone(t) = F_source(t) · F_rest⁻¹ · B_rest for every mapped bone.

Anatomical, not by bone axes (DESIGN §4): limbs take the direction and hinge of the source exactly, whatever the
rig's rest pose and rolls; torso, collars, head and feet take how they turned since standing. No Blender here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.rotations import continuous, inverse, multiply, rotate
from mdm_core.skeleton import INDEX, JOINTS

from ..rig.matching import RigMap
from ..rig.snapshot import RigSnapshot
from .contacts import contacts_of
from .ground import lift
from .hands import relaxed_fingers
from .posing import Posing, compose, rotation_of, size_of
from .rest import RigRest, read_rest
from .source import Source, read_source
from .tracks import PoseTracks

Array = NDArray[np.floating]
RootMotion = Literal["hips", "root", "object", "in_place"]
"""What carries the body over the ground: the hips' own bone, the rig's root bone, the armature object, or nothing."""
HIPS = (INDEX["left_hip"], INDEX["right_hip"])


def to_rig(
    rig: RigSnapshot,
    rig_map: RigMap,
    positions: NDArray[np.floating],
    contacts: NDArray[np.bool_] | None = None,
    *,
    fps: float = 20.0,
    root_motion: RootMotion = "hips",
    foot_lock: bool = True,
    relax_hands: bool = False,
) -> PoseTracks:
    """The motion as local values of the rig's bones, one per frame of positions.

    positions: [T, 22, 3] metres, Y up, standing on y = 0 and facing +Z where the rig faces its front.
    contacts: bool [T, 4] in the order of `skeleton.FEET`, or None to tell them from the motion.
    relax_hands: also curl the fingers slightly, where the family names them.
    Place is scaled by the ratio of the leg lengths. Above the carrier bone (a root control, say) the present
    pose is kept, and the motion follows it. Raises MotionError for positions that are not finite.
    """
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (JOINTS, 3) or len(positions) == 0:
        raise MotionError(f"A motion needs positions of shape [frames, {JOINTS}, 3], not {positions.shape}.")
    if root_motion not in get_args(RootMotion):
        raise MotionError(f"Root motion is one of {', '.join(get_args(RootMotion))}, not “{root_motion}”.")
    if root_motion != "hips":
        raise MotionError(f"Root motion “{root_motion}” cannot be made yet: choose hips.")
    if not np.isfinite(positions).all():
        raise MotionError("The motion holds positions that are not numbers: generate it again.")
    rest = read_rest(rig, rig_map)
    standing = contacts_of(positions, fps, contacts)
    place = _stand(rig, rig_map, rest)
    turns = bone_turns(rig_map, rest, read_source(positions, standing, fps))
    posing = Posing(rig, {bone: place.turn(turn) for bone, turn in turns.items()}, rig_map.carrier)
    poses = {bone: posing.pose(bone) for bone in turns}

    scale = rest.leg / _leg_length(positions)
    wanted = scale * positions[:, HIPS].mean(axis=1) + [0.0, rest.floor, 0.0]
    heads = {joint: place.back(poses[bone][..., :3, 3]) for joint, bone in rig_map.bones.items() if bone in poses}
    shift = wanted - (heads["left_hip"] + heads["right_hip"]) / 2
    feet = [joint for joint in heads if joint.endswith(("_ankle", "_foot"))]
    heights = {joint: heads[joint][:, 1] + shift[:, 1] - rest.floor for joint in feet}
    stand = {joint: float(rest.heads[joint][1]) - rest.floor for joint in feet}
    shift[:, 1] += lift(heights, stand, positions, standing, scale, fps)
    _, placing = posing.spaces(rig.bones[rig_map.carrier])
    location = np.linalg.solve(placing[..., :3, :3], place.vector(shift)[..., None])[..., 0]

    rotations = {bone: continuous(rotation) for bone, rotation in posing.rotations.items()}
    if relax_hands:
        rotations |= relaxed_fingers(rig, rig_map, rest)
    return PoseTracks(rotations, {rig_map.carrier: location}, rig_map.switches, rig_map.problems)


def bone_turns(rig_map: RigMap, rest: RigRest, source: Source) -> dict[str, Array]:
    """Bone -> turn since rest [T, 4], in the source's frame. A hand goes with its forearm, a root with the pelvis."""
    turns: dict[str, Array] = {}
    for joint, bone in rig_map.bones.items():
        side, _, part = joint.partition("_")
        if joint in rest.limbs:
            turns[bone] = multiply(source.limbs[joint], inverse(rest.limbs[joint]))
        elif part in ("ankle", "foot"):
            if side in rest.feet:
                turns[bone] = multiply(source.turns[joint], inverse(rest.feet[side]))
        elif part == "wrist":
            if f"{side}_elbow" in rest.limbs:
                elbow = f"{side}_elbow"
                turns[bone] = multiply(source.limbs[elbow], inverse(rest.limbs[elbow]))
        elif joint in source.turns:
            turns[bone] = source.turns[joint]
    if rig_map.root is not None:
        turns[rig_map.root] = turns[rig_map.bones["pelvis"]]
    return turns


def _leg_length(positions: Array) -> float:
    """Thigh and shin of the source, metres: mean of both sides, median over time."""
    lengths = [
        np.linalg.norm(positions[:, INDEX[end]] - positions[:, INDEX[start]], axis=-1)
        for side in ("left", "right")
        for start, end in ((f"{side}_hip", f"{side}_knee"), (f"{side}_knee", f"{side}_ankle"))
    ]
    length = float(np.median(np.sum(lengths, axis=0)) / 2)
    if length < 1e-3:
        raise MotionError("The motion's legs have no length: its positions are not those of a body.")
    return length


@dataclass(frozen=True)
class _Stand:
    """From the source's frame to where the carrier's parent now stands in armature space."""

    axes: Array
    """Quaternion [4]: directions."""
    base: Array
    """How the carrier's parent is moved since rest, [4, 4]."""

    def turn(self, turn: Array) -> Array:
        inside = multiply(multiply(self.axes, turn), inverse(self.axes))
        return multiply(rotation_of(self.base), inside)

    def vector(self, v: Array) -> Array:
        return rotate(rotation_of(self.base), rotate(self.axes, v)) * size_of(self.base)

    def back(self, points: Array) -> Array:
        inverted = np.linalg.inv(self.base)
        return rotate(inverse(self.axes), points @ inverted[:3, :3].T + inverted[:3, 3])


def _stand(rig: RigSnapshot, rig_map: RigMap, rest: RigRest) -> _Stand:
    parent = rig.bones[rig_map.carrier].parent
    if parent is None:
        return _Stand(rest.axes, np.eye(4))
    nothing: Mapping[str, Array] = {}
    moved = Posing(rig, nothing, "").pose(parent)[0] @ np.linalg.inv(rig.bones[parent].rest)
    return _Stand(rest.axes, compose(rotation_of(moved), moved[:3, 3], size_of(moved)))
