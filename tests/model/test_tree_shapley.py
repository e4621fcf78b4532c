"""Additions against Shapley values by their definition: every subset of features asked."""

from collections.abc import Callable
from itertools import chain, combinations
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import Fitted
from hypertrack.model.inputs import InputScaler, typical
from hypertrack.model.linear import Linear
from hypertrack.model.tree_shapley import CHUNK_ROWS, shapley_values
from hypertrack.model.trees import Trees

Array = NDArray[np.float64]

NAMES = ("flip_rate", "long_ratio", "median_gap_s", "twap_share", "spot_share")
"""The last three can be missing."""

TARGET = 2
RNG = np.random.default_rng(5)


def rows(n: int) -> Array:
    values = RNG.random((n, len(NAMES)))
    values[:, 2:][RNG.random((n, 3)) < 0.15] = np.nan
    return values


SEEN = rows(900)
IS_YES = np.nan_to_num(SEEN[:, 0] * SEEN[:, 2] - SEEN[:, 1] * np.isnan(SEEN[:, 3])) > 0.15
BASELINE = typical(SEEN)


def trees() -> tuple[Fitted, Callable[[Array], Array]]:
    options = {"max_iter": 12, "max_leaf_nodes": 14, "min_samples_leaf": 10}
    model = HistGradientBoostingClassifier(**options).fit(SEEN, IS_YES)
    return Trees.of({TARGET: model}, np.zeros(len(TARGETS))), model.decision_function


def linear() -> tuple[Fitted, Callable[[Array], Array]]:
    scaler = InputScaler.fit(NAMES, SEEN)
    model = LogisticRegression().fit(scaler.transform(SEEN), IS_YES)
    fitted = Linear.of(scaler, {TARGET: model}, np.zeros(len(TARGETS)))
    return fitted, lambda values: model.decision_function(scaler.transform(values))


def shapley(ask: Callable[[Array], Array], wallet: Array, baseline: Array) -> Array:
    """Return the values by their definition, ``[features]``."""
    n, found = len(wallet), np.zeros(len(wallet))
    subsets = list(chain.from_iterable(combinations(range(n), size) for size in range(n + 1)))
    mixed = np.array([np.where(np.isin(range(n), some), wallet, baseline) for some in subsets])
    for some, value in zip(subsets, ask(mixed), strict=True):
        for i in range(n):
            rest = len(some) - (i in some)
            weight = factorial(rest) * factorial(n - rest - 1) / factorial(n)
            found[i] += weight * value * (1 if i in some else -1)
    return found


@pytest.mark.parametrize("make", [trees, linear])
@pytest.mark.parametrize("baseline", [BASELINE, np.array([0.2, 0.9, np.nan, np.nan, 0.5])])
def test_additions_are_the_shapley_values(
    make: Callable[[], tuple[Fitted, Callable[[Array], Array]]], baseline: Array
) -> None:
    fitted, ask = make()
    wallets = rows(12)

    found = shapley_values(fitted, wallets, baseline, TARGET)

    expected = [shapley(ask, wallet, baseline) for wallet in wallets]
    np.testing.assert_allclose(found, expected, atol=1e-6)  # inputs are single precision
    assert np.abs(found).max() > 0.1


def test_chunks_of_wallets_are_explained_as_single_ones() -> None:
    fitted, _ = trees()
    wallets = rows(CHUNK_ROWS + 3)

    found = shapley_values(fitted, wallets, BASELINE, TARGET)

    np.testing.assert_array_equal(
        found[-2:], shapley_values(fitted, wallets[-2:], BASELINE, TARGET)
    )


def test_target_without_trees_has_no_additions() -> None:
    fitted, _ = trees()

    assert not shapley_values(fitted, rows(3), BASELINE, TARGET + 1).any()


def test_something_else_is_not_explained() -> None:
    with pytest.raises(TypeError, match="cannot explain str"):
        shapley_values("a wise man", rows(1), BASELINE, TARGET)  # type: ignore[arg-type]
