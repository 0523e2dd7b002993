"""Training the evaluator: `mdm train configs/evaluator.toml`. The network itself is in `evaluator`.

Symmetric InfoNCE (TMR, Petrovich et al. 2023): in a batch each motion has to find its sentence and each sentence its
motion. Pairs that may be right as well are no negatives: the same clip, or sentences that mean nearly the same.
A run lasts minutes; one that was killed begins anew.
"""

from __future__ import annotations

import math
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.pack import Pack, load
from mdm_core.datasets.windows import LENGTHS
from mdm_core.errors import MotionError
from mdm_core.features.layout import Layout
from mdm_core.features.mirror import ColumnMirror, column_mirror
from mdm_core.training.config import section
from mdm_core.training.data import statistics

from . import held_out, metrics
from .evaluator import Evaluator, Shape, TextMotionNetwork, motion_features, new_card, padded

LARGEST_SCALE = math.log(100.0)  # CLIP, Radford et al. 2021, sec. 2.5
MEASURED_ROUNDS = 8
KIND = "evaluator"
LIKE = "configs/evaluator.toml"


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes, as in `evaluator.Shape`."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    frames_per_token: int
    embedding: int
    dropout: float


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation. same: sentences whose cosine is above it are never each other's negatives (TMR: 0.8)."""

    steps: int
    batch: int
    learning_rate: float
    warmup: int
    weight_decay: float
    same: float
    report_every: int


@dataclass(frozen=True)
class Config:
    """A whole run. kind: "evaluator"; groups: of HumanML3D's features; pack, out: paths from the working folder."""

    kind: str
    name: str
    pack: str
    out: str
    seed: int
    groups: list[str]
    network: NetworkSettings
    training: TrainingSettings


@dataclass(frozen=True)
class Data:
    """What batches are cut from.

    features: float16 [F, D] of the clips in a row, [offsets[k], offsets[k + 1]) being clip k's; buckets: for each of
    `LENGTHS` the captioned windows of subjects that are trained on, and their chances.
    """

    pack: Pack
    features: NDArray[np.float16]
    offsets: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    mirror: ColumnMirror
    buckets: tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]


@dataclass(frozen=True)
class Batch:
    """x: [B, T, D] normalised; frame_mask: bool [B, T]; text: [B, S]; clip: [B], mirror images having numbers < 0."""

    x: Tensor
    frame_mask: Tensor
    text: Tensor
    clip: Tensor


def read(path: Path) -> Config:
    """The settings; a `MotionError` names the field that is missing or unknown."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    network = section(NetworkSettings, raw.get("network", {}), f"{path}, [network]", LIKE)
    training = section(TrainingSettings, raw.get("training", {}), f"{path}, [training]", LIKE)
    return section(Config, {**raw, "network": network, "training": training}, str(path), LIKE)


def prepare(pack: Pack, layout: Layout) -> Data:
    """Features of the clips that are trained on (others stay empty), their statistics, and the windows to draw."""
    theirs = held_out.held(pack)
    usable = held_out.usable(pack, ~theirs)
    if not len(usable):
        raise MotionError("The pack has no captioned window to train an evaluator on; build it from more clips.")
    empty = np.empty((0, layout.width), dtype=np.float32)
    clips = [
        empty if other or b - a < 2 else motion_features(pack.positions[a:b], layout)
        for a, b, other in zip(pack.offsets[:-1], pack.offsets[1:], theirs, strict=True)
    ]
    mirror = column_mirror(layout)
    features = np.concatenate(clips)
    mean, std = statistics(features, layout, mirror)
    length = pack.windows[usable, 2] - pack.windows[usable, 1]
    chosen = [usable[(length > low) & (length <= high)] for low, high in zip((0, *LENGTHS), LENGTHS, strict=False)]
    buckets = tuple((index, pack.weight[index] / max(pack.weight[index].sum(), 1e-12)) for index in chosen)
    offsets = np.cumsum([0] + [len(clip) for clip in clips])
    return Data(pack, features.astype(np.float16), offsets, mean, std, mirror, buckets)


def batch(data: Data, k: int, size: int, rng: np.random.Generator) -> Batch:
    """`size` windows of bucket k, half of them mirrored with their words, each with one of its sentences."""
    index, chance = data.buckets[k]
    cuts: list[NDArray[np.float32]] = []
    sentences: list[int] = []
    clips: list[int] = []
    for window in rng.choice(index, size, p=chance):
        clip, start, stop = (int(value) for value in data.pack.windows[window])
        a, b = data.offsets[clip] + start, min(data.offsets[clip] + stop, data.offsets[clip + 1])
        cut, mirrored = data.features[a:b].astype(np.float32), rng.random() < 0.5
        sentence = int(rng.choice(data.pack.words[window]))
        cuts.append(((data.mirror(cut) if mirrored else cut) - data.mean) / data.std)
        sentences.append(int(data.pack.mirrored[sentence]) if mirrored else sentence)
        clips.append(-clip - 1 if mirrored else clip)
    x, mask = padded(cuts)
    text = torch.from_numpy(data.pack.embeddings[sentences].astype(np.float32))
    return Batch(x, mask, text, torch.tensor(clips))


def loss(network: TextMotionNetwork, given: Batch, same: float) -> Tensor:
    """Symmetric InfoNCE without doubtful negatives (Petrovich et al. 2023, sec. 3.3)."""
    motion, text = network.motion(given.x, given.frame_mask), network.text(given.text)
    logits = network.scale.clamp(max=LARGEST_SCALE).exp() * motion @ text.T
    unit = F.normalize(given.text, dim=-1)
    doubtful = (unit @ unit.T > same) | (given.clip[:, None] == given.clip[None])
    doubtful.fill_diagonal_(fill_value=False)
    logits = logits.masked_fill(doubtful, -1e4)
    target = torch.arange(len(logits), device=logits.device)
    return 0.5 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target))


def learning_rate(settings: TrainingSettings, step: int) -> float:
    """Linear warm-up, then a cosine to zero."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def train(config: Config, device: torch.device, *, on_report: Callable[[int, float, float], None]) -> Path:
    """Trains and writes the evaluator into the folder `config.out`, which is returned.

    on_report(step, mean loss since the last, R-precision top 3 on held-out subjects) is called every `report_every`.
    """
    pack = load(Path(config.pack))
    layout = Layout(tuple(config.groups))
    data = prepare(pack, layout)
    torch.manual_seed(config.seed)
    shape = Shape(layout.width, pack.embeddings.shape[1], **vars(config.network))
    network = TextMotionNetwork(shape).to(device)
    made = Evaluator(network, layout, data.mean, data.std, new_card(config.name, shape, layout))
    tests = None if not held_out.held(pack).any() else held_out.draw(pack, MEASURED_ROUNDS, np.random.default_rng(0))
    losses: list[float] = []
    for step, value in steps(network, data, config):
        losses.append(value)
        if (step + 1) % config.training.report_every == 0 or step + 1 == config.training.steps:
            found = retrieval(made, pack, tests) if tests else {}
            made.card["training"] = {"steps": step + 1, "seed": config.seed, "settings": vars(config.training)}
            made.card["data"] = {"held_out_subjects": list(HELD_OUT), "clips": len(pack.names)}
            made.card["metrics"] = found
            made.write(Path(config.out))
            on_report(step + 1, float(np.mean(losses)), found.get("r_precision_top3", float("nan")))
            losses.clear()
    return Path(config.out)


def steps(network: TextMotionNetwork, data: Data, config: Config) -> Any:
    """The loop: yields (step, loss) after each update."""
    settings, device = config.training, network.scale.device
    rng = np.random.default_rng(config.seed)
    chances = np.array([float(bool(len(index))) for index, _ in data.buckets])
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=settings.weight_decay)
    for step in range(settings.steps):
        k = int(rng.choice(len(chances), p=chances / chances.sum()))
        drawn = batch(data, k, settings.batch, rng)
        given = Batch(*(getattr(drawn, field.name).to(device) for field in fields(drawn)))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, step)
        network.train()
        value = loss(network, given, settings.same)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        network.eval()
        yield step, float(value.detach())


def retrieval(made: Evaluator, pack: Pack, items: list[held_out.Item]) -> dict[str, float]:
    """R-precision of real motion, for the card."""
    motion = made.motions([held_out.positions(pack, item) for item in items])
    text = made.texts(pack.embeddings[[item.sentence for item in items]])
    top = metrics.r_precision(text, motion)
    return {f"r_precision_top{k + 1}": float(value) for k, value in enumerate(top)}


def run(path: Path, device: str) -> int:
    """`mdm train` of an evaluator: exit status."""
    started = time.monotonic()

    def report(step: int, value: float, top3: float) -> None:
        print(
            f"step {step}: loss {value:.3f}, top 3 of 32 on held-out subjects {top3:.3f}, "
            f"{time.monotonic() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    folder = train(read(path), torch.device(device), on_report=report)
    print(f"wrote {folder}")
    return 0
