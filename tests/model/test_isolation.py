"""No row of a test wallet or of the test window reaches anything that is fitted.

The rows are poisoned with numbers that would show in any mean, and with nothing at all; whatever
was fitted must be the same to the bit.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from model_fakes import FEATURES, finish, five_cuts, spoilt
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.labels.cuts import walk_forward
from hypertrack.market.window import Window
from hypertrack.model.baselines import FITS, constant
from hypertrack.model.estimator_selection import choose_estimators
from hypertrack.model.inputs import InputScaler
from hypertrack.model.run import fit_network
from hypertrack.model.samples import Rows, assemble
from hypertrack.records import DAY_MS

SETTINGS = TrainSettings(hidden=(16, 8), max_epochs=4, n_members=3, estimator="best")
CUTS = walk_forward(Window(0, DAY_MS), SETTINGS)
CLEAN = five_cuts()


def all_that_is_fitted(rows: Sequence[Rows]) -> dict[str, Any]:
    """Return the numbers of a whole run that evaluation does not make."""
    samples = assemble(FEATURES, CUTS, rows, SETTINGS, force=True)
    scaler = InputScaler.fit(FEATURES, samples.train.features)
    trained = finish(fit_network(samples, scaler, SETTINGS))
    arrays = {name: weight.numpy() for name, weight in trained.network.state_dict().items()}
    for name, fit in FITS.items():
        fitted = fit(samples, scaler)
        arrays |= {
            f"{name}.{field.name}": getattr(fitted, field.name)
            for field in fields(fitted)  # type: ignore[arg-type]
            if field.name != "scaler"
        }
    return {
        "thresholds": samples.thresholds,
        "epochs": trained.epochs,
        "estimators": choose_estimators(samples, trained, scaler, SETTINGS),
        "constant": constant(samples, scaler)[0],
        "mean": scaler.mean,
        "std": scaler.std,
        **arrays,
    }


def differing(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return [
        name
        for name, value in a.items()
        if not (
            np.array_equal(value, b[name], equal_nan=True)
            if isinstance(value, np.ndarray) and value.dtype.kind == "f"
            else np.array_equal(value, b[name])
        )
    ]


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    """What is fitted to clean rows."""
    return all_that_is_fitted(CLEAN)


@pytest.mark.parametrize("poison", [1e9, np.nan])
def test_nothing_of_test_wallets_or_the_test_window_reaches_what_is_fitted(
    poison: float, fitted: dict[str, Any]
) -> None:
    told = [spoilt(rows, rows.is_held_out, poison) for rows in CLEAN[:-1]]
    told.append(spoilt(CLEAN[-1], True, poison))

    assert differing(fitted, all_that_is_fitted(told)) == []


def poisoned(chosen: Sequence[NDArray[np.bool_]]) -> list[Rows]:
    return [spoilt(rows, which, 1e3) for rows, which in zip(CLEAN, chosen, strict=True)]


def test_poison_would_show(fitted: dict[str, Any]) -> None:
    """One training row is enough to change all of it: the test above can fail."""
    nobody = [np.zeros(len(rows), dtype=bool) for rows in CLEAN]
    learnt = ~CLEAN[0].is_held_out & ~CLEAN[0].is_validation
    nobody[0][np.flatnonzero(learnt)[0]] = True

    changed = differing(fitted, all_that_is_fitted(poisoned(nobody)))

    assert {"thresholds", "mean", "std", "epochs", "heads.weight", "linear.weights"} <= set(changed)


def test_validation_wallets_reach_calibration_alone(fitted: dict[str, Any]) -> None:
    told = poisoned([rows.is_validation & ~rows.is_held_out for rows in CLEAN])

    changed = set(differing(fitted, all_that_is_fitted(told)))

    assert changed <= {"slope", "centre", "estimators"}
    assert changed
