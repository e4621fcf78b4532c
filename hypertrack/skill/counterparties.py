"""Who trades with whom: the main counterparty of each wallet, and pairs that trade in circles."""

from dataclasses import dataclass

import ibis
import numpy as np
from ibis import Table, _
from scipy.stats import poisson

from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.engine.market import Market
from hypertrack.market.executions import fills
from hypertrack.market.window import Window
from hypertrack.skill.entities import MAX_P, PAIR
from hypertrack.skill.fetching import computed_once, fetch

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
    # Few rows each, which whoever joins them with all fills has to know.
    with (
        computed_once(con, "majorities", _majorities(rows)) as majorities,
        computed_once(con, "circles", _circles(rows, majorities)) as circles,
    ):
        found = fetch(con, circles.join(_expected(rows, circles), PAIR).order_by(PAIR))
    p = poisson.sf(found["n_trades"] - 1, found["expected"].astype(np.float64))
    is_wash = p < MAX_P
    return WashPairs(
        wallet_a=found["wallet_a"][is_wash].astype(np.int64),
        wallet_b=found["wallet_b"][is_wash].astype(np.int64),
        n_trades=found["n_trades"][is_wash].astype(np.int64),
        mutual_frac=found["mutual_frac"][is_wash].astype(np.float64),
        p=p[is_wash],
    )


def _circles(rows: Table, majorities: Table) -> Table:
    """Return wallet_a, wallet_b, n_trades, mutual_frac of who mostly trades both ways with one.

    Mostly is more than half: whoever does that is the majority of the counterparties of the one
    with fewer trades, and nobody else's trades with it need to be counted.
    """
    pair = ["wallet_id", "counterparty_id"]
    # Not joined yet: DuckDB would count all that trade with one another before it looks who.
    met = rows.semi_join(majorities, pair).group_by(pair)
    met = met.aggregate(n_trades=_.count(), n_bought=(_.direction > 0).cast("int64").sum())
    met = met.join(majorities, pair).mutate(mutual_frac=_.n_trades / _.n_all)
    n_back = ibis.least(_.n_bought, _.n_trades - _.n_bought)
    met = met.filter(
        _.n_trades >= MIN_TRADES, n_back >= 0.25 * _.n_trades, _.mutual_frac >= MIN_MUTUAL_FRAC
    )
    first, second = _.wallet_id, _.counterparty_id
    pairs = met.group_by(wallet_a=ibis.least(first, second), wallet_b=ibis.greatest(first, second))
    return pairs.aggregate(n_trades=_.n_trades.max(), mutual_frac=_.mutual_frac.max())


def _majorities(rows: Table) -> Table:
    """Return wallet_id, n_all and counterparty_id: whom, if anyone, more than half of it is with.

    It is then the median of them all, whatever the ids of the others are: to count who traded with
    whom takes gigabytes.
    """
    middle = _.counterparty_id.median().cast("int32")
    return rows.group_by("wallet_id").aggregate(n_all=_.count(), counterparty_id=middle)


def _expected(rows: Table, pairs: Table) -> Table:
    """Return wallet_a, wallet_b and in how many trades they would meet by chance.

    Of N trades of a coin, the one takes part in n_a and the other in n_b: who is in all of them,
    as the only maker is, meets everybody in each.
    """
    named = pairs.select(wallet_id="wallet_a").union(pairs.select(wallet_id="wallet_b"))
    n_each = rows.semi_join(named, "wallet_id").group_by("wallet_id", "coin_id")
    n_each = n_each.aggregate(n=_.count())
    n_coin = rows.group_by("coin_id").aggregate(n_coin=_.count() / 2)
    coins = rows.rename(wallet_a="wallet_id", wallet_b="counterparty_id")
    met = coins.semi_join(pairs, PAIR).select(*PAIR, "coin_id").distinct()
    for which in ("a", "b"):
        own = n_each.select("coin_id", **{f"wallet_{which}": "wallet_id", f"n_{which}": "n"})
        met = met.join(own, [f"wallet_{which}", "coin_id"])
    met = met.join(n_coin, "coin_id")
    return met.group_by(*PAIR).aggregate(expected=(_.n_a * _.n_b / _.n_coin).sum())
