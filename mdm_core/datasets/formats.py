"""Which kind of data set a folder is, and the recordings in it. What each kind is stands in its own module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdm_core.errors import MotionError

from . import acclaim, acclaim_folder, amass, bvh_folder, humanml3d_folder
from .recording import Recording

HUMANML3D, POSITIONS, AMASS, ASF, BVH = "humanml3d", "positions", "amass", "asf", "bvh"
FORMATS = (HUMANML3D, POSITIONS, AMASS, ASF, BVH)
"""humanml3d: HumanML3D and KIT-ML; positions: cmu_positions.npz and cmu_clips.jsonl (`cmu`)."""


@dataclass(frozen=True)
class Files:
    """One kind of folder of recordings. found: its files; read: one of them, by path and name; subject: of a name."""

    found: Callable[[Path], list[Path]]
    read: Callable[[Path, str], Recording]
    subject: Callable[[str], str]


def recognise(folder: Path, asked: str = "auto") -> str:
    """The format of `folder`, or the one asked for if there is anything of it; a MotionError lists what is known."""
    if not folder.is_dir():
        raise MotionError(f"There is no folder {folder}; give the folder of a data set.")
    there = {
        HUMANML3D: lambda: humanml3d_folder.is_one(folder),
        POSITIONS: (folder / "cmu_positions.npz").is_file,
        ASF: lambda: bool(acclaim_folder.files(folder)),
        BVH: lambda: bool(bvh_folder.files(folder)),
        AMASS: lambda: any(amass.holds_motion(path) for path in amass.files(folder)[:20]),
    }
    if asked != "auto" and asked not in there:
        raise MotionError(f'There is no format "{asked}"; use one of {", ".join(FORMATS)}.')
    for name in there if asked == "auto" else (asked,):
        if there[name]():
            return name
    if asked != "auto":
        raise MotionError(f"{folder} holds nothing in the format {asked}; leave --format out, or give another folder.")
    raise MotionError(
        f"{folder} is no data set that is known: neither new_joint_vecs/ (HumanML3D, KIT-ML), cmu_positions.npz, nor "
        "any .amc, .bvh or AMASS .npz file is in it."
    )


def recordings(kind: str, rates: Mapping[str, float]) -> Files:
    """The files of a folder of AMASS, ASF/AMC or BVH. rates: frames a second by name, for AMC files."""
    if kind == AMASS:
        return Files(lambda f: [p for p in amass.files(f) if amass.holds_motion(p)], amass.read_one, amass.subject_of)
    if kind == BVH:
        return Files(bvh_folder.files, bvh_folder.read_one, bvh_folder.subject_of)
    skeletons: dict[Path, acclaim.Skeleton] = {}

    def read_amc(path: Path, name: str) -> Recording:
        asf = acclaim_folder.skeleton_of(path)
        if asf not in skeletons:
            skeletons[asf] = acclaim.read_asf(asf)
        return acclaim_folder.read_one(path, skeletons[asf], name, rates)

    return Files(acclaim_folder.files, read_amc, acclaim_folder.subject_of)


def named(folder: Path, files: Files) -> Iterator[tuple[Path, str]]:
    """Each file with its name within the folder."""
    for path in files.found(folder):
        yield path, path.relative_to(folder).with_suffix("").as_posix()
