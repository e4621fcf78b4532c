"""Who trades with whom: the main counterparty of each wallet, and pairs that trade in circles."""

from dataclasses import dataclass

import ibis
import numpy as np
from ibis import _
from scipy.stats import poisson

from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.engine.market import Market
from hypertrack.market.executions import fills
from hypertrack.market.window import Window
from hypertrack.skill.entities import MAX_P
from hypertrack.skill.fetching import fetch

MIN_TRADES = 10
MIN_MUTUAL_FRAC = 0.7
"""Of the trades of the one with fewer: they trade with each other, and else hardly with anyone.
Half would name whom one large maker serves."""


@dataclass(frozen=True)
class WashPairs:
    """Pairs of wallets that trade with each other far more often than chance has it.

    Attributes:
        mutual_frac: Share of their trades with each other, of the one with fewer.
        p: How likely their numbers of trades in each coin alone bring so many.
    """

    wallet_a: Ints
    wallet_b: Ints
    n_trades: Ints
    mutual_frac: Floats
    p: Floats


def find_wash_pairs(con: Market, window: Window) -> WashPairs:
    """Return the pairs of a window whose trades with each other are far above chance.

    Bought from and sold to each other: one way alone is a maker and who likes it.
    """
    rows = window.of(fills(con)).select("wallet_id", "counterparty_id", "coin_id", "direction")
    n_each = rows.group_by("wallet_id", "coin_id").aggregate(n=_.count())
    n_coin = rows.group_by("coin_id").aggregate(n_coin=_.count() / 2)
    n_all = rows.group_by("wallet_id").aggregate(n_all=_.count())
    met = (
        rows.filter(_.wallet_id < _.counterparty_id)
        .group_by("wallet_id", "counterparty_id", "coin_id")
        .aggregate(n_trades=_.count(), n_bought=(_.direction > 0).cast("int64").sum())
    )
    # Few pairs trade so often: only theirs are joined, of as many rows as there are trades.
    pair = ["wallet_id", "counterparty_id"]
    often = met.group_by(pair).aggregate(n=_.n_trades.sum()).filter(_.n >= MIN_TRADES)
    met = met.semi_join(often, pair)
    met = met.join(n_each.select("wallet_id", "coin_id", n_a="n"), ["wallet_id", "coin_id"])
    met = met.join(
        n_each.select("coin_id", counterparty_id="wallet_id", n_b="n"),
        ["counterparty_id", "coin_id"],
    )
    met = met.join(n_coin, "coin_id")
    pairs = met.group_by(wallet_a=_.wallet_id, wallet_b=_.counterparty_id).aggregate(
        n_trades=_.n_trades.sum(),
        n_bought=_.n_bought.sum(),
        # Of N trades of a coin, the one takes part in n_a and the other in n_b: who is in all of
        # them, as the only maker is, meets everybody in each.
        expected=(_.n_a * _.n_b / _.n_coin).sum(),
    )
    n_back = ibis.least(_.n_bought, _.n_trades - _.n_bought)
    pairs = pairs.filter(_.n_trades >= MIN_TRADES, n_back >= 0.25 * _.n_trades)
    for which in ("a", "b"):
        named = n_all.select(**{f"wallet_{which}": "wallet_id", f"n_all_{which}": "n_all"})
        pairs = pairs.join(named, f"wallet_{which}")
    mutual = _.n_trades / ibis.least(_.n_all_a, _.n_all_b)
    pairs = pairs.select("wallet_a", "wallet_b", "n_trades", "expected", mutual_frac=mutual)
    pairs = pairs.filter(_.mutual_frac >= MIN_MUTUAL_FRAC).order_by("wallet_a", "wallet_b")
    found = fetch(con, pairs)
    p = poisson.sf(found["n_trades"] - 1, found["expected"].astype(np.float64))
    is_wash = p < MAX_P
    return WashPairs(
        wallet_a=found["wallet_a"][is_wash].astype(np.int64),
        wallet_b=found["wallet_b"][is_wash].astype(np.int64),
        n_trades=found["n_trades"][is_wash].astype(np.int64),
        mutual_frac=found["mutual_frac"][is_wash].astype(np.float64),
        p=p[is_wash],
    )
