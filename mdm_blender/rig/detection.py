"""The map of a rig: by names where they are known, by shape where they are not, and how the two are weighed."""

from __future__ import annotations

from mdm_core.errors import MotionError

from .anatomy import Doubt
from .matching import doubted, judged, named_map
from .proportions import gaps, unusual
from .rig_map import CERTAIN, RigMap
from .saved import of_rig
from .snapshot import RigSnapshot
from .structure import shaped_map

FLOOR = 0.3
"""Confidence below which a map is no map: four-legged animals, props."""
ADVICE = "select a humanoid rig, or choose its bones in Rig Mapping."


def best_map(rig: RigSnapshot) -> RigMap:
    """The map that the user chose, else the one found.

    Raises MotionError when neither names nor shape show a hip and two legs, or a chosen map lacks them.
    """
    if rig.saved_map:
        return of_rig(rig)
    if not rig.bones:
        raise MotionError(f"The armature “{rig.name}” has no bones: select a character's rig.")
    found = _best(rig)
    if found is None:
        raise MotionError(f"The armature “{rig.name}” has no recognisable hip or legs: {ADVICE}")
    if found.confidence < FLOOR:
        raise MotionError(f"The armature “{rig.name}” is not shaped like a human ({found.reasons[-1]}): {ADVICE}")
    return found


def _best(rig: RigSnapshot) -> RigMap | None:
    named = named_map(rig)
    if named is not None:
        named = _asking(named, gaps(rig, named.bones))
        if named.confidence >= CERTAIN:
            return named
    shaped = shaped_map(rig)
    if shaped is not None:
        shaped = _asking(judged(rig, shaped), (*gaps(rig, shaped.bones), *unusual(rig, shaped.bones)))
    if named is None or shaped is None:
        return named or shaped
    return max(named, shaped, key=lambda found: found.confidence)


def _asking(rig_map: RigMap, against: tuple[Doubt, ...]) -> RigMap:
    """The map less sure by the worst of these doubts: one missing bone raises several."""
    return doubted(rig_map, rig_map.confidence * min((doubt.share for doubt in against), default=1.0), against)
