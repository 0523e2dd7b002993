"""How far a pose is off when a bone's channels are: its angle or its distance, linear in each channel.

Reducing keys asks this many thousand times, so it is worked out once, at the dense curve. No Blender here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
STEP = 1e-4
"""By which a channel is changed to see what it does, in its own unit."""
LENGTH = 0.1
"""The share of its length by which a quaternion may be off, which turns nothing but would surprise whoever edits it."""


@dataclass(frozen=True)
class Metric:
    """What C channels being off does at T times.

    rows: [T, G, 3, C]: G vectors, each in units of what is allowed, a unit of a channel. length: [T, C]: the share of
    its length that a quaternion grows by, a unit of a channel; zeros where there is no quaternion.
    """

    rows: Array
    length: Array

    def errors(self, off: Array, first: int) -> Array:
        """[N, G]: how far the vectors are off at times first.. where the channels are, by off [N, C]; 1 is allowed."""
        part = slice(first, first + len(off))
        return lengths(np.einsum("tgmc,tc->tgm", self.rows[part], off), np.einsum("tc,tc->t", self.length[part], off))


def lengths(vectors: Array, grown: Array) -> Array:
    """Errors [N, G] of vectors [N, G, 3], where a quaternion is longer by the share grown [N]; 1 is allowed."""
    turned = np.sqrt(np.einsum("tgm,tgm->tg", vectors, vectors))
    turned[:, 0] = np.maximum(turned[:, 0] / np.maximum(1.0 + grown, LENGTH), np.abs(grown) / LENGTH)
    return turned


def of_place(dense: Array, limit: Array) -> Metric:
    """Of the channels [T, C] of a place or scale of which limit [T] is allowed."""
    count, channels = dense.shape
    rows = np.eye(3, channels) / limit[:, None, None]
    return Metric(rows[:, None], np.zeros((count, channels)))


def of_rotation(dense: Array, full: Callable[[Array], Array], limit: Array, quaternion: bool) -> Metric:
    """Of a rotation's channels [T, C], which `full` makes unit quaternions of; limit [T]: degrees allowed.

    quaternion: the channels are a quaternion's, of which `full` drops the length.
    """
    rows = np.stack([_turning(dense, full, step) for step in STEP * np.eye(dense.shape[1])], axis=-1)
    rows = np.degrees(rows) / limit[:, None, None]
    length = np.zeros_like(dense)
    if quaternion and dense.shape[1] == 4:
        length = dense / np.einsum("tc,tc->t", dense, dense)[:, None]
    return Metric(rows[:, None], length)


def _turning(dense: Array, full: Callable[[Array], Array], step: Array) -> Array:
    """The rotation vector [T, 3], in radians a unit, by which the bone turns as its channels change along step [C]."""
    before, after = full(dense - step), full(dense + step)
    after = after * np.where(np.einsum("tc,tc->t", before, after) < 0, -1.0, 1.0)[:, None]
    across = before[:, :1] * after[:, 1:] - after[:, :1] * before[:, 1:] - np.cross(before[:, 1:], after[:, 1:])
    return across / STEP


def distance(a: Array, b: Array, rotation: bool) -> Array:
    """Degrees [T] between quaternions a [T, 4] of any length and unit ones b, or the distance [T] of places [T, 3]."""
    if not rotation:
        return np.linalg.norm(a - b, axis=-1)
    along, length = np.einsum("tc,tc->t", a, b), np.einsum("tc,tc->t", a, a)
    sine = np.sqrt(np.maximum(1.0 - along * along / np.maximum(length, 1e-30), 0.0))
    return np.degrees(2.0 * np.arcsin(np.minimum(sine, 1.0)))
