"""Windows of a market as long as the one in which the real venue was measured."""

from collections.abc import Sequence

from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
from hypertrack.simulate.market.calibration import measure
from hypertrack.simulate.market.measured_fills import FillFigures, measure_fills

WINDOW_MS = 81_000
"""Of the real venue every fill is known for so long."""

MIN_TRADES = 100
"""A window with fewer is not measured: its percentiles would be those of single wallets."""


def measured_windows(
    trades: TradeArrays,
    quotes: QuoteArrays,
    coins: Sequence[str],
    starts_ms: Sequence[int],
    fills: FillFigures | None = None,
) -> list[dict[str, float]]:
    """Return the measures of each window with enough trades.

    Args:
        trades: By time, like the quotes.
        quotes: Sizes may be NaN.
        coins: Names of the coins.
        starts_ms: Where windows begin.
        fills: Of the trades; without them fees and closed profit are left out.
    """
    measured = []
    for start in starts_ms:
        ends = [start, start + WINDOW_MS]
        first, last = trades.time_ms.searchsorted(ends).tolist()
        if last - first < MIN_TRADES:
            continue
        book = quotes.take(slice(*quotes.time_ms.searchsorted(ends)))
        of_fills = {} if fills is None else measure_fills(fills.take(slice(2 * first, 2 * last)))
        measured.append(measure(trades.take(slice(first, last)), coins, book) | of_fills)
    return measured
