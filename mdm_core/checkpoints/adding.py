"""Whatever a person has downloaded, into the library: a zip, a folder or a .pt becomes a bundle or a text encoder.

A file is only ever read as numbers (`engine.torch_weights`, `engine.torch_archive`); of a zip only the few files that
are needed are unpacked, into a temporary folder. Nothing is installed unless all of it can be read.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from mdm_core.checkpoints import catalog, library, official
from mdm_core.checkpoints.bundle import CARD, ENCODER, WEIGHTS, Bundle
from mdm_core.checkpoints.tensors import write_safetensors
from mdm_core.errors import MotionError
from mdm_core.text.folders import CONFIG, read_config

LARGEST = 4 << 30  # bytes of a file in a zip; the largest published one has a tenth of that
BESIDE = (official.ARGS, "Mean.npy", "Std.npy")


@dataclass(frozen=True)
class Asked:
    """How something is to be added. name: None for what the authors call it; statistics: a folder with Mean.npy."""

    name: str | None = None
    statistics: Path | None = None
    replace: bool = False


def add(path: Path, place: Path, asked: Asked) -> library.Record:
    """Adds what is at `path` to the library at `place`; its record.

    Raises MotionError with the file and what is wrong with it; the library is then as it was.
    """
    if not path.exists():
        raise MotionError(f"There is nothing at {path}; check the path.")
    with ExitStack() as stack:
        if path.is_file() and path.suffix.lower() == ".zip":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mdm-")))
            return add_folder(unpacked(path, folder), path, place, asked)
        if path.is_dir():
            return add_folder(path, path, place, asked)
        if (path.parent / official.ARGS).is_file():
            return add_checkpoint(path, path, place, asked)
        return add_clip(path, place, asked)


def add_folder(folder: Path, source: Path, place: Path, asked: Asked) -> library.Record:
    """A folder by what is in it."""
    inside = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    for name, add_one in ((CARD, add_bundle), (official.ARGS, add_checkpoint), (CONFIG, add_encoder)):
        found = [path for path in inside if (path / name).is_file()]
        if len(found) > 1 and found[0] != folder:
            raise MotionError(f"{source} holds several models ({', '.join(p.name for p in found)}); add one at a time.")
        if found:
            return add_one(found[0], source, place, asked)
    raise MotionError(
        f"{source} holds no model: an {official.ARGS} of MDM, a {CARD}, or a {CONFIG} of a text encoder is needed."
    )


def add_checkpoint(path: Path, source: Path, place: Path, asked: Asked) -> library.Record:
    """The authors' args.json and model*.pt as a bundle, in float32 as they are."""
    bundle = official.read(path, asked.statistics)
    official.check_statistics(bundle, source)
    called = path if path.is_dir() else path.parent
    if source.suffix.lower() == ".zip" and called.name.startswith("mdm-"):  # nothing in it was in a folder
        called = source.with_suffix("")
    entry = catalog.recognised(called.name)
    name = asked.name or (entry.name if entry else called.resolve().name)
    kind = "unconditional" if bundle.card["condition"] == "none" else str(bundle.card["condition"])
    licence = entry.licence if entry else bundle.card["licence"]
    card = bundle.card | {"name": name, "licence": licence, "checkpoint": bundle.card["name"]}
    record = library.Record(name, kind, source.name, licence)
    library.install(place, record, lambda to: Bundle(card, bundle.tensors).write(to, half=False), replace=asked.replace)
    return record


def add_bundle(folder: Path, source: Path, place: Path, asked: Asked) -> library.Record:
    """A bundle of ours, checked and copied as it is."""
    bundle = Bundle.read(folder)
    name = asked.name or str(bundle.card["name"])
    record = library.Record(
        name, str(bundle.card.get("condition", "text")), source.name, str(bundle.card.get("licence"))
    )

    def write(to: Path) -> None:
        for file in (CARD, WEIGHTS):
            shutil.copyfile(folder / file, to / file)

    library.install(place, record, write, replace=asked.replace)
    return record


def add_encoder(folder: Path, source: Path, place: Path, asked: Asked) -> library.Record:
    """A Hugging Face folder of CLIP or DistilBERT, loaded once to see that it works, and copied."""
    kind = read_config(folder, ("clip", "clip_text_model", "distilbert"))["model_type"]
    if kind == "distilbert":
        from mdm_core.text import torch_distilbert

        torch_distilbert.load(folder)
        entry, files = catalog.named(catalog.BERT_NAME), ("vocab.txt", "tokenizer.json")
    else:
        from mdm_core.text import torch_clip

        torch_clip.load(folder)
        entry, files = catalog.named(catalog.CLIP_NAME), ()
    weights = next(name for name in ("model.safetensors", "pytorch_model.bin") if (folder / name).is_file())

    def write(to: Path) -> None:
        for file in (CONFIG, weights, *(name for name in files if (folder / name).is_file())):
            shutil.copyfile(folder / file, to / file)

    record = library.Record(entry.name, ENCODER, source.name, entry.licence)
    library.install(place, record, write, replace=asked.replace)
    return record


def add_clip(path: Path, place: Path, asked: Asked) -> library.Record:
    """OpenAI's ViT-B-32.pt: its text tower as a Hugging Face folder, in float16 as OpenAI stores it."""
    try:
        from mdm_core.engine import torch_archive
        from mdm_core.text import torch_clip
    except ImportError:
        raise MotionError(f"Reading {path.name} needs torch; `pip install torch transformers ftfy`.") from None
    if not torch_archive.is_torchscript(path):
        raise MotionError(
            f"{path.parent / official.ARGS} is missing: keep the {official.ARGS} that came with {path.name} beside it, "
            "or add the zip."
        )
    tower = torch_clip.load(path)
    entry = catalog.named(catalog.CLIP_NAME)

    def write(to: Path) -> None:
        stored = {name: value.numpy().astype(np.float16) for name, value in tower.model.state_dict().items()}
        write_safetensors(to / "model.safetensors", stored)
        (to / CONFIG).write_text('{"model_type": "clip_text_model"}\n', encoding="utf-8")

    record = library.Record(entry.name, ENCODER, path.name, entry.licence)
    library.install(place, record, write, replace=asked.replace)
    return record


def unpacked(path: Path, to: Path) -> Path:
    """The files that make a model out of a zip, in `to`; the folder they had there, if they had one."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = {PurePosixPath(info.filename): info for info in archive.infolist() if not info.is_dir()}
            found = [name for name in files if name.name in (official.ARGS, CARD, CONFIG)]
            if not found:
                raise MotionError(f"{path} holds no {official.ARGS}; give the zip as its authors made it.")
            if len({name.parent for name in found}) > 1:
                names = ", ".join(str(name.parent) for name in found)
                raise MotionError(f"{path} holds several models ({names}); unpack it and add one folder at a time.")
            parent = found[0].parent
            folder = to / parent.name if parent.name not in ("", "..") else to
            folder.mkdir(exist_ok=True)
            for name, info in files.items():
                if name.parent == parent and wanted(name.name):
                    if info.file_size > LARGEST:
                        raise MotionError(f"{name} in {path} is too large to be a model; give another zip.")
                    with archive.open(info) as source, (folder / name.name).open("wb") as target:
                        shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise MotionError(f"{path} is damaged or cut off ({error}); download it again.") from None
    except OSError as error:
        raise MotionError(f"{path} could not be unpacked ({error.strerror or error}); free some space.") from None
    return folder


def wanted(name: str) -> bool:
    """Whether a file of a zip belongs to a model."""
    checkpoint = name.startswith("model") and name.endswith((".pt", ".safetensors"))
    return checkpoint or name in (*BESIDE, CARD, CONFIG, "pytorch_model.bin", "vocab.txt", "tokenizer.json")
