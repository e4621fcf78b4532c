"""What fills of the simulated market say of a position that is closed at a loss."""

import json
from typing import Any

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.arrays import TradeArrays
from hypertrack.simulate.market.fill_objects import FillObjects
from hypertrack.simulate.market.holdings import Holdings
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.start_positions import PositionArrays

SETTINGS = SimulateSettings(wallets=300, hours=0.15, trades_per_second=9, coins=8, seed=5)

Line = dict[str, Any]


def sold_at(price: float, *, left: int = 0) -> tuple[list[Line], list[Line]]:
    """Return the fills by which a long of 5 units from 100 USD is sold at once, in two parts.

    Returns:
        Those of the seller, and those of the limit orders that it met.
    """
    market = Market(SETTINGS)
    start = PositionArrays(*(np.array([value]) for value in (0, 0, 5, 100.0)))
    holdings = Holdings(start, CoinColumns(market.coins).size_scale)
    trades = TradeArrays(
        time_ms=np.array([START_MS, START_MS]),
        coin=np.array([0, 0]),
        price=np.array([price, price - 0.5]),
        size=np.array([2, 3 - left]) / 1e5,
        is_buy=np.array([False, False]),
        trade_id=np.array([7, 8]),
        buyer=np.array([1, 2]),
        seller=np.array([0, 0]),
        is_zero_hash=np.array([False, False]),
        order=np.array([4, 4]),
    )
    objects = FillObjects(market.coins, market.wallets, market.terms, market.settings.seed)
    told = [json.loads(text)[1] for text in objects.texts(trades, holdings.add(trades))]
    return told[::2], told[1::2]


def test_a_position_closed_whole_beyond_its_margin_is_liquidated_and_both_sides_say_so() -> None:
    """At 40x a loss of an eightieth takes half of the margin: 98.75."""
    sales, bids = sold_at(98.7)

    named = {"liquidatedUser": Market(SETTINGS).wallets[0], "markPx": "98.7", "method": "market"}
    assert [fill["liquidation"] for fill in sales + bids] == 4 * [named]
    assert {fill["dir"] for fill in sales} == {"Liquidated Cross Long"}
    assert {fill["dir"] for fill in bids} == {"Open Long"}
    assert (sales[0]["crossed"], bids[0]["crossed"]) == (True, False)


@pytest.mark.parametrize(("price", "left"), [(98.8, 0), (98.7, 1)])
def test_a_smaller_loss_and_a_position_of_which_some_is_left_are_no_liquidation(
    price: float, left: int
) -> None:
    sales, bids = sold_at(price, left=left)

    assert {fill["dir"] for fill in sales} == {"Close Long"}
    assert not any("liquidation" in fill for fill in sales + bids)
