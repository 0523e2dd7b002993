"""One motion of a CMU-like skeleton, written as ASF/AMC and as BVH, and where its joints are by SciPy's rotations.

Nothing here uses the readers or the rotations of the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.floating[Any]]

UNIT = 0.0254 / 0.45

BONES: dict[str, tuple[str, tuple[float, float, float]]] = {
    "lowerback": ("root", (0, 2.0, 0)), "upperback": ("lowerback", (0, 2.0, 0.1)),
    "thorax": ("upperback", (0, 2.0, 0.1)),
    "lowerneck": ("thorax", (0, 1.6, 0.1)), "upperneck": ("lowerneck", (0, 1.6, -0.1)),
    "head": ("upperneck", (0, 1.7, 0)),
}  # fmt: skip
"""Each bone's parent and its vector in the rest pose, in the files' own unit; `_sides` adds the limbs."""


def _sides() -> None:
    for s, x in (("l", 1.0), ("r", -1.0)):
        limbs: dict[str, tuple[str, tuple[float, float, float]]] = {
            "clavicle": ("thorax", (3.5 * x, 0.9, -0.2)), "humerus": ("clavicle", (4.9 * x, 0, 0)),
            "radius": ("humerus", (3.4 * x, 0, 0)), "wrist": ("radius", (1.7 * x, 0, 0)),
            "hand": ("wrist", (0.7 * x, 0, 0)), "fingers": ("hand", (0.5 * x, 0, 0)),
            "hipjoint": ("root", (1.7 * x, -1.8, 0.6)), "femur": ("hipjoint", (2.6 * x, -7.1, 0)),
            "tibia": ("femur", (2.5 * x, -6.8, 0)), "foot": ("tibia", (0.2 * x, -0.5, 2.1)),
            "toes": ("foot", (0, 0, 1.1)),
        }  # fmt: skip
        for name, (parent, vector) in limbs.items():
            BONES[s + name] = (parent if parent in ("root", "thorax") else s + parent, vector)


_sides()

BVH_NAMES = {
    "root": "Hips", "lowerback": "LowerBack", "upperback": "Spine", "thorax": "Spine1", "lowerneck": "Neck",
    "upperneck": "Neck1", "head": "Head",
}  # fmt: skip
for _s, _side in (("l", "Left"), ("r", "Right")):
    BVH_NAMES |= {
        f"{_s}clavicle": f"{_side}Shoulder", f"{_s}humerus": f"{_side}Arm", f"{_s}radius": f"{_side}ForeArm",
        f"{_s}wrist": f"{_side}Hand", f"{_s}hand": f"{_side}FingerBase", f"{_s}fingers": f"{_side}HandIndex1",
        f"{_s}hipjoint": f"{_side[0]}HipJoint", f"{_s}femur": f"{_side}UpLeg", f"{_s}tibia": f"{_side}Leg",
        f"{_s}foot": f"{_side}Foot", f"{_s}toes": f"{_side}ToeBase",
    }  # fmt: skip
AXES = {name: tuple(np.round(np.random.default_rng(k).uniform(-180, 180, 3), 3)) for k, name in enumerate(BONES)}
"""The rest rotation of each bone's own axes, degrees about X, Y and Z: any will do, and none changes the motion."""


@dataclass(frozen=True)
class Capture:
    """root: [T, 3], in the files' unit. turns: each bone's rotation against its parent in every frame, "root" too."""

    root: Array
    turns: dict[str, Rotation]
    fps: float

    def __len__(self) -> int:
        return len(self.root)

    def ends(self) -> dict[str, Array]:
        """Where every bone ends, metres."""
        world, ends = {"root": self.turns["root"]}, {"root": self.root}
        for name, (parent, vector) in BONES.items():
            world[name] = world[parent] * self.turns[name]
            ends[name] = ends[parent] + world[name].apply(np.array(vector))
        return {name: end * UNIT for name, end in ends.items()}


def walk(frames: int, fps: float, seed: int = 0) -> Capture:
    """Somebody who goes along +Z with smoothly swinging joints, arms hanging."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(frames) / fps

    def swing(mean: Array, size: float) -> Rotation:
        phase, pace = rng.uniform(0, 6, 3), rng.uniform(3, 5, 3)
        return Rotation.from_rotvec(mean + size * np.sin(pace * seconds[:, None] + phase))

    turns = {name: swing(np.zeros(3), 0.12) for name in BONES}
    turns |= {"root": swing(np.zeros(3), 0.1)}
    for s, x in (("l", -1.0), ("r", 1.0)):
        turns[f"{s}humerus"] = swing(np.array([0, 0, 1.3 * x]), 0.25)
        turns[f"{s}femur"] = swing(np.array([0, 0, 0.35 * x]), 0.2)
    root = np.stack([0.2 * np.sin(seconds), 17 + 0.1 * np.sin(6 * seconds), 18 * seconds], axis=-1)
    return Capture(root, turns, fps)


def write_acclaim(folder: Path, capture: Capture, subject: str, trial: str) -> None:
    """SUBJECT.asf and SUBJECT_TRIAL.amc. Limits are there, as in CMU's files, and say nothing."""
    lines = ["# made by a test", ":version 1.10", ":name VICON", ":units", "  mass 1.0", "  length 0.45", "  angle deg"]
    lines += [":documentation", "   words that begin no keyword", ":root", "   order TX TY TZ RX RY RZ", "   axis XYZ"]
    lines += ["   position 0 0 0", "   orientation 0 0 0", ":bonedata"]
    for number, (name, (_, vector)) in enumerate(BONES.items(), start=1):
        length = float(np.linalg.norm(vector))
        direction = " ".join(f"{v / length:.9f}" for v in vector)
        lines += ["  begin", f"     id {number}", f"     name {name}", f"     direction {direction}"]
        lines += [f"     length {length:.9f}", f"     axis {' '.join(map(str, AXES[name]))}   XYZ"]
        lines += [
            "    dof rx ry rz",
            "    limits (-160.0 20.0)",
            "           (-70.0 70.0)",
            "           (-60.0 70.0)",
            "  end",
        ]
    children: dict[str, list[str]] = {}
    for name, (parent, _) in BONES.items():
        children.setdefault(parent, []).append(name)
    lines += [":hierarchy", "  begin", *(f"    {p} {' '.join(c)}" for p, c in ordered(children)), "  end"]
    (folder / f"{subject}.asf").write_text("\r\n".join(lines) + "\r\n", encoding="ascii")

    channels = {"root": np.concatenate([capture.root, capture.turns["root"].as_euler("xyz", degrees=True)], axis=1)}
    for name in BONES:
        own = Rotation.from_euler("xyz", AXES[name], degrees=True)
        channels[name] = (own.inv() * capture.turns[name] * own).as_euler("xyz", degrees=True)
    rows = ["#!OML:ASF somewhere", ":FULLY-SPECIFIED", ":DEGREES"]
    for t in range(len(capture)):
        rows += [
            str(t + 1),
            *(f"{name} {' '.join(f'{v:.9g}' for v in values[t])}" for name, values in channels.items()),
        ]
    (folder / f"{subject}_{trial}.amc").write_text("\n".join(rows) + "\n", encoding="ascii")


def ordered(children: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    """Parents before children."""
    found: list[tuple[str, list[str]]] = []
    waiting = ["root"]
    while waiting:
        name = waiting.pop(0)
        if name in children:
            found.append((name, children[name]))
            waiting += children[name]
    return found


def write_bvh(path: Path, capture: Capture, *, lossy: bool = True) -> None:
    """CMU's MotionBuilder edition: a joint where each bone begins. lossy: no offsets behind thorax and wrist."""
    order: list[str] = []
    lines = ["HIERARCHY"]

    def describe(name: str, depth: int) -> None:
        tab = "\t" * depth
        parent = BONES[name][0] if name in BONES else ""
        offset = (0.0, 0.0, 0.0) if parent in ("", "root") else BONES[parent][1]
        if lossy and parent in ("thorax", "lwrist", "rwrist"):
            offset = (0.0, 0.0, 0.0)
        order.append(name)
        lines.extend([f"{tab}{'JOINT' if depth else 'ROOT'} {BVH_NAMES[name]}", f"{tab}{{"])
        lines.append(f"{tab}\tOFFSET {' '.join(map(str, offset))}")
        place = "6 Xposition Yposition Zposition" if not depth else "3"
        lines.append(f"{tab}\tCHANNELS {place} Zrotation Yrotation Xrotation")
        below = [child for child, (above, _) in BONES.items() if above == name]
        for child in below:
            describe(child, depth + 1)
        if not below:
            lines.extend(
                [
                    f"{tab}\tEnd Site",
                    f"{tab}\t{{",
                    f"{tab}\t\tOFFSET {' '.join(map(str, BONES[name][1]))}",
                    f"{tab}\t}}",
                ]
            )
        lines.append(f"{tab}}}")

    describe("root", 0)
    columns = [capture.root, *(capture.turns[name].as_euler("ZYX", degrees=True) for name in order)]
    values = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(capture)}", f"Frame Time: {1 / capture.fps:.7f}"]
    lines += [" ".join(f"{v:.8f}" for v in row) for row in values]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
