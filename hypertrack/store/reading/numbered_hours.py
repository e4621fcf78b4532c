"""Sealed hours as numbered rows, a few at a time: memory does not grow with the recording.

A batch of hours is read and numbered once, and kept as Parquet until one of its hours changes; an
hour that was sealed since is a batch of its own. Names are numbered in the order in which they
came, so that older batches stay true; views give the ids of a dataset, in the order of the text.
"""

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from hypertrack.records import HOUR_MS, Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.reading.dictionary import number_hours, number_rows, unite_candles
from hypertrack.store.reading.folder_lines import FolderLines, hour_name, hour_start_ms
from hypertrack.store.reading.prepared import as_table
from hypertrack.store.reading.raw_tables import (
    MACROS,
    READERS,
    Counts,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.recorded_lines import Version
from hypertrack.store.reading.truncation import BEGINS, ReadWindow
from hypertrack.store.sql import parquet, quoted

MANIFEST_NAME = "hours.json"
LOCK_NAME = "lock"

FORMAT = 1
"""Changes whenever rows are numbered otherwise, so that older batches are made anew."""

BATCH_ROWS = 2_000_000
"""Of one feed: so few that its strings fit into half a gigabyte, so many that numbering names
anew for every batch costs little."""

MADE: dict[Feed, tuple[str, ...]] = {
    Feed.TRADES: ("trades", "built_candles"),
    Feed.BBO: ("bbo",),
    Feed.CANDLES: ("recorded_candles",),
}
"""The tables that are made of each feed's hours; chains are few rows, and read as they are."""

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

WALLET_COLUMNS = ("buyer_id", "seller_id")


class Batch(Record, frozen=True):
    """Some sealed hours of a feed that were numbered together."""

    feed: Feed
    name: str
    hours: Version
    """Name, size and time of change of each."""
    n_read: int
    n_unread: int


class Manifest(Record, frozen=True):
    """The batches that are there, oldest hour first within a feed."""

    format: int
    batches: tuple[Batch, ...]


def count_sealed(lines: FolderLines) -> int:
    """Return the rows of all sealed trades, without reading them."""
    return sum(_n_rows(lines.sealed(Feed.TRADES)).values())


def load_hours(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    place: Path,
    window: ReadWindow,
) -> Counts:
    """Create the tables as `load_tables`, those of sealed hours as views of their batches.

    Args:
        place: Where batches are kept, and new ones are written; views read them there.

    Raises:
        DatasetError: A file could not be read at all.
        OSError: Nothing can be written there.
    """
    connection.execute(MACROS)
    while True:
        files = [feed_files(lines.folder, feed) for feed in MADE]
        counts, overlapping = read_open(connection, lines, window)
        with _sole_writer(place):
            batches = _extend(connection, lines, place, overlapping, window)
        if [feed_files(lines.folder, feed) for feed in MADE] == files:
            break  # else an hour was sealed meanwhile, and is missing or there twice
    for each in batches:
        n_read, n_unread = counts[each.feed]
        counts[each.feed] = (n_read + each.n_read, n_unread + each.n_unread)
    read_ledger(connection, lines, window)
    unnest_chains(connection)
    _read_names(connection, place)
    number_rows(connection)
    _unite(connection, place, batches)
    return counts


def read_open(
    connection: duckdb.DuckDBPyConnection, lines: FolderLines, window: ReadWindow
) -> tuple[Counts, dict[Feed, frozenset[str]]]:
    """Read the open files, and the sealed hours that they have lines of too.

    Returns:
        Lines read and not read, and by feed the names of these hours.
    """
    counts: Counts = {}
    overlapping: dict[Feed, frozenset[str]] = {}
    for feed in READERS:
        if feed not in MADE:
            counts[feed] = read_feed(connection, lines, feed, window)
            continue
        counts[feed] = read_feed(connection, lines.only(frozenset(), has_open=True), feed, window)
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
            counts[feed] = read_feed(connection, both, feed, window)
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
    known = _manifest(place)
    for feed in MADE:
        paths = [each for each in lines.sealed(feed) if hour_name(each) not in overlapping[feed]]
        now = {hour_name(path): (hour_name(path), *_stamp(path)) for path in paths}
        current = set(now.values())
        good = [
            each
            for each in known
            if each.feed == feed and current.issuperset(each.hours) and _is_there(place, each)
        ]
        done = {str(hour[0]) for each in good for hour in each.hours}
        kept += good
        new = [path for path in paths if hour_name(path) not in done]
        to_do += [(feed, batch) for batch in _batches(new)]
    if to_do:
        with _numbering(connection, place) as numbering:
            for feed, paths in to_do:
                kept.append(_number(numbering, lines, place, feed, paths, window))
                _write_names(numbering, place)
                _write_manifest(place, kept)
        _forget_others(place, kept)
    return sorted(kept, key=lambda each: (each.feed, each.hours))


def _number(
    connection: duckdb.DuckDBPyConnection,
    lines: FolderLines,
    place: Path,
    feed: Feed,
    paths: Sequence[Path],
    window: ReadWindow,
) -> Batch:
    names = frozenset(map(hour_name, paths))
    hours = tuple((hour_name(path), *_stamp(path)) for path in paths)
    n_read, n_unread = read_feed(connection, lines.only(names, has_open=False), feed, window)
    number_hours(connection, feed)
    connection.execute(f"DROP TABLE IF EXISTS raw_{feed}")
    # Never the name of an older batch: another process may be reading that.
    digest = hashlib.blake2b(encode_json(hours), digest_size=6).hexdigest()
    batch = Batch(feed, f"{min(names)}_{digest}", hours, n_read, n_unread)
    for table in MADE[feed]:
        target = _file(place, table, batch)
        target.parent.mkdir(exist_ok=True)
        connection.execute(
            f"COPY {table} TO {quoted(target)} (FORMAT parquet, COMPRESSION lz4_raw)"
        )
        connection.execute(f"DROP TABLE {table}")
    return batch


def _unite(connection: duckdb.DuckDBPyConnection, place: Path, batches: Sequence[Batch]) -> None:
    """Let each table be that of all batches and of the open lines."""
    connection.execute(KEPT_IDS)
    for feed, tables in MADE.items():
        for table in tables:
            files = [_file(place, table, each) for each in batches if each.feed == feed]
            if files:
                _prepend(connection, table, files)
    for table in ("recorded_candles", "built_candles"):
        as_table(connection, table)
    unite_candles(connection)
    connection.execute("DROP TABLE kept_wallets; DROP TABLE kept_coins")


def _prepend(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    """Replace the table of the open lines by a view of the batches' rows and its own."""
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
        numbering.execute(MACROS)
        _read_names(numbering, place, "")
        yield numbering


def _read_names(connection: duckdb.DuckDBPyConnection, place: Path, prefix: str = "kept_") -> None:
    for table, column in (("wallets", "wallet"), ("coins", "coin")):
        path = place / f"{table}.parquet"
        nothing = f"(SELECT NULL::INTEGER AS {column}_id, NULL::VARCHAR AS {column} WHERE false)"
        source = parquet([path]) if path.exists() else nothing
        connection.execute(f"CREATE TABLE {prefix}{table} AS FROM {source}")


def _write_names(connection: duckdb.DuckDBPyConnection, place: Path) -> None:
    for table in ("wallets", "coins"):
        part = place / f"{table}.parquet.part"
        connection.execute(f"COPY {table} TO {quoted(part)} (FORMAT parquet)")
        part.replace(place / f"{table}.parquet")


def _manifest(place: Path) -> tuple[Batch, ...]:
    """Return the batches that were kept; none where there are none, or some that we cannot use."""
    try:
        kept = decode_json((place / MANIFEST_NAME).read_bytes(), Manifest)
    except (OSError, JsonError):
        kept = None
    names = [place / f"{table}.parquet" for table in ("wallets", "coins")]
    if kept and kept.format == FORMAT and all(path.exists() for path in names):
        return kept.batches
    for path in names:
        path.unlink(missing_ok=True)
    return ()


def _is_there(place: Path, batch: Batch) -> bool:
    return all(_file(place, table, batch).exists() for table in MADE[batch.feed])


def _write_manifest(place: Path, batches: Sequence[Batch]) -> None:
    part = place / f"{MANIFEST_NAME}.part"
    part.write_bytes(encode_json(Manifest(FORMAT, tuple(batches))))
    part.replace(place / MANIFEST_NAME)


def _forget_others(place: Path, batches: Sequence[Batch]) -> None:
    """Delete the files of batches whose hours have changed."""
    files = {_file(place, table, each) for each in batches for table in MADE[each.feed]}
    for table in (table for tables in MADE.values() for table in tables):
        for path in (place / table).glob("*_*.parquet"):
            if path not in files:
                path.unlink()


@contextmanager
def _sole_writer(place: Path) -> Iterator[None]:
    """Wait until no other process writes batches there."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / LOCK_NAME).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    """Return how many rows files have, from their ends."""
    if not paths:
        return {}
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT file_name, num_rows FROM {parquet(paths)}".replace(
                "read_parquet", "parquet_file_metadata"
            )
        )
        by_name = dict(found.fetchall())
    return {path: by_name[str(path)] for path in paths}


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _file(place: Path, table: str, batch: Batch) -> Path:
    return place / table / f"{batch.name}.parquet"
