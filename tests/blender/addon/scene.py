"""A Mixamo-named rig made by hand, and what of a file a generation could touch, as plain data."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

# Head of each bone of a person in T-pose, metres, Blender's axes (x its left, -y its front, z up); tails are the
# heads of the children.
MIDDLE = {"Hips": (0, 0, 0.96), "Spine": (0, 0, 1.06), "Spine1": (0, 0, 1.2), "Spine2": (0, 0, 1.3), "Neck": (0, 0, 1.48), "Head": (0, 0, 1.58)}  # fmt: skip # noqa: E501
LIMBS = {
    "Spine2": {
        "Shoulder": (0.05, 0, 1.42),
        "Arm": (0.18, 0, 1.42),
        "ForeArm": (0.45, 0, 1.42),
        "Hand": (0.70, 0, 1.42),
    },
    "Hips": {"UpLeg": (0.1, 0, 0.9), "Leg": (0.1, -0.01, 0.5), "Foot": (0.1, 0, 0.08), "ToeBase": (0.1, -0.13, 0.02)},
}


def mixamo(name: str = "Rig") -> Any:
    """A Mixamo-named armature object, linked and active."""
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    chain(data, MIDDLE, None, (0, 0, 0.15))
    for parent, limb in LIMBS.items():
        for side, sign in (("Left", 1), ("Right", -1)):
            heads = {side + bone: (sign * x, y, z) for bone, (x, y, z) in limb.items()}
            chain(data, heads, "mixamorig:" + parent, (sign * 0.08, 0, 0) if parent == "Spine2" else (0, -0.08, 0))
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def chain(data: Any, heads: dict[str, Any], parent: str | None, tip: tuple[float, float, float]) -> None:
    names = list(heads)
    for name, following in zip(names, [*names[1:], None], strict=True):
        bone = data.edit_bones.new("mixamorig:" + name)
        bone.head = heads[name]
        bone.tail = heads[following] if following else np.add(heads[name], tip)
        bone.parent = data.edit_bones[parent] if parent else None
        parent = bone.name


def fcurves(action: Any) -> list[Any]:
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]


def fingerprint() -> dict[str, Any]:
    """Everything of the file that a generation could touch."""
    state: dict[str, Any] = {
        kind: sorted((it.name, it.users, it.use_fake_user) for it in getattr(bpy.data, kind))
        for kind in ("actions", "armatures", "objects", "scenes", "collections", "meshes", "texts")
    }
    for rig in bpy.data.objects:
        action = rig.animation_data and rig.animation_data.action
        slot = rig.animation_data and getattr(rig.animation_data, "action_slot", None)
        state["of " + rig.name] = (
            action and (action.name, [[tuple(key.co) for key in curve.keyframe_points] for curve in fcurves(action)]),
            slot and slot.identifier,
            [
                (bone.name, tuple(map(tuple, bone.matrix_basis)), bone.rotation_mode)
                for bone in (rig.pose.bones if rig.pose else ())
            ],
            tuple(map(tuple, rig.matrix_world)),
        )
    scene = bpy.context.scene
    state["scene"] = (scene.frame_current, scene.frame_start, scene.frame_end, scene.render.fps, scene.render.fps_base)
    state["settings"] = {name: getattr(scene.mdm, name) for name in ("prompt", "seconds", "takes", "seed")}
    return state


def key_range(action: Any) -> tuple[float, float]:
    frames = [key.co[0] for curve in fcurves(action) for key in curve.keyframe_points]
    return min(frames), max(frames)
