"""Recorded lines to tables: the one place of the store where the venue's spellings are read.

A line that is not JSON, or lacks what
its table needs, is left out and counted; numbers stay the strings that came until they are cast.
"""

from collections.abc import Mapping

import duckdb

from hypertrack.records import ZERO_HASH, Feed
from hypertrack.store.reading.dictionary import number_tables
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns
from hypertrack.store.reading.truncation import ReadWindow, cut_coverage, forget_outside

TRADE_COLUMNS: Columns = {
    "coin": "VARCHAR",
    "side": "VARCHAR",
    "px": "VARCHAR",
    "sz": "VARCHAR",
    "time": "BIGINT",
    "hash": "VARCHAR",
    "tid": "BIGINT",
    "users": "VARCHAR[]",
}
BBO_COLUMNS: Columns = {
    "received_ns": "BIGINT",
    "coin": "VARCHAR",
    "time": "BIGINT",
    "bbo": "STRUCT(px VARCHAR)[]",
}
CANDLE_COLUMNS: Columns = {
    "received_ns": "BIGINT",
    "s": "VARCHAR",
    "i": "VARCHAR",
    "t": "BIGINT",
    "o": "VARCHAR",
    "h": "VARCHAR",
    "l": "VARCHAR",
    "c": "VARCHAR",
    "v": "VARCHAR",
    "n": "BIGINT",
}
TRANSACTION_COLUMNS: Columns = {
    "chain": "VARCHAR",
    "hash": "VARCHAR",
    "from": "VARCHAR",
    "to": "VARCHAR",
    "value": "VARCHAR",
    "input": "VARCHAR",
    "blockTimestamp": "VARCHAR",
    "status": "VARCHAR",
    "transfers": (
        'STRUCT(contract VARCHAR, "from" VARCHAR, "to" VARCHAR, value VARCHAR, decimals INTEGER)[]'
    ),
}
COVERAGE_COLUMNS: Columns = {
    "stream": "VARCHAR",
    "status": "VARCHAR",
    "start_ms": "BIGINT",
    "end_ms": "BIGINT",
    "cause": "VARCHAR",
    "missed": "BIGINT",
}

# Bounds of a usable price or size: wide enough for anything a venue could mean, narrow enough
# that squares of notionals stay finite.
MACROS = """
CREATE OR REPLACE MACRO is_positive(number) AS number BETWEEN 1e-18 AND 1e18;
CREATE OR REPLACE MACRO positive(text) AS
    CASE WHEN is_positive(try_cast(text AS DOUBLE)) THEN try_cast(text AS DOUBLE) END;
CREATE OR REPLACE MACRO hex_part(digits, start) AS
    coalesce(try_cast('0x' || substr(digits, start, 16) AS UBIGINT), 0)::DOUBLE;
CREATE OR REPLACE MACRO hex_words(digits) AS
    ((hex_part(digits, 1) * pow(2, 64) + hex_part(digits, 17)) * pow(2, 64)
    + hex_part(digits, 33)) * pow(2, 64) + hex_part(digits, 49);
CREATE OR REPLACE MACRO hex_number(text) AS hex_words(lpad(substr(text, 3), 64, '0'));
"""

READ_TRADES = f"""
CREATE OR REPLACE TEMP TABLE raw_trades AS
SELECT
    coin, time AS time_ms, tid AS trade_id,
    try_cast(px AS DOUBLE) AS price, try_cast(sz AS DOUBLE) AS size,
    CASE side WHEN 'B' THEN true WHEN 'A' THEN false END AS is_buy,
    coalesce(hash = '{ZERO_HASH}', false) AS is_twap,
    users[1] AS buyer, users[2] AS seller
FROM {{source}}
"""
TRADE_IS_READ = "is_positive(price) AND is_positive(size) AND " + " AND ".join(
    f"{column} IS NOT NULL"
    for column in ("coin", "time_ms", "trade_id", "is_buy", "buyer", "seller")
)

READ_BBO = """
CREATE OR REPLACE TEMP TABLE raw_bbo AS
SELECT received_ns, coin, time AS time_ms, bbo IS NOT NULL AS has_bbo,
    positive(bbo[1].px) AS bid_price, positive(bbo[2].px) AS ask_price
FROM {source}
"""
BBO_IS_READ = "coin IS NOT NULL AND time_ms IS NOT NULL AND has_bbo"

READ_CANDLES = """
CREATE OR REPLACE TEMP TABLE raw_candles AS
SELECT received_ns, s AS coin, t AS start_ms, i AS interval, n,
    positive(o) AS open, positive(h) AS high, positive(l) AS low, positive(c) AS close,
    CASE WHEN try_cast(v AS DOUBLE) BETWEEN 0 AND 1e18 THEN try_cast(v AS DOUBLE) END AS volume
FROM {source}
"""
CANDLE_IS_READ = " AND ".join(
    f"{column} IS NOT NULL"
    for column in ("coin", "start_ms", "interval", "open", "high", "low", "close", "volume")
)

# A failed transaction was sent and counts, but moved nothing.
READ_TRANSACTIONS = """
CREATE OR REPLACE TEMP TABLE raw_transactions AS
SELECT chain, lower(hash) AS hash, lower("from") AS sender, lower("to") AS receiver,
    try_cast(blockTimestamp AS BIGINT) * 1000 AS time_ms,
    CASE WHEN status = '0x0' THEN 0 ELSE hex_number(value) / 1e18 END AS value_hype,
    coalesce(length(input) > 2, false) AS has_input,
    transfers
FROM {source}
"""
TRANSACTION_IS_READ = """
chain = 'core' OR (chain = 'evm' AND hash IS NOT NULL AND sender IS NOT NULL AND
    time_ms IS NOT NULL AND value_hype IS NOT NULL)
"""

UNNEST_TRANSFERS = """
CREATE TEMP TABLE raw_transfers AS
SELECT time_ms, lower(transfer.contract) AS contract, lower(transfer."from") AS sender,
    lower(transfer."to") AS receiver,
    try_cast(transfer.value AS DOUBLE) / pow(10, coalesce(transfer.decimals, 18)) AS amount
FROM (SELECT time_ms, unnest(transfers) AS transfer FROM raw_evm)
"""

READERS: Mapping[Feed, tuple[Columns, str, str]] = {
    Feed.TRADES: (TRADE_COLUMNS, READ_TRADES, TRADE_IS_READ),
    Feed.BBO: (BBO_COLUMNS, READ_BBO, BBO_IS_READ),
    Feed.CANDLES: (CANDLE_COLUMNS, READ_CANDLES, CANDLE_IS_READ),
    Feed.TRANSACTIONS: (TRANSACTION_COLUMNS, READ_TRANSACTIONS, TRANSACTION_IS_READ),
}
"""What is read of each feed, the statement that does, and which of its rows count as read."""

Counts = dict[Feed, tuple[int, int]]

READ_COVERAGE = """
CREATE OR REPLACE TABLE coverage AS
SELECT stream, split_part(stream, ':', 1) AS feed,
    CASE WHEN contains(stream, ':') THEN substr(stream, strpos(stream, ':') + 1) END AS coin,
    status, start_ms, end_ms, cause, missed
FROM {source}
WHERE stream IS NOT NULL AND status IS NOT NULL AND start_ms <= end_ms
"""

# What verification needs beside the tables: every line as it stands on disk, and the venue's own
# count of the trades of a minute. Sealed hours are in the order of coins, so theirs is told from
# the time of receipt.
READ_RECEIPTS = """
CREATE OR REPLACE TEMP TABLE trade_receipts AS
SELECT * FROM (
    SELECT coin, time AS time_ms, received_ns, true AS is_open FROM {open}
    UNION ALL
    SELECT coin, time AS time_ms, received_ns, false FROM {sealed}
)
WHERE coin IS NOT NULL AND time_ms IS NOT NULL
"""
READ_COUNTS = """
CREATE OR REPLACE TEMP TABLE candle_counts AS
SELECT coin, start_ms, last.n_trades, last.volume, last.close
FROM (
    SELECT s AS coin, t AS start_ms, max({{'n_trades': n, 'received_ns': received_ns,
        'volume': try_cast(v AS DOUBLE), 'close': try_cast(c AS DOUBLE)}}) AS last
    FROM {source} WHERE i = '1m' AND n IS NOT NULL AND s IS NOT NULL AND t IS NOT NULL
    GROUP BY s, t
)
"""


def load_receipts(connection: duckdb.DuckDBPyConnection, lines: Lines) -> None:
    """Create what the lines say of themselves, for verification.

    ``trade_receipts(coin, time_ms, received_ns, is_open)``: every readable line, in its order on
    disk by ``rowid`` where it is in an open file. ``candle_counts(coin, start_ms, n_trades,
    volume, close)``: the recorded one-minute candles.

    Raises:
        DatasetError: A file could not be read at all.
    """
    columns = {name: TRADE_COLUMNS[name] for name in ("coin", "time")} | {"received_ns": "BIGINT"}
    lines.run(connection, READ_RECEIPTS, Feed.TRADES, columns)
    lines.run(connection, READ_COUNTS, Feed.CANDLES, CANDLE_COLUMNS)


def load_tables(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> Counts:
    """Create the tables of what a dataset holds of a window; missing feeds are empty.

    Returns:
        For trades, bbo, candles and transactions: lines read, and lines that could not be.

    Raises:
        DatasetError: A file could not be read at all.
    """
    connection.execute(MACROS)
    counts = {feed: read_feed(connection, lines, feed, window) for feed in READERS}
    read_ledger(connection, lines, window)
    unnest_chains(connection)
    number_tables(connection)
    return counts


def read_feed(
    connection: duckdb.DuckDBPyConnection, lines: Lines, feed: Feed, window: ReadWindow
) -> tuple[int, int]:
    """Create ``raw_{feed}`` anew, from the lines that can be read and lie in the window.

    Returns:
        Lines read, and lines that could not be.
    """
    columns, statement, is_read = READERS[feed]
    lines.run(connection, statement, feed, columns)
    table = f"raw_{feed}"
    n_all = _count(connection, f"SELECT count(*) FROM {table}")
    # A row that fails the test, or of which it is not known, was not read.
    deleted = f"DELETE FROM {table} WHERE ({is_read}) IS NOT TRUE"
    n_unread = _count(connection, deleted)
    n_outside = forget_outside(connection, feed, window)
    return n_all - n_unread - n_outside, n_unread


def read_ledger(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> None:
    """Create ``coverage``, cut to the window."""
    lines.run_on_ledger(connection, READ_COVERAGE, COVERAGE_COLUMNS)
    cut_coverage(connection, window)


def unnest_chains(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``raw_evm`` and ``raw_transfers`` of the transactions that were read."""
    connection.execute(
        "CREATE TEMP TABLE raw_evm AS SELECT DISTINCT ON (hash) * FROM raw_transactions "
        "WHERE chain = 'evm' ORDER BY ALL"
    )
    connection.execute(UNNEST_TRANSFERS)


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
