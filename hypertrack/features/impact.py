"""Trades against the price: what they cost, what they moved, whether they went with it."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.traded import traded
from hypertrack.market.markouts import TO_BPS
from hypertrack.market.price_lookups import IMPACT_MS, prices_around
from hypertrack.market.wallet_flow import alignment


def against_prices(scope: Scope) -> Table:
    """Return executions measured against the reference price before them.

    Columns: wallet_id, time_ms, notional_usd, direction, impact_bps and slippage_bps (takers), move
    (of the price in the last five minutes). NULL where a price is missing, and impact_bps where its
    five seconds reach beyond the window.
    """
    prices = prices_around(scope.con).select(
        "before", "before_5m", "after_5s", price_coin_id="coin_id", price_ms="time_ms"
    )
    rows = traded(scope)
    rows = rows.join(
        prices, [rows.coin_id == prices.price_coin_id, rows.time_ms == prices.price_ms]
    )
    has_impact = _.is_taker & (_.time_ms + IMPACT_MS < scope.end_ms)
    return rows.select(
        "wallet_id",
        "time_ms",
        impact_bps=ibis.ifelse(has_impact, _move_bps(_.after_5s), None),
        slippage_bps=ibis.ifelse(_.is_taker, _move_bps(_.vwap), None),
        notional_usd=_.notional_usd,
        direction=_.direction,
        move=_.before - _.before_5m,
    )


@feature(against_prices, unit="bps")
def avg_market_impact(rows: Table) -> Value:
    """Mean over taker executions of direction · (price 5 s later − price before) / price before."""
    return rows.impact_bps.mean()


@feature(against_prices, unit="bps")
def max_market_impact(rows: Table) -> Value:
    """Maximum over taker executions of direction · (price 5 s later − before) / before."""
    return rows.impact_bps.max()


@feature(against_prices, unit="bps")
def avg_slippage(rows: Table) -> Value:
    """Mean over taker executions of direction · (average fill price − before) / before."""
    return rows.slippage_bps.mean()


@feature(against_prices, unit="bps")
def slippage_std(rows: Table) -> Value:
    """Standard deviation over taker executions of direction · (fill price − before) / before."""
    return rows.slippage_bps.std(how="pop")


@feature(against_prices, unit="0..1")
def momentum_score(rows: Table) -> Value:
    """max(0, a), a: notional traded with the last 5 minutes' move less that against it, share."""
    return ibis.greatest(alignment(rows, rows.move), 0.0)


@feature(against_prices, unit="0..1")
def mean_reversion_score(rows: Table) -> Value:
    """max(0, −a): the share of notional traded against the last 5 minutes' move, net."""
    return ibis.greatest(-alignment(rows, rows.move), 0.0)


def _move_bps(price: Value) -> Value:
    return _.direction * (price - _.before) / _.before * TO_BPS
