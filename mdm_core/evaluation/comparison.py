"""One table: real motion of people that training never saw, a model, and the retrieval baseline, on the same captions.

What the numbers mean is in docs/evaluation.md; here they are gathered. Motions go in as joint positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdm_core.datasets.pack import Pack
from mdm_core.errors import MotionError
from mdm_core.features.humanml3d import FPS
from mdm_core.motion import resample

from . import held_out, memorisation, metrics, physical
from .asking import Asking
from .held_out import BATCH, Item
from .metrics import Interval
from .retrieval import Retrieval, retrieval

Positions = NDArray[np.floating[Any]]


class Judge(Protocol):
    """An evaluator: our own (`evaluator`) or the published one (`published`)."""

    def motions(self, positions: Sequence[Positions]) -> NDArray[np.float64]:
        """Embeddings [N, E] of motions [T, 22, 3] at 20 fps."""
        ...

    def texts(self, sentences: NDArray[Any]) -> NDArray[np.float64] | None:
        """Embeddings [N, E] of the pack's sentence embeddings [N, S]; None if it cannot read them."""
        ...


@dataclass(frozen=True)
class Settings:
    """How much is measured. rounds: batches of 32 captions; texts x takes: for multimodality; halves: for intervals."""

    rounds: int = 8
    reference_rounds: int = 16
    texts: int = 16
    takes: int = 6
    halves: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Captions:
    """What is asked for: items for everything, and a few of them, of different kinds, for many takes each."""

    items: tuple[Item, ...]
    repeated: tuple[Item, ...]


@dataclass(frozen=True)
class Answers:
    """One motion for each item, and several for each of the repeated ones (none for real motion)."""

    motions: list[Positions]
    takes: list[list[Positions]]


@dataclass(frozen=True)
class Context:
    """What every row is measured against. texts: embeddings of the items' captions, None if the judge reads none."""

    pack: Pack
    judge: Judge
    captions: Captions
    texts: NDArray[np.float64] | None
    reference: NDArray[np.float64]
    settings: Settings


def captions(pack: Pack, settings: Settings) -> Captions:
    """Drawn from the seed alone, so that every model is asked the same."""
    rng = np.random.default_rng(settings.seed)
    items = held_out.draw(pack, settings.rounds, rng)
    return Captions(tuple(items), tuple(held_out.draw(pack, 1, rng)[: settings.texts]))


def context(pack: Pack, judge: Judge, settings: Settings) -> Context:
    """The captions, and real motion in the judge's eyes."""
    if settings.rounds < 2:
        raise MotionError(f"Metrics need {2 * BATCH} motions or more, since halves of them give the intervals.")
    asked = captions(pack, settings)
    others = held_out.draw(pack, settings.reference_rounds, np.random.default_rng(settings.seed + 1))
    reference = judge.motions([held_out.positions(pack, item) for item in others])
    texts = judge.texts(pack.embeddings[[item.sentence for item in asked.items]])
    return Context(pack, judge, asked, texts, reference, settings)


def real(pack: Pack, asked: Captions) -> Answers:
    """The captions' own motion."""
    return Answers([held_out.positions(pack, item) for item in asked.items], [])


def retrieved(pack: Pack, asked: Captions, settings: Settings) -> Answers:
    """Training motion of the nearest captions."""
    baseline = retrieval(pack, ~held_out.held(pack))
    rng = np.random.default_rng(settings.seed)

    def answer(baseline: Retrieval, item: Item, takes: int) -> list[Positions]:
        return baseline.answers(pack.embeddings[item.sentence], item.frames, takes, rng)

    return Answers(
        [answer(baseline, item, 1)[0] for item in asked.items],
        [answer(baseline, item, settings.takes) for item in asked.repeated],
    )


def generated(asking: Asking, pack: Pack, asked: Captions, settings: Settings) -> Answers:
    """A model's motions, at 20 fps, as long as the real ones; every one from a seed of its own."""
    if asking.generator.condition != "text":
        raise MotionError(
            f'The model "{asking.generator.card["name"]}" is not told what to do in words; measure it on a pack of '
            "rotations, with an evaluator of actions (docs/evaluation.md)."
        )
    wanted = [*asked.items, *(item for item in asked.repeated for _ in range(settings.takes))]
    made = asking.motions([(pack.sentences[item.sentence], item.frames) for item in wanted], FPS)
    cut = [resample(motion, FPS).positions[: item.frames] for motion, item in zip(made, wanted, strict=True)]
    count = len(asked.items)
    takes = [cut[count + k : count + k + settings.takes] for k in range(0, len(wanted) - count, settings.takes)]
    return Answers(cut[:count], takes)


def measure(answers: Answers, known: Context) -> dict[str, Interval]:
    """A row of the table: name of the metric to its value with a 95 % interval."""
    size, settings = len(answers.motions), known.settings
    motion = known.judge.motions(answers.motions)
    body = physical.columns([physical.measure(positions, FPS) for positions in answers.motions])
    near = memorisation.nearest(answers.motions, known.pack, ~held_out.held(known.pack))

    def statistics(chosen: NDArray[np.int64]) -> dict[str, float]:
        rng = np.random.default_rng(settings.seed)
        found = {"fid": metrics.fid(motion[chosen], known.reference)}
        if known.texts is not None:
            top = metrics.r_precision(known.texts[chosen], motion[chosen])
            found |= {f"r_precision_top{k + 1}": float(value) for k, value in enumerate(top)}
            found["mm_distance"] = metrics.matching_distance(known.texts[chosen], motion[chosen])
        found["diversity"] = metrics.diversity(motion[chosen], rng)
        found |= physical.averages({name: values[chosen] for name, values in body.items()})
        return found | {"nearest_training": float(np.nanmean(near[chosen]))}

    rng = np.random.default_rng(settings.seed)
    half = settings.rounds // 2 * BATCH
    halves = [held_out.rebatched(known.captions.items, rng)[:half] for _ in range(settings.halves)]
    result = intervals(statistics, np.arange(size), halves)
    if answers.takes:
        result["multimodality"] = multimodality(answers.takes, known)
    return result


def multimodality(takes: list[list[Positions]], known: Context) -> Interval:
    """How different the takes of one caption are; halves of the captions give the interval."""
    flat = known.judge.motions([positions for of in takes for positions in of])
    embedded = flat.reshape(len(takes), len(takes[0]), -1)
    rng = np.random.default_rng(known.settings.seed)
    halves = [rng.permutation(len(takes))[: max(1, len(takes) // 2)] for _ in range(known.settings.halves)]

    def statistics(chosen: NDArray[np.int64]) -> dict[str, float]:
        return {"": metrics.multimodality(embedded[chosen], np.random.default_rng(known.settings.seed))}

    return intervals(statistics, np.arange(len(takes)), halves)[""]


def intervals(
    statistics: Callable[[NDArray[np.int64]], dict[str, float]],
    whole: NDArray[np.int64],
    halves: list[NDArray[np.int64]],
) -> dict[str, Interval]:
    """The statistics of the whole, with intervals from halves of it (`metrics.half_samples`)."""
    values = statistics(whole)
    of_halves = [statistics(half) for half in halves]
    return {name: metrics.half_samples(value, [one[name] for one in of_halves]) for name, value in values.items()}
