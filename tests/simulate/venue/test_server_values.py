"""Numbers, candles and books, worked by hand."""

from datetime import UTC, datetime

import pytest
from exchange_fakes import coin, quote

from hypertrack.simulate.venue.books import Book, Level, book_of_quote, grouped, spread
from hypertrack.simulate.venue.built_candles import bucket
from hypertrack.simulate.venue.numbers import price_text, wire_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (84_143.0, "84143.0"),
        (0.00036, "0.00036"),
        (0.00001, "0.00001"),
        (2_058_973, "2058973.0"),
        (0.0, "0.0"),
        (1e16, "10000000000000000.0"),
    ],
)
def test_numbers_have_a_decimal_and_no_exponent(value: float, text: str) -> None:
    assert wire_number(value) == text


@pytest.mark.parametrize(
    ("value", "max_decimals", "text"),
    [
        (84_143.6, 1, "84144.0"),
        (123_456.7, 1, "123457.0"),
        (2_296.46, 2, "2296.5"),
        (0.0042137, 6, "0.004214"),
    ],
)
def test_prices_have_five_digits_and_the_coins_decimals(
    value: float, max_decimals: int, text: str
) -> None:
    assert price_text(value, max_decimals) == text


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("1m", datetime(2026, 1, 7, 10, 31, tzinfo=UTC), datetime(2026, 1, 7, 10, 32, tzinfo=UTC)),
        ("4h", datetime(2026, 1, 7, 8, tzinfo=UTC), datetime(2026, 1, 7, 12, tzinfo=UTC)),
        ("1w", datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC)),
        ("1M", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_candles_begin_on_the_clock_weeks_on_monday(
    interval: str, start: datetime, end: datetime
) -> None:
    time_ms = round(datetime(2026, 1, 7, 10, 31, 20, tzinfo=UTC).timestamp() * 1000)

    assert bucket(time_ms, interval) == (start.timestamp() * 1000, end.timestamp() * 1000)


@pytest.mark.parametrize(
    ("bid", "ask", "size_decimals"),
    [("84143.0", "84144.0", 5), ("0.004213", "0.004214", 0), ("9.9999", "10.0", 2)],
)
def test_book_around_a_quote_goes_away_from_it_in_price_steps(
    bid: str, ask: str, size_decimals: int
) -> None:
    one = coin(size_decimals=size_decimals)

    book = book_of_quote(quote(0, bid, ask).data, one)

    bids, asks = ([float(level.px) for level in side] for side in (book.bids, book.asks))
    assert (bids[0], asks[0]) == (float(bid), float(ask))
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert len(bids) == len(asks) == 20
    assert all(len(level.px.replace(".", "").strip("0")) <= 5 for level in book.asks[1:])
    assert book == book_of_quote(quote(99, bid, ask).data, one)


def test_book_of_one_side_is_empty_on_the_other() -> None:
    book = book_of_quote(b'{"bbo":[{"px":"84143.0","sz":"2.0","n":1},null]}', coin())

    assert (len(book.bids), book.asks, spread(book)) == (20, (), None)


def test_grouping_adds_sizes_and_orders() -> None:
    book = Book(
        bids=(Level("84143.0", "1.0", 1), Level("84141.0", "0.5", 2), Level("84139.0", "2.0", 1)),
        asks=(Level("84144.0", "1.5", 1), Level("84150.0", "0.25", 3)),
    )

    by_ten, by_five = grouped(book, 4, None), grouped(book, 5, 5)

    assert by_ten.bids == (Level("84140.0", "1.5", 3), Level("84130.0", "2.0", 1))
    assert by_ten.asks == (Level("84150.0", "1.75", 4),)
    assert [level.px for level in by_five.bids] == ["84140.0", "84135.0"]
    assert [level.px for level in by_five.asks] == ["84145.0", "84150.0"]
