"""Columns of the feature groups against the table of spec/humanml3d.md section 4."""

from __future__ import annotations

import numpy as np
import pytest

from mdm_core.errors import MotionError
from mdm_core.features.layout import FULL, GROUPS, WIDTH, Layout

OURS = Layout(("root", "ric", "velocity", "contact"))


def test_groups_are_the_published_columns() -> None:
    """0 1:3 3 | 4:67 | 67:193 | 193:259 | 259:263."""
    assert [(g.start, g.stop) for g in GROUPS.values()] == [(0, 4), (4, 67), (67, 193), (193, 259), (259, 263)]
    assert list(GROUPS) == ["root", "ric", "rot6d", "velocity", "contact"]
    np.testing.assert_array_equal(FULL.columns, np.arange(WIDTH))


def test_a_sub_layout() -> None:
    assert OURS.width == 263 - 126
    np.testing.assert_array_equal(OURS.columns, [*range(67), *range(193, 263)])
    for group in OURS.groups:
        np.testing.assert_array_equal(OURS.columns[OURS.slice(group)], np.arange(WIDTH)[GROUPS[group]])


def test_another_order() -> None:
    layout = Layout(("ric", "root"))
    np.testing.assert_array_equal(layout.columns, [*range(4, 67), *range(4)])
    assert layout.slice("root") == slice(63, 67)


def test_what_cannot_be() -> None:
    with pytest.raises(MotionError, match="hands"):
        Layout(("root", "ric", "hands"))
    with pytest.raises(MotionError, match='"ric"'):
        Layout(("root", "velocity"))
    with pytest.raises(MotionError, match='"rot6d"'):
        OURS.slice("rot6d")


def test_joint_columns() -> None:
    columns = FULL.joint_columns((0, 21), root=False, contacts=True)
    assert list(np.flatnonzero(columns)) == [64, 65, 66, *range(187, 196), *range(256, 263)]
    np.testing.assert_array_equal(
        OURS.joint_columns((0, 21), root=True, contacts=False),
        FULL.joint_columns((0, 21), root=True, contacts=False)[OURS.columns],
    )
