"""A prior mean of every edge, learned from how other wallets trade and what came of it later."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import select
from hypertrack.labels.cuts import Window
from hypertrack.labels.targets import edge_variance
from hypertrack.model.inputs import comparable
from hypertrack.skill.expectation import Prior
from hypertrack.skill.wallet_edges import WalletEdges, two_windows

Array = NDArray[np.float64]

N_FOLDS = 5
"""Parts of the entities, each told by trees of the others."""

MIN_ENTITIES = 200
"""Seen in the first half, with a measured edge in the later; of fewer, trees learn their names."""

MIN_BETS = 3
"""Of two nobody knows the error."""

OF_GAINS = ("profit", "account")
"""Groups of features that tell what was earned: the measured edge over again, with more luck."""

ALSO_OF_GAINS = ("markout_", "flow_pnl_usd")
"""How the names of others begin."""

TREES: dict[str, Any] = {
    "max_iter": 30,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 300.0,
    "early_stopping": False,
}
"""Small steps of few wallets: most of what is to be learned is luck. With a regularization of 5
rank correlation with the true edge falls from .48 to .42 on five simulated days of 1,000 wallets;
with this it is .49, and in one of them the gain is surely above nothing."""

NORMAL_95 = 1.96


class LearnedPrior:
    """Learns priors from windows of one dataset.

    The first half of a window tells how wallets trade, the second what that came to; who is told
    is in neither of the trees' folds, and the trees are asked by how the whole window looks.
    """

    def __init__(self, engine: FeatureEngine):
        self.engine = engine
        self.names = tuple(
            feature.name
            for feature in select(engine.settings.groups)
            if feature.group not in OF_GAINS and not feature.name.startswith(ALSO_OF_GAINS)
        )

    def __call__(self, window: Window, entity_of_wallet: NDArray[np.int64]) -> Prior | None:
        """Return the prior of every wallet at the end of a window; None of too few entities."""
        engine, middle_ms = self.engine, (window.start_ms + window.end_ms) // 2
        past, later = Window(window.start_ms, middle_ms), Window(middle_ms, window.end_ms)
        outcome = two_windows(engine.backend, past, later, engine.fees, engine.n_wallets).later
        if n_entities(are_rows(outcome, entity_of_wallet), entity_of_wallet) < MIN_ENTITIES:
            return None
        before = self._features(past)
        is_seen = are_rows(outcome, entity_of_wallet) & ~np.isnan(before).all(axis=1)
        if n_entities(is_seen, entity_of_wallet) < MIN_ENTITIES:
            return None
        return learned(before, self._features(window), outcome, entity_of_wallet)

    def _features(self, window: Window) -> Array:
        """Return what all wallets did in a window, ``[wallets, features]``; NaN where nothing."""
        since_ms = window.start_ms if window.start_ms > self.engine.start_ms else None
        found = self.engine.matrix(since_ms=since_ms, until_ms=window.end_ms, names=self.names)
        features = np.full((self.engine.n_wallets, len(self.names)), np.nan)
        features[found.wallet_ids] = comparable(found)
        return features


def are_rows(outcome: WalletEdges, entity_of_wallet: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return of which wallets something can be learned, ``[wallets]``."""
    has_error: NDArray[np.bool_] = (outcome.error_bps > 0) & (outcome.n_bets >= MIN_BETS)
    return has_error & (entity_of_wallet >= 0)


def n_entities(is_row: NDArray[np.bool_], entity_of_wallet: NDArray[np.int64]) -> int:
    """Return how many entities some wallets are: wallets of one do the same."""
    return len(np.unique(entity_of_wallet[is_row]))


def learned(
    before: Array, now: Array, outcome: WalletEdges, entity_of_wallet: NDArray[np.int64]
) -> Prior:
    """Return the prior of every wallet, by trees that never saw what came of its entity.

    Args:
        before: Features of the past that ``outcome`` came after, ``[wallets, features]``.
        now: Those that the prior is wanted of.
        outcome: Of wallets of some entities, `MIN_ENTITIES` at least.
        entity_of_wallet: Below 0 for who is not judged, ``[wallets]``.
    """
    is_row = are_rows(outcome, entity_of_wallet)
    foreseen, mean = np.zeros((2, len(entity_of_wallet)))
    for fold in range(N_FOLDS):
        is_asked = (entity_of_wallet % N_FOLDS == fold) & (entity_of_wallet >= 0)
        learns = is_row & ~is_asked
        known = _weights(outcome, learns)
        model = _Model(before[learns], outcome.edge_bps[learns], known[learns])
        foreseen[is_asked], mean[is_asked] = model(before[is_asked]), model(now[is_asked])
    edge, weight = outcome.edge_bps[is_row], _weights(outcome, is_row)[is_row]
    gain = explained(edge, foreseen[is_row], weight, entity_of_wallet[is_row])
    return Prior(mean, *gain, int(is_row.sum()))


class _Model:
    """Trees over the features that vary among those they learned from."""

    def __init__(self, features: Array, edge_bps: Array, weight: Array):
        known = ~np.isnan(features)
        low = np.where(known, features, np.inf).min(axis=0)
        self.varies = low < np.where(known, features, -np.inf).max(axis=0)
        self.trees = HistGradientBoostingRegressor(**TREES)
        with threadpool_limits(1):
            self.trees.fit(features[:, self.varies], edge_bps, weight)

    def __call__(self, features: Array) -> Array:
        """Return what is expected of each row, bps; 0 of who did nothing."""
        if not len(features):
            return np.zeros(0)
        asked = features[:, self.varies]
        is_known = ~np.isnan(asked).all(axis=1)
        with threadpool_limits(1):
            expected: Array = self.trees.predict(asked)
        return np.where(is_known, expected, 0.0)


def _weights(outcome: WalletEdges, is_row: NDArray[np.bool_]) -> Array:
    """Return how much each wallet's later edge tells, 1 on average of rows, 0 else, ``[wallets]``.

    1 / (error² + variance of true edges).
    """
    error = outcome.error_bps[is_row]
    told = 1 / (error**2 + edge_variance(outcome.edge_bps[is_row], error))
    weight = np.zeros(len(is_row))
    weight[is_row] = told / told.mean()
    return weight


def explained(
    edge_bps: Array, foreseen_bps: Array, weight: Array, entity: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return how much less is left of later edges than without a prior, with its 95 % interval.

    The interval is that of entities: what several wallets of one did counts as one decision.
    """
    gain = weight * (edge_bps**2 - (edge_bps - foreseen_bps) ** 2)
    whole = float((weight * edge_bps**2).sum())
    _, nth = np.unique(entity, return_inverse=True)
    apart = np.bincount(nth, gain - gain.mean())  # [entities]
    error = float((apart**2).sum() * len(apart) / (len(apart) - 1)) ** 0.5
    frac, half = float(gain.sum()) / whole, NORMAL_95 * error / whole
    return frac, frac - half, frac + half
