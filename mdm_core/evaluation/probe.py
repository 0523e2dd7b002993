"""The prompt probe: does a model do what it is told? Prompts, each with a geometric test of the motion it gives.

A test looks at joint positions alone, never at what a network thinks of them. The same test on the motions of all
other prompts says how often it passes by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup import measures
from mdm_core.datasets.describe import reversals
from mdm_core.features.humanml3d import gaussian_smooth, heading
from mdm_core.generator import MotionGenerator, OnStep, Request
from mdm_core.motion import Motion
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


WALKS = forward_between(0.5, 2.2)

PROMPTS: dict[str, Test] = {
    "a person walks forward": WALKS,
    "someone strolls along": WALKS,
    "a person runs": forward_between(1.8, 7.0),
    "a person jogs forward": forward_between(1.4, 7.0),
    "a person walks backward": forward_between(-2.0, -0.25),
    "a person sidesteps to the left": sideways(1),
    "a person sidesteps to the right": sideways(-1),
    "a person turns left": turns(45, 400),
    "a person turns right": turns(-400, -45),
    "a person turns around": lambda p: bool(np.abs(yaw(p)).max() > 130),
    "a person walks in a circle": both(WALKS, lambda p: bool(np.abs(yaw(p)).max() > 200)),
    "a person stands still": still,
    "a person jumps": jumps,
    "a person jumps forward": both(jumps, lambda p: bool(local_velocity(p)[0] > 0.15)),
    "a person sits down": pelvis((0.8, 1.2), (0.3, 0.75)),
    "a person stands up from a chair": pelvis((0.3, 0.75), (0.8, 1.2)),
    "a person crouches down": lowest_pelvis(0.7),
    "a person lies on the ground": lowest_pelvis(0.35),
    "a person waves": waves(0, 1),
    "a person waves the right hand": waves(1),
    "a person waves the left hand": waves(0),
    "a person raises both arms": hands_up(0, 1),
    "a person kicks": kicks,
    "a person throws punches": punches,
    "a person throws a ball": throws,
    "a person picks something up from the ground": reaches_down,
    "a person dances": dances,
    "a person walks forward and waves": both(forward_between(0.35, 2.2), waves(0, 1)),
}


@dataclass(frozen=True)
class Row:
    """One prompt: how often its test passed on its own motions, and on those of the other prompts."""

    prompt: str
    passed: float
    chance: float


@dataclass(frozen=True)
class Report:
    """The whole probe. slide m/s, jitter m/s^3, float and penetration m: means over all motions."""

    rows: tuple[Row, ...]
    physical: dict[str, float]

    @property
    def passed(self) -> float:
        """Mean success over prompts."""
        return float(np.mean([row.passed for row in self.rows]))

    @property
    def chance(self) -> float:
        """Mean success by chance over prompts."""
        return float(np.mean([row.chance for row in self.rows]))


def probe(
    generator: MotionGenerator,
    *,
    takes: int = 8,
    seconds: float = 4.0,
    guidance: float | None = None,
    steps: int | None = None,
    on_step: OnStep | None = None,
) -> Report:
    """Generates `takes` motions of each prompt (seeds 0, 1, ...) and tests them."""
    request = Request(tuple(PROMPTS), seconds=seconds, takes=takes, guidance=guidance, steps=steps)
    return judge(generator.generate(request, on_step=on_step), takes)


def judge(motions: Sequence[Motion], takes: int) -> Report:
    """The report on motions in the order of `PROMPTS`, `takes` of each."""
    positions = [motion.positions.astype(np.float64) for motion in motions]
    rows: list[Row] = []
    for number, (prompt, test) in enumerate(PROMPTS.items()):
        passed = np.array([test(p) for p in positions])
        own = slice(number * takes, (number + 1) * takes)
        rows.append(
            Row(prompt, float(passed[own].mean()), float(np.delete(passed, np.arange(len(passed))[own]).mean()))
        )
    return Report(tuple(rows), physical(motions))


def physical(motions: Sequence[Motion]) -> dict[str, float]:
    """Means of `cleanup.measures` over the motions."""

    def contacts(motion: Motion) -> NDArray[np.bool_]:
        return np.zeros((len(motion), 4), dtype=bool) if motion.contacts is None else motion.contacts

    values = {
        "slide": [measures.slide(m.positions, contacts(m), m.fps) for m in motions],
        "float": [measures.float_height(m.positions, contacts(m)) for m in motions],
        "penetration": [measures.penetration(m.positions) for m in motions],
        "jitter": [measures.jitter(m.positions, m.fps) for m in motions],
    }
    return {name: float(np.mean(numbers)) for name, numbers in values.items()}
