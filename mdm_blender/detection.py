"""What the panel says about the active armature, looked up once and kept until the armature changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent

from mdm_core.errors import MotionError

from . import scene
from .rig import RigMap, detect


@dataclass(frozen=True)
class Detected:
    """A rig map, or the sentence that says why there is none."""

    rig_map: RigMap | None = None
    problem: str = ""


_known: dict[tuple[int, int], Detected] = {}
_asked: set[tuple[int, int]] = set()


def lookup(armature: Any) -> Detected | None:
    """What is known; None where it is not yet, and then the sidebar is redrawn once it is. For draw()."""
    key = _key(armature)
    if key not in _known:
        _asked.add(key)
        if not bpy.app.timers.is_registered(_detect_asked):
            bpy.app.timers.register(_detect_asked, first_interval=0.0)
    return _known.get(key)


def reset() -> None:
    _known.clear()
    _asked.clear()


@persistent
def forget_changed_armatures(_scene: Any, depsgraph: Any) -> None:
    """Bones were added, removed or renamed, or a rest pose changed. Playback comes by here too and costs nothing."""
    if _known and depsgraph.id_type_updated("ARMATURE"):
        _known.clear()
        scene.redraw_panels()


def _key(armature: Any) -> tuple[int, int]:
    return armature.session_uid, armature.data.session_uid


def _detect_asked() -> None:
    for armature in bpy.data.objects:
        if armature.type == "ARMATURE" and _key(armature) in _asked:
            _known[_key(armature)] = _look(armature)
    _asked.clear()
    scene.redraw_panels()


def _look(armature: Any) -> Detected:
    try:
        return Detected(detect(armature))
    except MotionError as error:
        return Detected(problem=str(error))
