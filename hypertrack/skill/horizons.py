"""The horizon of each entity, fixed before any outcome is seen: how long it usually holds."""

import numpy as np

from hypertrack.market.arrays import Floats, Ints, medians
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS
from hypertrack.skill.openings import Lots

SHORTEST_MS = 30_000

LEAST_CAP_MS, MOST_CAP_MS = HOUR_MS, 8 * HOUR_MS
WINDOW_PER_CAP = 24
"""Of a longer window longer horizons can be judged: this many blocks of one fit into it at least.

An hour for all of them left out most of what those foresaw who hold for hours."""

USUAL_LOTS = 5.0
"""Closed lots that the population's holding time counts as."""

DEFAULT_MS = 300_000.0
"""Where nobody closed anything."""


def longest_ms(window: Window) -> int:
    """Return the longest horizon of a window: its 24th part, from one hour to eight."""
    return min(max(window.length_ms // WINDOW_PER_CAP, LEAST_CAP_MS), MOST_CAP_MS)


def horizons_ms(lots: Lots, entity_of_wallet: Ints, n_entities: int, window: Window) -> Ints:
    """Return how far ahead the openings of each entity are judged, ms, ``[entities]``.

    The geometric mean of its median holding time and the population's, which counts as five lots,
    between 30 s and what the window bears (`longest_ms`). The holding time of a bet itself would
    not do: who sells winners and keeps losers would look skilled (z of 1.2 where nobody has any).

    Args:
        lots: Closed in the window.
    """
    return horizons_of(*usual_holding_ms(lots, entity_of_wallet, n_entities), window)


def usual_holding_ms(lots: Lots, entity_of_wallet: Ints, n_entities: int) -> tuple[Floats, Ints]:
    """Return the median holding time of each entity, NaN of none, and of how many lots it is."""
    held = np.maximum(lots.holding_ms, 1)
    return medians(held, entity_of_wallet[lots.wallet], n_entities)


def horizons_of(own: Floats, n_lots: Ints, window: Window) -> Ints:
    """Return the horizons of entities by their `usual_holding_ms` (see `horizons_ms`)."""
    is_told = n_lots > 0
    usual = float(np.median(own[is_told])) if is_told.any() else DEFAULT_MS
    log_own: Floats = np.log(np.where(is_told, own, usual))
    mean = (n_lots * log_own + USUAL_LOTS * np.log(usual)) / (n_lots + USUAL_LOTS)
    horizon: Ints = np.clip(np.exp(mean), SHORTEST_MS, longest_ms(window)).round().astype(np.int64)
    return horizon
