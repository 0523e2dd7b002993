"""An edit before and after, on Rigify's human, rendered by Blender: the same frames, one below the other.

    python -m demo.edit_sheet edit.png [--walk "a person walks forward"] [--prompt "a person waves with the right hand"]

Everything but the chosen body parts within the range must look the same in both rows. Needs bpy, Pillow, SciPy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont

from mdm_blender import api

from . import make, mannequin, scene
from .surface import Array

TILE = (156, 300)
MARGIN, HEADER = 86, 26
AZIMUTH, ELEVATION = np.radians(38.0), np.radians(7.0)
PAPER, INK = (246, 246, 247), (40, 42, 48)
TALL = 2.35
"""Metres that a tile shows in height: an arm may be raised."""
COLOURS = 96


def sheet(walk: str, prompt: str, parts: Sequence[str], first: int, last: int, seed: int) -> Image.Image:
    """Two rows of frames from before to after the range, which a bar marks."""
    armature = make.rigify_human()
    bpy.context.scene.render.fps = make.FPS
    original = api.generate(armature, walk, seconds=(last + 20) / make.FPS, frame_start=1, seed=seed)[0]
    frames = np.linspace(first - 10, last + 10, 8).round().astype(int).tolist()
    edited = api.regenerate(armature, prompt, frames=(first, last), parts=parts, seed=seed)
    bones = api.detect(armature).bones
    mannequin.add(armature, bones, cell=0.012)
    armature.hide_render = True
    rows: list[list[Image.Image]] = []
    armature.animation_data.action = original
    track = scene.followed(armature, [bones["pelvis"]], frames)
    camera = _stage(track, frames)
    with tempfile.TemporaryDirectory() as folder:
        for action in (original, edited):
            armature.animation_data.action = action
            rows.append(
                [_tile(camera, frame, place[0], Path(folder)) for frame, place in zip(frames, track, strict=True)]
            )
    return _composed(rows, frames, (first, last))


def _stage(track: Array, frames: Sequence[int]) -> Any:
    scene.dress(track, frames, make.FPS, aspect=TILE[0] / TILE[1])
    data: Any = bpy.data.cameras.new("Sheet")
    data.type, data.ortho_scale, data.clip_end = "ORTHO", TALL, 100.0
    camera = bpy.data.objects.new("Sheet", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    scene.prepare_render(*TILE)
    cycles: Any = bpy.context.scene.cycles
    cycles.samples = 16
    return camera


def _tile(camera: Any, frame: int, pelvis: Array, folder: Path) -> Image.Image:
    """The frame with the figure in the middle, seen from its front and right."""
    towards = np.cos(ELEVATION) * np.array([-np.sin(AZIMUTH), -np.cos(AZIMUTH), 0.0]) + [0.0, 0.0, np.sin(ELEVATION)]
    camera.location = Vector((np.array([pelvis[0], pelvis[1], 1.06]) + 20.0 * towards).tolist())
    camera.rotation_euler = Vector((-towards).tolist()).to_track_quat("-Z", "Y").to_euler()
    path = folder / "tile.png"
    bpy.context.scene.frame_set(frame)
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return Image.open(path).convert("RGB")


def _composed(rows: Sequence[Sequence[Image.Image]], frames: Sequence[int], span: tuple[int, int]) -> Image.Image:
    width, height = TILE
    picture = Image.new("RGB", (MARGIN + width * len(frames), HEADER + height * len(rows)), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for row, tiles in enumerate(rows):
        draw.text((10, HEADER + height * row + height // 2), ("before", "after")[row], INK, font)
        for column, tile in enumerate(tiles):
            picture.paste(tile, (MARGIN + width * column, HEADER + height * row))
    for column, frame in enumerate(frames):
        left = MARGIN + width * column
        draw.text((left + width // 2 - 8, 3), str(frame), INK, font)
        if span[0] <= frame <= span[1]:
            draw.rectangle((left, HEADER - 5, left + width - 1, HEADER - 2), INK)
    return picture.quantize(COLOURS)


def main(arguments: list[str] | None = None) -> int:
    """Writes the sheet; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--walk", default="a person walks forward")
    parser.add_argument("--prompt", default="a person waves with the right hand")
    parser.add_argument("--parts", default="right_arm")
    parser.add_argument("--first", type=int, default=40)
    parser.add_argument("--last", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    picture = sheet(chosen.walk, chosen.prompt, tuple(chosen.parts.split(",")), chosen.first, chosen.last, chosen.seed)
    picture.save(chosen.out, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
