"""Shows every panel of the tab, opened, in the application itself: `python -m tests.app.panels OUT.png`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.app import application

HEIGHT = 1500


def main(target: str) -> None:
    """Writes the picture of the window."""
    if reason := application.why_not():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application.install(application.build_zip(folder), folder)
        application.use("panels", folder, height=HEIGHT, worker=None, limit=900)
        Path(target).write_bytes((folder / "panels.png").read_bytes())


if __name__ == "__main__":
    main(sys.argv[1])
