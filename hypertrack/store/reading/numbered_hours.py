"""Sealed hours as numbered rows, a few at a time: memory does not grow with the recording.

A batch of hours is read and numbered once, and kept as Parquet until one of its hours changes; an
hour that was sealed since is a batch of its own. Names are numbered in the order in which they
came, so that older batches stay true; views give the ids of a dataset, in the order of the text.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import duckdb

from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.reading.account_answers import number_accounts, read_accounts
from hypertrack.store.reading.dictionary import number_hours, number_rows, unite_candles
from hypertrack.store.reading.folder_lines import FolderLines, hour_name, hour_start_ms
from hypertrack.store.reading.hour_batches import (
    MADE,
    READERS_NAME,
    Batch,
    batch_file,
    forget_others,
    hour_stamp,
    is_there,
    read_manifest,
    read_names,
    sole_writer,
    write_manifest,
    write_names,
)
from hypertrack.store.reading.imported_fills import number_fills, read_fills
from hypertrack.store.reading.prepared import as_table
from hypertrack.store.reading.raw_tables import (
    READERS,
    Counts,
    begin_reading,
    last_receipts,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.readers import keep_readable
from hypertrack.store.reading.stretches import KeptHours, stretches
from hypertrack.store.reading.truncation import BEGINS, ReadWindow
from hypertrack.store.sql import parquet, quoted, quoted_paths

BATCH_ROWS = 2_000_000
"""Of one feed: so few that its strings fit into half a gigabyte, so many that numbering names
anew for every batch costs little."""

SCHEMA = "hours"
"""What views of batches need beside them."""

KEPT_IDS = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.ids AS SELECT
    (SELECT list(wallets.wallet_id ORDER BY kept_wallets.wallet_id)
        FROM kept_wallets JOIN wallets USING (wallet)) AS wallets,
    (SELECT list(coins.coin_id ORDER BY kept_coins.coin_id)
        FROM kept_coins JOIN coins USING (coin)) AS coins;
"""

ADD_UP_UNREAD = """
CREATE OR REPLACE TABLE unread_lines AS
SELECT feed, reason, sum(n_lines)::BIGINT AS n_lines FROM unread_lines
GROUP BY feed, reason ORDER BY feed, reason
"""

OPEN_HOURS = f"SELECT DISTINCT time_ms // {HOUR_MS} * {HOUR_MS} FROM trades"
OPEN_QUOTES = "SELECT min(time_ms), max(time_ms) FROM bbo HAVING count(*) > 0"

WALLET_COLUMNS = (
    *("wallet_id", "buyer_id", "seller_id"),
    *("sender_id", "receiver_id", "contract_id"),
)


class Reading(NamedTuple):
    """What batches are made of, and where they are kept."""

    lines: FolderLines
    place: Path
    window: ReadWindow
    last_receipt_ms: Callable[[Feed], int]


def count_sealed(lines: FolderLines) -> int:
    """Return the rows of all sealed trades, without reading them; damaged hours have none."""
    return sum(_n_rows(lines.sealed(Feed.TRADES)).values())


def load_hours(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    place: Path,
    window: ReadWindow,
    opened: ExitStack,
) -> tuple[Counts, KeptHours]:
    """Create the tables as `load_tables`, those of sealed hours as views of their batches.

    Args:
        place: Where batches are kept, and new ones are written; views read them there.
        opened: Until it is closed the batches stay there, whatever others make anew.

    Returns:
        As `load_tables`, and the hours of which more can be kept.

    Raises:
        DatasetError: A file could not be read at all.
        OSError: Nothing can be written there.
    """
    begin_reading(connection)
    while True:
        files = [feed_files(lines.folder, feed) for feed in MADE]
        counts, overlapping = read_open(connection, lines, window, MADE)
        with sole_writer(place):
            batches = _extend(connection, lines, place, overlapping, window)
            keep_readable(place / READERS_NAME, opened)
        if [feed_files(lines.folder, feed) for feed in MADE] == files:
            break  # else an hour was sealed meanwhile, and is missing or there twice
    read_fills(connection, lines, window)
    read_accounts(connection, lines, window)
    read_ledger(connection, lines, window)
    unnest_chains(connection)
    read_names(connection, place)
    number_rows(connection)
    hours_ms = frozenset(hour_ms for (hour_ms,) in connection.execute(OPEN_HOURS).fetchall())
    quotes_ms = connection.execute(OPEN_QUOTES).fetchall()
    _unite(connection, place, batches)
    number_fills(connection)
    number_accounts(connection)
    kept = KeptHours(place, tuple(stretches(batches)), hours_ms, next(iter(quotes_ms), None))
    return _counted(connection, counts, batches), kept


def number_sealed(connection: duckdb.DuckDBPyConnection, lines: FolderLines, place: Path) -> None:
    """Keep the sealed hours as they are numbered, without opening them.

    Args:
        connection: Whose memory and threads may be used.
        lines: Of the whole dataset.
        place: As for `load_hours`.
    """
    with sole_writer(place):
        _extend(connection, lines, place, {}, ReadWindow())


def read_open(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    window: ReadWindow,
    apart: Collection[Feed],
) -> tuple[Counts, dict[Feed, frozenset[str]]]:
    """Read the open files, and the sealed hours that they have lines of too.

    Args:
        apart: The feeds whose other hours are read apart; of the rest all is read.

    Returns:
        Lines read and not read, and by feed the names of these hours.
    """
    counts: Counts = {}
    overlapping: dict[Feed, frozenset[str]] = {}
    last_ms = last_receipts(connection, lines)
    for feed in READERS:
        if feed not in apart:
            counts[feed] = read_feed(connection, lines, feed, window)
            continue
        opened = lines.only(frozenset(), has_open=True)
        counts[feed] = read_feed(connection, opened, feed, window, last_ms)
        found = connection.execute(
            f"SELECT DISTINCT {BEGINS[feed]} // {HOUR_MS} FROM raw_{feed}"
        ).fetchall()
        hours = {hour for (hour,) in found}
        names = map(hour_name, lines.sealed(feed))
        overlapping[feed] = frozenset(
            name for name in names if hour_start_ms(name) // HOUR_MS in hours
        )
        if overlapping[feed]:
            both = lines.only(overlapping[feed], has_open=True)
            counts[feed] = read_feed(connection, both, feed, window, last_ms)
    return counts, overlapping


def _extend(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    place: Path,
    overlapping: dict[Feed, frozenset[str]],
    window: ReadWindow,
) -> list[Batch]:
    """Return all batches, with new ones of the hours that none holds as they are now."""
    kept, to_do = [], []
    known = read_manifest(place)
    for feed in MADE:
        apart = overlapping.get(feed, frozenset())
        paths = [each for each in lines.sealed(feed) if hour_name(each) not in apart]
        now = {hour_name(path): (hour_name(path), *hour_stamp(path)) for path in paths}
        current = set(now.values())
        good = [
            each
            for each in known
            if each.feed == feed and current.issuperset(each.hours) and is_there(place, each)
        ]
        done = {str(hour[0]) for each in good for hour in each.hours}
        kept += good
        new = [path for path in paths if hour_name(path) not in done]
        to_do += [(feed, batch) for batch in _batches(new)]
    if to_do:
        with _numbering(connection, place) as numbering:
            reading = Reading(lines, place, window, last_receipts(numbering, lines))
            for feed, paths in to_do:
                kept += _number(numbering, reading, feed, paths)
                write_names(numbering, place)
                write_manifest(place, kept)
        forget_others(place, kept, {each.name for each in stretches(kept)})
    return sorted(kept, key=lambda each: (each.feed, each.hours))


def _number(
    connection: duckdb.DuckDBPyConnection, reading: Reading, feed: Feed, paths: Sequence[Path]
) -> list[Batch]:
    """Make a batch of some hours, without the damaged ones, which may be mended; none of none."""
    stamps = [(hour_name(path), *hour_stamp(path)) for path in paths]
    some = reading.lines.only(frozenset(map(hour_name, paths)), has_open=False)
    n_read, _ = read_feed(connection, some, feed, reading.window, reading.last_receipt_ms)
    hours = tuple(stamp for stamp in stamps if stamp[0] not in some.damaged(feed))
    if not hours:
        return []
    if feed is Feed.TRANSACTIONS:
        unnest_chains(connection)
    number_hours(connection, feed)
    # Never the name of an older batch: another process may be reading that, and names may have had
    # other numbers then.
    name = f"{hours[0][0]}_{uuid.uuid4().hex[:12]}"
    batch = Batch(feed, name, hours, n_read, _unread(connection, feed))
    for table in MADE[feed]:
        target = batch_file(reading.place, table, batch)
        target.parent.mkdir(exist_ok=True)
        connection.execute(
            f"COPY {table} TO {quoted(target)} "
            "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw)"
        )
        connection.execute(f"DROP {'VIEW' if feed is Feed.BBO else 'TABLE'} {table}")
    for rows in (feed, "evm", "transfers"):
        connection.execute(f"DROP TABLE IF EXISTS raw_{rows}")
    return [batch]


def _unread(connection: duckdb.DuckDBPyConnection, feed: Feed) -> tuple[tuple[str, int], ...]:
    found = "SELECT reason, n_lines FROM unread_lines WHERE feed = $feed ORDER BY reason"
    return tuple(connection.execute(found, {"feed": feed}).fetchall())


def _counted(
    connection: duckdb.DuckDBPyConnection, counts: Counts, batches: Sequence[Batch]
) -> Counts:
    """Return the lines read and not read of all batches too, and add these to ``unread_lines``."""
    counted = dict(counts)
    for batch in batches:
        n_read, n_unread = counted[batch.feed]
        n_left_out = sum(n for _, n in batch.unread)
        counted[batch.feed] = (n_read + batch.n_read, n_unread + n_left_out)
        for reason, n in batch.unread:
            connection.execute("INSERT INTO unread_lines VALUES (?, ?, ?)", [batch.feed, reason, n])
    connection.execute(ADD_UP_UNREAD)
    return counted


def _unite(connection: duckdb.DuckDBPyConnection, place: Path, batches: Sequence[Batch]) -> None:
    """Let each table be that of all batches and of the open lines."""
    connection.execute(KEPT_IDS)
    for feed, tables in MADE.items():
        for table in tables:
            files = [batch_file(place, table, each) for each in batches if each.feed == feed]
            if files:
                prepend(connection, table, files)
    for table in ("recorded_candles", "built_candles"):
        as_table(connection, table)
    unite_candles(connection)
    connection.execute("DROP TABLE kept_wallets; DROP TABLE kept_coins")


def prepend(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    """Replace the table of the open lines by a view of the rows of sealed hours and its own."""
    connection.execute(f"CREATE TABLE {SCHEMA}.{table} AS FROM {table}; DROP TABLE {table}")
    described = connection.execute(f"DESCRIBE {SCHEMA}.{table}").fetchall()
    columns = [name for name, *_ in described]
    connection.execute(
        f"CREATE VIEW {table} AS SELECT {', '.join(map(_with_id, columns))} "
        f"FROM {parquet(files)} AS kept, {SCHEMA}.ids "
        f"UNION ALL SELECT {', '.join(columns)} FROM {SCHEMA}.{table}"
    )


def _with_id(column: str) -> str:
    if column == "coin_id":
        return "ids.coins[kept.coin_id + 1] AS coin_id"
    if column in WALLET_COLUMNS:
        return f"ids.wallets[kept.{column} + 1] AS {column}"
    return f"kept.{column}"


@contextmanager
def _numbering(
    connection: duckdb.DuckDBPyConnection, place: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database of its own, with the names so far; what it needs is freed afterwards."""
    with duckdb.connect(":memory:") as numbering:
        for name in ("memory_limit", "temp_directory", "threads"):
            value = connection.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]
            numbering.execute(f"SET {name} = {quoted(value)}")
        numbering.execute("SET enable_progress_bar = false")
        begin_reading(numbering)
        read_names(numbering, place, "")
        yield numbering


def _batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Divide hours into batches of about `BATCH_ROWS`."""
    batch: list[Path] = []
    n_rows = 0
    for path, n in _n_rows(paths).items():
        if batch and n_rows + n > BATCH_ROWS:
            yield batch
            batch, n_rows = [], 0
        batch.append(path)
        n_rows += n
    if batch:
        yield batch


def _n_rows(paths: Sequence[Path]) -> dict[Path, int]:
    """Return how many rows files have, from their ends; 0 where one is damaged."""
    if not paths:
        return {}
    with duckdb.connect() as connection:
        try:
            by_name = _ends(connection, paths)
        except duckdb.Error:
            by_name = {}
            for path in paths:
                with suppress(duckdb.Error):
                    by_name |= _ends(connection, [path])
    return {path: by_name.get(str(path), 0) for path in paths}


def _ends(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, int]:
    source = f"parquet_file_metadata({quoted_paths(paths)})"
    return dict(connection.execute(f"SELECT file_name, num_rows FROM {source}").fetchall())
