"""What wallets were worth and earned over time: the portfolio, and lines of the leaderboard."""

from typing import Any

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import Ints
from hypertrack.simulate.venue.account_values import SPOT, AccountValues, place_of
from hypertrack.simulate.venue.numbers import residual, rounded

Json = dict[str, Any]

_WINDOWS = {
    "day": (DAY_MS, 2 * HOUR_MS),
    "week": (7 * DAY_MS, 12 * HOUR_MS),
    "month": (30 * DAY_MS, DAY_MS),
    "allTime": (2**50, 7 * DAY_MS),
}
"""Length of each window, and the time between its points."""


def portfolio(values: AccountValues) -> list[list[Any]]:
    """Return the wallet's history by window: of everything, and of perps alone."""
    coins = values.account.coins
    perps = sorted({"", *(place_of(coin) for coin in coins)} - {SPOT})
    parts = (("{}", [*perps, SPOT]), ("perp{}", perps))
    return [
        [name if form == "{}" else f"perp{name[0].upper()}{name[1:]}", _window(values, name, of)]
        for form, of in parts
        for name in _WINDOWS
    ]


def _window(values: AccountValues, name: str, places: list[str]) -> Json:
    times = _times(values, name)
    if not len(times):
        return {"accountValueHistory": [], "pnlHistory": [], "vlm": "0.0"}
    worth = values.worth_usd(times, places)
    earned = worth - values.brought_usd(times, places)
    pnl = earned - earned[0]
    volume = values.volume_usd(values.now_ms - _WINDOWS[name][0], places)
    rows = list(zip(times.tolist(), worth.tolist(), pnl.tolist(), strict=True))
    return {
        "accountValueHistory": [[at, residual(round(usd, 6))] for at, usd, _ in rows],
        "pnlHistory": [[at, rounded(usd, 6)] for at, _, usd in rows],
        "vlm": residual(volume),
    }


def _times(values: AccountValues, name: str) -> Ints:
    """Return a window's points: its beginning, full hours, and now; none without a past."""
    first = _first_ms(values)
    if first is None:
        return np.empty(0, dtype=np.int64)
    span, step = _WINDOWS[name]
    start = max(values.now_ms - span, first - 1)
    full = np.arange(start // step * step + step, values.now_ms, step, dtype=np.int64)
    return np.unique(np.concatenate([[start], full, [values.now_ms]]).astype(np.int64))


def _first_ms(values: AccountValues) -> int | None:
    """Return when the account began."""
    begins = [flow.time_ms for flow in values.flows[:1]]
    begins += [fill.trade.time_ms for fill in values.account.fills[:1]]
    return min(begins, default=None)
