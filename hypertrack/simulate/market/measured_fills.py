"""What fills cost and closed, measured as on the venue: the part that a tape of trades lacks."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import Columns, Flags, Floats, TradeArrays
from hypertrack.simulate.market.calibration import REAL_OF_FILLS
from hypertrack.simulate.market.holdings import Holdings
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.terms import FeeSchedule


@dataclass(frozen=True)
class FillFigures(Columns):
    """Of each trade the taker's fill, then the maker's."""

    is_taker: Flags
    fee_bps: Floats
    closed_bps: Floats
    """Profit of what the fill closed, over its notional; NaN where it closed nothing, or spot."""


def fill_figures(market: Market, trades: TradeArrays) -> FillFigures:
    """Return the figures of a market's trades, all from its start on."""
    scale = CoinColumns(market.coins).size_scale
    fills = Holdings(market.start_positions, scale).add(trades)
    usd = (trades.price * trades.size)[fills.trade]
    is_spot = np.array([coin.kind == "spot" for coin in market.coins])[fills.coin]
    closes = (fills.before * np.where(fills.is_buy, -1, 1) > 0) & ~is_spot
    schedule = FeeSchedule(market.terms, market.coins)
    return FillFigures(
        is_taker=fills.is_taker,
        fee_bps=schedule.bps(fills.wallet, fills.coin, fills.is_taker, fills.is_buy),
        closed_bps=np.where(closes, fills.closed_usd / usd * 1e4, np.nan),
    )


def measure_fills(fills: FillFigures) -> dict[str, float]:
    """Return the quantities of `REAL_OF_FILLS`, NaN where no fill shows one."""
    values = {
        "taker fee bps": fills.fee_bps[fills.is_taker],
        "maker fee bps": fills.fee_bps[~fills.is_taker],
        "closed profit bps": fills.closed_bps[~np.isnan(fills.closed_bps)],
    }
    return {name: _percentile(values, name) for name in REAL_OF_FILLS}


def _percentile(values: dict[str, Floats], name: str) -> float:
    quantity, _, percent = name.partition(", p")
    of = values[quantity]
    return float(np.percentile(of, float(percent))) if len(of) else float("nan")
