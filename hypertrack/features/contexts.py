"""What contexts say of positions: funding paid, which side it favored, how much of the market.

Hours count by what was held at them: notional-hours are the size of a known position times the
oracle price, summed over the full hours at which rates are known.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.crowding import position_shares
from hypertrack.market.funding import held_hours
from hypertrack.market.profit import window_profit


def funded(scope: Scope) -> Table:
    """Return funding_usd of each wallet and coin; no row where no context was recorded."""
    told = scope.before(scope.con.table("contexts")).filter(_.funding_rate.notnull())
    has_told = told.aggregate(n_contexts=_.count()).filter(_.n_contexts > 0)
    profits = window_profit(scope.con, scope.window, scope.fees)
    return profits.select("wallet_id", "funding_usd").cross_join(has_told)


def hours(scope: Scope) -> Table:
    """Return wallet_id, and USD-hours: notional, received, and notional · premium of each stage."""
    held = held_hours(scope.con, scope.window)
    receives = ibis.ifelse(_.held > 0, _.price_below, _.price_above)
    return held.select(
        "wallet_id",
        notional=_.held.abs() * _.price,
        received=_.held.abs() * receives,
        with_premium=_.held.abs() * _.price_known,
        premium=_.held * _.price_premium,
    )


def shares(scope: Scope) -> Table:
    """Return wallet_id, share_frac: known positions over the open interest of their coin."""
    return position_shares(scope.con, scope.window)


@feature(funded, unit="USD", group="context", is_extensive=True, needs_position=True)
def funding_paid_usd(rows: Table) -> Value:
    """Funding paid less received; NaN where a position or a rate that fell due is unknown."""
    return -ibis.ifelse(rows.funding_usd.notnull().all(), rows.funding_usd.sum(), None)


@feature(hours, unit="0..1", group="context", needs_position=True)
def funding_alignment(rows: Table) -> Value:
    """Share of held notional-hours that received funding; NaN without any whose rate is known."""
    return rows.received.sum() / rows.notional.sum().nullif(0)


@feature(shares, unit="ratio", group="context", needs_position=True)
def oi_share_frac(rows: Table) -> Value:
    """Largest known position over its coin's open interest of the hour before it was taken."""
    return rows.share_frac.max()


@feature(hours, unit="bps", group="context", needs_position=True)
def crowding(rows: Table) -> Value:
    """Sign of the position times the premium, by held notional-hours: above 0 with the crowd."""
    return rows.premium.sum() / rows.with_premium.sum().nullif(0) * 1e4
