"""The mannequin's body: a closed skin around the joints, alike on both sides, each bone carrying its own part."""

from __future__ import annotations

import numpy as np
import pytest

from demo import body
from demo.surface import Array
from mdm_core.skeleton import INDEX, JOINT_NAMES, MIRROR

A_POSE: dict[str, tuple[float, float, float]] = {
    "pelvis": (0, 0, 0.93),
    "spine1": (0, 0, 1.03),
    "spine2": (0, 0, 1.16),
    "spine3": (0, 0, 1.24),
    "neck": (0, 0.01, 1.44),
    "head": (0, 0, 1.53),
    "left_hip": (0.09, 0, 0.89),
    "left_knee": (0.09, -0.01, 0.49),
    "left_ankle": (0.09, 0.01, 0.08),
    "left_foot": (0.09, -0.11, 0.02),
    "left_collar": (0.03, 0, 1.38),
    "left_shoulder": (0.17, 0.01, 1.38),
    "left_elbow": (0.36, 0.02, 1.21),
    "left_wrist": (0.54, 0, 1.04),
}
TIPS = {"head": (0.0, 0.0, 1.75), "left_wrist": (0.60, 0.0, 0.98), "left_foot": (0.09, -0.18, 0.02)}


def landmarks() -> tuple[dict[str, Array], dict[str, Array]]:
    def both(points: dict[str, tuple[float, float, float]]) -> dict[str, Array]:
        whole = {name: np.array(p, dtype=float) for name, p in points.items()}
        return whole | {n.replace("left", "right"): p * [-1, 1, 1] for n, p in whole.items() if n.startswith("left")}

    return both(A_POSE), both(TIPS)


@pytest.fixture(scope="module")
def figure() -> body.Body:
    return body.build(*landmarks(), cell=0.018)


def test_the_skin_is_closed(figure: body.Body) -> None:
    edges = np.concatenate([figure.quads[:, [k, (k + 1) % 4]] for k in range(4)])
    counts = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)[1]
    assert (counts % 2 == 0).all()
    assert (counts == 2).mean() > 0.999  # naive surface nets may pinch where two sheets share a cell


def test_it_stands_on_the_floor_and_ends_at_the_top_of_the_head(figure: body.Body) -> None:
    assert figure.vertices[:, 2].min() == pytest.approx(0.0, abs=0.02)
    assert figure.vertices[:, 2].max() == pytest.approx(1.75, abs=0.02)
    soles = figure.vertices[figure.vertices[:, 2] < figure.vertices[:, 2].min() + 0.002]
    assert len(soles) > 50


def test_every_joint_lies_within(figure: body.Body) -> None:
    """Skin surrounds each joint: there are vertices near it on all six sides."""
    joints, _ = landmarks()
    for name, joint in joints.items():
        near = figure.vertices[np.linalg.norm(figure.vertices - joint, axis=1) < 0.22] - joint
        assert all((near @ side > 0).any() for side in np.vstack([np.eye(3), -np.eye(3)])), name


def test_weights_are_shares(figure: body.Body) -> None:
    assert (figure.weights >= 0).all()
    np.testing.assert_allclose(figure.weights.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("joint", "towards", "share"),
    [("left_elbow", "left_wrist", 0.5), ("right_knee", "right_ankle", 0.5), ("head", "head", 0.9)],
)
def test_the_middle_of_a_limb_follows_its_own_bone(figure: body.Body, joint: str, towards: str, share: float) -> None:
    joints, tips = landmarks()
    end = tips["head"] if joint == "head" else joints[towards]
    middle = joints[joint] + share * (end - joints[joint])
    near = np.linalg.norm(figure.vertices - middle, axis=1) < 0.07
    assert near.sum() > 10
    assert (figure.weights[near, INDEX[joint]] > 0.9).all()


def test_no_side_moves_the_other(figure: body.Body) -> None:
    left = figure.vertices[:, 0] > 0.10  # the collars meet at the neck, nearer to the middle
    for name in JOINT_NAMES:
        if name.startswith("right_"):
            assert figure.weights[left, INDEX[name]].max() < 0.02, name


def test_both_sides_are_alike(figure: body.Body) -> None:
    """Where the right hand's bone pulls, mirrored, the left hand's does: their shares of the surface are equal."""
    total = figure.weights.sum(axis=0)
    np.testing.assert_allclose(total, total[list(MIRROR)], rtol=0.06)
    assert figure.vertices[:, 0].min() == pytest.approx(-figure.vertices[:, 0].max(), abs=0.01)


def test_the_toes_point_forward(figure: body.Body) -> None:
    """Blender's front is -Y: the feet reach farther before the ankles than behind them."""
    feet = figure.vertices[figure.vertices[:, 2] < 0.03]
    assert feet[:, 1].min() < -0.15
    assert feet[:, 1].max() < 0.10


def test_trim_marks_the_joints(figure: body.Body) -> None:
    joints, _ = landmarks()
    dark = figure.vertices[figure.trim < 0]
    for name in ("left_elbow", "right_knee", "left_shoulder"):
        assert np.linalg.norm(dark - joints[name], axis=1).min() < 0.08
    middle = joints["left_hip"] + 0.5 * (joints["left_knee"] - joints["left_hip"])
    assert np.linalg.norm(dark - middle, axis=1).min() > 0.1
