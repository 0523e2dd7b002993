"""What differs between Blender 4.2 and 5.2, and nothing else. Features are tested for, versions are not compared.

A *bag* is where the F-curves lie that an action gives one object: from 4.4 on the channels of a slot, before that the
action itself.
"""

from __future__ import annotations

from typing import Any

import bpy

OBJECT_SLOTS = ("OBJECT", "UNSPECIFIED")


def new_channels(action: Any, armature: Any) -> Any:
    """A new, empty action's bag for the armature; from 4.4 on with a layer, a strip and a slot."""
    if not hasattr(action, "slots"):
        action.id_root = "OBJECT"
        return action
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    return _bag(action, slot)


def channels_of(action: Any, armature: Any) -> Any | None:
    """The bag of the action by which it moves the armature that it is assigned to, or None when there is none."""
    if not hasattr(action, "slots"):
        return action
    slot = armature.animation_data.action_slot if armature.animation_data else None
    if slot is None or not action.layers or not action.layers[0].strips:
        return None
    return action.layers[0].strips[0].channelbag(slot)


def bag_of(action: Any, armature: Any) -> Any | None:
    """The bag of any action for the armature: of the slot that it or one of its strips uses, else of its name's."""
    if not hasattr(action, "slots"):
        return action
    data = armature.animation_data
    strips = [strip for track in data.nla_tracks for strip in track.strips] if data else []
    used = [data] if data else []
    slots = [it.action_slot for it in (*used, *strips) if it.action == action and it.action_slot is not None]
    slot = slots[0] if slots else slot_of(action, armature)
    if slot is None or not action.layers or not action.layers[0].strips:
        return None
    return action.layers[0].strips[0].channelbag(slot)


def own_channels(armature: Any) -> Any:
    """The bag of the assigned action for the armature, made where it is missing."""
    data = armature.animation_data
    if not hasattr(data.action, "slots"):
        return data.action
    if data.action_slot is None:
        data.action_slot = data.action.slots.new(id_type="OBJECT", name=armature.name)
    return _bag(data.action, data.action_slot)


def _bag(action: Any, slot: Any) -> Any:
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def slot_of(action: Any, armature: Any) -> Any | None:
    """The action's slot for the armature, whether assigned or not; None before 4.4."""
    if not hasattr(action, "slots"):
        return None
    named = [slot for slot in action.slots if slot.target_id_type in OBJECT_SLOTS]
    return next((slot for slot in named if slot.name_display == armature.name), named[0] if named else None)


def slot_like(action: Any, armature: Any) -> Any | None:
    """The slot of a copied action that corresponds to the armature's present one; None before 4.4."""
    slot = getattr(armature.animation_data, "action_slot", None)
    return None if slot is None else action.slots[slot.identifier]


def other_users(armature: Any) -> list[str]:
    """Names of what else plays the armature's part of its action: other objects, and strips, its own ones too."""
    data = armature.animation_data
    mine = (data.action, _handle(getattr(data, "action_slot", None)))
    names: dict[str, None] = {}
    for it in bpy.data.objects:
        theirs = it.animation_data
        if theirs is None:
            continue
        if it != armature and (theirs.action, _handle(getattr(theirs, "action_slot", None))) == mine:
            names[f"“{it.name}”"] = None
        for track in theirs.nla_tracks:
            for strip in track.strips:
                if (strip.action, _handle(getattr(strip, "action_slot", None))) == mine:
                    names[f"a strip of “{it.name}”"] = None
    return list(names)


def _handle(slot: Any) -> int | None:
    return None if slot is None else slot.handle


def key_span(bag: Any) -> tuple[float, float] | None:
    """First and last frame with a key in the bag; None where there is none."""
    ranges = [curve.range() for curve in bag.fcurves if len(curve.keyframe_points)]
    return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None


def new_fcurve(bag: Any, data_path: str, index: int, group: str) -> Any:
    """A new F-curve in the bag, in the group (made when missing)."""
    if not hasattr(bag, "slot"):
        return bag.fcurves.new(data_path, index=index, action_group=group)
    curve = bag.fcurves.new(data_path, index=index)
    curve.group = bag.groups.get(group) or bag.groups.new(group)
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
        data.action_slot = next((it for it in action.slots if it.target_id_type in OBJECT_SLOTS), None)


def exchange(strip: Any, action: Any, armature: Any) -> None:
    """Makes a strip of the NLA play another action, with its slot for the armature."""
    strip.action = action
    slot = slot_of(action, armature)
    if slot is not None:
        strip.action_slot = slot


def is_selected(posed: Any) -> bool:
    """Whether a pose bone is selected: kept on the bone up to 4.5, on the pose bone from 5.0."""
    return bool(posed.select if hasattr(posed, "select") else posed.bone.select)


def is_hidden(posed: Any) -> bool:
    """Whether a pose bone is hidden: kept on the bone up to 4.5, on the pose bone from 5.0."""
    return bool(posed.hide if hasattr(posed, "hide") else posed.bone.hide)
