"""Folders of BVH files, CMU's conversions and others, as recordings: joints by name (`bvh_names`), units by leg length.

BVH says neither its unit nor which way is up. Y is taken for up unless the body stands along Z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.io import bvh
from mdm_core.skeleton import BONE_LENGTHS, INDEX, JOINTS, LEG_LENGTH

from . import cmu
from .bvh_names import CONVENTIONS, LENGTHS, Convention
from .recording import Recording

Array = NDArray[np.floating[Any]]

END = "~end"
"""Behind a joint's name: where its end site is."""
CMU_NAMES: tuple[str, ...] = (
    *("hips", "thoraxend", "head", "head" + END),
    *("leftarm", "leftforearm", "lefthand", "lefthandindex1"),
    *("rightarm", "rightforearm", "righthand", "righthandindex1"),
    *("leftupleg", "leftleg", "leftfoot", "lefttoebase" + END),
    *("rightupleg", "rightleg", "rightfoot", "righttoebase" + END),
)
"""`acclaim_folder.CMU_JOINTS` in CMU's MotionBuilder edition; "thoraxend" stands for Neck."""
LOST = (("neck", "spine1", 1.0), ("leftshoulder", "spine1", 1.0), ("rightshoulder", "spine1", 1.0),
        ("leftfingerbase", "lefthand", 0.5), ("lthumb", "lefthand", 0.5),
        ("rightfingerbase", "righthand", 0.5), ("rthumb", "righthand", 0.5))  # fmt: skip
"""What CMU's MotionBuilder edition lost: a bone that branches (thorax, wrist) has no length there. (joint, its parent,
share): the thorax is as long as the bone below it, the wrist half as long as the one before it, as in the ASF files."""
SPINE = np.cumsum(BONE_LENGTHS[[3, 6, 9]]) / BONE_LENGTHS[[3, 6, 9, 12]].sum()
"""How far up from the pelvis to the neck the spine joints of SMPL-22 are."""


def files(folder: Path) -> list[Path]:
    """The BVH files below `folder`, in order."""
    return sorted(folder.rglob("*.[bB][vV][hH]"))


def read_one(path: Path, name: str) -> Recording:
    """One file; a MotionError names it and what is wrong."""
    try:
        clip = bvh.parse(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise MotionError(f"{path} cannot be read ({error.strerror}); check the name.") from None
    except (ValueError, IndexError, StopIteration):
        raise MotionError(f"{path} is not a whole BVH file; get it again.") from None
    positions = upright(smpl22(clip, path))
    fps = 1 / clip.frame_time
    fps = float(round(fps)) if abs(fps - round(fps)) < 0.01 * fps else fps
    return Recording(name, subject_of(name), positions * unit(positions, path), fps)


def subject_of(name: str) -> str:
    """NN of a recording named NN_MM, else its folder, else itself."""
    folder, _, last = name.rpartition("/")
    first, _, rest = last.partition("_")
    return first if first.isdigit() and rest[:2].isdigit() else (folder.rpartition("/")[2] or name)


def plain(name: str) -> str:
    """A joint's name without case, separators and what stands before a colon."""
    return "".join(c for c in name.rpartition(":")[2].lower() if c.isalnum() or c in END)


def with_tips(clip: bvh.Clip) -> bvh.Clip:
    """The clip with every end site as a joint of its own, without channels."""
    nodes = list(clip.nodes)
    for index, node in enumerate(clip.nodes):
        if node.tip is not None:
            nodes.append(bvh.Node(node.name + END, index, np.array(node.tip), ()))
    return replace(clip, nodes=nodes)


def restored(nodes: Sequence[bvh.Node], places: dict[str, int]) -> list[bvh.Node]:
    """The joints of CMU's edition with the lengths it lost (`LOST`); the given ones stay as they are."""
    result = list(nodes)
    for joint, parent, share in LOST:
        here = places.get(joint)
        if here is not None and not np.any(nodes[here].offset):
            result[here] = replace(nodes[here], offset=share * nodes[places[parent]].offset)
    return result


def smpl22(clip: bvh.Clip, path: Path) -> Array:
    """SMPL-22 positions [T, 22, 3] in the file's own unit and axes."""
    whole = with_tips(clip)
    places: dict[str, int] = {}
    for index, node in enumerate(whole.nodes):
        places.setdefault(plain(node.name), index)
    if {"lhipjoint", "leftfingerbase", "neck1"} <= set(places):
        positions = bvh.forward_kinematics(replace(whole, nodes=restored(whole.nodes, places)))
        joints = [places["neck" if name == "thoraxend" else name] for name in CMU_NAMES]
        return cmu.to_smpl22(positions[:, joints])
    positions = bvh.forward_kinematics(whole)
    return named(positions, places, convention_of(places, path), path)


def convention_of(places: dict[str, int], path: Path) -> Convention:
    """The convention that names every joint needed; a MotionError says what the nearest one misses."""
    missing = {c.name: [joint for joint, found in looked_up(c, places).items() if found is None] for c in CONVENTIONS}
    best = min(CONVENTIONS, key=lambda c: len(missing[c.name]))
    lacking = [joint for joint in missing[best.name] if not joint.endswith(("foot", "collar", "head"))]
    if lacking:
        raise MotionError(
            f'{path} has no joint that is known as "{lacking[0]}" (it is most like {best.name}); rename its joints as '
            "Mixamo's, or leave the file out."
        )
    return best


def looked_up(convention: Convention, places: dict[str, int]) -> dict[str, int | None]:
    """For each joint of SMPL-22 but the spine, its index in the file, or None."""
    found: dict[str, int | None] = {}
    for joint, names in convention.joints.items():
        sided = any("{" in name for name in names)
        for side in ("left", "right") if sided else ("",):
            spelled = [n.format(Side=side.capitalize(), s=side[:1], S=side[:1].upper()) for n in names]
            index = next((places[plain(n)] for n in spelled if plain(n) in places), None)
            found[f"{side}_{joint}" if side else joint] = index
    return found


def named(positions: Array, places: dict[str, int], convention: Convention, path: Path) -> Array:
    """SMPL-22 [T, 22, 3] from joints [T, N, 3]; what a file lacks is put where it belongs between what it has."""
    found = looked_up(convention, places)
    result = np.full((len(positions), JOINTS, 3), np.nan)
    for joint, index in found.items():
        if index is not None:
            result[:, INDEX[joint]] = positions[:, index]
    neck = result[:, INDEX["neck"]]
    trunk = [result[:, 0], *(positions[:, places[plain(n)]] for n in convention.spine if plain(n) in places), neck]
    result[:, [INDEX["spine1"], INDEX["spine2"], INDEX["spine3"]]] = along(np.stack(trunk, axis=1), SPINE)
    names = {index: name for name, index in places.items()}
    if found["head"] is None:
        result[:, INDEX["head"]] = 2 * neck - trunk[-2]
    for side in ("left", "right"):
        if found[f"{side}_collar"] is None:
            result[:, INDEX[f"{side}_collar"]] = 0.6 * neck + 0.4 * result[:, INDEX[f"{side}_shoulder"]]
        if found[f"{side}_foot"] is None:
            ankle = found[f"{side}_ankle"]
            tip = places.get(names.get(ankle or -1, "") + END)
            if tip is None:
                raise MotionError(f"{path} has no {side} foot; leave it out.")
            result[:, INDEX[f"{side}_foot"]] = positions[:, tip]
    return result


def along(line: Array, shares: Array) -> Array:
    """Points [T, S, 3] at shares [S] of the length of a broken line [T, P, 3]."""
    pieces = np.linalg.norm(np.diff(line, axis=1), axis=-1).mean(axis=0)
    ends = np.concatenate([[0.0], np.cumsum(pieces)])
    at = np.asarray(shares) * ends[-1]
    piece = np.clip(np.searchsorted(ends, at, side="right") - 1, 0, len(pieces) - 1)
    share = (at - ends[piece]) / np.where(pieces[piece] > 0, pieces[piece], 1.0)
    return line[:, piece] + share[:, None] * (line[:, piece + 1] - line[:, piece])


def upright(positions: Array) -> Array:
    """The motion [T, 22, 3] with Y up: turned about X where the body stands along Z for most of the time."""
    up = np.median(positions[:, INDEX["neck"]] - positions[:, [7, 8]].mean(axis=1), axis=0)
    return positions[..., [0, 2, 1]] * [1, 1, -1] if up[2] > 2 * abs(up[1]) else positions


def unit(positions: Array, path: Path) -> float:
    """Metres for 1 of the file's unit: of `LENGTHS` the one with which its legs are nearest to human ones."""
    legs = [np.linalg.norm(positions[0, a] - positions[0, b]) for a, b in ((1, 4), (4, 7), (2, 5), (5, 8))]
    leg = float(sum(legs)) / 2
    if not leg > 0:
        raise MotionError(f"{path} has legs without a length; leave it out.")
    return min(LENGTHS.values(), key=lambda metres: abs(np.log(leg * metres / LEG_LENGTH)))
