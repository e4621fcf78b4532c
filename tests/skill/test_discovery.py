"""Who is flagged, what could have been, and what it would take."""

import numpy as np
import pytest
from scipy.stats import norm, t
from skill_fakes import bets

from hypertrack.skill.discovery import bets_needed, power_at, q_values
from hypertrack.skill.estimate import Estimates, estimate


def measured(edge: list[float], error: list[float], n_bets: int = 16) -> Estimates:
    n = len(edge)
    count = np.full(n, n_bets)
    return Estimates(
        entity=np.arange(n),
        edge_bps=np.array(edge),
        error_bps=np.array(error),
        df=np.full(n, 1e6),
        n_bets=count,
        n_openings=count,
        n_blocks=count,
        n_hours=count,
        is_tested=np.ones(n, dtype=bool),
    )


def test_q_is_the_rate_at_which_each_would_be_flagged() -> None:
    found = q_values(np.array([0.03, np.nan, 0.01, 0.04, 0.5]))

    # Of four tested: .01·4/1 = .04, .03·4/2 = .06 and .04·4/3 = .0533, the smaller of both.
    np.testing.assert_allclose(found, [0.16 / 3, np.nan, 0.04, 0.16 / 3, 0.5])


def test_power_is_what_the_last_flagged_needed() -> None:
    found = measured([10.0, 0.0, 0.0, 0.0], [1.0, 2.0, 4.0, 8.0])
    q = q_values(found.p)

    # One of four is flagged at .10: p of .025, t of 1.96.
    needed = t.isf(0.1 / 4, 1e6)
    expected = np.mean([norm.sf(needed - 5 / error) for error in (1, 2, 4, 8)])
    assert power_at(5.0, found, q, 0.1) == pytest.approx(expected)


def test_power_of_nobody_is_not_defined() -> None:
    few = estimate(bets((0, 0, 1.0, 1.0)), np.array([300_000]))

    assert np.isnan(power_at(5.0, few, q_values(few.p), 0.1))


def test_bets_needed_follow_from_the_signal_to_noise_of_one() -> None:
    # 16 bets of sd 20 have an error of 5; an edge of 2 is .1 of a bet: 38.4².
    found = bets_needed(measured([2.0, -1.0], [5.0, 5.0]))

    np.testing.assert_array_equal(found, [1475, np.nan])
