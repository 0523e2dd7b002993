"""The bundle: a folder with `card.json`, which says what a model is, and `model.safetensors`, its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.errors import MotionError

from . import library
from .tensors import read_safetensors, write_safetensors

FORMAT, ADAPTED_FORMAT = 1, 2
"""Of cards. A model that adds to its text encoder has the second: who cannot read it would get another's words."""
TEXT = "text."
"""Before the names of what it adds to the text encoder (`text.low_rank`)."""
CARD, WEIGHTS = "card.json", "model.safetensors"
REQUIRED = ("name", "architecture", "diffusion", "features", "frames", "text", "guidance")
ARGS = "args.json"  # beside the authors' checkpoints, see `official`
ENCODER = "text encoder"
ASSETS = Path(__file__).resolve().parent.parent / "assets"


@dataclass(frozen=True)
class Bundle:
    """A model as it lies on disk.

    card: architecture (the fields of `NetworkShape`), diffusion (schedule, steps), features
        (representation, groups, fps, facing), frames (min, max, mask), text (encoder), guidance, and for
        people: data, licence, metrics.
    tensors: the network's parameters under their state-dict names (float32), `mean`, `std` [D], and under `TEXT` what
        the model adds to its text encoder.
    """

    card: dict[str, Any]
    tensors: dict[str, NDArray[Any]]

    @staticmethod
    def read(folder: Path) -> Bundle:
        """The bundle in `folder`, or the authors' checkpoint; a `MotionError` names the file and field that is wrong.

        The authors' files need torch; `mdm models add` makes a bundle of them, which does not.
        """
        if not (folder / CARD).is_file() and (folder.is_file() or (folder / ARGS).is_file()):
            from . import official

            made = official.read(folder)
            official.check_statistics(made, folder)
            return made
        card = read_card(folder)
        tensors = {
            name: value.astype(np.float32) if value.dtype == np.float16 else value
            for name, value in read_safetensors(folder / WEIGHTS).items()
        }
        for name in ("mean", "std"):
            if tensors.get(name, np.empty(0)).shape != (card["architecture"]["features"],):
                raise MotionError(f'{folder / WEIGHTS} does not fit its card: "{name}" is missing or has a wrong size.')
        return Bundle(card, tensors)

    def write(self, folder: Path, *, half: bool = True) -> None:
        """Writes both files; weights are stored as float16 (half: False for as they are), the statistics as float32."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = {
            name: value.astype(np.float16) if half and name not in ("mean", "std") else value
            for name, value in self.tensors.items()
        }
        write_safetensors(folder / WEIGHTS, stored, {"format": "mdm-bundle"})
        write_card(folder, self.card)

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """The network's own tensors, without the statistics and the text encoder's."""
        return {
            name: value
            for name, value in self.tensors.items()
            if name not in ("mean", "std") and not name.startswith(TEXT)
        }

    @property
    def text_adapter(self) -> dict[str, NDArray[Any]]:
        """What the model adds to its text encoder (`text.low_rank`); most add nothing."""
        return {name.removeprefix(TEXT): value for name, value in self.tensors.items() if name.startswith(TEXT)}


def read_card(folder: Path) -> dict[str, Any]:
    """The checked card of the bundle in `folder`."""
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MotionError(f"There is no model in {folder}: {CARD} is missing.") from None
    except (OSError, ValueError) as error:
        raise MotionError(f"{path} cannot be read as a model card ({error}); install the model again.") from None
    missing = [field for field in REQUIRED if not isinstance(card, dict) or field not in card]
    if missing:
        raise MotionError(f'{path} lacks the field "{missing[0]}"; install the model again.')
    if card.get("format") not in (FORMAT, ADAPTED_FORMAT):
        raise MotionError(
            f"{path} has format {card.get('format')}, this version reads {FORMAT} and {ADAPTED_FORMAT}; "
            "update the add-on."
        )
    return card


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """The card of the bundle in `folder`."""
    (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def find(name: str) -> Path:
    """The folder of a bundle by name ("bundled", or one of the library) or path.

    The path may also be a checkpoint of the authors: its folder or .pt; `load` reads both.
    """
    shipped = ASSETS / name
    if shipped.joinpath(CARD).is_file() and shipped.parent == ASSETS:
        return shipped
    added = library.place() / name
    if added.joinpath(CARD).is_file() and added.parent == library.place():
        return added
    path = Path(name).expanduser()
    if path.joinpath(CARD).is_file() or path.joinpath(ARGS).is_file() or path.with_name(ARGS).is_file():
        return path
    known = ", ".join(["bundled", *(r.name for r in library.installed(library.place()).values() if r.kind != ENCODER)])
    raise MotionError(
        f'There is no model "{name}": give one of {known}, or the path of a folder that holds a {CARD} or the '
        f"authors' {ARGS}."
    )
