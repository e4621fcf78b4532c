"""The ledger says how it stands at every checkpoint, and never says it twice."""

from pathlib import Path

from hypertrack.records import CoverageCause, CoverageLine, CoverageStatus, encode_json
from hypertrack.store.files.ledger import Ledger, read_ledger


def observed(start_ms: int, end_ms: int, cause: CoverageCause | None = None) -> CoverageLine:
    return CoverageLine(
        stream="trades:BTC",
        status=CoverageStatus.OBSERVED,
        start_ms=start_ms,
        end_ms=end_ms,
        cause=cause,
    )


def test_present_lines_are_replaced_and_settled_ones_stay(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)

    ledger.checkpoint([observed(1, 5), observed(2, 5)])
    ledger.settle([observed(1, 7, CoverageCause.ERROR)])
    ledger.checkpoint([observed(8, 9)])
    ledger.checkpoint([observed(8, 11)])

    expected = [observed(1, 7, CoverageCause.ERROR), observed(8, 11)]
    assert read_ledger(tmp_path) == expected
    assert (tmp_path / "coverage.jsonl").read_bytes().count(b"\n") == 2
    ledger.close()


def test_present_lines_of_a_killed_recorder_are_settled_by_the_next(tmp_path: Path) -> None:
    killed = Ledger(tmp_path)
    killed.checkpoint([observed(1, 5)])

    ledger = Ledger(tmp_path)
    ledger.checkpoint([observed(8, 9)])
    ledger.settle([observed(8, 10, CoverageCause.STOP)])
    ledger.checkpoint()
    ledger.close()

    assert read_ledger(tmp_path) == [observed(1, 5), observed(8, 10, CoverageCause.STOP)]
    killed.close()


def test_ledger_without_a_file_is_empty_and_lines_that_are_none_are_skipped(tmp_path: Path) -> None:
    assert read_ledger(tmp_path) == []

    (tmp_path / "coverage.jsonl").write_bytes(
        b'\n{"stream":"a","status":"observed","start_ms":1,"end_ms":2}\n{"stream"'
    )

    assert [line.stream for line in read_ledger(tmp_path)] == ["a"]


def test_line_of_a_ledger_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    good = encode_json(observed(5, 9))
    backwards = encode_json(observed(9, 5))
    path = tmp_path / "coverage.jsonl"
    deep = b'{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    broken = [b'{"stream":"\xff\xfe"}', backwards, deep]
    path.write_bytes(b"\n".join([*broken, good, b"[]", b"\xff", b""]))

    assert [line.start_ms for line in read_ledger(tmp_path)] == [5]
