"""Numbered hours as they are kept on disk: Parquet by batch, the names so far, and a manifest."""

import fcntl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from hypertrack.records import Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.reading.prepared import is_whole
from hypertrack.store.reading.readers import unread
from hypertrack.store.reading.recorded_lines import Version
from hypertrack.store.sql import parquet, quoted

MANIFEST_NAME = "hours.json"
LOCK_NAME = "lock"
READERS_NAME = "readers"

FORMAT = 2
"""Changes whenever rows are numbered otherwise, so that older batches are made anew."""

MADE: dict[Feed, tuple[str, ...]] = {
    Feed.TRADES: ("trades", "built_candles"),
    Feed.BBO: ("bbo",),
    Feed.CANDLES: ("recorded_candles",),
    Feed.TRANSACTIONS: ("evm_transactions", "erc20_transfers"),
}
"""The tables that are made of each feed's hours."""


class Batch(Record, frozen=True):
    """Some sealed hours of a feed that were numbered together."""

    feed: Feed
    name: str
    hours: Version
    """Name, size and time of change of each."""
    n_read: int
    unread: tuple[tuple[str, int], ...]
    """Rows left out, by what is wrong with them."""


class Manifest(Record, frozen=True):
    """The batches that are there, oldest hour first within a feed."""

    format: int
    batches: tuple[Batch, ...]


def read_names(connection: duckdb.DuckDBPyConnection, place: Path, prefix: str = "kept_") -> None:
    """Create the tables of names so far, empty where there are none."""
    for table, column in (("wallets", "wallet"), ("coins", "coin")):
        path = place / f"{table}.parquet"
        nothing = f"(SELECT NULL::INTEGER AS {column}_id, NULL::VARCHAR AS {column} WHERE false)"
        source = parquet([path]) if path.exists() else nothing
        connection.execute(f"CREATE TABLE {prefix}{table} AS FROM {source}")


def write_names(connection: duckdb.DuckDBPyConnection, place: Path) -> None:
    """Keep the names that were numbered so far."""
    for table in ("wallets", "coins"):
        part = place / f"{table}.parquet.part"
        connection.execute(f"COPY {table} TO {quoted(part)} (FORMAT parquet)")
        part.replace(place / f"{table}.parquet")


def read_manifest(place: Path) -> tuple[Batch, ...]:
    """Return the batches that were kept; none where there are none, or some that we cannot use."""
    try:
        kept = decode_json((place / MANIFEST_NAME).read_bytes(), Manifest)
    except (OSError, JsonError):
        kept = None
    names = [place / f"{table}.parquet" for table in ("wallets", "coins")]
    if kept and kept.format == FORMAT and all(map(is_whole, names)):
        return kept.batches
    for path in names:
        path.unlink(missing_ok=True)
    return ()


def is_there(place: Path, batch: Batch) -> bool:
    """Return whether all files of a batch are there, to their ends."""
    return all(is_whole(batch_file(place, table, batch)) for table in MADE[batch.feed])


def write_manifest(place: Path, batches: Sequence[Batch]) -> None:
    """Keep what batches there are."""
    part = place / f"{MANIFEST_NAME}.part"
    part.write_bytes(encode_json(Manifest(FORMAT, tuple(batches))))
    part.replace(place / MANIFEST_NAME)


def forget_others(place: Path, batches: Sequence[Batch], stretches: Collection[str]) -> None:
    """Delete the files of hours that have changed, unless somebody may be reading them.

    Then whoever makes the next batch does.

    Args:
        batches: Those that are as their hours are now.
        stretches: Names of the files that were made of these; of each the last one is kept.
    """
    files = {batch_file(place, table, each) for each in batches for table in MADE[each.feed]}
    numbered = {table for tables in MADE.values() for table in tables}
    with unread(place / READERS_NAME) as is_unread:
        found = list(place.glob("*/*_*.parquet")) if is_unread else []
        made = [path for path in found if path.parent.name not in numbered]
        last = {
            (path.parent, path.name.partition(".")[0]): path
            for path in sorted(made, key=lambda path: path.stat().st_mtime_ns)
        }
        files |= {path for (_, name), path in last.items() if name in stretches}
        for path in set(found) - files:
            path.unlink()
    for path in place.glob("*/*.part"):  # of who was killed while it wrote
        path.unlink()


@contextmanager
def sole_writer(place: Path) -> Iterator[None]:
    """Wait until no other process writes batches there."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / LOCK_NAME).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def hour_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change of a sealed hour."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def batch_file(place: Path, table: str, batch: Batch) -> Path:
    """Return where the rows of a batch are kept."""
    return place / table / f"{batch.name}.parquet"
