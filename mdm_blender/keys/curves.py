"""One F-curve's keys as arrays: read, replaced within a range of frames, written with `foreach_set`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SAME_FRAME = 1e-3
"""Keys nearer to each other than this, in frames, are on the same one."""

POINTS = ("co", "handle_left", "handle_right")
ENUMS = ("interpolation", "easing", "type", "handle_left_type", "handle_right_type")
NUMBERS = ("amplitude", "back", "period")
FLAGS = ("select_control_point", "select_left_handle", "select_right_handle")
AUTO = ("AUTO", "AUTO_CLAMPED", "VECTOR")
ALL = (*POINTS, *ENUMS, *NUMBERS, *FLAGS)
SET = ("co", "interpolation", "type", "handle_left_type", "handle_right_type")
"""What generated keys have that new ones do not."""


@dataclass(frozen=True)
class Keys:
    """All that an F-curve's N keys hold: attribute -> array [N], or [N, 2] (frame, value) for the points."""

    attributes: dict[str, NDArray[Any]]

    @property
    def frames(self) -> Array:
        return self.attributes["co"][:, 0]

    def __len__(self) -> int:
        return len(self.frames)

    def where(self, mask: NDArray[np.bool_]) -> Keys:
        return Keys({name: values[mask] for name, values in self.attributes.items()})

    def part(self, first: int, stop: int) -> Keys:
        """Those from number `first` up to but without `stop`, in the same memory."""
        return Keys({name: values[first:stop] for name, values in self.attributes.items()})


@cache
def enum(name: str, identifier: str) -> int:
    """The number that `foreach_set` wants for a keyframe's enum."""
    declared: Any = bpy.types.Keyframe.bl_rna.properties[name]
    return declared.enum_items[identifier].value


def dense(frames: NDArray[np.floating], values: NDArray[np.floating], interpolation: str = "BEZIER") -> Keys:
    """Generated keys [T] with automatic handles; the handles' places are Blender's to find (`write`)."""
    made = fixed_dense(frames, values, interpolation)
    return Keys({name: it if name in POINTS else it.copy() for name, it in made.attributes.items()})


def fixed_dense(frames: NDArray[np.floating], values: NDArray[np.floating], interpolation: str) -> Keys:
    """`dense`, quicker: the keys are not to be changed."""
    co = np.empty((len(frames), 2), dtype=np.float32)
    co[:, 0], co[:, 1] = frames, values
    return Keys(dict.fromkeys(POINTS, co) | _generated(len(co), interpolation))


@lru_cache(maxsize=16)
def _generated(count: int, interpolation: str) -> dict[str, NDArray[Any]]:
    """What generated keys have but for their points: the same for every curve, so it is made once."""
    chosen = {
        "interpolation": interpolation,
        "easing": "AUTO",
        "type": "GENERATED",
        "handle_left_type": "AUTO_CLAMPED",
        "handle_right_type": "AUTO_CLAMPED",
    }
    made: dict[str, NDArray[Any]] = (
        {name: np.full(count, enum(name, identifier), dtype=np.int32) for name, identifier in chosen.items()}
        | {"amplitude": np.full(count, 0.8, np.float32), "back": np.full(count, 1.70158, np.float32)}
        | {"period": np.full(count, 4.1, np.float32)}
        | {name: np.zeros(count, dtype=np.bool_) for name in FLAGS}
    )
    for values in made.values():
        values.flags.writeable = False
    return made


def read(curve: Any) -> Keys:
    """The curve's keys; empty where it is baked to samples."""
    points = curve.keyframe_points
    return Keys({name: _got(points, name).reshape((-1, 2) if name in POINTS else -1) for name in ALL})


def _got(points: Any, name: str) -> NDArray[Any]:
    """One attribute of all keys, [N], or [2 N] for points."""
    kind = np.bool_ if name in FLAGS else np.int32 if name in ENUMS else np.float32
    values = np.empty(len(points) * (2 if name in POINTS else 1), dtype=kind)
    points.foreach_get(name, values)
    return values


def within(curve: Any, first: float, last: float) -> bool:
    """Whether the curve has no keys outside first..last."""
    low, high = curve.range()
    return len(curve.keyframe_points) == 0 or (low > first - SAME_FRAME and high < last + SAME_FRAME)


def types(curve: Any) -> NDArray[np.int32]:
    """The keys' types, as numbers (`enum`)."""
    return _got(curve.keyframe_points, "type")


def write(curve: Any, keys: Keys, names: tuple[str, ...] = ALL) -> None:
    """Makes these keys, sorted by frame, the curve's only ones. names: attributes that differ from a new key's."""
    points = curve.keyframe_points
    if len(points):
        points.clear()
    points.add(len(keys))
    for name in names:
        points.foreach_set(name, keys.attributes[name].ravel())
    curve.update()


def write_dense(curve: Any, frames: NDArray[np.floating], values: NDArray[np.floating], interpolation: str) -> None:
    """`write(curve, dense(...))` with only what has to be set."""
    write(curve, fixed_dense(frames, values, interpolation), SET)


def splice_dense(curve: Any, keys: Keys, first: float, last: float) -> None:
    """`write(curve, spliced(read(curve), keys, first, last))` of `dense` keys, quicker unless fewer keys are left.

    Then only what changes is set; amplitude and the like, which these keys do not use, stay as they were where no key
    after them gets another number.
    """
    points = curve.keyframe_points
    count, co = len(points), _got(points, "co")
    low = int(np.searchsorted(co[::2], first - SAME_FRAME))
    high = int(np.searchsorted(co[::2], last + SAME_FRAME, side="right"))
    more = len(keys) - (high - low)
    if more < 0:
        write(curve, spliced(read(curve), keys, first, last))
        return
    if more:
        points.add(more)
    automatic, free = [enum("handle_left_type", it) for it in AUTO], enum("handle_left_type", "FREE")
    outer = {"handle_left_type": low - 1} if low > 1 else {}
    if count > high + 1:
        outer["handle_right_type"] = low + len(keys)
    for name in SET if not more or high == count else ALL:
        old = co if name == "co" and not more else _got(points, name)
        width = 2 if name in POINTS else 1
        new = np.concatenate([old[: width * low], keys.attributes[name].ravel(), old[width * high : width * count]])
        if name in outer and new[outer[name]] in automatic:
            new[outer[name]] = free
        if (old != new).any():
            points.foreach_set(name, new)
    curve.update()


def spliced(old: Keys, new: Keys, first: float, last: float) -> Keys:
    """The old keys outside first..last with the new ones between.

    What the curve plays before the key ahead of the range and behind the key after it does not change: the outer
    automatic handle of these two is fixed where it is (in `old` too), as Blender would move it with the new neighbour.
    """
    before = old.part(0, int(np.searchsorted(old.frames, first - SAME_FRAME)))
    after = old.part(int(np.searchsorted(old.frames, last + SAME_FRAME, side="right")), len(old))
    for kept, index, name in ((before, -1, "handle_left_type"), (after, 0, "handle_right_type")):
        if len(kept) > 1 and kept.attributes[name][index] in [enum(name, it) for it in AUTO]:
            kept.attributes[name][index] = enum(name, "FREE")
    return joined(before, new, after)


def joined(*parts: Keys) -> Keys:
    return Keys({name: np.concatenate([part.attributes[name] for part in parts]) for name in parts[0].attributes})


def value_at(curve: Any, frame: float) -> float:
    return float(curve.evaluate(frame))
