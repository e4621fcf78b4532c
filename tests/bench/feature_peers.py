"""The same features as a pandas user, a Polars user, a SQL user and a Python loop would write them.

All start from the numbered trades and quotes in memory, and give a column per name of `SHARED`,
by ascending wallet id.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

SHARED = (
    *("tx_count", "total_value", "avg_value", "max_value", "value_std", "long_ratio"),
    *("order_book_participation", "market_maker_score", "age_days", "burstiness", "flip_rate"),
    *("hour_entropy", "size_entropy", "unique_tokens", "unique_addresses"),
    *("avg_slippage", "slippage_std", "avg_market_impact", "max_market_impact"),
    *("momentum_score", "mean_reversion_score"),
)
"""21 of the 37 base features, of every kind but candles and HyperEVM."""

KEYS = ["wallet_id", "coin_id", "time_ms", "direction", "is_taker"]
IN_TIME = ["wallet_id", "time_ms", "coin_id", "direction", "is_taker"]
DAY_MS, HOUR_MS, MAX_AGE_MS = 86_400_000, 3_600_000, 60_000
LOOKED_UP = {"before": (0, True), "before_5m": (-300_000, True), "after_5s": (5_000, False)}
"""Prices around each moment: at which offset, and whether only what came strictly before counts."""


def assert_agree(found: dict[str, Any], expected: Any) -> None:
    """Compare with a matrix of ours, but for what holds HyperEVM too."""
    has_traded = expected.n_executions > 0
    for name, values in found.items():
        if name not in {"tx_count", "total_value", "age_days", "unique_tokens", "unique_addresses"}:
            np.testing.assert_allclose(
                values, expected.column(name)[has_traded], rtol=1e-6, atol=1e-6, err_msg=name
            )


def by_pandas(trades: pd.DataFrame, quotes: pd.DataFrame) -> dict[str, Any]:
    """Return the features by way of group-bys, shifts and `merge_asof`."""
    trades = trades[trades.buyer_id != trades.seller_id]
    common = trades[["coin_id", "time_ms", "size"]].assign(usd=trades.price * trades["size"])
    bought = common.assign(
        wallet_id=trades.buyer_id, other=trades.seller_id, direction=1, is_taker=trades.is_buy
    )
    sold = common.assign(
        wallet_id=trades.seller_id, other=trades.buyer_id, direction=-1, is_taker=~trades.is_buy
    )
    fills = pd.concat([bought, sold])
    rows = fills.groupby(KEYS, as_index=False).agg(size=("size", "sum"), usd=("usd", "sum"))
    rows = rows.sort_values(IN_TIME)
    wallet = rows.groupby("wallet_id")
    out = pd.DataFrame(
        {
            "tx_count": wallet.size(),
            "total_value": wallet.usd.sum(),
            "avg_value": wallet.usd.mean(),
            "max_value": wallet.usd.max(),
            "value_std": wallet.usd.std(ddof=0),
            "unique_tokens": wallet.coin_id.nunique(),
            "unique_addresses": fills.groupby("wallet_id").other.nunique(),
            "age_days": (wallet.time_ms.max() - wallet.time_ms.min()) / DAY_MS,
        }
    )
    out["long_ratio"] = (rows.direction > 0).groupby(rows.wallet_id).mean()
    made = rows.usd.where(~rows.is_taker, 0.0).groupby(rows.wallet_id).sum()
    out["order_book_participation"] = made / out.total_value
    net = (rows.usd * rows.direction).groupby(rows.wallet_id).sum().abs() / out.total_value
    out["market_maker_score"] = out.order_book_participation * (1 - net)
    gaps = wallet.time_ms.diff().groupby(rows.wallet_id)
    burst = (gaps.std(ddof=0) / gaps.mean()).where((gaps.count() >= 2) & (gaps.sum() > 0), 0.0)
    out["burstiness"] = burst
    ordered = rows.sort_values(KEYS)
    before = ordered.groupby(["wallet_id", "coin_id"]).direction.shift()
    flips = (ordered.direction != before).where(before.notna()).astype(float)
    out["flip_rate"] = flips.groupby(ordered.wallet_id).mean().fillna(0.0)
    hours = rows.time_ms // HOUR_MS % 24
    out["hour_entropy"] = _entropy(rows.wallet_id, hours) / np.log(24)
    buckets = np.floor(2 * np.log2(rows.usd)).astype(int)
    out["size_entropy"] = _entropy(rows.wallet_id, buckets) / np.log(out.tx_count.clip(2, 32))
    priced = _priced_pandas(rows, trades, quotes)
    of_takers = priced[priced.is_taker].groupby("wallet_id")
    out["avg_slippage"] = of_takers.slip.mean()
    out["slippage_std"] = of_takers.slip.std(ddof=0)
    out["avg_market_impact"], out["max_market_impact"] = (
        of_takers.impact.mean(),
        of_takers.impact.max(),
    )
    moved = priced[priced.sign != 0]
    with_it = (moved.usd * moved.direction * moved.sign).groupby(moved.wallet_id).sum()
    with_it /= moved.usd.groupby(moved.wallet_id).sum()
    out["momentum_score"], out["mean_reversion_score"] = with_it.clip(0), (-with_it).clip(0)
    return {name: out[name].fillna(0.0).to_numpy(float) for name in SHARED}


def _entropy(wallets: pd.Series, values: pd.Series) -> pd.Series:
    counts = pd.DataFrame({"w": wallets, "v": values}).groupby(["w", "v"]).size()
    share = counts / counts.groupby("w").transform("sum")
    return -(share * np.log(share)).groupby("w").sum()


def _priced_pandas(rows: Any, trades: pd.DataFrame, quotes: pd.DataFrame) -> pd.DataFrame:
    last = trades.sort_values(["time_ms", "coin_id", "trade_id"])
    last = last.drop_duplicates(["time_ms", "coin_id"], keep="last")
    last = last[["time_ms", "coin_id", "price"]]
    mids = quotes[["time_ms", "coin_id", "mid_price"]].assign(quote_ms=quotes.time_ms)
    mids = mids.sort_values("time_ms")
    prices = last[["time_ms", "coin_id"]]
    for name, (offset_ms, is_strict) in LOOKED_UP.items():
        asked = last[["coin_id"]].assign(time_ms=last.time_ms + offset_ms)
        look = {"on": "time_ms", "by": "coin_id", "allow_exact_matches": not is_strict}
        asked = pd.merge_asof(pd.merge_asof(asked, last, **look), mids, **look)
        is_fresh = asked.quote_ms >= asked.time_ms - MAX_AGE_MS
        prices = prices.assign(**{name: asked.mid_price.where(is_fresh).fillna(asked.price).array})
    rows = rows.merge(prices, on=["coin_id", "time_ms"])
    in_bps = rows.direction / rows.before * 1e4
    is_inside = rows.time_ms + LOOKED_UP["after_5s"][0] <= last.time_ms.max()
    return rows.assign(
        slip=in_bps * (rows.usd / rows["size"] - rows.before),
        impact=(in_bps * (rows.after_5s - rows.before)).where(is_inside),
        sign=np.sign(rows.before - rows.before_5m).fillna(0),
    )


def by_polars(
    trades: pl.DataFrame, quotes: pl.DataFrame, *, engine: Any = "auto"
) -> dict[str, Any]:
    """Return the features by lazy group-bys and `join_asof`, collected together.

    Args:
        engine: Of Polars: "streaming", or "in-memory".
    """
    column = pl.col
    real = trades.lazy().filter(column("buyer_id") != column("seller_id"))
    usd = column("price") * column("size")
    common = [column("coin_id"), column("time_ms"), column("size"), usd.alias("usd")]
    one, is_buy = pl.lit(1, pl.Int8), column("is_buy")

    def side(wallet: str, other: str, direction: Any, is_taker: Any) -> pl.LazyFrame:
        return real.select(
            *common,
            wallet_id=column(wallet),
            other=column(other),
            direction=direction,
            is_taker=is_taker,
        )

    fills = pl.concat(
        [side("buyer_id", "seller_id", one, is_buy), side("seller_id", "buyer_id", -one, ~is_buy)]
    ).collect(engine=engine)
    rows = (
        fills.lazy()
        .group_by(KEYS)
        .agg(column("size").sum(), column("usd").sum())
        .sort(IN_TIME)
        .collect(engine=engine)
    )
    total, count = column("usd").sum(), pl.len()
    gap = column("time_ms").diff()
    made = column("usd").filter(~column("is_taker")).sum() / total
    signed = (column("usd") * column("direction")).sum().abs() / total
    is_defined = (gap.count() >= 2) & (gap.sum() > 0)
    grouped = rows.lazy().group_by("wallet_id", maintain_order=True)
    main = grouped.agg(
        tx_count=count,
        total_value=total,
        avg_value=column("usd").mean(),
        max_value=column("usd").max(),
        value_std=column("usd").std(ddof=0),
        long_ratio=(column("direction") > 0).mean(),
        order_book_participation=made,
        market_maker_score=made * (1 - signed),
        age_days=(column("time_ms").max() - column("time_ms").min()) / DAY_MS,
        burstiness=pl.when(is_defined).then(gap.std(ddof=0) / gap.mean()).otherwise(0.0),
        unique_tokens=column("coin_id").n_unique(),
    )
    flips = (
        rows.lazy()
        .sort(KEYS)
        .with_columns(before=column("direction").shift().over("wallet_id", "coin_id"))
        .group_by("wallet_id")
        .agg(flip_rate=(column("direction") != column("before")).mean().fill_null(0.0))
    )
    hour = (column("time_ms") // HOUR_MS % 24).alias("v")
    bucket = (2 * column("usd").log(2)).floor().alias("v")
    hours, sizes = _entropies(rows, hour, "hours"), _entropies(rows, bucket, "sizes")
    others = fills.lazy().group_by("wallet_id").agg(unique_addresses=column("other").n_unique())
    parts = [flips, hours, sizes, others, _against_prices_polars(rows, real, quotes, engine)]
    for part in parts:
        main = main.join(part, on="wallet_id", how="left")
    out = main.with_columns(
        hour_entropy=column("hours") / np.log(24),
        size_entropy=column("sizes") / column("tx_count").clip(2, 32).log(),
    ).sort("wallet_id")
    found = out.select(SHARED).fill_null(0.0).collect(engine=engine)
    return {name: found[name].to_numpy().astype(float) for name in SHARED}


def _entropies(rows: pl.DataFrame, value: pl.Expr, name: str) -> pl.LazyFrame:
    n = pl.col("n")
    counted = rows.lazy().group_by("wallet_id", value).agg(n=pl.len())
    entropy = n.sum().log() - (n * n.log()).sum() / n.sum()
    return counted.group_by("wallet_id").agg(entropy.alias(name))


def _against_prices_polars(
    rows: Any, trades: pl.LazyFrame, quotes: pl.DataFrame, engine: Any
) -> pl.LazyFrame:
    column = pl.col
    last = trades.sort("time_ms", "trade_id").group_by("coin_id", "time_ms", maintain_order=True)
    last = last.agg(column("price").last()).sort("time_ms").collect(engine=engine).lazy()
    mids = quotes.lazy().select("coin_id", "time_ms", "mid_price", quote_ms="time_ms")
    mids = mids.sort("time_ms").collect(engine=engine).lazy()
    prices = last.select("coin_id", "time_ms")
    for name, (offset_ms, is_strict) in LOOKED_UP.items():
        look: dict[str, Any] = {"on": "time_ms", "by": "coin_id"}
        look |= {"allow_exact_matches": not is_strict}
        look |= {"check_sortedness": False}  # they are, by time, which cannot be checked by coin
        asked = prices.with_columns(column("time_ms") + offset_ms)
        asked = asked.join_asof(last, **look).join_asof(mids, **look)
        is_fresh = column("quote_ms") >= column("time_ms") - MAX_AGE_MS
        price = pl.when(is_fresh).then(column("mid_price")).fill_null(column("price"))
        prices = prices.with_columns(asked.select(price.alias(name)).collect(engine=engine)[name])
    end_ms = last.select(column("time_ms").max()).collect().item()
    is_inside = column("time_ms") + LOOKED_UP["after_5s"][0] <= end_ms
    in_bps = column("direction") / column("before") * 1e4
    sign = (column("before") - column("before_5m")).sign().fill_null(0)
    usd, is_taker, slip, impact = map(column, ("usd", "is_taker", "slip", "impact"))
    with_it = (usd * column("direction") * column("sign")).sum()
    with_it = with_it / usd.filter(column("sign") != 0).sum()
    return (
        rows.lazy()
        .join(prices, on=["coin_id", "time_ms"])
        .with_columns(
            slip=pl.when(is_taker).then(in_bps * (usd / column("size") - column("before"))),
            impact=pl.when(is_taker & is_inside).then(
                in_bps * (column("after_5s") - column("before"))
            ),
            sign=sign,
        )
        .group_by("wallet_id")
        .agg(
            avg_slippage=slip.mean(),
            slippage_std=slip.std(ddof=0),
            avg_market_impact=impact.mean(),
            max_market_impact=impact.max(),
            momentum_score=pl.max_horizontal(with_it, 0.0),
            mean_reversion_score=pl.max_horizontal(-with_it, 0.0),
        )
    )


BY_SQL = f"""
CREATE TEMP TABLE done AS
SELECT wallet_id, coin_id, time_ms, direction, is_taker, sum(size) AS size, sum(usd) AS usd
FROM (
    SELECT buyer_id AS wallet_id, coin_id, time_ms, size, price * size AS usd,
        1::TINYINT AS direction, is_buy AS is_taker
    FROM trades WHERE buyer_id <> seller_id
    UNION ALL
    SELECT seller_id, coin_id, time_ms, size, price * size, -1, NOT is_buy
    FROM trades WHERE buyer_id <> seller_id
)
GROUP BY ALL;
CREATE TEMP TABLE last AS
SELECT coin_id, time_ms, arg_max(price, trade_id) AS price
FROM trades WHERE buyer_id <> seller_id GROUP BY ALL;
CREATE TEMP TABLE prices AS
SELECT coin_id, time_ms, max(price) FILTER (nth = 0) AS before,
    max(price) FILTER (nth = 1) AS before_5m, max(price) FILTER (nth = 2) AS after_5s
FROM (
    SELECT a.coin_id, a.time_ms, nth, coalesce(
        CASE WHEN q.time_ms >= seen_ms + (nth < 2)::INTEGER - {MAX_AGE_MS} THEN q.mid_price END,
        p.price) AS price
    FROM (
        SELECT *, 0 AS nth, time_ms - 1 AS seen_ms FROM last
        UNION ALL SELECT *, 1, time_ms - 300001 FROM last
        UNION ALL SELECT *, 2, time_ms + 5000 FROM last
    ) AS a
    ASOF LEFT JOIN last AS p ON p.coin_id = a.coin_id AND p.time_ms <= a.seen_ms
    ASOF LEFT JOIN bbo AS q ON q.coin_id = a.coin_id AND q.time_ms <= a.seen_ms
)
GROUP BY ALL;
CREATE TEMP TABLE features AS
WITH main AS (
    SELECT wallet_id, count(*) AS tx_count, sum(usd) AS total_value, avg(usd) AS avg_value,
        max(usd) AS max_value, stddev_pop(usd) AS value_std,
        avg((direction > 0)::TINYINT) AS long_ratio,
        sum(CASE WHEN is_taker THEN 0 ELSE usd END) / sum(usd) AS order_book_participation,
        order_book_participation * (1 - abs(sum(usd * direction)) / sum(usd))
            AS market_maker_score,
        (max(time_ms) - min(time_ms)) / {DAY_MS} AS age_days,
        count(DISTINCT coin_id) AS unique_tokens
    FROM done GROUP BY wallet_id
),
steps AS (
    SELECT wallet_id, time_ms - lag(time_ms) OVER (
            PARTITION BY wallet_id ORDER BY time_ms, coin_id, direction, is_taker) AS gap,
        direction <> lag(direction) OVER (
            PARTITION BY wallet_id, coin_id ORDER BY time_ms, direction, is_taker) AS flip
    FROM done
),
stepped AS (
    SELECT wallet_id, coalesce(avg(flip::TINYINT), 0) AS flip_rate,
        CASE WHEN count(gap) >= 2 AND sum(gap) > 0
            THEN stddev_pop(gap) / avg(gap) ELSE 0 END AS burstiness
    FROM steps GROUP BY wallet_id
),
hours AS (
    SELECT wallet_id, (ln(sum(n)) - sum(n * ln(n)) / sum(n)) / ln(24) AS hour_entropy
    FROM (SELECT wallet_id, time_ms // {HOUR_MS} % 24 AS hour, count(*) AS n FROM done GROUP BY ALL)
    GROUP BY wallet_id
),
sizes AS (
    SELECT wallet_id, ln(sum(n)) - sum(n * ln(n)) / sum(n) AS entropy
    FROM (SELECT wallet_id, floor(2 * log2(usd)) AS b, count(*) AS n FROM done GROUP BY ALL)
    GROUP BY wallet_id
),
met AS (
    SELECT wallet_id, count(*) AS unique_addresses
    FROM (
        SELECT buyer_id AS wallet_id, seller_id FROM trades WHERE buyer_id <> seller_id
        UNION SELECT seller_id, buyer_id FROM trades WHERE buyer_id <> seller_id
    )
    GROUP BY wallet_id
),
priced AS (
    SELECT wallet_id, usd, usd * direction * sign(before - before_5m) AS with_it,
        CASE WHEN is_taker THEN direction * (usd / size - before) / before * 1e4 END AS slip,
        CASE WHEN is_taker AND time_ms + 5000 <= (SELECT max(time_ms) FROM last)
            THEN direction * (after_5s - before) / before * 1e4 END AS impact
    FROM done JOIN prices USING (coin_id, time_ms)
),
against AS (
    SELECT wallet_id, avg(slip) AS avg_slippage, stddev_pop(slip) AS slippage_std,
        avg(impact) AS avg_market_impact, max(impact) AS max_market_impact,
        sum(with_it) / sum(usd) FILTER (with_it <> 0) AS share,
        greatest(share, 0) AS momentum_score, greatest(-share, 0) AS mean_reversion_score
    FROM priced GROUP BY wallet_id
)
SELECT *, entropy / ln(greatest(least(tx_count, 32), 2)) AS size_entropy
FROM main JOIN stepped USING (wallet_id) JOIN hours USING (wallet_id) JOIN sizes USING (wallet_id)
JOIN met USING (wallet_id) LEFT JOIN against USING (wallet_id)
ORDER BY wallet_id
"""


def by_sql(connection: Any) -> dict[str, Any]:
    """Return the features by hand-written DuckDB SQL over the tables of a dataset."""
    connection.execute(BY_SQL)
    found = connection.execute(f"SELECT {', '.join(SHARED)} FROM features").fetchnumpy()
    for table in ("done", "last", "prices", "features"):
        connection.execute(f"DROP TABLE {table}")
    return {name: np.ma.filled(found[name].astype(float), 0.0) for name in SHARED}


def by_loop(trades: list[tuple[Any, ...]]) -> dict[int, tuple[float, float, int, int]]:
    """Return total value, largest value, buys and counterparties per wallet, trade by trade.

    Four of the simplest features: what a loop over rows costs at the least.
    """
    done: dict[tuple[Any, ...], float] = defaultdict(float)
    others: dict[int, set[int]] = defaultdict(set)
    for time_ms, coin_id, price, size, is_buy, buyer_id, seller_id in trades:
        if buyer_id != seller_id:
            done[buyer_id, coin_id, time_ms, 1, is_buy] += price * size
            done[seller_id, coin_id, time_ms, -1, not is_buy] += price * size
            others[buyer_id].add(seller_id)
            others[seller_id].add(buyer_id)
    totals: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    for (wallet_id, _coin, _time, direction, _is_taker), usd in done.items():
        total = totals[wallet_id]
        total[0] += usd
        total[1] = max(total[1], usd)
        total[2] += direction > 0
    return {wallet: (*total, len(others[wallet])) for wallet, total in totals.items()}
