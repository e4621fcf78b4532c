"""Prices and rates of a coin as of a moment, exact decimals, from what was recorded by then."""

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

from hypertrack.records import (
    DAY_MS,
    Feed,
    FundingRate,
    JsonError,
    Record,
    are_amounts,
    checked_funding_rate,
    decode_json,
    exact_signed,
)
from hypertrack.store.reading.recorded_moments import Moment, RecordedMoments

T = TypeVar("T", bound=Record)

BOOK_MAX_AGE_MS = 6_000
"""The venue sends a book every half second; one that is older was not followed by another."""

QUOTE_MAX_AGE_MS = 60_000
"""As every reference price here has it: a quote is in force until it changes."""

TRADE_MAX_AGE_MS = DAY_MS

RATE_MAX_AGE_MS = 600_000
"""The rate of an hour moves until it is over: only contexts of its last ten minutes tell it."""


class Level(NamedTuple):
    """What can be had at one price."""

    price: Decimal
    size: Decimal


class Book(NamedTuple):
    """Both sides, the best first, and since when it stood so."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    time_ms: int


class Quote(NamedTuple):
    """The best price of each side, None where there is nobody."""

    bid: Decimal | None
    ask: Decimal | None
    time_ms: int


class LastTrade(NamedTuple):
    """The price of the last trade."""

    price: Decimal
    time_ms: int


class _Level(Record, frozen=True):
    px: str | float
    sz: str | float


class _BookLine(Record, frozen=True):
    levels: tuple[tuple[_Level, ...], tuple[_Level, ...]]


class _Price(Record, frozen=True):
    px: str | float


class _QuoteLine(Record, frozen=True):
    bbo: tuple[_Price | None, _Price | None]


class _TradeLine(Record, frozen=True):
    px: str | float
    sz: str | float


class _Context(Record, frozen=True, rename="camel"):
    funding: str | float | None = None
    oracle_px: str | float | None = None


class _ContextLine(Record, frozen=True):
    ctx: _Context


class RecordedPrices:
    """Tells prices as of moments; what cannot be read, or is no price, tells nothing."""

    def __init__(self, folder: Path):
        self._of = {
            feed: RecordedMoments(folder, feed)
            for feed in (Feed.L2BOOK, Feed.BBO, Feed.TRADES, Feed.CONTEXTS)
        }

    def book(self, coin: str, at: Moment) -> Book | None:
        """Return the book of a coin, if it is fresh."""
        found = self._of[Feed.L2BOOK].newest(coin, at, BOOK_MAX_AGE_MS)
        if found is None or (line := _decoded(found[1], _BookLine)) is None:
            return None
        bids, asks = (_levels(side) for side in line.levels)
        return Book(bids, asks, found[0])

    def quote(self, coin: str, at: Moment) -> Quote | None:
        """Return the best bid and offer of a coin, if they are fresh."""
        found = self._of[Feed.BBO].newest(coin, at, QUOTE_MAX_AGE_MS)
        if found is None or (line := _decoded(found[1], _QuoteLine)) is None:
            return None
        bid, ask = (None if side is None else _price(side.px) for side in line.bbo)
        return Quote(bid, ask, found[0])

    def last_trade(self, coin: str, at: Moment) -> LastTrade | None:
        """Return the last trade of a coin."""
        found = self._of[Feed.TRADES].newest(coin, at, TRADE_MAX_AGE_MS)
        if found is None or (line := _decoded(found[1], _TradeLine)) is None:
            return None
        price = _price(line.px)
        return None if price is None else LastTrade(price, found[0])

    def funding(self, coin: str, due_ms: int, received_ns: int) -> FundingRate | None:
        """Return what fell due in a coin at a full hour, if a context told it in time."""
        at = Moment(due_ms - 1, received_ns)
        found = self._of[Feed.CONTEXTS].newest(coin, at, RATE_MAX_AGE_MS - 1)
        line = None if found is None else _decoded(found[1], _ContextLine)
        if line is None or line.ctx.funding is None or line.ctx.oracle_px is None:
            return None
        oracle = _price(line.ctx.oracle_px)
        if oracle is None:
            return None
        try:
            checked_funding_rate(line.ctx.funding)
            return FundingRate(rate=exact_signed(line.ctx.funding), oracle_px=oracle)
        except ValueError:
            return None

    def close(self) -> None:
        """Close the files."""
        for moments in self._of.values():
            moments.close()


def _decoded(line: bytes, to: type[T]) -> T | None:
    try:
        return decode_json(line, to)
    except (JsonError, UnicodeDecodeError):
        return None


def _price(text: str | float) -> Decimal | None:
    return Decimal(str(text)) if are_amounts(text) else None


def _levels(side: tuple[_Level, ...]) -> tuple[Level, ...]:
    return tuple(
        Level(Decimal(str(level.px)), Decimal(str(level.sz)))
        for level in side
        if are_amounts(level.px, level.sz)
    )
