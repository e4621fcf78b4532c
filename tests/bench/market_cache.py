"""Samples of simulated markets with the truth about their wallets, measured once a market."""

import pickle
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import Settings, SimulateSettings, TrainSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.cuts import Cut
from hypertrack.model.inputs import input_names
from hypertrack.model.samples import Rows, measure_cuts, plan_cuts
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.dataset import open_dataset


@dataclass(frozen=True)
class MeasuredMarket:
    """What `hypertrack.model.samples.assemble` needs, and what is true of each wallet."""

    names: tuple[str, ...]
    cuts: tuple[Cut, ...]
    rows: list[Rows]
    wallets: list[str]
    """By wallet id."""
    truth: Mapping[str, NDArray[np.generic]]

    def true(self, column: str, rows: Rows) -> NDArray[np.generic]:
        """Return a column of the truth for the wallet of each row."""
        place = {str(wallet): row for row, wallet in enumerate(self.truth["wallet"])}
        return self.truth[column][[place[self.wallets[i]] for i in rows.wallet_ids.tolist()]]


def measured(
    simulate: SimulateSettings, n_trades: int, train: TrainSettings, cache: Path
) -> MeasuredMarket:
    """Return a market's samples, from the cache where they are there already."""
    name = f"{simulate.seed}_{simulate.hours:g}h_{simulate.wallets}_{n_trades}.pkl"
    file = cache / name
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        found = _measure(simulate, n_trades, train)
        file.write_bytes(pickle.dumps(found))
    loaded: MeasuredMarket = pickle.loads(file.read_bytes())
    return loaded


def _measure(simulate: SimulateSettings, n_trades: int, train: TrainSettings) -> MeasuredMarket:
    market, settings = Market(settings_for(simulate, n_trades)), Settings()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        for _ in write_dataset(market, folder, n_trades):
            pass
        with open_dataset(folder) as dataset:
            engine = FeatureEngine(dataset, settings.features, settings.fees)
            cuts = plan_cuts(engine, train, force=False)
            matrices = engine.matrices([cut.at_ms for cut in cuts])
            known = dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
            return MeasuredMarket(
                names=input_names(settings.features.groups),
                cuts=cuts,
                rows=list(measure_cuts(engine, cuts, matrices, train)),
                wallets=[wallet for (wallet,) in known.fetchall()],
                truth=market.truth,
            )
