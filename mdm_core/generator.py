"""MotionGenerator: words in, motions out, for the command line, the worker and scripts. No files and no rigs here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import actions, editor
from mdm_core.arrays import Array
from mdm_core.checkpoints import bundle as bundles
from mdm_core.checkpoints.bundle import Bundle
from mdm_core.cleanup import clean
from mdm_core.diffusion import autoregressive, guidance, samplers, schedule
from mdm_core.editing.request import EditRequest
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning, Denoiser
from mdm_core.errors import MotionError
from mdm_core.features import decoding
from mdm_core.features.layout import Layout
from mdm_core.features.standing import standing
from mdm_core.motion import Motion
from mdm_core.text import encoders
from mdm_core.text.encoders import SentenceEncoder

OnStep = Callable[[int, int], None]

BATCH_FRAMES = 4096
"""Frames denoised at once at most (twenty takes of ten seconds): more gains nothing and memory runs out."""


USUAL_SECONDS = 6.0
"""Length of a take where none is asked for, or as much of it as the model can make."""


@dataclass(frozen=True)
class Request:
    """What is asked of a model.

    prompts: one sentence each, for models of words; with a model that continues its own motion (DiP) "walks | sits"
    is one after the other. actions: labels instead, for models that know some; models without a condition are given
    neither.
    seconds: length of every take, None for the usual; take k of a prompt is made with seed + k. seeds: one for each
    prompt, where they shall not all begin with the same.
    guidance, steps, sampler: None for what the model's card says. clean: whether bones are made constant and feet are
    locked (`cleanup.clean`), or the model's output is given as it is.
    """

    prompts: tuple[str, ...] = ()
    seconds: float | None = None
    seed: int = 0
    takes: int = 1
    guidance: float | None = None
    steps: int | None = None
    sampler: str | None = None
    clean: bool = True
    actions: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """The prompts or actions; one empty one for a model that is told nothing."""
        return self.prompts or self.actions or ("",)

    @property
    def first_seeds(self) -> tuple[int, ...]:
        """The seed of the first take of each."""
        return self.seeds or (self.seed,) * len(self.asked)


@dataclass(frozen=True)
class Job:
    """One take to be made."""

    prompt: str
    seed: int
    labelled: bool = False


@dataclass(frozen=True)
class Sampling:
    """How a batch is sampled."""

    sampler: samplers.Sampler
    levels: schedule.Schedule
    denoiser: Denoiser
    on_step: OnStep | None

    def run(self, conditioning: Conditioning, x: Array, noise: samplers.Noise, part: int, parts: int) -> Array:
        """x0 [B, T, D] from the start x; as progress, `part` of so many `parts`."""
        on_step = on_batch_step(self.on_step, part, parts)
        return self.sampler(self.denoiser, conditioning, self.levels, x, noise, on_step=on_step)


class MotionGenerator:
    """A loaded model. `load` makes one; it keeps the network and the text encoder between requests."""

    def __init__(self, bundle: Bundle, engine: loading.Engine, encoder: SentenceEncoder | None = None) -> None:
        """encoder: None for the one that the card names, loaded at the first request."""
        self.card: dict[str, Any] = bundle.card
        self.engine = engine
        self.mean, self.std = bundle.tensors["mean"], bundle.tensors["std"]
        self.decoding = decoding.of(bundle.card)
        self._text_adapter = bundle.text_adapter
        self._encoder = None if encoder is None else encoders.Cached(encoders.Sentence(encoder))

    @staticmethod
    def load(model: str = "bundled", *, engine: str = "auto", device: str = "auto") -> MotionGenerator:
        """A model by name, or by path of its folder or the authors' .pt.

        Raises MotionError if it, the engine or device is not there.
        """
        bundle = Bundle.read(bundles.find(model))
        decoding.of(bundle.card)
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
        labelled = bool(request.actions)
        jobs = [
            Job(asked, seed + k, labelled)
            for asked, seed in zip(request.asked, request.first_seeds, strict=True)
            for k in range(request.takes)
        ]
        if self.condition == "text" and not labelled:
            self.encode([part for asked in request.asked for part in prompts_in(asked, self.card)])

        made = self.frames_at_once(frames)
        batches = split(jobs, max(1, BATCH_FRAMES // made))
        motions: list[Motion] = []
        for k, batch in enumerate(batches):
            sample = Sampling(sampler, levels, self.guided(scale), on_batch_step(on_step, k, len(batches)))
            features = self.engine.out(self._sampled(batch, frames, sample))[:, :frames] * self.std + self.mean
            motions += [
                self._motion(values, job, clean_up=request.clean) for values, job in zip(features, batch, strict=True)
            ]
        return motions

    def frames_at_once(self, frames: int) -> int:
        """How many frames the network makes for so many: as many, all that it knows, or a block of them."""
        known = self.card["frames"]
        return int(known["block"]) if "block" in known else frames if known.get("mask", True) else int(known["max"])

    def _sampled(self, batch: list[Job], frames: int, sampling: Sampling) -> Array:
        """Normalised features [B, T, D] of a batch, T >= frames."""
        size = self.frames_at_once(frames)
        x, noise = self.noise([job.seed for job in batch], size)
        if "block" not in self.card["frames"]:
            told = self.conditioning([job.prompt for job in batch], labelled=batch[0].labelled)
            return sampling.run(told, x, noise, 0, 1)
        count = autoregressive.blocks(frames, size)
        parts = [autoregressive.parts_of(job.prompt, count) for job in batch]

        def block(i: int, prefix: Array) -> Array:
            conditioning = replace(self.conditioning([part[i] for part in parts]), prefix=prefix)
            return sampling.run(conditioning, noise(0) if i else x, noise, i, count)

        layout = self.decoding.layout or Layout()
        still = standing(int(self.card["architecture"]["prefix"]), layout, self.mean, self.std)
        return autoregressive.continued(self.engine.into(np.stack([still] * len(batch))), frames, size, block)

    def edit(self, motion: Motion | None, request: EditRequest, *, on_step: OnStep | None = None) -> list[Motion]:
        """The takes of an edit of `motion`: a part, a stretch, between poses, longer, looping, varied.

        It starts from the positions, at any frame rate and on any body; what is kept comes back bit for bit, at the
        same rate and in the same world (docs/editing.md). motion: None for a timeline, which makes a new one.
        on_step: as in `generate`.
        Raises MotionError if the request cannot be met.
        """
        return editor.edit(self, motion, request, on_step)

    def sampling(self, name: str | None, steps: int | None) -> tuple[samplers.Sampler, schedule.Schedule]:
        """The sampler and the levels that it walks; None for what the card says, whose steps are for its sampler."""
        usual = str(self.default("name", "ancestral"))
        name = name or usual
        chain = schedule.named(self.card["diffusion"]["schedule"], int(self.card["diffusion"]["steps"]))
        if steps is None:
            steps = int(self.default("steps", len(chain))) if name == usual else len(chain)
        return samplers.named(name), samplers.walk(name, chain, steps)

    def default(self, name: str, otherwise: Any) -> Any:
        """What the card says of sampling."""
        return self.card.get("sampler", {}).get(name, otherwise)

    @property
    def condition(self) -> str:
        """What the model listens to: "text", "action" or "none"."""
        return str(self.card.get("condition", "text"))

    @property
    def layout(self) -> Layout:
        """The feature columns, for edits; MotionError for a model that cannot make them."""
        if self.decoding.layout is None or self.condition != "text" or "block" in self.card["frames"]:
            raise MotionError(f'The model "{self.card["name"]}" cannot edit motion; use the bundled one, or another.')
        return self.decoding.layout

    def guided(self, scale: float) -> Denoiser:
        """The network with classifier-free guidance."""
        together = self.card["architecture"].get("arch") != "gru"
        return guidance.guided(self.engine.denoiser, scale, together=together)

    def encode(self, prompts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Each prompt's states [L, E]; each distinct one is encoded once, alone, so that others do not change it."""
        if self._encoder is None:
            self._encoder = encoders.load(self.card["text"]["encoder"], adapter=self._text_adapter)
        return {prompt: self._encoder.states(prompt) for prompt in dict.fromkeys(prompts)}

    def conditioning(self, asked: list[str], *, labelled: bool = False) -> Conditioning:
        """Prompts, or action labels if `labelled`, one a motion, as the network takes them."""
        into, architecture = self.engine.into, self.card["architecture"]
        keep = into(np.ones(len(asked), dtype=np.float32))
        if self.condition == "none":
            return Conditioning(keep)
        if self.condition == "action" or labelled:
            labels = np.array([actions.label(name, self.card) for name in asked])
            silent = None
            if self.condition == "text":
                silent = into(np.zeros((len(asked), 1, architecture["text_dim"]), dtype=np.float32))
            return Conditioning(keep, text=silent, action=into(labels))
        known = self.encode(asked)
        text, mask = encoders.padded([known[prompt] for prompt in asked])
        return Conditioning(keep, text=into(text), text_mask=None if mask is None else into(mask))

    def noise(self, seeds: list[int], frames: int) -> tuple[Array, samplers.Noise]:
        """The start [B, frames, D] and each step's noise, drawn in this order from one NumPy generator a take."""
        generators = [np.random.default_rng(seed) for seed in seeds]
        shape = (frames, self.decoding.width)

        def draw(_: int = 0) -> Array:
            return self.engine.into(np.stack([g.standard_normal(shape, dtype=np.float32) for g in generators]))

        return draw(), draw

    def _motion(self, features: NDArray[np.float32], job: Job, *, clean_up: bool) -> Motion:
        """One take from denormalised features [T, D]."""
        features = features.astype(np.float32)
        positions = self.decoding.positions(features).astype(np.float32)
        if not np.isfinite(positions).all():
            raise MotionError("The model made numbers that are no motion; install the model again.")
        scores = None if self.decoding.contacts is None else features[:, self.decoding.contacts]
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
    check_condition(request, card)
    fps, frames = float(card["features"]["fps"]), card["frames"]
    shortest, longest = max(0.5, frames["min"] / fps), frames["max"] / fps
    seconds = min(USUAL_SECONDS, longest) if request.seconds is None else request.seconds
    if not (math.isfinite(seconds) and shortest <= seconds <= longest):
        raise MotionError(
            f"This model makes motions of {shortest:g} to {longest:g} seconds, not {seconds:g}; "
            "choose a length in between."
        )
    if request.takes < 1:
        raise MotionError(f"The number of takes must be 1 or more, not {request.takes}.")
    check_seeds(request)
    if request.guidance is not None and not (math.isfinite(request.guidance) and request.guidance >= 0):
        raise MotionError(f"Guidance must be 0 or more, not {request.guidance:g}; 2.5 is usual.")
    if request.guidance not in (None, 1) and not card.get("null_condition", True):
        raise MotionError("This model was trained without guidance, which must stay 1; leave it out.")
    return min(round(seconds * fps), int(frames["max"]))


def check_seeds(request: Request) -> None:
    """MotionError unless there is one seed for all prompts, or one for each, in the range of NumPy's generators."""
    for seed in (request.seed, *request.seeds):
        if not 0 <= seed <= 2**63 - 1 - request.takes:
            raise MotionError(f"The seed must be a whole number from 0 up, not {seed}.")
    if request.seeds and len(request.seeds) != len(request.asked):
        raise MotionError(f"There are {len(request.seeds)} seeds for {len(request.asked)} prompts; give one for each.")


def check_condition(request: Request, card: dict[str, Any]) -> None:
    """MotionError if a model is asked in another way than it was trained to listen to."""
    name, condition = card["name"], card.get("condition", "text")
    if condition == "none":
        if request.prompts or request.actions:
            raise MotionError(f'The model "{name}" makes motion without being told what; leave prompt and action out.')
    elif condition == "action":
        if not request.asked[0]:
            raise MotionError(f'The model "{name}" is asked with an action, as --action walk; give one.')
        for asked in request.asked:
            actions.label(asked, card)
    elif request.actions:
        if request.prompts:
            raise MotionError("Give a prompt or an action, not both.")
        if not card["architecture"].get("actions"):
            raise MotionError(f'The model "{name}" knows no actions but words; give a prompt.')
        for asked in request.actions:
            actions.label(asked, card)
    elif not all(part.strip() for asked in request.asked for part in prompts_in(asked, card)):
        raise MotionError("The prompt is empty; say in a few words what the character does.")


def prompts_in(asked: str, card: dict[str, Any]) -> list[str]:
    """The prompts of one motion: several where the model makes it in blocks."""
    return autoregressive.parts_of(asked, 1 + asked.count("|")) if "block" in card["frames"] else [asked]


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
