"""Solids from smoothly joined round shapes, and their surface as a mesh: NumPy alone, knows no body and no Blender."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_FAR = 1.0


class Shape(Protocol):
    """One part of a solid. `segment`: the bone it belongs to; `blend`: over how many metres it melts into others."""

    @property
    def segment(self) -> int: ...

    @property
    def blend(self) -> float: ...

    def distance(self, points: Array) -> Array:
        """Signed distance [...] of points [..., 3] in metres, negative inside; exact enough near the surface."""
        ...

    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest corner [3] of a box around it."""
        ...


@dataclass(frozen=True)
class Limb:
    """A rounded cone from `start` to `end` (metres), its cross-section squeezed along the unit vector `thin`."""

    segment: int
    start: Array
    end: Array
    start_radius: float
    end_radius: float
    blend: float = 0.02
    thin: Array | None = None
    squeeze: float = 1.0

    def distance(self, points: Array) -> Array:
        offset = points - self.start
        axis = self.end - self.start
        t = np.clip(offset @ axis / max(float(axis @ axis), 1e-12), 0.0, 1.0)
        across = offset - t[..., None] * axis
        radius = self.start_radius + t * (self.end_radius - self.start_radius)
        if self.thin is None:
            return np.sqrt((across**2).sum(axis=-1)) - radius
        stretched = across + ((1 / self.squeeze - 1) * (across @ self.thin))[..., None] * self.thin
        length = np.sqrt((stretched**2).sum(axis=-1))
        return (length - radius) * np.where(length > 0, np.sqrt((across**2).sum(axis=-1)) / np.maximum(length, 1e-9), 1)

    def bounds(self) -> tuple[Array, Array]:
        radius = max(self.start_radius, self.end_radius)
        return np.minimum(self.start, self.end) - radius, np.maximum(self.start, self.end) + radius


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; `axes` [3, 3] are its unit axes in rows, `radii` [3] their half lengths in metres."""

    segment: int
    centre: Array
    axes: Array
    radii: Array
    blend: float = 0.02

    def distance(self, points: Array) -> Array:
        local = (points - self.centre) @ self.axes.T / self.radii
        level = np.sqrt((local**2).sum(axis=-1))
        slope = np.sqrt(((local / self.radii) ** 2).sum(axis=-1))
        return level * (level - 1) / np.maximum(slope, 1e-9)  # first order: level over its gradient

    def bounds(self) -> tuple[Array, Array]:
        reach = np.sqrt(((self.axes.T * self.radii) ** 2).sum(axis=1))
        return self.centre - reach, self.centre + reach


def smooth_minimum(a: Array, b: Array, width: float) -> Array:
    """The lower of a and b, rounded over `width` where they are close (quadratic blend)."""
    h = np.clip(0.5 + 0.5 * (a - b) / width, 0.0, 1.0)
    return a + h * (b - a) - width * h * (1 - h)


def field(shapes: Sequence[Shape], points: Array) -> Array:
    """Signed distance [...] of the solid that the shapes make together, at points [..., 3]; right near the surface."""
    value = np.full(points.shape[:-1], _FAR)
    for shape in shapes:
        low, high = shape.bounds()
        margin = 2 * shape.blend + 0.02
        near = ((points > low - margin) & (points < high + margin)).all(axis=-1)
        value[near] = smooth_minimum(value[near], shape.distance(points[near]), shape.blend)
    return value


def mesh(shapes: Sequence[Shape], cell: float) -> tuple[Array, NDArray[np.int64]]:
    """Vertices [V, 3], about `cell` metres apart, and quads [F, 4] of the solid, counter-clockwise from outside."""
    corners = [shape.bounds() for shape in shapes]
    low = np.min([corner[0] for corner in corners], axis=0) - 3 * cell
    size = np.ceil((np.max([corner[1] for corner in corners], axis=0) - low) / cell).astype(int) + 4
    grid = np.full(size, _FAR)
    for shape in shapes:
        _blend_into(grid, shape, low, cell)
    vertices, quads = surface_net(grid)
    vertices = low + cell * vertices
    return _onto_surface(vertices, lambda points: field(shapes, points), cell), quads


def _blend_into(grid: Array, shape: Shape, low: Array, cell: float) -> None:
    """Blends one shape into the grid, touching only the nodes near it."""
    lower, upper = shape.bounds()
    margin = 2 * shape.blend + 2 * cell
    first = np.maximum(np.floor((lower - margin - low) / cell).astype(int), 0)
    last = np.minimum(np.ceil((upper + margin - low) / cell).astype(int) + 1, grid.shape)
    axes = [low[k] + cell * np.arange(first[k], last[k]) for k in range(3)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    grid[window] = smooth_minimum(grid[window], shape.distance(points), shape.blend)


def surface_net(grid: Array) -> tuple[Array, NDArray[np.int64]]:
    """The zero level of a grid of signed distances as quads: vertices [V, 3] in cells, faces [F, 4].

    Naive surface nets (Gibson 1998): one vertex in each cell that the surface crosses, at the mean of the crossings
    of its edges; one quad around each grid edge that changes sign. The border of the grid must be outside.
    """
    inside = grid < 0
    total = np.zeros([n - 1 for n in grid.shape] + [3])
    count = np.zeros([n - 1 for n in grid.shape])
    crossings: list[NDArray[np.int64]] = []
    for axis in range(3):
        a = [slice(None)] * 3
        b = [slice(None)] * 3
        a[axis], b[axis] = slice(None, -1), slice(1, None)
        edges = np.argwhere(inside[tuple(a)] != inside[tuple(b)])
        start = grid[tuple(edges.T)]
        end_at = edges + np.eye(3, dtype=int)[axis]
        at = edges.astype(float)
        at[:, axis] += start / (start - grid[tuple(end_at.T)])
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for du, dv in ((0, 0), (1, 0), (1, 1), (0, 1)):
            cells = edges.copy()
            cells[:, u] -= du
            cells[:, v] -= dv
            np.add.at(total, tuple(cells.T), at)
            np.add.at(count, tuple(cells.T), 1)
        crossings.append(edges)
    used = count > 0
    number = np.cumsum(used.ravel()).reshape(used.shape) - 1
    vertices = total[used] / count[used][:, None]
    quads: list[NDArray[np.int64]] = []
    for axis, edges in enumerate(crossings):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        ring = []
        for du, dv in ((0, 0), (1, 0), (1, 1), (0, 1)):
            cells = edges.copy()
            cells[:, u] -= du
            cells[:, v] -= dv
            ring.append(number[tuple(cells.T)])
        quad = np.stack(ring, axis=1)
        leaving = inside[tuple(edges.T)]
        quads.append(np.where(leaving[:, None], quad, quad[:, ::-1]))
    return vertices, np.concatenate(quads)


def _onto_surface(vertices: Array, distance: Callable[[Array], Array], cell: float) -> Array:
    """Moves vertices that lie within a cell of the surface onto it, by two Newton steps along the gradient."""
    step = 0.1 * cell
    for _ in range(2):
        gradient = np.stack(
            [(distance(vertices + step * e) - distance(vertices - step * e)) / (2 * step) for e in np.eye(3)], axis=-1
        )
        steepness = np.maximum((gradient**2).sum(axis=-1), 0.05)
        move = -(distance(vertices) / steepness)[:, None] * gradient
        length = np.linalg.norm(move, axis=-1, keepdims=True)
        vertices = vertices + move * np.minimum(1.0, 0.7 * cell / np.maximum(length, 1e-9))
    return vertices
