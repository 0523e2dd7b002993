"""The bundled model's gallery: 24 prompts, each one take of one seed that nobody picked, rendered by Blender.

    python -m demo.gallery gallery.png [--seed 0] [--seconds 5] [--prompts N]

A strip a prompt: Rigify's human at even times from left to right, each in the middle of its column, turned and raised
as in the motion. Needs bpy, Pillow, SciPy.
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

from mdm_blender import rig
from mdm_blender.apply import apply_motion
from mdm_core.errors import MotionError
from mdm_core.generator import MotionGenerator, Request

from . import make, mannequin, scene
from .surface import Array

PROMPTS = (
    *("a person walks forward", "a person walks backward", "a person runs", "a person sneaks forward"),
    *("a person walks and turns left", "a person turns around", "a person spins around", "a person jumps forward"),
    *("a person sits down", "a person stands up from a chair", "a person crouches down", "a person lies on the ground"),
    *("a person waves the right hand", "a person raises both arms", "a person throws a ball", "a person claps"),
    *("a person kicks with the right leg", "a person throws punches", "a person picks something up from the ground"),
    *("a person dances", "a person limps", "a person walks like a zombie", "a person sidesteps to the left"),
    "a person walks forward and waves",
)
COLUMNS, POSES = 2, 6
WIDTH, STRIP, TITLE = 600, 216, 20
"""Pixels of a prompt's strip, and of the line above it."""
SPACE = 1.06
"""Metres from pose to pose."""
AZIMUTH, ELEVATION = np.radians(32.0), np.radians(6.0)
INK, PAPER = (40, 42, 48), (246, 246, 247)


def gallery(prompts: Sequence[str], seconds: float, seed: int) -> Image.Image:
    """All prompts on one picture."""
    generator = MotionGenerator.load("bundled", engine="numpy")
    motions = generator.generate(Request(tuple(prompts), seconds=seconds, seed=seed))
    armature = make.rigify_human()
    found = rig.detect(armature)
    figure = mannequin.add(armature, found.bones, cell=0.012)
    figure.hide_render = armature.hide_render = True
    _stage()
    rows = -(-len(prompts) // COLUMNS)
    picture = Image.new("RGB", (COLUMNS * WIDTH, rows * (STRIP + TITLE)), PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    with tempfile.TemporaryDirectory() as folder:
        for number, motion in enumerate(motions):
            bpy.context.view_layer.objects.active = armature
            action = apply_motion(armature, motion, frame_start=1, action_name=motion.prompt)
            first, last = (round(float(frame)) for frame in action.frame_range)
            frames = np.linspace(first, last, POSES).round().astype(int).tolist()
            strip = _strip(figure, armature, found.bones["pelvis"], frames, Path(folder) / f"{number}.png")
            column, row = number % COLUMNS, number // COLUMNS
            picture.paste(strip, (column * WIDTH, row * (STRIP + TITLE) + TITLE))
            draw.text((column * WIDTH + 6, row * (STRIP + TITLE) + 3), motion.prompt, fill=INK, font=font)
            print(f"{number + 1}/{len(motions)} {motion.prompt}", flush=True)
    return picture.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _strip(figure: Any, armature: Any, pelvis: str, frames: Sequence[int], path: Path) -> Image.Image:
    """One motion's poses side by side: the mannequin as it stands in each frame, as a mesh of its own."""
    track = scene.followed(armature, [pelvis], frames)[:, 0]
    copies: list[Any] = []
    for place, frame, at in zip(_places(), frames, track, strict=True):
        bpy.context.scene.frame_set(frame)
        evaluated = figure.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = bpy.data.meshes.new_from_object(evaluated)
        copy = bpy.data.objects.new(f"pose {frame}", mesh)
        copy.matrix_world = evaluated.matrix_world.copy()
        copy.location += Vector((place - at * [1.0, 1.0, 0.0]).tolist())
        bpy.context.scene.collection.objects.link(copy)
        copies.append(copy)
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    for copy in copies:
        bpy.data.meshes.remove(copy.data)
    return Image.open(path).convert("RGB")


def _places() -> Array:
    """Where the poses stand, [POSES, 3]: along the picture, so that none is nearer."""
    right = np.array([np.cos(AZIMUTH), np.sin(AZIMUTH), 0.0])
    return right * (SPACE * (np.arange(POSES) - (POSES - 1) / 2))[:, None]


def _stage() -> None:
    """Ground and light of the demo's stage, and a camera without perspective that shows all poses."""
    ends = (_places()[[0, -1]] + [0, 0, 1.0])[:, None]
    scene.dress(ends, [1, 2], make.FPS, aspect=WIDTH / STRIP)
    data: Any = bpy.data.cameras.new("Gallery")
    data.type, data.ortho_scale, data.clip_end = "ORTHO", SPACE * POSES, 100.0
    camera = bpy.data.objects.new("Gallery", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    towards = np.array([np.sin(AZIMUTH) * np.cos(ELEVATION), -np.cos(AZIMUTH) * np.cos(ELEVATION), np.sin(ELEVATION)])
    camera.location = Vector((20.0 * towards + [0.0, 0.0, 1.06]).tolist())
    camera.rotation_euler = Vector((-towards).tolist()).to_track_quat("-Z", "Y").to_euler()
    scene.prepare_render(WIDTH, STRIP)
    cycles: Any = bpy.context.scene.cycles
    cycles.samples = 16


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 and a sentence on stderr where something cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m demo.gallery", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), help="only so many, the first")
    options = parser.parse_args(arguments)
    try:
        picture = gallery(PROMPTS[: max(1, options.prompts)], options.seconds, options.seed)
    except MotionError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(options.out, optimize=True)
    print(f"{options.out}: {picture.width} x {picture.height} pixels, {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
