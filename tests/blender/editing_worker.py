"""A worker whose edits are known: what changes turns by a little more each frame, what is kept stays as it was sent.

Run as a script by the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mdm_core.editing.plan import scene
from mdm_core.editing.request import EditRequest, check
from mdm_core.errors import MotionError
from mdm_core.generator import Request
from mdm_core.motion import Motion
from mdm_core.worker.__main__ import main
from tests.worker.fake_worker import FPS, FakeModel, standing, take


class Editor(FakeModel):
    """`edit` swings free limbs, sways free hips, and adds frames that go on as the last one."""

    def edit(
        self, motion: Motion | None, request: EditRequest, *, on_step: Callable[[int, int], None] | None = None
    ) -> list[Motion]:
        if any("refuse" in it for it in (request.prompt, *(row.prompt for row in request.timeline))):
            raise MotionError("The weights are damaged; install the add-on again.")
        if motion is None:
            check(request, None)
            return [sequence(request, k) for k in range(request.takes)]
        check(request, len(motion))
        if request.loop:
            return [around(motion, request.seed + k) for k in range(request.takes)]
        made = scene(motion, request)
        if on_step is not None:
            on_step(1, 1)
        return [changed(motion, made.positions, made.free, request, k) for k in range(request.takes)]


def sequence(request: EditRequest, number: int) -> Motion:
    """A timeline as a walk whose pace is another in each row, at the timeline's rate."""
    rate = request.timeline_fps or FPS
    made = take(Request(("",), seconds=request.timeline[-1].stop / FPS, seed=request.seed), number)
    pace = np.concatenate([np.full(it.stop - it.start, 0.5 + k) for k, it in enumerate(request.timeline)]) / rate
    positions = np.tile(standing(), (len(pace), 1, 1))
    positions[:, :, 2] += np.cumsum(pace, dtype=np.float32)[:, None]
    prompt = " / ".join(it.prompt for it in request.timeline)
    return replace(made, positions=positions, contacts=None, fps=rate, prompt=prompt)


def around(motion: Motion, seed: int) -> Motion:
    """The motion, and its first frame once more where it has come to."""
    end = motion.positions[:1] + (motion.positions[-1:, :1] - motion.positions[:1, :1]) * np.float32([1, 0, 1])
    positions = np.concatenate([motion.positions, end])
    contacts = None if motion.contacts is None else np.concatenate([motion.contacts, motion.contacts[:1]])
    return replace(motion, positions=positions, contacts=contacts, seed=seed, model="fake")


def changed(motion: Motion, positions: Any, free: Any, request: EditRequest, take: int) -> Motion:
    seed = request.seed + take
    result = positions.copy()
    chains = {16: (18, 20), 17: (19, 21), 1: (4, 7, 10), 2: (5, 8, 11), 9: (12, 15)}
    for start, below in chains.items():
        for frame in np.flatnonzero(free[:, start]):
            angle = 0.5 * np.sin(0.2 * (frame + seed)) * (1.0 if start > 2 else 0.3)
            turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
            for joint in below:
                result[frame, joint] = result[frame, start] + turn @ (result[frame, joint] - result[frame, start])
    sway = np.where(free[:, 0], 0.05 * np.sin(0.3 * (np.arange(len(free)) + seed)), 0.0)
    result[:, :, 0] += sway[:, None]
    return replace(
        motion,
        positions=result.astype(np.float32),
        contacts=None if motion.contacts is None else np.pad(motion.contacts, ((0, len(free) - len(motion)), (0, 0))),
        prompt=request.prompt,
        seed=seed,
        model="fake",
    )


if __name__ == "__main__":
    main(lambda model, engine, device: Editor())
