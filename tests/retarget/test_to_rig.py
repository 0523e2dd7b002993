"""Retargeting without Blender: posed by an evaluator of our own here, against the rotations that made the motion."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender import retarget, rig
from mdm_blender.rig import RigSnapshot
from mdm_core.errors import MotionError
from mdm_core.skeleton import INDEX
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, BoneData, humanoid, snapshot

Array = NDArray[np.float64]

# Core's axes in the test rigs' (Blender's) axes.
TO_BLENDER = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
LIMBS = {
    f"{side}_{joint}": f"{side}_{end}"
    for side in ("left", "right")
    for joint, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
}


def turned(quaternions: Array) -> Rotation:
    return Rotation.from_quat(np.roll(np.atleast_2d(quaternions), -1, axis=-1))


def evaluate(snap: RigSnapshot, tracks: retarget.PoseTracks, frames: int) -> dict[str, Array]:
    """Poses [T, 4, 4] by plain inheritance: parent · rest offset · local."""
    poses: dict[str, Array] = {}
    for name, bone in snap.bones.items():
        local = np.tile(np.eye(4), (frames, 1, 1))
        if name in tracks.rotations:
            local[:, :3, :3] = turned(tracks.rotations[name]).as_matrix()
        if name in tracks.locations:
            local[:, :3, 3] = tracks.locations[name]
        if bone.parent is None:
            poses[name] = bone.rest @ local
        else:
            poses[name] = poses[bone.parent] @ np.linalg.inv(snap.bones[bone.parent].rest) @ bone.rest @ local
    return poses


def degrees(a: Array, b: Array) -> Array:
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=-1)))


RESTS = [(0.0, None, 1.0), (0.0, 1, 100.0), (45.0, 2, 1.0), (75.0, 3, 0.3)]


@pytest.mark.parametrize(("arms_down", "rolls", "scale"), RESTS)
def test_limbs_point_as_the_source_does_whatever_the_rest_pose(arms_down: float, rolls: int, scale: float) -> None:
    truth = oracle.walk()
    snap = snapshot(humanoid(MIXAMO, arms_down=arms_down, rolls=rolls, scale=scale))
    tracks = retarget.to_rig(snap, rig.detect(snap), truth.positions)
    poses = evaluate(snap, tracks, len(truth.positions))
    for start, end in LIMBS.items():
        bone, wanted = MIXAMO[start], truth.positions[:, INDEX[end]] - truth.positions[:, INDEX[start]]
        got = poses[MIXAMO[end]][:, :3, 3] - poses[bone][:, :3, 3]
        assert degrees(got, TO_BLENDER.apply(wanted)).max() < 0.01, start


def aligned(snap: RigSnapshot, joint: str) -> Rotation:
    """From the source's limb in its T-pose to the rig's at rest, about the limb's own hinge, in Blender's axes."""
    hinge = {"shoulder": [0, 0, -1], "elbow": [0, 0, -1], "hip": [1, 0, 0], "knee": [1, 0, 0]}[joint.partition("_")[2]]
    start, end = INDEX[joint], INDEX[LIMBS[joint]]
    standing = oracle.pose({}, np.zeros((1, 3)), 1).positions[0]
    theirs = TO_BLENDER.apply(standing[end] - standing[start])
    ours = snap.bones[MIXAMO[LIMBS[joint]]].head - snap.bones[MIXAMO[joint]].head
    if "shoulder" in joint or "elbow" in joint:
        level = np.array([1.0 if joint.startswith("left") else -1.0, 0, 0])
        down, _ = Rotation.align_vectors([ours, np.cross(level, ours) + [0, 1, 0]], [level, np.array([0, 1.0, 0])])
        return Rotation.from_matrix(frame(theirs, hinge) @ frame(ours, down.apply(hinge)).T)
    return Rotation.from_matrix(frame(theirs, hinge) @ frame(ours, hinge).T)


def frame(along: Array, side: Array) -> Array:
    q, r = np.linalg.qr(np.stack([along, side], axis=-1))
    q = q * np.sign(np.diag(r))
    return np.column_stack([q[:, 0], q[:, 1], np.cross(q[:, 0], q[:, 1])])


def toe_out(snap: RigSnapshot, side: str) -> Rotation:
    """From the source's splay of the feet to the rig's: only then both feet point the same way."""
    d = oracle.offsets()[INDEX[f"{side}_foot"]]
    rest = snap.bones[MIXAMO[f"{side}_foot"]].head - snap.bones[MIXAMO[f"{side}_ankle"]].head
    return Rotation.from_euler("z", np.arctan2(d[0], d[2]) - np.arctan2(rest[0], -rest[1]))


ALLOWED = {"spine1": 5.0, "spine2": 10.0, "ankle": 6.0, "foot": 6.0}
"""Degrees where joints do not tell: the oracle turns the chest at one joint; a foot rolls with the shin."""


@pytest.mark.parametrize(("arms_down", "rolls", "scale"), RESTS)
def test_every_bone_turns_as_its_joint_did(arms_down: float, rolls: int, scale: float) -> None:
    """Direction and twist: the bone's turn since the T-pose is the joint's own, within 2 degrees."""
    truth = oracle.walk()
    snap = snapshot(humanoid(MIXAMO, arms_down=arms_down, rolls=rolls, scale=scale))
    tracks = retarget.to_rig(snap, rig.detect(snap), truth.positions, np.zeros((len(truth.positions), 4), dtype=bool))
    poses = evaluate(snap, tracks, len(truth.positions))
    for joint, name in MIXAMO.items():
        side, _, part = joint.rpartition("_")
        own = Rotation.from_matrix(poses[name][:, :3, :3] @ snap.bones[name].rest[:3, :3].T)
        wanted = TO_BLENDER * truth.turns[joint] * TO_BLENDER.inv()
        if joint in LIMBS:
            wanted = wanted * aligned(snap, joint)
        elif part in ("ankle", "foot"):
            wanted = wanted * toe_out(snap, side)
        elif part == "wrist":
            continue
        error = np.degrees((own.inv() * wanted).magnitude())
        assert error.max() < ALLOWED.get(joint.rpartition("_")[2], 2.0), (joint, error.max())


@pytest.mark.parametrize("wrong", ["nan", "shape", "empty", "legs"])
def test_what_is_no_motion_is_one_sentence(wrong: str) -> None:
    positions = oracle.walk(10).positions
    if wrong == "nan":
        positions[3, 4, 1] = np.nan
    elif wrong == "shape":
        positions = positions[:, :21]
    elif wrong == "empty":
        positions = positions[:0]
    else:
        positions = np.zeros_like(positions)
    snap = snapshot(humanoid(MIXAMO))
    with pytest.raises(MotionError) as error:
        retarget.to_rig(snap, rig.detect(snap), positions)
    assert "\n" not in str(error.value)


def test_legs_without_length_at_rest_are_one_sentence() -> None:
    bones = [
        BoneData(b.name, b.parent, b.head * [1, 0, 0], b.head * [1, 0, 0] + [0, 0, 0.1], 0.0) for b in humanoid(MIXAMO)
    ]
    found = rig.detect(snapshot(humanoid(MIXAMO)))
    with pytest.raises(MotionError, match="rest pose"):
        retarget.to_rig(snapshot(bones), found, oracle.walk(10).positions)


def test_one_frame_is_enough() -> None:
    snap = snapshot(humanoid(MIXAMO))
    tracks = retarget.to_rig(snap, rig.detect(snap), oracle.walk(10).positions[:1])
    assert {len(rotation) for rotation in tracks.rotations.values()} == {1}
    assert np.isfinite(tracks.locations["Hips"]).all()


def test_a_rig_without_arms_feet_or_spine_takes_what_it_can() -> None:
    names = {j: b for j, b in MIXAMO.items() if j in ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee")}
    snap = snapshot(humanoid(names))
    truth = oracle.walk(20)
    poses = evaluate(snap, retarget.to_rig(snap, rig.detect(snap), truth.positions), 20)
    for side in ("left", "right"):
        got = poses[MIXAMO[f"{side}_knee"]][:, :3, 3] - poses[MIXAMO[f"{side}_hip"]][:, :3, 3]
        wanted = truth.positions[:, INDEX[f"{side}_knee"]] - truth.positions[:, INDEX[f"{side}_hip"]]
        assert degrees(got, TO_BLENDER.apply(wanted)).max() < 0.01
