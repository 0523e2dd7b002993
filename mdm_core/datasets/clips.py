"""Recordings made into what training wants: cleaned positions on our skeleton, or rotations, with their words.

Cleaning is `cmu`'s, which was made for this: still ends and T-poses cut, 20 frames a second, the uniform skeleton, feet
on the floor, facing +Z; captures with impossible speeds left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.features import humanml3d, smpl_rot6d

from . import cmu, knees
from .cmu import HELD_OUT, Clip
from .feature_pack import Sample, every_tenth
from .recording import Recording
from .worded import WordFile, Words

Array = NDArray[np.floating[Any]]
LabelsBy = Literal["captions", "folder"]

FIRST = 1001
"""The number of the first subject that is not CMU's."""
NO_ROW = Words(kind="uncaptioned")


def words_of(recording: Recording, words: WordFile, labels: LabelsBy) -> tuple[Words, ...]:
    """The rows of a recording; one without words if there are none. "folder": its folder's name is the action."""
    rows = words.of(recording.name) or (NO_ROW,)
    folder = recording.name.rpartition("/")[0].rpartition("/")[2]
    if labels == "folder" and folder:
        return tuple(replace(row, actions=(folder,), kind="single" if row is NO_ROW else row.kind) for row in rows)
    return rows


def part(recording: Recording, row: Words) -> slice:
    """The frames that a row is about."""
    return slice(round(row.start * recording.fps), round(row.end * recording.fps) if row.end else None)


def numbers(subjects: Iterable[str]) -> dict[str, int]:
    """A number for each subject, by which `cmu.HELD_OUT` divides them.

    CMU's own where all are numbers; else 1001, 1002, ..., and of ten subjects the last has one of `HELD_OUT`.
    """
    names = sorted(set(subjects))
    if all(name.isdigit() for name in names):
        return {name: int(name) for name in names}
    kept = every_tenth(names)
    return {name: HELD_OUT[0] if name in kept else FIRST + k for k, name in enumerate(names)}


def cleaned(recording: Recording, rows: Iterable[Words], subject: int) -> Iterator[Clip]:
    """A clip for each row whose motion is usable and lasts a second."""
    for number, row in enumerate(rows):
        positions = clean(recording.positions[part(recording, row)], recording.fps)
        if positions is None:
            continue
        name = recording.name if number == 0 else f"{recording.name}~{number}"
        worded = row.kind in ("single", "sequence")
        kind = cast(cmu.Kind, row.kind if row.captions or row.actions else "uncaptioned")
        yield Clip(name, subject, kind, row.actions if worded else (), row.captions if worded else (), positions)


def clean(positions: Array, fps: float) -> Array | None:
    """Positions [T, 22, 3] at 20 fps on the uniform skeleton, or None if there is nothing usable."""
    if len(positions) < 4 or not np.isfinite(positions).all():
        return None
    measured = cmu.without_still_ends(positions, fps)
    if len(measured) < max(4, fps):
        return None
    uniform = humanml3d.to_uniform_skeleton(cmu.to_rate(measured, fps), humanml3d.uniform_offsets())
    result = cmu.on_floor(humanml3d.to_origin(uniform))
    return result if cmu.plausible(result) else None


def with_straight_knees(clips: Iterable[Clip]) -> Iterator[Clip]:
    """CMU's clips with knees that its capture bent too much straightened, a subject at a time."""
    people: dict[int, list[Clip]] = {}
    for clip in clips:
        people.setdefault(clip.subject, []).append(clip)
    for theirs in people.values():
        degrees = knees.excess([clip.positions for clip in theirs])
        for clip in theirs:
            yield replace(clip, positions=cmu.on_floor(knees.straightened(clip.positions, degrees)))


def rotated(recording: Recording, rows: Iterable[Words], *, unseen: bool) -> Iterator[Sample]:
    """A sample of SMPL's rotations (`smpl_rot6d`) for each row whose motion is usable and lasts half a second.

    They are the file's own where it has any, else those of the cleaned positions by anatomy.
    """
    for number, row in enumerate(rows):
        name = recording.name if number == 0 else f"{recording.name}~{number}"
        frames = part(recording, row)
        if recording.rotations is None:
            positions = clean(recording.positions[frames], recording.fps)
            if positions is None:
                continue
            local, root = smpl_rot6d.fitted(positions), positions[:, 0]
        else:
            local, root = at_rate(recording.rotations[frames], recording.positions[frames, 0], recording.fps)
        if len(local) < humanml3d.FPS / 2 or not (np.isfinite(local).all() and np.isfinite(root).all()):
            continue
        action = row.actions[0] if row.actions else ""
        yield Sample(name, smpl_rot6d.encode(local, root), row.captions, action, unseen)


def at_rate(local: Array, root: Array, fps: float, target: float = humanml3d.FPS) -> tuple[Array, Array]:
    """Rotations [T, 24, 3, 3] and the root's place [T, 3] at another rate: along the shortest way, and linearly."""
    if len(local) < 2:
        return local, root
    at = np.arange(int(np.floor((len(local) - 1) / fps * target + 1e-9)) + 1) * fps / target
    low = np.minimum(at.astype(int), len(local) - 2)
    share = (at - low)[:, None]
    turns = rotations.from_matrix(local)
    between = rotations.slerp(turns[low], turns[low + 1], share[..., None])
    return rotations.to_matrix(between), (1 - share) * root[low] + share * root[low + 1]
