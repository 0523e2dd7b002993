"""The IK controls of arms and legs of known families, and which of them a rig has. No Blender here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..rig.rig_map import RigMap
from ..rig.snapshot import RigSnapshot


@dataclass(frozen=True)
class IkLimb:
    """The IK controls of a limb. joints: where it begins, bends and ends, without side.

    fk: the part of the FK end control's name that the other names replace; pole, base: None where there is none;
    tips: (FK, IK) names of a control beyond the end; still: controls of the IK limb that must be at rest.
    """

    joints: tuple[str, str, str]
    fk: str
    end: str
    pole: str | None = None
    base: str | None = None
    tips: tuple[str, str] | None = None
    still: tuple[str, ...] = ()


ARM, LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
LIMBS: Mapping[str, tuple[IkLimb, ...]] = {
    "Rigify": (
        IkLimb(ARM, "hand_fk", "hand_ik", "upper_arm_ik_target", "upper_arm_ik"),
        IkLimb(
            LEG,
            "foot_fk",
            "foot_ik",
            "thigh_ik_target",
            "thigh_ik",
            ("toe_fk", "toe_ik"),
            ("foot_spin_ik", "foot_heel_ik"),
        ),
    ),
    "Auto-Rig Pro": (
        IkLimb(ARM, "c_hand_fk", "c_hand_ik", "c_arms_pole"),
        IkLimb(LEG, "c_foot_fk", "c_foot_ik", "c_leg_pole", tips=("c_toes_fk", "c_toes_ik")),
    ),
}
"""By the family's name in the rig map."""
PLAYED = {"Rigify": ("ORG-", "_fk")}
"""By family: what is put before an FK control's name, and left out of it, for the bone that shows what is played."""


@dataclass(frozen=True)
class FoundLimb:
    """A limb's bones in a rig. part: "left_arm", ...; fk: upper, lower, end; tips: (FK, IK) beyond the end.

    played: the bones that show what the limb plays, whether FK or IK: of `fk` and, if there is one, of the tip; ()
    where it is not known. turns: whether the end control turns hand or foot too, and does not only move it.
    """

    part: str
    fk: tuple[str, str, str]
    end: str
    pole: str | None
    base: str | None
    tips: tuple[str, str] | None
    still: tuple[str, ...]
    played: tuple[str, ...] = ()
    turns: bool = True

    @property
    def controls(self) -> tuple[str, ...]:
        """All its IK controls."""
        tip = () if self.tips is None else (self.tips[1],)
        return (self.end, *(it for it in (self.pole, self.base) if it is not None), *tip, *self.still)

    @property
    def fk_bones(self) -> tuple[str, ...]:
        """Its FK controls, tip included."""
        return self.fk if self.tips is None else (*self.fk, self.tips[0])

    @property
    def idle(self) -> tuple[str, ...]:
        """Of these the ones whose keys do nothing while the limb plays IK."""
        return self.fk_bones if self.turns else self.fk[:2]


def limbs_of(rig: RigSnapshot, rig_map: RigMap) -> list[FoundLimb]:
    """The limbs of the family's table whose bones the rig has, left and right."""
    found: list[FoundLimb] = []
    for limb in LIMBS.get(rig_map.family, ()):
        for side in ("left", "right"):
            fk = tuple(rig_map.bones.get(f"{side}_{joint}", "") for joint in limb.joints)
            if limb.fk not in fk[2]:
                continue
            named = {
                field: name if name in rig.bones else None
                for field in ("end", "pole", "base")
                if (name := fk[2].replace(limb.fk, getattr(limb, field) or "\0")) is not None
            }
            if not all(bone in rig.bones for bone in fk) or named["end"] is None:
                continue
            still = tuple(name for part in limb.still if (name := fk[2].replace(limb.fk, part)) in rig.bones)
            tips = _tips(rig, rig_map, side, limb)
            part = f"{side}_{'leg' if limb.joints == LEG else 'arm'}"
            ends = FoundLimb(part, (fk[0], fk[1], fk[2]), named["end"], named["pole"], named["base"], tips, still)
            found.append(replace(ends, played=_played(rig, rig_map, ends)))
    return found


def _played(rig: RigSnapshot, rig_map: RigMap, limb: FoundLimb) -> tuple[str, ...]:
    before, without = PLAYED.get(rig_map.family, ("", ""))
    names = tuple(before + name.replace(without, "", 1) for name in limb.fk_bones) if before else ()
    return names if all(name in rig.bones for name in names) else ()


def _tips(rig: RigSnapshot, rig_map: RigMap, side: str, limb: IkLimb) -> tuple[str, str] | None:
    bone = rig_map.bones.get(f"{side}_foot", "")
    if limb.tips is None or limb.tips[0] not in bone:
        return None
    other = bone.replace(*limb.tips)
    return (bone, other) if other in rig.bones else None
