"""Motion of any length from a model that continues a prefix (DiP; Tevet et al. 2025, sec. 4): block after block.

Each block is sampled from fresh noise, told the last frames of what is there. Features are relative to the root, so
blocks need no alignment. No network and no random generator lives here.
"""

from __future__ import annotations

from collections.abc import Callable

from mdm_core.arrays import Array, namespace


def blocks(frames: int, block: int) -> int:
    """How many blocks make so many frames."""
    return -(-frames // block)


def continued(prefix: Array, frames: int, block: int, sample: Callable[[int, Array], Array]) -> Array:
    """Normalised features [B, frames, D] that continue `prefix` [B, P, D], which is not part of them.

    sample(i, prefix) gives the i-th block [B, block, D] after the last P frames before it.
    """
    made = prefix
    for i in range(blocks(frames, block)):
        made = namespace(made).concatenate([made, sample(i, made[:, -prefix.shape[1] :])], 1)
    return made[:, prefix.shape[1] :][:, :frames]


def parts_of(prompt: str, count: int) -> list[str]:
    """The prompt of each of `count` blocks: "walks | sits down" is shared out evenly, in order."""
    parts = [part.strip() for part in prompt.split("|")]
    return [parts[min(i * len(parts) // count, len(parts) - 1)] for i in range(count)]
