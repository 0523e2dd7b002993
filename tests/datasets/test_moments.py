"""Moments found in motions of which it is known when something happens."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import describe, moments
from tests.datasets.bodies import Positions, standing


def seated(frames: int) -> Positions:
    """The uniform skeleton on a chair: thighs level to the front, shins down."""
    body = standing(frames)
    thigh = np.linalg.norm(body[0, 4] - body[0, 1])
    for hip, knee, ankle, foot in ((1, 4, 7, 10), (2, 5, 8, 11)):
        body[:, knee] = body[:, hip] + [0, -0.3 * thigh, 0.954 * thigh]
        shift = body[:, knee] - standing(frames)[:, knee]
        body[:, [ankle, foot]] += shift[:, None]
    return body - np.array([0, body[..., 1].min(), 0])


def between(first: Positions, second: Positions, frames: int) -> Positions:
    share = np.linspace(0, 1, frames)[:, None, None]
    return first[-1] * (1 - share) + second[0] * share


def sits_and_rises() -> Positions:
    """Two seconds up, one down, three seated, one up, two up."""
    heel = [0, 0.08, 0]
    up, down = standing(40) + heel, seated(60) + heel
    return np.concatenate([up, between(up, down, 20), down, between(down, up, 20), up])


def test_sitting_down_and_standing_up_are_found_where_they_happen() -> None:
    body = sits_and_rises()
    found = list(moments.moments(body, describe.track(body), ("sit_down",)))
    assert [m.tag for m in found] == ["sit down", "stand up"]
    down, up = found
    assert 36 <= down.start <= 48 and 50 <= down.stop <= 75
    assert 112 <= up.start <= 130 and 125 <= up.stop <= 142
    assert down.low == 0 and up.high == len(body)
    assert down.high <= up.start + 7 and up.low >= down.stop - 12


def test_nothing_is_looked_for_without_the_label() -> None:
    body = sits_and_rises()
    assert list(moments.moments(body, describe.track(body), ("walk",))) == []


def reaching_down() -> Positions:
    body = standing(120)
    depth = np.clip(1 - np.abs(np.arange(120) - 60) / 15, 0, 1)[:, None]
    body[:, [19, 21], 1] -= depth * (body[:, [19, 21], 1] - 0.3)
    return body


def test_a_hand_that_goes_down_and_up_picks_something_up() -> None:
    body = reaching_down()
    (found,) = moments.moments(body, describe.track(body), ("pick_up",))
    assert found.tag == "pick up"
    assert 44 <= found.start <= 55 and 65 <= found.stop <= 76


def test_windows_hold_the_moment_and_stay_inside_its_limits() -> None:
    moment = moments.Moment("stand up", 60, 80, 40, 150)
    rng = np.random.default_rng(0)
    spans = [moments.shown(moment, rng) for _ in range(50)]
    assert all(40 <= a < 60 and 80 < b <= 150 for a, b in spans)
    assert len(set(spans)) > 10


@pytest.mark.parametrize("tag", sorted(moments.WORDS))
def test_the_plainest_words_are_always_said(tag: str) -> None:
    said = moments.captions(moments.Moment(tag, 0, 10, 0, 20), np.random.default_rng(1))
    assert said[0] == f"a person {moments.WORDS[tag][0]}"
    assert len(said) == len(set(said)) >= 3
