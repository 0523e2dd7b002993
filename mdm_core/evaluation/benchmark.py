"""The published protocol on the test set of HumanML3D or KIT-ML (spec/mdm.md section 9.1), with the published judge.

In every repetition other test clips are drawn, each with one of its captions, and generated anew; R-precision and
MM-distance are counted in batches of 32, FID is against the whole test set. Intervals are those of papers, 1.96
standard errors over the repetitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets import humanml3d_folder
from mdm_core.datasets.humanml3d_folder import Clip, Dataset
from mdm_core.datasets.recording import Caption
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d, kit
from mdm_core.motion import Motion, resample

from . import metrics, physical
from .asking import Asking
from .metrics import BATCH, Interval
from .published import UNIT, Published

Numbers = NDArray[np.floating[Any]]
SEEDS = 100_000
"""Between the seeds of two repetitions."""


@dataclass(frozen=True)
class Settings:
    """How much is measured: papers have 32 batches and 20 repetitions, and for multimodality 30 takes of 100 captions.

    texts: 0 leaves multimodality out.
    """

    rounds: int = 32
    repetitions: int = 20
    texts: int = 0
    takes: int = 30
    seed: int = 0


@dataclass(frozen=True)
class Item:
    """A test clip as it is asked for. features: [T, D] denormalised, T a multiple of four."""

    features: Numbers
    caption: Caption


@dataclass(frozen=True)
class Test:
    """The test set in the judge's eyes. reference: embeddings [N, 512] of all of it."""

    clips: tuple[Clip, ...]
    fps: float
    representation: str
    reference: NDArray[np.float64]


def test_set(data: Dataset, judge: Published) -> Test:
    """The clips of test.txt; a MotionError if there are too few, or if the judge reads other features."""
    if len(judge.mean) != data.kind.width:
        raise MotionError(
            f"The evaluator reads {len(judge.mean)} numbers a frame, {data.kind.name} has {data.kind.width}; take the "
            "evaluator of this data set."
        )
    clips = tuple(humanml3d_folder.clips(data, "test"))
    if len(clips) < BATCH:
        raise MotionError(f"{data.folder} has {len(clips)} usable test clips; the metrics need {BATCH} or more.")
    reference = judge.of_features([clip.features for clip in clips])
    return Test(clips, data.kind.fps, data.kind.representation, reference)


def draw(test: Test, rounds: int, rng: np.random.Generator) -> list[Item]:
    """Clips in a random order, as many whole batches as there are, at most `rounds`; each with one caption."""
    count = min(rounds, len(test.clips) // BATCH) * BATCH
    items: list[Item] = []
    for k in rng.permutation(len(test.clips))[:count]:
        clip = test.clips[k]
        frames = len(clip.features) // UNIT * UNIT
        start = int(rng.integers(len(clip.features) - frames + 1))
        items.append(Item(clip.features[start : start + frames], clip.words[rng.integers(len(clip.words))]))
    return items


def rows(test: Test, judge: Published, asking: Asking, settings: Settings, name: str) -> dict[str, dict[str, Interval]]:
    """The table: "real" and the model by metric."""
    if asking.generator.condition != "text":
        raise MotionError(f'The model "{name}" is not told what to do in words; this protocol is for text models.')
    found: dict[str, list[dict[str, float]]] = {"real": [], name: []}
    for repetition in range(settings.repetitions):
        rng = np.random.default_rng(settings.seed + repetition)
        items, first = draw(test, settings.rounds, rng), SEEDS * repetition
        text = judge.of_words([item.caption.tokens for item in items])
        real = [item.features for item in items]
        made = generated(test, items, part(asking, repetition, settings.repetitions), first)
        for row, features in (("real", real), (name, made)):
            found[row].append(measured(test, judge, text, features, settings.seed + repetition))
        if settings.texts:
            several = [item for item in items[: settings.texts] for _ in range(settings.takes)]
            takes = generated(test, several, replace(asking, on_step=None), first + SEEDS // 2)
            embedded = judge.of_features(takes).reshape(-1, settings.takes, text.shape[1])
            found[name][-1]["multimodality"] = metrics.multimodality(embedded, rng)
    return {
        row: {key: metrics.interval([values[key] for values in several]) for key in several[0]}
        for row, several in found.items()
    }


def part(asking: Asking, done: int, of: int) -> Asking:
    """The same with its progress as one of several repetitions'."""
    hear = asking.on_step
    if hear is None:
        return asking
    return replace(asking, on_step=lambda step, total: hear(int((done * total + step) / of), total))


def generated(test: Test, items: Sequence[Item], asking: Asking, first_seed: int) -> list[Numbers]:
    """The model's motions as the test set's features, each as long as its clip."""
    wanted = [(item.caption.text, len(item.features)) for item in items]
    made = asking.motions(wanted, test.fps, first_seed)
    return [features_of(motion, asking, test)[:frames] for motion, (_, frames) in zip(made, wanted, strict=True)]


def features_of(motion: Motion, asking: Asking, test: Test) -> Numbers:
    """The model's own features where they are the test set's; else, for HumanML3D, made from its joints."""
    card, own = asking.generator.card["features"], motion.features
    same = card["representation"] == test.representation and not asking.clean
    if same and own is not None and own.shape[1] == test.clips[0].features.shape[1]:
        return own
    if test.representation != "humanml3d":
        raise MotionError("On KIT-ML only models of its own features can be measured, and only with --raw.")
    positions = resample(motion, test.fps).positions.astype(np.float64)
    longer = np.concatenate([positions, 2 * positions[-1:] - positions[-2:-1]])
    return humanml3d.process(longer, humanml3d.uniform_offsets())


def measured(
    test: Test, judge: Published, text: NDArray[np.float64], features: Sequence[Numbers], seed: int
) -> dict[str, float]:
    """One repetition's numbers of one row."""
    motion = judge.of_features(features)
    top = metrics.r_precision(text, motion)
    recover = humanml3d.recover_positions if test.representation == "humanml3d" else kit.recover_positions
    bodies = [physical.measure(recover(f), test.fps) for f in features]
    return {
        "fid": metrics.fid(motion, test.reference),
        **{f"r_precision_top{k + 1}": float(value) for k, value in enumerate(top)},
        "mm_distance": metrics.matching_distance(text, motion),
        "diversity": metrics.diversity(motion, np.random.default_rng(seed)),
        **physical.means(bodies),
    }
