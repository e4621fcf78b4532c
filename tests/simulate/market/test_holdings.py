"""Positions, entry prices and closed profit by hand."""

import numpy as np
import pytest

from hypertrack.simulate.market.arrays import TradeArrays
from hypertrack.simulate.market.holdings import Holdings
from hypertrack.simulate.market.start_positions import PositionArrays

SCALE = np.array([100.0])
"""Sizes of hundredths."""


def came_in_with(units: int, entry: float) -> PositionArrays:
    """Return what wallet 0 holds."""
    return PositionArrays(
        np.array([0], dtype=np.int32),
        np.array([0], dtype=np.int16),
        np.array([units]),
        np.array([entry]),
    )


def trades(*rows: tuple[bool, float, float]) -> TradeArrays:
    """Return trades that wallet 0 takes from wallet 1: whether it buys, size, price."""
    buys = np.array([buy for buy, _, _ in rows])
    n = len(rows)
    taker, maker = np.zeros(n, dtype=np.int32), np.ones(n, dtype=np.int32)
    return TradeArrays(
        time_ms=np.arange(n),
        coin=np.zeros(n, dtype=np.int16),
        price=np.array([price for _, _, price in rows]),
        size=np.array([size for _, size, _ in rows]),
        is_buy=buys,
        trade_id=np.arange(n) + 1,
        buyer=np.where(buys, taker, maker),
        seller=np.where(buys, maker, taker),
        is_zero_hash=np.zeros(n, dtype=bool),
        order=np.arange(n),
    )


def test_entries_average_closings_earn_and_flips_begin_anew() -> None:
    """Wallet 0 comes in long 2 at 90. It buys 2 at 110: long 4 at 100. It sells 1 at 103: earns 3.

    It sells 5 at 98: closes 3 at a loss of 2 each, is short 2 at 98. It buys 2 at 97: earns 2.
    Wallet 1, from nothing: short 2 at 110, long 4 in the end; 1 of its short is bought at 103.
    """
    holdings = Holdings(came_in_with(200, 90.0), SCALE)
    first = holdings.add(trades((True, 2.0, 110.0), (False, 1.0, 103.0)))
    second = holdings.add(trades((False, 5.0, 98.0), (True, 2.0, 97.0)))

    taker, later = first.take(first.is_taker), second.take(second.is_taker)
    assert taker.before.tolist() == [200, 400]
    assert later.before.tolist() == [300, -200]
    assert later.after.tolist() == [-200, 0]
    assert taker.entry_price.tolist() == [90.0, 100.0]
    assert later.entry_price.tolist() == [100.0, 98.0]
    assert taker.closed_usd.tolist() == [0.0, 3.0]
    assert later.closed_usd.tolist() == [-6.0, 2.0]
    maker = second.take(~second.is_taker)
    assert maker.before.tolist() == [-100, 400]
    assert maker.closed_usd == pytest.approx([12.0, -2.0])  # (110 - 98) of 1; (97 - 98) of 2
    held = holdings.of_coin(0)
    assert (held.wallet.tolist(), held.units.tolist(), held.entry_price.tolist()) == (
        [1],
        [200],
        [98.0],
    )


def test_taker_and_maker_stand_beside_each_other_in_every_order_of_trades() -> None:
    fills = Holdings(came_in_with(0, 0.0), SCALE).add(trades((True, 1.0, 5.0), (False, 1.0, 5.0)))

    assert fills.trade.tolist() == [0, 0, 1, 1]
    assert fills.wallet.tolist() == [0, 1, 0, 1]
    assert fills.is_buy.tolist() == [True, False, False, True]
    assert fills.is_taker.tolist() == [True, False, True, False]


def test_no_trades_change_nothing() -> None:
    holdings = Holdings(came_in_with(-7, 3.0), SCALE)

    assert len(holdings.add(TradeArrays.none())) == 0
    assert holdings.of_coin(0).units.tolist() == [-7]
