"""Candles built of trades are the same to the last bit, however many threads build them."""

import duckdb
import pytest
from fakes import START_MS

from hypertrack.store.reading.dictionary import BUILD_CANDLES

MAKE_TRADES = f"""
CREATE TABLE trades AS
SELECT {START_MS} + i // 50 AS time_ms, 0::SMALLINT AS coin_id, 100.0 AS price,
    (i * 7919 % 99991 + 1) / 1e5 AS size, i AS trade_id, 1 AS buyer_id, 2 AS seller_id
FROM range({{n}}) AS numbers(i)
"""


def volumes(connection: duckdb.DuckDBPyConnection, n_threads: int) -> list[float]:
    connection.execute(f"SET threads = {n_threads}; DROP TABLE IF EXISTS built_candles")
    connection.execute(BUILD_CANDLES)
    found = connection.execute("SELECT volume FROM built_candles ORDER BY start_ms").fetchall()
    return [volume for (volume,) in found]


def test_volume_does_not_depend_on_the_order_in_which_threads_add_it_up() -> None:
    with duckdb.connect() as connection:
        connection.execute(MAKE_TRADES.format(n=600_000))

        alone = volumes(connection, 1)

        assert [volumes(connection, 4) for _ in range(4)] == [alone] * 4


def test_volume_is_the_sum_of_the_sizes() -> None:
    with duckdb.connect() as connection:
        connection.execute(MAKE_TRADES.format(n=3))  # 0.00001, 0.0792 and 0.15839 coins

        assert volumes(connection, 1) == [pytest.approx(0.2376, rel=1e-15)]
