"""KIT's features against a forward computation by SciPy's rotations, and KIT's body as SMPL-22."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mdm_core.errors import MotionError
from mdm_core.features import decoding, kit
from mdm_core.skeleton import INDEX, LEG_LENGTH

FRAMES = 9


def motion() -> np.ndarray:
    """A figure of KIT's 21 joints [T, 21, 3] in its own units, which walks a curve; its root begins at the origin."""
    rng = np.random.default_rng(0)
    body = rng.normal(size=(21, 3)) * 100 + [0, 400, 0]
    body[0] = [0, 400, 0]
    sway = 10 * rng.normal(size=(FRAMES, 21, 3))
    path = np.cumsum(rng.normal(size=(FRAMES, 1, 3)) * [20, 0, 20], axis=0)
    path -= path[0] + sway[0, :1] * [1, 0, 1]
    return body + sway + path


def features(joints: np.ndarray, half_turns: np.ndarray) -> np.ndarray:
    """[T, 251] by spec/humanml3d.md section 4, 7 to 9, with the facing given: world to character by 2 half_turns."""
    turn = Rotation.from_euler("y", 2 * half_turns[:, None])
    made = np.zeros((len(joints), kit.WIDTH))
    ground = joints[:, 0] * [1, 0, 1]
    made[:-1, 0] = np.diff(half_turns)
    step = turn[1:].apply(np.diff(ground, axis=0))
    made[:-1, 1], made[:-1, 2], made[:, 3] = step[:, 0], step[:, 2], joints[:, 0, 1]
    for joint in range(1, 21):
        made[:, 4 + 3 * (joint - 1) : 7 + 3 * (joint - 1)] = turn.apply(joints[:, joint] - ground)
    return made


def test_the_joints_come_back() -> None:
    joints = motion()
    half_turns = np.append(0.0, np.cumsum(0.2 * np.random.default_rng(1).normal(size=FRAMES - 1)))
    np.testing.assert_allclose(kit.recover_kit(features(joints, half_turns)), joints, atol=1e-9)


def test_the_layout_of_251() -> None:
    """Root 4, ric 20 x 3, rot6d 20 x 6, velocities 21 x 3, contacts 4."""
    assert kit.WIDTH == 4 + 20 * 3 + 20 * 6 + 21 * 3 + 4
    assert (kit.RIC.stop, kit.CONTACTS.start) == (64, 247)


def test_it_is_scaled_by_its_legs_and_named_as_smpls() -> None:
    joints = motion()
    made = kit.recover_positions(features(joints, np.zeros(FRAMES)))
    legs = 0.0
    for upper, lower in (("hip", "knee"), ("knee", "ankle")):
        for side in ("left", "right"):
            bone = made[:, INDEX[f"{side}_{upper}"]] - made[:, INDEX[f"{side}_{lower}"]]
            legs += np.linalg.norm(bone, axis=-1).mean()
    assert legs / 2 == pytest.approx(LEG_LENGTH)
    scale = made[0, 0, 1] / joints[0, 0, 1]
    for name, joint in (("right_hip", 11), ("left_hip", 16), ("right_wrist", 7), ("left_foot", 20), ("head", 4)):
        np.testing.assert_allclose(made[:, INDEX[name]], scale * joints[:, joint], atol=1e-9)
    assert np.isfinite(made).all()


def test_a_model_says_which_it_is() -> None:
    card = {"name": "m", "architecture": {"features": 251}, "features": {"representation": "kit", "groups": []}}
    assert decoding.of(card).positions is kit.recover_positions
    with pytest.raises(MotionError, match="contradicts itself"):
        decoding.of(card | {"architecture": {"features": 263}})
    with pytest.raises(MotionError, match='representation "other"'):
        decoding.of(card | {"features": {"representation": "other"}})
