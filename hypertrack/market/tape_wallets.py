"""What the tape says of wallets before the venue is asked: who traded most, where, and how."""

from collections.abc import Sequence
from typing import Literal

from ibis import Table, _

from hypertrack.market.coins import is_hip3
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import fills
from hypertrack.records import SYSTEM_WALLETS

Measure = Literal["notional", "fills"]


def busiest_wallets(con: Tables, by: Measure) -> Table:
    """Return wallet, notional_usd, n_fills of all that traded, most first; no system wallets."""
    traded = (
        fills(con)
        .group_by("wallet_id")
        .aggregate(notional_usd=_.notional_usd.sum(), n_fills=_.count())
    )
    named = traded.join(con.table("wallets"), "wallet_id")
    people = named.filter(_.wallet.notin(list(SYSTEM_WALLETS)))
    first = _.notional_usd if by == "notional" else _.n_fills
    return people.order_by(first.desc(), "wallet").select("wallet", "notional_usd", "n_fills")


def builder_dexes(con: Tables, wallets: Sequence[str]) -> Table:
    """Return wallet, dex: where some wallets traded beside the venue's own coins."""
    coins = con.table("coins").filter(is_hip3(_.coin))
    traded = _fills_of(con, wallets).select("wallet", "coin_id").distinct()
    named = traded.join(coins, "coin_id")
    return named.select("wallet", dex=_.coin.split(":")[0]).distinct().order_by("wallet", "dex")


def first_traded(con: Tables, wallets: Sequence[str]) -> Table:
    """Return coin, first_ms: what any of some wallets traded, and when first."""
    traded = _fills_of(con, wallets).group_by("coin_id").aggregate(first_ms=_.time_ms.min())
    return traded.join(con.table("coins"), "coin_id").select("coin", "first_ms")


def slices_taken(con: Tables, wallets: Sequence[str]) -> Table:
    """Return wallet, coin, time_ms, trade_id: what wallets took that seems slices of a TWAP."""
    rows = _fills_of(con, wallets).filter(_.is_twap).join(con.table("coins"), "coin_id")
    return rows.select("wallet", "coin", "time_ms", "trade_id")


def _fills_of(con: Tables, wallets: Sequence[str]) -> Table:
    asked = con.table("wallets").filter(_.wallet.isin(list(wallets)))
    return fills(con).join(asked, "wallet_id")
