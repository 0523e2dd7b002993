"""What a training batch is shown of its motions, so that editing is learnt: random joints x frames (CondMDI)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mdm_core.editing import masks
from mdm_core.features.layout import Layout
from mdm_core.skeleton import JOINTS, PARTS

Mask = NDArray[np.bool_]
Pattern = Callable[[int, np.random.Generator], Mask]
"""Frames and chance to the known joints [T, 22]."""

MOVING = ("velocity", "contact")


def key_poses(frames: int, rng: np.random.Generator) -> Mask:
    """One to eight whole poses, as an animator sets them."""
    known = np.zeros((frames, JOINTS), dtype=bool)
    known[rng.integers(frames, size=rng.integers(1, 9))] = True
    if rng.random() < 0.5:
        known[0] = True
    return known


def ends(frames: int, rng: np.random.Generator) -> Mask:
    """A beginning, an end or both; between them (or after, or before) there is a gap."""
    known = np.zeros((frames, JOINTS), dtype=bool)
    first, last = np.sort(rng.integers(1, frames, size=2)) if frames > 1 else (1, 1)
    kind = rng.integers(4)
    if kind != 0:
        known[:first] = True
    if kind in (0, 1, 2):
        known[last:] = True
    return known


def parts(frames: int, rng: np.random.Generator) -> Mask:
    """Everything but some body parts in a stretch of frames: what "redo only the arms" leaves."""
    known = np.ones((frames, JOINTS), dtype=bool)
    chosen = rng.choice(list(PARTS), size=rng.integers(1, len(PARTS)), replace=False)
    whole = rng.random() < 0.5 or frames < 3
    start, stop = (0, frames) if whole else np.sort(rng.choice(frames + 1, size=2, replace=False))
    known[start:stop, list(masks.joints_of([str(name) for name in chosen]))] = False
    return known


def scattered(frames: int, rng: np.random.Generator) -> Mask:
    """Some joints at some frames: a hand that shall be here at that time, a path of the root."""
    known = np.zeros((frames, JOINTS), dtype=bool)
    joints = rng.choice(JOINTS, size=rng.integers(1, 7), replace=False)
    if rng.random() < 0.3:
        joints = np.array([0])
    at = np.flatnonzero(rng.random(frames) < rng.choice([0.02, 0.1, 0.5, 1.0]))
    known[np.ix_(at, joints)] = True
    return known


PATTERNS: tuple[tuple[float, Pattern], ...] = ((0.3, key_poses), (0.25, ends), (0.3, parts), (0.15, scattered))


def known_features(frames: int, layout: Layout, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """A random observation: the known features [T, D], and the frames [T] whose place in the world is known too.

    Half of the time poses are known without how fast they move, as an animator's key poses are; the root's features
    are velocities but for its height, so of the root only the height is known then.
    """
    shares = np.array([share for share, _ in PATTERNS])
    pattern = PATTERNS[int(rng.choice(len(PATTERNS), p=shares / shares.sum()))][1]
    joints = pattern(frames, rng)
    known = masks.features_of(joints, layout)
    placed = joints[:, 0] & (rng.random() < 0.8)
    if pattern in (key_poses, scattered) or rng.random() < 0.2:
        still = rng.random() < 0.5
        if still or pattern is scattered:
            for group in MOVING:
                if group in layout.groups:
                    known[:, layout.slice(group)] = False
            known[:, layout.slice("root").start : layout.slice("root").start + 3] = False
    return known, placed
