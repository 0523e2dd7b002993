"""Our pose evaluation against Blender's depsgraph: inheritance flags and every constraint that is followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy

from mdm_blender import rig
from mdm_blender.retarget.posing import Posing
from tests.blender.conftest import build
from tests.rig.skeletons import MIXAMO, humanoid

Array = NDArray[np.float64]


@pytest.fixture(params=range(2))
def posed(request: pytest.FixtureRequest) -> Any:
    """A body in a wild pose, every bone turned and moved, in an object that is turned, moved and scaled itself."""
    request.getfixturevalue("empty")
    random = np.random.default_rng(request.param)
    armature = build(humanoid(MIXAMO, rolls=request.param))
    armature.location, armature.rotation_euler, armature.scale = (1, 2, 3), (0.3, -1.0, 0.5), (0.5, 0.5, 0.5)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = np.roll(Rotation.random(random_state=random).as_quat(), 1)
        bone.location = random.normal(scale=0.1, size=3)
    return armature


def assert_same(armature: Any, limit: float = 1e-4) -> None:
    bpy.context.view_layer.update()
    posing = Posing(rig.read(armature), {})
    for bone in armature.pose.bones:
        assert np.abs(posing.pose(bone.name)[0] - np.array(bone.matrix)).max() < limit, bone.name


def test_plain_inheritance(posed: Any) -> None:
    assert_same(posed)


@pytest.mark.parametrize("scale", [1.0, 1.7])
@pytest.mark.parametrize("mode", ["FULL", "FIX_SHEAR", "ALIGNED", "AVERAGE", "NONE", "NONE_LEGACY"])
@pytest.mark.parametrize("rotation", [True, False])
def test_inheritance_flags(posed: Any, mode: str, rotation: bool, scale: float) -> None:
    posed.pose.bones["Spine"].scale = (scale, scale, scale)
    for name in ("Spine2", "LeftArm", "RightUpLeg", "Head"):
        posed.data.bones[name].inherit_scale = mode
        posed.data.bones[name].use_inherit_rotation = rotation
    for name in ("Hips", "LeftArm", "LeftLeg"):
        posed.data.bones[name].use_local_location = False
    assert_same(posed)


@pytest.mark.parametrize("influence", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("space", ["WORLD", "POSE", "LOCAL"])
@pytest.mark.parametrize("kind", ["COPY_TRANSFORMS", "COPY_ROTATION", "COPY_LOCATION", "COPY_SCALE"])
def test_copying_constraints(posed: Any, kind: str, space: str, influence: float) -> None:
    posed.pose.bones["Spine1"].scale = (1.3, 1.3, 1.3)
    for owner, target in (("LeftArm", "Head"), ("RightUpLeg", "Spine1"), ("LeftLeg", "RightHand")):
        constraint = posed.pose.bones[owner].constraints.new(kind)
        constraint.target, constraint.subtarget, constraint.influence = posed, target, influence
        constraint.owner_space = constraint.target_space = space
    assert_same(posed)


@pytest.mark.parametrize("weights", [(1.0,), (0.3,)])
@pytest.mark.parametrize("influence", [1.0, 0.4])
def test_the_armature_constraint_with_one_target(posed: Any, weights: tuple[float, ...], influence: float) -> None:
    """Rigify's switchable parents: one target weighs at a time."""
    constraint = posed.pose.bones["LeftUpLeg"].constraints.new("ARMATURE")
    for bone, weight in zip(("Head", "Spine"), weights, strict=False):
        target = constraint.targets.new()
        target.target, target.subtarget, target.weight = posed, bone, weight
    constraint.influence = influence
    assert_same(posed)


def test_muted_and_silent_constraints_are_passed_over(posed: Any) -> None:
    muted = posed.pose.bones["LeftArm"].constraints.new("COPY_ROTATION")
    muted.target, muted.subtarget, muted.mute = posed, "Head", True
    assert_same(posed)
    assert all(not bone.constraints for bone in rig.read(posed).bones.values())


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("kind", ["IK", "DAMPED_TRACK", "COPY_ROTATION"])
def test_what_is_not_followed_is_told(kind: str) -> None:
    """An offset mix is a constraint of a known kind, in a form that is not followed."""
    armature = build(humanoid(MIXAMO))
    held = armature.pose.bones["LeftLeg"].constraints.new(kind)
    held.target, held.subtarget = armature, "Head"
    if kind == "COPY_ROTATION":
        held.mix_mode = "ADD"
    assert any("LeftLeg" in problem for problem in rig.detect(armature).problems)
