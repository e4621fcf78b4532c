"""In which coins wallets traded."""

from typing import NamedTuple

import ibis
import numpy as np
from ibis import Table, _
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import variable
from hypertrack.market.executions import executions


class CoinsTraded(NamedTuple):
    """The coins of some wallets, a row each."""

    n_coins: NDArray[np.float64]
    coins: NDArray[np.object_]
    """Those of the most notional, the largest first: ``BTC, HYPE``; empty for none."""


def coins_traded(
    engine: FeatureEngine, matrix: FeatureMatrix, n_named: int = 3, *, is_part: bool = False
) -> CoinsTraded:
    """Return in how many coins each wallet of a matrix traded, and the names of its largest.

    Args:
        is_part: The matrix is of some wallets and a window.
    """
    if is_part:
        part = {"since_ms": matrix.start_ms, "until_ms": matrix.end_ms}
        (rows,) = engine.ask(_largest, n_named, wallets=matrix.wallets, **part)
    else:
        rows = engine.backend.fetch(_largest(engine.backend, n_named, is_cut=False)[0])
    n_coins = np.zeros(engine.n_wallets)
    coins = np.full(engine.n_wallets, "", dtype=object)
    n_coins[rows["wallet_id"]] = rows["n_coins"]
    for nth in range(n_named):
        is_nth = rows["nth"] == nth
        wallet_id = rows["wallet_id"][is_nth]
        coins[wallet_id] += (", " if nth else "") + rows["coin"][is_nth].astype(object)
    return CoinsTraded(n_coins[matrix.wallet_ids], coins[matrix.wallet_ids])


def _largest(con: Tables, n_named: int, *, is_cut: bool = True) -> tuple[Table]:
    """Return wallet_id, nth, n_coins, coin: the coins of the most notional of each wallet."""
    rows = executions(con)
    seen = rows.filter(_.time_ms < variable("end_ms")) if is_cut else rows
    by_coin = seen.group_by("wallet_id", "coin_id")
    in_turn = ibis.window(
        group_by="wallet_id", order_by=[ibis.desc("notional_usd"), ibis.asc("coin_id")]
    )
    ranked = by_coin.aggregate(notional_usd=_.notional_usd.sum()).mutate(
        nth=ibis.row_number().over(in_turn),
        n_coins=_.count().over(ibis.window(group_by="wallet_id")),
    )
    names = con.table("coins").select("coin_id", "coin")
    named = ranked.filter(_.nth < n_named).join(names, "coin_id")
    return (named.select("wallet_id", "nth", "n_coins", "coin"),)
