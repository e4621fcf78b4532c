"""Following HyperEVM: every block once, what is skipped is a gap."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import START_MS
from recorder_fakes import coverage_of, lines

from hypertrack.config import RecordSettings, VenueSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.endpoints import endpoints
from hypertrack.feeds.evm_blocks import BlockNotYetError, EvmBlock
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.evm import EvmFollower
from hypertrack.records import Feed
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.writing import LineWriter

WHERE = endpoints(VenueSettings(url="http://127.0.0.1:9"))


class HandNode:
    """Stands in for the node: the heads it is told, a block each second, errors on demand."""

    def __init__(self, heads: Sequence[int | None], stop: threading.Event):
        self.missing = -1
        self._heads = list(heads)
        self._stop = stop

    def head(self) -> int:
        """Return the next head; None is an error, the end stops the recorder."""
        if not self._heads:
            self._stop.set()
            raise VenueError("over")
        head = self._heads.pop(0)
        if head is None:
            raise VenueError("gone")
        return head

    def fetch(self, first: int, last: int, *, with_transactions: bool) -> list[EvmBlock]:
        assert with_transactions
        if first <= self.missing <= last:
            self.missing = -1
            raise BlockNotYetError("not yet")
        return [
            EvmBlock(
                number=number,
                exchange_time_ms=START_MS + number * 1_000,
                block=b'{"number":%d}' % number,
                transactions=(b'{"hash":%d}' % number,),
            )
            for number in range(first, last + 1)
        ]


def followed(
    folder: Path, *heads: int | None, requests_per_minute: int = 100, missing: int = -1
) -> None:
    """Follow the heads to the end and close the files; one block is missing at first."""
    clock, stop = ManualClock(), threading.Event()
    settings = RecordSettings(evm_requests_per_minute=requests_per_minute, write_interval_s=0.005)
    writer = LineWriter(folder, settings, ManualClock())
    ledger = Ledger(folder)
    book = CoverageBook(ledger, clock)
    coverage = {
        feed: book.stream(f"{feed}:evm", is_recovered=True)
        for feed in (Feed.BLOCKS, Feed.TRANSACTIONS)
    }
    follower = EvmFollower(WHERE, coverage, writer, settings, clock, stop)
    node = HandNode(heads, stop)
    node.missing = missing
    follower._blocks = node  # type: ignore[assignment]
    follower.run()
    follower.close()
    book.stop()
    ledger.close()
    writer.start()
    writer.close()


def numbers(folder: Path) -> list[int]:
    return [line["number"] for line in lines(folder, "blocks")]


def at(number: int) -> int:
    return START_MS + number * 1_000


def test_every_block_from_the_first_head_on_is_recorded_once(tmp_path: Path) -> None:
    followed(tmp_path, 10, 10, 12, 17)

    assert numbers(tmp_path) == list(range(10, 18))
    assert lines(tmp_path, "transactions")[0] == {
        "received_ns": pytest.approx(START_MS * 1_000_000, rel=1e-6),
        "chain": "evm",
        "hash": 10,
    }
    assert coverage_of(tmp_path, "blocks:evm") == [("observed", at(10), at(17), "stop", None)]


def test_after_an_error_it_goes_on_where_it_was(tmp_path: Path) -> None:
    followed(tmp_path, 10, None, None, 15)

    assert numbers(tmp_path) == list(range(10, 16))
    assert [line[0] for line in coverage_of(tmp_path, "blocks:evm")] == [
        "disconnected",
        "observed",
    ]
    assert coverage_of(tmp_path, "blocks:evm")[0][4] == 0


def test_too_far_behind_it_skips_and_says_so(tmp_path: Path) -> None:
    followed(tmp_path, 10, 12, 300, requests_per_minute=100)  # 250 blocks are five minutes

    assert numbers(tmp_path) == [10, 11, 12, 300]
    for stream in ("blocks:evm", "transactions:evm"):
        assert coverage_of(tmp_path, stream) == [
            ("observed", at(10), at(12), "overflow", None),
            ("gap", at(12), at(300), "overflow", 287),
        ]


def test_skipping_after_an_error_is_one_gap(tmp_path: Path) -> None:
    followed(tmp_path, 10, 12, None, 400, 401)

    assert coverage_of(tmp_path, "blocks:evm") == [
        ("observed", at(10), at(12), "error", None),
        ("gap", at(12), at(400), "error", 387),
        ("observed", at(400), at(401), "stop", None),
    ]


def test_lines_carry_the_chain(tmp_path: Path) -> None:
    followed(tmp_path, 10)

    text = (tmp_path / "blocks.jsonl").read_text()
    assert list(json.loads(text))[:2] == ["received_ns", "chain"]


def test_block_announced_too_early_comes_with_the_next_head(tmp_path: Path) -> None:
    followed(tmp_path, 10, 12, 13, missing=12)

    assert numbers(tmp_path) == [10, 11, 12, 13]
    assert coverage_of(tmp_path, "blocks:evm") == [("observed", at(10), at(13), "stop", None)]
