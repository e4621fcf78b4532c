"""Which wallets an output shows, and how many it leaves out, said openly."""

from dataclasses import dataclass

from hypertrack.config import ReportSettings
from hypertrack.records import WalletProfile


@dataclass(frozen=True)
class Selection:
    """The wallets shown, most active first, and the rest by reason."""

    profiles: tuple[WalletProfile, ...]
    n_total: int
    left_out: tuple[tuple[int, str], ...]
    """How many were left out, and why; no zeros."""

    @property
    def sentence(self) -> str:
        """Return what is shown: ``528 wallets, all of them``."""
        shown = f"{len(self.profiles):,} of {self.n_total:,} wallets"
        if not self.left_out:
            return f"{self.n_total:,} wallets, all of them"
        return f"{shown}; left out: " + ", ".join(f"{n:,} {why}" for n, why in self.left_out)


def select(
    profiles: tuple[WalletProfile, ...],
    settings: ReportSettings,
    *,
    max_wallets: int | None = None,
) -> Selection:
    """Return the wallets to show.

    Args:
        max_wallets: Show at most this many, the most active.
    """
    enough = [p for p in profiles if p.features["tx_count"] >= settings.min_tx]
    kept = [p for p in enough if p.categories or not settings.categories_only]
    kept.sort(key=lambda p: (-p.features["tx_count"], p.wallet))
    shown = kept[:max_wallets]
    reasons = (
        (len(profiles) - len(enough), f"with fewer than {settings.min_tx:,} transactions"),
        (len(enough) - len(kept), "without a category"),
        (len(kept) - len(shown), "less active"),
    )
    left_out = tuple((n, why) for n, why in reasons if n)
    return Selection(tuple(shown), len(profiles), left_out)
