"""Until when a coin's trades were watched without a gap: what happened across one is not known."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import executions
from hypertrack.market.window import Window, as_value

OBSERVED = "observed"


def observed_stretches(con: Tables) -> Table:
    """Return coin_id, start_ms, end_ms, nth: stretches in which no trade of the coin is missing.

    Intervals of the ledger that overlap or touch are one stretch; ``nth`` counts them from 1. A
    dataset without a ledger has one stretch a coin, from ever to ever.
    """
    ledger = con.table("coverage").filter(_.feed == "trades")
    coins = con.table("coins")
    seen = ledger.filter(_.status == OBSERVED).select("coin", "start_ms", "end_ms")
    named = seen.filter(_.coin.notnull()).join(coins, "coin")
    everywhere = seen.filter(_.coin.isnull()).drop("coin").cross_join(coins)
    columns = ("coin_id", "start_ms", "end_ms")
    spans = named.select(columns).union(everywhere.select(columns))
    return _merged(spans).union(_unwatched(ledger, coins))


def with_stretch(con: Tables, rows: Table) -> Table:
    """Return rows with stretch: the number of the one that they lie in, NULL where in none.

    Args:
        con: Holds the dataset.
        rows: With coin_id and time_ms.
    """
    stretches = observed_stretches(con).select(
        "end_ms", "nth", coin="coin_id", stretch_ms="start_ms"
    )
    found = con.as_of(rows.mutate(seen_ms=_.time_ms.cast("int64")), stretches, "stretch_ms")
    stretch = ibis.ifelse(_.time_ms <= _.end_ms, _.nth, None)
    return found.select(*rows.columns, stretch=stretch)


def watched_wallets(con: Tables, before: Window, during: Window) -> Table:
    """Return wallet_id, n_executions, observed_frac: how well wallets were watched in a window.

    Of those that traded in one of the windows: their executions during the later one, and the share
    of it that was observed in the coin of theirs of which least was.
    """
    traded = executions(con).select("wallet_id", "coin_id", "time_ms")
    during_it = during.of(traded).mutate(is_during=ibis.literal(1, "int64"))
    before_it = before.of(traded).mutate(is_during=ibis.literal(0, "int64"))
    coins = (
        during_it.union(before_it)
        .group_by("wallet_id", "coin_id")
        .aggregate(n=_.is_during.sum())
        .left_join(_observed_shares(con, during), "coin_id")
    )
    return coins.group_by("wallet_id").aggregate(
        n_executions=_.n.sum(), observed_frac=_.observed_frac.fill_null(0.0).min()
    )


def _observed_shares(con: Tables, window: Window) -> Table:
    """Return coin_id, observed_frac of a window."""
    seen_ms = ibis.least(_.end_ms, as_value(window.end_ms)) - ibis.greatest(
        _.start_ms, as_value(window.start_ms)
    )
    stretches = observed_stretches(con).mutate(seen_ms=ibis.greatest(seen_ms, 0))
    summed = stretches.group_by("coin_id").aggregate(seen_ms=_.seen_ms.sum())
    return summed.select("coin_id", observed_frac=_.seen_ms / window.length_ms)


def _merged(spans: Table) -> Table:
    before = ibis.window(group_by="coin_id", order_by=["start_ms", "end_ms"], rows=(None, -1))
    so_far = ibis.window(group_by="coin_id", order_by=["start_ms", "end_ms"], rows=(None, 0))
    marked = spans.mutate(reached_ms=_.end_ms.max().over(before)).mutate(
        is_new=(_.reached_ms.isnull() | (_.start_ms > _.reached_ms)).cast("int64")
    )
    return (
        marked.mutate(nth=_.is_new.sum().over(so_far))
        .group_by("coin_id", "nth")
        .aggregate(start_ms=_.start_ms.min(), end_ms=_.end_ms.max())
        .select(**_COLUMNS)
    )


_COLUMNS = {
    "coin_id": _.coin_id.cast("int32"),
    "start_ms": _.start_ms.cast("int64"),
    "end_ms": _.end_ms.cast("int64"),
    "nth": _.nth.cast("int64"),
}


def _unwatched(ledger: Table, coins: Table) -> Table:
    """Return a stretch a coin where there is no ledger: nothing says that anything is missing."""
    is_kept = ledger.aggregate(n_lines=_.count()).filter(_.n_lines == 0)
    ever = coins.cross_join(is_kept).mutate(
        start_ms=ibis.literal(-(2**62), "int64"), end_ms=ibis.literal(2**62, "int64"), nth=1
    )
    return ever.select(**_COLUMNS)
