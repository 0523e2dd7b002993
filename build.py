"""Start here. Makes the project's own `.venv` and runs the demo, the tests, the checks or the packaging in it.

    python3 build.py demo ["a person walks forward and waves"]   prompt -> out/demo.blend, .gif, .bvh, .npz
    python3 build.py test [--others] [pytest arguments]          the whole suite; --others: and a part on other Blenders
    python3 build.py test --matrix [pytest arguments]            tests/blender on every supported Blender, whole
    python3 build.py zip                                         dist/mdm_blender-VERSION.zip, to install in Blender
    python3 build.py lint                                        ruff and pyright
    python3 build.py setup                                       the .venv alone, with torch, to train and to develop
    python3 build.py clean [--all]                               removes what was made; --all: the .venv too

Standard library only, in syntax that any Python 3.8+ starts; so are tools/interpreters.py and tools/environment.py.
What runs inside the .venv lives in demo/, tools/extension_zip.py and tests/.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.environment import Options, Stop, environment, executable, matrix_environment, run

ROOT = Path(__file__).resolve().parent
NO_PACKAGE = "skipped, its packages could not be installed (is there no network?)"
DEVELOPMENT = ("torch.txt", "test.txt", ".")  # torch first: what tests need would take its GPU build
PYTEST = ("-m", "tools.run_pytest")
WORKERS = ("-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")  # a core each, but no more Blenders than memory
MATRIX = ("4.2.23", "4.4.0", "4.5.15", "5.0.1", "5.1.2", "5.2.3")  # tests/blender runs on each of these releases of bpy
OTHERS = ("5.2.3", "4.2.23", "4.4.0", "5.0.1", "5.1.2", "4.5.15")  # the same by what they tell: both ends, then slots
OTHERS_SECONDS = 120  # after these no further Blender is begun, so that --others ends within three minutes
PART = (  # of tests/blender: detecting, writing keys, retargeting, the panel; a quarter of a minute
    "tests/blender/test_mapping_rigify.py",
    "tests/blender/test_keys.py",
    "tests/blender/test_keys_destinations.py",
    "tests/blender/test_rig_root_motion.py",
    "tests/blender/addon/test_panel.py",
    "tests/blender/addon/test_mapping.py",
)


def main(arguments: Sequence[str]) -> int:
    """Runs one command; its exit status, or 1 and a sentence on stderr."""
    command, extra = read_arguments(arguments)
    started = time.monotonic()
    os.chdir(str(ROOT))
    try:
        code = {"demo": demo, "test": test, "zip": make_zip, "lint": lint, "setup": setup, "clean": clean}[
            command.command
        ](command, extra)
    except Stop as stop:
        print(f"build.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build.py: stopped; the next run repairs what was left half made.", file=sys.stderr)
        return 130
    outcome = "done" if code == 0 else f"failed with exit status {code}"
    print(f"build.py {command.command}: {outcome} after {time.monotonic() - started:.1f} s", flush=True)
    return code


def read_arguments(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The command with its options, and what is passed on to pytest or to the demo."""
    parser = argparse.ArgumentParser(
        prog="build.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--python", help="make the .venv with this Python (3.11 or 3.13)")
    shared.add_argument(
        "--torch-index",
        default=os.environ.get("MDM_TORCH_INDEX"),
        help="package index to take torch from, as PyTorch's install page shows it (or the variable MDM_TORCH_INDEX)",
    )
    shared.add_argument("--cuda", action="store_true", help="take the GPU build of torch even where no GPU is seen")
    commands = parser.add_subparsers(dest="command", required=True, metavar="demo|test|zip|lint|setup|clean")
    demo_options = "More: a prompt, --seconds, --seed, --out FOLDER, --motion FILE.npz (see demo/make.py)."
    commands.add_parser("demo", parents=[shared], allow_abbrev=False, epilog=demo_options)
    test_parser = commands.add_parser("test", parents=[shared], allow_abbrev=False, epilog="The rest goes to pytest.")
    which = test_parser.add_mutually_exclusive_group()
    which.add_argument("--matrix", action="store_true", help="tests/blender on every supported Blender, nothing else")
    which.add_argument("--others", action="store_true", help="afterwards a part of it on the other Blenders, 3 minutes")
    for name in ("zip", "lint", "setup"):
        commands.add_parser(name, parents=[shared])
    commands.add_parser("clean").add_argument("--all", action="store_true", help="the virtual environments too")
    command, extra = parser.parse_known_args(arguments)
    if extra and command.command not in ("demo", "test"):
        parser.error("unrecognized arguments: " + " ".join(extra))
    return command, extra


def demo(command: argparse.Namespace, extra: Sequence[str]) -> int:
    python = environment(ROOT, ("demo.txt",), options(command))
    return run([python, "-m", "demo.make", *extra])


def test(command: argparse.Namespace, extra: Sequence[str]) -> int:
    if command.matrix:
        return test_matrix(command, extra)
    python = environment(ROOT, DEVELOPMENT, options(command))
    code = run([python, *PYTEST, *workers(extra), *extra])
    others = test_others(python, command) if command.others else 0
    return code or others  # a signal's status is negative


def workers(arguments: Sequence[str]) -> Sequence[str]:
    """pytest-xdist's options for the whole suite; none where files or folders are named, which end before it helps.

    They stand before the user's arguments, of which `-n 0` or `-n 3` thus has the last word.
    """
    named = any(Path(argument.split("::")[0]).exists() for argument in arguments)
    return () if named else WORKERS


def test_matrix(command: argparse.Namespace, extra: Sequence[str]) -> int:
    """tests/blender under every release of MATRIX, each in a virtual environment of its own; 0 if all that ran passed.

    A release whose packages cannot be installed counts as failed: this was asked for by name.
    """
    outcomes = {release: test_release(release, ("tests/blender", *extra), options(command)) for release in MATRIX}
    return report(outcomes, no_package=1)


def test_others(python: str, command: argparse.Namespace) -> int:
    """PART under the releases of which the .venv's Blender is none, as far as time, Pythons and packages allow."""
    own = installed_release(python)
    outcomes = {release: f"tested in full, in {Path(python).parents[1].name}" for release in OTHERS if release == own}
    started = time.monotonic()
    for release in OTHERS:
        if release == own:
            continue
        if time.monotonic() - started > OTHERS_SECONDS:
            outcomes[release] = f"skipped, the {OTHERS_SECONDS} seconds for other Blenders are over"
        elif NO_PACKAGE in outcomes.values():
            outcomes[release] = NO_PACKAGE
        else:
            outcomes[release] = test_release(release, PART, options(command))
    return report(outcomes, no_package=0)


def test_release(release: str, arguments: Sequence[str], chosen: Options) -> str:
    """The outcome of pytest on one release of Blender, in words."""
    try:
        python = matrix_environment(ROOT, release, chosen)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return NO_PACKAGE
    if python is None:
        return "skipped, there is no Python for it here"
    print(f"== Blender {release}", flush=True)
    code = run([python, *PYTEST, *arguments])
    return "passed" if code == 0 else f"failed with exit status {code}"


def installed_release(python: str) -> str:
    """The release of bpy that a Python has, "" if none."""
    ask = "from importlib.metadata import version; print(version('bpy'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()


def report(outcomes: Mapping[str, str], no_package: int) -> int:
    """Prints a line a release; 1 if one failed or none was tested, no_package where one could not be installed."""
    for release in MATRIX:
        print(f"Blender {release}: {outcomes[release]}")
    words = list(outcomes.values())
    tested = any(word.startswith(("passed", "tested")) for word in words)
    if not tested or any(word.startswith("failed") for word in words):
        return 1
    return no_package if NO_PACKAGE in words else 0


def make_zip(command: argparse.Namespace, _extra: Sequence[str]) -> int:
    return run([environment(ROOT, ("zip.txt",), options(command)), "-m", "tools.extension_zip"])


def lint(command: argparse.Namespace, _extra: Sequence[str]) -> int:
    python = environment(ROOT, DEVELOPMENT, options(command))
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["pyright", "--pythonpath", python])
    return max([run([python, "-m", *check]) for check in checks])


def setup(command: argparse.Namespace, _extra: Sequence[str]) -> int:
    environment(ROOT, DEVELOPMENT, options(command))
    mdm = Path(executable(ROOT / ".venv", "mdm")).relative_to(ROOT)
    print(f"Ready. For example: {mdm} generate 'a person waves' --out wave.gif")
    return 0


def clean(command: argparse.Namespace, _extra: Sequence[str]) -> int:
    """Removes what the build made and nothing else."""
    names = ["out", "dist", "build", ".pytest_cache", ".ruff_cache", ".hypothesis"]
    if command.all:
        names += [".venv", ".uv", *(path.name for path in sorted(ROOT.glob(".venv-bpy-*")))]
    for name in names:
        if (ROOT / name).is_dir() and not (ROOT / name).is_symlink():
            shutil.rmtree(str(ROOT / name))
            print(f"removed {name}/")
    return 0


def options(command: argparse.Namespace) -> Options:
    return Options(command.python, command.torch_index, command.cuda)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
