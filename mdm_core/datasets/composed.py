"""Clips made of measured ones, for what the data has too little of.

* short clips with a cycle (a step, a stroke) are carried on along it to the longest window;
* walking and standing are combined with the arms of gesture clips (`compose.with_arms`) and with arms that wave or rise
  by formula (`compose.waving`, `compose.raising`), so that "walks and waves" is heard of;
* jumps out of a run, of which the data has few and short ones, get the runs of others before and after them;
* sitting down and standing up are also shown backwards, each as the other, and getting up as lying down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mdm_core.features import humanml3d

from . import cmu, compose, describe, evidence, jumps, moments, wordings
from .cmu import HELD_OUT, Clip
from .moment import Moment
from .windows import BACKWARDS, LENGTHS, WHILE

GESTURES = {"wave": 4} | dict.fromkeys(
    ("greet", "signal", "clap", "phone", "point", "drink", "talk_gesture", "eat", "laugh"), 1
)
LOCOMOTION = {"walk": 3, "idle": 1}
"""What is combined, and how often against the others: people ask for walking and waving most, and the data has four
clips of a person who waves. Running with a gesture's arms taught runners to keep an arm raised."""
ONCE = frozenset("sit_down stand_up fall get_up lie_down stairs climb".split())
"""What leads from one place or posture to another, and is not repeated."""
BEFORE, AFTER = (16, 30, 44), (10, 26, 40)
"""Frames of the run that a jump out of it gets."""
RUNS, FITS = 8, 0.4
"""How many runs a jump gets at most, and how far apart (`compose.alike`) the two may be where they meet."""
WAVING_SIDES = (("right",), ("left",), ("left", "right"))


def source_of(name: str) -> str:
    """The measured clip that a clip is played from: itself, carried on or backwards. Others are made anew."""
    return name.removesuffix("+cycle").removesuffix(BACKWARDS)


def backwards(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Clips of sitting down, standing up and getting up played backwards: slow and balanced, as natural that way."""
    for clip in clips:
        seats = {"sit_down", "stand_up", "sit"} & set(clip.actions) and "lie_down" not in clip.actions
        if seats or clip.actions[:1] == ("get_up",):
            positions = cmu.on_floor(humanml3d.to_origin(clip.positions[::-1]))
            action = "sit" if seats else "lie_down"
            yield Clip(clip.name + BACKWARDS, clip.subject, "sequence", (action,), (), positions)


def waving(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """Walking and standing with arms that wave by formula, `count` times: half of them stand."""
    groups = [evidence.bodies(clips, action, LENGTHS[0]) for action in ("idle", "walk")]
    chances = np.array([0.5, 0.5]) * [bool(group) for group in groups]
    for number in range(count if chances.any() else 0):
        group = groups[int(rng.choice(len(groups), p=chances / chances.sum()))]
        body = group[int(rng.integers(len(group)))]
        frames = min(len(body.positions), int(rng.choice(LENGTHS)))
        start = int(rng.integers(len(body.positions) - frames + 1))
        sides = WAVING_SIDES[int(rng.choice(len(WAVING_SIDES), p=(0.47, 0.47, 0.06)))]
        positions = compose.waving(body.positions[start : start + frames], sides, rng)
        tag = f"wave {'both' if len(sides) == 2 else sides[0]}"
        words = describe.WORDS[tag]
        while_standing = body.actions == ("idle",)
        captions: list[str] = []
        for k in range(4):
            wave = words[k % len(words)] if k else "waves"
            subject = str(rng.choice(describe.SUBJECTS[:-1])) if k else "a person"
            if while_standing:
                captions.append(f"{subject} {wave}" + (" hello" if k == 3 and "hello" not in wave else ""))
            else:
                captions.append(compose.both(body.captions[k % len(body.captions)], f"{subject} {wave}"))
        if not while_standing and body.actions == ("walk",):
            captions += [f"a person walks and {words[0]}", f"a person walks forward and {words[1]}"]
        captions += [describe.said([] if while_standing else ["forward"], tag, rng) for _ in range(3)]
        actions = ("wave", WHILE + body.actions[0])
        yield Clip(f"{body.name}~wave#{number}", body.subject, "single", actions, tuple(captions), positions)


def raising(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """People who stand and raise an arm by formula, `count` times, one in six both arms."""
    idle = evidence.bodies(clips, "idle", LENGTHS[0])
    for number in range(count if idle else 0):
        body = idle[int(rng.integers(len(idle)))]
        frames = min(len(body.positions), int(rng.choice(LENGTHS)))
        start = int(rng.integers(len(body.positions) - frames + 1))
        side = ("left", "right", "both")[int(rng.choice(3, p=(0.42, 0.42, 0.16)))]
        sides = ("left", "right") if side == "both" else (side,)
        positions = compose.raising(body.positions[start : start + frames], sides, rng)
        plain = tuple(f"a person {words}" for words in describe.WORDS[f"arm {side}"])
        captions = (*plain, *wordings.some("measured", f"arm {side}", 3, rng))
        actions = (f"raise {side}", WHILE + "idle")
        yield Clip(f"{body.name}~raise#{number}", body.subject, "sequence", actions, captions, positions)


def carried_on(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Short single clips repeated along their own cycle, and jumps out of a run with more of the run (`run_ups`)."""
    longer = list(cycles(clips))
    yield from longer
    yield from run_ups(clips, longer)


def run_ups(clips: Sequence[Clip], runs: Sequence[Clip]) -> Iterator[Clip]:
    """Jumps out of a run with a longer run before and one after, each from the `RUNS` of these that fit it best.

    People who are held out stay among themselves, lest their runs are trained on.
    """
    bodies = [c for c in runs if c.actions in (("run",), ("jog",)) and len(c.positions) == LENGTHS[-1]]
    bodies = [c for c in bodies if describe.track(c.positions).local_velocity[:, 0].min() > 1.0]
    rng = np.random.default_rng(0)
    for clip in clips:
        alone = "jump" in clip.actions and set(clip.actions) <= {"run", "jump", "idle"}
        found = jumps.flight(clip.positions, describe.track(clip.positions)) if alone else None
        if found is None:
            continue
        made: list[tuple[float, str, np.ndarray]] = []
        for number, body in enumerate(bodies):
            if (body.subject in HELD_OUT) == (clip.subject in HELD_OUT):
                lasting = BEFORE[number % len(BEFORE)], AFTER[number // len(BEFORE) % len(AFTER)]
                positions, apart = compose.running_jump(body.positions, clip.positions, found, *lasting)
                made.append((apart, body.name, cmu.on_floor(humanml3d.to_origin(positions))))
        for apart, name, positions in sorted(made, key=lambda one: one[0])[:RUNS]:
            if apart < FITS and cmu.plausible(positions):
                captions = moments.captions(Moment("run jump", 0, len(positions), 0, len(positions)), rng)
                yield Clip(f"{clip.name}^{name}", clip.subject, "sequence", ("run jump",), captions, positions)


def cycles(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Short single clips repeated along their own cycle."""
    for clip in clips:
        if clip.kind == "single" and len(clip.positions) < LENGTHS[3] and not ONCE & set(clip.actions):
            longer = compose.carried_on(clip.positions, LENGTHS[-1])
            if longer is not None and cmu.plausible(longer):
                yield Clip(clip.name + "+cycle", clip.subject, "single", clip.actions, clip.captions, longer)


def gestured(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> Iterator[Clip]:
    """Locomotion with the arms of a gesture, `count` times; `LOCOMOTION` and `GESTURES` say how often which.

    Of a gesture any clip counts in which it comes first, of locomotion only the clips with nothing else.
    """

    def gestures(action: str) -> list[Clip]:
        fitting = [c for c in clips if c.actions[:1] == (action,) and c.kind == "single"]
        return [c for c in fitting if len(c.positions) >= LENGTHS[0]]

    of_bodies = [(evidence.bodies(clips, action, LENGTHS[0]), share) for action, share in LOCOMOTION.items()]
    of_arms = [(gestures(action), share) for action, share in GESTURES.items()]
    bodies, arms = (
        [group for group, share in groups if group for _ in range(share)] for groups in (of_bodies, of_arms)
    )
    for number in range(count if bodies and arms else 0):
        group_of_body, group_of_arms = bodies[rng.integers(len(bodies))], arms[rng.integers(len(arms))]
        body, gesture = group_of_body[rng.integers(len(group_of_body))], group_of_arms[rng.integers(len(group_of_arms))]
        frames = min(len(body.positions), len(gesture.positions), LENGTHS[3])
        a = rng.integers(len(body.positions) - frames + 1)
        b = rng.integers(len(gesture.positions) - frames + 1)
        source = gesture.positions[b : b + frames]
        sides = compose.active_arms(source)
        if not sides:
            continue
        positions = compose.with_arms(body.positions[a : a + frames], source, sides)
        captions = tuple(compose.both(x, y) for x, y in zip(body.captions[:3], gesture.captions[1:2] * 3, strict=False))
        actions = (*gesture.actions, WHILE + body.actions[0])
        yield Clip(f"{body.name}&{gesture.name}#{number}", body.subject, "single", actions, captions, positions)
