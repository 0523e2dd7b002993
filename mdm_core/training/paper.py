"""Training as the paper has it (Tevet et al. 2023; spec/mdm.md sections 7 and 8), on a data set's own features.

AdamW without decay or warm-up, a uniform step, the masked error of x0 with equal weights, for rotations the geometric
losses. The bundle it writes is one of the kinds that `checkpoints.official` reads, so that everything that runs the
authors' models runs it.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_core.checkpoints.bundle import FORMAT, Bundle
from mdm_core.datasets.feature_pack import FeaturePack, load
from mdm_core.diffusion import schedule
from mdm_core.engine import torch_denoiser
from mdm_core.engine.base import Conditioning
from mdm_core.engine.torch_network import MotionNetwork
from mdm_core.errors import MotionError
from mdm_core.features.layout import GROUPS
from mdm_core.text.encoders import padded

from . import losses
from .paper_config import PaperConfig
from .state import CHECKPOINT, State, begin, resume, save, update_average

UNIT = 4
"""HumanML3D's loader: text models see lengths that are multiples of this."""
MEASURED = 8
"""Batches of the loss on clips that training never sees."""


@dataclass(frozen=True)
class PaperBatch:
    """x0: [B, T, D] normalised, zero where frame_mask [B, T] is False; text: [B, L, E] with text_mask [B, L], or None;
    action: int [B], or None."""

    x0: Tensor
    frame_mask: Tensor
    text: Tensor | None
    text_mask: Tensor | None
    action: Tensor | None

    def to(self, device: torch.device) -> PaperBatch:
        """The batch on the device."""
        optional = [None if v is None else v.to(device) for v in (self.text, self.text_mask, self.action)]
        return PaperBatch(self.x0.to(device), self.frame_mask.to(device), *optional)


def train(config: PaperConfig, device: torch.device) -> Path:
    """Trains as `config` says, goes on from a checkpoint if there is one, and returns the folder of the bundle."""
    pack = load(Path(config.pack))
    check(config, pack)
    torch.manual_seed(config.seed)
    network = torch_denoiser.build(architecture(config, pack) | {"dropout": config.network.dropout}).to(device)
    adam = torch.optim.AdamW(
        network.parameters(), lr=config.training.learning_rate, weight_decay=config.training.weight_decay
    )
    state = begin(network, (adam,), config.seed)
    out = Path(config.out)
    if (out / CHECKPOINT).exists():
        resume(state, out / CHECKPOINT, device)
        print(f"Going on from step {state.step} of {out / CHECKPOINT}.", file=sys.stderr)
    run_steps(state, config, pack, device)
    save(state, out / CHECKPOINT)
    bundle(state, config, pack).write(out / "bundle", half=False)
    return out / "bundle"


def check(config: PaperConfig, pack: FeaturePack) -> None:
    """MotionError if the pack has not what the configuration asks for."""
    weights = (config.training.position_weight, config.training.velocity_weight, config.training.contact_weight)
    if any(weights) and pack.about.representation != "smpl_rot6d":
        raise MotionError(
            f"{config.pack} holds {pack.about.representation} features; the position, velocity and contact weights are "
            "for rotations: set them to 0, or build the pack with --rotations."
        )
    if config.condition == "text" and not len(pack.states):
        raise MotionError(f'{config.pack} holds no captions; build it with them, or set the condition to "none".')
    if config.condition == "action" and (pack.actions[~pack.unseen] < 0).any():
        raise MotionError(f"{config.pack} has clips without an action; give each one, or build it with --labelled.")


def architecture(config: PaperConfig, pack: FeaturePack) -> dict[str, Any]:
    """The card's "architecture"."""
    network = config.network
    sizes: dict[str, Any] = {
        "arch": network.arch,
        "features": pack.features.shape[1],
        "text_dim": pack.states.shape[1] if config.condition == "text" else None,
        "actions": len(pack.action_names) if config.condition == "action" else 0,
        "latent": network.latent,
        "layers": network.layers,
        "heads": network.heads,
        "feed_forward": network.feed_forward,
        "frames_per_token": 1,
    }
    if network.arch == "trans_dec":
        sizes |= {"extra_token": "none", "text_policy": "add"}
    return sizes


def run_steps(state: State[MotionNetwork], config: PaperConfig, pack: FeaturePack, device: torch.device) -> None:
    """The loop, from `state.step` to the end."""
    training, out, network = config.training, Path(config.out), state.network
    levels = tensors(config, device)
    generator = torch.Generator(device).manual_seed(config.seed + state.step)
    seen = np.flatnonzero(~pack.unseen)
    network.train()
    started, first, saved = time.monotonic(), state.step, time.monotonic()
    while state.step < training.steps:
        given = batch(pack, config, seen, training.batch, state.rng).to(device)
        value = loss(network, given, levels, config, generator)
        network.zero_grad(set_to_none=True)
        value.backward()
        for optimizer in state.optimizers:
            optimizer.step()
        state.step += 1
        update_average(state, training.ema)
        if state.step % 20 == 0:
            if not math.isfinite(float(value.detach())):
                raise MotionError("The loss is no number any more; lower the learning rate, or check the data.")
            pace = (time.monotonic() - started) / (state.step - first)
            left = int(pace * (training.steps - state.step))
            said = f"\r{state.step}/{training.steps}  loss {float(value.detach()):.4f}"
            print(f"{said}  {pace:.2f} s a step  {left} s left   ", end="", file=sys.stderr, flush=True)
        if time.monotonic() - saved > 60 * training.save_minutes:
            save(state, out / CHECKPOINT)
            saved = time.monotonic()
        if state.step % training.report_every == 0 or state.step == training.steps:
            report(state, config, pack, device)
            save(state, out / CHECKPOINT)


def report(state: State[MotionNetwork], config: PaperConfig, pack: FeaturePack, device: torch.device) -> None:
    """Writes the bundle, and the averaged weights' loss into the log: of unseen clips, if there are any."""
    out, network = Path(config.out), state.network
    trained = {k: v.detach().clone() for k, v in network.state_dict().items()}
    network.load_state_dict(state.average)
    network.eval()
    which = np.flatnonzero(pack.unseen if pack.unseen.any() else ~pack.unseen)
    rng, generator = np.random.default_rng(0), torch.Generator(device).manual_seed(0)
    levels = tensors(config, device)
    with torch.no_grad():
        values = [
            float(loss(network, batch(pack, config, which, 32, rng).to(device), levels, config, generator))
            for _ in range(MEASURED)
        ]
    network.load_state_dict(trained)
    network.train()
    out.mkdir(parents=True, exist_ok=True)
    value = sum(values) / len(values)
    print(f"\nstep {state.step}: loss {'on unseen clips ' if pack.unseen.any() else ''}{value:.4f}", file=sys.stderr)
    with (out / "log.csv").open("a", encoding="utf-8") as log:
        log.write(f"{state.step},{value:.5f}\n")
    bundle(state, config, pack).write(out / "bundle", half=False)


def tensors(config: PaperConfig, device: torch.device) -> tuple[Tensor, Tensor]:
    """The chain's signal and noise by step, float32 [steps]."""
    levels = schedule.named(config.diffusion.schedule, config.diffusion.steps)
    values = (np.sqrt(levels.alpha_bar), np.sqrt(1 - levels.alpha_bar))
    return cast("tuple[Tensor, Tensor]", tuple(torch.as_tensor(v, dtype=torch.float32, device=device) for v in values))


def batch(
    pack: FeaturePack, config: PaperConfig, which: NDArray[np.integer[Any]], size: int, rng: np.random.Generator
) -> PaperBatch:
    """`size` clips of `which`, cut as the published loaders cut them, with one caption each."""
    drawn = rng.choice(which, size)
    longest = config.training.frames
    rotations = pack.about.representation == "smpl_rot6d"
    x0 = np.zeros((size, longest, pack.features.shape[1]), dtype=np.float32)
    mask = np.zeros((size, longest), dtype=bool)
    for row, clip in enumerate(drawn):
        whole = pack.features[pack.offsets[clip] : pack.offsets[clip + 1]]
        cut = stretch(whole, longest, rng) if rotations else crop(whole, longest, rng)
        x0[row, : len(cut)] = (cut - pack.mean) / pack.std
        mask[row, : len(cut)] = True
    text: NDArray[np.float32] | None = None
    text_mask: NDArray[np.bool_] | None = None
    if config.condition == "text":
        text, text_mask = padded([states(pack, clip, rng) for clip in drawn])
    action = pack.actions[drawn] if config.condition == "action" else None
    optional = [None if v is None else torch.from_numpy(v) for v in (text, text_mask, action)]
    return PaperBatch(torch.from_numpy(x0), torch.from_numpy(mask), *optional)


def crop(clip: NDArray[np.float32], longest: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """HumanML3D's loader: the length floored to a multiple of `UNIT`, in a third of cases one unit less, anywhere."""
    units = min(len(clip), longest) // UNIT - (rng.random() < 1 / 3)
    frames = max(units, 1) * UNIT
    start = int(rng.integers(max(len(clip) - frames, 0) + 1))
    return clip[start : start + frames]


def stretch(clip: NDArray[np.float32], frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The action loaders: so many frames from anywhere, of short clips the last repeated; the root begins at 0."""
    if len(clip) < frames:
        cut = np.concatenate([clip, np.repeat(clip[-1:], frames - len(clip), axis=0)])
    else:
        start = int(rng.integers(len(clip) - frames + 1))
        cut = clip[start : start + frames].copy()
    cut[:, 144:147] -= cut[0, 144:147].copy()
    return cut


def states(pack: FeaturePack, clip: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The encoder's states [L, E] of one caption of a clip; a single zero row for a clip without words."""
    words = pack.words[clip]
    if not len(words):
        return np.zeros((1, pack.states.shape[1]), dtype=np.float32)
    k = int(rng.choice(words))
    return pack.states[pack.state_offsets[k] : pack.state_offsets[k + 1]].astype(np.float32)


def loss(
    network: MotionNetwork,
    given: PaperBatch,
    levels: tuple[Tensor, Tensor],
    config: PaperConfig,
    generator: torch.Generator,
) -> Tensor:
    """The paper's loss of a batch at random steps, with conditions dropped at random."""
    training, size, device = config.training, len(given.x0), given.x0.device
    step = torch.randint(len(levels[0]), (size,), generator=generator, device=device)
    kept = torch.rand(size, generator=generator, device=device) >= training.condition_dropout
    if given.text is not None:
        kept &= given.text.flatten(1).any(dim=1)
    noise = torch.randn(given.x0.shape, generator=generator, device=device)
    noisy = levels[0][step][:, None, None] * given.x0 + levels[1][step][:, None, None] * noise
    conditioning = Conditioning(
        keep=kept.float(),
        text=given.text,
        text_mask=given.text_mask,
        action=given.action,
        frame_mask=given.frame_mask if training.mask_frames else None,
    )
    predicted = network(noisy, step, conditioning)
    total = losses.masked_l2(predicted, given.x0, given.frame_mask)
    if training.position_weight or training.velocity_weight or training.contact_weight:
        total = total + losses.geometric_loss(
            predicted,
            given.x0,
            given.frame_mask,
            position=training.position_weight,
            velocity=training.velocity_weight,
            contact=training.contact_weight,
        )
    return total


def bundle(state: State[MotionNetwork], config: PaperConfig, pack: FeaturePack) -> Bundle:
    """The averaged weights with their card; see `checkpoints.official.card`."""
    about, training = pack.about, config.training
    text = {"encoder": about.encoder} | ({"context": about.context} if about.context else {})
    null = training.condition_dropout > 0
    card: dict[str, Any] = {
        "format": FORMAT,
        "name": config.name,
        "architecture": architecture(config, pack),
        "condition": config.condition,
        "diffusion": asdict(config.diffusion),
        "features": {
            "representation": about.representation,
            "groups": ["rot6d"] if about.representation == "smpl_rot6d" else list(GROUPS),
            "fps": about.fps,
            "facing": "humanml3d",
        },
        "frames": {"min": 1, "max": training.frames, "mask": training.mask_frames},
        "text": text if config.condition == "text" else {},
        "guidance": config.guidance if null else 1.0,
        "null_condition": null,
        "sampler": {"name": "ancestral", "steps": config.diffusion.steps},
        "data": about.data,
        **({"actions": list(pack.action_names)} if config.condition == "action" else {}),
        "training": {"steps": state.step, "settings": asdict(training), "seed": config.seed},
        "licence": about.licence,
    }
    numbers = {name: value.detach().cpu().numpy() for name, value in state.average.items()}
    return Bundle(card, {**numbers, "mean": pack.mean, "std": pack.std})
