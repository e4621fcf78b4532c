"""The numbers of a sliding window's wallets, made anew when most of them have left it."""

from collections.abc import Sequence

import duckdb

from hypertrack.store.reading.hour_tables import HourTable
from hypertrack.store.reading.numbered_hours import WALLET_COLUMNS

NAMING = (*WALLET_COLUMNS, "wallet_id", "other_id")
"""Columns that hold the number of a wallet."""

MOST_GONE_FRAC = 0.5

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'main' AND table_catalog = current_database()
    AND list_contains($tables, table_name) AND list_contains($naming, column_name)
ORDER BY table_name, column_name
"""

# In the order of before, without holes: whoever measures keeps an array over all numbers.
STILL_THERE = """
CREATE OR REPLACE TEMP TABLE still_there AS
SELECT wallet_id AS old_id, (row_number() OVER (ORDER BY wallet_id) - 1)::INTEGER AS new_id, wallet
FROM wallets WHERE wallet_id IN ({used})
"""
COUNT = "SELECT (SELECT count(*) FROM still_there), (SELECT count(*) FROM wallets)"

NEW_IDS = """
CREATE OR REPLACE TEMP TABLE new_ids AS
SELECT list(new_id ORDER BY wallet_id) AS by_old_id
FROM wallets LEFT JOIN still_there ON old_id = wallet_id
"""
RENUMBERED = "SELECT kept.* REPLACE ({columns}) FROM {{hour}} AS kept, new_ids"
WALLETS = """
CREATE OR REPLACE TABLE wallets AS
SELECT new_id AS wallet_id, wallet FROM still_there ORDER BY new_id;
DROP TABLE still_there; DROP TABLE new_ids
"""


def forget_wallets(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[HourTable], others: Sequence[str]
) -> bool:
    """Forget the wallets that no row names, if they are more than half of all; say whether.

    The rest has other numbers then, and ``others`` are to be made anew.

    Args:
        tables: Of the window; their rows get the new numbers.
        others: Tables, of any time, that name wallets as well.
    """
    names = [table.name for table in tables]
    columns = connection.execute(
        COLUMNS, {"tables": [*names, *others], "naming": list(NAMING)}
    ).fetchall()
    used = " UNION ".join(f"SELECT {column} FROM {table}" for table, column in columns)
    connection.execute(STILL_THERE.format(used=used))
    ((n_kept, n_all),) = connection.execute(COUNT).fetchall()
    if n_all - n_kept <= MOST_GONE_FRAC * n_all:
        connection.execute("DROP TABLE still_there")
        return False
    connection.execute(NEW_IDS)
    for table in tables:
        if own := [column for name, column in columns if name == table.name]:
            renumbered = ", ".join(f"by_old_id[kept.{name} + 1] AS {name}" for name in own)
            table.remake(RENUMBERED.format(columns=renumbered))
    connection.execute(WALLETS)
    return True
