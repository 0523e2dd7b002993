"""CMU motion capture as joint positions (20 joints, 12 or 6 fps): reading it, and bringing it onto SMPL-22 at 20 fps.

The joints between the measured ones (spine, collars, wrists) are interpolated on straight lines, since the
positions say nothing about the bend of the back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.skeleton import FEET, JOINTS

from . import knees

Kind = Literal["single", "sequence", "unusable", "uncaptioned"]
FPS = humanml3d.FPS
HELD_OUT = (12, 38, 46, 118, 126, 127)
"""Subjects that training never sees; measures are taken on them. None of their clips is in the database twice, under
another subject's number, as all of 63, 70, 77, 78, 83, 91 and others are."""

DIRECT: dict[int, int] = {
    0: 0, 1: 12, 2: 16, 4: 13, 5: 17, 7: 14, 8: 18, 10: 15, 11: 19, 15: 3, 16: 4, 17: 8, 18: 5, 19: 9,
}  # fmt: skip
"""SMPL-22 joints that the CMU skeleton has as well: SMPL joint -> CMU joint."""

BETWEEN: dict[int, tuple[int, int, float]] = {
    3: (0, 1, 0.35), 6: (0, 1, 0.70), 9: (0, 1, 0.85), 12: (1, 2, 0.75), 13: (1, 4, 0.4), 14: (1, 8, 0.4),
    20: (6, 7, 0.75), 21: (10, 11, 0.75),
}  # fmt: skip
"""The others lie between two CMU joints: SMPL joint -> (from, to, how far)."""

HALF_RATE = 0.18
"""Metres: 6 fps clips whose hands or feet a spline through every second frame misses by more in a tenth of the others
are left out. In 12 fps clips the spline at the full rate misses by 0.3 of that on the median: here by 5 cm."""
ENDS = [*FEET, 20, 21]
CONTACT_SPEED, CONTACT_HEIGHT = 0.45, 0.07
"""A foot joint is on the ground below this speed (m/s) and this height (m) above its own lowest rest."""


@dataclass(frozen=True)
class Clip:
    """A captioned clip. positions: float64 [T, 22, 3] at 20 fps, uniform skeleton, feet on y = 0, facing +Z first.

    captions: what fits any part of a "single" clip, and only the whole of a "sequence"; else empty.
    """

    name: str
    subject: int
    kind: Kind
    actions: tuple[str, ...]
    captions: tuple[str, ...]
    positions: NDArray[np.floating[Any]]


def read(folder: Path) -> Iterator[tuple[dict[str, object], NDArray[np.floating[Any]]]]:
    """Each row of `cmu_clips.jsonl` with its positions [T, 20, 3] in metres at the row's own fps."""
    try:
        rows = [json.loads(line) for line in (folder / "cmu_clips.jsonl").read_text(encoding="utf-8").splitlines()]
        packed = np.load(folder / "cmu_positions.npz")
    except (OSError, ValueError) as error:
        raise MotionError(
            f"{folder} does not hold cmu_clips.jsonl and cmu_positions.npz as expected ({error})."
        ) from None
    place = {str(name): k for k, name in enumerate(packed["ids"])}
    offsets, delta, scale = packed["offsets"], packed["delta"], float(packed["scale"])
    for row in rows:
        k = place[row["id"]]
        part = delta[:, offsets[k] : offsets[k + 1]].T.astype(np.int64)
        yield row, np.cumsum(part, axis=0).reshape(-1, 20, 3) * scale


def to_smpl22(cmu: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """CMU positions [T, 20, 3] as SMPL-22 positions [T, 22, 3], sizes as measured."""
    result = np.empty((len(cmu), JOINTS, 3))
    for joint, source in DIRECT.items():
        result[:, joint] = cmu[:, source]
    for joint, (a, b, t) in BETWEEN.items():
        result[:, joint] = (1 - t) * cmu[:, a] + t * cmu[:, b]
    return result


def to_rate(positions: NDArray[np.floating[Any]], fps: float, target: float = FPS) -> NDArray[np.floating[Any]]:
    """Positions [T, ...] at another rate along a cubic spline through every frame; bone lengths are restored later."""
    times = np.arange(len(positions)) / fps
    wanted = np.arange(int(np.floor(times[-1] * target + 1e-9)) + 1) / target
    return CubicSpline(times, positions, axis=0)(wanted)


def on_floor(positions: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The motion with its usual lowest foot height at y = 0: the tenth percentile, for a stray frame may lie deeper."""
    lowest = positions[:, list(FEET), 1].min(axis=1)
    return positions - [0, np.percentile(lowest, 10), 0]


def without_still_ends(positions: NDArray[np.floating[Any]], fps: float) -> NDArray[np.floating[Any]]:
    """The clip without frozen frames at its ends, and without a T-pose in its first two seconds."""
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1).max(axis=-1) * fps
    moving = np.flatnonzero(speed > 0.01)
    if len(moving) == 0:
        return positions[:0]
    start, end = moving[0], moving[-1] + 2
    arms = positions[:, [20, 21]] - positions[:, [16, 17]]
    level = np.abs(arms[..., 1]) < 0.15 * np.linalg.norm(arms, axis=-1)
    wide = np.linalg.norm(positions[:, 20] - positions[:, 21], axis=-1) > 1.2
    tpose = np.flatnonzero((level.all(axis=-1) & wide)[start : start + int(2 * fps)])
    if len(tpose) and tpose[0] == 0:
        start += int(tpose[-1]) + max(1, int(0.4 * fps))
    return positions[start:end]


def contacts(positions: NDArray[np.floating[Any]], fps: float = FPS) -> NDArray[np.bool_]:
    """Which feet [T, 4] (order of `skeleton.FEET`) stand: slow, and near the height at which they usually rest."""
    feet = positions[:, list(FEET)]
    velocity = np.gradient(feet, axis=0) * fps
    rest = np.percentile(feet[..., 1], 5, axis=0)
    return (np.linalg.norm(velocity, axis=-1) < CONTACT_SPEED) & (feet[..., 1] < rest + CONTACT_HEIGHT)


def sampled_well(positions: NDArray[np.floating[Any]]) -> bool:
    """Whether frames [T, 22, 3] are close enough in time for a spline to find what lies between them.

    Judged by what one through every second frame misses of the others; a clip of less than nine is too short to tell.
    """
    frames = np.arange(len(positions))
    if len(frames) < 9:
        return False
    between = frames[3:-3:2]
    missed = CubicSpline(frames[::2], positions[::2], axis=0)(between) - positions[between]
    worst = np.linalg.norm(missed[:, ENDS], axis=-1).max(axis=-1)
    return bool(np.percentile(worst, 90) < HALF_RATE)


def plausible(positions: NDArray[np.floating[Any]]) -> bool:
    """Whether no joint outruns 12 m/s and the body stays within 2.5 m of the ground: else a capture error."""
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1) * FPS
    return bool(speed.max(initial=0) < 12 and positions[..., 1].min() > -0.6 and positions[..., 1].max() < 3.2)


def clips(folder: Path) -> Iterator[Clip]:
    """Every usable clip of at least a second, cleaned, on the uniform skeleton at 20 fps, with straightened knees."""
    people: dict[int, list[Clip]] = {}
    for clip in cleaned(folder):
        people.setdefault(clip.subject, []).append(clip)
    for theirs in people.values():
        degrees = knees.excess([clip.positions for clip in theirs])
        for clip in theirs:
            yield replace(clip, positions=on_floor(knees.straightened(clip.positions, degrees)))


def cleaned(folder: Path) -> Iterator[Clip]:
    """As `clips`, with the knees as they were measured."""
    for row, cmu in read(folder):
        fps = float(row["fps"])  # type: ignore[arg-type]
        measured = without_still_ends(to_smpl22(cmu), fps)
        if len(measured) < max(4, fps):
            continue
        if fps < 10 and not sampled_well(measured):
            continue
        uniform = humanml3d.to_uniform_skeleton(to_rate(measured, fps), humanml3d.uniform_offsets())
        positions = on_floor(humanml3d.to_origin(uniform))
        if not plausible(positions):
            continue
        usable = row["kind"] in ("single", "sequence")
        yield Clip(
            name=str(row["id"]),
            subject=int(row["subject"]),  # type: ignore[call-overload]
            kind=row["kind"],  # type: ignore[arg-type]
            actions=tuple(row["actions"]) if usable else (),  # type: ignore[arg-type]
            captions=tuple(row["captions"]) if usable else (),  # type: ignore[arg-type]
            positions=positions,
        )
