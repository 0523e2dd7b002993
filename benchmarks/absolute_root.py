"""Should the root be generated as velocities, as HumanML3D has it, or as places? Two small models tell, trained alike.

    python -m benchmarks.absolute_root [--pack data/pack.npz] [--steps 1500] [--takes 2] [--velocity 0.5]

Both learn the same windows in the same order from the same first weights; of one the four root columns (yaw rate,
velocity ahead and aside, height) are replaced by heading, x, z as seen from the window's first frame, and height (GMD,
Karunratanakul et al. 2023; CondMDI, Cohan et al. 2024). The losses are the recipe's: x0, with the root's columns
weighted, and the velocities that root and joints decode to, for which places are turned into velocities again
(--velocity: how much that counts; 0 for x0 alone, as GMD trains). What they make of the probe's prompts is measured
without clean-up.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_core.checkpoints.bundle import Bundle
from mdm_core.datasets.pack import load
from mdm_core.datasets.windows import LENGTHS
from mdm_core.engine import loading
from mdm_core.engine.base import Conditioning
from mdm_core.engine.torch_network import EncoderNetwork, NetworkShape
from mdm_core.evaluation import physical
from mdm_core.evaluation.prompts import PROMPTS
from mdm_core.features.humanml3d import recover_root
from mdm_core.features.layout import Layout
from mdm_core.generator import MotionGenerator, Request
from mdm_core.training import config, losses, optimizers, sides, train
from mdm_core.training.data import Shares, TrainingSet, batch, training_set
from mdm_core.training.state import State, begin, update_average

Numbers = NDArray[np.floating]

ROOT = 4
SAMPLED = 400
"""Windows from which the places' mean and deviation are taken."""


def to_places(features: Numbers) -> Numbers:
    """Features [T, D] with the root as heading (radians), x, z (metres, seen from frame 0) and height."""
    turn, root = recover_root(features[:, :ROOT].astype(np.float64))
    heading = np.unwrap(2 * np.arctan2(turn[:, 2], turn[:, 0]))
    return np.concatenate(
        [np.stack([heading, root[:, 0], root[:, 2], root[:, 1]], axis=-1), features[:, ROOT:]], axis=-1
    )


def to_velocities(features: Tensor) -> Tensor:
    """The inverse of `to_places`, [..., T, D]; the last frame moves as the one before it."""
    heading, x, z, height = features[..., :ROOT].unbind(-1)
    rate = repeated(heading.diff(dim=-1) / 2)
    # recover_root's turn is world to character by twice its half angle; a step is stored in the facing of the next.
    ahead = torch.cat([heading[..., 1:], heading[..., -1:]], dim=-1)
    dx, dz = repeated(x.diff(dim=-1)), repeated(z.diff(dim=-1))
    cos, sin = torch.cos(ahead), torch.sin(ahead)
    root = torch.stack([rate, cos * dx + sin * dz, cos * dz - sin * dx, height], dim=-1)
    return torch.cat([root, features[..., ROOT:]], dim=-1)


def repeated(values: Tensor) -> Tensor:
    return torch.cat([values, values[..., -1:]], dim=-1)


@dataclass(frozen=True)
class Kind:
    """A representation. encode: of a window [T, D]; decode: to velocities, [..., T, D]; mean, std: of the encoded."""

    name: str
    encode: Callable[[Numbers], Numbers]
    decode: Callable[[Tensor], Tensor]
    mean: Numbers
    std: Numbers


def kinds(data: TrainingSet) -> tuple[Kind, Kind]:
    """Velocities, with the data's statistics, and places; the other columns have the same ones."""
    rng = np.random.default_rng(0)
    index, weight = data.buckets[-1]
    roots: list[Numbers] = []
    for window in rng.choice(index, SAMPLED, p=weight):
        clip, start, stop = data.pack.windows[window]
        a, b = data.offsets[clip] + start, min(data.offsets[clip] + stop, data.offsets[clip + 1])
        cut = data.features[a:b]
        roots += [to_places(cut)[:, :ROOT], to_places(data.mirror(cut))[:, :ROOT]]
    root = np.concatenate(roots)
    spread = root.std(axis=0)
    spread[1:3] = spread[1:3].mean()
    mean = np.concatenate([root.mean(axis=0), data.mean[ROOT:]])
    std = np.concatenate([spread, data.std[ROOT:]])
    return (
        Kind("velocities", lambda window: window, lambda features: features, data.mean, data.std),
        Kind("places", to_places, to_velocities, mean, std),
    )


def trained(kind: Kind, settings: config.Config, data: TrainingSet) -> State[EncoderNetwork]:
    """A small network after the settings' steps; what it is shown and told is drawn alike for every kind."""
    layout = data.layout
    shape = NetworkShape(
        features=layout.width, text_dim=data.pack.embeddings.shape[1], latent=192, layers=4, heads=4, feed_forward=768,
        frames_per_token=4, dropout=0.0,
    )  # fmt: skip
    torch.manual_seed(0)
    network = EncoderNetwork(shape)
    if network.embed_text is not None:
        torch.nn.init.normal_(network.embed_text.weight)
    schedule = replace(settings.training, warmup=100, muon_rate=0.0, learning_rate=1e-3)
    steps = schedule.steps
    state = begin(network, optimizers.optimizers(network, schedule), 0)
    levels = train.chain(settings, data, layout, torch.device("cpu"))
    levels = replace(levels, mean=tensor(kind.mean), std=tensor(kind.std))
    generator, began = torch.Generator().manual_seed(0), time.monotonic()
    while state.step < steps:
        k = int(state.rng.choice(len(LENGTHS)))
        size = max(8, settings.training.tokens // 2 // (LENGTHS[k] // 4 + 1))
        given = batch(data, k, size, state.rng, Shares(text_noise=settings.training.text_noise))
        x0 = given.x0.numpy() * data.std + data.mean
        encoded = np.stack([kind.encode(row) for row in x0])
        x0 = tensor((encoded - kind.mean) / kind.std) * given.frame_mask[..., None]
        optimizers.at_step(state.step, state.optimizers, schedule)
        network.zero_grad(set_to_none=True)
        x0_loss, velocity = loss(kind, network, x0, given.text, given.conditioned, given.frame_mask, levels, generator)
        value = x0_loss + schedule.velocity_weight * velocity
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in state.optimizers:
            optimizer.step()
        state.step += 1
        update_average(state, min(settings.training.ema, 1 - 10 / (state.step + 10)))
        if state.step % 100 == 0:
            pace = (time.monotonic() - began) / state.step
            print(
                f"{kind.name}: {state.step}/{steps} loss {float(value.detach()):.3f}, {pace:.2f} s a step",
                file=sys.stderr,
            )
    return state


def tensor(values: Numbers) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)


def loss(
    kind: Kind,
    network: EncoderNetwork,
    x0: Tensor,
    text: Tensor,
    conditioned: Tensor,
    frame_mask: Tensor,
    levels: train.Chain,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """`train.loss` without what is shown: of x0, and of the velocities decoded from either kind."""
    step = train.random_steps(len(x0), len(levels.signal), generator)
    keep = conditioned * (torch.rand(len(x0), generator=generator) >= 0.1)
    noise = torch.randn(x0.shape, generator=generator)
    noisy = levels.signal[step][:, None, None] * x0 + levels.noise[step][:, None, None] * noise
    predicted = network(noisy, step, Conditioning(keep=keep, text=text, frame_mask=frame_mask))
    total = losses.x0_loss(predicted, x0, frame_mask, levels.column_weight)
    decoded = [kind.decode(x * levels.std + levels.mean)[..., : train.ROOT_AND_RIC] for x in (predicted, x0)]
    return total, losses.velocity_loss(decoded[0], decoded[1], frame_mask, VELOCITY)


VELOCITY = 0.02
"""Metres a frame: the unit of the velocities' error, for both kinds."""


def generator_of(
    kind: Kind, state: State[EncoderNetwork], settings: config.Config, data: TrainingSet
) -> MotionGenerator:
    """The trained network behind the usual sampler, decoded by its kind."""
    hearing = train.Hearing(sides.side_axis(data.pack), 1.0)
    made = train.bundle(state, settings, state.network.shape, data, hearing)
    tensors = {**made.tensors, "mean": kind.mean.astype(np.float32), "std": kind.std.astype(np.float32)}
    card = {**made.card, "name": kind.name}
    bundle = Bundle(card, tensors)
    model = MotionGenerator(bundle, loading.load(bundle, "auto", "auto"))
    usual = model.decoding.positions

    def positions(features: Numbers) -> Numbers:
        return usual(kind.decode(torch.from_numpy(features.astype(np.float64))).numpy())

    model.decoding = replace(model.decoding, positions=positions)
    return model


def measured(model: MotionGenerator, takes: int) -> dict[str, float]:
    """Passed prompts, and what the motions are like without clean-up."""
    seeds = tuple(takes * number for number in range(len(PROMPTS)))
    request = Request(tuple(PROMPTS), seconds=4.0, takes=takes, seeds=seeds, clean=False)
    motions = model.generate(request)
    asked = [prompt for prompt in PROMPTS.values() for _ in range(takes)]
    passed = [one.test(motion.positions.astype(np.float64)) for one, motion in zip(asked, motions, strict=True)]
    found = physical.averages(physical.columns([physical.measure(one.positions, one.fps) for one in motions]))
    return {"prompts passed": float(np.mean(passed)), **found}


def main(arguments: list[str] | None = None) -> None:
    """Trains both and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=Path("data/pack.npz"))
    parser.add_argument("--config", type=Path, default=Path("configs/bundled.toml"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--takes", type=int, default=2)
    parser.add_argument("--velocity", type=float, default=0.5)
    given = parser.parse_args(arguments)
    settings = config.read(given.config)
    network = replace(settings.network, observed=False, actions=False)
    training = replace(settings.training, steps=given.steps, velocity_weight=given.velocity)
    settings = replace(settings, network=network, training=training)
    layout = Layout(tuple(settings.features.groups))
    data = training_set(load(given.pack), layout, settings.features.facing)
    rows = {
        kind.name: measured(generator_of(kind, trained(kind, settings, data), settings, data), given.takes)
        for kind in kinds(data)
    }
    columns = ("prompts passed", "slide", "skating", "float_height", "penetration", "jitter", "speed")
    print("| root as | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{row[column]:.3g}" for column in columns) + " |")


if __name__ == "__main__":
    main()
