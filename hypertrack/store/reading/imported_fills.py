"""Imported fills as a table: what the venue itself says of a wallet's part in a trade."""

import duckdb

from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns
from hypertrack.store.reading.truncation import ReadWindow

COLUMNS: Columns = {
    "user": "VARCHAR",
    "coin": "VARCHAR",
    "side": "VARCHAR",
    "px": "VARCHAR",
    "time": "BIGINT",
    "tid": "BIGINT",
    "startPosition": "VARCHAR",
    "closedPnl": "VARCHAR",
    "fee": "VARCHAR",
    "feeToken": "VARCHAR",
}

# A fee is in dollars, but for who buys spot: he pays in what he buys. A fee in any other token is
# not known here. Source: fills of the venue's node archives; ones of 2023 name no token.
NUMBER_FILLS = """
CREATE TABLE imported_fills AS
SELECT time_ms, coin_id, trade_id, wallet_id, is_buy, any_value(closed_pnl_usd) AS closed_pnl_usd,
    any_value(fee_usd) AS fee_usd, any_value(start_position) AS start_position
FROM (
    SELECT time AS time_ms, coin_id, tid AS trade_id, wallet_id, side = 'B' AS is_buy,
        try_cast(closedPnl AS DOUBLE) AS closed_pnl_usd,
        try_cast(startPosition AS DOUBLE) AS start_position,
        CASE
            WHEN feeToken IS NULL OR feeToken LIKE 'USD%' THEN try_cast(fee AS DOUBLE)
            WHEN side = 'B' AND (coin LIKE '@%' OR coin LIKE '%/%')
                THEN try_cast(fee AS DOUBLE) * try_cast(px AS DOUBLE)
        END AS fee_usd
    FROM {source}
    JOIN coins USING (coin)
    JOIN wallets ON wallets.wallet = lower("user")
    WHERE side IN ('A', 'B') AND time >= {since_ms} AND time < {until_ms}
)
GROUP BY ALL
ORDER BY time_ms, coin_id, trade_id, wallet_id
"""

ALWAYS_MS = 2**62


def load_fills(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> None:
    """Create ``imported_fills`` from what was imported; empty where nothing was.

    Args:
        connection: Holds the other tables already: names are numbered there.
        lines: Of the dataset.
        window: What lies outside is left out.

    Raises:
        DatasetError: The fills could not be read at all.
    """
    bounds = {
        "since_ms": -ALWAYS_MS if window.since_ms is None else window.since_ms,
        "until_ms": ALWAYS_MS if window.until_ms is None else window.until_ms,
    }
    statement = NUMBER_FILLS.format(source="{source}", **bounds)
    lines.run_on_fills(connection, statement, COLUMNS)
