"""Backtests: a market in which one wallet may foresee, and what following came to."""

from typing import Any

import numpy as np
from fakes import START_MS, trade

from hypertrack.records import (
    DAY_MS,
    MINUTE_MS,
    Answer,
    Backtest,
    BlockMean,
    Comparison,
    Contribution,
    Draws,
    Followed,
    RoundFound,
    replace,
)

WALLETS = [f"0x{n:040x}" for n in range(1, 7)]
"""The first is the one that may foresee."""

MAKER = "0x" + "f" * 40


def market(*, n_hours: float, foresight: float, seed: int = 3) -> list[dict[str, Any]]:
    """Return the trades of two coins that move every minute by 10 bps, in the order of time.

    Every six minutes each wallet takes a position and closes it after five. The first is right
    with a chance of (1 + foresight) / 2. Guarantees a price every minute and coin.
    """
    rng = np.random.default_rng(seed)
    n_minutes = round(n_hours * 60)
    paths = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, (2, n_minutes + 10)), axis=1))
    lines: list[dict[str, Any]] = []

    def add(minute: int, second: float, coin: int, wallet: str, side: int, size: float) -> None:
        buyer, seller = (wallet, MAKER) if side > 0 else (MAKER, wallet)
        lines.append(
            trade(
                START_MS + minute * MINUTE_MS + round(second * 1000),
                buyer=buyer,
                seller=seller,
                taker=wallet,
                price=round(float(paths[coin, minute]), 6),
                size=size,
                coin=f"C{coin}",
                trade_id=len(lines),
            )
        )

    for minute in range(n_minutes):
        for coin in range(2):
            # A clock: no wallet that is followed, but a price at the start of every minute.
            add(minute, 0, coin, WALLETS[-1], 1 if (minute + coin) % 2 else -1, 0.5)
    for nth, wallet in enumerate(WALLETS[:-1]):
        for minute in range(1 + nth, n_minutes - 6, 6):
            coin = int(rng.integers(2))
            move = paths[coin, minute + 5] - paths[coin, minute]
            chance = foresight if nth == 0 else 0.0
            side = int(np.sign(move)) * (1 if rng.random() < (1 + chance) / 2 else -1)
            size = round(float(rng.uniform(1, 2)), 4)
            add(minute, 10, coin, wallet, side, size)
            add(minute + 5, 20, coin, wallet, -side, size)
    return sorted(lines, key=lambda line: line["time"])


def followed(ranking: str, net_bps: float = 3.0, **more: Any) -> Followed:
    """Return a ranking that was followed in two rounds, 100 bets at a constant gain."""
    mean = BlockMean(value=net_bps, low=net_bps - 2, high=net_bps + 2, error=1.0)
    says: dict[str, Any] = {
        "ranking": ranking,
        "n_rounds": 2,
        "n_picks": 40,
        "n_leaders": 30,
        "n_bets": 100,
        "n_unseen": 0,
        "net_bps": mean,
        "adjusted_bps": mean,
        "cost_bps": 11.0,
        "net_day_bps": 100 * net_bps / 20,
        "adjusted_day_bps": 100 * net_bps / 20,
        "hit_frac": 0.5,
        "max_drawdown_bps": 7.0,
        "turnover_day": 10.0,
        "peak_exposure_frac": 0.5,
        "rank_ic": (0.1, 0.3),
        "quantile_bps": (-2.0, -1.0, 0.0, 1.0, 2.0),
        "delay_bps": (4.0, 3.5, 3.0, 1.0, None),
        "over_profit": compared(Answer.BEATS, 3.1, 2.2),
        "above_random_frac": 0.93,
        "expected_bps": None,
        "equity_bps": (5.0, 10.0, 15.0),
        "equity_error_bps": (1.0, 1.4, 1.7),
        "contributions": (
            Contribution(wallet=WALLETS[0], n_bets=60, net_bps=6.0, total_bps=18.0),
            Contribution(wallet=WALLETS[1], n_bets=40, net_bps=-1.5, total_bps=-3.0),
        ),
    }
    return Followed(**says | more)


def nobody_followed(ranking: str) -> Followed:
    """Return a ranking that had nobody to follow."""
    unknown = ("net_bps", "adjusted_bps", "cost_bps", "hit_frac", "above_random_frac")
    counts = ("n_picks", "n_leaders", "n_bets")
    amounts = ("net_day_bps", "adjusted_day_bps", "max_drawdown_bps", "turnover_day")
    return replace(
        followed(ranking),
        **dict.fromkeys(unknown),
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(amounts, 0.0),
        peak_exposure_frac=0.0,
        rank_ic=(None, None),
        quantile_bps=(None,) * 5,
        delay_bps=(None,) * 5,
        over_profit=compared(Answer.FOLLOWED_NOBODY),
        equity_bps=(0.0,) * 3,
        equity_error_bps=(0.0,) * 3,
        contributions=(),
    )


def compared(
    answer: Answer, value: float | None = None, reach: float | None = None, **more: Any
) -> Comparison:
    """Return a comparison with ranking by profit; without ``reach`` too few blocks tell."""
    mean = None
    if value is not None:
        low, high = (None, None) if reach is None else (value - reach, value + reach)
        mean = BlockMean(
            value=value, low=low, high=high, error=None if reach is None else reach / 2
        )
    says = {"adjusted_bps": mean, "net_bps": mean, "expected_bps": None, "recordings_needed": None}
    return Comparison(answer=answer, **says | more)


def told(*rankings: Followed, **more: Any) -> Backtest:
    """Return a backtest of a day in two rounds; without rankings of three, COPY of nobody."""
    spread = BlockMean(value=-1.0, low=-4.0, high=2.0, error=None)
    usual = (
        nobody_followed("COPY only"),
        followed("expected edge"),
        followed("realised profit", -0.1, over_profit=None),
    )
    says: dict[str, Any] = {
        "start_ms": START_MS,
        "end_ms": START_MS + 2 * DAY_MS,
        "notice": None,
        "top": 20,
        "delay_s": 5.0,
        "size_usd": 1_000.0,
        "days_followed": 1.0,
        "block_s": 3_600.0,
        "judged": "expected edge",
        "rounds": tuple(
            RoundFound(
                cut_ms=START_MS + DAY_MS + nth * DAY_MS // 2,
                until_ms=START_MS + DAY_MS + (nth + 1) * DAY_MS // 2,
                n_active=500,
                n_tested=90,
                n_flagged=0,
                n_copy=0,
            )
            for nth in range(2)
        ),
        "rankings": rankings or usual,
        "random": Draws(
            n_draws=200,
            n_bets=80.0,
            net_bps=spread,
            adjusted_bps=spread,
            net_day_bps=-4.0,
            expected_bps=None,
            equity_low_bps=(-5.0, -9.0, -12.0),
            equity_bps=(-1.0, -2.0, -4.0),
            equity_high_bps=(2.0, 3.0, 4.0),
        ),
        "delays_s": (0.0, 1.0, 5.0, 30.0, 300.0),
        "times_ms": tuple(START_MS + DAY_MS + (nth + 1) * DAY_MS // 3 for nth in range(3)),
        "truth_delay_s": None,
    }
    return Backtest(**says | more)
