"""A data set's folder to a training pack: which reader, which kind of pack, and what its card will say.

Positions packs (`pack`) are for our own recipe, configs/bundled.toml; feature packs (`feature_pack`) for the paper's.
HumanML3D and KIT-ML give the second, their own numbers; recordings the first, or rotations as the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mdm_core.errors import MotionError
from mdm_core.features import humanml3d, kit, smpl_rot6d

from . import clips, feature_pack, formats, humanml3d_folder, pack, reactidle, worded
from .clips import LabelsBy
from .cmu import HELD_OUT, Clip
from .feature_pack import About, Sample, States, every_tenth
from .recording import Recording
from .worded import WordFile, Words

LICENCES = {
    formats.HUMANML3D: "trained on HumanML3D or KIT-ML (HumanML3D's motion is AMASS', for non-commercial research)",
    formats.AMASS: "trained on AMASS, licensed for non-commercial research",
    formats.ASF: "of the data trained on; CMU's may be used for any purpose with its acknowledgement",
    formats.BVH: "of the data trained on",
}
CMU_NAME = "CMU Graphics Lab Motion Capture Database"
CMU_THANKS = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF "
    "EIA-0196217."
)


@dataclass(frozen=True)
class Texts:
    """An encoder of sentences. name: as cards call it; context: its token limit, or 0; states: a sentence to [L, E];
    encode: several to [B, E], for encoders of one vector a sentence that are faster so."""

    name: str
    context: int
    states: States
    encode: pack.Encode | None = None


@dataclass(frozen=True)
class Making:
    """What is asked for. texts: None for a pack without words; rotations: 25 x 6 numbers instead of positions;
    positions: of a data set that has features of its own; labels: where an action label comes from; labelled: leave out
    what has none; gestures: see `pack.build`."""

    format: str = "auto"
    words: WordFile = worded.NO_WORDS
    texts: Texts | None = None
    rotations: bool = False
    positions: bool = False
    labels: LabelsBy = "captions"
    labelled: bool = False
    gestures: int = 600
    seed: int = 0


def make(folder: Path, target: Path, asked: Making) -> dict[str, int]:
    """Writes the pack and returns what it holds; a MotionError says what cannot be done.

    Files that cannot be read are left out; `mdm data check` names them.
    """
    kind = formats.recognise(folder, asked.format)
    if kind == formats.HUMANML3D:
        if asked.rotations:
            raise MotionError(f"{folder} holds features that have no rotations of joints; leave --rotations out.")
        return (of_positions if asked.positions else of_features)(folder, target, asked)
    if kind == formats.POSITIONS:
        if asked.rotations:
            raise MotionError(f"{folder} holds positions for our own recipe; leave --rotations out.")
        about = {"data": positions_card(folder)}
        return pack.build(folder, target, sentences(asked), gestures=asked.gestures, seed=asked.seed, about=about)
    if asked.rotations:
        return of_rotations(folder, target, kind, asked)
    number = clips.numbers(subjects(folder, kind))
    made: list[Clip] = []
    for recording in readable(folder, kind, asked.words):
        rows = clips.words_of(recording, asked.words, asked.labels)
        cleaned = clips.cleaned(recording, rows, number[recording.subject])
        made += [clip for clip in cleaned if clip.actions or not asked.labelled]
    measured = list(clips.with_straight_knees(made)) if is_cmu(folder, kind) else made
    about = {"data": data_card(folder, kind), "licence": LICENCES[kind]}
    return pack.build(measured, target, sentences(asked), gestures=asked.gestures, seed=asked.seed, about=about)


def sentences(asked: Making) -> pack.Encode:
    """The encoder of a positions pack: a vector a sentence."""
    if asked.texts is None or asked.texts.encode is None:
        raise MotionError("A pack of positions is for our own recipe, whose text encoder is MiniLM; leave --text out.")
    return asked.texts.encode


def readable(folder: Path, kind: str, words: WordFile) -> Iterator[Recording]:
    """The recordings of a folder without those that cannot be read."""
    files = formats.recordings(kind, words.rates)
    for path, name in formats.named(folder, files):
        try:
            yield files.read(path, name)
        except MotionError:
            continue


def subjects(folder: Path, kind: str) -> list[str]:
    """Who moves in each recording, from their names."""
    files = formats.recordings(kind, {})
    return [files.subject(name) for _, name in formats.named(folder, files)]


def is_cmu(folder: Path, kind: str) -> bool:
    """Whether these are CMU's subjects, which are numbers."""
    return kind in (formats.ASF, formats.BVH) and all(subject.isdigit() for subject in subjects(folder, kind))


def data_card(folder: Path, kind: str) -> dict[str, str]:
    """What a bundle's card says of the data."""
    if is_cmu(folder, kind):
        return {"name": CMU_NAME, "acknowledgement": CMU_THANKS}
    return {"name": f"{folder.name} ({kind})"}


def positions_card(folder: Path) -> dict[str, str]:
    """The same of a folder of `cmu_positions.npz`, which may hold ReActIdle's recordings beside it."""
    names = [f"{CMU_NAME}, captions written for this project"]
    if (folder / reactidle.FILE).exists():
        names.append(reactidle.NAME)
    return {"name": "; ".join(names), "acknowledgement": CMU_THANKS}


def of_features(folder: Path, target: Path, asked: Making) -> dict[str, int]:
    """HumanML3D or KIT-ML: train and val, the second unseen; test stays out."""
    data = humanml3d_folder.open_folder(folder)

    def samples() -> Iterator[Sample]:
        for split in ("train", "val"):
            for clip in humanml3d_folder.clips(data, split):
                yield Sample(clip.name, clip.features, clip.captions, "", split == "val")

    licence = LICENCES[formats.HUMANML3D]
    about = About(data.kind.representation, data.kind.fps, data.kind.name, licence)
    return write(samples(), target, about, asked, (data.mean, data.std))


def of_positions(folder: Path, target: Path, asked: Making) -> dict[str, int]:
    """HumanML3D or KIT-ML as joint positions, for our own recipe and the evaluator: train and val; test is held out.

    Mirror images are left out, since such packs are mirrored as they are drawn.
    """
    data = humanml3d_folder.open_folder(folder)
    every = {name for names in data.splits.values() for name in names}
    recover = humanml3d.recover_positions if data.kind.representation == "humanml3d" else kit.recover_positions

    def made() -> Iterator[Clip]:
        for split, subject in (("train", clips.FIRST), ("val", clips.FIRST), ("test", HELD_OUT[0])):
            for clip in humanml3d_folder.clips(data, split):
                if clip.name.startswith("M") and clip.name[1:].partition("~")[0] in every:
                    continue
                found = Recording(clip.name, split, recover(clip.features), data.kind.fps)
                yield from clips.cleaned(found, [Words("sequence", clip.captions)], subject)

    about = {"data": {"name": data.kind.name}, "licence": LICENCES[formats.HUMANML3D]}
    return pack.build(made(), target, sentences(asked), gestures=asked.gestures, seed=asked.seed, about=about)


def of_rotations(folder: Path, target: Path, kind: str, asked: Making) -> dict[str, int]:
    """SMPL's rotations of recordings, for action models and models without a condition."""
    kept = every_tenth([name for _, name in formats.named(folder, formats.recordings(kind, {}))])

    def samples() -> Iterator[Sample]:
        for recording in readable(folder, kind, asked.words):
            rows = clips.words_of(recording, asked.words, asked.labels)
            for sample in clips.rotated(recording, rows, unseen=recording.name in kept):
                if not asked.labelled or sample.action:
                    yield sample

    name = data_card(folder, kind)["name"]
    about = About("smpl_rot6d", humanml3d.FPS, name, LICENCES[kind])
    still = (np.zeros(smpl_rot6d.WIDTH, np.float32), np.ones(smpl_rot6d.WIDTH, np.float32))
    return write(samples(), target, about, asked, still)


def write(
    samples: Iterator[Sample], target: Path, about: About, asked: Making, statistics: tuple[Any, Any]
) -> dict[str, int]:
    """A feature pack with the words encoded as asked."""
    texts = asked.texts
    if texts is not None:
        about = replace(about, encoder=texts.name, context=texts.context)
    return feature_pack.build(samples, target, about, None if texts is None else texts.states, statistics)
