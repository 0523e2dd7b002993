"""Rigs that no two studios build alike, and what Blender makes of local values on them: an evaluator of its own.

Everything is analytic: the hinges of elbows and knees at rest are known from how the rig was made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender.retarget import PoseTracks
from mdm_blender.rig import RigSnapshot
from tests.rig.skeletons import MIXAMO, BoneData, humanoid, snapshot

Array = NDArray[np.float64]

LIMBS = {
    f"{side}_{joint}": f"{side}_{end}"
    for side in ("left", "right")
    for joint, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
}
LEG = ("Leg", "Foot", "ToeBase")
INSERTED = {"Spine2": "Spine2.low", "Head": "Neck.top", "Leg": "UpLeg.half", "Hand": "ForeArm.half"}
"""Bone -> a bone that is put between it and its parent (names without the side)."""


@dataclass(frozen=True)
class Build:
    """How a rig is made. bent: degrees by which elbows and knees are bent at rest; leg: scale of the legs; knee: share
    of the leg that the thigh is; unit: of length; turn: how the whole armature lies; inserted: bones between others;
    twists: bones beside forearm and shin; loose: seed of bones that inherit in unusual ways."""

    arms_down: float = 0.0
    bent: float = 0.0
    leg: float = 1.0
    knee: float = 0.51
    unit: float = 1.0
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rolls: int | None = None
    inserted: bool = False
    twists: bool = False
    loose: int | None = None


BUILDS = st.builds(
    Build,
    arms_down=st.floats(0, 80),
    bent=st.sampled_from([0.0, 0.0, 20.0, 35.0]),
    leg=st.floats(0.7, 1.3),
    knee=st.floats(0.44, 0.58),
    unit=st.sampled_from([0.01, 0.3, 1.0, 100.0]),
    turn=st.sampled_from([(0.0, 0.0, 0.0), (-90.0, 0.0, 0.0), (0.0, 0.0, 90.0), (0.0, 0.0, 180.0), (90.0, 0.0, 0.0)]),
    rolls=st.integers(0, 10_000),
    inserted=st.booleans(),
    twists=st.booleans(),
    loose=st.none() | st.integers(0, 10_000),
)


@dataclass(frozen=True)
class AnyRig:
    """turn: Blender's upright axes in this armature's. hinges: limb joint -> axis at rest [3], armature space."""

    snapshot: RigSnapshot
    turn: Rotation
    hinges: dict[str, Array]


def build(how: Build) -> AnyRig:
    """The rig, under Mixamo's names."""
    places = {b.name: (b.head.astype(float), b.tail.astype(float)) for b in humanoid(MIXAMO, arms_down=how.arms_down)}
    hinges: dict[str, Array] = {}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        _proportion(places, side, how)
        down = Rotation.from_euler("y", sign * how.arms_down, degrees=True)
        elbow, knee = down.apply([0.0, 0.0, -sign]), np.array([1.0, 0.0, 0.0])
        _bend(places, f"{side}ForeArm", (f"{side}Hand",), elbow, how.bent)
        _bend(places, f"{side}Leg", (f"{side}Foot", f"{side}ToeBase"), knee, how.bent)
        name = side.lower()
        hinges |= {f"{name}_shoulder": elbow, f"{name}_elbow": elbow, f"{name}_hip": knee, f"{name}_knee": knee}
    random = np.random.default_rng(how.rolls)
    parents = {b.name: b.parent for b in humanoid(MIXAMO)}
    turn = Rotation.from_euler("xyz", how.turn, degrees=True)
    bones: list[BoneData] = []

    def add(name: str, parent: str | None, head: Array, tail: Array) -> None:
        roll = 0.0 if how.rolls is None else float(random.uniform(-np.pi, np.pi))
        bones.append(BoneData(name, parent, turn.apply(head) * how.unit, turn.apply(tail) * how.unit, roll))

    for name, parent in parents.items():
        head, tail = places[name]
        plain = name.removeprefix("Left").removeprefix("Right")
        above = parent
        if how.inserted and parent is not None and plain in INSERTED:
            above = name[: len(name) - len(plain)] + INSERTED[plain]
            add(above, parent, (places[parent][0] + head) / 2, head)
        add(name, above, head, tail)
        if how.twists and plain in ("ForeArm", "Leg"):
            for k, share in enumerate((0.3, 0.65)):
                start = (1 - share) * head + share * tail
                add(f"{name}Twist{k + 1}", name, start, start + 0.2 * (tail - head))
    made = snapshot(bones)
    if how.loose is not None:
        made = _loosened(made, how.loose)
    return AnyRig(made, turn, {joint: turn.apply(axis) for joint, axis in hinges.items()})


def _proportion(places: dict[str, tuple[Array, Array]], side: str, how: Build) -> None:
    hip, foot = places[f"{side}UpLeg"][0], places[f"{side}Foot"][0]
    ankle = hip + how.leg * (foot - hip)
    knee = hip + how.knee * (ankle - hip)
    shift = ankle - foot
    places[f"{side}UpLeg"] = (hip, knee)
    places[f"{side}Leg"] = (knee, ankle)
    for name in (f"{side}Foot", f"{side}ToeBase"):
        head, tail = places[name]
        places[name] = (head + shift, tail + shift)


def _bend(
    places: dict[str, tuple[Array, Array]], joint: str, below: tuple[str, ...], axis: Array, degrees: float
) -> None:
    """The lower limb turned about its hinge; what hangs below goes along without turning."""
    start, end = places[joint]
    moved = start + Rotation.from_rotvec(np.radians(degrees) * axis).apply(end - start)
    places[joint] = (start, moved)
    for name in below:
        head, tail = places[name]
        places[name] = (head + moved - end, tail + moved - end)


def _loosened(snap: RigSnapshot, seed: int) -> RigSnapshot:
    """Some bones do not inherit rotation, some not scale, some take locations along their parent's axes."""
    random = np.random.default_rng(seed)
    modes = ("FULL", "FIX_SHEAR", "ALIGNED", "AVERAGE", "NONE", "NONE_LEGACY")
    loose = {
        name: replace(
            bone,
            inherit_rotation=bool(random.random() > 0.25),
            inherit_scale=str(random.choice(modes)),
            local_location=bool(random.random() > 0.3),
        )
        for name, bone in snap.bones.items()
    }
    return replace(snap, bones=loose)


def evaluate(snap: RigSnapshot, tracks: PoseTracks, frames: int) -> dict[str, Array]:
    """Poses [T, 4, 4] in armature space by Blender's rules, for rigs without scale and constraints."""
    poses: dict[str, Array] = {}
    for name, bone in snap.bones.items():
        local = Rotation.from_quat(
            np.broadcast_to(np.roll(tracks.rotations.get(name, np.eye(4)[:1]), -1, axis=-1), (frames, 4))
        ).as_matrix()
        location = np.broadcast_to(tracks.locations.get(name, np.zeros((1, 3))), (frames, 3))
        pose = np.tile(np.eye(4), (frames, 1, 1))
        if bone.parent is None:
            turning = np.tile(bone.rest[:3, :3], (frames, 1, 1))
            placing, head = (turning if bone.local_location else np.tile(np.eye(3), (frames, 1, 1))), bone.rest[:3, 3]
        else:
            above, offset = poses[bone.parent], np.linalg.inv(snap.bones[bone.parent].rest) @ bone.rest
            full = above[:, :3, :3] @ offset[:3, :3]
            turning = full if bone.inherit_rotation else np.tile(bone.rest[:3, :3], (frames, 1, 1))
            placing = full if bone.local_location else above[:, :3, :3]
            head = (above @ offset[:, 3])[:, :3]
        pose[:, :3, :3] = turning @ local
        pose[:, :3, 3] = head + (placing @ location[:, :, None])[..., 0]
        poses[name] = pose
    return poses
