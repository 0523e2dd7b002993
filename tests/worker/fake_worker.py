"""A worker with a model that is quick, exact and ill-behaved on demand; run as a script by the tests.

The prompt says what the model does: "slow", "print", "crash", "raise", "refuse", "hang" (never looks at a
cancel); anything else makes positions that hold the seed of their take.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mdm_core.errors import MotionError
from mdm_core.generator import Request
from mdm_core.motion import Motion
from mdm_core.skeleton import JOINT_NAMES
from mdm_core.worker.__main__ import main

FPS = 20.0
STEPS = 10


class FakeModel:
    card: ClassVar[dict[str, Any]] = {"name": "fake"}

    def generate(self, request: Request, *, on_step: Callable[[int, int], None] | None = None) -> list[Motion]:
        prompt = request.prompts[0]
        if not prompt.strip():
            raise MotionError("Type what the character does.")
        if request.seconds is not None and not 0.5 <= request.seconds <= 9.8:
            raise MotionError(f"The model makes 0.5 to 9.8 seconds, not {request.seconds:g}.")
        steps = 150 if "slow" in prompt else STEPS
        for step in range(steps):
            misbehave(prompt)
            if "slow" in prompt:
                time.sleep(0.02)
            if on_step is not None:
                on_step(step + 1, steps)
        return [take(request, k) for k in range(request.takes)]


def misbehave(prompt: str) -> None:
    if "print" in prompt:
        print("noise from a library")
        os.write(1, b"noise from a C library\n")
        sys.stdout.buffer.write(b"\x00\x01\x02 binary noise\n")
    if "refuse" in prompt:
        raise MotionError("The weights are damaged; install the add-on again.")
    if "raise" in prompt:
        raise ZeroDivisionError("one by nothing")
    if "crash" in prompt:
        print("the last words of the worker", file=sys.stderr, flush=True)
        os._exit(3)
    if "hang" in prompt:
        time.sleep(3600)


def take(request: Request, k: int) -> Motion:
    """A figure that stands (`standing`) and moves forward half a metre a second."""
    frames = round((request.seconds or 6.0) * FPS)
    positions = np.tile(standing(), (frames, 1, 1))
    positions[:, :, 2] += np.arange(frames, dtype=np.float32)[:, None] * 0.5 / FPS
    contacts = np.ones((frames, 4), dtype=np.bool_)
    return Motion(positions, FPS, contacts, request.prompts[0], request.seed + k, "fake")


def standing() -> np.ndarray:
    """Joint positions [22, 3] of a person who stands with the arms down."""
    rows: list[tuple[float, ...]] = []
    for name in JOINT_NAMES:
        side, _, joint = name.partition("_")
        x, y, z = MIDDLE[name] if name in MIDDLE else LEFT[joint]
        rows.append((-x, y, z) if side == "right" else (x, y, z))
    return np.array(rows, dtype=np.float32)


MIDDLE = {
    "pelvis": (0.0, 0.96, 0.0),
    "spine1": (0.0, 1.06, 0.0),
    "spine2": (0.0, 1.20, 0.0),
    "spine3": (0.0, 1.26, 0.0),
    "neck": (0.0, 1.48, 0.0),
    "head": (0.0, 1.60, 0.02),
}
LEFT = {
    "hip": (0.10, 0.90, 0.0),
    "knee": (0.10, 0.50, 0.02),
    "ankle": (0.10, 0.08, 0.0),
    "foot": (0.10, 0.02, 0.13),
    "collar": (0.06, 1.42, 0.0),
    "shoulder": (0.18, 1.42, 0.0),
    "elbow": (0.22, 1.16, 0.0),
    "wrist": (0.24, 0.90, 0.03),
}


def load(model: str, engine: str, device: str) -> FakeModel:
    if model == "damaged":
        raise MotionError("The weights in 'damaged' can't be read; install the add-on again.")
    print(f"loading {model} with {engine} on {device}")
    return FakeModel()


if __name__ == "__main__":
    main(load)
