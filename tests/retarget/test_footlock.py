"""Feet that stand: on other legs they do not slide, knees do not pop, nothing shakes more than without the lock."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mdm_blender import retarget, rig
from mdm_blender.retarget.footlock import held
from mdm_core.cleanup import clean
from mdm_core.cleanup.contacts import runs
from mdm_core.motion import Motion
from mdm_core.skeleton import FEET
from tests.retarget import oracle
from tests.retarget.any_rig import AnyRig, Build, build, evaluate
from tests.retarget.test_ground import crouch
from tests.rig.skeletons import MIXAMO

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
JOINTS = [MIXAMO[joint] for joint in ("left_ankle", "left_foot", "right_ankle", "right_foot")]
LEGS = [(leg, knee) for leg in (0.7, 1.0, 1.3) for knee in (0.45, 0.51, 0.57)]


def sliding_crouch(frames: int = 60) -> Array:
    """Down and up with both feet on the ground, where a model lets the whole body drift and tremble."""
    random = np.random.default_rng(1)
    positions = crouch(frames).positions.copy()
    drift = np.linspace(0, 0.06, frames)[:, None] * [1.0, 0.0, 0.5] + 0.003 * random.normal(size=(frames, 3)) * [
        1,
        0,
        1,
    ]
    return positions + drift[:, None]


def stepping(frames: int = 90) -> tuple[Array, Mask]:
    """Steps on the spot: one foot stands while the other is lifted by bending hip and knee."""
    phase = np.linspace(0, 6 * np.pi, frames)
    local = {}
    lifted = {"left": np.maximum(0.0, np.sin(phase)), "right": np.maximum(0.0, -np.sin(phase))}
    for side in ("left", "right"):
        local[f"{side}_hip"] = oracle.about("x", -45 * lifted[side])
        local[f"{side}_knee"] = oracle.about("x", 70 * lifted[side])
        local[f"{side}_ankle"] = oracle.about("x", -25 * lifted[side])
    still = oracle.pose({}, np.zeros((1, 3)), 1).positions[0]
    root = np.tile([0.0, -still[:, 1].min(), 0.0], (frames, 1)) + 0.02 * np.sin(phase)[:, None] * [1, 0, 0]
    truth = oracle.pose(local, root, frames)
    contacts = np.stack([lifted[side] == 0 for side in ("left", "left", "right", "right")], axis=-1)
    return truth.positions, contacts


def drift(poses: dict[str, Array], contacts: Mask) -> float:
    """Metres that a foot joint slides over the ground while it stands, at most."""
    return travelled(poses, contacts, [0, 1])


def travelled(poses: dict[str, Array], contacts: Mask, axes: list[int]) -> float:
    worst = [0.0]
    for k, bone in enumerate(JOINTS):
        for start, stop in runs(contacts[:, k]):
            places = poses[bone][start:stop, axes, 3]
            worst.append(float(np.linalg.norm(places - places[0], axis=-1).max()))
    return max(worst)


def jitter(poses: dict[str, Array]) -> float:
    joints = np.stack([pose[:, :3, 3] for pose in poses.values()])
    return float(np.linalg.norm(np.diff(joints, n=3, axis=1), axis=-1).mean())


def both(made: AnyRig, positions: Array, contacts: Mask) -> tuple[dict[str, Array], dict[str, Array]]:
    """Without and with locked feet."""
    found = rig.detect(made.snapshot)
    tracks = [retarget.to_rig(made.snapshot, found, positions, contacts, foot_lock=lock) for lock in (False, True)]
    free, locked = (evaluate(made.snapshot, one, len(positions)) for one in tracks)
    return free, locked


@pytest.mark.parametrize(("leg", "knee"), LEGS)
def test_feet_that_slide_in_the_motion_stand_on_the_rig(leg: float, knee: float) -> None:
    made = build(Build(leg=leg, knee=knee, rolls=1))
    positions = sliding_crouch()
    contacts = np.ones((len(positions), 4), dtype=np.bool_)
    free, locked = both(made, positions, contacts)
    assert drift(free, contacts) > 0.03
    assert drift(locked, contacts) < 0.002
    assert jitter(locked) < jitter(free)


@pytest.mark.parametrize(("leg", "knee"), LEGS)
def test_steps_stand_still_on_other_legs(leg: float, knee: float) -> None:
    made = build(Build(leg=leg, knee=knee))
    positions, contacts = stepping()
    free, locked = both(made, positions, contacts)
    assert drift(locked, contacts) < 0.005
    assert jitter(locked) < 1.05 * jitter(free)
    swing = locked["LeftFoot"][:, 2, 3].max() - locked["LeftFoot"][:, 2, 3].min()
    assert swing > 0.15 * leg  # the foot that is lifted still is


def test_real_walks_on_other_legs(mocap: dict[str, Array]) -> None:
    """Motions and contacts as the clean-up leaves them: half a centimetre a contact at most, and no more shaking."""
    ratios: list[float] = []
    for name in ("136_24", "105_31", "35_16"):
        motion = clean(Motion(mocap[name].astype(np.float32)))
        assert motion.contacts is not None
        positions, contacts = motion.positions.astype(np.float64), motion.contacts
        feet_down = without_lifted_feet(positions, contacts)
        for leg, knee in ((0.7, 0.51), (1.3, 0.57)):
            made = build(Build(leg=leg, knee=knee))
            free, locked = both(made, positions, contacts)
            assert drift(locked, feet_down) < 0.005, (name, leg)
            assert travelled(locked, feet_down, [2]) < 0.02, (name, leg)  # a heel that settles
            ratios.append(jitter(locked) / jitter(free))
    assert np.mean(ratios) < 1.05 and max(ratios) < 1.2


def without_lifted_feet(positions: Array, contacts: Mask) -> Mask:
    """Contacts without the frames in which the joint has risen by 2 cm since it came down: the foot rolls off."""
    result = contacts.copy()
    for k in range(4):
        height = positions[:, FEET[k], 1]
        for start, stop in runs(contacts[:, k]):
            result[start:stop, k] = height[start:stop] < height[start:stop].min() + 0.02
    return result


def test_a_leg_that_cannot_reach_lowers_the_hips_smoothly_and_never_snaps_straight() -> None:
    """The straight legs of standing: they are kept a little bent, and the hips give way without a jolt."""
    made = build(Build(leg=1.0, knee=0.45))
    positions, contacts = stepping()
    free, locked = both(made, positions, contacts)
    for side in ("Left", "Right"):
        bend = knee_bend(locked, side)
        assert bend.min() > 2.0
        assert np.abs(np.diff(bend, n=2)).max() < np.abs(np.diff(knee_bend(free, side), n=2)).max() + 6.0
    lowered = locked["Hips"][:, 2, 3] - free["Hips"][:, 2, 3]
    assert np.abs(np.diff(lowered, n=2)).max() < 0.005


def knee_bend(poses: dict[str, Array], side: str) -> Array:
    hip, knee, ankle = (poses[f"{side}{bone}"][:, :3, 3] for bone in ("UpLeg", "Leg", "Foot"))
    upper, lower = knee - hip, ankle - knee
    cosine = np.sum(upper * lower, axis=-1) / np.linalg.norm(upper, axis=-1) / np.linalg.norm(lower, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_bones_that_inherit_nothing_go_with_the_locked_leg() -> None:
    """A bone inside the thigh that does not inherit rotation: the knee below it still is where IK wants it."""
    plain, odd = (build(Build(leg=1.2, knee=0.55, inserted=True, loose=loose)) for loose in (None, 8))
    assert not odd.snapshot.bones["LeftUpLeg.half"].inherit_rotation
    positions, contacts = stepping()
    for one, other in zip(both(plain, positions, contacts), both(odd, positions, contacts), strict=True):
        for bone in ("LeftLeg", "LeftFoot", "RightFoot", "Head"):
            assert np.abs(one[bone] - other[bone]).max() < 1e-6, bone


def test_without_contacts_nothing_is_locked() -> None:
    made = build(Build(leg=0.8, knee=0.55, rolls=2))
    truth = oracle.walk(30)
    free, locked = both(made, truth.positions, np.zeros((30, 4), dtype=np.bool_))
    for bone in free:
        assert np.array_equal(free[bone], locked[bone])


def test_weights_reach_softly_around_what_is_held() -> None:
    mask = np.zeros(40, dtype=np.bool_)
    mask[15:20] = True
    weight = held(mask, 0.2, 20.0)
    assert (weight[15:20] == 1).all() and (weight[:11] == 0).all() and (weight[24:] == 0).all()
    assert (np.diff(weight[10:16]) > 0).all() and np.allclose(weight[10:15], weight[20:25][::-1])
    assert not held(np.zeros(5, dtype=np.bool_), 0.2, 20.0).any()
