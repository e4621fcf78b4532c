"""What each feature adds to a sum, where a sum is what a linear model or trees answer with.

Exact Shapley values against one baseline, the typical wallet. A linear model's are its weights
times the way gone. Those of trees follow from their leaves: a leaf is reached by a mixture of
wallet and baseline if the features that only the wallet has right come from the wallet, and those
that only the baseline has right come from the baseline.

Source:
    Lundberg et al.: From local explanations to global understanding with explainable AI for trees
    (2020), algorithm 3 (interventional), with one reference.
"""

from math import factorial

import numpy as np
from numpy.typing import NDArray

from hypertrack.model.baselines import Fitted
from hypertrack.model.linear import Linear
from hypertrack.model.trees import MAX_LEAVES, Trees

Array = NDArray[np.float64]

CHUNK_ROWS = 8_192
"""Wallets explained at once: what a processor keeps near."""

_COUNTS = range(MAX_LEAVES)
FROM_WALLET = np.array(
    [
        [factorial(a - 1) * factorial(b) / factorial(a + b) if a else 0.0 for b in _COUNTS]
        for a in _COUNTS
    ]
)
"""What each of ``a`` features that a leaf needs from the wallet adds of its value, where it needs
``b`` from the baseline."""

FROM_BASELINE = FROM_WALLET.T
"""What each of those ``b`` takes away."""


def shapley_values(fitted: Fitted, features: Array, baseline: Array, target: int) -> Array:
    """Return what each feature adds to a target's sum on the way from the baseline.

    Args:
        features: As `comparable` returns them, ``[rows, features]``.
        baseline: Of the typical wallet, ``[features]``.

    Returns:
        ``[rows, features]``, before a logit becomes a probability.

    Raises:
        TypeError: Neither a linear model nor trees.
    """
    if isinstance(fitted, Linear):
        return _of_linear(fitted, features, baseline, target)
    if isinstance(fitted, Trees):
        return _of_trees(fitted, features, baseline, target)
    raise TypeError(f"cannot explain {type(fitted).__name__}")


def _of_linear(linear: Linear, features: Array, baseline: Array, target: int) -> Array:
    way = linear.scaler.transform(features) - linear.scaler.transform(baseline[None])
    added: Array = (way * linear.weights[:, target]) @ linear.scaler.is_of_feature
    return added


def _of_trees(trees: Trees, features: Array, baseline: Array, target: int) -> Array:
    added = np.zeros(features.shape)
    for start in range(0, len(features), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        by_feature = np.vstack([features[rows], baseline]).T
        for tree in np.flatnonzero(trees.target == target).tolist():
            asked, by_row = _of_tree(trees, tree, by_feature)
            added[rows, asked] += by_row
    return added


def _of_tree(trees: Trees, tree: int, by_feature: Array) -> tuple[NDArray[np.int64], Array]:
    """Return which features a tree asks about, and what each adds, ``[rows, asked]``.

    Args:
        by_feature: ``[features, rows + 1]``, the baseline last.
    """
    is_right = trees.answers(tree, by_feature)  # [nodes, rows + 1]
    bits = 1 << np.arange(len(is_right))
    _, first, kind = np.unique(bits @ is_right, return_index=True, return_inverse=True)
    nodes = slice(trees.first_node[tree], trees.first_node[tree + 1])
    asked, place = np.unique(trees.feature[nodes], return_inverse=True)
    of_feature = place[:, None] == np.arange(len(asked))  # [nodes, asked]
    on_left, on_right = trees.sides(tree)  # [leaves, nodes]

    def keeps(answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return whether all a feature's answers lead to a leaf, ``[kinds, leaves, asked]``."""
        strays = np.where(answers[:, None], on_left, on_right)  # [kinds, leaves, nodes]
        leads: NDArray[np.bool_] = (strays.astype(np.float64) @ of_feature) == 0
        return leads

    wallet, usual = keeps(is_right[:, first].T), keeps(is_right[:, -1:].T)
    from_wallet, from_usual = wallet & ~usual, usual & ~wallet
    n_wallet, n_usual = from_wallet.sum(axis=2), from_usual.sum(axis=2)  # [kinds, leaves]
    value = trees.leaf_values[tree, : on_left.shape[0]] * (wallet | usual).all(axis=2)
    gained = (value * FROM_WALLET[n_wallet, n_usual])[..., None] * from_wallet
    lost = (value * FROM_BASELINE[n_wallet, n_usual])[..., None] * from_usual
    by_kind = (gained - lost).sum(axis=1)  # [kinds, asked]
    return asked, by_kind[kind[:-1]]
