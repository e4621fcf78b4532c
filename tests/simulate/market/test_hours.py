"""A market written as sealed hours is what its lines become when they are sealed."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hypertrack.config import SimulateSettings
from hypertrack.records import MINUTE_MS, Feed
from hypertrack.simulate.market import hours
from hypertrack.simulate.market.bulk import write_dataset
from hypertrack.simulate.market.hours import write_hours
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.text_columns import decimal_texts, number_texts
from hypertrack.store.compaction.checksums import is_intact
from hypertrack.store.compaction.new_hours import NewHours
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.compaction.sealed_rows import LAYOUTS
from hypertrack.store.dataset import TABLES, open_dataset

SETTINGS = SimulateSettings(wallets=600, hours=0.1, trades_per_second=6, coins=9, seed=6)
"""Six minutes, of two hours."""
BEGIN_MS = START_MS + 57 * MINUTE_MS
FIRST = "2026-01-05T00.parquet"

Folders = tuple[Path, Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The market written sealed, some rows at a time, and written as lines and then sealed."""
    folder = tmp_path_factory.mktemp("hours")
    market = Market(SETTINGS, BEGIN_MS)
    with pytest.MonkeyPatch.context() as patch, NewHours(folder / "sealed") as sealed:
        patch.setattr(hours, "TABLE_ROWS", 200)
        for _ in write_hours(market, folder / "sealed", sealed):
            pass
        sealed.put_in_force()
    for _ in write_dataset(market, folder / "lines"):
        pass
    list(seal_folder(folder / "lines"))
    return folder / "sealed", folder / "lines"


def test_reader_finds_the_same_tables(folders: Folders) -> None:
    rows = []
    for folder in folders:
        with open_dataset(folder) as dataset:
            found = {
                name: dataset.connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
                for name in TABLES
            }
            rows.append(found)

    sealed, lines = rows
    assert len(sealed["trades"]) > 1_000
    assert all(sealed[name] for name in ("bbo", "candles", "evm_transactions", "coverage"))
    assert sealed == lines


@pytest.mark.parametrize(
    "feed", [feed for feed in Feed if feed not in {Feed.L2BOOK, Feed.CONTEXTS}]
)
def test_hour_that_is_over_has_the_same_rows_in_the_same_order(
    folders: Folders, feed: Feed
) -> None:
    sealed, lines = (parquet.read_table(folder / "sealed" / feed / FIRST) for folder in folders)

    assert sealed.schema.remove_metadata() == _nullable(lines.schema)
    keys = [*LAYOUTS[feed].order, "received_ns"]
    assert sealed.select(keys) == lines.select(keys).cast(sealed.select(keys).schema)
    assert sorted(map(str, sealed.to_pylist())) == sorted(map(str, lines.to_pylist()))


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])


def test_the_last_hour_is_sealed_too_and_checksums_hold(folders: Folders) -> None:
    sealed, _ = folders

    files = sorted(path.name for path in (sealed / "sealed" / "trades").iterdir())
    assert files == [
        *(FIRST, f"{FIRST}.sha256", "2026-01-05T01.parquet", "2026-01-05T01.parquet.sha256"),
    ]
    assert not list(sealed.glob("*.jsonl.part"))
    assert sorted(path.name for path in sealed.iterdir()) == ["coverage.jsonl", "sealed"]
    hours_of_all = list(sealed.rglob("*.parquet"))
    assert len(hours_of_all) == 2 * 5
    assert all(is_intact(path, path) for path in hours_of_all)
    assert parquet.ParquetFile(sealed / "sealed" / "trades" / FIRST).num_row_groups > 2


def test_stopped_writing_leaves_no_dataset(tmp_path: Path) -> None:
    market = Market(SETTINGS, BEGIN_MS)

    with pytest.raises(KeyboardInterrupt), NewHours(tmp_path) as sealed:
        for progress in write_hours(market, tmp_path, sealed):
            if progress.n_trades > 500:
                raise KeyboardInterrupt

    assert (tmp_path / "sealed" / "trades").is_dir()  # an hour was written, and taken back
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


class FullDisk:
    """Has no room for any hour."""

    def write(self, feed: Feed, hour: int, tables: Iterator[pa.Table]) -> None:
        raise OSError(errno.ENOSPC, f"no room for {feed} of {hour}: {sum(1 for _ in tables)}")


def test_full_disk_is_told_at_the_latest_when_the_market_is_over(tmp_path: Path) -> None:
    market = Market(SETTINGS, BEGIN_MS)

    with pytest.raises(OSError, match="no room for trades"):
        for _ in write_hours(market, tmp_path, FullDisk()):
            pass

    assert not (tmp_path / "coverage.jsonl").exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("one-behind")]


def test_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    table = pa.table({"received_ns": [1], "coin": ["BTC"]})

    with pytest.raises(ValueError, match="schema"), NewHours(tmp_path) as sealed:
        sealed.write(Feed.TRADES, 1, [table])

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_decimals_are_written_as_in_lines() -> None:
    small = [84143.0, 0.00036, 0.000071, 1e-08, 0.1, 2296.4, 1e-5, 0.0, 123456.789]
    large = [250_000_000.0, 9_999_999_999.5, 1e10, 12_345_678_901.5, 3e15]
    values = np.array([*small, *large])
    random = np.round(np.random.default_rng(1).lognormal(0, 6, 2_000), 6)

    for numbers in (values, random):
        assert decimal_texts(numbers).to_pylist() == number_texts(numbers)


def test_minute_that_is_not_whole_has_no_candle(folders: Folders, tmp_path: Path) -> None:
    times = rows_of(folders[0], Feed.TRADES)["time"].to_numpy()
    ends_ms = np.sort(times)[999]

    with NewHours(tmp_path) as sealed:
        writing = write_hours(Market(SETTINGS, BEGIN_MS), tmp_path, sealed, 1_000)
        *_, last = writing
        sealed.put_in_force()

    counts = rows_of(tmp_path, Feed.CANDLES)["n"].to_numpy()
    assert last.n_trades == 1_000
    assert counts.sum() == (times < ends_ms // MINUTE_MS * MINUTE_MS).sum() < 1_000


def rows_of(folder: Path, feed: Feed) -> pa.Table:
    return parquet.read_table(sorted((folder / "sealed" / feed).glob("*.parquet")))
