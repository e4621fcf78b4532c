"""Two models on the same held-out rows: the paired difference, with its interval."""

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.evaluation import row_losses
from hypertrack.model.metrics import Resamples, interval
from hypertrack.model.samples import Samples
from hypertrack.model.versions import WalletModel
from hypertrack.records import HEADS, Interval, Record

Array = NDArray[np.float64]


class HeadComparison(Record, frozen=True, kw_only=True):
    """One head of two models; skills are against the same constant, on the same rows."""

    head: str
    n_test: int
    skill_a: float | None
    skill_b: float | None
    difference: Interval | None
    """Skill of A minus skill of B, paired by row; None where nothing could be measured."""


class Comparison(Record, frozen=True, kw_only=True):
    """Two models over all heads."""

    version_a: str
    version_b: str
    heads: tuple[HeadComparison, ...]
    overall: Interval | None
    """The difference of skills, heads weighted as in training."""

    @property
    def is_a_worse(self) -> bool:
        """Return whether the interval of the overall difference lies below zero."""
        return self.overall is not None and self.overall.high < 0


def compare(
    samples: Samples, constant: Array, a: WalletModel, b: WalletModel, settings: TrainSettings
) -> Comparison:
    """Score two models on the test rows of a dataset.

    Args:
        samples: Neither model may have been trained on its test rows; both versions of one
            dataset satisfy that, since the cuts and the held-out wallets are the same.
        constant: Predicted of the test rows by the constant, ``[rows, targets]``.
        settings: Weights of the heads, number and seed of the resamples.

    Raises:
        ModelError: A model reads other features than the samples hold.
    """
    targets, counts = samples.targets(samples.test), samples.weights(samples.test)
    resamples = Resamples.draw(len(samples.test), settings.n_bootstrap, settings.seed)
    predicted = (constant, _predicted(a, samples), _predicted(b, samples))
    heads, draws, weights = [], [], []
    for head in HEADS:
        columns = HEAD_COLUMNS[head]
        n_test = int(np.any(~np.isnan(targets[:, columns]), axis=1).sum())
        of_constant, of_a, of_b = (row_losses(each, targets, columns, counts) for each in predicted)
        base = float(of_constant.sum())
        if base <= 0:
            heads.append(_unmeasured(head, n_test))
            continue
        draws.append(_drawn(of_b - of_a, of_constant, resamples))
        weights.append(settings.weight_by_head[head])
        heads.append(
            HeadComparison(
                head=head,
                n_test=n_test,
                skill_a=1 - float(of_a.sum()) / base,
                skill_b=1 - float(of_b.sum()) / base,
                difference=interval(draws[-1]),
            )
        )
    return Comparison(
        version_a=a.summary.version,
        version_b=b.summary.version,
        heads=tuple(heads),
        overall=_overall(draws, weights),
    )


def _overall(draws: list[Array], weights: list[float]) -> Interval | None:
    """Return the weighted mean over the measured heads, None where none has a weight."""
    if sum(weights) == 0:
        return None
    return interval(np.average(draws, axis=0, weights=weights))


def _predicted(model: WalletModel, samples: Samples) -> Array:
    model.check_features(samples.feature_names)
    return model.predict_rows(samples.test.features).astype(np.float64)


def _drawn(gained: Array, of_constant: Array, resamples: Resamples) -> Array:
    """Return the gain over the constant's loss, ``[1 + resamples]``; 0 where that has none."""
    sums = resamples.sums(np.stack([gained, of_constant], axis=1))
    base = sums[:, 1]
    return np.divide(sums[:, 0], base, out=np.zeros(len(base)), where=base > 0)


def _unmeasured(head: str, n_test: int) -> HeadComparison:
    return HeadComparison(head=head, n_test=n_test, skill_a=None, skill_b=None, difference=None)
