"""MotionGenerator: words in, motions out, for the command line, the worker and scripts. No files and no rigs here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdm_core import editor
from mdm_core.arrays import Array
from mdm_core.checkpoints import bundle as bundles
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.cleanup import clean
from mdm_core.diffusion import guidance, samplers, schedule
from mdm_core.editing.request import EditRequest
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning
from mdm_core.errors import MotionError
from mdm_core.features import humanml3d
from mdm_core.features.layout import WIDTH, Layout
from mdm_core.motion import Motion

OnStep = Callable[[int, int], None]

BATCH_FRAMES = 4096
"""Frames denoised at once at most (twenty takes of ten seconds): more gains nothing and memory runs out."""


class TextEncoder(Protocol):
    """Sentences to vectors [B, E]; `text.minilm.MiniLM` is one."""

    def encode(self, sentences: list[str], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Request:
    """What is asked of a model.

    prompts: one sentence each; seconds: length of every take; take k of a prompt is made with seed + k.
    guidance, steps, sampler: None for what the model's card says. clean: whether bones are made constant and feet are
    locked (`cleanup.clean`), or the model's output is given as it is.
    """

    prompts: tuple[str, ...]
    seconds: float = 6.0
    seed: int = 0
    takes: int = 1
    guidance: float | None = None
    steps: int | None = None
    sampler: str | None = None
    clean: bool = True


@dataclass(frozen=True)
class Job:
    """One take to be made."""

    prompt: str
    seed: int


class MotionGenerator:
    """A loaded model. `load` makes one; it keeps the network and the text encoder between requests."""

    def __init__(self, bundle: Bundle, engine: loading.Engine, encoder: TextEncoder | None = None) -> None:
        """encoder: None for the one that the card names, loaded at the first request."""
        self.card: dict[str, Any] = bundle.card
        self.engine = engine
        self.mean, self.std = bundle.tensors["mean"], bundle.tensors["std"]
        self.layout = layout_of(bundle.card)
        self._encoder = encoder

    @staticmethod
    def load(model: str = "bundled", *, engine: str = "auto", device: str = "auto") -> MotionGenerator:
        """A model by name or path of its folder; MotionError if it, the engine or device is not there."""
        bundle = Bundle.read(bundles.find(model))
        layout_of(bundle.card)
        return MotionGenerator(bundle, loading.load(bundle, engine, device))

    def generate(self, request: Request, *, on_step: OnStep | None = None) -> list[Motion]:
        """The takes of `request`: all of the first prompt, then all of the second, and so on.

        The same request gives the same motion on both engines, alone or among others, for its noise is always
        NumPy's. on_step(done, total) is called after every denoising step and may raise `Cancelled`.
        Raises MotionError if the request cannot be met; nothing is computed then.
        """
        frames = check(request, self.card)
        sampler, levels = self.sampling(request.sampler, request.steps)
        scale = float(self.card["guidance"]) if request.guidance is None else float(request.guidance)
        jobs = [Job(prompt, request.seed + k) for prompt in request.prompts for k in range(request.takes)]
        texts = self.encode(request.prompts)

        made = frames if self.card["frames"].get("mask", True) else int(self.card["frames"]["max"])
        batches = split(jobs, max(1, BATCH_FRAMES // made))
        motions: list[Motion] = []
        for k, batch in enumerate(batches):
            x, noise = self.noise([job.seed for job in batch], made)
            x0 = sampler(
                guidance.guided(self.engine.denoiser, scale),
                self._conditioning([texts[job.prompt] for job in batch]),
                levels,
                x,
                noise,
                on_step=on_batch_step(on_step, k, len(batches)),
            )
            features = self.engine.out(x0)[:, :frames] * self.std + self.mean
            motions += [
                self._motion(values, job, clean_up=request.clean) for values, job in zip(features, batch, strict=True)
            ]
        return motions

    def edit(self, motion: Motion | None, request: EditRequest, *, on_step: OnStep | None = None) -> list[Motion]:
        """The takes of an edit of `motion`: a part, a stretch, between poses, longer, looping, varied.

        It starts from the positions, at any frame rate and on any body; what is kept comes back bit for bit, at the
        same rate and in the same world (docs/editing.md). motion: None for a timeline, which makes a new one.
        on_step: as in `generate`.
        Raises MotionError if the request cannot be met.
        """
        return editor.edit(self, motion, request, on_step)

    def sampling(self, name: str | None, steps: int | None) -> tuple[samplers.Sampler, schedule.Schedule]:
        """The sampler and the noise levels that it walks; None for what the card says."""
        name = name or str(self.default("name", "ancestral"))
        chain = schedule.named(self.card["diffusion"]["schedule"], int(self.card["diffusion"]["steps"]))
        steps = int(self.default("steps", len(chain))) if steps is None else steps
        return samplers.named(name), samplers.walk(name, chain, steps)

    def default(self, name: str, otherwise: Any) -> Any:
        """What the card says of sampling."""
        return self.card.get("sampler", {}).get(name, otherwise)

    def encode(self, prompts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Each prompt's vector [E]; every distinct prompt is encoded once, alone, so that others do not change it."""
        if self._encoder is None:
            self._encoder = load_encoder(self.card["text"]["encoder"])
        return {prompt: self._encoder.encode([prompt])[0] for prompt in dict.fromkeys(prompts)}

    def _conditioning(self, texts: list[NDArray[np.float32]]) -> Conditioning:
        return Conditioning(
            keep=self.engine.into(np.ones(len(texts), dtype=np.float32)),
            text=self.engine.into(np.stack(texts)[:, None].astype(np.float32)),
        )

    def noise(self, seeds: list[int], frames: int) -> tuple[Array, samplers.Noise]:
        """The start [B, frames, D] and each step's noise, drawn in this order from one NumPy generator a take."""
        generators = [np.random.default_rng(seed) for seed in seeds]
        shape = (frames, self.layout.width)

        def draw(_: int = 0) -> Array:
            return self.engine.into(np.stack([g.standard_normal(shape, dtype=np.float32) for g in generators]))

        return draw(), draw

    def _motion(self, features: NDArray[np.float32], job: Job, *, clean_up: bool) -> Motion:
        """One take from denormalised features [T, D]."""
        features = features.astype(np.float32)
        full = np.zeros((len(features), WIDTH), dtype=np.float64)
        full[:, self.layout.columns] = features
        positions = humanml3d.recover_positions(full).astype(np.float32)
        if not np.isfinite(positions).all():
            raise MotionError("The model made numbers that are no motion; install the model again.")
        scores = features[:, self.layout.slice("contact")] if "contact" in self.layout.groups else None
        motion = Motion(
            positions=positions,
            fps=float(self.card["features"]["fps"]),
            contacts=None if scores is None else scores > 0.5,
            prompt=job.prompt,
            seed=job.seed,
            model=str(self.card["name"]),
            features=features,
        )
        return clean(motion, scores) if clean_up else motion


def check(request: Request, card: dict[str, Any]) -> int:
    """The number of frames asked for; MotionError in a sentence if the request cannot be met."""
    if not request.prompts or not all(prompt.strip() for prompt in request.prompts):
        raise MotionError("The prompt is empty; say in a few words what the character does.")
    fps, frames = float(card["features"]["fps"]), card["frames"]
    shortest, longest = max(0.5, frames["min"] / fps), frames["max"] / fps
    if not (math.isfinite(request.seconds) and shortest <= request.seconds <= longest):
        raise MotionError(
            f"This model makes motions of {shortest:g} to {longest:g} seconds, not {request.seconds:g}; "
            "choose a length in between."
        )
    if request.takes < 1:
        raise MotionError(f"The number of takes must be 1 or more, not {request.takes}.")
    if not 0 <= request.seed <= 2**63 - 1 - request.takes:
        raise MotionError(f"The seed must be a whole number from 0 up, not {request.seed}.")
    if request.guidance is not None and not (math.isfinite(request.guidance) and request.guidance >= 0):
        raise MotionError(f"Guidance must be 0 or more, not {request.guidance:g}; 2.5 is usual.")
    return min(round(request.seconds * fps), int(frames["max"]))


def layout_of(card: dict[str, Any]) -> Layout:
    """The feature columns of a text model; MotionError for a model that this generator cannot decode."""
    features = card["features"]
    if features.get("representation") != "humanml3d" or card.get("condition", "text") != "text":
        raise MotionError(f'The model "{card["name"]}" is not a text model of SMPL-22 motion; use another one.')
    layout = Layout(tuple(features["groups"]))
    if layout.width != card["architecture"]["features"]:
        raise MotionError(f'The card of "{card["name"]}" contradicts itself on its features; install the model again.')
    return layout


def load_encoder(name: str) -> TextEncoder:
    """The text encoder that a card names."""
    if name != "all-MiniLM-L6-v2":
        raise MotionError(f'The text encoder "{name}" is not supported yet; use a model with all-MiniLM-L6-v2.')
    from mdm_core.text.minilm import MiniLM

    return MiniLM.load()


def split(jobs: list[Job], size: int) -> list[list[Job]]:
    """Batches of at most `size` jobs, in order and as even as can be."""
    count = -(-len(jobs) // size)
    edges = np.linspace(0, len(jobs), count + 1).round().astype(int)
    return [jobs[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def on_batch_step(on_step: OnStep | None, batch: int, batches: int) -> OnStep | None:
    """Progress of one of several batches as progress of the whole."""
    if on_step is None:
        return None
    return lambda done, total: on_step(batch * total + done, batches * total)
