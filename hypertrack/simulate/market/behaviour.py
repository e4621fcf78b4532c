"""How wallets behave from one execution to the next, measured alike here and on the venue.

Real figures: every fill of the venue over 81 s (2025-10-27), a capture of five minutes of five
coins (2026-07-22), and one of 89 s. A quantity is right where it lies between the three.
"""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import (
    CoinIds,
    Columns,
    Flags,
    Floats,
    Ids,
    Ints,
    TradeArrays,
)

REAL_RANGES: dict[str, tuple[float, float | None]] = {
    "wallets with 5 fills on one side only": (0.43, 0.50),
    "next execution on the same side": (0.54, 0.93),
    "autocorrelation of signs": (-0.10, 0.15),
    "taker executions that are TWAP slices": (0.165, 0.188),
    "variation of a TWAP's slice sizes": (0.002, 0.005),
    "share of a wallet's commonest size, p90": (0.60, 0.84),
    "taker markout bps, 1 s": (-0.94, 0.11),
    "taker markout bps, 5 s": (-2.0, -1.2),
    "taker markout bps, 30 s": (-2.9, -2.4),
    "taker markout bps, 5 s, p5": (-24.0, -15.0),
    "taker markout bps, 5 s, p95": (5.2, 8.0),
    "sweep bps, p99": (30.0, 69.0),
    "market gaps of 0 ms": (0.68, None),
    "variation of market gaps": (1.8, None),
    "maker notional of the top 1 makers": (0.07, None),
    "maker notional of the top 10 makers": (0.42, None),
    "pairs of takers together 3 times": (17.0, None),
    "wallets": (899.0, None),
}
"""Lowest and highest of the real captures; no highest where one alone shows a quantity."""

_FEW = 5
"""Executions from which a wallet has habits."""
_SLICES = 3
_TOGETHER = 3
_MARKOUTS_S = (1, 5, 30)


@dataclass(frozen=True)
class Executions(Columns):
    """Taker orders by time: a taker's trades of one coin and side in one block."""

    time_ms: Ints
    coin: CoinIds
    taker: Ids
    side: Ints
    """1 to buy, -1 to sell."""
    price: Floats
    """Mean over its trades."""
    size: Floats
    sweep_bps: Floats
    """Between its best and its worst price."""
    n_trades: Ints
    is_twap: Flags


def executions(trades: TradeArrays) -> Executions:
    """Return the executions of trades; those of one block and coin are by their lowest trade id."""
    taker = np.where(trades.is_buy, trades.buyer, trades.seller)
    order = np.lexsort((trades.trade_id, trades.is_buy, taker, trades.coin, trades.time_ms))
    of, taker = trades.take(order), taker[order]
    begins = np.ones(len(of), dtype=bool)
    begins[1:] = (
        (np.diff(of.time_ms) != 0)
        | (np.diff(of.coin) != 0)
        | (np.diff(taker) != 0)
        | (of.is_buy[1:] != of.is_buy[:-1])
    )
    first = np.flatnonzero(begins)
    size, usd = np.add.reduceat(of.size, first), np.add.reduceat(of.size * of.price, first)
    low, high = np.minimum.reduceat(of.price, first), np.maximum.reduceat(of.price, first)
    executed = Executions(
        time_ms=of.time_ms[first],
        coin=of.coin[first],
        taker=taker[first],
        side=np.where(of.is_buy[first], 1, -1),
        price=usd / size,
        size=size,
        sweep_bps=(high / low - 1) * 1e4,
        n_trades=np.diff(np.append(first, len(of))),
        is_twap=of.is_zero_hash[first],
    )
    return executed.take(np.lexsort((of.trade_id[first], executed.coin, executed.time_ms)))


def measure_behaviour(trades: TradeArrays) -> dict[str, float]:
    """Return the quantities of `REAL_RANGES` for the trades of one window, NaN of no occasion.

    A block has no order that a recording tells: its trades count as by coin and id.
    """
    trades = trades.take(np.lexsort((trades.trade_id, trades.coin, trades.time_ms)))
    orders = executions(trades)
    gaps = np.diff(trades.time_ms)
    return {
        "wallets with 5 fills on one side only": _one_sided(trades),
        "next execution on the same side": _same_side(orders),
        "autocorrelation of signs": _autocorrelation(orders),
        "variation of a TWAP's slice sizes": _slice_variation(orders),
        "share of a wallet's commonest size, p90": _commonest_size(orders),
        **_markouts(trades, orders),
        "sweep bps, p99": _percentile(orders.sweep_bps[orders.n_trades > 1], 99),
        "market gaps of 0 ms": _mean(gaps == 0),
        "variation of market gaps": float(gaps.std() / gaps.mean()) if gaps.any() else np.nan,
        **_maker_shares(trades),
        "pairs of takers together 3 times": _pairs_together(orders),
        "wallets": float(len(np.unique(np.concatenate([trades.buyer, trades.seller])))),
    }


def _one_sided(trades: TradeArrays) -> float:
    wallet = np.concatenate([trades.buyer, trades.seller])
    fills, bought = np.bincount(wallet), np.bincount(trades.buyer, minlength=wallet.max() + 1)
    busy = fills >= _FEW
    return _mean(((bought == 0) | (bought == fills))[busy])


def _same_side(orders: Executions) -> float:
    """Return how often a taker's next execution in a coin has the side of the one before."""
    of = orders.take(np.lexsort((orders.time_ms, orders.coin, orders.taker)))
    follows = (np.diff(of.taker) == 0) & (np.diff(of.coin) == 0)
    return _mean((of.side[1:] == of.side[:-1])[follows])


def _autocorrelation(orders: Executions) -> float:
    """Return the correlation of an execution's sign with the coin's next."""
    of = orders.take(np.argsort(orders.coin, kind="stable"))
    follows = np.diff(of.coin) == 0
    before, after = of.side[:-1][follows], of.side[1:][follows]
    if not len(before) or not before.std() or not after.std():
        return float("nan")
    return float(np.corrcoef(before, after)[0, 1])


def _slice_variation(orders: Executions) -> float:
    """Return the median over TWAPs of the spread of their slices over the mean slice."""
    of = orders.take(orders.is_twap)
    count, (total, squares) = _by_group((of.taker, of.coin, of.side), (of.size, of.size**2))
    many = count >= _SLICES
    mean = total[many] / count[many]
    variance = np.maximum(squares[many] / count[many] - mean**2, 0)
    return _percentile(np.sqrt(variance) / mean, 50)


def _commonest_size(orders: Executions) -> float:
    sizes = np.unique(np.round(orders.size, 9), return_inverse=True)[1]
    pairs, count = np.unique(np.stack([orders.taker, sizes]), axis=1, return_counts=True)
    taker, first = np.unique(pairs[0], return_index=True)
    if not len(taker):
        return float("nan")
    share = np.maximum.reduceat(count, first) / np.add.reduceat(count, first)
    return _percentile(share[np.add.reduceat(count, first) >= _FEW], 90)


def _markouts(trades: TradeArrays, orders: Executions) -> dict[str, float]:
    """Return what the coin's last price later gained for takers, where one came later."""
    measured = {}
    for seconds in _MARKOUTS_S:
        gain = _markout_bps(trades, orders, seconds * 1_000)
        measured[f"taker markout bps, {seconds} s"] = _mean(gain)
        if seconds == 5:
            measured["taker markout bps, 5 s, p5"] = _percentile(gain, 5)
            measured["taker markout bps, 5 s, p95"] = _percentile(gain, 95)
    return measured


def _markout_bps(trades: TradeArrays, orders: Executions, horizon_ms: int) -> Floats:
    span = int(trades.time_ms[-1]) + horizon_ms + 1
    order = np.argsort(trades.coin, kind="stable")
    keys = trades.coin[order].astype(np.int64) * span + trades.time_ms[order]
    asked = orders.coin.astype(np.int64) * span + orders.time_ms + horizon_ms
    place = np.searchsorted(keys, asked, side="right")
    goes_on = place < len(keys)
    goes_on[goes_on] = trades.coin[order][place[goes_on]] == orders.coin[goes_on]
    later = trades.price[order][place[goes_on] - 1]
    gain: Floats = orders.side[goes_on] * (later / orders.price[goes_on] - 1) * 1e4
    return gain


def _maker_shares(trades: TradeArrays) -> dict[str, float]:
    maker = np.where(trades.is_buy, trades.seller, trades.buyer)
    notional = np.sort(np.bincount(maker, trades.price * trades.size))[::-1]
    return {
        f"maker notional of the top {count} makers": float(notional[:count].sum() / notional.sum())
        for count in (1, 10)
    }


def _pairs_together(orders: Executions) -> float:
    """Return how many pairs of takers trade in one block and coin at least three times."""
    moment = orders.time_ms * (int(orders.coin.max(initial=0)) + 1) + orders.coin
    time, taker = np.unique(np.stack([moment, orders.taker]), axis=1)
    pairs = []
    for apart in range(1, len(time)):
        together = time[apart:] == time[:-apart]
        if not together.any():
            break
        pairs.append(np.stack([taker[:-apart][together], taker[apart:][together]]))
    if not pairs:
        return 0.0
    count = np.unique(np.concatenate(pairs, axis=1), axis=1, return_counts=True)[1]
    return float((count >= _TOGETHER).sum())


def _by_group(
    keys: tuple[np.ndarray, ...], values: tuple[Floats, ...]
) -> tuple[Ints, list[Floats]]:
    """Return the count of each distinct key, and the sums of values."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64), [np.empty(0) for _ in values]
    group = np.unique(np.stack(keys), axis=1, return_inverse=True)[1].ravel()
    return np.bincount(group), [np.bincount(group, of).astype(np.float64) for of in values]


def _mean(values: Floats | Flags) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _percentile(values: Floats, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("nan")
