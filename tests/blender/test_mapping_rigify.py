"""Detection on what Rigify really makes: its controls by name, its metarig by shape alone, its 706 bones nameless."""

from __future__ import annotations

import dataclasses
from typing import Any

from mdm_blender import rig
from mdm_blender.rig import RigSnapshot
from mdm_blender.rig.structure import shaped_map
from mdm_core.errors import MotionError


def nameless(snap: RigSnapshot) -> tuple[RigSnapshot, dict[str, str]]:
    """The rig with numbers for names, and which number was which name."""
    new = {name: f"bone {number}" for number, name in enumerate(snap.bones)}
    bones = {
        new[name]: dataclasses.replace(
            bone,
            name=new[name],
            parent=None if bone.parent is None else new[bone.parent],
            constraints=tuple(
                dataclasses.replace(c, targets=tuple((new[target], weight) for target, weight in c.targets))
                for c in bone.constraints
            ),
        )
        for name, bone in snap.bones.items()
    }
    return dataclasses.replace(snap, bones=bones, rigify=False), {number: name for name, number in new.items()}


def test_the_generated_human_is_keyed_on_controls(rigify: Any) -> None:
    found = rig.detect(rigify)
    assert (found.family, found.confidence, found.root) == ("Rigify", 1.0, "torso")
    assert found.bones["left_elbow"] == "forearm_fk.L" and found.bones["right_foot"] == "toe_fk.R"
    assert not [bone for bone in found.bones.values() if bone.startswith(("DEF-", "ORG-", "MCH-"))]
    assert {switch.bone for switch in found.switches} == {
        f"{p}_parent.{s}" for p in ("upper_arm", "thigh") for s in "LR"
    }
    assert len(found.fingers) == 10


def test_the_metarig_is_found_by_shape_as_by_names(metarig: Any) -> None:
    snap = rig.read(metarig)
    numbered, names = nameless(snap)
    shaped = shaped_map(numbered)
    assert shaped is not None
    assert {joint: names[bone] for joint, bone in shaped.bones.items()} == dict(rig.detect(snap).bones)


def test_a_control_rig_without_names_asks_or_is_refused(rigify: Any) -> None:
    numbered, _ = nameless(rig.read(rigify))
    try:
        assert not rig.detect(numbered).certain
    except MotionError as error:
        assert "\n" not in str(error)
