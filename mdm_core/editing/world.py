"""Features as joints in the world and back, inside the sampling loop: NumPy arrays and torch tensors alike, batched.

`features.humanml3d` is the reference for single motions in NumPy; here the first frame may stand anywhere and face
anywhere, and only what a change of the world moves is written back. Headings are yaws about +Y in radians: a body of
yaw 0 faces +Z, one of yaw pi/2 faces +X; HumanML3D's accumulated angle is -yaw / 2.
"""

from __future__ import annotations

import math

from mdm_core.arrays import Array, namespace
from mdm_core.features.layout import Layout
from mdm_core.skeleton import JOINTS


def turned(yaw: Array, v: Array) -> Array:
    """Vectors [..., 3] turned about +Y by `yaw`, whose shape broadcasts against v[..., 0]."""
    xp = namespace(v)
    cosine, sine = xp.cos(yaw), xp.sin(yaw)
    x, z = v[..., 0], v[..., 2]
    return xp.stack([cosine * x + sine * z, v[..., 1], cosine * z - sine * x], -1)


def wrapped(angle: Array) -> Array:
    """Angles [...] brought into -pi..pi."""
    xp = namespace(angle)
    return angle - 2 * math.pi * xp.round(angle / (2 * math.pi))


def facing(positions: Array) -> Array:
    """Anatomical yaw [...] of poses [..., 22, 3], from hips and shoulders (as `humanml3d.heading`)."""
    across = (positions[..., 1, :] - positions[..., 2, :]) + (positions[..., 16, :] - positions[..., 17, :])
    return namespace(positions).arctan2(-across[..., 2], across[..., 0])


def path(start: Array, steps: Array) -> Array:
    """Places [B, T, n] from the first one [B, 1, n] and the steps between them [B, T - 1, n]."""
    xp = namespace(steps)
    return xp.concatenate([start, start + xp.cumsum(steps, 1)], 1)


def decode(x: Array, layout: Layout) -> tuple[Array, Array]:
    """Yaw [B, T] and world positions [B, T, 22, 3] of denormalised features [B, T, D], as HumanML3D recovers them.

    The first frame stands above the origin with yaw 0; the last frame's velocities are not used.
    """
    xp = namespace(x)
    start = layout.slice("root").start
    zero = x[:, :1, start] * 0
    yaw = path(zero, -2 * x[:, :-1, start])
    velocity = xp.stack([x[:, :-1, start + 1], x[:, :-1, start + 1] * 0, x[:, :-1, start + 2]], -1)
    ground = path(xp.stack([zero, zero, zero], -1), turned(yaw[:, 1:], velocity))
    root = xp.stack([ground[..., 0], x[..., start + 3], ground[..., 2]], -1)[:, :, None]
    local = x[..., layout.slice("ric")].reshape(*x.shape[:-1], JOINTS - 1, 3)
    joints = turned(yaw[..., None], local) + ground[:, :, None]
    return yaw, xp.concatenate([root, joints], 2)


def encode(x: Array, layout: Layout, before: tuple[Array, Array], after: tuple[Array, Array]) -> Array:
    """The features [B, T, D] of the motion `after` (yaw, positions), where x are those of `before`.

    Root and ric are those of the new motion; the velocity block changes by as much as the joints' velocities do, so
    that what the model says of them beyond ric is kept. Rotations and contacts stay.
    """
    xp = namespace(x)
    yaw, positions = after
    frames, start = x.shape[1], layout.slice("root").start
    steps = positions[:, 1:] - positions[:, :-1]
    root_steps = turned(-yaw[:, 1:], steps[:, :, 0])
    rates = xp.stack([(yaw[:, :-1] - yaw[:, 1:]) / 2, root_steps[..., 0], root_steps[..., 2]], -1)
    rates = xp.concatenate([rates, x[:, -1:, start : start + 3]], 1)
    blocks = {"root": xp.concatenate([rates, positions[:, :, 0, 1:2]], -1)}
    ground = xp.stack([positions[:, :, 0, 0], positions[:, :, 0, 1] * 0, positions[:, :, 0, 2]], -1)[:, :, None]
    blocks["ric"] = turned(-yaw[..., None], positions[:, :, 1:] - ground).reshape(x.shape[0], frames, -1)
    if "velocity" in layout.groups:
        change = velocities(yaw, steps) - velocities(before[0], before[1][:, 1:] - before[1][:, :-1])
        change = change.reshape(x.shape[0], frames - 1, -1)
        blocks["velocity"] = x[..., layout.slice("velocity")] + xp.concatenate([change, change[:, -1:] * 0], 1)
    return xp.concatenate([blocks.get(group, x[..., layout.slice(group)]) for group in layout.groups], -1)


def velocities(yaw: Array, steps: Array) -> Array:
    """What HumanML3D's velocity block holds: steps [B, T - 1, 22, 3] seen from the body at their first frame."""
    return turned(-yaw[:, :-1, None], steps)
