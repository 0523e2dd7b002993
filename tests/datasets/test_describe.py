"""Measured captions, on motions whose truth is known because they were made."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import describe, wordings
from tests.datasets.bodies import moved, standing, turned


def happening(positions: np.ndarray) -> list[str]:
    return describe.events(describe.track(positions), 0, len(positions))


@pytest.mark.parametrize(
    ("velocity", "event"),
    [
        ((0, 0, 0), "stand"),
        ((0, 0, 1.2), "forward"),
        ((0, 0, -0.8), "backward"),
        ((0.7, 0, 0), "left"),
        ((-0.7, 0, 0), "right"),
        ((0, 0, 3.5), "run"),
    ],
)
def test_direction_is_seen_from_the_body(velocity: tuple[float, float, float], event: str) -> None:
    assert happening(moved(standing(80), velocity)) == [event]


@pytest.mark.parametrize("turn", [0.7, 2.0, -2.5])
def test_direction_does_not_depend_on_where_the_body_faces(turn: float) -> None:
    walk = moved(standing(80), (0, 0, 1.2))
    c, s = np.cos(turn), np.sin(turn)
    rotated = walk @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    assert happening(rotated) == ["forward"]


@pytest.mark.parametrize(
    ("degrees", "event"),
    [(90, "turn left"), (-90, "turn right"), (180, "turn around left"), (-175, "turn around right")],
)
def test_turns_have_side_and_size(degrees: float, event: str) -> None:
    assert happening(turned(standing(60), np.radians(degrees))) == [event]


def test_small_turn_is_no_turn() -> None:
    assert happening(turned(standing(60), np.radians(30))) == ["stand"]


def test_jump_needs_both_feet_in_the_air() -> None:
    seconds = np.arange(80) / 20
    height = np.clip(0.35 - 0.5 * 9.81 * (seconds - 2) ** 2, 0, None)
    up = standing(80)
    up[..., 1] += height[:, None]
    assert "jump" in happening(up)
    one_leg = standing(80)
    one_leg[:, [1, 4, 7, 10], 1] += height[:, None]
    assert "jump" not in happening(one_leg)


def test_raised_and_waving_arms() -> None:
    raised = standing(80)
    raised[10:, 19] = raised[10:, 17] + [-0.05, 0.25, 0]
    raised[10:, 21] = raised[10:, 19] + [0, 0.26, 0]
    assert describe.arms(describe.track(raised), 0, 80) == "arm right"
    waving = raised.copy()
    waving[:, 21, 0] += 0.15 * np.sin(2 * np.pi * 2 * np.arange(80) / 20)
    assert describe.arms(describe.track(waving), 0, 80) == "wave right"
    assert describe.arms(describe.track(standing(80)), 0, 80) == ""


def test_an_arm_that_is_up_from_the_first_is_not_raised() -> None:
    body = standing(120)
    body[20:, 19] = body[20:, 17] + [-0.05, 0.25, 0]
    body[20:, 21] = body[20:, 19] + [0, 0.26, 0]
    measured = describe.track(body)
    assert describe.arms(measured, 0, 120) == "arm right"
    assert describe.arms(measured, 40, 120) == ""
    rng = np.random.default_rng(0)
    assert describe.caption(measured, 0, 120, rng)
    assert {describe.caption(measured, 40, 120, rng) for _ in range(20)} == {""}


def test_reversals_count_swings_above_the_amplitude() -> None:
    swing = np.sin(2 * np.pi * 2 * np.arange(40) / 20)
    assert describe.reversals(0.2 * swing, 0.06) >= 7
    assert describe.reversals(0.02 * swing, 0.06) == 0


def test_caption_says_what_happens() -> None:
    measured = describe.track(moved(standing(80), (0, 0, 3.5)))
    said = {describe.caption(measured, 0, 80, np.random.default_rng(k)) for k in range(40)}
    assert len(said) > 8
    known = [*describe.WORDS["run"], *wordings.table()["measured"]["run"]]
    known += [words for pair in wordings.table()["parts"]["run"] for words in pair]
    assert all(any(s.endswith(words) for words in known) for s in said)
    assert any(words in s for s in said for words in describe.WORDS["run"])


def test_what_happens_one_after_another_is_told_in_that_order_and_in_one_form() -> None:
    parts = wordings.table()["parts"]
    forms = [
        {
            name: {*describe.WORDS[name], *(pair[0] for pair in parts[name])}
            for name in ("forward", "turn left", "wave both")
        },
        {name: {pair[1] for pair in parts[name]} for name in ("forward", "turn left", "wave both")},
    ]
    for seed in range(60):
        sentence = describe.said(["forward", "turn left"], "wave both", np.random.default_rng(seed))
        assert any(
            any(
                first in sentence.split(second)[0] and sentence.endswith(f"and {third}")
                for first in form["forward"]
                for second in form["turn left"]
                if second in sentence
                for third in form["wave both"]
            )
            for form in forms
        ), sentence


def test_who_shifts_about_does_not_stand_still() -> None:
    assert happening(standing(80)) == ["stand"]
    swaying = standing(80)
    swaying[..., 0] += 0.12 * np.sin(2 * np.pi * np.arange(80) / 60)[:, None]
    assert happening(swaying) == ["shift"]


def seated(frames: int) -> np.ndarray:
    """Thighs level, shins upright, pelvis at seat height."""
    body = standing(frames)
    body[..., 1] -= 0.4
    for hip, knee, ankle, foot in ((1, 4, 7, 10), (2, 5, 8, 11)):
        body[:, knee] = body[:, hip] + [0, 0, 0.4]
        body[:, ankle] = body[:, knee] + [0, -0.43, 0]
        body[:, foot] = body[:, ankle] + [0, 0, 0.14]
    return body


def test_sitting_down_begins_upright() -> None:
    assert happening(np.concatenate([standing(40), seated(60)])) == ["stand", "sit down"]
    assert happening(np.concatenate([seated(60), standing(40)])) == ["sit", "stand up"]
    leaning = seated(90)
    leaning[30:60, [4, 5], 1] += -0.35
    assert "sit down" not in happening(leaning) and "stand up" not in happening(leaning)


def test_who_sits_on_the_floor_neither_crouches_nor_sits_on_a_chair() -> None:
    low = standing(60) - [0, 0.75, 0]
    for hip, knee, ankle, foot in ((1, 4, 7, 10), (2, 5, 8, 11)):
        low[:, knee] = low[:, hip] + [0, 0, 0.4]
        low[:, ankle] = low[:, knee] + [0, 0, 0.4]
        low[:, foot] = low[:, ankle] + [0, 0.1, 0]
    body = np.concatenate([standing(40), low])
    assert happening(body) == ["stand"]
    assert describe.caption(describe.track(body), 0, 100, np.random.default_rng(0)) == ""


@pytest.mark.parametrize(("degrees", "side"), [(300, "left"), (-300, "right")])
def test_a_walk_nearly_all_the_way_round_is_a_circle(degrees: float, side: str) -> None:
    frames, radius = 160, 1.5
    angle = np.radians(degrees) * np.arange(frames) / (frames - 1)
    body = turned(standing(frames), np.radians(degrees))
    sign = np.sign(degrees)
    middle = np.stack([sign * radius * (1 - np.cos(angle)), 0 * angle, radius * np.sin(np.abs(angle))], axis=-1)
    assert happening(body + middle[:, None]) == [f"circle {side}"]


def test_words_that_name_the_other_side_are_noticed() -> None:
    leftward = describe.track(moved(standing(60), (0.8, 0, 0)))
    said = ("a person sidesteps to the right",)
    assert describe.says_other_side(leftward, said, ("sidestep",))
    assert not describe.says_other_side(leftward, ("a person sidesteps to the left",), ("sidestep",))
    assert not describe.says_other_side(leftward, said, ("walk",))
    spun = describe.track(turned(standing(60), np.radians(-270)))
    assert describe.says_other_side(spun, ("spins left",), ("spin",))
    assert not describe.says_other_side(spun, ("spins right",), ("spin",))
