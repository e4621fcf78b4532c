"""What the size of an order costs beyond half the spread: by recorded books, else by the tape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hypertrack.market.book_walk import walked
from hypertrack.market.engine.computer import Market
from hypertrack.skill.arrays import Flags, Floats, Ints
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


def recorded_walks(
    con: Market, taken: Openings, delay_ms: int, until_ms: int, nothing: WalkCosts
) -> WalkCosts:
    """Return what books said that stood when openings could be copied; NaN of coins without any.

    Args:
        con: Holds the dataset.
        taken: As taker, by coin and time.
        delay_ms: Of whoever copies.
        until_ms: No book of then or later is looked at.
        nothing: Of all coins; what is returned where no book was recorded.
    """
    taken = taken.take(taken.time_ms + delay_ms < until_ms)
    if con.books is None or not len(taken):
        return nothing
    rows = np.concatenate(list(_some_of_each(taken.coin)))
    coin, names = taken.coin[rows], fetch(con, con.table("coins").order_by("coin_id"))["coin"]
    books = con.books.at(names[coin], taken.time_ms[rows] + delay_ms)
    is_whole = (books.sizes[:, :, 0] > 0).all(axis=1)
    if not is_whole.any():
        return nothing
    return _means(Books(*(each[is_whole] for each in books)), coin[is_whole], nothing)


def _some_of_each(coin: Ints) -> Iterator[Ints]:
    """Yield the rows of each coin that are looked at, of rows by coin."""
    for each in np.unique(coin).tolist():
        first, end = np.searchsorted(coin, [each, each + 1])
        yield np.unique(np.linspace(first, end - 1, BOOKS_EACH).astype(np.int64))


def _means(books: Books, coin: Ints, nothing: WalkCosts) -> WalkCosts:
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
