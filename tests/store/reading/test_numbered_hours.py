"""Sealed hours that are numbered in batches: the same tables, and nothing done twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade, write_dataset

from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.store import dataset as dataset_room
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import TABLES, Dataset, open_dataset
from hypertrack.store.reading import numbered_hours

HOURS = Path("prepared/hours")


def trades(n_hours: int) -> list[dict[str, Any]]:
    """Return three trades an hour; each hour has a wallet of its own, named before the others."""
    lines = []
    for hour in range(n_hours):
        late = f"0x{9 - hour}{'0' * 39}"
        for at, (buyer, seller) in enumerate([(CAROL, BOB), (BOB, late), (late, ALICE)]):
            time_ms = START_MS + hour * HOUR_MS + at * MINUTE_MS
            lines.append(
                trade(time_ms, buyer=buyer, seller=seller, taker=seller, price=100.0 + hour + at)
            )
    return lines


def quotes(n_hours: int) -> list[dict[str, Any]]:
    return [quote(START_MS + hour * HOUR_MS, 99.0 + hour, 101.0 + hour) for hour in range(n_hours)]


@pytest.fixture(autouse=True)
def _in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 3)
    monkeypatch.setattr(numbered_hours, "BATCH_ROWS", 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return five hours, of which four are sealed."""
    folder = write_dataset(tmp_path / "it's [data]", trades=trades(5), bbo=quotes(5))
    list(seal_folder(folder))
    return folder


def rows_of(dataset: Dataset) -> dict[str, list[Any]]:
    return {name: dataset.connection.execute(f"FROM {name}").fetchall() for name in TABLES}


def read_at_once(tmp_path: Path, n_hours: int, **window: int) -> dict[str, list[Any]]:
    """Return the tables of the same lines, unsealed."""
    path = tmp_path / f"unsealed-{n_hours}-{len(window)}"
    with open_dataset(
        write_dataset(path, trades=trades(n_hours), bbo=quotes(n_hours)), **window
    ) as dataset:
        return rows_of(dataset)


def batches(folder: Path) -> dict[str, int]:
    """Return the files of all batches, with their time of change."""
    files = (folder / HOURS / "trades").iterdir()
    return {path.name: path.stat().st_mtime_ns for path in files}


def test_batches_make_the_tables_that_reading_at_once_makes(folder: Path, tmp_path: Path) -> None:
    with open_dataset(folder) as dataset:
        found, summary = rows_of(dataset), dataset.summary()

    assert found == read_at_once(tmp_path, 5)
    assert summary.n_trades == 15
    assert len(batches(folder)) == 2


def test_names_are_in_the_order_of_the_text_whenever_they_came(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        wallets = dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
        found = [wallet for (wallet,) in wallets.fetchall()]

    assert len(found) == 8
    assert found == sorted(found)


def test_an_hour_sealed_since_is_the_only_one_read(folder: Path, tmp_path: Path) -> None:
    open_dataset(folder).close()
    before = batches(folder)
    more = write_dataset(tmp_path / "more", trades=trades(6)[12:], bbo=quotes(6)[4:])
    for name in ("trades.jsonl", "bbo.jsonl"):
        (more / name).replace(folder / name)
    list(seal_folder(folder))

    with open_dataset(folder) as dataset:
        found = rows_of(dataset)

    after = batches(folder)
    assert found == read_at_once(tmp_path, 6)
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_an_hour_that_changed_is_read_anew(folder: Path) -> None:
    open_dataset(folder).close()
    before = batches(folder)
    with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
        late = trade(START_MS + 90_500, buyer=ALICE, seller=BOB, taker=BOB, price=7.0)
        file.write(json.dumps(late) + "\n")
    list(seal_folder(folder))

    with open_dataset(folder) as dataset:
        found = dataset.connection.execute("SELECT count(*) FROM trades WHERE price = 7").fetchall()

    assert found == [(1,)]
    assert len(set(batches(folder)) & set(before)) == 1


def test_an_open_line_of_a_sealed_hour_counts_once(folder: Path, tmp_path: Path) -> None:
    with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(trades(1)[0]) + "\n")

    with open_dataset(folder) as dataset:
        found = rows_of(dataset)

    expected = read_at_once(tmp_path, 5)
    assert {name: sorted(map(str, rows)) for name, rows in found.items()} == {
        name: sorted(map(str, rows)) for name, rows in expected.items()
    }  # rows of the open file come last


def test_hours_outside_a_window_are_not_opened(folder: Path, tmp_path: Path) -> None:
    for hour in ("08", "11"):
        (folder / f"sealed/trades/2026-01-05T{hour}.parquet").write_bytes(b"unreadable")
    window = {"since_ms": START_MS + HOUR_MS + 1, "until_ms": START_MS + 3 * HOUR_MS}

    with open_dataset(folder, **window) as dataset:
        found = rows_of(dataset)

    assert found == read_at_once(tmp_path, 5, **window)
    assert len(found["trades"]) == 5
    assert not (folder / HOURS).exists()


def test_nothing_is_kept_where_it_is_not_wanted(folder: Path, tmp_path: Path) -> None:
    with open_dataset(folder, keep_prepared=False) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)

    assert not (folder / "prepared").exists()


def test_a_folder_that_takes_nothing_is_read_all_the_same(folder: Path, tmp_path: Path) -> None:
    (folder / "prepared").write_text("in the way", encoding="utf-8")

    with open_dataset(folder) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)


@pytest.mark.parametrize("lost", ["wallets.parquet", "hours.json", "trades/*.parquet"])
def test_what_was_lost_of_the_kept_rows_is_made_anew(
    folder: Path, tmp_path: Path, lost: str
) -> None:
    open_dataset(folder).close()
    next((folder / HOURS).glob(lost)).unlink()

    with open_dataset(folder) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)
