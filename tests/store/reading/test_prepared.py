"""Tables kept beside a dataset: as good as reading it anew, and never older than its lines."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset

from hypertrack.store import dataset as dataset_room
from hypertrack.store.dataset import TABLES, Dataset, open_dataset
from hypertrack.store.reading.prepared import FOLDER_NAME, MANIFEST_NAME

TRADES = [
    trade(START_MS + i, buyer=ALICE, seller=(BOB, CAROL)[i % 2], taker=ALICE, price=100.0 + i)
    for i in range(4)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a dataset that is prepared, small as it is."""
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 1)
    folder = write_dataset(tmp_path / "it's data", trades=TRADES)
    with open_dataset(folder) as dataset:
        dataset.prepare()
    return folder


def rows_of(dataset: Dataset) -> dict[str, list[Any]]:
    return {name: dataset.connection.execute(f"FROM {name}").fetchall() for name in TABLES}


def is_read_from_prepared(dataset: Dataset) -> bool:
    found = dataset.connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal")
    return bool(found.fetchall()[0][0])


def test_prepared_tables_are_those_that_reading_makes(folder: Path, tmp_path: Path) -> None:
    copy = write_dataset(tmp_path / "copy", trades=TRADES)
    with open_dataset(folder) as prepared, open_dataset(copy) as read:
        assert is_read_from_prepared(prepared)
        assert not is_read_from_prepared(read)
        assert rows_of(prepared) == rows_of(read)
        assert prepared.summary() == msgspec.structs.replace(read.summary(), path=str(folder))


def test_loaded_tables_have_the_same_rows_in_the_same_order(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        before = rows_of(dataset)
        dataset.load()

        assert not is_read_from_prepared(dataset)
        assert rows_of(dataset) == before


def test_an_added_line_is_read(folder: Path) -> None:
    with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(trade(START_MS + 9, buyer=BOB, seller=CAROL, taker=BOB)) + "\n")

    with open_dataset(folder) as dataset:
        assert not is_read_from_prepared(dataset)
        assert len(rows_of(dataset)["trades"]) == 5
        dataset.prepare()
    with open_dataset(folder) as dataset:
        assert is_read_from_prepared(dataset)
        assert len(rows_of(dataset)["trades"]) == 5


def test_a_line_that_was_edited_is_read(folder: Path) -> None:
    path = folder / "trades.jsonl"
    path.write_text(path.read_text().replace('"px":"100.0"', '"px":"900.0"'), encoding="utf-8")

    with open_dataset(folder) as dataset:
        assert not is_read_from_prepared(dataset)
        assert max(row[3] for row in rows_of(dataset)["trades"]) == 900.0


def test_lines_added_while_it_was_open_prepare_nothing(folder: Path) -> None:
    (folder / FOLDER_NAME / "tables" / MANIFEST_NAME).unlink()
    with open_dataset(folder) as dataset:
        with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(trade(START_MS + 9, buyer=BOB, seller=CAROL, taker=BOB)) + "\n")
        dataset.prepare()

    assert not (folder / FOLDER_NAME / "tables" / MANIFEST_NAME).exists()


@pytest.mark.parametrize("text", ["", "{", '{"format": 0}', "[]"])
def test_what_we_did_not_write_is_not_used(folder: Path, text: str) -> None:
    (folder / FOLDER_NAME / "tables" / MANIFEST_NAME).write_text(text, encoding="utf-8")

    with open_dataset(folder) as dataset:
        assert not is_read_from_prepared(dataset)


def test_what_a_crash_cut_short_is_not_used(folder: Path) -> None:
    table = folder / FOLDER_NAME / "tables" / "bbo" / "0.parquet"
    table.write_bytes(table.read_bytes()[:-1])

    with open_dataset(folder) as dataset:
        assert not is_read_from_prepared(dataset)
        assert len(rows_of(dataset)["trades"]) == 4


def test_a_cut_is_read_from_the_lines(folder: Path) -> None:
    with open_dataset(folder, until_ms=START_MS + 2) as dataset:
        assert len(rows_of(dataset)["trades"]) == 2
        dataset.prepare()
    with open_dataset(folder) as dataset:
        assert len(rows_of(dataset)["trades"]) == 4


def test_a_small_dataset_is_not_prepared(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", trades=TRADES)
    with open_dataset(folder) as dataset:
        dataset.prepare()

    assert [path.name for path in folder.iterdir()] == ["trades.jsonl"]


def test_what_is_prepared_anew_leaves_the_tables_to_who_is_reading_them(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        before = rows_of(dataset)
        with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(trade(START_MS + 9, buyer=BOB, seller=CAROL, taker=BOB)) + "\n")

        with open_dataset(folder) as later:
            later.prepare()

        assert is_read_from_prepared(dataset)
        assert rows_of(dataset) == before
    with open_dataset(folder) as later:
        later.prepare()
    with open_dataset(folder) as prepared:
        assert is_read_from_prepared(prepared)
        assert len(rows_of(prepared)["trades"]) == len(before["trades"]) + 1
