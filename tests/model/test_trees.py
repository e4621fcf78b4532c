from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

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


class Fitted(NamedTuple):
    binary: HistGradientBoostingClassifier
    number: HistGradientBoostingRegressor
    trees: Trees


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    binary = HistGradientBoostingClassifier(**OPTIONS).fit(SEEN, SIGNAL > 0.3)
    number = HistGradientBoostingRegressor(**OPTIONS).fit(SEEN, SIGNAL)
    return Fitted(binary, number, Trees.of({0: binary, 6: number}, np.full(len(TARGETS), 0.25)))


@pytest.mark.parametrize("n", [0, 1, 500, CHUNK_ROWS + 7])
def test_arrays_say_what_the_library_says(fitted: Fitted, n: int) -> None:
    new = features(n)

    found = fitted.trees.predict(new)

    assert found.shape == (n, len(TARGETS))
    if n:
        np.testing.assert_allclose(found[:, 0], fitted.binary.predict_proba(new)[:, 1], atol=1e-12)
        np.testing.assert_allclose(found[:, 6], fitted.number.predict(new), atol=1e-12)
        assert (found[:, 3] == 0.25).all()


def test_target_without_trees_is_a_constant() -> None:
    none = Trees.of({}, np.arange(len(TARGETS), dtype=float))

    assert (none.predict(features(3)) == np.arange(len(TARGETS))).all()


def test_single_leaf_is_a_constant() -> None:
    stump = HistGradientBoostingRegressor(**OPTIONS | {"min_samples_leaf": 700}).fit(SEEN, SIGNAL)

    found = Trees.of({6: stump}, np.zeros(len(TARGETS))).predict(features(20))[:, 6]

    np.testing.assert_allclose(found, SIGNAL.mean())


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("feature", lambda values: values + 5),
        ("feature", lambda values: values - 1),
        ("threshold", lambda values: values[1:]),
        ("target", lambda values: values + len(TARGETS)),
        ("first_node", lambda values: values * 2),
        ("leaf_values", lambda values: values[:, :4]),
        ("base", lambda values: values[:3]),
    ],
    ids=["too high", "too low", "threshold", "target", "first_node", "leaf_values", "base"],
)
def test_arrays_that_do_not_fit_together_are_refused(
    fitted: Fitted, name: str, broken: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    fitted.trees.check(5)
    forged = {name: broken(getattr(fitted.trees, name))}

    with pytest.raises(ValueError, match="do not fit"):
        replace(fitted.trees, **forged).check(5)  # type: ignore[arg-type]
