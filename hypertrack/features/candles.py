"""The minutes a wallet trades in: how volatile, which way, how busy."""

from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.executions import executions
from hypertrack.records import MINUTE_MS

CANDLE_COLUMNS = ("start_ms", "coin_id", "open", "high", "low", "close", "volume")


def candle_matches(scope: Scope) -> Table:
    """Return executions with the measures of their minute's candle; those without are left out.

    Columns: wallet_id, volatility, momentum, trend, volume_kusd, and is_volatile: above the
    median of the coin's candles in the window.
    """
    measures = candle_measures(scope)
    medians = measures.group_by("coin_id").aggregate(median_volatility=_.volatility.median())
    minutes = measures.join(medians, "coin_id").select(
        "volatility",
        "momentum",
        "trend",
        "volume_kusd",
        minute_coin_id="coin_id",
        minute_ms="start_ms",
        is_volatile=_.volatility > _.median_volatility,
    )
    traded = scope.before(executions(scope.con)).select(
        "wallet_id", "coin_id", minute_ms=_.time_ms - _.time_ms % MINUTE_MS
    )
    return traded.join(minutes, [traded.coin_id == minutes.minute_coin_id, "minute_ms"])


def candle_measures(scope: Scope) -> Table:
    """Return coin_id, start_ms and the measures of all candles in the window."""
    width = _.high - _.low
    return window_candles(scope).select(
        "coin_id",
        "start_ms",
        volatility=width / _.open,
        momentum=(_.close - _.open) / _.open,
        trend=((_.close - _.open).abs() / width.nullif(0)).fill_null(0.0),
        volume_kusd=_.volume * (_.high + _.low + _.close) / 3 / 1_000,
    )


def window_candles(scope: Scope) -> Table:
    """Return the candles that touch the window.

    A minute that the cut falls into is not over: its candle is the one that the trades before the
    cut make, whatever was recorded later.
    """
    candles = scope.con.table("candles").filter(
        _.start_ms > scope.start_ms - MINUTE_MS, _.start_ms < scope.end_ms
    )
    if scope.until_ms is None:
        return candles
    last_minute_ms = scope.until_ms - scope.until_ms % MINUTE_MS
    return candles.filter(_.start_ms < last_minute_ms).union(_unfinished(scope, last_minute_ms))


@feature(candle_matches, unit="0..1")
def volatility_trading_score(rows: Table) -> Value:
    """Share of matched executions whose candle is more volatile than the coin's median candle."""
    return rows.is_volatile.cast("int8").mean()


@feature(candle_matches, unit="ratio")
def avg_candle_volatility(rows: Table) -> Value:
    """Mean of (high − low) / open over matched executions."""
    return rows.volatility.mean()


@feature(candle_matches, unit="ratio")
def max_candle_volatility(rows: Table) -> Value:
    """Maximum of (high − low) / open."""
    return rows.volatility.max()


@feature(candle_matches, unit="ratio")
def volatility_std(rows: Table) -> Value:
    """Standard deviation of (high − low) / open."""
    return rows.volatility.std(how="pop")


@feature(candle_matches, unit="ratio")
def avg_candle_momentum(rows: Table) -> Value:
    """Mean of (close − open) / open."""
    return rows.momentum.mean()


@feature(candle_matches, unit="ratio")
def momentum_std(rows: Table) -> Value:
    """Standard deviation of (close − open) / open."""
    return rows.momentum.std(how="pop")


@feature(candle_matches, unit="0..1")
def positive_momentum_ratio(rows: Table) -> Value:
    """Share of matched executions whose candle closed above its open."""
    return (rows.momentum > 0).cast("int8").mean()


@feature(candle_matches, unit="0..1")
def avg_trend_strength(rows: Table) -> Value:
    """Mean of |close − open| / (high − low), 0 where high = low."""
    return rows.trend.mean()


@feature(candle_matches, unit="kUSD/min")
def avg_candle_volume(rows: Table) -> Value:
    """Mean candle volume, in thousand USD at the candle's typical price."""
    return rows.volume_kusd.mean()


@feature(candle_matches, unit="kUSD/min")
def max_candle_volume(rows: Table) -> Value:
    """Largest candle volume."""
    return rows.volume_kusd.max()


@feature(candle_matches, unit="kUSD/min")
def volume_std(rows: Table) -> Value:
    """Standard deviation of candle volume."""
    return rows.volume_kusd.std(how="pop")


def _unfinished(scope: Scope, minute_ms: int) -> Table:
    trades = scope.con.whole.table("trades")  # of all wallets, whoever is asked for
    moments = (
        scope.before(trades)
        .filter(_.time_ms >= minute_ms, _.buyer_id != _.seller_id)
        .group_by("coin_id", "time_ms")
        .aggregate(
            open=_.price.argmin(_.trade_id),
            high=_.price.max(),
            low=_.price.min(),
            close=_.price.argmax(_.trade_id),
            volume=_["size"].sum(),
        )
    )
    built = moments.group_by("coin_id").aggregate(
        open=_.open.argmin(_.time_ms),
        high=_.high.max(),
        low=_.low.min(),
        close=_.close.argmax(_.time_ms),
        volume=_.volume.sum(),
    )
    return built.mutate(start_ms=minute_ms).select(CANDLE_COLUMNS)
