"""pytest on Blender's Python: `python -m tools.run_pytest ARGUMENTS`, whose exit status is that of the tests alone.

bpy 4.2 crashes and 4.5 hangs when Python takes its modules down, after the last test. So the process is left the moment
pytest has its result. What goes wrong before that moment is pytest's to report: a crash inside a test ends the process
with the signal's status as ever, and a hanging test is stopped by pytest-timeout. Of workers (pytest-xdist) the results
are in before they end, and how they end is not asked: one that hangs is killed after ten seconds.
"""

from __future__ import annotations

import os
import sys

import pytest


def main() -> None:
    """Runs pytest and leaves without Python's own farewell (atexit, modules, Blender's)."""
    status = int(pytest.main(sys.argv[1:]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
