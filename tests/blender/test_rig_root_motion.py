"""Root motion and reading back on rigs that Blender evaluates: whatever carries the body, it goes the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import keys, retarget, rig
from mdm_core.errors import MotionError
from mdm_core.skeleton import INDEX, PARENTS
from tests.blender.conftest import build
from tests.blender.test_rig_retarget import DEFORM, evaluated
from tests.retarget import oracle
from tests.rig.skeletons import MIXAMO, BoneData, humanoid

Array = NDArray[np.float64]
FRAMES = 20
NONE = np.zeros((FRAMES, 4), dtype=np.bool_)
WALK = oracle.walk(FRAMES).positions


def rooted(**options: Any) -> list[BoneData]:
    """A game rig: a root bone on the floor, the hips below it."""
    root = BoneData("root", None, np.zeros(3), np.array([0.0, 0.3, 0.0]), 0.4)
    bones = humanoid(MIXAMO, **options)
    return [root, *(BoneData(b.name, b.parent or "root", b.head, b.tail, b.roll) for b in bones)]


def put(armature: Any, root_motion: retarget.RootMotion) -> tuple[retarget.PoseTracks, dict[str, Array]]:
    """The tracks, and joint -> matrices in world space as Blender has them."""
    snapshot = rig.read(armature)
    found = rig.detect(snapshot)
    tracks = retarget.to_rig(snapshot, found, WALK, NONE, root_motion=root_motion)
    keys.write(armature, tracks, np.arange(1.0, FRAMES + 1), action_name=root_motion, properties={})
    poses: dict[str, list[Array]] = {joint: [] for joint in found.bones}
    for frame in range(1, FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        for joint, bone in found.bones.items():
            poses[joint].append(np.array(armature.matrix_world @ armature.pose.bones[bone].matrix))
    return tracks, {joint: np.array(matrices) for joint, matrices in poses.items()}


@pytest.mark.usefixtures("empty")
def test_a_root_bone_or_the_object_carries_the_body_where_the_hips_would() -> None:
    _, wanted = put(build(rooted(rolls=3)), "hips")
    for root_motion in ("root", "object"):
        armature = build(rooted(rolls=3))
        tracks, got = put(armature, root_motion)
        for joint, poses in wanted.items():
            assert np.abs(got[joint] - poses).max() < 1e-4, (root_motion, joint)
        carried = tracks.locations["root"] if root_motion == "root" else tracks.object_location
        assert carried is not None
        assert np.linalg.norm(carried[-1] - carried[0]) > 2.0
        assert np.ptp(tracks.locations["Hips"], axis=0).max() < 0.6


@pytest.mark.usefixtures("empty")
def test_in_place_the_body_turns_but_does_not_travel() -> None:
    _, travelling = put(build(rooted()), "hips")
    tracks, staying = put(build(rooted()), "in_place")
    assert "root" not in tracks.locations
    assert np.abs(staying["pelvis"][:, :2, 3]).max() < 0.25 < np.abs(travelling["pelvis"][:, :2, 3]).max()
    assert np.abs(staying["pelvis"][:, :3, :3] - travelling["pelvis"][:, :3, :3]).max() < 1e-4
    assert np.abs(staying["left_ankle"][:, 2, 3] - travelling["left_ankle"][:, 2, 3]).max() < 1e-4


@pytest.mark.usefixtures("empty")
def test_an_object_that_stands_elsewhere_goes_on_from_there() -> None:
    armature = build(humanoid(MIXAMO))
    armature.location, armature.rotation_euler, armature.scale = (3.0, 1.0, 0.5), (0.0, 0.0, 1.0), (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    _, wanted = put(armature, "hips")
    other = build(humanoid(MIXAMO))
    other.location, other.rotation_euler, other.scale = (3.0, 1.0, 0.5), (0.0, 0.0, 1.0), (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    _, got = put(other, "object")
    assert np.abs(got["head"] - wanted["head"]).max() < 1e-3


@pytest.mark.usefixtures("empty")
def test_what_cannot_be_is_one_sentence() -> None:
    armature = build(humanoid(MIXAMO))
    with pytest.raises(MotionError, match="no root bone") as error:
        put(armature, "root")
    assert "hips, object or in place" in str(error.value)
    armature.scale = (1.0, 2.0, 1.0)
    bpy.context.view_layer.update()
    with pytest.raises(MotionError, match="unevenly"):
        put(armature, "object")


def test_rigifys_root_control_carries_the_body(rigify: Any) -> None:
    snapshot = rig.read(rigify)
    found = rig.detect(snapshot)
    poses = []
    for root_motion in ("hips", "root"):
        tracks = retarget.to_rig(snapshot, found, WALK, NONE, root_motion=root_motion)
        keys.write(rigify, tracks, np.arange(1.0, FRAMES + 1), action_name=root_motion, properties={})
        poses.append(evaluated(rigify, DEFORM, range(1, FRAMES + 1)))
    assert "root" in tracks.locations
    for joint in DEFORM:
        assert np.abs(poses[0][joint] - poses[1][joint]).max() < 1e-3, joint


@pytest.mark.parametrize("evaluate", [False, True])
def test_rigify_is_read_back_from_its_controls_or_from_what_blender_evaluates(rigify: Any, evaluate: bool) -> None:
    snapshot = rig.read(rigify)
    found = rig.detect(snapshot)
    measures = retarget.measure(WALK, NONE)
    tracks = retarget.to_rig(snapshot, found, WALK, NONE, measures=measures)
    samples = retarget.PoseSamples(tracks.rotations, tracks.locations)
    poses = None
    if evaluate:
        keys.write(rigify, tracks, np.arange(1.0, FRAMES + 1), action_name="walk", properties={})
        bones = {bone: bone for bone in found.bones.values()}
        poses = evaluated(rigify, bones, range(1, FRAMES + 1))
    back = retarget.from_rig(snapshot, found, samples, poses=poses, body=measures.body, heights=measures.heights)
    parents = list(PARENTS[1:])
    got, wanted = back[:, 1:] - back[:, parents], WALK[:, 1:] - WALK[:, parents]
    cross = np.linalg.norm(np.cross(got, wanted), axis=-1)
    off = np.degrees(np.arctan2(cross, np.sum(got * wanted, axis=-1))).max(axis=0)
    for joint, name in enumerate(INDEX):
        if joint:
            assert off[joint - 1] < (8.0 if name == "spine3" else 1.5), name
    assert np.abs(back - WALK).max() < 0.015
