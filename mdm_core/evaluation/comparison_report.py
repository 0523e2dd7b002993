"""The comparison as a table for people and as numbers for JSON. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .metrics import Interval

Rows = Mapping[str, Mapping[str, Interval]]

METRICS: dict[str, tuple[str, str]] = {
    "fid": ("FID", "lower"),
    "kid": ("KID", "lower"),
    "accuracy": ("accuracy", "higher"),
    "r_precision_top1": ("R-precision top 1", "higher"),
    "r_precision_top2": ("R-precision top 2", "higher"),
    "r_precision_top3": ("R-precision top 3", "higher"),
    "mm_distance": ("MM-distance", "lower"),
    "diversity": ("diversity", "as real"),
    "multimodality": ("multimodality", "higher"),
    "precision": ("precision", "higher"),
    "recall": ("recall", "higher"),
    "slide": ("foot slide, m/s", "lower"),
    "skating": ("foot skating, share", "lower"),
    "float_height": ("float, m", "as real"),
    "penetration": ("penetration, m", "lower"),
    "jitter": ("jitter, m/s³", "as real"),
    "speed": ("speed of the joints, m/s", "as real"),
    "nearest_training": ("nearest training clip, m", "not far below real"),
}
"""How each metric is called, and what is good."""


def table(rows: Rows) -> str:
    """Metrics downward, sources across, in Markdown."""
    names = list(rows)
    lines = ["| | good | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for key, (title, good) in METRICS.items():
        if any(key in row for row in rows.values()):
            cells = [str(row[key]) if key in row else "–" for row in rows.values()]
            lines.append(f"| {title} | {good} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def numbers(rows: Rows) -> dict[str, Any]:
    """Source, metric, and [value, half of the 95 % interval], rounded to six digits."""
    return {
        name: {key: [float(f"{one.value:.6g}"), float(f"{one.half:.6g}")] for key, one in row.items()}
        for name, row in rows.items()
    }
