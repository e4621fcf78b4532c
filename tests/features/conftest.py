"""A dataset of a few lines in, the features of its wallets out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fakes import write_dataset

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.store.dataset import open_dataset

OpenEngine = Callable[..., FeatureEngine]
FeaturesOf = Callable[..., dict[str, dict[str, float]]]


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[OpenEngine]:
    """Return a function from the lines of a dataset, by file, to an engine over it."""
    with ExitStack() as stack:
        n_opened = 0

        def open_(fees: FeeSettings | None = None, **lines: Any) -> FeatureEngine:
            nonlocal n_opened
            n_opened += 1
            folder = write_dataset(tmp_path / str(n_opened), **lines)
            dataset = stack.enter_context(open_dataset(folder))
            return FeatureEngine(dataset, FeatureSettings(), fees or FeeSettings())

        yield open_


@pytest.fixture
def features_of(open_engine: OpenEngine) -> FeaturesOf:
    """Return a function from the lines of a dataset to features by wallet and name."""

    def compute(
        *names: str, until_ms: int | None = None, fees: FeeSettings | None = None, **lines: Any
    ) -> dict[str, dict[str, float]]:
        matrix = open_engine(fees, **lines).matrix(until_ms=until_ms, names=names or None)
        return {
            wallet: dict(zip(matrix.names, row, strict=True))
            for wallet, row in zip(matrix.wallets, matrix.values.tolist(), strict=True)
        }

    return compute
