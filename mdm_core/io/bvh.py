"""BVH, the format that every animation program reads: SMPL-22 positions to joint rotations, and back.

Metres, Y up. The rest pose is a T-pose with the pelvis at the origin. Bones that fan out from one joint
(pelvis to hips and spine, chest to neck and collars) each get a joint of their own at that place, as in the
well-known BVH files of the CMU database, so that any positions with constant bone lengths are met exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing
from mdm_core.io.bone_rotations import CHEST, PELVIS, REST_DIRECTIONS, bone_rotations, mean_bone_lengths
from mdm_core.motion import Motion
from mdm_core.skeleton import INDEX, JOINT_NAMES, JOINTS, PARENTS

Array = NDArray[np.floating[Any]]

FAN_NAMES: dict[int, str] = {
    INDEX["left_hip"]: "left_pelvis",
    INDEX["right_hip"]: "right_pelvis",
    INDEX["spine1"]: "lower_spine",
    INDEX["neck"]: "upper_chest",
    INDEX["left_collar"]: "left_chest",
    INDEX["right_collar"]: "right_chest",
}
"""The extra joints, by the SMPL joint that follows: each stands where its bone begins, at pelvis or spine3."""

TIPS: dict[int, tuple[float, float, float]] = {
    INDEX["head"]: (0.0, 0.16, 0.0),
    INDEX["left_wrist"]: (0.09, 0.0, 0.0),
    INDEX["right_wrist"]: (-0.09, 0.0, 0.0),
    INDEX["left_foot"]: (0.0, 0.0, 0.06),
    INDEX["right_foot"]: (0.0, 0.0, 0.06),
}
"""End sites, metres from the last joint of a chain: where the skull, the hand and the toes would end."""

ROOT_CHANNELS = ("Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation")


@dataclass
class Node:
    """A joint of a BVH hierarchy. offset: metres from the parent in the rest pose; parent: its index or -1."""

    name: str
    parent: int
    offset: Array
    channels: tuple[str, ...]
    children: list[int] = field(default_factory=list)
    tip: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Clip:
    """A parsed file. values: [T, channels], degrees and the file's own length unit; frame_time: seconds."""

    nodes: list[Node]
    values: Array
    frame_time: float


def write(path: Path, motion: Motion) -> None:
    """Write one take. Bone lengths are the means over the take, so they should be constant (`cleanup.bones`)."""
    nodes, order = _hierarchy(mean_bone_lengths(motion.positions))
    angles = _euler_channels(nodes, order, motion.positions, motion.fps)
    values = np.concatenate([motion.positions[:, 0], angles], axis=1)
    lines = ["HIERARCHY", *_describe(nodes, 0, 0), "MOTION", f"Frames: {len(motion)}"]
    lines.append(f"Frame Time: {1 / motion.fps:.8f}")
    lines += [" ".join(f"{v:.6f}" for v in row + 0.0) for row in np.round(values, 6)]
    with replacing(Path(path)) as part:
        part.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def read(path: Path) -> Motion:
    """The positions of a file that `write` made (any file whose joints have the names of SMPL-22, in metres)."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MotionError(f"{path} cannot be read as a BVH file; check the name.") from error
    try:
        clip = parse(text)
        positions = forward_kinematics(clip)
        places = {node.name: k for k, node in enumerate(clip.nodes)}
        joints = [places[name] for name in JOINT_NAMES]
    except (ValueError, IndexError, KeyError, StopIteration) as error:
        raise MotionError(f"{path} is damaged or has other joints than those of SMPL-22; export it again.") from error
    return Motion(positions=positions[:, joints].astype(np.float32), fps=round(1 / clip.frame_time, 4))


def parse(text: str) -> Clip:
    """Any BVH text; ValueError, IndexError or StopIteration where it does not follow the format."""
    head, _, tail = text.partition("MOTION")
    words = iter(head.split())
    nodes: list[Node] = []
    stack: list[int] = []
    for word in words:
        if word in ("ROOT", "JOINT"):
            nodes.append(Node(next(words), stack[-1] if stack else -1, np.zeros(3), ()))
            if stack:
                nodes[stack[-1]].children.append(len(nodes) - 1)
        elif word == "{":
            stack.append(len(nodes) - 1)
        elif word == "}":
            stack.pop()
        elif word == "OFFSET":
            nodes[-1].offset = np.array([float(next(words)) for _ in range(3)])
        elif word == "CHANNELS":
            nodes[-1].channels = tuple(next(words) for _ in range(int(next(words))))
        elif word == "End":
            nodes[stack[-1]].tip = _end_site(words)
    lines = [line.split() for line in tail.strip().splitlines()]
    frames, frame_time = int(lines[0][1]), float(lines[1][2])
    values = np.array([[float(v) for v in line] for line in lines[2 : 2 + frames]])
    if stack or values.shape != (frames, sum(len(node.channels) for node in nodes)) or frame_time <= 0 or frames < 1:
        raise ValueError("frames")
    return Clip(nodes, values, frame_time)


def forward_kinematics(clip: Clip) -> Array:
    """World positions [T, nodes, 3] in the file's length unit; channels are applied in the order they are listed."""
    frames = len(clip.values)
    positions = np.zeros((frames, len(clip.nodes), 3))
    turns = np.zeros((frames, len(clip.nodes), 4))
    column = 0
    for k, node in enumerate(clip.nodes):
        offset = np.broadcast_to(node.offset, (frames, 3)).copy()
        turn = rotations.identity(frames)
        for channel in node.channels:
            axis = "XYZ".index(channel[0])
            value = clip.values[:, column]
            column += 1
            if channel.endswith("position"):
                offset[:, axis] = value
            else:
                step = rotations.from_axis_angle(np.eye(3)[axis], np.radians(value))
                turn = rotations.multiply(turn, step)
        if node.parent < 0:
            positions[:, k], turns[:, k] = offset, turn
        else:
            above = turns[:, node.parent]
            positions[:, k] = positions[:, node.parent] + rotations.rotate(above, offset)
            turns[:, k] = rotations.multiply(above, turn)
    return positions


def _end_site(words: Iterator[str]) -> tuple[float, float, float] | None:
    """The offset of an End Site, in the file's length unit."""
    tip = None
    for word in words:
        if word == "OFFSET":
            tip = float(next(words)), float(next(words)), float(next(words))
        elif word == "}":
            break
    return tip


def _hierarchy(lengths: Array) -> tuple[list[Node], list[tuple[int, bool]]]:
    """The nodes, depth first, and for each the SMPL joint whose bone rotation it has and whether it fans that bone."""
    offsets = REST_DIRECTIONS * lengths[:, None]
    nodes: list[Node] = []
    order: list[tuple[int, bool]] = []

    def add(name: str, parent: int, offset: Array, joint: int, fan: bool) -> int:
        channels = ROOT_CHANNELS if parent < 0 else ROOT_CHANNELS[3:]
        nodes.append(Node(name, parent, offset, channels, tip=None if fan else TIPS.get(joint)))
        order.append((joint, fan))
        if parent >= 0:
            nodes[parent].children.append(len(nodes) - 1)
        return len(nodes) - 1

    def grow(joint: int, parent: int) -> None:
        here = add(JOINT_NAMES[joint], parent, offsets[joint], joint, False)
        for child in (c for c in range(JOINTS) if PARENTS[c] == joint):
            start = here
            if child in FAN_NAMES:
                start = add(FAN_NAMES[child], here, np.zeros(3), child, True)
            grow(child, start)

    grow(PELVIS, -1)
    return nodes, order


def _euler_channels(nodes: list[Node], order: list[tuple[int, bool]], positions: Array, fps: float) -> Array:
    """Degrees [T, 3 x nodes], Z X Y of every node relative to its parent."""
    bones, chest = bone_rotations(positions, fps)
    single_child = {PARENTS[c]: c for c in range(1, JOINTS) if c not in FAN_NAMES}
    world = []
    for node, (joint, fan) in zip(nodes, order, strict=True):
        if fan:
            world.append(bones[:, joint])
        elif joint == CHEST:
            world.append(chest)
        elif joint == PELVIS:
            world.append(bones[:, PELVIS])
        elif joint in single_child:
            world.append(bones[:, single_child[joint]])
        else:
            world.append(world[node.parent])
    columns = []
    for node, turn in zip(nodes, world, strict=True):
        local = turn if node.parent < 0 else rotations.multiply(rotations.inverse(world[node.parent]), turn)
        columns.append(np.degrees(euler_zxy(local)))
    return np.concatenate(columns, axis=1)


def euler_zxy(q: Array) -> Array:
    """Angles [T, 3], radians, with Rz Rx Ry = q [T, 4], each frame's solution the nearest to the one before."""
    m = rotations.to_matrix(q)
    x = np.arcsin(np.clip(m[:, 2, 1], -1, 1))
    locked = np.abs(m[:, 2, 1]) > 1 - 1e-9
    z = np.where(locked, np.arctan2(m[:, 1, 0], m[:, 0, 0]), np.arctan2(-m[:, 0, 1], m[:, 1, 1]))
    y = np.where(locked, 0.0, np.arctan2(-m[:, 2, 0], m[:, 2, 2]))
    first = np.stack([z, x, y], axis=-1)
    second = np.stack([z + np.pi, np.pi - x, y + np.pi], axis=-1)
    result = np.empty_like(first)
    before = np.zeros(3)
    for t in range(len(q)):
        options = np.stack([first[t], second[t]])
        options = before + (options - before + np.pi) % (2 * np.pi) - np.pi
        before = result[t] = options[np.argmin(np.abs(options - before).sum(axis=-1))]
    return result


def _describe(nodes: list[Node], index: int, depth: int) -> list[str]:
    """The HIERARCHY lines of a node and all below it."""
    node, tab = nodes[index], "\t" * depth
    lines = [f"{tab}{'JOINT' if depth else 'ROOT'} {node.name}", f"{tab}{{", f"{tab}\tOFFSET {_numbers(node.offset)}"]
    lines.append(f"{tab}\tCHANNELS {len(node.channels)} {' '.join(node.channels)}")
    for child in node.children:
        lines += _describe(nodes, child, depth + 1)
    if node.tip is not None:
        lines += [f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {_numbers(node.tip)}", f"{tab}\t}}"]
    return [*lines, f"{tab}}}"]


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{v:.6f}" for v in values)
