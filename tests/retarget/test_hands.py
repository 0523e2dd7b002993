"""Relaxed hands on every family that has fingers: curled to the palm, thumb least, little finger most."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mdm_blender import retarget, rig
from tests.retarget import oracle
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES, RigTable
from tests.rig.skeletons import snapshot

Array = NDArray[np.float64]
THUMBS = ("thumb", "finger0", "finger1-", "finger1metacarpal", "親指")
LITTLE = ("pinky", "little", "小指", "finger5")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)
@pytest.mark.parametrize("arms_down", [0.0, 45.0])
def test_fingers_curl_to_the_palm(table: RigTable, arms_down: float) -> None:
    """The palm of a rig at rest faces down in the T-pose, and is turned with the arm."""
    made = known_rigs.build(table, arms_down=arms_down, seed=4)
    snap = snapshot(list(made.bones))
    found = rig.detect(snap)
    if not found.fingers:
        pytest.skip("this rig has no fingers that are known")
    still = oracle.walk(2).positions
    tracks = retarget.to_rig(snap, found, still, relax_hands=True)
    bare = retarget.to_rig(snap, found, still)
    assert not {bone for finger in found.fingers for bone in finger} & bare.rotations.keys()
    for finger in found.fingers:
        sign = 1.0 if snap.bones[finger[0]].head[0] > 0 else -1.0
        palm = Rotation.from_euler("y", sign * arms_down, degrees=True).apply([0.0, 0.0, -1.0])
        curl = 0.0
        for bone in finger:
            rest = snap.bones[bone].rest[:3, :3]
            local = Rotation.from_quat(np.roll(tracks.rotations[bone][0], -1)).as_matrix()
            moved = rest @ local @ rest.T @ (snap.bones[bone].tail - snap.bones[bone].head)
            before = snap.bones[bone].tail - snap.bones[bone].head
            assert (moved - before) @ palm > 0, bone
            curl = np.degrees(Rotation.from_matrix(local).magnitude())
        name = finger[0].casefold()
        low = 6.0 < curl < 8.0
        if any(word in name for word in THUMBS) and "biped" not in table.family.casefold():
            assert low, finger[0]
        elif any(word in name for word in LITTLE):
            assert curl > 20.0, finger[0]
        elif "finger" not in name:
            assert 13.0 < curl < 15.0, finger[0]


@pytest.mark.parametrize(
    ("label", "thumb", "little"),
    [("3ds Max Biped", "Finger0", "Finger4"), ("MPFB / MakeHuman default", "finger1-1", "finger5-1")],
)
def test_counted_fingers_begin_with_the_thumb(label: str, thumb: str, little: str) -> None:
    table = next(table for table in TABLES if table.label == label)
    snap = snapshot(list(known_rigs.build(table, seed=4).bones))
    found = rig.detect(snap)
    tracks = retarget.to_rig(snap, found, oracle.walk(2).positions, relax_hands=True)

    def curl(word: str) -> float:
        bone = next(finger[0] for finger in found.fingers if word in finger[0])
        return float(np.degrees(2 * np.arccos(abs(tracks.rotations[bone][0, 0]))))

    assert curl(thumb) == pytest.approx(7.0) and curl(little) == pytest.approx(21.0)
