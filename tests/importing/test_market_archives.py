"""Archives of contexts and books, in the shapes that their publishers document."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from archive_fakes import iso, read_lines, write_lines
from fakes import ALICE, BOB, START_MS, observed, trade, write_dataset
from import_fakes import imported

from hypertrack.importing.formats import Format
from hypertrack.importing.source_files import find_files, named_span
from hypertrack.importing.survey import survey
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.store.dataset import open_dataset

DAY = START_MS // DAY_MS * DAY_MS
"""2026-01-05 00:00 UTC."""

HEADER = (
    "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px,"
    "impact_bid_px,impact_ask_px"
)
REST = "0.0000125,36.5,77759.0,4490.6,-0.0005,80684.7,80640.0,80639.5,80637.2,80640.0"


def row(time_ms: int, coin: str = "BTC", rest: str = REST) -> str:
    return f"{iso(time_ms, '')}Z,{coin},{rest}"


def write_table(path: Path, *rows: str) -> Path:
    text = "".join(f"{row}\n" for row in (HEADER, *rows)).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".lz4":
        with pa.CompressedOutputStream(str(path), "lz4") as file:
            file.write(text)
    else:
        path.write_bytes(text)
    return path


def book_line(time_ms: int, coin: str = "BTC") -> dict[str, Any]:
    levels = [[{"px": "99.0", "sz": "1.0", "n": 2}], [{"px": "101.0", "sz": "0.5", "n": 1}]]
    data = {"coin": coin, "time": time_ms, "levels": levels}
    raw = {"channel": "l2Book", "data": data}
    return {"time": iso(time_ms + 40, "123456"), "ver_num": 1, "raw": raw}


def ledger(folder: Path) -> list[tuple[str, str, int, int]]:
    return [
        (line["stream"], line["status"], line["start_ms"], line["end_ms"])
        for line in read_lines(folder / "coverage.jsonl")
    ]


@pytest.mark.parametrize("name", ["20260105.csv", "20260105.csv.lz4"])
def test_rows_become_contexts_as_a_socket_sends_them(name: str, tmp_path: Path) -> None:
    quiet = row(DAY + MINUTE_MS, "MATIC", "0.0,0.0,,null,,0.3754,0.37621,NaN,,")
    path = write_table(tmp_path / "asset_ctxs" / name, row(DAY), quiet)

    report = imported(tmp_path / "data", path)

    first, second = read_lines(tmp_path / "data" / "contexts.jsonl")
    assert first == {
        "received_ns": DAY * 1_000_000,
        "exchange_time_ms": DAY,
        "coin": "BTC",
        "ctx": {
            **{"funding": "0.0000125", "openInterest": "36.5", "prevDayPx": "77759.0"},
            **{"dayNtlVlm": "4490.6", "premium": "-0.0005", "oraclePx": "80684.7"},
            **{"markPx": "80640.0", "midPx": "80639.5", "impactPxs": ["80637.2", "80640.0"]},
        },
    }
    assert second["ctx"] == {
        **dict.fromkeys(first["ctx"]),
        **{"funding": "0.0", "openInterest": "0.0", "oraclePx": "0.3754", "markPx": "0.37621"},
    }
    assert report.counts == {"contexts": 2}


def test_day_that_begins_and_ends_with_its_file_is_observed_whole(tmp_path: Path) -> None:
    minutes = [row(DAY + nth * 4 * MINUTE_MS + 13) for nth in range(360)]  # the last is 23:56
    whole = write_table(tmp_path / "20260105.csv", *minutes, row(DAY + DAY_MS - 59_000))
    part = write_table(tmp_path / "20260107.csv", row(DAY + 2 * DAY_MS + HOUR_MS))

    imported(tmp_path / "data", whole, part)

    start_ms = DAY + 2 * DAY_MS + HOUR_MS
    assert ledger(tmp_path / "data") == [
        ("contexts:BTC", "observed", DAY, DAY + DAY_MS),
        ("contexts:BTC", "observed", start_ms, start_ms + 1),
    ]


def test_hours_that_are_missing_are_not_observed(tmp_path: Path) -> None:
    rows = [row(DAY), row(DAY + MINUTE_MS), row(DAY + 3 * HOUR_MS)]

    imported(tmp_path / "data", write_table(tmp_path / "20260105.csv", *rows))

    assert ledger(tmp_path / "data") == [
        ("contexts", "gap", DAY + MINUTE_MS + 1, DAY + 3 * HOUR_MS),
        ("contexts:BTC", "observed", DAY, DAY + MINUTE_MS + 1),
        ("contexts:BTC", "observed", DAY + 3 * HOUR_MS, DAY + 3 * HOUR_MS + 1),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        "2026-01-05T00:00:30Z,BTC,0.1",  # torn
        row(DAY + 30_000, rest=REST.replace("80684.7", "1e300")),
        row(DAY + 30_000, rest=REST.replace("0.0000125", "?")),
        row(DAY + 30_000, coin=""),
        f"yesterday,BTC,{REST}",
        f"2999-01-01T00:00:00Z,BTC,{REST}",
        '"',
    ],
)
def test_row_that_cannot_be_meant_is_quarantined_alone(broken: str, tmp_path: Path) -> None:
    path = write_table(tmp_path / "20260105.csv", row(DAY), broken, row(DAY + MINUTE_MS))

    report = imported(tmp_path / "data", path)

    assert report.counts == {"contexts": 2, "quarantined": 1}
    assert ("contexts", "gap", DAY, DAY + MINUTE_MS) in ledger(tmp_path / "data")
    assert str(path) in (report.first_flaw or "")


def test_header_that_stands_there_again_names_the_columns_that_follow(tmp_path: Path) -> None:
    swapped = "time,coin,oracle_px,funding"
    path = write_table(tmp_path / "c.csv", row(DAY), swapped, f"{iso(DAY + 1, '')}Z,BTC,100.0,0.2")

    imported(tmp_path / "data", path)

    _, second = read_lines(tmp_path / "data" / "contexts.jsonl")
    assert (second["ctx"]["oraclePx"], second["ctx"]["funding"]) == ("100.0", "0.2")


def test_books_are_kept_byte_for_byte_and_their_hour_is_observed(tmp_path: Path) -> None:
    folder = tmp_path / "market_data" / "20260105" / "8" / "l2Book"
    times = [START_MS + nth * 30_000 for nth in range(120)]
    lines = [book_line(time_ms) for time_ms in times]
    bad = {**book_line(START_MS + 15_000), "time": iso(START_MS - HOUR_MS, "")}
    path = write_lines(folder / "BTC.lz4", [lines[0], bad, *lines[1:]])

    report = imported(tmp_path / "data", path)

    books = read_lines(tmp_path / "data" / "l2book.jsonl")
    assert [book["time"] for book in books] == times
    assert books[0] == {
        "received_ns": (START_MS + 40) * 1_000_000 + 123_456,
        **lines[0]["raw"]["data"],
    }
    assert report.counts == {"l2book": 120, "quarantined": 1}
    assert ledger(tmp_path / "data") == [
        ("l2book", "gap", START_MS, START_MS + 30_000),
        ("l2book:BTC", "observed", START_MS, START_MS + HOUR_MS),
    ]


def test_torn_archive_gives_what_can_be_unpacked_and_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path / "20260105.csv.lz4", *(row(DAY + nth) for nth in range(20_000)))
    path.write_bytes(path.read_bytes()[:-200])

    report = imported(tmp_path / "data", path)

    assert 0 < report.counts["contexts"] < 20_000
    assert report.counts["quarantined"] == 1
    assert report.files[0].is_torn


def test_archives_are_recognised_and_surveyed_without_being_told(tmp_path: Path) -> None:
    write_table(tmp_path / "a" / "20260105.csv", row(DAY), row(DAY + MINUTE_MS))
    write_lines(tmp_path / "b" / "BTC.lz4", [book_line(START_MS)])

    files, left_out = find_files([tmp_path])

    assert [(file.format, survey(file).start_ms) for file in files] == [
        (Format.ASSET_CTXS, DAY),
        (Format.MARKET_DATA, START_MS + 40),
    ]
    assert left_out == []


@pytest.mark.parametrize(
    ("name", "format_", "span"),
    [
        ("20260105.csv.lz4", Format.ASSET_CTXS, (DAY, DAY + DAY_MS)),
        ("20261305.csv", Format.ASSET_CTXS, None),
        ("20260105/8/l2Book/BTC.lz4", Format.MARKET_DATA, (START_MS, START_MS + HOUR_MS)),
        ("20260105/24/l2Book/BTC.lz4", Format.MARKET_DATA, None),
        ("20260105/8/BTC.lz4", Format.MARKET_DATA, None),
    ],
)
def test_archive_is_named_after_its_time(
    name: str, format_: Format, span: tuple[int, int] | None, tmp_path: Path
) -> None:
    assert named_span(tmp_path / name, format_) == span


def test_contexts_do_not_stand_for_the_trades_of_their_time(tmp_path: Path) -> None:
    line = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)
    ledger_line = observed("trades:BTC", START_MS, START_MS + 1)
    source = write_dataset(tmp_path / "source", trades=[line], coverage=[ledger_line])
    imported(tmp_path / "data", source)

    table = write_table(tmp_path / "20260105.csv", row(START_MS))
    imported(tmp_path / "data", table, mode="append")

    with open_dataset(tmp_path / "data") as dataset:
        found = dataset.connection.execute("SELECT time_ms, oracle_price FROM contexts").fetchall()
        assert found == [(START_MS, 80684.7)]
        assert dataset.summary().observed_frac == 1.0
    again = imported(tmp_path / "data", table, mode="append")
    assert [left.reason for left in again.left_out] == ["imported before"]
