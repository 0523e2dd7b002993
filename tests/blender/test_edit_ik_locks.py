"""Limbs in IK whose controls are locked themselves, on Rigify's human: what is locked stays, all else goes as ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np
from mathutils import Euler

from mdm_blender import api
from mdm_blender.keys.actions import NOTES
from tests.blender.addon.scene import fcurves
from tests.blender.addon.test_edit import bone_of
from tests.blender.seen import matrices
from tests.blender.test_apply_ik import walk
from tests.blender.test_edit_ik import hand_keyed

FIRST, LAST, END = 30, 70, 89
ALL, HEIGHT, BUT_LAST = (True, True, True), (False, False, True), (True, True, False)
LOCKS: dict[str, dict[str, Any]] = {
    "foot_ik.L": {"lock_location": HEIGHT},
    "foot_ik.R": {"lock_rotation": BUT_LAST},
    "hand_ik.L": {"lock_location": ALL, "lock_rotation": ALL, "lock_rotation_w": True},
    "thigh_ik_target.R": {"lock_location": ALL},
}
EULER, FROZEN = "foot_ik.R", "hand_ik.L"


def lock(armature: Any, locks: Mapping[str, Mapping[str, Any]]) -> None:
    for bone, given in locks.items():
        for name, value in given.items():
            setattr(armature.pose.bones[bone], name, value)


def channels(action: Any) -> dict[tuple[str, str, int], tuple[list[float], str]]:
    """(bone, property, index) -> what it plays at the frames of the clip, and its keys."""
    found: dict[tuple[str, str, int], tuple[list[float], str]] = {}
    for curve in fcurves(action):
        keys = [(*it.co, *it.handle_left, *it.handle_right, it.type) for it in curve.keyframe_points]
        values = [curve.evaluate(frame) for frame in range(1, END + 1)]
        found[bone_of(curve), curve.data_path.rpartition(".")[2], curve.array_index] = values, repr(keys)
    return found


def is_locked(bone: str, prop: str, index: int) -> bool:
    """Of a channel of LOCKS."""
    given = LOCKS.get(bone, {})
    if prop == "location":
        return bool(given.get("lock_location", (False,) * 3)[index])
    if bone == EULER:
        return bool(prop == "rotation_euler" and given["lock_rotation"][index])
    return bone == FROZEN and prop.startswith("rotation")


@pytest.mark.usefixtures("editing_worker")
def test_what_is_locked_stays_and_all_else_goes_as_if_nothing_were(rigify: Any) -> None:
    rigify.pose.bones[EULER].rotation_mode = "XYZ"
    original = hand_keyed(rigify, arms=True, pole=True)
    before, clip = channels(original), range(1, END + 1)
    controls = matrices(rigify, LOCKS, clip)
    without = api.regenerate(rigify, "turns", frames=(FIRST, LAST), seed=3)
    free = channels(without)
    assert "Locked" not in without.get(NOTES, "")
    rigify.animation_data.action = original
    for posed in rigify.pose.bones:  # what has no keys here keeps what the edit has set
        posed.matrix_basis.identity()
    lock(rigify, LOCKS)
    edited = api.regenerate(rigify, "turns", frames=(FIRST, LAST), seed=3)
    locked, said = channels(edited), edited[NOTES]
    assert "Locked channels" in said
    assert "foot_ik.L (location Z)" in said and "hand_ik.L (location XYZ, rotation WXYZ)" in said
    assert before.keys() <= locked.keys() <= free.keys()
    assert all(is_locked(*it) for it in free.keys() - locked.keys())
    told: set[str] = set()
    for channel, (values, keys) in locked.items():
        bone, prop, _ = channel
        if is_locked(*channel):
            assert keys == before[channel][1], channel
            told |= {bone} if np.ptp(np.subtract(free[channel][0], before[channel][0])) > 1e-3 else set()
        elif bone != EULER or prop != "rotation_euler":
            np.testing.assert_allclose(values, free[channel][0], atol=1e-6, err_msg=str(channel))
    assert told == LOCKS.keys(), "without locks these would not change either, so nothing is shown"
    assert locked[EULER, "rotation_euler", 2] != before[EULER, "rotation_euler", 2]
    nearest_of_a_search(locked, free)

    now, rest = matrices(rigify, LOCKS, clip), rigify.data.bones["foot_ik.L"].matrix_local
    assert np.abs(now[FROZEN] - controls[FROZEN]).max() < 1e-5
    moved = (now["foot_ik.L"] - controls["foot_ik.L"])[:, :3, 3] @ np.array(rest.to_3x3())
    assert np.abs(moved[:, 2]).max() < 1e-5
    assert np.abs(moved[:, :2]).max() > 0.03


def nearest_of_a_search(locked: Any, free: Any) -> None:
    """At every frame no other value of the one angle that is not locked comes nearer to the rotation without locks."""
    triples = [np.array([it[EULER, "rotation_euler", k][0] for k in range(3)]).T for it in (locked, free)]
    for made, wanted in zip(*triples, strict=True):
        goal = np.array(Euler(wanted).to_quaternion())
        others = [Euler((made[0], made[1], angle)).to_quaternion() for angle in np.linspace(-np.pi, np.pi, 181)]
        found = abs(float(np.array(Euler(made).to_quaternion()) @ goal))
        assert found >= max(abs(float(np.array(it) @ goal)) for it in others) - 1e-6


def test_a_new_motion_on_fk_and_ik_leaves_locked_controls_and_says_so(rigify: Any) -> None:
    posed = rigify.pose.bones["foot_ik.L"]
    posed.location = (0.0, 0.0, 0.07)
    lock(rigify, {"foot_ik.L": {"lock_location": HEIGHT}})
    action = walk(rigify)
    indices = {it.array_index for it in fcurves(action) if bone_of(it) == "foot_ik.L" and "location" in it.data_path}
    assert indices == {0, 1}
    assert "foot_ik.L (location Z)" in action[NOTES]
    for frame in (1, 9, 17):
        bpy.context.scene.frame_set(frame)
        assert posed.location[2] == pytest.approx(0.07)
