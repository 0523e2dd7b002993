"""Moments worth a caption of their own inside longer clips: sitting down, picking up, kicks, spins, falls, stopping.

The captions of a long sequence fit only the whole of it, which no window holds; so its moments are measured and cut
out, with some of what comes before and after. What can't be told from positions alone (whether a hand that reaches
down picks something up, whether a leg that swings up kicks) is looked for only in clips whose labels say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.features.humanml3d import heading

from . import wordings
from .describe import FAST, UNNAMED, Track, reversals
from .jumps import jumping
from .moment import Moment, ahead, back, runs
from .moment_words import ACTION, SUBJECTS, WORDS

__all__ = ["ACTION", "WORDS", "Moment", "captions", "moments", "shown"]

Positions = NDArray[np.floating[Any]]

BEFORE, AFTER = (4, 40), (10, 130)
"""Frames of context, drawn between these: prompts are asked for moments that begin soon."""
FPS = 20.0
UPRIGHT = 0.84
"""Metres: the pelvis of a body that stands (0.90 at rest)."""
REACHED = 0.42
"""Metres: a wrist this low reaches for the ground."""
FLUNG = 3.0
"""Metres a second of a wrist against the pelvis: a throw."""
KICK, BALL = (0.15, 0.5, 140.0, 2.0, -0.05), (0.09, 0.12, 100.0, 4.5, 0.4)
"""Kicks into the air and at a ball: metres an ankle is lifted at its ends and at the height of it, degrees of the
knee there, m/s against the pelvis on the way, and metres it is ahead of the pelvis at least."""
SPUN = np.radians(300)
TURNED, ROUND, STRAIGHT = np.radians(60), np.radians(140), np.radians(30)
"""A turn that is one, a turn around, and how much a body that does not turn may."""
SIDES = ("left", "right")


def sitting(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Sitting down and standing up: standing, a second or more of sitting, standing again."""
    height = positions[:, 0, 1]
    up = (height > UPRIGHT) & np.isin(measured.state, ("stand", "forward", "backward", "left", "right"))
    seated = np.isin(measured.state, ("sit", "lie", UNNAMED)) | ((height < 0.45) & (measured.state == "crouch"))
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


def throwing(positions: Positions, actions: tuple[str, ...]) -> Iterator[Moment]:
    """A wrist that is flung at the height of the chest or above it, from winding up to following through.

    The data also calls it throwing when a fishing rod is cast, or when both hands put a basketball up: neither is what
    people mean by throwing a ball.
    """
    if set(actions) & {"mime", "other", "basketball"}:
        return
    wrists = positions[:, [20, 21]] - positions[:, :1]
    speed = np.linalg.norm(np.gradient(wrists, axis=0), axis=-1) * FPS
    flung = (speed > FLUNG) & (positions[:, [20, 21], 1] > positions[:, 9:10, 1])
    taken = -1
    for a, b in runs(flung.any(axis=1), shortest=1):
        if a < taken:
            continue
        fast = speed[a:b].max(axis=0) > FLUNG - 0.5
        side = "both" if fast.all() else "left" if fast[0] else "right"
        yield alone(f"throw {side}", max(0, a - 18), min(len(positions), b + 12), len(positions))
        taken = b + 20


def kicking(positions: Positions, actions: tuple[str, ...]) -> Iterator[Moment]:
    """A foot that swings up, ahead or aside, with a nearly straight knee while the other one stands.

    At a ball the foot swings back first, faster, and stays lower in front.
    """
    if set(actions) & (TUMBLED | {"dance"}):
        return
    forward = heading(positions)
    ankles = positions[:, [7, 8]]
    reach = ankles - positions[:, :1]
    speed = np.linalg.norm(np.gradient(reach, axis=0), axis=-1) * FPS
    lift = ankles[..., 1] - np.percentile(ankles[..., 1], 10, axis=0)
    ahead_of = np.sum(reach * forward[:, None], axis=-1)
    aside = np.linalg.norm(reach[..., [0, 2]], axis=-1)
    up, high, straight, swung, front = BALL if "soccer" in actions else KICK
    upright = lean(positions) < 40
    for side in (0, 1):
        flags = (
            (lift[:, side] > high) & (knee_angles(positions)[:, side] > straight) & (lift[:, 1 - side] < 0.12) & upright
        )
        flags &= (ahead_of[:, side] > front) & (aside[:, side] > 0.35)
        for a, b in runs(flags, shortest=1):
            grounded = lift[:, side] < up
            before, after = np.flatnonzero(grounded[:a]), np.flatnonzero(grounded[b:])
            if not len(before) or not len(after) or a - before[-1] > 1.2 * FPS or after[0] > 1.5 * FPS:
                continue
            if speed[before[-1] : b, side].max() > swung:
                start, stop = int(before[-1]), int(b + after[0] + 1)
                start = max(0, start - (16 if "soccer" in actions else 0))
                yield alone(f"kick {SIDES[side]}", start, stop, len(positions))


def spinning(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Five sixths of a turn or more on the spot, upright and not in the air."""
    rate = np.gradient(measured.yaw) * FPS
    upright = (positions[:, 0, 1] > 0.7) & (lean(positions) < 40) & (measured.state != "jump")
    for sign, side in ((1, "left"), (-1, "right")):
        for a, b in runs((sign * rate > np.radians(60)) & upright, shortest=8):
            turned = abs(measured.yaw[b - 1] - measured.yaw[a])
            way = np.ptp(positions[a:b, 0, ::2], axis=0).max()
            if turned > SPUN and turned / (b - a) * 2.5 * FPS > SPUN and way < 0.8:
                yield alone(f"spin {side}", a, b, len(positions))


def turning(positions: Positions, measured: Track) -> Iterator[Moment]:
    """A turn by 60 to 220 degrees with none before and after it: on the spot, or on the way by no more than 140."""
    rate = np.gradient(measured.yaw) * FPS
    upright = (positions[:, 0, 1] > UPRIGHT - 0.06) & (lean(positions) < 30) & (measured.state != "jump")
    for sign, side in ((1, "left"), (-1, "right")):
        for a, b in runs((sign * rate > np.radians(25)) & upright, shortest=8):
            angle = abs(measured.yaw[b - 1] - measured.yaw[a])
            low = back(upright & (abs(measured.yaw - measured.yaw[a]) < STRAIGHT), a)
            high = ahead(upright & (abs(measured.yaw - measured.yaw[b - 1]) < STRAIGHT), b - 1)
            if not TURNED < angle < np.radians(220) or high - low < 2 * FPS:
                continue
            speed = np.linalg.norm(measured.local_velocity[max(low, a - 10) : min(high, b + 10)], axis=-1)
            walking = measured.state[low:high] == "forward"
            if speed.mean() < 0.4:
                yield Moment(f"turn {'around ' if angle > ROUND else ''}{side}", a, b, low, high)
            elif angle < ROUND and walking.mean() > 0.9 and speed.min() > 0.4:
                yield Moment(f"walk turn {side}", a, b, low, high)


def stopping(positions: Positions, measured: Track) -> Iterator[Moment]:
    """A second or more of walking forward, then one or more of standing."""
    walks = (measured.state == "forward") & (lean(positions) < 25)
    stands = (measured.state == "stand") & (lean(positions) < 25) & (positions[:, 0, 1] > UPRIGHT - 0.04)
    feet = np.linalg.norm(np.gradient(positions[:, [7, 8]], axis=0), axis=-1).max(axis=-1) * FPS
    for a, b in runs(walks, shortest=int(FPS)):
        last = slice(max(a, b - 26), b - 6)
        after = np.flatnonzero(stands[b : b + 8])
        if not len(after) or measured.local_velocity[last, 0].mean() < 0.6:
            continue
        stop = b + int(after[0])
        standing = ahead(stands, stop)
        calm = feet[stop + 6 : stop + 20]
        turned = np.ptp(measured.yaw[last.start : stop + 20])
        if standing - stop >= FPS and calm.mean() < 0.25 and turned < np.radians(50):
            yield Moment("stop", max(a, b - 40), stop + 20, a, standing)


def sidestepping(positions: Positions, measured: Track) -> Iterator[Moment]:
    """A second and a half or more of going to one side, upright, with nothing else around it."""
    upright = (positions[:, 0, 1] > UPRIGHT - 0.06) & (lean(positions) < 30)
    for side in SIDES:
        for a, b in runs((measured.state == side) & upright, shortest=int(1.5 * FPS)):
            yield Moment(side, a, b, max(0, a - 4), min(len(positions), b + 4))


def hurrying(positions: Positions, measured: Track) -> Iterator[Moment]:
    """A second and a half or more of fast walking, straight ahead, and nothing around it."""
    speed = measured.local_velocity[:, 0]
    walks = (measured.state == "forward") & (speed > FAST - 0.15) & (lean(positions) < 25)
    for a, b in runs(walks, shortest=int(1.5 * FPS)):
        if speed[a:b].mean() > FAST and np.ptp(measured.yaw[a:b]) < np.radians(45):
            yield Moment("forward fast", a, b, a, b)


def walking_back(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Walking, turning by 150 degrees or more within 2.2 seconds, and walking the way back."""
    forward = measured.local_velocity[:, 0]
    step, turn, taken = int(1.2 * FPS), int(2.2 * FPS), -1
    for a in range(step, len(positions) - turn - step):
        turned = abs(measured.yaw[a : a + turn] - measured.yaw[a])
        if a < taken or turned.max() < np.radians(150):
            continue
        b = a + int(np.argmax(turned > np.radians(150)))
        there = positions[a, 0] - positions[a - step, 0]
        back_again = positions[min(b + step, len(positions) - 1), 0] - positions[b, 0]
        far = np.linalg.norm(there[::2]) * np.linalg.norm(back_again[::2])
        opposite = there[::2] @ back_again[::2] < -0.8 * far
        if min(forward[a - step : a].mean(), forward[b : b + step].mean()) > 0.5 and opposite:
            straight = max(np.ptp(measured.yaw[a - step : a]), np.ptp(measured.yaw[b + 6 : b + step]))
            if straight < np.radians(45):
                yield Moment("walk back", a - step, b + step, 0, len(positions))
                taken = b + step


def raising(positions: Positions, measured: Track) -> Iterator[Moment]:
    """One arm from hanging to above the head within two seconds, and half a second there; the other stays down."""
    wrists = positions[:, [20, 21], 1]
    upright = (positions[:, 0, 1] > UPRIGHT - 0.06) & (lean(positions) < 30)
    calm = np.linalg.norm(measured.local_velocity, axis=-1) < 0.5
    for side in (0, 1):
        hanging = wrists[:, side] < positions[:, 0, 1] + 0.1
        flags = (wrists[:, side] > positions[:, 15, 1]) & (wrists[:, 1 - side] < positions[:, 9, 1]) & upright & calm
        for a, b in runs(flags, shortest=10):
            before, after = np.flatnonzero(hanging[:a]), np.flatnonzero(hanging[b:])
            if not len(before) or a - before[-1] >= 2 * FPS or measured.waving[a:b, side].any():
                continue
            down = wrists[:, 1 - side] < positions[:, 9, 1]
            if (down & upright)[before[-1] : b].all():
                end = min(ahead(down, b - 1), b + int(after[0]) + 1 if len(after) else len(positions))
                yield Moment(f"raise {SIDES[side]}", int(before[-1]), b, back(down, int(before[-1])), end)


def raising_both(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Both arms from hanging to above the head within two seconds, and half a second there, standing."""
    wrists = positions[:, [20, 21], 1]
    upright = (positions[:, 0, 1] > UPRIGHT - 0.06) & (lean(positions) < 30)
    calm = np.linalg.norm(measured.local_velocity, axis=-1) < 0.5
    hanging = (wrists < positions[:, :1, 1] + 0.1).all(axis=1)
    raised = (wrists > positions[:, 15:16, 1]).all(axis=1)
    for a, b in runs(raised & upright & calm, shortest=10):
        before, after = np.flatnonzero(hanging[:a]), np.flatnonzero(hanging[b:])
        if len(before) and a - before[-1] < 2 * FPS and (upright & calm)[before[-1] : b].all():
            end = b + int(after[0]) + 1 if len(after) else len(positions)
            yield Moment("arm both", int(before[-1]), b, back(hanging, int(before[-1])), end)


def crouching(positions: Positions, measured: Track) -> Iterator[Moment]:
    """From standing into a crouch within a second and a half, and not on from there to the floor or a seat."""
    height = positions[:, 0, 1]
    up = (height > UPRIGHT) & (lean(positions) < 30)
    for a, b in runs((measured.state == "crouch") & (height < 0.7), shortest=8):
        before = np.flatnonzero(up[:a])
        lower = np.isin(measured.state[b : b + int(FPS)], (UNNAMED, "sit", "lie")).any()
        if len(before) and a - before[-1] < 1.5 * FPS and not lower:
            start = int(before[-1])
            yield Moment("crouch", start, a + 6, back(up, start), b)


def lying_down(positions: Positions, measured: Track) -> Iterator[Moment]:
    """From standing to lying, more slowly than one falls."""
    up = positions[:, 0, 1] > UPRIGHT - 0.06
    for a, b in runs(measured.state == "lie", shortest=10):
        before = np.flatnonzero(up[:a])
        if len(before) and 1.5 * FPS < a - before[-1] < 6 * FPS:
            start = int(before[-1])
            yield Moment("lie_down", start, a + 6, back(up, start), b)


def falling(positions: Positions) -> Iterator[Moment]:
    """The pelvis from standing to the floor within a second and a half, and down for half a second."""
    height = positions[:, 0, 1]
    up, taken = np.flatnonzero(height > 0.75), -1
    for a, _ in runs(height < 0.4, shortest=10):
        before = up[up < a]
        if a > taken and len(before) and a - before[-1] <= 1.5 * FPS:
            rises = np.flatnonzero(height[a:] > 0.6)
            yield Moment("fall", int(before[-1]), a + 10, 0, a + int(rises[0]) if len(rises) else len(positions))
            taken = a + 20


def seated(positions: Positions, measured: Track) -> Iterator[Moment]:
    """Sitting at the height of a seat, three seconds at a time."""
    height = positions[:, 0, 1]
    for a, b in runs((measured.state == "sit") & (height > 0.35), shortest=int(2 * FPS)):
        for start in range(a, b - 39, 60):
            yield Moment("sitting", start, min(start + 60, b), a, b)


def climbing(positions: Positions) -> Iterator[Moment]:
    """The height on which the feet rest changes by 25 cm or more: steps up or down."""
    feet = positions[:, [7, 8, 10, 11]]
    still = np.linalg.norm(np.gradient(feet, axis=0), axis=-1).min(axis=1) * FPS < 0.6
    resting = np.flatnonzero(still)
    if len(resting) < 10:
        return
    ground = np.interp(np.arange(len(positions)), resting, feet[resting, :, 1].min(axis=1))
    for sign, way in ((1, "up"), (-1, "down")):
        climbs = sign * (np.roll(ground, -10) - np.roll(ground, 10)) > 0.08
        climbs[:10] = climbs[-10:] = False
        for a, b in runs(climbs, shortest=8):
            if sign * (ground[b - 1] - ground[a]) > 0.25:
                yield Moment(f"stairs {way}", a, b, max(0, a - 20), min(len(positions), b + 20))


def hopping(positions: Positions) -> Iterator[Moment]:
    """One foot held up for two seconds or more while the other leaves the ground again and again."""
    ankles = positions[:, [7, 8], 1]
    for side in (0, 1):
        held = ankles[:, 1 - side] > ankles[:, side] + 0.08
        for a, b in runs(held, shortest=int(1.5 * FPS)):
            if reversals(ankles[a:b, side], 0.05) >= 3:
                yield Moment(f"hop {SIDES[side]}", a + 4, b - 4, a, b)


def bowing(positions: Positions) -> Iterator[Moment]:
    """The trunk leans past 45 degrees and comes up again, on straight enough legs."""
    angle = lean(positions)
    for a, b in runs((angle > 45) & (positions[:, 0, 1] > 0.65), shortest=2):
        before, after = np.flatnonzero(angle[:a] < 20), np.flatnonzero(angle[b:] < 25)
        if len(before) and len(after) and a - before[-1] < 3 * FPS and after[0] < 3 * FPS:
            yield Moment("bow", int(before[-1]), b + int(after[0]) + 1, 0, len(positions))


def crawling(positions: Positions) -> Iterator[Moment]:
    """Hands and knees near the ground while the body moves, three seconds at a time."""
    low = positions[:, [4, 5, 20, 21], 1].max(axis=1) < 0.5
    for a, b in runs(low, shortest=int(2 * FPS)):
        if np.ptp(positions[a:b, 0, ::2], axis=0).max() > 0.4:
            for start in range(a, b - 39, 60):
                yield Moment("crawl", start, min(start + 60, b), a, b)


def knee_angles(positions: Positions) -> Positions:
    """Angle [T, 2] at the knees in degrees, 180 when straight."""
    thigh, shin = positions[:, [1, 2]] - positions[:, [4, 5]], positions[:, [7, 8]] - positions[:, [4, 5]]
    cosine = np.sum(thigh * shin, axis=-1) / (np.linalg.norm(thigh, axis=-1) * np.linalg.norm(shin, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def lean(positions: Positions) -> Positions:
    """Angle [T] of the trunk, pelvis to neck, against the vertical, degrees."""
    trunk = positions[:, 12] - positions[:, 0]
    return np.degrees(np.arccos(np.clip(trunk[:, 1] / np.linalg.norm(trunk, axis=-1), -1, 1)))


def alone(tag: str, start: int, stop: int, frames: int) -> Moment:
    """A moment shown with little around it, for the clip it is from may show much else."""
    return Moment(tag, start, stop, max(0, start - 30), min(frames, stop + 40))


FINDERS: dict[frozenset[str], Callable[[Positions, Track, tuple[str, ...]], Iterator[Moment]]] = {
    frozenset(("sit_down", "sit", "stand_up", "get_up")): lambda p, track, _: sitting(p, track),
    frozenset(("pick_up",)): lambda p, _, actions: reaching(p, actions),
    frozenset(("throw",)): lambda p, _, actions: throwing(p, actions),
    frozenset(("kick", "soccer", "martial_arts", "punch")): lambda p, _, actions: kicking(p, actions),
    frozenset(("fall", "stumble")): lambda p, _, __: falling(p),
    frozenset(("sit", "sit_down", "stand_up")): lambda p, track, _: seated(p, track),
    frozenset(("stairs",)): lambda p, _, __: climbing(p),
    frozenset(("hop",)): lambda p, _, __: hopping(p),
    frozenset(("jump",)): lambda p, track, _: jumping(p, track),
    frozenset(("bow",)): lambda p, _, __: bowing(p),
    frozenset(("crawl",)): lambda p, _, __: crawling(p),
}
"""What is looked for in clips that have one of these labels."""
PLAIN = frozenset(
    "walk run jog turn jump walk_backward sidestep idle stand_up sit_down sit look_around signal wave greet spin march"
    " point pick_up put_down open carry push pull throw drink lift exercise stretch".split()
)
"""Labels of clips in which a walk is just a walk, and an arm that goes up is just raised."""
TUMBLED = frozenset("flip cartwheel handstand roll swim hang climb animal_mime monster_mime".split())
"""What looks like spinning and walking there is something else."""


def moments(positions: Positions, measured: Track, actions: tuple[str, ...]) -> Iterator[Moment]:
    """The moments of a clip [T, 22, 3] with these action labels."""
    for labels, find in FINDERS.items():
        if labels & set(actions):
            yield from find(positions, measured, actions)
    if "jump" not in actions and not set(actions) & TUMBLED:
        yield from spinning(positions, measured)
    if set(actions) <= PLAIN:
        yield from stopping(positions, measured)
        yield from sidestepping(positions, measured)
        yield from hurrying(positions, measured)
        yield from turning(positions, measured)
        yield from walking_back(positions, measured)
    if actions and set(actions) <= PLAIN:
        yield from raising(positions, measured)
        yield from raising_both(positions, measured)
    if set(actions) <= PLAIN | {"crouch", "squat", "exercise"}:
        yield from crouching(positions, measured)
    if not set(actions) & (TUMBLED | {"fall", "stumble"}):
        yield from lying_down(positions, measured)


def shown(moment: Moment, rng: np.random.Generator) -> tuple[int, int]:
    """Frames [start, stop) to show the moment with context."""
    start = max(moment.low, moment.start - int(rng.integers(*BEFORE)))
    return start, min(moment.high, moment.stop + int(rng.integers(*AFTER)))


def captions(moment: Moment, rng: np.random.Generator, count: int = 4, free: int = 4) -> tuple[str, ...]:
    """Sentences about the moment, the plainest always among them, and `free` as people may put it (`wordings`)."""
    others = rng.permutation(len(WORDS[moment.tag]) - 1)[: count - 1] + 1
    phrases = [WORDS[moment.tag][k] for k in (0, *others)]
    plain = (f"{SUBJECTS[0] if k == 0 else rng.choice(SUBJECTS)} {p}" for k, p in enumerate(phrases))
    kind = next(kind for kind in ("moments", "measured", "labels") if moment.tag in wordings.table()[kind])
    return (*plain, *wordings.some(kind, moment.tag, free, rng))
