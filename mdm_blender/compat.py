"""What differs between Blender 4.2 and 5.2, and nothing else. Features are tested for, versions are not compared."""

from __future__ import annotations

from typing import Any


def new_channels(action: Any, armature: Any) -> Any:
    """A new, empty action's place for the armature's F-curves; from 4.4 on with a layer, a strip and a slot."""
    if not hasattr(action, "slots"):
        action.id_root = "OBJECT"
        return action
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def channels_of(action: Any, armature: Any) -> Any | None:
    """Where the F-curves lie that the action gives the armature, or None when it gives it none."""
    if not hasattr(action, "slots"):
        return action
    slot = armature.animation_data.action_slot if armature.animation_data else None
    if slot is None or not action.layers:
        return None
    return action.layers[0].strips[0].channelbag(slot)


def new_fcurve(channels: Any, data_path: str, index: int, group: str) -> Any:
    """A new F-curve in what `new_channels` gave, in the group (made when missing)."""
    if not hasattr(channels, "slot"):
        return channels.fcurves.new(data_path, index=index, action_group=group)
    curve = channels.fcurves.new(data_path, index=index)
    curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve


def assign_action(armature: Any, action: Any, slot: Any = None) -> None:
    """Makes the action (or None) the armature's own, and sees to it that a slot is chosen, without which it is still.

    slot: which one; by default the one that Blender picks (the last used by name), or else the first of objects.
    """
    data = armature.animation_data or armature.animation_data_create()
    data.action = action
    if action is None or not hasattr(action, "slots"):
        return
    if slot is not None:
        data.action_slot = slot
    elif data.action_slot is None:
        data.action_slot = next((it for it in action.slots if it.target_id_type in ("OBJECT", "UNSPECIFIED")), None)


def is_selected(posed: Any) -> bool:
    """Whether a pose bone is selected: kept on the bone up to 4.5, on the pose bone from 5.0."""
    return bool(posed.select if hasattr(posed, "select") else posed.bone.select)


def is_hidden(posed: Any) -> bool:
    """Whether a pose bone is hidden: kept on the bone up to 4.5, on the pose bone from 5.0."""
    return bool(posed.hide if hasattr(posed, "hide") else posed.bone.hide)
