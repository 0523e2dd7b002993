"""Asking a model for many motions: captions or actions of given lengths, each with a seed of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mdm_core.generator import MotionGenerator, OnStep, Request
from mdm_core.motion import Motion


@dataclass(frozen=True)
class Asking:
    """How a model is asked. guidance, steps: None for its own; clean: with clean-up of bones and feet."""

    generator: MotionGenerator
    guidance: float | None = None
    steps: int | None = None
    clean: bool = True
    on_step: OnStep | None = None

    @property
    def fps(self) -> float:
        """The model's own frame rate."""
        return float(self.generator.card["features"]["fps"])

    def motions(self, wanted: Sequence[tuple[str, int]], fps: float, first_seed: int = 0) -> list[Motion]:
        """A motion at the model's rate for each (caption or action, frames at `fps`), as long or a frame longer.

        The k-th has the seed first_seed + k. Those of one length are made together; on_step hears thousandths of all.
        """
        groups: dict[int, list[int]] = {}
        for number, (_, frames) in enumerate(wanted):
            groups.setdefault(math.ceil((frames - 1) * self.fps / fps) + 1, []).append(number)
        made: dict[int, Motion] = {}
        for done, (frames, numbers) in enumerate(sorted(groups.items())):
            asked = tuple(wanted[number][0] for number in numbers)
            told = self.generator.condition != "none"
            request = Request(
                prompts=asked if self.generator.condition == "text" else (),
                actions=asked if self.generator.condition == "action" else (),
                takes=1 if told else len(numbers),
                seed=first_seed + numbers[0],
                seeds=tuple(first_seed + number for number in numbers) if told else (),
                seconds=frames / self.fps,
                guidance=self.guidance,
                steps=self.steps,
                clean=self.clean,
            )
            motions = self.generator.generate(request, on_step=within(self.on_step, done, len(groups)))
            made.update(zip(numbers, motions, strict=True))
        return [made[number] for number in range(len(wanted))]


def within(on_step: OnStep | None, done: int, groups: int) -> OnStep | None:
    """Progress of one of several requests as progress of all, in thousandths."""
    if on_step is None:
        return None
    return lambda step, of: on_step(int(1000 * (done + step / of) / groups), 1000)
