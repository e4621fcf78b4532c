"""Fills and executions: what everything else is made from.

Everything here is an Ibis expression over the tables of a dataset; only `executions` are kept as a
table, once, because everything else reads them again and again.
"""

import ibis
from ibis import _

from hypertrack.market.engine.kept_tables import Tables, keep

ORDER = ("wallet_id", "time_ms", "coin_id", "direction", "is_taker")
"""How a wallet's executions follow one another, without ties.

They do not lie so: sorting takes a third of the time that making them takes, and those that lie by
time find their prices faster."""

BY_WALLET = "executions_by_wallet"
"""The name of the same rows where wallets near each other lie together."""

ASKED_WALLETS = "asked_wallets"
"""The name of the wallets whose rows a part of a dataset has."""


def fills(con: Tables) -> ibis.Table:
    """Return one row per wallet and trade; trades with oneself are left out.

    Columns: wallet_id, counterparty_id, coin_id, time_ms, trade_id, price, size, notional_usd,
    direction (+1 bought, -1 sold), is_taker, is_twap (takers only).
    """
    return keep(con, "fills", _fills, is_view=True)


def executions(con: Tables) -> ibis.Table:
    """Return what wallets did: a wallet's fills of one coin, time, direction and role as one.

    Columns: wallet_id, coin_id, time_ms, direction, is_taker, is_twap (any fill of it), size,
    notional_usd, twap_notional_usd, vwap, n_fills. A table, made once, in no order.
    """
    return _with_means(_kept(con))


def executions_by_wallet(con: Tables) -> ibis.Table:
    """Return `executions`, of which those of a range of wallets are found without all the others.

    Where they are few, or nobody laid them so, they are found as anywhere.
    """
    return _with_means(keep(con, BY_WALLET, _kept, by="wallet_id", is_view=True))


def _kept(con: Tables) -> ibis.Table:
    return keep(con, "executions", _executions, by="wallet_id")


def _with_means(rows: ibis.Table) -> ibis.Table:
    return rows.mutate(is_twap=_.twap_notional_usd > 0, vwap=_.notional_usd / _["size"])


def _fills(con: Tables) -> ibis.Table:
    trades = con.table("trades").filter(_.buyer_id != _.seller_id)
    bought = _fills_of(trades, _.buyer_id, _.seller_id, 1, _.is_buy)
    sold = _fills_of(trades, _.seller_id, _.buyer_id, -1, ~_.is_buy)
    found = bought.union(sold)
    if not con.has(ASKED_WALLETS):
        return found
    return found.semi_join(con.table(ASKED_WALLETS), "wallet_id")


def _fills_of(
    trades: ibis.Table,
    wallet_id: ibis.Deferred,
    counterparty_id: ibis.Deferred,
    direction: int,
    is_taker: ibis.Deferred,
) -> ibis.Table:
    return trades.select(
        wallet_id=wallet_id,
        counterparty_id=counterparty_id,
        coin_id=_.coin_id,
        time_ms=_.time_ms,
        trade_id=_.trade_id,
        price=_.price,
        size=_.size,
        notional_usd=_.price * _.size,
        direction=ibis.literal(direction, "int8"),
        is_taker=is_taker,
        is_twap=is_taker & _.is_twap,
    )


def _executions(con: Tables) -> ibis.Table:
    return (
        fills(con)
        .group_by("wallet_id", "coin_id", "time_ms", "direction", "is_taker")
        .aggregate(
            size=_.size.sum(),
            notional_usd=_.notional_usd.sum(),
            twap_notional_usd=ibis.ifelse(_.is_twap, _.notional_usd, 0.0).sum(),
            n_fills=_.count(),
        )
    )
