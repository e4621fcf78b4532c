"""A basket: wallets whose bets are not the same bet under many names."""

from dataclasses import dataclass

import numpy as np

from hypertrack.market.arrays import Floats, Ints
from hypertrack.skill.following import Copies


@dataclass(frozen=True)
class Basket:
    """Chosen wallets, the first first.

    Attributes:
        rows: Which of the candidates they are.
        correlation: Of their gains by block of time, ``[chosen, chosen]``; never below 0, since
            opposite bets of one recording are no hedge to rely on.
    """

    rows: Ints
    correlation: Floats

    @property
    def n_effective(self) -> float:
        """Return as how many independent wallets of equal risk they count.

        Of n wallets the variance of their sum is that of n / n_effective times as many
        independent ones: n² over the sum of all correlations.
        """
        n = len(self.rows)
        return n**2 / float(self.correlation.sum()) if n else 0.0

    @property
    def nearest(self) -> Ints:
        """Return the place of the one that each moves with most, itself of a single one."""
        others = self.correlation - 2 * np.eye(len(self.rows))
        return others.argmax(axis=1) if len(self.rows) else np.zeros(0, dtype=np.int64)


def gains_by_block(copies: Copies, n_candidates: int, block_ms: int) -> Floats:
    """Return what copying each candidate gained in each block of time, ``[candidates, blocks]``.

    Without the drift of the market, after costs; 0 where it made no bet: the copier was in cash.

    Args:
        copies: Whose entities are numbers of candidates.
    """
    seen = copies.take(~np.isnan(copies.gross_bps))
    if not len(seen):
        return np.zeros((n_candidates, 0))
    _, block = np.unique(seen.opened_ms // block_ms, return_inverse=True)
    n_blocks = int(block.max()) + 1
    flat = np.bincount(seen.entity * n_blocks + block, seen.adjusted_bps, n_candidates * n_blocks)
    return flat.astype(np.float64).reshape(n_candidates, n_blocks)


def correlations(gains: Floats) -> Floats:
    """Return how the gains of candidates move together, 0 to 1, ``[candidates, candidates]``.

    Means are left in: two that always win or lose in the same blocks make the same bet.
    """
    length = np.sqrt((gains**2).sum(axis=1))
    both = gains @ gains.T
    scale = np.outer(length, length)
    found = np.divide(both, scale, out=np.zeros_like(both), where=scale > 0)
    found = np.clip(found, 0.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def choose(gains: Floats, edge_bps: Floats, size: int) -> Basket:
    """Return the basket that step by step has the most expected edge for its risk.

    Begun with the highest expected edge. Each further one raises the sum of edges over the root of
    the sum of correlations most, every wallet being given the same risk.

    Args:
        gains: Of the candidates, ``[candidates, blocks]``.
        edge_bps: Expected of each.
        size: Wallets at most.
    """
    together = correlations(gains)
    left = list(range(len(edge_bps)))
    chosen: list[int] = []
    while left and len(chosen) < size:
        with_each = together[np.ix_(left, chosen)].sum(axis=1)
        risk = together[np.ix_(chosen, chosen)].sum() + 2 * with_each + 1
        ratio = (edge_bps[chosen].sum() + edge_bps[left]) / np.sqrt(risk)
        chosen.append(left.pop(int(ratio.argmax())))
    rows = np.array(chosen, dtype=np.int64)
    return Basket(rows, together[np.ix_(rows, rows)])
