"""`mdm edit`: arguments to an `EditRequest`, a motion file in, files out. What it makes is `editor`'s affair."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdm_core.errors import MotionError

if TYPE_CHECKING:
    from mdm_core.editing.request import EditRequest, GroundPath, Target
    from mdm_core.editing.windows import Segment
    from mdm_core.motion import Motion

EDIT = """\
Change a motion and keep the rest of it, bit for bit.

MOTION is an .npz of `mdm generate` or `mdm edit`, or a .bvh. Frames count from 0 at the motion's own rate; A:B is from
frame A up to, but not with, frame B. Examples:

  mdm edit walk.npz --prompt "a person waves" --parts right_arm --frames 40:80 --out wave.npz
  mdm edit walk.npz --frames 30:90 --out filled.npz                 what lies between, without words
  mdm edit poses.npz --between 0,40,80 --prompt "a person dances" --out dance.npz
  mdm edit walk.npz --extend 3 --prompt "a person sits down" --out longer.npz
  mdm edit walk.npz --target right_wrist@60=0.3,1.5,2.0 --frames 40:80 --out reach.npz
  mdm edit walk.npz --path way.json --prompt "a person walks forward" --out curve.npz
  mdm edit walk.npz --loop --out cycle.npz
  mdm edit walk.npz --vary 0.4 --takes 4 --out variants.npz
  mdm edit --timeline "0:80=a person walks" "80:160=a person jumps" --out both.npz
"""


def add_parser(subparsers: Any, out: Callable[[str], Path]) -> None:
    """Adds `edit`; out: reads the name of a file to be written."""
    add = subparsers.add_parser(
        "edit",
        help="change a part of a motion, or make it longer, follow a path, loop",
        description=EDIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("motion", nargs="?", type=Path, metavar="MOTION", help="left out with --timeline")
    add.add_argument("--out", "-o", action="append", required=True, type=out, metavar="FILE", help="may be repeated")
    add.add_argument("--take", type=int, default=1, help="which take of MOTION, from 1 (default: 1)")

    what = add.add_argument_group("what changes")
    what.add_argument("--prompt", default="", help="what happens there (default: the model decides)")
    what.add_argument("--parts", type=names, default=(), metavar="A,B", help="body parts (default: the whole body)")
    what.add_argument("--frames", type=stretch, metavar="A:B", help="when (default: all, or only what is added)")
    what.add_argument(
        "--keep-keys", type=numbers, default=(), metavar="F,G", help="frames whose pose stays exactly as it is"
    )
    what.add_argument(
        "--between",
        "--inbetween",
        type=numbers,
        metavar="F,G",
        help="make all frames between these anew and keep these: --frames and --keep-keys in one",
    )
    what.add_argument(
        "--target",
        action="append",
        default=[],
        type=target,
        metavar="JOINT@F=X,Y,Z",
        help="a joint is at this place (metres, Y up) at frame F; may be repeated",
    )
    what.add_argument(
        "--path",
        type=Path,
        metavar="FILE",
        help='way of the hips: JSON {"points": [[x, z], ...], "facing": "along" or "free"}',
    )
    what.add_argument("--extend", type=float, default=0.0, metavar="SECONDS", help="go on after the end")
    what.add_argument("--lead-in", type=float, default=0.0, metavar="SECONDS", help="come from something before")
    what.add_argument(
        "--loop",
        nargs="?",
        const="travel",
        default="",
        choices=("travel", "in_place"),
        help="let the end lead back into the start (default: travel)",
    )
    what.add_argument("--vary", type=float, metavar="S", help="a variant: 0 is the motion itself, 1 a new one")
    what.add_argument(
        "--timeline",
        nargs="+",
        type=segment,
        default=(),
        metavar="A:B=PROMPT",
        help="a new motion of several prompts, of any length; frames at the model's rate",
    )

    how = add.add_argument_group("how")
    how.add_argument("--blend", type=float, default=0.0, metavar="SECONDS", help="fade of the old motion (default: 0)")
    how.add_argument("--rounds", type=int, default=1, help="passes of each noise level, RePaint (default: 1)")
    how.add_argument("--seed", type=int, default=0, help="the first take's seed; take k has seed + k (default: 0)")
    how.add_argument("--takes", type=int, default=1, help="variants (default: 1)")
    how.add_argument("--guidance", type=float, help="how closely to follow the prompt (default: the model's)")
    how.add_argument("--steps", type=int, help="denoising steps (default: the model's)")
    how.add_argument("--sampler", metavar="NAME", help="(default: the model's)")
    how.add_argument("--raw", action="store_true", help="no clean-up of bones and feet where the motion changes")
    how.add_argument("--model", default="bundled", metavar="NAME|PATH", help="(default: bundled)")
    how.add_argument("--engine", default="auto", choices=("auto", "torch", "numpy"))
    how.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    add.set_defaults(run=run)


def names(text: str) -> tuple[str, ...]:
    """Comma-separated names; `left-arm` is `left_arm`."""
    return tuple(name.strip().replace("-", "_") for name in text.split(",") if name.strip())


def numbers(text: str) -> tuple[int, ...]:
    """Comma-separated frame numbers."""
    try:
        return tuple(int(number) for number in text.split(",") if number.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no list of frames as 0,40,80') from None


def stretch(text: str) -> tuple[int, int]:
    """A:B."""
    try:
        start, stop = text.split(":")
        return int(start), int(stop)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no range of frames as 40:80') from None


def segment(text: str) -> Segment:
    """A:B=PROMPT."""
    from mdm_core.editing.windows import Segment

    frames, equals, prompt = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f'"{text}" is no prompt with its frames as "0:80=a person walks"')
    return Segment(*stretch(frames), prompt.strip())


def target(text: str) -> Target:
    """JOINT@F=X,Y,Z."""
    from mdm_core.editing.request import Target

    try:
        joint, place = text.split("@")
        frame, position = place.split("=")
        x, y, z = (float(number) for number in position.split(","))
        return Target(joint.strip().replace("-", "_"), int(frame), (x, y, z))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no target as right_wrist@60=0.3,1.5,2.0') from None


def read_path(file: Path) -> GroundPath:
    """The way in a JSON file; MotionError if it is something else."""
    from mdm_core.editing.request import GroundPath

    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        points = values["points"] if isinstance(values, dict) else values
        facing = values.get("facing", "along") if isinstance(values, dict) else "along"
        return GroundPath(tuple((float(x), float(z)) for x, z in points), facing)
    except FileNotFoundError:
        raise MotionError(f"{file} does not exist; check the name.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MotionError(
            f'{file} is no path ({error}); it should hold JSON as {{"points": [[0, 0], [1, 2]], "facing": "along"}}.'
        ) from None


def request_of(arguments: argparse.Namespace) -> EditRequest:
    """The request that the arguments make."""
    from mdm_core.editing.request import EditRequest

    frames, keys = arguments.frames, tuple(arguments.keep_keys)
    if arguments.between is not None:
        between = sorted(set(arguments.between))
        if len(between) < 2 or frames is not None:
            raise MotionError("--between takes two frames or more, as 0,40,80, and goes without --frames.")
        frames, keys = (between[0], between[-1] + 1), tuple(sorted({*keys, *between}))
    return EditRequest(
        prompt=arguments.prompt,
        parts=arguments.parts,
        frames=frames,
        keys=keys,
        targets=tuple(arguments.target),
        path=None if arguments.path is None else read_path(arguments.path),
        extend=arguments.extend,
        lead_in=arguments.lead_in,
        loop=arguments.loop,
        vary=arguments.vary,
        timeline=tuple(arguments.timeline),
        blend=arguments.blend,
        rounds=arguments.rounds,
        seed=arguments.seed,
        takes=arguments.takes,
        guidance=arguments.guidance,
        steps=arguments.steps,
        sampler=arguments.sampler,
        clean=not arguments.raw,
    )


def read_motion(file: Path, take: int) -> Motion:
    """One take of a motion file."""
    if file.suffix.lower() == ".bvh":
        from mdm_core.io import bvh

        motions: Sequence[Motion] = [bvh.read(file)]
    elif file.suffix.lower() == ".npz":
        from mdm_core.io import npz

        motions = npz.read(file)
    else:
        raise MotionError(f"{file} cannot be edited; give an .npz or .bvh file.")
    if not 1 <= take <= len(motions):
        raise MotionError(f"{file} has {len(motions)} takes, so there is no take {take}.")
    return motions[take - 1]


def run(arguments: argparse.Namespace) -> int:
    """`mdm edit`: everything that can be refused is refused before the model starts."""
    from mdm_core import cli
    from mdm_core.editing.request import check
    from mdm_core.generator import MotionGenerator

    cli.check_outs(arguments.out)
    request = request_of(arguments)
    motion = None if arguments.motion is None else read_motion(arguments.motion, arguments.take)
    check(request, None if motion is None else len(motion))
    start = time.monotonic()
    generator = MotionGenerator.load(arguments.model, engine=arguments.engine, device=arguments.device)
    loaded = time.monotonic()
    with cli.Progress() as progress:
        motions = generator.edit(motion, request, on_step=progress.show)
    made = time.monotonic()
    written = cli.write(motions, arguments.out)
    takes = "1 take" if len(motions) == 1 else f"{len(motions)} takes"
    print(
        f"{takes} of {motions[0].seconds:g} s on {generator.engine.name} ({generator.engine.device}): loaded in "
        f"{loaded - start:.1f} s, made in {made - loaded:.1f} s, written in {time.monotonic() - made:.1f} s",
        file=sys.stderr,
    )
    for path in written:
        print(path)
    return 0
