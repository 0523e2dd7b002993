"""Takes in one .npz file, without pickle: the format that loses nothing. The schema is in `write`."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing
from mdm_core.motion import Motion
from mdm_core.skeleton import JOINTS

UNKNOWN_SEED = -1
UNREADABLE = (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What NumPy and zipfile raise on files that are cut, damaged or of another kind."""


def write(path: Path, motions: Sequence[Motion]) -> None:
    """Write K takes of T frames each.

    positions float32 [K, T, 22, 3]: metres, Y up, facing +Z at frame 0; fps float64 [];
    contacts bool [K, T, 4] in the order of `skeleton.FEET`, left out if a take has none;
    features float32 [K, T, D]: the model's own, denormalised, left out if a take has none;
    prompts str [K]; seeds int64 [K], -1 if unknown; model str [].
    Raises MotionError if the takes differ in length, frame rate or model, or cannot be written.
    """
    arrays = _stack(motions)
    with replacing(Path(path)) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read(path: Path) -> list[Motion]:
    """The takes of a file that `write` made; MotionError if it is missing, damaged or something else."""
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise MotionError(f"{path} does not exist; check the name.") from error
    except (
        OSError,
        ValueError,
        EOFError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise MotionError(f"{path} is not a motion file or is damaged; generate it again.") from error
    try:
        return _unstack(arrays)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise MotionError(f"{path} does not hold takes of {JOINTS} joints as `mdm generate` writes them.") from error


def _stack(motions: Sequence[Motion]) -> dict[str, Any]:
    if not motions:
        raise MotionError("There is no take to write; generate one first.")
    first = motions[0]
    if any((len(m), m.fps, m.model) != (len(first), first.fps, first.model) for m in motions):
        raise MotionError("Takes of different length, frame rate or model need a file each.")
    arrays: dict[str, Any] = {
        "positions": np.stack([m.positions for m in motions]).astype(np.float32),
        "fps": np.array(first.fps, dtype=np.float64),
        "prompts": np.array([m.prompt for m in motions], dtype=np.str_),
        "seeds": np.array([UNKNOWN_SEED if m.seed is None else m.seed for m in motions], dtype=np.int64),
        "model": np.array(first.model, dtype=np.str_),
    }
    contacts = [m.contacts for m in motions if m.contacts is not None]
    features = [m.features for m in motions if m.features is not None]
    if len(contacts) == len(motions):
        arrays["contacts"] = np.stack(contacts).astype(bool)
    if len(features) == len(motions):
        arrays["features"] = np.stack(features).astype(np.float32)
    return arrays


def _unstack(arrays: dict[str, NDArray[Any]]) -> list[Motion]:
    positions = arrays["positions"].astype(np.float32)
    takes, frames = positions.shape[:2]
    if positions.shape != (takes, frames, JOINTS, 3) or frames == 0 or not np.isfinite(positions).all():
        raise ValueError("positions")
    contacts, features = arrays.get("contacts"), arrays.get("features")
    if contacts is not None and contacts.shape != (takes, frames, 4):
        raise ValueError("contacts")
    if features is not None and features.shape[:2] != (takes, frames):
        raise ValueError("features")
    seeds = [int(seed) for seed in arrays["seeds"]]
    return [
        Motion(
            positions=positions[k],
            fps=float(arrays["fps"]),
            contacts=None if contacts is None else contacts[k].astype(bool),
            prompt=str(arrays["prompts"][k]),
            seed=None if seeds[k] == UNKNOWN_SEED else seeds[k],
            model=str(arrays["model"]),
            features=None if features is None else features[k].astype(np.float32),
        )
        for k in range(takes)
    ]
