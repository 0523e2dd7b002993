"""Batches for training: windows of a pack as features, mirrored half of the time, with one of their sentences."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_core.datasets import cmu, wordings
from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.pack import Pack
from mdm_core.datasets.windows import LENGTHS
from mdm_core.features import humanml3d, observation
from mdm_core.features.layout import GROUPS, Layout
from mdm_core.features.mirror import ColumnMirror, column_mirror

from .observation import known_features
from .sides import side_axis, stretched

LEAST_STD = 1e-4
"""A column that never changes in the data is divided by this, not by zero."""


@dataclass(frozen=True)
class TrainingSet:
    """Features of every clip of a pack, ready to be cut into batches.

    features: float32 [F, D] denormalised; clip k is offsets[k]:offsets[k + 1].
    mean, std: float32 [D], of the motion and its mirror image; std is shared within a group, as HumanML3D's.
    buckets: for each of `LENGTHS` the indices of the windows that fit it, and their chances.
    reworded: `rewordings`.
    """

    pack: Pack
    features: NDArray[np.float32]
    offsets: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    mirror: ColumnMirror
    layout: Layout
    buckets: tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]
    reworded: tuple[NDArray[np.float32], ...] = ()


@dataclass(frozen=True)
class Batch:
    """Motions and what is said of them, as `Conditioning` has it.

    x0: [B, T, D] normalised; frame_mask: bool [B, T]; text: [B, 1, E], zero where a window has no words; action: int
    [B], -1 for none; conditioned: float [B], 1 where there are words or an action. observed: [B, T, D + 4] and
    observed_mask, bool, for networks that take them.
    """

    x0: Tensor
    frame_mask: Tensor
    text: Tensor
    action: Tensor
    conditioned: Tensor
    observed: Tensor
    observed_mask: Tensor

    def pin_memory(self) -> Batch:
        """The batch in memory that a GPU reads without waiting (called by torch's DataLoader)."""
        return Batch(*(getattr(self, field.name).pin_memory() for field in fields(self)))

    def to(self, device: torch.device) -> Batch:
        """The batch on the device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


@dataclass(frozen=True)
class Shares:
    """How often a motion is shown to the network (`observation`), and how often an action stands for its words.

    text_noise: standard deviation of what is added to every number of a sentence's embedding, so that words which the
    data does not use, and which point elsewhere, are no surprise. rewording: up to how much of the difference between
    two sentences that say one thing is added to a third that says another: who reads "a guy boots the ball" as
    kicking should not mind how a sentence about waving is put.
    """

    observed: float = 0.0
    action: float = 0.0
    text_noise: float = 0.0
    rewording: float = 0.0


UNSHOWN = Shares()


def clip_features(positions: NDArray[np.float32], facing: humanml3d.Facing, layout: Layout) -> NDArray[np.float32]:
    """Features [T - 1, D] of a clip [T, 22, 3], with our own contact rule (`cmu.contacts`) in the contact columns."""
    features = humanml3d.extract(positions, facing)
    features[:, GROUPS["contact"]] = cmu.contacts(positions.astype(np.float64))[:-1]
    return features[:, layout.columns]


def training_set(pack: Pack, layout: Layout, facing: humanml3d.Facing) -> TrainingSet:
    """The part of `pack` by subjects that are trained on; `held_out` gives the other part."""
    clips = [
        clip_features(pack.positions[a:b], facing, layout)
        for a, b in zip(pack.offsets[:-1], pack.offsets[1:], strict=True)
    ]
    mirror = column_mirror(layout)
    theirs = np.isin(pack.subjects, HELD_OUT)
    trained = np.concatenate([c for c, other in zip(clips, theirs, strict=True) if not other])
    mean, std = statistics(trained, layout, mirror)
    return TrainingSet(
        pack=pack,
        features=np.concatenate(clips),
        offsets=np.cumsum([0] + [len(c) for c in clips]),
        mean=mean,
        std=std,
        mirror=mirror,
        layout=layout,
        buckets=buckets(pack, ~theirs[pack.windows[:, 0]]),
        reworded=rewordings(pack),
    )


def rewordings(pack: Pack) -> tuple[NDArray[np.float32], ...]:
    """Embeddings [n, E] of the pack's sentences that say the same thing (`wordings`), two or more each.

    Those that name a side are left out, and the axis that tells left from right (`side_axis`): a difference between two
    must not speak of sides.
    """
    place = {s: k for k, s in enumerate(pack.sentences)}
    axis = side_axis(pack)
    known = [[place[s] for s in group if s in place] for group in wordings.groups()]
    sideless = [[k for k in group if pack.mirrored[k] == k] for group in known]
    return tuple(stretched(pack.embeddings[group], axis, 0.0) for group in sideless if len(group) > 1)


def held_out(data: TrainingSet) -> TrainingSet:
    """The same clips and statistics, but the windows of the subjects that are not trained on."""
    theirs = np.isin(data.pack.subjects, HELD_OUT)
    return replace(data, buckets=buckets(data.pack, theirs[data.pack.windows[:, 0]]))


def statistics(
    features: NDArray[np.float32], layout: Layout, mirror: ColumnMirror
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and std [D] over the frames [F, D] and their mirror images; std averaged within each group (HumanML3D).

    The root group holds three quantities of different size: yaw rate, horizontal velocity, height.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    mean = 0.5 * (mean + mirror(mean.astype(np.float32)))
    std = features.std(axis=0, dtype=np.float64)
    shared = std.copy()
    for group in layout.groups:
        columns = layout.slice(group)
        start = columns.start
        parts = [slice(0, 1), slice(1, 3), slice(3, 4)] if group == "root" else [slice(0, columns.stop - start)]
        for part in parts:
            inside = slice(start + part.start, start + part.stop)
            shared[inside] = std[inside].mean()
    return mean.astype(np.float32), np.maximum(shared, LEAST_STD).astype(np.float32)


def buckets(pack: Pack, chosen: NDArray[np.bool_]) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]:
    """`bucket` for each of `LENGTHS`."""
    return tuple(bucket(pack, chosen, k) for k in range(len(LENGTHS)))


def bucket(pack: Pack, chosen: NDArray[np.bool_], k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The chosen windows whose length lies in (LENGTHS[k - 1], LENGTHS[k]], with their chances."""
    length = pack.windows[:, 2] - pack.windows[:, 1]
    shortest = LENGTHS[k - 1] if k else 0
    index = np.flatnonzero(chosen & (length > shortest) & (length <= LENGTHS[k]))
    weight = pack.weight[index]
    return index, weight / weight.sum() if len(index) else weight


def batch(data: TrainingSet, k: int, size: int, rng: np.random.Generator, shares: Shares = UNSHOWN) -> Batch:
    """`size` windows of bucket k, padded with the mean to its length."""
    index, weight = data.buckets[k]
    drawn = rng.choice(index, size, p=weight)
    frames, width = LENGTHS[k], data.features.shape[1]
    x0 = np.zeros((size, frames, width), dtype=np.float32)
    mask = np.zeros((size, frames), dtype=bool)
    text = np.zeros((size, 1, data.pack.embeddings.shape[1]), dtype=np.float32)
    action, conditioned = np.full(size, -1), np.zeros(size, dtype=np.float32)
    seen = observation.width(data.layout)
    observed, observed_mask = np.zeros((size, frames, seen), np.float32), np.zeros((size, frames, seen), dtype=bool)
    for row, window in enumerate(drawn):
        clip, start, stop = data.pack.windows[window]
        a, b = data.offsets[clip] + start, min(data.offsets[clip] + stop, data.offsets[clip + 1])
        cut, mirrored = data.features[a:b], rng.random() < 0.5
        cut = data.mirror(cut) if mirrored else cut
        x0[row, : len(cut)] = (cut - data.mean) / data.std
        mask[row, : len(cut)] = True
        words, label = data.pack.words[window], data.pack.actions[window]
        if label >= 0 and rng.random() < shares.action:
            action[row], conditioned[row] = label, 1
        elif len(words):
            sentence = int(rng.choice(words))
            text[row, 0] = data.pack.embeddings[data.pack.mirrored[sentence] if mirrored else sentence]
            conditioned[row] = 1
        if rng.random() < shares.observed:
            known, placed = known_features(len(cut), data.layout, rng)
            shown = observation.observe(cut, data.mean, data.std, known, placed)
            observed[row, : len(cut)], observed_mask[row, : len(cut)] = shown
    spoken = np.flatnonzero((conditioned > 0) & (action < 0))
    if shares.text_noise:
        text[spoken] += shares.text_noise * rng.standard_normal(text[spoken].shape, dtype=np.float32)
    if shares.rewording and data.reworded:
        text[spoken, 0] += (
            shares.rewording * rng.random((len(spoken), 1), dtype=np.float32) * rephrased(data, len(spoken), rng)
        )
    arrays = (x0, mask, text, action, conditioned, observed, observed_mask)
    return Batch(*(torch.from_numpy(values) for values in arrays))


def rephrased(data: TrainingSet, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Differences [count, E] between the embeddings of two sentences that say one thing, whatever that is."""
    groups = [data.reworded[k] for k in rng.integers(len(data.reworded), size=count)]
    return np.stack([group[rng.integers(len(group))] - group[rng.integers(len(group))] for group in groups])
