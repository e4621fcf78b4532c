"""All that classify and train ask of an engine: ``python spark_job.py DATA MASTER OUT``.

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
    (matrix,) = engine.matrices([cut_ms])
    found = {name: matrix.column(name) for name in matrix.names}
    found |= {"wallets": np.array(matrix.wallets), "activity": activity(engine)}
    found |= coins_traded(engine, matrix)._asdict()
    window = Window(cut_ms, engine.end_ms)
    outcomes = measure(engine.backend, window, engine.fees, engine.n_wallets)
    found |= {f"outcome {name}": values for name, values in vars(outcomes).items()}
    skill = judge_wallets(engine, settings, matrix)
    assert skill is not None
    found |= {f"skill {name}": values for name, values in skill.columns.items()}
    names = ("tx_count", "burstiness", "avg_slippage")
    part = engine.matrix(
        since_ms=start_ms + SINCE_MS, until_ms=cut_ms, wallets=engine.wallets[1:4], names=names
    )
    found |= {"part": part.values, "part wallets": np.array(part.wallets)}
    told = engine.summary()
    of_trades = (told.n_trades, told.n_wallets, told.n_coins, told.n_duplicate_trades)
    found["counts"] = np.array([*of_trades, told.n_torn_lines, *told.n_rows_by_feed.values()])
    return {
        name: values.astype(str) if values.dtype == object else values
        for name, values in found.items()
    }


def refusal(settings: Settings) -> str:
    """Return what is said of a URL that Spark cannot read."""
    try:
        with open_engine(settings):
            return ""
    except EngineError as error:
        return str(error)


def main() -> None:
    data, master, out = sys.argv[1:]
    settings = settings_for(Path(data), engine=master, sealed_url=f"file://{data}/sealed")
    with open_engine(settings) as engine:
        # The tables lie in two parts, on both workers; an answer of these few rows needs one.
        engine.backend._session.conf.set("spark.sql.shuffle.partitions", "1")
        found = answers(engine, settings)
        strange = settings_for(Path(data), engine=master, sealed_url="s3a://bucket/sealed")
        found["refusal"] = np.array(refusal(strange))
    np.savez(out, **found)


if __name__ == "__main__":
    main()
