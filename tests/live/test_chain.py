"""A journal that cannot be changed unnoticed."""

import hashlib
from pathlib import Path

import pytest
from disk_fakes import logged_disk

from hypertrack.errors import DatasetError
from hypertrack.journal import read_whole
from hypertrack.live.chain import NO_LINE, Chain, Link, breaks
from hypertrack.records import Record


class Said(Record, frozen=True, kw_only=True):
    id: str
    seq: int
    prev: str


def say(chain: Chain, name: str) -> bytes:
    def made(link: Link) -> Said:
        return Said(id=name, seq=link.seq, prev=link.prev)

    return chain.add(name, made)


def chained(path: Path, *names: str) -> None:
    chain = Chain(path)
    for name in names:
        say(chain, name)
    chain.close()


def test_each_line_names_the_hash_of_the_one_before(tmp_path: Path) -> None:
    chained(tmp_path / "s.jsonl", "a", "b")

    first, second = (tmp_path / "s.jsonl").read_bytes().splitlines()
    assert first == f'{{"id":"a","seq":1,"prev":"{NO_LINE}"}}'.encode()
    expected = hashlib.sha256(first).hexdigest()
    assert second == f'{{"id":"b","seq":2,"prev":"{expected}"}}'.encode()
    assert list(breaks(tmp_path / "s.jsonl")) == []


def test_line_is_synced_before_it_is_given_out(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "s.jsonl")

    with logged_disk(tmp_path) as disk:
        say(chain, "a")

    assert disk.events == ["write s.jsonl", "sync s.jsonl"]
    chain.close()


def test_chain_goes_on_after_a_restart_and_knows_what_it_said(tmp_path: Path) -> None:
    chained(tmp_path / "s.jsonl", "a")
    chained(tmp_path / "s.jsonl", "b")

    assert Chain(tmp_path / "s.jsonl").ids == {"a", "b"}
    assert list(breaks(tmp_path / "s.jsonl")) == []


def test_line_that_a_kill_tore_is_put_aside_and_the_chain_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    chained(path, "a", "b")
    whole = path.read_bytes()
    for cut in range(len(whole.splitlines(True)[0]) + 1, len(whole)):
        path.write_bytes(whole[:cut])

        chained(path, "c")

        assert list(breaks(path)) == []
        assert Chain(path).ids == {"a", "c"}
    assert (tmp_path / "s.jsonl.torn").exists()


def test_line_that_is_being_written_is_no_break(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    chained(path, "a", "b")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1

    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])

        assert list(breaks(path)) == []
        assert len(list(read_whole(path))) == (cut >= first)


@pytest.mark.parametrize(
    ("change", "n_breaks"),
    [
        (lambda lines: [lines[0].replace(b'"a"', b'"x"'), *lines[1:]], 1),
        (lambda lines: [lines[0], *lines[2:]], 1),
        (lambda lines: [lines[1], lines[0], lines[2]], 3),
        (lambda lines: [*lines[:2], b"gibberish", lines[2]], 1),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 1),
    ],
    ids=["changed", "taken out", "swapped", "put in", "beginning cut", "twice"],
)
def test_whatever_was_done_to_a_chain_is_noticed(
    tmp_path: Path, change: object, n_breaks: int
) -> None:
    path = tmp_path / "s.jsonl"
    chained(path, "a", "b", "c")
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(change(lines)) + b"\n")  # type: ignore[operator]

    assert len(list(breaks(path))) == n_breaks


def test_nothing_is_added_to_a_chain_whose_middle_was_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    chained(path, "a", "b")
    path.write_bytes(path.read_bytes().replace(b'{"id":"a"', b"{id:a"))

    with pytest.raises(DatasetError, match="signals verify"):
        Chain(path)
