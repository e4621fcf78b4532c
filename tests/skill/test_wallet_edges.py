"""What wallets' openings came to in a window and in the next one."""

import threading

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import ALICE, BOB, START_MS, trade

from hypertrack.config import FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS
from hypertrack.skill.estimate import moderated
from hypertrack.skill.evidence import gather
from hypertrack.skill.wallet_edges import TwoWindows, each_two_windows, known_at, two_windows


def halves(engine: FeatureEngine) -> tuple[Window, Window]:
    middle = (engine.start_ms + engine.end_ms) // 2
    return Window(engine.start_ms, middle), Window(middle, engine.end_ms)


def measured(engine: FeatureEngine, past: Window, later: Window) -> TwoWindows:
    return two_windows(engine.backend, past, later, FeeSettings(), engine.n_wallets)


def test_past_is_what_is_judged_there(busy_engine: FeatureEngine) -> None:
    past, later = halves(busy_engine)
    each = np.arange(busy_engine.n_wallets)

    found = measured(busy_engine, past, later)

    evidence = gather(busy_engine.backend, past, each, np.random.default_rng(0))
    judged = moderated(evidence.bets)
    is_told = judged.error_bps > 0
    np.testing.assert_allclose(
        found.past.edge_bps[judged.entity[is_told]], judged.edge_bps[is_told]
    )
    np.testing.assert_allclose(
        found.past.error_bps[judged.entity[is_told]], judged.error_bps[is_told]
    )
    assert is_told.sum() > 5


def test_what_comes_later_changes_nothing_of_the_past(busy_engine: FeatureEngine) -> None:
    past, later = halves(busy_engine)
    soon = Window(later.start_ms, (later.start_ms + later.end_ms) // 2)

    long, short = (measured(busy_engine, past, each) for each in (later, soon))

    np.testing.assert_array_equal(long.past.edge_bps, short.past.edge_bps)
    np.testing.assert_array_equal(long.shrunk_bps, short.shrunk_bps)
    np.testing.assert_array_equal(long.cost_bps, short.cost_bps)
    alone = measured(busy_engine, past, Window(past.end_ms, past.end_ms))
    np.testing.assert_array_equal(long.past.edge_bps, alone.past.edge_bps)
    np.testing.assert_array_equal(long.past.error_bps, alone.past.error_bps)
    np.testing.assert_array_equal(long.shrunk_sd_bps, alone.shrunk_sd_bps)
    assert np.isfinite(long.later.edge_bps).sum() > np.isfinite(short.later.edge_bps).sum()


def test_opening_costs_its_fee_and_what_it_was_worse_than_the_price_before(
    open_engine: OpenEngine,
) -> None:
    trades = [
        trade(START_MS + n * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=price)
        for n, price in enumerate((100.0, 100.1))
    ]
    engine = open_engine(trades=trades)
    past = Window(START_MS, START_MS + 5 * MINUTE_MS)
    later = Window(past.end_ms, past.end_ms + MINUTE_MS)

    found = measured(engine, past, later)

    # The second one is 10 bps above the first: Alice bought it, and Bob, who rested, sold it.
    fees = FeeSettings()
    assert found.cost_bps.tolist() == pytest.approx(
        [fees.perp_taker_bps + 10, fees.perp_maker_bps - 10]
    )
    assert found.shrunk_bps.tolist() == [0.0, 0.0]
    assert np.isnan(found.later.edge_bps).all()


def test_several_pasts_together_are_each_as_if_alone(busy_engine: FeatureEngine) -> None:
    past, later = halves(busy_engine)
    soon = Window(past.start_ms, (past.start_ms + past.end_ms) // 2)
    pairs = [(soon, Window(soon.end_ms, past.end_ms)), (past, later)]

    together = each_two_windows(busy_engine.backend, pairs, FeeSettings(), busy_engine.n_wallets)

    for found, pair in zip(together, pairs, strict=True):
        alone = measured(busy_engine, *pair)
        np.testing.assert_array_equal(found.past.edge_bps, alone.past.edge_bps)
        np.testing.assert_array_equal(found.later.error_bps, alone.later.error_bps)
        np.testing.assert_array_equal(found.cost_bps, alone.cost_bps)
    assert np.isfinite(together[0].later.edge_bps).any()


@pytest.mark.usefixtures("full_disk")
def test_nobody_asks_the_dataset_any_more_when_the_disk_is_full(
    busy_engine: FeatureEngine,
) -> None:
    before = {*threading.enumerate()}

    with pytest.raises(OSError, match="no space left") as stopped:
        measured(busy_engine, *halves(busy_engine))

    assert {*threading.enumerate()} == before
    del stopped  # until now what it was raised in is alive


def test_position_that_is_told_later_is_not_known_at_an_earlier_end() -> None:
    # Buys 1, then sells 1: a fill of the second says that 3 were held before it.
    rows = {
        "wallet_id": np.zeros(2, dtype=np.int32),
        "coin_id": np.zeros(2, dtype=np.int32),
        "time_ms": np.array([1_000, 9_000_000_000]),
        "direction": np.array([1, -1], dtype=np.int8),
        "is_taker": np.ones(2, dtype=bool),
        "is_twap": np.zeros(2, dtype=bool),
        "price": np.full(2, 10.0),
        "size": np.ones(2),
        "known_before": np.array([2.0, 3.0]),
        "known_ms": np.array([9_000_000_000.0, 9_000_000_000.0]),
    }

    (early, _), (whole, closed) = known_at(rows, [2_000, 9_000_000_001])

    assert (early.is_known.tolist(), whole.is_known.tolist()) == ([False], [True])
    assert closed.time_ms.tolist() == []  # what it sold it may have brought along
    assert early.time_ms.tolist() == whole.time_ms.tolist() == [1_000]
