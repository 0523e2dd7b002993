"""Quaternions (w, x, y, z; Hamilton product) and the 6D form, vectorised over leading axes.

One convention for the whole project: unit quaternions rotate column vectors, `multiply(a, b)` applies b
first. Arrays are NumPy; shapes are written `[..., 4]` and so on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def normalize(v: Array) -> Array:
    """Vectors [..., n] scaled to unit length; the zero vector stays zero."""
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length > 0, length, 1.0)


def identity(*shape: int) -> Array:
    """Quaternions [*shape, 4] that rotate nothing."""
    q = np.zeros((*shape, 4))
    q[..., 0] = 1.0
    return q


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product [..., 4]: the rotation b followed by a."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def inverse(q: Array) -> Array:
    """Conjugate [..., 4], the inverse of a unit quaternion."""
    return q * np.array([1.0, -1.0, -1.0, -1.0], dtype=q.dtype)


def rotate(q: Array, v: Array) -> Array:
    """Vectors [..., 3] turned by unit quaternions [..., 4]."""
    u = q[..., 1:]
    uv = np.cross(u, v)
    return v + 2.0 * (q[..., :1] * uv + np.cross(u, uv))


def between(a: Array, b: Array) -> Array:
    """Shortest arc [..., 4] that turns direction a onto direction b ([..., 3], any length).

    Opposite directions have no shortest arc: the half turn is then taken about an axis across `a`.
    """
    a, b = normalize(a), normalize(b)
    a, b = np.broadcast_arrays(a, b)
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    xyz = np.cross(a, b)
    opposite = w < 1e-14
    if np.any(opposite):
        least = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
        w = np.where(opposite, 0.0, w)
        xyz = np.where(opposite, np.cross(a, least), xyz)
    return normalize(np.concatenate([w, xyz], axis=-1))


def from_axis_angle(axis: Array, angle: Array) -> Array:
    """Quaternions [..., 4] from unit axes [..., 3] and angles [...] in radians."""
    half = 0.5 * np.asarray(angle, dtype=np.float64)[..., None]
    xyz = np.sin(half) * axis
    w = np.broadcast_to(np.cos(half), (*xyz.shape[:-1], 1))
    return np.concatenate([w, xyz], axis=-1)


def to_matrix(q: Array) -> Array:
    """Rotation matrices [..., 3, 3] of unit quaternions [..., 4]; columns are the turned axes."""
    w, x, y, z = np.moveaxis(q, -1, 0)
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], axis=-1),
            np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], axis=-1),
            np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=-1),
        ],
        axis=-2,
    )


def from_matrix(m: Array) -> Array:
    """Unit quaternions [..., 4], w >= 0, of rotation matrices [..., 3, 3].

    Of the four equivalent solutions the one with the largest divisor is taken, so it is accurate everywhere.
    """
    diagonal = np.stack([m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], axis=-1)
    trace = diagonal.sum(axis=-1)
    x, y, z = np.moveaxis(diagonal, -1, 0)
    squares = np.stack([1 + trace, 1 + x - y - z, 1 - x + y - z, 1 - x - y + z], axis=-1)
    wx = m[..., 2, 1] - m[..., 1, 2]
    wy = m[..., 0, 2] - m[..., 2, 0]
    wz = m[..., 1, 0] - m[..., 0, 1]
    xy = m[..., 1, 0] + m[..., 0, 1]
    xz = m[..., 0, 2] + m[..., 2, 0]
    yz = m[..., 2, 1] + m[..., 1, 2]
    rows = np.stack(
        [
            np.stack([squares[..., 0], wx, wy, wz], axis=-1),
            np.stack([wx, squares[..., 1], xy, xz], axis=-1),
            np.stack([wy, xy, squares[..., 2], yz], axis=-1),
            np.stack([wz, xz, yz, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(squares, axis=-1)[..., None, None]
    q = normalize(np.take_along_axis(rows, best, axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0, -q, q)


def to_6d(q: Array) -> Array:
    """The first two columns of the rotation matrix, [..., 6] (Zhou et al., CVPR 2019; HumanML3D's order)."""
    m = to_matrix(q)
    return np.concatenate([m[..., 0], m[..., 1]], axis=-1)


def from_6d(d: Array) -> Array:
    """Quaternions [..., 4] of 6D rotations [..., 6] as HumanML3D orthonormalises them: x, then z = x * b, y = z * x."""
    x = normalize(d[..., :3])
    z = normalize(np.cross(x, d[..., 3:]))
    y = np.cross(z, x)
    return from_matrix(np.stack([x, y, z], axis=-1))


def continuous(q: Array) -> Array:
    """Quaternions [T, ..., 4] with signs flipped so that each is nearest to the one before (no jump in q)."""
    dots = np.sum(q[1:] * q[:-1], axis=-1, keepdims=True)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([q[:1], q[1:] * signs], axis=0)


def slerp(a: Array, b: Array, t: Array) -> Array:
    """Shortest-way interpolation [..., 4] from a (t = 0) to b (t = 1); t broadcasts against a[..., :1]."""
    dot = np.sum(a * b, axis=-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    theta = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sine = np.sin(theta)
    small = sine < 1e-6
    safe = np.where(small, 1.0, sine)
    wa = np.where(small, 1.0 - t, np.sin((1.0 - t) * theta) / safe)
    wb = np.where(small, t, np.sin(t * theta) / safe)
    return normalize(wa * a + wb * b)
