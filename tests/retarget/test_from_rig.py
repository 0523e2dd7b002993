"""Reading a rig back: the inverse of putting a motion on it, for every family; and deltas that change nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mdm_blender import retarget, rig
from mdm_blender.retarget import PoseSamples, PoseTracks
from mdm_blender.rig import RigSnapshot
from mdm_core.anatomy.body import STRAIGHT
from mdm_core.anatomy.parts import torso_turns
from mdm_core.anatomy.posed import standing
from mdm_core.errors import MotionError
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINT_NAMES, PARENTS
from tests.retarget import oracle
from tests.retarget.any_rig import Build, build, evaluate
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES, RigTable
from tests.rig.skeletons import MIXAMO, humanoid, snapshot

Array = NDArray[np.float64]
FRAMES = 30
NONE = np.zeros((FRAMES, 4), dtype=np.bool_)


def samples(tracks: PoseTracks) -> PoseSamples:
    return PoseSamples(
        tracks.rotations,
        tracks.locations,
        object_location=tracks.object_location,
        object_rotation=tracks.object_rotation,
    )


def round_trip(snap: RigSnapshot, positions: Array, root_motion: retarget.RootMotion = "hips") -> Array:
    found = rig.detect(snap)
    measures = retarget.measure(positions, NONE)
    tracks = retarget.to_rig(snap, found, positions, NONE, root_motion=root_motion, measures=measures)
    return retarget.from_rig(
        snap, found, samples(tracks), root_motion=root_motion, body=measures.body, heights=measures.heights
    )


def bones(positions: Array) -> Array:
    return positions[:, 1:] - positions[:, list(PARENTS[1:])]


def angles(a: Array, b: Array) -> Array:
    """Degrees [T, 21] between the bones of two motions."""
    a, b = bones(a), bones(b)
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=-1)))


def readable(seed: int = 0) -> Array:
    """A walk that a rig can hold: its chest turns evenly, as two spine bones and a chest show it."""
    positions = oracle.walk(FRAMES, seed).positions
    return round_trip(snapshot(humanoid(MIXAMO)), positions)


WALK = readable()


def test_what_a_rig_holds_is_near_what_was_put_on_it() -> None:
    """Limbs exactly; the oracle turns its chest in one joint, which shows in the short bone below it only."""
    positions = oracle.walk(FRAMES).positions
    off = angles(WALK, positions).max(axis=0)
    for joint, name in enumerate(JOINT_NAMES[1:]):
        assert off[joint] < (6.0 if name == "spine3" else 1.0), name
    assert np.abs(WALK - positions).max() < 0.008


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
@pytest.mark.parametrize("arms_down", [0.0, 45.0])
def test_on_every_family_the_motion_comes_back(table: RigTable, arms_down: float) -> None:
    """Where the rig has every bone: within a millimetre and a degree. Without some, the limbs and the path still."""
    made = known_rigs.build(table, arms_down=arms_down, seed=2)
    snap = snapshot(list(made.bones))
    found = rig.detect(snap)
    back = round_trip(snap, WALK)
    off = angles(back, WALK).max(axis=0)
    for side in ("left", "right"):
        for start, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
            if f"{side}_{start}" in found.bones and f"{side}_{end}" in found.bones:
                assert off[INDEX[f"{side}_{end}"] - 1] < 1.0, (side, end)
    hips = [INDEX["left_hip"], INDEX["right_hip"]]
    assert np.abs((back - WALK)[:, hips].mean(axis=1)[:, [0, 2]]).max() < 0.001
    needed = {"spine1", "spine2", "spine3", "neck", "head"} | {
        f"{side}_{joint}" for side in ("left", "right") for joint in ("collar", "shoulder", "ankle", "foot")
    }
    if needed <= found.bones.keys():
        assert off.max() < 1.0
        assert np.abs(back - WALK).max() < 0.0015


@pytest.mark.parametrize("how", [Build(), Build(rolls=1, loose=3, unit=100.0, leg=0.7), Build(rolls=5, inserted=True)])
@pytest.mark.parametrize("root_motion", ["hips", "object"])
def test_whatever_the_bones_inherit_and_whatever_carries_them(how: Build, root_motion: retarget.RootMotion) -> None:
    back = round_trip(build(how).snapshot, WALK, root_motion)
    assert np.abs(back - WALK).max() < 0.0015


def test_evaluated_poses_say_the_same_as_local_values() -> None:
    snap = build(Build(rolls=4)).snapshot
    found = rig.detect(snap)
    tracks = retarget.to_rig(snap, found, WALK, NONE)
    poses = evaluate(snap, tracks, FRAMES)
    local = retarget.from_rig(snap, found, samples(tracks))
    posed = retarget.from_rig(snap, found, PoseSamples({}), poses=poses)
    assert np.abs(local - posed).max() < 1e-9
    del poses[found.bones["left_knee"]]
    with pytest.raises(MotionError, match="evaluate every mapped bone"):
        retarget.from_rig(snap, found, PoseSamples({}), poses=poses)


def test_bones_have_the_models_lengths() -> None:
    made = known_rigs.build(TABLES[0], seed=5)
    snap = snapshot(list(made.bones))
    back = round_trip(snap, WALK)
    assert np.abs(np.linalg.norm(bones(back), axis=-1) - BONE_LENGTHS[1:]).max() < 1e-9


def test_a_body_that_stands_is_read_as_standing() -> None:
    """`posed` builds what `parts` reads: the turns of the standing body are small, and the T-pose is symmetric."""
    upright = standing(STRAIGHT, BONE_LENGTHS)
    for joint, turn in torso_turns(upright[None], STRAIGHT).items():
        assert np.degrees(2 * np.arccos(min(1.0, abs(float(turn[0, 0]))))) < 4.0, joint
    assert np.linalg.norm(upright[INDEX["spine1"]]) == pytest.approx(BONE_LENGTHS[INDEX["spine1"]])


def test_where_nothing_changed_the_original_keeps_its_bits() -> None:
    """A hand-keyed action that no round trip would meet: outside the changed frames not a bit of it moves."""
    snap = build(Build(rolls=7)).snapshot
    found = rig.detect(snap)
    random = np.random.default_rng(0)
    before = retarget.to_rig(snap, found, WALK, NONE)
    original = PoseSamples(
        {name: rotation * random.uniform(0.9, 1.1) for name, rotation in before.rotations.items()},
        {name: place + random.normal(size=3) for name, place in before.locations.items()},
    )
    edited = WALK.copy()
    edited[12:16, INDEX["left_wrist"]] += [0.0, 0.1, 0.05]
    measures = retarget.measure(WALK, NONE)
    result = retarget.delta(
        original,
        retarget.to_rig(snap, found, WALK, NONE, measures=measures),
        retarget.to_rig(snap, found, edited, NONE, measures=measures),
    )
    for name, rotation in result.rotations.items():
        moved = "LeftForeArm" in name or "LeftHand" in name or "LeftArm" in name
        same = rotation == original.rotations[name]
        assert moved or same.all(), name
    arm = found.bones["left_elbow"]
    assert not (result.rotations[arm][13] == original.rotations[arm][13]).all()
    for name, place in result.locations.items():
        assert np.array_equal(place, original.locations[name])


def test_a_delta_is_the_change_laid_on_the_original() -> None:
    """O · A⁻¹ · B, and B itself where the round trip is exact."""
    snap = build(Build(rolls=7)).snapshot
    found = rig.detect(snap)
    before = retarget.to_rig(snap, found, WALK, NONE)
    after = retarget.to_rig(snap, found, readable(seed=3), NONE)
    result = retarget.delta(samples(before), before, after)
    for name, rotation in result.rotations.items():
        assert np.abs(np.abs(np.sum(rotation * after.rotations[name], axis=-1)) - 1).max() < 1e-9
        assert (np.sum(rotation[1:] * rotation[:-1], axis=-1) > 0).all()
    assert np.allclose(result.locations["Hips"], after.locations["Hips"])
    nothing = retarget.delta(replace(samples(before), rotations={}), before, before)
    assert all(np.array_equal(rotation, np.eye(4)[:1].repeat(FRAMES, 0)) for rotation in nothing.rotations.values())
