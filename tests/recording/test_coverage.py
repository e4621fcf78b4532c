"""The coverage of a stream through all that can happen to it; exchange times are seconds."""

from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import START_MS

from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.records import CoverageCause, Feed
from hypertrack.store.files.ledger import Ledger, read_ledger

STOP, ERROR = CoverageCause.STOP, CoverageCause.ERROR

Interval = tuple[str, int, int, str | None, int | None]


class Bench:
    """A book with one socket; what it wrote is read back from its ledger."""

    def __init__(self, folder: Path):
        self.clock = ManualClock()
        self.book = CoverageBook(Ledger(folder), self.clock)
        self.socket = ExchangeTime(self.book.time)
        self._folder = folder

    def stream(
        self, name: str = "trades:BTC", *, is_recovered: bool = False, resumed: int | None = None
    ) -> StreamCoverage:
        resumed_ms = None if resumed is None else resumed * 1000
        return self.book.stream(name, self.socket, is_recovered=is_recovered, resumed_ms=resumed_ms)

    def see(self, second: int) -> None:
        self.socket.see(second * 1000)

    def intervals(self, name: str = "trades:BTC") -> list[Interval]:
        return [
            (line.status, line.start_ms // 1000, line.end_ms // 1000, line.cause, line.missed)
            for line in read_ledger(self._folder)
            if line.stream == name
        ]

    def stopped(self, name: str = "trades:BTC") -> list[Interval]:
        self.book.stop()
        return self.intervals(name)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def observed_until(bench: Bench, stream: StreamCoverage, start: int, end: int) -> None:
    bench.see(start)
    stream.acknowledge()
    stream.begin_rows(start * 1000, start * 1000)
    bench.see(end)


def test_observed_from_the_newest_time_seen_at_the_acknowledgement(bench: Bench) -> None:
    stream = bench.stream()
    bench.see(10)
    stream.acknowledge()
    bench.see(11)
    stream.begin_rows(5_000, 9_000)  # a replay: history, stored, not claimed
    bench.see(30)

    assert bench.stopped() == [("observed", 10, 30, "stop", None)]


def test_without_any_time_before_it_the_first_rows_are_the_beginning(bench: Bench) -> None:
    stream = bench.stream()
    stream.acknowledge()
    stream.begin_rows(5_000, 9_000)
    bench.see(30)

    assert bench.stopped() == [("observed", 9, 30, "stop", None)]


def test_replay_that_does_not_reach_back_to_the_acknowledgement_bounds_the_claim(
    bench: Bench,
) -> None:
    bench.see(10)  # an old trade of a quiet coin
    stream = bench.stream()
    stream.acknowledge()
    stream.begin_rows(500_000, 503_000)
    bench.see(600)

    assert bench.stopped() == [("observed", 500, 600, "stop", None)]


def test_stream_without_rows_begins_with_the_first_frame_of_its_socket(bench: Bench) -> None:
    bench.stream().acknowledge()
    bench.see(20)
    bench.see(30)

    assert bench.stopped() == [("observed", 20, 30, "stop", None)]


def test_stream_never_acknowledged_is_missing_from_the_beginning_on(bench: Bench) -> None:
    stream = bench.stream()
    stream.opened()
    bench.see(20)
    bench.see(30)

    assert bench.book.unobserved == ("trades:BTC (unacknowledged)",)
    assert bench.stopped() == [("gap", 20, 30, "unacknowledged", None)]
    assert bench.book.unobserved == ("trades:BTC (unacknowledged)",)


def test_stream_whose_socket_never_opened_is_missing_although_no_time_is_known(
    bench: Bench,
) -> None:
    bench.stream()
    bench.clock.advance(7)

    began_s = START_MS // 1000
    assert bench.stopped() == [("gap", began_s, began_s + 7, "unopened", None)]
    assert not bench.book.has_observed


def test_what_passed_before_a_late_acknowledgement_is_a_gap(bench: Bench) -> None:
    stream = bench.stream()
    stream.opened()
    bench.see(10)
    bench.clock.advance(6)
    bench.see(16)
    stream.acknowledge()
    bench.see(20)

    assert bench.stopped() == [
        ("gap", 10, 16, "unacknowledged", None),
        ("observed", 16, 20, "stop", None),
    ]


def test_checkpoint_tells_of_a_stream_not_acknowledged_once_it_is_overdue(bench: Bench) -> None:
    bench.stream()
    bench.see(10)
    bench.book.checkpoint()
    before = bench.intervals()
    bench.clock.advance(5)
    bench.see(15)
    bench.book.checkpoint()

    assert before == []
    assert bench.intervals() == [("gap", 10, 15, "unopened", None)]


def test_rows_that_come_late_shorten_what_is_claimed_at_the_end(bench: Bench) -> None:
    observed_until(bench, bench.stream(), 10, 30)
    bench.socket.count(4_000)

    assert bench.stopped() == [("observed", 10, 26, "stop", None)]


def test_end_is_what_its_own_socket_saw(bench: Bench) -> None:
    stream = bench.stream()
    observed_until(bench, stream, 10, 20)
    ExchangeTime(bench.book.time).see(99_000)  # another socket

    stream.lose(ERROR)

    assert bench.stopped()[0] == ("observed", 10, 20, "error", None)


def test_disconnect_of_a_stream_that_nothing_recovers(bench: Bench) -> None:
    stream = bench.stream("bbo:BTC")
    observed_until(bench, stream, 10, 20)
    stream.lose(CoverageCause.CLOSED)
    ExchangeTime(bench.book.time).see(25_000)
    observed_until(bench, stream, 26, 40)

    assert bench.stopped("bbo:BTC") == [
        ("observed", 10, 20, "closed", None),
        ("disconnected", 20, 26, "closed", None),
        ("observed", 26, 40, "stop", None),
    ]


def test_disconnect_that_lost_nothing_is_written_with_none_missed(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    observed_until(bench, stream, 26, 40)
    stream.close_gap()

    assert bench.stopped() == [
        ("observed", 10, 20, "error", None),
        ("disconnected", 20, 26, "error", 0),
        ("observed", 26, 40, "stop", None),
    ]
    assert bench.book.n_gaps_of(Feed.TRADES) == {}


def test_gap_lies_between_the_last_trade_stored_and_the_oldest_replayed(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    bench.see(50)
    stream.acknowledge()
    stream.begin_rows(44_000, 50_000)
    stream.open_gap(17_000, 44_000)
    bench.see(60)

    assert bench.stopped() == [
        ("observed", 10, 17, "error", None),
        ("gap", 17, 44, "error", None),
        ("observed", 44, 60, "stop", None),
    ]
    assert bench.book.n_gaps_by_cause == {"error": 1}


def test_gap_never_reaches_into_an_interval_settled_before(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    bench.see(50)
    stream.acknowledge()
    stream.begin_rows(44_000, 50_000)
    stream.open_gap(3_000, 44_000)  # the last trade came before the stream was observed

    assert bench.stopped()[0] == ("gap", 10, 44, "error", None)


def test_disconnect_that_is_not_over_ends_with_the_newest_time_known(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    ExchangeTime(bench.book.time).see(33_000)

    assert bench.stopped() == [
        ("observed", 10, 20, "error", None),
        ("disconnected", 20, 33, "error", None),
    ]


def test_second_loss_before_the_replay_goes_on_with_the_first(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    bench.see(30)
    stream.acknowledge()
    stream.lose(CoverageCause.CLOSED)
    observed_until(bench, stream, 40, 50)
    stream.close_gap()

    assert bench.stopped() == [
        ("observed", 10, 20, "error", None),
        ("disconnected", 20, 40, "error", 0),
        ("observed", 40, 50, "stop", None),
    ]


def test_shed_rows_interrupt_the_interval(bench: Bench) -> None:
    stream = bench.stream("l2book:BTC")
    observed_until(bench, stream, 10, 20)
    stream.interrupt(15_000, 18_000, CoverageCause.OVERFLOW, 7)

    assert bench.stopped("l2book:BTC") == [
        ("observed", 10, 15, "overflow", None),
        ("gap", 15, 18, "overflow", 7),
        ("observed", 18, 20, "stop", None),
    ]


def test_frame_that_names_no_stream_marks_its_feed(bench: Bench) -> None:
    bench.book.miss([Feed.TRADES], 12_000, CoverageCause.UNREADABLE)

    assert bench.stopped("trades") == [("gap", 12, 12, "unreadable", None)]


def test_refused_stream_is_refused_to_the_end(bench: Bench) -> None:
    stream = bench.stream()
    bench.see(10)
    stream.refuse()
    stream.acknowledge()  # too late
    bench.see(30)

    assert bench.stopped() == [("refused", 10, 30, "refused", None)]


def test_continued_stream_was_not_observed_between_the_sessions(bench: Bench) -> None:
    stream = bench.stream(resumed=5)
    observed_until(bench, stream, 10, 20)

    assert bench.stopped() == [
        ("disconnected", 5, 10, "stop", None),
        ("observed", 10, 20, "stop", None),
    ]


def test_checkpoint_says_how_it_stands_now(bench: Bench) -> None:
    stream = bench.stream()
    observed_until(bench, stream, 10, 20)
    bench.book.checkpoint()
    first = bench.intervals()
    bench.see(25)
    bench.book.checkpoint()

    assert first == [("observed", 10, 20, None, None)]
    assert bench.intervals() == [("observed", 10, 25, None, None)]


def test_wall_time_stands_beside(bench: Bench, tmp_path: Path) -> None:
    stream = bench.stream()
    observed_until(bench, stream, 10, 20)
    bench.clock.advance(4)
    bench.book.stop()

    (line,) = read_ledger(tmp_path)
    assert (line.wall_start_ms, line.wall_end_ms) == (START_MS, START_MS + 4_000)


def test_checkpoint_waits_until_what_it_claims_is_stored(bench: Bench) -> None:
    stream = bench.stream()
    observed_until(bench, stream, 10, 20)

    def receive_more_meanwhile() -> bool:
        bench.see(30)
        stream.lose(ERROR)
        return True

    bench.book.checkpoint(receive_more_meanwhile)

    assert bench.intervals() == [("observed", 10, 20, None, None)]
    assert bench.stopped()[0] == ("observed", 10, 30, "error", None)


def test_checkpoint_leaves_the_ledger_as_it_was_where_the_disk_does_not_follow(
    bench: Bench,
) -> None:
    observed_until(bench, bench.stream(), 10, 20)
    bench.book.checkpoint()
    bench.see(30)

    bench.book.checkpoint(lambda: False)

    assert bench.intervals() == [("observed", 10, 20, None, None)]


def test_abandoned_stream_is_missing_from_its_last_checkpoint_on(bench: Bench) -> None:
    stream = bench.stream()
    observed_until(bench, stream, 10, 20)
    bench.book.checkpoint()
    bench.see(25)
    stream.lose(ERROR)
    bench.see(28)
    stream.acknowledge()
    bench.see(30)

    bench.book.abandon()

    assert bench.intervals() == [
        ("observed", 10, 20, None, None),
        ("gap", 20, 30, "error", None),
    ]


def test_stream_abandoned_before_a_checkpoint_is_missing_from_its_beginning(bench: Bench) -> None:
    observed_until(bench, bench.stream(), 10, 20)

    bench.book.abandon()

    assert bench.intervals() == [("gap", 10, 20, "error", None)]


def test_gap_is_in_the_ledger_before_what_lies_behind_it_is_stored(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    bench.book.checkpoint()
    stream.lose(ERROR)
    bench.see(90)
    stream.acknowledge()
    stream.begin_rows(80_000, 90_000)
    stream.open_gap(20_000, 80_000)

    bench.book.tell()  # as the writer does; then the recorder is killed

    assert bench.intervals() == [
        ("observed", 10, 20, None, None),
        ("gap", 20, 80, "error", None),
    ]


def test_gap_in_doubt_stands_in_the_ledger_until_it_is_decided(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    bench.book.checkpoint()
    stream.lose(ERROR)
    bench.see(90)
    stream.acknowledge()
    stream.begin_rows(80_000, 90_000)

    stream.warn(20_000, 80_000)
    bench.book.tell()

    assert stream.is_in_doubt
    assert bench.intervals()[-1] == ("disconnected", 20, 80, "error", None)
    stream.close_gap()
    assert not stream.is_in_doubt
    assert ("disconnected", 20, 90, "error", 0) in bench.stopped()


def test_warning_outlives_a_checkpoint_that_began_before_it(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)

    def lose_meanwhile() -> bool:
        stream.interrupt(21_000, 22_000, CoverageCause.UNREADABLE, 1)
        return True

    bench.book.checkpoint(lose_meanwhile)

    assert bench.intervals() == [
        ("observed", 10, 20, None, None),
        ("gap", 21, 22, "unreadable", 1),
    ]


def test_loss_in_doubt_is_missing_from_the_last_row_that_proves_something(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    bench.see(30)
    stream.acknowledge()
    stream.begin_rows(28_000, 30_000)
    stream.warn(17_000, 28_000)

    assert bench.stopped() == [
        ("observed", 10, 17, "error", None),
        ("disconnected", 17, 30, "error", None),
    ]


def test_loss_still_in_doubt_at_the_next_one_stays_in_the_ledger(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    stream.lose(ERROR)
    bench.see(30)
    stream.acknowledge()
    stream.begin_rows(25_000, 30_000)
    stream.warn(20_000, 25_000)  # and asked for; before the answer comes
    bench.see(40)
    stream.lose(CoverageCause.CLOSED)
    bench.see(50)
    stream.acknowledge()
    stream.begin_rows(38_000, 50_000)
    stream.close_gap()

    assert bench.stopped() == [
        ("observed", 10, 20, "error", None),
        ("disconnected", 20, 30, "error", None),
        ("observed", 30, 40, "closed", None),
        ("disconnected", 40, 50, "closed", 0),
    ]


def test_stream_is_whole_since_its_last_gap(bench: Bench) -> None:
    stream = bench.stream(is_recovered=True)
    observed_until(bench, stream, 10, 20)
    assert (stream.is_whole_since(9_000), stream.is_whole_since(10_000)) == (False, True)
    stream.lose(ERROR)
    assert not stream.is_whole_since(10_000)
    observed_until(bench, stream, 26, 40)
    stream.open_gap(18_000, 25_000)

    assert (stream.is_whole_since(24_000), stream.is_whole_since(25_000)) == (False, True)
