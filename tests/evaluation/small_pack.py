"""A pack in memory whose truth is known: bodies that move in 8 directions at 4 speeds, each with words of its own."""

from __future__ import annotations

import numpy as np

from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.pack import Pack
from tests.datasets.bodies import moved, standing

DIRECTIONS, SPEEDS, WORDS = 8, (0.4, 0.9, 1.5, 2.2), 12
KINDS = DIRECTIONS * len(SPEEDS)
FRAMES = 72
SUBJECTS = (1, 2, HELD_OUT[0])


def motion(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Positions [72, 22, 3]: kind // 4 says in which direction against its facing, kind % 4 how fast."""
    angle = 2 * np.pi * (kind // len(SPEEDS)) / DIRECTIONS
    speed = SPEEDS[kind % len(SPEEDS)] * rng.uniform(0.95, 1.05)
    body = moved(standing(FRAMES), (speed * float(np.sin(angle)), 0, speed * float(np.cos(angle))))
    body = about(body, rng.uniform(-np.pi, np.pi))
    swing = 0.1 * np.sin(np.arange(FRAMES) * rng.uniform(0.3, 0.5) + rng.uniform(0, 6))
    body[:, [18, 20], 2] += swing[:, None]
    return body.astype(np.float32)


def about(positions: np.ndarray, angle: float) -> np.ndarray:
    """The whole motion turned about Y."""
    c, s = np.cos(angle), np.sin(angle)
    x, z = positions[..., 0], positions[..., 2]
    return np.stack([c * x + s * z, positions[..., 1], c * z - s * x], axis=-1)


def mirrored(kind: int) -> int:
    """The kind that a kind's mirror image is."""
    direction, speed = divmod(kind, len(SPEEDS))
    return (-direction % DIRECTIONS) * len(SPEEDS) + speed


def small_pack(copies: int = 2, seed: int = 0) -> Pack:
    """Of every kind `copies` clips of each subject; a clip's window is the whole of it, its sentence its kind."""
    rng = np.random.default_rng(seed)
    labels = [(subject, kind) for subject in SUBJECTS for kind in range(KINDS) for _ in range(copies)]
    clips = [motion(kind, rng) for _, kind in labels]
    words = np.random.default_rng(7).normal(size=(KINDS, WORDS))
    count = len(clips)
    return Pack(
        positions=np.concatenate(clips),
        offsets=np.arange(count + 1) * FRAMES,
        names=tuple(f"{subject}_{number}" for number, (subject, _) in enumerate(labels)),
        subjects=np.array([subject for subject, _ in labels]),
        windows=np.array([(number, 0, FRAMES) for number in range(count)]),
        weight=np.full(count, 1 / count),
        words=tuple(np.array([kind]) for _, kind in labels),
        sentences=tuple(f"kind {kind}" for kind in range(KINDS)),
        mirrored=np.array([mirrored(kind) for kind in range(KINDS)]),
        embeddings=(words / np.linalg.norm(words, axis=1, keepdims=True)).astype(np.float16),
        actions=np.full(count, -1),
        action_names=(),
    )
