"""Solids and their meshes against geometry that is known: spheres, blends, ellipsoids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.surface import Array, Ellipsoid, Limb, field, mesh, smooth_minimum


def sphere(radius: float) -> Limb:
    return Limb(0, np.zeros(3), np.zeros(3), radius, radius)


def enclosed_volume(vertices: Array, quads: Array) -> float:
    """By the divergence theorem; positive if the faces look outwards."""
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    triangles = ((a, b, c), (a, c, d))
    return float(sum(np.einsum("ij,ij->i", p, np.cross(q, r)).sum() for p, q, r in triangles)) / 6


def edge_counts(quads: Array) -> Array:
    edges = np.concatenate([np.stack([quads[:, k], quads[:, (k + 1) % 4]], axis=1) for k in range(4)])
    return np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)[1]


def test_a_sphere_is_a_sphere() -> None:
    vertices, quads = mesh([sphere(0.3)], 0.02)
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 0.3, atol=1e-3)
    assert enclosed_volume(vertices, quads) == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=0.01)
    counts = edge_counts(quads)
    assert (counts == 2).all()
    assert len(vertices) - len(counts) + len(quads) == 2  # Euler's formula for one closed surface without holes


def test_an_ellipsoid_has_its_radii() -> None:
    radii = np.array([0.3, 0.2, 0.1])
    vertices, _ = mesh([Ellipsoid(0, np.array([1.0, 2.0, 3.0]), np.eye(3), radii)], 0.012)
    np.testing.assert_allclose(np.ptp(vertices, axis=0), 2 * radii, rtol=0.02)
    np.testing.assert_allclose((((vertices - [1, 2, 3]) / radii) ** 2).sum(axis=1), 1, atol=0.01)


def test_two_shapes_apart_are_two_surfaces() -> None:
    left, right = (
        Limb(0, np.zeros(3), np.zeros(3), 0.1, 0.1),
        Limb(0, np.array([1.0, 0, 0]), np.array([1.0, 0, 0]), 0.1, 0.1),
    )
    vertices, quads = mesh([left, right], 0.02)
    assert len(vertices) - len(edge_counts(quads)) + len(quads) == 4


@given(a=st.floats(-1, 1), b=st.floats(-1, 1), width=st.floats(0.001, 0.5))
def test_a_blend_is_never_above_the_lower_and_is_it_far_apart(a: float, b: float, width: float) -> None:
    blended = float(smooth_minimum(np.array(a), np.array(b), width))
    assert blended <= min(a, b) + 1e-12
    assert blended >= min(a, b) - width / 4 - 1e-12
    if abs(a - b) >= width:
        assert blended == pytest.approx(min(a, b), abs=1e-12)


def test_the_field_of_a_limb_is_its_distance() -> None:
    limb = Limb(0, np.zeros(3), np.array([0.0, 0.0, 1.0]), 0.1, 0.1)
    points = np.array([[0.15, 0, 0.5], [0, 0, 1.12], [0.05, 0, 0.2]])
    np.testing.assert_allclose(field([limb], points), [0.05, 0.02, -0.05], atol=1e-12)
