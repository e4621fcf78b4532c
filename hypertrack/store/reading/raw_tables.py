"""Recorded lines to tables: the one place of the store where the venue's spellings are read.

A line that is not JSON, lacks what its table needs, or says what cannot be meant
(`readable_rows`) is left out and counted; numbers stay the strings that came until they are cast.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import duckdb

from hypertrack.records import MAX_TIME_MS, SYSTEM_WALLETS, ZERO_HASH, Feed
from hypertrack.store.reading.account_answers import number_accounts, read_accounts
from hypertrack.store.reading.damage import note_damage
from hypertrack.store.reading.dictionary import number_tables
from hypertrack.store.reading.imported_fills import number_fills, read_fills
from hypertrack.store.reading.readable_rows import (
    AMOUNT,
    COUNT,
    MACROS,
    TIME,
    TORN,
    UNREAD_LINES,
    WALLET,
    Flaw,
    count,
    drop_ahead,
    drop_unreadable,
)
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns
from hypertrack.store.reading.truncation import BEGINS, ReadWindow, cut_coverage, forget_outside

TRADE_COLUMNS: Columns = {
    "received_ns": "BIGINT",
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
    "received_ns": "BIGINT",
    "transfers": (
        'STRUCT(contract VARCHAR, "from" VARCHAR, "to" VARCHAR, value VARCHAR, decimals INTEGER)[]'
    ),
}
CONTEXT_COLUMNS: Columns = {
    "received_ns": "BIGINT",
    "exchange_time_ms": "BIGINT",
    "coin": "VARCHAR",
    "ctx": (
        "STRUCT(funding VARCHAR, premium VARCHAR, openInterest VARCHAR, oraclePx VARCHAR, "
        "markPx VARCHAR)"
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

# Most values are one word, which is a number at once.
HEX_MACROS = """
CREATE OR REPLACE MACRO hex_part(digits, start) AS
    coalesce(try_cast('0x' || substr(digits, start, 16) AS UBIGINT), 0)::DOUBLE;
CREATE OR REPLACE MACRO hex_words(digits) AS
    ((hex_part(digits, 1) * pow(2, 64) + hex_part(digits, 17)) * pow(2, 64)
    + hex_part(digits, 33)) * pow(2, 64) + hex_part(digits, 49);
CREATE OR REPLACE MACRO hex_number(text) AS CASE
    WHEN length(text) <= 18 THEN coalesce(try_cast('0x' || substr(text, 3) AS UBIGINT), 0)::DOUBLE
    ELSE hex_words(lpad(substr(text, 3), 64, '0')) END;
"""

READ_TRADES = f"""
CREATE OR REPLACE TEMP TABLE raw_trades AS
SELECT
    received_ns, coin, time AS time_ms,
    identity(tid, concat_ws('|', side, px, sz, hash, lower(users[1]), lower(users[2]))) AS trade_id,
    try_cast(px AS DOUBLE) AS price, try_cast(sz AS DOUBLE) AS size,
    CASE side WHEN 'B' THEN true WHEN 'A' THEN false END AS is_buy,
    CASE WHEN hash = '{ZERO_HASH}' THEN coalesce(
        lower(users[CASE side WHEN 'B' THEN 1 ELSE 2 END]) NOT IN {SYSTEM_WALLETS}, false)
        ELSE false END AS is_twap,
    users[1] AS buyer, users[2] AS seller
FROM {{source}}
"""
TRADE_FLAWS = (
    Flaw(
        TORN, "coin <> '' AND time_ms IS NOT NULL AND trade_id IS NOT NULL AND is_buy IS NOT NULL"
    ),
    Flaw(TIME, "is_time(time_ms)"),
    Flaw(AMOUNT, "is_positive(price) AND is_positive(size)"),
    Flaw(WALLET, "is_wallet(buyer) AND is_wallet(seller)", names=("buyer", "seller")),
)

READ_BBO = """
CREATE OR REPLACE TEMP TABLE raw_bbo AS
SELECT received_ns, coin, time AS time_ms, bbo IS NOT NULL AS has_bbo,
    positive(bbo[1].px) AS bid_price, positive(bbo[2].px) AS ask_price
FROM {source}
"""
BBO_FLAWS = (
    Flaw(TORN, "coin <> '' AND time_ms IS NOT NULL AND has_bbo"),
    Flaw(TIME, "is_time(time_ms)"),
)

READ_CANDLES = """
CREATE OR REPLACE TEMP TABLE raw_candles AS
SELECT received_ns, s AS coin, t AS start_ms, i AS interval, n,
    positive(o) AS open, positive(h) AS high, positive(l) AS low, positive(c) AS close,
    not_negative(v) AS volume
FROM {source}
"""
CANDLE_FLAWS = (
    Flaw(TORN, "coin <> '' AND start_ms IS NOT NULL AND interval IS NOT NULL"),
    Flaw(TIME, "is_time(start_ms)"),
    Flaw(AMOUNT, "(open + high + low + close + volume) IS NOT NULL"),
    Flaw(COUNT, "coalesce(is_count(n), true)"),
)

READ_CONTEXTS = """
CREATE OR REPLACE TEMP TABLE raw_contexts AS
SELECT received_ns, coin, exchange_time_ms AS time_ms, ctx IS NOT NULL AS has_ctx,
    rate_of_funding(ctx.funding) AS funding_rate, signed(ctx.premium) AS premium,
    not_negative(ctx.openInterest) AS open_interest, positive(ctx.oraclePx) AS oracle_price,
    positive(ctx.markPx) AS mark_price
FROM {source}
"""
CONTEXT_FLAWS = (
    Flaw(TORN, "coin <> '' AND time_ms IS NOT NULL AND has_ctx"),
    Flaw(TIME, "is_time(time_ms)"),
)

# A failed transaction was sent and counts, but moved nothing.
READ_TRANSACTIONS = """
CREATE OR REPLACE TEMP TABLE raw_transactions AS
SELECT chain, lower(hash) AS hash, lower("from") AS sender, lower("to") AS receiver,
    try_cast(blockTimestamp AS BIGINT) * 1000 AS time_ms,
    CASE WHEN status = '0x0' THEN 0 ELSE hex_number(value) / 1e18 END AS value_hype,
    coalesce(length(input) > 2, false) AS has_input,
    transfers, received_ns
FROM {source}
"""
TRANSACTION_FLAWS = (
    Flaw(
        TORN,
        "chain = 'core' OR (chain = 'evm' AND hash IS NOT NULL AND sender IS NOT NULL AND "
        "time_ms IS NOT NULL AND value_hype IS NOT NULL)",
    ),
    Flaw(TIME, "chain = 'core' OR is_time(time_ms)"),
    Flaw(
        WALLET,
        "chain = 'core' OR (is_wallet(sender) AND (receiver IS NULL OR is_wallet(receiver)))",
    ),
)

# Only what was read twice is sorted: rows of transactions are long.
DISTINCT_TRANSACTIONS = """
CREATE TEMP TABLE raw_evm AS
WITH sent AS (FROM raw_transactions WHERE chain = 'evm'),
repeated AS MATERIALIZED (SELECT hash FROM sent GROUP BY hash HAVING count(*) > 1)
FROM sent ANTI JOIN repeated USING (hash)
UNION ALL
(SELECT DISTINCT ON (hash) * FROM sent SEMI JOIN repeated USING (hash) ORDER BY ALL)
"""

UNNEST_TRANSFERS = """
CREATE TEMP TABLE raw_transfers AS
SELECT time_ms, lower(transfer.contract) AS contract, lower(transfer."from") AS sender,
    lower(transfer."to") AS receiver,
    try_cast(transfer.value AS DOUBLE) / pow(10, coalesce(transfer.decimals, 18)) AS amount
FROM (SELECT time_ms, unnest(transfers) AS transfer FROM raw_evm)
WHERE is_wallet(transfer.contract) AND is_wallet(transfer."from") AND is_wallet(transfer."to")
"""

READ_LAST_RECEIPT = """
CREATE OR REPLACE TEMP TABLE last_receipt AS
SELECT max(received_ms(received_ns)) AS last_ms FROM {source}
"""

READERS: Mapping[Feed, tuple[Columns, str, Sequence[Flaw]]] = {
    Feed.TRADES: (TRADE_COLUMNS, READ_TRADES, TRADE_FLAWS),
    Feed.BBO: (BBO_COLUMNS, READ_BBO, BBO_FLAWS),
    Feed.CANDLES: (CANDLE_COLUMNS, READ_CANDLES, CANDLE_FLAWS),
    Feed.CONTEXTS: (CONTEXT_COLUMNS, READ_CONTEXTS, CONTEXT_FLAWS),
    Feed.TRANSACTIONS: (TRANSACTION_COLUMNS, READ_TRANSACTIONS, TRANSACTION_FLAWS),
}
"""What is read of each feed, the statement that does, and which of its rows are left out."""

Counts = dict[Feed, tuple[int, int]]

READ_COVERAGE = f"""
CREATE OR REPLACE TABLE coverage AS
SELECT stream, split_part(stream, ':', 1) AS feed,
    CASE WHEN contains(stream, ':') THEN substr(stream, strpos(stream, ':') + 1) END AS coin,
    status, start_ms, end_ms, cause, missed
FROM {{source}}
WHERE stream IS NOT NULL AND status IS NOT NULL AND start_ms <= end_ms
    AND start_ms >= 0 AND end_ms < {MAX_TIME_MS}
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
WHERE coin <> '' AND is_time(time_ms)
"""
READ_COUNTS = """
CREATE OR REPLACE TEMP TABLE candle_states AS
SELECT s AS coin, t AS start_ms, received_ns, n AS n_trades, not_negative(v) AS volume,
    positive(c) AS close
FROM {source}
WHERE i = '1m' AND is_count(n) AND s <> '' AND is_time(t) AND (volume + close) IS NOT NULL
"""
LATEST_COUNTS = """
CREATE OR REPLACE TEMP TABLE candle_counts AS
SELECT coin, start_ms, last.n_trades, last.volume, last.close
FROM (
    SELECT coin, start_ms, max({'n_trades': n_trades, 'received_ns': received_ns,
        'volume': volume, 'close': close}) AS last
    FROM candle_states GROUP BY coin, start_ms
);
DROP TABLE candle_states
"""


def load_receipts(connection: duckdb.DuckDBPyConnection, lines: Lines) -> None:
    """Create what the lines say of themselves, for verification.

    ``trade_receipts(coin, time_ms, received_ns, is_open)``: every readable line, in its order on
    disk by ``rowid`` where it is in an open file. ``candle_counts(coin, start_ms, n_trades,
    volume, close)``: the recorded one-minute candles.

    Raises:
        DatasetError: A file could not be read at all.
    """
    connection.execute(MACROS)
    columns = {name: TRADE_COLUMNS[name] for name in ("coin", "time", "received_ns")}
    lines.run(connection, READ_RECEIPTS, Feed.TRADES, columns)
    drop_ahead(connection, "trade_receipts")
    lines.run(connection, READ_COUNTS, Feed.CANDLES, CANDLE_COLUMNS)
    drop_ahead(connection, "candle_states", "start_ms")
    connection.execute(LATEST_COUNTS)


def load_tables(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> Counts:
    """Create the tables of what a dataset holds of a window; missing feeds are empty.

    Returns:
        For trades, bbo, candles, contexts and transactions: lines read, and lines that could not
        be; why they could not stands in ``unread_lines``.

    Raises:
        DatasetError: A file could not be read at all.
    """
    begin_reading(connection)
    counts = {feed: read_feed(connection, lines, feed, window) for feed in READERS}
    read_fills(connection, lines, window)
    read_accounts(connection, lines, window)
    read_ledger(connection, lines, window)
    unnest_chains(connection)
    number_tables(connection)
    number_fills(connection)
    number_accounts(connection)
    return counts


def begin_reading(connection: duckdb.DuckDBPyConnection) -> None:
    """Make what reading needs: macros, and ``unread_lines``, still empty."""
    connection.execute(MACROS + HEX_MACROS + UNREAD_LINES)


def read_feed(
    connection: duckdb.DuckDBPyConnection,
    lines: Lines,
    feed: Feed,
    window: ReadWindow,
    last_receipt_ms: Callable[[Feed], int] | None = None,
) -> tuple[int, int]:
    """Create ``raw_{feed}`` anew, from the lines that can be read and lie in the window.

    Args:
        connection: Has what `begin_reading` makes.
        lines: Whose lines are read: of the whole dataset, or of some hours.
        feed: Which to read.
        window: What lies outside is left out.
        last_receipt_ms: Gives the last receipt in the whole dataset, where lines are some of it.

    Returns:
        Lines read, and lines that could not be.
    """
    columns, statement, flaws = READERS[feed]
    connection.execute("DELETE FROM unread_lines WHERE feed = $feed", {"feed": feed})
    lines.run(connection, statement, feed, columns)
    last_ms = partial(last_receipt_ms, feed) if last_receipt_ms else None
    read, unread = drop_unreadable(
        connection, f"raw_{feed}", flaws, feed=feed, time=BEGINS[feed], last_receipt_ms=last_ms
    )
    return read - forget_outside(connection, feed, window), unread


def last_receipts(connection: duckdb.DuckDBPyConnection, lines: Lines) -> Callable[[Feed], int]:
    """Return what gives the last receipt of a feed's lines, ms, looked up when first asked."""

    @cache
    def last_receipt_ms(feed: Feed) -> int:
        lines.run(connection, READ_LAST_RECEIPT, feed, {"received_ns": "BIGINT"})
        return count(connection, "SELECT last_ms FROM last_receipt")

    return last_receipt_ms


def read_ledger(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> None:
    """Create ``coverage``, cut to the window; what damaged hours lost is a gap of it."""
    lines.run_on_ledger(connection, READ_COVERAGE, COVERAGE_COLUMNS)
    note_damage(connection, lines.damage())
    cut_coverage(connection, window)


def unnest_chains(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``raw_evm`` and ``raw_transfers`` of the transactions that were read."""
    connection.execute(DISTINCT_TRANSACTIONS)
    connection.execute(UNNEST_TRANSFERS)
