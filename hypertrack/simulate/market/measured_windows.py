"""Windows of a market as long as the one in which the real venue was measured."""

from collections.abc import Iterator, Sequence

from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
from hypertrack.simulate.market.calibration import measure

WINDOW_MS = 81_000
"""Of the real venue every fill is known for so long."""

MIN_TRADES = 100
"""A window with fewer is not measured: its percentiles would be those of single wallets."""


def measured_windows(
    trades: TradeArrays, quotes: QuoteArrays, coins: Sequence[str], starts_ms: Sequence[int]
) -> list[dict[str, float]]:
    """Return the measures of each window with enough trades.

    Args:
        trades: By time, like the quotes.
        quotes: Sizes may be NaN.
        coins: Names of the coins.
        starts_ms: Where windows begin.
    """
    return [
        measure(of, coins, book)
        for of, book in _windows(trades, quotes, starts_ms)
        if len(of) >= MIN_TRADES
    ]


def _windows(
    trades: TradeArrays, quotes: QuoteArrays, starts_ms: Sequence[int]
) -> Iterator[tuple[TradeArrays, QuoteArrays]]:
    for start in starts_ms:
        ends = [start, start + WINDOW_MS]
        yield (
            trades.take(slice(*trades.time_ms.searchsorted(ends))),
            quotes.take(slice(*quotes.time_ms.searchsorted(ends))),
        )
