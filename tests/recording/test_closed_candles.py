"""Which candles are closed, and which are replaced by the venue's own; minutes are numbers."""

from hypertrack.feeds.rows import Row
from hypertrack.recording.closed_candles import Candle, CandleBook, Fill, Lacking, Stored
from hypertrack.records import MINUTE_MS, RawJson

GRACE_MS = 5_000


def candle(minute: int, n_trades: int, coin: str = "BTC") -> Candle:
    return Candle(Row(coin, minute * MINUTE_MS, n_trades, RawJson(b"{}")), 0)


def shown(candles: list[Candle]) -> list[tuple[int, int]]:
    return [(one.start_ms // MINUTE_MS, one.n_trades) for one in candles]


def joined(minute: int) -> CandleBook:
    """Return a book whose connection began in a minute, that minute already filled."""
    book = CandleBook(GRACE_MS)
    book.connected("BTC")
    book.take(candle(minute, 1))
    (fill,) = passed(book, (minute + 2) * MINUTE_MS)[1]
    book.filled(fill, [candle(minute, 9)])
    return book


def passed(book: CandleBook, now_ms: int) -> tuple[list[Candle], list[Fill]]:
    """Let exchange time pass, and the second that sockets have to deliver."""
    first = book.pass_time(now_ms, 0.0)
    second = book.pass_time(now_ms, 1.0)
    return first[0] + second[0], first[1] + second[1]


def test_later_candle_closes_the_one_before_with_its_last_state() -> None:
    book = joined(10)

    assert book.take(candle(11, 1)) == []
    assert book.take(candle(11, 4)) == []
    assert shown(book.take(candle(12, 1))) == [(11, 4)]


def test_time_closes_a_candle_after_its_grace_and_a_moment_to_deliver() -> None:
    book = joined(10)
    book.take(candle(11, 4))
    end_ms = 12 * MINUTE_MS

    assert passed(book, end_ms + GRACE_MS)[0] == []
    assert book.pass_time(end_ms + GRACE_MS + 1, 50.0)[0] == []
    assert shown(book.pass_time(end_ms + GRACE_MS + 1, 51.0)[0]) == [(11, 4)]


def test_frame_that_comes_after_the_close_corrects_it_only_with_more_trades() -> None:
    book = joined(10)
    book.take(candle(11, 4))
    book.take(candle(12, 1))

    assert book.take(candle(11, 4)) == []
    assert shown(book.take(candle(11, 5))) == [(11, 5)]


def test_minute_of_the_connection_is_asked_for_and_replaces_ours() -> None:
    book = CandleBook(GRACE_MS)
    book.connected("BTC")
    book.take(candle(10, 3))
    assert book.take(candle(11, 1)) == []

    closed, due = passed(book, 11 * MINUTE_MS + GRACE_MS + 1)

    assert closed == []
    assert due == [Fill("BTC", 10 * MINUTE_MS, 10 * MINUTE_MS)]
    assert shown(book.filled(due[0], [candle(10, 8)])) == [(10, 8)]
    assert passed(book, 11 * MINUTE_MS + GRACE_MS + 2)[1] == []


def test_minutes_missed_are_asked_for_with_the_one_that_was_cut_off() -> None:
    book = joined(10)
    book.take(candle(11, 4))
    book.lost("BTC")
    book.connected("BTC")
    book.take(candle(15, 1))

    closed, due = passed(book, 17 * MINUTE_MS)

    assert closed == []
    assert due == [Fill("BTC", 11 * MINUTE_MS, 15 * MINUTE_MS)]
    answer = [candle(11, 7), candle(13, 2), candle(15, 6)]  # 12 and 14 had no trades
    assert shown(book.filled(due[0], answer)) == [(11, 7), (13, 2), (15, 6)]


def test_minutes_missed_twice_are_asked_for_once() -> None:
    book = joined(10)
    book.take(candle(11, 4))
    for minute in (13, 15):
        book.lost("BTC")
        book.connected("BTC")
        book.take(candle(minute, 1))

    assert passed(book, 17 * MINUTE_MS)[1] == [Fill("BTC", 11 * MINUTE_MS, 15 * MINUTE_MS)]


def test_quiet_coin_is_asked_for_as_well() -> None:
    book = joined(10)
    book.lost("BTC")
    book.connected("BTC")
    assert passed(book, 14 * MINUTE_MS) == ([], [])

    assert passed(book, 16 * MINUTE_MS)[1] == [Fill("BTC", 11 * MINUTE_MS, 14 * MINUTE_MS)]


def test_own_candles_stand_in_where_the_venue_does_not_answer() -> None:
    book = CandleBook(GRACE_MS)
    book.connected("BTC")
    book.take(candle(10, 3))
    book.take(candle(11, 1))
    (fill,) = passed(book, 11 * MINUTE_MS + GRACE_MS + 1)[1]

    assert shown(book.filled(fill, [])) == [(10, 3)]


def test_stop_writes_what_is_over_and_not_what_is_not() -> None:
    book = CandleBook(GRACE_MS)
    book.connected("BTC")
    book.take(candle(10, 3))
    book.take(candle(11, 2))

    assert shown(book.stop(11 * MINUTE_MS + GRACE_MS + 1)) == [(10, 3)]
    assert shown(book.stop(12 * MINUTE_MS + GRACE_MS + 1)) == [(10, 3), (11, 2)]


def test_coins_do_not_close_each_other() -> None:
    book = joined(10)
    book.take(candle(11, 4))

    assert book.take(candle(12, 1, coin="ETH")) == []


def test_session_that_goes_on_asks_from_the_first_minute_not_written() -> None:
    book = CandleBook(GRACE_MS)
    book.resume("BTC", 12 * MINUTE_MS + 1, {nth * MINUTE_MS: 3 for nth in (9, 10, 11, 15)})
    book.connected("BTC")
    book.take(candle(20, 1))

    (fill,) = passed(book, 22 * MINUTE_MS)[1]

    assert fill == Fill("BTC", 12 * MINUTE_MS, 20 * MINUTE_MS)
    written = book.filled(fill, [candle(nth, 3) for nth in range(12, 21)])
    assert [minute for minute, _ in shown(written)] == [12, 13, 14, 16, 17, 18, 19, 20]


UNKNOWN = Stored(0, is_all=False)


def cut_off(n_trades: int) -> tuple[CandleBook, Fill]:
    """Return a book that lost its socket in minute 11, after so many trades, until minute 13."""
    book = joined(10)
    book.take(candle(11, n_trades))
    book.lost("BTC")
    book.connected("BTC")
    book.take(candle(13, 2))
    book.take(candle(14, 1))
    (fill,) = passed(book, 16 * MINUTE_MS)[1]
    return book, fill


def lacking(
    book: CandleBook, fill: Fill, answer: list[Candle], stored: Stored = UNKNOWN
) -> list[tuple[int, bool]]:
    """Return the minutes that an answer leaves open, and whether it is outdated in them."""
    found = book.lacking(fill, answer, lambda _coin, _start_ms: stored)
    return [(one.start_ms // MINUTE_MS, one.is_outdated) for one in found]


def test_answer_with_all_minutes_and_a_later_one_settles_them() -> None:
    book, fill = cut_off(4)

    assert lacking(book, fill, [candle(11, 9), candle(13, 7)]) == []  # 12 had no trades


def test_empty_answer_settles_nothing_and_nothing_partial_is_written() -> None:
    book, fill = cut_off(4)
    open_minutes = book.lacking(fill, [], lambda _coin, _start_ms: UNKNOWN)

    assert open_minutes == [
        Lacking(11 * MINUTE_MS, is_outdated=True),
        Lacking(12 * MINUTE_MS, is_outdated=False),
    ]
    assert shown(book.filled(fill, [], open_minutes)) == [(13, 2)]


def test_answer_older_than_what_is_known_is_outdated() -> None:
    book, fill = cut_off(4)

    assert lacking(book, fill, [candle(11, 3)]) == [(11, True), (12, False)]


def test_answer_that_counts_fewer_trades_than_are_stored_is_outdated() -> None:
    book, fill = cut_off(4)

    assert lacking(book, fill, [candle(11, 5), candle(13, 7)], Stored(6, is_all=False))[0] == (
        11,
        True,
    )


def test_answer_in_which_nothing_is_later_is_only_believed_where_all_trades_are_stored() -> None:
    book, fill = cut_off(4)

    assert lacking(book, fill, [candle(11, 5)]) == [(11, False), (12, False)]
    assert (11, False) not in lacking(book, fill, [candle(11, 5)], Stored(5, is_all=True))


def test_older_state_never_replaces_the_one_seen_on_the_socket() -> None:
    book = CandleBook(GRACE_MS)
    book.connected("BTC")
    book.take(candle(10, 594))
    book.take(candle(11, 1))
    (fill,) = passed(book, 11 * MINUTE_MS + GRACE_MS + 1)[1]

    assert shown(book.filled(fill, [candle(10, 297)])) == [(10, 594)]


def test_minute_that_was_cut_off_is_not_written_at_the_end_either() -> None:
    book = joined(10)
    book.take(candle(11, 4))
    book.lost("BTC")

    assert book.stop(20 * MINUTE_MS) == []


def test_states_and_closed_candles_are_told_once() -> None:
    book = joined(10)
    book.take_seen()
    book.take(candle(11, 4))
    book.take(candle(11, 5))
    book.take(candle(12, 1))

    states, closed = book.take_seen()
    assert (shown(states), shown(closed)) == ([(11, 5), (12, 1)], [(11, 5)])
    assert book.take_seen() == ([], [])


def test_minute_without_an_answer_is_settled_where_it_is_known_to_have_no_trades() -> None:
    book = joined(10)
    book.lost("BTC")
    book.connected("BTC")
    passed(book, 13 * MINUTE_MS)
    (fill,) = passed(book, 15 * MINUTE_MS)[1]

    assert lacking(book, fill, [], Stored(0, is_all=True)) == []
    assert lacking(book, fill, [], UNKNOWN) == [(11, False), (12, False), (13, False)]


def test_minute_whose_candle_still_comes_is_not_open() -> None:
    book = joined(10)
    book.lost("BTC")
    book.connected("BTC")
    book.take(candle(11, 4))
    (fill,) = passed(book, 12 * MINUTE_MS + GRACE_MS + 1)[1]

    assert lacking(book, fill, []) == []
