"""The stage around the character: checkered ground, light, a camera that follows, and frames rendered without a GPU.

Knows armatures only by the points that it is asked to follow. The character is `mannequin`; `make` joins the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import numpy as np
from mathutils import Vector

from .surface import Array

TILE = 0.5  # metres: small enough that a sliding foot shows, large enough to stay calm in motion
_LIGHT_TILE, _DARK_TILE = np.array([0.30, 0.325, 0.36]), np.array([0.19, 0.21, 0.24])
_BACKDROP = (0.40, 0.45, 0.52)
_AZIMUTH, _ELEVATION = np.radians(38.0), np.radians(8.0)
_LENS = 50.0  # mm on a sensor 36 mm wide
_FOLLOW_FROM = 1.2  # metres of path below which the camera stands still
_SMOOTHING = 0.6  # seconds, sigma of the camera's path
_SAMPLES = 4


def followed(armature: Any, bones: Sequence[str], frames: Sequence[int]) -> Array:
    """World positions [F, B, 3] of the heads of these pose bones at these frames; the current frame is put back."""
    scene = bpy.context.scene
    before = scene.frame_current
    track = np.empty((len(frames), len(bones), 3))
    try:
        for row, frame in enumerate(frames):
            scene.frame_set(int(frame))
            for column, bone in enumerate(bones):
                track[row, column] = armature.matrix_world @ armature.pose.bones[bone].head
    finally:
        scene.frame_set(before)
    return track


def dress(track: Array, frames: Sequence[int], fps: float, *, aspect: float) -> bpy.types.Object:
    """Ground, light and background for points [F, B, 3] that shall stay in the picture (the first is the pelvis).

    Returns the camera, keyed over `frames` and made the scene's. aspect: width over height of the picture.
    """
    centre = (track[:, 0].min(axis=0) + track[:, 0].max(axis=0)) / 2
    reach = float(np.linalg.norm(np.ptp(track[:, 0, :2], axis=0))) / 2
    _ground(centre[:2], reach)
    _sun("Key", energy=3.0, direction=(0.45, 0.62, -1.0), angle=4.0, colour=(1.0, 0.95, 0.88))
    _sun("Rim", energy=1.1, direction=(-0.6, -0.9, -0.55), angle=8.0, colour=(0.80, 0.88, 1.0))
    _backdrop()
    return _camera(track, frames, fps, aspect)


def _ground(centre: Array, reach: float) -> None:
    """A checker of half-metre tiles around the path that fades into the background before it ends."""
    clear, end = reach + 2.0, reach + 6.5
    half = int(np.ceil(end / TILE)) + 1
    origin = np.round(centre / TILE) * TILE
    steps = np.arange(-half, half + 1)
    corners = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    points = np.column_stack([origin + corners * TILE, np.zeros(len(corners))])
    side = len(steps)
    cell = np.arange(side - 1)
    first = (cell[:, None] * side + cell).ravel()
    faces = np.stack([first, first + side, first + side + 1, first + 1], axis=1)
    mesh = bpy.data.meshes.new("Ground")
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    parity = (np.round(points[first, :2] / TILE).sum(axis=1).astype(int) % 2).repeat(4)
    opacity = np.clip((end - np.linalg.norm(points[:, :2] - centre, axis=1)) / (end - clear), 0, 1)[faces.ravel()]
    colour = np.where(parity[:, None] == 0, _LIGHT_TILE, _DARK_TILE)
    attribute: Any = mesh.color_attributes.new("Colour", "FLOAT_COLOR", "CORNER")
    attribute.data.foreach_set("color", np.column_stack([colour, opacity]).astype("f").ravel())
    mesh.materials.append(_ground_material())
    ground = bpy.data.objects.new("Ground", mesh)
    ground.hide_select = True
    bpy.context.scene.collection.objects.link(ground)


def _ground_material() -> bpy.types.Material:
    material = _new_material("Ground")
    tree: Any = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    colour = tree.nodes.new("ShaderNodeVertexColor")
    colour.layer_name = "Colour"
    shader.inputs["Roughness"].default_value = 0.9
    tree.links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(colour.outputs["Alpha"], shader.inputs["Alpha"])
    return material


def _new_material(name: str) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    return material


def _sun(name: str, *, energy: float, direction: Sequence[float], angle: float, colour: Sequence[float]) -> None:
    light: Any = bpy.data.lights.new(name, "SUN")
    light.energy, light.angle, light.color = energy, np.radians(angle), colour
    lamp = bpy.data.objects.new(name, light)
    lamp.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()
    lamp.location = (0.0, 0.0, 4.0)
    bpy.context.scene.collection.objects.link(lamp)


def _backdrop() -> None:
    """One colour behind everything for the camera, and a brighter, cooler sky for the light."""
    world = bpy.data.worlds.new("Backdrop")
    bpy.context.scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    tree: Any = world.node_tree
    sky = next(node for node in tree.nodes if node.type == "BACKGROUND")
    sky.inputs["Color"].default_value = (0.75, 0.83, 0.95, 1.0)
    sky.inputs["Strength"].default_value = 0.6
    seen = tree.nodes.new("ShaderNodeBackground")
    seen.inputs["Color"].default_value = (*_BACKDROP, 1.0)
    path, mix = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeMixShader")
    output = next(node for node in tree.nodes if node.type == "OUTPUT_WORLD")
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs["Fac"])
    tree.links.new(sky.outputs["Background"], mix.inputs[1])
    tree.links.new(seen.outputs["Background"], mix.inputs[2])
    tree.links.new(mix.outputs["Shader"], output.inputs["Surface"])


# ---- camera ----------------------------------------------------------------------------------------------------------


def _camera(track: Array, frames: Sequence[int], fps: float, aspect: float) -> bpy.types.Object:
    """A camera three quarters before the character: it never turns, and glides after the pelvis."""
    data: Any = bpy.data.cameras.new("Camera")
    data.lens, data.clip_end = _LENS, 200.0
    camera = bpy.data.objects.new("Camera", data)
    scene = bpy.context.scene
    scene.collection.objects.link(camera)
    scene.camera = camera
    facing = np.array(
        [np.sin(_AZIMUTH) * np.cos(_ELEVATION), -np.cos(_AZIMUTH) * np.cos(_ELEVATION), np.sin(_ELEVATION)]
    )
    right = np.array([np.cos(_AZIMUTH), np.sin(_AZIMUTH), 0.0])
    axes = np.stack([right, np.cross(facing, right), facing])
    targets = camera_path(track[:, 0], fps * (len(frames) - 1) / max(frames[-1] - frames[0], 1))
    targets[:, 2] = (float(track[..., 2].min()) + float(track[..., 2].max())) / 2
    distance = fitting_distance(track, targets, axes, half_width=18.0 / _LENS, aspect=aspect)
    camera.rotation_euler = Vector((-facing).tolist()).to_track_quat("-Z", "Y").to_euler()
    stride = max(1, round(len(frames) / max(1.0, (frames[-1] - frames[0]) / fps * 4)))  # four keys a second
    for row in sorted({*range(0, len(frames), stride), len(frames) - 1}):
        camera.location = Vector((targets[row] + distance * facing).tolist())
        camera.keyframe_insert("location", frame=frames[row])
    return camera


def camera_path(pelvis: Array, rate: float) -> Array:
    """Where the camera looks [F, 3] for a pelvis [F, 3] at `rate` points a second: its middle, or its path smoothed."""
    if float(np.linalg.norm(np.ptp(pelvis[:, :2], axis=0))) < _FOLLOW_FROM:
        return np.tile((pelvis.min(axis=0) + pelvis.max(axis=0)) / 2, (len(pelvis), 1))
    sigma = _SMOOTHING * rate
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    # Mirrored about its ends (values too), so that the camera neither lags at the start nor stops before the end.
    head = 2 * pelvis[0] - pelvis[1 : reach + 1][::-1]
    tail = 2 * pelvis[-1] - pelvis[-reach - 1 : -1][::-1]
    padded = np.concatenate([head, pelvis, tail])
    missing = len(pelvis) + 2 * reach - len(padded)
    padded = np.pad(padded, ((missing // 2, missing - missing // 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, k], kernel, mode="valid") for k in range(3)], axis=-1)


def fitting_distance(track: Array, targets: Array, axes: Array, *, half_width: float, aspect: float) -> float:
    """Metres from target to camera at which every point stays in the picture with some air around it.

    track [F, B, 3]; targets [F, 3]; axes rows right, up, towards the camera; half_width: tangent of half the view.
    """
    air = 0.22  # metres beyond the joints: the skull, the hands, the soles
    local = (track - targets[:, None]) @ axes.T
    wide = (np.abs(local[..., 0]) + air) / half_width + local[..., 2]
    tall = (np.abs(local[..., 1]) + air) / (half_width / aspect) + local[..., 2]
    return float(max(wide.max(), tall.max()))


# ---- rendering -------------------------------------------------------------------------------------------------------


def prepare_render(width: int, height: int) -> None:
    """Cycles on the CPU: few samples, denoised. It needs no display and no GPU."""
    addon_utils.enable("cycles", default_set=True)
    render: Any = bpy.context.scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.use_persistent_data = True
    render.image_settings.file_format = "PNG"
    cycles: Any = bpy.context.scene.cycles
    cycles.device = "CPU"
    cycles.samples, cycles.use_adaptive_sampling = _SAMPLES, False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transparent_max_bounces = 2, 1, 1, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality = cycles.denoising_prefilter = "FAST"
    view: Any = bpy.context.scene.view_settings
    view.view_transform, view.look = "AgX", "AgX - Medium High Contrast"


def render_frames(frames: Sequence[int], folder: Path, on_frame: Callable[[int, int], None]) -> list[Path]:
    """Renders these frames to folder/NNNN.png; `on_frame(done, total)` after each."""
    scene = bpy.context.scene
    paths: list[Path] = []
    for done, frame in enumerate(frames, start=1):
        scene.frame_set(int(frame))
        path = folder / f"{frame:04d}.png"
        scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        paths.append(path)
        on_frame(done, len(frames))
    return paths
