"""The command line of models: `mdm models list | get | add | verify | remove`."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

from mdm_core.errors import MotionError

LICENCE_FLAG = "--accept-licence"
MODELS = """\
The models and text encoders on this machine beside the bundled one.

Nothing is fetched unless you ask for it by name. Most models are offered where a person has to visit a page; download
the file there and give it to `mdm models add`. docs/models.md says which to take.
"""


def add_parsers(subparsers: Any) -> None:
    """Adds `models` to the sub-parsers (argparse has no public name for them) of the `mdm` command."""
    models = subparsers.add_parser(
        "models",
        help="published models: list, get, add, verify, remove",
        description=MODELS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = models.add_subparsers(dest="models_action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="what is published, and what is installed")
    listing.add_argument("name", nargs="?", help="all that is known of this one")
    listing.set_defaults(run=run_list)

    get = actions.add_parser("get", help="fetch one that its authors offer directly, and install it")
    get.add_argument("name")
    get.add_argument(LICENCE_FLAG, action="store_true", help="you have read its terms (`mdm models list NAME`)")
    get.add_argument("--replace", action="store_true", help="even if one of that name is installed")
    get.set_defaults(run=run_get)

    add = actions.add_parser("add", help="install a zip, folder or .pt as it was downloaded")
    add.add_argument("path", type=Path)
    add.add_argument("--name", help="what to call it (default: the authors' name)")
    add.add_argument("--statistics", type=Path, metavar="FOLDER", help="Mean.npy and Std.npy of its dataset")
    add.add_argument("--replace", action="store_true", help="even if one of that name is installed")
    add.set_defaults(run=run_add)

    verify = actions.add_parser("verify", help="whether installed files are as they were")
    verify.add_argument("names", nargs="*", metavar="NAME", help="(default: all)")
    verify.set_defaults(run=run_verify)

    remove = actions.add_parser("remove", help="delete an installed model")
    remove.add_argument("name")
    remove.set_defaults(run=run_remove)


def run_list(arguments: argparse.Namespace) -> int:
    """`mdm models list`: exit status."""
    from mdm_core.checkpoints import catalog, library

    place = library.place()
    there = library.installed(place)
    if arguments.name:
        print("\n".join(described(catalog.named(arguments.name), there)))
        return 0
    print(f"installed in {place}: {', '.join(['bundled (comes with this program)', *there])}\n")
    for entry in catalog.CATALOG:
        how = "installed" if entry.name in there else "get" if entry.files else "add"
        print(f"{entry.name:<34}{entry.kind:<15}{entry.megabytes:>4} MB  {how:<10}{entry.does}")
    print("\nget: `mdm models get NAME`; add: download it from its page, then `mdm models add FILE`.")
    print("`mdm models list NAME` says the page, the terms and what else is known.")
    return 0


def described(entry: Any, there: Any) -> list[str]:
    """All that is known of an entry."""
    rows = {
        "name": entry.name + (" (installed)" if entry.name in there else ""),
        "kind": entry.kind,
        "does": entry.does,
        "size": f"about {entry.megabytes} MB, {entry.parameters:,} parameters",
        "needs": entry.encoder + ("" if entry.encoder in there else " (not in the library)") if entry.encoder else "",
        "licence": entry.licence,
        "cite": entry.citation,
        "page": entry.page,
        "get": f"mdm models get {entry.name} {LICENCE_FLAG}" if entry.files else "",
    }
    return [f"{name + ':':<9}{value}" for name, value in rows.items() if value]


def run_get(arguments: argparse.Namespace) -> int:
    """`mdm models get`: exit status."""
    from mdm_core.checkpoints import adding, catalog, download, library

    entry = catalog.named(arguments.name)
    if not entry.files:
        raise MotionError(
            f"{entry.name} is offered at {entry.page} alone; download it there, then `mdm models add` the file."
        )
    place = library.place()
    if entry.name in library.installed(place) and not arguments.replace:
        raise MotionError(f"{entry.name} is installed already; `mdm models verify {entry.name}` checks it.")
    if not arguments.accept_licence:
        print(textwrap.fill(f"{entry.name}: {entry.licence}. Please cite {entry.citation}.", 100), file=sys.stderr)
        raise MotionError(f"If you accept these terms: `mdm models get {entry.name} {LICENCE_FLAG}`.")
    incoming = place / ".incoming" / entry.name
    with Bytes() as progress:
        for remote in entry.files:
            if not (incoming / remote.name).is_file():
                progress.begin(remote.name)
                download.fetch(remote, incoming, progress.show)
    asked = adding.Asked(name=None if entry.kind == "text encoder" else entry.name, replace=arguments.replace)
    source = incoming / entry.files[0].name if entry.files[0].name.endswith(".pt") else incoming
    record = adding.add(source, place, asked)
    shutil.rmtree(incoming, ignore_errors=True)
    report(record, place)
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    """`mdm models add`: exit status."""
    from mdm_core.checkpoints import adding, library

    place = library.place()
    asked = adding.Asked(arguments.name, arguments.statistics, arguments.replace)
    report(adding.add(arguments.path.expanduser(), place, asked), place)
    return 0


def report(record: Any, place: Path) -> None:
    """What was installed and how to use it."""
    print(f"installed {record.name} ({record.kind}) in {place / record.name}")
    print(textwrap.fill(f"terms: {record.licence}", 100))
    use = {
        "text": f'mdm generate "a person walks" --model {record.name} --out walk.bvh',
        "action": f"mdm generate --action walk --model {record.name} --out walk.bvh",
        "unconditional": f"mdm generate --model {record.name} --out motion.bvh",
    }
    if record.kind in use:
        print(f"length: {length_rule(place / record.name)}")
        print(f"use it: {use[record.kind]}")


def length_rule(folder: Path) -> str:
    """How the model meets the length that is asked for, which its args.json decides (spec/mdm.md section 1.4)."""
    from mdm_core.checkpoints.bundle import read_card

    card = read_card(folder)
    fps, frames = float(card["features"]["fps"]), card["frames"]
    if "block" in frames:
        return f"any, made in blocks of {frames['block'] / fps:g} s, each of which continues the one before"
    if frames.get("mask", True):
        return f"up to {frames['max'] / fps:g} s, made as long as it is asked for (mask_frames)"
    return f"up to {frames['max'] / fps:g} s, always made that long and cut (no mask_frames)"


def run_verify(arguments: argparse.Namespace) -> int:
    """`mdm models verify`: 1 if a file is missing or has changed."""
    from mdm_core.checkpoints import library

    place = library.place()
    failed = False
    for name in arguments.names or library.installed(place):
        problems = library.damaged(place, name)
        print("\n".join(problems) if problems else f"{name}: as installed")
        failed |= bool(problems)
    if failed:
        raise MotionError("What has changed or is missing: `mdm models remove` it and install it again.")
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """`mdm models remove`: exit status."""
    from mdm_core.checkpoints import library

    print(f"removed {library.remove(library.place(), arguments.name)}")
    return 0


class Bytes:
    """Progress of a download on stderr: redrawn in place on a terminal; without one, a line at the end."""

    def __init__(self) -> None:
        self.name, self.line = "", ""

    def __enter__(self) -> Bytes:
        return self

    def __exit__(self, *_: object) -> None:
        if self.line:
            print(self.line, file=sys.stderr)

    def begin(self, name: str) -> None:
        """The next file."""
        self.__exit__()
        self.name, self.line = name, ""

    def show(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes."""
        of = f" of {total / 1e6:.1f}" if total else ""
        self.line = f"{self.name}: {done / 1e6:.1f}{of} MB"
        if sys.stderr.isatty():
            print(f"\r{self.line}", end="\r", file=sys.stderr, flush=True)
