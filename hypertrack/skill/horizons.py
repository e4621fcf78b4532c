"""The horizon of each entity, fixed before any outcome is seen: how long it usually holds."""

import numpy as np

from hypertrack.skill.arrays import Floats, Ints, medians
from hypertrack.skill.openings import Lots

SHORTEST_MS, LONGEST_MS = 30_000.0, 3_600_000.0

USUAL_LOTS = 5.0
"""Closed lots that the population's holding time counts as."""

DEFAULT_MS = 300_000.0
"""Where nobody closed anything."""


def horizons_ms(lots: Lots, entity_of_wallet: Ints, n_entities: int) -> Ints:
    """Return how far ahead the openings of each entity are judged, ms, ``[entities]``.

    The geometric mean of its median holding time and the population's, which counts as five lots,
    between 30 s and an hour. The holding time of a bet itself would not do: who sells winners and
    keeps losers would look skilled (z of 1.2 where nobody has any).
    """
    held = np.maximum(lots.holding_ms, 1).astype(np.float64)
    own, n_lots = medians(held, entity_of_wallet[lots.wallet], n_entities)
    is_told = n_lots > 0
    usual = float(np.median(own[is_told])) if is_told.any() else DEFAULT_MS
    log_own: Floats = np.log(np.where(is_told, own, usual))
    mean = (n_lots * log_own + USUAL_LOTS * np.log(usual)) / (n_lots + USUAL_LOTS)
    horizon: Ints = np.clip(np.exp(mean), SHORTEST_MS, LONGEST_MS).round().astype(np.int64)
    return horizon
