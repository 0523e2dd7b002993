"""A sheet of one motion on eight different rigs side by side, rendered by Blender: feet, elbows, wrists, hips.

    python -m demo.rig_sheet motion.npz sheet.png [--frames 4] [--take 0]

Reads the npz of `mdm generate`. The rigs are those of `tests.rig` (names and hierarchies of real ones, proportions and
rest poses made up here) and Rigify's. Each is detected and animated as a user's would be. Needs bpy, Pillow, SciPy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont

from mdm_blender import rig
from mdm_blender.apply import apply_motion
from mdm_core.errors import MotionError
from mdm_core.io import npz
from mdm_core.motion import Motion
from tests.rig import known_rigs
from tests.rig.rig_tables import TABLES

from . import make, mannequin, scene
from .surface import Array

WIDTH, STRIP = 1552, 316
"""Pixels of the sheet, and of a frame's strip in height."""
COLUMN, ASIDE = 1.48, 0.08
"""Metres from figure to figure, and by which all stand beside the middle of their columns: raised hands need room."""
MARGIN, HEADER = 40, 40
AZIMUTH, ELEVATION = np.radians(32.0), np.radians(6.0)
COLOURS = 64
INK, PAPER = (40, 42, 48), (246, 246, 247)


@dataclass(frozen=True)
class Model:
    """One of the skeletons of `tests.rig`. unit: metres a unit of its armature; nameless: found by shape alone."""

    title: str
    label: str
    arms_down: float
    seed: int
    unit: float = 1.0
    nameless: bool = False


MODELS: tuple[Model, ...] = (
    Model("Mixamo\nT-pose", "Mixamo", 0.0, 2),
    Model("Unreal 5, in cm\nA-pose 45°", "Unreal 5 mannequin", 45.0, 26, unit=0.01),
    Model("VRoid\nA-pose 30°", "VRM (VRoid)", 30.0, 24),
    Model("Daz Genesis 8\nA-pose 45°", "Daz Genesis 3 / 8", 45.0, 14),
    Model("MMD, Japanese\nA-pose 35°", "MMD, Japanese", 35.0, 16),
    Model("names unknown\narms down 75°", "3ds Max Biped", 75.0, 12, nameless=True),
)


def rigs() -> list[tuple[str, Any]]:
    """(title, armature object) of all eight, in a new file."""
    human = make.rigify_human()
    ops: Any = bpy.ops
    ops.object.armature_basic_human_metarig_add()
    made = [("Rigify\ncontrols", human), ("Rigify metarig\nbasic human", bpy.context.object)]
    for model in MODELS:
        table = next(table for table in TABLES if table.label == model.label)
        known = known_rigs.build(table, arms_down=model.arms_down, seed=model.seed)
        if model.nameless:
            known = known_rigs.random_names(known, 0)
        made.append((model.title, armature_of(known, model.unit)))
    return made


def armature_of(known: known_rigs.KnownRig, unit: float) -> Any:
    """The skeleton as an armature object whose bones are measured in `unit` metres."""
    data = bpy.data.armatures.new(known.label)
    armature: Any = bpy.data.objects.new(known.label, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in known.bones:
        made: Any = data.edit_bones.new(bone.name)
        made.head, made.tail, made.roll = (bone.head / unit).tolist(), (bone.tail / unit).tolist(), bone.roll
        made.parent = data.edit_bones[bone.parent] if bone.parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.scale = (unit, unit, unit)
    bpy.context.view_layer.update()
    return armature


def sheet(motion: Motion, count: int, report: Any = print) -> Image.Image:
    """The motion on all rigs: a column a rig, a row a frame."""
    made = rigs()
    pelvis: list[Array] = []
    frames: list[int] = []
    bpy.context.scene.render.fps = make.FPS
    for title, armature in made:
        bpy.context.view_layer.objects.active = armature
        found = rig.detect(armature)
        report(f"{' '.join(title.split()):<32} {found.family:<18} {100 * found.confidence:.0f} % sure")
        action = apply_motion(armature, motion, frame_start=1, action_name=armature.name)
        first, last = (round(float(frame)) for frame in action.frame_range)
        frames = np.linspace(first, last, count + 2).round().astype(int)[1:-1].tolist()
        pelvis.append(scene.followed(armature, [found.bones["pelvis"]], frames)[:, 0])
        mannequin.add(armature, found.bones, cell=0.012)
        armature.hide_render = True
    _stage(len(made), frames)
    strips: list[Image.Image] = []
    with tempfile.TemporaryDirectory() as folder:
        for row, frame in enumerate(frames):
            bpy.context.scene.frame_set(frame)
            for column, ((_, armature), track) in enumerate(zip(made, pelvis, strict=True)):
                armature.location = Vector((_place(column, len(made)) - track[row] * [1.0, 1.0, 0.0]).tolist())
            path = Path(folder) / f"{row}.png"
            bpy.context.scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            strips.append(Image.open(path).convert("RGB"))
    return _composed(strips, [title for title, _ in made], [(frame - 1) / make.FPS for frame in frames])


def _right() -> Array:
    return np.array([np.cos(AZIMUTH), np.sin(AZIMUTH), 0.0])


def _place(column: int, columns: int) -> Array:
    """Where a figure stands: along the picture, so that none is nearer."""
    return _right() * (COLUMN * (column - (columns - 1) / 2) + ASIDE)


def _stage(columns: int, frames: Sequence[int]) -> None:
    """Ground and light of the demo's stage, and a camera without perspective that shows all columns."""
    places = np.array([[_place(column, columns) + [0, 0, 1.0]] for column in (0, columns - 1)])
    scene.dress(places, [frames[0], frames[-1] + 1], make.FPS, aspect=WIDTH / STRIP)
    data: Any = bpy.data.cameras.new("Sheet")
    data.type, data.ortho_scale, data.clip_end = "ORTHO", COLUMN * columns, 100.0
    camera = bpy.data.objects.new("Sheet", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    level = np.array([np.sin(AZIMUTH), -np.cos(AZIMUTH), 0.0])
    towards = np.cos(ELEVATION) * level + [0.0, 0.0, np.sin(ELEVATION)]
    camera.location = Vector((20.0 * towards + [0.0, 0.0, 1.06]).tolist())
    camera.rotation_euler = Vector((-towards).tolist()).to_track_quat("-Z", "Y").to_euler()
    scene.prepare_render(WIDTH, STRIP)
    cycles: Any = bpy.context.scene.cycles
    cycles.samples = 16


def _composed(strips: Sequence[Image.Image], titles: Sequence[str], seconds: Sequence[float]) -> Image.Image:
    height = STRIP * len(strips) + HEADER
    picture = Image.new("RGB", (WIDTH + MARGIN, height), PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    for column, title in enumerate(titles):
        middle = MARGIN + (column + 0.5) * WIDTH / len(titles)
        draw.multiline_text((middle, HEADER / 2), title, fill=INK, font=font, anchor="mm", align="center")
    for row, (strip, second) in enumerate(zip(strips, seconds, strict=True)):
        picture.paste(strip, (MARGIN, HEADER + row * STRIP))
        draw.text((MARGIN / 2, HEADER + (row + 0.5) * STRIP), f"{second:.1f} s", fill=INK, font=font, anchor="mm")
    return picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 and a sentence on stderr where something cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m demo.rig_sheet", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("motion", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=4, help="rows of the sheet")
    parser.add_argument("--take", type=int, default=0, help="which of the file's motions")
    options = parser.parse_args(arguments)
    try:
        motions = npz.read(options.motion)
        if not 0 <= options.take < len(motions):
            raise MotionError(f"{options.motion} holds {len(motions)} takes: there is no take {options.take}.")
        picture = sheet(motions[options.take], max(options.frames, 1))
    except MotionError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(options.out, optimize=True)
    print(f"{options.out}: {picture.width} x {picture.height} pixels, {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
