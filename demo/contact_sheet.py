"""A contact sheet: frames of a motion side by side in one PNG, a row a take, to judge samples at a glance.

    python -m demo.contact_sheet motion.npz sheet.png [--frames 10] [--azimuth 40] [--size 220]

Reads the npz of `mdm generate`. Needs NumPy and Pillow alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mdm_core.errors import MotionError
from mdm_core.io import npz
from mdm_core.motion import Motion

from .capsule_figure import Array, View, render

_CAPTION = 18
_INK, _PAPER = (40, 42, 48), (246, 246, 247)


def contact_sheet(motions: list[Motion], *, frames: int = 10, size: int = 220, view: View | None = None) -> Image.Image:
    """Rows of `frames` evenly spaced poses, then the pelvis' path seen from above; size in pixels of a tile."""
    view = view or View()
    sheet = Image.new("RGB", (size * (frames + 1), (size + _CAPTION) * len(motions)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, motion in enumerate(motions):
        top = row * (size + _CAPTION)
        title = f"{motion.prompt or 'no prompt'}   {motion.seconds:.1f} s at {motion.fps:g} fps"
        draw.text((6, top + 3), title + ("" if motion.seed is None else f"   seed {motion.seed}"), fill=_INK)
        for column, frame in enumerate(np.linspace(0, len(motion) - 1, frames).round().astype(int)):
            tile = Image.fromarray(_tile(motion, int(frame), view, size))
            ImageDraw.Draw(tile).text((5, size - 14), f"{frame / motion.fps:.2f} s", fill=_INK)
            sheet.paste(tile, (column * size, top + _CAPTION))
        sheet.paste(_path_map(motion, size), (frames * size, top + _CAPTION))
    return sheet


def _tile(motion: Motion, frame: int, view: View, size: int) -> NDArray[np.uint8]:
    """One pose; the camera follows the pelvis over the ground, so the ground moves and a sliding foot shows."""
    pose = motion.positions[frame].astype(np.float64)
    centre = np.array([pose[0, 0], 0.92, pose[0, 2]])
    contacts = None if motion.contacts is None else motion.contacts[frame]
    return render(pose, view, size, centre=centre, contacts=contacts)


def _path_map(motion: Motion, size: int) -> Image.Image:
    """The pelvis' path from above: +Z up and so +X, its left, to the left; a line a metre, a dot each half second."""
    image = Image.new("RGB", (size, size), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    path: Array = motion.positions[:, 0, ::2].astype(np.float64)
    middle = (path.max(axis=0) + path.min(axis=0)) / 2
    reach = max(float(np.ptp(path, axis=0).max()) / 2, 0.75) * 1.15

    def pixel(point: Array) -> tuple[float, float]:
        x, z = (point - middle) / reach
        return (size / 2 * (1 - x), size / 2 * (1 - z))

    low, high = np.floor(middle - reach).astype(int), np.ceil(middle + reach).astype(int)
    for line in range(int(low.min()), int(high.max()) + 1):
        draw.line([pixel(np.array([line, low[1]])), pixel(np.array([line, high[1]]))], fill=(222, 222, 226))
        draw.line([pixel(np.array([low[0], line])), pixel(np.array([high[0], line]))], fill=(222, 222, 226))
    draw.line([pixel(point) for point in path], fill=(70, 110, 200), width=2)
    for frame in np.arange(0, len(path), motion.fps / 2).astype(int):
        x, y = pixel(path[frame])
        radius = 4 if frame == 0 else 2
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(210, 90, 60))
    travelled = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    draw.text((5, size - 14), f"{travelled:.1f} m", fill=_INK)
    return image


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 and a sentence on stderr where the motion cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m demo.contact_sheet", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("motion", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=10, help="poses a row")
    parser.add_argument("--size", type=int, default=220, help="pixels a tile")
    parser.add_argument("--azimuth", type=float, default=40.0, help="0 front, 90 its left, 180 behind")
    parser.add_argument("--elevation", type=float, default=14.0)
    options = parser.parse_args(arguments)
    try:
        view = View(options.azimuth, options.elevation)
        sheet = contact_sheet(npz.read(options.motion), frames=options.frames, size=options.size, view=view)
    except MotionError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.out)
    print(f"{options.out}: {sheet.width} x {sheet.height} pixels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
