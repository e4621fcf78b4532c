"""Order books: the twenty levels a side that the venue shows, from a best bid and offer."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hypertrack.records import RawJson, Record, json_decoder
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.numbers import wire_number

N_LEVELS = 20
N_FAST_LEVELS = 5


class Level(Record, frozen=True):
    """The orders at one price."""

    px: str
    sz: str
    n: int = 1
    """Orders; a capture may lack it."""


Side = tuple[Level, ...]


class Book(Record, frozen=True):
    """What stands in the book of a coin, best prices first."""

    bids: Side = ()
    asks: Side = ()

    def best(self) -> tuple[Level | None, Level | None]:
        """Return best bid and best offer."""
        return (self.bids[0] if self.bids else None, self.asks[0] if self.asks else None)


class _Quote(Record, frozen=True):
    """The ``data`` of a bbo frame."""

    bbo: tuple[Level | None, Level | None]


class _BookFrame(Record, frozen=True):
    """The ``data`` of an l2Book frame."""

    levels: tuple[Side, Side]


_quote_decoder = json_decoder(_Quote)
_book_decoder = json_decoder(_BookFrame)


def book_of_frame(data: bytes | RawJson) -> Book:
    """Return the book of an l2Book frame's ``data``."""
    return Book(*_book_decoder.decode(data).levels)


def book_of_quote(data: bytes | RawJson, coin: Coin) -> Book:
    """Return a whole book around the best bid and offer of a bbo frame's ``data``.

    Levels behind the best ones stand one or more price steps apart, with sizes that grow with
    the distance; they follow from the prices, so that the same quote gives the same book.
    """
    bid, ask = _quote_decoder.decode(data).bbo
    return Book(
        () if bid is None else tuple(_ladder(bid, coin, -1)),
        () if ask is None else tuple(_ladder(ask, coin, 1)),
    )


def grouped(book: Book, significant: int, mantissa: int | None) -> Book:
    """Return the book with prices at this many significant digits, bids down and asks up.

    Args:
        mantissa: Multiples of the last digit that prices are grouped to (1, 2 or 5).
    """
    return Book(
        tuple(_merged(book.bids, significant, mantissa or 1, ROUND_FLOOR)),
        tuple(_merged(book.asks, significant, mantissa or 1, ROUND_CEILING)),
    )


def spread(book: Book) -> str | None:
    """Return the distance of best bid and best offer; None where a side is empty."""
    bid, ask = book.best()
    return None if bid is None or ask is None else str(Decimal(ask.px) - Decimal(bid.px))


def _ladder(best: Level, coin: Coin, direction: int) -> Iterator[Level]:
    yield best
    price, size = float(best.px), float(best.sz)
    scale = _price_scale(price, coin.max_price_decimals)
    least, decimals = 10.0**-coin.size_decimals, coin.size_decimals
    units = round(price * scale)
    for depth in range(1, N_LEVELS):
        mixed = (units + depth * direction) * 2_654_435_761 % 2**32
        units += direction * (1 + mixed % 3)
        if units <= 0:
            return
        grown = size * (0.3 + 0.15 * depth) * (0.4 + mixed % 1_000 / 600)
        yield Level(
            wire_number(units / scale),
            wire_number(round(max(grown, least), decimals)),
            1 + mixed % 12,
        )


def _price_scale(price: float, max_decimals: int) -> int:
    """Return the price steps in a dollar: five significant digits, or whole numbers."""
    digits = len(str(int(price))) if price >= 1 else -_leading_zeros(price)
    return int(10 ** min(max(5 - digits, 0), max(max_decimals, 0)))


def _leading_zeros(price: float) -> int:
    text = f"{price:.12f}".partition(".")[2]
    return len(text) - len(text.lstrip("0"))


def _merged(levels: Sequence[Level], significant: int, mantissa: int, to: str) -> Iterator[Level]:
    sizes: dict[Decimal, tuple[Decimal, int]] = {}
    for level in levels:
        price = Decimal(level.px)
        step = Decimal(mantissa).scaleb(price.adjusted() + 1 - significant)
        grouped_price = (price / step).to_integral_value(to) * step
        size, n = sizes.get(grouped_price, (Decimal(0), 0))
        sizes[grouped_price] = (size + Decimal(level.sz), n + level.n)
    for price, (size, n) in sizes.items():
        yield Level(wire_number(float(price)), wire_number(float(size)), n)
