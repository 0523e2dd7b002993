"""New clips from measured ones: a cycle carried on, the arms of another clip, arms that wave or rise by formula."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.features import humanml3d

Positions = NDArray[np.floating[Any]]

BLEND = 6  # frames over which two ends are faded into each other
MEET = 14  # frames before and after a jump within which a run meets it, for it stops there otherwise
SAME_POSE = 0.06  # metres: mean joint distance up to which two moments count as the same pose
MOST_OF_IT, PEAK = 0.6, 0.9  # of a clip's movement and of its fastest moment, what a cycle of it has to hold
ARMS = {"left": (16, 18, 20), "right": (17, 19, 21)}
SUBJECT = re.compile(r"^(a|the|some)\s?(person|man|woman|figure|body|one|dancer|boy|girl)\s+", re.IGNORECASE)


def canonical(positions: Positions) -> Positions:
    """Each frame [T, 22, 3] turned to face +Z above the origin, so that poses can be compared."""
    turn = humanml3d.onto_forward(humanml3d.heading(positions))
    ground = positions - positions[:, :1] * [1, 0, 1]
    return rotations.rotate(np.broadcast_to(turn[:, None], (*positions.shape[:2], 4)), ground)


def cycle(positions: Positions, shortest: int = 12) -> tuple[int, int] | None:
    """Two frames (a, b) with nearly the same pose and motion, as far apart as possible; None if there are none."""
    poses = canonical(positions)
    velocity = np.gradient(poses, axis=0)
    state = np.concatenate([poses, 3.0 * velocity], axis=-1).reshape(len(poses), -1)
    apart = np.linalg.norm(state[:, None] - state[None], axis=-1) / np.sqrt(poses.shape[1])
    a, b = np.indices(apart.shape)
    allowed = (apart < SAME_POSE * 2) & (b - a >= shortest) & (b < len(poses) - 1)
    if not allowed.any():
        return None
    score = np.where(allowed, (b - a) - 60.0 * apart, -np.inf)
    return tuple(int(i) for i in np.unravel_index(np.argmax(score), score.shape))  # type: ignore[return-value]


def place(part: Positions, at: Positions) -> Positions:
    """`part` [T, 22, 3] moved and turned about the vertical so that its first frame stands where `at` [22, 3] does."""
    there, here = (humanml3d.onto_forward(humanml3d.heading(pose[None]))[0] for pose in (at, part[0]))
    turn = rotations.multiply(rotations.inverse(there), here)
    moved = rotations.rotate(np.broadcast_to(turn, (*part.shape[:2], 4)), part - part[0, 0] * [1, 0, 1])
    return moved + at[0] * [1, 0, 1]


def join(first: Positions, second: Positions) -> Positions:
    """`second` appended to `first`, its first frame on the last of it, faded over `BLEND` frames of its beginning."""
    placed = place(second, first[-1])
    fade = np.clip(np.arange(1, len(placed)) / BLEND, 0, 1)[:, None, None]
    gap = first[-1] - placed[0]
    return np.concatenate([first, placed[1:] + (1 - fade) * gap])


def strides(positions: Positions) -> Positions:
    """Pose and velocity [T, K] as the body itself has them: frames that are alike can follow each other."""
    turn = humanml3d.onto_forward(humanml3d.heading(positions))[:, None]
    velocity = np.gradient(positions, axis=0)
    local = rotations.rotate(np.broadcast_to(turn, (*positions.shape[:2], 4)), velocity)
    return np.concatenate([canonical(positions), 3.0 * local], axis=-1).reshape(len(positions), -1)


def alike(first: Positions, second: Positions) -> tuple[int, int, float]:
    """The frame of each, [T, 22, 3] and [S, 22, 3], that are most alike in pose and motion, and how far apart still."""
    apart = np.linalg.norm(strides(first)[:, None] - strides(second)[None], axis=-1) / np.sqrt(first.shape[1])
    a, b = np.unravel_index(np.argmin(apart), apart.shape)
    return int(a), int(b), float(apart[a, b])


def running_jump(
    run: Positions, jump: Positions, flight: tuple[int, int], before: int, after: int
) -> tuple[Positions, float]:
    """A run [T, 22, 3] of `before` frames, the jump of a clip with its frames [a, b) in the air, `after` frames of run.

    Also returns the worse of the two joints' distances (`alike`), metres. T has to exceed `before` and `after`.
    """
    a, b = flight
    first, last = max(0, a - MEET), b + 2
    leaves, enters, off = alike(run[before:], jump[first : a - 2])
    lands, returns, on = alike(jump[last : b + MEET], run[: len(run) - after])
    start, middle = run[leaves : leaves + before + 1], jump[first + enters : last + lands + 1]
    result = join(join(start, middle), run[returns : returns + after + 1])
    return humanml3d.to_uniform_skeleton(result, humanml3d.uniform_offsets()), max(off, on)


def shows_all(positions: Positions, a: int, b: int) -> bool:
    """Whether frames [a, b] hold most of what moves in the clip, and its fastest moment.

    A golfer takes aim longer than he swings: what repeats there is not what the clip is called after.
    """
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    moved, fastest = speed.mean(axis=-1), speed.max(axis=-1)
    return bool(moved[a:b].sum() > MOST_OF_IT * moved.sum() and fastest[a:b].max() > PEAK * fastest.max())


def carried_on(positions: Positions, frames: int) -> Positions | None:
    """A clip [T, 22, 3] repeated along its own cycle until it lasts `frames`; None if it has none that shows it all."""
    found = cycle(positions)
    if found is None or not shows_all(positions, *found):
        return None
    a, b = found
    result = positions[: b + 1]
    while len(result) < frames:
        result = join(result, positions[a : b + 1])
    result = humanml3d.to_uniform_skeleton(result, humanml3d.uniform_offsets())
    return result[:frames]


def chest(positions: Positions) -> NDArray[np.floating[Any]]:
    """Rotation [T, 4] of the chest: x across the shoulders to the left, y up the spine."""
    x = rotations.normalize(positions[:, 16] - positions[:, 17])
    up = rotations.normalize(positions[:, 12] - positions[:, 3])
    z = rotations.normalize(np.cross(x, up))
    return rotations.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))


def with_arms(body: Positions, gesture: Positions, sides: tuple[str, ...]) -> Positions:
    """The body's motion with the gesture's arms, carried by the chest. Both [T, 22, 3], equally long."""
    turn = rotations.multiply(chest(body), rotations.inverse(chest(gesture)))[:, None]
    result = body.copy()
    for side in sides:
        collar = 13 if side == "left" else 14
        joints = list(ARMS[side])
        offset = gesture[:, joints] - gesture[:, collar : collar + 1]
        result[:, joints] = body[:, collar : collar + 1] + rotations.rotate(
            np.broadcast_to(turn, (*offset.shape[:2], 4)), offset
        )
    return humanml3d.to_uniform_skeleton(result, humanml3d.uniform_offsets())


def waving(body: Positions, sides: tuple[str, ...], rng: np.random.Generator, fps: float = 20.0) -> Positions:
    """The body's motion [T, 22, 3] with arms that rise, wave and sink again, made by formula.

    The measured data has four short clips of people who wave. Drawn: when, how high, how far and how fast (1.2 to 2.4
    times a second); the forearm swings about the elbow across the front, the upper arm a little with it.
    """
    frames = len(body)
    seconds = np.arange(frames) / fps
    lasting = frames / fps
    start = rng.uniform(-0.6, 0.25 * lasting)
    end = lasting + 1.0 if rng.random() < 0.5 else rng.uniform(0.75, 1.0) * lasting + 0.3
    reach = rng.uniform(0.55, 0.95)
    up = ease((seconds - start) / reach) * (1 - ease((seconds - end + reach) / reach))
    phase = 2 * np.pi * (rng.uniform(1.2, 2.4) * seconds + rng.random())
    wander = 0.15 * np.sin(2 * np.pi * (0.3 * seconds + rng.random()))
    swing = up**2 * (1 + wander) * np.sin(phase)
    lift, front, tip = rng.uniform(-25, 40), rng.uniform(5, 60), rng.uniform(0, 25)
    amplitude, lean = rng.uniform(18, 38), rng.uniform(-15, 15)
    result = body
    for side in sides:
        sign = 1.0 if side == "left" else -1.0
        upper = direction(front, lift + 5 * up * np.sin(phase + 1.2), sign)
        fore = direction(0, 90 - lean - amplitude * swing, sign) + np.array([0, 0, np.sin(np.radians(tip))])
        result = with_arm_at(result, side, upper, fore, up)
    return result


def raising(body: Positions, sides: tuple[str, ...], rng: np.random.Generator, fps: float = 20.0) -> Positions:
    """The body's motion [T, 22, 3] with arms that rise overhead and stay there, or sink again, made by formula."""
    frames = len(body)
    seconds = np.arange(frames) / fps
    lasting = frames / fps
    reach = rng.uniform(0.8, 1.5)
    start = rng.uniform(0.0, 0.5)
    end = lasting + 2.0 if rng.random() < 0.6 else rng.uniform(0.75, 1.0) * lasting + 0.4
    up = ease((seconds - start) / reach) * (1 - ease((seconds - end + reach) / reach))
    drift = np.sin(2 * np.pi * (0.3 * seconds + rng.random()))
    front, lift, bend = rng.uniform(10, 75), rng.uniform(52, 80), rng.uniform(0, 12)
    result = body
    for side in sides:
        sign = 1.0 if side == "left" else -1.0
        result = with_arm_at(
            result,
            side,
            direction(front, lift + 2 * drift, sign),
            direction(front, np.minimum(lift + bend + 3 * drift, 88), sign),
            up,
        )
    return result


def with_arm_at(body: Positions, side: str, upper: Positions, fore: Positions, share: Positions) -> Positions:
    """The body with one arm brought by `share` [T] (0 to 1) to these directions [T, 3] in the chest's frame."""
    frame, result = chest(body), body.copy()
    shoulder, elbow, wrist = ARMS[side]
    share = share[:, None]
    by_way_of = direction(55, np.zeros(len(body)), 1.0 if side == "left" else -1.0)
    for joint, parent, goal in ((elbow, shoulder, upper), (wrist, elbow, rotations.normalize(fore))):
        resting = body[:, joint] - body[:, parent]
        length = np.linalg.norm(resting, axis=-1, keepdims=True)
        inside = rotations.rotate(rotations.inverse(frame), resting / length)
        # By way of the front: straight up lies opposite to a hanging arm, where a shortest arc has no plane.
        curve = (1 - share) ** 2 * inside + 2 * share * (1 - share) * by_way_of + share**2 * goal
        result[:, joint] = result[:, parent] + length * rotations.rotate(frame, rotations.normalize(curve))
    return result


def direction(front: float, height: Positions, sign: float) -> Positions:
    """Unit vectors [T, 3] in the chest's frame: `front` degrees from sideways to the front, `height` above level."""
    across, up = np.radians(front), np.radians(height)
    return np.stack([sign * np.cos(up) * np.cos(across), np.sin(up), np.cos(up) * np.sin(across)], axis=-1)


def ease(x: Positions) -> Positions:
    """From 0 to 1 with the least jerk."""
    t = np.clip(x, 0, 1)
    return t**3 * (10 - 15 * t + 6 * t**2)


def active_arms(gesture: Positions) -> tuple[str, ...]:
    """The sides whose arm does something: the wrist is lifted or moves against the chest."""
    local = rotations.rotate(
        np.broadcast_to(rotations.inverse(chest(gesture))[:, None], (len(gesture), 2, 4)),
        gesture[:, [20, 21]] - gesture[:, 9:10],
    )
    busy = (local.std(axis=0).max(axis=-1) > 0.08) | (local[..., 1].mean(axis=0) > -0.1)
    return tuple(side for side, flag in zip(("left", "right"), busy, strict=True) if flag)


def both(first: str, second: str) -> str:
    """Two captions as one sentence about the same moment."""
    return f"{first} and {SUBJECT.sub('', second)}"
