"""`import mdm_core` and the half that Blender uses need NumPy alone: no torch, SciPy, Pillow, transformers or bpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "scipy", "PIL", "transformers", "tokenizers", "safetensors", "bpy", "imageio_ffmpeg")
ALLOWED = ("torch_", "training", "evaluation", "datasets")


def light_modules() -> list[str]:
    """Every module of mdm_core outside the parts that may need more."""
    files = sorted((ROOT / "mdm_core").rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    return [
        n for n in names if not n.endswith("__main__") and not any(part.startswith(ALLOWED) for part in n.split("."))
    ]


def test_light_modules_import_nothing_heavy() -> None:
    names = light_modules()
    assert len(names) > 30
    code = (
        f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
