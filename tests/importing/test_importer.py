"""The ledger says what files observed; the same file twice adds nothing; nothing is in silence."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from archive_fakes import block, both_fills, fill, iso, node_trade, read_lines, write_lines
from fakes import START_MS, observed, rate, write_dataset
from import_fakes import imported

from hypertrack.errors import DatasetError
from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

HOUR_MS = 3_600_000


def hour_file(folder: Path, hour: int, *lines: object) -> Path:
    return write_lines(folder / "node_fills_by_block" / "20260105" / f"{hour}.lz4", lines)


def whole_hour(folder: Path) -> Path:
    return hour_file(folder, 8, block(both_fills()), block([], START_MS + HOUR_MS - 1, 1_001))


def coverage(folder: Path) -> list[tuple[Any, ...]]:
    return [
        (line["stream"], line["status"], line["start_ms"] - START_MS, line["end_ms"] - START_MS)
        for line in read_lines(folder / "coverage.jsonl")
    ]


def test_neighbouring_hours_are_one_observed_interval_of_every_coin(tmp_path: Path) -> None:
    first, last = START_MS + 5, START_MS + HOUR_MS - 9
    hour_file(tmp_path, 8, block(both_fills(time_ms=first), first, 7), block([], last, 8))
    first, last = START_MS + HOUR_MS + 9, START_MS + 2 * HOUR_MS - 1
    fills = both_fills(coin="ETH", time_ms=first)
    hour_file(tmp_path, 9, block(fills, first, 9), block([], last, 10))

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
    end = block([], START_MS + HOUR_MS - 1, 1_003)
    path = hour_file(
        tmp_path, 8, block(both_fills()), ["what"], block([], START_MS + 75, 1_002), end
    )

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

    imported(data, whole_hour(tmp_path), mode="append")

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
    whole_hour(tmp_path)
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


def blocks(numbers: Iterable[int], step_ms: int = 1_000) -> list[dict[str, Any]]:
    """Return blocks without fills but the first, of these numbers, evenly in time."""
    first, *others = numbers
    return [
        block(both_fills(), START_MS, first),
        *(block([], START_MS + (n - first) * step_ms, n) for n in others),
    ]


def test_numbers_that_jump_are_a_hole_from_the_last_block_to_the_next(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "b", blocks([1, 2, 3, 4, 6, 7]))

    imported(tmp_path / "data", source)

    assert coverage(tmp_path / "data") == [
        ("trades:BTC", "observed", 0, 3_001),
        ("trades:BTC", "observed", 5_000, 6_001),
        ("trades", "gap", 3_000, 5_000),
    ]
    assert read_lines(tmp_path / "data" / "coverage.jsonl")[2]["cause"] == "hole"


def test_file_without_its_empty_blocks_has_a_hole_where_far_more_are_missing(
    tmp_path: Path,
) -> None:
    # Every 14th block, one a second, as a file without the blocks without fills; then 49 minutes
    # of nothing.
    numbers = [*range(1_000, 1_840, 14), *range(43_000, 43_840, 14)]
    path = hour_file(tmp_path, 8, *blocks(numbers, step_ms=70))

    imported(tmp_path / "data", path)

    last_ms, next_ms = (1_826 - 1_000) * 70, (43_000 - 1_000) * 70
    assert ("trades", "gap", last_ms, next_ms) in coverage(tmp_path / "data")
    assert [line[2:] for line in coverage(tmp_path / "data") if line[1] == "observed"] == [
        (0, last_ms + 1),
        (next_ms, (43_826 - 1_000) * 70 + 1),
    ]


def test_hour_that_ends_early_is_observed_until_then(tmp_path: Path) -> None:
    path = hour_file(tmp_path, 8, *blocks([1, 2, 3]))

    imported(tmp_path / "data", path)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, 2_001)]


def test_blocks_that_overlap_or_come_late_make_no_hole(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "1", blocks([1, 2, 3]))
    lines = [block([], START_MS + n * 1_000, n + 1) for n in (1, 2, 4, 3, 5)]
    second = write_lines(tmp_path / "2", [*lines[:2], lines[3], lines[2], lines[4]])

    imported(tmp_path / "data", first, second)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, 5_001)]


def test_minutes_without_any_fill_of_the_venue_are_silence(tmp_path: Path) -> None:
    times = [START_MS, START_MS + 40_000, START_MS + 200_000]
    fills = [
        each for nth, at in enumerate(times, 1) for each in both_fills(time_ms=at, trade_id=nth)
    ]
    path = write_lines(tmp_path / "node_fills" / "20260105" / "8", fills)

    imported(tmp_path / "data", path)

    assert sorted(coverage(tmp_path / "data"), key=lambda line: line[2]) == [
        ("trades:BTC", "observed", 0, 40_001),
        ("trades", "gap", 40_001, 200_000),
        ("trades:BTC", "observed", 200_000, 200_001),
    ]


def test_silence_is_one_in_a_file_that_is_out_of_order_too(tmp_path: Path) -> None:
    times = [START_MS + at for at in (200_000, 0, 40_000, 210_000)]
    path = write_lines(tmp_path / "t", [node_trade(time_ms=at) for at in times])

    imported(tmp_path / "data", path)

    assert sorted(coverage(tmp_path / "data"), key=lambda line: line[2]) == [
        ("trades:BTC", "observed", 0, 40_001),
        ("trades", "gap", 40_001, 200_000),
        ("trades:BTC", "observed", 200_000, 210_001),
    ]


@pytest.mark.parametrize(
    "numbers", [(None, None, None), (7, 7, 7), (9, 8, 7), (1, None, 2)], ids=str
)
def test_blocks_whose_numbers_prove_nothing_are_silent_for_minutes(
    tmp_path: Path, numbers: tuple[int | None, ...]
) -> None:
    times = (0, 40_000, 200_000)
    lines = [block(both_fills(trade_id=at + 1, time_ms=START_MS + at)) for at in times]
    for line, at, number in zip(lines, times, numbers, strict=True):
        line |= {"block_time": iso(START_MS + at, ""), "block_number": number}

    imported(tmp_path / "data", write_lines(tmp_path / "b", lines))

    assert ("trades", "gap", 40_001, 200_000) in coverage(tmp_path / "data")
    assert ("trades:BTC", "observed", 0, 40_001) in coverage(tmp_path / "data")


def test_blocks_that_follow_one_another_prove_minutes_without_any(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "b", blocks([1, 2, 3], step_ms=200_000))

    imported(tmp_path / "data", path)

    assert coverage(tmp_path / "data") == [("trades:BTC", "observed", 0, 400_001)]


def test_line_longer_than_any_of_the_venue_is_quarantined_by_its_beginning(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "b.lz4", [block(both_fills()), "x" * (17 << 20), block([])])

    report = imported(tmp_path / "data", path)

    assert (report.counts["trades"], report.counts["quarantined"]) == (1, 1)
    (kept,) = read_lines(tmp_path / "data" / "quarantine.jsonl")
    assert kept["reason"] == f"line 2 of {path}: longer than any line of the venue"
    assert len(kept["frame"]) == 4_096


@pytest.mark.parametrize("encode", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text])
def test_byte_order_mark_and_carriage_returns_are_no_part_of_a_line(
    tmp_path: Path, encode: Callable[[bytes], bytes]
) -> None:
    path = write_lines(tmp_path / "b", [block(both_fills()), block(both_fills(coin="ETH"))])
    path.write_bytes(encode(path.read_bytes().replace(b"\n", b"\r\n")))

    report = imported(tmp_path / "data", path)

    assert report.counts == {"trades": 2, "fills": 4}


def test_line_that_is_not_utf_8_is_quarantined_with_its_place(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "b", [block(both_fills()), block(both_fills(coin="ETH"))])
    path.write_bytes(path.read_bytes().replace(b'"ETH"', b'"\xc9TH"'))

    report = imported(tmp_path / "data", path)

    assert report.counts == {"trades": 1, "fills": 2, "quarantined": 1}
    assert report.first_flaw is not None
    assert report.first_flaw.startswith(f"line 2 of {path}: 'utf-8' codec can't decode byte 0xc9")


def test_rates_of_funding_are_copied_once_with_their_coverage(tmp_path: Path) -> None:
    rates = [rate(1, 0.001), rate(2, -0.002), {**rate(3, 0.001), "fundingRate": "nan"}]
    again = {**rates[0], "received_ns": 2}  # asked for by another run
    covered = [observed("funding:BTC", START_MS, START_MS + 3 * HOUR_MS)]
    one = write_dataset(tmp_path / "one", funding_history=rates, coverage=covered)
    two = write_dataset(tmp_path / "two", funding_history=[again])

    report = imported(tmp_path / "data", one, two)

    assert report.counts == {"answers": 2, "duplicates": 1, "quarantined": 1}
    assert read_lines(tmp_path / "data" / "funding_history.jsonl") == rates[:2]
    assert coverage(tmp_path / "data") == [("funding:BTC", "observed", 0, 3 * HOUR_MS)]
