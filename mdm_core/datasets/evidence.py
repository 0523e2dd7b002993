"""Whether a few seconds of a clip show what the clip is labelled as, where positions can tell.

A clip that is called a golf swing may take aim for most of its length, one that is called drinking may hold a cup.
Plain words ("a person swings a golf club") are said only of windows with the movement in them. Of labels that no table
here names, any window is taken to show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.features.humanml3d import heading

from .cmu import Clip
from .describe import reversals

Positions = NDArray[np.floating[Any]]

FPS = 20.0
PELVIS, CHEST, HEAD = 0, 9, 15
HIPS, KNEES, ANKLES, SHOULDERS, WRISTS = [1, 2], [4, 5], [7, 8], [16, 17], [20, 21]
HURRIED = re.compile(r"\b(brisk(ly)?|fast|quick(ly)?|hurr(y|ies|ying|ied))\b", re.IGNORECASE)
UNHURRIED = re.compile(r"\b(slow(ly)?|leisurely)\b", re.IGNORECASE)
STANDS_STILL = 0.12
"""m/s of pelvis and ankles on the mean."""


def shows(action: str, positions: Positions) -> bool:
    """Whether positions [T, 22, 3] (metres, Y up, 20 fps, feet on y = 0) show the labelled action."""
    test = SIGNS.get(action)
    return len(positions) < 2 or test is None or test(positions)


def pace_fits(caption: str, positions: Positions) -> bool:
    """Whether a walk is as fast as its caption says, where that says so: a quick walk may have slow stretches."""
    fast, slow = bool(HURRIED.search(caption)), bool(UNHURRIED.search(caption))
    if fast == slow or len(positions) < 2:
        return True
    went = float(speed(positions[:, PELVIS][:, [0, 2]]).mean())
    return went > 1.2 if fast else went < 1.2


def bodies(clips: Sequence[Clip], action: str, shortest: int) -> list[Clip]:
    """The single clips of at least `shortest` frames that do this alone and show it: whom arms can be given to."""
    alone = [c for c in clips if c.kind == "single" and c.actions == (action,) and len(c.positions) >= shortest]
    return [c for c in alone if shows(action, c.positions)]


def speed(tracks: Positions) -> Positions:
    """m/s [T, ...] of points [T, ..., 3]."""
    return np.linalg.norm(np.gradient(tracks, axis=0), axis=-1) * FPS


def stands_still(p: Positions) -> bool:
    return bool(speed(p[:, [PELVIS, *ANKLES]]).mean() < STANDS_STILL and p[:, PELVIS, 1].min() > 0.8)


def club_swung(p: Positions) -> bool:
    """Both hands, close together, fast against the body."""
    together = np.linalg.norm(p[:, 20] - p[:, 21], axis=-1) < 0.35
    return bool((together & (speed(p[:, WRISTS] - p[:, :1]).min(axis=1) > 2.0)).any())


def hand_at_head(share: float) -> Callable[[Positions], bool]:
    """A wrist within 30 cm of the head for that share of the time."""

    def test(p: Positions) -> bool:
        near = np.linalg.norm(p[:, WRISTS] - p[:, HEAD, None], axis=-1) < 0.30
        return bool((near.mean(axis=0) > share).any())

    return test


def knees_lifted(p: Positions) -> bool:
    """Each knee comes near the height of its hip, twice or more."""
    up = p[:, KNEES, 1] - p[:, HIPS, 1] > -0.28
    return bool((np.diff(up.astype(int), axis=0) > 0).sum(axis=0).min() >= 2)


def creeps(p: Positions) -> bool:
    """Goes slowly with bent legs."""
    went = np.linalg.norm(np.diff(p[:, PELVIS][:, [0, 2]], axis=0), axis=-1).mean() * FPS
    return bool(0.12 < went < 1.2 and p[:, PELVIS, 1].mean() < 0.88)


def favours_a_leg(p: Positions) -> bool:
    """Goes upright, and stands clearly longer on one foot than on the other."""
    went = np.linalg.norm(np.diff(p[:, PELVIS][:, [0, 2]], axis=0), axis=-1).mean() * FPS
    left, right = (speed(p[:, ANKLES]) < 0.35).mean(axis=0)
    upright = np.median(p[:, PELVIS, 1]) > 0.78
    return bool(upright and 0.15 < went < 1.7 and abs(left - right) > 0.09 * max(left + right, 1e-6))


def reaches_out(p: Positions) -> bool:
    """Both hands far from the chest and above it at once."""
    hands = p[:, WRISTS] - p[:, CHEST, None]
    far = (np.linalg.norm(hands, axis=-1).min(axis=1) > 0.48) & (hands[..., 1].min(axis=1) > 0)
    return bool(far.mean() > 0.1)


def hand_flung(p: Positions) -> bool:
    """A wrist fast against the pelvis at the height of the shoulders."""
    fast = speed(p[:, WRISTS] - p[:, :1]) > 2.6
    return bool((fast & (p[:, WRISTS, 1] > p[:, [12], 1] - 0.12)).any())


def comes_up(p: Positions) -> bool:
    """The pelvis from near the ground in the first half second to standing in the last."""
    return bool(p[:10, PELVIS, 1].mean() < 0.58 and p[-10:, PELVIS, 1].mean() > 0.76)


def goes_sideways(p: Positions) -> bool:
    """To a side, and more so than ahead or back."""
    forward = heading(p)
    step = np.gradient(p[:, PELVIS], axis=0)
    ahead = np.sum(step * forward, axis=-1).mean() * FPS
    left = np.sum(step[:, [0, 2]] * np.stack([forward[:, 2], -forward[:, 0]], axis=-1), axis=-1).mean() * FPS
    return bool(abs(left) > max(0.15, abs(ahead)))


def ball_bounced(p: Positions) -> bool:
    """A hand goes down and up again and again below its shoulder."""
    height = p[:, WRISTS, 1]
    below = (height < p[:, SHOULDERS, 1]).mean(axis=0) > 0.8
    return any(bool(below[side]) and reversals(height[:, side], 0.08) >= 4 for side in (0, 1))


def on_a_seat(p: Positions) -> bool:
    """The pelvis at the height of a chair, not on the floor."""
    return bool(np.median(p[:, PELVIS, 1]) > 0.33)


def low_on_the_feet(p: Positions) -> bool:
    """The pelvis low, but not on the floor."""
    height = p[:, PELVIS, 1]
    return bool(height.min() < 0.72 and np.percentile(height, 10) > 0.25)


def hands_busy(p: Positions) -> bool:
    return bool(speed(p[:, [*ANKLES, *WRISTS]]).mean() > 0.45)


def upside_down(p: Positions) -> bool:
    return bool((p[:, HEAD, 1] < p[:, PELVIS, 1] - 0.15).any())


def goes(low: float, high: float) -> Callable[[Positions], bool]:
    """On the mean between these m/s along the facing."""

    def test(p: Positions) -> bool:
        ahead = np.sum(np.gradient(p[:, PELVIS], axis=0) * heading(p), axis=-1).mean() * FPS
        return bool(low < ahead < high)

    return test


SIGNS: dict[str, Callable[[Positions], bool]] = {
    "idle": stands_still,
    "sit": on_a_seat,
    "crouch": low_on_the_feet,
    "golf": club_swung,
    "drink": hand_at_head(0.15),
    "eat": hand_at_head(0.1),
    "phone": hand_at_head(0.3),
    "march": knees_lifted,
    "sneak": creeps,
    "limp": favours_a_leg,
    "stretch": reaches_out,
    "throw": hand_flung,
    "basketball": ball_bounced,
    "get_up": comes_up,
    "sidestep": goes_sideways,
    "dance": hands_busy,
    "salsa": hands_busy,
    "cartwheel": upside_down,
    "handstand": upside_down,
    "walk": goes(0.35, 2.4),
    "run": goes(1.5, 8.0),
    "jog": goes(1.2, 8.0),
    "walk_backward": goes(-2.5, -0.2),
}
