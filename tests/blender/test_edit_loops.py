"""Loops on rigs, with the bundled model: rounds as Blender plays them, and everything that goes round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("bpy", reason="needs Blender as a Python module")

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mdm_blender import api, process
from mdm_blender.editing.loop import led_to
from mdm_core.errors import MotionError
from tests.blender import test_edit_ik
from tests.blender.addon.scene import fcurves
from tests.blender.addon.test_edit import kept
from tests.blender.conftest import WALKERS
from tests.blender.seen import degrees_between, jolts, matrices, places, usual_jolt

STEPS = 5
ROUNDED = 1 + 1e-3
"""Single numbers in F-curves."""


@pytest.fixture(scope="module", autouse=True)
def _worker() -> Iterator[None]:
    yield
    process.close()


@pytest.mark.parametrize("seed", [3, 8])
@pytest.mark.parametrize("mode", ["travel", "in_place"])
@pytest.mark.parametrize("kind", WALKERS)
def test_the_last_frame_is_the_first_and_rounds_follow_smoothly(
    walkers: Callable[[str], Any], kind: str, mode: str, seed: int
) -> None:
    rig = walkers(kind)
    original, bones = rig.animation_data.action, api.detect(rig).bones
    whole = kept(original, 0, 0, ())
    usual = usual_jolt(places(rig, bones.values(), range(1, int(original.frame_range[1]) + 1)))
    looped = api.loop(rig, mode, seed=seed, steps=STEPS)  # type: ignore[arg-type]
    assert rig.animation_data.action == looped != original
    assert original.use_fake_user
    assert kept(original, 0, 0, ()) == whole, "the original changed"

    first, last = (int(it) for it in looped.frame_range)
    assert (first, last) == tuple(int(it) for it in original.frame_range)
    frames = range(first, last + 1)
    count = last - first
    # with what constraints move; on the spot every bone of the rig, as controls that do not move stay behind
    moved = [bone.name for bone in rig.pose.bones if bone.name.startswith("DEF-")]
    names = [bone.name for bone in rig.pose.bones] if mode == "in_place" else [*bones.values(), *moved]
    seen = matrices(rig, names, [first, first + 1, first + 7, last, last + 1, last + 7, last + count])
    hips = seen[bones["pelvis"]][:, :3, 3]
    way = hips[3] - hips[0]
    assert abs(way[2]) < 1e-4
    assert (np.linalg.norm(way) > 1.0) == (mode == "travel")
    for name, at in seen.items():
        for here, there in ((0, 3), (1, 4), (2, 5)):
            assert np.abs(at[there, :3, 3] - way - at[here, :3, 3]).max() < 1e-4, (name, here)
            assert degrees_between(at[there, :3, :3], at[here, :3, :3]) < 0.1, (name, here)
    np.testing.assert_allclose(hips[6] - hips[0], 2 * way, atol=2e-4)

    tracks = places(rig, bones.values(), range(last - 2, last + 2))
    for bone, track in tracks.items():
        # at the last frame, which is the first again, and at the one before
        assert jolts(track).max() <= ROUNDED * usual, (bone, jolts(track) / usual)
    if mode == "in_place":
        ground = places(rig, [bones["pelvis"]], frames)[bones["pelvis"]][:, :2]
        assert np.linalg.norm(ground - ground[0], axis=-1).max() < 0.5
    for curve in fcurves(looped):
        values = [key.co[1] for key in curve.keyframe_points]
        cycles = [it for it in curve.modifiers if it.type == "CYCLES"]
        assert len(cycles) == (len(values) > 1), curve.data_path
        assert all(first <= key.co[0] <= last for key in curve.keyframe_points)


@pytest.mark.parametrize("mode", ["travel", "in_place"])
@pytest.mark.parametrize("stretch", [False, True])
@pytest.mark.parametrize("pole", [False, True])
def test_rigifys_limbs_in_ik_follow_smoothly_where_a_loop_closes(
    rigify: Any, mode: str, stretch: bool, pole: bool
) -> None:
    """Arms and legs in IK, the feet with rolled heels."""
    test_edit_ik.hand_keyed(rigify, arms=True, pole=pole, stretch=stretch)
    usual = usual_jolt(places(rigify, test_edit_ik.SHOWN, range(1, test_edit_ik.LAST + 1)))
    last = int(api.loop(rigify, mode, seed=3, steps=STEPS).frame_range[1])  # type: ignore[arg-type]
    for bone, track in places(rigify, test_edit_ik.SHOWN, range(last - 2, last + 2)).items():
        assert jolts(track).max() <= ROUNDED * usual, (bone, jolts(track) / usual)


def test_a_part_of_the_action_becomes_the_loop(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    original = rig.animation_data.action
    looped = api.loop(rig, "travel", frames=(20, 70), remade=0.8, seed=3, steps=STEPS)
    assert tuple(looped.frame_range) == (20, 70)
    old = {(it.data_path, it.array_index): it for it in fcurves(original)}
    for curve in fcurves(looped):
        was = old[curve.data_path, curve.array_index]
        assert [curve.evaluate(frame) for frame in range(20, 48)] == [was.evaluate(frame) for frame in range(20, 48)]


def test_fingers_and_props_of_the_animators_own_go_round_too(walkers: Callable[[str], Any]) -> None:
    rig = walkers("controls")
    finger = rig.pose.bones["c_index1.l"]
    finger.rotation_mode = "XYZ"
    for frame, angle in ((1, 0.0), (50, 0.7), (119, 0.3)):
        finger.rotation_euler = (angle, 0.0, 0.1)
        finger.keyframe_insert("rotation_euler", frame=frame)
    looped = api.loop(rig, "in_place", seed=3, steps=STEPS)
    last = looped.frame_range[1]
    path = 'pose.bones["c_index1.l"].rotation_euler'
    curve = next(it for it in fcurves(looped) if it.data_path == path and it.array_index == 0)
    assert curve.evaluate(last) == pytest.approx(0.0, abs=1e-6)
    before, after = (curve.evaluate(it + 1) - curve.evaluate(it) for it in (last - 1, last))
    assert before == pytest.approx(after, abs=2e-3)
    assert curve.evaluate(50) == pytest.approx(0.7, abs=1e-6)
    assert curve.evaluate(last + 49) == pytest.approx(curve.evaluate(50), abs=1e-5)


def test_loops_that_cannot_be_are_refused(walkers: Callable[[str], Any]) -> None:
    rig = walkers("Mixamo")
    before = rig.animation_data.action
    for words, options in (
        ("too short", {"frames": (1, 30)}),
        ("beyond the keys", {"frames": (1, 400)}),
        ('"travel" or "in_place"', {"mode": "round"}),
    ):
        with pytest.raises(MotionError, match=words):
            api.loop(rig, **options)
        assert rig.animation_data.action == before


NUMBERS = st.floats(-3, 3, width=32)


@settings(max_examples=50, deadline=None)
@given(
    values=arrays.arrays(np.float64, (40, 2), elements=NUMBERS),
    wanted=arrays.arrays(np.float64, 2, elements=NUMBERS),
    going=arrays.arrays(np.float64, 2, elements=NUMBERS),
    ease=st.integers(3, 30),
)
def test_values_are_led_to_an_end_and_its_slope(values: Any, wanted: Any, going: Any, ease: int) -> None:
    slope = min(ease, 6)
    led = led_to(values, wanted, going, ease, slope)
    np.testing.assert_allclose(led[-1], wanted, atol=1e-5)
    # the ease itself turns the last step a little
    turned = (led[-1] - led[-2]) - going
    assert np.abs(turned).max() <= 3.1 / ease**2 * np.abs(wanted - values[-1]).max() + 1e-5
    assert (led[: 40 - 1 - ease] == values[: 40 - 1 - ease]).all()
    same = led_to(values, values[-1], values[-1] - values[-2], ease, slope)
    assert (same == values).all()
