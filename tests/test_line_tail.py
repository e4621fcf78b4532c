"""A file of lines, read while others write, move and cut it."""

from pathlib import Path

import pytest

from hypertrack import line_tail
from hypertrack.line_tail import Added, LineTail


def test_lines_come_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    tail = LineTail(file)
    assert tail.read() == Added()

    file.write_bytes(b"one\ntw")
    assert tail.read() == Added((b"one",))
    assert tail.read() == Added()
    with file.open("ab") as more:
        more.write(b"o\nthree\n")

    assert tail.read() == Added((b"two", b"three"))


def test_torn_end_that_is_cut_away_is_never_told(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"one\ntor")
    tail = LineTail(file)
    tail.read()

    file.write_bytes(b"one\nwhole\n")  # the same file: what a kill tore was put aside

    assert tail.read() == Added((b"whole",))


def test_file_that_was_moved_away_is_followed_by_another(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"one\n")
    tail = LineTail(file)
    tail.read()

    file.rename(tmp_path / "old.jsonl")
    assert tail.read() == Added((), is_another=True)
    assert tail.read() == Added()
    file.write_bytes(b"new\n")

    assert tail.read() == Added((b"new",))


def test_file_that_was_replaced_or_cut_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"one\ntwo\n")
    tail = LineTail(file)
    tail.read()

    (tmp_path / "other").write_bytes(b"1\n2\n3\n4\n5\n")
    (tmp_path / "other").rename(file)
    assert tail.read() == Added((b"1", b"2", b"3", b"4", b"5"), is_another=True)
    file.write_bytes(b"a\n")

    assert tail.read() == Added((b"a",), is_another=True)


def test_of_a_long_file_its_last_whole_lines_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_tail, "READ_BYTES", 6)
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"".join(b"%02d\n" % n for n in range(20)))

    assert LineTail(file, first_bytes=10).read() == Added((b"17", b"18", b"19"))
    assert len(LineTail(file, first_bytes=None).read().lines) == 20


def test_line_beyond_all_measure_is_passed_over_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_tail, "READ_BYTES", 4)
    file = tmp_path / "s.jsonl"
    file.write_bytes(b"x" * 12 + b"\nok\n")

    assert LineTail(file).read().lines[-1] == b"ok"
