"""Trades summarised in the terms in which the real venue was measured, theirs beside ours.

Real figures: every fill of the venue over 81 s (2025-10-27, 17:00 UTC: 3,641 trades, 899 wallets,
187 coins), and a capture of five minutes of five coins (2026-07-22) for spreads and depths.
"""

from collections.abc import Sequence

import numpy as np

from hypertrack.records import Record
from hypertrack.simulate.market.arrays import (
    CoinIds,
    Flags,
    Floats,
    Ints,
    QuoteArrays,
    TradeArrays,
    one_key,
)
from hypertrack.simulate.market.behaviour import REAL_RANGES, measure_behaviour
from hypertrack.simulate.market.instruments import kind_of

REAL = {
    "trades a second": 45.0,
    "fills per wallet, p50": 3.0,
    "fills per wallet, p90": 14.0,
    "fills per wallet, p99": 89.0,
    "fills per wallet, max": 356.0,
    "wallets with one fill": 0.31,
    "fill sides of the top 1 % of wallets": 0.24,
    "fill sides of the top 10 % of wallets": 0.60,
    "notional of the top 1 % of wallets": 0.28,
    "notional of the top 10 % of wallets": 0.82,
    "trade notional USD, p5": 12.0,
    "trade notional USD, p50": 344.0,
    "trade notional USD, p90": 3_760.0,
    "trade notional USD, p99": 37_500.0,
    "wallet notional USD, p50": 930.0,
    "wallet notional USD, p95": 76_000.0,
    "wallet notional USD, p99": 367_000.0,
    "trades in the top 10 coins": 0.52,
    "trades in perps": 0.91,
    "trades in spot": 0.07,
    "trades in HIP-3 perps": 0.02,
    "coins per wallet, p50": 1.0,
    "coins per wallet, p90": 4.0,
    "coins per wallet, p99": 19.0,
    "coins per wallet, max": 110.0,
    "fills per taker execution, mean": 1.66,
    "fills per taker execution, p90": 3.0,
    "fills per taker execution, p99": 11.0,
    "fills per taker execution, max": 52.0,
    "wallets with 5 fills: only maker": 0.30,
    "wallets with 5 fills: only taker": 0.39,
    "wallets with 5 fills: both": 0.31,
    "wallets > 90 % maker with 20 fills": 0.018,
    "fills of wallets > 90 % maker with 20 fills": 0.10,
    "median gap s, p5": 0.3,
    "median gap s, p50": 2.0,
    "median gap s, p95": 5.7,
    "spread bps, BTC": 0.15,
    "depth of five levels USD, BTC": 237_000.0,
}
"""Each quantity of one window, as measured on the venue."""

REAL_OF_FILLS = {
    "taker fee bps, p25": 1.4,
    "taker fee bps, p50": 3.4,
    "taker fee bps, p90": 5.3,
    "maker fee bps, p25": -0.3,
    "maker fee bps, p90": 1.5,
    "closed profit bps, p5": -487.0,
    "closed profit bps, p95": 677.0,
}
"""Of the fills of that window, what a tape of trades lacks. A maker's median fee, -.1, is too near
0 for a factor."""

REAL_OF_THIN_COINS: dict[str, tuple[float, float | None]] = {
    "spread bps, thin coins": (0.5, 33.0),
    "depth of five levels USD, thin coins": (900.0, 8_000.0),
}
"""Lowest and highest of the thin perps and HIP-3 coins that were captured."""

_MUCH_TRADED = 10
"""Coins that are not thin."""


class CalibrationLine(Record, frozen=True, kw_only=True):
    """One quantity, here and on the venue."""

    quantity: str
    here: float
    real: float
    """The lowest of the captures that show it."""
    real_high: float | None = None
    """The highest, where there are several."""

    @property
    def factor(self) -> float:
        """How far this is from the nearest real figure, at least 1, and 1 between them.

        Infinite where one is missing or the two differ in sign.
        """
        high = self.real if self.real_high is None else self.real_high
        if self.real <= self.here <= high:
            return 1.0
        return min(_factor(self.here, self.real), _factor(self.here, high))


def _factor(here: float, real: float) -> float:
    if not here * real > 0:
        return float("inf")
    low, high = sorted((abs(here), abs(real)))
    return high / low


def compare(windows: Sequence[dict[str, float]]) -> tuple[CalibrationLine, ...]:
    """Return the mean of several windows' measures beside the real ones."""
    ranges: dict[str, tuple[float, float | None]] = {
        name: (real, None) for name, real in (REAL | REAL_OF_FILLS).items()
    }
    ranges |= REAL_RANGES | REAL_OF_THIN_COINS
    return tuple(
        CalibrationLine(
            quantity=name,
            here=_known_mean([window[name] for window in windows]),
            real=low,
            real_high=high,
        )
        for name, (low, high) in ranges.items()
        if all(name in window for window in windows)
    )


def _known_mean(values: Sequence[float]) -> float:
    """Return the mean of what is not NaN, NaN of nothing."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _known_median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def measure(
    trades: TradeArrays, coins: Sequence[str], quotes: QuoteArrays | None = None
) -> dict[str, float]:
    """Return the quantities of `compare` for the trades of one window; needs some trades.

    Args:
        trades: By time.
        coins: Names of the trades' coins.
        quotes: Of the same window; without them spread and depth are left out. Depth is NaN
            where sizes are.
    """
    wallet = np.concatenate([trades.buyer, trades.seller]).astype(np.int64)
    usd = np.tile(trades.price * trades.size, 2)
    is_taker = np.concatenate([trades.is_buy, ~trades.is_buy])
    _, index = np.unique(wallet, return_inverse=True)
    measured = {
        "trades a second": len(trades) / max(np.ptp(trades.time_ms) / 1000, 1.0),
        **_activity(index, usd),
        **_levels("trade notional USD", trades.price * trades.size, p5=5, p50=50, p90=90, p99=99),
        **_coins(trades, index, coins),
        **_executions(trades),
        **_roles(index, is_taker),
        **_gaps(trades, index, is_taker),
        **measure_behaviour(trades),
    }
    return measured if quotes is None else measured | _quotes(quotes, trades, coins)


def _levels(name: str, values: Floats | Ints, **percent: float) -> dict[str, float]:
    return {
        f"{name}, {label}": float(np.percentile(values, share)) for label, share in percent.items()
    }


def _activity(wallet: Ints, usd: Floats) -> dict[str, float]:
    fills, notional = np.bincount(wallet), np.bincount(wallet, usd)
    return {
        **_levels("fills per wallet", fills, p50=50, p90=90, p99=99, max=100),
        "wallets with one fill": float((fills == 1).mean()),
        "fill sides of the top 1 % of wallets": _top_share(fills, 0.01),
        "fill sides of the top 10 % of wallets": _top_share(fills, 0.1),
        "notional of the top 1 % of wallets": _top_share(notional, 0.01),
        "notional of the top 10 % of wallets": _top_share(notional, 0.1),
        **_levels("wallet notional USD", notional, p50=50, p95=95, p99=99),
    }


def _top_share(values: Floats | Ints, frac: float) -> float:
    """Return what the largest part of the values holds of their sum."""
    largest = np.sort(values)[-max(round(frac * len(values)), 1) :]
    return float(largest.sum() / values.sum())


def _coins(trades: TradeArrays, wallet: Ints, coins: Sequence[str]) -> dict[str, float]:
    per_coin = np.bincount(trades.coin, minlength=len(coins))
    kinds = np.array([kind_of(coin) for coin in coins])
    pairs = np.unique(wallet * len(coins) + np.tile(trades.coin.astype(np.int64), 2))
    per_wallet = np.bincount(pairs // len(coins))
    return {
        "trades in the top 10 coins": float(np.sort(per_coin)[-10:].sum() / len(trades)),
        "trades in perps": float(per_coin[kinds == "perp"].sum() / len(trades)),
        "trades in spot": float(per_coin[kinds == "spot"].sum() / len(trades)),
        "trades in HIP-3 perps": float(per_coin[kinds == "hip3"].sum() / len(trades)),
        **_levels("coins per wallet", per_wallet, p50=50, p90=90, p99=99, max=100),
    }


def _executions(trades: TradeArrays) -> dict[str, float]:
    taker = np.where(trades.is_buy, trades.buyer, trades.seller)
    key = one_key(trades.time_ms, trades.coin, trades.is_buy, taker)
    _, execution, fills = np.unique(key, return_inverse=True, return_counts=True)
    n_sliced = np.bincount(execution, trades.is_zero_hash)
    name = "fills per taker execution"
    return {
        f"{name}, mean": float(fills.mean()),
        **_levels(name, fills, p90=90, p99=99, max=100),
        "taker executions that are TWAP slices": float((n_sliced > 0).mean()),
    }


def _roles(wallet: Ints, is_taker: Flags) -> dict[str, float]:
    fills, taken = np.bincount(wallet), np.bincount(wallet, is_taker)
    taker_share = (taken / fills)[fills >= 5]
    is_maker = (taken < 0.1 * fills) & (fills >= 20)
    return {
        "wallets with 5 fills: only maker": _share(taker_share == 0),
        "wallets with 5 fills: only taker": _share(taker_share == 1),
        "wallets with 5 fills: both": _share((taker_share > 0) & (taker_share < 1)),
        "wallets > 90 % maker with 20 fills": float(is_maker.mean()),
        "fills of wallets > 90 % maker with 20 fills": float(fills[is_maker].sum() / fills.sum()),
    }


def _share(flags: Flags) -> float:
    """Return the share that is true; 0 of none."""
    return float(flags.mean()) if len(flags) else 0.0


def _gaps(trades: TradeArrays, wallet: Ints, is_taker: Flags) -> dict[str, float]:
    """Return percentiles of the median gap of wallets with at least 10 executions."""
    is_buyer = np.repeat([True, False], len(trades))
    time, coin = np.tile(trades.time_ms, 2), np.tile(trades.coin, 2)
    _, first = np.unique(one_key(wallet, time, coin, is_buyer, is_taker), return_index=True)
    of, when = wallet[first], time[first]
    is_next = np.diff(of) == 0
    gaps = np.diff(when)[is_next].astype(np.float64)
    medians = _medians(of[1:][is_next], gaps, int(of[-1]) + 1) / 1000
    busy = np.bincount(of) >= 10
    return _levels(
        "median gap s", medians[busy] if busy.any() else np.zeros(1), p5=5, p50=50, p95=95
    )


def _quotes(quotes: QuoteArrays, trades: TradeArrays, coins: Sequence[str]) -> dict[str, float]:
    """Return spread and depth of BTC, and of the median coin that trades little."""
    spread = _medians(quotes.coin, (quotes.ask - quotes.bid) / quotes.bid * 1e4, len(coins))
    depth = _medians(quotes.coin, 5 * quotes.bid * quotes.bid_size, len(coins))
    per_coin = np.bincount(trades.coin, minlength=len(coins))
    thin = np.lexsort((np.array(coins), -per_coin))[_MUCH_TRADED:]  # equals by name
    places = {"thin coins": thin}
    if "BTC" in coins:
        places["BTC"] = np.array([coins.index("BTC")])
    measured = {}
    for name, of in places.items():
        measured[f"spread bps, {name}"] = _known_median(spread[of])
        measured[f"depth of five levels USD, {name}"] = _known_median(depth[of])
    return measured


def _medians(group: Ints | CoinIds, values: Floats, n_groups: int) -> Floats:
    """Return the median of each group's values, NaN of none and where one of them is NaN."""
    ranked = values[np.lexsort((values, group))]
    count = np.bincount(group, minlength=n_groups)
    last = np.cumsum(count) - 1
    some = np.flatnonzero(count)
    low, high = (last - count // 2)[some], (last - (count - 1) // 2)[some]
    medians = np.full(n_groups, np.nan)
    medians[some] = (ranked[low] + ranked[high]) / 2
    medians[np.unique(group[np.isnan(values)])] = np.nan
    return medians
