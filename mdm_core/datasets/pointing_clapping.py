"""People who stand or walk and point or clap, by formula: the data has two clips of the one and none of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mdm_core import rotations

from . import evidence
from .cmu import Clip
from .compose import ARMS, Positions, both, chest, direction, ease, with_arm_at

FPS = 20.0
SHORTEST, LONGEST = 64, 196
WHILE = "while "
POINTS = (
    "points at something", "points", "is pointing", "points ahead", "points with the {side} hand",
    "points with the {side} arm", "stretches out the {side} arm to point",
)  # fmt: skip
CLAPS = ("claps", "claps the hands", "is clapping", "applauds", "claps along")


def clips(whole: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """`count` clips, two of three standing, half of them pointing."""
    groups = [evidence.bodies(whole, action, SHORTEST) for action in ("idle", "walk")]
    chances = np.array([2.0, 1.0]) * [bool(group) for group in groups]
    for number in range(count if chances.any() else 0):
        group = groups[int(rng.choice(2, p=chances / chances.sum()))]
        body = group[int(rng.integers(len(group)))]
        frames = int(rng.integers(min(len(body.positions), 70), min(len(body.positions), LONGEST) + 1))
        start = int(rng.integers(len(body.positions) - frames + 1))
        part = body.positions[start : start + frames]
        side = str(rng.choice(("left", "right")))
        action = ("point", "clap")[number % 2]
        positions = pointing(part, side, rng) if action == "point" else clapping(part, rng)
        said = [words.format(side=side) for words in (POINTS if action == "point" else CLAPS)]
        chosen = [said[0], *rng.permutation(said[1:])[:3]]
        if body.actions == ("walk",):
            captions = tuple(both("a person walks", f"a person {words}") for words in chosen)
        else:
            captions = tuple(f"a person {words}" for words in chosen)
        yield Clip(
            f"{body.name}~{action}#{number}",
            body.subject,
            "single",
            (action, WHILE + body.actions[0]),
            captions,
            positions,
        )


def pointing(body: Positions, side: str, rng: np.random.Generator) -> Positions:
    """The body's motion [T, 22, 3] with an arm that is stretched out at something level with the chest, and held."""
    seconds = np.arange(len(body)) / FPS
    reach = rng.uniform(0.45, 0.9)
    start = rng.uniform(0.0, 0.5)
    end = seconds[-1] + 2 if rng.random() < 0.5 else seconds[-1] * rng.uniform(0.7, 0.95)
    up = ease((seconds - start) / reach) * (1 - ease((seconds - end) / reach))
    front, level = rng.uniform(35, 95), rng.uniform(-12, 18)
    drift = 2.5 * np.sin(2 * np.pi * (rng.uniform(0.2, 0.5) * seconds + rng.random()))
    sign, bend = 1.0 if side == "left" else -1.0, rng.uniform(0, 8)
    return with_arm_at(
        body, side, direction(front, level + drift, sign), direction(front + bend, level + 1.3 * drift, sign), up
    )


def clapping(body: Positions, rng: np.random.Generator) -> Positions:
    """The body's motion [T, 22, 3] with hands that come up before the chest and meet 1.5 to 3 times a second."""
    seconds = np.arange(len(body)) / FPS
    start, reach = rng.uniform(-0.5, 0.4), rng.uniform(0.4, 0.8)
    end = seconds[-1] + 2 if rng.random() < 0.6 else seconds[-1] * rng.uniform(0.75, 0.95)
    up = ease((seconds - start) / reach) * (1 - ease((seconds - end) / reach))
    # Wrists are a hand's breadth apart when palms meet.
    apart = 0.09 + rng.uniform(0.16, 0.34) * (0.5 - 0.5 * np.cos(2 * np.pi * (rng.uniform(1.5, 3.0) * seconds)))
    height, ahead = rng.uniform(-0.12, 0.12), rng.uniform(0.26, 0.38)
    frame, result = chest(body), body
    for side, (shoulder, elbow, wrist) in ARMS.items():
        sign = 1.0 if side == "left" else -1.0
        goal = np.stack([0.5 * sign * apart, np.full(len(body), height), np.full(len(body), ahead)], axis=-1)
        root = rotations.rotate(rotations.inverse(frame), body[:, shoulder] - body[:, 9])
        lengths = [float(np.linalg.norm(body[0, b] - body[0, a])) for a, b in ((shoulder, elbow), (elbow, wrist))]
        upper, fore = bent(goal - root, lengths, np.array([0.5 * sign, -1.0, -0.2]))
        result = with_arm_at(result, side, upper, fore, up)
    return result


def bent(reach: Positions, lengths: Sequence[float], towards: Positions) -> tuple[Positions, Positions]:
    """Directions [T, 3] of two bones of these lengths that end at `reach` [T, 3] and bend towards a direction [3]."""
    first, second = lengths
    distance = np.clip(np.linalg.norm(reach, axis=-1, keepdims=True), abs(first - second) + 1e-3, first + second - 1e-3)
    along = rotations.normalize(reach)
    way = (first**2 - second**2 + distance**2) / (2 * distance)
    out = rotations.normalize(towards - np.sum(towards * along, axis=-1, keepdims=True) * along)
    middle = way * along + np.sqrt(np.maximum(first**2 - way**2, 0)) * out
    return middle / first, (distance * along - middle) / second
