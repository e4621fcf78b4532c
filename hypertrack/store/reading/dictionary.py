"""Names to numbers: what was read becomes the tables of a dataset, on integers."""

import duckdb

from hypertrack.records import HOUR_MS, MINUTE_MS, Feed
from hypertrack.store.reading.account_answers import ACCOUNT_WALLETS

TRADE_NAMES = "SELECT buyer AS spelling FROM raw_trades UNION SELECT seller FROM raw_trades"
CHAIN_NAMES = """
SELECT sender AS spelling FROM raw_evm UNION SELECT receiver FROM raw_evm
UNION SELECT sender FROM raw_transfers UNION SELECT receiver FROM raw_transfers
UNION SELECT contract FROM raw_transfers
"""
ANSWER_NAMES = f"SELECT wallet AS spelling FROM raw_fills UNION {ACCOUNT_WALLETS}"

NUMBER_NAMES = f"""
CREATE TEMP TABLE spellings AS
SELECT spelling, lower(spelling) AS wallet
FROM (
    {TRADE_NAMES} UNION {CHAIN_NAMES} UNION {ANSWER_NAMES}
)
WHERE spelling IS NOT NULL;
CREATE TABLE wallets AS
SELECT (row_number() OVER (ORDER BY wallet) - 1)::INTEGER AS wallet_id, wallet
FROM (SELECT wallet FROM spellings UNION SELECT wallet FROM kept_wallets);
CREATE TEMP TABLE spelled AS
SELECT spelling, wallet_id FROM spellings JOIN wallets USING (wallet);
CREATE TABLE coins AS
SELECT (row_number() OVER (ORDER BY coin) - 1)::INTEGER AS coin_id, coin
FROM (
    SELECT coin FROM raw_trades UNION SELECT coin FROM raw_bbo UNION SELECT coin FROM raw_candles
    UNION SELECT coin FROM raw_fills UNION SELECT coin FROM raw_account_positions
    UNION SELECT coin FROM kept_coins
);
"""
NO_NAMES = """
CREATE TEMP TABLE kept_wallets AS SELECT 0 AS wallet_id, '' AS wallet WHERE false;
CREATE TEMP TABLE kept_coins AS SELECT 0 AS coin_id, '' AS coin WHERE false;
"""

# The same for rows that are read in turn: what is new goes behind what was numbered before.
EXTEND_WALLETS = """
CREATE OR REPLACE TEMP TABLE spellings AS
SELECT spelling, lower(spelling) AS wallet FROM ({names}) WHERE spelling IS NOT NULL;
INSERT INTO wallets
SELECT (SELECT count(*) FROM wallets) + row_number() OVER (ORDER BY wallet) - 1, wallet
FROM (SELECT DISTINCT wallet FROM spellings) ANTI JOIN wallets USING (wallet);
CREATE OR REPLACE TEMP TABLE spelled AS
SELECT spelling, wallet_id FROM spellings JOIN wallets USING (wallet);
"""
EXTEND_COINS = """
INSERT INTO coins
SELECT (SELECT count(*) FROM coins) + row_number() OVER (ORDER BY coin) - 1, coin
FROM (SELECT DISTINCT coin FROM {rows}) ANTI JOIN coins USING (coin);
"""

# Sorted, so that a cut in time touches few blocks, and repeated trades lie side by side.
NUMBER_TRADES = """
CREATE TABLE numbered_trades AS
SELECT time_ms, coin_id, trade_id, price, size, is_buy, is_twap,
    buyer.wallet_id AS buyer_id, seller.wallet_id AS seller_id
FROM raw_trades
JOIN coins USING (coin)
JOIN spelled AS buyer ON buyer.spelling = raw_trades.buyer
JOIN spelled AS seller ON seller.spelling = raw_trades.seller
ORDER BY time_ms, coin_id, trade_id;
DROP TABLE raw_trades
"""
COUNT_REPEATED = """
SELECT count(*) FROM (
    SELECT time_ms = lag(time_ms) OVER () AND coin_id = lag(coin_id) OVER ()
        AND trade_id = lag(trade_id) OVER () AS is_repeated
    FROM numbered_trades
)
WHERE is_repeated
"""

# One row a (time, coin, id); were two copies ever to differ, the smaller values win, whatever the
# order of files.
DISTINCT_TRADES = """
CREATE TABLE trades AS
SELECT time_ms, coin_id, trade_id, min(price) AS price, min(size) AS size,
    min(is_buy) AS is_buy, min(is_twap) AS is_twap,
    min(buyer_id) AS buyer_id, min(seller_id) AS seller_id
FROM numbered_trades
GROUP BY time_ms, coin_id, trade_id
ORDER BY time_ms, coin_id, trade_id;
DROP TABLE numbered_trades
"""
SAME_TRADES = "ALTER TABLE numbered_trades RENAME TO trades"

SIZE = "DECIMAL(38, 12)"
"""Finer than any coin is traded in, and wide enough for the sum of a minute."""

DISTINCT_BBO = """
SELECT time_ms, coin_id, last.bid_price AS bid_price, last.ask_price AS ask_price,
    (last.bid_price + last.ask_price) / 2 AS mid_price
FROM (
    SELECT time_ms, coin_id, max({
        'received_ns': received_ns, 'bid_price': bid_price, 'ask_price': ask_price
    }) AS last
    FROM raw_bbo JOIN coins USING (coin)
    GROUP BY time_ms, coin_id
)
ORDER BY time_ms, coin_id
"""

# In the order of sealed hours each row comes after the one before: no moment of a coin is there
# twice, and nothing is to be grouped or sorted: they are numbered while they are read.
COUNT_UNORDERED_BBO = f"""
SELECT count(*) FROM (
    SELECT coin, time_ms, lag(coin) OVER () AS before_coin, lag(time_ms) OVER () AS before_ms
    FROM raw_bbo
)
WHERE NOT (
    time_ms // {HOUR_MS} > before_ms // {HOUR_MS}
    OR (time_ms // {HOUR_MS} = before_ms // {HOUR_MS}
        AND (coin > before_coin OR (coin = before_coin AND time_ms > before_ms)))
)
"""
ORDERED_BBO = """
SELECT time_ms, coin_id, bid_price, ask_price, (bid_price + ask_price) / 2 AS mid_price
FROM raw_bbo JOIN coins USING (coin)
"""

# Of coins that anything else is known of: of others nobody can hold a position that is known.
NUMBER_CONTEXTS = """
CREATE TABLE contexts AS
SELECT time_ms, coin_id, last.funding_rate, last.premium, last.open_interest, last.oracle_price,
    last.mark_price
FROM (
    SELECT time_ms, coin_id, max({
        'received_ns': received_ns, 'funding_rate': funding_rate, 'premium': premium,
        'open_interest': open_interest, 'oracle_price': oracle_price, 'mark_price': mark_price
    }) AS last
    FROM raw_contexts JOIN coins USING (coin)
    GROUP BY time_ms, coin_id
)
ORDER BY time_ms, coin_id
"""

# Of two recorded candles of a minute the one with more trades is the later state of it.
NUMBER_RECORDED = """
CREATE TABLE recorded_candles AS
SELECT t AS start_ms, coin_id, last.open, last.high, last.low, last.close, last.volume
FROM (
    SELECT start_ms AS t, coin_id, max({
        'n': n, 'received_ns': received_ns,
        'open': open, 'high': high, 'low': low, 'close': close, 'volume': volume
    }) AS last
    FROM raw_candles JOIN coins USING (coin)
    WHERE interval = '1m'
    GROUP BY start_ms, coin_id
)
ORDER BY ALL
"""

# Built ones leave self-trades out, like every feature. Sizes are added up as decimals: a sum of
# floats depends on the order in which threads deal out its terms, and was another at each opening.
BUILD_CANDLES = f"""
CREATE TABLE built_candles AS
WITH moments AS (
    SELECT time_ms, coin_id, arg_min(price, trade_id) AS open, max(price) AS high,
        min(price) AS low, arg_max(price, trade_id) AS close,
        sum(size::{SIZE}) AS volume
    FROM trades WHERE buyer_id <> seller_id
    GROUP BY time_ms, coin_id
)
SELECT time_ms // {MINUTE_MS} * {MINUTE_MS} AS start_ms, coin_id,
    arg_min(open, time_ms) AS open, max(high) AS high, min(low) AS low,
    arg_max(close, time_ms) AS close, sum(volume)::DOUBLE AS volume
FROM moments
GROUP BY time_ms // {MINUTE_MS}, coin_id
ORDER BY ALL
"""

UNITED_CANDLES = """
FROM recorded_candles
UNION ALL
FROM built_candles ANTI JOIN recorded_candles USING (start_ms, coin_id)
"""
UNITE_CANDLES = f"CREATE TABLE candles AS {UNITED_CANDLES} ORDER BY start_ms, coin_id"

NUMBER_EVM = """
CREATE TABLE evm_transactions AS
SELECT time_ms, sender.wallet_id AS sender_id, receiver.wallet_id AS receiver_id,
    value_hype, has_input
FROM raw_evm
JOIN spelled AS sender ON sender.spelling = raw_evm.sender
LEFT JOIN spelled AS receiver ON receiver.spelling = raw_evm.receiver
ORDER BY ALL;
CREATE TABLE erc20_transfers AS
SELECT time_ms, sender.wallet_id AS sender_id, receiver.wallet_id AS receiver_id,
    contract.wallet_id AS contract_id, amount
FROM raw_transfers
JOIN spelled AS sender ON sender.spelling = raw_transfers.sender
JOIN spelled AS receiver ON receiver.spelling = raw_transfers.receiver
JOIN spelled AS contract ON contract.spelling = raw_transfers.contract
WHERE isfinite(amount)
ORDER BY ALL;
"""


def number_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of a `Dataset` from what was read; ``raw_{feed}`` are gone afterwards."""
    connection.execute(NO_NAMES)
    number_rows(connection)
    unite_candles(connection)
    connection.execute("DROP TABLE kept_wallets; DROP TABLE kept_coins")


def number_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables from what was read and the names that were kept; candles in two tables."""
    connection.execute(NUMBER_NAMES)
    number_trades(connection)
    connection.execute(f"CREATE TABLE bbo AS {DISTINCT_BBO}")
    for statement in (NUMBER_RECORDED, NUMBER_CONTEXTS, NUMBER_EVM):
        connection.execute(statement)
    for name in ("bbo", "candles", "contexts", "transactions", "evm", "transfers"):
        connection.execute(f"DROP TABLE raw_{name}")
    connection.execute("DROP TABLE spellings; DROP TABLE spelled")


def number_trades(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``trades`` and ``built_candles`` of the trades that were read."""
    connection.execute(NUMBER_TRADES)
    repeated = connection.execute(COUNT_REPEATED).fetchall()[0][0]
    connection.execute(DISTINCT_TRADES if repeated else SAME_TRADES)
    connection.execute(BUILD_CANDLES)


def unite_candles(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``candles`` of those that were recorded, and those built where none was."""
    connection.execute(UNITE_CANDLES)
    connection.execute("DROP TABLE recorded_candles; DROP TABLE built_candles")


def number_hours(connection: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """Make the tables of one feed from what was read of it, extending ``wallets`` and ``coins``.

    ``bbo`` is a view, as it is read but once: by whoever writes it down.
    """
    if feed is Feed.TRANSACTIONS:
        extend_names(connection, CHAIN_NAMES)
        connection.execute(NUMBER_EVM)
        return
    extend_names(connection, coins=f"raw_{feed}")
    match feed:
        case Feed.TRADES:
            extend_names(connection, TRADE_NAMES)
            number_trades(connection)
        case Feed.BBO:
            unordered = connection.execute(COUNT_UNORDERED_BBO).fetchall()[0][0]
            rows = DISTINCT_BBO if unordered else ORDERED_BBO
            connection.execute(f"CREATE VIEW bbo AS {rows}")
        case Feed.CONTEXTS:
            connection.execute(NUMBER_CONTEXTS)
        case _:
            connection.execute(NUMBER_RECORDED)


def extend_names(
    connection: duckdb.DuckDBPyConnection, wallets: str | None = None, coins: str | None = None
) -> None:
    """Give what is new its numbers, behind what was numbered before.

    Args:
        wallets: Relation of a ``spelling``; each has its number in ``spelled`` afterwards.
        coins: Relation of a ``coin``.
    """
    if coins is not None:
        connection.execute(EXTEND_COINS.format(rows=coins))
    if wallets is not None:
        connection.execute(EXTEND_WALLETS.format(names=wallets))
