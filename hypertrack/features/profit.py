"""Money in and out: fees, net flow, and profit where positions are known."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.funding import ORACLE
from hypertrack.market.positions import EXACT
from hypertrack.market.profit import VENUE, window_profit
from hypertrack.market.profit_curve import drawdowns


def results(scope: Scope) -> Table:
    """Return a row per wallet and coin: what `window_profit` says of the window."""
    return window_profit(scope.con, scope.window, scope.fees)


def under_water(scope: Scope) -> Table:
    """Return a row per wallet and minute of its curve, with what it is below its highest point."""
    rows = drawdowns(scope.con, scope.window, scope.fees)
    return rows.mutate(share=_.lasts_ms / ibis.greatest(scope.window.length_ms, 1))


@feature(results, unit="USD", group="extended", is_extensive=True)
def fees_usd(rows: Table) -> Value:
    """Fees as paid where fills tell, else the venue's base schedule by role and kind of coin."""
    return rows.fees_usd.sum()


@feature(results, unit="USD", group="extended", is_extensive=True)
def flow_pnl_usd(rows: Table) -> Value:
    """Of the trades seen, as if flat before: cash flow + position at the last price − fees."""
    return rows.flow_pnl_usd.sum()


@feature(results, unit="USD", group="extended", is_extensive=True)
def net_notional_usd(rows: Table) -> Value:
    """Notional bought less notional sold."""
    return rows.net_notional_usd.sum()


@feature(results, unit="USD", group="profit", is_extensive=True, needs_position=True)
def profit_usd(rows: Table) -> Value:
    """Profit of the window after fees, marked to market; NaN where a position is unknown."""
    return _of_all(rows.profit_usd)


@feature(results, unit="USD", group="profit", is_extensive=True, needs_position=True)
def realised_pnl_usd(rows: Table) -> Value:
    """PnL that the venue booked on what was closed, before fees; NaN where fills do not tell."""
    return _of_all(rows.realised_pnl_usd)


@feature(results, unit="USD", group="profit", is_extensive=True, needs_position=True)
def funding_usd(rows: Table) -> Value:
    """Funding received less paid, part of the profit; NaN where a position or a rate is unknown."""
    return _of_all(rows.funding_usd)


@feature(results, unit="bps", group="profit", needs_position=True)
def return_on_notional_bps(rows: Table) -> Value:
    """Profit of the window over the notional traded; NaN where a position is unknown."""
    return _of_all(rows.profit_usd) / rows.notional_usd.sum() * 1e4


@feature(results, unit="0..1", group="profit")
def fees_reported_share(rows: Table) -> Value:
    """Share of notional in coins whose fees fills tell; the rest is the schedule's."""
    told = ibis.ifelse(rows.is_fee_reported, rows.notional_usd, 0.0).sum()
    return told / rows.notional_usd.sum()


@feature(results, unit="0..1", group="profit", needs_position=True)
def funding_oracle_share(rows: Table) -> Value:
    """Share of notional in coins whose funding rests on oracle prices; NaN where it is unknown."""
    is_oracle = rows.funding_source.fill_null(ORACLE) == ORACLE
    share = ibis.ifelse(is_oracle, rows.notional_usd, 0.0).sum() / rows.notional_usd.sum()
    return ibis.ifelse(rows.funding_usd.notnull().all(), share, None)


@feature(results, unit="0..1", group="profit", missing=0.0)
def position_known_share(rows: Table) -> Value:
    """Share of notional in coins in which the wallet's positions are known."""
    known = ibis.ifelse(rows.profit_usd.notnull(), rows.notional_usd, 0.0).sum()
    return known / rows.notional_usd.sum()


@feature(results, unit="0..1", group="profit", missing=0.0)
def position_exact_share(rows: Table) -> Value:
    """Share of notional in coins whose positions fills tell; others are derived or unknown."""
    exact = ibis.ifelse(rows.pnl_source.isin([VENUE, EXACT]), rows.notional_usd, 0.0).sum()
    return exact / rows.notional_usd.sum()


@feature(under_water, unit="USD", group="profit", needs_position=True)
def max_drawdown_usd(rows: Table) -> Value:
    """Largest fall of the profit, minute by minute, from its highest point; NaN if unknown."""
    return rows.drawdown_usd.max()


@feature(under_water, unit="0..1", group="profit", needs_position=True)
def under_water_share(rows: Table) -> Value:
    """Share of the window in which the profit was below its highest point; NaN if unknown."""
    return ibis.ifelse(rows.drawdown_usd > 1e-9, rows.share, 0.0).sum()


def _of_all(parts: Value) -> Value:
    """Return the sum where every coin has its part: a sum of some would pass for the whole."""
    return ibis.ifelse(parts.notnull().all(), parts.sum(), None)
