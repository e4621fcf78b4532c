"""Tables of reference prices, looked up in arrays: a database would sort all quotes for each."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hypertrack.market.arrays import in_order
from hypertrack.market.engine.kept_tables import Lookup
from hypertrack.market.engine.market import columns_of
from hypertrack.market.engine.plans import Columns
from hypertrack.market.price_path import PricePath


def create_prices(connection: Any, name: str, lookup: Lookup, coins: tuple[int, int]) -> None:
    """Create a table of ``coin_id``, ``time_ms`` and the prices asked for, by coin and time.

    Args:
        connection: To a DuckDB with the ``last_trades`` and the ``bbo`` of the whole market.
        name: Of the table, as SQL has it.
        lookup: What is asked for.
        coins: The first id of some coins, and the one after the last.
    """
    # Whatever a database makes of NaN, what has no price is NULL.
    prices = ", ".join(
        f'nullif("{price}", \'NaN\'::DOUBLE) AS "{price}"' for price, *_ in lookup.asks
    )
    connection.register("looked_up", _looked_up(connection, lookup, coins))
    connection.execute(f"CREATE TABLE {name} AS SELECT coin_id, time_ms, {prices} FROM looked_up")
    connection.unregister("looked_up")


def _looked_up(connection: Any, lookup: Lookup, coins: tuple[int, int]) -> Columns:
    """Return the columns of the table; NaN where there is no price."""
    asked = _of_coins(connection, f"SELECT coin_id, time_ms FROM ({lookup.times})", *coins)
    asked_coins = np.unique(asked["coin_id"]).tolist()
    near = (asked_coins[0], asked_coins[-1] + 1) if asked_coins else (0, 0)
    trades, quotes = (
        _of_coins(connection, f"SELECT coin_id, time_ms, {price} FROM {table}", *near)
        for table, price in (("last_trades", "price"), ("bbo", "mid_price"))
    )
    found = asked | {name: np.full(len(asked["time_ms"]), np.nan) for name, *_ in lookup.asks}
    of_coins = zip(*(_split(rows, asked_coins) for rows in (asked, trades, quotes)), strict=True)
    for rows, traded, quoted in of_coins:
        path = PricePath.of(
            trade_ms=trades["time_ms"][traded],
            trade_price=trades["price"][traded],
            quote_ms=quotes["time_ms"][quoted],
            mid_price=quotes["mid_price"][quoted],
        )
        for name, offset_ms, is_strict in lookup.asks:
            found[name][rows] = path.at(asked["time_ms"][rows] + offset_ms, is_strict=is_strict)
    return found


def _of_coins(connection: Any, query: str, first: int, end: int) -> Columns:
    """Return the rows of some coins by coin and time: as they lie, or mostly by time, in tables."""
    found = connection.sql(f"{query} WHERE coin_id >= {first} AND coin_id < {end}")
    rows = columns_of(found.to_arrow_table())
    coin, time_ms = rows["coin_id"], rows["time_ms"]
    is_earlier = time_ms[1:] < time_ms[:-1]
    if not np.any((coin[1:] < coin[:-1]) | (is_earlier & (coin[1:] == coin[:-1]))):
        return rows
    order = in_order(coin, time_ms) if is_earlier.any() else in_order(coin)
    return {name: column[order] for name, column in rows.items()}


def _split(rows: Columns, coins: Sequence[int]) -> Iterator[slice]:
    """Yield where the rows of each coin lie."""
    ids = rows["coin_id"]
    asked = np.array(coins, dtype=ids.dtype)  # of another type, all ids would be converted
    edges = (np.searchsorted(ids, asked, side).tolist() for side in ("left", "right"))
    yield from map(slice, *edges)
