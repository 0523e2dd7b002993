"""Edits of motions with a loaded model: what `editing.plan` lays out is sampled and finished. No files, no rigs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import cleanup
from mdm_core.cleanup import contacts as stances_of
from mdm_core.diffusion import samplers
from mdm_core.editing import constraints, footing, observed, source, windows, world
from mdm_core.editing.finish import Body, attached, finish, landed, project, with_marks
from mdm_core.editing.plan import Model, Plan, Scene, jump, plan, scene
from mdm_core.editing.projection import Projection, Targets
from mdm_core.editing.request import EditRequest, check
from mdm_core.editing.resampling import resampled
from mdm_core.editing.windows import Segment, Window
from mdm_core.engine.base import Conditioning
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.motion import Motion
from mdm_core.skeleton import JOINT_NAMES, PARENTS
from mdm_core.text import encoders

if TYPE_CHECKING:
    from mdm_core.generator import MotionGenerator, OnStep

Numbers = NDArray[np.floating[Any]]

TORN = 2e-3
"""Metres: a bone that is wrong by more where a target is met shows that the target is out of reach."""
FASTEST = 12.0
"""Metres a second: nobody gets faster, so a target that asks for more is a mistake."""
LOOP_HEAD = 2.0
"""Seconds of the start that the end of a loop is led back into."""
SWAY = 0.4
"""Seconds: what the hips do over the ground in less stays in a loop on the spot; a step takes about half a second."""
STAYS = 0.5
"""Metres: a motion that ends nearer to its start loops in place without being pulled over the ground."""
BATCH_FRAMES = 4096
"""Frames denoised at once at most."""


@dataclass(frozen=True)
class Task:
    """What the sampler is given: a number of frames, prompts for stretches of them, and what is imposed.

    start: None for pure noise, or normalised features [T, D] and the share of the chain to walk from there.
    known: what a network that takes observations is shown.
    """

    segments: tuple[Segment, ...]
    constrain: samplers.Constrain | None = None
    start: tuple[Numbers, float] | None = None
    known: observed.Observed | None = None

    def __len__(self) -> int:
        return self.segments[-1].stop


def edit(
    generator: MotionGenerator, motion: Motion | None, request: EditRequest, on_step: OnStep | None = None
) -> list[Motion]:
    """The takes of an edit; see `MotionGenerator.edit`."""
    check(request, None if motion is None else len(motion))
    if motion is None:
        return _loops(generator, _timeline(generator, request, on_step), request, on_step)
    if request.loop:
        return _loop(generator, motion, request, on_step)
    if request.vary == 0:
        return [replace(motion, features=None, seed=request.seed + k) for k in range(request.takes)]
    refined = request.vary is not None
    made = plan(scene(motion, request), model_of(generator), blend=request.blend, refined=refined)
    return [
        _motion(
            generator,
            request,
            k,
            *_finished(made, features, generator, clean_up=request.clean, first_frame=request.first_frame),
        )
        for k, features in enumerate(_sampled(generator, made, request, on_step))
    ]


def model_of(generator: MotionGenerator) -> Model:
    """The model's facts from its card."""
    features, frames = generator.card["features"], generator.card["frames"]
    longest = int(frames["max"])
    return Model(
        layout=generator.layout,
        facing="steady" if features.get("facing") == "steady" else "humanml3d",
        fps=float(features["fps"]),
        shortest=int(frames["min"]) if frames.get("mask", True) else longest,
        longest=longest,
    )


def sample(
    generator: MotionGenerator, task: Task, request: EditRequest, on_step: OnStep | None = None
) -> NDArray[np.float64]:
    """Denormalised features [takes, T, D] of the task; take k is made with noise of the seed + k."""
    model = model_of(generator)
    placed = windows.windows(task.segments, model.shortest, model.longest)
    prompts = [window.prompt.strip() for window in placed]
    scale = float(generator.card["guidance"]) if request.guidance is None else float(request.guidance)
    if not any(prompts):
        scale = 1.0
    texts, read = _texts(generator, prompts)
    sampler, chain = generator.sampling("ancestral" if request.rounds > 1 else request.sampler, request.steps)
    if request.rounds > 1:
        sampler = resampled(request.rounds)

    size = max(1, BATCH_FRAMES // (len(placed) * max(len(window) for window in placed)))
    seeds = [request.seed + k for k in range(request.takes)]
    batches = [seeds[k : k + size] for k in range(0, len(seeds), size)]
    result: list[NDArray[np.float64]] = []
    for number, batch in enumerate(batches):
        masks = windows.frame_masks(placed, len(batch))
        keep = np.repeat([1.0 if prompt else 0.0 for prompt in prompts], len(batch)).astype(np.float32)
        conditioning = Conditioning(
            keep=generator.engine.into(keep),
            text=generator.engine.into(np.repeat(texts, len(batch), axis=0)),
            text_mask=None if read is None else generator.engine.into(np.repeat(read, len(batch), axis=0)),
            frame_mask=None if masks is None else generator.engine.into(masks),
        )
        conditioning = _shown(generator, conditioning, task, placed, len(batch))
        denoiser = generator.guided(scale)
        x, noise = generator.noise(batch, len(task))
        levels = chain
        if task.start is not None:
            start, share = generator.engine.into(task.start[0].astype(np.float32)[None]), task.start[1]
            levels, x = samplers.refinement(start, chain, len(chain) - max(1, round(share * len(chain))), x)
        x0 = sampler(
            windows.collage(denoiser, placed, conditioning, len(task)),
            conditioning,
            levels,
            x,
            noise,
            on_step=_of_batches(on_step, number, len(batches)),
            constrain=task.constrain,
        )
        result.append(generator.engine.out(x0) * generator.std.astype(np.float64) + generator.mean)
    features = np.concatenate(result)
    if not np.isfinite(features).all():
        raise MotionError("The model made numbers that are no motion; install the model again.")
    return features


def _shown(
    generator: MotionGenerator, conditioning: Conditioning, task: Task, placed: Sequence[Window], takes: int
) -> Conditioning:
    """The conditioning with what is known of each window, for networks that look at it."""
    if task.known is None or not generator.card["architecture"].get("observed"):
        return conditioning
    longest = max(len(window) for window in placed)
    seen = [observed.window(task.known, window.start, window.stop, longest) for window in placed]
    values, mask = (
        generator.engine.into(np.repeat(np.stack(arrays), takes, axis=0)) for arrays in zip(*seen, strict=True)
    )
    return replace(conditioning, observed=values, observed_mask=mask)


def _texts(generator: MotionGenerator, prompts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Embeddings [W, L, E] and their mask; zeros where there is no prompt, which are not looked at."""
    known = generator.encode([prompt for prompt in prompts if prompt])
    blank = np.zeros((1, int(generator.card["architecture"]["text_dim"])), dtype=np.float32)
    return encoders.padded([known[prompt] if prompt else blank for prompt in prompts])


def _of_batches(on_step: OnStep | None, batch: int, batches: int) -> OnStep | None:
    if on_step is None:
        return None
    return lambda done, total: on_step(batch * total + done, batches * total)


def _sampled(
    generator: MotionGenerator, made: Plan, request: EditRequest, on_step: OnStep | None
) -> NDArray[np.float64]:
    """The plan's features [takes, T, D]."""
    return sample(generator, task_of(generator, made, request), request, on_step)


def task_of(generator: MotionGenerator, made: Plan, request: EditRequest) -> Task:
    """The plan as the sampler takes it."""
    columns = generator.layout.columns
    mean, std = generator.mean.astype(np.float64), generator.std.astype(np.float64)
    known = (made.known[:, columns] - mean) / std
    imposed = [constraints.joined(known, made.weight[:, columns], model_of(generator).fps)]
    if made.riding.any():
        imposed.append(constraints.riding(made.riding, made.known[:, 3], generator.layout, mean, std))
    imposed.append(
        constraints.projected(Projection(made.targets, model_of(generator).fps), generator.layout, mean, std)
    )
    start = None if request.vary is None else (known, request.vary)
    shown = observed.of(made, generator.layout, mean, std)
    return Task((Segment(0, len(made), request.prompt),), constraints.in_turn(*imposed), start, shown)


def _finished(
    made: Plan, features: Numbers, generator: MotionGenerator, *, clean_up: bool, first_frame: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """Positions [n, 22, 3], contacts [n, 4] and rate of the whole scene from one take's features [T, D]."""
    model, scene_ = model_of(generator), made.scene
    yaw, positions = world.decode(features[None], model.layout)
    _, positions = Projection(made.targets, model.fps).apply(yaw, positions)
    frames = np.arange(made.first, made.last)
    at = (frames - made.first) * model.fps / scene_.fps
    in_model = positions[0][: int(np.ceil(at[-1] - 1e-6)) + 1]
    steps = not footing.glides(scene_.positions, scene_.fps)
    body = Body(made.placement.lengths, scene_.fps, scene_.jump, steps)
    raw = source.sampled(made.placement.to_world(in_model, model.fps), at)
    stands = _stances(features[: len(in_model)], in_model, model)
    if steps:
        stands = footing.supported(stands, in_model, model.fps)
    stands = stands[np.rint(at).astype(int)]
    cut = slice(made.first, made.last)
    place, held = scene_.place[cut].copy(), scene_.held[cut]
    _drift(place, raw, scene_.adrift[cut])
    if scene_.contacts is not None:
        kept = held[:, [7, 10, 8, 11]]
        stands = landed(np.where(kept, scene_.contacts[cut], stands), held, scene_.fps)
    targets = _scene_targets(scene_, cut, place)
    if clean_up:
        result = finish(raw, targets, held, stands, body)
    else:
        result = attached(project(Projection(targets, body.fps), raw), held, place, body.lengths)
        result = with_marks(result, targets, held, body)
    _check_met(result, targets, scene_, cut, body, first_frame)

    whole = scene_.positions.astype(np.float32)
    stay = held & ~scene_.adrift[cut][:, None]
    whole[cut] = np.where(stay[..., None], whole[cut], result.astype(np.float32))
    contacts = np.zeros((len(whole), 4), dtype=bool) if scene_.contacts is None else scene_.contacts.copy()
    contacts[cut] = stands
    return whole, contacts, scene_.fps


def _stances(features: Numbers, positions: Numbers, model: Model) -> NDArray[np.bool_]:
    if "contact" in model.layout.groups:
        return stances_of.plateaus(features[:, model.layout.slice("contact")], positions, model.fps)
    return stances_of.detect(positions, model.fps)


def _drift(place: Numbers, made: Numbers, adrift: NDArray[np.bool_]) -> None:
    """Kept frames that may be carried off go where the motion before them leads, as one, over the ground."""
    if adrift.any():
        first = int(np.flatnonzero(adrift)[0])
        place[adrift] += (made[first, 0] - place[first, 0]) * [1, 0, 1]


def _scene_targets(scene_: Scene, cut: slice, place: Numbers) -> Targets:
    """The scene's targets within `cut`, for the finish."""
    marked, held = scene_.marked[cut], scene_.held[cut]
    yields = marked & (constraints.borders(marked, constraints.SEAM_FRAMES) | ~held)
    ground = scene_.ground[cut].copy()
    none = np.zeros(len(ground), dtype=bool)
    return Targets(place, marked, yields, ground, np.zeros(len(ground)), none)


def _check_met(result: Numbers, targets: Targets, scene_: Scene, cut: slice, body: Body, first: int) -> None:
    """Targets are met in any case; where that tore a bone or took a leap, they are out of reach: MotionError."""
    wanted = targets.joints & ~scene_.held[cut]
    if not wanted.any():
        return
    bones = np.linalg.norm(result[:, 1:] - result[:, np.array(PARENTS[1:])], axis=-1)
    torn = np.abs(bones - body.lengths[1:]).max(axis=1)
    frames = np.flatnonzero(wanted.any(axis=1))
    worst = int(frames[np.argmax(torn[frames])])
    if torn[worst] > TORN:
        name = JOINT_NAMES[int(np.flatnonzero(wanted[worst])[0])]
        frame = first + worst + cut.start - scene_.lead
        raise MotionError(
            f"{name} cannot reach its target at frame {frame}: {torn[worst]:.2f} m are missing; move the target, or "
            "let more of the body change."
        )
    speed = float(np.linalg.norm(np.diff(result[:, 0], axis=0), axis=-1).max()) * body.fps
    if speed > FASTEST:
        raise MotionError(
            f"The body would have to move at {speed:.0f} m/s to meet the targets; give it more time, or nearer targets."
        )


def _motion(
    generator: MotionGenerator,
    request: EditRequest,
    take: int,
    positions: NDArray[np.float32],
    contacts: NDArray[np.bool_],
    fps: float,
) -> Motion:
    return Motion(
        positions=positions,
        fps=fps,
        contacts=contacts,
        prompt=request.prompt,
        seed=request.seed + take,
        model=str(generator.card["name"]),
    )


def _timeline(generator: MotionGenerator, request: EditRequest, on_step: OnStep | None) -> list[Motion]:
    """New motions in which one prompt follows the other."""
    model = model_of(generator)
    segments = windows.without_gaps(request.timeline)
    if request.timeline_fps is not None:
        segments = windows.at_rate(segments, request.timeline_fps, model.fps)
    frames = segments[-1].stop
    if frames < model.shortest and generator.card["frames"].get("mask", True):
        raise MotionError(
            f"The timeline has {frames} frames and the model makes {model.shortest} at least; make it longer."
        )
    padded = [*segments[:-1], replace(segments[-1], stop=max(frames, model.shortest))]
    said = replace(request, prompt=" / ".join(segment.prompt for segment in segments))
    result: list[Motion] = []
    for take, values in enumerate(sample(generator, Task(tuple(padded)), request, on_step)):
        features = values[:frames]
        positions = world.decode(features[None], model.layout)[1][0].astype(np.float32)
        scores = features[:, model.layout.slice("contact")] if "contact" in model.layout.groups else None
        stands = np.zeros((frames, 4), dtype=bool) if scores is None else scores > 0.5
        motion = _motion(generator, said, take, positions, stands, model.fps)
        result.append(cleanup.clean(motion, scores) if request.clean else motion)
    return result


def _loops(
    generator: MotionGenerator, motions: list[Motion], request: EditRequest, on_step: OnStep | None
) -> list[Motion]:
    """Each of the motions made to loop, if that is asked for."""
    if not request.loop:
        return motions
    single = replace(request, timeline=(), takes=1)
    return [
        replace(_loop(generator, motion, replace(single, seed=request.seed + k), on_step)[0], prompt=motion.prompt)
        for k, motion in enumerate(motions)
    ]


def _loop(generator: MotionGenerator, motion: Motion, request: EditRequest, on_step: OnStep | None) -> list[Motion]:
    """The motion with its end made anew so that its first frame could follow: a gap filled between end and start."""
    model = model_of(generator)
    frames, gap = len(motion), max(3, round(request.loop_seconds * motion.fps))
    head = min(frames - gap, round(LOOP_HEAD * motion.fps))
    if head < 4:
        raise MotionError(
            f"A motion of {motion.seconds:.2f} s is too short to make the last {request.loop_seconds:g} s of it anew; "
            "take a longer one."
        )
    stays = float(np.linalg.norm((motion.positions[-1, 0] - motion.positions[0, 0])[[0, 2]])) < STAYS
    twice = replace(
        motion,
        positions=np.concatenate([motion.positions, motion.positions[:head]]),
        contacts=None if motion.contacts is None else np.concatenate([motion.contacts, motion.contacts[:head]]),
        features=None,
    )
    made = scene(twice, replace(request, loop="", frames=(frames - gap, frames)))
    made = replace(made, jump=jump(motion.positions))
    if not (request.loop == "in_place" and stays):
        made.adrift[frames:] = True
    laid = plan(made, model)
    result: list[Motion] = []
    for take, features in enumerate(_sampled(generator, laid, request, on_step)):
        positions, contacts, fps = _finished(laid, features, generator, clean_up=request.clean)
        if request.loop == "in_place":
            positions = on_the_spot(positions, frames, fps)
        stop = frames + request.closed
        result.append(_motion(generator, request, take, positions[:stop].astype(np.float32), contacts[:stop], fps))
    return result


def on_the_spot(positions: Numbers, frames: int, fps: float) -> Numbers:
    """A loop of `frames` frames, and the first again, without its way over the ground; sways within a step stay.

    positions: [> frames, 22, 3]; frame `frames` is frame 0 again, somewhere else.
    """
    way = (positions[frames, 0] - positions[0, 0]) * [1.0, 0.0, 1.0]
    ground = positions[:frames, 0] * [1.0, 0.0, 1.0]
    rounds = np.concatenate([ground + k * way for k in (-1, 0, 1)])
    smooth = humanml3d.gaussian_smooth(rounds, min(SWAY * fps, frames / 4))[frames : 2 * frames]
    smooth = np.append(smooth, smooth[:1] + way, axis=0)
    return positions[: frames + 1] - (smooth - smooth[0])[:, None]
