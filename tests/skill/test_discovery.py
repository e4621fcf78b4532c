"""Who is flagged, what could have been, and what it would take."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, t
from skill_fakes import bets

from hypertrack.skill.discovery import bets_needed, expected_false_frac, power_at, q_values
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


def test_q_is_the_mean_chance_of_no_edge_of_all_who_are_as_sure() -> None:
    found = expected_false_frac(np.array([0.3, 0.01, 0.9, 0.05, 0.3]))

    # Of the two surest (.01 + .05) / 2, of the next two, who are equal, (.06 + .6) / 4.
    np.testing.assert_allclose(found, [0.165, 0.01, 0.312, 0.03, 0.165])


def test_who_is_tested_alone_has_a_q_and_loses_by_a_negative_edge() -> None:
    found = measured([30.0, -30.0, 0.1, -0.1], [1.0] * 4)
    untested = replace(found, is_tested=np.array([True, True, True, False]))

    q = q_values(untested)

    assert np.isnan(q).tolist() == [False, False, False, True]
    assert q[0] < 1e-6
    assert q[1] > q[2] > 0.1


@pytest.mark.parametrize("n_tested", [1, 10])
def test_luck_alone_is_flagged_in_fewer_than_one_of_ten_markets(n_tested: int) -> None:
    rng = np.random.default_rng(5)
    flagged = 0
    for _ in range(50):
        error = np.exp(rng.normal(1.0, 0.5, n_tested))
        q = q_values(measured((error * rng.standard_normal(n_tested)).tolist(), error.tolist()))
        flagged += bool((q <= 0.1).any())

    assert flagged <= 5


def test_power_is_what_the_last_flagged_needed() -> None:
    found = measured([10.0, 0.0, 0.0, 0.0], [1.0, 2.0, 4.0, 8.0])
    q = q_values(found)

    # One of four is flagged at .10, by far: p of .025, t of 1.96 would do.
    assert (q <= 0.1).tolist() == [True, False, False, False]
    needed = t.isf(0.1 / 4, 1e6)
    expected = np.mean([norm.sf(needed - 5 / error) for error in (1, 2, 4, 8)])
    assert power_at(5.0, found, q, 0.1) == pytest.approx(expected)


def test_power_where_nobody_is_flagged_is_what_the_first_needs() -> None:
    found = measured([0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 4.0, 8.0])

    # One of four at .10: p of .025, 1.96 errors.
    expected = np.mean([norm.sf(1.96 - 5 / error) for error in (1, 2, 4, 8)])
    assert power_at(5.0, found, q_values(found), 0.1) == pytest.approx(expected, abs=1e-3)


def test_power_of_nobody_is_not_defined() -> None:
    few = estimate(bets((0, 0, 1.0, 1.0)), np.array([300_000]))

    assert np.isnan(power_at(5.0, few, q_values(few), 0.1))


def test_bets_needed_follow_from_the_signal_to_noise_of_one() -> None:
    # 16 bets of sd 20 have an error of 5; an edge of 2 is .1 of a bet: 38.4².
    found = bets_needed(measured([2.0, -1.0], [5.0, 5.0]))

    np.testing.assert_array_equal(found, [1475, np.nan])
