"""The command line of evaluation: `mdm eval`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .paraphrases import SETS

if TYPE_CHECKING:
    from mdm_core.generator import MotionGenerator

    from .asking import Asking
    from .metrics import Interval

    Table = tuple[dict[str, dict[str, Interval]], str]
    """The rows, and a sentence about what they leave out."""

PACK = Path("data/pack.npz")
EVALUATOR = Path(__file__).resolve().parents[2] / "benchmarks" / "evaluator"
"""In a checkout; an installed mdm_core has none, and is told where one is."""

PROBE_OPTIONS = ("takes", "seconds", "guidance", "steps", "sampler", "paraphrases", "real")
METRICS_OPTIONS = (
    *("metrics", "pack", "evaluator", "motions", "repetitions", "seed", "guidance", "steps", "multimodality", "raw"),
)
"""What the numbers depend on, beside the model."""

EVAL = """\
Measure whether a model does what prompts say: 62 prompts, each with a geometric test of the motion.

With --metrics, the field's measures instead: FID, R-precision, MM-distance, diversity, multimodality, how physical the
motions are and how near to training data, of the model, of real motion of people it never saw and of a baseline that
looks captions up. That needs a training pack and an evaluator. Models of actions are measured on a pack of rotations,
with the published evaluators on HumanML3D's own test set: docs/evaluation.md.
"""


def add_parsers(subparsers: Any) -> None:
    """Adds `eval` to the sub-parsers (argparse has no public name for them) of the `mdm` command."""
    add = subparsers.add_parser(
        "eval",
        help="measure how good a model is",
        description=EVAL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("--model", default="bundled", metavar="NAME|PATH", help="(default: bundled)")
    add.add_argument("--guidance", type=float, help="(default: the model's)")
    add.add_argument("--steps", type=int, help="(default: the model's)")
    add.add_argument("--engine", default="auto", choices=("auto", "torch", "numpy"))
    add.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    add.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    add.add_argument("--store", action="store_true", help="keep the numbers in the model's card")
    probe = add.add_argument_group("prompts")
    probe.add_argument("--takes", type=int, default=8, help="motions a prompt (default: 8)")
    probe.add_argument("--seconds", type=float, default=4.0, help="length of each (default: 4)")
    probe.add_argument(
        "--sampler", metavar="NAME", help="ancestral, ddim, dpmpp_2m or dpmpp_2m_sde (default: the model's)"
    )
    probe.add_argument(
        "--paraphrases",
        nargs="?",
        const="first",
        choices=tuple(SETS),
        help="ask in words that the training data does not use (two sets, by two authors; default: the first)",
    )
    probe.add_argument(
        "--real", type=Path, metavar="FOLDER", help="also test the real clips of `mdm data build`'s source"
    )
    measures = add.add_argument_group("metrics")
    measures.add_argument("--metrics", action="store_true", help="measure these instead of the prompts")
    measures.add_argument(
        "--pack", type=Path, default=PACK, metavar="FILE|FOLDER", help=f"or HumanML3D's folder (default: {PACK})"
    )
    measures.add_argument(
        "--evaluator",
        type=Path,
        default=EVALUATOR,
        metavar="FOLDER|FILE",
        help="ours, or the published .tar (default: benchmarks/evaluator of the checkout)",
    )
    measures.add_argument("--motions", type=int, default=256, help="captions asked, in batches of 32 (default: 256)")
    measures.add_argument("--repetitions", type=int, default=20, help="for the intervals (default: 20)")
    measures.add_argument("--seed", type=int, default=0, help="draws other captions (default: 0)")
    measures.add_argument(
        "--multimodality", action="store_true", help="also of a folder's test set: 30 motions each of 100 captions"
    )
    measures.add_argument("--raw", action="store_true", help="the model's output without clean-up of bones and feet")
    add.set_defaults(run=run_eval)


def run_eval(arguments: argparse.Namespace) -> int:
    """`mdm eval`: prints the table; exit status."""
    from . import into_card

    card = into_card.check(arguments.model) if arguments.store else None
    if arguments.metrics:
        return run_metrics(arguments, card)

    from mdm_core.cli import Progress
    from mdm_core.datasets import cmu

    from . import probe, report

    generator = load(arguments)
    with Progress() as progress:
        found = probe.probe(
            generator,
            takes=arguments.takes,
            seconds=arguments.seconds,
            guidance=arguments.guidance,
            steps=arguments.steps,
            sampler=arguments.sampler,
            words=SETS[arguments.paraphrases] if arguments.paraphrases else None,
            on_step=progress.show,
        )
    real = probe.real(cmu.clips(arguments.real), arguments.seconds) if arguments.real else {}
    print(report.table(found, real))
    numbers = report.numbers(found, real)
    write(arguments.json, numbers)
    if card:
        name = f"probe, paraphrases {arguments.paraphrases}" if arguments.paraphrases else "probe"
        into_card.store(card, name, command(arguments, PROBE_OPTIONS), numbers)
    return 0


def run_metrics(arguments: argparse.Namespace, card: Path | None) -> int:
    """`mdm eval --metrics`: prints the table, stores it in the card if there is to be one; exit status."""
    from mdm_core.cli import Progress

    from . import comparison_report, into_card
    from .asking import Asking

    generator = load(arguments)
    of_words = of_test_set if arguments.pack.is_dir() else of_pack
    measure = of_words if generator.condition == "text" else of_actions
    with Progress() as progress:
        asking = Asking(generator, arguments.guidance, arguments.steps, not arguments.raw, progress.show)
        rows, note = measure(arguments, asking)
    print(comparison_report.table(rows))
    if note:
        print(note)
    numbers = comparison_report.numbers(rows)
    write(arguments.json, numbers)
    if card:
        into_card.store(card, "held-out people", command(arguments, METRICS_OPTIONS), numbers)
    return 0


def of_pack(arguments: argparse.Namespace, asking: Asking) -> Table:
    """A text model on a pack's held-out people, beside real motion and retrieval."""
    from mdm_core.datasets import pack as packs

    from . import comparison, judges

    judge, pack = judges.read(arguments.evaluator), packs.load(arguments.pack)
    settings = comparison.Settings(
        rounds=arguments.motions // comparison.BATCH, halves=arguments.repetitions, seed=arguments.seed
    )
    known = comparison.context(pack, judge, settings)
    rows = {
        "real": comparison.measure(comparison.real(pack, known.captions), known),
        arguments.model: comparison.measure(comparison.generated(asking, pack, known.captions, settings), known),
        "retrieval": comparison.measure(comparison.retrieved(pack, known.captions, settings), known),
    }
    return rows, "" if known.texts is not None else judges.NO_TEXTS


def of_test_set(arguments: argparse.Namespace, asking: Asking) -> Table:
    """A text model by the published protocol: a folder in HumanML3D's form, and the published finest.tar."""
    from mdm_core.datasets import humanml3d_folder
    from mdm_core.errors import MotionError

    from . import benchmark, published

    if arguments.evaluator.suffix != ".tar":
        raise MotionError(
            f"{arguments.pack} is a folder, on which the published finest.tar measures (--evaluator); for ours make a "
            "pack of it with `mdm data build FOLDER FILE --positions`."
        )
    judge = published.read(arguments.evaluator)
    test = benchmark.test_set(humanml3d_folder.open_folder(arguments.pack), judge)
    settings = benchmark.Settings(
        rounds=arguments.motions // benchmark.BATCH,
        repetitions=arguments.repetitions,
        texts=100 if arguments.multimodality else 0,
        seed=arguments.seed,
    )
    return benchmark.rows(test, judge, asking, settings, arguments.model), ""


def of_actions(arguments: argparse.Namespace, asking: Asking) -> Table:
    """A model of actions or without a condition, on a pack of rotations."""
    from mdm_core.datasets import feature_pack

    from . import action_comparison, action_judges

    judge, pack = action_judges.read(arguments.evaluator), feature_pack.load(arguments.pack)
    settings = action_comparison.Settings(arguments.motions, arguments.repetitions, seed=arguments.seed)
    return action_comparison.table(pack, asking, judge, settings, arguments.model), ""


def command(arguments: argparse.Namespace, options: tuple[str, ...]) -> str:
    """What gives the same numbers of the same model again; paths that were not given are left to be found."""
    words = ["mdm eval"]
    for option in options:
        value = getattr(arguments, option)
        if value is True:
            words.append(f"--{option}")
        elif value is not None and value is not False and value not in (PACK, EVALUATOR):
            words.append(f"--{option} {value}")
    return " ".join(words)


def load(arguments: argparse.Namespace) -> MotionGenerator:
    """The model that is asked for."""
    from mdm_core.generator import MotionGenerator

    return MotionGenerator.load(arguments.model, engine=arguments.engine, device=arguments.device)


def write(path: Path | None, numbers: dict[str, Any]) -> None:
    """The numbers as JSON, where they are wanted."""
    if path:
        path.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
