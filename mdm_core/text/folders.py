"""Hugging Face folders on this machine: config.json read and checked, the local cache looked into. No network."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mdm_core.errors import MotionError

CONFIG = "config.json"


def read_config(folder: Path, kinds: Sequence[str]) -> dict[str, Any]:
    """config.json of a model of one of these `model_type`s."""
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MotionError(f"{path} is missing: give the whole folder of the model.") from None
    except (OSError, ValueError) as error:
        raise MotionError(f"{path} cannot be read ({error}); download it again.") from None
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind not in kinds:
        raise MotionError(f'{path} has the model_type "{kind}"; it must be {" or ".join(kinds)}.')
    return config


def cached(repository: str) -> Path | None:
    """The newest snapshot of `owner/name` in the Hugging Face cache of this machine, or None."""
    snapshots = cache_folder() / f"models--{repository.replace('/', '--')}" / "snapshots"
    found = [path for path in snapshots.glob("*") if (path / CONFIG).is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def cache_folder() -> Path:
    """Where the Hugging Face libraries keep what they fetched."""
    home = os.environ.get("HF_HOME", str(Path.home() / ".cache" / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", str(Path(home) / "hub"))).expanduser()
