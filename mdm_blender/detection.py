"""What the panel says about the active armature, looked up once and kept until the armature changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent

from mdm_core.errors import MotionError

from . import scene
from .rig import RigMap, detect
from .rig.saved import text_of


@dataclass(frozen=True)
class Detected:
    """A rig map, or the sentence that says why there is none."""

    rig_map: RigMap | None = None
    problem: str = ""

    @property
    def warning(self) -> str:
        """What to tell a user whose rig was not recognised for sure; empty where it was."""
        if self.rig_map is None or self.rig_map.certain:
            return ""
        return f"Only {100 * self.rig_map.confidence:.0f} % sure of these bones: check them in Rig Mapping."


Key = tuple[int, int, str]
"""Session ids of the object and its data, and the mapping that is saved with it: undo changes that too."""

_known: dict[Key, Detected] = {}
_asked: set[Key] = set()


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


def _key(armature: Any) -> Key:
    return armature.session_uid, armature.data.session_uid, text_of(armature)


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
