"""What was said of a coin last, as of a moment: in sealed hours and in an open file alike."""

from decimal import Decimal
from pathlib import Path

import pytest
from fakes import START_MS, context, quote
from paper_fakes import book, took, write_lines

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing
from hypertrack.store.reading.recorded_moments import Moment
from hypertrack.store.reading.recorded_prices import RecordedPrices

ALL = 1 << 62


def at(after_ms: int, received_ns: int = ALL) -> Moment:
    return Moment(START_MS + after_ms, received_ns)


@pytest.fixture(params=["open", "sealed"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a recording, of which an hour is sealed or not; sealing leaves the newest open."""
    late = quote(START_MS + 1_000, 97.0, 98.0) | {"received_ns": (START_MS + 9_000) * 1_000_000}
    quotes = [quote(START_MS, 99.0, 101.0), quote(START_MS + 2_000, 98.0, None), late]
    twice = [took(1_000, 1, 100.0), took(1_000, 1, 103.0) | {"tid": 7_000}, took(1_000, 1, 101.0)]
    later = 7_200_000
    write_lines(tmp_path, "bbo", [*quotes, quote(START_MS + later, 1.0, 2.0)])
    write_lines(tmp_path, "trades", [*twice, took(later, 1, 5.0)])
    write_lines(tmp_path, "l2book", [book(0, [("99", "5")], [("101", "3")]), book(later, [], [])])
    contexts = [context(START_MS - 600_000), context(START_MS - 1, rate=0.0002)]
    write_lines(tmp_path, "contexts", [*contexts, context(START_MS + later)])
    if request.param == "sealed":
        for feed in (Feed.BBO, Feed.TRADES, Feed.L2BOOK, Feed.CONTEXTS):
            put_in_force(tmp_path, prepare_sealing(tmp_path, feed))
            assert list((tmp_path / "sealed" / feed).glob("*.parquet"))
    return tmp_path


def test_newest_quote_by_time_is_taken_whatever_order_they_came_in(folder: Path) -> None:
    prices = RecordedPrices(folder)

    first, second = prices.quote("BTC", at(1_500)), prices.quote("BTC", at(2_000))

    assert first is not None
    assert second is not None
    assert (first.bid, first.ask) == (97, 98)
    assert (second.bid, second.ask, second.time_ms) == (98, None, START_MS + 2_000)


def test_what_was_received_later_is_not_seen(folder: Path) -> None:
    found = RecordedPrices(folder).quote("BTC", at(1_500, (START_MS + 8_999) * 1_000_000))

    assert found is not None
    assert found.bid == 99


def test_old_quotes_and_books_tell_nothing(folder: Path) -> None:
    prices = RecordedPrices(folder)

    assert prices.quote("BTC", at(62_000)) is not None
    assert prices.quote("BTC", at(62_001)) is None
    assert prices.book("BTC", at(6_000)) is not None
    assert prices.book("BTC", at(6_001)) is None
    assert prices.book("ETH", at(6_000)) is None


def test_trade_of_the_greatest_id_is_the_last_of_a_moment(folder: Path) -> None:
    found = RecordedPrices(folder).last_trade("BTC", at(5_000))

    assert found is not None
    assert found.price == 103


def test_rate_that_falls_due_is_the_last_told_within_ten_minutes(folder: Path) -> None:
    prices = RecordedPrices(folder)

    due = prices.funding("BTC", START_MS, ALL)

    assert due is not None
    assert (due.rate, due.oracle_px) == (Decimal("0.0002"), 100)
    assert prices.funding("BTC", START_MS, (START_MS - 1) * 1_000_000) is not None  # the first
    assert prices.funding("BTC", START_MS + 3_600_000, ALL) is None


def test_lines_that_cannot_be_read_are_passed_by_and_torn_ones_waited_for(tmp_path: Path) -> None:
    write_lines(tmp_path, "bbo", [quote(START_MS, 99.0, 101.0)])
    prices = RecordedPrices(tmp_path)
    with (tmp_path / "bbo.jsonl").open("ab") as file:
        file.write(b'\xff{"coin"\n[]\n{"coin":"BTC","time":1767600001000,"bbo":[')
        file.flush()
        first = prices.quote("BTC", at(9_000))
        file.write(b'{"px":"98","sz":"1","n":1},null]}\n')
    second = prices.quote("BTC", at(9_000))

    assert first is not None
    assert second is not None
    assert (first.bid, second.bid) == (99, 98)


def test_price_that_is_none_tells_nothing(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [took(0, 1, 100.0) | {"px": "NaN"}])
    write_lines(tmp_path, "l2book", [book(0, [("-1", "5")], [("1e400", "3")])])
    write_lines(tmp_path, "contexts", [context(START_MS - 5, rate=None)])
    prices = RecordedPrices(tmp_path)

    assert prices.last_trade("BTC", at(0)) is None
    assert prices.book("BTC", at(0)) == ((), (), START_MS)
    assert prices.funding("BTC", START_MS, ALL) is None


@pytest.mark.parametrize(
    "beyond",
    [{"time": 2**64}, {"time": START_MS * 1_000}, {"time": -1}, {"received_ns": 2**80}],
)
def test_times_that_cannot_be_meant_are_passed_by(tmp_path: Path, beyond: dict[str, int]) -> None:
    trades = [took(0, 1, 100.0), took(1, 1, 7.0) | beyond, took(2, 1, 101.0)]
    write_lines(tmp_path, "trades", trades)

    found = RecordedPrices(tmp_path).last_trade("BTC", at(1))

    assert found is not None
    assert found.price == 100
