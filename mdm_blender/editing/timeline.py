"""New motions of several prompts, or along a curve: as one job, one action a take. Rows are in the scene's frames."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import bpy
import numpy as np

from mdm_core.editing.request import EditRequest, check
from mdm_core.editing.windows import Segment
from mdm_core.errors import MotionError
from mdm_core.motion import Motion

from .. import rig, takes
from ..apply import DEFAULTS, ApplyOptions
from ..apply import check as check_target
from ..generation import Edit
from ..keys.actions import NOTES
from ..retarget import PoseSamples, from_rig
from ..retarget.resample import at_frames, flags_at
from ..rig.read import read as read_rig
from ..takes import GENERATION, TAKE, TAKES
from .path import Way, frames_for, ground_path, pace_note, way_from
from .space import space_of

TIMELINE = "mdm_timeline"
"""Custom property of an action: JSON of the rows and settings that it was made from."""
SHORTEST = 3
"""Frames of a row."""


@dataclass(frozen=True)
class Row:
    """What happens from frame first to frame last, both included."""

    prompt: str
    first: int
    last: int


@dataclass(frozen=True)
class Timeline:
    """Prompts one after the other, in time; "" in gaps is left to the model. path: for a single prompt only."""

    rows: tuple[Row, ...]
    seed: int = 0
    takes: int = 1
    guidance: float | None = None
    steps: int | None = None
    path: Way | None = None
    options: ApplyOptions = DEFAULTS

    @property
    def first(self) -> int:
        return self.rows[0].first

    @property
    def last(self) -> int:
        return self.rows[-1].last


@dataclass(frozen=True)
class TimelineGoal:
    """Where the takes go (`jobs.Goal`). notes: sentences for the panel. group: mark of the takes they belong to."""

    scene: int
    armature: int
    name: str
    timeline: Timeline
    notes: tuple[str, ...] = ()
    group: str = ""

    def put(self, armature: Any, motions: list[Motion]) -> list[bpy.types.Action]:
        render = bpy.context.scene.render
        rate = render.fps / render.fps_base
        made = [at_rate(motion, rate, self.timeline.last - self.timeline.first + 1) for motion in motions]
        kept = takes.siblings(armature) if self.group else []
        options = replace(self.timeline.options, destination="new_action") if self.group else self.timeline.options
        results = takes.add(armature, made, frame_start=float(self.timeline.first), options=options)
        for action, motion in zip(results, motions, strict=True):
            asked_for = replace(self.timeline, seed=motion.seed or 0, takes=1)
            action[TIMELINE] = json.dumps(asdict(asked_for))
            if self.notes:
                action[NOTES] = "\n".join([*str(action.get(NOTES, "")).splitlines(), *self.notes])
        if kept:
            for number, action in enumerate([*kept, *results], 1):
                action[GENERATION], action[TAKE], action[TAKES] = self.group, number, len(kept) + len(results)
        return results


def at_rate(motion: Motion, rate: float, frames: int) -> Motion:
    """The motion at the scene's rate, so many frames of it."""
    at = np.arange(frames) * (motion.fps / rate)
    contacts = None if motion.contacts is None else flags_at(np.asarray(motion.contacts, dtype=np.bool_), at)
    return replace(
        motion, positions=at_frames(motion.positions, at).astype(np.float32), fps=rate, contacts=contacts, features=None
    )


def sorted_rows(rows: Iterable[tuple[str, int, int]]) -> tuple[Row, ...]:
    """Rows (prompt, first frame, last frame) in time; MotionError, one sentence, where they make no timeline.

    A row may end at the frame at which the next one begins; that frame is then the next one's.
    """
    ordered = sorted((Row(prompt.strip(), int(a), int(b)) for prompt, a, b in rows), key=lambda row: row.first)
    if not any(row.prompt for row in ordered):
        raise MotionError("The timeline has no prompt: add a row, and type what happens in its frames.")
    for row, following in zip(ordered, [*ordered[1:], None], strict=True):
        last = row.last - 1 if following is not None and following.first == row.last else row.last
        if last - row.first + 1 < SHORTEST:
            raise MotionError(
                f"Frames {row.first} to {row.last} are too few for “{row.prompt}”: give it {SHORTEST} or more."
            )
        if following is not None and following.first < row.last:
            raise MotionError(
                f"“{row.prompt}” and “{following.prompt}” share frames {following.first} to {row.last}: let each begin "
                "where the one before ends."
            )
    return tuple(ordered)


def job_of(armature: Any, timeline: Timeline, scene: Any) -> tuple[Edit, TimelineGoal]:
    """The job and its goal; MotionError where it cannot be done, with nothing changed."""
    rig_map = check_target(armature, timeline.options)
    rate = scene.render.fps / scene.render.fps_base
    if timeline.path is None:
        wanted, notes = Edit(None, request_of(timeline, rate)), ()
        check(wanted.request, None)
    else:
        wanted, notes = _along(armature, timeline, timeline.path, rig_map, rate)
    goal = TimelineGoal(scene.session_uid, armature.session_uid, armature.name, timeline, notes)
    return wanted, goal


def request_of(timeline: Timeline, rate: float) -> EditRequest:
    """What the worker is asked for; frames of the scene, from 0."""
    first = timeline.first
    ends = [row.first for row in timeline.rows[1:]] + [timeline.last + 1]
    segments = tuple(
        Segment(row.first - first, min(row.last + 1, end) - first, row.prompt)
        for row, end in zip(timeline.rows, ends, strict=True)
    )
    return EditRequest(
        timeline=segments,
        timeline_fps=rate,
        seed=timeline.seed,
        takes=timeline.takes,
        guidance=timeline.guidance,
        steps=timeline.steps,
    )


def _along(
    armature: Any, timeline: Timeline, way: Way, rig_map: rig.RigMap, rate: float
) -> tuple[Edit, tuple[str, ...]]:
    """A motion along a curve: an edit of one that stands still, in which everything may change but the path."""
    if len(timeline.rows) != 1:
        raise MotionError("A path goes with one prompt: leave the path away, or generate the prompts one by one.")
    if timeline.options.root_motion == "in_place":
        raise MotionError("A motion in place follows no path: choose another root motion, or no path.")
    snapshot = read_rig(armature)
    space = space_of(snapshot, rig_map, timeline.options.root_motion)
    frames = timeline.last - timeline.first + 1
    standing = from_rig(snapshot, rig_map, PoseSamples(_at_rest(snapshot)), fps=rate)[:1]
    path = ground_path(way, space)
    standing = standing + np.array([path.points[0][0] - standing[0, 0, 0], 0.0, path.points[0][1] - standing[0, 0, 2]])
    motion = Motion(np.repeat(standing, frames, axis=0).astype(np.float32), fps=rate)
    request = EditRequest(
        prompt=timeline.rows[0].prompt,
        path=path,
        seed=timeline.seed,
        takes=timeline.takes,
        guidance=timeline.guidance,
        steps=timeline.steps,
    )
    check(request, len(motion))
    note = pace_note(way, space, (frames - 1) / rate)
    return Edit(motion, request), ((note,) if note else ())


def _at_rest(snapshot: rig.RigSnapshot) -> dict[str, np.ndarray]:
    return {bone: np.array([[1.0, 0.0, 0.0, 0.0]]) for bone in snapshot.bones}


def along(prompt: str, seconds: float, frame_start: float, rate: float, way: Way) -> Timeline:
    """A timeline of one prompt along a way; MotionError without a prompt or a length."""
    if not prompt.strip():
        raise MotionError("Type what the character does.")
    frames = frames_for(seconds, rate)
    if frames < SHORTEST:
        raise MotionError(f"{seconds:g} seconds are too short for a motion along a path; choose more.")
    first = round(frame_start)
    return Timeline((Row(prompt.strip(), first, first + frames - 1),), path=way)


def timeline_of(action: Any) -> Timeline:
    """What made this action, from its custom property."""
    values = json.loads(action[TIMELINE])
    rows = tuple(Row(it["prompt"], it["first"], it["last"]) for it in values.pop("rows"))
    options, path = ApplyOptions(**values.pop("options")), way_from(values.pop("path"))
    return Timeline(rows, path=path, options=options, **values)


def again_of(armature: Any, seed: int, scene: Any) -> tuple[Edit, TimelineGoal]:
    """The timeline that made the played action once more, with another seed."""
    action = takes.played(armature)
    if action is None or TIMELINE not in action:
        raise MotionError("The armature plays no motion of a timeline, so there is nothing to do again.")
    timeline = replace(timeline_of(action), seed=seed, takes=1)
    wanted, goal = job_of(armature, timeline, scene)
    return wanted, replace(goal, group=str(action[GENERATION]))


def from_markers(markers: Sequence[tuple[int, str]], last: int) -> list[tuple[str, int, int]]:
    """Rows from timeline markers (frame, name): each lasts until the next, the last one until frame `last`.

    A marker that Blender named itself ("F_12", "Marker") ends the one before and says nothing.
    """
    ordered = sorted(markers)
    rows: list[tuple[str, int, int]] = []
    for number, (frame, name) in enumerate(ordered, 1):
        end = ordered[number][0] - 1 if number < len(ordered) else last
        if end - frame + 1 >= SHORTEST and not _unnamed(name):
            rows.append((name.strip(), frame, end))
    return rows


def _unnamed(name: str) -> bool:
    stem = name.strip().split(".")[0]
    return not stem or stem == "Marker" or (stem.startswith("F_") and stem[2:].isdigit())
