"""When wallets were done with a position: flat again, or turned round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.market.arrays import Ints, group_of_rows, group_starts, in_order, sums
from hypertrack.market.engine.plans import Columns
from hypertrack.skill.openings import FLAT_FRAC, held_before

NEVER_MS = 2**62


@dataclass(frozen=True)
class Closings:
    """Executions after which nothing was left of a position, by coin, wallet and time."""

    coin: Ints
    wallet: Ints
    time_ms: Ints

    def of_coin(self, coin: int) -> "Closings":
        """Return those in one coin."""
        rows = slice(*np.searchsorted(self.coin, [coin, coin + 1]))
        return Closings(self.coin[rows], self.wallet[rows], self.time_ms[rows])

    def after(self, wallet: Ints, time_ms: Ints) -> Ints:
        """Return when each wallet next closed its position, `NEVER_MS` where it did not.

        Of one coin's closings.

        Args:
            wallet: ``[moments]``, as ``time_ms``.
        """
        if not len(self.wallet) or not len(wallet):
            return np.full(len(wallet), NEVER_MS)
        start_ms = min(int(self.time_ms.min()), int(time_ms.min()))
        span_ms = max(int(self.time_ms.max()), int(time_ms.max())) - start_ms + 1
        key = self.wallet * span_ms + self.time_ms - start_ms
        nth = np.searchsorted(key, wallet * span_ms + time_ms - start_ms, side="right")
        found = np.minimum(nth, len(key) - 1)
        is_own = (nth < len(key)) & (self.wallet[found] == wallet)
        return np.where(is_own, self.time_ms[found], NEVER_MS)


def by_coin(parts: Sequence[Closings]) -> Closings:
    """Return closings of several wallets together, in their order."""
    coin, wallet, time_ms = (
        np.concatenate([np.zeros(0, dtype=np.int64), *(vars(part)[name] for part in parts)])
        for name in ("coin", "wallet", "time_ms")
    )
    order = in_order(coin, wallet, time_ms)
    return Closings(coin[order], wallet[order], time_ms[order])


def closings(rows: Columns) -> Closings:
    """Return what closed a position, in the order of the rows.

    Args:
        rows: Of `fetching.execution_batches`: by wallet, coin and time.
    """
    starts = group_starts(rows["wallet_id"], rows["coin_id"])
    group = group_of_rows(starts, len(rows["wallet_id"]))
    traded = sums(rows["size"], starts)[group]
    signed = rows["size"] / traded * rows["direction"].astype(np.int64)
    known = rows["known_before"] / traded
    before = np.where(np.isnan(known), held_before(signed, known, starts, group), known)
    after = before + signed
    had = np.abs(before) > FLAT_FRAC
    is_done = had & ((np.abs(after) <= FLAT_FRAC) | (np.sign(after) != np.sign(before)))
    return Closings(
        coin=rows["coin_id"][is_done].astype(np.int64),
        wallet=rows["wallet_id"][is_done].astype(np.int64),
        time_ms=rows["time_ms"][is_done].astype(np.int64),
    )
