"""A motion to look at: a figure of limbs on a ground grid, as a .gif or .mp4. For judging, not for rendering.

Pillow draws; imageio-ffmpeg writes mp4. Neither is needed to import this module.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mdm_core import rotations
from mdm_core.cleanup.smoothing import gaussian
from mdm_core.errors import MotionError
from mdm_core.io.atomic import replacing
from mdm_core.motion import Motion
from mdm_core.skeleton import FEET, INDEX, JOINTS, PARENTS

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Array = NDArray[np.floating[Any]]
Colour = tuple[int, int, int]

SUFFIXES = (".gif", ".mp4")
PAPER: Colour = (236, 238, 241)
FLOOR: tuple[Colour, Colour] = ((224, 227, 232), (210, 214, 220))
SHADOW: Colour = (190, 195, 203)
INK: Colour = (60, 64, 72)
TRAIL: Colour = (150, 158, 172)
LEFT: Colour = (222, 104, 62)
RIGHT: Colour = (48, 112, 186)
MIDDLE: Colour = (70, 74, 84)
FACE: Colour = (236, 190, 150)
CONTACT: Colour = (40, 170, 90)

SWATCHES = (LEFT, RIGHT, MIDDLE, FACE, CONTACT)
"""Colours that a gif's palette must have although they cover little."""

THICKNESS: dict[str, float] = {
    "hip": 0.075,
    "knee": 0.062,
    "ankle": 0.048,
    "foot": 0.04,
    "spine": 0.085,
    "neck": 0.05,
    "collar": 0.05,
    "shoulder": 0.055,
    "elbow": 0.043,
    "wrist": 0.035,
    "head": 0.05,
}
"""Metres: radius of the limb that ends at each kind of joint."""
CHEST, HEAD, NOSE = 0.07, 0.1, 0.035
CAMERA_SIGMA = 0.6
"""Seconds: the camera follows the pelvis as softly as a Gaussian of this width."""
MARGIN, LONGEST = 0.8, 4.4
"""The figure fills this share of the picture at its largest; the lens is never longer than fits a person standing."""
GROUND = 3.4
"""Metres: radius of the ground that is drawn."""
SUPERSAMPLING = 2


@dataclass(frozen=True)
class View:
    """Where the camera stands: degrees around the character (0 looks at its face), degrees up, metres away."""

    azimuth: float = 35.0
    elevation: float = 12.0
    distance: float = 5.5


def write(path: Path, motion: Motion, *, size: int = 420, view: View | None = None) -> None:
    """Write one take as a film of `size` x `size` pixels by the suffix of `path`, .gif or .mp4.

    Raises MotionError if the suffix is another, the needed package is not installed, or the file cannot be written.
    """
    path = Path(path)
    require(path.suffix)
    with replacing(path) as part:
        pictures = frames(motion, size=size, view=view or View())
        if path.suffix.lower() == ".gif":
            _write_gif(part, pictures, motion.fps)
        else:
            _write_mp4(part, pictures, motion.fps, size)


def require(suffix: str) -> None:
    """Raise MotionError unless files of that suffix can be written here."""
    if suffix.lower() not in SUFFIXES:
        raise MotionError(f'A film must be named .gif or .mp4, not "{suffix}".')
    if importlib.util.find_spec("PIL") is None:
        raise MotionError(f"Drawing a {suffix} needs Pillow; install it with `pip install pillow`.")
    if suffix.lower() == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise MotionError("Writing an .mp4 needs ffmpeg; `pip install imageio-ffmpeg`, or write a .gif.")


def frames(motion: Motion, *, size: int, view: View) -> Iterator[Image.Image]:
    """Every frame of the take as a picture."""
    positions = motion.positions.astype(np.float64)
    target = gaussian(positions[:, 0] * [1, 0, 1], CAMERA_SIGMA * motion.fps) + [0, 0.9, 0]
    lens = fitting_lens(positions, target, view)
    for t in range(len(positions)):
        camera = Camera(target[t], view, size * SUPERSAMPLING, lens)
        contacts = None if motion.contacts is None else motion.contacts[t]
        yield _picture(positions[t], positions[: t + 1, 0], contacts, camera, motion.prompt.strip(), size)


def fitting_lens(positions: Array, target: Array, view: View) -> float:
    """The longest focal length, in half pictures, at which every joint of every frame [T, 22, 3] is in the picture."""
    camera = Camera(np.zeros(3), view, 2, 1.0)
    pixels, _ = camera.project(positions - target[:, None])
    return float(min(LONGEST, MARGIN / max(float(np.abs(pixels - 1).max()), 1e-3)))


class Camera:
    """Perspective projection of world points onto a square of `size` pixels, looking at `target` [3]."""

    def __init__(self, target: Array, view: View, size: int, lens: float) -> None:
        azimuth, elevation = np.radians(view.azimuth), np.radians(view.elevation)
        back = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
        right = rotations.normalize(np.cross([0.0, 1.0, 0.0], back))
        self.target = target
        self.eye = target + back * view.distance
        self.axes = np.stack([right, np.cross(back, right), back])
        self.scale = lens * size / 2
        self.size = size

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels [..., 2] and depth [...] in metres in front of the camera, of world points [..., 3]."""
        local = (points - self.eye) @ self.axes.T
        depth = np.maximum(-local[..., 2], 0.05)
        pixels = self.size / 2 + self.scale * local[..., :2] / depth[..., None] * [1, -1]
        return pixels, depth


def _picture(pose: Array, path: Array, contacts: Any, camera: Camera, caption: str, size: int) -> Image.Image:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (camera.size, camera.size), PAPER)
    draw = ImageDraw.Draw(image)
    _draw_floor(draw, camera)
    _draw_trail(draw, camera, path)
    limbs = _limbs(pose)
    for start, stop, radius, _ in limbs:
        _capsule(draw, camera, start * [1, 0, 1], stop * [1, 0, 1], 0.8 * radius, SHADOW)
    behind = [float((camera.target - (start + stop) / 2) @ camera.axes[2]) for start, stop, _, _ in limbs]
    for k in sorted(range(len(limbs)), key=lambda k: -behind[k]):
        start, stop, radius, colour = limbs[k]
        _capsule(draw, camera, start, stop, radius, _shade(colour, behind[k]))
    if contacts is not None:
        for foot, standing in zip(FEET, contacts, strict=True):
            if standing:
                _disc(draw, camera, pose[foot], 0.028, CONTACT)
    image = image.reduce(SUPERSAMPLING)
    if caption:
        _write_caption(ImageDraw.Draw(image), caption, size)
    return image


def _limbs(pose: Array) -> list[tuple[Array, Array, float, Colour]]:
    """Start, end, radius and colour of each limb, of the chest's sides, the skull and the nose."""
    limbs: list[tuple[Array, Array, float, Colour]] = []
    names = list(INDEX)
    for joint in range(1, JOINTS):
        name = names[joint]
        side = LEFT if name.startswith("left") else RIGHT if name.startswith("right") else MIDDLE
        side = MIDDLE if "collar" in name else side
        radius = THICKNESS[name.split("_")[-1].rstrip("123")]
        limbs.append((pose[PARENTS[joint]], pose[joint], radius, side))
    shoulders = pose[[INDEX["left_shoulder"], INDEX["right_shoulder"]]]
    waist, neck, head = (pose[INDEX[name]] for name in ("spine1", "neck", "head"))
    limbs += [(shoulder * 0.8 + neck * 0.2, waist, CHEST, MIDDLE) for shoulder in shoulders]
    up = rotations.normalize(head - neck)
    skull = head + 0.07 * up
    forward = rotations.normalize(np.cross(shoulders[0] - shoulders[1], up))
    nose = skull + 0.1 * forward
    return [*limbs, (skull, skull, HEAD, MIDDLE), (nose, nose, NOSE, FACE)]


def _shade(colour: Colour, behind: float) -> Colour:
    """The colour, paler the farther the limb is behind the pelvis (metres), darker before it."""
    pale = float(np.clip(0.12 + 0.55 * behind, 0.0, 0.5))
    dark = float(np.clip(1.0 + 0.25 * min(behind, 0.0), 0.8, 1.0))
    red, green, blue = (int((1 - pale) * dark * c + pale * p) for c, p in zip(colour, PAPER, strict=True))
    return red, green, blue


def _capsule(
    draw: ImageDraw.ImageDraw, camera: Camera, start: Array, stop: Array, radius: float, colour: Colour
) -> None:
    """A limb as the outline around two circles, so that it thins with distance."""
    (a, b), (near, far) = camera.project(np.stack([start, stop]))
    ra, rb = radius * camera.scale / near, radius * camera.scale / far
    across = rotations.normalize(np.array([a[1] - b[1], b[0] - a[0]]))
    corners = [a + across * ra, b + across * rb, b - across * rb, a - across * ra]
    if float(np.linalg.norm(b - a)) > 1e-6:
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=colour)
    for centre, r in ((a, ra), (b, rb)):
        draw.ellipse((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=colour)


def _disc(draw: ImageDraw.ImageDraw, camera: Camera, at: Array, radius: float, colour: Colour) -> None:
    centre, depth = camera.project(at)
    r = float(radius * camera.scale / depth)
    draw.ellipse((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=colour)


def _draw_floor(draw: ImageDraw.ImageDraw, camera: Camera) -> None:
    """Half-metre tiles around the camera's target, fixed in the world so that sliding shows, paler farther out."""
    tile, reach = 0.5, int(GROUND / 0.5) + 1
    steps = np.arange(-reach, reach + 1)
    cells = np.floor(camera.target[[0, 2]] / tile) + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    corners = (cells[:, None] + [[0, 0], [1, 0], [1, 1], [0, 1]]) * tile
    away = np.linalg.norm(corners - camera.target[[0, 2]], axis=-1).mean(axis=-1)
    pixels, _ = camera.project(np.insert(corners, 1, 0.0, axis=-1))
    for k in np.flatnonzero(away < GROUND):
        fade = float(away[k] / GROUND) ** 2
        tint = FLOOR[int(cells[k].sum()) % 2]
        colour = tuple(int((1 - fade) * c + fade * p) for c, p in zip(tint, PAPER, strict=True))
        draw.polygon([(float(x), float(y)) for x, y in pixels[k]], fill=colour)


def _draw_trail(draw: ImageDraw.ImageDraw, camera: Camera, path: Array) -> None:
    """The pelvis's path so far, on the ground."""
    near = path[np.linalg.norm((path - camera.target)[:, [0, 2]], axis=-1) < GROUND] * [1, 0, 1]
    if len(near) > 1:
        pixels, _ = camera.project(near)
        draw.line([(float(x), float(y)) for x, y in pixels], fill=TRAIL, width=2 * SUPERSAMPLING)


def _write_caption(draw: ImageDraw.ImageDraw, caption: str, size: int) -> None:
    """The prompt at the top, shortened to one line."""
    from PIL import ImageFont

    font: Any = ImageFont.load_default(max(11, size // 28))
    while len(caption) > 4 and draw.textlength(caption, font=font) > 0.94 * size:
        caption = caption[:-2].rstrip(" .,…") + "…"
    draw.text((0.03 * size, 0.025 * size), caption, fill=INK, font=font)


def _write_gif(path: Path, pictures: Iterator[Image.Image], fps: float) -> None:
    """One palette for all frames, so that colours do not flicker; times in whole hundredths of a second, as gif has."""
    from PIL import Image

    pages = list(pictures)
    width, height = pages[0].size
    samples = Image.new("RGB", (width, height * 3 + len(SWATCHES) * height // 16))
    for k, page in enumerate((pages[0], pages[len(pages) // 2], pages[-1])):
        samples.paste(page, (0, k * height))
    for k, colour in enumerate(SWATCHES):
        samples.paste(colour, (0, 3 * height + k * height // 16, width, 3 * height + (k + 1) * height // 16))
    palette = samples.quantize(255)
    indexed = [page.quantize(palette=palette, dither=Image.Dither.NONE) for page in pages]
    edges = np.round(np.arange(len(pages) + 1) * 100 / fps).astype(int) * 10
    indexed[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=indexed[1:],
        duration=[max(20, int(d)) for d in np.diff(edges)],
        loop=0,
        optimize=False,
    )


def _write_mp4(path: Path, pictures: Iterator[Image.Image], fps: float, size: int) -> None:
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(str(path), (size, size), fps=fps, quality=7, macro_block_size=2)  # pyright: ignore[reportArgumentType]
    writer.send(None)
    for picture in pictures:
        writer.send(picture.tobytes())
    writer.close()
