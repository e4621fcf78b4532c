"""Imported fills as a table: what the venue itself says of a wallet's part in a trade.

Some have no trade beside them: settlements, dust conversions, and fills of which only one side is
known. They change a wallet's position and are no trade of the market.
"""

import duckdb

from hypertrack.store.reading.readable_rows import (
    AMOUNT,
    TIME,
    TORN,
    WALLET,
    Flaw,
    drop_unreadable,
)
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns
from hypertrack.store.reading.truncation import ReadWindow

FILLS = "fills"
"""What they are counted as, beside the feeds."""

COLUMNS: Columns = {
    "user": "VARCHAR",
    "coin": "VARCHAR",
    "side": "VARCHAR",
    "px": "VARCHAR",
    "sz": "VARCHAR",
    "time": "BIGINT",
    "tid": "BIGINT",
    "oid": "BIGINT",
    "dir": "VARCHAR",
    "crossed": "BOOLEAN",
    "hash": "VARCHAR",
    "startPosition": "VARCHAR",
    "closedPnl": "VARCHAR",
    "fee": "VARCHAR",
    "feeToken": "VARCHAR",
}

# A fee is in dollars, but for who buys spot: he pays in what he buys. A fee in any other token is
# not known here. Source: fills of the venue's node archives; ones of 2023 name no token.
READ_FILLS = """
CREATE OR REPLACE TEMP TABLE raw_fills AS
SELECT coin, lower("user") AS wallet, time AS time_ms,
    identity(coalesce(tid, 0), concat_ws('|', px, sz, oid, hash, startPosition)) AS trade_id,
    CASE side WHEN 'B' THEN true WHEN 'A' THEN false END AS is_buy,
    signed(closedPnl) AS closed_pnl_usd,
    CASE
        WHEN feeToken IS NULL OR feeToken LIKE 'USD%' THEN signed(fee)
        WHEN side = 'B' AND (coin LIKE '@%' OR coin LIKE '%/%') THEN signed(fee) * positive(px)
    END AS fee_usd,
    signed(startPosition) AS start_position,
    oid AS order_id, dir, not_negative(px) AS price, positive(sz) AS size, crossed AS is_taker
FROM {source}
"""
FILL_FLAWS = (
    Flaw(
        TORN, "coin <> '' AND time_ms IS NOT NULL AND trade_id IS NOT NULL AND is_buy IS NOT NULL"
    ),
    Flaw(TIME, "is_time(time_ms)"),
    Flaw(AMOUNT, "price IS NOT NULL AND size IS NOT NULL"),
    Flaw(WALLET, "is_wallet(wallet)"),
)

# The price of a settlement is what the coin turned out to be worth, 0 included. Source: protocol,
# section 6, and fills of outcome coins, whose ``dir`` says so. Of a fill that two sources tell
# differently the larger number stands, so that the order of the lines does not matter.
TOLD_FILLS = """
SELECT time_ms, coin_id, trade_id, wallet_id, is_buy,
    max(closed_pnl_usd) AS closed_pnl_usd, max(fee_usd) AS fee_usd,
    max(start_position) AS start_position, max(order_id) AS order_id,
    max(dir) AS dir, max(price) AS price, max("size") AS "size",
    max(is_taker) AS is_taker,
    coalesce(bool_or(dir ILIKE 'settle%'), false) AS is_settlement
FROM raw_fills JOIN coins USING (coin) JOIN wallets USING (wallet)
GROUP BY ALL
"""
NUMBER_FILLS = f"""
CREATE TABLE imported_fills AS
SELECT told.*, trades.trade_id IS NOT NULL AS has_trade
FROM ({TOLD_FILLS}) AS told
LEFT JOIN trades USING (time_ms, coin_id, trade_id)
ORDER BY time_ms, coin_id, trade_id, wallet_id, is_buy;
DROP TABLE raw_fills
"""


def read_fills(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> None:
    """Create ``raw_fills`` of what was imported; empty where nothing was.

    Args:
        connection: Knows the macros of `readable_rows`.
        lines: Of the dataset.
        window: What lies outside is left out.

    Raises:
        DatasetError: The fills could not be read at all.
    """
    connection.execute("DELETE FROM unread_lines WHERE feed = $feed", {"feed": FILLS})
    lines.run_on_fills(connection, READ_FILLS, COLUMNS)
    drop_unreadable(connection, "raw_fills", FILL_FLAWS, feed=FILLS, time=None)
    if window.since_ms is not None:
        connection.execute(f"DELETE FROM raw_fills WHERE time_ms < {window.since_ms}")
    if window.until_ms is not None:
        connection.execute(f"DELETE FROM raw_fills WHERE time_ms >= {window.until_ms}")


def number_fills(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``imported_fills``; names are numbered and trades known by now."""
    connection.execute(NUMBER_FILLS)
