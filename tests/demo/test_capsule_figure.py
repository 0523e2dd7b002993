"""The picture of a pose: the right things in the right places."""

from __future__ import annotations

import numpy as np
import pytest

from demo.capsule_figure import View, render
from demo.surface import Array
from mdm_core.skeleton import INDEX


def standing() -> Array:
    """Arms hanging, facing +Z, 1.6 m tall."""
    pose = np.zeros((22, 3))
    for name, (x, y) in {
        "pelvis": (0, 0.92),
        "spine1": (0, 1.02),
        "spine2": (0, 1.15),
        "spine3": (0, 1.22),
        "neck": (0, 1.42),
        "head": (0, 1.52),
    }.items():
        pose[INDEX[name]] = x, y, 0
    for side, sign in (("left", 1), ("right", -1)):
        for name, (x, y) in {
            "hip": (0.09, 0.87),
            "knee": (0.1, 0.48),
            "ankle": (0.1, 0.07),
            "foot": (0.1, 0.02),
            "collar": (0.07, 1.36),
            "shoulder": (0.17, 1.36),
            "elbow": (0.3, 1.13),
            "wrist": (0.36, 0.88),
        }.items():
            pose[INDEX[f"{side}_{name}"]] = sign * x, y, 0.12 if name == "foot" else 0
    return pose


def warmth(image: Array) -> Array:
    """Red minus blue: positive on the orange left side, negative on the blue right one."""
    return image[..., 0].astype(int) - image[..., 2].astype(int)


@pytest.mark.parametrize(("azimuth", "left_is_right"), [(0.0, True), (180.0, False)])
def test_the_left_side_is_where_a_viewer_sees_it(azimuth: float, left_is_right: bool) -> None:
    image = warmth(render(standing(), View(azimuth, 5.0), 120, centre=np.array([0, 0.9, 0.0])))
    half = image[:, 60:] if left_is_right else image[:, :60]
    other = image[:, :60] if left_is_right else image[:, 60:]
    assert (half > 40).sum() > 100 > (other > 40).sum()
    assert (other < -30).sum() > 100 > (half < -30).sum()


def test_the_head_is_above_the_feet() -> None:
    pose = standing()
    empty = render(pose + [100, 0, 0], View(0, 5), 120, centre=np.array([0, 0.9, 0.0])).astype(int)
    body = np.abs(render(pose, View(0, 5), 120, centre=np.array([0, 0.9, 0.0])).astype(int) - empty).sum(axis=-1) > 60
    rows = np.flatnonzero(body.any(axis=1))
    metres_tall = (rows.max() - rows.min()) / 120 * View().height
    assert metres_tall == pytest.approx(1.7, abs=0.15)


def test_a_planted_foot_is_green() -> None:
    pose, centre = standing(), np.array([0, 0.9, 0.0])

    def green(image: Array) -> int:
        red, middle, blue = (image[..., k].astype(int) for k in range(3))
        return int(((middle - red > 30) & (middle - blue > 30)).sum())

    view = View(20, 10)
    assert green(render(pose, view, 160, centre=centre)) == 0
    assert green(render(pose, view, 160, centre=centre, contacts=np.array([True, True, False, False]))) > 10
