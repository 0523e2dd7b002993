"""The skeleton's tables against each other and against spec/humanml3d.md section 1."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core import skeleton


def test_every_parent_comes_before_its_child() -> None:
    assert skeleton.PARENTS[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(skeleton.PARENTS) if joint)
    assert len(skeleton.PARENTS) == len(skeleton.JOINT_NAMES) == skeleton.JOINTS == 22


def test_chains_are_the_parents() -> None:
    """Every joint but the pelvis ends exactly one bone of the chains, and that bone starts at its parent."""
    bones = [(a, b) for chain in skeleton.CHAINS for a, b in zip(chain, chain[1:], strict=False)]
    assert sorted(joint for _, joint in bones) == list(range(1, 22))
    assert all(skeleton.PARENTS[joint] == parent for parent, joint in bones)


def test_mirror_swaps_the_sides() -> None:
    for joint, other in enumerate(skeleton.MIRROR):
        swapped = skeleton.JOINT_NAMES[joint]
        for side, opposite in (("left", "right"), ("right", "left")):
            if swapped.startswith(side):
                swapped = opposite + swapped.removeprefix(side)
                break
        assert skeleton.JOINT_NAMES[other] == swapped
        assert skeleton.MIRROR[other] == joint
        np.testing.assert_array_equal(skeleton.RAW_OFFSETS[other], skeleton.RAW_OFFSETS[joint] * [-1, 1, 1])


def test_parts_are_every_joint_once() -> None:
    assert sorted(joint for part in skeleton.PARTS.values() for joint in part) == list(range(22))
    for left, right in (("left_arm", "right_arm"), ("left_leg", "right_leg")):
        assert tuple(skeleton.MIRROR[j] for j in skeleton.PARTS[left]) == skeleton.PARTS[right]


def test_left_is_plus_x_and_offsets_are_unit() -> None:
    assert skeleton.RAW_OFFSETS[skeleton.INDEX["left_hip"], 0] == 1
    assert skeleton.RAW_OFFSETS[skeleton.INDEX["left_collar"], 0] == 1
    np.testing.assert_array_equal(np.linalg.norm(skeleton.RAW_OFFSETS, axis=1), [0] + [1] * 21)


@pytest.mark.parametrize(
    ("joint", "length"),
    [
        ("pelvis", 0),
        ("left_hip", 0.103074),
        ("right_knee", 0.390188),
        ("left_ankle", 0.432433),
        ("neck", 0.219360),
        ("right_collar", 0.143383),
        ("head", 0.103039),
        ("left_elbow", 0.256840),
        ("right_wrist", 0.269876),
    ],
)
def test_bone_lengths(joint: str, length: float) -> None:
    assert skeleton.BONE_LENGTHS[skeleton.INDEX[joint]] == length


def test_feet_are_the_contact_features_order() -> None:
    assert [skeleton.JOINT_NAMES[j] for j in skeleton.FEET] == ["left_ankle", "left_foot", "right_ankle", "right_foot"]


def test_leg_length() -> None:
    assert pytest.approx((0.393623 + 0.432433 + 0.390188 + 0.425643) / 2) == skeleton.LEG_LENGTH
