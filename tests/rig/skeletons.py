"""Test rigs as data: a body of bones under any family's names, in any rest pose, with any rolls. No Blender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender.rig import Bone, RigSnapshot

Array = NDArray[np.float64]

# Blender's axes: x the character's left, -y its front, z up; metres. Not SMPL's proportions, on purpose.
HEADS: dict[str, tuple[float, float, float]] = {
    "pelvis": (0, 0.0, 1.02),
    "spine1": (0, 0.01, 1.12),
    "spine2": (0, 0.02, 1.26),
    "spine3": (0, 0.01, 1.40),
    "neck": (0, 0.0, 1.56),
    "head": (0, -0.02, 1.66),
    "left_collar": (0.04, -0.01, 1.50),
    "left_shoulder": (0.19, 0.01, 1.49),
    "left_elbow": (0.49, 0.01, 1.49),
    "left_wrist": (0.75, 0.01, 1.49),
    "left_hip": (0.10, 0.0, 0.97),
    "left_knee": (0.10, -0.005, 0.52),
    "left_ankle": (0.10, 0.01, 0.09),
    "left_foot": (0.12, -0.14, 0.02),
}
ENDS: dict[str, tuple[float, float, float]] = {
    "head": (0, -0.02, 1.86),
    "left_wrist": (0.85, 0.01, 1.49),
    "left_foot": (0.13, -0.21, 0.02),
}
CHILD = {
    "pelvis": "spine1", "spine1": "spine2", "spine2": "spine3", "spine3": "neck", "neck": "head",
    "collar": "shoulder", "shoulder": "elbow", "elbow": "wrist", "hip": "knee", "knee": "ankle", "ankle": "foot",
}  # fmt: skip
PARENT = {
    "spine1": "pelvis", "spine2": "spine1", "spine3": "spine2", "neck": "spine3", "head": "neck", "collar": "spine3",
    "shoulder": "collar", "elbow": "shoulder", "wrist": "elbow", "hip": "pelvis", "knee": "hip", "ankle": "knee",
    "foot": "ankle",
}  # fmt: skip


@dataclass(frozen=True)
class BoneData:
    """What an edit bone needs: places [3] and roll (radians)."""

    name: str
    parent: str | None
    head: Array
    tail: Array
    roll: float


def _mirrored(table: Mapping[str, tuple[float, float, float]]) -> dict[str, Array]:
    points = {joint: np.array(place, dtype=np.float64) for joint, place in table.items()}
    right = {j.replace("left_", "right_"): p * [-1, 1, 1] for j, p in points.items() if j.startswith("left_")}
    return points | right


SIDED = {"collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot"}


def _related(joint: str, table: Mapping[str, str]) -> str | None:
    """The child or parent of a joint by a table that names no sides."""
    side, _, part = joint.rpartition("_")
    found = table.get(part)
    return f"{side}_{found}" if found in SIDED else found


def joints(arms_down: float = 0.0) -> tuple[dict[str, Array], dict[str, Array]]:
    """Heads and tails of all 22 joints; arms_down: degrees by which the arms hang below the T-pose."""
    heads, ends = _mirrored(HEADS), _mirrored(ENDS)
    for side, sign in (("left", 1), ("right", -1)):
        turn = Rotation.from_euler("y", sign * arms_down, degrees=True)
        pivot = heads[f"{side}_shoulder"]
        for joint in ("elbow", "wrist"):
            heads[f"{side}_{joint}"] = pivot + turn.apply(heads[f"{side}_{joint}"] - pivot)
        ends[f"{side}_wrist"] = pivot + turn.apply(ends[f"{side}_wrist"] - pivot)
    tails: dict[str, Array] = {}
    for joint in heads:
        child = _related(joint, CHILD)
        tails[joint] = heads[child] if child else ends[joint]
    return heads, tails


def humanoid(
    names: Mapping[str, str],
    *,
    arms_down: float = 0.0,
    rolls: int | None = None,
    scale: float = 1.0,
    root: str | None = None,
) -> list[BoneData]:
    """A body whose bones are called as `names` says (SMPL joint -> bone); joints left out there are left out here.

    rolls: seed of random rolls, None for none. root: name of a bone from which pelvis and lower spine both hang.
    """
    heads, tails = joints(arms_down)
    random = np.random.default_rng(rolls)
    bones: list[BoneData] = []
    if root is not None:
        bones.append(BoneData(root, None, heads["pelvis"] * scale, heads["spine1"] * scale, 0.0))
    for joint in sorted(names, key=lambda j: list(heads).index(j)):
        above = _related(joint, PARENT)
        while above is not None and above not in names:
            above = _related(above, PARENT)
        roll = 0.0 if rolls is None else float(random.uniform(-np.pi, np.pi))
        parent = root if above is None or (joint == "spine1" and root) else names[above]
        bones.append(BoneData(names[joint], parent, heads[joint] * scale, tails[joint] * scale, roll))
    order = {bone.name: bone for bone in bones}
    done: list[BoneData] = []
    while len(done) < len(bones):
        ready = [b for b in bones if b not in done and (b.parent is None or order[b.parent] in done)]
        done.extend(ready)
    return done


def snapshot(bones: list[BoneData], name: str = "Rig") -> RigSnapshot:
    """The same without Blender: rest matrices with y along the bone; rolls turn an arbitrary x about it."""
    made: dict[str, Bone] = {}
    for bone in bones:
        y = (bone.tail - bone.head) / np.linalg.norm(bone.tail - bone.head)
        x = np.cross(y, [0.3, 0.5, 0.8])
        x = Rotation.from_rotvec(bone.roll * y).apply(x / np.linalg.norm(x))
        rest = np.eye(4)
        rest[:3, :3] = np.stack([x, y, np.cross(x, y)], axis=-1)
        rest[:3, 3] = bone.head
        made[bone.name] = Bone(bone.name, bone.parent, rest, bone.tail)
    return RigSnapshot(name, made)


MIXAMO: dict[str, str] = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
} | {
    f"{side}_{joint}": side.capitalize() + bone
    for side in ("left", "right")
    for joint, bone in {
        "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hip": "UpLeg", "knee": "Leg",
        "ankle": "Foot", "foot": "ToeBase",
    }.items()
}  # fmt: skip


def prefixed(prefix: str) -> dict[str, str]:
    """Mixamo's names behind a prefix."""
    return {joint: prefix + bone for joint, bone in MIXAMO.items()}
