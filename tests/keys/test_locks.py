"""What locks hold: nothing of it is changed, and what is made is the nearest that there is, as a search finds it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from mdm_blender.keys.euler import from_mode
from mdm_blender.keys.locks import FOURS, Held, Locks, near, nearest, numbers

MODES = (*FOURS, "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
FRAMES = 20


def some(axes: Sequence[bool]) -> bool:
    return 1 <= sum(axes) <= 2


AXES = [axes for axes in product((False, True), repeat=3) if some(axes)]
locks = st.one_of(
    st.builds(Locks, st.sampled_from(MODES), st.sampled_from(AXES), st.booleans(), st.booleans()),
    st.builds(Locks, st.just("AXIS_ANGLE"), st.sampled_from([*AXES, (True, True, True)]), st.booleans(), st.just(True)),
).filter(lambda it: not it.wholly)
seeds = st.integers(0, 2**31)


def turn(random: np.random.Generator, count: int = 1) -> Any:
    """Unit quaternions [count, 4]."""
    made = random.normal(size=(count, 4))
    return made / np.linalg.norm(made, axis=-1, keepdims=True)


def shown(random: np.random.Generator, mode: str, count: int = 1) -> Any:
    """Any numbers [count, n] of a mode; quaternions and axes of any length."""
    if mode == "QUATERNION":
        return random.uniform(0.8, 1.2) * turn(random, count)
    if mode == "AXIS_ANGLE":
        return np.concatenate([random.uniform(-4, 4, (count, 1)), random.normal(size=(count, 3))], axis=-1)
    return random.uniform(-4, 4, (count, 3))


def played(locks: Locks, held: Any, free: Any) -> Any:
    """The rotation [4] with these numbers where nothing is locked: by SciPy's Euler angles, and lengths kept."""
    mode = locks.mode
    if mode not in FOURS or not locks.by_component:
        order = (mode if mode not in FOURS else "XYZ").lower()
        angles = np.array([held["XYZ".index(it.upper())] for it in order])
        if mode in FOURS:
            angles = Rotation.from_quat(np.roll(from_mode(held[None], mode)[0], -1)).as_euler(order)
        angles[[k for k, it in enumerate(order) if not locks.axes["XYZ".index(it.upper())]]] = free
        return np.roll(Rotation.from_euler(order, angles).as_quat(), 1)
    values = held.copy()
    loose = ~np.array(locks.numbers)
    values[loose] = free
    part = loose if mode == "QUATERNION" else loose & np.array([False, True, True, True])
    length = np.linalg.norm(values[part])
    # A search may come to a length of 0, which points nowhere and is none of the rotations that keep theirs.
    values[part] = values[part] * np.linalg.norm(held[part]) / length if length > 0 else held[part]
    return from_mode(values[None], mode)[0]


def away(a: Any, b: Any) -> float:
    """Radians between two rotations."""
    return float(2 * np.arcsin(min(1.0, min(np.linalg.norm(a - b), np.linalg.norm(a + b)) / 2)))


def free_of(locks: Locks) -> int:
    told = locks.mode in FOURS and not locks.by_component
    return 3 - sum(locks.axes) if told else len(locks.numbers) - sum(locks.numbers)


@given(locks, seeds)
@example(Locks("AXIS_ANGLE", (True, True, False), w=False, by_component=True), 500)
@settings(max_examples=120, deadline=None)
def test_no_search_finds_a_rotation_that_is_nearer_and_leaves_what_is_locked(locks: Locks, seed: int) -> None:
    random = np.random.default_rng(seed)
    held, wanted = shown(random, locks.mode), turn(random)
    made = nearest(Held(locks, held), wanted)[0]
    count = free_of(locks)

    def cost(free: Any) -> float:
        return -abs(float(played(locks, held[0], free) @ wanted[0]))

    starts = random.uniform(-3, 3, (12, count))
    found = [minimize(cost, it, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15}) for it in starts]
    best = min(found, key=lambda it: it.fun)
    assert away(made, wanted[0]) <= away(played(locks, held[0], best.x), wanted[0]) + 1e-6
    # And it is one of those that were searched: from itself on the search finds itself.
    reached = min(
        away(played(locks, held[0], it), made)
        for it in [
            best.x,
            *(minimize(lambda x: away(played(locks, held[0], x), made), s, method="Nelder-Mead").x for s in starts),
        ]
    )
    assert reached < 1e-3


@given(locks, seeds)
@settings(max_examples=200, deadline=None)
def test_what_is_locked_keeps_its_very_numbers_or_its_turn(locks: Locks, seed: int) -> None:
    """Over time too, where what is locked is animated; and done once more it is done already."""
    random = np.random.default_rng(seed)
    held = Held(locks, shown(random, locks.mode, FRAMES))
    wanted = turn(random, FRAMES)
    made = numbers(held, wanted)
    number = np.array(locks.numbers)
    assert np.array_equal(made[:, number], held.values[:, number])
    rotations = from_mode(made, locks.mode)
    if locks.mode in FOURS and not locks.by_component:
        # Of the two triples of a rotation one has the locked angles.
        before, after = (
            Rotation.from_quat(np.roll(from_mode(it, locks.mode), -1, axis=-1)).as_euler("xyz")
            for it in (held.values, made)
        )
        other = np.stack([after[:, 0] + np.pi, np.pi - after[:, 1], after[:, 2] + np.pi], axis=-1)
        off = [np.abs(np.sin((it - before)[:, list(locks.axes)] / 2)).max(axis=-1) for it in (after, other)]
        assert np.minimum(*off).max() < 1e-5
    else:
        size = np.linalg.norm(made, axis=-1) if locks.mode == "QUATERNION" else np.linalg.norm(made[:, 1:], axis=-1)
        whole = held.values if locks.mode == "QUATERNION" else held.values[:, 1:]
        if locks.mode in FOURS:
            np.testing.assert_allclose(size, np.linalg.norm(whole, axis=-1), rtol=1e-9)
    again = nearest(held, rotations)
    assert max(away(a, b) for a, b in zip(again, rotations, strict=True)) < 1e-6
    alone = [nearest(held.at(np.array([k])), wanted[k : k + 1])[0] for k in range(FRAMES)]
    assert max(away(a, b) for a, b in zip(alone, rotations, strict=True)) < 1e-6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("by_component", [False, True])
def test_a_rotation_that_leaves_what_is_locked_stays_as_it_is(mode: str, by_component: bool) -> None:
    """A hinge that turns twice round, at what its other axes are: no jumps, the very turn."""
    angle = np.linspace(0, 4 * np.pi, 90)
    if mode in FOURS:
        values = np.zeros((90, 4))
        half = angle / 2
        values[:, :2] = (
            np.stack([np.cos(half), np.sin(half)], -1) if mode == "QUATERNION" else np.stack([angle, angle * 0 + 1], -1)
        )
        held = np.array([[1.0, 0, 0, 0]]) if mode == "QUATERNION" else np.array([[0.0, 1, 0, 0]])
    else:
        values = np.tile([0.0, 0.3, -0.4], (90, 1))
        held = values[:1]
        values = values.copy()
        values[:, 0] = angle
    locks = Locks(mode, (False, True, True), by_component=by_component)
    wanted = from_mode(values, mode)
    signs = np.where(np.random.default_rng(1).random(90) < 0.5, -1.0, 1.0)[:, None]
    made = numbers(Held(locks, held), wanted * signs)
    assert max(away(a, b) for a, b in zip(from_mode(made, mode), wanted, strict=True)) < 1e-6
    assert np.abs(np.diff(made, axis=0)).max() < 0.2


def test_without_locks_all_rotations_are_as_they_were() -> None:
    random = np.random.default_rng(0)
    for mode in MODES:
        wanted = turn(random, FRAMES)
        held = Held(Locks(mode), shown(random, mode))
        assert nearest(held, wanted) is wanted
        back = from_mode(numbers(held, wanted), mode)
        assert max(away(a, b) for a, b in zip(back, wanted, strict=True)) < 1e-6


@given(locks, seeds)
@settings(max_examples=100, deadline=None)
def test_numbers_near_others_alter_nothing_that_is_locked(locks: Locks, seed: int) -> None:
    random = np.random.default_rng(seed)
    raw = shown(random, locks.mode, FRAMES)
    made = numbers(Held(locks, raw), turn(random, FRAMES))
    fixed = random.random(FRAMES) < 0.3
    result = near(made, raw, fixed, locks)
    number = np.array(locks.numbers)
    assert np.array_equal(result[:, number], raw[:, number])
    assert np.array_equal(result[fixed], raw[fixed])
    a, b = (from_mode(it[~fixed], locks.mode) for it in (result, made))
    assert max((away(x, y) for x, y in zip(a, b, strict=True)), default=0.0) < 1e-6


@pytest.mark.parametrize(
    ("locks", "named", "wholly"),
    [
        (Locks("XYZ", (True, False, True), True), "XZ", False),
        (Locks("XYZ", (True, True, True)), "XYZ", True),
        (Locks("QUATERNION", (True, True, False)), "XY", False),
        (Locks("QUATERNION", (True, True, True)), "XYZ", True),
        (Locks("QUATERNION", (False, False, False), True, by_component=False), "", False),
        (Locks("QUATERNION", (True, True, True), by_component=False), "XYZ", True),
        (Locks("AXIS_ANGLE", (True, True, True)), "XYZ", False),
        (Locks("AXIS_ANGLE", (True, True, True), True), "WXYZ", True),
        (Locks("AXIS_ANGLE", (True, True, True), by_component=False), "XYZ", True),
    ],
)
def test_what_is_locked_has_a_name(locks: Locks, named: str, wholly: bool) -> None:
    assert (locks.named, locks.wholly) == (named, wholly)
