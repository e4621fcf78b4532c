"""Facts about a dataset: what it holds, what was observed, what is known to be missing."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import duckdb

from hypertrack.records import DAY_MS, HOUR_MS, DataSummary, Feed, GapCount
from hypertrack.store.reading.readable_rows import unread_by_reason
from hypertrack.store.reading.recorded_lines import Lines

Ask = Callable[[str], tuple[Any, ...]]
"""Asks an engine a statement that has one row."""

MIN_OBSERVED_MS = HOUR_MS
"""Shorter observation counts as one hour, so that a rate per day is never made from seconds."""

# A disconnection that the venue's replay proved to have missed nothing hides nothing.
IS_OBSERVED = "(status = 'observed' OR (status = 'disconnected' AND coalesce(missed, 1) = 0))"

# Time that at least one trades stream observed: intervals that touch form an island.
OBSERVED_ISLANDS = f"""
WITH intervals AS (
    SELECT greatest(start_ms, $start_ms) AS start_ms, least(end_ms, $end_ms) AS end_ms
    FROM coverage
    WHERE feed = 'trades' AND {IS_OBSERVED} AND start_ms < $end_ms AND end_ms > $start_ms
),
reach AS (
    SELECT *, max(end_ms) OVER (
        ORDER BY start_ms, end_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached_ms
    FROM intervals
)
SELECT coalesce(sum(greatest(0, end_ms - greatest(start_ms, coalesce(reached_ms, start_ms)))), 0)
FROM reach
"""

TRADE_FACTS = """
SELECT coalesce(min(time_ms), 0), coalesce(max(time_ms), 0), count(*),
    count(*) FILTER (WHERE buyer_id = seller_id), count(DISTINCT coin_id),
    coalesce(sum(price * size), 0)
FROM trades
"""

TRADE_WALLETS = """
SELECT count(*) FROM (SELECT buyer_id FROM trades UNION SELECT seller_id FROM trades)
"""

GAPS = f"""
SELECT coalesce(cause, status) AS cause, count(*), sum(end_ms - start_ms) / 1000.0,
    CASE WHEN count(missed) = count(*) THEN sum(missed)::BIGINT END
FROM coverage
WHERE feed = 'trades' AND NOT {IS_OBSERVED}
GROUP BY 1 ORDER BY 1
"""

# Fills are no feed that is received, and are counted where they are read alone.
UNREAD_FILLS = "SELECT coalesce(sum(n_lines), 0)::BIGINT FROM unread_lines WHERE feed = 'fills'"


def observed_ms(
    connection: duckdb.DuckDBPyConnection, start_ms: int | None = None, end_ms: int | None = None
) -> int | None:
    """Return how long trades were observed inside ``[start_ms, end_ms)``, None without a ledger.

    The union over all trades streams: an hour in which two coins were observed is one hour.
    """
    bounds = {
        "start_ms": -(2**62) if start_ms is None else start_ms,
        "end_ms": 2**62 if end_ms is None else end_ms,
    }
    has_ledger = "SELECT count(*) FROM coverage WHERE feed = 'trades' AND status = 'observed'"
    if _row(connection, has_ledger)[0] == 0:
        return None
    return int(_row(connection, OBSERVED_ISLANDS, bounds)[0])


def summarize(
    connection: duckdb.DuckDBPyConnection,
    lines: Lines,
    lines_by_feed: Mapping[Feed, tuple[int, int]],
    ask: Ask | None = None,
) -> DataSummary:
    """Return the facts of a loaded dataset.

    Args:
        connection: Holds the dataset's tables.
        lines: Its lines; the feeds that are not loaded are counted there.
        lines_by_feed: Lines read and lines not read of the loaded feeds.
        ask: Returns the row of a statement about ``trades``, where another engine has these.
    """
    ask = ask or partial(_row, connection)
    start_ms, end_ms, n_trades, n_self, n_coins, notional_usd = ask(TRADE_FACTS)
    counts = {feed: lines_by_feed.get(feed) or lines.count(feed) for feed in Feed}
    span_ms = end_ms - start_ms
    observed = observed_ms(connection, start_ms, end_ms)
    observed = span_ms if observed is None else observed
    gaps = connection.execute(GAPS).fetchall()
    return DataSummary(
        path=lines.place,
        start_ms=start_ms,
        end_ms=end_ms,
        observed_days=observed / DAY_MS,
        observed_frac=observed / span_ms if span_ms else 1.0,
        n_trades=n_trades,
        n_wallets=ask(TRADE_WALLETS)[0],
        n_coins=n_coins,
        n_self_trades=n_self,
        n_duplicate_trades=counts[Feed.TRADES][0] - n_trades,
        n_torn_lines=sum(n_unread for _, n_unread in counts.values())
        + _row(connection, UNREAD_FILLS)[0],
        n_unread_by_reason=unread_by_reason(connection),
        n_quarantined=lines.n_quarantined(),
        notional_usd=notional_usd,
        n_rows_by_feed={feed.value: n_read for feed, (n_read, _) in counts.items()},
        gaps=tuple(
            GapCount(cause=cause, n_intervals=n, duration_s=seconds, n_missed=missed)
            for cause, n, seconds, missed in gaps
        ),
        has_ledger=lines.has_ledger(),
    )


def _row(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    (row,) = connection.execute(statement, values).fetchall()  # an aggregate returns a row
    return tuple(row)
