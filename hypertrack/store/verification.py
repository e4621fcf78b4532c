"""How whole a recording is: its trades against the venue's own candles, minute by minute."""

from collections.abc import Mapping
from typing import Any

import duckdb

from hypertrack.records import MINUTE_MS, GapCount, Record
from hypertrack.store.dataset import Dataset
from hypertrack.store.files.manifest import parse_manifest
from hypertrack.store.reading.raw_tables import load_receipts
from hypertrack.store.summary import IS_OBSERVED

REPLAYED_TRADES = 30
"""The venue sends so many trades of a coin again at every subscription."""

LISTED_MINUTES = 1_000

NO_CANDLE = "no candle recorded"
BEHIND = "more trades than their candle counts"
EDGE = "recording began or ended in it"
UNOBSERVED = "not observed"


class CoinVerification(Record, frozen=True, kw_only=True):
    """One coin's trades beside its candles, over the minutes that could be judged."""

    coin: str
    alias: str | None = None
    """What people call it, where its name is a number."""
    n_judged: int
    """Minutes with a candle, inside the time recorded; minutes with gaps included."""
    n_incomplete: int
    """Of these, minutes with fewer trades or another volume than their candle."""
    n_unexplained: int
    """Of these, minutes that no gap of the ledger touches."""
    n_behind: int
    """Minutes with more trades than their candle, which was not the final one: not judged."""
    n_expected: int
    """Trades that the candles count."""
    n_found: int
    """Trades found, at most those expected of each minute."""
    completeness: float | None
    volume_completeness: float | None
    """Share of the volume in coins."""
    n_out_of_order: int


class IncompleteMinute(Record, frozen=True, kw_only=True):
    """A minute in which trades are missing; volumes in coins."""

    coin: str
    start_ms: int
    n_expected: int
    n_found: int
    volume_expected: float
    volume_found: float
    is_explained: bool


class Skew(Record, frozen=True, kw_only=True):
    """Time of receipt minus exchange time, quantiles in milliseconds; replays make it long."""

    p1_ms: float
    p50_ms: float
    p99_ms: float


class Verification(Record, frozen=True, kw_only=True):
    """What a recording holds beside what the venue says there was."""

    path: str
    n_trades: int
    completeness: float | None
    """Share of the trades that the judged candles count; None where none could be judged."""
    value_completeness: float | None
    """The same of their volume, each coin's valued at its candles' closing prices."""
    n_judged: int
    n_incomplete: int
    n_unexplained: int
    n_behind: int
    unjudged_frac: float
    """Of the minutes recorded whole, those without a candle that could judge them."""
    n_unjudged_by_reason: dict[str, int]
    coins: tuple[CoinVerification, ...]
    """The least complete first."""
    incomplete_minutes: tuple[IncompleteMinute, ...]
    """The unexplained first; at most `LISTED_MINUTES`."""
    gaps: tuple[GapCount, ...]
    """Of the trades streams, from the ledger."""
    n_duplicate_trades: int
    n_out_of_order: int
    n_torn_lines: int
    n_unread_by_reason: dict[str, int]
    """Lines that are there and no reader takes, of trades, quotes, candles, transactions, fills."""
    n_quarantined: int
    damaged_files: tuple[str, ...]
    """Sealed hours that cannot be read, or whose checksum is another."""
    skew: Skew | None


# Time in which a coin was recorded, losses included: intervals that touch form one stretch. Time
# between two sessions belongs to none.
STRETCHES = """
CREATE TEMP TABLE stretches AS
WITH intervals AS (
    SELECT coin, start_ms, end_ms FROM coverage
    WHERE feed = 'trades' AND coin IS NOT NULL AND (status = 'observed'
        OR status IN ('disconnected', 'gap') AND coalesce(cause, '') <> 'stop')
),
marked AS (
    SELECT *, start_ms > coalesce(max(end_ms) OVER (
        PARTITION BY coin ORDER BY start_ms, end_ms
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), -1) AS is_first
    FROM intervals
),
numbered AS (
    SELECT *, count(*) FILTER (is_first) OVER (
        PARTITION BY coin ORDER BY start_ms, end_ms ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM marked
)
SELECT coin, min(start_ms) AS start_ms, max(end_ms) AS end_ms FROM numbered GROUP BY coin, stretch
"""

# A frame that could not be read was lost between the newest time known then and the next trade.
LOSSES = f"""
CREATE TEMP TABLE losses AS
WITH gaps AS (
    SELECT coins.coin_id, coins.coin, start_ms, end_ms
    FROM coverage JOIN coins ON coverage.coin IS NULL OR coverage.coin = coins.coin
    WHERE feed = 'trades' AND NOT {IS_OBSERVED}
)
SELECT gaps.coin, start_ms,
    CASE WHEN start_ms = end_ms THEN coalesce(time_ms, end_ms) ELSE end_ms END AS end_ms
FROM gaps ASOF LEFT JOIN trades
    ON trades.coin_id = gaps.coin_id AND gaps.end_ms < trades.time_ms
"""

# A minute that a gap took wholly has neither trades nor a candle, and would not be there at all.
MISSED = f"""
CREATE TEMP TABLE missed AS
SELECT DISTINCT coin, unnest(generate_series(
    start_ms // {MINUTE_MS} * {MINUTE_MS}, end_ms - 1, {MINUTE_MS}
)) AS start_ms
FROM coverage
WHERE feed IN ('trades', 'candles') AND coin IS NOT NULL AND start_ms < end_ms
    AND NOT {IS_OBSERVED} AND coalesce(cause, '') <> 'stop'
"""

# Volumes are equal where they differ by rounding alone.
MINUTES = f"""
CREATE TEMP TABLE minutes AS
WITH found AS (
    SELECT coin, time_ms // {MINUTE_MS} * {MINUTE_MS} AS start_ms,
        count(*) AS n_found, sum(size) AS volume_found
    FROM trades JOIN coins USING (coin_id) GROUP BY ALL
),
paired AS (
    SELECT coin, start_ms, close, n_trades AS n_expected, volume AS volume_expected,
        coalesce(n_found, 0) AS n_found, coalesce(volume_found, 0) AS volume_found,
        CASE WHEN abs(volume_found - volume) <= 1e-8 + 1e-6 * volume THEN volume
            ELSE least(coalesce(volume_found, 0), volume) END AS volume_matched
    FROM candle_counts FULL JOIN found USING (coin, start_ms)
        FULL JOIN missed USING (coin, start_ms)
),
placed AS (
    SELECT paired.*,
        count(stretches.coin) AS n_touched,
        count(*) FILTER (stretches.start_ms <= paired.start_ms
            AND stretches.end_ms >= paired.start_ms + {MINUTE_MS}) AS n_inside
    FROM paired LEFT JOIN stretches ON stretches.coin = paired.coin
        AND stretches.start_ms < paired.start_ms + {MINUTE_MS}
        AND stretches.end_ms > paired.start_ms
    GROUP BY ALL
)
SELECT *,
    CASE WHEN n_touched = 0 THEN '{UNOBSERVED}' WHEN n_inside = 0 THEN '{EDGE}'
        WHEN n_expected IS NULL THEN '{NO_CANDLE}'
        WHEN n_found > n_expected THEN '{BEHIND}' END AS reason,
    n_found < n_expected OR (n_found = n_expected AND volume_matched < volume_expected)
        AS is_incomplete,
    EXISTS (
        FROM losses WHERE losses.coin = placed.coin AND losses.end_ms >= placed.start_ms
            AND losses.start_ms < placed.start_ms + {MINUTE_MS}
    ) AS is_explained
FROM placed
WHERE n_touched > 0 OR n_found > 0 OR n_expected IS NOT NULL
"""

# The replay after a reconnection may repeat the last trades of a coin, and no older ones.
DISORDER = f"""
CREATE TEMP TABLE disorder AS
WITH reached AS (
    SELECT coin, time_ms, max(time_ms) OVER (
        PARTITION BY coin
        ORDER BY is_open, CASE WHEN is_open THEN rowid ELSE received_ns END, time_ms
        ROWS BETWEEN UNBOUNDED PRECEDING AND {REPLAYED_TRADES + 1} PRECEDING
    ) AS reached_ms
    FROM trade_receipts
)
SELECT coin, count(*) AS n_out_of_order FROM reached WHERE time_ms < reached_ms GROUP BY coin
"""

TOTALS = f"""
count(*) FILTER (reason IS NULL), count(*) FILTER (reason IS NULL AND is_incomplete),
count(*) FILTER (reason IS NULL AND is_incomplete AND NOT is_explained),
count(*) FILTER (reason = '{BEHIND}'),
coalesce(sum(n_expected) FILTER (reason IS NULL), 0)::BIGINT,
coalesce(sum(n_found) FILTER (reason IS NULL), 0)::BIGINT,
sum(n_found) FILTER (reason IS NULL) / nullif(sum(n_expected) FILTER (reason IS NULL), 0),
sum(volume_matched * {{price}}) FILTER (reason IS NULL)
    / nullif(sum(volume_expected * {{price}}) FILTER (reason IS NULL), 0)
"""
ALL_COINS = f"""
SELECT {TOTALS.format(price="close")},
    count(*) FILTER (reason IN ('{NO_CANDLE}', '{BEHIND}'))
        / nullif(count(*) FILTER (reason IS NULL OR reason IN ('{NO_CANDLE}', '{BEHIND}')), 0)
FROM minutes
"""
BY_COIN = f"""
WITH judged AS (
    SELECT coin, {TOTALS.format(price="1")} FROM minutes
    WHERE reason IS NULL OR reason = '{BEHIND}' GROUP BY coin
)
SELECT coin, judged.* EXCLUDE (coin), coalesce(n_out_of_order, 0)
FROM judged FULL JOIN disorder USING (coin)
ORDER BY #8 NULLS LAST, coin
"""
UNJUDGED = """
SELECT reason, count(*) FROM minutes WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason
"""
INCOMPLETE = f"""
SELECT coin, start_ms, n_expected, n_found, volume_expected, volume_found, is_explained
FROM minutes WHERE reason IS NULL AND is_incomplete
ORDER BY is_explained, start_ms, coin LIMIT {LISTED_MINUTES}
"""
SKEW = """
SELECT quantile_cont((received_ns // 1000000 - time_ms)::DOUBLE, [0.01, 0.5, 0.99])
FROM trade_receipts WHERE received_ns IS NOT NULL
"""


def verify_dataset(dataset: Dataset) -> Verification:
    """Compare the recorded trades of each coin and minute with the venue's own candle.

    A minute is judged where its candle was recorded, counts at least the trades that are there,
    and the whole of it lies in the time recorded according to the ledger; without a ledger none
    is. What a gap lost counts as missing, and where it took the candle too, as not judged.

    Raises:
        DatasetError: A file could not be read at all.

    Source:
        A candle's ``n`` and ``v`` are the count and volume of its minute (protocol, section 2.4).
    """
    connection = dataset.connection
    load_receipts(connection, dataset.lines)
    for statement in (STRETCHES, LOSSES, MISSED, MINUTES, DISORDER):
        connection.execute(statement)
    summary = dataset.summary()
    manifest = parse_manifest(dataset.lines.manifest())
    aliases = {} if manifest is None else manifest.aliases
    judged, incomplete, unexplained, behind, _, _, trades_frac, value_frac, unjudged_frac = _rows(
        connection, ALL_COINS
    )[0]
    return Verification(
        path=summary.path,
        n_trades=summary.n_trades,
        completeness=trades_frac,
        value_completeness=value_frac,
        n_judged=judged,
        n_incomplete=incomplete,
        n_unexplained=unexplained,
        n_behind=behind,
        unjudged_frac=unjudged_frac or 0.0,
        n_unjudged_by_reason=dict(_rows(connection, UNJUDGED)),
        coins=tuple(_coin(row, aliases) for row in _rows(connection, BY_COIN)),
        incomplete_minutes=tuple(_minute(row) for row in _rows(connection, INCOMPLETE)),
        gaps=summary.gaps,
        n_duplicate_trades=summary.n_duplicate_trades,
        n_out_of_order=_rows(connection, "SELECT sum(n_out_of_order) FROM disorder")[0][0] or 0,
        n_torn_lines=summary.n_torn_lines,
        n_unread_by_reason=summary.n_unread_by_reason,
        n_quarantined=summary.n_quarantined,
        damaged_files=dataset.lines.damaged_files(),
        skew=_skew(connection),
    )


def _coin(row: tuple[Any, ...], aliases: Mapping[str, str]) -> CoinVerification:
    coin, *counts, trades_frac, volume_frac, n_out_of_order = row
    judged, incomplete, unexplained, behind, expected, found = (n or 0 for n in counts)
    return CoinVerification(
        coin=coin,
        alias=aliases.get(coin),
        n_judged=judged,
        n_incomplete=incomplete,
        n_unexplained=unexplained,
        n_behind=behind,
        n_expected=expected,
        n_found=found,
        completeness=trades_frac,
        volume_completeness=volume_frac,
        n_out_of_order=n_out_of_order,
    )


def _minute(row: tuple[Any, ...]) -> IncompleteMinute:
    coin, start_ms, n_expected, n_found, volume_expected, volume_found, is_explained = row
    return IncompleteMinute(
        coin=coin,
        start_ms=start_ms,
        n_expected=n_expected,
        n_found=n_found,
        volume_expected=volume_expected,
        volume_found=volume_found,
        is_explained=is_explained,
    )


def _skew(connection: duckdb.DuckDBPyConnection) -> Skew | None:
    quantiles = _rows(connection, SKEW)[0][0]
    if quantiles is None:
        return None
    p1_ms, p50_ms, p99_ms = quantiles
    return Skew(p1_ms=p1_ms, p50_ms=p50_ms, p99_ms=p99_ms)


def _rows(connection: duckdb.DuckDBPyConnection, statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement).fetchall()
