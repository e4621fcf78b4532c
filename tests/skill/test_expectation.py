"""By what edges are expected, and what that makes of a measured one."""

import numpy as np
import pytest
from skill_fakes import estimates

from hypertrack.market.arrays import Ints
from hypertrack.market.window import Window
from hypertrack.skill.expectation import LearnPrior, Prior, choose
from hypertrack.skill.shrinkage import Spreads

DAY = Window(0, 86_400_000)
PAIR = np.array([0, 0, 1, -1])
"""Two wallets are one entity, the third another; the last is not judged."""


def teller(low_frac: float) -> LearnPrior:
    """Return somebody who learned that wallets have edges of 2, 4, 6 and 100."""

    def learn(window: Window, entity_of_wallet: Ints) -> Prior:
        assert (window, entity_of_wallet.tolist()) == (DAY, PAIR.tolist())
        return Prior(np.array([2.0, 4.0, 6.0, 100.0]), 0.05, low_frac, 0.09, 300)

    return learn


def test_best_takes_a_prior_only_where_its_gain_is_surely_above_nothing() -> None:
    earned = choose("best", DAY, PAIR, teller(0.01))
    unproven = choose("best", DAY, PAIR, teller(-0.01))

    assert (earned.estimator, earned.prior_bps.tolist()) == ("prior", [3.0, 6.0])
    assert (unproven.estimator, unproven.prior_bps.tolist()) == ("shrinkage", [0.0, 0.0])
    assert "+5.0% [-1.0%, +9.0%] of what 300 wallets'" in unproven.why
    assert unproven.why.endswith("not shown to be better than none")


def test_prior_that_is_asked_for_is_taken_whatever_it_gained() -> None:
    assert choose("prior", DAY, PAIR, teller(-0.01)).estimator == "prior"


def test_without_wallets_enough_edges_are_shrunk_towards_none() -> None:
    found = choose("prior", DAY, PAIR, lambda _window, _entity: None)

    assert (found.estimator, found.why) == (
        "shrinkage",
        "too few wallets to learn a prior from",
    )


def test_edge_lies_between_its_prior_and_what_was_measured() -> None:
    expected = choose("prior", DAY, PAIR, teller(0.01))

    spread_as_far_as_errors = Spreads(np.array([2.0**0.5]), np.ones(1))
    known = expected.known(estimates([7.0, 6.0], [2.0, 2.0]), spread_as_far_as_errors)

    # Of the 4 beyond the prior of 3 a half; the other is just what was expected.
    assert known.mean_bps.tolist() == pytest.approx([5.0, 6.0], abs=1e-3)
    assert known.quantile(0.5).tolist() == pytest.approx([5.0, 6.0], abs=1e-3)
    assert known.p_positive.tolist() == pytest.approx([0.999797, 0.999989], abs=1e-5)


def test_edge_as_measured_is_not_shrunk() -> None:
    expected = choose("persistence", DAY, PAIR, None)

    known = expected.known(estimates([4.0, -2.0], [2.0, 2.0]), Spreads(np.zeros(1), np.ones(1)))

    assert known.mean_bps.tolist() == [4.0, -2.0]
    assert known.p_positive.tolist() == pytest.approx([0.97725, 0.15866], abs=1e-4)
    assert known.p_above(np.array([4.0, -2.0])).tolist() == [0.5, 0.5]
