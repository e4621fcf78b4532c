"""What a paper order pays: the recorded book walked, else the quote, else the last trade moved."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.market.book_walk import walked
from hypertrack.records import ZERO, FundingRate, PriceFrom
from hypertrack.store.reading.recorded_moments import Moment
from hypertrack.store.reading.recorded_prices import Book, LastTrade, Level, Quote

TO_FRAC = Decimal("0.0001")
"""A basis point."""

NO_END = Decimal("Infinity")


class Prices(Protocol):
    """What was recorded, as of moments."""

    def book(self, coin: str, at: Moment) -> Book | None:
        """Return the book of a coin, if it is fresh."""

    def quote(self, coin: str, at: Moment) -> Quote | None:
        """Return the best bid and offer of a coin, if they are fresh."""

    def last_trade(self, coin: str, at: Moment) -> LastTrade | None:
        """Return the last trade of a coin."""

    def funding(self, coin: str, due_ms: int, received_ns: int) -> FundingRate | None:
        """Return what fell due in a coin at a full hour."""

    def close(self) -> None:
        """Close the files."""


class Fill(NamedTuple):
    """What an order got.

    Attributes:
        size: Signed coins; less than asked for where the recorded book ends.
        cost_usd: Paid for them, received where below 0.
    """

    size: Decimal
    cost_usd: Decimal


@dataclass(frozen=True)
class CoinPrice:
    """The price of a coin at a moment.

    Attributes:
        asks: What a buyer finds, the best first; a size of None has no end.
        bids: What a seller finds.
    """

    mid: Decimal
    source: PriceFrom
    age_ms: int
    asks: tuple[tuple[Decimal, Decimal | None], ...]
    bids: tuple[tuple[Decimal, Decimal | None], ...]

    def fill(self, size: Decimal) -> Fill:
        """Return what an order of a signed size gets."""
        direction = 1 if size > 0 else -1
        offers = self.asks if size > 0 else self.bids
        prices = np.array([price for price, _ in offers], dtype=object)
        sizes = np.array([NO_END if n is None else n for _, n in offers], dtype=object)
        got, cost = walked(prices, sizes, np.array(abs(size), dtype=object))
        return Fill(direction * (ZERO + got), direction * (ZERO + cost))


def price_at(
    prices: Prices, coin: str, at: Moment, side: int, spread_bps: Decimal
) -> CoinPrice | None:
    """Return the price of a coin for somebody who trades then; None where it never traded.

    Args:
        side: 1 of a buyer, -1 of a seller, 0 of somebody who only looks: what is found must have
            offers for him.
        spread_bps: By which the last trade is moved against him.
    """
    book = prices.book(coin, at)
    if book is not None and _serves(side, bool(book.bids), bool(book.asks)):
        return CoinPrice(
            mid=_mid(_best(book.bids), _best(book.asks)),
            source=PriceFrom.BOOK,
            age_ms=at.time_ms - book.time_ms,
            asks=book.asks,
            bids=book.bids,
        )
    quote = prices.quote(coin, at)
    if quote is not None and _serves(side, quote.bid is not None, quote.ask is not None):
        return CoinPrice(
            mid=_mid(quote.bid, quote.ask),
            source=PriceFrom.QUOTE,
            age_ms=at.time_ms - quote.time_ms,
            asks=() if quote.ask is None else ((quote.ask, None),),
            bids=() if quote.bid is None else ((quote.bid, None),),
        )
    last = prices.last_trade(coin, at)
    if last is None:
        return None
    return CoinPrice(
        mid=last.price,
        source=PriceFrom.TRADE,
        age_ms=at.time_ms - last.time_ms,
        asks=((last.price * (1 + spread_bps * TO_FRAC), None),),
        bids=((last.price * (1 - spread_bps * TO_FRAC), None),),
    )


def _serves(side: int, has_bids: bool, has_asks: bool) -> bool:
    if side == 0:
        return has_bids and has_asks
    return has_asks if side > 0 else has_bids


def _best(levels: tuple[Level, ...]) -> Decimal | None:
    return levels[0].price if levels else None


def _mid(bid: Decimal | None, ask: Decimal | None) -> Decimal:
    """Return the middle; the one side where the other is empty."""
    if bid is None or ask is None:
        found = ask if bid is None else bid
        assert found is not None
        return found
    return (bid + ask) / 2


def taker_bps(coin: str, fees: FeeSettings) -> Decimal:
    """Return what the schedule takes of a taker's notional, as `market.fees` has it."""
    if coin.startswith("#"):
        return ZERO
    if not pays_funding(coin):
        return Decimal(str(fees.spot_taker_bps))
    multiplier = Decimal(str(fees.hip3_multiplier)) if ":" in coin else 1
    return Decimal(str(fees.perp_taker_bps)) * multiplier


def pays_funding(coin: str) -> bool:
    """Return whether a coin is a perp."""
    return not coin.startswith(("@", "#")) and "/" not in coin
