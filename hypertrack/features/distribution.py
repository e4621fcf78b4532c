"""How a feature's values are distributed over the wallets of a dataset."""

import numpy as np
from numpy.typing import NDArray

from hypertrack.features.definition import Group
from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.names import ALIASES
from hypertrack.features.registry import REGISTRY
from hypertrack.records import Record

QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Distribution(Record, frozen=True):
    """One feature: what it is, and its values over all wallets that have one."""

    name: str
    group: Group
    unit: str
    doc: str
    min: float | None
    """This and the quartiles are None where no wallet has a value."""
    quartile_1: float | None
    median: float | None
    quartile_3: float | None
    max: float | None
    zero_frac: float
    """Share of all wallets with exactly 0: in the base group also those without data."""
    missing_frac: float
    """Share of all wallets without a value (NaN)."""


def distributions(matrix: FeatureMatrix) -> tuple[Distribution, ...]:
    """Return the distribution of each feature of a matrix, in its order.

    Quartiles between two values are interpolated. Without wallets both shares are 0.
    """
    return tuple(_distribution(name, matrix.column(name)) for name in matrix.names)


def _distribution(name: str, values: NDArray[np.float64]) -> Distribution:
    feature = REGISTRY[ALIASES.get(name, name)]
    known = values[~np.isnan(values)]
    spread = np.quantile(known, QUARTILES).tolist() if len(known) else [None] * len(QUARTILES)
    lowest, quartile_1, median, quartile_3, highest = spread
    n_wallets = max(len(values), 1)
    return Distribution(
        name=name,
        group=feature.group,
        unit=feature.unit,
        doc=feature.doc,
        min=lowest,
        quartile_1=quartile_1,
        median=median,
        quartile_3=quartile_3,
        max=highest,
        zero_frac=int(np.sum(values == 0)) / n_wallets,
        missing_frac=(len(values) - len(known)) / n_wallets,
    )
