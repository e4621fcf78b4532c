"""Which wallets an output shows, and how many it leaves out, said openly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import ReportSettings
from hypertrack.records import ProfileSet


@dataclass(frozen=True)
class Selection:
    """The wallets shown, most active first, and the rest by reason."""

    rows: NDArray[np.intp]
    """Of the profile set, ascending."""
    n_total: int
    left_out: tuple[tuple[int, str], ...]
    """How many were left out, and why; no zeros."""

    @property
    def sentence(self) -> str:
        """Return what is shown: ``528 wallets, all of them``."""
        shown = f"{len(self.rows):,} of {self.n_total:,} wallets"
        if not self.left_out:
            return f"{self.n_total:,} wallets, all of them"
        return f"{shown}; left out: " + ", ".join(f"{n:,} {why}" for n, why in self.left_out)


def select(
    profiles: ProfileSet, settings: ReportSettings, *, max_wallets: int | None = None
) -> Selection:
    """Return the wallets to show.

    Args:
        max_wallets: Show at most this many, the most active.
    """
    has_enough = profiles.column("tx_count") >= settings.min_tx
    is_kept = has_enough & profiles.holds() if settings.categories_only else has_enough
    n_total, n_enough, n_kept = len(has_enough), int(has_enough.sum()), int(is_kept.sum())
    rows = np.flatnonzero(is_kept)[:max_wallets]
    reasons = (
        (n_total - n_enough, f"with fewer than {settings.min_tx:,} transactions"),
        (n_enough - n_kept, "without a category"),
        (n_kept - len(rows), "less active"),
    )
    return Selection(rows, n_total, tuple((n, why) for n, why in reasons if n))
