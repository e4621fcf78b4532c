"""In which coins wallets traded."""

from typing import NamedTuple

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.market.executions import executions


class CoinsTraded(NamedTuple):
    """The coins of some wallets, a row each."""

    n_coins: NDArray[np.float64]
    coins: NDArray[np.object_]
    """Those of the most notional, the largest first: ``BTC, HYPE``; empty for none."""


def coins_traded(engine: FeatureEngine, matrix: FeatureMatrix, n_named: int = 3) -> CoinsTraded:
    """Return in how many coins each wallet of a matrix traded, and the names of its largest."""
    by_coin = executions(engine.backend).group_by("wallet_id", "coin_id")
    in_turn = ibis.window(
        group_by="wallet_id", order_by=[ibis.desc("notional_usd"), ibis.asc("coin_id")]
    )
    ranked = by_coin.aggregate(notional_usd=_.notional_usd.sum()).mutate(
        nth=ibis.row_number().over(in_turn)
    )
    named = ranked.join(engine.backend.table("coins").select("coin_id", "coin"), "coin_id")
    rows = engine.backend.fetch(
        named.group_by("wallet_id").aggregate(
            n_coins=_.count(),
            coins=_.coin.group_concat(sep=", ", where=_.nth < n_named, order_by=_.nth),
        )
    )
    n_coins = np.zeros(engine.n_wallets)
    coins = np.full(engine.n_wallets, "", dtype=object)
    n_coins[rows["wallet_id"]] = rows["n_coins"]
    coins[rows["wallet_id"]] = rows["coins"]
    return CoinsTraded(n_coins[matrix.wallet_ids], coins[matrix.wallet_ids])
