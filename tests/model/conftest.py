"""Fixtures shared by the tests of the model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_fakes import make_samples

from hypertrack.config import Settings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.model.samples import Samples
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.dataset import open_dataset


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Samples that can be learnt without a doubt."""
    return make_samples()


@pytest.fixture(scope="session")
def noise() -> Samples:
    """Samples in which there is nothing to learn."""
    return make_samples(signal=0.0)


@pytest.fixture(scope="session")
def market_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureEngine]:
    """An engine over eight simulated hours: 600 wallets, 60,000 trades, 6 coins."""
    folder = tmp_path_factory.mktemp("market") / "data"
    simulate = SimulateSettings(hours=8, wallets=600, coins=6, seed=3)
    for _ in write_dataset(Market(settings_for(simulate, 60_000)), folder, 60_000):
        pass
    settings = Settings()
    with open_dataset(folder) as dataset:
        yield FeatureEngine(dataset, settings.features, settings.fees)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The default settings, with an output folder of its own."""
    return Settings(out=tmp_path / "out")
