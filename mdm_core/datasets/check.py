"""What is in a data set's folder and what is wrong with it: `mdm data check`. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import formats, humanml3d_folder, worded
from .formats import Files
from .humanml3d_folder import Dataset
from .recording import Recording

LISTED = 3
"""Names shown of each problem; the rest is counted."""
FASTEST = 15.0
"""Metres a second: a joint that is faster is taken for a capture error."""
ROOT = (slice(0, 1), slice(1, 3), slice(3, 4))
EVALUATORS = 25.0
"""By this the evaluators' deviations of root and contacts differ from the data set's own (spec/humanml3d.md sec. 4)."""


@dataclass(frozen=True)
class Report:
    """rows: what there is, (name, value); errors: what keeps parts from being used; notes: what to know besides."""

    rows: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The table, then the sentences."""
        width = max((len(name) for name, _ in self.rows), default=0)
        table = [f"{name:<{width}}  {value}" for name, value in self.rows]
        said = [f"error: {text}" for text in self.errors] + [f"note: {text}" for text in self.notes]
        return [*table, "", *said] if said else table


def check(folder: Path, asked: str = "auto", words: worded.WordFile = worded.NO_WORDS) -> Report:
    """The report of a folder; a MotionError if it is of no known format."""
    kind = formats.recognise(folder, asked)
    if kind == formats.HUMANML3D:
        return check_features(humanml3d_folder.open_folder(folder))
    if kind == formats.POSITIONS:
        return check_positions(folder)
    return check_recordings(folder, kind, formats.recordings(kind, words.rates), words)


def listed(what: str, names: Sequence[str]) -> list[str]:
    """A sentence with the first names and the count of the rest; none for no names."""
    if not names:
        return []
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return [f"{what}: {', '.join(names[:LISTED])}{more}."]


def spread(values: Sequence[float], unit: str) -> str:
    """Shortest, median and longest."""
    if not values:
        return "-"
    low, mid, high = np.percentile(values, [0, 50, 100])
    return f"{low:.4g} to {high:.4g} {unit}, median {mid:.4g}"


def duration(seconds: float) -> str:
    """Hours, or less where there is less."""
    return f"{seconds / 3600:.2f} h" if seconds >= 3600 else f"{seconds:.1f} s"


@dataclass
class Moments:
    """Count, sum and sum of squares of columns [D]: mean and deviation without all frames in memory."""

    count: int = 0
    total: NDArray[Any] | float = 0.0
    squares: NDArray[Any] | float = 0.0

    def add(self, features: NDArray[Any]) -> None:
        numbers = features.astype(np.float64)
        self.count += len(numbers)
        self.total = self.total + numbers.sum(axis=0)
        self.squares = self.squares + (numbers**2).sum(axis=0)

    @property
    def mean(self) -> NDArray[Any]:
        return np.asarray(self.total) / self.count

    @property
    def std(self) -> NDArray[Any]:
        return np.sqrt(np.maximum(np.asarray(self.squares) / self.count - self.mean**2, 0))


def check_features(data: Dataset) -> Report:
    """A folder in HumanML3D's form: every file of every split."""
    kind, folder = data.kind, data.folder
    bad: dict[str, list[str]] = {key: [] for key in ("missing", "width", "nan", "text", "caption")}
    frames: list[float] = []
    captions, parts, used, outside = 0, 0, 0, 0
    seen = Moments()
    every = [name for split in data.splits.values() for name in split]
    for name in every:
        try:
            features = humanml3d_folder.load(folder / humanml3d_folder.FEATURES / f"{name}.npy")
        except MotionError:
            bad["missing"].append(name)
            continue
        if features.ndim != 2 or features.shape[1] != kind.width:
            bad["width"].append(f"{name} {list(features.shape)}")
            continue
        finite = bool(np.isfinite(features).all())
        if not finite:
            bad["nan"].append(name)
        frames.append(len(features))
        fitting = humanml3d_folder.fits(features, kind)
        outside += not fitting
        if finite:
            seen.add(features)
        try:
            words = humanml3d_folder.captions(folder / humanml3d_folder.TEXTS / f"{name}.txt")
        except OSError:
            bad["text"].append(name)
            continue
        except ValueError as error:
            bad["caption"].append(str(error))
            continue
        if not words:
            bad["text"].append(name)
        captions += len(words)
        parts += sum(not caption.whole for caption in words)
        used += fitting and finite and bool(words)
    rows = [
        ("format", f"{kind.name}, {kind.width} numbers a frame"),
        ("frame rate", f"{kind.fps:g}"),
        *((split, f"{len(names):,} clips") for split, names in data.splits.items()),
        ("usable", f"{used:,} clips of {kind.shortest} to {kind.longest - 1} frames with captions"),
        ("length", spread(frames, "frames")),
        ("in all", duration(sum(frames) / kind.fps)),
        ("captions", f"{captions:,}, of which {parts:,} of a part of a clip"),
    ]
    errors = [
        *listed("Clips of a split without a readable file in new_joint_vecs", bad["missing"]),
        *listed(f"Clips that do not have {kind.width} numbers a frame", bad["width"]),
        *listed("Clips with NaN or infinite numbers, which are left out", bad["nan"]),
        *listed("Clips without a text file or with an empty one", bad["text"]),
        *listed("Captions that cannot be read", bad["caption"]),
        *duplicates(data),
        *statistics(data, seen),
    ]
    notes = [f"{outside:,} clips are too short or too long for training and are left out."] if outside else []
    return Report(tuple(rows), tuple(errors), tuple(notes))


def duplicates(data: Dataset) -> list[str]:
    """Clips that are trained on and measured on."""
    train, found = set(data.splits.get("train", ())), list[str]()
    for split in ("val", "test"):
        both = sorted(train & set(data.splits.get(split, ())))
        found += listed(f"Clips both in train.txt and in {split}.txt", both)
    return found


def statistics(data: Dataset, seen: Moments) -> list[str]:
    """Sentences about Mean.npy and Std.npy against the clips themselves."""
    if not np.isfinite(data.mean).all() or not np.isfinite(data.std).all() or not (data.std > 0).all():
        return ["Mean.npy or Std.npy holds numbers that are not finite, or deviations of zero."]
    if seen.count < 2:
        return []
    ratio = np.array([data.std[part].mean() / max(seen.std[part].mean(), 1e-9) for part in groups(data.kind.width)])
    if abs(ratio[0] * EVALUATORS - 1) < 0.5 and abs(ratio[2] * EVALUATORS - 1) < 0.5:
        return ["Std.npy is the evaluators' file (a 25th at root and contacts); take the data set's own."]
    off = np.abs(seen.mean - data.mean) / data.std
    column = int(np.argmax(off))
    if off[column] > 0.5:
        return [
            f"Mean.npy is not these clips' mean: column {column} has {data.mean[column]:.4g}, the clips "
            f"{seen.mean[column]:.4g}; take the file of this data set."
        ]
    if np.any(np.abs(np.log(ratio)) > np.log(2)):
        worst = int(np.argmax(np.abs(np.log(ratio))))
        return [
            f"Std.npy is not these clips' deviation: the {('yaw rate', 'velocity', 'height', 'joints')[min(worst, 3)]} "
            f"differs by a factor of {np.exp(abs(np.log(ratio[worst]))):.1f}; take the file of this data set."
        ]
    return []


def groups(width: int) -> list[slice]:
    """The columns that share a deviation: yaw rate, velocity, height, joint positions."""
    joints = 22 if width == 263 else 21
    return [*ROOT, slice(4, 4 + 3 * (joints - 1))]


def check_positions(folder: Path) -> Report:
    """A folder with cmu_positions.npz and cmu_clips.jsonl."""
    from . import cmu

    rows = [row for row, _ in cmu.read(folder)]
    captioned = sum(bool(row.get("captions")) for row in rows)
    seconds = [float(row["frames"]) / float(row["fps"]) for row in rows]  # type: ignore[arg-type]
    table = (
        ("format", "positions of the CMU database with captions"),
        ("clips", f"{len(rows):,}, of {len({row['subject'] for row in rows})} subjects"),
        ("frame rate", rates(float(row["fps"]) for row in rows)),  # type: ignore[arg-type]
        ("length", spread(seconds, "s")),
        ("in all", duration(sum(seconds))),
        ("captioned", f"{captioned:,} clips"),
    )
    return Report(table, (), ())


def rates(values: Iterable[float]) -> str:
    """How often which frame rate."""
    counts: dict[float, int] = {}
    for value in values:
        counts[round(value, 3)] = counts.get(round(value, 3), 0) + 1
    return ", ".join(f"{fps:g} ({count:,})" for fps, count in sorted(counts.items()))


def check_recordings(folder: Path, kind: str, files: Files, words: worded.WordFile) -> Report:
    """A folder of AMASS, ASF/AMC or BVH: every file is read."""
    bad: dict[str, list[str]] = {"nan": [], "fast": [], "loose": []}
    unread: list[str] = []
    seconds: list[float] = []
    fps: list[float] = []
    subjects: set[str] = set()
    captioned, labelled = 0, 0
    names: list[str] = []
    for path, name in formats.named(folder, files):
        names.append(name)
        try:
            recording = files.read(path, name)
        except MotionError as error:
            unread.append(str(error))
            continue
        for problem in faults(recording):
            bad[problem].append(name)
        seconds.append(recording.seconds)
        fps.append(recording.fps)
        subjects.add(recording.subject)
        captioned += any(row.captions for row in words.of(name))
        labelled += any(row.actions for row in words.of(name))
    rows = (
        ("format", {"amass": "AMASS (SMPL parameters)", "asf": "Acclaim ASF/AMC", "bvh": "BVH"}[kind]),
        ("recordings", f"{len(seconds):,} of {len(names):,} files, of {len(subjects):,} subjects"),
        ("frame rate", rates(fps) or "-"),
        ("length", spread(seconds, "s")),
        ("in all", duration(sum(seconds))),
        ("captioned", f"{captioned:,} recordings"),
        ("with an action", f"{labelled:,} recordings"),
    )
    errors = [
        *unread[:LISTED],
        *([f"{len(unread) - LISTED} more files cannot be read."] if len(unread) > LISTED else []),
        *listed("Recordings with NaN or infinite positions", bad["nan"]),
    ]
    known = {name.rpartition("/")[2] for name in names} | set(names)
    notes = [
        *listed(f"Joints faster than {FASTEST:g} m/s somewhere, beginning and end apart", bad["fast"]),
        *listed("Bones that change their length by more than a tenth", bad["loose"]),
        *listed("Rows of the captions file whose recording is not here", [n for n in words.rows if n not in known]),
    ]
    if not captioned:
        notes.append("No recording has captions; give --captions FILE, or train without words.")
    return Report(rows, tuple(errors), tuple(notes))


def faults(recording: Recording) -> list[str]:
    """What is wrong with a recording: "nan", "fast", "loose"."""
    positions = recording.positions
    if not np.isfinite(positions).all():
        return ["nan"]
    found: list[str] = []
    if len(positions) > 3 and recording.rotations is None:
        legs = np.linalg.norm(positions[:, [4, 5, 7, 8]] - positions[:, [1, 2, 4, 5]], axis=-1)
        if (np.ptp(legs, axis=0) > 0.1 * legs.mean(axis=0)).any():
            found.append("loose")
    inside = positions[2:-2]
    if len(inside) > 1:
        speed = np.linalg.norm(np.diff(inside, axis=0), axis=-1) * recording.fps
        if speed.max() > FASTEST:
            found.append("fast")
    return found
