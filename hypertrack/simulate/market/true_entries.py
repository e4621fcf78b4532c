"""Entries as they were meant: when, which way, for how long, and what the latent price then did."""

import numpy as np

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.arrays import Chunk, Floats, Ids, TradeArrays
from hypertrack.simulate.market.instruments import Coin

Entries = dict[str, np.ndarray]


class TrueEntries:
    """Gathers them chunk by chunk; exits and hedges are none.

    Args:
        coins: Of the market.
        look_ahead_ms: No foresight reaches further.
    """

    def __init__(self, coins: tuple[Coin, ...], look_ahead_ms: int):
        self._variance_per_ms = np.array([c.day_volatility_frac**2 for c in coins]) * 1e8 / DAY_MS
        self._look_ahead_ms = look_ahead_ms
        self._parts: list[Entries] = []

    def add(self, chunk: Chunk) -> None:
        """Add the entries of a chunk, which comes with facts."""
        if chunk.facts is None:
            raise ValueError("true entries need chunks with facts")
        trades, facts = chunk.trades, chunk.facts
        taker = np.where(trades.is_buy, trades.buyer, trades.seller)
        maker = np.where(trades.is_buy, trades.seller, trades.buyer)
        side = np.where(trades.is_buy, 1.0, -1.0)
        self._parts += [
            self._of(trades, taker, side * facts.taker_move_bps, facts.taker_horizon_ms),
            self._of(trades, maker, -side * facts.maker_move_bps, facts.maker_horizon_ms),
        ]

    def columns(self) -> Entries:
        """Return a row an entry, by name of the column.

        wallet, coin, time_ms, horizon_ms, is_taker; ``gain_bps``, what the price did for it until
        its horizon, beyond the coin's trend, luck and all; and ``variance_bps2``, what such a move
        has in the long run.
        """
        columns = {
            name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]
        }
        # Parts come in pairs: who took, and who rested.
        sizes = [len(part["wallet"]) for part in self._parts]
        columns["is_taker"] = np.repeat(np.arange(len(sizes)) % 2 == 0, sizes)
        return columns

    def _of(self, trades: TradeArrays, wallet: Ids, gain: Floats, horizon_ms: Floats) -> Entries:
        is_entry = horizon_ms > 0
        coin = trades.coin[is_entry].astype(np.int64)
        ahead_ms = np.minimum(horizon_ms[is_entry], self._look_ahead_ms)
        return {
            "wallet": wallet[is_entry].astype(np.int64),
            "coin": coin,
            "time_ms": trades.time_ms[is_entry],
            "horizon_ms": ahead_ms,
            "gain_bps": gain[is_entry],
            "variance_bps2": self._variance_per_ms[coin] * ahead_ms,
        }
