"""Finds the polynomial `GELU_TAIL` of `mdm_core.engine.numpy_layers`: run it, it prints it and its error."""

from __future__ import annotations

import math

import numpy as np

DEGREE, END, POINTS, ROUNDS = 6, 6.0, 4000, 400


def main() -> None:
    """Lawson's algorithm (1961): weighted least squares, the weights multiplied by the error until it is level.

    The fitted function is ln P(X < -a); its error counts a P(X < -a)-fold, which is what becomes of it in GELU.
    """
    a = END / 2 * (1 - np.cos(np.linspace(0, np.pi, POINTS)))
    tail = np.array([math.erfc(x / math.sqrt(2)) / 2 for x in a])
    basis = np.polynomial.chebyshev.chebvander(2 * a / END - 1, DEGREE)
    effect = a * tail + 1e-9
    weight = np.full(POINTS, 1 / POINTS)
    best, least = np.zeros(DEGREE + 1), math.inf
    for _ in range(ROUNDS):
        scale = np.sqrt(weight) * effect
        fitted = np.linalg.lstsq(basis * scale[:, None], np.log(tail) * scale, rcond=None)[0]
        error = np.abs(effect * (basis @ fitted - np.log(tail)))
        if error.max() < least:
            best, least = fitted, error.max()
        weight = weight * error / (weight * error).sum()
    powers = np.polynomial.Chebyshev(best, domain=[0, END]).convert(kind=np.polynomial.Polynomial).coef
    print("largest error in gelu:", least)
    print("lowest power first:", [float(c) for c in powers])


if __name__ == "__main__":
    main()
