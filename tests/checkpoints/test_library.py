"""The library of models: what is added as it was downloaded, what is refused, and that nothing is half-written."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdm_core.checkpoints import adding, bundle, catalog, library, official, shapes
from mdm_core.checkpoints.adding import Asked
from mdm_core.checkpoints.catalog import Remote
from mdm_core.cli import main
from mdm_core.errors import MotionError
from tests.checkpoints.server import Server, serving

torch = pytest.importorskip("torch")

ARGS: dict[str, Any] = {"arch": "trans_enc", "dataset": "humanml", "latent_dim": 8, "layers": 1, "cond_mask_prob": 0.1}
SIZES = {"latent": 8, "layers": 1, "feed_forward": 12, "frames_per_token": 1, "features": 263, "text_dim": 512}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library."""
    monkeypatch.setenv("MDM_MODELS", str(tmp_path / "library"))
    return tmp_path / "library"


def tensors(**change: Any) -> dict[str, Any]:
    made = shapes.encoder(SIZES | change)
    return {name: torch.randn(shape, generator=torch.Generator().manual_seed(7)) for name, shape in made.items()}


def checkpoint(folder: Path, args: dict[str, Any] | None = None, **change: Any) -> Path:
    """A checkpoint as the authors' zips hold it, with the files that are not needed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "args.json").write_text(json.dumps(args or ARGS))
    torch.save(tensors(**change), folder / "model000750000.pt")
    torch.save({"state": torch.zeros(3)}, folder / "opt000750000.pt")
    (folder / "eval.log").write_text("R-precision")
    return folder


def zipped(folder: Path, path: Path, prefix: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, prefix + file.name)
    return path


@pytest.mark.parametrize("form", ["folder", "file", "zip", "flat zip", "folder around it"])
def test_every_form_of_a_download(place: Path, tmp_path: Path, form: str) -> None:
    """Recognised by the authors' name, all numbers as they were, and found by the name it is listed under."""
    folder = checkpoint(tmp_path / "humanml_enc_512_50steps")
    path = {
        "folder": lambda: folder,
        "file": lambda: folder / "model000750000.pt",
        "zip": lambda: zipped(folder, tmp_path / "drive-1.zip", "humanml_enc_512_50steps/"),
        "flat zip": lambda: zipped(folder, tmp_path / "humanml_enc_512_50steps.zip", ""),
        "folder around it": lambda: checkpoint(tmp_path / "outer" / "humanml_enc_512_50steps").parent,
    }[form]()
    record = adding.add(path, place, Asked())
    assert (record.name, record.kind) == ("humanml-encoder-512-50steps", "text")
    assert "unsettled" in record.licence
    found = bundle.find("humanml-encoder-512-50steps")
    assert found == place / "humanml-encoder-512-50steps"
    read = bundle.Bundle.read(found)
    for name, value in tensors().items():
        np.testing.assert_array_equal(read.tensors[name], value.numpy())
    assert {path.name for path in place.iterdir()} == {"humanml-encoder-512-50steps"}
    assert library.damaged(place, record.name) == []


def test_humanml3d_brings_its_statistics_and_kit_needs_them(place: Path, tmp_path: Path) -> None:
    adding.add(checkpoint(tmp_path / "a"), place, Asked())
    std = bundle.Bundle.read(place / "a").tensors["std"]
    assert len(np.unique(std)) == 7  # spec/humanml3d.md section 4
    kit = checkpoint(tmp_path / "kit", ARGS | {"dataset": "kit"}, features=251)
    with pytest.raises(MotionError, match=r"needs the Mean\.npy and Std\.npy of its dataset \(kit\).*--statistics"):
        adding.add(kit, place, Asked())
    np.save(tmp_path / "Mean.npy", np.zeros(251))
    np.save(tmp_path / "Std.npy", np.ones(251))
    assert adding.add(kit, place, Asked(statistics=tmp_path)).name == "kit"


def test_a_name_of_ones_own_and_names_that_are_taken(place: Path, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "my model")
    with pytest.raises(MotionError, match=r'cannot be called "my model".*--name'):
        adding.add(folder, place, Asked())
    adding.add(folder, place, Asked(name="mine"))
    with pytest.raises(MotionError, match=r'"mine" is installed already'):
        adding.add(folder, place, Asked(name="mine"))
    adding.add(folder, place, Asked(name="mine", replace=True))
    for name in ("bundled", "../mine", ".hidden", "a/b", "", "ü"):
        with pytest.raises(MotionError, match="cannot be called"):
            library.check_name(name)


def trapped(folder: Path, trap: Path) -> Path:
    """A checkpoint whose .pt would make a folder if its code ran."""

    class Touch:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(trap),)

    checkpoint(folder)
    (folder / "model000750000.pt").write_bytes(pickle.dumps({"model": Touch()}, protocol=2))
    return folder


@pytest.mark.parametrize("form", ["folder", "zip", "checkpoint of torch"])
def test_a_file_that_carries_code_is_refused_and_does_not_run(place: Path, tmp_path: Path, form: str) -> None:
    trap = tmp_path / "trapped"
    folder = trapped(tmp_path / "evil", trap)
    path = zipped(folder, tmp_path / "evil.zip", "evil/") if form == "zip" else folder
    if form == "checkpoint of torch":
        good = checkpoint(tmp_path / "good") / "model000750000.pt"
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(folder / "model000750000.pt", "w") as target:
            for name in source.namelist():
                code = b"cos\nmkdir\n(V" + str(trap).encode() + b"\ntR."
                target.writestr(name, code if name.endswith("data.pkl") else source.read(name))
    with pytest.raises(MotionError, match=r"model000750000\.pt .*more than numbers.*not loaded"):
        adding.add(path, place, Asked())
    assert not trap.exists()
    assert not place.exists() or not list(place.iterdir())


def broken(tmp_path: Path, what: str) -> Path:
    """Something that is no model, or not a whole one."""
    folder = checkpoint(tmp_path / what.replace(" ", "-"))
    archive = tmp_path / "a.zip"
    if what == "empty folder":
        for file in folder.iterdir():
            file.unlink()
    elif what == "cut zip":
        content = zipped(folder, archive, "m/").read_bytes()
        archive.write_bytes(content[: len(content) // 2])
        return archive
    elif what == "damaged zip":
        content = bytearray(zipped(folder, archive, "m/").read_bytes())
        content[len(content) // 2] ^= 0xFF
        archive.write_bytes(content)
        return archive
    elif what == "two models":
        zipped(folder, archive, "one/")
        with zipfile.ZipFile(archive, "a") as more:
            more.write(folder / "args.json", "two/args.json")
        return archive
    elif what == "cut pt":
        content = (folder / "model000750000.pt").read_bytes()
        (folder / "model000750000.pt").write_bytes(content[: len(content) // 2])
    elif what == "no pt":
        (folder / "model000750000.pt").unlink()
    elif what == "no args":
        (folder / "args.json").unlink()
        return folder / "model000750000.pt"
    elif what == "unknown field":
        (folder / "args.json").write_text(json.dumps(ARGS | {"arch": "unet"}))
    elif what == "nothing":
        return tmp_path / "nowhere"
    return folder


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ("empty folder", "empty-folder holds no model"),
        ("cut zip", r"a\.zip is damaged"),
        ("damaged zip", r"a\.zip is damaged|model000750000\.pt is damaged"),
        ("two models", r"a\.zip holds several models \(.*one.*two"),
        ("cut pt", r"model000750000\.pt is damaged"),
        ("no pt", r"no checkpoint in .*model\*\.pt"),
        ("no args", r"args\.json is missing.*add the zip"),
        ("unknown field", r'args\.json has the arch "unet"'),
        ("nothing", "There is nothing at"),
    ],
)
def test_what_is_no_model_is_a_sentence_and_changes_nothing(place: Path, tmp_path: Path, what: str, match: str) -> None:
    path = broken(tmp_path, what)
    with pytest.raises(MotionError, match=match) as caught:
        adding.add(path, place, Asked())
    assert "\n" not in str(caught.value)
    assert not place.exists() or not list(place.iterdir())


def test_a_zip_does_not_write_outside(place: Path, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m")
    path = zipped(folder, tmp_path / "slip.zip", "../../outside/")
    adding.add(path, place, Asked(name="slip"))
    assert not list(tmp_path.rglob("outside"))


def test_a_bundle_of_ours(place: Path, tmp_path: Path) -> None:
    official.read(checkpoint(tmp_path / "m")).write(tmp_path / "own")
    record = adding.add(tmp_path / "own", place, Asked(name="own"))
    assert record.kind == "text"
    assert bundle.read_card(place / "own")["condition"] == "text"


def test_verify_and_remove(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adding.add(checkpoint(tmp_path / "m"), place, Asked())
    assert main(["models", "verify"]) == 0
    weights = place / "m" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert main(["models", "verify", "m"]) == 1
    assert "model.safetensors has changed" in capsys.readouterr().out
    weights.unlink()
    assert main(["models", "verify"]) == 1
    assert "model.safetensors is missing" in capsys.readouterr().out
    assert main(["models", "remove", "m"]) == 0
    assert not (place / "m").exists()
    assert main(["models", "remove", "m"]) == 1
    assert main(["models", "verify", "m"]) == 1


def test_remove_keeps_to_the_library(place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "installed.json").write_text("{}")
    place.mkdir()
    for name in ("../outside", "..", str(outside)):
        with pytest.raises(MotionError, match="cannot be called"):
            library.remove(place, name)
    assert outside.is_dir()


def test_a_full_disk_leaves_nothing(place: Path) -> None:
    def write(to: Path) -> None:
        (to / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(MotionError, match=r"could not be written \(No space left"):
        library.install(place, library.Record("m", "text", "x", "y"), write)
    assert list(place.iterdir()) == []


def test_the_catalogue() -> None:
    """Each has terms, a citation and a page; parameters are those of the networks; encoders are entries."""
    names = [entry.name for entry in catalog.CATALOG]
    assert len(set(names)) == len(names) == 16
    for entry in catalog.CATALOG:
        library.check_name(entry.name)
        assert entry.page.startswith("https://") and entry.licence and entry.citation and entry.does
        assert entry.encoder in ("", *names)
        assert (entry.encoder != "") == (entry.kind == "text")
        for remote in entry.files:
            assert remote.url.startswith("https://")
    with pytest.raises(MotionError, match='no published model "mdm-9000"'):
        catalog.named("mdm-9000")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def offered(server: Server, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Puts a checkpoint on the server, and an entry "tiny" for it into the catalogue."""
    names = ("args.json", "model000750000.pt")
    server.files.update({f"/{name}": (folder / name).read_bytes() for name in names})
    files = tuple(Remote(f"{server.address}/{name}", name) for name in names)
    entry = catalog.Entry("tiny", "text", "-", 1, "https://example.org", "terms of its own", "A. Author", files=files)
    monkeypatch.setattr(catalog, "CATALOG", (*catalog.CATALOG, entry))


def test_get(
    server: Server, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of the server before the terms are accepted; a broken download goes on."""
    offered(server, monkeypatch, checkpoint(tmp_path / "m"))
    assert main(["models", "get", "tiny"]) == 1
    said = capsys.readouterr().err
    assert "terms of its own" in said and "A. Author" in said and "--accept-licence" in said
    assert server.asked == [] and not place.exists()
    server.files, whole = {"/args.json": server.files["/args.json"]}, server.files
    assert main(["models", "get", "tiny", "--accept-licence"]) == 1
    assert "404" in capsys.readouterr().err
    assert library.installed(place) == {}
    server.files = whole
    assert main(["models", "get", "tiny", "--accept-licence"]) == 0
    assert library.installed(place)["tiny"].licence == "terms of its own"
    assert [path for path, _ in server.asked].count("/args.json") == 1
    assert not list((place / ".incoming").iterdir())
    assert main(["models", "get", "tiny", "--accept-licence"]) == 1
    assert "installed already" in capsys.readouterr().err


def test_get_where_only_a_page_is(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "get", "uestc", "--accept-licence"]) == 1
    assert "drive.google.com" in capsys.readouterr().err
    assert not place.exists()


@pytest.mark.usefixtures("place")
def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(entry.name in printed for entry in catalog.CATALOG)
    assert main(["models", "list", "kit-encoder-512"]) == 0
    assert "KIT Motion-Language" in capsys.readouterr().out
    assert main(["models", "list", "nothing"]) == 1
