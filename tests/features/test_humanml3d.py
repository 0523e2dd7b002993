"""HumanML3D's features: the way there and back, their invariances, and each column's meaning on made-up motion.

Equality with the published code is tests/parity; here are properties that hold for any motion.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from mdm_core import rotations
from mdm_core.features import humanml3d
from mdm_core.features.humanml3d import Facing
from mdm_core.features.layout import GROUPS
from mdm_core.skeleton import BONE_LENGTHS, CHAINS, FEET, MIRROR, PARENTS, RAW_OFFSETS
from tests.datasets import bodies

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "humanml3d_features"
FACINGS = pytest.mark.parametrize("facing", ["humanml3d", "steady"])
seeds = st.integers(0, 10_000)


def about_y(yaw: float | np.ndarray, v: np.ndarray) -> np.ndarray:
    """Vectors [T, ..., 3] turned to the left by yaw [T], radians."""
    yaw = np.asarray(yaw).reshape(-1, *[1] * (v.ndim - 2))
    x, y, z = np.moveaxis(v, -1, 0)
    return np.stack([np.cos(yaw) * x + np.sin(yaw) * z, y, np.cos(yaw) * z - np.sin(yaw) * x], axis=-1)


def wandering(seed: int, frames: int = 50, turn: float = 1.5, sway: float = 0.5) -> np.ndarray:
    """A body [T, 22, 3] on the uniform skeleton that walks, turns by up to `turn` rad and sways its bones."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, frames)[:, None, None]
    phase, speed = rng.uniform(0, 2 * np.pi, (1, 22, 3)), rng.uniform(1, 6, (1, 22, 3))
    bend = Rotation.from_rotvec((sway * np.sin(speed * time + phase)).reshape(-1, 3))
    bones = bend.apply(np.tile(RAW_OFFSETS * BONE_LENGTHS[:, None], (frames, 1))).reshape(frames, 22, 3)
    bones = about_y(rng.uniform(-np.pi, np.pi) + turn * np.sin(2 * time[:, 0, 0] + rng.uniform(0, 6)), bones)
    positions = np.zeros((frames, 22, 3))
    for joint in range(1, 22):
        positions[:, joint] = positions[:, PARENTS[joint]] + bones[:, joint]
    path = rng.uniform(-2, 2, 2) + np.cumsum(rng.normal(0, 0.02, (frames, 2)), axis=0)
    return positions + np.stack([path[:, 0], np.full(frames, 0.9), path[:, 1]], axis=-1)[:, None]


def moved(positions: np.ndarray, yaw: float, shift: tuple[float, float, float]) -> np.ndarray:
    return about_y(yaw, positions) + shift


def bone_lengths(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions[:, 1:] - positions[:, PARENTS[1:]], axis=-1)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_there_and_back(seed: int) -> None:
    """The positions again, but for the place and heading of the first frame, which are not kept."""
    positions = humanml3d.to_origin(wandering(seed))
    features = humanml3d.extract(positions, "steady").astype(np.float64)
    recovered = humanml3d.recover_positions(features)
    assert features.shape == (len(positions) - 1, 263)
    np.testing.assert_allclose(humanml3d.to_origin(recovered), humanml3d.to_origin(positions[:-1]), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_there_and_back_as_published(seed: int) -> None:
    """HumanML3D forces the first frame to +Z, so even its heading agrees, and the rot6d block gives the same.

    Only gentle motion: its facing, hips minus shoulders, turns through -Z at a good sway, and then its yaw
    rate has the wrong sign.
    """
    positions = humanml3d.to_origin(wandering(seed, turn=0.5, sway=0.05))
    features = humanml3d.extract(positions, "humanml3d").astype(np.float64)
    np.testing.assert_allclose(humanml3d.recover_positions(features), positions[:-1], atol=1e-5)
    np.testing.assert_allclose(humanml3d.recover_positions_from_rotations(features), positions[:-1], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, turns=st.floats(-3, 3))
def test_a_spin_through_every_heading_comes_back(seed: int, turns: float) -> None:
    """Also where the heading passes -Z, where HumanML3D's own yaw rate changes its sign."""
    body = humanml3d.to_origin(wandering(seed, 400, turn=0))
    positions = about_y(np.linspace(0, turns * 2 * np.pi, 400), body)
    features = humanml3d.extract(positions, "steady").astype(np.float64)
    recovered = humanml3d.recover_positions(features)
    np.testing.assert_allclose(humanml3d.to_origin(recovered), humanml3d.to_origin(positions[:-1]), atol=1e-4)
    assert np.abs(features[:, 0]).max() < 0.5


@FACINGS
@settings(max_examples=20, deadline=None)
@given(seed=seeds, yaw=st.floats(-3, 3), x=st.floats(-9, 9), y=st.floats(-2, 2), z=st.floats(-9, 9))
def test_place_and_heading_do_not_matter(facing: Facing, seed: int, yaw: float, x: float, y: float, z: float) -> None:
    positions = wandering(seed)
    here, there = (humanml3d.process(p, facing=facing) for p in (positions, moved(positions, yaw, (x, y, z))))
    np.testing.assert_allclose(there, here, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, scale=st.floats(0.5, 2))
def test_size_does_not_matter(seed: int, scale: float) -> None:
    positions = wandering(seed)
    np.testing.assert_allclose(humanml3d.process(scale * positions), humanml3d.process(positions), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_the_uniform_skeleton(seed: int) -> None:
    """A body of other proportions keeps its bones' directions and gets the uniform lengths."""
    positions = wandering(seed)
    stretched = positions.copy()
    factors = np.random.default_rng(seed).uniform(0.6, 1.5, 22)
    for chain in CHAINS:
        for parent, joint in zip(chain, chain[1:], strict=False):
            bone = positions[:, joint] - positions[:, parent]
            stretched[:, joint] = stretched[:, parent] + factors[joint] * bone
    uniform = humanml3d.to_uniform_skeleton(stretched, humanml3d.uniform_offsets())
    np.testing.assert_allclose(bone_lengths(uniform), np.tile(BONE_LENGTHS[1:], (len(uniform), 1)), atol=1e-9)
    np.testing.assert_allclose((uniform - uniform[:, :1]), positions - positions[:, :1], atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_to_origin(seed: int) -> None:
    positions = humanml3d.to_origin(wandering(seed))
    assert positions[..., 1].min() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(positions[0, 0, [0, 2]], 0, atol=1e-9)
    across = positions[0, 1] - positions[0, 2] + positions[0, 16] - positions[0, 17]
    assert across[0] > 0
    assert across[2] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(humanml3d.to_origin(positions), positions, atol=1e-9)


@pytest.mark.parametrize("facing", ["steady"])
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_mirrored_motion_has_mirrored_features(facing: Facing, seed: int) -> None:
    positions = humanml3d.to_origin(wandering(seed))
    features = humanml3d.extract(positions, facing)
    mirrored = humanml3d.extract(positions[:, MIRROR] * [-1, 1, 1], facing)
    np.testing.assert_allclose(mirrored[:, :4], features[:, :4] * [-1, -1, 1, 1], atol=1e-5)
    ric, other = (f[:, GROUPS["ric"]].reshape(-1, 21, 3) for f in (features, mirrored))
    np.testing.assert_allclose(other, ric[:, np.array(MIRROR[1:]) - 1] * [-1, 1, 1], atol=1e-5)
    np.testing.assert_array_equal(mirrored[:, GROUPS["contact"]], features[:, GROUPS["contact"]][:, [2, 3, 0, 1]])


def standing(frames: int) -> np.ndarray:
    """A still body at the origin that faces +Z."""
    return humanml3d.to_origin(np.repeat(wandering(3, 1, sway=0.0), frames, axis=0))


@FACINGS
def test_walking_straight(facing: Facing) -> None:
    """3 cm a frame forward: only the forward velocity and the feet's say so; 3 cm is slower than a contact's limit."""
    positions = standing(30) + np.arange(30)[:, None, None] * np.array([0, 0, 0.03])
    features = humanml3d.extract(positions, facing)
    np.testing.assert_allclose(features[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(features[:, 1:3], np.tile([0, 0.03], (29, 1)), atol=1e-6)
    np.testing.assert_allclose(features[:, 3], positions[0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(
        features[:, GROUPS["velocity"]].reshape(29, 22, 3), np.tile([0, 0, 0.03], (29, 22, 1)), atol=1e-6
    )
    assert (features[:, GROUPS["contact"]] == 1).all()


@pytest.mark.parametrize(("speed", "contact"), [(0.0446, 1), (0.0448, 0)])
def test_contact_is_a_squared_speed_below_the_threshold(speed: float, contact: int) -> None:
    """0.002 m² a frame is 4.472 cm; one foot joint at a time."""
    for place, joint in enumerate(FEET):
        positions = standing(3)
        positions[2, joint, 1] += speed
        features = humanml3d.extract(positions)
        expected = np.ones(4)
        expected[place] = contact
        np.testing.assert_array_equal(features[1, GROUPS["contact"]], expected)
        assert (features[0, GROUPS["contact"]] == 1).all()


def test_yaw_rate_is_half_the_angle_and_of_the_inverse_rotation() -> None:
    """spec section 4, 9: turning left by 2 degrees a frame stores -1 degree."""
    positions = about_y(np.radians(2) * np.arange(300), standing(300))
    rate = humanml3d.extract(positions, "steady")[120:180, 0]
    np.testing.assert_allclose(rate, -np.radians(1), atol=2e-4)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, frames=st.integers(1, 120), sigma=st.sampled_from([1.0, 5.0, 20.0]))
def test_smoothing_is_scipys(seed: int, frames: int, sigma: float) -> None:
    """HumanML3D calls gaussian_filter1d(sigma=20, mode="nearest")."""
    x = np.random.default_rng(seed).standard_normal((frames, 3))
    expected = gaussian_filter1d(x, sigma, axis=0, mode="nearest")
    np.testing.assert_allclose(humanml3d.gaussian_smooth(x, sigma), expected, atol=1e-12)


def test_recovery_takes_any_leading_axes() -> None:
    features = np.stack([humanml3d.process(wandering(seed)) for seed in range(4)]).reshape(2, 2, -1, 263)
    recovered = humanml3d.recover_positions(features)
    np.testing.assert_array_equal(recovered[1, 0], humanml3d.recover_positions(features[1, 0]))
    assert recovered.shape == (2, 2, 49, 22, 3)


def test_recovery_reads_root_and_ric_alone() -> None:
    features = humanml3d.process(wandering(0))
    np.testing.assert_array_equal(humanml3d.recover_positions(features[:, :67]), humanml3d.recover_positions(features))


def test_the_quirk_is_the_sign_of_the_hips() -> None:
    """With the hips exchanged HumanML3D's facing is the true one, but for the first frame, which it forces."""
    positions = humanml3d.to_origin(wandering(5))
    exchanged = positions[:, [0, 2, 1, *range(3, 22)]]
    quirky = humanml3d.facing_rotation(exchanged, "humanml3d")
    true = humanml3d.facing_rotation(positions, "steady")
    np.testing.assert_allclose(np.abs(np.sum(quirky * true, axis=-1))[1:], 1, atol=1e-9)
    np.testing.assert_array_equal(quirky[0], [1, 0, 0, 0])


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference vectors (../shared) are not here")
def test_the_datasets_std_is_one_value_a_group() -> None:
    """spec section 4: 7 values, one a group; the groups are ours, with the root's as 0 | 1:3 | 3."""
    std = np.load(REFERENCE / "Std.npy")
    parts = [slice(0, 1), slice(1, 3), slice(3, 4), *list(GROUPS.values())[1:]]
    assert sum(part.stop - part.start for part in parts) == 263
    for part in parts:
        assert np.ptp(std[part]) < 1e-6
    assert len(np.unique(std)) == 7


@pytest.mark.parametrize("noise", [0.0, 1e-17, -1e-17, 1e-9])
def test_a_body_that_faces_straight_back_is_turned_about_the_vertical(noise: float) -> None:
    """Half a turn has no shortest arc: it must not be about another axis, which stands the body on its head."""
    body = bodies.moved(bodies.standing(50), (0, 0, 1.0))
    back = body * [-1, 1, -1] + [0, 0, 7]
    back[:, :, 0] += noise * back[:, :, 2]
    np.testing.assert_allclose(humanml3d.to_origin(back), body, atol=1e-6)
    columns = np.delete(np.arange(263), np.r_[GROUPS["rot6d"]])  # those depend on the heading
    one, other = (humanml3d.extract(p, "steady")[:, columns] for p in (back, body))
    np.testing.assert_allclose(one, other, atol=1e-5)
    direction = np.array([[noise, 0, -1.0]])
    turned = rotations.rotate(humanml3d.onto_forward(direction), direction)
    np.testing.assert_allclose(turned, [[0, 0, 1]], atol=1e-12)
