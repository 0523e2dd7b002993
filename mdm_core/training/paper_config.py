"""The settings of a run after the paper's recipe, as frozen data; our own recipe's are in `config`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mdm_core.errors import MotionError

from .config import DiffusionSettings, section

RECIPE = "paper"


@dataclass(frozen=True)
class PaperNetwork:
    """Sizes and kind, as in `engine.torch_network.NetworkShape`."""

    arch: Literal["trans_enc", "trans_dec"]
    latent: int
    layers: int
    heads: int
    feed_forward: int
    dropout: float


@dataclass(frozen=True)
class PaperTraining:
    """The optimisation. frames: the longest motion; mask_frames: whether the network is told which frames are real.

    condition_dropout: 0 for models without guidance (action, none). position_weight, velocity_weight, contact_weight:
    of the losses for rotations, lambda_rcxyz, lambda_vel and lambda_fc; 0 for other features.
    """

    steps: int
    batch: int
    frames: int
    learning_rate: float
    weight_decay: float
    condition_dropout: float
    mask_frames: bool
    ema: float
    position_weight: float
    velocity_weight: float
    contact_weight: float
    save_minutes: float
    report_every: int


@dataclass(frozen=True)
class PaperConfig:
    """A whole run. pack, out: paths relative to the working folder; guidance: what the card says."""

    recipe: str
    name: str
    pack: str
    out: str
    seed: int
    condition: Literal["text", "action", "none"]
    guidance: float
    network: PaperNetwork
    diffusion: DiffusionSettings
    training: PaperTraining


SECTIONS: dict[str, type[Any]] = {"network": PaperNetwork, "diffusion": DiffusionSettings, "training": PaperTraining}
LIKE = "configs/humanml3d.toml"


def is_paper(path: Path) -> bool:
    """Whether a configuration asks for this recipe; False for a file that cannot be read, which `config` then names."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("recipe") == RECIPE
    except (OSError, tomllib.TOMLDecodeError):
        return False


def read(path: Path) -> PaperConfig:
    """The settings in `path`; a MotionError names the field that is missing, unknown or impossible."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    sections = {name: section(kind, raw.get(name, {}), f"{path}, [{name}]", LIKE) for name, kind in SECTIONS.items()}
    made: PaperConfig = section(PaperConfig, {**raw, **sections}, str(path), LIKE)
    known = {"condition": ("text", "action", "none"), "arch": ("trans_enc", "trans_dec")}
    for field, value in (("condition", made.condition), ("arch", made.network.arch)):
        if value not in known[field]:
            raise MotionError(f'{path} has the {field} "{value}"; use one of {", ".join(known[field])}.')
    if made.condition == "none" and made.training.condition_dropout:
        raise MotionError(f'{path} drops a condition, but the condition is "none"; set condition_dropout to 0.')
    return made
