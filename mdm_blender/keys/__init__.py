"""Keys: the only part that touches actions and F-curves. What values they get is `retarget`'s business.

What needs Blender is imported when it is called, so that the part without it can be used alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..retarget.tracks import PoseTracks

if TYPE_CHECKING:
    from .targets import Destination


def write(
    armature: Any,
    tracks: PoseTracks,
    frames: NDArray[np.floating],
    *,
    action_name: str,
    properties: Mapping[str, Any],
    destination: Destination = "new_action",
    notes: Sequence[str] = (),
) -> Any:
    """See `actions.write`."""
    from .actions import write as write_action

    return write_action(
        armature,
        tracks,
        frames,
        action_name=action_name,
        properties=properties,
        destination=destination,
        notes=notes,
    )


def check(armature: Any, destination: Destination = "new_action") -> None:
    """See `targets.check`."""
    from .targets import check as check_target

    check_target(armature, destination)
