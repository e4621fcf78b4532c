"""Tables of reference prices, looked up in arrays: in half of the time that sorting them takes."""

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
    for coin in asked_coins:
        own, traded, quoted = (_rows_of(rows, coin) for rows in (asked, trades, quotes))
        path = PricePath.of(
            trade_ms=traded["time_ms"],
            trade_price=traded["price"],
            quote_ms=quoted["time_ms"],
            mid_price=quoted["mid_price"],
        )
        rows = slice(*np.searchsorted(asked["coin_id"], [coin, coin + 1]))
        for name, offset_ms, is_strict in lookup.asks:
            found[name][rows] = path.at(own["time_ms"] + offset_ms, is_strict=is_strict)
    return found


def _of_coins(connection: Any, query: str, first: int, end: int) -> Columns:
    """Return the rows of some coins by coin and time; they mostly lie by time."""
    found = connection.sql(f"{query} WHERE coin_id >= {first} AND coin_id < {end}")
    rows = columns_of(found.to_arrow_table())
    coin, time_ms = rows["coin_id"], rows["time_ms"]
    is_in_time = not np.any(time_ms[1:] < time_ms[:-1])
    if is_in_time and len(coin) and coin.min() == coin.max():
        return rows
    order = in_order(coin) if is_in_time else in_order(coin, time_ms)
    return {name: column[order] for name, column in rows.items()}


def _rows_of(rows: Columns, coin: int) -> Columns:
    own = slice(*np.searchsorted(rows["coin_id"], [coin, coin + 1]))
    return {name: column[own] for name, column in rows.items()}
