"""Money in and out: fees, net flow, and what the flow is worth at the window's end."""

from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.traded import traded
from hypertrack.market.executions import with_fees
from hypertrack.market.prices import closing_prices


def flows(scope: Scope) -> Table:
    """Return what a wallet paid and holds per coin, as if it had been flat at the start.

    Columns: wallet_id, bought_usd (net), held (net, in coins), fee_usd, price: the coin's last
    reference price in the window.
    """
    coins = scope.con.table("coins")
    rows = with_fees(traded(scope), coins, scope.fees)
    held = rows.group_by("wallet_id", "coin_id").aggregate(
        bought_usd=(_.notional_usd * _.direction).sum(),
        held=(_["size"] * _.direction).sum(),
        fee_usd=_.fee_usd.sum(),
    )
    return held.join(closing_prices(scope.con, scope.end_ms - 1), "coin_id")


@feature(flows, unit="USD", group="extended", is_extensive=True)
def fees_usd(rows: Table) -> Value:
    """Fees at the venue's base schedule, by role and kind of coin."""
    return rows.fee_usd.sum()


@feature(flows, unit="USD", group="extended", is_extensive=True)
def flow_pnl_usd(rows: Table) -> Value:
    """Cash flow + position at the window's last reference price − fees, as if flat before."""
    return (rows.held * rows.price - rows.bought_usd - rows.fee_usd).sum()


@feature(flows, unit="USD", group="extended", is_extensive=True)
def net_notional_usd(rows: Table) -> Value:
    """Notional bought less notional sold."""
    return rows.bought_usd.sum()
