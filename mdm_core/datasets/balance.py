"""How often which window is drawn: what is rare and asked for more often, no clip so often that it is learnt by heart.

Made of tags alone; what the windows are and where their tags come from is `pack`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ASKED = {
    "sit down": 4.0, "stand up": 3.0, "sit on floor": 1.5, "turn left": 4.0, "turn right": 4.0, "left": 4.0,
    "right": 4.0, "circle left": 8.0, "circle right": 8.0, "pick up": 3.0, "throw left": 8.0, "throw right": 8.0,
    "throw both": 1.0, "wave": 2.0, "kick": 3.0, "kick left": 12.0, "kick right": 12.0, "spin": 3.0, "spin left": 4.0,
    "spin right": 4.0, "stop": 2.5, "walk back": 2.5, "raise left": 4.5, "raise right": 4.5, "fall": 3.0,
    "sitting": 2.0, "stairs": 2.0, "stairs up": 2.5, "stairs down": 2.0, "hop": 2.5, "hop left": 3.0,
    "hop right": 3.0, "limp": 4.0, "squat": 4.0, "crawl": 2.5, "bow": 2.5, "cartwheel": 4.5, "handstand": 6.0,
    "clap": 1.5, "drink": 10.0, "phone": 4.0, "golf": 6.0, "jumping_jack": 3.0, "get_up": 4.0, "run": 3.0, "jog": 2.5,
    "turn around left": 3.0, "turn around right": 3.0, "walk turn left": 3.0, "walk turn right": 3.0, "turn": 3.0,
    "march": 3.0, "sneak": 4.0, "point": 1.5, "salsa": 2.0, "punch": 2.0, "jump": 2.5, "jump ahead": 4.0,
    "jump up": 3.0, "run jump": 9.0, "stretch": 3.0,
    "forward fast": 4.0, "forward slow": 2.0, "backward": 1.5, "walk_backward": 2.0, "zombie_walk": 2.5,
    "lie_down": 4.0, "crouch": 2.5, "idle": 1.5, "stand up from floor": 4.0, "basketball": 8.0, "throw": 3.0,
    "arm both": 1.5, "arm left": 1.5, "arm right": 1.5,
}  # fmt: skip
"""Tags whose windows are drawn more often: common prompts for which the data has little."""

LESS: dict[str, float] = {"animal_mime": 0.35, "mime": 0.35, "other": 0.35}
"""First tags of windows that are drawn less often: much of the data, and nobody asks for it."""

MOST = 0.006
"""Of all that is drawn, the part that one source clip may have."""


def balance(
    tags: Sequence[tuple[str, ...]], bucket: NDArray[np.integer], clip: NDArray[np.integer], most: float = MOST
) -> NDArray[np.float64]:
    """Chances [W]: inverse to the root of the count of a window's rarest tag, so that rare actions are learnt.

    Windows of a bucket [W] (of lengths) compete only with each other, and every bucket is drawn equally often. `ASKED`
    counts more, and windows without tags get a tenth of the chance. Of one clip [W] at most `most` is drawn, as far as
    there are others to draw in its stead.
    """
    counts = Counter((tag, k) for theirs, k in zip(tags, bucket, strict=True) for tag in set(theirs))

    def chance(theirs: tuple[str, ...], k: int) -> float:
        if not theirs:
            return 0.1 * len(tags) ** -0.5
        rarest = max(ASKED.get(tag, 1.0) * counts[tag, k] ** -0.5 for tag in theirs)
        return rarest * LESS.get(theirs[0], 1.0)

    weight = np.array([chance(theirs, k) for theirs, k in zip(tags, bucket, strict=True)])
    for _ in range(30):
        drawn = shares(weight, bucket)
        of_clip = np.bincount(clip, weights=drawn)
        weight *= np.minimum(1.0, most / np.maximum(of_clip, 1e-12))[clip]
    return weight / weight.sum()


def shares(weight: NDArray[np.float64], bucket: NDArray[np.integer]) -> NDArray[np.float64]:
    """The part [W] of all that is drawn that is this window, if each bucket is drawn equally often."""
    total = np.bincount(bucket, weights=weight)
    return weight / total[bucket] / np.count_nonzero(total)
