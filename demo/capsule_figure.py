"""Pictures of SMPL-22 poses without Blender: a shaded figure of spheres on a checkered ground, NumPy alone.

For judging samples quickly (`contact_sheet`); the pictures people see are rendered by Blender in `scene`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_core.skeleton import PARENTS

Array = NDArray[np.float64]

# Radius in metres of the body at each SMPL-22 joint; a bone is swept from its parent's radius to its own.
_RADII = np.array(
    [0.115, 0.09, 0.09, 0.115, 0.06, 0.06, 0.115, 0.043, 0.043, 0.125, 0.034, 0.034]
    + [0.055, 0.07, 0.07, 0.095, 0.058, 0.058, 0.042, 0.042, 0.036, 0.036]
)
_LEFT, _RIGHT, _MIDDLE, _CONTACT = (0.93, 0.56, 0.28), (0.33, 0.55, 0.86), (0.80, 0.79, 0.77), (0.35, 0.78, 0.42)
_LEFT_JOINTS, _RIGHT_JOINTS = {4, 7, 10, 13, 16, 18, 20, 1}, {5, 8, 11, 14, 17, 19, 21, 2}
_SKY, _TILE_DARK, _TILE_LIGHT = np.array([0.90, 0.91, 0.93]), np.array([0.62, 0.63, 0.66]), np.array([0.70, 0.71, 0.74])
_TOWARDS_LIGHT = np.array([0.35, 0.85, 0.40])
_SPHERES_A_BONE = 30
_SUPERSAMPLING = 2


@dataclass(frozen=True)
class View:
    """An orthographic camera.

    Degrees around Y from the character's front (+Z) to its left, degrees upwards, metres that its picture is high.
    """

    azimuth: float = 40.0
    elevation: float = 14.0
    height: float = 2.1

    def axes(self) -> Array:
        """[3, 3] rows right, up, towards the camera, in world coordinates."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        towards = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        right = np.array([np.cos(a), 0.0, -np.sin(a)])
        return np.stack([right, np.cross(towards, right), towards])


@dataclass(frozen=True)
class _Spheres:
    centres: Array  # [N, 3] world
    radii: Array  # [N]
    colours: Array  # [N, 3]


def render(
    pose: Array, view: View, size: int, *, centre: Array, contacts: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """One picture uint8 [size, size, 3] of joint positions [22, 3] (metres, Y up), looking at the world point `centre`.

    contacts: bool [4] in the order of `skeleton.FEET`; a foot that is said to stand is painted green.
    """
    axes = view.axes()
    pixels = size * _SUPERSAMPLING
    scale = pixels / view.height
    spheres = _spheres(np.asarray(pose, dtype=np.float64), contacts)
    image = _ground(spheres, axes, pixels, scale, centre)
    _splat(image, spheres, axes, scale, centre)
    small = image.reshape(size, _SUPERSAMPLING, size, _SUPERSAMPLING, 3).mean(axis=(1, 3))
    return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)


def _spheres(pose: Array, contacts: NDArray[np.bool_] | None) -> _Spheres:
    standing = set() if contacts is None else {joint for joint, on in zip((7, 10, 8, 11), contacts, strict=True) if on}
    centres, radii, colours = [], [], []
    t = np.linspace(0.0, 1.0, _SPHERES_A_BONE)
    for joint in range(1, len(PARENTS)):
        parent = PARENTS[joint]
        start = pose[parent]
        if parent in (0, 9) and joint not in (3, 6, 12):  # hips and collars start inside the trunk
            start = start + 0.35 * (pose[joint] - start)
        centres.append(start + t[:, None] * (pose[joint] - start))
        radii.append(_RADII[parent] + t * (_RADII[joint] - _RADII[parent]))
        if joint in (1, 2, 13, 14):
            radii[-1] = np.full_like(t, _RADII[joint])
        colour = _CONTACT if joint in standing and joint in (10, 11) else _colour(joint)
        colours.append(np.tile(colour, (len(t), 1)))
    for joint in (7, 8):
        colour = _CONTACT if joint in standing else _colour(joint)
        centres.append(pose[joint][None])
        radii.append(np.array([_RADII[joint] * 1.15]))
        colours.append(np.array([colour]))
    skull, face = _head(pose)
    centres.append(np.stack([skull, face]))
    radii.append(np.array([0.105, 0.028]))
    colours.append(np.array([_MIDDLE, (0.25, 0.25, 0.27)]))
    return _Spheres(np.concatenate(centres), np.concatenate(radii), np.concatenate(colours))


def _head(pose: Array) -> tuple[Array, Array]:
    """Centre of the skull above the head joint and a nose before it, so that one sees where the figure looks."""
    up = pose[15] - pose[12]
    up /= max(float(np.linalg.norm(up)), 1e-9)
    across = pose[16] - pose[17]
    forward = np.cross(across, up)
    forward /= max(float(np.linalg.norm(forward)), 1e-9)
    skull = pose[15] + 0.06 * up + 0.02 * forward
    return skull, skull + 0.105 * forward


def _colour(joint: int) -> tuple[float, float, float]:
    return _LEFT if joint in _LEFT_JOINTS else _RIGHT if joint in _RIGHT_JOINTS else _MIDDLE


def _ground(spheres: _Spheres, axes: Array, pixels: int, scale: float, centre: Array) -> Array:
    """Background [pixels, pixels, 3]: half-metre checker on y = 0 with a soft shadow under the body, sky above."""
    right, up, towards = axes
    u = (np.arange(pixels) + 0.5 - pixels / 2) / scale
    # Rays run along -towards; a pixel's ground point is where centre + u·right + v·up + s·towards meets y = 0.
    v = -u[:, None]
    s = -(centre[1] + v * up[1]) / towards[1]
    x = centre[0] + u[None] * right[0] + v * up[0] + s * towards[0]
    z = centre[2] + u[None] * right[2] + v * up[2] + s * towards[2]
    checker = (np.floor(x / 0.5) + np.floor(z / 0.5)) % 2
    colour = _TILE_DARK + checker[..., None] * (_TILE_LIGHT - _TILE_DARK)
    distance = np.hypot(x - centre[0], z - centre[2])
    fade = np.clip((distance - 2.5) / 3.0, 0, 1)[..., None]
    return (colour * (1 - 0.45 * _shadow(spheres, x, z)[..., None])) * (1 - fade) + _SKY * fade


def _shadow(spheres: _Spheres, x: Array, z: Array) -> Array:
    light = _TOWARDS_LIGHT / _TOWARDS_LIGHT[1]
    shade = np.zeros_like(x)
    for centre, radius in zip(spheres.centres[::10], spheres.radii[::10], strict=True):
        cx, cz = centre[0] - light[0] * centre[1], centre[2] - light[2] * centre[1]
        blur = radius + 0.04 + 0.04 * max(centre[1], 0.0)
        np.maximum(shade, np.clip(1.3 - np.hypot(x - cx, z - cz) / blur, 0, 1), out=shade)
    return shade


def _splat(image: Array, spheres: _Spheres, axes: Array, scale: float, centre: Array) -> None:
    """Draws the spheres into the image with a depth buffer, shaded by a key light and a little rim of the sky."""
    pixels = len(image)
    depth = np.full((pixels, pixels), -np.inf)
    view = (spheres.centres - centre) @ axes.T
    light = axes @ (_TOWARDS_LIGHT / np.linalg.norm(_TOWARDS_LIGHT))
    for (cx, cy, cz), radius, colour in zip(view, spheres.radii, spheres.colours, strict=True):
        column, row, reach = cx * scale + pixels / 2, pixels / 2 - cy * scale, radius * scale
        left, right = max(int(column - reach), 0), min(int(column + reach) + 2, pixels)
        top, bottom = max(int(row - reach), 0), min(int(row + reach) + 2, pixels)
        if left >= right or top >= bottom:
            continue
        nx = (np.arange(left, right) + 0.5 - column)[None] / reach
        ny = -(np.arange(top, bottom) + 0.5 - row)[:, None] / reach
        inside = 1 - nx**2 - ny**2
        nz = np.sqrt(np.maximum(inside, 0))
        z = cz + radius * nz
        patch = depth[top:bottom, left:right]
        hit = (inside > 0) & (z > patch)
        lit = np.clip(nx * light[0] + ny * light[1] + nz * light[2], 0, 1)
        shade = (0.42 + 0.62 * lit + 0.10 * (1 - nz) ** 2)[..., None] * colour
        image[top:bottom, left:right][hit] = shade[hit]
        patch[hit] = z[hit]
