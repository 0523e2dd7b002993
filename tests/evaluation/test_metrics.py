"""The metrics against SciPy, closed forms, brute-force loops and properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from mdm_core.evaluation import metrics

SEEDS = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def correlated(seed: int, count: int, width: int) -> np.ndarray:
    made = rng(seed)
    return made.normal(size=(count, width)) @ made.normal(size=(width, width)) + made.normal(size=width)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_r_precision_is_what_a_loop_counts(seed: int) -> None:
    text, motion = rng(seed).normal(size=(70, 5)), rng(seed + 1).normal(size=(70, 5))
    motion += text
    counted = np.zeros(3)
    for start in (0, 32):
        for k in range(start, start + 32):
            near = sorted(range(start, start + 32), key=lambda m, k=k: float(np.linalg.norm(text[k] - motion[m])))
            counted += [k in near[:top] for top in (1, 2, 3)]
    np.testing.assert_allclose(metrics.r_precision(text, motion), counted / 64)


def test_r_precision_of_perfect_random_and_constant_embeddings() -> None:
    x = rng().normal(size=(64, 8))
    np.testing.assert_array_equal(metrics.r_precision(x, x), [1, 1, 1])
    np.testing.assert_array_equal(metrics.r_precision(x, np.ones_like(x)), [0, 0, 0])
    unrelated = rng(1).normal(size=(32 * 400, 8)), rng(2).normal(size=(32 * 400, 8))
    np.testing.assert_allclose(metrics.r_precision(*unrelated), np.array([1, 2, 3]) / 32, atol=0.01)


def test_r_precision_leaves_out_what_fills_no_batch_and_refuses_less_than_one() -> None:
    text = rng().normal(size=(40, 4))
    motion = text.copy()
    motion[32:] += 100
    assert metrics.r_precision(text, motion)[0] == 1
    with pytest.raises(ValueError, match="at least 32"):
        metrics.r_precision(text[:31], motion[:31])
    with pytest.raises(ValueError, match="do not belong together"):
        metrics.r_precision(text, motion[:39])


def test_matching_distance_is_a_mean_of_norms() -> None:
    text, motion = np.zeros((3, 2)), np.array([[3.0, 4.0], [0, 0], [0, 1]])
    assert metrics.matching_distance(text, motion) == pytest.approx(2.0)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_fid_is_that_of_scipys_square_root(seed: int) -> None:
    a, b = correlated(seed, 50, 6), correlated(seed + 1, 40, 6)
    (m, s), (n, t) = ((x.mean(axis=0), np.cov(x, rowvar=False)) for x in (a, b))
    expected = (m - n) @ (m - n) + np.trace(s + t - 2 * np.real(linalg.sqrtm(s @ t)))
    assert metrics.fid(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_frechet_distance_of_commuting_gaussians_is_in_closed_form() -> None:
    mean, sigma, tau = np.array([1.0, -2, 0]), np.array([1.0, 4, 9]), np.array([4.0, 1, 0])
    expected = 5 + np.sum((np.sqrt(sigma) - np.sqrt(tau)) ** 2)
    assert metrics.frechet(mean, np.diag(sigma), np.zeros(3), np.diag(tau)) == pytest.approx(expected)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_fid_is_symmetric_zero_with_itself_and_blind_to_rotation(seed: int) -> None:
    a, b = correlated(seed, 12, 20), correlated(seed + 1, 15, 20)  # fewer motions than dimensions: no full rank
    turn = stats.ortho_group.rvs(20, random_state=seed % 1000)
    assert metrics.fid(a, b) == pytest.approx(metrics.fid(b, a), rel=1e-6)
    assert metrics.fid(a @ turn, b @ turn) == pytest.approx(metrics.fid(a, b), rel=1e-6)
    assert abs(metrics.fid(a, a)) < 1e-5 * float(np.trace(np.cov(a, rowvar=False)))


def test_diversity_of_normal_embeddings_is_the_mean_of_a_chi_distribution() -> None:
    x = rng().normal(size=(4000, 10))
    expected = np.sqrt(2) * stats.chi(10).mean()
    assert metrics.diversity(x, rng(), pairs=2000) == pytest.approx(expected, rel=0.02)
    assert metrics.diversity(np.ones((50, 3)), rng()) == 0


def test_multimodality_sees_takes_and_not_texts() -> None:
    texts = 100 * rng().normal(size=(30, 1, 6))
    assert metrics.multimodality(np.repeat(texts, 20, axis=1), rng()) == 0
    spread = texts + rng(1).normal(size=(30, 400, 6))
    expected = np.sqrt(2) * stats.chi(6).mean()
    assert metrics.multimodality(spread, rng(), pairs=300) == pytest.approx(expected, rel=0.02)
    with pytest.raises(ValueError, match="several takes"):
        metrics.multimodality(texts, rng())


def test_multimodality_of_labels_averages_over_labels() -> None:
    labels = np.array([0] * 500 + [1] * 20)
    x = np.concatenate([rng().normal(size=(500, 4)), np.zeros((20, 4))])
    expected = 0.5 * np.sqrt(2) * stats.chi(4).mean()
    assert metrics.multimodality_of_labels(x, labels, rng(), pairs=4000) == pytest.approx(expected, rel=0.03)


def test_accuracy_counts_highest_scores() -> None:
    scores = np.array([[0.1, 0.9, 0], [2, 1, 0], [0, 0, 1]])
    assert metrics.accuracy(scores, np.array([1, 2, 2])) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="do not belong"):
        metrics.accuracy(scores, np.array([1]))


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_kid_is_what_loops_over_pairs_give(seed: int) -> None:
    a, b = correlated(seed, 9, 3), correlated(seed + 1, 9, 3)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 3 + 1) ** 3)

    within = [np.mean([kernel(x[i], x[j]) for i, j in itertools.permutations(range(9), 2)]) for x in (a, b)]
    across = np.mean([kernel(x, y) for x in a for y in b])
    assert metrics.kid(a, b, rng()) == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_kid_of_one_distribution_is_near_zero_at_any_size_and_grows_with_the_gap() -> None:
    a, b = rng(0).normal(size=(600, 5)), rng(1).normal(size=(500, 5))
    same, near, far = (metrics.kid(a, b + gap, rng(), size=200) for gap in (0, 0.5, 1.5))
    assert abs(same) < 0.02 < near < far


def test_precision_and_recall_of_known_sets() -> None:
    ring = np.array([[np.cos(t), np.sin(t)] for t in np.linspace(0, 2 * np.pi, 60, endpoint=False)])
    arc = ring[:15]
    assert metrics.precision_recall(ring, ring) == (1, 1)
    precision, recall = metrics.precision_recall(ring, arc)
    assert precision == 1 and 15 / 60 <= recall <= 24 / 60
    assert metrics.precision_recall(ring, ring + 10) == (0, 0)
    with pytest.raises(ValueError, match="more than 3"):
        metrics.precision_recall(ring[:3], ring)


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_precision_is_what_loops_over_balls_give(seed: int) -> None:
    real, made = rng(seed).normal(size=(15, 2)), rng(seed + 1).normal(size=(11, 2)) * 1.5
    inside = 0
    for point in made:
        for centre in real:
            radius = sorted(float(np.linalg.norm(centre - other)) for other in real)[3]
            if np.linalg.norm(point - centre) <= radius:
                inside += 1
                break
    assert metrics.precision_recall(real, made)[0] == pytest.approx(inside / 11)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """A mean of 100 numbers: repetitions of it, and halves of one sample of it, both cover it in about 95 %."""
    repeated = halved = 0
    for seed in range(400):
        made = rng(seed)
        repeated += covers(metrics.interval([float(made.normal(size=100).mean()) for _ in range(20)]))
        x = made.normal(size=100)
        halves = [float(x[made.permutation(100)[:50]].mean()) for _ in range(60)]
        halved += covers(metrics.half_samples(float(x.mean()), halves))
    assert 0.90 < repeated / 400 < 0.97
    assert 0.91 < halved / 400 < 0.98


def covers(found: metrics.Interval) -> bool:
    return abs(found.value) <= found.half


def test_one_repetition_has_no_width() -> None:
    assert metrics.interval([3.0]) == metrics.Interval(3.0, 0.0)
    assert str(metrics.Interval(1.23456, 0.1)) == "1.235±0.100"
