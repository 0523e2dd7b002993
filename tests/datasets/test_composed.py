"""Clips made of others."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import composed, describe, jumps
from mdm_core.datasets.cmu import HELD_OUT, Clip
from tests.datasets.bodies import Positions, moved, standing


def swinging(name: str, *actions: str) -> Clip:
    """Arms that swing to and fro, twice a second, for three seconds."""
    body = standing(60)
    body[:, [18, 20], 2] += 0.1 * np.sin(2 * np.pi * np.arange(60) / 10)[:, None]
    return Clip(name, 1, "single", actions, ("a person moves",), body)


def test_what_is_done_once_is_not_carried_on() -> None:
    longer = list(
        composed.carried_on([swinging("1", "talk_gesture"), swinging("2", "fall"), swinging("3", "walk", "stairs")])
    )
    assert [clip.name for clip in longer] == ["1+cycle"]


def running(frames: int, phase: int = 0) -> Positions:
    """Legs that stride three times in two seconds, at 3 m/s."""
    body = moved(standing(frames), (0, 0, 3.0))
    swing = 0.12 * np.sin(2 * np.pi * (np.arange(frames) + phase) / 13)[:, None]
    body[:, [7, 10], 2] += swing
    body[:, [8, 11], 2] -= swing
    return body


def leaping(frames: int = 40) -> Positions:
    """The same run, half a metre up in frames 18 to 26."""
    body = running(frames)
    body[18:27, :, 1] += 0.5 * np.sin(np.pi * np.arange(1, 10) / 10)[:, None]
    return body


def run_ups(jumper: int, runner: int, *actions: str) -> list[Clip]:
    jump = Clip("1", jumper, "sequence", actions, ("a person runs and jumps",), leaping())
    run = Clip("2+cycle", runner, "single", ("run",), ("a person runs",), running(196, phase=4))
    return list(composed.run_ups([jump], [run]))


def test_a_jump_out_of_a_run_gets_more_of_the_run_around_it() -> None:
    (clip,) = run_ups(1, 2, "run", "jump")
    measured = describe.track(clip.positions)
    flight = jumps.flight(clip.positions, measured)
    assert flight is not None
    assert flight[0] >= composed.BEFORE[0] and len(clip.positions) - flight[1] >= composed.AFTER[0]
    assert len(clip.positions) > 40 > flight[1] - flight[0]
    step = np.diff(clip.positions[:, 0, 2]) * 20
    assert step.min() > 2.0 and step.max() < 4.0
    assert clip.actions == ("run jump",) and "a person runs and jumps" in clip.captions


@pytest.mark.parametrize("actions", [("run", "jump", "roll"), ("run",)])
def test_other_jumps_get_none(actions: tuple[str, ...]) -> None:
    assert not run_ups(1, 2, *actions)


def test_people_who_are_held_out_stay_among_themselves() -> None:
    assert not run_ups(1, HELD_OUT[0], "run", "jump")
    assert not run_ups(HELD_OUT[0], 2, "run", "jump")
    assert [clip.subject for clip in run_ups(HELD_OUT[0], HELD_OUT[1], "run", "jump")] == [HELD_OUT[0]]
