"""Shows every panel of the tab, opened, in the application itself: `python -m tests.app.panels OUT.png`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.app import application

HEIGHT = 1500
SIDEBAR_CROP = "256x1186+1030+86"
"""From the top to the end of the Loop panel."""


def main(target: str) -> None:
    """Writes the picture of the sidebar."""
    if reason := application.why_not():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application.install(application.build_zip(folder), folder)
        application.use("panels", folder, height=HEIGHT, worker=None, limit=900)
        made = folder / "sidebar.png"
        cut = f"convert {folder}/panels.png -crop {SIDEBAR_CROP} +repage +dither -colors 128 {made}".split()
        application.inside(*cut, folder=folder)
        Path(target).write_bytes(made.read_bytes())


if __name__ == "__main__":
    main(sys.argv[1])
