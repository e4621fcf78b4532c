"""Which answers close a gap: those that meet the last trade stored and the replay by identity."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import START_MS

from hypertrack.config import RecordSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.rows import Row, Rows
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.background import Background
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import REMEMBERED
from hypertrack.recording.intake import Intake
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.streams import Streams
from hypertrack.recording.trade_filling import TradeFiller
from hypertrack.records import CoverageCause, Feed, RawJson
from hypertrack.store.files.ledger import Ledger, read_ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

BTC = Subscription(Feed.TRADES, "BTC")


def rows(first: int, last: int) -> list[Row]:
    """Return trades, one each second; the number of each is its id."""
    return [
        Row("BTC", START_MS + nth * 1_000, nth, RawJson(b'{"tid":%d}' % nth))
        for nth in range(first, last + 1)
    ]


class Answers:
    """Stands for the venue's REST: gives these answers, one after the other, then none.

    Each is written as its trades happened, and given newest first.
    """

    def __init__(self, answers: Sequence[list[Row]]):
        self.left = list(answers)
        self.n_asked = 0

    def recent_trades(self, _coin: str) -> list[Row]:
        self.n_asked += 1
        if not self.left:
            raise VenueError("REST is away")
        return self.left.pop(0)[::-1]


class Bench:
    """A stream with trades 1 to 10 stored, cut off after them, and what REST will answer."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.clock, self.stop = ManualClock(), threading.Event()
        self.book = CoverageBook(Ledger(folder), self.clock)
        self.writer = LineWriter(folder, RecordSettings(), self.clock)
        self.answers = Answers([])
        self.background = Background(self.clock, self.stop)
        filler = TradeFiller(self.answers, self.clock, self.background, self.writer)  # type: ignore[arg-type]
        session = Session(folder=folder, mode="rotate")
        streams = Streams(
            session, self.book, self.writer, CandleBook(5_000), self.clock, filler.ask
        )
        self.intake: Intake = streams.intake_of(SocketPlan(url="", subscriptions=(BTC,)))
        self.stream = self.intake.streams[Feed.TRADES, "BTC"]
        self.stream.coverage.acknowledge()
        for row in rows(1, 10):
            self.take([row])

    def take(self, frame: list[Row]) -> None:
        self.intake.take(Rows(Feed.TRADES, frame), b"", self.clock.wall_ns())

    def come_back(self, replay: list[Row], answers: Sequence[list[Row]] = ()) -> None:
        """Lose the socket, have it back with a replay, and hear all answers."""
        self.answers.left = list(answers)
        self.stream.coverage.lose(CoverageCause.ERROR)
        self.stream.coverage.acknowledge()
        self.take(replay)
        for _ in range(400):
            if not self.stream.coverage.loss:
                break
            self.clock.advance(0.1)
            self.background.run_due()

    def stored(self) -> list[int]:
        """Return the ids of all trades that were queued."""
        with self.stream.memory.lock:
            return sorted(int(row_id) for _, row_id in self.stream.memory._seen)

    def missing(self) -> list[tuple[int, int, int | None]]:
        """Return start and end, in numbers of trades, of what the ledger says is missing."""
        self.book.stop()
        return [
            ((line.start_ms - START_MS) // 1_000, (line.end_ms - START_MS) // 1_000, line.missed)
            for line in read_ledger(self.folder)
            if line.status != "observed" and line.missed != 0
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_replay_that_holds_the_last_trade_stored_is_asked_nothing(bench: Bench) -> None:
    bench.come_back(rows(8, 14))

    assert (bench.answers.n_asked, bench.missing()) == (0, [])


def test_answer_that_meets_both_ends_closes_the_gap(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(9, 22)])

    assert bench.stored() == list(range(1, 26))
    assert bench.missing() == []


def test_answer_that_trails_closes_nothing_and_is_asked_for_again(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(1, 12), rows(3, 15), rows(8, 21)])

    assert bench.answers.n_asked == 3
    assert bench.clock.now_s == pytest.approx(1 + 2, abs=0.5)
    assert bench.stored() == list(range(1, 26))
    assert bench.missing() == []


def test_cached_answer_leaves_a_gap_from_where_it_ends(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(1, 12)] * 5)

    assert bench.answers.n_asked == 5
    assert bench.clock.now_s == pytest.approx(1 + 2 + 4 + 8, abs=1.0)
    assert bench.missing() == [(12, 20, None)]


def test_answers_may_meet_in_the_middle(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(5, 14), rows(12, 18), rows(16, 23)])

    assert bench.missing() == []


def test_answer_between_the_two_that_meets_neither_proves_nothing(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(13, 17)] * 5)

    assert bench.missing() == [(10, 20, None)]


def test_answer_that_does_not_reach_back_makes_the_gap_smaller_at_once(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [rows(15, 30)])

    assert bench.answers.n_asked == 1
    assert bench.missing() == [(10, 15, None)]


def test_answer_that_ends_within_the_replays_first_block_is_asked_for_again(
    bench: Bench,
) -> None:
    beside_20 = Row("BTC", START_MS + 20_000, 120, RawJson(b"{}"))
    bench.come_back(rows(20, 25), [[*rows(9, 19), beside_20], [*rows(9, 20), beside_20]])

    assert bench.answers.n_asked == 2
    assert bench.missing() == []


def test_answer_that_reaches_into_the_replay_and_lacks_it_is_not_asked_for_again(
    bench: Bench,
) -> None:
    beside_21 = Row("BTC", START_MS + 21_000, 121, RawJson(b"{}"))
    bench.come_back(rows(20, 25), [[*rows(9, 19), beside_21], rows(9, 22)])

    assert bench.answers.n_asked == 1


def test_replay_that_begins_in_the_last_trades_block_puts_that_block_alone_in_doubt(
    bench: Bench,
) -> None:
    beside_10 = Row("BTC", START_MS + 10_000, 110, RawJson(b"{}"))
    bench.come_back([beside_10, *rows(11, 14)], [])

    assert bench.missing() == [(10, 10, None)]


def test_trades_newer_than_the_replay_are_left_to_the_socket(bench: Bench) -> None:
    """Were 30 stored now and the socket lost before 26, a replay with 30 would hide 26 to 29."""
    bench.come_back(rows(20, 25), [rows(9, 30)])

    assert bench.stored() == list(range(1, 26))


def test_answer_that_comes_late_stores_nothing_twice_that_is_forgotten(bench: Bench) -> None:
    bench.stream.coverage.lose(CoverageCause.ERROR)
    bench.stream.coverage.acknowledge()
    bench.answers.left = [rows(1, 25)]
    bench.take(rows(20, 25))
    for row in rows(26, 26 + REMEMBERED):
        bench.clock.advance(1.0)
        bench.take([row])
    n_rows = bench.stream.meter.n_rows
    bench.background.run_due()

    assert bench.stream.meter.n_rows - n_rows == 9  # 11 to 19
    assert bench.missing() == []


def test_venue_that_answers_nothing_leaves_the_whole_gap(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [])

    assert bench.missing() == [(10, 20, None)]


def test_empty_answers_are_no_proof(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [[]] * 5)

    assert bench.missing() == [(10, 20, None)]


def test_replay_with_a_hole_where_the_last_trade_was_proves_nothing(bench: Bench) -> None:
    replay = [row for row in rows(8, 14) if row.row_id != 10]
    bench.come_back(replay, [replay] * 5)

    assert bench.missing() == [(7, 11, None)]  # nothing is certain of what it overlaps


def test_last_trade_dated_ahead_hides_nothing_before_its_date(bench: Bench) -> None:
    """The venue's clock jumped for one trade just before the socket was lost."""
    ahead = Row("BTC", START_MS + 40_000, 11, RawJson(b"{}"))
    for _ in range(2):
        bench.take([ahead])

    bench.come_back(rows(20, 25), [])

    ((start, end, _),) = bench.missing()
    assert (start, end >= 20) == (10, True)


def dated_ahead(nth: int) -> Row:
    """Return a trade of when the venue's clock was 30 s ahead."""
    return Row("BTC", START_MS + (nth + 30) * 1_000, nth, RawJson(b"{}"))


def test_missed_trades_dated_behind_the_replay_are_stored(bench: Bench) -> None:
    """They happened before the replay: no socket will bring them."""
    jump = [dated_ahead(14), dated_ahead(15)]
    bench.come_back(rows(20, 25), [[*rows(10, 13), *jump, *rows(16, 25)]])

    assert bench.stored() == list(range(1, 26))
    assert bench.missing() == []


def test_missed_trades_dated_behind_the_replay_are_stored_where_it_is_not_reached_back(
    bench: Bench,
) -> None:
    bench.come_back(rows(20, 25), [[*rows(13, 13), dated_ahead(14), *rows(15, 28)]])

    assert bench.stored() == [*range(1, 11), *range(13, 26)]
    assert bench.missing() == [(10, 13, None)]


def test_missed_trades_dated_behind_the_replay_are_stored_from_answers_that_trail(
    bench: Bench,
) -> None:
    trailing = [*rows(9, 13), dated_ahead(14)]
    bench.come_back(rows(20, 25), [trailing, [*trailing, *rows(15, 25)]])

    assert bench.stored() == list(range(1, 26))
    assert bench.missing() == []


def test_answer_that_ends_in_a_jump_of_the_clock_hides_nothing_after_it(bench: Bench) -> None:
    bench.come_back(rows(20, 25), [[*rows(9, 13), dated_ahead(14)]] * 5)

    assert bench.answers.n_asked == 5
    assert bench.stored() == [*range(1, 15), *range(20, 26)]
    assert bench.missing() == [(13, 20, None)]


def test_gap_ends_later_by_as_much_as_the_clock_was_ahead(bench: Bench) -> None:
    """It jumps again while the socket is lost: 59 may be dated 89."""
    for row in (dated_ahead(11), dated_ahead(12), *rows(13, 14)):
        bench.take([row])
    assert bench.intake.time.lateness_ms == 28_000  # 41, the first date ahead, less 13
    for row in rows(15, 42):
        bench.take([row])

    bench.come_back(rows(60, 65), [])

    assert bench.missing() == [(42 - 28, 60 + 28, None)]


def test_missed_trades_dated_before_the_last_one_stored_are_stored(bench: Bench) -> None:
    """The venue's clock was ahead when the socket was lost, and back before the replay."""
    jump = [dated_ahead(11), dated_ahead(12)]
    for row in jump:
        bench.take([row])
    bench.take([dated_ahead(13)])  # the second and third so far ahead are believed

    bench.come_back(rows(60, 65), [[*rows(1, 10), *jump, dated_ahead(13), *rows(14, 65)]])

    assert bench.stored() == list(range(1, 66))
    assert bench.missing() == []


def test_trade_that_came_late_is_part_of_what_has_to_be_proven(bench: Bench) -> None:
    """11 overtook 12 and 13, so the last two seconds are not certain when the socket is lost."""
    for row in (*rows(12, 13), *rows(11, 11)):
        bench.take([row])
    assert bench.intake.time.lateness_ms == 2_000
    lost_ms = START_MS + 11_000

    bench.come_back(rows(12, 16), [rows(12, 16)])

    assert bench.stream.coverage.start_ms is not None
    # What came before 12 and was missed may be dated two seconds later than that, too.
    assert bench.missing() == [((lost_ms - START_MS) // 1_000, 12 + 2, None)]


def test_second_loss_before_the_answer_leaves_what_was_in_doubt(bench: Bench) -> None:
    bench.answers.left = [rows(9, 22)]
    bench.stream.coverage.lose(CoverageCause.ERROR)
    bench.stream.coverage.acknowledge()
    bench.take(rows(20, 25))
    bench.stream.coverage.lose(CoverageCause.CLOSED)
    bench.background.run_due()

    assert bench.answers.n_asked == 0
    assert bench.missing()[0][:2] == (10, 20)


def test_loss_in_doubt_ends_later_too_where_trades_come_out_of_order(bench: Bench) -> None:
    for row in (*rows(12, 13), *rows(11, 11)):  # two seconds
        bench.take([row])
    bench.stream.coverage.lose(CoverageCause.ERROR)
    bench.stream.coverage.acknowledge()
    bench.take(rows(20, 25))

    assert bench.missing() == [(11, 20 + 2, None)]


def test_background_runs_what_is_due_first_and_nothing_early() -> None:
    clock, told = ManualClock(), list[str]()
    background = Background(clock, threading.Event())
    say: Callable[[str], Callable[[], None]] = lambda word: lambda: told.append(word)  # noqa: E731
    background.add(say("later"), 2.0)
    background.add(say("now"))
    background.add(say("soon"), 1.0)

    background.run_due()
    assert told == ["now"]
    clock.advance(2.0)
    background.run_due()

    assert told == ["now", "soon", "later"]
