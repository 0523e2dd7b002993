"""The command line of evaluation: `mdm eval`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Adds `eval` to the sub-parsers (argparse has no public name for them) of the `mdm` command."""
    add = subparsers.add_parser("eval", help="measure whether a model does what prompts say")
    add.add_argument("--model", default="bundled", metavar="NAME|PATH", help="(default: bundled)")
    add.add_argument("--takes", type=int, default=8, help="motions a prompt (default: 8)")
    add.add_argument("--seconds", type=float, default=4.0)
    add.add_argument("--guidance", type=float, help="(default: the model's)")
    add.add_argument("--steps", type=int, help="(default: the model's)")
    add.add_argument("--engine", default="auto", choices=("auto", "torch", "numpy"))
    add.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    add.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    add.set_defaults(run=run_eval)


def run_eval(arguments: argparse.Namespace) -> int:
    """`mdm eval`: prints the table; exit status."""
    from mdm_core.cli import Progress
    from mdm_core.generator import MotionGenerator

    from . import probe

    generator = MotionGenerator.load(arguments.model, engine=arguments.engine, device=arguments.device)
    with Progress() as progress:
        report = probe.probe(
            generator,
            takes=arguments.takes,
            seconds=arguments.seconds,
            guidance=arguments.guidance,
            steps=arguments.steps,
            on_step=progress.show,
        )
    print(f"{'prompt':<46}passed  by chance")
    for row in report.rows:
        print(f"{row.prompt:<46}{row.passed:>6.2f}{row.chance:>11.2f}")
    print(f"{'mean':<46}{report.passed:>6.2f}{report.chance:>11.2f}")
    print("  ".join(f"{name} {value:.4f}" for name, value in report.physical.items()))
    if arguments.json:
        numbers = {"passed": report.passed, "chance": report.chance, **report.physical}
        prompts = {row.prompt: row.passed for row in report.rows}
        arguments.json.write_text(json.dumps({**numbers, "prompts": prompts}, indent=1) + "\n", encoding="utf-8")
    return 0
