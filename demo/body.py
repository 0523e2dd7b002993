"""The mannequin's shape: a smooth human body around the joints of any rig, in NumPy. Blender is in `mannequin`.

Frame: the armature's own, metres, Z up. The body is a set of `surface` shapes, each belonging to the bone that starts
at one SMPL-22 joint; the same shapes give the skin weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import INDEX, JOINTS, PARENTS

from .surface import Array, Ellipsoid, Limb, Shape, mesh

_FITTING_HEIGHT = 1.75  # metres; the radii below were chosen for a body of this height


@dataclass(frozen=True)
class Frame:
    """The body's directions at rest (unit vectors [3]), its size against `_FITTING_HEIGHT`, the height of the floor."""

    left: Array
    forward: Array
    up: Array
    scale: float
    floor: float


@dataclass(frozen=True)
class Body:
    """vertices [V, 3]; quads [F, 4]; weights [V, 22] of the bones that start at each joint, rows sum to 1;
    trim [V]: metres to the border of the dark joints, negative within them."""

    vertices: Array
    quads: NDArray[np.int64]
    weights: Array
    trim: Array


def build(joints: Mapping[str, Array], tips: Mapping[str, Array], cell: float = 0.009) -> Body:
    """The body around SMPL-22 `joints` and the `tips` of head, left/right_wrist and left/right_foot (each [3])."""
    frame = _frame(joints, tips)
    shapes = [*_trunk(joints, frame), *_head(joints, tips, frame)]
    for side in ("left", "right"):
        shapes += [*_leg(joints, tips, frame, side), *_arm(joints, frame, side), *_hand(joints, tips, frame, side)]
    vertices, quads = mesh(shapes, cell * frame.scale)
    vertices = _flat_soles(vertices, frame)
    return Body(vertices, quads, _weights(shapes, vertices, frame.scale), _trim(joints, tips, frame, vertices))


def _frame(joints: Mapping[str, Array], tips: Mapping[str, Array]) -> Frame:
    left = _unit(joints["left_hip"] - joints["right_hip"])
    up = np.array([0.0, 0.0, 1.0])
    left = _unit(left - (left @ up) * up)
    floor = float(min(joints[f"{side}_foot"][2] for side in ("left", "right")))
    scale = float(tips["head"][2] - floor) / _FITTING_HEIGHT
    ankle = float(min(joints[f"{side}_ankle"][2] for side in ("left", "right")))
    floor = min(floor - 0.012 * scale, ankle - 0.065 * scale)
    return Frame(left, np.cross(left, up), up, scale, floor)


def _trunk(joints: Mapping[str, Array], frame: Frame) -> list[Shape]:
    s, left, forward, up = frame.scale, frame.left, frame.forward, frame.up
    axes = np.stack([left, forward, up])
    hips = (joints["left_hip"] + joints["right_hip"]) / 2
    hip_width = float(np.linalg.norm(joints["left_hip"] - joints["right_hip"])) / 2
    shoulders = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    shoulder_width = float(np.linalg.norm(joints["left_shoulder"] - joints["right_shoulder"])) / 2
    neck = joints["neck"]
    middle = hips + 0.5 * (shoulders - hips)
    middle = middle + 0.006 * s * forward
    chest = hips + 0.78 * (shoulders - hips)
    chest = chest - ((chest - neck) @ forward) * forward * 0.4
    pelvis, waist, ribs = INDEX["pelvis"], INDEX["spine1"], INDEX["spine3"]
    shapes: list[Shape] = [
        Ellipsoid(pelvis, hips + 0.035 * s * up, axes, s * np.array([0.036 + hip_width / s, 0.094, 0.100])),
        Limb(waist, hips + 0.07 * s * up, middle, 0.118 * s, 0.112 * s, 0.05 * s, forward, 0.74),
        Limb(INDEX["spine2"], middle, chest, 0.112 * s, 0.130 * s, 0.05 * s, forward, 0.74),
        Ellipsoid(ribs, chest, axes, np.array([0.86 * shoulder_width, 0.108 * s, 0.165 * s]), 0.04 * s),
    ]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        pectoral = chest + sign * 0.42 * shoulder_width * left + 0.072 * s * forward + 0.025 * s * up
        shapes.append(Ellipsoid(ribs, pectoral, axes, s * np.array([0.078, 0.045, 0.062]), 0.04 * s))
        blade = chest + sign * 0.48 * shoulder_width * left - 0.06 * s * forward + 0.03 * s * up
        shapes.append(Ellipsoid(ribs, blade, axes, s * np.array([0.07, 0.045, 0.09]), 0.04 * s))
        shoulder = joints[f"{side}_shoulder"]
        collar = INDEX[f"{side}_collar"]
        root = neck + sign * 0.02 * s * left - 0.012 * s * forward
        shapes.append(Limb(collar, root, shoulder - 0.01 * s * up, 0.048 * s, 0.052 * s, 0.04 * s))
        seat = joints[f"{side}_hip"] - 0.046 * s * forward - 0.012 * s * up - sign * 0.008 * s * left
        shapes.append(Ellipsoid(pelvis, seat, axes, s * np.array([0.070, 0.064, 0.078]), 0.03 * s))
    return shapes


def _head(joints: Mapping[str, Array], tips: Mapping[str, Array], frame: Frame) -> list[Shape]:
    s = frame.scale
    base, top = joints["head"], tips["head"]
    up = _unit(top - base)
    forward = _unit(frame.forward - (frame.forward @ up) * up)
    axes = np.stack([np.cross(up, forward), forward, up])
    height = float(np.linalg.norm(top - base))
    bone = INDEX["head"]
    skull = base + (height - 0.114 * s) * up + 0.004 * s * forward
    jaw = skull - 0.076 * s * up + 0.043 * s * forward
    nose = skull - 0.036 * s * up + 0.105 * s * forward
    neck_end = base + 0.01 * s * up
    return [
        Limb(INDEX["neck"], joints["neck"] - 0.03 * s * frame.up, neck_end, 0.058 * s, 0.052 * s, 0.035 * s),
        Ellipsoid(bone, skull, axes, s * np.array([0.084, 0.105, 0.114]), 0.02 * s),
        Ellipsoid(bone, jaw, axes, s * np.array([0.060, 0.060, 0.062]), 0.045 * s),
        Limb(bone, nose + 0.030 * s * up - 0.008 * s * forward, nose, 0.008 * s, 0.013 * s, 0.02 * s),
    ]


def _leg(joints: Mapping[str, Array], tips: Mapping[str, Array], frame: Frame, side: str) -> list[Shape]:
    s, forward, up = frame.scale, frame.forward, frame.up
    hip, knee, ankle, ball = (joints[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
    thigh, shin, foot, toe = (INDEX[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
    calf = knee + 0.28 * (ankle - knee) - 0.016 * s * forward
    along = _unit(ankle - knee)
    calf_axes = np.stack([np.cross(forward, along), forward, along])
    toe_tip = tips[f"{side}_foot"]
    ahead = _unit((toe_tip - ankle) - ((toe_tip - ankle) @ up) * up)
    level = frame.floor + 0.030 * s

    def on_floor(point: Array, above: float = 0.0) -> Array:
        return np.array([point[0], point[1], level + above * s])

    heel = on_floor(ankle - 0.038 * s * ahead, 0.004)
    return [
        Limb(thigh, hip - 0.01 * s * up, hip + 0.62 * (knee - hip), 0.080 * s, 0.066 * s, 0.03 * s),
        Limb(thigh, hip + 0.55 * (knee - hip), knee, 0.068 * s, 0.053 * s, 0.02 * s),
        Limb(shin, knee, ankle, 0.054 * s, 0.037 * s, 0.02 * s),
        Ellipsoid(shin, calf, calf_axes, s * np.array([0.054, 0.052, 0.125]), 0.03 * s),
        Limb(
            foot,
            ankle,
            on_floor(ankle + 0.55 * ((ball - ankle) @ ahead) * ahead, 0.006),
            0.040 * s,
            0.034 * s,
            0.03 * s,
        ),
        Limb(foot, heel, on_floor(ball, 0.004), 0.036 * s, 0.040 * s, 0.025 * s, up, 0.80),
        Limb(
            toe, on_floor(ball), on_floor(toe_tip - 0.012 * s * ahead, -0.008), 0.040 * s, 0.030 * s, 0.02 * s, up, 0.72
        ),
    ]


def _arm(joints: Mapping[str, Array], frame: Frame, side: str) -> list[Shape]:
    s = frame.scale
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    upper, fore = INDEX[f"{side}_shoulder"], INDEX[f"{side}_elbow"]
    return [
        Ellipsoid(
            upper, shoulder + 0.10 * (elbow - shoulder), np.eye(3), s * np.array([0.056, 0.055, 0.058]), 0.03 * s
        ),
        Limb(upper, shoulder, shoulder + 0.5 * (elbow - shoulder), 0.048 * s, 0.045 * s, 0.02 * s),
        Limb(upper, shoulder + 0.45 * (elbow - shoulder), elbow, 0.045 * s, 0.036 * s, 0.02 * s),
        Limb(fore, elbow, elbow + 0.35 * (wrist - elbow), 0.036 * s, 0.041 * s, 0.02 * s),
        Limb(fore, elbow + 0.3 * (wrist - elbow), wrist, 0.041 * s, 0.026 * s, 0.02 * s),
    ]


def _hand(joints: Mapping[str, Array], tips: Mapping[str, Array], frame: Frame, side: str) -> list[Shape]:
    s, bone = frame.scale, INDEX[f"{side}_wrist"]
    wrist = joints[f"{side}_wrist"]
    along = _unit(tips[f"{side}_wrist"] - wrist)
    thumbwards = _unit(frame.forward - (frame.forward @ along) * along)
    palm = np.cross(along, thumbwards)
    inwards = -frame.left if side == "left" else frame.left
    palm = palm * (1.0 if palm @ (inwards - 0.8 * frame.up) > 0 else -1.0)
    axes = np.stack([along, thumbwards, palm])

    def at(x: float, y: float, z: float) -> Array:
        return wrist + s * (x * along + y * thumbwards + z * palm)

    shapes: list[Shape] = [
        Limb(bone, at(0, 0, 0), at(0.03, 0, 0), 0.027 * s, 0.030 * s, 0.02 * s, palm, 0.75),
        Ellipsoid(bone, at(0.052, 0.0, 0.002), axes, s * np.array([0.052, 0.042, 0.019]), 0.015 * s),
    ]
    for across, length, radius in (
        (0.029, 0.074, 0.0100),
        (0.010, 0.084, 0.0104),
        (-0.009, 0.078, 0.0100),
        (-0.027, 0.060, 0.0088),
    ):
        knuckle, joint = at(0.088, across, 0.002), at(0.088 + 0.55 * length, 1.12 * across, 0.008)
        tip = at(0.088 + 0.98 * length, 1.15 * across, 0.026)
        shapes.append(Limb(bone, knuckle, joint, radius * s, 0.95 * radius * s, 0.006 * s))
        shapes.append(Limb(bone, joint, tip, 0.95 * radius * s, 0.8 * radius * s, 0.004 * s))
    shapes.append(Limb(bone, at(0.022, 0.022, 0.006), at(0.058, 0.052, 0.018), 0.016 * s, 0.0125 * s, 0.012 * s))
    shapes.append(Limb(bone, at(0.058, 0.052, 0.018), at(0.088, 0.058, 0.026), 0.0120 * s, 0.0095 * s, 0.005 * s))
    return shapes


def _flat_soles(vertices: Array, frame: Frame) -> Array:
    """What would reach below the floor is pressed flat on it."""
    flat = vertices.copy()
    flat[:, 2] = np.maximum(flat[:, 2], frame.floor)
    return flat


def _weights(shapes: list[Shape], vertices: Array, scale: float) -> Array:
    """Skin weights [V, 22]: the nearer a bone's shapes, the more it pulls; only bones next to the nearest one count."""
    distance = np.full((len(vertices), JOINTS), np.inf)
    for shape in shapes:
        distance[:, shape.segment] = np.minimum(distance[:, shape.segment], shape.distance(vertices))
    nearest = distance.argmin(axis=1)
    distance[~_neighbours()[nearest]] = np.inf
    pull = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / (0.012 * scale))
    pull[pull < 0.01] = 0.0
    return pull / pull.sum(axis=1, keepdims=True)


def _neighbours() -> NDArray[np.bool_]:
    """[22, 22]: whether two bones meet at a joint (a parent, a child, or a brother on the same side of the body)."""
    near = np.eye(JOINTS, dtype=bool)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            near[joint, parent] = near[parent, joint] = True
    for a, b in (
        ("left_collar", "neck"),
        ("right_collar", "neck"),
        ("left_shoulder", "spine3"),
        ("right_shoulder", "spine3"),
    ):
        near[INDEX[a], INDEX[b]] = near[INDEX[b], INDEX[a]] = True
    return near


def _trim(joints: Mapping[str, Array], tips: Mapping[str, Array], frame: Frame, vertices: Array) -> Array:
    """Metres from each vertex to the border of the dark parts: rings at the joints, shoulders, neck and face."""
    s = frame.scale
    inside = np.full(len(vertices), np.inf)

    def add(shape: Shape) -> None:
        np.minimum(inside, shape.distance(vertices), out=inside)

    def band(before: Array, centre: Array, after: Array, half_width: float, reach: float) -> None:
        """A ring around a limb, across the direction in which the limb passes the joint."""
        axis = _unit(_unit(centre - before) + _unit(after - centre))
        near = np.linalg.norm(vertices - centre, axis=-1) < reach * s
        ring = np.abs((vertices - centre) @ axis) - half_width * s
        np.minimum(inside, ring, out=inside, where=near)

    for side in ("left", "right"):
        shoulder, elbow, wrist, hip, knee, ankle = (
            joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        )
        add(Limb(0, shoulder, shoulder, 0.075 * s, 0.075 * s))
        band(shoulder, elbow, wrist, 0.026, 0.09)
        band(elbow, wrist, tips[f"{side}_wrist"], 0.013, 0.06)
        band(hip, knee, ankle, 0.036, 0.12)
        band(knee, ankle + 0.03 * s * frame.up, ankle, 0.017, 0.09)
    hips = (joints["left_hip"] + joints["right_hip"]) / 2
    shoulders = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    band(hips, hips + 0.36 * (shoulders - hips), shoulders, 0.030, 0.25)
    add(Limb(0, joints["neck"] + 0.02 * s * frame.up, joints["head"], 0.064 * s, 0.062 * s))
    face = tips["head"] - 0.122 * s * frame.up + 0.088 * s * frame.forward
    add(Ellipsoid(0, face, np.stack([frame.left, frame.forward, frame.up]), s * np.array([0.069, 0.06, 0.033])))
    return inside


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)
