"""The table of models of actions, and of those without a condition, beside real motion (spec/mdm.md sections 9.2, 9.3).

Accuracy, FID, diversity and multimodality for actions; FID, KID, diversity, precision and recall without a condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.actions import names_of
from mdm_core.datasets.feature_pack import FeaturePack
from mdm_core.errors import MotionError
from mdm_core.features import smpl_rot6d
from mdm_core.features.humanml3d import FPS

from . import metrics, physical
from .action_fit import cut
from .action_judges import Judge
from .asking import Asking
from .comparison import intervals
from .metrics import Interval

PAIRS = 200
"""Of diversity, and 20 of each label for multimodality (Guo et al. 2020)."""
LEAST = 32
LEAST_OF_ACTION = 4
"""Motions of each action, so that its halves differ and have pairs."""


@dataclass(frozen=True)
class Settings:
    """How much is measured. motions: of the model and of each side of the real; halves: for intervals."""

    motions: int = 256
    halves: int = 20
    frames: int = 60
    seed: int = 0


@dataclass(frozen=True)
class Motions:
    """Rotations [T, 150] each, and the action of each by the judge's numbers; -1 for none."""

    features: list[NDArray[Any]]
    labels: NDArray[np.int64]


def real(pack: FeaturePack, judge: Judge, settings: Settings, *, unseen: bool, labelled: bool) -> Motions:
    """Cuts of clips that training did or did not see, evenly by label; where none is unseen, of those that it saw.

    labelled: False where the judge need not know the actions.
    """
    if pack.about.representation != "smpl_rot6d":
        raise MotionError("The metrics of action models need a pack of rotations; build one with --rotations.")
    which = pack.unseen if unseen and pack.unseen.any() else ~pack.unseen
    rng = np.random.default_rng(settings.seed + unseen)
    groups = [np.flatnonzero(which & (pack.actions == k)) for k in np.unique(pack.actions[which])]
    clips = [int(rng.choice(groups[n % len(groups)])) for n in range(settings.motions)]
    names = [pack.action_names[pack.actions[k]] if labelled and pack.actions[k] >= 0 else "" for k in clips]
    labels = [judge.number(name) if name else -1 for name in names]
    return Motions([cut(pack, k, settings.frames, rng) for k in clips], np.array(labels))


def generated(asking: Asking, judge: Judge, settings: Settings) -> Motions:
    """The model's, evenly by label, each from a seed of its own."""
    generator = asking.generator
    if generator.card["features"]["representation"] != "smpl_rot6d" or generator.condition == "text":
        raise MotionError(
            f'The model "{generator.card["name"]}" makes no rotations; measure it with an evaluator of words.'
        )
    labels, names = np.full(settings.motions, -1), [""]
    if generator.condition == "action":
        names = list(names_of(generator.card)) or [str(k) for k in range(generator.card["architecture"]["actions"])]
        labels = np.array([judge.number(names[n % len(names)]) for n in range(settings.motions)])
    wanted = [(names[n % len(names)], settings.frames) for n in range(settings.motions)]
    made = [motion.features for motion in asking.motions(wanted, asking.fps)]
    return Motions([f[: settings.frames] for f in made if f is not None], labels)


def measure(motions: Motions, against: Motions, judge: Judge, settings: Settings) -> dict[str, Interval]:
    """A row of the table; intervals from halves (`metrics.half_samples`)."""
    if min(len(motions.features), len(against.features)) < LEAST:
        raise MotionError(f"The metrics need {LEAST} motions or more; ask for more with --motions.")
    actions, counts = np.unique(motions.labels[motions.labels >= 0], return_counts=True)
    if (counts < LEAST_OF_ACTION).any():
        raise MotionError(
            f"The metrics need {LEAST_OF_ACTION} motions or more of each of {len(actions)} actions; ask for "
            f"{LEAST_OF_ACTION * len(actions)} with --motions."
        )
    inner, scores = judge.judged(motions.features)
    reference, _ = judge.judged(against.features)
    body = physical.columns([physical.measure(smpl_rot6d.recover_positions(f), FPS) for f in motions.features])

    def statistics(chosen: NDArray[np.int64]) -> dict[str, float]:
        rng = np.random.default_rng(settings.seed)
        labels = motions.labels[chosen]
        found = {"fid": metrics.fid(inner[chosen], reference), "kid": metrics.kid(inner[chosen], reference, rng)}
        found["diversity"] = metrics.diversity(inner[chosen], rng, pairs=PAIRS)
        if (labels >= 0).all():
            found["accuracy"] = metrics.accuracy(scores[chosen], labels)
            found["multimodality"] = metrics.multimodality_of_labels(inner[chosen], labels, rng)
        else:
            found["precision"], found["recall"] = metrics.precision_recall(reference, inner[chosen])
        return found | physical.averages({name: values[chosen] for name, values in body.items()})

    rng = np.random.default_rng(settings.seed)
    whole = np.arange(len(motions.features))
    halves = [balanced_half(motions.labels, rng) for _ in range(settings.halves)]
    return intervals(statistics, whole, halves)


def balanced_half(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The places of half of the motions, half of each label's (rounded up)."""
    places = (rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels))
    return np.concatenate([own[: (len(own) + 1) // 2] for own in places])


def table(pack: FeaturePack, asking: Asking, judge: Judge, settings: Settings, name: str) -> dict[str, Any]:
    """Rows "real" (against other real motion) and the model's."""
    told = asking.generator.condition == "action"
    seen, unseen = (real(pack, judge, settings, unseen=which, labelled=told) for which in (False, True))
    made = generated(asking, judge, settings)
    return {"real": measure(unseen, seen, judge, settings), name: measure(made, seen, judge, settings)}
