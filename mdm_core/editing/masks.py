"""Which numbers of a motion an edit concerns: joints and frames to feature masks. NumPy, bool, no batch axis.

`free` is what a user asks to be made anew, joints x frames; `known` is its complement over the features, the
paper's inpainting mask, which `inpaint.replace_known` takes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.features.layout import FULL, Layout
from mdm_core.skeleton import FEET, JOINTS, PARTS

Mask = NDArray[np.bool_]

LOWER_BODY: tuple[int, ...] = (0, 1, 2, 4, 5, 7, 8, 10, 11)  # MDM: pelvis, hips, knees, ankles, feet


def joints_of(parts: Iterable[str]) -> tuple[int, ...]:
    """The joints of named body parts (`skeleton.PARTS`), in rising order."""
    parts = tuple(parts)
    for part in parts:
        if part not in PARTS:
            raise MotionError(f'There is no body part "{part}"; use {", ".join(PARTS)}.')
    return tuple(sorted({joint for part in parts for joint in PARTS[part]}))


def frames_by_joints(frames: int, start: int, stop: int, joints: Iterable[int] = range(JOINTS)) -> Mask:
    """The mask [frames, 22] that is True for `joints` in the frames start <= t < stop."""
    if not 0 <= start < stop <= frames:
        raise MotionError(f"Frames {start} to {stop} do not lie within the motion's {frames} frames; choose others.")
    mask = np.zeros((frames, JOINTS), dtype=bool)
    mask[start:stop, list(joints)] = True
    return mask


def features_of(joint_mask: Mask, layout: Layout = FULL) -> Mask:
    """The features [T, D] that belong to a mask [T, 22] over joints.

    The root's four features go with the pelvis, a contact with the joint of that foot.
    """
    owners = np.empty(layout.width, dtype=int)
    for joint in range(JOINTS):
        owners[layout.joint_columns((joint,), root=joint == 0, contacts=False)] = joint
    if "contact" in layout.groups:
        owners[layout.slice("contact")] = FEET
    return joint_mask[:, owners]


def upper_body(frames: int, layout: Layout = FULL) -> Mask:
    """What MDM keeps when it edits the upper body, [frames, D]: root, legs and contacts, 107 of the 263 features."""
    columns = layout.joint_columns(LOWER_BODY, root=True, contacts=True)
    return np.broadcast_to(columns, (frames, layout.width)).copy()


def in_between(frames: int, length: int, layout: Layout = FULL, *, start: float = 0.25, stop: float = 0.75) -> Mask:
    """What MDM keeps when it fills a gap, [frames, D]: all but the frames from `start` to `stop` of `length`.

    Frames from `length` on are padding and stay known.
    """
    known = np.ones((frames, layout.width), dtype=bool)
    known[int(start * length) : int(stop * length)] = False
    return known
