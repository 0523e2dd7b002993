"""People made to point and to clap."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import pointing_clapping as hands
from mdm_core.datasets.cmu import Clip
from mdm_core.evaluation import geometry
from tests.datasets.bodies import moved, standing
from tests.datasets.test_compose import bone_lengths


@pytest.mark.parametrize(("side", "arm"), [("left", (18, 20)), ("right", (19, 21))])
def test_one_arm_points_and_the_rest_stays(side: str, arm: tuple[int, int]) -> None:
    body = standing(100)
    for seed in range(10):
        made = hands.pointing(body, side, np.random.default_rng(seed))
        rest = [j for j in range(22) if j not in arm]
        np.testing.assert_array_equal(made[:, rest], body[:, rest])
        np.testing.assert_allclose(bone_lengths(made), bone_lengths(body), atol=1e-9)
        assert geometry.points(made) and not geometry.points(body)
        assert np.linalg.norm(np.diff(made, axis=0), axis=-1).max() * 20 < 5.0


def test_hands_meet_before_the_chest_and_part_again() -> None:
    body = moved(standing(100), (0, 0, 1.0))
    for seed in range(10):
        made = hands.clapping(body, np.random.default_rng(seed))
        rest = [j for j in range(22) if j not in (18, 19, 20, 21)]
        np.testing.assert_array_equal(made[:, rest], body[:, rest])
        np.testing.assert_allclose(bone_lengths(made), bone_lengths(body), atol=1e-9)
        apart = np.linalg.norm(made[:, 20] - made[:, 21], axis=-1)
        assert 0.08 < apart.min() < 0.12
        ahead = (made[apart < 0.2][:, [20, 21], 2] - made[apart < 0.2][:, [9], 2]).min()
        assert ahead > 0.1
        assert geometry.claps(made)


def test_two_bones_reach_where_they_can_and_keep_their_lengths() -> None:
    reach = np.array([[0.1, -0.2, 0.3], [0.0, 0.0, 0.9]])
    upper, fore = hands.bent(reach, (0.28, 0.26), np.array([0.0, -1.0, 0.0]))
    np.testing.assert_allclose(np.linalg.norm(upper, axis=-1), 1, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(fore, axis=-1), 1, atol=1e-9)
    np.testing.assert_allclose((0.28 * upper + 0.26 * fore)[0], reach[0], atol=1e-9)
    assert (0.28 * upper)[0, 1] < 0.5 * reach[0, 1]


def test_clips_say_what_is_made_and_on_whom() -> None:
    whole = [
        Clip("1_1", 1, "single", ("idle",), ("a person stands",), standing(120)),
        Clip("1_2", 1, "single", ("walk",), ("a person walks",), moved(standing(120), (0, 0, 1.0))),
        Clip("1_3", 1, "single", ("walk", "turn"), ("a person walks",), standing(120)),
    ]
    made = list(hands.clips(whole, 40, np.random.default_rng(0)))
    assert {clip.actions[0] for clip in made} == {"point", "clap"}
    assert not [clip for clip in made if clip.name.startswith("1_3")]
    assert {c.captions[0] for c in made if c.name.startswith("1_1")} == {
        "a person points at something",
        "a person claps",
    }
    assert {c.captions[0] for c in made if c.name.startswith("1_2")} == {
        "a person walks and points at something",
        "a person walks and claps",
    }
    sides = [side for c in made for side in ("left", "right") if any(side in words for words in c.captions)]
    assert set(sides) == {"left", "right"}
    assert list(hands.clips([], 10, np.random.default_rng(0))) == []
