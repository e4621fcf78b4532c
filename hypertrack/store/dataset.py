"""An opened dataset: the recorded lines as tables of an in-memory DuckDB."""

import logging
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.records import DataSummary, Feed
from hypertrack.store.files.layout import require_data
from hypertrack.store.reading.opening import open_lines
from hypertrack.store.reading.prepared import export, load, open_prepared, write_prepared
from hypertrack.store.reading.raw_tables import load_tables
from hypertrack.store.reading.readable_rows import unread_by_reason
from hypertrack.store.reading.recorded_lines import Lines, Version
from hypertrack.store.summary import summarize

log = logging.getLogger(__name__)

TABLES = (
    *("wallets", "coins", "trades", "bbo", "candles"),
    *("evm_transactions", "erc20_transfers", "imported_fills", "coverage", "unread_lines"),
)

WORTH_PREPARING = 250_000
"""Trades: fewer are read anew in no time."""


class Dataset:
    """The tables of one dataset; use as a context manager or `close` it.

    ``wallets(wallet_id, wallet)``, ``coins(coin_id, coin)``: ids from 0, in the order of the text.
    ``trades(time_ms, coin_id, trade_id, price, size, is_buy, is_twap, buyer_id, seller_id)``:
    distinct by time, coin and id; ``is_buy``: the taker bought; self-trades included.
    ``bbo(time_ms, coin_id, bid_price, ask_price, mid_price)``: one row a time and coin.
    ``candles(start_ms, coin_id, open, high, low, close, volume)``: one minute each, volume in
    coins; recorded ones, and built from the trades where none was recorded.
    ``evm_transactions(time_ms, sender_id, receiver_id, value_hype, has_input)`` and
    ``erc20_transfers(time_ms, sender_id, receiver_id, contract_id, amount)``: ids of `wallets`.
    ``imported_fills(time_ms, coin_id, trade_id, wallet_id, is_buy, closed_pnl_usd, fee_usd,
    start_position, order_id, dir, price, size, is_taker, is_settlement, has_trade)``: what imports
    say of a wallet's part in a trade, distinct by the first five. Fees are paid where positive,
    positions in coins before the fill; price (0 or more) and size are always there, the rest is
    NULL where not told. ``has_trade``: `trades` holds the match (same time, coin and id). Where it
    is false the fill changes the wallet's position and is no trade of the market: a settlement
    (``is_settlement``: ``dir`` says so, the price is what the coin was worth at its end), a dust
    conversion, or a fill whose other side is not known.
    ``coverage(stream, feed, coin, status, start_ms, end_ms, cause, missed)``: the ledger.
    ``unread_lines(feed, reason, n_lines)``: lines that are there and no reader takes.
    Of trades and fills whose id is 0 the id here is negative and made of all that they say.
    """

    def __init__(
        self,
        lines: Lines,
        connection: duckdb.DuckDBPyConnection,
        lines_by_feed: Mapping[Feed, tuple[int, int]],
        version: Version = (),
        folder: Path | None = None,
    ):
        """Take what was read of a version; ``folder`` is where its tables may be kept, if any."""
        self.version = version
        self._folder = folder
        self.lines = lines
        self.connection = connection
        self._lines_by_feed = lines_by_feed

    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""
        return summarize(self.connection, self.lines, self._lines_by_feed)

    def export(self, names: Sequence[str], folder: Path) -> None:
        """Write tables as Parquet, each to a folder of its name."""
        export(self.connection, folder, names)

    def load(self) -> None:
        """Have all tables in memory: what prepared ones are read from otherwise, file by file."""
        load(self.connection)

    def prepare(self, tables: Sequence[str] = ()) -> None:
        """Keep the tables, and more that were made of them, so that the next opening is quick.

        Nothing is done where that would not pay: for a database, a small dataset, one that was
        opened in part or prepared before, and one to which lines were added since.
        """
        if self._folder is None or self.version != self.lines.version():
            return
        n_trades = self.connection.execute("SELECT count(*) FROM trades").fetchall()[0][0]
        if n_trades >= WORTH_PREPARING:
            names = (*TABLES, *tables)
            write_prepared(
                self.connection, self._folder, self.version, dict(self._lines_by_feed), names
            )

    def close(self) -> None:
        """Free the tables and whatever they spilled to disk."""
        self.connection.close()
        self.lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_dataset(
    place: Path | DatabaseUrl,
    *,
    memory_limit_gib: float | None = None,
    until_ms: int | None = None,
) -> Dataset:
    """Load a dataset.

    Args:
        place: Folder with the recorded files, open or sealed, or a database.
        memory_limit_gib: Beyond it DuckDB spills to a temporary folder; its own limit where None.
        until_ms: Load the dataset as it stood at that time: nothing that happened then or later,
            no candle that was not over, no wallet or coin not yet seen. Everything where None.

    Raises:
        DatasetError: No such dataset, nothing recorded in it, or lines that cannot be read.
    """
    if isinstance(place, Path):
        require_data(place)
    with ExitStack() as opened:
        lines = opened.enter_context(closing(open_lines(place)))
        if not lines.has_data():
            raise DatasetError(f"nothing recorded in {place}: record with `hypertrack record`")
        connection = connect_quietly(memory_config(memory_limit_gib))
        opened.enter_context(connection)
        version = lines.version()
        folder = place if isinstance(place, Path) and until_ms is None else None
        kept = None if folder is None else open_prepared(connection, folder, version)
        counts = kept or load_tables(connection, lines, until_ms=until_ms)
        dataset = Dataset(lines, connection, counts, version, None if kept else folder)
        opened.pop_all()
    if until_ms is None:
        _say_what_is_unread(dataset)
    return dataset


def _say_what_is_unread(dataset: Dataset) -> None:
    """Log the lines that are left out, once for each opening of the whole."""
    unread = unread_by_reason(dataset.connection)
    if unread:
        told = ", ".join(f"{n:,} {reason}" for reason, n in unread.items())
        place, n_lines = dataset.lines.place, sum(unread.values())
        log.warning("%s: %s lines are left out: %s", place, f"{n_lines:,}", told)


def connect_quietly(config: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Return an empty DuckDB in memory, which else prints its progress on stdout after 2 s."""
    connection = duckdb.connect(":memory:", config=dict(config))
    connection.execute("SET enable_progress_bar = false")
    return connection


def memory_config(memory_limit_gib: float | None) -> dict[str, Any]:
    """Return how DuckDB is to use memory, and the disk beyond it."""
    # DuckDB makes this folder when it first spills and removes it when it closes.
    spill = Path(tempfile.gettempdir()) / f"hypertrack-{uuid.uuid4().hex}"
    config: dict[str, Any] = {"temp_directory": str(spill)}
    if memory_limit_gib is not None:
        config["memory_limit"] = f"{memory_limit_gib * 1024:.0f}MiB"
    return config
