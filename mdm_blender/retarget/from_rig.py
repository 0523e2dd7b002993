"""Reading a rig's motion back: from local bone values to joint positions on the model's skeleton. `to_rig` backwards.

Directions are kept, lengths are the model's: limbs point as the rig's do, the body travels scaled by the leg ratio.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mdm_core.anatomy.body import STRAIGHT, Body
from mdm_core.anatomy.parts import SIDES
from mdm_core.anatomy.posed import posed
from mdm_core.errors import MotionError
from mdm_core.rotations import identity, multiply, normalize, rotate, slerp
from mdm_core.skeleton import BONE_LENGTHS, INDEX

from ..rig import RigMap, RigSnapshot
from .contacts import Heights, contacts_of
from .ground import lift
from .posing import Posing, compose, rotation_of, turn_of
from .rest import RigRest, read_rest
from .root_motion import RootMotion, root_bone
from .stand import Stand, stand_of
from .tracks import PoseSamples

Array = NDArray[np.floating]
LIMBS = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}


def from_rig(
    rig: RigSnapshot,
    rig_map: RigMap,
    samples: PoseSamples,
    *,
    poses: Mapping[str, NDArray[np.floating]] | None = None,
    fps: float = 20.0,
    root_motion: RootMotion = "hips",
    body: Body = STRAIGHT,
    heights: Heights | None = None,
    lengths: NDArray[np.floating] = BONE_LENGTHS,
) -> Array:
    """Positions [T, 22, 3], metres, Y up, on a skeleton of `lengths` that stands as `body` does, its feet at `heights`
    (by default on the ground; for the very motion that was put on the rig, its `measure`).

    samples: local values, posed here with Blender's inheritance and the constraints that `posing` follows. poses:
    bone -> matrices [T, 4, 4] in armature space as Blender evaluated them, used instead where constraints or drivers
    decide; they must hold every mapped bone. root_motion: what the motion is on (`carried_by`); as in `to_rig`,
    everything above that is taken to stay where it is. `to_rig` with the same root motion is the inverse, but for
    feet on the ground. Raises MotionError when a mapped bone is missing from `poses`.
    """
    rest = read_rest(rig, rig_map)
    moved_bone = root_bone(rig, rig_map) if root_motion == "root" else rig_map.carrier
    stand = stand_of(rig, moved_bone, rest)
    matrices = _matrices(rig, rig_map, rest, samples, poses)
    frames = max(len(matrix) for matrix in matrices.values())
    if samples.object_location is not None or samples.object_rotation is not None:
        travel = _object_travel(rig, samples)
        matrices = {bone: travel @ matrix for bone, matrix in matrices.items()}
        frames = max(frames, len(travel))
    matrices = {bone: np.broadcast_to(matrix, (frames, 4, 4)) for bone, matrix in matrices.items()}
    turns = {joint: stand.turn_back(turn_of(rig.bones[bone], matrices[bone])) for joint, bone in rig_map.bones.items()}
    heads = _heads(rig_map, rest, stand, matrices)
    positions = posed(_part_turns(turns, rest), _directions(turns, heads), body, np.asarray(lengths, dtype=np.float64))
    return _placed(positions, heads, rest, heights or _standing_heights(body, lengths), lengths, fps)


def carried_by(rig: RigSnapshot, rig_map: RigMap, samples: PoseSamples) -> RootMotion:
    """What the sampled motion travels on: the object or the root bone where these move, else the hips."""
    if samples.object_location is not None and np.ptp(samples.object_location, axis=0).max() > 0:
        return "object"
    try:
        root = root_bone(rig, rig_map)
    except MotionError:
        return "hips"
    moving = [values[root] for values in (samples.locations, samples.rotations) if root in values]
    return "root" if any(np.ptp(values, axis=0).max() > 0 for values in moving) else "hips"


def _matrices(
    rig: RigSnapshot,
    rig_map: RigMap,
    rest: RigRest,
    samples: PoseSamples,
    poses: Mapping[str, NDArray[np.floating]] | None,
) -> dict[str, Array]:
    wanted = {*rig_map.bones.values(), *(bone for bone, _ in rest.ends.values())}
    if poses is None:
        posing = Posing(rig, {}, basis=basis_of(rig, samples))
        return {bone: posing.pose(bone) for bone in wanted}
    missing = sorted(wanted - poses.keys())
    if missing:
        raise MotionError(f"The poses of {', '.join(missing)} were not read: evaluate every mapped bone.")
    return {bone: np.asarray(poses[bone], dtype=np.float64) for bone in wanted}


def basis_of(rig: RigSnapshot, samples: PoseSamples) -> dict[str, Array]:
    """Bone -> local pose [T, 4, 4] of every sampled bone; channels without samples are as posed now."""
    basis: dict[str, Array] = {}
    for name in {*samples.rotations, *samples.locations, *samples.scales} & rig.bones.keys():
        bone = rig.bones[name]
        now = bone.basis[None]
        rotation = normalize(samples.rotations.get(name, rotation_of(now)))
        location = np.zeros((1, 3)) if bone.connected else samples.locations.get(name, now[:, :3, 3])
        scale = samples.scales.get(name, np.linalg.norm(now[:, :3, :3], axis=1)).mean(axis=-1)
        basis[name] = compose(rotation, location, scale)
    return basis


def _object_travel(rig: RigSnapshot, samples: PoseSamples) -> Array:
    """How the object has moved [T, 4, 4], in the axes of its armature, since it was read."""
    world = rig.world
    size = np.linalg.norm(world[:3, :3], axis=0).mean()
    rotation = rotation_of(world)[None] if samples.object_rotation is None else normalize(samples.object_rotation)
    location = world[None, :3, 3] if samples.object_location is None else samples.object_location
    return np.linalg.inv(world) @ compose(rotation, location, np.array(size))


def _heads(rig_map: RigMap, rest: RigRest, stand: Stand, matrices: Mapping[str, Array]) -> dict[str, Array]:
    """Joint -> place [T, 3] in the source's axes, the rig's units."""
    heads = {joint: stand.point_back(matrices[bone][:, :3, 3]) for joint, bone in rig_map.bones.items()}
    for joint, (bone, tail) in rest.ends.items():
        heads[joint] = stand.point_back((matrices[bone] @ np.append(tail, 1.0))[:, :3])
    return heads


def _part_turns(turns: Mapping[str, Array], rest: RigRest) -> dict[str, Array]:
    """Turns since standing of torso, collars and ankles; what the rig has no bone for goes with its neighbours."""
    half = np.full((len(turns["pelvis"]), 1), 0.5)
    parts = {"pelvis": turns["pelvis"], "spine3": turns.get("spine3", turns["pelvis"])}
    middle = turns.get("spine2", turns.get("spine1"))
    middle = slerp(parts["pelvis"], parts["spine3"], half) if middle is None else middle
    parts |= {"spine1": turns.get("spine1", middle), "spine2": turns.get("spine2", middle)}
    neck = turns.get("neck", turns.get("head", parts["spine3"]))
    parts["neck"] = slerp(neck, turns.get("head", neck), half)
    for side in SIDES:
        parts[f"{side}_collar"] = turns.get(f"{side}_collar", parts["spine3"])
        foot = turns.get(f"{side}_ankle", turns[f"{side}_knee"])
        parts[f"{side}_ankle"] = multiply(foot, rest.feet.get(side, identity()))
    return parts


def _directions(turns: Mapping[str, Array], heads: Mapping[str, Array]) -> dict[str, Array]:
    """Direction [T, 3] of every limb bone by the joint where it starts; arms that the rig lacks hang from the chest."""
    result: dict[str, Array] = {}
    chest = turns.get("spine3", turns["pelvis"])
    for side in SIDES:
        for start, end in LIMBS.items():
            joint, other = f"{side}_{start}", f"{side}_{end}"
            if joint in heads and other in heads:
                result[joint] = normalize(heads[other] - heads[joint])
            else:
                result[joint] = rotate(chest, np.broadcast_to([0.0, -1.0, 0.0], (len(chest), 3)))
    return result


def _placed(
    positions: Array,
    heads: Mapping[str, Array],
    rest: RigRest,
    heights: Heights,
    lengths: NDArray[np.floating],
    fps: float,
) -> Array:
    """The body where the rig is, scaled by the legs, and as high as the rig's feet stand."""
    legs = [INDEX[f"{side}_{joint}"] for side in SIDES for joint in ("knee", "ankle")]
    scale = float(np.sum(np.asarray(lengths)[legs])) / 2 / rest.leg
    hips = (heads["left_hip"] + heads["right_hip"]) / 2 - [0.0, rest.floor, 0.0]
    result = positions + (scale * hips - positions[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1))[:, None]
    feet = [f"{side}_{joint}" for side in SIDES for joint in ("ankle", "foot")]
    if not all(joint in heads for joint in feet):
        return result
    usual = {
        joint: float((heights.ankle if joint.endswith("ankle") else heights.ball)[SIDES.index(joint.split("_")[0])])
        for joint in feet
    }
    theirs = result.copy()
    for joint in feet:
        risen = heads[joint][:, 1] - float(rest.heads[joint][1])
        theirs[:, INDEX[joint], 1] = usual[joint] + scale * risen
    standing = contacts_of(theirs, fps, None, heights)
    rise = lift({joint: result[:, INDEX[joint], 1] for joint in feet}, usual, theirs, standing, 1.0, fps)
    return result + rise[:, None, None] * [0.0, 1.0, 0.0]


def _standing_heights(body: Body, lengths: NDArray[np.floating]) -> Heights:
    foot = float(lengths[INDEX["left_foot"]] + lengths[INDEX["right_foot"]]) / 2
    return Heights(np.full(2, BALL + foot * np.sin(np.radians(body.foot_down))), np.full(2, BALL))


BALL = 0.02
"""Metres above the ground at which the ball of the model's foot rests."""
