"""A training run's settings: a TOML file as frozen data. Every field is in the file; there are no hidden defaults."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from mdm_core.errors import MotionError


@dataclass(frozen=True)
class FeatureSettings:
    """Which feature groups the network sees and how facing is measured (`features.humanml3d`)."""

    groups: list[str]
    facing: Literal["humanml3d", "steady"]


@dataclass(frozen=True)
class TextSettings:
    """How sentences are encoded. adapter: the file of a text adapter (`text_adapter`), "" for MiniLM as it is."""

    adapter: str


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes, as in `engine.torch_network.NetworkShape`.

    observed: whether the network is shown what is known of a motion (`features.observation`), for editing; actions:
    whether it knows the pack's action labels beside words.
    """

    latent: int
    layers: int
    heads: int
    feed_forward: int
    frames_per_token: int
    dropout: float
    observed: bool
    actions: bool


@dataclass(frozen=True)
class DiffusionSettings:
    """The chain that is trained."""

    schedule: str
    steps: int


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation. tokens: of a batch; precision: fp32 or bf16 (`half`); the loss weights say themselves.

    learning_rate: AdamW's; muon_rate: Muon's for the transformer's matrices (`optimizers`), or 0 for AdamW alone.

    observed_share: of the motions, how many are shown in part; action_share: of those with an action label, how many
    have it instead of words. side_gain: how much more easily left and right are learnt (`sides`); 1 for no more.
    text_noise, rewording: what is added to sentence embeddings (`data.Shares`). mean_of: the steps (of
    `sample_every`) whose averaged weights' mean is the model; [] for the last alone.
    workers: processes that cut batches ahead of a GPU, 0 where the CPU trains.
    start: a bundle whose weights are gone on from, or "" to begin anew.
    """

    steps: int
    tokens: int
    learning_rate: float
    muon_rate: float
    warmup: int
    weight_decay: float
    condition_dropout: float
    ema: float
    root_weight: float
    velocity_weight: float
    precision: Literal["fp32", "bf16"]
    compile: bool
    save_minutes: float
    sample_every: int
    observed_share: float
    action_share: float
    side_gain: float
    text_noise: float
    rewording: float
    mean_of: list[int]
    workers: int
    start: str


@dataclass(frozen=True)
class SamplingSettings:
    """How the model is sampled, as its card will say; prompts: what is drawn now and then while it trains."""

    guidance: float
    sampler: str
    steps: int
    prompts: list[str]


@dataclass(frozen=True)
class Config:
    """A whole run. pack, out: paths relative to the working folder."""

    name: str
    pack: str
    out: str
    seed: int
    features: FeatureSettings
    text: TextSettings
    network: NetworkSettings
    diffusion: DiffusionSettings
    training: TrainingSettings
    sampling: SamplingSettings


SECTIONS: dict[str, type[Any]] = {
    "features": FeatureSettings,
    "text": TextSettings,
    "network": NetworkSettings,
    "diffusion": DiffusionSettings,
    "training": TrainingSettings,
    "sampling": SamplingSettings,
}


def read(path: Path) -> Config:
    """The settings in `path`; a `MotionError` names the field that is missing or unknown."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MotionError(f"There is no training configuration {path}.") from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise MotionError(f"{path} cannot be read as a training configuration: {error}.") from None
    sections = {name: section(kind, raw.get(name, {}), f"{path}, [{name}]") for name, kind in SECTIONS.items()}
    return section(Config, {**raw, **sections}, str(path))


def kind_of(path: Path) -> str:
    """What a configuration is for, its "kind"; "" for a model of motion, and for a file that cannot be read."""
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("kind", ""))
    except (OSError, ValueError):
        return ""


def section(kind: type[Any], values: dict[str, Any], where: str, like: str = "configs/bundled.toml") -> Any:
    """`kind` made from `values`, none missing and none left over; `like`: the file to compare with."""
    wanted = {field.name for field in fields(kind)}
    for problem, names in (("lacks", wanted - set(values)), ("does not know", set(values) - wanted)):
        if names:
            raise MotionError(f'{where} {problem} the field "{min(names)}"; compare it with {like}.')
    return kind(**values)
