"""Makes docs/images/panel.png: `python -m tests.app.picture [PROMPT] [SEED] [FRAME]`, in the application itself."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.app import application

TARGET = application.ROOT / "docs" / "images" / "panel.png"
WINDOW_CROP = "1314x872+0+26"
PANEL_CROP = "262x247+1026+84"
PANEL_PLACE = "+1022+530"


def main(prompt: str = "a person walks forward and waves", seed: str = "4", frame: str = "60") -> None:
    """The window after a generation, and in its corner the panel as it was while it ran."""
    if reason := application.why_not():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application.install(application.build_zip(folder), folder)
        options = {"prompt": prompt, "seconds": 5.0, "seed": int(seed), "frame": int(frame)}
        application.use("portrait", folder, worker=None, **options)
        window = f"( {folder}/after.png -crop {WINDOW_CROP} +repage )"
        panel = f"( {folder}/during.png -crop {PANEL_CROP} +repage -bordercolor #4772b3 -border 2 )"
        made = folder / "panel.png"
        compose = f"convert {window} {panel} -geometry {PANEL_PLACE} -composite +dither -colors 255 {made}".split()
        application.inside(*compose, folder=folder)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_bytes(made.read_bytes())
    print(f"{TARGET.relative_to(application.ROOT)}: look at it before it is committed")


if __name__ == "__main__":
    main(*sys.argv[1:])
