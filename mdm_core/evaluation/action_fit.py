"""Training the judge of actions: `mdm train configs/action_evaluator.toml`, on a pack of rotations with labels."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mdm_core.datasets.feature_pack import FeaturePack, load
from mdm_core.errors import MotionError
from mdm_core.training.config import section
from mdm_core.training.paper import stretch

from . import metrics
from .action_judge import ActionJudge, ActionNetwork, stacked

KIND = "action evaluator"
LIKE = "configs/action_evaluator.toml"


@dataclass(frozen=True)
class Config:
    """A whole run, of minutes: one that was killed begins anew. frames: of each cut; pack, out: paths."""

    kind: str
    name: str
    pack: str
    out: str
    seed: int
    steps: int
    batch: int
    frames: int
    learning_rate: float


def read(path: Path) -> Config:
    """The settings; a MotionError names the field that is missing or unknown."""
    return section(Config, tomllib.loads(path.read_text(encoding="utf-8")), str(path), LIKE)


def train(config: Config) -> Path:
    """Trains, measures itself on clips that training never saw, and writes the judge into `config.out`."""
    pack = load(Path(config.pack))
    labelled = pack.actions >= 0
    if pack.about.representation != "smpl_rot6d" or len(pack.action_names) < 2 or not (labelled & ~pack.unseen).any():
        raise MotionError(
            f"{config.pack} has no rotations of two or more actions; build it with --rotations and labels."
        )
    torch.manual_seed(config.seed)
    rng, generator = np.random.default_rng(config.seed), torch.Generator().manual_seed(config.seed)
    network = ActionNetwork(len(pack.action_names))
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    by_label = [np.flatnonzero((pack.actions == k) & ~pack.unseen) for k in range(len(pack.action_names))]
    there = [k for k, clips in enumerate(by_label) if len(clips)]
    for step in range(config.steps):
        labels = rng.choice(there, config.batch)
        cuts = [cut(pack, int(rng.choice(by_label[k])), config.frames, rng) for k in labels]
        joints, lengths = stacked(cuts)
        _, scores = network(joints, lengths, network.start(len(cuts), generator))
        value = F.cross_entropy(scores, torch.from_numpy(labels))
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(f"\rstep {step + 1}: loss {float(value.detach()):.3f} ", end="", file=sys.stderr, flush=True)
    network.eval()
    card = {"name": config.name, "training": asdict(config), "data": pack.about.data}
    judge = ActionJudge(network, pack.action_names, card)
    test = np.flatnonzero(labelled & (pack.unseen if (labelled & pack.unseen).any() else ~pack.unseen))
    _, scores = judge.judged([cut(pack, int(k), config.frames, rng) for k in test])
    card["metrics"] = {
        "accuracy": metrics.accuracy(scores, pack.actions[test]),
        "unseen": bool(pack.unseen[test].all()),
    }
    judge.write(Path(config.out))
    return Path(config.out)


def cut(pack: FeaturePack, clip: int, frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """So many frames of a clip, as the action loaders cut it."""
    return stretch(pack.features[pack.offsets[clip] : pack.offsets[clip + 1]], frames, rng)
