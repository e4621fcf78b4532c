"""A window of a dataset: what lies outside of it is taken out while it is read."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from hypertrack.records import MINUTE_MS, Feed

BEGINS: Mapping[Feed, str] = {
    Feed.TRADES: "time_ms",
    Feed.BBO: "time_ms",
    Feed.CANDLES: "start_ms",
    Feed.CONTEXTS: "time_ms",
    Feed.TRANSACTIONS: "time_ms",
}
"""When what a row tells of began."""

LATER = {
    feed: f"{begins} + {MINUTE_MS} > $until_ms"
    if feed is Feed.CANDLES
    else f"{begins} >= $until_ms"
    for feed, begins in BEGINS.items()
}
"""What could not have been recorded before a time: a candle is known when its minute is over."""


@dataclass(frozen=True)
class ReadWindow:
    """The part of a dataset that is read: from ``since_ms`` up to, and without, ``until_ms``."""

    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_all(self) -> bool:
        """Return whether nothing lies outside."""
        return self.since_ms is None and self.until_ms is None

    def overlaps(self, start_ms: int, end_ms: int) -> bool:
        """Return whether something in ``[start_ms, end_ms)`` may lie inside."""
        is_late = self.until_ms is not None and start_ms >= self.until_ms
        is_early = self.since_ms is not None and end_ms <= self.since_ms
        return not (is_late or is_early)


def forget_outside(connection: duckdb.DuckDBPyConnection, feed: Feed, window: ReadWindow) -> int:
    """Delete from ``raw_{feed}`` what began before a window or could not be known at its end.

    Returns:
        Rows deleted.
    """
    n_deleted = 0
    if window.since_ms is not None:
        early = f"DELETE FROM raw_{feed} WHERE {BEGINS[feed]} < $since_ms"
        n_deleted += _count(connection, early, {"since_ms": window.since_ms})
    if window.until_ms is not None:
        late = f"DELETE FROM raw_{feed} WHERE {LATER[feed]}"
        n_deleted += _count(connection, late, {"until_ms": window.until_ms})
    return n_deleted


def cut_coverage(connection: duckdb.DuckDBPyConnection, window: ReadWindow) -> None:
    """Cut the intervals of the ledger to the window."""
    if window.since_ms is not None:
        at = {"since_ms": window.since_ms}
        connection.execute("DELETE FROM coverage WHERE end_ms < $since_ms", at)
        connection.execute("UPDATE coverage SET start_ms = greatest(start_ms, $since_ms)", at)
    if window.until_ms is not None:
        at = {"until_ms": window.until_ms}
        connection.execute("DELETE FROM coverage WHERE start_ms >= $until_ms", at)
        connection.execute("UPDATE coverage SET end_ms = least(end_ms, $until_ms)", at)


def _count(connection: duckdb.DuckDBPyConnection, statement: str, at: Mapping[str, int]) -> int:
    row = connection.execute(statement, dict(at)).fetchone()
    return int(row[0]) if row else 0
