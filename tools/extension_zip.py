"""`build.py zip`: the wheel of mdm_core and the extension zip around it, byte for byte the same from the same files.

The zip holds mdm_blender's files at its root beside blender_manifest.toml, and the wheel, weights included, in wheels/.
Runs in the .venv (Python 3.11+).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_EPOCH = "1704067200"  # 2024-01-01, the time stamped on every file: zip has none before 1980, and today's would differ
_STAMP = (2024, 1, 1, 0, 0, 0)
_BESIDE = ("LICENSE", "NOTICE")
_LEFT_OUT = {"__pycache__", ".DS_Store", "Thumbs.db"}


class Fault(Exception):
    """Something in the tree that keeps the zip from being made: a sentence."""


def build(root: Path, dist: Path) -> Path:
    """Makes dist/mdm_blender-VERSION.zip from the checkout `root`. Raises Fault if manifest and project disagree."""
    manifest = read_toml(root / "mdm_blender" / "blender_manifest.toml")
    project = read_toml(root / "pyproject.toml")["project"]
    wheel_name = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
    check(manifest, project, wheel_name)
    dist.mkdir(parents=True, exist_ok=True)
    target = dist / f"{manifest['id']}-{manifest['version']}.zip"
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(root, Path(folder))
        if wheel.name != wheel_name:
            raise Fault(f"The wheel came out as {wheel.name}, not {wheel_name}; is pyproject.toml right?")
        entries = {path.relative_to(root / "mdm_blender").as_posix(): path for path in files(root / "mdm_blender")}
        entries |= {name: root / name for name in _BESIDE}
        entries[f"wheels/{wheel.name}"] = wheel
        write_zip(target, entries)
    return target


def check(manifest: dict[str, Any], project: dict[str, Any], wheel: str) -> None:
    """Raises Fault unless the manifest tells the project's version and names exactly its wheel."""
    if manifest["version"] != project["version"]:
        raise Fault(
            f"blender_manifest.toml says version {manifest['version']}, pyproject.toml {project['version']}; "
            "make them the same."
        )
    if manifest.get("wheels") != [f"./wheels/{wheel}"]:
        raise Fault(f'blender_manifest.toml must say wheels = ["./wheels/{wheel}"].')


def files(folder: Path) -> list[Path]:
    """What belongs to the add-on: every file below the folder but caches and hidden ones, in a fixed order."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        path
        for path in found
        if not any(part in _LEFT_OUT or part.startswith(".") for part in path.relative_to(folder).parts)
    )


def build_wheel(root: Path, folder: Path) -> Path:
    """The pure Python wheel of mdm_core, made by pip with the backend that is installed here."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder), str(root)]
    subprocess.run(command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": _EPOCH})
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_zip(target: Path, entries: dict[str, Path]) -> None:
    """Writes the files under their names, sorted, with fixed times and rights; replaces `target` at the end."""
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(entries.items()):
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    part.replace(target)


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def main() -> int:
    """Builds dist/*.zip and says what came out; 1 and a sentence if it cannot be built."""
    try:
        target = build(ROOT, ROOT / "dist")
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print("pip could not build the wheel of mdm_core; its message is above.", file=sys.stderr)
        return 1
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.1f} MB")
    print("In Blender: Edit, Preferences, Add-ons, the arrow at the top right, Install from Disk.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
