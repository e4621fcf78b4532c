"""A prior is worth what it foresees of wallets that it did not learn from."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.model import learned_prior
from hypertrack.model.learned_prior import LearnedPrior, explained, learned
from hypertrack.skill.expectation import Prior
from hypertrack.skill.wallet_edges import WalletEdges

N = 250
ENTITY = np.arange(N)


def outcome(true_bps: NDArray[np.float64]) -> WalletEdges:
    """Return what was measured of such edges, with an error of 2."""
    luck = np.random.default_rng(3).normal(0, 2, N)
    return WalletEdges(edge_bps=true_bps + luck, error_bps=np.full(N, 2.0), n_bets=np.full(N, 9.0))


def features() -> NDArray[np.float64]:
    """Return three features that vary, one that does not, and one that is missing."""
    found = np.random.default_rng(4).normal(size=(N, 5))
    found[:, 3], found[:, 4] = 1.0, np.nan
    return found


def prior(measured: WalletEdges, entity: NDArray[np.int64] = ENTITY) -> Prior:
    return learned(features(), features(), measured, entity)


def test_prior_finds_the_feature_that_an_edge_hangs_on() -> None:
    true = np.where(features()[:, 1] > 0, 6.0, -6.0)

    found = prior(outcome(true))

    # Of 36 + 4 bps² that were measured 36 could be explained; trees go there in small steps.
    assert 0.2 < found.low_frac < found.gain_frac < found.high_frac < 0.9
    assert (np.sign(found.mean_bps) == np.sign(true)).mean() > 0.95
    assert found.n_wallets == N


def test_nothing_is_gained_where_edges_hang_on_nothing() -> None:
    found = prior(outcome(np.zeros(N)))

    assert found.low_frac < 0.0


def test_no_entity_is_told_by_its_own_outcome() -> None:
    true, entity = np.zeros(N), ENTITY.copy()
    entity[1] = 0  # both are one
    measured = outcome(true)
    other = measured.edge_bps.copy()
    other[:2] = 1e4

    usual, lucky = prior(measured, entity), prior(replace(measured, edge_bps=other), entity)

    assert lucky.mean_bps[:2].tolist() == usual.mean_bps[:2].tolist()
    assert lucky.mean_bps[2] != usual.mean_bps[2]


def test_wallets_of_one_entity_make_nothing_surer() -> None:
    edge, foreseen, weight = np.full(4, 2.0), np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4)

    alone = explained(edge, foreseen, weight, np.arange(4))
    in_pairs = explained(edge, foreseen, weight, np.array([7, 7, 9, 9]))

    # Of 4·4 bps² 3 + 3 + 0 + 0 are explained: 1.5 above or below the mean each, 3 a pair. So the
    # error of the sum is √(4·1.5²·4/3) = 3.4641 of four, and √(2·3²·2/1) = 6 of two.
    assert alone == pytest.approx((0.375, 0.375 - 0.42435, 0.375 + 0.42435), abs=1e-5)
    assert in_pairs == pytest.approx((0.375, 0.375 - 0.735, 0.375 + 0.735))


def test_who_is_not_judged_has_no_prior_and_teaches_nothing() -> None:
    entity = np.where(ENTITY < 200, ENTITY, -1)

    found = prior(outcome(np.where(features()[:, 1] > 0, 6.0, -6.0)), entity)

    assert found.n_wallets == 200
    assert not found.mean_bps[200:].any()


@pytest.mark.slow  # two matrices and two windows of a market of 60,000 trades
def test_prior_of_a_market_is_learned_from_its_halves(
    market_engine: FeatureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(market_engine.start_ms, market_engine.end_ms)
    entity, learn = np.arange(market_engine.n_wallets), LearnedPrior(market_engine)

    monkeypatch.setattr(learned_prior, "MIN_ENTITIES", market_engine.n_wallets + 1)
    assert learn(window, entity) is None
    monkeypatch.setattr(learned_prior, "MIN_ENTITIES", 20)
    assert learn(window, entity % 19) is None  # whatever number of wallets they are
    found = learn(window, entity)

    assert found is not None
    assert found.n_wallets >= 20
    assert found.low_frac < found.gain_frac < found.high_frac
    assert found.mean_bps.shape == (market_engine.n_wallets,)
    gains = ("markout", "pnl", "profit", "win", "loss", "return", "drawdown", "equity")
    assert not [name for name in learn.names if any(word in name for word in gains)]
    assert "median_holding_s" in learn.names
