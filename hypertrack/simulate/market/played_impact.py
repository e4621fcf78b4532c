"""What orders had moved prices by later times, found when those have been played."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import Chunk, CoinIds, Columns, Floats, Ids, Ints
from hypertrack.simulate.market.latent_prices import STEP_MS
from hypertrack.simulate.market.quotes import change_times


@dataclass(frozen=True)
class ImpactQuestions(Columns):
    """What a wallet gains by what orders move until a time."""

    time_ms: Floats
    coin: CoinIds
    wallet: Ids
    side: Ints
    """1 where it gains by a rise."""
    total: Ints
    """Sum that the answer belongs to."""


class PlayedImpact:
    """Sums by wallet of the impact that stands at later times.

    The impact is that of the quotes in force at the time. Where the market ends before it, it is
    that of the last quotes.

    Args:
        n_wallets: Of the market.
        n_totals: Sums that are kept for each.
        n_coins: Of the market; nothing has moved their prices yet.
    """

    def __init__(self, n_wallets: int, n_totals: int, n_coins: int):
        self._shape = n_totals, n_wallets
        self._bps = np.zeros(n_totals * n_wallets)
        self._open = ImpactQuestions.none()
        self._last = np.zeros(n_coins)

    def ask(self, questions: ImpactQuestions) -> None:
        """Add questions about times from the next chunk's start on."""
        self._open = ImpactQuestions.join([self._open, questions])

    def play(self, chunk: Chunk) -> None:
        """Answer what the chunk shows.

        Raises:
            ValueError: The chunk comes without the impact of its orders.
        """
        if chunk.impact is None:
            raise ValueError("impact is found in chunks with facts, found one without")
        rows = np.concatenate([self._last[None], chunk.impact])  # [seconds + 1, coins]
        is_due = self._open.time_ms < chunk.start_ms + len(chunk.impact) * STEP_MS
        due = self._open.take(is_due)
        self._open = self._open.take(~is_due)
        time = due.time_ms.astype(np.int64)
        step = (time - chunk.start_ms) // STEP_MS
        changes = change_times(chunk.start_ms, *chunk.impact.shape)[step, due.coin]
        self._bps += self._summed(due, rows[step + (time >= changes), due.coin])
        self._last = rows[-1]

    def bps(self) -> Floats:
        """Return the sums, ``[totals, wallets]``."""
        rest = self._summed(self._open, self._last[self._open.coin])
        return (self._bps + rest).reshape(self._shape)

    def _summed(self, questions: ImpactQuestions, impact: Floats) -> Floats:
        place = questions.total * self._shape[1] + questions.wallet
        gain = questions.side * impact * 1e4
        total: Floats = np.bincount(place, gain, len(self._bps)).astype(np.float64)
        return total
