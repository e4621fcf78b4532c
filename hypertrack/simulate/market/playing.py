"""Playing the market through once, for whatever is written of it."""

from collections.abc import Callable, Iterator

from hypertrack.records import Record
from hypertrack.simulate.market.arrays import Chunk
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.wallet_ledger import WalletLedger


class WriteProgress(Record, frozen=True, kw_only=True):
    """How far writing has come."""

    n_trades: int
    frac: float
    """Of the trades asked for, or else of the time."""


def played(
    market: Market,
    write: Callable[[Chunk], None],
    n_trades: int | None,
    ledger: WalletLedger | None,
) -> Iterator[WriteProgress]:
    """Write chunk after chunk and yield after each; the last one ends with the last trade wanted.

    Args:
        market: What to play.
        write: Takes each chunk.
        n_trades: End after so many trades; None plays the market to its end.
        ledger: Keeps what is written (`Market.ledger`).
    """
    n_done = 0
    overtime_ms = 0 if n_trades is None else market.end_ms - market.start_ms
    for chunk in market.chunks(with_facts=ledger is not None, overtime_ms=overtime_ms):
        kept = chunk if n_trades is None else chunk.until(n_trades - n_done)
        write(kept)
        if ledger is not None:
            ledger.add(kept)
        n_done += len(kept.trades)
        time_frac = (chunk.end_ms - market.start_ms) / (market.end_ms - market.start_ms)
        yield WriteProgress(
            n_trades=n_done, frac=time_frac if n_trades is None else n_done / n_trades
        )
        if n_done == n_trades:
            return
