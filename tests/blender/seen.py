"""What Blender's own evaluation says of rigs, for the tests of edits: places, turns and how roughly they change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def matrices(rig: Any, bones: Iterable[str], frames: Sequence[int]) -> dict[str, Array]:
    """Bone -> its matrices [T, 4, 4] in the world."""
    names = list(bones)
    found: dict[str, list[Array]] = {name: [] for name in names}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        playing = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for name in names:
            found[name].append(np.array(playing.matrix_world @ playing.pose.bones[name].matrix))
    return {name: np.array(rows) for name, rows in found.items()}


def places(rig: Any, bones: Iterable[str], frames: Sequence[int]) -> dict[str, Array]:
    """Bone -> where its head is in the world [T, 3]."""
    return {name: rows[:, :3, 3] for name, rows in matrices(rig, bones, frames).items()}


def place(rig: Any, bone: str, frame: int) -> Array:
    """Where the bone's head is in the world [3]."""
    return places(rig, [bone], [frame])[bone][0]


def jolts(track: Array) -> Array:
    """Changes of velocity [T - 2] of a track [T, 3], units a frame; [i] is that at the track's frame i + 1."""
    return np.linalg.norm(np.diff(track, n=2, axis=0), axis=-1)


def usual_jolt(tracks: dict[str, Array]) -> float:
    """The 99th percentile over all bones and frames."""
    return float(np.percentile(np.concatenate([jolts(track) for track in tracks.values()]), 99))


def degrees_between(a: Array, b: Array) -> float:
    """Of two rotation matrices [3, 3], scaled or not."""
    a, b = (it / np.linalg.norm(it, axis=0) for it in (a, b))
    chord = np.linalg.norm(a - b) / np.sqrt(2)  # 2 sin(angle / 2)
    return float(np.degrees(2 * np.arcsin(min(1.0, chord / 2))))
