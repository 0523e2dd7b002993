"""Acclaim's ASF (a skeleton) and AMC (its motion), the CMU database's own format: parsed, and turned into positions.

A bone's direction and length are given in the world of the rest pose, its channels turn it about axes of its own:
with C the rotation of its `axis` and M that of its channels, its turn against its parent is C M C^-1, and what is
called its position here is where it ends. Files: http://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/ASF-AMC.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.errors import MotionError

Array = NDArray[np.floating[Any]]

INCH = 0.0254
"""Metres. CMU's files say `length 0.45` and mean that their numbers are inches times 0.45."""
ROOT = "root"
CHANNELS = ("tx", "ty", "tz", "rx", "ry", "rz", "l")


@dataclass(frozen=True)
class Bone:
    """direction: unit [3] in the rest pose, to its end; length: metres; axis: its rotation C as a quaternion [4];
    dof: its channels in the order of the AMC file."""

    name: str
    parent: str
    direction: Array
    length: float
    axis: Array
    dof: tuple[str, ...]


@dataclass(frozen=True)
class Skeleton:
    """bones: parents before children, the root (which has no length) first. unit: metres for 1 of the file's length;
    degrees: whether the angles of the AMC file are in degrees, where that does not say it itself. position: [3],
    metres, of the root at rest."""

    bones: tuple[Bone, ...]
    unit: float
    degrees: bool
    position: Array


@dataclass(frozen=True)
class Take:
    """An AMC file's numbers. channels: per bone [T, its dof]; degrees: None where the file does not say."""

    channels: Mapping[str, Array]
    degrees: bool | None
    frames: int


def read_asf(path: Path) -> Skeleton:
    """The skeleton of a file; a MotionError names the file and what is wrong."""
    return _reading(path, lambda: parse_asf(_text(path)), "skeleton")


def read_amc(path: Path, skeleton: Skeleton) -> Take:
    """The motion of a file made for `skeleton`."""
    return _reading(path, lambda: parse_amc(_text(path), skeleton), "motion")


def _text(path: Path) -> str:
    return path.read_text(encoding="latin-1")


def _reading(path: Path, parse: Any, what: str) -> Any:
    try:
        return parse()
    except OSError as error:
        raise MotionError(f"{path} cannot be read ({error.strerror}); check the name.") from None
    except (ValueError, KeyError, IndexError, StopIteration) as error:
        raise MotionError(f"{path} is not a whole Acclaim {what} ({error}); get it again.") from None


def _lines(text: str) -> Iterator[list[str]]:
    """Its lines as words, without comments."""
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            yield words


def _sections(text: str) -> dict[str, list[list[str]]]:
    """The lines of each `:section`, the words behind the keyword as its first line."""
    found: dict[str, list[list[str]]] = {}
    now: list[list[str]] = []
    for words in _lines(text):
        if words[0].startswith(":"):
            now = found.setdefault(words[0][1:].lower(), [])
            if words[1:]:
                now.append(words[1:])
        else:
            now.append(words)
    return found


def parse_asf(text: str) -> Skeleton:
    """As `read_asf`; ValueError or KeyError where it does not follow the format."""
    sections = _sections(text)
    units = {words[0].lower(): words[1] for words in sections.get("units", [])}
    unit = INCH / float(units.get("length", 1.0))
    degrees = units.get("angle", "deg").lower().startswith("deg")
    root = {words[0].lower(): words[1:] for words in sections["root"]}
    root_axis = _euler([float(v) for v in root.get("orientation", ["0", "0", "0"])], "".join(root["axis"]), degrees)
    order = tuple(word.lower() for word in root["order"])
    position = np.array([float(v) for v in root.get("position", ["0", "0", "0"])]) * unit
    first = Bone(ROOT, "", np.zeros(3), 0.0, root_axis, order)
    bones = {bone.name: bone for bone in _bonedata(sections["bonedata"], unit, degrees)}
    ordered = [first]
    for parent, child in _hierarchy(sections["hierarchy"]):
        if parent not in {bone.name for bone in ordered}:
            raise ValueError(f'"{child}" comes before its parent')
        bone = bones[child]
        ordered.append(Bone(child, parent, bone.direction, bone.length, bone.axis, bone.dof))
    unknown = {d for bone in ordered for d in bone.dof} - set(CHANNELS)
    if unknown:
        raise ValueError(f'the channel "{min(unknown)}" is not known')
    return Skeleton(tuple(ordered), unit, degrees, position)


def _bonedata(lines: list[list[str]], unit: float, degrees: bool) -> Iterator[Bone]:
    """The bones between `begin` and `end`. Limits are not needed: measured motion keeps them by itself."""
    fields: dict[str, list[str]] = {}
    for words in lines:
        key = words[0].lower()
        if key == "begin":
            fields = {}
        elif key == "end":
            direction = np.array([float(v) for v in fields["direction"]])
            axis = _euler([float(v) for v in fields["axis"][:3]], (*fields["axis"], "XYZ")[3], degrees)
            dof = tuple(d.lower() for d in fields.get("dof", ()))
            length = float(fields["length"][0]) * unit
            yield Bone(fields["name"][0], "", rotations.normalize(direction), length, axis, dof)
        elif not key.startswith("("):
            fields[key] = words[1:]


def _hierarchy(lines: list[list[str]]) -> Iterator[tuple[str, str]]:
    for words in lines:
        if words[0].lower() not in ("begin", "end"):
            yield from ((words[0], child) for child in words[1:])


def _euler(angles: list[float], order: str, degrees: bool) -> Array:
    """The quaternion [4] of turns about fixed axes, the first letter of `order` first."""
    turn = rotations.identity()
    for letter in order.upper():
        axis = "XYZ".index(letter)
        angle = np.asarray(np.radians(angles[axis]) if degrees else angles[axis])
        turn = rotations.multiply(rotations.from_axis_angle(np.eye(3)[axis], angle), turn)
    return turn


def parse_amc(text: str, skeleton: Skeleton) -> Take:
    """As `read_amc`; ValueError or KeyError where it does not follow the format or is of another skeleton."""
    wanted = {bone.name: len(bone.dof) for bone in skeleton.bones if bone.dof}
    rows: dict[str, list[list[float]]] = {name: [] for name in wanted}
    degrees: bool | None = None
    frames = 0
    for words in _lines(text):
        if words[0].startswith(":"):
            if words[0].lower() in (":degrees", ":radians"):
                degrees = words[0].lower() == ":degrees"
        elif len(words) == 1 and words[0].isdigit():
            frames += 1
        else:
            values = [float(v) for v in words[1:]]
            if len(values) != wanted[words[0]]:
                raise ValueError(f'frame {frames} has {len(values)} numbers for "{words[0]}", not {wanted[words[0]]}')
            rows[words[0]].append(values)
    short = [name for name, values in rows.items() if len(values) != frames]
    if frames == 0 or short:
        raise ValueError(f'"{short[0]}" is not in every frame' if short else "it has no frame")
    return Take({name: np.array(values) for name, values in rows.items()}, degrees, frames)


def forward_kinematics(skeleton: Skeleton, take: Take) -> dict[str, Array]:
    """Where each bone ends, [T, 3] metres, by name; `root` is the root itself."""
    degrees = skeleton.degrees if take.degrees is None else take.degrees
    turns: dict[str, Array] = {}
    ends: dict[str, Array] = {}
    for bone in skeleton.bones:
        shift, turn, stretch = _moved(bone, take, skeleton.unit, degrees)
        if bone.name == ROOT:
            turns[ROOT], ends[ROOT] = turn, skeleton.position + shift
            continue
        above = turns[bone.parent]
        turns[bone.name] = rotations.multiply(above, turn)
        along = bone.direction * (bone.length + stretch)[:, None]
        ends[bone.name] = ends[bone.parent] + rotations.rotate(above, shift) + rotations.rotate(turns[bone.name], along)
    return ends


def _moved(bone: Bone, take: Take, unit: float, degrees: bool) -> tuple[Array, Array, Array]:
    """A bone's shift [T, 3], turn against its parent [T, 4] and change of length [T]."""
    shift, stretch = np.zeros((take.frames, 3)), np.zeros(take.frames)
    motion = rotations.identity(take.frames)
    for column, channel in enumerate(bone.dof):
        value = take.channels[bone.name][:, column]
        if channel == "l":
            stretch = value * unit
            continue
        axis = "xyz".index(channel[1])
        if channel[0] == "t":
            shift[:, axis] = value * unit
        else:
            step = rotations.from_axis_angle(np.eye(3)[axis], np.radians(value) if degrees else value)
            motion = rotations.multiply(step, motion)
    own = np.broadcast_to(bone.axis, motion.shape)
    if bone.name == ROOT:
        return shift, rotations.multiply(motion, own), stretch
    return shift, rotations.multiply(rotations.multiply(own, motion), rotations.inverse(own)), stretch
