"""How well edits keep what they must, against MDM's own inpainting: the tables of docs/editing.md.

    python -m benchmarks.editing [--takes 2] [--model bundled] [--engine auto]

All start from the same motions of the model and the same seeds. "MDM" replaces the known features at every step and
is decoded (Tevet et al. 2023, sec. 3); "MDM, cleaned" is that after `cleanup.clean`; "edit" is `MotionGenerator.edit`.
Networks that take what is known as an input (`features.observation`) have two rows more, on the same weights: "MDM,
shown" is MDM's replacing with the network shown the rest, and "edit, not shown" is `edit` with that input left empty.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import cleanup, editor
from mdm_core.arrays import Array
from mdm_core.cleanup import contacts, measures
from mdm_core.editing import inpaint, masks, source, world
from mdm_core.editing.finish import velocity_changes
from mdm_core.editing.request import EditRequest
from mdm_core.editing.windows import Segment
from mdm_core.engine.base import Conditioning
from mdm_core.generator import MotionGenerator, Request
from mdm_core.motion import Motion
from mdm_core.skeleton import INDEX

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

SOURCES = ("a person walks forward", "a person dances", "a person throws punches")
SECONDS, SEED = 5.0, 11
SKATE_HEIGHT, SKATE_SPEED, SKATE_WINDOW = 0.03, 0.5, 5
"""GMD's skating ratio (Karunratanakul et al. 2023): metres, metres a second, frames. Its 0.05 m are above HumanML3D's
ground, on which the toe joints rest some 2 cm high; on ours they rest at 0."""
UPPER = ("torso", "head", "left_arm", "right_arm")


@dataclass(frozen=True)
class Case:
    """One edit: its name, what is asked of `edit`, and which joints of which frames are kept, [T, 22].

    aside, turned: metres and degrees by which the end of the motion, from three quarters on, is moved beforehand.
    """

    name: str
    request: EditRequest
    kept: Mask
    aside: float = 0.0
    turned: float = 0.0


@dataclass(frozen=True)
class Score:
    """Of one take. Metres, degrees, metres a second, seconds of the processor; skating and rough seams are shares."""

    error: float
    heading: float
    skating: float
    slide: float
    bones: float
    seam: float
    seconds: float


def cases(frames: int) -> list[Case]:
    """The paper's demos, with words and without, and ends that lie elsewhere."""
    start, stop = frames // 4, frames * 3 // 4
    upper = np.ones((frames, 22), dtype=bool)
    upper[:, list(masks.joints_of(UPPER))] = False
    gap = np.ones((frames, 22), dtype=bool)
    gap[start:stop] = False
    wave, jump = "a person waves the right hand", "a person jumps"
    return [
        Case("upper body, with text", EditRequest(wave, UPPER), upper),
        Case("upper body, without", EditRequest("", UPPER), upper),
        Case("in-between 25-75 %, with text", EditRequest(jump, frames=(start, stop)), gap),
        Case("in-between 25-75 %, without", EditRequest("", frames=(start, stop)), gap),
        Case("the same, end 0.6 m aside", EditRequest("", frames=(start, stop)), gap, aside=0.6),
        Case("the same, end turned 40° and 0.8 m aside", EditRequest("", frames=(start, stop)), gap, 0.8, 40.0),
    ]


def moved(motion: Motion, case: Case) -> Motion:
    """The motion with its end where the case wants it."""
    positions, end = motion.positions.astype(np.float64), len(motion) * 3 // 4
    pivot = positions[end, 0] * [1, 0, 1]
    turned = world.turned(np.array(np.radians(case.turned)), positions[end:] - pivot) + pivot
    positions[end:] = turned + [case.aside, 0, 0]
    return replace(motion, positions=positions.astype(np.float32))


def blindfolded(generator: MotionGenerator) -> MotionGenerator:
    """The same weights, never shown what is known of a motion."""
    engine, other = generator.engine, copy.copy(generator)

    def denoiser(x: Array, step: Array, conditioning: Conditioning) -> Array:
        return engine.denoiser(x, step, replace(conditioning, observed=None, observed_mask=None))

    other.engine = replace(engine, denoiser=denoiser)
    return other


def inpainted(
    generator: MotionGenerator, motion: Motion, case: Case, takes: int, *, shown: bool = False
) -> tuple[list[Motion], list[Motion]]:
    """MDM's inpainting, decoded, standing where the motion stands; and the same after `cleanup.clean`.

    shown: whether the network sees what is known, as it does in `edit`.
    """
    model = editor.model_of(generator)
    layout, frames = model.layout, len(motion)
    placement = source.place(motion.positions, motion.fps)
    body = placement.to_model(motion.positions.astype(np.float64), motion.fps)
    encoded = source.encode(body, model.facing, motion.contacts)[:, layout.columns]
    known = ((encoded - generator.mean) / generator.std).astype(np.float32)
    mask = masks.upper_body(frames, layout) if case.request.parts else masks.in_between(frames, frames, layout)
    request = replace(case.request, takes=takes, seed=SEED, parts=(), frames=None)

    def constrain(x0: Any, step: int) -> Any:
        shape = (len(x0), *known.shape)
        into = generator.engine.into
        kept = into(np.broadcast_to(known, shape).copy()), into(np.broadcast_to(mask, shape).copy())
        return inpaint.replace_known(*kept)(x0, step)

    seen = editor.task_of(generator, editor.plan(editor.scene(motion, case.request), model), case.request).known
    task = editor.Task((Segment(0, frames, request.prompt),), constrain, known=seen if shown else None)
    _, decoded = world.decode(encoded[None], layout)
    turn = np.array(world.facing(body[0]) - world.facing(decoded[0, 0]))
    raw: list[Motion] = []
    for features in editor.sample(generator, task, request):
        _, positions = world.decode(features[None], layout)
        placed = world.turned(turn, positions[0]) + placement.offset + body[0, 0] * [1, 0, 1]
        scores = features[:, layout.slice("contact")]
        raw.append(Motion(placed.astype(np.float32), motion.fps, scores > 0.5))
    return raw, [cleanup.clean(each) for each in raw]


def score(made: Motion, motion: Motion, case: Case, seconds: float) -> Score:
    """How far kept joints are off, and how physical the rest is."""
    p, q = made.positions.astype(np.float64), motion.positions.astype(np.float64)
    error = np.linalg.norm(p - q, axis=-1)[case.kept]
    whole = case.kept[:, [0, 1, 2, 16, 17]].all(axis=1)
    away = np.degrees(np.abs(world.wrapped(world.facing(p) - world.facing(q))))[whole]
    change = velocity_changes(p)
    border = case.kept[1:] != case.kept[:-1]
    at = np.zeros(case.kept.shape, dtype=bool)
    at[1:] |= border
    at[:-1] |= border
    rough = change[at[1:-1]] > np.percentile(velocity_changes(q), 99)
    free = ~case.kept.all(axis=1)
    stances = contacts.detect(p, made.fps)
    return Score(
        error=float(error.max(initial=0.0)),
        heading=float(away.max(initial=0.0)),
        skating=skating(p[free], made.fps),
        slide=measures.slide(p[free], stances[free], made.fps),
        bones=measures.bone_deviation(p[free]),
        seam=float(rough.mean()) if len(rough) else 0.0,
        seconds=seconds,
    )


def skating(positions: Numbers, fps: float) -> float:
    """The share of steps between frames at which a foot near the ground is fast over it, in five frames' mean too."""
    feet = positions[:, [INDEX["left_foot"], INDEX["right_foot"]]]
    low = (feet[1:, :, 1] < SKATE_HEIGHT) & (feet[:-1, :, 1] < SKATE_HEIGHT)
    speed = np.linalg.norm(np.diff(feet, axis=0)[..., ::2], axis=-1) * fps
    padded = np.pad(speed, ((SKATE_WINDOW // 2, SKATE_WINDOW // 2), (0, 0)), mode="edge")
    mean = np.lib.stride_tricks.sliding_window_view(padded, SKATE_WINDOW, axis=0).mean(axis=-1)
    return float((low & (speed > SKATE_SPEED) & (mean > SKATE_SPEED)).any(axis=1).mean())


def run(generator: MotionGenerator, takes: int) -> None:
    """Prints a table of means over sources and takes; the error and the bones are the worst of all."""
    motions = generator.generate(Request(SOURCES, seconds=SECONDS, seed=SEED))
    card, engine = generator.card, generator.engine
    print(
        f"Model {card['name']} after {card.get('training', {}).get('steps', '?')} training steps, "
        f"{engine.name} ({engine.device}); {len(motions)} motions x {takes} takes of {SECONDS:g} s.\n"
    )
    given = [score(m, m, replace(cases(len(m))[2], kept=np.zeros((len(m), 22), dtype=bool)), 0.0) for m in motions]
    skated, slid = np.mean([s.skating for s in given]), np.mean([s.slide for s in given])
    print(f"The motions themselves: skating {skated:.3f}, slide {slid:.3f} m/s.\n")
    heads = ("edit", "by", "kept joints off, worst", "heading off, worst", "skating", "slide", "bones off, worst")
    print("| " + " | ".join((*heads, "rough seams", "CPU s a take")) + " |\n" + 9 * "|---" + "|")
    for case in cases(len(motions[0])):
        scores: dict[str, list[Score]] = {}
        for original in motions:
            motion = moved(original, case)
            for by, made, seconds in ways(generator, motion, case, takes):
                scores.setdefault(by, []).extend(score(each, motion, case, seconds / takes) for each in made)
        for by, some in scores.items():
            print(row(case.name, by, some), flush=True)


def ways(
    generator: MotionGenerator, motion: Motion, case: Case, takes: int
) -> Iterator[tuple[str, list[Motion], float]]:
    """(how, takes, seconds of the processor) of one edit in every way that the table has."""
    request = replace(case.request, takes=takes, seed=SEED)
    start = time.process_time()
    raw, cleaned = inpainted(generator, motion, case, takes)
    seconds = time.process_time() - start
    yield "MDM", raw, seconds
    yield "MDM, cleaned", cleaned, seconds
    if generator.card["architecture"].get("observed"):
        start = time.process_time()
        raw, _ = inpainted(generator, motion, case, takes, shown=True)
        yield "MDM, shown", raw, time.process_time() - start
        start = time.process_time()
        made = blindfolded(generator).edit(motion, request)
        yield "edit, not shown", made, time.process_time() - start
    start = time.process_time()
    made = generator.edit(motion, request)
    yield "edit", made, time.process_time() - start


def row(name: str, by: str, some: list[Score]) -> str:
    """A line of the table."""

    def mean(field: str) -> float:
        return float(np.mean([getattr(s, field) for s in some]))

    worst = {field: max(getattr(s, field) for s in some) for field in ("error", "heading", "bones")}
    return (
        f"| {name} | {by} | {100 * worst['error']:.3f} cm | {worst['heading']:.2f}° | {mean('skating'):.3f} | "
        f"{mean('slide'):.3f} m/s | {1000 * worst['bones']:.2f} mm | {100 * mean('seam'):.1f} % | "
        f"{mean('seconds'):.2f} |"
    )


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=2)
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--engine", default="auto")
    arguments = parser.parse_args()
    run(MotionGenerator.load(arguments.model, engine=arguments.engine), arguments.takes)


if __name__ == "__main__":
    main()
