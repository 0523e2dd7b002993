"""Motion: what every part of the project passes on. Joint positions in time, and the words they came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .errors import MotionError
from .skeleton import FEET, JOINTS, MIRROR


@dataclass(frozen=True)
class Motion:
    """One take.

    positions: float32 [T, 22, 3], metres, Y up, joints of `skeleton.JOINT_NAMES`; facing +Z at frame 0
        and standing on y = 0 where it comes from the model.
    fps: frames a second.
    contacts: bool [T, 4], feet on the ground in the order of `skeleton.FEET`, or None if not known.
    features: float32 [T, D], the model's own denormalised features, kept for later edits, or None.
    """

    positions: NDArray[np.float32]
    fps: float = 20.0
    contacts: NDArray[np.bool_] | None = None
    prompt: str = ""
    seed: int | None = None
    model: str = ""
    features: NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.positions.ndim != 3 or self.positions.shape[1:] != (JOINTS, 3):
            raise MotionError(f"A motion needs positions of shape [frames, {JOINTS}, 3], not {self.positions.shape}.")
        if not self.fps > 0:
            raise MotionError(f"A motion needs a frame rate above zero, not {self.fps}.")

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def seconds(self) -> float:
        """Time from the first frame to the end of the last."""
        return len(self) / self.fps


def resample(motion: Motion, fps: float) -> Motion:
    """The motion at another frame rate: positions linearly between frames, contacts from the nearest frame.

    The first frame keeps its time; the last new frame is the last that lies within the old ones. Features
    belong to the model's own rate and are dropped.
    """
    if fps == motion.fps:
        return motion
    last = (len(motion) - 1) / motion.fps
    times = np.arange(int(np.floor(last * fps + 1e-6)) + 1) / fps
    positions = sample_positions(motion.positions, times * motion.fps)
    contacts = None
    if motion.contacts is not None:
        contacts = motion.contacts[np.rint(times * motion.fps).astype(int)]
    return replace(motion, positions=positions, fps=fps, contacts=contacts, features=None)


def sample_positions(positions: NDArray[np.float32], frames: NDArray[np.floating]) -> NDArray[np.float32]:
    """Positions [N, 22, 3] at fractional frame numbers [N], linear between frames, held at the ends."""
    at = np.clip(frames, 0, len(positions) - 1)
    low = np.minimum(at.astype(int), max(len(positions) - 2, 0))
    high = np.minimum(low + 1, len(positions) - 1)
    t = (at - low)[:, None, None]
    return ((1 - t) * positions[low] + t * positions[high]).astype(np.float32)


def mirror(motion: Motion) -> Motion:
    """Left and right exchanged (x to -x); the prompt is left as it is, see `datasets.captions.mirror_words`."""
    positions = motion.positions[:, MIRROR] * np.array([-1, 1, 1], dtype=np.float32)
    contacts = None if motion.contacts is None else motion.contacts[:, [2, 3, 0, 1]]
    assert len(FEET) == 4
    return replace(motion, positions=positions, contacts=contacts, features=None)
