"""What followed the openings of takers and of makers at fixed times: shown, and never tested."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import t

from hypertrack.market.arrays import Floats, Ints
from hypertrack.records import MINUTE_MS
from hypertrack.skill.bets import TO_BPS, Outlook

AFTER_S = (5, 30, 300, 1_800)

ROLES = ("taker", "maker")

GAIN_AFTER_S = 300
"""Of the gain on the own price: long enough for the price to have settled after a trade."""

GAIN_BLOCK_MS = 30 * MINUTE_MS
"""Gains of one coin whose times overlap are one piece of news: six times their length apart most do
not."""

GAIN_LEVEL = 0.975
"""Upper end of an interval of 95 %."""

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
        self._gains = _BlockSums(len(ROLES) * n_entities)

    def add(self, outlook: Outlook, entity: Ints) -> None:
        """Add the openings of one coin.

        Args:
            entity: Whose each is, ``[openings]``.
        """
        role = np.where(outlook.openings.is_taker, 0, 1)
        keys, nth = np.unique(len(ROLES) * entity + role, return_inverse=True)
        measured = dict(zip(MEASURES, _measured(outlook), strict=True))
        gain = measured[f"after_{GAIN_AFTER_S}s_bps"] - measured["paid_bps"]
        self._gains.add(keys, nth, outlook.openings.time_ms // GAIN_BLOCK_MS, gain)
        for measure, values in enumerate(measured.values()):
            is_known = ~np.isnan(values)
            self._sums[measure, keys] += np.bincount(nth[is_known], values[is_known], len(keys))
            self._counts[measure, keys] += np.bincount(nth[is_known], minlength=len(keys))

    def columns(self) -> dict[str, Floats]:
        """Return by name the mean of each role and measure, bps, ``[entities]``; NaN of none.

        ``{role}_paid_bps``: how much worse than the mid just before it the price was, below 0 where
        better. ``{role}_after_{s}s_bps``: what the mid did in its favour from before it until then,
        less the coin's drift. What was paid is of all its openings, also where this was not seen.
        ``{role}_gain_bps``: of those where both are known, the gain on its own price 5 minutes
        later, with the ``low`` and ``high`` end of its 95 % interval.
        ``n_maker_openings``: those with a mid before them.
        """
        means = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._counts, out=means, where=self._counts > 0)
        found = {
            f"{role}_{measure}": means[row, nth :: len(ROLES)]
            for nth, role in enumerate(ROLES)
            for row, measure in enumerate(MEASURES)
        }
        gains = dict(zip(("gain", "gain_low", "gain_high"), self._gains.means(), strict=True))
        for nth, role in enumerate(ROLES):
            found |= {f"{role}_{name}_bps": of[nth :: len(ROLES)] for name, of in gains.items()}
        return {**found, "n_maker_openings": self._counts[0, 1 :: len(ROLES)]}


class _BlockSums:
    """Sums over blocks of time of a coin, from which each key's mean follows, with its error.

    The ratio of sums over blocks: each block counts as much as it has openings, and whatever they
    have in common counts once.
    """

    def __init__(self, n_keys: int):
        self._sums = np.zeros((6, n_keys))
        """Over blocks: of a block's sum, its number of values, the square of the sum, the product
        of both, the square of the number, and 1."""

    def add(self, keys: Ints, nth: Ints, block: Ints, values: Floats) -> None:
        """Add the values of one coin.

        Args:
            keys: Ascending, each once.
            nth: Which of them each value is of.
            block: Of time.
            values: NaN is none.
        """
        is_known = ~np.isnan(values)
        if not is_known.any():
            return
        first, last = int(block.min()), int(block.max())
        n_blocks = last - first + 1
        pair = (nth * n_blocks + block - first)[is_known]
        pairs, place = np.unique(pair, return_inverse=True)
        total, n = np.bincount(place, values[is_known]), np.bincount(place).astype(np.float64)
        parts = np.stack([total, n, total**2, total * n, n**2, np.ones(len(n))])  # [6, blocks]
        own, starts = np.unique(pairs // n_blocks, return_index=True)
        self._sums[:, keys[own]] += np.add.reduceat(parts, starts, axis=1)

    def means(self) -> tuple[Floats, Floats, Floats]:
        """Return the mean of each key and both ends of its interval; NaN of none, or one block."""
        total, n, squares, products, n_squares, n_blocks = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = total / n
            apart = squares - 2 * mean * products + mean**2 * n_squares
            freedom = np.where(n_blocks > 1, n_blocks - 1, np.nan)
            error = np.sqrt(np.maximum(apart, 0) * n_blocks / freedom) / n
        half = t.ppf(GAIN_LEVEL, freedom) * error
        return mean, mean - half, mean + half


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
