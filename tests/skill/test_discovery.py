"""Who is flagged, what could have been, and what it would take."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, t
from skill_fakes import bets, estimates

from hypertrack.skill.discovery import (
    MANY,
    bets_needed,
    expected_false_frac,
    power_at,
    q_values,
    step_up,
)
from hypertrack.skill.estimate import estimate
from hypertrack.skill.shrinkage import fit, posterior


def test_q_of_few_is_the_rate_at_which_each_would_be_flagged_by_luck() -> None:
    found = step_up(np.array([0.03, 0.01, 0.04, 0.5]))

    # Of four tested: .01·4/1 = .04, .03·4/2 = .06 and .04·4/3 = .0533, the smaller of both.
    np.testing.assert_allclose(found, [0.16 / 3, 0.04, 0.16 / 3, 0.5])


def test_q_of_many_is_the_mean_chance_of_no_edge_of_all_who_are_as_sure() -> None:
    found = expected_false_frac(np.array([0.3, 0.01, 0.9, 0.05, 0.3]))

    # Of the two surest (.01 + .05) / 2, of the next two, who are equal, (.06 + .6) / 4.
    np.testing.assert_allclose(found, [0.165, 0.01, 0.312, 0.03, 0.165])


def test_who_is_not_tested_has_no_q_whether_few_are_or_many() -> None:
    for n_tested in (4, MANY):
        found = estimates([30.0, -30.0] + [0.1] * (n_tested - 1), [1.0] * (n_tested + 1))
        is_tested = np.arange(n_tested + 1) < n_tested

        q = q_values(replace(found, is_tested=is_tested))

        assert np.isnan(q).tolist() == (~is_tested).tolist()
        assert q[0] < 1e-6
        assert q[1] > q[2] > 0.1


@pytest.mark.parametrize("n_tested", [3, MANY])
def test_luck_alone_is_flagged_in_fewer_than_one_of_ten_markets(n_tested: int) -> None:
    rng = np.random.default_rng(5)
    flagged = 0
    for _ in range(20):
        error = np.exp(rng.normal(1.0, 0.5, n_tested))
        q = q_values(estimates((error * rng.standard_normal(n_tested)).tolist(), error.tolist()))
        flagged += bool((q <= 0.1).any())

    assert flagged <= 2


def test_shrinkage_tells_nobody_at_a_rate_at_which_luck_alone_would_tell_nobody() -> None:
    best, others = 3.0, np.linspace(-2.3, 2.3, MANY - 1)
    found = estimates([best, *others], [1.0] * MANY)
    of = found.edge_bps, found.error_bps, found.df
    by_shrinkage = 1 - posterior(*of, fit(*of, null_weight=1.0)).p_positive

    assert by_shrinkage.min() < 0.1
    # 3 errors have a p of .00135, of a hundred .135.
    assert q_values(found)[0] == pytest.approx(norm.sf(best) * MANY, rel=1e-3)


def test_power_is_what_the_last_flagged_needed() -> None:
    found = estimates([10.0, 0.0, 0.0, 0.0], [1.0, 2.0, 4.0, 8.0])
    q = q_values(found)

    # One of four is flagged at .10, by far: p of .025, t of 1.96 would do.
    assert (q <= 0.1).tolist() == [True, False, False, False]
    needed = t.isf(0.1 / 4, 1e6)
    expected = np.mean([norm.sf(needed - 5 / error) for error in (1, 2, 4, 8)])
    assert power_at(5.0, found, q, 0.1) == pytest.approx(expected)


def test_power_where_nobody_is_flagged_is_what_the_first_needs() -> None:
    found = estimates([0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 4.0, 8.0])

    # One of four at .10: p of .025, 1.96 errors.
    expected = np.mean([norm.sf(1.96 - 5 / error) for error in (1, 2, 4, 8)])
    assert power_at(5.0, found, q_values(found), 0.1) == pytest.approx(expected, abs=1e-3)


def test_power_of_nobody_is_not_defined() -> None:
    few = estimate(bets((0, 0, 1.0, 1.0)), np.array([300_000]))

    assert np.isnan(power_at(5.0, few, q_values(few), 0.1))


def test_bets_needed_follow_from_the_signal_to_noise_of_one() -> None:
    # 16 bets of sd 20 have an error of 5; an edge of 2 is .1 of a bet: 38.4².
    found = bets_needed(estimates([2.0, -1.0], [5.0, 5.0]))

    np.testing.assert_array_equal(found, [1475, np.nan])
