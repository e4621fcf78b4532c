"""A recording to be sealed, and what readers see of it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    candle,
    observed,
    quote,
    trade,
    write_dataset,
)
from pyarrow import parquet

from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.commit_journal import sealed_hours
from hypertrack.store.compaction.sealed_hours import SealedFeed, seal_folder
from hypertrack.store.compaction.sealed_rows import line_of
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

TABLES = ("wallets", "coins", "trades", "bbo", "candles", "coverage")


Line = dict[str, Any]


def trades_of(n_hours: int = 3) -> list[Line]:
    """Return four trades of two coins in each hour, a quarter of an hour apart."""
    return [
        trade(
            START_MS + nth * HOUR_MS // 4,
            buyer=(ALICE, BOB)[nth % 2],
            seller=CAROL,
            taker=CAROL,
            coin=("ETH", "BTC")[nth % 2],
            trade_id=nth + 1,
        )
        for nth in range(4 * n_hours)
    ]


def three_hours(tmp_path: Path) -> Path:
    """Write three hours of three feeds; return the folder."""
    hours = [START_MS + nth * HOUR_MS for nth in range(3)]
    return write_dataset(
        tmp_path / "it's [a] folder",
        trades=trades_of(),
        bbo=[quote(at, bid, 101.0) for at in hours for bid in (99.0, None)],
        candles=[candle(at, prices=(1, 4, 0.5, 2)) for at in hours],
        coverage=[observed("trades:BTC", START_MS, START_MS + 3 * HOUR_MS)],
    )


def seen(folder: Path) -> tuple[Any, ...]:
    """Return all that readers see."""
    with open_dataset(folder) as dataset:
        tables = [
            dataset.connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES
        ]
        return (tables, dataset.summary())


def seal(folder: Path) -> dict[Feed, SealedFeed]:
    """Seal what is finished; return what was done by feed."""
    with open_session(folder, "append"):
        return {done.feed: done for done in seal_folder(folder)}


def made_again(folder: Path, feed: Feed) -> list[str]:
    """Return the lines that sealed rows are made into again, sorted."""
    return sorted_lines(
        json.loads(line_of(row))
        for path in sealed_hours(folder, feed)
        for row in parquet.read_table(path).to_pylist()
    )


def lines_of(folder: Path, feed: Feed) -> list[Line]:
    """Return the lines of a feed that are still open."""
    return [json.loads(line) for line in (folder / f"{feed}.jsonl").read_bytes().splitlines()]


def sorted_lines(lines: Iterable[Line]) -> list[str]:
    """Return lines as text, sorted."""
    return sorted(json.dumps(line, sort_keys=True) for line in lines)
