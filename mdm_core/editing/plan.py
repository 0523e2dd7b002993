"""From a motion and a request to arrays: which joints are kept when, what the network is told, what must be met where.

Two clocks: the motion's own frames, to which the result belongs, and the model's, at which it is denoised. `Scene` is
on the first, `Plan` on the second and only around what changes. Nothing is sampled here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.cleanup.contacts import runs
from mdm_core.cleanup.footlock import ease
from mdm_core.editing import masks, source, world
from mdm_core.editing.constraints import SEAM_FRAMES, borders
from mdm_core.editing.projection import Targets
from mdm_core.editing.request import EditRequest, GroundPath
from mdm_core.editing.source import Placement
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.features.layout import FULL, GROUPS, WIDTH, Layout
from mdm_core.motion import Motion
from mdm_core.skeleton import FEET, INDEX, JOINTS, PARENTS

Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

CONTEXT = 2.0
"""Seconds on either side of a change that the network sees."""
SOFTEST = 0.85
"""How much of the old motion is left where a blend begins (PriorMDM)."""
LONG = 4
"""Frames: shorter kept stretches are poses to be met in the world, longer ones are known features too."""
NEAR = 0.5
"""Metres: how far from the hips of a kept frame a path may begin or end; and seconds in which it gets onto the line."""


@dataclass(frozen=True)
class Model:
    """What an edit needs to know of a model. fps: its rate; shortest, longest: frames that it makes at once."""

    layout: Layout
    facing: humanml3d.Facing
    fps: float
    shortest: int
    longest: int


@dataclass(frozen=True)
class Scene:
    """A motion with room for what is to be made, n frames at its own rate, in its own world.

    positions: [n, 22, 3], the motion, its ends held where it is longer now; place: the same with every target in it.
    free: bool [n, 22], what may change; held: what may not, nor anything it hangs on; marked: joints to be met, held
    ones and targets; ground: bool [n], the hips' path. adrift: bool [n], kept frames that may be carried off over
    the ground as one. jump: what the motion's joints hardly ever change their velocity by, metres a frame. lead: the
    frame that was 0 before. contacts: bool [n, 4] or None.
    """

    positions: Numbers
    place: Numbers
    fps: float
    lead: int
    free: Mask
    held: Mask
    marked: Mask
    ground: Mask
    adrift: Mask
    jump: float
    path_facing: str = "free"
    contacts: Mask | None = None


@dataclass(frozen=True)
class Plan:
    """What is sampled: T frames at the model's rate, in the model's world.

    first, last: the scene's frames that it covers, `last` excluded. known: [T, 263] features of the motion, weight:
    [T, 263], how much they count, 1 exactly. riding: bool [T, 22], known joints on hips whose height is made anew.
    targets: what is met in the world.
    """

    scene: Scene
    first: int
    last: int
    placement: Placement
    known: Numbers
    weight: Numbers
    riding: Mask
    targets: Targets

    def __len__(self) -> int:
        return len(self.known)


def scene(motion: Motion, request: EditRequest) -> Scene:
    """The motion with what is free in it, and every target in its place; MotionError if nothing is free."""
    fps = motion.fps
    lead, added = round(request.lead_in * fps), round(request.extend * fps)
    positions = np.pad(motion.positions.astype(np.float64), ((lead, added), (0, 0), (0, 0)), mode="edge")
    contacts = None if motion.contacts is None else np.pad(motion.contacts, ((lead, added), (0, 0)))
    free = np.zeros(positions.shape[:2], dtype=bool)
    joints = list(masks.joints_of(request.parts)) if request.parts else list(range(JOINTS))
    start, stop = request.frames or ((0, 0) if lead or added else (0, len(motion)))
    free[lead + start : lead + stop, joints] = True
    free[:lead] = True
    free[lead + len(motion) :] = True
    free[[lead + key for key in request.keys]] = False
    if not free.any():
        raise MotionError("Nothing is left to change: every frame of the range is a key pose; leave some out.")
    held = ~free
    for joint in range(1, JOINTS):
        held[:, joint] &= held[:, PARENTS[joint]]
    made = Scene(
        positions=positions,
        place=positions.copy(),
        fps=fps,
        lead=lead,
        free=free,
        held=held,
        marked=held.copy(),
        ground=np.zeros(len(free), dtype=bool),
        adrift=np.zeros(len(free), dtype=bool),
        jump=jump(motion.positions),
        contacts=contacts,
    )
    _set_targets(made, request)
    return with_path(made, request.path) if request.path is not None else made


def jump(positions: Numbers) -> float:
    """The 99th percentile of the joints' changes of velocity in [T, 22, 3], metres a frame."""
    if len(positions) < 3:
        return float("inf")
    return float(np.percentile(np.linalg.norm(np.diff(positions.astype(np.float64), n=2, axis=0), axis=-1), 99))


def _set_targets(made: Scene, request: EditRequest) -> None:
    for target in request.targets:
        frame, joint = made.lead + target.frame, INDEX[target.joint]
        if not 0 <= frame < len(made.free):
            raise MotionError(
                f"The target at frame {target.frame} is outside the motion; move it or extend the motion."
            )
        if made.held[frame, joint]:
            raise MotionError(
                f"{target.joint} at frame {target.frame} is kept as it is; "
                "let its body part and frame change to give it a target."
            )
        made.place[frame, joint] = target.position
        made.marked[frame, joint] = True


def with_path(made: Scene, path: GroundPath) -> Scene:
    """The scene with the hips on the path wherever they are free."""
    ground = made.free[:, 0]
    stretches = runs(ground)
    if not stretches:
        raise MotionError("The hips are kept everywhere, so they cannot follow a path; let them change.")
    start, stop = stretches[0][0], stretches[-1][1]
    frames = np.arange(start, stop)
    line = along(np.array(path.points, dtype=np.float64), len(frames))
    for inside, edge, since in ((start - 1, line[0], frames - start), (stop, line[-1], stop - 1 - frames)):
        if 0 <= inside < len(ground):
            gap = made.positions[inside, 0, ::2] - edge
            if np.linalg.norm(gap) > NEAR:
                where = "begins" if inside < start else "ends"
                raise MotionError(
                    f"The path {where} {np.linalg.norm(gap):.2f} m from the hips of the frame that is kept there; "
                    "let it meet them."
                )
            line = line + (1 - ease(since / (NEAR * made.fps)))[:, None] * gap
    place = made.place.copy()
    place[frames, 0, 0], place[frames, 0, 2] = line[:, 0], line[:, 1]
    place[~ground, 0] = made.place[~ground, 0]
    return replace(made, place=place, ground=ground, path_facing=path.facing)


def along(points: Numbers, frames: int) -> Numbers:
    """`frames` places [frames, 2] at an even speed along a line through points [P, 2]."""
    way = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
    at = np.linspace(0, way[-1], frames)
    return np.stack([np.interp(at, way, points[:, axis]) for axis in range(2)], axis=-1)


def plan(made: Scene, model: Model, *, blend: float = 0.0, anchored: bool = True, refined: bool = False) -> Plan:
    """The scene on the model's clock, skeleton and ground, from `CONTEXT` before the first change to as long after.

    blend: seconds in which the old motion fades at the ends of what changes. refined: what changes begins as it was.
    """
    changed = np.flatnonzero(made.free.any(axis=1))
    reach = round(CONTEXT * made.fps)
    first, last = max(0, int(changed[0]) - reach), min(len(made.free), int(changed[-1]) + 1 + reach)
    rate = made.fps / model.fps
    frames = int(np.ceil((last - 1 - first) / rate - 1e-6)) + 1
    at = np.minimum(first + np.arange(max(frames, model.shortest)) * rate, len(made.free) - 1)
    kept_source = made.positions[~made.free.all(axis=1)]
    placement = source.place(kept_source if len(kept_source) > 1 else made.positions, made.fps)
    body = placement.to_model(source.sampled(made.positions, at), model.fps)

    free, held, marked, ground, adrift = (
        _on_clock(mask, at) for mask in (~made.free, made.held, made.marked, made.ground, made.adrift)
    )
    free = ~free
    place = body.copy()
    for frame, joint in np.argwhere(_alone(made) & (np.arange(len(made.free)) < last)[:, None]):
        k = min(round((frame - first) / rate), len(at) - 1)
        if k >= 0:
            point = made.place[frame, joint]
            place[k, joint] = placement.points_to_model(point)
            marked[k, joint] = True
            if made.held[frame, joint]:
                held[k, joint] = True
                free[k, joint] = False
    if not free.any():
        raise MotionError("The range is too short for the model to change anything in it; choose a longer one.")
    on_line = placement.points_to_model(source.sampled(made.place[:, 0], at))
    place[ground, 0] = np.where([True, False, True], on_line[ground], place[ground, 0])
    past_end = np.arange(len(at)) >= frames
    for mask in (held, marked, ground, adrift):
        mask[past_end] = False
    free[past_end] = True

    whole = blend > 0 or refined or bool((free[:, 0] & ~free.all(axis=1)).any())
    apart = np.full(len(at), True) if whole else held[:, 0] & _long(held)[:, 0]
    known, yaw = features(body, apart, model, _contacts(made, at))
    weight = joint_weights(free, blend * model.fps)
    return Plan(
        scene=made,
        first=first,
        last=last,
        placement=placement,
        known=known,
        weight=column_weights(weight),
        riding=(weight >= 1) & free[:, :1],
        targets=_targets(place, marked, held, ground, adrift, yaw, made.path_facing, model.fps, anchored=anchored),
    )


def _on_clock(mask: Mask, at: Numbers) -> Mask:
    """A mask [n, ...] at fractional frames [T]: true where it is true at both frames around."""
    return mask[np.floor(at + 1e-6).astype(int)] & mask[np.ceil(at - 1e-6).astype(int)]


def _alone(made: Scene) -> Mask:
    """Marked joints [n, 22] in stretches too short for the model's clock to be sure to hit."""
    return made.marked & ~(_long(made.held) & made.held)


def _long(mask: Mask) -> Mask:
    """The stretches of at least `LONG` frames in every column of [T, J]."""
    result = np.zeros(mask.shape, dtype=bool)
    for column in range(mask.shape[1]):
        for start, stop in runs(mask[:, column]):
            result[start:stop, column] = stop - start >= LONG
    return result


def _contacts(made: Scene, at: Numbers) -> Mask | None:
    return None if made.contacts is None else made.contacts[np.rint(at).astype(int)]


def features(body: Numbers, apart: Mask, model: Model, stances: Mask | None) -> tuple[Numbers, Numbers]:
    """Features [T, 263] and smoothed yaw [T] of the positions [T, 22, 3]; each stretch of `apart` [T] by itself.

    By itself, because the facing direction is smoothed over seconds and what lies between is to be replaced.
    """
    result = source.encode(body, model.facing, stances)
    yaw = _smoothed_yaw(result, body)
    if not apart.all():
        for start, stop in runs(apart):
            cut = slice(start, stop)
            result[cut] = source.encode(body[cut], model.facing, None if stances is None else stances[cut])
            yaw[cut] = _smoothed_yaw(result[cut], body[cut])
    return result, yaw


def _smoothed_yaw(encoded: Numbers, body: Numbers) -> Numbers:
    """The heading [T] of features [T, 263] in the world in which they are `body` [T, 22, 3]."""
    yaw, positions = world.decode(encoded[None], FULL)
    return yaw[0] + world.wrapped(world.facing(body[:1]) - world.facing(positions[0, :1]))


def joint_weights(free: Mask, blend: float) -> Numbers:
    """How much of the old motion each joint keeps at each frame [T, 22]: all where it is not free or has short room."""
    kept = ~free & _long(~free)
    weight = kept.astype(np.float64)
    if blend > 0:
        times = np.arange(len(free))
        for joint in range(JOINTS):
            for start, stop in runs(free[:, joint]):
                inside = times[start:stop]
                before = inside - start + 1 if start > 0 else np.inf
                after = stop - inside if stop < len(free) else np.inf
                fade = SOFTEST * (1 - np.minimum(before, after) / (blend + 1))
                weight[start:stop, joint] = np.maximum(weight[start:stop, joint], fade)
    return weight


def column_weights(weight: Numbers) -> Numbers:
    """Weights [T, 263] of features from those of joints [T, 22].

    A frame's velocities tell of the way to the next frame, so both must be kept; the hips' too, since all velocities
    are seen from them.
    """
    following = np.minimum(weight, np.append(weight[1:], weight[-1:] * 0, axis=0))
    result = np.zeros((len(weight), WIDTH))
    result[:, :3] = following[:, :1]
    result[:, 3] = weight[:, 0]
    result[:, GROUPS["ric"]] = np.repeat(weight[:, 1:], 3, axis=1)
    result[:, GROUPS["rot6d"]] = np.repeat(weight[:, 1:], 6, axis=1)
    result[:, GROUPS["velocity"]] = np.repeat(np.minimum(following, following[:, :1]), 3, axis=1)
    result[:, GROUPS["contact"]] = weight[:, list(FEET)]
    return result


def _targets(
    place: Numbers,
    marked: Mask,
    held: Mask,
    ground: Mask,
    adrift: Mask,
    yaw: Numbers,
    path_facing: str,
    fps: float,
    *,
    anchored: bool,
) -> Targets:
    """The plan's targets; without any for the hips the first frame stays where it is (`anchored`)."""
    marked = marked & ~adrift[:, None]
    ground, facing, yaw, place = ground.copy(), adrift.copy(), yaw.copy(), place.copy()
    if path_facing == "along" and ground.any():
        step = np.gradient(place[:, 0], axis=0)
        smooth = humanml3d.gaussian_smooth(step, 0.25 * fps)
        yaw[ground] = np.arctan2(smooth[ground, 0], smooth[ground, 2])
        facing |= ground
    if anchored and not (ground | marked[:, 0]).any():
        ground[0] = True
    if anchored and not facing.any() and not marked[:, [0, 1, 2, 16, 17]].all(axis=1).any():
        facing[0] = True
    yields = marked & (borders(marked, SEAM_FRAMES) | ~held)
    return Targets(place, marked, yields, ground, yaw, facing)
