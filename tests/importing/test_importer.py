"""The ledger says what files observed; the same file twice adds nothing; nothing is in silence."""

from pathlib import Path
from typing import Any

import pytest
from archive_fakes import block, both_fills, fill, node_trade, read_lines, write_lines
from fakes import START_MS, observed, write_dataset
from import_fakes import imported

from hypertrack.errors import DatasetError
from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

HOUR_MS = 3_600_000


def hour_file(folder: Path, hour: int, *lines: object) -> Path:
    return write_lines(folder / "node_fills_by_block" / "20260105" / f"{hour}.lz4", lines)


def coverage(folder: Path) -> list[tuple[Any, ...]]:
    return [
        (line["stream"], line["status"], line["start_ms"] - START_MS, line["end_ms"] - START_MS)
        for line in read_lines(folder / "coverage.jsonl")
    ]


def test_neighbouring_hours_are_one_observed_interval_of_every_coin(tmp_path: Path) -> None:
    hour_file(tmp_path, 8, block(both_fills(time_ms=START_MS + 5), START_MS + 5))
    later = START_MS + HOUR_MS + 9
    hour_file(tmp_path, 9, block(both_fills(coin="ETH", time_ms=later), later))

    imported(tmp_path / "data", tmp_path / "node_fills_by_block")

    assert coverage(tmp_path / "data") == [
        ("trades:BTC", "observed", 0, 2 * HOUR_MS),
        ("trades:ETH", "observed", 0, 2 * HOUR_MS),
    ]


def test_file_of_no_hour_observed_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    source = write_lines(
        tmp_path / "b", [block([], START_MS + 3), block(both_fills(), START_MS + 7)]
    )

    imported(tmp_path / "data", source)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 3, 8)]


def test_hour_that_ends_torn_is_observed_until_then(tmp_path: Path) -> None:
    path = hour_file(tmp_path, 8, block(both_fills()), block([], START_MS + 60_000), "torn")

    report = imported(tmp_path / "data", path)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, 60_001)]
    assert report.files[0].is_torn


def test_unreadable_line_is_quarantined_and_leaves_a_gap(tmp_path: Path) -> None:
    path = hour_file(tmp_path, 8, block(both_fills()), ["what"], block([], START_MS + 75))

    report = imported(tmp_path / "data", path)

    (kept,) = read_lines(tmp_path / "data" / "quarantine.jsonl")
    assert report.counts["quarantined"] == 1
    assert kept["frame"] == '["what"]'
    assert kept["reason"].startswith(f"line 2 of {path}: ")
    assert ("trades", "gap", 0, 75) in coverage(tmp_path / "data")
    assert ("trades:BTC", "observed", 0, HOUR_MS) in coverage(tmp_path / "data")


def test_name_of_another_hour_than_the_content_is_not_believed(tmp_path: Path) -> None:
    path = hour_file(tmp_path, 3, block(both_fills()))

    imported(tmp_path / "data", path)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, 1)]


def test_same_file_again_adds_nothing(tmp_path: Path) -> None:
    first = hour_file(tmp_path, 8, block(both_fills()))
    imported(tmp_path / "data", first)
    names = ("trades.jsonl", "fills.jsonl", "coverage.jsonl", "imports.jsonl")
    before = [(tmp_path / "data" / name).read_bytes() for name in names]
    copy = tmp_path / "copy.lz4"
    copy.write_bytes(first.read_bytes())

    report = imported(tmp_path / "data", first, copy, mode="append")

    assert [left.reason for left in report.left_out] == ["imported before"] * 2
    assert [(tmp_path / "data" / name).read_bytes() for name in names] == before


def test_fills_for_an_hour_of_node_trades_are_left_out(tmp_path: Path) -> None:
    trades = write_lines(tmp_path / "node_trades" / "20260105" / "8", [node_trade()])
    imported(tmp_path / "data", trades)

    report = imported(tmp_path / "data", hour_file(tmp_path, 8, block(both_fills())), mode="append")

    assert len(report.left_out) == 1
    assert len(read_lines(tmp_path / "data" / "trades.jsonl")) == 1


def test_archive_fills_what_a_recording_missed(tmp_path: Path) -> None:
    data = write_dataset(
        tmp_path / "data",
        coverage=[
            observed("trades:BTC", START_MS, START_MS + 100),
            observed("trades:BTC", START_MS + 100, START_MS + 300, status="disconnected", missed=4),
            observed("trades:BTC", START_MS + 300, START_MS + HOUR_MS + 50),
            observed("trades:BTC", START_MS + HOUR_MS + 50, START_MS + HOUR_MS + 90, status="gap"),
        ],
    )

    imported(data, hour_file(tmp_path, 8, block(both_fills())), mode="append")

    assert sorted(coverage(data), key=lambda line: line[2]) == [
        ("trades:BTC", "observed", 0, 100),
        ("trades:BTC", "observed", 100, 300),
        ("trades:BTC", "observed", 300, HOUR_MS + 50),
        ("trades:BTC", "gap", HOUR_MS + 50, HOUR_MS + 90),
    ]


def test_data_that_was_there_moves_to_the_archive(tmp_path: Path) -> None:
    source = hour_file(tmp_path, 8, block(both_fills()))
    imported(tmp_path / "data", source)

    report = imported(tmp_path / "data", source)

    assert report.archived is not None
    moved = {path.name for path in Path(report.archived).iterdir()}
    assert moved == {"trades.jsonl", "fills.jsonl", "coverage.jsonl", "imports.jsonl"}
    assert len(read_lines(tmp_path / "data" / "trades.jsonl")) == 1


def test_recorder_and_import_never_write_together(tmp_path: Path) -> None:
    source = hour_file(tmp_path, 8, block(both_fills()))

    with (
        open_session(tmp_path / "data"),
        pytest.raises(DatasetError, match="is being recorded to"),
    ):
        imported(tmp_path / "data", source)


def test_import_that_is_stopped_has_the_files_it_read_whole(tmp_path: Path) -> None:
    hour_file(tmp_path, 8, block(both_fills()))
    hour_file(tmp_path, 9, block([fill()], START_MS + HOUR_MS))
    files, _ = find_files([tmp_path / "node_fills_by_block"])

    with open_session(tmp_path / "data") as session:
        running = Importer(session, files).run()
        next(running)
        running.close()

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, HOUR_MS)]
    assert len(read_lines(tmp_path / "data" / "imports.jsonl")) == 1
    with open_dataset(tmp_path / "data") as dataset:
        assert dataset.summary().n_trades == 1
