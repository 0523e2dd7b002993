"""Captions that a motion itself gives: where it goes, how fast, turns, jumps, sitting, raised and waving arms.

Everything is measured from positions, so the words are true of exactly the frames described. Each thing has
several wordings, drawn with the generator that the caller passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.features.humanml3d import gaussian_smooth, heading
from mdm_core.skeleton import FEET

from . import wordings

Positions = NDArray[np.floating[Any]]

STILL, RUN = 0.30, 2.1  # m/s: slower is standing, faster is running
SHIFTING = 0.10  # m/s on the mean: who stands and moves more does not stand still
SLOW, FAST = 0.8, 1.45  # m/s: walking that is said to be so
STANDING_HEIGHT = 0.90  # m, pelvis of the uniform skeleton when upright
SHORTEST = 12  # frames: a state that lasts less is no part of the description
TURN = np.radians(60)
SIDEWAYS, SPUN = 0.3, np.radians(200)  # m/s on the mean, and radians: enough to contradict a caption
CIRCLE = np.radians(250)  # walked on a curve: three quarters round are meant as a circle

WORDS: dict[str, tuple[str, ...]] = {
    "stand": ("stands still", "stands", "is standing", "stays in place", "stands idle"),
    "shift": ("stands", "stands around", "shifts about on the spot", "stays about in place"),
    "forward": ("walks forward", "walks", "is walking forward", "walks ahead", "goes forward", "walks straight ahead"),
    "forward slow": ("walks slowly", "walks forward slowly", "is walking slowly", "walks at a slow pace"),
    "forward fast": ("walks briskly", "walks fast", "walks forward quickly", "walks at a brisk pace"),
    "backward": ("walks backward", "steps backward", "is walking backwards", "moves back", "backs up"),
    "left": ("walks sideways to the left", "sidesteps left", "steps to the left", "moves left sideways"),
    "right": ("walks sideways to the right", "sidesteps right", "steps to the right", "moves right sideways"),
    "run": ("runs", "runs forward", "is running", "jogs forward", "sprints ahead", "runs fast"),
    "jump": ("jumps", "jumps up", "does a jump", "leaps up", "is jumping", "jumps into the air"),
    "jump ahead": ("jumps forward", "leaps forward", "jumps ahead", "hops forward"),
    "sit down": ("sits down", "takes a seat", "sits down on a chair", "lowers into a seat"),
    "sit": ("is sitting", "is seated", "stays seated", "is sitting on a chair"),
    "stand up": ("stands up", "gets up", "rises to the feet", "stands up from a seat"),
    "crouch": ("crouches", "crouches down", "squats", "squats down", "bends the knees low"),
    "lie": ("lies down", "lies on the ground", "is lying on the floor"),
    "turn left": ("turns left", "turns to the left", "rotates to the left"),
    "turn right": ("turns right", "turns to the right", "rotates to the right"),
    "turn around left": ("turns around", "turns around to the left", "turns around over the left shoulder"),
    "turn around right": ("turns around", "turns around to the right", "turns around over the right shoulder"),
    "circle left": ("walks in a circle", "walks in a circle to the left", "walks around in a counterclockwise circle"),
    "circle right": ("walks in a circle", "walks in a circle to the right", "walks around in a clockwise circle"),
    "arm left": ("raises the left arm", "lifts the left arm up", "holds the left hand up"),
    "arm right": ("raises the right arm", "lifts the right arm up", "holds the right hand up"),
    "arm both": ("raises both arms", "lifts both arms up", "puts both hands up", "raises the arms overhead"),
    "wave left": ("waves", "waves with the left hand", "waves the left hand", "waves hello with the left arm"),
    "wave right": ("waves", "waves with the right hand", "waves the right hand", "waves hello with the right arm"),
    "wave both": ("waves", "waves with both hands", "waves both arms"),
}
STANDING = ("stand", "shift")
SEAT = 0.30
"""Metres: a pelvis below this is on the floor, sitting or kneeling, and neither on a chair nor in a crouch."""
UNNAMED = "low"
"""The state of a body on the floor that does not lie: no word here is true of all of these."""
FORMS, OFTEN = ("plain", "sentence", "third person", "gerund"), (0.5, 0.2, 0.15, 0.15)
SUBJECTS = ("a person", "someone", "a man", "the person", "a woman", "a figure", "")


@dataclass(frozen=True)
class Track:
    """What is measured once a clip, so that many windows of it can be described. All [T, ...] at 20 fps."""

    local_velocity: NDArray[np.floating[Any]]  # [T, 2] m/s: forward, left
    yaw: NDArray[np.floating[Any]]  # [T] radians, unwrapped, positive to the left
    state: NDArray[np.str_]  # [T] "stand", "forward", ..., "jump", "sit", "crouch", "low", "lie"
    raised: NDArray[np.bool_]  # [T, 2] left, right wrist above the head's base
    waving: NDArray[np.bool_]  # [T, 2]


def track(positions: Positions, fps: float = 20.0) -> Track:
    """Measures positions [T, 22, 3] (metres, Y up, feet resting on y = 0)."""
    forward = heading(positions)
    yaw = np.unwrap(np.arctan2(forward[:, 0], forward[:, 2]))
    smooth = gaussian_smooth(positions[:, 0], 5.0)
    velocity = np.gradient(smooth, axis=0) * fps if len(smooth) > 1 else np.zeros_like(smooth)
    left = np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], axis=-1)
    local = np.stack([np.sum(velocity * forward, axis=-1), np.sum(velocity * left, axis=-1)], axis=-1)
    return Track(
        local_velocity=local,
        yaw=gaussian_smooth(yaw, 4.0),
        state=states(positions, local, fps),
        raised=positions[:, [20, 21], 1] > positions[:, 15:16, 1] - 0.05,
        waving=waves(positions, forward, fps),
    )


def states(positions: Positions, local: NDArray[np.floating[Any]], fps: float) -> NDArray[np.str_]:
    """What the body does in each frame, [T]."""
    pelvis = positions[:, 0, 1]
    speed = np.linalg.norm(local, axis=-1)
    angle = np.degrees(np.arctan2(local[:, 1], local[:, 0]))
    state = np.full(len(positions), "stand", dtype="U8")
    moving = speed > STILL
    state[moving & (np.abs(angle) <= 50)] = "forward"
    state[moving & (np.abs(angle) >= 130)] = "backward"
    state[moving & (angle > 50) & (angle < 130)] = "left"
    state[moving & (angle < -50) & (angle > -130)] = "right"
    state[(speed > RUN) & (np.abs(angle) <= 60)] = "run"
    upright = (positions[:, 12, 1] - pelvis) / np.linalg.norm(positions[:, 12] - positions[:, 0], axis=-1)
    thighs = positions[:, [1, 2]] - positions[:, [4, 5]]
    level = (np.abs(thighs[..., 1]) / np.linalg.norm(thighs, axis=-1)).mean(axis=-1)
    knees_up = (positions[:, [4, 5], 1] - positions[:, [7, 8], 1]).min(axis=-1) > 0.25
    slow = speed < STILL
    bent = (pelvis < 0.72) & (upright > 0.5)
    on_feet = (pelvis > SEAT) & (positions[:, [4, 5], 1].max(axis=-1) > 0.25)
    state[bent] = "low"
    state[bent & on_feet] = "crouch"
    state[(pelvis > SEAT) & (pelvis < 0.75) & (level < 0.55) & knees_up & slow & (upright > 0.7)] = "sit"
    state[(pelvis < 0.35) & (upright < 0.5)] = "lie"
    state[airborne(positions, fps)] = "jump"
    return state


def airborne(positions: Positions, fps: float) -> NDArray[np.bool_]:
    """Frames [T] in which both feet leave the ground at once, high and long enough for a jump, not a running stride."""
    ankles = positions[:, [7, 8], 1]
    lift = ankles - np.percentile(ankles, 10, axis=0)
    up = (lift.min(axis=-1) > 0.09) & (positions[:, list(FEET), 1].min(axis=-1) > 0.05)
    together = np.abs(lift[:, 0] - lift[:, 1]) < 0.25
    result = np.zeros(len(positions), dtype=bool)
    for flag, run in groupby(range(len(up)), key=lambda t: bool(up[t])):
        frames = list(run)
        high = flag and positions[frames, 0, 1].max() > STANDING_HEIGHT + 0.06
        if high and 0.15 * fps <= len(frames) <= 1.5 * fps and together[frames].mean() > 0.5:
            result[max(0, frames[0] - 6) : frames[-1] + 7] = True
    return result


def waves(positions: Positions, forward: Positions, fps: float) -> NDArray[np.bool_]:
    """Per hand [T, 2]: held above the chest and swung to and fro at least three times within a second and a half."""
    result = np.zeros((len(positions), 2), dtype=bool)
    window = int(1.5 * fps)
    across = np.stack([forward[:, 2], np.zeros(len(forward)), -forward[:, 0]], axis=-1)
    for side, (elbow, wrist) in enumerate(((18, 20), (19, 21))):
        high = (positions[:, wrist, 1] > positions[:, 9, 1] + 0.05) & (positions[:, wrist, 1] > positions[:, elbow, 1])
        swing = np.sum((positions[:, wrist] - positions[:, elbow]) * across, axis=-1)
        for start in range(0, len(positions) - window + 1, 5):
            part = slice(start, start + window)
            if high[part].mean() > 0.9 and reversals(swing[part], 0.06) >= 3:
                result[part, side] = True
    return result


def reversals(x: NDArray[np.floating[Any]], amplitude: float) -> int:
    """How often x [T] turns back after having moved at least `amplitude`."""
    count, low, high, direction = 0, x[0], x[0], 0
    for value in x:
        low, high = min(low, value), max(high, value)
        if direction >= 0 and high - value > amplitude:
            count += direction > 0
            direction, low = -1, value
        elif direction <= 0 and value - low > amplitude:
            count += direction < 0
            direction, high = 1, value
        if direction > 0:
            low = value if value > high - amplitude else low
        elif direction < 0:
            high = value if value < low + amplitude else high
    return count


def events(measured: Track, start: int, stop: int) -> list[str]:
    """The keys of `WORDS` that happen in frames [start, stop), in order."""
    runs: list[tuple[str, int, int]] = []
    at = start
    for state, run in groupby(measured.state[start:stop]):
        length = len(list(run))
        if length >= SHORTEST or (state == "jump" and length >= 5):
            runs.append((str(state), at, at + length))
        at += length
    result: list[str] = []
    for index, (state, a, b) in enumerate(runs):
        around = [name for name, _, _ in runs[: index + 2]]
        name = event(state, around[:index], around[index + 1 :], measured.local_velocity[a:b])
        if not name:
            continue
        if not result or result[-1] != name:
            result.append(name)
        angle = measured.yaw[b - 1] - measured.yaw[a]
        turned = turn_name(angle)
        if state == "forward" and abs(angle) > CIRCLE:
            result[-1] = f"circle {'left' if angle > 0 else 'right'}"
        elif turned and state in ("stand", "forward", "run", "backward"):
            if state == "stand":
                result.pop()
            result.append(turned)
    return result


def event(state: str, earlier: list[str], later: list[str], velocity: NDArray[np.floating[Any]]) -> str:
    """A state between those before and after it as a key of `WORDS`, "" if it is part of another; velocity [T, 2]."""
    if state == UNNAMED:
        return ""
    before, speed = earlier[-1] if earlier else "", float(velocity[:, 0].mean())
    if state == "forward" and "sit" not in earlier[-2:]:
        return f"forward{pace(speed)}"
    if state in ("stand", "forward"):
        if "sit" in earlier[-2:]:
            return "stand up"
        return "shift" if np.linalg.norm(velocity, axis=-1).mean() > SHIFTING else "stand"
    if state == "sit":
        upright = {"stand", "forward", "backward"} & set(earlier)
        return "sit down" if upright and before in ("stand", "forward", "crouch", "backward") else "sit"
    if state == "crouch" and "sit" in (before, *later):
        return ""
    return "jump ahead" if state == "jump" and speed > 0.7 else state


def pace(speed: float) -> str:
    """The end of a key of `WORDS` that says how fast a walk is, m/s; "" for what nobody remarks on."""
    return " slow" if speed < SLOW else " fast" if speed > FAST else ""


def turn_name(angle: float) -> str:
    """A turn by `angle` radians as a key of `WORDS`; "" below 60 degrees."""
    if abs(angle) < TURN:
        return ""
    side = "left" if angle > 0 else "right"
    return f"turn around {side}" if abs(angle) > np.radians(140) else f"turn {side}"


def says_other_side(measured: Track, captions: tuple[str, ...], actions: tuple[str, ...]) -> bool:
    """Whether captions of a sidestep or a spin name the side opposite to the measured one.

    Of some subjects the database's directions are those of a viewer in front. Turns on the way are left alone: they
    may be short against the rest of the clip.
    """
    text = " ".join(captions).lower()
    said = np.sign(len(re.findall(r"\bleft\b", text)) - len(re.findall(r"\bright\b", text)))
    sideways = float(measured.local_velocity[:, 1].mean())
    turned = float(measured.yaw[-1] - measured.yaw[0])
    if "sidestep" in actions and abs(sideways) > SIDEWAYS:
        return bool(said * sideways < 0)
    return bool("spin" in actions and abs(turned) > SPUN and said * turned < 0)


def arms(measured: Track, start: int, stop: int) -> str:
    """The key of `WORDS` for what the arms do through a good part of the window, or "".

    Arms that are up from the first frames on are held, not raised, and there is no key for that.
    """
    if held(measured, start):
        return ""
    for kind, flags in (("wave", measured.waving), ("arm", measured.raised)):
        left, right = flags[start:stop].mean(axis=0) > (0.25 if kind == "wave" else 0.3)
        if left or right:
            return f"{kind} {'both' if left and right else 'left' if left else 'right'}"
    return ""


def held(measured: Track, start: int) -> bool:
    """Whether an arm that does not wave is up as a window begins at `start`."""
    return bool((measured.raised & ~measured.waving)[start : start + 3].any())


def caption(measured: Track, start: int, stop: int, rng: np.random.Generator) -> str:
    """One sentence about frames [start, stop), or "" where there is none.

    There is none of more than four events, of a body that is low on the floor, and of arms that are held up.
    """
    if held(measured, start) or (measured.state[start:stop] == UNNAMED).sum() >= SHORTEST:
        return ""
    happening = events(measured, start, stop)
    moving = [name for name in happening if name not in STANDING] or happening[:1]
    gesture = arms(measured, start, stop)
    if not happening or len(moving) > 4:
        return ""
    if gesture and moving[0] in STANDING:
        moving = []
    return said(moving, gesture, rng)


def said(moving: list[str], gesture: str, rng: np.random.Generator) -> str:
    """What happens one after another, and with it a gesture or "": keys of `WORDS` as a sentence.

    Half of them are in the plain words of `WORDS`, the others in those of `wordings`: whole sentences where one thing
    happens, else chained verb phrases, in the third person or as gerunds.
    """
    names = [*moving, *([gesture] if gesture else [])]
    form = str(rng.choice(FORMS, p=OFTEN))
    if form == "sentence" and len(names) == 1:
        return wordings.some("measured", names[0], 1, rng)[0]
    if form in ("third person", "gerund"):
        phrases = [wordings.part(name, gerund=form == "gerund", rng=rng) for name in names]
    else:
        phrases = [str(rng.choice(WORDS[name])) for name in names]
    sentence = join(phrases[: len(moving)], rng)
    if gesture:
        sentence = f"{sentence} and {phrases[-1]}" if sentence else phrases[-1]
    subject = "" if form == "gerund" else str(rng.choice(SUBJECTS))
    return f"{subject} {sentence}".strip()


def join(phrases: list[str], rng: np.random.Generator) -> str:
    """Phrases in order of time as one sentence."""
    if not phrases:
        return ""
    link = str(rng.choice((", then ", " and then ", " then ")))
    return link.join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)
