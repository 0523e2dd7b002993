"""A recording: motion as a data set's file holds it, already on the joints of SMPL-22, before it is cleaned.

What every reader of this package gives. Reading files is theirs; cleaning is `clips`, packing `pack`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Caption:
    """Words of a stretch of a recording. start, stop: seconds; both 0 for the whole of it.

    tokens: the words as "word/POS", where the data set has them.
    """

    text: str
    start: float = 0.0
    stop: float = 0.0
    tokens: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return self.start == 0.0 and self.stop == 0.0


@dataclass(frozen=True)
class Recording:
    """One file.

    name: its path within the data set, without a suffix, `/` between folders. subject: who moves, as the data set says.
    positions: [T, 22, 3], metres (as far as the file tells its unit), Y up, a right-handed frame; sizes as measured.
    rotations: [T, 24, 3, 3], SMPL's joints against their parents in the same frame, where the file holds them.
    """

    name: str
    subject: str
    positions: Positions
    fps: float
    rotations: Positions | None = None

    @property
    def seconds(self) -> float:
        return len(self.positions) / self.fps
