"""What followed the openings of takers and of makers at fixed times: shown, and never tested."""

from collections.abc import Iterator

import numpy as np

from hypertrack.skill.arrays import Floats, Ints
from hypertrack.skill.bets import TO_BPS, Outlook

AFTER_S = (5, 30, 300, 1_800)

ROLES = ("taker", "maker")

MEASURES = ("paid_bps", *(f"after_{after_s}s_bps" for after_s in AFTER_S))


class RoleCurve:
    """Means over the openings of each entity, of takers and makers apart, coin by coin.

    One whole curve is too noisy a thing to test at each of its points, and a maker's price is part
    of what it earns: so what followed from the mid and what was paid beyond it are both told.

    Args:
        n_entities: With or without openings.
    """

    def __init__(self, n_entities: int):
        self._sums, self._counts = np.zeros((2, len(MEASURES), len(ROLES) * n_entities))

    def add(self, outlook: Outlook, entity: Ints) -> None:
        """Add the openings of one coin.

        Args:
            entity: Whose each is, ``[openings]``.
        """
        role = np.where(outlook.openings.is_taker, 0, 1)
        keys, nth = np.unique(len(ROLES) * entity + role, return_inverse=True)
        for measure, values in enumerate(_measured(outlook)):
            is_known = ~np.isnan(values)
            self._sums[measure, keys] += np.bincount(nth[is_known], values[is_known], len(keys))
            self._counts[measure, keys] += np.bincount(nth[is_known], minlength=len(keys))

    def columns(self) -> dict[str, Floats]:
        """Return by name the mean of each role and measure, bps, ``[entities]``; NaN of none.

        ``{role}_paid_bps``: how much worse than the mid just before it the price was, below 0 where
        better. ``{role}_after_{s}s_bps``: what the mid did in its favour from before it until then,
        less the coin's drift. What was paid is of all its openings, also where this was not
        seen: the difference is about the gain on its own price.
        ``n_maker_openings``: those with a mid before them.
        """
        means = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._counts, out=means, where=self._counts > 0)
        found = {
            f"{role}_{measure}": means[row, nth :: len(ROLES)]
            for nth, role in enumerate(ROLES)
            for row, measure in enumerate(MEASURES)
        }
        return {**found, "n_maker_openings": self._counts[0, 1 :: len(ROLES)]}


def _measured(outlook: Outlook) -> Iterator[Floats]:
    """Yield `MEASURES` of each opening, bps; NaN without a price, or with trades missing."""
    openings, view = outlook.openings, outlook.view
    yield openings.direction * (openings.price / outlook.entry - 1) * TO_BPS
    for after_s in AFTER_S:
        end_ms = openings.time_ms + after_s * 1000
        move = outlook.after(after_s * 1000) / outlook.entry - 1
        move -= view.motion.drift_per_s * after_s
        is_seen = view.are_seen(openings.time_ms, end_ms)
        yield np.where(is_seen, openings.direction * move * TO_BPS, np.nan)
