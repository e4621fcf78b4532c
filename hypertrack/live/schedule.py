"""Who is measured next: the cost is a wallet's rows, and the wallets just seen are the busiest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import LiveSettings
from hypertrack.live.window import Fills

GROWN_FILLS = 10
GROWN_FRAC = 0.02
"""Whichever is more: a profile whose wallet has so many new fills is another."""


class Due(NamedTuple):
    """Places in `Fills`, whom to measure first at the front."""

    places: NDArray[np.intp]
    age_ms: NDArray[np.int64]
    """How long ago each was measured, in exchange time."""


def who_is_due(
    fills: Fills, is_watched: NDArray[np.bool_], now_ms: int, settings: LiveSettings
) -> Due:
    """Return who is to be measured anew.

    Args:
        is_watched: ``[wallets]``; by the user, a rule, or as a leader.
        now_ms: The watermark.
    """
    age_ms = now_ms - fills.known_ms
    grown = np.maximum(GROWN_FILLS, GROWN_FRAC * fills.n_fills)
    is_due = (fills.n_since > 0) & (
        is_watched
        | ~fills.is_known
        | (fills.n_since >= grown)
        | (age_ms > settings.max_age_s * 1_000)
    )
    places = np.flatnonzero(is_due)
    urgency = age_ms[places] / fills.n_fills[places]
    order = np.lexsort((-urgency, ~is_watched[places]))
    return Due(places[order], age_ms[places[order]])


def affordable(fills: Fills, due: Due, max_rows: int) -> NDArray[np.intp]:
    """Return the first of those due whose rows are so many together; one, if any, in any case."""
    n_rows = np.cumsum(fills.n_fills[due.places])
    n_taken = int(np.searchsorted(n_rows, max_rows, side="right"))
    return due.places[: max(n_taken, 1)]
