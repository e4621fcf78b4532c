"""A wallet's curve in arrays: what its executions and the marks between them did to its equity.

What follows from row to row is not expressed as queries: window functions over every mark of every
coin took five times as long as all other outcomes together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.running import before, exact_running_sums, running_peaks
from hypertrack.market.arrays import Floats, Ints, group_of_rows, group_starts
from hypertrack.market.engine.plans import Columns

FLAT_FRAC = 1e-9
"""A position below this share of all that was held and traded is rounding, and flat."""


@dataclass(frozen=True)
class Marks:
    """Prices at the times at which all that is held is marked.

    Attributes:
        time_ms: Ascending, ``[marks]``.
        coin_id: Ascending, ``[coins]``.
        price: ``[marks, coins]``; NaN before a coin's first.
    """

    time_ms: Ints
    coin_id: Ints
    price: Floats

    @classmethod
    def of(cls, rows: Columns) -> "Marks":
        """Return the rows of `mark_prices` as a grid."""
        times, nth = np.unique(rows["time_ms"].astype(np.int64, copy=False), return_inverse=True)
        coins, place = np.unique(rows["coin_id"].astype(np.int64), return_inverse=True)
        price = np.full((len(times), len(coins)), np.nan)
        price[nth, place] = rows["price"]
        return cls(times, coins, price)

    def places(self, coin_id: Ints) -> Ints:
        """Return where some of the coins stand, ``[coin_id]``."""
        return np.searchsorted(self.coin_id, coin_id)


@dataclass(frozen=True)
class Held:
    """Executions of some wallets, and what they held after each.

    Attributes:
        rows: By wallet, coin and time, no two alike: wallet_id, coin_id, time_ms, price,
            signed_size, notional_usd, fee_usd, reported_net_usd.
        entries: A row for each coin of a wallet, in the same order: wallet_id, coin_id, entry.
        starts: Of each wallet's coin, ``[wallet coins]``; so are ``wallet`` and ``is_carried``.
        coin_of_row: Number of its wallet coin, ``[rows]``; so are the following.
        position: After it, all that the wallet holds.
        own: The part of it that was opened in the window.
        wallet: Number of its wallet, of those that ``wallet_id`` names.
        is_carried: Whether the wallet entered with a position.
    """

    rows: Columns
    entries: Columns
    starts: Ints
    coin_of_row: Ints
    position: Floats
    own: Floats
    wallet: Ints
    wallet_id: Ints
    is_carried: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Columns, entries: Columns) -> "Held":
        """Return the positions after each execution."""
        starts = group_starts(rows["wallet_id"], rows["coin_id"])
        coin_of_row = group_of_rows(starts, len(rows["wallet_id"]))
        entry = entries["entry"].astype(np.float64, copy=False)
        assert len(starts) == len(entry)  # else rows lie in another order
        # Of all that was traded, as sizes of coins differ by twelve powers of ten.
        scale = np.add.reduceat(np.abs(rows["signed_size"]), starts)
        scale_of_row = scale[coin_of_row]
        flow = exact_running_sums(rows["signed_size"] / scale_of_row, starts) * scale_of_row
        is_carried = np.abs(entry) > FLAT_FRAC * scale
        position = np.where(is_carried, entry, 0.0)[coin_of_row] + flow
        own = position - _brought(position, np.where(is_carried, entry, 0.0), starts, coin_of_row)
        is_flat = np.abs(own) <= FLAT_FRAC * np.maximum(scale, np.abs(entry))[coin_of_row]
        first = group_starts(entries["wallet_id"])
        return cls(
            rows=rows,
            entries=entries,
            starts=starts,
            coin_of_row=coin_of_row,
            position=position,
            own=np.where(is_flat, 0.0, own),
            wallet=group_of_rows(first, len(entry)),
            wallet_id=entries["wallet_id"][first],
            is_carried=is_carried,
        )

    def by_coin(self, values: Floats) -> Floats:
        """Return the sum of each wallet's coin, of values by row; NaN where any is missing."""
        total: Floats = np.add.reduceat(values, self.starts)
        return total

    def by_wallet(self, of_coins: Floats) -> Floats:
        """Return the sum of each wallet, of values by its coins."""
        return np.bincount(self.wallet, of_coins, len(self.wallet_id)).astype(np.float64)

    def share(self, is_so: NDArray[np.bool_]) -> Floats:
        """Return each wallet's notional in some of its coins."""
        return self.by_wallet(np.where(is_so, self.by_coin(self.rows["notional_usd"]), 0.0))


def _brought(position: Floats, entry: Floats, starts: Ints, coin_of_row: Ints) -> Floats:
    """Return what is left of what was brought along.

    It shrinks when trades go against it and never grows again, so that the least that was held
    since is what is left of it: what was opened last is closed first.
    """
    side = np.sign(entry)[coin_of_row]
    least = -running_peaks(-position * side, starts)
    brought: Floats = side * np.clip(least, 0.0, np.abs(entry)[coin_of_row])
    return brought


@dataclass(frozen=True)
class Executed:
    """What each execution did to its wallet's curve, ``[rows]``.

    ``gain_usd``: what equity gained since the coin's event before, after fees; ``opened_usd``:
    notional by which grew what was opened; ``gross_usd``: by how much exposure grew.
    """

    gain_usd: Floats
    opened_usd: Floats
    gross_usd: Floats


def executed(held: Held, marks: Marks) -> Executed:
    """Return what each execution did; marks of its time come after it."""
    rows, starts = held.rows, held.starts
    price: Floats = rows["price"]
    time_ms: Ints = rows["time_ms"].astype(np.int64, copy=False)
    own, own_before = held.own, before(held.own, starts, 0.0)
    mark = np.searchsorted(marks.time_ms, time_ms, side="left") - 1
    since_ms = before(time_ms.astype(np.float64), starts, np.inf)
    is_marked = (mark >= 0) & (marks.time_ms[mark] >= since_ms)
    coin = marks.places(rows["coin_id"])
    price_before = before(price, starts, 0.0)
    price_before[is_marked] = marks.price[mark[is_marked], coin[is_marked]]
    return Executed(
        gain_usd=own_before * (price - price_before) - rows["fee_usd"],
        opened_usd=np.maximum(np.abs(own) - np.abs(own_before), 0.0) * price,
        gross_usd=np.abs(own) * price - np.abs(own_before) * price_before,
    )


@dataclass(frozen=True)
class Marked:
    """What the marks did to the curves.

    ``coin_gain_usd``: over all of them, ``[wallet coins]``; ``gain_usd`` and ``gross_usd``: what
    each wallet's equity and exposure gained at each, ``[wallets, marks]``.
    """

    coin_gain_usd: Floats
    gain_usd: Floats
    gross_usd: Floats


def marked(held: Held, marks: Marks) -> Marked:
    """Return what each mark did, to all coins of a wallet at once."""
    n_wallets = len(held.wallet_id)
    of_coins = np.zeros(len(held.starts))
    gained, grown = (np.zeros((n_wallets, len(marks.time_ms))) for _ in range(2))
    time_ms = held.rows["time_ms"].astype(np.int64, copy=False)
    coin = marks.places(held.entries["coin_id"])
    place = _Places.of(held.coin_of_row, time_ms, len(held.starts))
    for nth, at_ms in enumerate(marks.time_ms.tolist()):
        last = place.last_until(at_ms)
        is_open = (last >= held.starts) & (held.own[last] != 0)
        last, wallet = last[is_open], held.wallet[is_open]
        price, price_before = marks.price[nth, coin[is_open]], held.rows["price"][last]
        if nth > 0:
            is_marked = marks.time_ms[nth - 1] >= time_ms[last]
            price_before = np.where(is_marked, marks.price[nth - 1, coin[is_open]], price_before)
        own, move = held.own[last], price - price_before
        of_coins[is_open] += own * move
        gained[:, nth] = np.bincount(wallet, own * move, n_wallets)
        grown[:, nth] = np.bincount(wallet, np.abs(own) * move, n_wallets)
    return Marked(of_coins, gained, grown)


@dataclass(frozen=True)
class _Places:
    """Rows by group and time as one ascending number each, to look up any time in all groups."""

    number: Ints
    group_number: Ints
    first_ms: int
    last_ms: int

    @classmethod
    def of(cls, group: Ints, time_ms: Ints, n_groups: int) -> "_Places":
        """Return the places of rows that lie by group and time."""
        first_ms, last_ms = int(time_ms.min()), int(time_ms.max())
        span_ms = last_ms - first_ms + 1
        numbers = group * span_ms + (time_ms - first_ms)
        return cls(numbers, np.arange(n_groups) * span_ms, first_ms, last_ms)

    def last_until(self, at_ms: int) -> Ints:
        """Return the last row of each group until a time; of a group before it without any."""
        offset_ms = min(at_ms, self.last_ms) - self.first_ms
        return np.searchsorted(self.number, self.group_number + offset_ms, side="right") - 1


@dataclass(frozen=True)
class Walked:
    """What the curves came to, ``[wallets]``."""

    drawdown_usd: Floats
    max_gross_usd: Floats
    open_usd_ms: Floats


def walked(held: Held, executed: Executed, marked: Marked, marks_ms: Ints) -> Walked:
    """Go through each wallet's executions and marks in the order of time, over all its coins."""
    n_wallets = len(held.wallet_id)
    wallet = np.concatenate(
        [held.wallet[held.coin_of_row], np.repeat(np.arange(n_wallets), len(marks_ms))]
    )
    time_ms = np.concatenate(
        [held.rows["time_ms"].astype(np.int64, copy=False), np.tile(marks_ms, n_wallets)]
    )
    first_ms, last_ms = time_ms.min(), time_ms.max()
    # Stable, so that at one time executions come first, by coin.
    order = np.argsort(wallet * (last_ms - first_ms + 1) + time_ms - first_ms, kind="stable")
    wallet, time_ms = wallet[order], time_ms[order]
    starts = group_starts(wallet)
    equity_usd, gross_usd = (
        exact_running_sums(np.concatenate([of_rows, of_marks.ravel()])[order], starts)
        for of_rows, of_marks in (
            (executed.gain_usd, marked.gain_usd),
            (executed.gross_usd, marked.gross_usd),
        )
    )
    fall_usd = np.maximum(running_peaks(equity_usd, starts), 0.0) - equity_usd
    open_ms = np.append(np.diff(time_ms), 0)
    open_ms[starts[1:] - 1] = 0  # the last of each wallet lasts no longer
    return Walked(
        drawdown_usd=np.maximum.reduceat(fall_usd, starts),
        max_gross_usd=np.maximum.reduceat(gross_usd, starts),
        open_usd_ms=np.add.reduceat(gross_usd * open_ms, starts),
    )
