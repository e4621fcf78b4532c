"""What the venue says of an account, where it was asked: equity, leverage, money in and out."""

import ibis
from ibis import Table, Value

from hypertrack.features.definition import Scope, feature
from hypertrack.market import account_states


def states(scope: Scope) -> Table:
    """Return wallet_id, equity_usd, notional_usd: as last told before the cut."""
    return account_states.last_states(scope.con, scope.until_ms)


def distances(scope: Scope) -> Table:
    """Return wallet_id, distance_frac of each position, as last told before the cut."""
    return account_states.liquidation_distances(scope.con, scope.until_ms)


def flows(scope: Scope) -> Table:
    """Return wallet_id, usd: money in and out in the window, of those asked about it."""
    return account_states.flows_within(scope.con, scope.window)


def returns(scope: Scope) -> Table:
    """Return wallet_id, return_frac: on capital, up to the cut."""
    return account_states.returns(scope.con, scope.until_ms)


@feature(states, unit="USD", group="account")
def equity_usd(rows: Table) -> Value:
    """Account value of perps, all dexes asked about, as last told; NaN where not asked."""
    return rows.equity_usd.max()


@feature(states, unit="ratio", group="account")
def leverage(rows: Table) -> Value:
    """Notional of all perp positions over `equity_usd`; NaN where not asked or without equity."""
    equity = rows.equity_usd.max()
    return rows.notional_usd.max() / ibis.ifelse(equity > 0, equity, None)


@feature(distances, unit="0..1", group="account")
def liquidation_distance_frac(rows: Table) -> Value:
    """Smallest move of a price that liquidates a position, over the price; NaN where none can."""
    return rows.distance_frac.min()


@feature(flows, unit="USD", group="account", is_extensive=True)
def net_flow_usd(rows: Table) -> Value:
    """Deposits less withdrawals and transfers in the window; NaN where not asked or not in USD."""
    return rows.usd.max()


@feature(returns, unit="ratio", group="account")
def account_return_frac(rows: Table) -> Value:
    """Return on capital of the last month told, flows taken out (Modified Dietz); NaN unasked."""
    return rows.return_frac.max()
