"""What only the truth knows of trades: what was fair, and what their wallets foresaw.

Foresight is valued without luck. A wallet whose side is ``s`` would choose it with a probability
that follows from the paths of prices; what foreseeing adds to the expected side, times what the
price then did, has the mean of the wallet's gain and is exactly 0 where nothing is foreseen.
"""

import numpy as np

from hypertrack.simulate.market.arrays import FactArrays, Floats
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.limit_orders import AHEAD_STEPS
from hypertrack.simulate.market.matching import FillArrays
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.quotes import QuoteGrid

COPY_DELAYS_MS = (1_000, 5_000, 30_000, 300_000)
"""How late copiers are whose edge is told."""


class FactFinder:
    """Finds the facts of one stretch after the other."""

    def __init__(self, prices: LatentPrices, taker_fee_bps: Floats):
        self._prices = prices
        self._fee_bps = taker_fee_bps

    def facts(
        self,
        takers: OrderArrays,
        resting: OrderArrays,
        fills: FillArrays,
        grid: QuoteGrid,
    ) -> FactArrays:
        """Return the facts of fills.

        Args:
            takers: The orders that were filled.
            resting: The limit orders that fills refer to.
            fills: Of the takers.
            grid: Quotes of the same stretch.
        """
        order = fills.order
        row = grid.row(takers.time_ms.astype(np.int64), takers.coin)
        begin_ms = grid.latent_ms(row)
        passed_ms = grid.latent_ms(np.minimum(row + AHEAD_STEPS, len(grid.bid) - 1))
        is_limit = fills.resting >= 0
        rested = resting.take(fills.resting[is_limit])
        time, met = takers.time_ms[order[is_limit]], passed_ms[order[is_limit]]
        maker_edge, maker_horizon, maker_move = (np.zeros(len(fills)) for _ in range(3))
        maker_horizon[is_limit] = horizon = self._horizons(rested)
        maker_edge[is_limit] = self._gain_bps(rested, met, time + horizon)
        maker_move[is_limit] = self._moves_bps(rested, time, horizon)
        horizon = self._horizons(takers)
        until = takers.time_ms + horizon
        passing = takers.side * self._prices.surprise(begin_ms, passed_ms, takers.coin) * 1e4
        return FactArrays(
            fair_price=np.exp(self._prices.log_price(begin_ms, takers.coin))[order],
            impact=grid.impact[row, takers.coin][order],
            taker_edge_bps=self._gain_bps(takers, takers.time_ms, until)[order],
            maker_edge_bps=maker_edge,
            selection_bps=-(passing + self._gain_bps(takers, passed_ms, until))[order],
            taker_horizon_ms=horizon[order],
            maker_horizon_ms=maker_horizon,
            taker_move_bps=self._moves_bps(takers, takers.time_ms, horizon)[order],
            maker_move_bps=maker_move,
            copy_edge_bps=self._copies(takers, until, grid)[order],
        )

    def _horizons(self, orders: OrderArrays) -> Floats:
        """Return the horizons of entries, as far as anyone foresees; 0 for exits."""
        foreseen = np.minimum(orders.horizon_ms, self._prices.look_ahead_ms)
        return np.where(orders.is_exit, 0.0, foreseen)

    def _gain_bps(self, orders: OrderArrays, since_ms: Floats, until_ms: Floats) -> Floats:
        """Return what foresight gains from one time to another; nothing where that is over."""
        gain = np.zeros(len(orders))
        at = np.flatnonzero((orders.foreseen != 0) & (since_ms < until_ms))
        move = self._prices.surprise(since_ms[at], until_ms[at], orders.coin[at])
        gain[at] = orders.foreseen[at] * move * 1e4
        return gain

    def _moves_bps(self, orders: OrderArrays, time_ms: Floats, horizon_ms: Floats) -> Floats:
        """Return what prices do from each time over a horizon."""
        return self._prices.surprise(time_ms, time_ms + horizon_ms, orders.coin) * 1e4

    def _copies(self, takers: OrderArrays, until_ms: Floats, grid: QuoteGrid) -> Floats:
        """Return what copies of taker orders gain but for orders' impact, ``[orders, delays]``."""
        coin = takers.coin
        row = grid.row(takers.time_ms.astype(np.int64), coin)
        bid, ask = grid.bid[row, coin], grid.ask[row, coin]
        cost = 2 * self._fee_bps[coin] + (ask - bid) / bid * 1e4
        return np.stack(
            [
                self._gain_bps(takers, takers.time_ms + delay, until_ms) - cost
                for delay in COPY_DELAYS_MS
            ],
            axis=1,
        )
