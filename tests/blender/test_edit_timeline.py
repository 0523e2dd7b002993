"""Timelines of prompts on rigs, with the bundled model: one motion, of any length, without a seam that can be seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import bpy
import numpy as np

from mdm_blender import api, process
from mdm_core.errors import MotionError
from tests.blender.addon.scene import fcurves, key_range
from tests.blender.addon.test_edit import changed_frames
from tests.blender.conftest import WALKERS
from tests.blender.seen import jolts, places, usual_jolt

STEPS = 8


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


@pytest.mark.parametrize("kind", WALKERS)
def test_prompts_follow_each_other_in_one_motion(walkers: Callable[[str], Any], kind: str) -> None:
    rig = walkers(kind)
    bones, before = api.detect(rig).bones, rig.animation_data.action
    rows = [("a person walks forward", 11, 80), ("a person waves", 81, 160), ("a person jumps", 170, 320)]
    (action,) = api.timeline(rig, [rows[1], rows[0], rows[2]], seed=4, steps=STEPS)
    assert rig.animation_data.action == action != before
    assert key_range(action) == (11, 320)  # 310 frames: longer than the model's longest
    known = json.loads(action["mdm_timeline"])
    assert [(it["prompt"], it["first"], it["last"]) for it in known["rows"]] == rows
    tracks = places(rig, bones.values(), range(11, 321))
    for border in (81, 161, 170):
        # [t] is that at frame 12 + t
        around = np.concatenate([jolts(track)[border - 15 : border - 9] for track in tracks.values()])
        assert np.percentile(around, 95) <= usual_jolt(tracks), border


def test_takes_and_again_with_the_seed(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    rows = [("a person walks forward", 1, 40), ("a person jumps", 41, 80)]
    made = api.timeline(rig, rows, seed=4, takes=2, steps=STEPS)
    assert [action["mdm_seed"] for action in made] == ["4", "5"]
    assert changed_frames(made[0], made[1])
    same = api.again(rig, seed=5)
    # Alone and in a batch of two some processors add in another order: rounding, a thousand times below what is seen.
    assert not changed_frames(made[1], same, within=3e-4), "the same seed makes the same motion"
    assert (same["mdm_take"], same["mdm_takes"]) == (3, 3)
    assert changed_frames(same, api.again(rig, seed=6))


def test_a_shared_border_is_the_next_rows(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    (action,) = api.timeline(rig, [("walks", 1, 30), ("jumps", 30, 60)], steps=STEPS)
    assert key_range(action) == (1, 60)
    assert all(len(curve.keyframe_points) in (1, 60) for curve in fcurves(action))


def test_rows_that_make_no_timeline_are_refused(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    before = (rig.animation_data.action, len(bpy.data.actions))
    for words, rows in (
        ("no prompt", []),
        ("no prompt", [("  ", 1, 60)]),
        ("share frames", [("walks", 1, 60), ("jumps", 40, 90)]),
        ("too few", [("walks", 1, 60), ("jumps", 61, 62)]),
    ):
        with pytest.raises(MotionError, match=words):
            api.timeline(rig, rows, steps=STEPS)
        assert (rig.animation_data.action, len(bpy.data.actions)) == before
