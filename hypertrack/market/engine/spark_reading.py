"""Sealed hours to the numbered tables of a dataset, by Spark: no row passes through this machine.

The statements say what `store.reading` says on DuckDB: which rows are read, and how names are
numbered. A test holds both equal.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from hypertrack.records import MINUTE_MS, ZERO_HASH, Feed

SHAPES: Mapping[Feed, str] = {
    Feed.TRADES: "coin string, side string, px string, sz string, time bigint, hash string, "
    "tid bigint, users array<string>",
    Feed.BBO: "received_ns bigint, coin string, time bigint, bbo array<struct<px: string>>",
    Feed.CANDLES: "received_ns bigint, s string, i string, t bigint, o string, h string, "
    "l string, c string, v string, n bigint",
}
"""The columns of sealed hours that are read."""

# Spark would take `1d` and ` 1` for numbers.
NUMBER = "CASE WHEN {0} RLIKE '^[-+0-9.eE]+$' THEN try_cast({0} AS DOUBLE) END"
POSITIVE = "CASE WHEN {0} BETWEEN 1e-18 AND 1e18 THEN {0} END"


def _positive(text: str) -> str:
    return POSITIVE.format(f"({NUMBER.format(text)})")


READ: Mapping[Feed, str] = {
    Feed.TRADES: f"""
SELECT coin, time AS time_ms, tid AS trade_id, {_positive("px")} AS price,
    {_positive("sz")} AS size, CASE side WHEN 'B' THEN true WHEN 'A' THEN false END AS is_buy,
    coalesce(hash = '{ZERO_HASH}', false) AS is_twap,
    try_element_at(users, 1) AS buyer, try_element_at(users, 2) AS seller
FROM {{sealed}}
""",
    Feed.BBO: f"""
SELECT received_ns, coin, time AS time_ms, bbo IS NOT NULL AS has_bbo,
    {_positive("try_element_at(bbo, 1).px")} AS bid_price,
    {_positive("try_element_at(bbo, 2).px")} AS ask_price
FROM {{sealed}}
""",
    Feed.CANDLES: f"""
SELECT received_ns, s AS coin, t AS start_ms, i AS interval, n, {_positive("o")} AS open,
    {_positive("h")} AS high, {_positive("l")} AS low, {_positive("c")} AS close,
    CASE WHEN {NUMBER.format("v")} BETWEEN 0 AND 1e18 THEN {NUMBER.format("v")} END AS volume
FROM {{sealed}}
""",
}
WHOLE_ROW = {
    Feed.TRADES: ("coin", "time_ms", "trade_id", "price", "size", "is_buy", "buyer", "seller"),
    Feed.BBO: ("coin", "time_ms"),
    Feed.CANDLES: ("coin", "start_ms", "interval", "open", "high", "low", "close", "volume"),
}
"""What a row must have to count as read."""

NAMES = {
    "wallets": """
SELECT CAST(row_number() OVER (ORDER BY wallet) - 1 AS INT) AS wallet_id, wallet
FROM (
    SELECT lower(buyer) AS wallet FROM raw_trades UNION SELECT lower(seller) FROM raw_trades
    UNION SELECT lower(sender) FROM raw_evm UNION SELECT lower(receiver) FROM raw_evm
    UNION SELECT lower(sender) FROM raw_transfers UNION SELECT lower(receiver) FROM raw_transfers
    UNION SELECT lower(contract) FROM raw_transfers
)
WHERE wallet IS NOT NULL
""",
    "coins": """
SELECT CAST(row_number() OVER (ORDER BY coin) - 1 AS INT) AS coin_id, coin
FROM (
    SELECT coin FROM raw_trades UNION SELECT coin FROM raw_bbo UNION SELECT coin FROM raw_candles
)
""",
}
TABLES = {
    "trades": """
SELECT time_ms, coin_id, trade_id, min(price) AS price, min(size) AS size, min(is_buy) AS is_buy,
    min(is_twap) AS is_twap, min(b.wallet_id) AS buyer_id, min(s.wallet_id) AS seller_id
FROM raw_trades JOIN coins USING (coin)
JOIN wallets AS b ON b.wallet = lower(buyer) JOIN wallets AS s ON s.wallet = lower(seller)
GROUP BY time_ms, coin_id, trade_id
""",
    "bbo": """
SELECT time_ms, coin_id, last.bid_price, last.ask_price,
    (last.bid_price + last.ask_price) / 2 AS mid_price
FROM (
    SELECT time_ms, coin_id, max(struct(received_ns, bid_price, ask_price)) AS last
    FROM raw_bbo JOIN coins USING (coin) GROUP BY time_ms, coin_id
)
""",
    "candles": f"""
WITH recorded AS (
    SELECT start_ms, coin_id,
        max(struct(n, received_ns, open, high, low, close, volume)) AS last
    FROM raw_candles JOIN coins USING (coin) WHERE interval = '1m' GROUP BY start_ms, coin_id
),
built AS (
    SELECT time_ms DIV {MINUTE_MS} * {MINUTE_MS} AS start_ms, coin_id,
        min_by(price, struct(time_ms, trade_id)) AS open, max(price) AS high, min(price) AS low,
        max_by(price, struct(time_ms, trade_id)) AS close, sum(size) AS volume
    FROM trades WHERE buyer_id <> seller_id
    GROUP BY time_ms DIV {MINUTE_MS}, coin_id
)
SELECT start_ms, coin_id, last.open, last.high, last.low, last.close, last.volume FROM recorded
UNION ALL
SELECT start_ms, coin_id, open, high, low, close, volume
FROM built LEFT ANTI JOIN recorded USING (start_ms, coin_id)
""",
    "evm_transactions": """
SELECT time_ms, s.wallet_id AS sender_id, r.wallet_id AS receiver_id, value_hype, has_input
FROM raw_evm JOIN wallets AS s ON s.wallet = lower(sender)
LEFT JOIN wallets AS r ON r.wallet = lower(receiver)
""",
    "erc20_transfers": """
SELECT time_ms, s.wallet_id AS sender_id, r.wallet_id AS receiver_id,
    c.wallet_id AS contract_id, amount
FROM raw_transfers JOIN wallets AS s ON s.wallet = lower(sender)
JOIN wallets AS r ON r.wallet = lower(receiver)
JOIN wallets AS c ON c.wallet = lower(contract)
WHERE amount BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308
""",
}
"""From the raw tables, in the order in which they need each other."""


def number_tables(
    session: SparkSession, unsealed: Path, sealed: Mapping[Feed, Sequence[Path]]
) -> dict[str, DataFrame]:
    """Return the tables of a dataset as Spark computes them, kept where they were computed.

    Args:
        session: Whose workers see both places.
        unsealed: Holds a folder of Parquet for each raw table: what is not in sealed hours.
        sealed: Files of the sealed hours of each feed.
    """
    for name in ("raw_evm", "raw_transfers"):
        session.read.parquet(f"{unsealed}/{name}").createOrReplaceTempView(name)
    for feed in READ:
        rows = session.read.parquet(f"{unsealed}/raw_{feed}")
        if sealed[feed]:
            rows = rows.unionByName(_read(session, feed, sealed[feed]))
        rows.createOrReplaceTempView(f"raw_{feed}")
    tables = {}
    for name, statement in (NAMES | TABLES).items():
        tables[name] = session.sql(statement).persist()
        tables[name].createOrReplaceTempView(name)
    return tables


def _read(session: SparkSession, feed: Feed, paths: Sequence[Path]) -> DataFrame:
    """Return the rows of sealed hours that can be read."""
    view = f"sealed_{feed}"
    patterns = [_literal(path) for path in paths]
    session.read.schema(SHAPES[feed]).parquet(*patterns).createOrReplaceTempView(view)
    rows = session.sql(READ[feed].format(sealed=view))
    if feed is Feed.BBO:
        rows = rows.filter("has_bbo")
    return rows.dropna(subset=list(WHOLE_ROW[feed]))


def _literal(path: Path) -> str:
    """Return a path as Hadoop reads it, which takes brackets and stars for patterns."""
    return "".join(f"\\{letter}" if letter in "\\{}[]*?," else letter for letter in str(path))
