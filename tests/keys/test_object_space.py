"""What locked channels of an object leave of its place in the world, whatever carries it. Blender is asked in
`tests/blender/test_object_locks.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_blender.keys.locks import Held, Locks
from mdm_blender.keys.object_space import ObjectSpace
from mdm_core.rotations import normalize


def carried(random: np.random.Generator, locked: tuple[bool, ...]) -> ObjectSpace:
    """An object under something that is turned, larger and elsewhere, with deltas."""
    parent = np.eye(4)
    parent[:3, :3] = 1.7 * Rotation.random(rng=random).as_matrix()
    parent[:3, 3] = random.normal(size=3)
    return ObjectSpace(parent, random.normal(size=3), normalize(random.normal(size=4)), locked)


def in_world(space: ObjectSpace, numbers: Any) -> Any:
    """Rotations by SciPy of XYZ Euler angles [T, 3] in the channels."""
    turn = Rotation.from_quat(space.turn, scalar_first=True)
    return Rotation.from_matrix(space.parent[:3, :3] / 1.7) * turn * Rotation.from_euler("xyz", numbers)


@given(st.integers(0, 2**32 - 1), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_places_keep_what_is_locked_and_are_else_as_they_shall_be(seed: int, locked: tuple[bool, ...]) -> None:
    random = np.random.default_rng(seed)
    space, channels = carried(random, locked), random.normal(size=(2, 5, 3))
    original, changed = ((it + space.shift) @ space.parent[:3, :3].T + space.parent[:3, 3] for it in channels)
    np.testing.assert_allclose(space.places(channels[0]), original, atol=1e-9)
    kept = space.locations(space.kept_places(original, changed))
    np.testing.assert_allclose(kept, np.where(locked, channels[0], channels[1]), atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_headings_keep_a_locked_angle_and_no_other_that_do_are_nearer(seed: int, axis: int) -> None:
    random = np.random.default_rng(seed)
    space, now = carried(random, (False, False, False)), random.uniform(-1.2, 1.2, size=(4, 3))
    wanted = Rotation.random(4, rng=random)
    held = Held(Locks("XYZ", tuple(it == axis for it in range(3))), now)
    kept = Rotation.from_quat(space.kept_headings(held, wanted.as_quat(scalar_first=True)), scalar_first=True)
    away = (kept.inv() * wanted).magnitude()
    for other in random.uniform(-np.pi, np.pi, size=(60, 4, 3)):
        other[:, axis] = now[:, axis]
        assert (away <= (in_world(space, other).inv() * wanted).magnitude() + 1e-9).all()
    # Of two triples of angles for one rotation, one has what is locked.
    own = (in_world(space, np.zeros((4, 3))).inv() * kept).as_euler("xyz")
    twin = np.stack([own[:, 0] + np.pi, np.pi - own[:, 1], own[:, 2] + np.pi], axis=-1)
    off = [np.abs(np.exp(1j * it[:, axis]) - np.exp(1j * now[:, axis])) for it in (own, twin)]
    assert np.minimum(*off).max() < 1e-6
