"""An opened dataset: the recorded lines as tables of an in-memory DuckDB."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.records import DataSummary, Feed
from hypertrack.scratch import own_folder, scratch_folder
from hypertrack.store.files.layout import require_data
from hypertrack.store.reading.account_answers import NUMBER
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.numbered_hours import (
    count_sealed,
    load_hours,
    number_sealed,
)
from hypertrack.store.reading.opening import open_lines
from hypertrack.store.reading.prepared import (
    FOLDER_NAME,
    load,
    open_prepared,
    write_prepared,
)
from hypertrack.store.reading.raw_tables import Counts, load_tables
from hypertrack.store.reading.readable_rows import unread_by_reason
from hypertrack.store.reading.recorded_lines import Lines, Version
from hypertrack.store.reading.stretches import KeptHours
from hypertrack.store.reading.truncation import ReadWindow
from hypertrack.store.reading.unsealed import (
    SealedFacts,
    SealedHours,
    export_ledger,
    export_unsealed,
)
from hypertrack.store.summary import Ask, summarize

log = logging.getLogger(__name__)

TABLES = (
    *("wallets", "coins", "trades", "bbo", "candles", "contexts"),
    *("evm_transactions", "erc20_transfers", "imported_fills", "coverage", "unread_lines"),
    *NUMBER,
)

WORTH_PREPARING = 250_000
"""Trades: fewer are read anew in no time."""


@dataclass(frozen=True)
class Keeping:
    """Where tables may be kept, and what they would be."""

    place: Path
    version: Version
    """Of the lines they are made of."""


class Dataset:
    """The tables of one dataset; use as a context manager or `close` it.

    ``wallets(wallet_id, wallet)``, ``coins(coin_id, coin)``: ids from 0, in the order of the text.
    ``trades(time_ms, coin_id, trade_id, price, size, is_buy, is_twap, buyer_id, seller_id)``:
    distinct by time, coin and id; ``is_buy``: the taker bought; self-trades included.
    ``bbo(time_ms, coin_id, bid_price, ask_price, mid_price)``: one row a time and coin.
    ``candles(start_ms, coin_id, open, high, low, close, volume)``: one minute each, volume in
    coins; recorded ones, and built from the trades where none was recorded.
    ``contexts(time_ms, coin_id, funding_rate, premium, open_interest, oracle_price, mark_price)``:
    one row a time and coin, of coins that anything else is known of; a rate an hour, open interest
    in coins; NULL where not told.
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
    ``account_states(wallet_id, dex, time_ms, equity_usd, notional_usd)``,
    ``account_positions(wallet_id, coin_id, time_ms, size, value_usd, unrealised_usd,
    liquidation_price)``: what the venue said of an account at a time, on one dex; positions in
    coins, signed. A coin of that dex without a row was not held then.
    ``account_history(wallet_id, period, asked_ms, time_ms, equity_usd, pnl_usd)``: the points of
    each window of a portfolio, as it was told at ``asked_ms``.
    ``account_flows(wallet_id, time_ms, kind, usd, other_id)``: money in (positive) and out,
    ``funding`` among it; NULL where not told in USD; ``other_id``: from or to whom, NULL for none.
    ``account_links(wallet_id, other_id, kind, name, asked_ms)``: a ``vault`` and its leader, a
    ``sub_account`` and its master, an ``agent`` and its owner.
    ``account_balances(wallet_id, token, asked_ms, size)``: spot tokens held when it was asked.
    ``funding_rates(coin_id, time_ms, rate, premium)``: what fell due at full hours, of coins that
    anything else is known of; a rate an hour, NULL where no premium was told.
    ``account_choices(wallet_id, since_ms)``: wallets that were chosen by what they had earned, and
    when first; what they did before is no evidence of skill.
    ``coverage(stream, feed, coin, status, start_ms, end_ms, cause, missed)``: the ledger.
    ``unread_lines(feed, reason, n_lines)``: lines that are there and no reader takes.
    Of trades and fills whose id is 0 the id here is negative and made of all that they say.

    Attributes:
        hours: Sealed hours that are kept as they were numbered; None where none are.
        measured_by: What has made tables of its own beside these, for whoever measures next.
    """

    measured_by: Any = None

    def __init__(
        self,
        lines: Lines,
        connection: duckdb.DuckDBPyConnection,
        lines_by_feed: Mapping[Feed, tuple[int, int]],
        kept: Keeping | KeptHours | None = None,
        opened: ExitStack | None = None,
    ):
        """Take what was read, where tables may be kept, and what is to be closed after use."""
        self._keeping = kept if isinstance(kept, Keeping) else None
        self.hours = kept if isinstance(kept, KeptHours) else None
        self._opened = opened or ExitStack()
        self.lines = lines
        self.connection = connection
        self._lines_by_feed = lines_by_feed

    def summary(self, ask: Ask | None = None) -> DataSummary:
        """Return what the dataset holds and what it is known to lack.

        Args:
            ask: As for `summarize`.
        """
        return summarize(self.connection, self.lines, self._lines_by_feed, ask)

    def count_too(self, lines_by_feed: Mapping[Feed, tuple[int, int]]) -> None:
        """Add lines that another engine read and did not read of the dataset."""
        known = dict(self._lines_by_feed)
        for feed, (n_read, n_unread) in lines_by_feed.items():
            known[feed] = (known[feed][0] + n_read, known[feed][1] + n_unread)
        self._lines_by_feed = known

    def load(self) -> None:
        """Have tables in memory, but for large ones, which are read from what is kept of them."""
        load(self.connection)

    def prepare(self, tables: Sequence[str] = ()) -> None:
        """Keep the tables, and more that were made of them, so that the next opening is quick.

        Nothing is done where that would not pay: for a database, a small dataset, one that was
        opened in part or prepared before, one whose hours are kept, and one to which lines were
        added since.
        """
        kept = self._keeping
        if kept is None or kept.version != self.lines.version():
            return
        n_trades = self.connection.execute("SELECT count(*) FROM trades").fetchall()[0][0]
        if n_trades >= WORTH_PREPARING:
            names = (*TABLES, *tables)
            counts = dict(self._lines_by_feed)
            write_prepared(self.connection, kept.place, kept.version, counts, names)

    def temporary_folder(self) -> Path:
        """Return a new folder, which is removed when the dataset is closed."""
        return Path(self._opened.enter_context(scratch_folder()))

    def close(self) -> None:
        """Free the tables and whatever they spilled to disk."""
        self._opened.close()

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
    since_ms: int | None = None,
    until_ms: int | None = None,
    keep_prepared: bool = True,
) -> Dataset:
    """Load a dataset.

    Args:
        place: Folder with the recorded files, open or sealed, or a database.
        memory_limit_gib: Beyond it DuckDB spills to a temporary folder; its own limit where None.
        since_ms: Load nothing that happened before; sealed hours that were over are not opened.
        until_ms: Load the dataset as it stood at that time: nothing that happened then or later,
            no candle that was not over, no wallet or coin not yet seen. Everything where None.
        keep_prepared: Keep many sealed hours in the folder as they were numbered.

    Raises:
        DatasetError: No such dataset, nothing recorded in it, or lines that cannot be read.
    """
    window = ReadWindow(since_ms, until_ms)
    with ExitStack() as opened:
        lines, connection = _open(opened, place, memory_limit_gib)
        if isinstance(lines, FolderLines):
            loaded = _load_folder(connection, lines.between(window), window, keep_prepared, opened)
        else:
            loaded = load_tables(connection, lines, window), None
        dataset = Dataset(lines, connection, *loaded, opened.pop_all())
    if window.is_all:
        _say_what_is_unread(dataset)
    return dataset


def keep_sealed(
    folder: Path,
    memory_limit_gib: float,
    n_threads: int | None = None,
    *,
    made: Callable[[Dataset], None] | None = None,
) -> None:
    """Keep the sealed hours of a large folder as they are numbered, so that it opens quickly.

    Whoever seals hours has the time. What fails here, the next opening does or tells.

    Args:
        folder: Of the dataset.
        memory_limit_gib: Beyond it DuckDB spills to a temporary folder.
        n_threads: Of DuckDB; its own choice where None.
        made: Keeps more that follows from the hours of a dataset.
    """
    lines = FolderLines(folder)
    if count_sealed(lines) < WORTH_PREPARING:
        return
    config = memory_config(memory_limit_gib) | ({"threads": n_threads} if n_threads else {})
    try:
        with connect_quietly(config) as connection:
            number_sealed(connection, lines, kept_hours(folder))
        if made is not None:
            with open_dataset(folder, memory_limit_gib=memory_limit_gib) as dataset:
                made(dataset)
    except (DatasetError, OSError, duckdb.Error) as error:
        log.info("%s: sealed hours are not numbered yet: %s", folder, error)


def kept_hours(folder: Path) -> Path:
    """Return where the sealed hours of a folder are kept as they were numbered."""
    return folder / FOLDER_NAME / "hours"


def open_unsealed(
    place: Path | DatabaseUrl,
    folder: Path,
    *,
    memory_limit_gib: float | None = None,
    until_ms: int | None = None,
) -> tuple[Dataset, SealedHours]:
    """Read a dataset but for its sealed hours, for an engine that reads those itself.

    Args:
        place: As for `open_dataset`.
        folder: Where the raw tables are written (see `export_unsealed`).
        memory_limit_gib: As for `open_dataset`.
        until_ms: As for `open_dataset`.

    Returns:
        A dataset that has ``coverage`` and ``unread_lines`` and no other table, and the sealed
        hours to be read, of which `note_sealed` is to be told.

    Raises:
        DatasetError: As for `open_dataset`.
    """
    with ExitStack() as opened:
        lines, connection = _open(opened, place, memory_limit_gib)
        window = ReadWindow(until_ms=until_ms)
        sealed, counts = export_unsealed(connection, lines, folder, window)
        return Dataset(lines, connection, counts, None, opened.pop_all()), sealed


def note_sealed(
    dataset: Dataset, folder: Path, found: SealedFacts, until_ms: int | None = None
) -> None:
    """Let a dataset that was opened without its sealed hours know what is found in these.

    Args:
        dataset: Of `open_unsealed`.
        folder: Where ``coverage`` is written to, like the raw tables.
        found: In the sealed hours.
        until_ms: As for `open_unsealed`.
    """
    dataset.count_too(found.counts)
    export_ledger(dataset.connection, folder, found, ReadWindow(until_ms=until_ms))
    if until_ms is None:
        _say_what_is_unread(dataset)


def _open(
    opened: ExitStack, place: Path | DatabaseUrl, memory_limit_gib: float | None
) -> tuple[Lines, duckdb.DuckDBPyConnection]:
    """Return the lines at a place, and an empty DuckDB for them."""
    if isinstance(place, Path):
        require_data(place)
    lines = opened.enter_context(closing(open_lines(place)))
    if not lines.has_data():
        raise DatasetError(f"nothing recorded in {place}: record with `hypertrack record`")
    return lines, opened.enter_context(connect_quietly(memory_config(memory_limit_gib)))


def _load_folder(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    window: ReadWindow,
    keep_prepared: bool,
    opened: ExitStack,
) -> tuple[Counts, Keeping | KeptHours | None]:
    """Load what was kept of the same lines; else many sealed hours in batches, few at once."""
    version, place = lines.version(), lines.folder / FOLDER_NAME
    if count_sealed(lines) < WORTH_PREPARING:
        keeping = Keeping(place / "tables", version) if window.is_all else None
        if keeping and (kept := open_prepared(connection, keeping.place, version, opened)):
            return kept.lines_by_feed, None
        return load_tables(connection, lines, window), keeping
    if window.is_all and keep_prepared:
        with suppress(
            OSError, duckdb.IOException
        ):  # a full or read-only disk costs time, and nothing else
            return load_hours(connection, lines, kept_hours(lines.folder), window, opened)
    temporary = Path(opened.enter_context(scratch_folder()))
    counts, _ = load_hours(connection, lines, temporary, window, opened)
    return counts, None


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
    config: dict[str, Any] = {"temp_directory": ""}
    with suppress(OSError):  # nothing is spilled to a full disk; what fits in memory is read
        # DuckDB makes this folder when it first spills and removes it when it closes.
        config["temp_directory"] = str(own_folder() / f"spilled-{uuid.uuid4().hex}")
    if memory_limit_gib is not None:
        config["memory_limit"] = f"{memory_limit_gib * 1024:.0f}MiB"
    return config
