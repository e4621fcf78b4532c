"""The last hours of a dataset that is being written, as tables in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import duckdb

from hypertrack.records import MINUTE_MS, Feed
from hypertrack.scratch import scratch_folder
from hypertrack.store.dataset import Dataset, connect_quietly, memory_config
from hypertrack.store.reading.account_answers import NUMBER, number_accounts, read_accounts
from hypertrack.store.reading.dictionary import (
    ANSWER_NAMES as ANSWERED_NAMES,
)
from hypertrack.store.reading.dictionary import (
    BUILD_CANDLES,
    UNITED_CANDLES,
    extend_names,
    number_hours,
)
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.hour_tables import SCHEMA, HourTable
from hypertrack.store.reading.imported_fills import TOLD_FILLS, read_fills
from hypertrack.store.reading.open_lines import GrowingLines
from hypertrack.store.reading.raw_tables import (
    READERS,
    begin_reading,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.relations import Columns, relation, run_on
from hypertrack.store.reading.truncation import ReadWindow
from hypertrack.store.reading.window_names import forget_wallets
from hypertrack.store.reading.window_source import WindowSource

FRESH = "fresh"
"""The schema of rows on their way into the window."""

BLOCK_BYTES = 1 << 25
"""Of lines read at once."""

MADE: Mapping[Feed, Sequence[str]] = {
    Feed.TRADES: ("trades", "built_candles"),
    Feed.BBO: ("bbo",),
    Feed.CANDLES: ("recorded_candles",),
    Feed.CONTEXTS: ("contexts",),
    Feed.TRANSACTIONS: ("evm_transactions", "erc20_transfers"),
}
"""What is made of the lines of each feed."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "trades": ("time_ms", "coin_id", "trade_id"),
    "bbo": ("time_ms", "coin_id"),
    "contexts": ("time_ms", "coin_id"),
    "recorded_candles": ("start_ms", "coin_id"),
}

BEGIN = f"""
CREATE SCHEMA {SCHEMA};
CREATE SCHEMA {FRESH};
CREATE TABLE wallets (wallet_id INTEGER, wallet VARCHAR);
CREATE TABLE coins (coin_id INTEGER, coin VARCHAR);
CREATE TABLE {SCHEMA}.known_transactions (hash VARCHAR, time_ms BIGINT);
"""

# Transactions that were read before, as when an hour was sealed meanwhile.
FORGET_KNOWN = f"""
DELETE FROM raw_transactions WHERE hash IN (SELECT hash FROM {SCHEMA}.known_transactions)
"""
# A table of its own: DuckDB keeps the memory of deleted rows.
FORGET_OLD = f"""
CREATE OR REPLACE TABLE {SCHEMA}.known_transactions AS
FROM {SCHEMA}.known_transactions WHERE time_ms >= {{start_ms}}
"""
NOTE_KNOWN = f"INSERT INTO {SCHEMA}.known_transactions SELECT hash, time_ms FROM raw_evm"

# Of what lies before the window, the trades are no longer there to be asked.
FILLS = f"""
CREATE OR REPLACE VIEW imported_fills AS
SELECT told.*, trades.trade_id IS NOT NULL
    OR (told.time_ms < {{start_ms}} AND NOT told.is_settlement) AS has_trade
FROM {SCHEMA}.told_fills AS told LEFT JOIN main.trades USING (time_ms, coin_id, trade_id)
"""

LEFTOVERS = """
SELECT table_name, table_type FROM information_schema.tables
WHERE table_schema = 'main' AND table_catalog = current_database()
"""

CARRY = f"""
CREATE OR REPLACE TABLE {SCHEMA}.{{name}}_none AS
SELECT * FROM {{gone}} QUALIFY row_number() OVER (PARTITION BY coin_id ORDER BY time_ms DESC) = 1
"""


Derive = Callable[[duckdb.DuckDBPyConnection], Mapping[str, str]]


class _Added(FolderLines):
    """Lines that were added to a feed, as a file of their own."""

    def __init__(self, file: Path):
        super().__init__(file.parent)
        self._file = file

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement on these lines alone, which are of the feed that is asked for."""
        assert feed.value in self._file.name
        source = relation([self._file], (), columns)
        run_on(connection, statement.format(source=source, open=source, sealed=source), self._file)


class GrowingWindow:
    """Holds the hours of a dataset from a time on, and what is added to it, without indexes.

    Wallets keep the numbers they got when they were first seen until most of them have left, coins
    for good.

    Args:
        derive: From a connection that knows ``trades`` to tables that follow from the trades of
            each moment alone: by name the query that makes them. They are made anew for the minutes
            that grew, and the newest row of each coin stays when its hour is dropped.

    Attributes:
        start_ms: What happened earlier may be missing.
    """

    def __init__(
        self,
        source: WindowSource,
        start_ms: int,
        derive: Derive,
        *,
        memory_limit_gib: float | None = None,
    ):
        self.start_ms = start_ms
        self._source = source
        self._opened = ExitStack()
        self._opened.callback(source.close)
        self._scratch = Path(self._opened.enter_context(scratch_folder()))
        config = {**memory_config(memory_limit_gib), "threads": 1}
        self.connection = self._opened.enter_context(connect_quietly(config))
        self._feeds: dict[Feed, GrowingLines] = {}
        self._derived: Mapping[str, str] = {}
        self._tables: dict[str, HourTable] = {}
        self._begin(derive)

    def advance(self) -> None:
        """Take what was added since the last call."""
        for feed, lines in self._feeds.items():
            for block in _blocks(lines.added()):
                self._take_block(feed, block)
        self._read_what_changed()

    def drop_before(self, start_ms: int) -> None:
        """Forget the hours that were over by a time; the last prices of coins stay."""
        if start_ms <= self.start_ms:
            return
        for name in self._derived:
            self._carry(name, start_ms)
        for table in self._tables.values():
            table.drop_before(start_ms)
        self.start_ms = start_ms
        self.connection.execute(FILLS.format(start_ms=start_ms))
        self.connection.execute(FORGET_OLD.format(start_ms=start_ms))
        hours = tuple(self._tables.values())
        if forget_wallets(self.connection, hours, ("imported_fills", *NUMBER)):
            self._read_answers()

    def newest_ms(self) -> int | None:
        """Return the time of the newest trade; None without any."""
        ((newest_ms,),) = self.connection.execute("SELECT max(time_ms) FROM trades").fetchall()
        return None if newest_ms is None else int(newest_ms)

    def n_trades_by_hour(self) -> dict[int, int]:
        """Return the number of trades by the time at which their hour began, oldest first."""
        return self._tables["trades"].n_by_hour()

    def dataset(self) -> Dataset:
        """Return the tables as a dataset; what was made of an earlier one is forgotten."""
        own = {*self._tables, "wallets", "coins", "candles", "coverage", "unread_lines"}
        own |= {"imported_fills", *NUMBER}
        for name, kind in self.connection.execute(LEFTOVERS).fetchall():
            if name not in own:
                self.connection.execute(f'DROP {"VIEW" if kind == "VIEW" else "TABLE"} "{name}"')
        counts = dict.fromkeys(Feed, (0, 0))  # the lines of feeds that are not here are not counted
        counts[Feed.TRADES] = (sum(self.n_trades_by_hour().values()), 0)
        return Dataset(self._source.lines, self.connection, counts)

    def close(self) -> None:
        """Free the memory, and close the files."""
        for lines in self._feeds.values():
            lines.close()
        self._opened.close()

    def _begin(self, derive: Derive) -> None:
        begin_reading(self.connection)
        self.connection.execute(BEGIN)
        for feed in MADE:
            self._read(_Added(self._scratch / f"no_{feed}"), feed)
            for name in MADE[feed]:
                self._create(name)
            if feed is Feed.TRADES:
                self._derived = derive(self.connection)
                self._make_derived()
            self._forget_fresh()
        self.connection.execute(f"CREATE VIEW candles AS {UNITED_CANDLES}")
        self._read_what_changed()
        for feed in MADE:
            self._feeds[feed], sealed = self._source.begin(feed)
            for hour in sealed:
                self._take(hour, feed)

    def _create(self, name: str) -> None:
        """Create a table after a fresh one."""
        time = "start_ms" if name.endswith("candles") else "time_ms"
        self._tables[name] = HourTable(self.connection, name, time, KEYS.get(name, ()))
        self._tables[name].create(f"{FRESH}.{name}")

    def _make_derived(self) -> None:
        """Make of the fresh trades what follows from them."""
        self._search(FRESH)
        for name, query in self._derived.items():
            self.connection.execute(f"CREATE TABLE {name} AS {query}")
        self._search("main")
        for name in self._derived:
            if name not in self._tables:
                self._create(name)

    def _take_block(self, feed: Feed, block: bytes) -> None:
        file = self._scratch / f"{feed}.jsonl"
        file.write_bytes(block)
        self._take(_Added(file), feed)
        file.unlink()

    def _take(self, lines: FolderLines, feed: Feed) -> None:
        """Add the rows of some lines; those that are there already change nothing."""
        self._read(lines, feed)
        for name in MADE[feed]:
            if name != "built_candles":
                self._tables[name].add(f"{FRESH}.{name}")
        if feed is Feed.TRADES:
            self._derive()
        self._forget_fresh()

    def _read(self, lines: FolderLines, feed: Feed) -> None:
        """Make the tables of a feed in the schema of what is fresh."""
        self._search(FRESH)
        read_feed(self.connection, lines, feed, ReadWindow(since_ms=self.start_ms))
        if feed is Feed.TRANSACTIONS:
            self.connection.execute(FORGET_KNOWN)
            unnest_chains(self.connection)
            self.connection.execute(NOTE_KNOWN)
        number_hours(self.connection, feed)
        self._search("main")

    def _derive(self) -> None:
        """Make anew what follows from the minutes of the fresh trades."""
        first = f"SELECT min(time_ms) // {MINUTE_MS} * {MINUTE_MS} FROM {FRESH}.trades"
        ((start_ms,),) = self.connection.execute(first).fetchall()
        if start_ms is None:
            return
        self._forget_fresh()
        self.connection.execute(
            f"CREATE VIEW {FRESH}.trades AS FROM main.trades WHERE time_ms >= {start_ms}"
        )
        self._search(FRESH)
        self.connection.execute(BUILD_CANDLES)
        self._make_derived()
        for name in ("built_candles", *self._derived):
            self._tables[name].delete_from(start_ms)
            self._tables[name].add(f"{FRESH}.{name}")

    def _carry(self, name: str, start_ms: int) -> None:
        """Keep the newest row of each coin that is about to be dropped."""
        gone = self._tables[name].before(start_ms)
        self.connection.execute(CARRY.format(name=name, gone=gone))

    def _read_what_changed(self) -> None:
        """Read the ledger and what the venue answered, where they are others than before."""
        is_other_ledger, has_other_answers = self._source.look()
        if is_other_ledger:
            read_ledger(self.connection, self._source.lines, ReadWindow())
        if has_other_answers:
            self._read_answers()

    def _read_answers(self) -> None:
        lines = self._source.lines
        read_fills(self.connection, lines, ReadWindow())
        read_accounts(self.connection, lines, ReadWindow())
        positions = "SELECT coin FROM raw_fills UNION SELECT coin FROM raw_account_positions"
        extend_names(self.connection, ANSWERED_NAMES, f"({positions})")
        for table in NUMBER:
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {SCHEMA}.told_fills AS {TOLD_FILLS}; DROP TABLE raw_fills"
        )
        number_accounts(self.connection)
        self.connection.execute(FILLS.format(start_ms=self.start_ms))

    def _forget_fresh(self) -> None:
        self.connection.execute(f"DROP SCHEMA {FRESH} CASCADE; CREATE SCHEMA {FRESH}")
        for feed in READERS:
            self.connection.execute(f"DROP TABLE IF EXISTS raw_{feed}")
        self.connection.execute("DROP TABLE IF EXISTS raw_evm; DROP TABLE IF EXISTS raw_transfers")

    def _search(self, schema: str) -> None:
        path = "main" if schema == "main" else f"{schema},main"
        self.connection.execute(f"SET search_path = '{path}'")


def _blocks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines together, about `BLOCK_BYTES` at a time."""
    block: list[bytes] = []
    n_bytes = 0
    for line in lines:
        block.append(line)
        n_bytes += len(line) + 1
        if n_bytes >= BLOCK_BYTES:
            yield b"\n".join(block) + b"\n"
            block, n_bytes = [], 0
    if block:
        yield b"\n".join(block) + b"\n"
