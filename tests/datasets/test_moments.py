"""Moments found in motions of which it is known when something happens."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.datasets import describe, moments
from tests.datasets.bodies import Positions, moved, standing, turned


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
    assert [m.tag for m in found] == ["sit down", "stand up", "sitting"]
    down, up, stays = found
    assert stays.start >= 50 and stays.stop <= 130
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


def found(body: Positions, *actions: str) -> list[tuple[str, int, int]]:
    return [(m.tag, m.start, m.stop) for m in moments.moments(body, describe.track(body), actions)]


def with_leg(body: Positions, side: int, degrees: np.ndarray) -> Positions:
    """The body with one straight leg swung ahead by these angles [T] about the hip."""
    result = body.copy()
    hip, angle = body[:, 1 + side], np.radians(degrees)
    for joint in (4 + side, 7 + side, 10 + side):
        rest = body[:, joint] - hip
        c, s = np.cos(angle), np.sin(angle)
        turned_y, turned_z = c * rest[:, 1] + s * rest[:, 2], c * rest[:, 2] - s * rest[:, 1]
        result[:, joint] = hip + np.stack([rest[:, 0], turned_y, turned_z], axis=-1)
    return result


def hump(frames: int, at: int, half: int) -> np.ndarray:
    """0, rising to 1 at frame `at`, and 0 again: [frames]."""
    return np.clip(1 - np.abs(np.arange(frames) - at) / half, 0, 1)


@pytest.mark.parametrize(("side", "name"), [(0, "left"), (1, "right")])
def test_a_straight_leg_swung_up_is_a_kick_of_that_leg(side: int, name: str) -> None:
    body = with_leg(standing(80), side, 85 * hump(80, 40, 8))
    ((tag, start, stop),) = found(body, "kick")
    assert tag == f"kick {name}"
    assert 30 <= start <= 38 and 43 <= stop <= 51
    assert not found(body, "walk")
    assert not found(body, "dance", "kick")


def test_a_leg_lifted_low_or_slowly_is_no_kick() -> None:
    assert not found(with_leg(standing(80), 1, 35 * hump(80, 40, 8)), "kick")
    assert not found(with_leg(standing(160), 1, 85 * hump(160, 80, 70)), "kick")


def test_a_lower_swing_is_a_kick_where_there_is_a_ball() -> None:
    low = with_leg(standing(80), 1, 58 * hump(80, 40, 3))
    assert [tag for tag, _, _ in found(low, "kick", "soccer")] == ["kick right"]
    assert not found(low, "kick")


@pytest.mark.parametrize(("degrees", "tag"), [(400, "spin left"), (-400, "spin right")])
def test_a_whole_turn_on_the_spot_is_a_spin(degrees: float, tag: str) -> None:
    still, spin = standing(40), turned(standing(50), np.radians(degrees))
    ((name, start, stop),) = found(np.concatenate([still, spin, np.repeat(spin[-1:], 40, axis=0)]), "dance")
    assert name == tag and 35 <= start <= 46 and 84 <= stop <= 95


def test_neither_half_a_turn_nor_a_circle_is_a_spin() -> None:
    assert not found(turned(standing(50), np.pi), "dance")
    circle = turned(standing(50) + np.array([1.5, 0, 0]), np.radians(400))
    assert not found(circle, "dance")


def walk_to_a_stop() -> Positions:
    speed = np.concatenate([np.full(50, 1.1), np.linspace(1.1, 0, 10), np.zeros(60)])
    return standing(120) + np.cumsum(speed / 20)[:, None, None] * [0, 0, 1]


def test_walking_that_ends_in_standing_is_a_stop() -> None:
    ((tag, start, stop),) = found(walk_to_a_stop(), "walk")
    assert tag == "stop" and start < 40 and 70 <= stop <= 90
    assert not found(walk_to_a_stop(), "zombie_walk")
    assert not found(moved(standing(120), (0, 0, 1.1)), "walk")
    assert not found(walk_to_a_stop()[:70], "walk")


def there_and_back(degrees: float) -> Positions:
    there = moved(standing(50), (0, 0, 1.1))
    turn = turned(standing(25), np.radians(degrees)) + [0, 0, there[-1, 0, 2]]
    heading = np.array([np.sin(np.radians(degrees)), 0, np.cos(np.radians(degrees))])
    back = np.repeat(turn[-1:], 50, axis=0) + (np.arange(1, 51) / 20 * 1.1)[:, None, None] * heading
    return np.concatenate([there, turn, back])


def test_walking_back_is_found_and_a_corner_is_not() -> None:
    ((tag, start, stop),) = found(there_and_back(180), "walk")
    assert tag == "walk back" and start < 50 and stop > 75
    assert "walk back" not in {name for name, _, _ in found(there_and_back(90), "walk")}


def with_arms_up(left: float, right: float) -> Positions:
    """Hanging arms that go overhead from frame 40 to 50 (by these shares of the way) and stay."""
    body = standing(100)
    share = np.clip((np.arange(100) - 40) / 10, 0, 1)[:, None]
    for side, part in ((0, left), (1, right)):
        for joint in (18 + side, 20 + side):
            body[:, joint, 1] += (part * share * 2 * (body[:, 16 + side] - body[:, joint]))[:, 1]
    return body


def test_one_arm_that_goes_up_is_raised() -> None:
    ((tag, start, stop),) = found(with_arms_up(1, 0), "signal")
    assert tag == "raise left" and 38 <= start <= 46 and stop == 100
    assert [tag for tag, _, _ in found(with_arms_up(0, 1), "signal")] == ["raise right"]
    assert not found(with_arms_up(0.4, 0), "signal")
    assert not found(with_arms_up(1, 0), "animal_mime")


def test_both_arms_that_go_up_from_hanging_are_raised() -> None:
    ((tag, start, stop),) = found(with_arms_up(1, 1), "signal")
    assert tag == "arm both" and 38 <= start <= 46 and stop == 100
    assert not found(with_arms_up(1, 1)[50:], "signal")
    assert not found(with_arms_up(1, 1), "animal_mime")


def to_the_floor(frames: int) -> Positions:
    up = standing(40)
    floor = up[:30].copy()
    floor[..., 1] = 0.15 + 0.05 * up[:30, :, 1]
    return np.concatenate([up, between(up, floor, frames), floor])


@pytest.mark.parametrize(("frames", "falls"), [(16, True), (60, False)])
def test_only_what_is_fast_is_a_fall(frames: int, falls: bool) -> None:
    assert [tag for tag, _, _ in found(to_the_floor(frames), "fall")] == (["fall"] if falls else [])


@pytest.mark.parametrize(("frames", "lies"), [(16, False), (60, True)])
def test_who_goes_down_slowly_lies_down(frames: int, lies: bool) -> None:
    trunk = np.concatenate([np.zeros(40), np.linspace(0, 1, frames), np.ones(30)])[:, None] * np.array([0, 0, 0.9])
    body = to_the_floor(frames)
    body[:, [12, 15]] += trunk[:, None]
    assert [tag for tag, _, _ in found(body, "lie_down")] == (["lie_down"] if lies else [])


@pytest.mark.parametrize(("frames", "depth", "crouches"), [(15, 0.35, True), (100, 0.35, False), (15, 0.1, False)])
def test_going_low_at_once_is_crouching_down(frames: int, depth: float, crouches: bool) -> None:
    body = standing(40) + [0, 0.08, 0]
    low = body.copy()
    upper = [0, 1, 2, 3, 6, 9, *range(12, 22)]
    low[:, upper, 1] -= depth
    low[:, [4, 5], 1] -= depth / 2
    tags = [tag for tag, _, _ in found(np.concatenate([body, between(body, low, frames), low]), "crouch")]
    assert tags == (["crouch"] if crouches else [])


def test_who_goes_on_to_the_floor_does_not_crouch_down() -> None:
    body = standing(40) + [0, 0.08, 0]
    low, floor = body.copy(), body.copy()
    upper = [0, 1, 2, 3, 6, 9, *range(12, 22)]
    for lowered, depth in ((low, 0.35), (floor, 0.75)):
        lowered[:, upper, 1] -= depth
        lowered[:, [4, 5], 1] -= depth / 2
    onward = np.concatenate([body, between(body, low, 15), low, between(low, floor, 10), floor])
    assert "crouch" in [tag for tag, _, _ in found(onward[:95], "crouch")]
    assert "crouch" not in [tag for tag, _, _ in found(onward, "crouch")]


def flinging(frames: int = 200) -> Positions:
    """The right hand goes up and back within half a second, and from frame 100 on forward at 5 m/s."""
    body = standing(frames)
    path = np.interp(np.arange(frames), [90, 100, 104, 112], [0.0, -0.4, 0.6, 0.0])
    lifted = np.interp(np.arange(frames), [84, 95, 106, 118], [0.0, 1.0, 1.0, 0.0])
    body[:, 21, 2] += path
    body[:, 21, 1] += lifted * (body[:, 12, 1] + 0.1 - body[:, 21, 1])
    return body


def test_a_throw_is_shown_from_winding_up_to_following_through() -> None:
    body = flinging()
    (throw,) = moments.moments(body, describe.track(body), ("throw",))
    assert throw.tag == "throw right"
    assert throw.start <= 90 and throw.stop >= 112
    assert throw.low > 40 and throw.high < 170


@pytest.mark.parametrize("other", ["mime", "other", "basketball"])
def test_a_rod_that_is_cast_and_a_basketball_that_is_put_up_are_no_throws(other: str) -> None:
    assert not found(flinging(), "throw", other)


def test_staying_seated_is_sitting() -> None:
    tags = {tag: (start, stop) for tag, start, stop in found(seated(100), "sit")}
    assert set(tags) == {"sitting"}
    assert not found(standing(100), "sit")


@pytest.mark.parametrize(("sign", "tag"), [(1, "stairs up"), (-1, "stairs down")])
def test_feet_that_rest_higher_and_higher_climb(sign: int, tag: str) -> None:
    steps = np.clip(np.floor((np.arange(120) - 30) / 15), 0, 4) * 0.17
    body = moved(standing(120), (0, 0, 0.3))
    body[..., 1] += (steps if sign > 0 else steps[::-1])[:, None]
    assert [name for name, _, _ in found(body, "stairs")] == [tag]
    assert not found(moved(standing(120), (0, 0, 0.3)), "stairs")


def test_hops_are_told_by_the_leg_they_are_on() -> None:
    body = standing(80)
    body[..., 1] += 0.12 * np.abs(np.sin(np.arange(80) * np.pi / 10))[:, None]
    body[:, [8, 11], 1] += 0.3
    assert [tag for tag, _, _ in found(body, "hop")] == ["hop left"]


def test_a_trunk_that_leans_and_comes_up_bows() -> None:
    body, angle = standing(80), np.radians(70) * hump(80, 40, 15)
    for joint in (3, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21):
        rest = body[:, joint] - body[:, 0]
        c, s = np.cos(angle), np.sin(angle)
        y, z = c * rest[:, 1] - s * rest[:, 2], c * rest[:, 2] + s * rest[:, 1]
        body[:, joint] = body[:, 0] + np.stack([rest[:, 0], y, z], axis=-1)
    assert [tag for tag, _, _ in found(body, "bow")] == ["bow"]


def test_crawling_moves_near_the_ground() -> None:
    low = standing(60)
    low[..., 1] *= 0.3
    assert {tag for tag, _, _ in found(moved(low, (0, 0, 0.4)), "crawl")} == {"crawl"}
    assert not found(low, "crawl")


def turned_between(body: Positions, a: int, b: int, degrees: float) -> Positions:
    """The body turned evenly by `degrees` to the left from frame a to frame b, on its own spot."""
    angle = np.radians(degrees) * np.clip((np.arange(len(body)) - a) / (b - a), 0, 1)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    around = body - body[:, :1] * [1, 0, 1]
    x, z = around[..., 0], around[..., 2]
    return np.stack([c * x + s * z, around[..., 1], c * z - s * x], axis=-1) + body[:, :1] * [1, 0, 1]


@pytest.mark.parametrize(
    ("degrees", "tag"),
    [(90, "turn left"), (-90, "turn right"), (180, "turn around left"), (-170, "turn around right")],
)
def test_a_turn_on_the_spot_is_found_by_side_and_size(degrees: float, tag: str) -> None:
    ((name, start, stop),) = found(turned_between(standing(120), 50, 75, degrees), "idle")
    assert name == tag
    assert 44 <= start <= 56 and 69 <= stop <= 81


def test_a_small_turn_and_one_among_others_are_not_told_of() -> None:
    assert not found(turned_between(standing(120), 50, 75, 40), "idle")
    twice = turned_between(turned_between(standing(90), 20, 40, 90), 45, 65, -90)
    assert not [tag for tag, _, _ in found(twice[:70], "idle") if tag.startswith("turn around")]


@pytest.mark.parametrize(("sign", "side"), [(1, "left"), (-1, "right")])
def test_a_turn_on_the_way_is_a_walk_that_turns(sign: float, side: str) -> None:
    heading = np.radians(sign * 90) * np.clip((np.arange(140) - 55) / 30, 0, 1)
    path = np.cumsum(np.stack([np.sin(heading), np.zeros(140), np.cos(heading)], axis=-1), axis=0) * 1.2 / 20
    body = turned_between(standing(140), 55, 85, sign * 90) + path[:, None]
    assert [tag for tag, _, _ in found(body, "walk")] == [f"walk turn {side}"]


@pytest.mark.parametrize(("speed", "side"), [(0.6, "left"), (-0.6, "right")])
def test_going_to_a_side_is_a_sidestep_with_little_around_it(speed: float, side: str) -> None:
    still, gone = standing(40), moved(standing(60), (speed, 0, 0))
    body = np.concatenate([still, gone, gone[-1:] - gone[:1] + still])
    (tag, start, stop), *others = [m for m in found(body, "sidestep") if m[0] in ("left", "right")]
    assert (tag, others) == (side, [])
    assert abs(start - 40) < 6 and abs(stop - 100) < 6
    (moment,) = [m for m in moments.moments(body, describe.track(body), ("sidestep",)) if m.tag == side]
    assert moment.low >= start - 4 and moment.high <= stop + 4


def test_only_a_fast_walk_straight_ahead_is_brisk() -> None:
    def brisk(body: Positions) -> list[str]:
        return [tag for tag, _, _ in found(body, "walk") if tag == "forward fast"]

    assert brisk(moved(standing(80), (0, 0, 1.7))) == ["forward fast"]
    assert brisk(moved(standing(80), (0, 0, 1.1))) == []
    assert brisk(moved(standing(80), (0, 0, 2.6))) == []
    assert brisk(turned(moved(standing(80), (0, 0, 1.7)), np.pi)) == []
