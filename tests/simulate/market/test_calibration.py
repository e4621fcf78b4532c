"""Calibration measures what it says, and the default population is like the real venue's."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS, decode_json
from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
from hypertrack.simulate.market.behaviour import REAL_RANGES, measure_behaviour
from hypertrack.simulate.market.calibration import (
    REAL,
    REAL_OF_FILLS,
    REAL_OF_THIN_COINS,
    CalibrationLine,
    compare,
    measure,
)
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.measured_fills import FillFigures, fill_figures, measure_fills
from hypertrack.simulate.market.measured_windows import WINDOW_MS, measured_windows

COINS = ["BTC", "ETH"]
ZERO_HASH = "0x" + "0" * 64


def trades_of(
    *rows: tuple[int, int, float, bool, int, int, bool], size: float = 1.0
) -> TradeArrays:
    """Return trades from (time, coin, price, taker buys, buyer, seller, zero hash)."""
    time, coin, price, is_buy, buyer, seller, is_zero = map(np.array, zip(*rows, strict=True))
    count = np.arange(len(rows))
    return TradeArrays(
        time, coin, price, np.full(len(rows), size), is_buy, count, buyer, seller, is_zero, count
    )


def test_a_sweep_is_one_execution() -> None:
    trades = trades_of(
        (1_000, 0, 100.0, True, 7, 1, False),
        (1_000, 0, 101.0, True, 7, 2, False),
        (1_000, 0, 102.0, True, 7, 3, False),
        (2_000, 0, 100.0, False, 1, 7, True),
    )

    measured = measure(trades, COINS)

    assert measured["fills per taker execution, mean"] == 2  # 3 fills and 1
    assert measured["taker executions that are TWAP slices"] == 0.5
    assert measured["fills per wallet, max"] == 4  # wallet 7
    assert measured["wallets with one fill"] == 0.5  # 2 and 3, not 1 and 7
    assert measured["trades a second"] == 4
    assert measured["coins per wallet, max"] == 1


def test_notionals_and_coins_are_counted_by_hand() -> None:
    trades = trades_of(
        (0, 0, 100.0, True, 1, 2, False),
        (10_000, 0, 300.0, True, 1, 3, False),
        (20_000, 1, 200.0, True, 1, 2, False),
    )

    measured = measure(trades, COINS)

    assert measured["trade notional USD, p50"] == 200
    assert measured["wallet notional USD, p50"] == 300  # of 600, 300, 300
    assert measured["notional of the top 1 % of wallets"] == 0.5
    assert measured["coins per wallet, max"] == 2
    assert measured["trades in perps"] == 1
    assert measured["trades a second"] == 3 / 20


def test_roles_need_five_fills_and_gaps_ten_executions() -> None:
    rows = [(at * 2_000, 0, 100.0, True, 1, 2 if at < 6 else 3, False) for at in range(10)]
    measured = measure(trades_of(*rows), COINS)

    assert measured["wallets with 5 fills: only taker"] == 0.5  # wallet 1
    assert measured["wallets with 5 fills: only maker"] == 0.5  # wallet 2; 3 has four
    assert measured["median gap s, p50"] == 2  # wallet 1 alone has ten


def test_factor_is_the_larger_ratio() -> None:
    line = CalibrationLine(quantity="x", here=2.0, real=3.0)

    assert line.factor == 1.5
    assert CalibrationLine(quantity="x", here=0.0, real=3.0).factor == float("inf")
    assert CalibrationLine(quantity="x", here=-1.0, real=-3.0).factor == 3
    assert CalibrationLine(quantity="x", here=1.0, real=-3.0, real_high=-1.0).factor == float("inf")


def test_between_the_captures_is_right_and_outside_the_nearer_one_counts() -> None:
    inside, above = (
        CalibrationLine(quantity="x", here=here, real=-0.1, real_high=0.2) for here in (0.0, 0.3)
    )

    assert inside.factor == 1
    assert above.factor == pytest.approx(1.5)


def test_sides_sizes_and_company_of_takers_are_counted_by_hand() -> None:
    """Wallet 1 buys four times the size of one coin, wallet 4 sells with it thrice."""
    rows = [(at * 10_000, 0, 100.0, True, 1, 2, False) for at in range(5)]
    rows += [(at * 10_000, 0, 99.0, False, 3, 4, False) for at in range(3)]
    rows.sort(key=lambda row: row[0])

    measured = measure_behaviour(trades_of(*rows))

    assert measured["next execution on the same side"] == 1  # 4 of 4 pairs, and 2 of 2
    assert measured["wallets with 5 fills on one side only"] == 1  # 1 and 2
    assert measured["share of a wallet's commonest size, p90"] == 1
    assert measured["pairs of takers together 3 times"] == 1
    assert measured["wallets"] == 4
    assert measured["market gaps of 0 ms"] == 3 / 7
    assert measured["maker notional of the top 1 makers"] == pytest.approx(500 / 797)


def test_a_markout_is_what_the_last_price_later_gained_for_the_taker() -> None:
    trades = trades_of(
        (0, 0, 100.0, True, 1, 2, False),
        (0, 0, 102.0, True, 1, 3, False),  # one buy at 101 on average, a sweep of 200 bps
        (4_000, 0, 100.0, False, 4, 5, False),
        (5_500, 0, 99.0, False, 4, 5, False),
    )

    measured = measure_behaviour(trades)

    first = (102 / 101 - 1) * 1e4  # after a second nothing else was traded
    assert measured["taker markout bps, 1 s"] == pytest.approx((first + 0) / 2)
    assert measured["taker markout bps, 5 s"] == pytest.approx((100 / 101 - 1) * 1e4)
    assert measured["sweep bps, p99"] == pytest.approx(200)
    assert np.isnan(measured["taker markout bps, 30 s"])


def test_spread_and_depth_are_those_of_the_median_thin_coin() -> None:
    """Ten coins are traded, two are not: spreads of 10 and 30 bps, medians over their quotes."""
    names = [f"C{at}" for at in range(12)]
    trades = trades_of(*((at, at % 10, 100.0, True, 1, 2, False) for at in range(100)))
    coin, ask = np.array([10, 10, 10, 11, 0]), np.array([100.1, 100.1, 101.0, 100.3, 150.0])
    bid, size = np.full(5, 100.0), np.array([1.0, 3.0, 3.0, 5.0, 900.0])
    quotes = QuoteArrays(np.arange(5), coin, bid, ask, size, size)

    measured = measure(trades, names, quotes)

    assert measured["spread bps, thin coins"] == pytest.approx(20)
    assert measured["depth of five levels USD, thin coins"] == 5 * 100 * 4  # of 3 and 5 coins
    assert "spread bps, BTC" not in measured


def test_fees_are_told_apart_by_role_and_only_what_closes_has_a_profit() -> None:
    fills = FillFigures(
        is_taker=np.array([True, False, True, False]),
        fee_bps=np.array([4.0, -0.2, 2.0, 1.0]),
        closed_bps=np.array([np.nan, 100.0, -100.0, np.nan]),
    )

    measured = measure_fills(fills)

    assert measured["taker fee bps, p50"] == 3
    assert measured["maker fee bps, p25"] == pytest.approx(0.1)  # a quarter from -0.2 to 1
    assert measured["closed profit bps, p5"] == pytest.approx(-90)
    assert np.isnan(measure_fills(fills.take(np.array([0])))["closed profit bps, p95"])


def test_a_fill_closes_what_was_held_at_its_entry_price() -> None:
    """Whoever holds a perp and sells a part of it gains the part's rise since its entry."""
    market = Market(SimulateSettings(wallets=50, hours=0.1))
    perp = np.array([coin.kind == "perp" for coin in market.coins])
    held = market.start_positions.take(perp[market.start_positions.coin])
    held = held.take(held.units > 1)
    wallet, coin, entry = held.wallet[0], int(held.coin[0]), held.entry_price[0]
    other = (wallet + 1) % 50
    trades = trades_of(
        (0, coin, 1.5 * entry, False, other, wallet, False),
        size=1 / 10 ** market.coins[coin].size_decimals,
    )

    closed = fill_figures(market, trades).closed_bps

    assert closed[0] == pytest.approx((1.5 - 1) / 1.5 * 1e4)


def test_slices_of_a_twap_vary_as_little_as_they_do() -> None:
    rows = [(at * 30_000, 0, 100.0, True, 1, 2, True) for at in range(3)]
    trades = trades_of(*rows)
    trades.size[:] = [1.0, 1.0, 1.3]

    measured = measure_behaviour(trades)

    mean, spread = 1.1, np.sqrt((0.01 + 0.01 + 0.04) / 3)
    assert measured["variation of a TWAP's slice sizes"] == pytest.approx(spread / mean)


def test_real_capture_is_summarised_in_the_same_terms(capture: Path) -> None:
    trades, wallets = captured(capture)
    as_one_coin = dataclasses.replace(
        trades, coin=np.where(trades.coin == 1, 1, 0), price=trades.price * trades.size
    )
    as_one_coin.size[:] = 1.0

    measured = measure(as_one_coin, COINS)

    assert wallets == 528
    assert measured["fills per taker execution, mean"] == pytest.approx(1.67, abs=0.01)
    assert measured["taker executions that are TWAP slices"] == pytest.approx(0.18, abs=0.01)
    assert measured["wallets with one fill"] == pytest.approx(0.35, abs=0.01)


def test_real_behaviour_is_as_it_was_measured(capture: Path) -> None:
    trades, _ = captured(capture)

    measured = measure_behaviour(trades)

    assert measured["wallets with 5 fills on one side only"] == pytest.approx(0.46, abs=0.01)
    assert measured["next execution on the same side"] == pytest.approx(0.70, abs=0.01)
    assert measured["autocorrelation of signs"] == pytest.approx(0.12, abs=0.01)
    assert measured["variation of a TWAP's slice sizes"] == pytest.approx(0.005, abs=0.001)
    assert measured["taker markout bps, 5 s"] == pytest.approx(-2.07, abs=0.01)
    assert measured["taker markout bps, 30 s"] == pytest.approx(-2.47, abs=0.01)


def captured(capture: Path) -> tuple[TradeArrays, int]:
    """Return the capture's trades by time, and how many wallets they are of."""
    rows, sizes, seen = [], [], set()
    wallets, coins = dict[str, int](), {"BTC": 1}
    for line in capture.read_bytes().splitlines():
        frame = decode_json(line)
        for trade in frame["data"] if frame["channel"] == "trades" else ():
            key = (trade["time"], trade["coin"], trade["tid"])
            if key in seen:
                continue
            seen.add(key)
            buyer, seller = (wallets.setdefault(user, len(wallets)) for user in trade["users"])
            coin = coins.setdefault(trade["coin"], 2 * len(coins))
            is_zero = trade["hash"] == ZERO_HASH
            is_buy = trade["side"] == "B"
            rows.append((trade["time"], coin, float(trade["px"]), is_buy, buyer, seller, is_zero))
            sizes.append(float(trade["sz"]))
    trades = dataclasses.replace(trades_of(*rows), size=np.array(sizes))
    return trades.take(np.argsort(trades.time_ms, kind="stable")), len(wallets)


def windows(settings: SimulateSettings) -> list[dict[str, float]]:
    """Return the measures of the windows of half an hour from 17:00 UTC."""
    market = Market(settings, start_ms=START_MS + 17 * HOUR_MS)
    chunks = list(market.chunks())
    trades = TradeArrays.join([chunk.trades for chunk in chunks])
    quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])
    names = [coin.name for coin in market.coins]
    starts = range(market.start_ms, market.end_ms - WINDOW_MS, WINDOW_MS)
    return measured_windows(trades, quotes, names, starts, fill_figures(market, trades))


def table(lines: tuple[CalibrationLine, ...]) -> str:
    return "\n".join(
        f"{line.quantity:44} {line.real:12,.3f} {line.here:12,.3f} {line.factor:6.2f}"
        for line in lines
    )


OLD_TWAP_SHARE = 0.13
"""Of taker executions in the first capture, beside the three that the range is of."""


@pytest.mark.slow
def test_population_is_like_the_real_one_in_a_market_of_its_size() -> None:
    """187 coins and, at 17:00 UTC, about 45 trades a second: within 1.5."""
    measured = []
    for seed in (7, 1, 2, 3):
        size = SimulateSettings(coins=187, wallets=6_000, trades_per_second=36, hours=0.5)
        measured += windows(size.model_copy(update={"seed": seed}))

    lines = compare(measured)

    print("\n" + table(lines))
    assert len(lines) == len(REAL) + len(REAL_OF_FILLS) + len(REAL_RANGES) + len(REAL_OF_THIN_COINS)
    for line in lines:
        assert line.factor <= 1.5, table((line,))
    assert twap_share(lines) <= 1.5 * OLD_TWAP_SHARE


NOT_AT_THIS_SIZE = ("trades a second", "top 10 coins", "coins per wallet, p99", "max")
OTHER_COINS = (
    # Thin coins, which are 170 of the venue's 187, make these: the twelve here are the liquid
    # ones, with narrow spreads, deep books and prices that an order moves little.
    *("taker markout bps, 5 s", "taker markout bps, 30 s"),  # .4 and .5 of -1.2 and -2.4
    *("taker markout bps, 5 s, p5", "sweep bps, p99"),  # -6 and 12 of -15 and 30
    "depth of five levels USD, thin coins",  # two coins are beyond the first ten here
    # Owners' groups and market makers are shares of the wallets, a quarter of the venue's market:
    # 320 of 899 wallets, 0 to 50 pairs of 17, and 15 % for the first of a dozen makers, not 7 %.
    *("wallets", "pairs of takers together 3 times", "maker notional of the top 1 makers"),
)
"""Behaviour that a market of twelve coins cannot show; all of it is held at the venue's size."""


@pytest.mark.slow
def test_default_market_is_like_the_real_one_as_far_as_its_size_allows() -> None:
    """It has half the venue's trades and a fifteenth of its coins: within 2."""
    measured = []
    for seed in (7, 1, 2):
        measured += windows(SimulateSettings(hours=0.5, seed=seed))

    lines = compare(measured)

    print("\n" + table(lines))
    assert set(OTHER_COINS) <= {line.quantity for line in lines}
    for line in lines:
        if line.quantity in OTHER_COINS or any(n in line.quantity for n in NOT_AT_THIS_SIZE):
            continue
        assert line.factor <= 2.0, table((line,))
    assert twap_share(lines) <= 2 * OLD_TWAP_SHARE


def twap_share(lines: tuple[CalibrationLine, ...]) -> float:
    name = "taker executions that are TWAP slices"
    return next(line.here for line in lines if line.quantity == name)
