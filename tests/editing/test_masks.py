"""Feature masks against the index runs of spec/mdm.md section 4, and as a partition of all features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_core.editing import masks
from mdm_core.errors import MotionError
from mdm_core.features.layout import FULL, GROUPS, Layout
from mdm_core.skeleton import INDEX, JOINTS, PARTS

# spec/mdm.md section 4, both ends included
LOWER_BODY_RUNS = ((0, 9), (13, 18), (22, 27), (31, 36), (67, 78), (85, 96), (103, 114), (121, 132), (193, 201),
                   (205, 210), (214, 219), (223, 228), (259, 262))  # fmt: skip
OURS = Layout(("root", "ric", "velocity", "contact"))
LAYOUTS = pytest.mark.parametrize("layout", [FULL, OURS, Layout(("ric", "root"))], ids=lambda x: "+".join(x.groups))


def test_upper_body_is_the_published_mask() -> None:
    expected = np.zeros(263, dtype=bool)
    for first, last in LOWER_BODY_RUNS:
        expected[first : last + 1] = True
    assert expected.sum() == 107
    mask = masks.upper_body(5)
    assert mask.shape == (5, 263)
    assert (mask == expected).all()


def test_upper_body_of_our_layout_is_the_same_columns() -> None:
    np.testing.assert_array_equal(masks.upper_body(2, OURS), masks.upper_body(2)[:, OURS.columns])


def test_the_lower_body_by_joints_is_the_same_mask() -> None:
    """The feet that the four contacts belong to are all in it, so joint by joint makes no difference."""
    by_joints = masks.features_of(masks.frames_by_joints(3, 0, 3, masks.LOWER_BODY))
    np.testing.assert_array_equal(by_joints, masks.upper_body(3))


@LAYOUTS
@given(joint_mask=st.lists(st.lists(st.booleans(), min_size=JOINTS, max_size=JOINTS), min_size=1, max_size=4))
def test_a_mask_and_its_complement_share_no_feature_and_leave_none(
    layout: Layout, joint_mask: list[list[bool]]
) -> None:
    free = np.array(joint_mask)
    np.testing.assert_array_equal(masks.features_of(~free, layout), ~masks.features_of(free, layout))


@LAYOUTS
def test_parts_cover_every_feature_once(layout: Layout) -> None:
    count = sum(
        masks.features_of(masks.frames_by_joints(1, 0, 1, masks.joints_of([part])), layout).astype(int)
        for part in PARTS
    )
    assert (count == 1).all()


@pytest.mark.parametrize(
    ("joint", "columns"),
    [
        ("pelvis", [0, 1, 2, 3, 193, 194, 195]),
        ("left_hip", [4, 5, 6, *range(67, 73), 196, 197, 198]),
        ("right_ankle", [*range(25, 28), *range(109, 115), *range(217, 220), 261]),
        ("right_wrist", [64, 65, 66, *range(187, 193), 256, 257, 258]),
    ],
)
def test_the_columns_of_a_joint(joint: str, columns: list[int]) -> None:
    mask = masks.features_of(masks.frames_by_joints(3, 1, 2, [INDEX[joint]]))
    assert list(np.flatnonzero(mask[1])) == columns
    assert not mask[[0, 2]].any()


def test_in_between_is_the_published_rule() -> None:
    """Frames int(.25 len) to int(.75 len) are free; padding stays known."""
    known = masks.in_between(196, 99)
    free = np.flatnonzero(~known.all(axis=1))
    np.testing.assert_array_equal(free, range(24, 74))
    assert not known[24:74].any()


def test_joints_of_parts() -> None:
    assert masks.joints_of(["head", "root"]) == (0, 12, 15)
    assert masks.joints_of(PARTS) == tuple(range(JOINTS))
    with pytest.raises(MotionError, match="tail"):
        masks.joints_of(["tail"])


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (4, 2), (0, 11)])
def test_frames_outside_the_motion(start: int, stop: int) -> None:
    with pytest.raises(MotionError, match="10 frames"):
        masks.frames_by_joints(10, start, stop)


def test_groups_are_the_features() -> None:
    """Guards the table above: 4 + 63 + 126 + 66 + 4."""
    assert [g.stop - g.start for g in GROUPS.values()] == [4, 63, 126, 66, 4]
