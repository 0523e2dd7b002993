"""What can be asked of an edit, as plain data that fits into JSON, and what is refused at once. Nothing is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from mdm_core.editing.windows import Segment
from mdm_core.errors import MotionError
from mdm_core.skeleton import INDEX, PARTS

Loop = Literal["", "travel", "in_place"]
Facing = Literal["along", "free"]


@dataclass(frozen=True)
class Target:
    """A joint (a name of `skeleton.JOINT_NAMES`) at a place in the motion's world, metres, Y up, at a frame."""

    joint: str
    frame: int
    position: tuple[float, float, float]


@dataclass(frozen=True)
class GroundPath:
    """A line on the ground that the hips follow at an even speed. points: (x, z) in the motion's world, metres.

    facing: whether the body looks "along" the line, or is left "free".
    """

    points: tuple[tuple[float, float], ...]
    facing: Facing = "along"


@dataclass(frozen=True)
class EditRequest:
    """What is to become of a motion. Frames are the motion's own, from 0; ranges are (start, stop), stop excluded.

    prompt: what happens where the motion is made anew; "" leaves it to the model.
    parts: names of `skeleton.PARTS` that change, all of them if empty. frames: when, the whole motion if None; with
        extend or lead_in alone nothing of what is there changes.
    keys: frames of the motion whose pose must stay as it is, whatever else changes.
    targets: places for single joints. path: a way for the hips, over `frames`.
    extend, lead_in: seconds to be added after the end and before the start; frames before the start are negative.
    loop: the end is made to lead back into the start, "travel" from where it has come to, or "in_place";
        loop_seconds: how much at the end is made anew for that. closed: the result has one frame more, the first again
        where the next round begins.
    vary: None, or how far from the present motion the result may go, 0 to 1 (partial noising).
    timeline: prompts one after the other, for a new motion without a source; frames at `timeline_fps`, the model's own
        rate if None.
    blend: seconds inside the range over which the old motion fades out and in again.
    rounds: passes of each noise level (RePaint); more make seams smoother and take as much longer.
    first_frame: what the motion's frame 0 is called in sentences for the user.
    seed, takes, guidance, steps, sampler, clean: as in `generator.Request`.
    """

    prompt: str = ""
    parts: tuple[str, ...] = ()
    frames: tuple[int, int] | None = None
    keys: tuple[int, ...] = ()
    targets: tuple[Target, ...] = ()
    path: GroundPath | None = None
    extend: float = 0.0
    lead_in: float = 0.0
    loop: Loop = ""
    loop_seconds: float = 1.0
    closed: bool = False
    vary: float | None = None
    timeline: tuple[Segment, ...] = ()
    timeline_fps: float | None = None
    blend: float = 0.0
    rounds: int = 1
    first_frame: int = 0
    seed: int = 0
    takes: int = 1
    guidance: float | None = None
    steps: int | None = None
    sampler: str | None = None
    clean: bool = True

    @staticmethod
    def from_fields(values: Mapping[str, Any]) -> EditRequest:
        """The request from what JSON made of `dataclasses.asdict` of one; MotionError if it is something else."""
        unknown = set(values) - {field.name for field in fields(EditRequest)}
        if unknown:
            raise MotionError(f'An edit has no "{min(unknown)}"; restart Blender after an update.')
        made = dict(values)
        try:
            for name in ("parts", "keys"):
                made[name] = tuple(made.get(name, ()))
            if made.get("frames") is not None:
                made["frames"] = tuple(made["frames"])
            made["targets"] = tuple(
                Target(t["joint"], t["frame"], tuple(t["position"])) for t in made.get("targets", ())
            )
            made["timeline"] = tuple(Segment(**segment) for segment in made.get("timeline", ()))
            if made.get("path") is not None:
                points = tuple(tuple(point) for point in made["path"]["points"])
                made["path"] = GroundPath(points, made["path"].get("facing", "along"))
            return EditRequest(**made)
        except (TypeError, KeyError, ValueError) as error:
            raise MotionError(f"The edit cannot be read ({error}); restart Blender after an update.") from error


def check(request: EditRequest, frames: int | None) -> None:
    """MotionError, one sentence, if the request cannot be met. frames: of the motion to be edited, None without one."""
    _check_numbers(request)
    if frames is None:
        _check_new(request)
        return
    if request.timeline:
        raise MotionError("A timeline of prompts makes a new motion; leave the motion away, or give one prompt.")
    for part in request.parts:
        if part not in PARTS:
            raise MotionError(f'There is no body part "{part}"; use {", ".join(PARTS)}.')
    if request.frames is not None:
        start, stop = request.frames
        if not 0 <= start < stop <= frames:
            raise MotionError(
                f"Frames {start} to {stop} do not lie within the motion's {frames} frames; choose others."
            )
    for key in request.keys:
        if not 0 <= key < frames:
            raise MotionError(f"The key pose at frame {key} is not within the motion's {frames} frames; leave it out.")
    for target in request.targets:
        if target.joint not in INDEX:
            raise MotionError(f'There is no joint "{target.joint}"; use one of {", ".join(INDEX)}.')
        if not all(map(math.isfinite, target.position)):
            raise MotionError(f"The target of {target.joint} at frame {target.frame} is no place; give three numbers.")
    _check_path(request)
    _check_loop(request)


def _check_numbers(request: EditRequest) -> None:
    seconds = {
        "extend": request.extend,
        "lead_in": request.lead_in,
        "blend": request.blend,
        "loop_seconds": request.loop_seconds,
    }
    for name, value in seconds.items():
        if not (math.isfinite(value) and 0 <= value <= 600):
            raise MotionError(f'"{name}" must be 0 to 600 seconds, not {value:g}.')
    if request.vary is not None and not 0 <= request.vary <= 1:
        raise MotionError(f"The strength of a variation must be 0 to 1, not {request.vary:g}.")
    if not 1 <= request.rounds <= 20:
        raise MotionError(f"The number of rounds must be 1 to 20, not {request.rounds}.")
    if request.rounds > 1 and request.sampler not in (None, "ancestral"):
        raise MotionError(f'Rounds need the sampler "ancestral", not "{request.sampler}".')
    if request.takes < 1:
        raise MotionError(f"The number of takes must be 1 or more, not {request.takes}.")
    if not 0 <= request.seed <= 2**63 - 1 - request.takes:
        raise MotionError(f"The seed must be a whole number from 0 up, not {request.seed}.")
    if request.timeline_fps is not None and not 1 <= request.timeline_fps <= 1000:
        raise MotionError(f"The timeline's frame rate must be 1 to 1000, not {request.timeline_fps:g}.")
    if request.guidance is not None and not (math.isfinite(request.guidance) and request.guidance >= 0):
        raise MotionError(f"Guidance must be 0 or more, not {request.guidance:g}; 2.5 is usual.")


def _check_new(request: EditRequest) -> None:
    if not request.timeline:
        raise MotionError("There is no motion to edit; give one, or a timeline of prompts for a new one.")
    needs_motion = (
        ("parts", request.parts),
        ("frames", request.frames is not None),
        ("keys", request.keys),
        ("targets", request.targets),
        ("path", request.path is not None),
        ("extend", request.extend),
        ("lead_in", request.lead_in),
        ("vary", request.vary is not None),
        ("prompt", request.prompt),
    )
    for name, given in needs_motion:
        if given:
            raise MotionError(f'"{name}" needs a motion to work on; generate the timeline first and edit the result.')


def _check_path(request: EditRequest) -> None:
    path = request.path
    if path is None:
        return
    if path.facing not in ("along", "free"):
        raise MotionError(f'The facing on a path is "along" or "free", not "{path.facing}".')
    if len(path.points) < 2 or any(len(point) != 2 for point in path.points):
        raise MotionError("A path needs at least two points of two numbers each, x and z in metres.")
    if not all(math.isfinite(number) for point in path.points for number in point):
        raise MotionError("The path holds a number that is none; correct its points.")
    if sum(math.dist(a, b) for a, b in zip(path.points, path.points[1:], strict=False)) < 1e-3:
        raise MotionError("The path has no length; give points that lie apart.")
    if request.parts and "root" not in request.parts:
        raise MotionError('A path moves the hips; add "root" and the legs to the parts, or leave the parts away.')


def _check_loop(request: EditRequest) -> None:
    if request.loop not in ("", "travel", "in_place"):
        raise MotionError(f'A loop is "travel" or "in_place", not "{request.loop}".')
    others = (
        request.parts,
        request.frames,
        request.keys,
        request.targets,
        request.path,
        request.extend,
        request.lead_in,
        request.vary,
    )
    if request.loop and any(other is not None and other != () and other != 0.0 for other in others):
        raise MotionError("A loop is made of a motion as it is; make the other changes first, and then the loop.")
    if request.loop and request.loop_seconds < 0.3:
        raise MotionError(f"A loop needs at least 0.3 seconds to come round, not {request.loop_seconds:g}.")
