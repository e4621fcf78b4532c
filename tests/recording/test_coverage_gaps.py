"""What interrupts a stream, and how long it is missing; exchange times are seconds."""

from coverage_fakes import Bench, observed_until

from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.records import CoverageCause, Feed

STOP, ERROR = CoverageCause.STOP, CoverageCause.ERROR


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
