"""The fair oracle: what could be known of each true edge by whoever sees all but the luck.

It knows the true entries, their placement and horizons, the latent prices and how edges are
distributed; whose is whose it infers from what came of the entries. It is a measure, no strict
bound: of two entries it does not know which was sized or timed with more conviction.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from hypertrack.market.arrays import Flags, Floats, Ints, group_sizes, group_starts, medians, sums
from hypertrack.skill.bets import Bets, block_length_ms
from hypertrack.skill.discovery import expected_false_frac
from hypertrack.skill.estimate import Estimates, estimate
from hypertrack.skill.horizons import DEFAULT_MS

ROBUST_DF = 30
"""Degrees of freedom of the likelihood: markets jump."""


def oracle_estimates(
    entries: Mapping[str, NDArray[Any]], entity_of: Ints, n_entities: int
) -> Estimates:
    """Return what the true entries came to, of each entity that has some.

    Judged as the openings of a tape are, by blocks, but each over its own true horizon. A resting
    order foresees nothing (`Strategies.views`): what foresight gained in it is 0, without error, so
    that only what took is measured, and counts for its share of the entries.

    Args:
        entries: Columns of the simulation's true entries.
        entity_of: By number of the simulated wallet, below 0 for none, ``[wallets]``.
        n_entities: How many there are.
    """
    entity = entity_of[entries["wallet"]]
    n_entries = np.bincount(entity[entity >= 0], minlength=n_entities)
    rows = np.flatnonzero((entity >= 0) & entries["is_taker"])
    entity = entity[rows]
    of = {name: column[rows] for name, column in entries.items()}
    usual, _ = medians(of["horizon_ms"], entity, n_entities)
    horizon_ms = np.nan_to_num(usual, nan=DEFAULT_MS).astype(np.int64)
    block = of["time_ms"] // block_length_ms(horizon_ms[entity])
    order = np.lexsort((of["time_ms"], of["coin"], block, entity))
    starts = group_starts(entity[order], block[order], of["coin"][order])
    size = group_sizes(starts, len(order))
    first = order[starts]
    bets = Bets(
        entity=entity[first],
        coin=of["coin"][first],
        block=block[first],
        markout_bps=sums(of["gain_bps"][order], starts) / size,
        weight=np.sqrt(size / sums(of["variance_bps2"][order], starts)),
        n_openings=size,
        first_ms=of["time_ms"][first],
        known_frac=np.ones(len(first)),
        measures={},
    )
    taken = estimate(bets, horizon_ms)
    taken_frac = np.bincount(entity, minlength=n_entities)[taken.entity] / n_entries[taken.entity]
    return replace(
        taken, edge_bps=taken_frac * taken.edge_bps, error_bps=taken_frac * taken.error_bps
    )


def expected_by_truth(measured_bps: Floats, error_bps: Floats, edge_bps: Floats) -> Floats:
    """Return what to expect of each measured edge, were the distribution of the true ones known.

    Bayes over the true edges of all, without knowing whose is whose.
    """
    mean: Floats = _shares(measured_bps, error_bps, edge_bps) @ edge_bps
    return mean


def told_by_truth(
    measured_bps: Floats, error_bps: Floats, edge_bps: Floats, max_false_frac: float
) -> Flags:
    """Return whom to tell from luck, were the distribution of the true edges known.

    As many as can be, the surest first, of whom no larger share than asked is to be expected to
    have no edge above 0. No rule that bounds that share finds more.
    """
    p_none = _shares(measured_bps, error_bps, edge_bps) @ (edge_bps <= 0)
    return expected_false_frac(p_none) <= max_false_frac


def _shares(measured_bps: Floats, error_bps: Floats, edge_bps: Floats) -> Floats:
    """Return how likely each true edge is behind each measured one, ``[measured, edges]``."""
    chance = t.pdf((measured_bps[:, None] - edge_bps) / error_bps[:, None], ROBUST_DF)
    total = chance.sum(axis=1, keepdims=True)
    shares: Floats = chance / np.where(total > 0, total, 1.0)
    return shares
