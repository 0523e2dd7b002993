"""The finish on positions: targets exact, bones whole, feet that stand, held joints untouched, even seams."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.cleanup import measures
from mdm_core.editing import constraints, finish
from mdm_core.editing.finish import Body
from mdm_core.editing.projection import Targets
from mdm_core.skeleton import BONE_LENGTHS, JOINTS
from tests.editing.test_source import figure

FRAMES = 40
BODY = Body(BONE_LENGTHS, 20.0)
STANDS = np.ones((FRAMES, 4), dtype=bool)


def targets(place: NDArray[Any], marked: NDArray[np.bool_], held: NDArray[np.bool_]) -> Targets:
    yields = marked & (constraints.borders(marked, 2) | ~held)
    none = np.zeros(len(place), dtype=bool)
    return Targets(place, marked, yields, none, np.zeros(len(place)), none)


def shaken(seed: int) -> NDArray[np.float64]:
    """What a model makes: limbs of changing length, a body that drifts a little."""
    t = np.arange(FRAMES)[:, None, None] / 20
    rng = np.random.default_rng(seed)
    wobble = 0.02 * np.sin(3 * t + rng.uniform(0, 6, size=(1, JOINTS, 3)))
    return figure(FRAMES) + wobble


@settings(max_examples=8)
@given(st.integers(0, 1000), st.sampled_from([0, 15, 20, 21, 7, 18]), st.integers(5, 34))
def test_a_joint_gets_to_its_place_and_the_bones_stay_whole(seed: int, joint: int, frame: int) -> None:
    place, marked = figure(FRAMES), np.zeros((FRAMES, JOINTS), dtype=bool)
    rng = np.random.default_rng(seed)
    place[frame, joint] += rng.uniform(-0.12, 0.12, size=3) * ([1, 0.3, 1] if joint in (0, 15) else [1, 1, 1])
    if joint == 7:
        place[frame, joint, 1] = figure(1)[0, joint, 1] + 0.15
    marked[frame, joint] = True
    held = np.zeros_like(marked)
    stands = STANDS if joint != 7 else ~STANDS
    made = finish.finish(shaken(seed), targets(place, marked, held), held, stands, BODY)
    assert np.linalg.norm(made[frame, joint] - place[frame, joint]) < 1e-4
    assert measures.bone_deviation(made) < 1e-5


@settings(max_examples=12)
@given(st.integers(0, 1000), st.floats(0.9, 0.998))
def test_a_hand_gets_to_its_place_near_full_reach(seed: int, share: float) -> None:
    """The arms alone change; what bones lack at the target is what tells that it is out of reach."""
    place, held = figure(FRAMES), np.ones((FRAMES, JOINTS), dtype=bool)
    held[8:32, [16, 18, 20]] = False
    held[8:32, 13] = False
    marked = held.copy()
    marked[20, 20] = True
    reach = BONE_LENGTHS[[16, 18, 20]].sum()
    way = np.random.default_rng(seed).normal(size=3) + [3.0, 0.0, 0.0]
    place[20, 20] = place[20, 13] + share * reach * way / np.linalg.norm(way)
    made = finish.finish(shaken(seed), targets(place, marked, held), held, STANDS, BODY)
    assert np.linalg.norm(made[20, 20] - place[20, 20]) < 1e-6
    assert measures.bone_deviation(made) < 1e-4


def test_held_frames_are_untouched_and_feet_stand_where_they_stood() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    held[:12] = held[28:] = True
    place = figure(FRAMES)
    drifting = shaken(1)
    drifting[12:28] += np.linspace(0, 0.1, 16)[:, None, None] * [1, 0, 0]
    made = finish.finish(drifting, targets(place, held, held), held, STANDS, BODY)
    np.testing.assert_array_equal(made[held], place[held])
    assert measures.bone_deviation(made) < 1e-3
    feet = made[:, [7, 8], ::2]
    assert np.abs(feet - feet[0]).max() < 0.01


def test_arms_stay_attached_to_a_kept_chest() -> None:
    held = np.ones((FRAMES, JOINTS), dtype=bool)
    held[10:30, [13, 16, 18, 20]] = False
    place = figure(FRAMES)
    made = finish.finish(shaken(2), targets(place, held, held), held, STANDS, BODY)
    np.testing.assert_array_equal(made[held], place[held])
    assert measures.bone_deviation(made) < 1e-3
    assert np.abs(made - place)[10:30, 20].max() > 1e-3


def test_a_key_pose_far_away_is_reached_by_the_whole_body() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    held[[0, 39]] = True
    place = figure(FRAMES)
    place[39] += [0.0, 0.0, 1.5]
    walking = shaken(3) + np.linspace(0, 1.4, FRAMES)[:, None, None] * [0, 0, 1]
    made = finish.finish(walking, targets(place, held, held), held, ~STANDS, BODY)
    np.testing.assert_array_equal(made[held], place[held])
    assert measures.bone_deviation(made) < 1e-3


def test_seams_are_as_even_as_the_motion() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    held[:20] = True
    kink = np.maximum(0, np.arange(FRAMES) - 19.5)[:, None, None] * [0.05, 0, 0]
    moving = figure(FRAMES) + kink
    assert finish.jumps(moving, held).max() > 0.02
    even = finish.with_even_seams(moving, held, ~STANDS, Body(BONE_LENGTHS, 20.0, 0.015))
    assert finish.jumps(even, held).max() <= 0.015
    np.testing.assert_allclose(even[:20], moving[:20], atol=1e-4)
    np.testing.assert_allclose(even[32:], moving[32:], atol=5e-3)


def test_standing_feet_stay_where_a_seam_is_smoothed() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    held[:20] = True
    moving = figure(FRAMES) + np.maximum(0, np.arange(FRAMES) - 19.5)[:, None, None] * [0.05, 0, 0]
    moving[:, [7, 10, 8, 11]] = moving[0, [7, 10, 8, 11]]
    even = finish.with_even_seams(moving, held, STANDS, Body(BONE_LENGTHS, 20.0, 0.015))
    np.testing.assert_allclose(even[:, [7, 10, 8, 11]], moving[:, [7, 10, 8, 11]], atol=1e-4)
    assert np.abs(even - moving)[20:, 0].max() > 0.01


def test_an_even_seam_is_left_alone() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    held[:20] = True
    moving = shaken(4)
    np.testing.assert_array_equal(finish.with_even_seams(moving, held, STANDS, BODY), moving)


def test_a_foot_is_held_where_it_is_fixed_not_at_its_mean() -> None:
    steps = np.zeros((10, 3))
    steps[1:, 0] = 0.01
    standing, fixed = np.ones(10, dtype=bool), np.zeros(10, dtype=bool)
    fixed[:3] = True
    kept = np.cumsum(steps, axis=0)[:, 0] + finish.hold(steps, standing, fixed)[:, 0]
    np.testing.assert_allclose(kept, [0, 0.01, 0.02, *[0.02] * 7])
    free = np.cumsum(steps, axis=0)[:, 0] + finish.hold(steps, standing, ~standing)[:, 0]
    np.testing.assert_allclose(free, 0.045)


def test_nothing_wanted_and_nothing_wrong_changes_little() -> None:
    held = np.zeros((FRAMES, JOINTS), dtype=bool)
    still = np.repeat(figure(1), FRAMES, axis=0)
    made = finish.finish(still, targets(still, held, held), held, STANDS, BODY)
    np.testing.assert_allclose(made, still, atol=1e-3)


def test_a_foot_that_is_held_away_from_where_it_stands_is_not_thrown_there_and_back() -> None:
    """It stands in all frames but one, in which its pose is given half a metre farther on."""
    body, held = Body(BONE_LENGTHS, 20.0, 0.015), np.zeros((FRAMES, JOINTS), dtype=bool)
    held[[0, 20, 39]] = True
    place = figure(FRAMES)
    place[20, [4, 7, 10]] += [0.0, 0.1, 0.25]
    place[20] = finish.attached(place, np.zeros_like(held), place, BONE_LENGTHS)[20]
    stands = STANDS.copy()
    stands[20, :2] = False
    thrown = finish.jumps(finish.finish(place, targets(place, held, held), held, stands, body), held).max()
    landed = finish.landed(stands, held, 20.0)
    assert not landed[18:23, :2].any()
    assert landed[[0, 15, 26, 39], :2].all()
    assert landed[:, 2:].all()
    made = finish.finish(place, targets(place, held, held), held, landed, body)
    assert finish.jumps(made, held).max() < 0.6 * thrown
