"""The command line of training: `mdm train`; `mdm data` is in `data_commands`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from . import data_commands


def add_parsers(subparsers: Any) -> None:
    """Adds `data` and `train` to the sub-parsers (argparse has no public name for them) of the `mdm` command."""
    data_commands.add_parser(subparsers)
    train = subparsers.add_parser("train", help="train a model; goes on where a killed run stopped")
    train.add_argument("config", type=Path, help="a configuration such as configs/bundled.toml")
    train.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    train.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """`mdm train`: exit status."""
    import torch

    from mdm_core.evaluation import action_fit, fit

    from . import config, paper_config, text_adapter, train

    if paper_config.is_paper(arguments.config):
        return run_paper(arguments.config, pick_device(arguments.device))
    kind = config.kind_of(arguments.config)
    if kind == fit.KIND:
        return fit.run(arguments.config, pick_device(arguments.device))
    if kind == action_fit.KIND:
        print(f"wrote {action_fit.train(action_fit.read(arguments.config))}")
        return 0
    if kind == text_adapter.KIND:
        device = torch.device(pick_device(arguments.device))
        print(f"wrote {text_adapter.train(text_adapter.read(arguments.config), device)}")
        return 0
    settings = config.read(arguments.config)
    device = pick_device(arguments.device)
    print(f"Training {settings.name} on {device}, {torch.get_num_threads()} threads.", file=sys.stderr)
    folder = train.train(
        settings, torch.device(device), on_sample=lambda b, p: draw_samples(b, p, settings.sampling.prompts)
    )
    print(f"wrote {folder}")
    return 0


def run_paper(path: Path, device: str) -> int:
    """`mdm train` of a configuration for the paper's recipe."""
    import torch

    from . import paper, paper_config

    settings = paper_config.read(path)
    print(f"Training {settings.name} on {device}, {torch.get_num_threads()} threads.", file=sys.stderr)
    print(f"wrote {paper.train(settings, torch.device(device))}")
    return 0


def pick_device(name: str) -> str:
    """The device by name; "auto" is the first of cuda, mps and cpu that is there."""
    import torch

    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def draw_samples(bundle: Path, folder: Path, prompts: list[str]) -> None:
    """A GIF for each prompt from the model in `bundle`, so that one can watch the training.

    What keeps them from being drawn (no Pillow, say) is printed: hours of training do not end for a picture.
    """
    from mdm_core.errors import MotionError

    try:
        write_samples(bundle, folder, prompts)
    except MotionError as error:
        print(f"No samples drawn: {error}", file=sys.stderr)


def write_samples(bundle: Path, folder: Path, prompts: list[str]) -> None:
    """The files of `draw_samples`."""
    from mdm_core.generator import MotionGenerator, Request
    from mdm_core.io import video

    generator = MotionGenerator.load(str(bundle), engine="numpy")
    folder.mkdir(parents=True, exist_ok=True)
    for motion in generator.generate(Request(prompts=tuple(prompts), seconds=4.0)):
        video.write(folder / f"{motion.prompt.replace(' ', '-')[:60]}.gif", motion)
