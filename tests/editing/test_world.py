"""Features to the world and back in the sampling loop, against `features.humanml3d` as the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mdm_core.editing import world
from mdm_core.features import humanml3d
from mdm_core.features.layout import FULL, Layout

OURS = Layout(("root", "ric", "velocity", "contact"))
LAYOUTS = pytest.mark.parametrize("layout", [FULL, OURS, Layout(("ric", "root"))], ids=lambda x: "+".join(x.groups))


def some_features(layout: Layout, seed: int = 0, frames: int = 12) -> NDArray[Any]:
    """Denormalised features [2, T, D] of nobody in particular, who turns a lot."""
    full = np.random.default_rng(seed).normal(size=(2, frames, 263)) * 0.2
    return full[..., layout.columns]


def recovered(x: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """The oracle's positions."""
    full = np.zeros((*x.shape[:-1], 263))
    full[..., layout.columns] = x
    return humanml3d.recover_positions(full)


@LAYOUTS
def test_positions_are_those_of_humanml3d(layout: Layout) -> None:
    x = some_features(layout)
    _, positions = world.decode(x, layout)
    np.testing.assert_allclose(positions, recovered(x, layout), atol=1e-12)


def test_yaw_turns_the_body_onto_its_ric() -> None:
    """Turned back by its yaw, a body is where its root-relative positions say."""
    x = some_features(OURS)
    yaw, positions = world.decode(x, OURS)
    local = world.turned(-yaw[..., None], positions[:, :, 1:] - positions[:, :, :1] * [1, 0, 1])
    np.testing.assert_allclose(local.reshape(2, -1, 63), x[..., OURS.slice("ric")], atol=1e-12)


@LAYOUTS
def test_nothing_changed_is_nothing_written(layout: Layout) -> None:
    x = some_features(layout)
    motion = world.decode(x, layout)
    np.testing.assert_allclose(world.encode(x, layout, motion, motion), x, atol=1e-12)


@LAYOUTS
@given(seed=st.integers(0, 1000))
def test_what_is_written_decodes_to_the_new_motion(layout: Layout, seed: int) -> None:
    x, rng = some_features(layout, seed), np.random.default_rng(seed + 1)
    before = world.decode(x, layout)
    yaw = before[0] + np.cumsum(rng.normal(size=before[0].shape), axis=1) * [[0], [1]]
    positions = before[1] + rng.normal(size=before[1].shape)
    positions -= positions[:, :1, :1] * [1, 0, 1]
    yaw -= yaw[:, :1]
    y = world.encode(x, layout, before, (yaw, positions))
    np.testing.assert_allclose(recovered(y, layout), positions, atol=1e-9)
    if "contact" in layout.groups:
        np.testing.assert_array_equal(y[..., layout.slice("contact")], x[..., layout.slice("contact")])


def test_the_velocity_block_follows_the_joints() -> None:
    """Of a motion whose block is what its joints do, it still is after a change: HumanML3D's item 10."""
    rng = np.random.default_rng(3)
    x = some_features(OURS, 3)
    before = world.decode(x, OURS)

    def block(yaw: NDArray[Any], positions: NDArray[Any]) -> NDArray[Any]:
        steps = np.diff(positions, axis=1)
        return world.turned(-yaw[:, :-1, None], steps).reshape(2, -1, 66)

    x[:, :-1, OURS.slice("velocity")] = block(*before)
    after = before[0] + rng.normal(size=before[0].shape), before[1] + rng.normal(size=before[1].shape)
    y = world.encode(x, OURS, before, after)
    np.testing.assert_allclose(y[:, :-1, OURS.slice("velocity")], block(*after), atol=1e-9)


@given(st.floats(-20, 20))
def test_the_facing_of_a_turned_body(angle: float) -> None:
    """A body that faces +Z, turned by an angle, faces that angle; and as `humanml3d.heading` sees it."""
    pose = np.zeros((1, 22, 3))
    for left, right, width in ((1, 2, 0.2), (16, 17, 0.4)):
        pose[0, left, 0], pose[0, right, 0] = width, -width
    turned = world.turned(np.full((1, 1), angle), pose)
    assert abs(world.wrapped(world.facing(turned) - angle)[0]) < 1e-9
    forward = humanml3d.heading(turned)[0]
    np.testing.assert_allclose(forward, [np.sin(angle), 0, np.cos(angle)], atol=1e-9)


@given(st.floats(-50, 50))
def test_wrapped_angles_are_the_same_direction(angle: float) -> None:
    turn = float(world.wrapped(np.array(angle)))
    assert abs(turn) <= np.pi + 1e-9
    assert abs(np.exp(1j * turn) - np.exp(1j * angle)) < 1e-9


def test_torch_says_the_same() -> None:
    torch = pytest.importorskip("torch")
    x = some_features(OURS)
    before = world.decode(x, OURS)
    there = world.decode(torch.from_numpy(x), OURS)
    for a, b in zip(before, there, strict=True):
        np.testing.assert_allclose(b.numpy(), a, atol=1e-12)
    moved = there[0] * 0.5, there[1] + 0.1
    y = world.encode(torch.from_numpy(x), OURS, there, moved)
    np.testing.assert_allclose(y.numpy(), world.encode(x, OURS, before, (before[0] * 0.5, before[1] + 0.1)), atol=1e-12)
