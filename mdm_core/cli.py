"""The `mdm` command: arguments in, files and an exit status out. What it makes is `mdm_core.generator`'s affair.

Exit status: 0 done, 1 something could not be done (one sentence on stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdm_core import threads
from mdm_core.errors import Cancelled, MotionError
from mdm_core.io import atomic

if TYPE_CHECKING:
    from mdm_core.motion import Motion

SUFFIXES = (".npz", ".bvh", ".gif", ".mp4")

GENERATE = """\
Make motions from words and write them as files.

An .npz holds all takes of all prompts. The other formats hold one take a file: if there are several, the files are
numbered in the order prompt 1 take 1, prompt 1 take 2, ..., so that --out walk.bvh becomes walk_01.bvh, walk_02.bvh.

  .npz  joint positions in metres, contacts, features, prompts, seeds: everything, for scripts and later edits
  .bvh  a skeleton with keys, in metres, for any animation program
  .gif  a film of a stick figure (needs Pillow);  .mp4  the same (needs Pillow and imageio-ffmpeg)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a prompt may hold what a console cannot show
    threads.leave_room()
    arguments = parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except MotionError as error:
        print(f"mdm: {error}", file=sys.stderr)
    except Cancelled:
        print("mdm: cancelled; nothing was written.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nmdm: interrupted; nothing was written.", file=sys.stderr)
        return 130
    except MemoryError:
        print("mdm: there is not enough memory for this; ask for fewer or shorter takes.", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    from mdm_core import edit_commands
    from mdm_core.checkpoints import commands as models
    from mdm_core.evaluation import commands as evaluation
    from mdm_core.training import commands as training

    result = argparse.ArgumentParser(prog="mdm", description="Human motion from words, on your own machine.")
    subparsers = result.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_generate(subparsers)
    edit_commands.add_parser(subparsers, _out)
    _add_info(subparsers)
    training.add_parsers(subparsers)
    evaluation.add_parsers(subparsers)
    models.add_parsers(subparsers)
    return result


def _add_generate(subparsers: Any) -> None:
    add = subparsers.add_parser(
        "generate",
        help="make motions from words",
        description=GENERATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("prompts", nargs="*", metavar="PROMPT", help='what the character does, as "a person walks"')
    add.add_argument("--action", action="append", metavar="LABEL", help="instead, for action models; may be repeated")
    add.add_argument("--out", "-o", action="append", required=True, type=_out, metavar="FILE", help="may be repeated")
    add.add_argument("--seconds", type=float, help="length of each take (default: 6, or all the model can)")
    add.add_argument("--seed", type=int, default=0, help="the first take's seed; take k has seed + k (default: 0)")
    add.add_argument("--takes", type=int, default=1, help="variants of each prompt (default: 1)")
    add.add_argument("--guidance", type=float, help="how closely to follow the prompt (default: the model's)")
    add.add_argument("--steps", type=int, help="denoising steps (default: the model's)")
    add.add_argument(
        "--sampler", choices=("ancestral", "ddim", "dpmpp_2m", "dpmpp_2m_sde"), help="(default: the model's)"
    )
    add.add_argument("--raw", action="store_true", help="give the model's output without clean-up of bones and feet")
    add.add_argument("--model", default="bundled", metavar="NAME|PATH", help="(default: bundled)")
    add.add_argument("--engine", default="auto", choices=("auto", "torch", "numpy"))
    add.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    add.set_defaults(run=run_generate)


def _add_info(subparsers: Any) -> None:
    add = subparsers.add_parser("info", help="say what a motion file or a model is")
    add.add_argument("what", metavar="FILE|MODEL", help='an .npz or .bvh file, or a model: "bundled" or a folder')
    add.set_defaults(run=run_info)


def _out(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f'"{text}" must end in one of {", ".join(SUFFIXES)}')
    return path


def run_generate(arguments: argparse.Namespace) -> int:
    """`mdm generate`: everything that can be refused is refused before the model starts."""
    check_outs(arguments.out)

    from mdm_core.generator import MotionGenerator, Request

    request = Request(
        prompts=tuple(arguments.prompts),
        seconds=arguments.seconds,
        seed=arguments.seed,
        takes=arguments.takes,
        guidance=arguments.guidance,
        steps=arguments.steps,
        sampler=arguments.sampler,
        clean=not arguments.raw,
        actions=tuple(arguments.action or ()),
    )
    start = time.monotonic()
    generator = MotionGenerator.load(arguments.model, engine=arguments.engine, device=arguments.device)
    loaded = time.monotonic()
    with Progress() as progress:
        motions = generator.generate(request, on_step=progress.show)
    made = time.monotonic()
    written = write(motions, arguments.out)
    takes = "1 take" if len(motions) == 1 else f"{len(motions)} takes"
    print(
        f"{takes} of {motions[0].seconds:g} s on {generator.engine.name} ({generator.engine.device}): loaded in "
        f"{loaded - start:.1f} s, made in {made - loaded:.1f} s, written in {time.monotonic() - made:.1f} s",
        file=sys.stderr,
    )
    for path in written:
        print(path)
    return 0


def check_outs(outs: Sequence[Path]) -> None:
    """MotionError unless every file can be written where it is wanted."""
    if len(set(outs)) < len(outs):
        raise MotionError("The same file is given to --out twice; give each file once.")
    for path in outs:
        _check_writable(path)


def _check_writable(path: Path) -> None:
    atomic.check_place(path)
    if path.suffix.lower() in (".gif", ".mp4"):
        from mdm_core.io import video

        video.require(path.suffix)


def write(motions: list[Motion], outs: Sequence[Path]) -> list[Path]:
    """Write the takes to each of `outs`, numbered where a format holds one; all files appear, or none."""
    written: list[Path] = []
    with ExitStack() as commit:
        for out in outs:
            if out.suffix.lower() == ".npz":
                groups = [(out, motions)]
            else:
                groups = [(path, [motion]) for path, motion in zip(numbered(out, len(motions)), motions, strict=True)]
            for path, takes in groups:
                print(f"writing {path}", file=sys.stderr, flush=True)
                _write_file(commit.enter_context(atomic.replacing(path)), takes)
                written.append(path)
    return written


def numbered(path: Path, count: int) -> list[Path]:
    """`path` itself for one take; for several walk_01.bvh, walk_02.bvh, ..., with as many digits as are needed."""
    if count == 1:
        return [path]
    digits = max(2, len(str(count)))
    return [path.with_name(f"{path.stem}_{k:0{digits}d}{path.suffix}") for k in range(1, count + 1)]


def _write_file(path: Path, motions: list[Motion]) -> None:
    match path.suffix.lower():
        case ".npz":
            from mdm_core.io import npz

            npz.write(path, motions)
        case ".bvh":
            from mdm_core.io import bvh

            bvh.write(path, motions[0])
        case _:
            from mdm_core.io import video

            video.write(path, motions[0])


class Progress:
    """A bar on stderr, redrawn in place on a terminal; without one, a line at the start and the end."""

    WIDTH = 30

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._open = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            print(file=sys.stderr)

    def show(self, done: int, total: int) -> None:
        """`done` of `total` denoising steps."""
        seconds = time.monotonic() - self._start
        if sys.stderr.isatty():
            filled = self.WIDTH * done // total
            bar = "#" * filled + "." * (self.WIDTH - filled)
            print(f"\r[{bar}] step {done}/{total}  {seconds:.1f} s", end="", file=sys.stderr, flush=True)
            self._open = True
        elif done in (1, total):
            print(f"step {done}/{total}  {seconds:.1f} s", file=sys.stderr, flush=True)


def run_info(arguments: argparse.Namespace) -> int:
    """`mdm info`."""
    suffix = Path(arguments.what).suffix.lower()
    if suffix == ".npz":
        from mdm_core.io import npz

        lines = _describe_motions(npz.read(Path(arguments.what)))
    elif suffix == ".bvh":
        from mdm_core.io import bvh

        lines = _describe_motions([bvh.read(Path(arguments.what))])
    else:
        from mdm_core.checkpoints import bundle

        lines = _describe_card(bundle.Bundle.read(bundle.find(arguments.what)).card)
    print("\n".join(lines))
    return 0


def _describe_motions(motions: list[Motion]) -> list[str]:
    """A line of what all takes share, then one for each."""
    import numpy as np

    from mdm_core.cleanup import measures

    first = motions[0]
    takes = "1 take" if len(motions) == 1 else f"{len(motions)} takes"
    lines = [
        f"{takes} of {first.seconds:.2f} s: {len(first)} frames at {first.fps:g} a second, model {first.model or '-'}"
    ]
    for k, motion in enumerate(motions, start=1):
        way = float(np.linalg.norm(np.diff(motion.positions[:, 0, ::2], axis=0), axis=-1).sum())
        text = f'{k:>3}  "{motion.prompt}"  seed {"-" if motion.seed is None else motion.seed}  way {way:.2f} m'
        if motion.contacts is not None:
            slide = measures.slide(motion.positions, motion.contacts, motion.fps)
            text += f"  foot slide {slide:.3f} m/s"
        lines.append(text)
    return lines


def _describe_card(card: dict[str, Any], indent: str = "") -> list[str]:
    """The card as indented lines."""
    lines: list[str] = []
    for name, value in card.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_describe_card(value, indent + "  ")]
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append(f"{indent}{name}: {text}")
    return lines
