"""Feet and place: standing is the rig at rest, planted feet are on its floor, the path is scaled by the legs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender import retarget, rig
from mdm_blender.retarget.contacts import contacts_of
from mdm_blender.retarget.measures import measures_of
from mdm_blender.retarget.source import read_source
from mdm_core.skeleton import INDEX
from tests.retarget import oracle
from tests.retarget.test_to_rig import TO_BLENDER, evaluate
from tests.rig.skeletons import MIXAMO, BoneData, humanoid, snapshot

Array = NDArray[np.float64]
FEET = ("left_ankle", "right_ankle", "left_foot", "right_foot")


def crouch(frames: int = 60) -> oracle.Truth:
    """Both feet stand still and flat while the hips sink by up to 25 cm, the knees forward: ankles solved by hand."""
    depth = 0.125 * (1 - np.cos(np.linspace(0, 2 * np.pi, frames)))
    still = oracle.pose({}, np.zeros((1, 3)), 1).positions[0]
    local: dict[str, Rotation] = {}
    for side in ("left", "right"):
        thigh, shin = (
            still[INDEX[f"{side}_{b}"]] - still[INDEX[f"{side}_{a}"]] for a, b in (("hip", "knee"), ("knee", "ankle"))
        )
        # In the sagittal plane: angles of thigh and shin that keep the ankle below where it was.
        a, b = np.linalg.norm(thigh[1:]), np.linalg.norm(shin[1:])
        whole = thigh[1:] + shin[1:]
        reach = np.hypot(whole[0] + depth, whole[1])
        at = np.arctan2(whole[1], -(whole[0] + depth))
        hip = at + np.arccos((a**2 + reach**2 - b**2) / (2 * a * reach)) - np.arctan2(thigh[2], -thigh[1])
        knee_angle = np.pi - np.arccos((a**2 + b**2 - reach**2) / (2 * a * b))
        rest_knee = np.arctan2(thigh[2], -thigh[1]) - np.arctan2(shin[2], -shin[1])
        bend = knee_angle - rest_knee
        local[f"{side}_hip"] = oracle.about("x", -np.degrees(hip))
        local[f"{side}_knee"] = oracle.about("x", np.degrees(bend))
        local[f"{side}_ankle"] = oracle.about("x", np.degrees(hip - bend))
    root = np.zeros((frames, 3))
    root[:, 1] = -still[:, 1].min() - depth
    return oracle.pose(local, root, frames)


def shorter_shins(bones: list[BoneData], share: float) -> list[BoneData]:
    """The same rig on legs whose thighs are longer and shins shorter, feet where they were."""
    knees = dict.fromkeys(("LeftLeg", "RightLeg"), share * 0.97 + (1 - share) * 0.09)
    made: list[BoneData] = []
    for bone in bones:
        head, tail = bone.head.copy(), bone.tail.copy()
        if bone.name in knees:
            head[2] = knees[bone.name]
        if bone.name in ("LeftUpLeg", "RightUpLeg"):
            tail[2] = knees["LeftLeg"]
        made.append(BoneData(bone.name, bone.parent, head, tail, bone.roll))
    return made


def test_the_oracle_crouches_on_standing_feet() -> None:
    truth = crouch()
    for joint in FEET:
        place = truth.positions[:, INDEX[joint]]
        assert np.abs(place - place[0]).max() < 1e-6
    assert np.ptp(truth.positions[:, 0, 1]) == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("arms_down", [0.0, 50.0])
def test_standing_in_the_t_pose_is_the_rigs_rest_with_arms_out(arms_down: float) -> None:
    truth = oracle.standing()
    snap = snapshot(humanoid(MIXAMO, arms_down=arms_down, rolls=1))
    poses = evaluate(snap, retarget.to_rig(snap, rig.detect(snap), truth.positions), len(truth.positions))
    for joint in ("pelvis", "spine1", "spine2", "spine3", "neck", "head", "left_ankle", "right_ankle"):
        turn = Rotation.from_matrix(poses[MIXAMO[joint]][:, :3, :3] @ snap.bones[MIXAMO[joint]].rest[:3, :3].T)
        yaw_free = turn.apply([0, 0, 1])
        assert np.degrees(np.arccos(np.clip(yaw_free[:, 2], -1, 1))).max() < 3.0, joint
    for side, sign in (("left", 1), ("right", -1)):
        arm = poses[MIXAMO[f"{side}_wrist"]][:, :3, 3] - poses[MIXAMO[f"{side}_shoulder"]][:, :3, 3]
        assert np.degrees(np.arccos(sign * arm[:, 0] / np.linalg.norm(arm, axis=-1))).max() < 6.0
    for joint in FEET:
        height = poses[MIXAMO[joint]][:, 2, 3] - snap.bones[MIXAMO[joint]].head[2]
        assert np.abs(height).max() < 0.012, joint


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("share", [0.45, 0.5, 0.55])
def test_feet_that_stand_in_the_source_stand_on_the_rigs_floor(scale: float, share: float) -> None:
    """Also through a deep crouch, with thighs and shins of other proportions; within a centimetre at human size."""
    truth = crouch()
    snap = snapshot(
        [
            BoneData(b.name, b.parent, b.head * scale, b.tail * scale, b.roll)
            for b in shorter_shins(humanoid(MIXAMO), share)
        ]
    )
    tracks = retarget.to_rig(snap, rig.detect(snap), truth.positions, np.ones((60, 4), dtype=bool))
    poses = evaluate(snap, tracks, 60)
    for joint in FEET:
        height = poses[MIXAMO[joint]][:, 2, 3] - snap.bones[MIXAMO[joint]].head[2]
        assert np.abs(height).max() < 0.012 * scale, joint


@pytest.mark.parametrize("scale", [0.3, 1.0, 100.0])
def test_the_path_is_scaled_by_the_leg_length(scale: float) -> None:
    truth = oracle.walk(40)
    snap = snapshot(humanoid(MIXAMO, scale=scale))
    poses = evaluate(snap, retarget.to_rig(snap, rig.detect(snap), truth.positions), 40)
    middle = (poses["LeftUpLeg"][:, :2, 3] + poses["RightUpLeg"][:, :2, 3]) / 2
    source = TO_BLENDER.apply(truth.positions[:, [1, 2]].mean(axis=1))[:, :2]
    legs = [
        np.linalg.norm(snap.bones[b].head - snap.bones[a].head)
        for a, b in (("LeftUpLeg", "LeftLeg"), ("LeftLeg", "LeftFoot"))
    ]
    theirs = np.mean([np.linalg.norm(np.diff(oracle.offsets()[[0, j]], axis=0)) for j in (4, 5, 7, 8)]) * 2
    assert np.allclose(middle, source * sum(legs) / theirs, atol=1e-6 * scale)


def test_a_step_onto_a_box_is_not_pulled_to_the_floor() -> None:
    truth = oracle.standing(60)
    truth.positions[30:, :, 1] += 0.4
    snap = snapshot(humanoid(MIXAMO))
    poses = evaluate(snap, retarget.to_rig(snap, rig.detect(snap), truth.positions, np.ones((60, 4), dtype=bool)), 60)
    heights = poses["LeftFoot"][:, 2, 3] - 0.09
    assert np.abs(heights[:25]).max() < 0.02
    assert heights[-1] == pytest.approx(0.4 * 0.8825 / 0.8211, abs=0.02)


def test_toes_stay_flat_while_the_heel_lifts_and_the_foot_does_not_roll_over() -> None:
    """A wide stance: the shins lean, the soles do not."""
    frames = 40
    lift = np.linspace(0, 40, frames)
    local: dict[str, Rotation] = {}
    for side, sign in (("left", 1), ("right", -1)):
        local[f"{side}_hip"] = oracle.about("z", np.full(frames, sign * 20.0))
        local[f"{side}_ankle"] = oracle.about("z", np.full(frames, -sign * 20.0)) * oracle.about("x", lift)
    truth = oracle.pose(local, np.zeros((frames, 3)), frames)
    places = truth.positions - truth.positions[:, [10]] * [0, 1, 0] + [0, 0.02, 0]
    contacts = np.tile([False, True, False, True], (frames, 1))
    contacts[:5] = True
    standing = contacts_of(places, 20.0, contacts)
    source = read_source(places, standing, measures_of(places, standing).body, 20.0)
    up = np.array([0.0, 1.0, 0.0])
    for side in ("left", "right"):
        toes = Rotation.from_quat(np.roll(source.turns[f"{side}_foot"], -1, axis=-1))
        foot = Rotation.from_quat(np.roll(source.turns[f"{side}_ankle"], -1, axis=-1))
        tilt = np.degrees(np.arccos(np.clip(toes.apply(up)[:, 1], -1, 1)))
        assert tilt[-8:].max() < 3.0
        assert np.degrees(np.arccos(np.clip(foot.apply(up)[:, 1], -1, 1)))[-1] == pytest.approx(40, abs=6)
        sideways = np.degrees(np.arcsin(foot.apply([1.0, 0, 0])[:, 1]))
        assert np.abs(sideways).max() < 3.0
