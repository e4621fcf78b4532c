from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from hypertrack.labels.targets import TARGETS
from hypertrack.model.trees import CHUNK_ROWS, MAX_LEAVES, Trees

RNG = np.random.default_rng(4)


def features(n: int) -> NDArray[np.float64]:
    """Return rows of five features, a tenth of them missing, some equal."""
    values = RNG.normal(0, 1, (n, 5)).round(1)
    values[RNG.random(values.shape) < 0.1] = np.nan
    return values


SEEN = features(800)
SIGNAL = np.nan_to_num(SEEN[:, 0]) * np.where(np.isnan(SEEN[:, 1]), -1, 1)
OPTIONS = {"max_iter": 15, "max_leaf_nodes": MAX_LEAVES, "early_stopping": False}
BINARY = HistGradientBoostingClassifier(**OPTIONS).fit(SEEN, SIGNAL > 0.3)
NUMBER = HistGradientBoostingRegressor(**OPTIONS).fit(SEEN, SIGNAL)
TREES = Trees.of({0: BINARY, 6: NUMBER}, np.full(len(TARGETS), 0.25))


@pytest.mark.parametrize("n", [0, 1, 500, CHUNK_ROWS + 7])
def test_arrays_say_what_the_library_says(n: int) -> None:
    new = features(n)

    found = TREES.predict(new)

    assert found.shape == (n, len(TARGETS))
    if n:
        np.testing.assert_allclose(found[:, 0], BINARY.predict_proba(new)[:, 1], atol=1e-12)
        np.testing.assert_allclose(found[:, 6], NUMBER.predict(new), atol=1e-12)
        assert (found[:, 3] == 0.25).all()


def test_target_without_trees_is_a_constant() -> None:
    none = Trees.of({}, np.arange(len(TARGETS), dtype=float))

    assert (none.predict(features(3)) == np.arange(len(TARGETS))).all()


def test_single_leaf_is_a_constant() -> None:
    stump = HistGradientBoostingRegressor(**OPTIONS | {"min_samples_leaf": 700}).fit(SEEN, SIGNAL)

    found = Trees.of({6: stump}, np.zeros(len(TARGETS))).predict(features(20))[:, 6]

    np.testing.assert_allclose(found, SIGNAL.mean())


@pytest.mark.parametrize(
    "broken",
    [
        {"feature": TREES.feature + 5},
        {"feature": TREES.feature - 1},
        {"threshold": TREES.threshold[1:]},
        {"target": TREES.target + len(TARGETS)},
        {"first_node": TREES.first_node * 2},
        {"leaf_values": TREES.leaf_values[:, :4]},
        {"base": TREES.base[:3]},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_arrays_that_do_not_fit_together_are_refused(
    broken: dict[str, NDArray[np.float64]],
) -> None:
    TREES.check(5)

    with pytest.raises(ValueError, match="do not fit"):
        replace(TREES, **broken).check(5)  # type: ignore[arg-type]
