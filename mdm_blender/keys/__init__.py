"""Keys: the only part that touches actions and F-curves. What values they get is `retarget`'s business.

`write` is imported when it is called, so that the part without Blender can be used without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..retarget.tracks import PoseTracks


def write(
    armature: Any,
    tracks: PoseTracks,
    frames: NDArray[np.floating],
    *,
    action_name: str,
    properties: Mapping[str, Any],
) -> Any:
    """See `actions.write`."""
    from .actions import write as write_action

    return write_action(armature, tracks, frames, action_name=action_name, properties=properties)
