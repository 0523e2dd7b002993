"""Poses that stay too near to each other: what the animator is told, where Blender shows that it is so, and no more."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

import mdm_blender
from benchmarks.seams import posed
from mdm_blender import api, takes
from tests.blender.seen import jolts, place, places, usual_jolt

pytestmark = pytest.mark.usefixtures("editing_worker")
FIRST, LAST = 9, 33
SENTENCE = re.compile(
    r"The poses at frames (\d+) and (\d+)(?: \(and \d+ other pairs?\))? are too close for an even way through them: "
    r"the ([\w ]+) must go (\d+\.\d\d) m in (\d+) frames \((\d+\.\d) m/s\); mark them (\d+) frames apart\."
)


def in_between(gap: int) -> tuple[Any, float]:
    """The rig after an in-between of which every `gap`th pose stays, and the roughest change of velocity beside them,
    of the 99th percentile of the clip."""
    armature = posed(0)
    bones, marks = list(api.detect(armature).bones.values()), tuple(range(FIRST, LAST + 1, gap))
    usual = usual_jolt(places(armature, bones, range(1, 98)))
    api.inbetween(armature, frames=(FIRST, LAST), keys=marks, seed=2)
    beside = sorted({mark + k - FIRST for mark in marks for k in (-1, 0, 1)} & set(range(LAST - FIRST + 1)))
    found = [jolts(it)[beside].max() for it in places(armature, bones, range(FIRST - 1, LAST + 2)).values()]
    return armature, max(found) / usual


@pytest.mark.parametrize("gap", [2, 3])
def test_what_is_too_close_is_said_with_how_far_apart_would_do(gap: int) -> None:
    armature, rough = in_between(gap)
    assert rough > 1.1, "the poses are even, so there is nothing to be said"
    said = takes.notes(armature.animation_data.action)
    found = [hit for it in said if (hit := SENTENCE.fullmatch(it))]
    assert len(found) == 1, said
    first, last, joint, metres, frames, speed, apart = found[0].groups()
    assert int(last) - int(first) == int(frames) == gap
    assert (int(first) - FIRST) % gap == 0
    assert float(speed) == pytest.approx(float(metres) * 24 / gap, rel=0.05)
    if joint.replace(" ", "_") in api.detect(armature).bones:
        bone = api.detect(armature).bones[joint.replace(" ", "_")]
        moved = np.linalg.norm(place(armature, bone, int(last)) - place(armature, bone, int(first)))
        assert float(metres) == pytest.approx(moved, rel=0.1)  # metres of the model's body, whose legs are 6 % shorter
    armature, rough = in_between(int(apart))
    assert rough <= 1.001
    assert not any(SENTENCE.fullmatch(it) for it in takes.notes(armature.animation_data.action))


def test_two_poses_close_to_each_other_alone_are_passed_evenly_and_nothing_is_said() -> None:
    armature = posed(0)
    api.inbetween(armature, frames=(FIRST, LAST), keys=(19, 22), seed=2)
    assert not any(SENTENCE.fullmatch(it) for it in takes.notes(armature.animation_data.action))


def test_the_operator_reports_it(capfd: pytest.CaptureFixture[str]) -> None:
    armature, scene = posed(0), bpy.context.scene
    for frame in range(FIRST, LAST + 1, 3):
        scene.timeline_markers.new(f"F_{frame}", frame=frame)
    mdm_blender.register()
    try:
        scene.mdm_edit.marks = "markers"
        assert bpy.ops.mdm.inbetween(first=FIRST, last=LAST, seed=2) == {"FINISHED"}
    finally:
        mdm_blender.unregister()
    said = [it for it in takes.notes(armature.animation_data.action) if SENTENCE.fullmatch(it)]
    assert len(said) == 1
    assert said[0] in capfd.readouterr().out
