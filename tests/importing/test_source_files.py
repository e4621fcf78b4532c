"""Files are found at any depth, known by their lines, and read torn or packed."""

from pathlib import Path

import pytest
from archive_fakes import block, both_fills, fill, frame, node_trade, read_lines, write_lines
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from import_fakes import imported

from hypertrack.errors import DatasetError
from hypertrack.importing import file_lines as lines
from hypertrack.importing.file_lines import LineFile, TornFileError
from hypertrack.importing.formats import Format
from hypertrack.importing.source_files import find_files, named_hour_ms
from hypertrack.importing.survey import survey

HOUR = Path("20260105") / "8.lz4"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (block([fill()]), Format.NODE_FILLS_BY_BLOCK),
        (block([]), Format.NODE_FILLS_BY_BLOCK),
        (fill(), Format.NODE_FILLS),
        (node_trade(), Format.NODE_TRADES),
        (frame("trades", []), Format.CAPTURE),
    ],
)
@pytest.mark.parametrize("name", ["any", "packed.lz4"])
def test_format_is_known_by_the_lines(
    tmp_path: Path, name: str, line: object, found: Format
) -> None:
    path = write_lines(tmp_path / name, ["torn first line", line])

    (file,), left_out = find_files([path])

    assert (file.format, left_out) == (found, [])


def test_foreign_files_of_a_folder_are_left_out_with_the_reason(tmp_path: Path) -> None:
    write_lines(tmp_path / "fills", [fill()])
    write_lines(tmp_path / "deep" / "notes.json", [{"a": 1}])
    (tmp_path / "broken.lz4").write_bytes(b"no lz4 at all")
    (tmp_path / "empty").write_bytes(b"")

    (file,), left_out = find_files([tmp_path])

    assert file.path == tmp_path / "fills"
    assert {left.path.name: left.reason for left in left_out} == {
        "broken.lz4": "torn, or not what its name says",
        "notes.json": 'no format that is known: {"a": 1}',
        "empty": "empty",
    }


def test_hours_are_read_in_their_order_and_once(tmp_path: Path) -> None:
    for name in ("20260105/10", "20260105/9.lz4", "20260104/23"):
        write_lines(tmp_path / name, [fill()])

    files, _ = find_files([tmp_path / "20260105", tmp_path])

    names = [str(file.path.relative_to(tmp_path)) for file in files]
    assert names == ["20260104/23", "20260105/9.lz4", "20260105/10"]


@pytest.mark.parametrize(
    ("name", "hour_ms"),
    [
        ("20260105/8.lz4", START_MS),
        ("20260105/08", START_MS),
        ("20260105/24.lz4", None),
        ("20261305/8.lz4", None),
        ("january/8.lz4", None),
        ("20260105/8.txt", None),
    ],
)
def test_hour_stands_in_the_name(tmp_path: Path, name: str, hour_ms: int | None) -> None:
    assert named_hour_ms(tmp_path / name) == hour_ms


def test_path_that_is_not_there_is_a_dataset_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file or folder"):
        find_files([tmp_path / "none"])


def test_line_longer_than_a_block_is_read_whole(tmp_path: Path) -> None:
    long = b'"' + b"x" * (3 * lines.BLOCK_BYTES) + b'"'
    (tmp_path / "f").write_bytes(long + b"\n\n  \r\n2\r\n" + long)

    assert list(LineFile(tmp_path / "f")) == [long, b"2", long]


def test_torn_lz4_gives_what_came_before_and_says_so(tmp_path: Path) -> None:
    pairs = (both_fills(trade_id=n, closedPnl=str(n * 7**40)) for n in range(1, 6_000))
    whole = write_lines(tmp_path / HOUR, (block(pair) for pair in pairs))
    whole.write_bytes(whole.read_bytes()[:-2_000])

    with pytest.raises(TornFileError, match="is torn"):
        list(LineFile(whole))
    report = imported(tmp_path / "data", whole)

    assert survey(find_files([whole])[0][0]).is_torn
    assert report.files[0].is_torn
    assert report.counts["trades"] > 1_000
    (kept,) = read_lines(tmp_path / "data" / "quarantine.jsonl")
    assert "is torn" in kept["reason"]


def test_survey_counts_lines_and_reads_the_first_and_the_last_time(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "b", [block([], START_MS), block([], START_MS + 90), "{"])
    (file,), _ = find_files([path])

    found = survey(file)

    assert (found.n_lines, found.start_ms, found.end_ms) == (3, START_MS, START_MS + 90)


def test_dataset_is_known_by_its_folder(tmp_path: Path) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]
    write_dataset(tmp_path / "old", trades=trades, coverage=[], quarantine=[])

    (file,), left_out = find_files([tmp_path / "old"])

    assert (file.format, file.feed, left_out) == (Format.DATASET, "trades", [])


@pytest.mark.parametrize("name", ["trades.jsonl", "fills.jsonl"])
def test_archive_with_the_name_of_a_dataset_file_is_an_archive(tmp_path: Path, name: str) -> None:
    path = write_lines(tmp_path / name, [node_trade()])

    assert find_files([path])[0][0].format is Format.NODE_TRADES


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x1f\x8b\x08\x00", "packed by gzip: unpack it with gunzip"),
        (b"\x28\xb5\x2f\xfd\x00", "packed by zstd: unpack it with unzstd"),
        ("{}".encode("utf-16"), "UTF-16: make it UTF-8 with iconv -f UTF-16 -t UTF-8"),
        ("{}\n".encode("utf-16-le"), "line 1 is not UTF-8: it holds NUL bytes, as UTF-16 does"),
        (b'{"a":1}\n{"a":"\xe9"}', "line 2 is not UTF-8 (byte 0xe9): convert it"),
        (b"PAR1....", "Parquet, and no sealed hour of a dataset"),
    ],
)
def test_file_that_holds_no_lines_says_what_it_is(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "file").write_bytes(content)

    files, (left,) = find_files([tmp_path / "file"])

    assert (files, left.reason) == ([], reason)


def test_broken_bytes_at_the_beginning_are_no_utf_16(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "trades", [node_trade()])
    path.write_bytes(b"\xff\xfe{\n" + path.read_bytes())

    (file,), _ = find_files([path])

    assert file.format is Format.NODE_TRADES


def test_packed_file_that_is_cut_counts_for_what_it_holds(tmp_path: Path) -> None:
    pairs = [block(both_fills(trade_id=n + 1), number=n + 1) for n in range(2_000)]
    path = write_lines(tmp_path / "cut.lz4", pairs)
    path.write_bytes(path.read_bytes()[:-500])

    report = imported(tmp_path / "data", path)

    assert 1_500 < report.counts["trades"] < 2_000
    assert report.files[0].is_torn
    found = [line["tid"] for line in read_lines(tmp_path / "data" / "trades.jsonl")]
    assert found == [*range(1, len(found) + 1)]


def test_packed_file_without_its_name_is_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "b.lz4", [block(both_fills())])

    report = imported(tmp_path / "data", path.rename(tmp_path / "b"))

    assert report.counts["trades"] == 1
