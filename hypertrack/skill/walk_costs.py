"""What the size of an order costs beyond half the spread: by recorded books, else by the tape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hypertrack.market.arrays import Flags, Floats, Ints, Numbers
from hypertrack.market.book_walk import walked
from hypertrack.market.engine.market import Market
from hypertrack.market.price_path import PricePath
from hypertrack.skill.bets import TO_BPS
from hypertrack.skill.fetching import fetch
from hypertrack.skill.openings import Openings
from hypertrack.store.reading.recorded_books import ASKS, BIDS, Books

SIZES_USD: Floats = np.append(0.0, 100.0 * 2.0 ** np.arange(18))
"""At which the walk is told beside the size asked for, up to 13 million; between them, a line."""

BOOKS_EACH = 400
"""Of a coin that are looked at, evenly spread over the moments at which somebody would copy: their
mean is sure to a twentieth of how far they differ."""


@dataclass(frozen=True)
class WalkCosts:
    """What an order pays on average of each coin beyond half the spread.

    Attributes:
        size_usd: The size asked for.
        sizes_usd: It among `SIZES_USD`.
        bps: Of each size, ``[coins, sizes]``; NaN of a coin whose book was not recorded.
        half_spread_bps: Of those books, ``[coins]``; NaN likewise.
    """

    size_usd: float
    sizes_usd: Floats
    bps: Floats
    half_spread_bps: Floats

    @property
    def are_recorded(self) -> Flags:
        """Return of which coins books told it, ``[coins]``."""
        return ~np.isnan(self.half_spread_bps)

    def or_by_tape(self, bps_per_usd: Floats) -> "WalkCosts":
        """Return the same with what takers of the tape paid where no book was recorded.

        Args:
            bps_per_usd: ``[coins]``; 0 where nobody took.
        """
        line = np.nan_to_num(bps_per_usd)[:, None] * self.sizes_usd
        return replace(self, bps=np.where(self.are_recorded[:, None], self.bps, line))

    def half_spread_or(self, configured_bps: float) -> Floats:
        """Return half the spread of recorded books, or as it is configured, ``[coins]``."""
        return np.where(self.are_recorded, self.half_spread_bps, configured_bps)

    def asked_bps(self, curves: Floats) -> Floats:
        """Return curves over the sizes at the one asked for, ``[curves]``."""
        found: Floats = curves[:, np.searchsorted(self.sizes_usd, self.size_usd)]
        return found


def size_at(sizes_usd: Floats, curves: Floats, cost_bps: Floats) -> Floats:
    """Return the size at which each curve costs so much, USD; 0 of nothing, infinite where free.

    Args:
        sizes_usd: From 0.
        curves: Rising from 0, ``[curves, sizes]``; beyond their end they go on as lines.
        cost_bps: ``[curves]``.
    """
    nth = np.clip((curves <= cost_bps[:, None]).sum(axis=1), 1, len(sizes_usd) - 1)
    rows = np.arange(len(nth))
    low, high = curves[rows, nth - 1], curves[rows, nth]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (cost_bps - low) / (high - low)
        found = sizes_usd[nth - 1] + part * (sizes_usd[nth] - sizes_usd[nth - 1])
    return np.where(cost_bps > 0, np.where(high > low, found, np.inf), 0.0)


def no_walks(n_coins: int, size_usd: float) -> WalkCosts:
    """Return that no book was recorded of any coin."""
    sizes_usd = np.union1d(SIZES_USD, [size_usd])
    nothing = np.full((n_coins, len(sizes_usd)), np.nan)
    return WalkCosts(size_usd, sizes_usd, nothing, nothing[:, 0])


class Moments(Protocol):
    """When coins were traded, ``[moments]`` each."""

    @property
    def coin(self) -> Numbers:
        """Number of the coin."""

    @property
    def time_ms(self) -> Ints:
        """When it was."""


def recorded_walks(
    con: Market, taken: Moments, delay_ms: int, until_ms: int, nothing: WalkCosts
) -> WalkCosts:
    """Return what books said that stood when openings could be copied; NaN of coins without any.

    Args:
        con: Holds the dataset.
        taken: When somebody took, by coin and time.
        delay_ms: Of whoever copies.
        until_ms: No book of then or later is looked at.
        nothing: Of all coins; what is returned where no book was recorded.
    """
    is_early = taken.time_ms + delay_ms < until_ms
    if con.books is None or not is_early.any():
        return nothing
    coin, time_ms = taken.coin[is_early], taken.time_ms[is_early]
    rows = np.concatenate(list(_some_of_each(coin)))
    coin, names = coin[rows], fetch(con, con.table("coins").order_by("coin_id"))["coin"]
    books = con.books.at(names[coin], time_ms[rows] + delay_ms)
    is_whole = (books.sizes[:, :, 0] > 0).all(axis=1)
    if not is_whole.any():
        return nothing
    return _means(Books(*(each[is_whole] for each in books)), coin[is_whole], nothing)


def _some_of_each(coin: Numbers) -> Iterator[Ints]:
    """Yield the rows of each coin that are looked at, of rows by coin."""
    for each in np.unique(coin).tolist():
        first, end = np.searchsorted(coin, [each, each + 1])
        yield np.unique(np.linspace(first, end - 1, BOOKS_EACH).astype(np.int64))


def _means(books: Books, coin: Numbers, nothing: WalkCosts) -> WalkCosts:
    """Return the means over the books of each coin, of both sides: who copies needs each once."""
    n_coins = len(nothing.half_spread_bps)
    n_books = np.bincount(coin, minlength=n_coins).astype(np.float64)
    n_books[n_books == 0] = np.nan
    best = books.prices[:, :, 0]
    half_spread = (best[:, ASKS] - best[:, BIDS]) / best.sum(axis=1) * TO_BPS
    columns = [walk_bps(books, size).mean(axis=1) for size in nothing.sizes_usd[1:]]
    means = [np.bincount(coin, column, n_coins) / n_books for column in (half_spread, *columns)]
    bps = np.stack([0 * n_books, *means[1:]], axis=1)
    return replace(nothing, bps=bps, half_spread_bps=means[0])


def walk_sums(taken: Openings, mid: Floats, half_spread_bps: Floats) -> tuple[float, float]:
    """Return what takers paid beyond half the spread times their sizes, and their sizes squared.

    Both in sums, of which the first over the second is how much more an order pays for each USD of
    its size, by least squares through 0: deep books are seldom recorded, and this is what was
    found in them.

    Args:
        taken: Openings as taker of one coin.
        mid: Price before each, NaN where nobody knows.
        half_spread_bps: Recorded beside each, NaN of none.
    """
    paid_bps = taken.direction * (taken.price / mid - 1) * TO_BPS
    beyond = paid_bps - np.nan_to_num(half_spread_bps)
    is_seen = ~np.isnan(beyond)
    usd = taken.notional_usd[is_seen]
    return float((usd * beyond[is_seen]).sum()), float((usd**2).sum())


def slopes(products: Floats, squares: Floats) -> Floats:
    """Return what an order pays more for each USD of its size, bps; NaN where nobody took.

    Args:
        products: As of `walk_sums`, ``[coins]``; so are the squares.
    """
    found = np.full(len(products), np.nan)
    np.divide(products, squares, out=found, where=squares > 0)
    rising: Floats = np.maximum(found, 0.0)
    return rising


def walk_bps_per_usd(path: PricePath, openings: Openings) -> float:
    """Return the same of openings of one coin; NaN of no taker."""
    taken = openings.take(np.flatnonzero(openings.is_taker))
    mid = path.at(taken.time_ms, is_strict=True)
    product, square = walk_sums(taken, mid, path.half_spread_at(taken.time_ms - 1))
    return float(slopes(np.array([product]), np.array([square]))[0])


def walk_bps(books: Books, size_usd: float) -> Floats:
    """Return what an order pays beyond the best price of a side, bps, ``[books, sides]``.

    Where the book ends first, the rest goes on as steep as what was seen: that is a guess.
    """
    best = books.prices[:, :, 0]
    wanted = size_usd / best
    got, cost = walked(books.prices, books.sizes, wanted)
    beyond: Floats = np.abs(cost / got / best - 1) * TO_BPS
    rest: Floats = np.maximum(wanted / got, 1.0)
    return beyond * rest
