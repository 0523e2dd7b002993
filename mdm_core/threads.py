"""How many threads NumPy's linear algebra takes. To be asked for before NumPy is imported first."""

from __future__ import annotations

import os


def leave_room() -> None:
    """Let OpenBLAS use half of the cores, four at most, unless the user has said how many.

    Its threads wait for each other by spinning. Where other programs keep the cores busy, as a render does, a pass of
    our small network with a thread on every core was measured to take ten times as long as with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, min(4, (os.cpu_count() or 2) // 2))))
