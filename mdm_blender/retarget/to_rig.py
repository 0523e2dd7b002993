"""Putting joint positions on a rig: R_bone(t) = F_source(t) · F_rest⁻¹ · B_rest for every mapped bone.

Anatomical, not by bone axes (DESIGN §4): limbs take the direction and hinge of the source exactly, whatever the
rig's rest pose and rolls; torso, collars, head and feet take how they turned since standing. No Blender here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.frames import LEFT
from mdm_core.cleanup.contacts import runs
from mdm_core.errors import MotionError
from mdm_core.rotations import continuous, identity, inverse, multiply, rotate
from mdm_core.skeleton import INDEX

from ..rig import RigMap, RigSnapshot
from .between import kept_along, spread
from .contacts import ANKLES, BALLS, Contacts, contacts_of
from .footlock import STEP, Ground, Legs, held, lock, pitched
from .ground import lift
from .hands import relaxed_fingers
from .measures import Measures, checked_positions, measures_of
from .posing import Posing, rotation_of
from .rest import RigRest, read_rest
from .root_motion import RootMotion, Travel, in_place_of, root_bone, travel_of
from .source import FLATTEN, Source, read_source
from .stand import Stand, stand_of
from .tracks import PoseTracks

Array = NDArray[np.floating]
HIPS = (INDEX["left_hip"], INDEX["right_hip"])
SIDES = ("left", "right")
PLANT = 0.1
"""Seconds in which a foot gets into and out of the pitch that keeps its ball on the ground."""
TRUSTED = 0.5
"""How far the pitch goes from the motion's own to the one that the ankle's height asks for: neither is quiet alone."""


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
    measures: Measures | None = None,
) -> PoseTracks:
    """The motion as local values of the rig's bones, one per frame of positions.

    positions: [T, 22, 3] metres, Y up, standing on y = 0 and facing +Z where the rig faces its front.
    contacts: bool [T, 4] in the order of `skeleton.FEET`, or None to tell them from the motion.
    root_motion: what goes over the ground: the "hips"; the rig's "root" bone or the armature "object", both with the
    even part of path and heading, hips the rest; or nothing, "in_place", which keeps the heading.
    foot_lock: feet in contact stand still, by two-bone IK on the rig's own legs.
    relax_hands: also curl the fingers slightly, where the family names them.
    measures: those of another motion (`measure`), so that where both are the same the rig is too; else its own.
    Place is scaled by the ratio of the leg lengths. Above the bone that is moved the present pose is kept, and the
    motion begins there. Raises MotionError for positions that are not finite, and for a root bone that is not there.
    """
    positions = checked_positions(positions)
    if root_motion not in get_args(RootMotion):
        raise MotionError(f"Root motion is one of {', '.join(get_args(RootMotion))}, not “{root_motion}”.")
    root = root_bone(rig, rig_map) if root_motion == "root" else None
    rest = read_rest(rig, rig_map)
    standing = contacts_of(positions, fps, contacts, measures and measures.heights)
    measures = measures or measures_of(positions, standing)
    source = read_source(positions, standing, measures.body, fps)
    stand = stand_of(rig, root or rig_map.carrier, rest)
    turns = bone_turns(rig_map, rest, source)
    body = _upright(rig, rig_map, rest, stand, turns | kept_along(rig, turns))
    scale = rest.leg / measures.leg
    body = _grounded(body, rest, positions, standing, scale, fps)
    if foot_lock:
        body = _locked(_planted(body, rig_map, rest, standing, fps), rest, source, positions, standing, scale, fps)
    turns = {bone: body.turns[bone] for bone in turns}
    body = replace(body, turns=turns | kept_along(rig, turns) | spread(rig, rig_map, rest, turns, source.turns))
    hips, rest_hips = body.hips(), (rest.heads["left_hip"] + rest.heads["right_hip"]) / 2
    if root_motion == "hips":
        travel = None
    elif root_motion == "in_place":
        travel = in_place_of(hips, rest_hips, fps)
    else:
        travel = travel_of(hips, body.turns[rig_map.bones["pelvis"]], rest_hips, fps)
    posing = _posed(rig, rig_map, stand, body, travel, root)
    rotations = {bone: continuous(rotation) for bone, rotation in posing.rotations.items()}
    if relax_hands:
        rotations |= relaxed_fingers(rig, rig_map, rest)
    place, heading = _object_path(rig, stand, travel) if travel and root_motion == "object" else (None, None)
    return PoseTracks(rotations, posing.locations, rig_map.switches, rig_map.problems, place, heading)


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


@dataclass(frozen=True)
class _Body:
    """The rig's body in the source's axes and the rig's units, wherever its root may be.

    turns: bone -> [T, 4]; joints: joint -> where its bone's head is, [T, 3]; carrier: the carrier's head, [T, 3].
    """

    turns: Mapping[str, Array]
    joints: Mapping[str, Array]
    carrier: Array

    def hips(self) -> Array:
        return (self.joints["left_hip"] + self.joints["right_hip"]) / 2

    def moved(self, shift: Array) -> _Body:
        return _Body(self.turns, {joint: p + shift for joint, p in self.joints.items()}, self.carrier + shift)


def _upright(rig: RigSnapshot, rig_map: RigMap, rest: RigRest, stand: Stand, turns: Mapping[str, Array]) -> _Body:
    """The body with its bones turned, not yet moved from its place at rest."""
    start = rotate(inverse(rest.axes), rig.bones[rig_map.carrier].head)[None]
    posing = Posing(rig, _in_armature(stand, turns), {rig_map.carrier: stand.point(start)})
    poses = {joint: posing.pose(bone) for joint, bone in rig_map.bones.items() if bone in turns}
    joints = {joint: stand.point_back(pose[..., :3, 3]) for joint, pose in poses.items()}
    for joint, (bone, tail) in rest.ends.items():
        pose = posing.pose(bone)
        joints[joint] = stand.point_back((pose @ np.append(tail, 1.0))[..., :3])
    frames = len(next(iter(turns.values())))
    return _Body(turns, joints, np.broadcast_to(start, (frames, 3)))


def _in_armature(stand: Stand, turns: Mapping[str, Array]) -> dict[str, Array]:
    return {bone: stand.turn(turn) for bone, turn in turns.items()}


def _grounded(body: _Body, rest: RigRest, positions: Array, contacts: Contacts, scale: float, fps: float) -> _Body:
    """The body where the source is, scaled, and as high as its feet stand."""
    body = body.moved(scale * positions[:, HIPS].mean(axis=1) + [0.0, rest.floor, 0.0] - body.hips())
    feet = [joint for joint in body.joints if joint.endswith(("_ankle", "_foot"))]
    heights = {joint: body.joints[joint][:, 1] - rest.floor for joint in feet}
    standing = {joint: float(rest.heads[joint][1]) - rest.floor for joint in feet}
    rise = lift(heights, standing, positions, contacts, scale, fps)
    return body.moved(rise[:, None] * [0.0, 1.0, 0.0])


def _planted(body: _Body, rig_map: RigMap, rest: RigRest, contacts: Contacts, fps: float) -> _Body:
    """The body with feet pitched, while they stand on their balls alone, so that the ball is down where the ankle is.

    The path of an ankle is smoother than the pitch of a foot, and generated toes dip.
    """
    turns, joints = dict(body.turns), dict(body.joints)
    for k, side in enumerate(SIDES):
        ankle, ball = f"{side}_ankle", f"{side}_foot"
        if ankle not in rig_map.bones or ball not in joints:
            continue
        foot = joints[ball] - joints[ankle]
        level = joints[ankle][:, 1] - float(rest.heads[ball][1])
        weight = held(contacts.stances[:, 2 * k + 1], PLANT, fps) * (1 - held(contacts.flat[:, k], FLATTEN, fps))
        swing = pitched(foot, -level, TRUSTED * weight)
        turns[rig_map.bones[ankle]] = multiply(swing, turns[rig_map.bones[ankle]])
        joints[ball] = joints[ankle] + rotate(swing, foot)
    return _Body(turns, joints, body.carrier)


def _locked(
    body: _Body, rest: RigRest, source: Source, positions: Array, contacts: Contacts, scale: float, fps: float
) -> _Body:
    """The body with feet that stand still; as it is where the rig has no feet to speak of."""
    names = [f"{side}_{joint}" for side in SIDES for joint in ("hip", "knee", "ankle", "foot")]
    if not all(joint in body.joints for joint in names) or not contacts.stances.any():
        return body
    points = np.stack([body.joints[joint] for joint in names], axis=1).reshape(-1, 2, 4, 3)
    axes = np.stack([rotate(source.limbs[f"{side}_knee"], LEFT) for side in SIDES], axis=1)
    hip, knee, ankle, ball = np.moveaxis(points, 2, 0)
    legs = Legs(hip, knee, ankle, ball, axes, identity(len(points), 2, 2))
    found, shift = lock(legs, contacts.stances, _ground(rest, positions, contacts, scale), scale, fps)
    moved = body.moved(shift)
    turns, joints = dict(moved.turns), dict(moved.joints)
    for k, side in enumerate(SIDES):
        for b, joint in enumerate((f"{side}_hip", f"{side}_knee")):
            bone = rest.bones[joint]
            turns[bone] = multiply(found.turned[:, k, b], turns[bone])
        joints |= {f"{side}_knee": found.knee[:, k], f"{side}_ankle": found.ankle[:, k]}
    return _Body(turns, joints, moved.carrier)


def _ground(rest: RigRest, positions: Array, contacts: Contacts, scale: float) -> Ground:
    """How high each foot of the rig shall stand; a foot far above the floor in the source stands on something."""
    heights = {joint: np.array([rest.heads[f"{s}_{joint}"][1] for s in SIDES]) for joint in ("ankle", "foot")}
    ankle = positions[:, ANKLES, 1] - contacts.heights.ankle
    ball = positions[:, BALLS, 1] - contacts.heights.ball
    tracked = np.where(contacts.stances[:, 1::2], ball, ankle)
    level, heel = np.zeros_like(tracked), np.zeros_like(tracked)
    for k in (0, 1):
        for start, stop in runs(contacts.stances[:, 2 * k] | contacts.stances[:, 2 * k + 1]):
            usual = float(np.median(tracked[start:stop, k]))
            level[start:stop, k] = usual if usual > STEP else 0.0
            # A heel that touches first comes down to where it then stands.
            flat = ankle[start:stop, k][contacts.flat[start:stop, k]]
            settled = float(np.median(flat)) if len(flat) else level[start, k]
            heel[start:stop, k] = np.clip(ankle[start:stop, k] - settled, 0.0, STEP)
    heel[contacts.stances[:, 1::2]] = 0.0
    return Ground(heights["ankle"], heights["foot"], scale * level, scale * heel)


def _posed(
    rig: RigSnapshot, rig_map: RigMap, stand: Stand, body: _Body, travel: Travel | None, root: str | None
) -> Posing:
    """The local values of every bone, with the travel on the root, or taken away."""
    turns, places = dict(body.turns), {rig_map.carrier: body.carrier}
    if travel is not None and root is not None:
        turns[root] = travel.heading
        places[root] = travel.points(rotate(inverse(stand.axes), rig.bones[root].head))
    elif travel is not None:
        turns = {bone: travel.without_turn(turn) for bone, turn in turns.items()}
        places = {bone: travel.removed(place) for bone, place in places.items()}
    posing = Posing(rig, _in_armature(stand, turns), {bone: stand.point(place) for bone, place in places.items()})
    for bone in turns:
        posing.pose(bone)
    return posing


def _object_path(rig: RigSnapshot, stand: Stand, travel: Travel) -> tuple[Array, Array]:
    """Where the object stands [T, 3] and how it is turned [T, 4], world space, so that its armature travels."""
    scales = np.linalg.norm(rig.world[:3, :3], axis=0)
    if np.ptp(scales) > 1e-4 * scales.max() or np.linalg.det(rig.world[:3, :3]) < 0:
        raise MotionError(
            f"“{rig.name}” is scaled unevenly or mirrored: apply its scale, or choose another root motion than object."
        )
    origin = stand.point(np.zeros(3))
    turn = multiply(stand.turn(travel.heading), inverse(stand.turn(identity())))
    place = stand.point(travel.place) - rotate(turn, np.broadcast_to(origin, travel.place.shape))
    world = rotation_of(rig.world)
    return place @ rig.world[:3, :3].T + rig.world[:3, 3], continuous(multiply(world, turn))
