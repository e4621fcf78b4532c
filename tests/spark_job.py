"""All that classify and train ask of an engine: ``python spark_job.py DATA MASTER SEALED_URL OUT``.

In a process of its own, as Spark would leave sockets behind in the one that tests.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import FeatureSettings, Settings
from hypertrack.errors import EngineError
from hypertrack.features.activity import activity
from hypertrack.features.coins import coins_traded
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.outcomes import measure
from hypertrack.market.window import Window
from hypertrack.pipeline.places import open_engine
from hypertrack.pipeline.skill import judge_wallets
from hypertrack.records import MINUTE_MS

GROUPS = ("base", "extended", "profit", "account", "context")
CUT_MS = 25 * MINUTE_MS + 30_500
SINCE_MS = 2 * MINUTE_MS + 1


def settings_for(data: Path, **features: Any) -> Settings:
    return Settings(data=data, features=FeatureSettings(groups=GROUPS, **features))


def answers(engine: FeatureEngine, settings: Settings) -> dict[str, NDArray[Any]]:
    """Return what classify and train ask of a dataset, and what a part of it answers."""
    start_ms, cut_ms = engine.start_ms, engine.start_ms + CUT_MS
    matrix = engine.matrix(until_ms=cut_ms)
    found = {name: matrix.column(name) for name in matrix.names}
    found |= {"wallets": np.array(matrix.wallets), "activity": activity(engine)}
    found |= coins_traded(engine, matrix)._asdict()
    for name, window in (
        ("past", Window(start_ms, cut_ms)),
        ("outcome", Window(cut_ms, engine.end_ms)),
    ):
        outcomes = measure(engine.backend, window, engine.fees, engine.n_wallets)
        found |= {f"{name} {key}": values for key, values in vars(outcomes).items()}
    skill = judge_wallets(engine, settings, matrix)
    assert skill is not None
    found |= {f"skill {name}": values for name, values in skill.columns.items()}
    names = ("tx_count", "burstiness", "avg_slippage", "closed_episode_count", "markout_5m_bps")
    part = engine.matrix(
        since_ms=start_ms + SINCE_MS, until_ms=cut_ms, wallets=engine.wallets[1:4], names=names
    )
    found |= {"part": part.values, "part wallets": np.array(part.wallets)}
    found["counts"] = counts(engine)
    return {
        name: values.astype(str) if values.dtype == object else values
        for name, values in found.items()
    }


def counts(engine: FeatureEngine) -> NDArray[np.int64]:
    """Return how many rows of each kind were read, and were not."""
    told = engine.summary()
    of_trades = (told.n_trades, told.n_wallets, told.n_coins, told.n_duplicate_trades)
    return np.array([*of_trades, told.n_torn_lines, *told.n_rows_by_feed.values()])


def main() -> None:
    data, master, sealed_url, out = sys.argv[1:]
    settings = settings_for(Path(data), engine=master)
    with open_engine(settings) as engine:
        found = answers(engine, settings)
        with open_engine(settings_for(Path(data), engine=master, sealed_url=sealed_url)) as other:
            found["counts by url"] = counts(other)
        try:
            unknown = settings_for(Path(data), engine=master, sealed_url="s3a://bucket/sealed")
            with open_engine(unknown):
                pass
        except EngineError as error:
            found["refused"] = np.array(str(error))
    np.savez(out, **found)


if __name__ == "__main__":
    main()
