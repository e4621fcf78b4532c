"""Recorded order books as of many moments at once, as far as a book was fresh then."""

from typing import NamedTuple, Protocol

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hypertrack.records import Feed
from hypertrack.store.reading.readable_rows import MACROS
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.recorded_prices import BOOK_MAX_AGE_MS
from hypertrack.store.reading.relations import Columns

MOST_LEVELS = 20
"""The venue sends no more of a side."""

BIDS, ASKS = 0, 1

COLUMNS: Columns = {
    "coin": "VARCHAR",
    "time": "BIGINT",
    "levels": "STRUCT(px VARCHAR, sz VARCHAR)[][]",
    "received_ns": "BIGINT",
}

# Levels take a hundred times the place of their time: only those of the books asked for are kept.
FIND_BOOKS = f"""
CREATE OR REPLACE TEMP TABLE found_books AS
SELECT asked.nth, books.coin, books.time
FROM asked_books AS asked
ASOF JOIN (SELECT coin, time FROM {{source}} WHERE is_time(time)) AS books
    ON asked.coin = books.coin AND asked.time_ms >= books.time
WHERE asked.time_ms - books.time <= {BOOK_MAX_AGE_MS}
"""
# Of two books of one millisecond the one received last stands, of two received at once always the
# same one: which row comes first depends on who reads how much.
READ_LEVELS = """
CREATE OR REPLACE TEMP TABLE book_levels AS
SELECT coin, time,
    max({{'received_ns': coalesce(received_ns, 0), 'levels': levels}}).levels AS levels
FROM {source} SEMI JOIN found_books USING (coin, time) GROUP BY coin, time
"""
TAKE_SIDE = """
SELECT nth, place, positive(level.px) AS price, positive(level.sz) AS size
FROM (
    SELECT nth, unnest(levels[{side}]) AS level,
        unnest(range(len(levels[{side}]))) AS place
    FROM found_books JOIN book_levels USING (coin, time)
)
WHERE place < {most} AND positive(level.px) IS NOT NULL AND positive(level.sz) IS NOT NULL
"""


class Books(NamedTuple):
    """Both sides of some books, ``[books, sides, levels]``: bids, then asks, the best first.

    Price and size are 0 where there is no level, or it cannot be read.
    """

    prices: NDArray[np.float64]
    sizes: NDArray[np.float64]


class LooksUpBooks(Protocol):
    """Whoever has recorded books."""

    def at(self, coins: NDArray[np.object_], time_ms: NDArray[np.int64]) -> Books:
        """Return the newest book of each coin as of a moment of its own."""


class RecordedBooks:
    """Looks books up among the lines of a dataset."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lines: Lines):
        """Take the lines, and the DuckDB by which they are read."""
        self._connection = connection
        self._lines = lines

    def at(self, coins: NDArray[np.object_], time_ms: NDArray[np.int64]) -> Books:
        """Return the newest book of each coin as of a moment of its own (see `LooksUpBooks`)."""
        n = len(time_ms)
        asked = pa.table(
            {"nth": np.arange(n), "coin": pa.array(coins.tolist()), "time_ms": time_ms}
        )
        self._connection.execute(MACROS)
        self._connection.register("asked_books", asked)
        try:
            self._lines.run(self._connection, FIND_BOOKS, Feed.L2BOOK, COLUMNS)
        finally:
            self._connection.unregister("asked_books")
        self._lines.run(self._connection, READ_LEVELS, Feed.L2BOOK, COLUMNS)
        prices, sizes = np.zeros((2, n, 2, MOST_LEVELS))
        for side in (BIDS, ASKS):
            query = TAKE_SIDE.format(side=side + 1, most=MOST_LEVELS)
            rows = self._connection.execute(query).fetchnumpy()
            place = rows["nth"], side, rows["place"]
            prices[place], sizes[place] = rows["price"], rows["size"]
        return Books(prices, sizes)
