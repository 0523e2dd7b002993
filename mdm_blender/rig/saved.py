"""A mapping that the user chose: as JSON text, in a file or as a custom property saved with the armature object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mdm_core.errors import MotionError
from mdm_core.skeleton import JOINT_NAMES

from .family import REQUIRED
from .rig_map import RigMap, Switch, in_order, problems_of
from .snapshot import RigSnapshot

PROPERTY = "mdm_rig_map"
"""Of the armature object: so that two characters with one armature can differ, and duplicates keep it."""
OVERRIDES = "mdm_rig_maps"
"""Of a scene: the mappings of its library overrides by name. Blender does not save new properties of an override."""
FORMAT, VERSION = "mdm-rig-map", 1
ROOT = "root"
"""Stands beside the joints for the control that carries the body's place."""


def text_of(armature: Any) -> str:
    """The mapping that is kept for this armature object of Blender, "" where none was chosen."""
    own = armature.get(PROPERTY, "")
    if own or armature.override_library is None:
        return own
    kept = (scene.get(OVERRIDES, {}).get(armature.name, "") for scene in armature.users_scene)
    return next((text for text in kept if text), "")


def keep(armature: Any, text: str) -> None:
    """Keeps the mapping with the armature object, or forgets it where text is empty."""
    owners = [(armature, PROPERTY)]
    if armature.override_library is not None:
        for scene in armature.users_scene:
            if OVERRIDES not in scene:
                scene[OVERRIDES] = {}
            owners.append((scene[OVERRIDES], armature.name))
        owners = owners[1:] or owners
    for owner, key in owners:
        if text:
            owner[key] = text
        elif key in owner:
            del owner[key]


def to_text(rig_map: RigMap) -> str:
    """The map as JSON, readable and the same for the same map."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "family": rig_map.family,
            "bones": in_order(rig_map.bones),
            "root": rig_map.root,
            "switches": [[switch.bone, switch.property, switch.value] for switch in rig_map.switches],
            "fingers": [list(finger) for finger in rig_map.fingers],
        },
        ensure_ascii=False,
        indent=1,
    )


@lru_cache(maxsize=64)
def from_text(text: str) -> RigMap:
    """The map that JSON text holds, edited. Raises MotionError with a sentence for whatever is not such a map."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MotionError("This is not a rig mapping: the file does not hold JSON.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise MotionError("This is not a rig mapping: export one in Rig Mapping to see what it looks like.")
    if data.get("version") != VERSION:
        raise MotionError(f"This rig mapping is of version {data.get('version')}: update the add-on to read it.")
    try:
        return RigMap(
            family=str(data.get("family", "")),
            bones=in_order(_bones(data["bones"])),
            confidence=1.0,
            root=_name(data["root"]) if data.get("root") else None,
            switches=tuple(Switch(_name(b), _name(p), float(v)) for b, p, v in data.get("switches", ())),
            fingers=tuple(tuple(_name(bone) for bone in finger) for finger in data.get("fingers", ())),
            edited=True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MotionError("This rig mapping is damaged: export it again.") from error


def _bones(data: Any) -> dict[str, str]:
    bones = {_name(joint): _name(bone) for joint, bone in data.items()} if isinstance(data, dict) else None
    if bones is None:
        raise TypeError(data)
    foreign = sorted(set(bones) - set(JOINT_NAMES))
    if foreign:
        raise MotionError(f"This rig mapping names joints that there are not: {', '.join(foreign)}.")
    twice = sorted({bone for bone in bones.values() if list(bones.values()).count(bone) > 1})
    if twice:
        raise MotionError(f"This rig mapping gives one bone to several joints: {', '.join(twice)}.")
    return bones


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value


def unknown_bones(rig_map: RigMap, names: Mapping[str, Any] | Any) -> list[str]:
    """Bones of the map's joints and root that are not in `names`."""
    used = [*rig_map.bones.values(), *([rig_map.root] if rig_map.root else [])]
    return sorted({bone for bone in used if bone not in names})


def with_bone(rig_map: RigMap, joint: str, bone: str) -> RigMap:
    """The map with another bone for a joint or for "root"; "" takes it away. The bone leaves the joint it played."""
    if joint == ROOT:
        return replace(rig_map, root=bone or None, edited=True)
    bones = {j: b for j, b in rig_map.bones.items() if j != joint and b != bone}
    if bone:
        bones[joint] = bone
    return replace(rig_map, bones=in_order(bones), edited=True)


def of_rig(rig: RigSnapshot) -> RigMap:
    """The rig's saved map, without bones that it has lost. Raises MotionError when hip or legs are not in it."""
    saved = from_text(rig.saved_map)
    lost = unknown_bones(saved, rig.bones)
    bones = {joint: bone for joint, bone in saved.bones.items() if bone in rig.bones}
    missing = [joint.replace("_", " ") for joint in REQUIRED if joint not in bones]
    if missing:
        raise MotionError(
            f"The mapping of “{rig.name}” has no bone for: {', '.join(missing)}; choose it in Rig Mapping, or detect "
            "again there."
        )
    root = saved.root if saved.root in rig.bones else None
    problems = problems_of(rig, bones, root)
    if lost:
        problems = (f"Bones of the mapping are gone: {', '.join(lost)}.", *problems)
    return replace(
        saved,
        bones=bones,
        root=root,
        switches=tuple(s for s in saved.switches if s.bone in rig.bones and s.property in rig.bones[s.bone].properties),
        fingers=tuple(finger for finger in saved.fingers if all(bone in rig.bones for bone in finger)),
        problems=problems,
        reasons=("chosen by hand",),
    )
