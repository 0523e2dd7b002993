"""Channels thinned: the tolerance as a property, and curves of which it is known what they need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender.keys import metric, thin
from mdm_blender.keys.bezier import Keys, played, roots
from mdm_blender.keys.euler import from_mode
from mdm_blender.keys.thin import Property, Thinning
from mdm_blender.keys.windows import LONGEST, SHORTEST, SOONEST

Array = NDArray[np.float64]


def wobble(seed: int, frames: int, channels: int, stride: int = 1) -> Array:
    """Sums of sines of random speeds: smooth, without a pattern."""
    random = np.random.default_rng(seed)
    t = np.arange(0, frames - 1 + 1e-9, 1 / stride)[:, None, None]
    speed, phase = random.uniform(0.02, 0.4, (1, channels, 4)), random.uniform(0, 7, (1, channels, 4))
    return np.sin(speed * t + phase).mean(axis=-1)


def quaternions(seed: int, frames: int, size: float, stride: int = 1) -> Array:
    """A smooth rotation without a pattern, Blender's order of components, continuous."""
    turns = Rotation.from_rotvec(size * wobble(seed, frames, 3, stride)).as_quat()
    signs = np.cumprod(np.append(1.0, np.where(np.einsum("tc,tc->t", turns[1:], turns[:-1]) < 0, -1.0, 1.0)))
    return np.asarray(np.roll(turns, 1, axis=-1) * signs[:, None], dtype=np.float64)


def degrees(a: Array, b: Array) -> Array:
    one, other = (Rotation.from_quat(np.roll(q, -1, axis=-1)) for q in (a, b))
    return np.degrees((one.inv() * other).magnitude())


def full(values: Array) -> Array:
    return from_mode(values, "QUATERNION")


def begun(dense: Array, stride: int = 1) -> list[Keys]:
    """A key on every frame with the slope between its neighbours; what is dense is then what these keys play."""
    times = np.arange(len(dense)) / stride
    indices = np.arange(0, len(dense), stride)
    slopes = np.gradient(dense[indices], axis=0)
    return [
        Keys(
            indices, dense[indices, c], np.stack([slopes[:-1, c], slopes[1:, c]], -1),
            np.full((len(indices) - 1, 2), 1 / 3), np.ones(len(indices), dtype=np.bool_),
        )
        for c in range(dense.shape[1])
    ] if len(times) > 1 else []  # fmt: skip


def curve(keys: list[Keys], times: Array) -> Array:
    return np.stack([played(it, times, times) for it in keys], axis=1)


def thinned(
    values: Array, rows: Array, stops: tuple[int, ...] = (), stride: int = 1, shared: Array | None = None
) -> tuple[Array, list[Keys], Array]:
    """The dense curve, what is left of its keys, and what is left plays; rows: [T, G, 3, C]."""
    times = np.arange(len(values)) / stride
    keys = begun(values, stride)
    dense = curve(keys, times)
    shared = np.zeros((len(values), rows.shape[1] - 2, 3)) if shared is None else shared
    part = Property(dense, rows, keys, [frozenset(stops)] * values.shape[1])
    thinning = Thinning(times, [part], shared, stride)
    thinning.run()
    left = thinning.left()[0]
    return dense, left, curve(left, times)


def turned(values: Array, limit: float) -> Array:
    return metric.of_rotation(values, full, np.full(len(values), limit), "QUATERNION")


def moved(values: Array, limit: float) -> Array:
    return metric.of_place(values, np.full(len(values), limit))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), frames=st.integers(3, 80), size=st.sampled_from([0.2, 1.0, 2.5]))
def test_a_bone_turns_as_before_within_the_tolerance(seed: int, frames: int, size: float) -> None:
    values = quaternions(seed, frames, size)
    dense, keys, now = thinned(values, turned(values, 0.5))
    assert degrees(now, dense).max() <= 0.5 * 1.02
    assert np.abs(np.linalg.norm(now, axis=-1) / np.linalg.norm(dense, axis=-1) - 1).max() <= 1.1 * metric.LENGTH
    for it in keys:
        assert it.indices[0] == 0 and it.indices[-1] == frames - 1
        assert (np.diff(it.indices) > 0).all()


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(2, 60),
    channels=st.integers(1, 3),
    tolerance=st.sampled_from([0.3, 0.03, 0.003]),
)
def test_no_time_is_off_by_more_than_the_tolerance(seed: int, frames: int, channels: int, tolerance: float) -> None:
    values = wobble(seed, frames, channels, 4)
    dense, keys, now = thinned(values, moved(values, tolerance), stride=4)
    assert np.linalg.norm(now - dense, axis=-1).max() <= tolerance * (1 + 1e-6)
    for c, it in enumerate(keys):
        assert list(it.values[[0, -1]]) == list(values[[0, -1], c])
        assert all(index % 4 == 0 for index in it.indices), "keys lie on frames, not on the times between"


@pytest.mark.parametrize("tolerance", [0.02, 0.002])
def test_most_keys_stay_smooth_and_handles_can_be_grasped(tolerance: float) -> None:
    values = wobble(8, 120, 3)
    _, keys, _ = thinned(values, moved(values, tolerance))
    assert np.concatenate([it.aligned[1:-1] for it in keys]).mean() > 0.8
    for it in keys:
        one_slope = it.aligned[1:-1]
        assert it.slopes[:-1, 1][one_slope] == pytest.approx(it.slopes[1:, 0][one_slope], abs=1e-12)
        assert (it.reaches >= SHORTEST - 1e-9).all() and (it.reaches <= LONGEST + 1e-9).all()
        assert (it.reaches.sum(axis=-1) <= 1 + 1e-9).all()
        width = np.diff(it.indices)[:, None]
        assert (it.reaches * width >= np.minimum(SOONEST, width / 3) - 1e-9).all()


def test_a_corner_is_made_only_where_a_key_goes_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    values = wobble(8, 120, 3)
    _, some, _ = thinned(values, moved(values, 0.002))
    monkeypatch.setattr(thin, "PASSES", [it for it in thin.PASSES if not it[1]])
    _, none, _ = thinned(values, moved(values, 0.002))
    corners = sum(int((~it.aligned).sum()) for it in some)
    assert all(it.aligned.all() for it in none)
    assert 0 < corners <= sum(len(a.indices) - len(b.indices) for a, b in zip(none, some, strict=True))


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_handles_stay_near_the_curve(seed: int) -> None:
    values, tolerance = wobble(seed, 120, 1), 0.05
    dense, (it,), _ = thinned(values, moved(values, tolerance))
    assert len(it.indices) < 25
    for i, (low, high) in enumerate(zip(it.indices, it.indices[1:], strict=False)):
        between = dense[low : high + 1, 0]
        width = (high - low) * it.reaches[i] * it.slopes[i]
        for handle in (it.values[i] + width[0], it.values[i + 1] - width[1]):
            beyond = max(handle - between.max(), between.min() - handle)
            assert beyond <= np.ptp(between) + 3 * tolerance


def test_a_bezier_cut_in_two_is_made_one_again() -> None:
    """De Casteljau's cut leaves handles of other reaches, from which the whole curve's follow."""
    points = np.array([[0.0, 0.0], [24.0, 7.0], [32.0, 3.0], [40.0, 2.0]])
    s = float(roots(*(np.array([it]) for it in (15 / 40, 0.6, 0.2, 0.3)), iterations=60)[0])
    edges = points[:-1] + s * np.diff(points, axis=0)
    corners = edges[:-1] + s * np.diff(edges, axis=0)
    middle = corners[0] + s * (corners[1] - corners[0])
    assert middle[0] == pytest.approx(15)
    handles = np.array([[edges[0] - points[0], middle - corners[0]], [corners[1] - middle, points[3] - edges[2]]])
    cut = Keys(
        np.array([0, 15, 40]), np.array([0.0, middle[1], 2.0]), handles[..., 1] / handles[..., 0],
        handles[..., 0] / np.array([[15.0], [25.0]]), np.ones(3, dtype=np.bool_),
    )  # fmt: skip
    times = np.arange(41.0)
    dense = curve([cut], times)
    thinning = Thinning(times, [Property(dense, moved(dense, 1e-4), [cut], [frozenset()])], np.zeros((41, 0, 3)))
    thinning.run()
    ((whole,),) = thinning.left()
    assert list(whole.indices) == [0, 40]
    assert whole.reaches[0] == pytest.approx([0.6, 0.2], abs=1e-3)


def test_what_is_straight_is_two_keys_and_a_corner_keeps_one() -> None:
    values = np.concatenate([np.zeros(30), np.arange(31.0)])[:, None]
    assert [len(it.indices) for it in thinned(0 * values, moved(values, 1e-3))[1]] == [2]
    (corner,) = thinned(values, moved(values, 0.1))[1]
    assert np.abs(corner.indices - 30).min() <= 1
    assert len(corner.indices) <= 5


def test_a_wave_takes_a_few_keys_a_turn_and_fewer_with_more_tolerance() -> None:
    values = np.sin(2 * np.pi * np.arange(241.0) / 60)[:, None]
    counts = [len(thinned(values, moved(values, tolerance))[1][0].indices) for tolerance in (1e-4, 1e-2, 0.1)]
    assert counts[0] > counts[1] >= counts[2]
    assert counts[1] <= 3 * 4, "an animator would set two keys a turn"


def test_stops_keep_their_key_and_value() -> None:
    values = wobble(3, 80, 2)
    _, keys, _ = thinned(values, moved(values, 0.5), (13, 40, 41))
    for c, it in enumerate(keys):
        for index in (13, 40, 41):
            assert it.values[list(it.indices).index(index)] == values[index, c]


def test_a_hinge_keys_its_own_axis_and_little_else() -> None:
    half = 0.25 + 0.2 * np.sin(np.arange(100) / 6)
    values = np.stack([np.cos(half), np.sin(half), 0 * half, 0 * half], axis=-1)
    _, keys, _ = thinned(values, turned(values, 0.5))
    assert [len(it.indices) for it in keys[2:]] == [2, 2]
    assert len(keys[0].indices) < len(keys[1].indices)


def test_what_several_bones_move_stays_within_its_own_limit() -> None:
    """A point half a metre away on the bone's own axis y may move by 2 mm, less than 0.5° would."""
    values = quaternions(5, 90, 0.6)
    arm = np.array([0.0, 0.5, 0.0])
    radians = turned(values, float(np.degrees(1)))
    point = np.stack([np.cross(radians[:, 0, :, c], arm) for c in range(4)], axis=-1)[:, None] / 0.002
    free, held = (
        thinned(values, rows) for rows in (turned(values, 0.5), np.concatenate([turned(values, 0.5), point], axis=1))
    )
    off = []
    for dense, _, now in (free, held):
        place, other = (Rotation.from_quat(np.roll(q, -1, axis=-1)).apply(arm) for q in (dense, now))
        off.append(np.linalg.norm(place - other, axis=-1).max())
    assert off[0] > 0.0025, "it must move too far without, or nothing is shown"
    assert off[1] <= 0.002 * 1.02


def test_two_bones_share_what_both_move() -> None:
    """Each alone could take all of it; together they may not be off by more."""
    values = [wobble(seed, 70, 1) for seed in (1, 2)]
    times = np.arange(70.0)
    parts: list[Property] = []
    for one in values:
        keys = begun(one)
        rows = np.zeros((70, 3, 3, 1))
        rows[:, 2, 0, 0] = 1 / 0.01
        parts.append(Property(curve(keys, times), rows, keys, [frozenset()]))
    shared = np.zeros((70, 1, 3))
    thinning = Thinning(times, parts, shared)
    thinning.run()
    left = [curve(keys, times) for keys in thinning.left()]
    total = sum((now - part.dense)[:, 0] for now, part in zip(left, parts, strict=True))
    assert np.abs(total).max() <= 0.01 * (1 + 1e-6)
    assert shared[:, 0, 0] * 0.01 == pytest.approx(total, abs=1e-9)
    assert all(len(keys[0].indices) < 35 for keys in thinning.left())
