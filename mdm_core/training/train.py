"""The training loop: batches, steps, a moving average of the weights, checkpoints that survive a kill, a bundle."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mdm_core.checkpoints.bundle import ADAPTED_FORMAT, FORMAT, TEXT, Bundle
from mdm_core.checkpoints.tensors import read_safetensors
from mdm_core.datasets.cmu import HELD_OUT
from mdm_core.datasets.pack import load
from mdm_core.datasets.windows import LENGTHS
from mdm_core.diffusion import schedule
from mdm_core.engine.base import Conditioning
from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape
from mdm_core.errors import MotionError
from mdm_core.features import observation
from mdm_core.features.humanml3d import FPS
from mdm_core.features.layout import Layout
from mdm_core.text.low_rank import Adapter

from . import embeddings, losses, optimizers, sides
from .batches import Drawing, batches
from .config import Config
from .data import Batch, Shares, TrainingSet, batch, held_out, training_set
from .half import HalfNetwork, short_attention
from .state import CHECKPOINT, State, begin, resume, save, update_average

Predict = Callable[[Tensor, Tensor, Conditioning], Tensor]
"""The network as the loss sees it: noisy x, step, condition to x0."""

ROOT_AND_RIC = 67
AVERAGE = "average-{step:06d}.safetensors"
CMU = {
    "name": "CMU Graphics Lab Motion Capture Database, captions written for this project",
    "acknowledgement": "The data used in this project was obtained from mocap.cs.cmu.edu. The database was created "
    "with funding from NSF EIA-0196217.",
}
"""The data of a pack that does not say its own."""
BUCKETS = (0.25, 0.25, 0.25, 0.25)
"""How often each of `LENGTHS` is drawn."""


@dataclass(frozen=True)
class Chain:
    """What a step of training needs of the diffusion and the statistics, on the device."""

    signal: Tensor
    noise: Tensor
    mean: Tensor
    std: Tensor
    column_weight: Tensor


@dataclass(frozen=True)
class Hearing:
    """What becomes of sentences before a network that learns reads them.

    The encoder has `adapter` added (`text_adapter`), and embeddings are stretched along axis [E], by gain (`sides`).
    """

    axis: NDArray[np.float32]
    gain: float
    adapter: Adapter = field(default_factory=dict)


def network_shape(config: Config, layout: Layout, text_dim: int, actions: int) -> NetworkShape:
    """The network's sizes from the settings and the pack."""
    sizes: dict[str, Any] = asdict(config.network) | {
        "observed": observation.width(layout) if config.network.observed else 0,
        "actions": actions if config.network.actions else 0,
    }
    return NetworkShape(features=layout.width, text_dim=text_dim, **sizes)


def shares(config: Config) -> Shares:
    """What a batch is shown and told, of what the network can take."""
    training = config.training
    return Shares(
        observed=training.observed_share if config.network.observed else 0.0,
        action=training.action_share if config.network.actions else 0.0,
        text_noise=training.text_noise,
        rewording=training.rewording,
    )


def chain(config: Config, data: TrainingSet, layout: Layout, device: torch.device) -> Chain:
    """The noise levels and statistics as tensors."""
    levels = schedule.named(config.diffusion.schedule, config.diffusion.steps)
    weight = torch.ones(layout.width)
    weight[layout.slice("root")] = config.training.root_weight

    def tensor(values: Any) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=torch.float32, device=device)

    return Chain(
        signal=tensor(np.sqrt(levels.alpha_bar)),
        noise=tensor(np.sqrt(1 - levels.alpha_bar)),
        mean=tensor(data.mean),
        std=tensor(data.std),
        column_weight=(weight / weight.mean()).to(device),
    )


def random_steps(size: int, steps: int, generator: torch.Generator) -> Tensor:
    """Steps [size] of 0 <= step < steps, each as likely as any other, spread evenly over the batch.

    So no batch has only hard or only easy ones, and the gradient less noise: the low-discrepancy sampler of Kingma et
    al. (2021).
    """
    device = generator.device
    even = torch.arange(size, device=device) / size
    return ((torch.rand(1, generator=generator, device=device) + even) % 1 * steps).long()


def loss(network: Predict, given: Batch, levels: Chain, config: Config, generator: torch.Generator) -> Tensor:
    """The loss of one batch at random noise levels, with conditions dropped at random (Ho and Salimans 2022)."""
    size, device = len(given.x0), given.x0.device

    def uniform(n: int) -> Tensor:
        return torch.rand(n, generator=generator, device=device)

    step = random_steps(size, len(levels.signal), generator)
    keep = given.conditioned * (uniform(size) >= config.training.condition_dropout)
    noise = torch.randn(given.x0.shape, generator=generator, device=device)
    noisy = levels.signal[step][:, None, None] * given.x0 + levels.noise[step][:, None, None] * noise
    conditioning = Conditioning(
        keep=keep,
        text=given.text,
        action=given.action,
        frame_mask=given.frame_mask,
        observed=given.observed,
        observed_mask=given.observed_mask,
    )
    predicted = network(noisy, step, conditioning)
    total = losses.x0_loss(predicted, given.x0, given.frame_mask, levels.column_weight)
    if config.training.velocity_weight:
        decoded = [(x * levels.std + levels.mean)[..., :ROOT_AND_RIC] for x in (predicted, given.x0)]
        scale = float(levels.std[1])
        total = total + config.training.velocity_weight * losses.velocity_loss(
            decoded[0], decoded[1], given.frame_mask, scale
        )
    return total


def new_state(config: Config, shape: NetworkShape, device: torch.device) -> State[EncoderNetwork]:
    """A fresh network and optimiser, from the configured seed."""
    torch.manual_seed(config.seed)
    network = EncoderNetwork(shape).to(device)
    if network.embed_text is not None:
        # Sentence embeddings have length 1: torch's default would drown them in the step's embedding.
        nn.init.normal_(network.embed_text.weight)
    return begin(network, optimizers.optimizers(network, config.training), config.seed)


def begin_from(state: State[EncoderNetwork], start: Bundle, hearing: Hearing) -> None:
    """The weights of an earlier model; columns and labels that it did not have begin at zero.

    A network that was not shown anything knows the first columns of each frame's tokens, its features.
    """
    shape = state.network.shape
    values = {name: torch.from_numpy(value).clone() for name, value in start.parameters.items()}
    tokens = "input_process.poseEmbedding.weight"
    old = values[tokens].unflatten(1, (shape.frames_per_token, -1))
    values[tokens] = nn.functional.pad(old, (0, shape.seen - old.shape[2])).flatten(1)
    if shape.actions and "embed_action.action_embedding" not in values:
        values["embed_action.action_embedding"] = torch.zeros(shape.actions, shape.latent)
    try:
        state.network.load_state_dict(sides.for_stretched(values, hearing.axis, hearing.gain))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MotionError(f"The model to start from does not fit this configuration ({reason}).") from None
    state.average = {name: value.detach().clone() for name, value in state.network.state_dict().items()}


def bundle(
    state: State[EncoderNetwork], config: Config, shape: NetworkShape, data: TrainingSet, hearing: Hearing
) -> Bundle:
    """The averaged weights, for plain embeddings, with their card."""
    sizes = asdict(shape)
    card: dict[str, Any] = {
        "format": ADAPTED_FORMAT if hearing.adapter else FORMAT,
        "name": config.name,
        "architecture": {"arch": "trans_enc", **{k: sizes[k] for k in sizes if k not in ("dropout", "max_positions")}},
        "diffusion": asdict(config.diffusion),
        "features": {"representation": "humanml3d", "fps": FPS, **asdict(config.features)},
        "frames": {"min": 20, "max": LENGTHS[-1], "mask": True},
        "text": {"encoder": "all-MiniLM-L6-v2", "adapter": "low rank" if hearing.adapter else "none"},
        **({"actions": list(data.pack.action_names)} if shape.actions else {}),
        "guidance": config.sampling.guidance,
        "sampler": {"name": config.sampling.sampler, "steps": config.sampling.steps},
        "training": {"steps": state.step, "settings": asdict(config.training), "seed": config.seed},
        "data": {**data.pack.about.get("data", CMU), "held_out_subjects": list(HELD_OUT)},
        "licence": data.pack.about.get("licence", "GPL-3.0-or-later"),
        "metrics": {},
    }
    average = sides.for_plain(state.average, hearing.axis, hearing.gain)
    tensors = {name: value.detach().cpu().numpy() for name, value in average.items()}
    added = {TEXT + name: value for name, value in hearing.adapter.items()}
    return Bundle(card, {**tensors, **added, "mean": data.mean, "std": data.std})


def bucket_chances(data: TrainingSet) -> NDArray[np.float64]:
    """`BUCKETS`, shared out among the lengths that the data has."""
    chances = np.array([share * bool(len(index)) for share, (index, _) in zip(BUCKETS, data.buckets, strict=True)])
    if not chances.any():
        raise MotionError("The training pack has no window to train on; build it from more clips.")
    return chances / chances.sum()


def progress_line(state: State[EncoderNetwork], config: Config, recent: float, started: tuple[float, int]) -> str:
    """One line that says where the run stands and when it will end."""
    at, first = started
    pace = (time.monotonic() - at) / max(1, state.step - first)
    left = int(pace * (config.training.steps - state.step))
    share = state.step / config.training.steps
    bar = "#" * int(24 * share) + "." * (24 - int(24 * share))
    return (
        f"\r[{bar}] {state.step}/{config.training.steps}  loss {recent:.4f}  {pace:.2f} s a step  "
        f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left "
    )


def held_out_loss(network: nn.Module, data: TrainingSet, levels: Chain, config: Config) -> float:
    """The loss on subjects that training never sees: the same 8 batches and noise every time."""
    rng, generator = np.random.default_rng(0), torch.Generator(levels.mean.device).manual_seed(0)
    network.eval()
    with torch.no_grad():
        values = [
            float(loss(network, batch(data, k, 32, rng).to(levels.mean.device), levels, config, generator))
            for k in (0, 0, 1, 1, 2, 2, 3, 3)
            if len(data.buckets[k][0])
        ]
    network.train()
    return sum(values) / len(values) if values else float("nan")


def train(config: Config, device: torch.device, *, on_sample: Callable[[Path, Path], None] | None = None) -> Path:
    """Trains as `config` says, goes on from a checkpoint if there is one, and returns the folder of the bundle.

    on_sample(bundle_folder, picture_folder) is called every `sample_every` steps with the averaged weights.
    """
    training = config.training
    if any(step % training.sample_every and step != training.steps for step in training.mean_of):
        raise MotionError(
            f"mean_of names a step that is no multiple of sample_every, {training.sample_every}; change it."
        )
    layout = Layout(tuple(config.features.groups))
    out = Path(config.out)
    adapter = read_safetensors(Path(config.text.adapter)) if config.text.adapter else {}
    plain = load(Path(config.pack))
    plain = embeddings.adapted(plain, adapter, out) if adapter else plain
    hearing = Hearing(sides.side_axis(plain), config.training.side_gain, adapter)
    pack = replace(plain, embeddings=sides.stretched(plain.embeddings, hearing.axis, hearing.gain))
    data = training_set(pack, layout, config.features.facing)
    shape = network_shape(config, layout, pack.embeddings.shape[1], len(pack.action_names))
    state = new_state(config, shape, device)
    if (out / CHECKPOINT).exists():
        resume(state, out / CHECKPOINT, device)
        print(f"Going on from step {state.step} of {out / CHECKPOINT}.", file=sys.stderr)
    elif config.training.start:
        begin_from(state, Bundle.read(Path(config.training.start)), hearing)
    levels = chain(config, data, layout, device)
    run_steps(state, config, data, held_out(data), levels, shape, hearing, on_sample)
    save(state, out / CHECKPOINT)
    if config.training.mean_of:
        state.average = mean([out / AVERAGE.format(step=step) for step in config.training.mean_of])
    bundle(state, config, shape, data, hearing).write(out / "bundle")
    return out / "bundle"


def mean(files: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of averaged weights that `report` kept (Izmailov et al. 2018)."""
    kept = [load_file(path) for path in files]
    return {name: sum((one[name] for one in kept[1:]), kept[0][name]) / len(kept) for name in kept[0]}


def run_steps(
    state: State[EncoderNetwork],
    config: Config,
    data: TrainingSet,
    unseen: TrainingSet,
    levels: Chain,
    shape: NetworkShape,
    hearing: Hearing,
    on_sample: Callable[[Path, Path], None] | None,
) -> None:
    """The loop itself, from `state.step` to the end."""
    training, out, device = config.training, Path(config.out), levels.mean.device
    generator = torch.Generator(device).manual_seed(config.seed + state.step)
    drawing = Drawing(
        bucket_chances(data), training.tokens, config.network.frames_per_token, shares(config), config.seed
    )
    state.network.train()
    half = HalfNetwork(state.network, compiled=training.compile) if training.precision == "bf16" else None
    predict: Predict = half or (torch.compile(state.network) if training.compile else state.network)
    started, saved, recent = (time.monotonic(), state.step), time.monotonic(), float("nan")
    for given in batches(data, drawing, range(state.step, training.steps), training.workers, device):
        optimizers.at_step(state.step, state.optimizers, training)
        state.network.zero_grad(set_to_none=True)
        with short_attention(device):
            value = loss(predict, given, levels, config, generator)
            value.backward()
        if half is not None:
            half.take_gradients()
        nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
        for optimizer in state.optimizers:
            optimizer.step()
        if half is not None:
            half.refresh()
        state.step += 1
        update_average(state, training.ema)
        if state.step % 20 == 0:
            recent = float(value.detach()) if math.isnan(recent) else 0.9 * recent + 0.1 * float(value.detach())
            print(progress_line(state, config, recent, started), end="", file=sys.stderr, flush=True)
        if time.monotonic() - saved > 60 * training.save_minutes:
            save(state, out / CHECKPOINT)
            saved = time.monotonic()
        if state.step % training.sample_every == 0 or state.step == training.steps:
            report(state, config, data, unseen, levels, shape, hearing, on_sample)


def report(
    state: State[EncoderNetwork],
    config: Config,
    data: TrainingSet,
    unseen: TrainingSet,
    levels: Chain,
    shape: NetworkShape,
    hearing: Hearing,
    on_sample: Callable[[Path, Path], None] | None,
) -> None:
    """Writes the averaged weights as a bundle and their loss on held-out subjects into the log; has samples drawn."""
    out = Path(config.out)
    averaged = EncoderNetwork(shape).to(levels.mean.device)
    averaged.load_state_dict(state.average)
    value = held_out_loss(averaged, unseen, levels, config)
    print(f"\nstep {state.step}: loss on held-out subjects {value:.4f}", file=sys.stderr, flush=True)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "log.csv").open("a", encoding="utf-8") as log:
        log.write(f"{state.step},{value:.5f}\n")
    bundle(state, config, shape, data, hearing).write(out / "bundle")
    if state.step in config.training.mean_of:
        save_file({k: v.contiguous() for k, v in state.average.items()}, out / AVERAGE.format(step=state.step))
    save(state, out / CHECKPOINT)
    if on_sample:
        on_sample(out / "bundle", out / f"samples-{state.step:06d}")
