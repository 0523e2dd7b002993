"""What shows an action and what does not, on bodies of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import action_words, evidence
from mdm_core.datasets.cmu import Clip
from tests.datasets.bodies import Positions, moved, standing

T = np.arange(80)


def hand(body: Positions, wrist: int, place: Positions) -> Positions:
    body[:, wrist] = place
    return body


def with_hands(path: Positions, apart: float) -> Positions:
    body = standing(80)
    for wrist, x in ((20, apart / 2), (21, -apart / 2)):
        body[:, wrist] = body[:, 9] + path + [x, 0, 0]
    return body


def swing(speed: float, apart: float = 0.1) -> Positions:
    """Both hands on a circle in front of the chest at m/s."""
    angle = speed / 0.5 * T / 20
    return with_hands(0.5 * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1) + [0, 0, 0.4], apart)


def lifting_knees() -> Positions:
    body = standing(80)
    for side, knee in enumerate((4, 5)):
        body[:, knee, 1] += 0.5 * np.maximum(0, np.sin(2 * np.pi * (T / 20 + side / 2)))
    return body


def lowered(body: Positions, metres: float) -> Positions:
    """Negative: on tiptoe. This body's pelvis stands at 0.83 m, measured people's at 0.90."""
    body[:, :, 1] -= metres
    return body


def limping() -> Positions:
    """A foot that rests for seven tenths of the time, and one that does for three."""
    body = moved(standing(80), (0, 0, 0.8))
    for ankle, share in ((7, 0.7), (8, 0.3)):
        phase = (T / 20) % 1
        body[:, ankle, 2] = 0.8 * (T // 20 + np.clip((phase - share) / (1 - share), 0, 1))
    return body


def near_head(frames: int) -> Positions:
    body = standing(80)
    body[:frames, 21] = body[:frames, 15] + [0, 0, 0.15]
    return body


def raised_from(depth: float) -> Positions:
    """A body that comes up by `depth` metres within a second."""
    body = standing(80)
    body[:, :, 1] += np.where(T < 30, 0.05 - depth, np.minimum(0.05, 0.05 - depth * (50 - T) / 20))[:, None]
    return body


def bouncing(amplitude: float) -> Positions:
    body = standing(80)
    body[:, 20, 1] += amplitude * np.sin(2 * np.pi * T / 16)
    return body


@pytest.mark.parametrize(
    ("action", "shown", "not_shown"),
    [
        ("idle", standing(80), moved(standing(80), (0, 0, 0.4))),
        ("golf", swing(4.0), swing(1.0)),
        ("golf", swing(4.0), swing(4.0, apart=0.9)),
        ("drink", near_head(20), near_head(0)),
        ("phone", near_head(40), near_head(12)),
        ("march", lifting_knees(), standing(80)),
        ("sneak", lowered(moved(standing(80), (0, 0, 0.5)), 0.05), lowered(moved(standing(80), (0, 0, 0.5)), -0.08)),
        ("limp", limping(), moved(standing(80), (0, 0, 0.8))),
        ("limp", limping(), lowered(limping(), 0.15)),
        ("sit", lowered(standing(80), 0.35), lowered(standing(80), 0.7)),
        ("crouch", lowered(standing(80), 0.35), lowered(standing(80), 0.7)),
        ("crouch", lowered(standing(80), 0.35), standing(80)),
        ("stretch", with_hands(np.array([0, 0.6, 0.0]), 0.8), standing(80)),
        ("throw", with_hands(np.stack([0.0 * T, 0.3 + 0.0 * T, 0.6 * np.sin(T / 2)], axis=-1), 0.4), standing(80)),
        ("dance", swing(2.0), standing(80)),
        ("handstand", -standing(80), standing(80)),
        ("walk", moved(standing(80), (0, 0, 1.2)), moved(standing(80), (0, 0, 0.1))),
        ("run", moved(standing(80), (0, 0, 3.0)), moved(standing(80), (0, 0, 1.0))),
        ("get_up", raised_from(0.5), raised_from(0.1)),
        ("get_up", raised_from(0.5), raised_from(0.5)[::-1]),
        ("sidestep", moved(standing(80), (0.5, 0, 0.1)), moved(standing(80), (0.3, 0, 0.6))),
        ("sidestep", moved(standing(80), (-0.5, 0, 0.1)), standing(80)),
        ("basketball", bouncing(0.1), bouncing(0.03)),
        ("walk_backward", moved(standing(80), (0, 0, -0.7)), moved(standing(80), (0, 0, 0.7))),
    ],
)
def test_what_shows_an_action(action: str, shown: Positions, not_shown: Positions) -> None:
    assert evidence.shows(action, shown)
    assert not evidence.shows(action, not_shown)


def test_of_other_labels_anything_is_taken() -> None:
    assert evidence.shows("chop", standing(80))
    assert set(evidence.SIGNS) <= set(action_words.WORDS)


@pytest.mark.parametrize(
    ("caption", "slow", "fast"),
    [
        ("a person walks briskly", False, True),
        ("quick walk", False, True),
        ("she walks slowly", True, False),
        ("walks slowly, then fast", True, True),
        ("a person walks", True, True),
    ],
)
def test_a_caption_that_says_a_pace_is_true_of_that_pace_alone(caption: str, slow: bool, fast: bool) -> None:
    assert evidence.pace_fits(caption, moved(standing(80), (0, 0, 0.7))) == slow
    assert evidence.pace_fits(caption, moved(standing(80), (0, 0, 1.5))) == fast


def test_bodies_for_arms_do_one_thing_and_show_it() -> None:
    def clip(name: str, body: Positions, *actions: str, kind: str = "single") -> Clip:
        return Clip(name, 1, kind, actions, (), body)  # type: ignore[arg-type]

    clips = [
        clip("good", standing(80), "idle"),
        clip("short", standing(40), "idle"),
        clip("more", standing(80), "idle", "wave"),
        clip("moves", moved(standing(80), (0, 0, 1.0)), "idle"),
        clip("many", standing(80), "idle", kind="sequence"),
    ]
    assert [c.name for c in evidence.bodies(clips, "idle", 64)] == ["good"]
