"""The noise schedule against the table of spec/mdm.md section 3, against Bayes' rule, and its sub-chains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_core.diffusion import schedule
from mdm_core.errors import MotionError

# spec/mdm.md section 3: at i = 0, 1, T/2, T-2, T-1
PUBLISHED = {
    1000: {
        "betas": (4.12842e-5, 4.61418e-5, 0.00315569, 0.749999, 0.999),
        "alpha_bar": (0.999959, 0.999913, 0.492285, 2.42877e-6, 2.42877e-9),
        "posterior_variance": (0, 2.17895e-5, 0.00314601, 0.749994, 0.998998),
        "posterior_mean_x0": (1, 0.527781, 0.00436787, 0.00233768, 0.00155689),
        "posterior_mean_xt": (0, 0.472219, 0.995356, 0.499997, 0.0316227),
    },
    50: {
        "betas": (0.00174751, 0.00368895, 0.0630498, 0.749757, 0.999),
        "alpha_bar": (0.998252, 0.99457, 0.462707, 9.71193e-4, 9.71193e-7),
        "posterior_variance": (0, 0.0011872, 0.059396, 0.747573, 0.998031),
        "posterior_mean_x0": (1, 0.678769, 0.0824645, 0.0467535, 0.0311328),
        "posterior_mean_xt": (0, 0.32123, 0.911867, 0.498786, 0.0315921),
    },
    10: {
        "betas": (0.0279073, 0.0754936, 0.309883, 0.743829, 0.999),
        "alpha_bar": (0.972093, 0.898706, 0.34081, 0.0240917, 2.40917e-5),
        "posterior_variance": (0, 0.0207991, 0.237943, 0.690511, 0.974956),
        "posterior_mean_x0": (1, 0.734819, 0.330356, 0.23374, 0.155064),
        "posterior_mean_xt": (0, 0.264904, 0.637874, 0.469853, 0.0308617),
    },
}


@pytest.mark.parametrize("steps", PUBLISHED)
@pytest.mark.parametrize("table", PUBLISHED[50])
def test_cosine_is_the_published_table(steps: int, table: str) -> None:
    ours = getattr(schedule.cosine(steps), table)[[0, 1, steps // 2, steps - 2, steps - 1]]
    np.testing.assert_allclose(ours, PUBLISHED[steps][table], rtol=6e-6, atol=1e-12)


@pytest.mark.parametrize("name", ["cosine", "linear"])
@pytest.mark.parametrize("steps", [25, 50, 1000])
def test_posterior_is_bayes_rule(name: str, steps: int) -> None:
    """q(x_{t-1} | x_t, x_0) is the product of q(x_t | x_{t-1}) and q(x_{t-1} | x_0) as densities of x_{t-1}."""
    chain = schedule.named(name, steps)
    t = np.arange(1, steps)
    likelihood = (1 - chain.betas[t]) / chain.betas[t]  # precision that x_t gives
    prior = 1 / (1 - chain.alpha_bar[t - 1])  # precision that x_0 gives
    variance = 1 / (likelihood + prior)
    np.testing.assert_allclose(chain.posterior_variance[t], variance, rtol=1e-9)
    np.testing.assert_allclose(
        chain.posterior_mean_x0[t], variance * prior * np.sqrt(chain.alpha_bar[t - 1]), rtol=1e-9
    )
    np.testing.assert_allclose(
        chain.posterior_mean_xt[t], variance * likelihood / np.sqrt(1 - chain.betas[t]), rtol=1e-9
    )


def test_linear_is_ho_et_al() -> None:
    """1000 levels from 1e-4 to 2e-2; with fewer levels the same noise is reached."""
    assert schedule.linear(1000).betas[[0, -1]] == pytest.approx([1e-4, 2e-2])
    assert np.log(schedule.linear(250).alpha_bar[-1]) == pytest.approx(
        np.log(schedule.linear(1000).alpha_bar[-1]), rel=0.05
    )


@given(st.integers(2, 1000), st.data())
def test_a_respaced_chain_has_the_same_noise_at_its_levels(total: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, total))
    full = schedule.cosine(total)
    short = schedule.respace(full, steps)
    kept = short.trained_steps
    assert len(short) == len(kept) == steps
    assert (np.diff(kept) > 0).all()
    assert kept[-1] == total - 1
    assert steps == 1 or kept[0] == 0
    if steps > 1:
        assert np.abs(kept - np.arange(steps) * (total - 1) / (steps - 1)).max() <= 0.5 + 1e-6
    np.testing.assert_allclose(short.alpha_bar, full.alpha_bar[kept], rtol=1e-6)


@pytest.mark.parametrize("steps", [10, 50, 1000])
def test_respacing_to_the_full_chain_changes_nothing(steps: int) -> None:
    full = schedule.cosine(steps)
    for spaced in (schedule.respace(full, steps), schedule.respace_ddim(full, steps)):
        np.testing.assert_array_equal(spaced.trained_steps, np.arange(steps))
        np.testing.assert_allclose(spaced.betas, full.betas, rtol=1e-9)
        np.testing.assert_allclose(spaced.posterior_variance, full.posterior_variance, rtol=1e-8)


def test_respacing_twice_keeps_the_trained_steps() -> None:
    """The network is told the index of the chain it was trained on, whatever was cut in between."""
    twice = schedule.respace(schedule.respace_ddim(schedule.cosine(1000), 100), 10)
    assert set(twice.trained_steps) <= set(range(0, 1000, 10))
    np.testing.assert_allclose(twice.alpha_bar, schedule.cosine(1000).alpha_bar[twice.trained_steps], rtol=1e-9)


def test_ddim_stride() -> None:
    np.testing.assert_array_equal(schedule.respace_ddim(schedule.cosine(50), 10).trained_steps, range(0, 50, 5))
    np.testing.assert_array_equal(schedule.respace_ddim(schedule.cosine(50), 17).trained_steps, range(0, 50, 3))


@pytest.mark.parametrize("steps", [0, -1, 51])
def test_impossible_numbers_of_steps(steps: int) -> None:
    for respace in (schedule.respace, schedule.respace_ddim):
        with pytest.raises(MotionError, match=str(steps)):
            respace(schedule.cosine(50), steps)


def test_no_stride() -> None:
    with pytest.raises(MotionError, match="49"):
        schedule.respace_ddim(schedule.cosine(50), 49)


def test_unknown_schedule() -> None:
    with pytest.raises(MotionError, match="sigmoid"):
        schedule.named("sigmoid", 50)


@pytest.mark.parametrize(("name", "steps"), [("cosine", 0), ("linear", 0), ("linear", 19)])
def test_schedules_that_cannot_be(name: str, steps: int) -> None:
    with pytest.raises(MotionError, match="or more"):
        schedule.named(name, steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 1000), st.data())
def test_the_solvers_walk_is_even_in_the_signal_to_noise_ratio(total: int, data: st.DataObject) -> None:
    """Exactly so many levels, rising, both ends among them; where the chain is dense, nearly even."""
    steps = data.draw(st.integers(2, total))
    full = schedule.cosine(total)
    walk = schedule.respace_log_snr(full, steps)
    assert len(walk) == steps
    assert (np.diff(walk.trained_steps) > 0).all()
    assert (walk.trained_steps[0], walk.trained_steps[-1]) == (0, total - 1)
    np.testing.assert_allclose(walk.alpha_bar, full.alpha_bar[walk.trained_steps], rtol=1e-5)


def test_ten_levels_of_a_thousand_are_even() -> None:
    walk = schedule.respace_log_snr(schedule.cosine(1000), 10)
    gaps = -np.diff(np.log(walk.alpha_bar / (1 - walk.alpha_bar)))
    assert gaps[:6] == pytest.approx(gaps[:6].mean(), rel=0.05)  # the last trained levels are further apart than that
