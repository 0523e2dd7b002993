"""The command line of data sets: `mdm data check` and `mdm data build`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdm_core.datasets.making import Texts
    from mdm_core.datasets.worded import WordFile

FORMATS = ("auto", "humanml3d", "positions", "amass", "asf", "bvh")
TEXTS = ("minilm", "clip", "distilbert", "none")

BUILD = """\
Turn a data set into a training pack.

HumanML3D's and KIT-ML's folders give a pack of their own features, for configs/humanml3d.toml; with --positions one
of positions, for the evaluator. Recordings (AMASS, ASF/AMC, BVH) give a pack of positions, for a configuration like
configs/bundled.toml; with --rotations one of SMPL's rotations, for models of actions or without a condition,
configs/actions.toml. docs/datasets.md says more.
"""


def add_parser(subparsers: Any) -> None:
    """Adds `data` to the sub-parsers of the `mdm` command."""
    data = subparsers.add_parser("data", help="check data sets, make training data")
    actions = data.add_subparsers(dest="data_action", required=True)
    check = actions.add_parser("check", help="say what is in a data set's folder, and what is wrong with it")
    check.add_argument("folder", type=Path)
    check.add_argument("--format", default="auto", choices=FORMATS, help="(default: recognised)")
    check.add_argument("--captions", type=Path, metavar="FILE", help="captions and labels as JSON lines")
    check.set_defaults(run=run_check)

    build = actions.add_parser(
        "build",
        help="turn a data set into a training pack",
        description=BUILD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    build.add_argument("source", type=Path, metavar="FOLDER")
    build.add_argument("out", type=Path, help="the pack to write, .npz")
    build.add_argument("--format", default="auto", choices=FORMATS, help="(default: recognised)")
    build.add_argument("--captions", type=Path, metavar="FILE", help="captions and labels as JSON lines")
    form = build.add_mutually_exclusive_group()
    form.add_argument("--rotations", action="store_true", help="SMPL's rotations instead of positions")
    form.add_argument("--positions", action="store_true", help="positions of HumanML3D's or KIT-ML's clips")
    build.add_argument(
        "--labels", default="captions", choices=("captions", "folder"), help="where action labels come from"
    )
    build.add_argument("--labelled", action="store_true", help="leave out what has no action label")
    build.add_argument("--text", choices=TEXTS, help="the text encoder (default: minilm; none with --rotations)")
    build.add_argument("--text-folder", type=Path, metavar="PATH", help="where its files are (default: looked for)")
    build.add_argument("--gestures", type=int, default=600, help="clips composed of locomotion and a gesture's arms")
    build.add_argument("--seed", type=int, default=0)
    build.set_defaults(run=run_build)


def run_check(arguments: argparse.Namespace) -> int:
    """`mdm data check`: 0 if nothing is wrong."""
    from mdm_core.datasets import check

    report = check.check(arguments.folder, arguments.format, word_file(arguments.captions))
    print("\n".join(report.lines()))
    return 1 if report.errors else 0


def run_build(arguments: argparse.Namespace) -> int:
    """`mdm data build`: exit status."""
    from mdm_core.datasets import making
    from mdm_core.io import atomic

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    atomic.check_place(arguments.out)
    asked = making.Making(
        format=arguments.format,
        words=word_file(arguments.captions),
        texts=texts(arguments.text or ("none" if arguments.rotations else "minilm"), arguments.text_folder),
        rotations=arguments.rotations,
        positions=arguments.positions,
        labels=arguments.labels,
        labelled=arguments.labelled,
        gestures=arguments.gestures,
        seed=arguments.seed,
    )
    held = making.make(arguments.source, arguments.out, asked)
    for name, count in held.items():
        print(f"{count:>9,} {name}")
    print(f"wrote {arguments.out}")
    return 0


def word_file(path: Path | None) -> WordFile:
    """The captions that were given, or none."""
    from mdm_core.datasets import worded

    return worded.NO_WORDS if path is None else worded.read(path)


def texts(name: str, folder: Path | None) -> Texts | None:
    """The encoder by its short name."""
    from mdm_core.datasets.making import Texts
    from mdm_core.text import encoders

    if name == "none":
        return None
    if name == "minilm":
        from mdm_core.text.minilm import MiniLM

        model = MiniLM.load(folder)
        return Texts(encoders.MINILM, 0, lambda sentence: model.encode([sentence]), model.encode)
    card = {"clip": encoders.CLIP, "distilbert": encoders.DISTILBERT}[name]
    encoder = encoders.load(card, folder)
    return Texts(card, 22 if name == "clip" else 0, encoder.states)
