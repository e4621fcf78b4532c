from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade

from hypertrack.config import FeeSettings
from hypertrack.labels.outcomes import QUANTITIES, Edges, measure
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=3),
    trade(START_MS + 1_000, buyer=CAROL, seller=BOB, taker=CAROL, size=1),
    trade(START_MS + 2_000, buyer=CAROL, seller=BOB, taker=CAROL, size=6, coin="ETH"),
    trade(START_MS + 9 * MINUTE_MS, buyer=ALICE, seller=CAROL, taker=CAROL, size=5),
]
FIRST_MINUTE = Window(START_MS, START_MS + MINUTE_MS)


def test_influence_is_the_share_of_all_that_was_traded_in_its_coins(open_backend: Any) -> None:
    con = open_backend(trades=TRADES)

    found = measure(con, FIRST_MINUTE, FeeSettings(), 3).quantities

    # BTC 400 USD and ETH 600 USD were traded
    share = found[:, QUANTITIES.index("influence_pct")]
    assert share.tolist() == pytest.approx([300 / 4, 100.0, 700 / 10])


def test_every_wallet_has_a_row_and_only_its_window_counts(open_backend: Any) -> None:
    con = open_backend(trades=TRADES)

    first = measure(con, FIRST_MINUTE, FeeSettings(), 3)
    last = measure(
        con, Window(START_MS + 5 * MINUTE_MS, START_MS + 10 * MINUTE_MS), FeeSettings(), 3
    )

    alice, bob, carol = 0, 1, 2  # ids follow the order of addresses
    share = QUANTITIES.index("influence_pct")
    assert first.quantities[[alice, bob, carol], share].tolist() == [75, 100, 70]
    assert last.quantities[[alice, carol], share].tolist() == [100, 100]
    assert np.isnan(last.quantities[bob]).all()
    assert np.isnan(last.votes[bob]).all()


def test_each_schedule_of_fees_is_its_own(open_backend: Any) -> None:
    alike = [FeeSettings(perp_taker_bps=bps, perp_maker_bps=bps) for bps in (-1.0, -2.0)]
    assert hash(alike[0]) == hash(alike[1])
    window = Window(START_MS, START_MS + 20 * MINUTE_MS)
    trades = [
        trade(START_MS + n * MINUTE_MS, buyer=buyer, seller=seller, taker=ALICE, price=100 + n)
        for n, (buyer, seller) in enumerate([(ALICE, BOB), (BOB, ALICE)] * 6)
    ]

    con = open_backend(trades=trades)
    one, other = (measure(con, window, fees, 2).quantities for fees in alike)

    anew = measure(open_backend(trades=trades), window, alike[1], 2).quantities
    np.testing.assert_array_equal(other, anew)
    fall = QUANTITIES.index("drawdown_frac")
    assert (one[:, fall] != other[:, fall]).any()


def test_one_trade_gives_what_can_be_measured_and_no_more(open_backend: Any) -> None:
    con = open_backend(trades=TRADES[:1])

    alice = dict(
        zip(QUANTITIES, measure(con, FIRST_MINUTE, FeeSettings(), 2).quantities[0], strict=True)
    )

    known = {name for name, value in alice.items() if not np.isnan(value)}
    assert known >= {"drawdown_frac", "influence_pct", "directional_bias"}
    assert not known & {"edge_bps", "bot_vote", "momentum_1m", "momentum_15m"}


def test_edge_over_cost_is_what_the_next_openings_gain_beyond_what_such_cost(
    open_backend: Any,
) -> None:
    edges = Edges(np.array([6.0, np.nan, 1.0]), np.array([4.5, 4.5, np.nan]))

    found = measure(open_backend(trades=TRADES), FIRST_MINUTE, FeeSettings(), 3, edges).quantities

    over = found[:, QUANTITIES.index("edge_over_cost_bps")]
    np.testing.assert_array_equal(over, [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(found[:, QUANTITIES.index("edge_bps")], edges.edge_bps)


def test_empty_window_measures_nothing(open_backend: Any) -> None:
    con = open_backend(trades=TRADES)

    nothing = measure(con, Window(START_MS + 60, START_MS + 60), FeeSettings(), 3)

    assert np.isnan(nothing.quantities).all()


def random_market(until_ms: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Forty minutes of trades and quotes of a few wallets, up to a time."""
    rng = np.random.default_rng(11)
    wallets = [f"0x{digit * 40}" for digit in "12345"]
    trades, quotes = [], []
    for i in range(600):
        time_ms = START_MS + 4_000 * i
        buyer, seller = rng.choice(wallets, 2, replace=False).tolist()
        price, coin = round(100 * np.exp(rng.normal(0, 0.01)), 3), ["BTC", "ETH"][rng.integers(2)]
        trades.append(
            trade(time_ms, buyer=buyer, seller=seller, taker=buyer, price=price, coin=coin)
        )
        quotes.append(quote(time_ms - 100, price - 0.1, price + 0.1, coin))
    return {
        "trades": [line for line in trades if until_ms is None or line["time"] < until_ms],
        "bbo": [line for line in quotes if until_ms is None or line["time"] < until_ms],
    }


def test_nothing_after_the_window_is_looked_at(open_backend: Any) -> None:
    window = Window(START_MS + 10 * MINUTE_MS + 7, START_MS + 30 * MINUTE_MS + 2_001)

    con = open_backend(**random_market())
    whole = measure(con, window, FeeSettings(), 5)
    con = open_backend(**random_market(window.end_ms))
    truncated = measure(con, window, FeeSettings(), 5)

    assert not np.isnan(whole.quantities[:, QUANTITIES.index("momentum_1m")]).any()
    np.testing.assert_array_equal(whole.quantities, truncated.quantities)
    np.testing.assert_array_equal(whole.votes, truncated.votes)
