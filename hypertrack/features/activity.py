"""When a wallet was active, for a sparkline."""

import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.executions import executions


def activity(engine: FeatureEngine, n_slices: int = 48) -> NDArray[np.int32]:
    """Return executions per equal slice of the recording, ``[wallets, slices]``.

    Wallets in the order of `FeatureEngine.matrix` without a cut.
    """
    length_ms = max(engine.end_ms - engine.start_ms, 1)
    counted = engine.backend.fetch(
        executions(engine.backend)
        .mutate(slice=((_.time_ms - engine.start_ms) * n_slices // length_ms).cast("int64"))
        .group_by("wallet_id", "slice")
        .aggregate(n=_.count())
    )
    counts = np.zeros((engine.n_wallets, n_slices), dtype=np.int32)
    counts[counted["wallet_id"], counted["slice"]] = counted["n"]
    return counts[engine.matrix(names=()).wallet_ids]
