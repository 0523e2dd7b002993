"""`build.py demo`: from a prompt to a character that moves, each stage timed.

    python -m demo.make ["a person walks forward and waves"] [--seconds 6] [--seed 5] [--out out]

Leaves OUT/demo.blend (opens ready to play), demo.gif (rendered by Blender), demo.bvh and demo.npz. Needs bpy, NumPy and
Pillow. What Blender prints goes to OUT/demo.log.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, TextIO

import bpy
import numpy as np
from PIL import Image

from mdm_blender import rig
from mdm_blender.apply import apply_motion
from mdm_core.errors import MotionError
from mdm_core.generator import MotionGenerator, Request
from mdm_core.io import bvh, npz
from mdm_core.motion import Motion

from . import mannequin, scene

PROMPT = "a person walks forward and waves"
SEED = 5  # README's picture
WIDTH, HEIGHT = 360, 360  # pixels of the GIF
FRAMED = ("pelvis", "head", "left_wrist", "right_wrist", "left_foot", "right_foot")  # what stays in the picture
HIDDEN = ("Face", "Fingers", "(IK)", "(Tweak)")  # bone collections whose controls the motion does not use
FPS = 24  # of the scene; the GIF shows every second frame


class Console:
    """What the user sees while Blender's own output goes to a log: stages with their times, and progress in them."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._shown = -1

    def line(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    @contextlib.contextmanager
    def stage(self, title: str) -> Generator[None]:
        """Announces a stage, and closes its line with the seconds it took."""
        started = time.monotonic()
        self._shown = -1
        print(f"{title:<46}", end="", file=self._out, flush=True)
        yield
        if self._live:
            print(f"\r{title:<46}", end="", file=self._out)
        print(f" {time.monotonic() - started:6.1f} s", file=self._out, flush=True)

    def progress(self, done: int, total: int) -> None:
        """Shows how far the stage is, on a terminal only."""
        percent = 100 * done // total
        if self._live and percent != self._shown:
            self._shown = percent
            print(f"\b\b\b\b\b {percent:3d}%" if done > 1 else f" {percent:3d}%", end="", file=self._out, flush=True)


def make(console: Console, prompt: str, out: Path, *, seconds: float, seed: int, motion_file: Path | None) -> None:
    """The whole path; raises MotionError with a sentence where it cannot be gone."""
    started = time.monotonic()
    motion = npz.read(motion_file)[0] if motion_file else _generate(console, prompt, seconds, seed)
    out.mkdir(parents=True, exist_ok=True)
    with console.stage("Writing demo.npz and demo.bvh"):
        npz.write(out / "demo.npz", [motion])
        bvh.write(out / "demo.bvh", motion)
    with console.stage("Blender: generating a Rigify human"):
        armature = rigify_human()
    with console.stage("Retargeting onto its controls"):
        found = rig.detect(armature)
        action = apply_motion(armature, motion, frame_start=1, action_name=motion.prompt or "motion")
        frames = _set_range(action)
    with console.stage("Building the mannequin around the bones"):
        mannequin.add(armature, found.bones)
    with console.stage("Ground, light, camera; saving demo.blend"):
        track = scene.followed(armature, [found.bones[name] for name in FRAMED if name in found.bones], frames)
        scene.dress(track, frames, FPS, aspect=WIDTH / HEIGHT)
        scene.prepare_render(WIDTH, HEIGHT)
        _open_ready(armature)
        bpy.ops.wm.save_as_mainfile(filepath=str((out / "demo.blend").resolve()), compress=True, check_existing=False)
    with console.stage(f"Rendering {len(frames[::2])} frames with Cycles"), tempfile.TemporaryDirectory() as folder:
        pictures = scene.render_frames(frames[::2], Path(folder), console.progress)
        write_gif(pictures, out / "demo.gif", FPS / 2)
    console.line("")
    console.line(
        f"“{motion.prompt}”, seed {motion.seed}: {motion.seconds:.1f} s of motion in {time.monotonic() - started:.0f} s"
    )
    for name, what in (
        ("demo.blend", "the character with the action; open it and press Space"),
        ("demo.gif", "the same as a picture that moves"),
        ("demo.bvh", "the motion for other programs"),
        ("demo.npz", "joint positions and the model's features"),
    ):
        console.line(f"  {out / name!s:<18} {(out / name).stat().st_size / 1e6:5.1f} MB  {what}")


def _generate(console: Console, prompt: str, seconds: float, seed: int) -> Motion:
    with console.stage("Loading the model"):
        generator = MotionGenerator.load("bundled", engine="numpy")
    with console.stage("Generating the motion with NumPy"):
        return generator.generate(Request((prompt,), seconds=seconds, seed=seed), on_step=console.progress)[0]


def rigify_human() -> Any:
    """A new file with Blender's own Rigify human in it, generated from the standard metarig."""
    import addon_utils

    ops: Any = bpy.ops
    ops.wm.read_factory_settings()
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    addon_utils.enable("rigify", default_set=True)
    ops.object.armature_human_metarig_add()
    metarig: Any = bpy.context.object
    ops.pose.rigify_generate()
    armature: Any = bpy.context.object
    bpy.data.objects.remove(metarig)
    armature.name = "Human"
    for collection in armature.data.collections:
        if any(word in collection.name for word in HIDDEN):
            collection.is_visible = False
    for text in bpy.data.texts:
        text.use_module = (
            False  # Rigify's own panel; as a start-up script, Blender would ask about it before showing the file
        )
    return armature


def _set_range(action: Any) -> list[int]:
    """Sets the scene to 24 fps and to the action's length; the frames [F] of it."""
    timeline = bpy.context.scene
    first, last = (round(float(frame)) for frame in action.frame_range)
    timeline.frame_start, timeline.frame_end = first, last
    timeline.frame_set(first)
    return list(range(first, last + 1))


def _open_ready(armature: Any) -> None:
    """The file as it shall open: the armature active in pose mode, seen through the camera in its own colours."""
    view_layer = bpy.context.view_layer
    for thing in bpy.context.scene.objects:
        thing.select_set(thing is armature)
    view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                if space.type == "VIEW_3D":
                    view: Any = space
                    view.shading.type, view.shading.color_type = "SOLID", "VERTEX"
                    view.region_3d.view_perspective = "CAMERA"


def write_gif(pictures: Sequence[Path], path: Path, fps: float) -> None:
    """The pictures as an endless GIF, with one palette for all so that nothing flickers and little changes a frame."""
    images = [Image.open(picture).convert("RGB") for picture in pictures]
    chosen = images[:: max(1, len(images) // 8)]
    sheet = Image.new("RGB", (images[0].width, images[0].height * len(chosen)))
    for row, image in enumerate(chosen):
        sheet.paste(image, (0, row * image.height))
    palette = sheet.quantize(128, method=Image.Quantize.MEDIANCUT)
    indexed = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    ends = np.round(np.arange(1, len(indexed) + 1) * 100 / fps).astype(int)  # GIF counts in hundredths of a second
    durations = [int(d) * 10 for d in np.diff(ends, prepend=0)]
    indexed[0].save(path, save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False)


@contextlib.contextmanager
def logged(path: Path) -> Generator[Console]:
    """Everything that is printed, by Blender's C code too, goes to the file; the console that is given still shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("w", encoding="utf-8") as log, os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield Console(out)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, number)
                os.close(saved)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 and a sentence on stderr where something cannot be made."""
    parser = argparse.ArgumentParser(prog="build.py demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("prompt", nargs="?", default=PROMPT)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--motion", type=Path, help="an npz of `mdm generate` to show instead of a new motion")
    options = parser.parse_args(arguments)
    log = options.out / "demo.log"
    try:
        with logged(log) as console:
            try:
                make(
                    console,
                    options.prompt,
                    options.out,
                    seconds=options.seconds,
                    seed=options.seed,
                    motion_file=options.motion,
                )
            except (MotionError, KeyboardInterrupt):
                console.line("")
                raise
            except Exception:
                console.line("")
                traceback.print_exc()
                raise
    except MotionError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except Exception as error:
        print(f"{type(error).__name__}: {error} (the whole story is in {log})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
