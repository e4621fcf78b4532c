"""A dataset as it stood at a time: what had not happened by then is taken out while it is read."""

from collections.abc import Mapping

import duckdb

from hypertrack.records import MINUTE_MS, Feed

# What could not have been recorded before a time: a candle is known when its minute is over.
LATER: Mapping[Feed, str] = {
    Feed.TRADES: "time_ms >= $until_ms",
    Feed.BBO: "time_ms >= $until_ms",
    Feed.CANDLES: f"start_ms + {MINUTE_MS} > $until_ms",
    Feed.TRANSACTIONS: "time_ms >= $until_ms",
}


def forget_later(connection: duckdb.DuckDBPyConnection, until_ms: int) -> dict[Feed, int]:
    """Delete from the tables that are being read what lies at ``until_ms`` or later.

    Args:
        connection: Holds ``raw_{feed}``, from which everything else is made, and ``coverage``.
        until_ms: Exclusive end; intervals of the ledger that reach beyond it end there.

    Returns:
        Rows deleted of each feed.
    """
    at = {"until_ms": until_ms}
    connection.execute("DELETE FROM coverage WHERE start_ms >= $until_ms", at)
    connection.execute("UPDATE coverage SET end_ms = least(end_ms, $until_ms)", at)
    return {
        feed: _count(connection, f"DELETE FROM raw_{feed} WHERE {is_later}", at)
        for feed, is_later in LATER.items()
    }


def _count(connection: duckdb.DuckDBPyConnection, statement: str, at: Mapping[str, int]) -> int:
    row = connection.execute(statement, dict(at)).fetchone()
    return int(row[0]) if row else 0
