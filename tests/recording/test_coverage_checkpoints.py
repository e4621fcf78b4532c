"""What the ledger holds of a stream before it ends; exchange times are seconds."""

from pathlib import Path

from coverage_fakes import Bench, observed_until
from fakes import START_MS

from hypertrack.records import CoverageCause
from hypertrack.store.files.ledger import read_ledger

STOP, ERROR = CoverageCause.STOP, CoverageCause.ERROR


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
