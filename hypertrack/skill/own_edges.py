"""What the past of each wallet lets expect of its edge, as the columns that a model reads.

Each wallet by itself, shrunk towards everybody's: a label tells of one wallet, too, and whom it
acts with changes with every judging.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.config import FeeSettings
from hypertrack.market.arrays import Floats
from hypertrack.market.engine.market import Market
from hypertrack.market.fees import scheduled_rates
from hypertrack.market.window import Window
from hypertrack.skill.bets import CoinView
from hypertrack.skill.fetching import fetch
from hypertrack.skill.horizons import horizons_of, usual_holding_ms
from hypertrack.skill.openings import NO_OPENINGS, Lots, Openings
from hypertrack.skill.wallet_edges import Sides, TwoWindows, two_windows


@dataclass(frozen=True)
class OwnEdge:
    """One of the columns: its unit, what it is, and its value for a wallet without a bet.

    Attributes:
        least: What differs by less is the same to a model. Where nobody is told from luck all is
            drawn to almost nothing, and training on it would make a world of a millionth of a bp.
    """

    unit: str
    doc: str
    missing: float
    least: float = 0.0


TOLD_BPS = 0.1
"""Of an edge: a hundredth of what an opening costs."""


OWN_EDGES: Mapping[str, OwnEdge] = {
    "own_edge_bps": OwnEdge(
        "bps",
        "Edge of the next openings that the wallet's own bets so far let expect, shrunk towards "
        "everybody's, before costs; 0 of too few bets.",
        0.0,
        TOLD_BPS,
    ),
    "own_edge_sd_bps": OwnEdge(
        "bps", "How far off that may be, as a standard deviation.", math.nan, TOLD_BPS
    ),
    "own_bets": OwnEdge("count", "Bets of the wallet that `own_edge_bps` rests on.", 0.0),
    "own_cost_bps": OwnEdge(
        "bps",
        "What its openings cost it: the fee of its role, and how much worse than the mid before "
        "them they were.",
        math.nan,
    ),
}
"""By name. How much is known grows with the recording, but not with its length alone: none of them
is taken per day."""


class OwnEdges:
    """Adds up what a window lets expect of every wallet, some of them at a time.

    Beside a judging, which reads what all of them did in any case (see `evidence.gather`).
    """

    def __init__(self, con: Market, window: Window, fees: FeeSettings, n_wallets: int):
        self._window, self._n_wallets = window, n_wallets
        self._rates = fetch(con, scheduled_rates(con, fees).order_by("coin_id"))
        self._everybody = np.arange(n_wallets)
        self._held_ms, self._n_lots = np.full(n_wallets, np.nan), np.zeros(n_wallets, np.int64)

    def add_lots(self, closed: Lots) -> None:
        """Take all that some wallets ever closed in the window."""
        held, n_lots = usual_holding_ms(closed, self._everybody, self._n_wallets)
        self._held_ms[n_lots > 0] = held[n_lots > 0]
        self._n_lots += n_lots

    def know(self, views: Sequence[CoinView]) -> None:
        """Take the prices of all coins; by now it is known how long everybody holds."""
        horizon_ms = horizons_of(self._held_ms, self._n_lots, self._window)
        nothing = Window(self._window.end_ms, self._window.end_ms)
        self._sides = Sides(self._window, nothing, horizon_ms, self._rates, self._n_wallets)
        for view in views:
            self._sides.know(view.coin, view.path, view.stretches)

    def add(self, openings: Openings) -> None:
        """Take all openings of some wallets, by coin and time."""
        self._sides.add(openings, NO_OPENINGS)  # none is after the window

    def columns(self) -> Floats:
        """Return what is expected of all wallets, as `own_edges`."""
        return columns_of(self._sides.found())


def own_edges(con: Market, window: Window, fees: FeeSettings, n_wallets: int) -> Floats:
    """Return what a window lets expect of all wallets, ``[wallets, columns of OWN_EDGES]``.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at.
        n_wallets: Of the dataset; each is judged by itself.
    """
    nothing = Window(window.end_ms, window.end_ms)
    return columns_of(two_windows(con, window, nothing, fees, n_wallets))


def columns_of(edges: TwoWindows) -> Floats:
    """Return the same of the past of two windows."""
    return np.stack(
        [edges.shrunk_bps, edges.shrunk_sd_bps, edges.past.n_bets, edges.cost_bps], axis=1
    )


def unknown(n_wallets: int) -> Floats:
    """Return what is to be expected of wallets of which nothing is known, as `own_edges`."""
    return np.tile([each.missing for each in OWN_EDGES.values()], (n_wallets, 1))
