"""The truth is what the tape shows on average, and the money in it is conserved."""

import json

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import (
    Chunk,
    FactArrays,
    HourArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.instruments import build_coins
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.terms import base_terms
from hypertrack.simulate.market.wallet_ledger import WalletLedger

SETTINGS = SimulateSettings(wallets=600, hours=6, seed=11)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def chunks(market: Market) -> list[Chunk]:
    return list(market.chunks(with_facts=True))


@pytest.fixture(scope="module")
def truth(market: Market, chunks: list[Chunk]) -> dict[str, np.ndarray]:
    ledger = market.ledger()
    for chunk in chunks:
        ledger.add(chunk)
    return market.truth_of(ledger)


@pytest.mark.slow
def test_truth_has_a_row_a_wallet_and_the_columns_of_its_contract(
    truth: dict[str, np.ndarray],
) -> None:
    assert set(truth) == {
        *("wallet", "kind", "is_bot", "edge_bps", "holding_s", "home_coins"),
        *("maker_edge_bps", "net_edge_bps", "n_openings", "start_positions", "world"),
        *("owner", "follows", "traps"),
        *(f"copy_edge_bps_{delay}s" for delay in (1, 5, 30, 300)),
        *("profit_usd", "fees_usd", "funding_usd"),
    }
    assert {len(column) for column in truth.values()} == {600}
    assert np.array_equal(np.isnan(truth["edge_bps"]), truth["n_openings"] == 0)


@pytest.mark.slow
def test_mid_prices_move_for_openings_as_the_truth_says(
    market: Market, chunks: list[Chunk], truth: dict[str, np.ndarray]
) -> None:
    """Of informed wallets and of the others; the error is that of the mean over blocks."""
    gain, wallet, time = realised_bps(market, chunks)
    expected = {}
    for name in ("informed", "negative_edge", "retail"):
        of = truth["kind"][wallet] == name
        expected[name] = truth["edge_bps"][wallet[of]].mean()
        block = (time[of] - START_MS) // 600_000
        total, count = np.bincount(block, gain[of]), np.bincount(block)
        mean = gain[of].mean()
        error = np.sqrt(((total - mean * count) ** 2).sum()) / of.sum()
        assert of.sum() > 1_000
        assert error < 4
        assert abs(mean - expected[name]) < 3 * error, (name, mean, expected[name], error)
    print(expected)
    assert expected["informed"] > 3
    assert expected["negative_edge"] < -1


@pytest.mark.slow
def test_a_bp_of_true_edge_is_a_bp_of_realised_gain(
    market: Market, chunks: list[Chunk], truth: dict[str, np.ndarray]
) -> None:
    """The slope over all openings is 1; its error is that of sums over blocks of ten minutes.

    Stronger than a correlation of wallets' markouts with their edges over a day, which any slope
    above 0 satisfies: the slope itself is held, and is more than three errors from 0.
    """
    gain, wallet, time = realised_bps(market, chunks)
    edge = truth["edge_bps"][wallet]

    far = edge - edge.mean()
    slope = (far * gain).sum() / (far**2).sum()
    scores = np.bincount((time - START_MS) // 600_000, far * (gain - slope * far - gain.mean()))
    error = np.sqrt((scores**2).sum()) / (far**2).sum()
    print(f"slope {slope:.2f} with an error of {error:.2f}")
    assert error < 0.3
    assert slope > 3 * error
    assert abs(slope - 1) < 2.5 * error


def realised_bps(market: Market, chunks: list[Chunk]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what each opening's mid price did in its favor over its horizon, wallet and time."""
    trades = TradeArrays.join([chunk.trades for chunk in chunks])
    facts = FactArrays.join([chunk.facts for chunk in chunks])
    quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])
    found = []
    for coin in range(len(market.coins)):
        book = quotes.take(quotes.coin == coin)
        middle = np.log((book.bid + book.ask) / 2)
        rows = np.flatnonzero(trades.coin == coin)
        for is_taker in (True, False):
            horizon = (facts.taker_horizon_ms if is_taker else facts.maker_horizon_ms)[rows]
            is_buy = trades.is_buy[rows] == is_taker
            wallet = np.where(is_buy, trades.buyer[rows], trades.seller[rows])
            time = trades.time_ms[rows]
            until = time + np.minimum(horizon, HOUR_MS)
            use = (horizon > 0) & (until < market.end_ms)
            now, later = (np.searchsorted(book.time_ms, t, side="right") - 1 for t in (time, until))
            gain = np.where(is_buy, 1, -1) * (middle[later] - middle[now]) * 1e4
            found.append(np.stack([gain[use], wallet[use], time[use]]))
    gain, wallet, time = np.concatenate(found, axis=1)
    return gain, wallet.astype(np.int64), time.astype(np.int64)


@pytest.mark.slow
def test_no_money_comes_from_nowhere(
    market: Market, chunks: list[Chunk], truth: dict[str, np.ndarray]
) -> None:
    """All profits, fees and funding together are what positions brought in gained."""
    start = market.start_positions
    scale = 10.0 ** np.array([coin.size_decimals for coin in market.coins])
    change = (chunks[-1].end_prices - market.start_prices)[start.coin]

    everything = truth["profit_usd"] + truth["fees_usd"] + truth["funding_usd"]

    assert everything.sum() == pytest.approx((start.units / scale[start.coin] * change).sum())
    assert truth["fees_usd"].sum() > 0


@pytest.mark.slow
def test_three_of_four_come_in_with_positions_at_entries_of_hours_to_weeks_ago(
    market: Market, truth: dict[str, np.ndarray]
) -> None:
    start = market.start_positions
    price = np.array([coin.price_usd for coin in market.coins])
    perps = start.take(np.array([coin.kind == "perp" for coin in market.coins])[start.coin])
    moved = perps.entry_price / price[perps.coin] - 1

    assert len(np.unique(perps.wallet)) / 600 == pytest.approx(0.75, abs=0.06)
    assert 0.015 < np.std(moved) < 0.08
    texts = truth["start_positions"]
    assert np.array_equal(np.flatnonzero(texts != ""), np.unique(start.wallet))
    held = json.loads(texts[start.wallet[0]])[0]
    coin = market.coins[start.coin[0]]
    assert held == {
        "coin": coin.name,
        "size": start.units[0] / 10**coin.size_decimals,
        "entry_price": start.entry_price[0],
    }


def test_a_ledger_adds_up_by_hand() -> None:
    """One wallet comes in long 2 BTC, sells 1 as taker at 101 where 100.5 is fair, ends at 110.

    Cash 101; position 2 x 100 before, 1 x 110 after: 11 gained before a fee of 4.5 bps of 101
    and funding of an hour on 2 x 100, at the venue's usual rate.
    """
    coins = build_coins(1, 1.0)
    start = PositionArrays(
        np.array([0], dtype=np.int32),
        np.array([0], dtype=np.int16),
        np.array([2 * 10 ** coins[0].size_decimals]),
        np.array([90.0]),
    )
    ledger = WalletLedger(coins, start, np.array([100.0]), base_terms(2))
    ledger.add(one_sale())

    columns = ledger.columns()

    fee, funding = 101 * 4.5e-4, 200 * 0.0000125
    assert columns["fees_usd"] == pytest.approx([fee, 101 * 1.5e-4])
    assert columns["funding_usd"] == pytest.approx([funding, 0])
    assert columns["profit_usd"] == pytest.approx([11 - fee - funding, 9 - 101 * 1.5e-4])
    assert columns["edge_bps"][0] == 7
    cost = 4.5 + (100.5 / 101 - 1) * 1e4  # sold above what is fair, so the cost is below nothing
    assert columns["net_edge_bps"][0] == pytest.approx(7 - 2 * cost)
    assert columns["maker_edge_bps"][1] == pytest.approx((100.5 / 101 - 1) * 1e4 - 1.5)
    assert columns["copy_edge_bps_5s"][0] == 2
    assert columns["n_openings"].tolist() == [1, 0]
    assert np.isnan(columns["edge_bps"][1])


def one_sale() -> Chunk:
    """Return a chunk in which wallet 0 sells a coin to 1 after a full hour."""
    whole = next(Market(SimulateSettings(wallets=20, coins=1, hours=0.02)).chunks())
    trades = TradeArrays(
        time_ms=np.array([HOUR_MS + 1]),
        coin=np.array([0], dtype=np.int16),
        price=np.array([101.0]),
        size=np.array([1.0]),
        is_buy=np.array([False]),
        trade_id=np.array([1]),
        buyer=np.array([1], dtype=np.int32),
        seller=np.array([0], dtype=np.int32),
        is_zero_hash=np.array([False]),
        order=np.array([1]),
    )
    facts = FactArrays(
        fair_price=np.array([100.5]),
        taker_edge_bps=np.array([7.0]),
        maker_edge_bps=np.array([0.0]),
        taker_horizon_ms=np.array([60_000.0]),
        maker_horizon_ms=np.array([0.0]),
        copy_edge_bps=np.array([[4.0, 2.0, 0.0, -9.0]]),
    )
    end = np.array([110.0])
    hour = HourArrays(np.array([HOUR_MS]), np.array([[100.0]]))
    return Chunk(HOUR_MS - 1, HOUR_MS + 9, trades, whole.quotes, whole.evm, facts, end, hour)
