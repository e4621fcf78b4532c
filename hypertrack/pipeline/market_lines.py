"""How a market, simulated or recorded, looks beside the real venue as it was measured."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.places import require_data, warn_of_leftovers
from hypertrack.records import HOUR_MS, Record
from hypertrack.simulate.market.calibration import CalibrationLine, compare

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
    from hypertrack.simulate.market.measured_fills import FillFigures

__all__ = ["VENUE_SIZE", "CalibrationLine", "MarketLines", "recorded_market", "simulated_market"]

VENUE_SIZE = {"coins": 187, "wallets": 6_000, "trades_per_second": 36.0, "hours": 0.5}
"""Simulator settings of a market as large as the venue was: about 45 trades a second then."""

_MEASURED_HOUR = 17
"""Of the day, UTC: when the venue was measured."""

_MOST_WINDOWS = 40


class MarketLines(Record, frozen=True, kw_only=True):
    """Quantities of a market beside the real ones, as means over windows of 81 seconds."""

    n_windows: int
    n_trades: int
    """In these windows."""
    n_coins: int
    """That were traded in them."""
    lines: tuple[CalibrationLine, ...]


def simulated_market(settings: Settings) -> MarketLines:
    """Play the market of the settings, from the hour at which the venue was measured.

    Raises:
        DatasetError: Too little is traded.
    """
    from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
    from hypertrack.simulate.market.market import START_MS, Market
    from hypertrack.simulate.market.measured_fills import fill_figures
    from hypertrack.simulate.market.measured_windows import WINDOW_MS

    market = Market(settings.simulate, START_MS + _MEASURED_HOUR * HOUR_MS)
    chunks = list(market.chunks())
    trades = TradeArrays.join([chunk.trades for chunk in chunks])
    quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])
    names = [coin.name for coin in market.coins]
    fills = fill_figures(market, trades)
    starts_ms = range(market.start_ms, market.end_ms, WINDOW_MS)
    return _measured(trades, quotes, names, starts_ms, fills)


def recorded_market(settings: Settings) -> MarketLines:
    """Measure a recording in windows spread over its time.

    Raises:
        DatasetError: There is no dataset, or too little was traded in it.
    """
    require_data(settings)
    from hypertrack.market.engine.duckdb_market import connect
    from hypertrack.market.sampled_windows import sampled_windows
    from hypertrack.simulate.market.measured_windows import WINDOW_MS
    from hypertrack.store.dataset import open_dataset

    warn_of_leftovers(settings)
    with open_dataset(settings.data) as dataset:
        con = connect(dataset)
        windows = sampled_windows(con, length_ms=WINDOW_MS, most=_MOST_WINDOWS)
        trades = _trades(con.fetch(windows.of(con.table("trades"))))
        quotes = _quotes(con.fetch(windows.of(con.table("bbo"))))
        names = con.fetch(con.table("coins").order_by("coin_id"))["coin"].tolist()
    return _measured(trades, quotes, names, windows.starts_ms)


def _measured(
    trades: "TradeArrays",
    quotes: "QuoteArrays",
    names: list[str],
    starts_ms: range,
    fills: "FillFigures | None" = None,
) -> MarketLines:
    from hypertrack.simulate.market.measured_windows import MIN_TRADES, measured_windows

    windows = measured_windows(trades, quotes, names, starts_ms, fills)
    if not windows:
        raise DatasetError(
            f"measuring a market needs {MIN_TRADES} trades in a window of 81 seconds, found "
            f"{len(trades):,} trades in {len(starts_ms):,} windows: record more coins"
        )
    return MarketLines(
        n_windows=len(windows),
        n_trades=len(trades),
        n_coins=len(np.unique(trades.coin)),
        lines=compare(windows),
    )


def _trades(rows: Any) -> "TradeArrays":
    """Return the recorded trades as the columns that are measured; whose order is not told."""
    from hypertrack.simulate.market.arrays import TradeArrays

    zeros = np.zeros(len(rows["time_ms"]), dtype=np.int64)
    column = _columns(rows)
    return TradeArrays(
        time_ms=column("time_ms", np.int64),
        coin=column("coin_id", np.int64),
        price=column("price", np.float64),
        size=column("size", np.float64),
        is_buy=column("is_buy", np.bool_),
        trade_id=column("trade_id", np.int64),
        buyer=column("buyer_id", np.int64),
        seller=column("seller_id", np.int64),
        is_zero_hash=column("is_twap", np.bool_),
        order=zeros,
    )


def _quotes(rows: Any) -> "QuoteArrays":
    """Return the recorded quotes, whose sizes a dataset's tables do not hold."""
    from hypertrack.simulate.market.arrays import QuoteArrays

    column = _columns(rows)
    unknown = np.full(len(rows["time_ms"]), np.nan)
    return QuoteArrays(
        time_ms=column("time_ms", np.int64),
        coin=column("coin_id", np.int64),
        bid=column("bid_price", np.float64),
        ask=column("ask_price", np.float64),
        bid_size=unknown,
        ask_size=unknown,
    )


def _columns(rows: Any) -> Callable[[str, Any], Any]:
    def column(name: str, dtype: Any) -> Any:
        return rows[name].astype(dtype)

    return column
