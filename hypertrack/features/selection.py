"""A part of a dataset as if it were all: some wallets, or everything from a time on.

The part has a schema of its own, in which narrower tables stand in front of the dataset's. What
expressions keep, they keep there; prices and candles are the market's, and seen whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypertrack.features.backend import WHOLE, DuckDBBackend, over
from hypertrack.features.parts import Part

SCHEMA = "selection"

PARTIES = {
    "trades": ("buyer_id", "seller_id"),
    "evm_transactions": ("sender_id", "receiver_id"),
    "erc20_transfers": ("sender_id", "receiver_id"),
}
"""The tables that tell of wallets, and where."""


@contextmanager
def selection(
    whole: DuckDBBackend, wallet_ids: Sequence[int] | None, since_ms: int | None
) -> Iterator[Part]:
    """Give a part of the dataset; it is gone afterwards.

    Args:
        whole: The dataset. Not changed, but that its `last_trades` are made where asked for.
        wallet_ids: The wallets whose rows are complete; others may have some. All where None.
        since_ms: Nothing that a wallet did earlier is there. Everything where None.
    """
    connection = whole.con.cursor()
    try:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(f"SET search_path = '{SCHEMA},{WHOLE}'")
        _narrow(connection, wallet_ids, since_ms)
        wallets = "true" if wallet_ids is None else "wallet_id IN (FROM asked_wallets)"
        part = Part(over(connection, whole), SCHEMA, wallets)
        yield part
        part.drop()
    finally:
        connection.execute(f"SET search_path = '{WHOLE}'")
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.close()


def _narrow(connection: Any, wallet_ids: Sequence[int] | None, since_ms: int | None) -> None:
    """Create what is asked for of each table that tells of wallets."""
    ids = [] if wallet_ids is None else list(wallet_ids)
    connection.execute(
        "CREATE TABLE asked_wallets AS SELECT unnest($ids)::INTEGER AS wallet_id", {"ids": ids}
    )
    for table, parties in PARTIES.items():
        conditions = [] if since_ms is None else [f"time_ms >= {since_ms}"]
        if wallet_ids is not None:
            asked = (f"{party} IN (FROM asked_wallets)" for party in parties)
            conditions.append(f"({' OR '.join(asked)})")
        chosen = " AND ".join(conditions) or "true"
        found = f"FROM {WHOLE}.{table} WHERE {chosen} ORDER BY ALL"
        connection.execute(f"CREATE TABLE {table} AS {found}")
