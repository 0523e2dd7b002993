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
    add.add_argument(
        "--real", type=Path, metavar="FOLDER", help="also test the real clips of `mdm data build`'s source"
    )
    add.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    add.set_defaults(run=run_eval)


def run_eval(arguments: argparse.Namespace) -> int:
    """`mdm eval`: prints the table; exit status."""
    from mdm_core.cli import Progress
    from mdm_core.datasets import cmu
    from mdm_core.generator import MotionGenerator

    from . import probe, report

    generator = MotionGenerator.load(arguments.model, engine=arguments.engine, device=arguments.device)
    with Progress() as progress:
        found = probe.probe(
            generator,
            takes=arguments.takes,
            seconds=arguments.seconds,
            guidance=arguments.guidance,
            steps=arguments.steps,
            on_step=progress.show,
        )
    real = probe.real(cmu.clips(arguments.real), arguments.seconds) if arguments.real else {}
    print(report.table(found, real))
    if arguments.json:
        arguments.json.write_text(json.dumps(report.numbers(found, real), indent=1) + "\n", encoding="utf-8")
    return 0
