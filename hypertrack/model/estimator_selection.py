"""Which predictor answers for each head, decided on rows that none of them was trained on."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.baselines import FITS, within_range
from hypertrack.model.inputs import InputScaler
from hypertrack.model.predictor import NET
from hypertrack.model.samples import Rows, Samples
from hypertrack.model.training import Trained
from hypertrack.records import HEADS

Array = NDArray[np.float64]

N_FOLDS = 5
"""Parts of the training wallets, each answered by models of the others."""


def choose_estimators(
    samples: Samples, trained: Trained, scaler: InputScaler, settings: TrainSettings
) -> dict[str, str]:
    """Return who answers for each head.

    What the settings say; for ``best`` whoever had the smaller error on validation wallets and on
    folds of training wallets, where the network has answered already and the others are fitted
    anew without them. No test row is looked at.
    """
    if settings.estimator != "best":
        return dict.fromkeys(HEADS, settings.estimator)
    errors = {NET: _errors_of_network(trained)}
    errors |= {name: _errors_of(name, samples, scaler) for name in FITS}
    return {head: _least(errors, HEAD_COLUMNS[head]) for head in HEADS}


def _least(errors: Mapping[str, Array], columns: slice) -> str:
    return min(errors, key=lambda name: float(np.nansum(errors[name][columns])))


def _errors_of_network(trained: Trained) -> Array:
    """Return the mean squared error of each target, ``[targets]``."""
    network, unseen = trained.network, trained.unseen
    answered = network.centre + network.slope * (unseen.predicted - network.centre)
    errors = ((answered - unseen.targets) ** 2 * unseen.mask).sum(dim=0)
    mean: Array = (errors / unseen.mask.sum(dim=0).clamp(min=1)).numpy().astype(np.float64)
    return mean


def _errors_of(name: str, samples: Samples, scaler: InputScaler) -> Array:
    train = samples.train
    fold = np.minimum((train.place * N_FOLDS).astype(np.int64), N_FOLDS - 1)
    is_last = train.cut_number == train.cut_number.max(initial=0)
    asked = [(fold != number, train.take((fold == number) & is_last)) for number in range(N_FOLDS)]
    errors = [
        _squared(name, replace(samples, train=train.take(learnt)), rows, scaler)
        for learnt, rows in asked
        if learnt.any()
    ]
    errors.append(_squared(name, samples, samples.validation, scaler))
    joined = np.concatenate(errors)
    n_known = (~np.isnan(joined)).sum(axis=0)
    mean: Array = np.nansum(joined, axis=0) / np.maximum(n_known, 1)
    return mean


def _squared(name: str, samples: Samples, rows: Rows, scaler: InputScaler) -> Array:
    predicted = within_range(FITS[name](samples, scaler).predict(rows.features))
    squared: Array = samples.weights(rows) * (predicted - samples.targets(rows)) ** 2
    return squared
