"""What only the truth knows of trades: what was fair, and what their wallets foresaw.

Foresight is valued without luck. A wallet whose side is ``s`` would choose it with a probability
that follows from the paths of prices; what foreseeing adds to the expected side, times what the
price then did, has the mean of the wallet's gain and is exactly 0 where nothing is foreseen.
"""

import numpy as np

from hypertrack.simulate.market.arrays import FactArrays, Floats
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.matching import FillArrays
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.quotes import QuoteGrid, Quoter

COPY_DELAYS_MS = (1_000, 5_000, 30_000, 300_000)
"""How late copiers are whose edge is told."""


class FactFinder:
    """Finds the facts of one stretch after the other."""

    def __init__(self, prices: LatentPrices, quoter: Quoter, taker_fee_bps: Floats):
        self._prices = prices
        self._quoter = quoter
        self._fee_bps = taker_fee_bps

    def facts(
        self,
        takers: OrderArrays,
        usd: Floats,
        resting: OrderArrays,
        fills: FillArrays,
        grid: QuoteGrid,
    ) -> FactArrays:
        """Return the facts of fills.

        Args:
            takers: The orders that were filled.
            usd: Value of each taker order.
            resting: The limit orders that fills refer to.
            fills: Of the takers.
            grid: Quotes of the same stretch.
        """
        order = fills.order
        is_limit = fills.resting >= 0
        rested = resting.take(fills.resting[is_limit])
        time = takers.time_ms[order]
        maker_edge, maker_horizon = np.zeros(len(fills)), np.zeros(len(fills))
        maker_edge[is_limit] = self._gain_bps(rested, time[is_limit])
        maker_horizon[is_limit] = _of_entries(rested)
        maker_move = np.zeros(len(fills))
        maker_move[is_limit] = self._moves_bps(rested, time[is_limit])
        taker_edge = self._gain_bps(takers, takers.time_ms)
        stays_bps = self._quoter.lasting_impact(usd, takers.coin) * 1e4
        row = grid.row(takers.time_ms.astype(np.int64), takers.coin)
        stays = grid.stays[row, takers.coin]
        fair = np.exp(self._prices.log_price(takers.time_ms, takers.coin) + stays)
        return FactArrays(
            fair_price=fair[order],
            taker_edge_bps=taker_edge[order],
            maker_edge_bps=maker_edge,
            taker_horizon_ms=_of_entries(takers)[order],
            maker_horizon_ms=maker_horizon,
            taker_move_bps=self._moves_bps(takers, takers.time_ms)[order],
            maker_move_bps=maker_move,
            adverse_bps=(taker_edge + stays_bps)[order],
            copy_edge_bps=self._copies(takers, usd, grid)[order],
        )

    def _gain_bps(self, orders: OrderArrays, time_ms: Floats, delay_ms: int = 0) -> Floats:
        """Return what foresight gains from a delay after each time to the end of its horizon."""
        gain = np.zeros(len(orders))
        at = np.flatnonzero(orders.foreseen)
        horizon = np.minimum(orders.horizon_ms[at], self._prices.look_ahead_ms)
        start = time_ms[at] + np.minimum(delay_ms, horizon)
        move = self._prices.surprise(start, time_ms[at] + horizon, orders.coin[at])
        gain[at] = orders.foreseen[at] * move * 1e4
        return gain

    def _moves_bps(self, orders: OrderArrays, time_ms: Floats) -> Floats:
        """Return what prices do from each time over the horizon of an entry, 0 for others."""
        horizon = np.minimum(_of_entries(orders), self._prices.look_ahead_ms)
        return self._prices.surprise(time_ms, time_ms + horizon, orders.coin) * 1e4

    def _copies(self, takers: OrderArrays, usd: Floats, grid: QuoteGrid) -> Floats:
        """Return the copy edges of taker orders, ``[orders, delays]``."""
        coin = takers.coin
        row = grid.row(takers.time_ms.astype(np.int64), coin)
        bid, ask = grid.bid[row, coin], grid.ask[row, coin]
        cost = 2 * self._fee_bps[coin] + (ask - bid) / bid * 1e4
        impact = self._quoter.impact(usd, coin) * 1e4
        return np.stack(
            [
                self._gain_bps(takers, takers.time_ms, delay)
                - cost
                - impact * self._quoter.impact_left(delay)
                for delay in COPY_DELAYS_MS
            ],
            axis=1,
        )


def _of_entries(orders: OrderArrays) -> Floats:
    """Return the horizons of entries, 0 for exits."""
    return np.where(orders.is_exit, 0.0, orders.horizon_ms)
