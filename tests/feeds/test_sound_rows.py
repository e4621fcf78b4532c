"""What is read at one go is what would be read object by object, and never more than that."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS
from hypothesis import given, settings
from hypothesis import strategies as st

from hypertrack.feeds.frames import parse_frame
from hypertrack.feeds.rows import (
    Row,
    Rows,
    read_sound_bbo,
    read_sound_book,
    read_sound_trades,
    recorded_row,
)
from hypertrack.records import Feed, JsonError

TRADE = {
    "coin": "BTC",
    "side": "A",
    "px": "84143.0",
    "sz": "0.00036",
    "time": START_MS,
    "hash": "0x7a",
    "tid": 1045359869404765,
    "users": [ALICE, BOB],
}
LEVELS = [{"px": "84143.0", "sz": "10.2", "n": 36}, {"px": "84144.0", "sz": "50.6", "n": 18}]
QUOTE = {"coin": "BTC", "time": START_MS, "bbo": LEVELS}
BOOK = {"coin": "BTC", "time": START_MS, "levels": [LEVELS, LEVELS]}

ODD_TEXTS = ["", " 1", "0", "-1", "1e300", "1e18", "1e-18", "nan", "inf", "1_0", "+1"]
ODD_WALLETS = [ALICE.upper(), ALICE.replace("0x", "0X"), ALICE[:-1], ALICE[:-1] + " ", ALICE + "0"]
ODD_NUMBERS = [0, -1, 1, 1.5, 2**63 - 1, 2**63, 2**80, 1e17, float(START_MS), START_MS * 1000]
odd = st.sampled_from(
    [None, True, [], {}, str(START_MS), *ODD_TEXTS, *ODD_WALLETS, *ODD_NUMBERS]
) | st.text(max_size=4)


@st.composite
def with_something_odd(draw: st.DrawFn, whole: dict[str, Any]) -> bytes:
    """Give an object, any value of which may be another, nested ones too."""

    def spoil(value: Any) -> Any:
        if draw(st.integers(0, 7)) == 0:
            return draw(odd)
        if isinstance(value, dict):
            return {key: spoil(inner) for key, inner in value.items()}
        return [spoil(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(spoil(whole), separators=(",", draw(st.sampled_from([":", ": "])))).encode()


def one_by_one(feed: Feed, objects: list[bytes]) -> list[Row] | None:
    try:
        return [recorded_row(feed, line) for line in objects]
    except JsonError:
        return None


def facts(rows: list[Row] | None) -> list[tuple[str, int, int | str, bytes]] | None:
    return None if rows is None else [(*row[:3], bytes(row.raw)) for row in rows]


@settings(max_examples=100, deadline=None)
@given(st.lists(with_something_odd(TRADE), max_size=3))
def test_trades_read_at_one_go_are_those_read_one_by_one(objects: list[bytes]) -> None:
    read = read_sound_trades(b"[" + b",".join(objects) + b"]")

    if read is not None:
        assert read.flaw is None
        assert facts(read.rows) == facts(one_by_one(Feed.TRADES, objects))


@settings(max_examples=100, deadline=None)
@given(with_something_odd(QUOTE), with_something_odd(BOOK))
def test_quotes_and_books_read_at_one_go_are_those_read_with_care(
    quote: bytes, book: bytes
) -> None:
    for feed, data, read in (
        (Feed.BBO, quote, read_sound_bbo(quote)),
        (Feed.L2BOOK, book, read_sound_book(book)),
    ):
        if read is not None:
            assert facts(read.rows) == facts(one_by_one(feed, [data]))


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_sound_trades, [TRADE]),
        (read_sound_trades, [TRADE, {**TRADE, "px": 84143, "extra": None}]),
        (read_sound_bbo, QUOTE),
        (read_sound_bbo, {**QUOTE, "bbo": [None, LEVELS[0]]}),
        (read_sound_book, BOOK),
    ],
)
def test_what_the_venue_sends_is_read_at_one_go(
    read: Callable[[bytes], Rows | None], data: object
) -> None:
    assert read(json.dumps(data).encode()) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"tid": 0},
        {"tid": "5"},
        {"tid": 5.0},
        {"time": float(START_MS)},
        {"time": str(START_MS)},
        {"px": "0"},
        {"sz": "1e300"},
        {"users": [ALICE, BOB[:-1]]},
        {"users": [ALICE[:-1] + " ", BOB]},
        {"coin": ""},
        {"side": "C"},
    ],
)
def test_what_needs_a_closer_look_is_left_to_it(change: dict[str, Any]) -> None:
    assert read_sound_trades(json.dumps([TRADE, TRADE | change]).encode()) is None


@pytest.mark.parametrize(
    "frame",
    [
        '{"channel":"l2Book","data":%s}',
        '{"channel":"l2Book","data": %s}',
        '{"channel":"l2Book","data":%s }',
        '{"channel": "l2Book", "data": %s}',
        ' {"data":%s,"channel":"l2Book"}\n',
        '{"channel":"l2Book","data":%s,"later":{}}',
        '{"channel":"l2Book","data":7,"data":%s}',
    ],
)
def test_row_is_the_same_however_its_frame_is_spelled(frame: str) -> None:
    book = json.dumps(BOOK)

    parsed = parse_frame((frame % book).encode())

    assert isinstance(parsed, Rows)
    assert facts(parsed.rows) == [("BTC", START_MS, 0, book.encode())]
