"""What a wallet traded, execution by execution: values, directions, roles."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.entropy import evenness
from hypertrack.market.executions import executions
from hypertrack.market.wallet_flow import maker_share, market_making

MAX_BUCKETS = 32
"""Beyond as many executions, an entropy is measured against this many equally filled buckets."""

MIN_TAKES = 2
"""Fewer sizes have no spread."""

TWO_DIGITS_TOLERANCE = 1e-6
"""Of a number scaled to 10..100, so that sums of decimals in floating point still count."""


def traded(scope: Scope) -> Table:
    """Return the executions."""
    return scope.before(executions(scope.con))


def size_buckets(scope: Scope) -> Table:
    """Return wallet_id, bucket and n: executions by half powers of two of their notional."""
    bucket = (2 * _.notional_usd.log2()).floor().cast("int32")
    return traded(scope).group_by("wallet_id", bucket=bucket).aggregate(n=_.count())


@feature(traded, unit="USD")
def avg_value(rows: Table) -> Value:
    """Mean execution notional."""
    return rows.notional_usd.mean()


@feature(traded, unit="USD")
def max_value(rows: Table) -> Value:
    """Largest execution notional."""
    return rows.notional_usd.max()


@feature(traded, unit="USD")
def value_std(rows: Table) -> Value:
    """Standard deviation of execution notionals."""
    return rows.notional_usd.std(how="pop")


@feature(traded, unit="0..1", missing=0.5)
def long_ratio(rows: Table) -> Value:
    """Buy executions / executions; 0.5 with none."""
    return (rows.direction > 0).cast("int8").mean()


@feature(size_buckets, unit="0..1")
def size_entropy(rows: Table) -> Value:
    """Shannon entropy of floor(2·log2(notional)) / ln(min(n, 32)); 0 with fewer than 2."""
    return evenness(rows.n, most=MAX_BUCKETS)


@feature(traded, unit="0..1")
def market_maker_score(rows: Table) -> Value:
    """Maker share of notional × (1 − |buys − sells| / (buys + sells)), by notional."""
    return market_making(rows)


@feature(traded, unit="0..1")
def order_book_participation(rows: Table) -> Value:
    """Maker share of notional."""
    return maker_share(rows)


@feature(traded, unit="0..1", group="extended")
def round_size_share(rows: Table) -> Value:
    """Share of executions whose notional or size has at most two significant digits."""
    is_round = _has_two_digits(rows.notional_usd) | _has_two_digits(rows["size"])
    return is_round.cast("int8").mean()


@feature(traded, unit="ratio", group="extended")
def size_spread(rows: Table) -> Value:
    """Standard deviation of ln(notional) of taker executions; NaN with fewer than 2."""
    taken = ibis.ifelse(rows.is_taker, rows.notional_usd, None)
    return ibis.ifelse(taken.count() >= MIN_TAKES, taken.ln().std(how="pop"), None)


@feature(traded, unit="0..1", group="extended")
def twap_share(rows: Table) -> Value:
    """Share of taker notional that came from TWAP orders (zero hash); NaN for pure makers."""
    taken = ibis.ifelse(rows.is_taker, rows.notional_usd, 0.0).sum()
    return rows.twap_notional_usd.sum() / taken.nullif(0)


def _has_two_digits(number: Value) -> Value:
    scaled = number / ibis.literal(10.0) ** (number.log10().floor() - 1)
    return (scaled - scaled.round()).abs() < TWO_DIGITS_TOLERANCE
