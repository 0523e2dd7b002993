"""The extension zip: what is in it, that Blender's own validator takes it, and that it is the same every time."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import extension_zip

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("flit_core", reason="the wheel needs its build backend; `build.py test` installs it")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extension_zip.build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with zipfile.ZipFile(built) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".whl")]
        return Path(archive.extract(name, tmp_path_factory.mktemp("wheel")))


def tracked(folder: str) -> set[str]:
    """Files of a package on disk, but for caches and hidden ones, relative to the package's parent."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_the_manifest_lies_at_the_root_beside_the_add_on(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
    wheels = {name for name in names if name.startswith("wheels/")}
    assert {"blender_manifest.toml", "__init__.py", "LICENSE", "NOTICE"} <= names
    assert wheels == {"wheels/mdm_core-0.1.0-py3-none-any.whl"}
    assert {f"mdm_blender/{name}" for name in names - wheels - {"LICENSE", "NOTICE"}} == tracked("mdm_blender")


def test_the_wheel_holds_the_whole_core_with_its_assets(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == tracked("mdm_core")


def test_the_wheel_runs_on_numpy_alone(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'scipy', 'safetensors', 'PIL', 'transformers'):\n"
        "            raise ImportError(name + ' must not be needed')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import mdm_core.generator, mdm_core.worker.server, mdm_core.cli, mdm_core.text.minilm\n"
        "print(mdm_core.__file__)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(tmp_path))


def test_two_builds_are_the_same_byte_for_byte(built: Path, tmp_path: Path) -> None:
    assert extension_zip.build(ROOT, tmp_path).read_bytes() == built.read_bytes()


def blenders_validator() -> Iterator[Path]:
    """Blender's own command line for extensions, which lies in the bpy package as a plain script."""
    found = importlib.util.find_spec("bpy")
    if found is not None and found.origin is not None:
        yield from Path(found.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")


def test_blender_validates_it(built: Path) -> None:
    script = next(blenders_validator(), None)
    if script is None:
        pytest.skip("there is no bpy here; `build.py test` installs it")
    done = subprocess.run(
        [sys.executable, str(script), "validate", str(built)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_blenders_validator_can_refuse(built: Path, tmp_path: Path) -> None:
    """The test above means something: with the manifest's id gone, the same validator says no."""
    script = next(blenders_validator(), None)
    if script is None:
        pytest.skip("there is no bpy here; `build.py test` installs it")
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(built) as whole, zipfile.ZipFile(broken, "w") as archive:
        for name in whole.namelist():
            data = whole.read(name)
            archive.writestr(name, data.replace(b'id = "mdm_blender"', b"") if name.endswith(".toml") else data)
    done = subprocess.run([sys.executable, str(script), "validate", str(broken)], capture_output=True, check=False)
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"version": "0.2.0", "wheels": ["./wheels/a.whl"]}, "make them the same"),
        ({"version": "0.1.0", "wheels": ["./wheels/b.whl"]}, "must say wheels"),
        ({"version": "0.1.0"}, "must say wheels"),
    ],
)
def test_a_manifest_that_disagrees_is_refused(manifest: dict[str, Any], message: str) -> None:
    with pytest.raises(extension_zip.Fault, match=message):
        extension_zip.check(manifest, {"version": "0.1.0"}, "a.whl")


def test_caches_and_hidden_files_stay_out(tmp_path: Path) -> None:
    for name in ("a.py", "b/__pycache__/a.pyc", ".hidden/c.py", "b/.DS_Store", "b/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in extension_zip.files(tmp_path)] == ["a.py", "b/d.py"]
