"""Which wallets an output shows, in which order, and how many it leaves out, said openly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import ReportSettings
from hypertrack.outputs.ranking import best_evidence, rank, rank_by_verdict
from hypertrack.records import EVERYBODY, Choice, ProfileSet, WalletProfile

BATCH_WALLETS = 2_000
"""Made at a time where the order is not that of the profiles: some 40 MB."""

NAMED = 3
"""Wallets of a watchlist that are named where they were not seen; the others are counted."""


@dataclass(frozen=True)
class Selection:
    """The wallets shown, in their order, and the rest by reason."""

    rows: NDArray[np.intp]
    """Of the profile set; ascending, which is the most active first, unless ranked."""
    n_total: int
    left_out: tuple[tuple[int, str], ...]
    """How many were left out, and why; no zeros."""
    not_seen: tuple[str, ...] = ()
    """Wallets of the watchlist that have no profile."""

    @property
    def sentence(self) -> str:
        """Return what is shown: ``528 wallets, all of them``."""
        shown = f"{len(self.rows):,} of {self.n_total:,} wallets"
        if not self.left_out:
            return f"{self.n_total:,} wallets, all of them{self._not_seen}"
        reasons = ", ".join(f"{n:,} {why}" for n, why in self.left_out)
        return f"{shown}; left out: {reasons}{self._not_seen}"

    @property
    def _not_seen(self) -> str:
        if not self.not_seen:
            return ""
        named = ", ".join(self.not_seen[:NAMED])
        more = "" if len(self.not_seen) <= NAMED else f" and {len(self.not_seen) - NAMED:,} more"
        return f"; not seen: {named}{more}"


def select(
    profiles: ProfileSet,
    settings: ReportSettings,
    *,
    max_wallets: int | None = None,
    choice: Choice = EVERYBODY,
) -> Selection:
    """Return the wallets to show.

    Args:
        max_wallets: Show at most this many, the most active.
    """
    counts = profiles.column("tx_count")
    sieve = _Sieve(len(counts))
    not_seen: tuple[str, ...] = ()
    if choice.watchlist is not None:
        wallets = profiles.column("wallet").astype(str)
        sieve.keep(np.isin(wallets, choice.watchlist), "not on the watchlist")
        not_seen = _not_among(wallets[sieve.is_left], choice.watchlist)
    sieve.keep(counts >= settings.min_tx, f"with fewer than {settings.min_tx:,} transactions")
    if settings.categories_only:
        sieve.keep(profiles.holds(), "without a category")
    rows = np.flatnonzero(sieve.is_left)
    if choice.top is not None:
        rows = _first(profiles, choice.by or best_evidence(profiles.header), choice.top, sieve)
    shown = rows[:max_wallets]
    sieve.count(len(rows) - len(shown), "less active")
    return Selection(shown, len(counts), tuple(sieve.left_out), not_seen)


class _Sieve:
    """Who is left after each question, and how many it left out.

    Attributes:
        is_left: ``[wallets]``.
    """

    def __init__(self, n_wallets: int):
        self.is_left = np.ones(n_wallets, dtype=bool)
        self.left_out: list[tuple[int, str]] = []

    def keep(self, is_kept: NDArray[np.bool_], why: str) -> None:
        self.count(int(np.count_nonzero(self.is_left & ~is_kept)), why)
        self.is_left &= is_kept

    def count(self, n: int, why: str) -> None:
        if n:
            self.left_out.append((n, why))


def _first(profiles: ProfileSet, by: str, top: int, sieve: _Sieve) -> NDArray[np.intp]:
    ranked = rank(profiles, by)
    sieve.keep(np.isin(np.arange(len(sieve.is_left)), ranked), f"without {by}")
    rows = ranked[sieve.is_left[ranked]]
    first = rows[:top]
    sieve.count(len(rows) - len(first), f"below the first {len(first):,} by {by}")
    return first


def places_by_evidence(profiles: ProfileSet, selection: Selection) -> NDArray[np.intp]:
    """Return the places of the wallets shown, the best evidence first, then who was not judged."""
    place_of = np.full(len(profiles.column("tx_count")), -1)
    place_of[selection.rows] = np.arange(len(selection.rows))
    judged = () if profiles.header.skill is None else rank_by_verdict(profiles)
    first = place_of[np.asarray(judged, dtype=np.intp)]
    first = first[first >= 0]
    return np.concatenate((first, np.setdiff1d(np.arange(len(selection.rows)), first)))


def in_order(profiles: ProfileSet, rows: NDArray[np.intp]) -> Iterator[WalletProfile]:
    """Make the profiles of rows in any order, in bounded memory."""
    if np.all(rows[1:] > rows[:-1]):
        yield from profiles.wallets(rows)
        return
    for start in range(0, len(rows), BATCH_WALLETS):
        batch = rows[start : start + BATCH_WALLETS]
        ascending = np.sort(batch)
        made = dict(zip(ascending.tolist(), profiles.wallets(ascending), strict=True))
        yield from (made[row] for row in batch.tolist())


def _not_among(seen: NDArray[np.str_], watchlist: Sequence[str]) -> tuple[str, ...]:
    known = set(seen.tolist())
    return tuple(wallet for wallet in watchlist if wallet not in known)
