"""When a wallet was active, for a sparkline."""

import ibis
import numpy as np
from ibis import Table, _
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import variable
from hypertrack.market.executions import executions


def activity(
    engine: FeatureEngine, n_slices: int = 48, *, part: FeatureMatrix | None = None
) -> NDArray[np.int32]:
    """Return executions per equal slice of the recording, ``[wallets, slices]``.

    Wallets in the order of `FeatureEngine.matrix` without a cut.

    Args:
        part: Of these wallets and this window alone, in the order of the matrix.
    """
    if part is None:
        length_ms = max(engine.end_ms - engine.start_ms, 1)
        rows = _by_slice(engine.backend, n_slices, engine.start_ms, length_ms)
        counted = engine.backend.fetch(rows)
    else:
        window = {"since_ms": part.start_ms, "until_ms": part.end_ms}
        (counted,) = engine.ask(_of_window, n_slices, wallets=part.wallets, **window)
    counts = np.zeros((engine.n_wallets, n_slices), dtype=np.int32)
    counts[counted["wallet_id"], counted["slice"]] = counted["n"]
    return counts[engine.matrix(names=()).wallet_ids if part is None else part.wallet_ids]


def _of_window(con: Tables, n_slices: int) -> tuple[Table]:
    start_ms, end_ms = variable("start_ms"), variable("end_ms")
    rows = _by_slice(con, n_slices, start_ms, ibis.greatest(end_ms - start_ms, 1))
    return (rows.filter(_.slice < n_slices),)  # what came behind the window is in later slices


def _by_slice(con: Tables, n_slices: int, start_ms: int, length_ms: int) -> Table:
    """Return wallet_id, slice, n: executions of equal slices from a time on."""
    nth = ((_.time_ms - start_ms) * n_slices // length_ms).cast("int64")
    rows = executions(con).mutate(slice=nth)
    return rows.group_by("wallet_id", "slice").aggregate(n=_.count())
