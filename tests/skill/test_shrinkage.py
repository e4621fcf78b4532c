"""Adaptive shrinkage, held to integrals done another way."""

import numpy as np
import pytest
from scipy.stats import norm, t

from hypertrack.skill.shrinkage import (
    Spreads,
    fit,
    mixture_shares,
    posterior,
    spread_grid,
)

EDGE = np.array([0.3, 6.0, -2.0, 25.0])
ERROR = np.array([1.0, 2.0, 1.5, 4.0])
DF = np.array([9.0, 14.0, 30.0, 11.0])
SPREADS = Spreads(np.array([0.0, 1.0, 8.0]), np.array([0.8, 0.15, 0.05]))


def moments(edge: float, error: float, df: float) -> tuple[float, float, float, float]:
    """Return mean, sd, chance above 0 and above 2 bps by numerical integration."""

    true = np.linspace(-80.0, 80.0, 1_600_001)
    likelihood = t.pdf((edge - true) / error, df)
    parts = zip(SPREADS.sd_bps[1:], SPREADS.share[1:], strict=True)
    # An edge with four times the error spreads twice as far.
    density = likelihood * sum(share * norm.pdf(true, 0, sd * error**0.5) for sd, share in parts)

    def integral(power: int, low: float) -> float:
        return float(np.trapezoid(np.where(true >= low, true**power * density, 0.0), true))

    null = SPREADS.share[0] * float(t.pdf(edge / error, df))
    whole = null + integral(0, -np.inf)
    mean = integral(1, -np.inf) / whole
    sd = np.sqrt(integral(2, -np.inf) / whole - mean**2)
    return mean, sd, integral(0, 0.0) / whole, integral(0, 2.0) / whole


def test_posterior_agrees_with_quadrature() -> None:
    found = posterior(EDGE, ERROR, DF, SPREADS)

    expected = np.array([moments(*row) for row in zip(EDGE, ERROR, DF, strict=True)])
    np.testing.assert_allclose(found.mean_bps, expected[:, 0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.sd_bps, expected[:, 1], rtol=1e-3)
    np.testing.assert_allclose(found.p_positive, expected[:, 2], rtol=1e-3)


def test_chance_above_a_threshold_agrees_with_quadrature() -> None:
    found = posterior(EDGE, ERROR, DF, SPREADS).p_above(np.full(4, 2.0))

    expected = [moments(*row)[3] for row in zip(EDGE, ERROR, DF, strict=True)]
    # Within a part, Student's scales are taken together as one normal distribution.
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_certain_error_makes_the_normal_posterior() -> None:
    one = Spreads(np.array([0.0, 3.0**0.5]), np.array([0.0, 1.0]))  # 3 bps with an error of 3

    found = posterior(np.array([4.0]), np.array([3.0]), np.array([1e6]), one)

    # Half of the measured edge, and the variance is halved.
    assert found.mean_bps[0] == pytest.approx(2.0, rel=1e-3)
    assert found.sd_bps[0] == pytest.approx(3 / np.sqrt(2), rel=1e-3)
    assert found.p_positive[0] == pytest.approx(norm.cdf(2 / (3 / np.sqrt(2))), rel=1e-3)
    assert found.false_sign[0] == pytest.approx(1 - found.p_positive[0])


def test_nothing_is_positive_where_no_edge_is_certain() -> None:
    nobody = Spreads(np.array([0.0, 3.0]), np.array([1.0, 0.0]))

    found = posterior(EDGE, ERROR, DF, nobody)

    assert found.mean_bps.tolist() == [0.0] * 4
    assert found.p_positive.tolist() == [0.0] * 4
    assert found.false_sign.tolist() == pytest.approx([1.0] * 4)
    assert found.quantile(0.05).tolist() == pytest.approx([0.0] * 4, abs=1e-6)


def test_quantiles_are_those_of_the_posterior() -> None:
    one = Spreads(np.array([0.0, 3.0**0.5]), np.array([0.0, 1.0]))  # 3 bps with an error of 3

    found = posterior(np.array([4.0]), np.array([3.0]), np.array([1e6]), one)

    expected = norm.ppf([0.025, 0.975], 2.0, 3 / np.sqrt(2))
    got = [found.quantile(level)[0] for level in (0.025, 0.975)]
    assert got == pytest.approx(expected.tolist(), rel=2e-3)


def test_shares_of_two_parts_are_where_the_likelihood_is_highest() -> None:
    # Two observations sure of the one part, one sure of the other: thirds, without a prior.
    likelihood = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])

    found = mixture_shares(likelihood, np.ones(2))

    assert found.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_null_counts_as_nine_more_observations() -> None:
    likelihood = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])

    found = mixture_shares(likelihood, np.array([10.0, 1.0]))

    assert found.tolist() == pytest.approx([11 / 12, 1 / 12])


def test_grid_reaches_from_a_tenth_of_the_smallest_error_beyond_the_largest_edge() -> None:
    grid = spread_grid(np.array([5.0, -13.0]), np.array([4.0, 5.0]))

    assert grid[0] == 0
    assert grid[1] == pytest.approx(0.4)
    assert grid[-1] >= 2 * 12 > grid[-2]
    np.testing.assert_allclose(grid[2:] / grid[1:-1], np.sqrt(2))


def test_edges_that_are_there_are_found_and_calibrated() -> None:
    rng = np.random.default_rng(4)
    true = np.where(rng.random(3_000) < 0.2, rng.normal(0, 5, 3_000), 0.0)
    df = np.full(3_000, 20.0)
    edge = true + t.rvs(20, size=3_000, random_state=rng)
    error = np.ones(3_000)

    spreads = fit(edge, error, df)
    found = posterior(edge, error, df, spreads)

    assert 0.7 < spreads.share[spreads.sd_bps < 0.5].sum() < 0.85
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        rows = (found.p_positive >= low) & (found.p_positive < high)
        expected = found.p_positive[rows].mean()
        se = np.sqrt(expected * (1 - expected) / rows.sum())
        assert abs((true[rows] > 0).mean() - expected) < 3 * se + 0.01


def test_spreads_are_found_whatever_unit_errors_have() -> None:
    rng = np.random.default_rng(6)
    error, df = np.repeat([1.0, 4.0], 1_500), np.full(3_000, 1e6)
    edge = rng.normal(0, 3 * error**0.5) + rng.normal(0, error)

    found = fit(edge, error, df)

    assert (found.share * found.sd_bps**2).sum() == pytest.approx(9.0, rel=0.15)


def test_pure_noise_shrinks_to_nothing() -> None:
    rng = np.random.default_rng(5)
    edge, df = t.rvs(15, size=400, random_state=rng), np.full(400, 15.0)

    found = posterior(edge, np.ones(400), df, fit(edge, np.ones(400), df))

    assert np.abs(found.mean_bps).mean() < np.abs(edge).mean() / 20
    assert found.p_positive.max() < 0.95
