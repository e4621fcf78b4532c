"""When a stream counts as observed; exchange times are seconds."""

from coverage_fakes import Bench, observed_until
from fakes import START_MS

from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.records import CoverageCause

STOP, ERROR = CoverageCause.STOP, CoverageCause.ERROR


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
