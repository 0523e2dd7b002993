"""Moments worth a caption of their own inside longer clips: sitting down, standing up, picking up, throwing.

The captions of a long sequence fit only the whole of it, which no window holds; so its moments are measured and cut
out, with some of what comes before and after. What can't be told from positions alone (whether a hand that reaches
down picks something up) is looked for only in clips whose labels say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .describe import Track

Positions = NDArray[np.floating[Any]]

BEFORE, AFTER = (4, 40), (10, 130)
"""Frames of context, drawn between these: prompts are asked for moments that begin soon."""
FPS = 20.0
UPRIGHT = 0.84
"""Metres: the pelvis of a body that stands (0.90 at rest)."""
REACHED = 0.42
"""Metres: a wrist this low reaches for the ground."""
FLUNG = 2.2
"""Metres a second of a wrist against the pelvis: a throw."""

WORDS: dict[str, tuple[str, ...]] = {
    "sit down": (
        "sits down", "sits down on a chair", "takes a seat", "sits down and stays seated", "lowers into a chair",
        "sits on a chair", "stands, then sits down", "is standing and then sits down",
    ),
    "sit on floor": ("sits down on the floor", "sits down on the ground", "sits down", "lowers to the ground to sit"),
    "stand up": (
        "stands up", "stands up from a chair", "gets up from a seat", "rises from a chair", "gets up", "rises to stand",
        "is sitting and then stands up",
    ),
    "stand up from floor": ("stands up", "gets up from the floor", "gets up off the ground", "rises from the ground"),
    "pick up": (
        "picks something up", "picks something up from the ground", "bends down and picks something up",
        "picks up an object from the floor", "bends over to pick something up", "reaches down and picks up an object",
    ),
    "put down": ("puts something down", "sets something down on the ground", "bends down and puts an object down"),
    "throw left": ("throws a ball", "throws something", "throws a ball with the left hand", "throws with the left arm"),
    "throw right": (
        "throws a ball", "throws something", "throws a ball with the right hand", "throws with the right arm",
    ),
    "throw both": ("throws a ball", "throws something", "throws a ball with both hands"),
}  # fmt: skip
ACTION: dict[str, str] = {
    "sit down": "sit_down", "sit on floor": "sit_down", "stand up": "stand_up", "stand up from floor": "get_up",
    "pick up": "pick_up", "throw left": "throw", "throw right": "throw", "throw both": "throw",
}  # fmt: skip
"""The action label of a moment, where it is one."""
SUBJECTS = ("a person", "a person", "someone", "a man", "the person", "a woman")


@dataclass(frozen=True)
class Moment:
    """Frames [start, stop) in which something of `WORDS` happens; the clip may be shown from `low` up to `high`."""

    tag: str
    start: int
    stop: int
    low: int
    high: int


def sitting(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Sitting down and standing up: standing, a second or more of sitting, standing again."""
    height = positions[:, 0, 1]
    up = (height > UPRIGHT) & np.isin(measured.state, ("stand", "forward", "backward", "left", "right"))
    seated = np.isin(measured.state, ("sit", "lie")) | ((height < 0.45) & (measured.state == "crouch"))
    for a, b in runs(seated, shortest=14):
        floor = " on floor" if np.median(height[a:b]) < 0.35 else ""
        before, after = np.flatnonzero(up[:a]), np.flatnonzero(up[b:])
        if len(before) and a - before[-1] < 3.5 * FPS:
            start = int(before[-1])
            yield Moment(f"sit{floor or ' down'}", start, a + 6, back(up, start), b)
        if len(after) and after[0] < 3.5 * FPS:
            stop = int(b + after[0] + 1)
            yield Moment("stand up" + (" from floor" if floor else ""), b - 6, stop, a, ahead(~seated, stop))


def reaching(positions: Positions, actions: tuple[str, ...]) -> Iterator[Moment]:
    """A hand that goes down to the ground and comes up again: the first picks up, the next may put down."""
    low = positions[:, [20, 21], 1].min(axis=1) < REACHED
    up = (positions[:, 0, 1] > UPRIGHT - 0.03) & (positions[:, [20, 21], 1].min(axis=1) > 0.55)
    for number, (a, b) in enumerate(runs(low, shortest=3)):
        tag = "pick up" if number == 0 else "put down" if number == 1 and "put_down" in actions else ""
        before, after = np.flatnonzero(up[:a]), np.flatnonzero(up[b:])
        if not tag or not len(before) or not len(after) or a - before[-1] > 3 * FPS or after[0] > 3 * FPS:
            return
        yield Moment(tag, int(before[-1]), int(b + after[0] + 1), 0, len(positions))


def throwing(positions: Positions) -> Iterator[Moment]:
    """A wrist that is flung at the height of the chest or above it."""
    wrists = positions[:, [20, 21]] - positions[:, :1]
    speed = np.linalg.norm(np.gradient(wrists, axis=0), axis=-1) * FPS
    flung = (speed > FLUNG) & (positions[:, [20, 21], 1] > positions[:, 6:7, 1])
    taken = -1
    for a, b in runs(flung.any(axis=1), shortest=1):
        if a < taken:
            continue
        fast = speed[a:b].max(axis=0) > FLUNG - 0.5
        side = "both" if fast.all() else "left" if fast[0] else "right"
        yield Moment(f"throw {side}", max(0, a - 14), min(len(positions), b + 10), 0, len(positions))
        taken = b + 20


def runs(flags: NDArray[np.bool_], shortest: int) -> Iterator[tuple[int, int]]:
    """Stretches [a, b) of true flags, those less than six frames apart as one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    joined: list[list[int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if joined and a - joined[-1][1] < 6:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    yield from ((a, b) for a, b in joined if b - a >= shortest)


def back(flags: NDArray[np.bool_], at: int) -> int:
    """The first frame of the stretch of true flags that ends at `at`."""
    missing = np.flatnonzero(~flags[: at + 1])
    return int(missing[-1]) + 1 if len(missing) else 0


def ahead(flags: NDArray[np.bool_], at: int) -> int:
    """The end of the stretch of true flags that begins at `at`."""
    missing = np.flatnonzero(~flags[at:])
    return at + int(missing[0]) if len(missing) else len(flags)


FINDERS: dict[frozenset[str], Callable[[Positions, Track, tuple[str, ...]], Iterator[Moment]]] = {
    frozenset(("sit_down", "sit", "stand_up", "get_up")): lambda p, track, _: sitting(p, track),
    frozenset(("pick_up",)): lambda p, _, actions: reaching(p, actions),
    frozenset(("throw",)): lambda p, _, __: throwing(p),
}
"""What is looked for in clips that have one of these labels."""


def moments(positions: Positions, measured: Track, actions: tuple[str, ...]) -> Iterator[Moment]:
    """The moments of a clip [T, 22, 3] with these action labels."""
    for labels, find in FINDERS.items():
        if labels & set(actions):
            yield from find(positions, measured, actions)


def shown(moment: Moment, rng: np.random.Generator) -> tuple[int, int]:
    """Frames [start, stop) to show the moment with context."""
    start = max(moment.low, moment.start - int(rng.integers(*BEFORE)))
    return start, min(moment.high, moment.stop + int(rng.integers(*AFTER)))


def captions(moment: Moment, rng: np.random.Generator, count: int = 4) -> tuple[str, ...]:
    """Sentences about the moment, the plainest always among them."""
    others = rng.permutation(len(WORDS[moment.tag]) - 1)[: count - 1] + 1
    phrases = [WORDS[moment.tag][k] for k in (0, *others)]
    return tuple(f"{SUBJECTS[0] if k == 0 else rng.choice(SUBJECTS)} {p}" for k, p in enumerate(phrases))
