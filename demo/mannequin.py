"""Puts the mannequin of `body` on an armature: one smooth mesh, skinned to the bones that deform.

Works on any rig whose bones are known (`mdm_blender.rig.detect`): where the named bones are controls, as in Rigify,
the deforming bones that lie along them carry the mesh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np

from mdm_core.skeleton import JOINT_NAMES, PARENTS

from . import body
from .surface import Array

SHELL = (0.62, 0.56, 0.49, 1.0)
TRIM = (0.028, 0.033, 0.045, 1.0)
VIEWPORT_SHELL = (0.95, 0.90, 0.83, 1.0)  # the solid view's lights are dimmer
VIEWPORT_TRIM = (0.06, 0.07, 0.09, 1.0)
_ENDS = {"neck": "head", "spine1": "spine2", "spine2": "spine3", "spine3": "neck"} | {
    f"{side}_{bone}": f"{side}_{end}"
    for side in ("left", "right")
    for bone, end in (("hip", "knee"), ("knee", "ankle"), ("ankle", "foot"), ("collar", "shoulder"))
    + (("shoulder", "elbow"), ("elbow", "wrist"))
}
"""The joint at which the bone that starts at a joint ends."""


def add(armature: Any, bones: Mapping[str, str], *, name: str = "Mannequin", cell: float = 0.009) -> bpy.types.Object:
    """A mesh object, child of the armature and deformed by it.

    bones: SMPL-22 joint -> bone of the rig. cell: metres between vertices, for a body 1.75 m tall.
    """
    joints, tips = landmarks(armature, bones)
    shape = body.build(joints, tips, cell)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(shape.vertices.tolist(), [], shape.quads.tolist())
    mesh.shade_smooth()
    _paint(mesh, shape.trim)
    mesh.materials.append(_material(name))
    figure = bpy.data.objects.new(name, mesh)
    (armature.users_collection[0] if armature.users_collection else bpy.context.scene.collection).objects.link(figure)
    figure.parent = armature
    _skin(figure, armature, bones, joints, tips, shape)
    return figure


def landmarks(armature: Any, bones: Mapping[str, str]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Rest positions of all 22 joints (those that the rig lacks are put between their neighbours) and of the tips."""
    rest = armature.data.bones
    joints = {joint: np.array(rest[bone].head_local, dtype=float) for joint, bone in bones.items()}
    up = np.array([0.0, 0.0, 1.0])
    left = joints["left_hip"] - joints["right_hip"]
    forward = np.cross(left / np.linalg.norm(left), up)
    leg = float(np.linalg.norm(joints["left_hip"] - joints["left_ankle"]))
    shoulders = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    joints.setdefault("neck", shoulders + 0.06 * leg * up)
    joints.setdefault("head", joints["neck"] + 0.11 * leg * up)
    for k, spine in enumerate(("spine1", "spine2", "spine3")):
        joints.setdefault(spine, joints["pelvis"] + (0.25 + 0.25 * k) * (joints["neck"] - joints["pelvis"]))
    for side in ("left", "right"):
        joints.setdefault(f"{side}_collar", joints["neck"] + 0.25 * (joints[f"{side}_shoulder"] - joints["neck"]))
        ankle = joints[f"{side}_ankle"]
        joints.setdefault(f"{side}_foot", ankle + 0.15 * leg * forward - 0.08 * leg * up)
    tips = {"head": _tip(rest, bones.get("head"), joints["head"], 0.25 * leg * up)}
    for side in ("left", "right"):
        wrist = joints[f"{side}_wrist"]
        expected = 0.3 * (wrist - joints[f"{side}_elbow"])
        tips[f"{side}_wrist"] = _tip(rest, bones.get(f"{side}_wrist"), wrist, expected)
        tips[f"{side}_foot"] = _tip(rest, bones.get(f"{side}_foot"), joints[f"{side}_foot"], 0.08 * leg * forward)
    return joints, tips


def _tip(rest: Any, bone: str | None, head: Array, expected: Array) -> Array:
    """The bone's tail where it points as the body part must, else what is expected (imported tails mislead)."""
    if bone is not None:
        tail = np.array(rest[bone].tail_local, dtype=float) - head
        agreement = tail @ expected / max(float(np.linalg.norm(tail) * np.linalg.norm(expected)), 1e-12)
        ratio = float(np.linalg.norm(tail) / np.linalg.norm(expected))
        if agreement > 0.75 and 0.5 < ratio < 2.0:
            return head + tail
    return head + expected


# ---- skin ------------------------------------------------------------------------------------------------------------


def _skin(
    figure: bpy.types.Object,
    armature: Any,
    bones: Mapping[str, str],
    joints: Mapping[str, Array],
    tips: Mapping[str, Array],
    shape: body.Body,
) -> None:
    """Vertex groups named after the deforming bones, and the armature modifier that reads them."""
    totals: dict[str, Array] = {}
    carriers: dict[str, list[str]] = {}
    for index, joint in enumerate(JOINT_NAMES):
        end = joints[_ENDS[joint]] if joint in _ENDS else tips.get(joint)
        if index:
            found = _deforming(armature, bones.get(joint), joints[joint], end) or carriers[JOINT_NAMES[PARENTS[index]]]
        elif armature.data.bones[bones[joint]].use_deform:
            found = [bones[joint]]
        else:
            found = [_pelvis_bone(armature, (joints["left_hip"] + joints["right_hip"]) / 2)]
        carriers[joint] = found
        weights = shape.weights[:, index]
        for bone, share in _shares(armature, carriers[joint], shape.vertices):
            totals[bone] = totals.get(bone, 0.0) + weights * share
    for bone, weights in totals.items():
        group = figure.vertex_groups.new(name=bone)
        rounded = np.rint(weights * 200).astype(int)
        for level in np.unique(rounded[rounded > 0]):
            group.add(np.flatnonzero(rounded == level).tolist(), float(level) / 200, "REPLACE")
    modifier: Any = figure.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    modifier.use_deform_preserve_volume = True


def _deforming(armature: Any, bone: str | None, start: Array, end: Array | None) -> list[str]:
    """The deforming bones of one body segment, from its start to its end: the named one, or those lying along it."""
    rest = armature.data.bones
    if bone is None:
        return []
    if rest[bone].use_deform:
        return [bone]
    if end is None:
        end = np.array(rest[bone].tail_local, dtype=float)
    length = float(np.linalg.norm(end - start))
    along = (end - start) / max(length, 1e-9)
    found: list[tuple[float, str]] = []
    for candidate in rest:
        head, tail = np.array(candidate.head_local, dtype=float), np.array(candidate.tail_local, dtype=float)
        if not candidate.use_deform or candidate.length < 0.2 * length:
            continue
        middle = (head + tail) / 2 - start
        at = float(middle @ along)
        aside = float(np.linalg.norm(middle - at * along))
        if 0 < at < length and aside < 0.12 * length and (tail - head) @ along > 0.9 * candidate.length:
            found.append((at, candidate.name))
    return [name for _, name in sorted(found)]


def _pelvis_bone(armature: Any, hips: Array) -> str:
    """The deforming bone that carries the hips: the one that passes nearest between them and points up."""

    def distance(bone: Any) -> float:
        head, axis = np.array(bone.head_local), np.array(bone.tail_local) - np.array(bone.head_local)
        t = float(np.clip((hips - head) @ axis / max(float(axis @ axis), 1e-12), 0, 1))
        aslant = 1 - abs(float(axis[2])) / max(float(np.linalg.norm(axis)), 1e-12)
        return float(np.linalg.norm(head + t * axis - hips)) + 0.2 * aslant

    return min((bone for bone in armature.data.bones if bone.use_deform), key=distance).name


def _shares(armature: Any, names: list[str], vertices: Array) -> Iterable[tuple[str, Array]]:
    """How a segment's weight [V] is shared by the bones along it: each its own stretch, melting at the borders."""
    rest = armature.data.bones
    if len(names) == 1:
        return [(names[0], np.ones(len(vertices)))]
    weights: list[Array] = []
    for name in names:
        head = np.array(rest[name].head_local, dtype=float)
        axis = np.array(rest[name].tail_local, dtype=float) - head
        t = (vertices - head) @ axis / (axis @ axis)
        weights.append(np.clip(np.minimum(t, 1 - t) * 4 + 0.5, 1e-4, 1.0))
    # Beyond both ends of the chain nothing melts: the first and the last bone keep all of it.
    total = np.sum(weights, axis=0)
    return [(name, weight / total) for name, weight in zip(names, weights, strict=True)]


# ---- look ------------------------------------------------------------------------------------------------------------


def _paint(mesh: bpy.types.Mesh, trim: Array) -> None:
    """The distance to the dark trim for the material, and the colours themselves for Blender's solid view."""
    attribute: Any = mesh.attributes.new("trim", "FLOAT", "POINT")
    attribute.data.foreach_set("value", trim.astype(np.float32))
    colours: Any = mesh.color_attributes.new("Colour", "BYTE_COLOR", "POINT")
    mix = np.clip(trim / 0.004 + 0.5, 0, 1)[:, None]
    dark, light = np.array(VIEWPORT_TRIM), np.array(VIEWPORT_SHELL)
    colours.data.foreach_set("color", (dark + mix * (light - dark)).astype("f").ravel())


def _material(name: str) -> bpy.types.Material:
    """Satin shell and glossier dark joints; the border between them is as sharp as the picture, not as the mesh."""
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    tree: Any = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    trim = tree.nodes.new("ShaderNodeAttribute")
    trim.attribute_name = "trim"
    edge = tree.nodes.new("ShaderNodeMapRange")
    edge.inputs["From Min"].default_value, edge.inputs["From Max"].default_value = -0.0006, 0.0006
    tree.links.new(trim.outputs["Fac"], edge.inputs["Value"])
    for socket, dark, light in (("Base Color", TRIM, SHELL), ("Roughness", 0.32, 0.48)):
        mix = tree.nodes.new("ShaderNodeMix")
        mix.data_type = "RGBA" if socket == "Base Color" else "FLOAT"
        factor, a, b = (next(i for i in mix.inputs if i.enabled and i.name == label) for label in ("Factor", "A", "B"))
        a.default_value, b.default_value = dark, light
        tree.links.new(edge.outputs["Result"], factor)
        tree.links.new(next(o for o in mix.outputs if o.enabled), shader.inputs[socket])
    return material
