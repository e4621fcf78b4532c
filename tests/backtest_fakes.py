"""A market of a few wallets for backtests: one may foresee, the others do as they like."""

from typing import Any

import numpy as np
from fakes import START_MS, trade

from hypertrack.records import MINUTE_MS

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
