"""Geometric tests of motions: does a body walk backward, wave, sit down? Joint positions alone decide.

Thresholds are loose: a test has to pass what a person would call that, not what is typical of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets.describe import reversals
from mdm_core.features.humanml3d import gaussian_smooth, heading
from mdm_core.skeleton import FEET

FPS = 20.0
Positions = NDArray[np.floating[Any]]
Test = Callable[[Positions], bool]
"""Of positions [T, 22, 3] at 20 fps, metres, Y up."""


def local_velocity(p: Positions) -> Positions:
    """Mean velocity [2] seen from the body: forward and left, m/s."""
    forward = heading(p)
    step = np.gradient(p[:, 0], axis=0) * FPS
    left = np.stack([forward[:, 2], np.zeros(len(p)), -forward[:, 0]], axis=-1)
    return np.array([np.sum(step * forward, axis=-1).mean(), np.sum(step * left, axis=-1).mean()])


def yaw(p: Positions) -> Positions:
    """Heading [T] in degrees, unwrapped, 0 first, positive to the left."""
    forward = heading(p)
    angle = np.degrees(np.unwrap(np.arctan2(forward[:, 0], forward[:, 2])))
    return gaussian_smooth(angle - angle[0], 3.0)


def forward_between(low: float, high: float) -> Test:
    """Mean forward speed within bounds, m/s."""
    return lambda p: bool(low < local_velocity(p)[0] < high)


def sideways(sign: int) -> Test:
    """Goes to its left (+1) or right (-1), and more so than forward or back."""

    def test(p: Positions) -> bool:
        forward, left = local_velocity(p)
        return bool(sign * left > 0.15 and abs(left) > abs(forward))

    return test


def jumps(p: Positions) -> bool:
    """All four foot joints are well above the floor at once, and the pelvis above where it usually is."""
    feet = p[:, list(FEET), 1].min(axis=1)
    pelvis = p[:, 0, 1]
    return bool(((feet > 0.10) & (pelvis > np.median(pelvis) + 0.08)).any())


def turns(low: float, high: float) -> Test:
    """Ends turned by an angle within bounds, degrees to the left."""
    return lambda p: bool(low < yaw(p)[-5:].mean() < high)


def waves(*sides: int) -> Test:
    """One of these wrists (0 left, 1 right) is above the chest a third of the time and goes to and fro."""

    def test(p: Positions) -> bool:
        forward = heading(p)
        across = np.stack([forward[:, 2], np.zeros(len(p)), -forward[:, 0]], axis=-1)
        for side in sides:
            wrist, elbow = p[:, 20 + side], p[:, 18 + side]
            high = wrist[:, 1] > p[:, 9, 1]
            swing = np.sum((wrist - elbow) * across, axis=-1)
            if high.mean() > 0.33 and reversals(swing[high], 0.05) >= 3:
                return True
        return False

    return test


def hands_up(*sides: int) -> Test:
    """These wrists are above the head joint for a fifth of the time."""
    return lambda p: all(bool((p[:, 20 + s, 1] > p[:, 15, 1]).mean() > 0.2) for s in sides)


def pelvis(start: tuple[float, float], end: tuple[float, float]) -> Test:
    """Pelvis height, metres, within bounds in the first and in the last half second."""

    def test(p: Positions) -> bool:
        height = p[:, 0, 1]
        return bool(start[0] < height[:10].mean() < start[1] and end[0] < height[-10:].mean() < end[1])

    return test


def lowest_pelvis(high: float) -> Test:
    """The pelvis comes below that height, metres."""
    return lambda p: bool(p[:, 0, 1].min() < high)


def kicks(p: Positions) -> bool:
    """An ankle swings up to knee height, and fast."""
    ankles = p[:, [7, 8]]
    speed = np.linalg.norm(np.gradient(ankles - p[:, :1], axis=0), axis=-1) * FPS
    return bool(((ankles[..., 1] > 0.42) & (speed > 1.5)).any())


def punches(p: Positions) -> bool:
    """A wrist shoots out at chest height more than once."""
    wrists = p[:, [20, 21]] - p[:, 9:10]
    speed = np.linalg.norm(np.gradient(wrists, axis=0), axis=-1) * FPS
    fast = (speed > 2.0) & (np.abs(wrists[..., 1]) < 0.45)
    return bool((np.diff(fast.any(axis=1).astype(int)) > 0).sum() >= 2)


def throws(p: Positions) -> bool:
    """A wrist moves fast through the height of the shoulders."""
    wrists = p[:, [20, 21]]
    speed = np.linalg.norm(np.gradient(wrists - p[:, :1], axis=0), axis=-1) * FPS
    return bool(((speed > 2.5) & (wrists[..., 1] > p[:, 12:13, 1] - 0.1)).any())


def reaches_down(p: Positions) -> bool:
    """A hand comes close to the ground."""
    return bool(p[:, [20, 21], 1].min() < 0.4)


def still(p: Positions) -> bool:
    """Upright, feet and pelvis at rest."""
    speed = np.linalg.norm(np.gradient(p[:, [0, 7, 8]], axis=0), axis=-1) * FPS
    return bool(speed.mean() < 0.12 and p[:, 0, 1].min() > 0.8)


def dances(p: Positions) -> bool:
    """Hands and feet are busy while the body stays in a few square metres."""
    speed = np.linalg.norm(np.gradient(p[:, [7, 8, 20, 21]], axis=0), axis=-1) * FPS
    return bool(speed.mean() > 0.5 and np.ptp(p[:, 0, [0, 2]], axis=0).max() < 2.5)


def both(*tests: Test) -> Test:
    """All of the tests."""
    return lambda p: all(test(p) for test in tests)


def raises(side: int) -> Test:
    """This wrist (0 left, 1 right) is above the head joint for a fifth of the time, the other one is not."""
    return lambda p: hands_up(side)(p) and not hands_up(1 - side)(p)


def kicks_with(side: int) -> Test:
    """As `kicks`, of one leg, which goes higher than the other."""

    def test(p: Positions) -> bool:
        swing = p[:, 7 + side] - p[:, 0]
        fast = np.linalg.norm(np.gradient(swing, axis=0), axis=-1) * FPS > 1.5
        high = p[:, 7 + side, 1] > 0.42
        return bool((fast & high).any() and p[:, 7 + side, 1].max() > p[:, 8 - side, 1].max())

    return test


def stays_low(high: float) -> Test:
    """The pelvis is below that height, metres, from first to last (but for a tenth of the frames)."""
    return lambda p: bool(np.percentile(p[:, 0, 1], 90) < high)


def spins(p: Positions) -> bool:
    """Turns at least five sixths round and stays within a metre and a half."""
    return bool(np.ptp(yaw(p)) > 300 and np.ptp(p[:, 0, [0, 2]], axis=0).max() < 1.5)


def walks_then_stops(p: Positions) -> bool:
    """Moves in the first half and stands in the last half second."""
    speed = np.linalg.norm(np.gradient(p[:, 0, [0, 2]], axis=0), axis=-1) * FPS
    return bool(speed[: len(p) // 2].mean() > 0.4 and gaussian_smooth(speed, 2.0)[-10:].mean() < 0.25)


def crouched(high: float, speed: float) -> Test:
    """Goes forward no faster than `speed` with the pelvis, on the mean, below `high`."""
    return lambda p: bool(0.1 < local_velocity(p)[0] < speed and p[:, 0, 1].mean() < high)


def high_knees(p: Positions) -> bool:
    """Each knee comes up to a third of a metre below the hip, or higher, at least twice."""
    height = p[:, [4, 5], 1] - p[:, [1, 2], 1]
    up = height > -0.27
    return bool((np.diff(up.astype(int), axis=0) > 0).sum(axis=0).min() >= 2)


def limps(p: Positions) -> bool:
    """Walks, and one foot rests clearly longer than the other."""
    speed = np.linalg.norm(np.gradient(p[:, [7, 8]], axis=0), axis=-1) * FPS
    left, right = (speed < 0.35).mean(axis=0)
    walking = 0.15 < float(np.linalg.norm(local_velocity(p))) < 1.6
    return bool(walking and abs(left - right) / max(left + right, 1e-6) > 0.1)


def hops(p: Positions) -> bool:
    """One ankle stays above the other by 10 cm for half of the time, and the lower one leaves the ground twice."""
    ankles = p[:, [7, 8], 1]
    lifted = (np.abs(ankles[:, 0] - ankles[:, 1]) > 0.10).mean()
    lower = ankles.min(axis=1)
    return bool(lifted > 0.5 and reversals(lower, 0.05) >= 3)


def star(p: Positions) -> bool:
    """Jumping jacks: hands overhead and feet apart come and go together."""
    hands = p[:, [20, 21], 1].min(axis=1) - p[:, 15, 1]
    feet = np.linalg.norm(p[:, 7] - p[:, 8], axis=-1)
    together = np.corrcoef(hands, feet)[0, 1] if hands.std() > 0.05 and feet.std() > 0.03 else 0.0
    return bool(together > 0.5 and reversals(hands, 0.3) >= 2)


def inverted(p: Positions) -> bool:
    """The head comes below the pelvis and the feet above it."""
    return bool(((p[:, 15, 1] < p[:, 0, 1]) & (p[:, [7, 8], 1].max(axis=1) > p[:, 0, 1])).any())


def bows(p: Positions) -> bool:
    """The trunk leans past 45 degrees and comes up again, on straight enough legs."""
    trunk = p[:, 12] - p[:, 0]
    lean = np.degrees(np.arccos(np.clip(trunk[:, 1] / np.linalg.norm(trunk, axis=-1), -1, 1)))
    deepest = int(np.argmax(lean))
    return bool(lean[deepest] > 45 and lean[deepest:].min() < 30 and p[deepest, 0, 1] > 0.6)


def crawls(p: Positions) -> bool:
    """Hands and knees are near the ground while the body moves."""
    low = (p[:, [20, 21], 1].max(axis=1) < 0.45) & (p[:, [4, 5], 1].max(axis=1) < 0.45)
    return bool(low.mean() > 0.5 and np.linalg.norm(np.gradient(p[:, 0, [0, 2]], axis=0), axis=-1).mean() * FPS > 0.1)


def claps(p: Positions) -> bool:
    """The wrists meet and part at least twice."""
    apart = np.linalg.norm(p[:, 20] - p[:, 21], axis=-1)
    return bool(apart.min() < 0.25 and reversals(apart, 0.12) >= 3)


def hand_at_head(share: float) -> Test:
    """A wrist is within 30 cm of the head for that share of the time."""

    def test(p: Positions) -> bool:
        near = np.linalg.norm(p[:, [20, 21]] - p[:, 15:16], axis=-1) < 0.30
        return bool((near.mean(axis=0) > share).any())

    return test


def points(p: Positions) -> bool:
    """An arm is stretched out, above the waist, for a fifth of the time."""
    for side in (0, 1):
        arm = p[:, 20 + side] - p[:, 16 + side]
        length = np.linalg.norm(arm, axis=-1)
        out = (length > 0.44) & (arm[:, 1] > -0.25)
        if out.mean() > 0.2:
            return True
    return False


def stretches(p: Positions) -> bool:
    """Both hands are far from the body, or overhead, for a while."""
    hands = p[:, [20, 21]] - p[:, 9:10]
    return bool(((np.linalg.norm(hands, axis=-1).min(axis=1) > 0.5) & (hands[..., 1].min(axis=1) > 0)).mean() > 0.1)


def dribbles(p: Positions) -> bool:
    """A wrist goes up and down at least four times, below the shoulders."""
    for side in (0, 1):
        height = p[:, 20 + side, 1]
        if reversals(height, 0.08) >= 4 and (height < p[:, 16 + side, 1]).mean() > 0.8:
            return True
    return False


def swings_both(p: Positions) -> bool:
    """Both wrists close together move fast: a club or a bat."""
    together = np.linalg.norm(p[:, 20] - p[:, 21], axis=-1) < 0.35
    speed = np.linalg.norm(np.gradient(p[:, [20, 21]] - p[:, :1], axis=0), axis=-1).min(axis=1) * FPS
    return bool((together & (speed > 2.0)).any())


def arms_ahead(p: Positions) -> bool:
    """Both wrists are held in front of the chest for half of the time."""
    forward = heading(p)
    reach = np.sum((p[:, [20, 21]] - p[:, 9:10]) * forward[:, None], axis=-1)
    return bool(((reach.min(axis=1) > 0.25) & (p[:, [20, 21], 1].min(axis=1) > p[:, 0, 1] + 0.05)).mean() > 0.5)


def rises(metres: float) -> Test:
    """The feet end that much higher (negative: lower) than they began."""

    def test(p: Positions) -> bool:
        lowest = p[:, list(FEET), 1].min(axis=1)
        gained = np.median(lowest[-10:]) - np.median(lowest[:10])
        return bool(gained > metres if metres > 0 else gained < metres)

    return test


def either(*tests: Test) -> Test:
    """One of the tests."""
    return lambda p: any(test(p) for test in tests)
