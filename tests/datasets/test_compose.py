"""Clips made of clips: cycles carried on, arms put on another body."""

from __future__ import annotations

import numpy as np

from mdm_core.datasets import compose, describe
from mdm_core.features import humanml3d
from mdm_core.skeleton import BONE_LENGTHS, PARENTS
from tests.datasets.bodies import moved, standing, turned


def stride(frames: int, period: int = 20) -> np.ndarray:
    """A body that goes forward and swings its legs and arms with a period of `period` frames."""
    body = moved(standing(frames), (0, 0, 1.2))
    phase = 2 * np.pi * np.arange(frames) / period
    for knee, ankle, foot, sign in ((4, 7, 10, 1), (5, 8, 11, -1)):
        for joint, reach in ((knee, 0.1), (ankle, 0.25), (foot, 0.25)):
            body[:, joint, 2] += sign * reach * np.sin(phase)
    return humanml3d.to_uniform_skeleton(body, humanml3d.uniform_offsets())


def bone_lengths(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions[:, 1:] - positions[:, list(PARENTS[1:])], axis=-1)


def test_cycle_is_found_and_carried_on_without_a_jump() -> None:
    clip = stride(52)
    longer = compose.carried_on(clip, 196)
    assert longer is not None
    assert longer.shape == (196, 22, 3)
    np.testing.assert_allclose(bone_lengths(longer), np.broadcast_to(BONE_LENGTHS[1:], (196, 21)), atol=1e-9)
    fastest = np.linalg.norm(np.diff(clip, axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(longer, axis=0), axis=-1).max() < 1.25 * fastest
    travelled = np.linalg.norm(longer[-1, 0] - longer[0, 0])
    assert abs(travelled - 1.2 * 195 / 20) < 0.6


def test_a_motion_that_never_returns_has_no_cycle() -> None:
    falling = standing(40)
    falling[..., 1] += np.linspace(0, 2, 40)[:, None]
    assert compose.cycle(falling) is None


def test_what_repeats_before_a_swing_is_not_carried_on_for_it() -> None:
    waiting = standing(60)
    waiting[:, [18, 20], 2] += 0.02 * np.sin(2 * np.pi * np.arange(60) / 20)[:, None]
    swing = standing(20)
    swing[:, [18, 20, 19, 21], 2] += 0.5 * np.sin(np.linspace(0, np.pi / 2, 20))[:, None] ** 3
    clip = np.concatenate([waiting, swing])
    found = compose.cycle(clip)
    assert found is not None and found[1] <= 70
    assert not compose.shows_all(clip, *found)
    assert compose.carried_on(clip, 196) is None


def test_place_moves_and_turns_but_does_not_deform() -> None:
    part, at = turned(stride(30), 0.8), turned(stride(30), -1.1)[-1]
    placed = compose.place(part, at)
    np.testing.assert_allclose(placed[0, 0, [0, 2]], at[0, [0, 2]], atol=1e-9)
    np.testing.assert_allclose(humanml3d.heading(placed[:1])[0], humanml3d.heading(at[None])[0], atol=1e-6)
    np.testing.assert_allclose(bone_lengths(placed), bone_lengths(part), atol=1e-9)


def test_arms_of_another_clip_leave_the_rest_alone() -> None:
    body, gesture = stride(60), turned(standing(60), 2.0)
    gesture[:, 19] = gesture[:, 17] + [0, 0.2, 0]
    gesture[:, 21] = gesture[:, 19] + [0, 0.2, 0]
    assert compose.active_arms(gesture) == ("right",)
    mixed = compose.with_arms(body, gesture, ("right",))
    kept = [j for j in range(22) if j not in compose.ARMS["right"]]
    np.testing.assert_allclose(mixed[:, kept], body[:, kept], atol=1e-9)
    assert (mixed[:, 21, 1] > mixed[:, 17, 1] + 0.3).all()


def test_captions_are_joined_into_one_sentence() -> None:
    assert compose.both("a person walks", "a person waves") == "a person walks and waves"


def test_a_made_wave_is_one_and_leaves_the_rest_alone() -> None:
    body = stride(120)
    for seed in range(8):
        waved = compose.waving(body, ("left",), np.random.default_rng(seed))
        kept = [j for j in range(22) if j not in (18, 20)]
        np.testing.assert_array_equal(waved[:, kept], body[:, kept])
        np.testing.assert_allclose(bone_lengths(waved), bone_lengths(body), atol=1e-9)
        assert describe.track(waved).waving[:, 0].any()
        assert not describe.track(waved).waving[:, 1].any()
        fastest = np.linalg.norm(np.diff(waved - waved[:, :1], axis=0), axis=-1).max() * 20
        assert fastest < 6.0


def test_a_made_raise_ends_overhead_and_leaves_the_other_arm_alone() -> None:
    body = standing(120)
    for seed in range(12):
        raised = compose.raising(body, ("right",), np.random.default_rng(seed))
        kept = [j for j in range(22) if j not in (19, 21)]
        np.testing.assert_array_equal(raised[:, kept], body[:, kept])
        np.testing.assert_allclose(bone_lengths(raised), bone_lengths(body), atol=1e-9)
        np.testing.assert_allclose(raised[0], body[0], atol=1e-3)
        assert (raised[:, 21, 1] > body[:, 15, 1]).mean() > 0.35
        assert np.linalg.norm(np.diff(raised, axis=0), axis=-1).max() * 20 < 5.0


def test_parts_are_placed_upright_whichever_way_they_face() -> None:
    for radians in (0.0, 1.0, np.pi, -np.pi, 3.0):
        part = standing(30)
        c, s = np.cos(radians), np.sin(radians)
        x, z = part[..., 0].copy(), part[..., 2].copy()
        part[..., 0], part[..., 2] = c * x + s * z, c * z - s * x
        np.testing.assert_allclose(compose.place(part, standing(1)[0]), standing(30), atol=1e-9)
        np.testing.assert_allclose(compose.canonical(part), standing(30) - standing(1)[0, 0] * [1, 0, 1], atol=1e-9)
